// SPDX-License-Identifier: Apache-2.0
// Making init: one clone3, or, when namespaces are to be entered first, helpers that enter them and
// make init as the supervisor's child. The supervisor itself never changes its namespaces.
#include "sys/child.hpp"
#include "sys/namespace_flags.hpp"
#include "sys/syscalls.hpp"

#include <sys/prctl.h>

namespace sbx::sys {

// In the helper or in the caller; comes back in the parent only.
Started clone_child(const Plan& plan, ChildImage& image, std::uint64_t more_flags) {
    Started out;
    clone_args arguments{};
    arguments.flags = clone_flags(plan.namespaces) | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | more_flags;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&out.pidfd);
    // With CLONE_PARENT the exit signal is the helper's own, and the field must be 0.
    arguments.exit_signal = (more_flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
    const long pid = clone3(arguments);
    if (pid == 0) child_main(image);
    if (pid < 0) {
        out.failed_at = Started::Failed::clone;
        out.error = static_cast<int>(-pid);
    }
    out.pid = static_cast<pid_t>(pid);
    return out;
}

void helper_main(const Plan& plan, ChildImage& image, int answer) {
    Started out;
    long result = 0;
    // Whoever is in the namespaces that are entered must not look into set-up, which sees the host.
    call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    // With the privilege for it in our own user namespace the pid namespace comes first: it may
    // belong to a parent of the user namespace that is entered, which gives no way back.
    const bool pid_entered = plan.pidns_fd && call(SYS_setns, *plan.pidns_fd, CLONE_NEWPID) == 0;
    if (plan.userns_fd) {
        result = call(SYS_setns, *plan.userns_fd, CLONE_NEWUSER);
        if (result < 0) out.failed_at = Started::Failed::join_user_namespace;
    }
    if (result == 0 && plan.pidns_fd && !pid_entered) {
        result = call(SYS_setns, *plan.pidns_fd, CLONE_NEWPID);
        if (result < 0) out.failed_at = Started::Failed::join_pid_namespace;
    }
    out.error = static_cast<int>(-result);
    if (result == 0) {
        // The kernel makes no pid namespace for a process whose children would be in another one
        // than it is itself; a child of that process can have one.
        const bool one_more = plan.pidns_fd && plan.namespaces.has(Namespace::pid);
        long helper = 0;
        if (one_more) {
            clone_args arguments{};
            arguments.flags = CLONE_FILES | CLONE_PARENT | CLONE_CLEAR_SIGHAND;
            helper = clone3(arguments);
        }
        if (helper == 0) {
            out = clone_child(plan, image, CLONE_PARENT);
        } else if (helper < 0) {
            out.failed_at = Started::Failed::clone;
            out.error = static_cast<int>(-helper);
        } else {
            out.helper = static_cast<pid_t>(helper);
        }
    }
    call(SYS_write, answer, &out, sizeof out);
    while (true) call(SYS_exit_group, 0);
}

}  // namespace sbx::sys
