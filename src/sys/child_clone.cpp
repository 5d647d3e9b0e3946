// SPDX-License-Identifier: Apache-2.0
// Making init: one clone3, or, when namespaces are to be entered first, helpers that enter them and
// make init as the supervisor's child. The supervisor itself never changes its namespaces.
#include "sys/child.hpp"
#include "sys/namespace_flags.hpp"
#include "sys/syscalls.hpp"

#include <sys/prctl.h>

namespace sbx::sys {

// In the helper or in the caller; comes back in the parent only.
void clone_child(const Plan& plan, ChildImage& image, std::uint64_t more_flags, Started& out) {
    clone_args arguments{};
    arguments.flags = clone_flags(plan.namespaces) | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | more_flags;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&out.pidfd);
    // With CLONE_PARENT the exit signal is the helper's own, and the field must be 0.
    arguments.exit_signal = (more_flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
    const long pid = clone3(arguments);
    if (pid == 0) child_main(image);
    out.failed_at = pid < 0 ? Started::Failed::clone : Started::Failed::nothing;
    out.error = pid < 0 ? static_cast<int>(-pid) : 0;
    out.pid = static_cast<pid_t>(pid);
    if (pid < 0) out.pidfd = -1;  // the kernel may have set it before it failed
}

namespace {

// Enters the namespaces of the plan.
Failure enter(const Plan& plan, Started::Failed& failed_at) {
    // Whoever is in the namespaces that are entered must not look into set-up, which sees the host.
    failed_at = Started::Failed::prepare;
    if (Failure f = failed(call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0))) return f;
    // With the privilege for it in our own user namespace the pid namespace comes first: it may
    // belong to a parent of the user namespace that is entered, which gives no way back.
    const bool pid_entered = plan.pidns_fd && call(SYS_setns, *plan.pidns_fd, CLONE_NEWPID) == 0;
    failed_at = Started::Failed::join_user_namespace;
    if (plan.userns_fd) {
        if (Failure f = failed(call(SYS_setns, *plan.userns_fd, CLONE_NEWUSER))) return f;
    }
    failed_at = Started::Failed::join_pid_namespace;
    if (!plan.pidns_fd || pid_entered) return {};
    return failed(call(SYS_setns, *plan.pidns_fd, CLONE_NEWPID));
}

}  // namespace

void helper_main(const Plan& plan, ChildImage& image, Started& answer) {
    Started::Failed failed_at{};
    if (Failure f = enter(plan, failed_at)) {
        answer.failed_at = failed_at;
        answer.error = f.error;
        leave(1);
    }
    // The kernel makes no pid namespace for a process whose children would be in another one than
    // it is itself; a child of that process can have one.
    const bool one_more = plan.pidns_fd && plan.namespaces.has(Namespace::pid);
    long helper = 0;
    if (one_more) {
        clone_args arguments{};
        arguments.flags = CLONE_FILES | CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_CLEAR_SIGHAND;
        arguments.parent_tid = reinterpret_cast<std::uint64_t>(&answer.helper);
        helper = clone3(arguments);
    }
    if (helper == 0) clone_child(plan, image, CLONE_PARENT, answer);
    if (helper < 0) answer.error = static_cast<int>(-helper);
    leave(0);
}

}  // namespace sbx::sys
