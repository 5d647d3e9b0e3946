// SPDX-License-Identifier: Apache-2.0
// Init: pid 1 of the sandbox, once the command exists. It holds no descriptor of the host, has no
// capability in effect and cannot be traced from inside; only then may the command go on.
#include "child/init.hpp"

#include "base/program_name.hpp"
#include "child/calls.hpp"
#include "child/init_loop.hpp"
#include "child/init_program.hpp"
#include "child/input.hpp"
#include "child/report.hpp"
#include "system/capability_sets.hpp"
#include "system/syscalls.hpp"

#include <linux/close_range.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace sbx::sys {

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
    CapabilitySets sets;
    if (sets.read()) return false;
    const std::uint64_t kept = capabilities_kept(plan);
    const std::uint64_t reserve = reserve_of(sets.permitted(), kept);
    shown = kept == 0 && reserve != 0;
    if (call(SYS_prctl, PR_SET_DUMPABLE, shown && !beside ? 1 : 0, 0, 0, 0) != 0) return false;
    sets = {};
    sets.set_permitted(reserve);
    return sets.write() == 0;
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

}  // namespace

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

void forget_code(const ChildInput& input) {
    for (const Range& range : input.code) {
        if (range.size != 0) call(SYS_madvise, range.begin, range.size, MADV_DONTNEED);
    }
}

namespace {

// What is the same for every init: apart from the caller where it has to be, and tied to the
// supervisor as long as the plan says.
bool settle(const Plan& plan, bool own_group, int children) {
    // Apart from the caller where the command shares the caller's session, with which it could take
    // init's turn, or where it can reach init's session by /proc/1/autogroup, which the plan does
    // not cover then. Else init stays: a session costs as much as two mounts.
    const bool stays = own_group && plan.nested_userns == NestedUserns::refuse &&
                       plan.namespaces.has(Namespace::pid);
    const bool apart = stays || plan.signals != Signals::forward || call(SYS_setsid) > 0;
    // The death signal was for set-up. Where init stays, or has to kill what no pid namespace takes
    // along with it, only the life line tells of the supervisor's end.
    const bool tied = children < 0 && (plan.leftovers == Leftovers::kill || plan.die_with_parent);
    return apart && (tied || call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0);
}

InitState state_of(const ChildInput& input, int command, bool own_group, int children) {
    const Plan& plan = *input.plan;
    const bool kills = plan.leftovers == Leftovers::kill;
    return {.command = command,
            .own_group = own_group,
            .kills_leftovers = kills,
            .dies_with_supervisor = kills || plan.die_with_parent,
            .ready = input.ready_read,
            .status = input.status_write,
            .children = children,
            .scoped = input.scoped};
}

}  // namespace

void init_main(ChildInput& input, int go, int command, bool own_group, int children) {
    bool shown = false;
    InitState init = state_of(input, command, own_group, children);
    init.signals = open_child_signals();
    for (const int fd :
         {init.ready, init.status, init.signals, init.children, go, input.lifetime}) {
        if (fd >= 0) input.init_fds[input.init_count++] = fd;
    }
    for (const int fd : input.plan->sync_fds) input.init_fds[input.init_count++] = fd;
    const bool ready = init.signals >= 0 &&
                       !close_others(input.proc, input.init_fds, input.init_count) &&
                       drop_own_capabilities(*input.plan, input.beside, shown) &&
                       settle(*input.plan, own_group, children);
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
            if (input.beside && shown) call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
            continue;
        }
        if (settles && events == 0) {
            forget_code(input);
            settled = true;
        }
        attend(init, polled[0].revents, polled[1].revents);
    }
}

Failure execute_init(const ChildInput& input, int go, int command, bool own_group) {
    InitState init = state_of(input, command, own_group, -1);
    init.signals = open_child_signals();
    if (init.signals < 0) return failed(init.signals);
    CapabilitySets sets;
    if (const Failure f = failed(sets.read())) return f;
    const std::uint64_t reserve = reserve_of(sets.permitted(), 0);
    if (reserve == 0) return {EPERM};
    // What has other ids than root keeps a capability across exec only as an ambient one.
    const long number = __builtin_ctzll(reserve);
    sets.set_inheritable(reserve);
    if (const Failure f = failed(sets.write())) return f;
    const long raised = call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
    if (raised < 0) return failed(raised);
    if (!settle(*input.plan, own_group, -1)) return {EPERM};
    const int places[][2] = {{init.ready, init_program::ready},
                             {init.status, init_program::status},
                             {go, init_program::go},
                             {init.signals, init_program::signals}};
    constexpr unsigned others = init_program::signals + 1;
    if (input.init_program < static_cast<int>(others)) return {EBADF};  // it would be overwritten
    for (const auto& [from, to] : places) {
        const long put = from == to ? call(SYS_fcntl, to, F_SETFD, 0) : call(SYS_dup3, from, to, 0);
        if (put < 0) return failed(put);
    }
    if (const Failure f = failed(close_range(others, ~0U, CLOSE_RANGE_CLOEXEC))) return f;
    unsigned bits = init.own_group ? init_program::own_group : 0;
    if (init.kills_leftovers) bits |= init_program::kills_leftovers;
    if (init.dies_with_supervisor) bits |= init_program::dies_with_supervisor;
    char name[] = SBX_NAME "-init";
    char numbers[init_program::end][24];
    const auto word = [&](init_program::Word which, std::uint64_t value) {
        return digits(value, 10, &numbers[which][sizeof numbers[which]]);
    };
    char* words[] = {name, word(init_program::command, static_cast<std::uint64_t>(command)),
                     word(init_program::bits, bits),
                     word(init_program::reserve, static_cast<std::uint64_t>(number)), nullptr};
    return failed(call(SYS_execveat, input.init_program, "", words, &words[init_program::end],
                       AT_EMPTY_PATH));
}

}  // namespace sbx::sys
