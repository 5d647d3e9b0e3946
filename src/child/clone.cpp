// SPDX-License-Identifier: Apache-2.0
// Making init: one clone3, or, when namespaces are to be entered first, helpers that enter them and
// make init as the supervisor's child. The supervisor itself never changes its namespaces. And
// making the command's process, in init.
#include "child/clone.hpp"

#include "child/calls.hpp"
#include "child/child.hpp"
#include "child/init_loop.hpp"
#include "child/input.hpp"
#include "child/report.hpp"
#include "plan/processes.hpp"
#include "system/namespace_flags.hpp"
#include "system/syscalls.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

namespace sbx::sys {

void clear_handlers() {
    constexpr int last = 64;
    for (int signal = 1; signal <= last; ++signal) {
        KernelAction action{};
        if (call(SYS_rt_sigaction, signal, nullptr, &action, sizeof action.mask) < 0) continue;
        if (action.handler == SIG_IGN || action.handler == SIG_DFL) continue;
        action = {};
        // Nothing but SIGKILL and SIGSTOP can refuse it, which have no handler.
        if (call(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask) < 0) leave(1);
    }
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

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): each init has its own memory, or
// that of sbx, which makes one sandbox; and makes one command. What the command's process begins
// with. Not on the stack: it may be read when init is long beyond the place where it was written.
struct Making {
    ChildInput input{};  // the command's own: init changes its one
    int hold[2] = {-1, -1};
    bool beside = false;
    bool early = false;    // it waits for the end of set-up first
    long pid = -ECHILD;    // or -errno
    long leader = 0;       // who makes it in our place, and has not been waited for
    long apart = -ECHILD;  // 0: a process here can leave the directories that it shares
} making;
ChildInput* beginning = nullptr;  // what init begins with, where it has the supervisor's memory

// Stacks for who has another's memory: init until exec, the command until exec, and the leader of
// its session, of which the command is a copy where it has a memory of its own. Their functions do
// not recurse.
alignas(4096) char init_stack[256UL * 1024];
alignas(4096) char command_stack[64UL * 1024];
alignas(4096) char leader_stack[64UL * 1024];
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

[[noreturn]] void begin_command() {
    close_fd(making.hold[1]);
    if (making.early) await_setup(making.input, making.hold[0]);
    command_main(making.input, making.hold[0]);
}

#if defined(__x86_64__)

// clone3 for a child with a stack of its own, on which it calls `begin`.
[[gnu::naked, gnu::noinline]] long clone_on_stack(clone_args* /*arguments*/, std::size_t /*size*/,
                                                  void (* /*begin*/)()) {
    __asm__(
        "mov %rdx, %r8\n\t"
        "mov $435, %eax\n\t"
        "syscall\n\t"
        "test %rax, %rax\n\t"
        "jz 1f\n\t"
        "ret\n"
        "1:\n\t"
        "xor %ebp, %ebp\n\t"
        "call *%r8\n\t"
        "hlt");
}
static_assert(SYS_clone3 == 435);

#else

// Nobody has written it for this machine yet: as where a filter refuses clone3.
long clone_on_stack(clone_args* /*arguments*/, std::size_t /*size*/, void (* /*begin*/)()) {
    return -ENOSYS;
}

#endif

// A child in our memory that calls `begin` on the stack `stack`.
template <std::size_t size>
long clone_in_memory(clone_args arguments, char (&stack)[size], void (*begin)()) {
    arguments.flags |= CLONE_VM;
    arguments.stack = reinterpret_cast<std::uint64_t>(stack);
    arguments.stack_size = size;
    return clone_on_stack(&arguments, sizeof arguments, begin);
}

[[noreturn]] void begin_init() { child_main(*beginning); }

// In the supervisor's memory where it executes a program of its own at the end of set-up.
long clone_init(clone_args& arguments, ChildInput& input) {
    if (input.init_program >= 0) {
        beginning = &input;
        const long pid = clone_in_memory(arguments, init_stack, begin_init);
        if (pid != -ENOSYS) return pid;
        input.init_program = -1;  // a filter refuses clone3: a copy of the memory does as well
    }
    const long pid = clone3(arguments);
    if (pid == 0) child_main(input);
    return pid;
}

}  // namespace

// In the helper or in the caller; comes back in the parent only.
void clone_child(const Plan& plan, ChildInput& input, std::uint64_t more_flags, Started& out) {
    clone_args arguments{};
    arguments.flags = clone_flags(plan.namespaces) | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | more_flags;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&out.pidfd);
    // With CLONE_PARENT the exit signal is the helper's own, and the field must be 0.
    arguments.exit_signal = (more_flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
    const long pid = clone_init(arguments, input);
    out.failed_at = pid < 0 ? Started::Failed::clone : Started::Failed::nothing;
    out.error = pid < 0 ? static_cast<int>(-pid) : 0;
    out.pid = static_cast<pid_t>(pid);
    if (pid < 0) out.pidfd = -1;  // the kernel may have set it before it failed
}

void helper_main(const Plan& plan, ChildInput& input, Started& answer) {
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
    if (helper == 0) clone_child(plan, input, CLONE_PARENT, answer);
    if (helper < 0) answer.error = static_cast<int>(-helper);
    leave(0);
}

namespace {

// The command's process, as a child of init.
long clone_command(std::uint64_t more_flags) {
    clone_args arguments{};
    arguments.flags = more_flags;
    // With CLONE_PARENT the exit signal is the caller's own, and the field must be 0.
    arguments.exit_signal = (more_flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
    if (making.beside) {
        const long pid = clone_in_memory(arguments, command_stack, begin_command);
        if (pid != -ENOSYS) return pid;
        making.beside = false;  // a filter refuses clone3: a copy of the memory does as well
    }
    const long pid = clone3(arguments);
    if (pid == 0) begin_command();
    return pid;
}

// In init's memory.
[[noreturn, gnu::noinline]] void lead_session() {
    const long session = call(SYS_setsid);
    const std::uint64_t shared = making.early ? CLONE_FS : 0;
    making.pid = session < 0 ? session : clone_command(CLONE_PARENT | shared);
    if (making.early) making.apart = call(SYS_unshare, CLONE_FS);
    leave(0);
}

long clone_leader(clone_args arguments) {
    const long pid = clone_in_memory(arguments, leader_stack, lead_session);
    if (pid != -ENOSYS || making.early) return pid;
    // A filter refuses clone3: init waits, so that the leader can have its stack.
    arguments.flags |= CLONE_VM | CLONE_VFORK;
    const long other = clone3(arguments);
    if (other == 0) lead_session();
    return other;
}

// Who leads a session cannot begin another one, as setsid(2) says, and a command may want to. So
// its session is led by a process that does nothing but make it.
Failure make_by_leader() {
    clone_args arguments{};
    arguments.flags = making.early ? CLONE_FS : 0;
    arguments.exit_signal = SIGCHLD;
    // In a pid namespace of its own the command is pid 2 with a leader as without one. Only who has
    // power over that namespace may choose a number (clone(2), set_tid).
    const pid_t third = 3;
    if (making.input.plan->namespaces.has(Namespace::pid)) {
        arguments.set_tid = reinterpret_cast<std::uint64_t>(&third);
        arguments.set_tid_size = 1;
    }
    making.leader = clone_leader(arguments);
    if ((making.leader == -EPERM || making.leader == -ENOSYS) && arguments.set_tid_size != 0) {
        arguments.set_tid_size = 0;
        arguments.set_tid = 0;
        making.leader = clone_leader(arguments);
    }
    return failed(making.leader);
}

}  // namespace

Failure make_command(const ChildInput& input, bool early, int& go) {
    making = {.input = input, .beside = begins_beside(*input.plan), .early = early};
    if (const Failure f = failed(call(SYS_pipe2, making.hold, O_CLOEXEC))) return f;
    go = making.hold[1];
    const Leader leader = who_leads(*input.plan);
    if (leader == Leader::nobody) {
        making.pid = clone_command(0);
    } else if (leader == Leader::init) {
        if (const Failure f = failed(call(SYS_setsid))) return f;
        making.pid = clone_command(0);
    } else if (const Failure f = make_by_leader()) {
        return f;
    }
    return {};
}

Failure await_command(ChildInput& input, int& command) {
    if (making.leader > 0) {
        int status = 0;
        if (const Failure f = exit_status_of(making.leader, status)) return f;
    }
    input.beside = making.beside;
    command = static_cast<int>(making.pid);
    return failed(making.pid);
}

Failure begin_early_command(ChildInput& input, int& command) {
    Failure failure = await_command(input, command);
    if (!failure && (making.apart != 0 || !making.beside)) {
        end_child(command);
        failure = {EPERM};
    }
    if (!failure) {
        making.input = input;
        failure = failed(call(SYS_write, making.hold[1], "", 1));
    }
    if (failure) {
        close_fd(making.hold[0]);
        close_fd(making.hold[1]);
    }
    return failure;
}

}  // namespace sbx::sys
