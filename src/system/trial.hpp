// SPDX-License-Identifier: Apache-2.0
// A child that tries something and is gone again. It makes system calls and nothing else, as libsbx
// is used by programs with threads.
#pragma once

#include "system/syscalls.hpp"

#include <sys/wait.h>

namespace sbx::sys {

/// A child with `flags` that does `work`, waited for; the child's pid or -errno. `how` gets its end
/// (waitid(2)). The child sends no signal at its end, which could end up with a handler of the
/// program, or with another's wait: only __WALL finds it.
template <typename Work>
long trial(std::uint64_t flags, const Work& work, siginfo_t* how = nullptr) {
    clone_args arguments{};
    arguments.flags = flags;
    // A filter around us that lacks clone3 mostly knows what came before it.
    const long pid = flags == 0 ? call(SYS_clone, 0, 0, 0, 0, 0) : clone3(arguments);
    if (pid == 0) {
        work();
        call(SYS_exit_group, 0);
    }
    if (pid < 0) return pid;
    siginfo_t info{};
    long waited = -EINTR;
    while (waited == -EINTR) {
        waited = call(SYS_waitid, P_PID, pid, &info, WEXITED | __WALL, nullptr);
    }
    if (how != nullptr) *how = info;
    return pid;
}

}  // namespace sbx::sys
