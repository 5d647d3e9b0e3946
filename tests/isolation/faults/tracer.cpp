// SPDX-License-Identifier: Apache-2.0
#include "tracer.hpp"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <set>
#include <stdexcept>

namespace faults {
namespace {

constexpr int limit_seconds = 20;  // a run takes some milliseconds, but not on every machine

// Registers by their place in struct user (ptrace(2), PTRACE_POKEUSER).
#ifdef __x86_64__
constexpr std::size_t number_place = offsetof(user_regs_struct, orig_rax);
constexpr std::size_t result_place = offsetof(user_regs_struct, rax);
#else
#error "say here how a system call is replaced on this architecture"
#endif

volatile std::sig_atomic_t time_is_up = 0;

struct Tracee {
    std::string process;
    unsigned children = 0;
    bool watched = false;
    std::map<long, unsigned> counts;
    std::optional<int> pending;  // what the call that it is in shall give
};

class Tracer {
public:
    Tracer(Watch watch, const Fault& fault) : watch_(watch), fault_(fault) {}

    Observed run(const std::function<void()>& program);

private:
    bool step();
    void adopt_early();
    void born(Tracee& parent, pid_t pid);
    void stopped(pid_t pid, int status);
    void in_call(pid_t pid, Tracee& tracee);
    void executed(Tracee& tracee);
    void resume(pid_t pid, int signal) const;

    Watch watch_;
    const Fault& fault_;
    pid_t first_ = -1;
    bool started_ = false;
    std::map<pid_t, Tracee> tracees_;
    std::set<pid_t> early_;  // stopped before their parent told of them
    std::set<pid_t> gone_;   // ended before it, with their namespace
    Observed seen_;
};

void Tracer::resume(pid_t pid, int signal) const {
    const auto found = tracees_.find(pid);
    const bool watched = found != tracees_.end() && found->second.watched;
    // It may have been killed meanwhile; then its end is what is heard of it next.
    ::ptrace(watched ? PTRACE_SYSCALL : PTRACE_CONT, pid, nullptr, signal);
}

void Tracer::born(Tracee& parent, pid_t pid) {
    Tracee child;
    child.process = parent.process + "." + std::to_string(++parent.children);
    if (gone_.erase(pid) > 0) return;
    child.watched = watch_ == Watch::list || (!seen_.hit && child.process == fault_.process);
    tracees_[pid] = std::move(child);
    if (early_.erase(pid) > 0) resume(pid, 0);
}

void Tracer::executed(Tracee& tracee) {
    if (!started_) {
        started_ = true;
        tracee.watched = watch_ == Watch::list || tracee.process == fault_.process;
        return;
    }
    seen_.executed = true;
    tracee.watched = false;
}

void Tracer::in_call(pid_t pid, Tracee& tracee) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && tracee.pending) {
        ::ptrace(PTRACE_POKEUSER, pid, result_place, static_cast<long>(-*tracee.pending));
        tracee.pending.reset();
        tracee.watched = false;
    }
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && watch_ == Watch::list) {
        std::vector<Call>& calls = seen_.calls[tracee.process];
        if (!calls.empty() && info.exit.is_error != 0) {
            calls.back().error = static_cast<int>(-info.exit.rval);
        }
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    const auto number = static_cast<long>(info.entry.nr);
    // Who makes itself visible gives a protection up, and may go without.
    if (number == SYS_prctl && info.entry.args[0] == PR_SET_DUMPABLE && info.entry.args[1] == 1) {
        return;
    }
    if (watch_ == Watch::list) {
        seen_.calls[tracee.process].push_back({number, 0});
        return;
    }
    if (number != fault_.number || ++tracee.counts[number] != fault_.nth) return;
    // One that every filter allows and that changes nothing.
    ::ptrace(PTRACE_POKEUSER, pid, number_place, static_cast<long>(SYS_getpid));
    tracee.pending = fault_.error;
    seen_.hit = true;
    seen_.hit_late = seen_.executed;
    seen_.hit_above = tracee.children > 0;
}

void Tracer::stopped(pid_t pid, int status) {
    const auto found = tracees_.find(pid);
    if (found == tracees_.end()) {
        early_.insert(pid);
        return;
    }
    Tracee& tracee = found->second;
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    unsigned long message = 0;
    switch (event) {
        case PTRACE_EVENT_CLONE:
        case PTRACE_EVENT_FORK:
        case PTRACE_EVENT_VFORK:
            ::ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &message);
            born(tracee, static_cast<pid_t>(message));
            return resume(pid, 0);
        case PTRACE_EVENT_EXEC: executed(tracee); return resume(pid, 0);
        case PTRACE_EVENT_STOP:
            if (signal == SIGTRAP) return resume(pid, 0);
            ::ptrace(PTRACE_LISTEN, pid, nullptr, nullptr);  // a stop that a signal made
            return;
        default: break;
    }
    if (signal != (SIGTRAP | 0x80)) return resume(pid, signal);
    in_call(pid, tracee);
    resume(pid, 0);
}

// For those whose parent was killed before it could tell of them.
void Tracer::adopt_early() {
    for (const pid_t one : early_) {
        tracees_[one].process = "orphan";
        resume(one, 0);
    }
    early_.clear();
}

// False when no process is left.
bool Tracer::step() {
    if (tracees_.empty()) adopt_early();
    if (tracees_.empty()) return false;
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, __WALL);
    if (time_is_up != 0) {
        seen_.hung = true;
        for (const auto& [one, tracee] : tracees_) ::kill(one, SIGKILL);
    }
    if (pid < 0) return true;
    if (WIFSTOPPED(status)) {
        stopped(pid, status);
        return true;
    }
    if (pid == first_) {
        if (WIFEXITED(status)) seen_.status = WEXITSTATUS(status);
        if (WIFSIGNALED(status)) seen_.signal = WTERMSIG(status);
    }
    if (tracees_.erase(pid) == 0) {
        early_.erase(pid);
        gone_.insert(pid);
    }
    if (WIFSIGNALED(status)) adopt_early();
    return true;
}

Observed Tracer::run(const std::function<void()>& program) {
    std::array<int, 2> go{};
    if (::pipe(go.data()) != 0) throw std::runtime_error("no pipe");
    first_ = ::fork();
    if (first_ < 0) throw std::runtime_error("no process");
    if (first_ == 0) {
        char byte = 0;
        const ssize_t got = ::read(go[0], &byte, 1);
        ::close(go[0]);
        ::close(go[1]);
        if (got == 1) program();
        ::_exit(110);
    }
    tracees_[first_].process = "sbx";
    const long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    const bool seized = ::ptrace(PTRACE_SEIZE, first_, nullptr, options) == 0;
    if (!seized || ::write(go[1], "", 1) != 1) throw std::runtime_error("cannot trace");
    ::close(go[0]);
    ::close(go[1]);
    time_is_up = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { time_is_up = 1; };
    ::sigaction(SIGALRM, &action, nullptr);
    // Again and again: the first one may come just before the wait.
    const itimerval limit{{1, 0}, {limit_seconds, 0}};
    ::setitimer(ITIMER_REAL, &limit, nullptr);
    while (step()) {
    }
    const itimerval none{};
    ::setitimer(ITIMER_REAL, &none, nullptr);
    return std::move(seen_);
}

}  // namespace

Observed trace(const std::function<void()>& program, Watch watch, const Fault& fault) {
    return Tracer(watch, fault).run(program);
}

std::string name_of_call(long number) {
    char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number));
    const std::string out = name != nullptr ? name : std::to_string(number);
    std::free(name);
    return out;
}

long call_named(const std::string& name) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    return number == __NR_SCMP_ERROR ? -1 : number;
}

}  // namespace faults
