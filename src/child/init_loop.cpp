// SPDX-License-Identifier: Apache-2.0
#include "child/init_loop.hpp"

#include "system/syscalls.hpp"

#include <sys/signalfd.h>
#include <sys/wait.h>

namespace sbx::sys {

void leave(int status) {
    call(SYS_exit_group, status);
    __builtin_trap();  // a filter around us refuses even that
}

int open_child_signals() {
    const std::uint64_t child_signal = std::uint64_t{1} << (SIGCHLD - 1);
    return static_cast<int>(
        call(SYS_signalfd4, -1, &child_signal, sizeof child_signal, SFD_CLOEXEC | SFD_NONBLOCK));
}

namespace {

void tell(const InitState& init, const Status& status) {
    call(SYS_write, init.status, &status, sizeof status);
}

// A signal that the supervisor was sent. What a terminal would have sent goes to the whole group.
void pass_on(const InitState& init, int number) {
    if (init.command < 0) return;
    const bool from_terminal = number == SIGINT || number == SIGQUIT || number == SIGTSTP ||
                               number == SIGCONT || number == SIGHUP || number == SIGWINCH;
    if (init.own_group && from_terminal && call(SYS_kill, -init.command, number) == 0) return;
    call(SYS_kill, init.command, number);
}

void read_line(InitState& init) {
    unsigned char numbers[64];
    const long got = call(SYS_read, init.ready, numbers, sizeof numbers);
    if (got == -EINTR || got == -EAGAIN) return;
    for (long i = 0; i < got; ++i) {
        if (numbers[i] != 0) pass_on(init, numbers[i]);
    }
    if (got > 0) return;
    if (init.dies_with_supervisor) {
        kill_children(init);
        leave(1);
    }
    close_fd(init.ready);  // the supervisor is gone, and the command goes on
    init.ready = -1;
}

// Reaps what is there. Leaves when there is nothing more to wait for.
void reap(InitState& init) {
    Status status{Status::Kind::exited, 0, 0};
    bool command_ended = false;
    while (true) {
        siginfo_t info{};
        const long waited =
            call(SYS_waitid, P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG, nullptr);
        if (waited == -EINTR) continue;
        if (waited < 0 && waited != -ECHILD) {  // nobody would hear of the command's end
            kill_children(init);
            leave(1);
        }
        if (waited < 0 || info.si_pid == 0) {
            const bool none_left = waited == -ECHILD;
            if (command_ended) tell(init, {status.kind, status.code, none_left ? 0 : 1});
            if (none_left) leave(0);
            return;
        }
        if (info.si_pid != init.command) continue;
        if (info.si_code == CLD_STOPPED) {
            tell(init, {Status::Kind::stopped, info.si_status, 0});
            continue;
        }
        status.kind = info.si_code == CLD_EXITED ? Status::Kind::exited : Status::Kind::signalled;
        status.code = info.si_status;
        if (init.kills_leftovers) {
            kill_children(init);
            tell(init, status);
            leave(0);
        }
        command_ended = true;
        init.command = -1;
    }
}

}  // namespace

void read_children(InitState& init) {
    signalfd_siginfo drained[4];
    while (call(SYS_read, init.signals, drained, sizeof drained) > 0) {
    }
    reap(init);
}

void attend(InitState& init, short signals, short ready) {
    if ((signals & POLLIN) != 0) read_children(init);
    if (ready != 0) read_line(init);
}

}  // namespace sbx::sys
