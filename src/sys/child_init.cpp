// SPDX-License-Identifier: Apache-2.0
// Init: pid 1 of the sandbox, once the command exists. It holds no descriptor of the host, has no
// capability in effect and cannot be traced from inside; only then may the command go on.
#include "sys/child.hpp"
#include "sys/syscalls.hpp"

#include <linux/capability.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

namespace sbx::sys {
namespace {

struct InitState {
    const Plan& plan;
    int command;
    bool own_group;
    int children;  // lists init's children when there is no pid namespace; else -1
    bool scoped;   // a signal to every process reaches those inside and nobody else
    int ready;
    int status;
    int signals;
};

}  // namespace

Failure close_others(int proc, int* keep, std::size_t count) {
    for (std::size_t i = 1; i < count; ++i) {
        const int fd = keep[i];
        std::size_t at = i;
        for (; at > 0 && keep[at - 1] > fd; --at) keep[at] = keep[at - 1];
        keep[at] = fd;
    }
    unsigned next = 0;
    int result = 0;
    for (std::size_t i = 0; i < count && result >= 0; ++i) {
        const auto fd = static_cast<unsigned>(keep[i]);
        if (fd > next) result = close_range(next, fd - 1, 0);
        next = fd + 1;
    }
    if (result >= 0) result = close_range(next, ~0U, 0);
    return result >= 0 ? Failure{} : close_listed(-result, proc, {keep, count});
}

Failure close_listed(int error, int proc, KeptList keep, KeptList also) {
    if (error != ENOSYS && error != EPERM) return {error};
    const int list = open_at(proc, "thread-self/fd", O_RDONLY | O_DIRECTORY);
    if (list < 0) return {error};
    const auto has = [](const KeptList& kept, int fd) {
        for (std::size_t i = 0; i < kept.count; ++i) {
            if (kept.numbers[i] == fd) return true;
        }
        return false;
    };
    // The kernel goes through it by number, so what is closed meanwhile hides nothing.
    alignas(8) char entries[2048];
    long got = 0;
    while ((got = call(SYS_getdents64, list, entries, sizeof entries)) > 0) {
        for (long at = 0; at < got;) {
            int fd = 0;
            const char* const name = next_name(entries, at);
            const char* rest = name;
            for (; *rest >= '0' && *rest <= '9'; ++rest) fd = 10 * fd + (*rest - '0');
            if (rest != name && fd != list && !has(keep, fd) && !has(also, fd)) close_fd(fd);
        }
    }
    close_fd(list);
    return {got < 0 ? error : 0};
}

namespace {

std::uint64_t capabilities_kept(const Plan& plan) {
    for (const Step& step : plan.seal) {
        if (const auto* limit = std::get_if<step::LimitCapabilities>(&step)) return limit->keep;
    }
    return ~std::uint64_t{0};
}

// A capability for init to keep in reserve: one that the command does not keep. That with the
// least power comes first, else the last one there is. No bit: the command keeps them all.
std::uint64_t reserve_of(std::uint64_t held, std::uint64_t kept) {
    constexpr auto least = std::uint64_t{1} << CAP_BLOCK_SUSPEND;
    const std::uint64_t left = held & ~kept;
    if ((left & least) != 0 || left == 0) return left & least;
    std::uint64_t last = left;
    while ((last & (last - 1)) != 0) last &= last - 1;
    return last;
}

// Init uses no capability. One that the command lacks stays in its permitted set all the same, for
// the kernel compares these sets: then nobody inside can trace init, look into its /proc/1
// (ptrace(2), access mode checking), or change its scheduling (sched_setscheduler(2),
// setpriority(2)), although all are of the same user; while the caller of sbx still can, to join
// the namespaces. A command that keeps CAP_SYS_PTRACE, or another one with as much power, could
// look in all the same: where some are kept, init makes itself opaque too, to the caller as well.
//
// Where the command still has init's memory, being opaque or not is a matter of both: `shown` says
// what init shall be once it is alone.
bool drop_own_capabilities(const Plan& plan, bool beside, bool& shown) {
    constexpr unsigned half = 32;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (call(SYS_capget, &header, &data[0]) != 0) return false;
    const std::uint64_t held = data[0].permitted | static_cast<std::uint64_t>(data[1].permitted)
                                                       << half;
    const std::uint64_t kept = capabilities_kept(plan);
    const std::uint64_t reserve = reserve_of(held, kept);
    data[0] = {};
    data[1] = {};
    data[0].permitted = static_cast<std::uint32_t>(reserve);
    data[1].permitted = static_cast<std::uint32_t>(reserve >> half);
    shown = kept == 0 && reserve != 0;
    if (call(SYS_prctl, PR_SET_DUMPABLE, shown && !beside ? 1 : 0, 0, 0, 0) != 0) return false;
    return call(SYS_capset, &header, &data[0]) == 0;
}

// Kills those of init's children that are known last, the newest first: an older one that forks
// meanwhile is among those of the next time. False: there is no list.
bool kill_listed(int list) {
    constexpr int most = 4096;
    int pids[most];
    long count = 0;
    int pid = 0;
    if (call(SYS_lseek, list, 0, SEEK_SET) < 0) return false;
    while (true) {
        char text[4096];
        const long got = call(SYS_read, list, text, sizeof text);
        if (got == -EINTR) continue;
        if (got < 0) return false;
        for (long i = 0; i < got; ++i) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
                continue;
            }
            if (pid > 1) pids[count++ % most] = pid;
            pid = 0;
        }
        if (got == 0) break;
    }
    for (long left = count < most ? count : most; left > 0; --left) {
        call(SYS_kill, pids[--count % most], SIGKILL);
    }
    return true;
}

// Without a pid namespace nothing dies with init by itself: kills its children, and what they
// leave to it as the subreaper, until there are none. Where init's signals stay inside, one to
// every process reaches all of them at once, however fast they fork: fork(2) fails with it.
// Otherwise a swarm may fork faster than init kills.
void kill_children(const InitState& init) {
    if (init.children < 0) return;
    while (true) {
        const bool killed = init.scoped ? call(SYS_kill, -1, SIGKILL) == 0 : false;
        if (!killed && !kill_listed(init.children)) {  // no list: at least the command
            if (init.command > 0) call(SYS_kill, init.command, SIGKILL);
            return;
        }
        long waited = 0;
        for (int flags = WEXITED; waited >= 0; flags = WEXITED | WNOHANG) {
            siginfo_t info{};
            waited = call(SYS_waitid, P_ALL, 0, &info, flags, nullptr);
            if (waited == 0 && info.si_pid == 0) break;  // the others are not dead yet
        }
        if (waited == -ECHILD) return;
    }
}

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
    if (init.plan.leftovers == Leftovers::kill || init.plan.die_with_parent) {
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
        if (init.plan.leftovers == Leftovers::kill) {
            kill_children(init);
            tell(init, status);
            leave(0);
        }
        command_ended = true;
        init.command = -1;
    }
}

// To be called when a child may have ended.
void read_children(InitState& init) {
    signalfd_siginfo drained[4];
    while (call(SYS_read, init.signals, drained, sizeof drained) > 0) {
    }
    reap(init);
}

}  // namespace

void forget_code(const ChildImage& image) {
    for (const Range& range : image.code) {
        if (range.size != 0) call(SYS_madvise, range.begin, range.size, MADV_DONTNEED);
    }
}

void init_main(ChildImage& image, int command, bool own_group, int children) {
    const std::uint64_t child_signal = std::uint64_t{1} << (SIGCHLD - 1);
    int go = image.report_write;
    bool shown = false;
    const int signals = static_cast<int>(
        call(SYS_signalfd4, -1, &child_signal, sizeof child_signal, SFD_CLOEXEC | SFD_NONBLOCK));
    InitState init{*image.plan,  command,          own_group,          children,
                   image.scoped, image.ready_read, image.status_write, signals};
    for (const int fd :
         {init.ready, init.status, init.signals, init.children, go, image.lifetime}) {
        if (fd >= 0) image.init_fds[image.init_count++] = fd;
    }
    for (const int fd : image.plan->sync_fds) image.init_fds[image.init_count++] = fd;
    // Apart from the caller where the command shares the caller's session, with which it could take
    // init's turn, or where it can reach init's session by /proc/1/autogroup, which the plan does
    // not cover then. Else init stays: a session costs as much as two mounts.
    const Plan& plan = *image.plan;
    const bool stays = own_group && plan.nested_userns == NestedUserns::refuse &&
                       plan.namespaces.has(Namespace::pid);
    const bool apart = stays || plan.signals != Signals::forward || call(SYS_setsid) > 0;
    bool ready = apart && signals >= 0 &&
                 !close_others(image.proc, image.init_fds, image.init_count) &&
                 drop_own_capabilities(*image.plan, image.beside, shown);
    // The death signal was for set-up. Where init stays, or has to kill what no pid namespace takes
    // along with it, only the life line tells of the supervisor's end.
    if (children >= 0 ||
        (image.plan->leftovers == Leftovers::keep && !image.plan->die_with_parent)) {
        ready = ready && call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0;
    }
    // The end of who led the command's session was signalled too.
    if (ready && own_group) read_children(init);
    if (!ready || call(SYS_write, go, "", 1) != 1) {
        end_child(command);  // which may be waiting for somebody else
        leave(1);
    }
    bool settled = false;
    while (true) {
        pollfd polled[3] = {{init.signals, POLLIN, 0}, {init.ready, POLLIN, 0}, {go, 0, 0}};
        const bool settles = go < 0 && !settled;
        const long events = call(SYS_ppoll, polled, 3, settles ? &settling_time : nullptr, nullptr,
                                 sizeof(std::uint64_t));
        if (polled[2].revents != 0) {  // the command has been executed, or has ended
            close_fd(go);
            go = -1;
            if (image.beside && shown) call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
            continue;
        }
        if (settles && events == 0) {
            forget_code(image);
            settled = true;
        }
        if ((polled[0].revents & POLLIN) != 0) read_children(init);
        if (polled[1].revents != 0) read_line(init);
    }
}

}  // namespace sbx::sys
