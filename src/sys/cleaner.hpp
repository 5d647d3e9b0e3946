// SPDX-License-Identifier: Apache-2.0
// The supervisor's side of the cleaner, which removes placeholders from the host when the sandbox
// has ended. There is one only where a plan has guards.
#pragma once

#include "sys/child.hpp"
#include "sys/fd.hpp"

#include <vector>

namespace sbx::sys {

class Cleaner {
public:
    /// Makes the way to it, and sets init's end in `image`; -errno or 0.
    int prepare(const Plan& plan, ChildImage& image);
    /// Starts it, once init is there (`init` is its pidfd); -errno or 0. Nothing without prepare().
    int start(const Fd& init);
    /// Its pidfd, or none.
    const Fd& process() const { return process_; }
    /// Waits until it has removed what it made. Only once init has ended.
    void wait();

private:
    std::vector<Placeholder> room_;
    bool foreign_ids_ = false;
    Fd theirs_;
    Fd inits_;
    Fd process_;
};

}  // namespace sbx::sys
