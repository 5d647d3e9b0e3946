// SPDX-License-Identifier: Apache-2.0
// What the supervisor does to the signal state of its thread and program, and takes back. It must
// not decide which signals are passed on.
#pragma once

#include "system/syscalls.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace sbx::sys {

/// The signal state of the caller: everything blocked until clone is over, and back at the end.
class SignalGuard {
public:
    SignalGuard() {
        const std::uint64_t all = ~std::uint64_t{0};
        error_ = -signal_mask(SIG_BLOCK, &all, &mask_);
        blocked_ = error_ == 0;
        struct sigaction now {};
        if (::sigaction(SIGCHLD, nullptr, &now) != 0) error_ = errno;
        ignored_ = now.sa_handler == SIG_IGN || (now.sa_flags & SA_NOCLDWAIT) != 0;
        if (!ignored_) return;
        saved_ = now;
        struct sigaction normal {};
        normal.sa_handler = SIG_DFL;
        // An ignored child leaves no status behind.
        if (::sigaction(SIGCHLD, &normal, nullptr) != 0) error_ = errno;
    }
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;
    ~SignalGuard() {
        if (ignored_) ::sigaction(SIGCHLD, &saved_, nullptr);
        if (blocked_) signal_mask(SIG_SETMASK, &mask_, nullptr);
    }

    /// errno of what failed when it was made, or 0.
    int error() const { return error_; }
    std::uint64_t mask() const { return mask_; }
    bool ignored_sigchld() const { return ignored_; }
    /// Lets signals through again, those in `but` excepted; 0 or errno.
    int release(std::uint64_t but) const {
        const std::uint64_t mask = mask_ | but;
        return -signal_mask(SIG_SETMASK, &mask, nullptr);
    }

private:
    std::uint64_t mask_ = 0;
    int error_ = 0;
    bool blocked_ = false;
    bool ignored_ = false;
    struct sigaction saved_ {};
};

}  // namespace sbx::sys
