// SPDX-License-Identifier: Apache-2.0
// The supervisor's side of the cleaner, which removes placeholders from the host when the sandbox
// has ended, and ends it when the host takes a guard away. There is one only where a plan has
// guards.
#pragma once

#include "child/cleaner.hpp"
#include "child/input.hpp"
#include "system/fd.hpp"

#include <optional>
#include <vector>

namespace sbx::sys {

class Cleaner {
public:
    /// Makes the way to it, and sets init's end in `input`; -errno or 0.
    int prepare(const Plan& plan, ChildInput& input);
    /// Starts it, once init is there (`init` is its pidfd); -errno or 0. Nothing without prepare().
    int start(const Fd& init);
    /// Its pidfd, or none.
    const Fd& process() const { return process_; }
    /// Readable when a guard is lost, or the cleaner; or none.
    const Fd& lost() const { return lost_; }
    /// The guard that is lost, when lost() is readable; nothing: the cleaner is gone, or is at its
    /// work once init has ended.
    std::optional<LostGuard> read_lost();
    /// Waits until it has removed what it made. Only once init has ended. Gives the placeholders
    /// that it could not remove.
    std::vector<LostGuard> wait();

private:
    bool read_one();

    std::vector<Placeholder> room_;
    std::vector<LostGuard> read_;  ///< and not given yet
    CleanerInput input_;
    Fd theirs_;
    Fd inits_;
    Fd process_;
    Fd lost_;
};

}  // namespace sbx::sys
