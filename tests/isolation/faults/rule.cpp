// SPDX-License-Identifier: Apache-2.0
#include "rule.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <sstream>

namespace faults {
namespace {

// Calls that are not made to fail, each with the reason.
bool is_left_out(const Fault& fault) {
    switch (fault.number) {
        // Nothing comes back from it; what libc does with a failure is to die by a signal.
        case SYS_exit_group:
        case SYS_exit: return true;
        // It has no errno: it gives the end of the heap, and libc takes any number for one.
        case SYS_brk: return true;
        // libc's readdir(3) takes it for the end of a directory that was removed.
        case SYS_getdents64: return fault.error == ENOENT;
        // What a kernel without Landlock answers; the plan says so.
        case SYS_landlock_create_ruleset: return fault.process == "sbx" && fault.error == ENOSYS;
        default: return false;
    }
}

// Calls of init and the command whose effect the command cannot see, so that going on without it
// would look right.
bool must_end_it(const Fault& fault) {
    if (fault.process == "sbx") return false;
    switch (fault.number) {
        case SYS_prctl:
        case SYS_umask:
        case SYS_rt_sigaction: return true;
        default: return false;
    }
}

std::string first_difference(const std::string& a, const std::string& b) {
    std::istringstream before(a);
    std::istringstream now(b);
    std::string x;
    std::string y;
    while (true) {
        const bool more_before = static_cast<bool>(std::getline(before, x));
        const bool more_now = static_cast<bool>(std::getline(now, y));
        if (!more_before) x = "(the end)";
        if (!more_now) y = "(the end)";
        if (x != y || !more_before || !more_now) return "\n    was: " + x + "\n    is:  " + y;
    }
}

// Without what the command saw of init, which may be ending while it looks.
std::string without_init(const std::string& report) {
    std::istringstream in(report);
    std::string out;
    for (std::string line; std::getline(in, line);) {
        if (line.rfind("/proc/1/", 0) != 0 && line.find(" of init ") == std::string::npos) {
            out += line + "\n";
        }
    }
    return out;
}

// What sbx says must be one line that begins with its name and says more; a step that it names must
// be one of the plan's, in the plan's words.
std::string broken_message(const Baseline& baseline, const std::string& said) {
    const std::string begin = baseline.line.called + ": ";
    if (said.rfind(begin, 0) != 0 || said.size() < begin.size() + 8) return "it says nothing";
    if (said.find('\n') != said.size() - 1) return "it says more than a line";
    const std::string text = said.substr(begin.size());
    if (text.rfind("step ", 0) != 0) return {};
    const bool known =
        std::any_of(baseline.steps.begin(), baseline.steps.end(),
                    [&](const std::string& step) { return text.rfind(step + ": ", 0) == 0; });
    return known ? "" : "it names a step that is not in the plan";
}

// Whether it builds no sandbox itself: the supervisor, and helpers that make init.
bool stands_beside(const Baseline& baseline, const std::string& process) {
    if (process == "sbx") return true;
    const std::vector<Call>& calls = baseline.calls.at(process);
    const auto does = [&](long number) {
        return std::any_of(calls.begin(), calls.end(),
                           [&](const Call& call) { return call.number == number; });
    };
    return !does(SYS_pivot_root) && !does(SYS_execve);
}

// 125 says that the command was not executed, 123 that it may have been.
bool is_failure(const Baseline& baseline, const Fault& fault, int status, bool ran, bool late) {
    if (baseline.line.called == "bwrap") return status == 1;
    const bool exec = fault.number == SYS_execve && fault.process != "sbx";
    return (status == 125 && !ran) || (status == 123 && late) ||
           (exec && (status == 126 || status == 127));
}

// What a filter around us answers, and what could be taken for "there is none" or "in use".
const std::vector<int>& few_errors(long number) {
    static const std::vector<int> usual = {EPERM};
    static const std::vector<int> look = {EPERM, ENOENT};
    static const std::vector<int> feature = {EPERM, ENOSYS};
    static const std::vector<int> lock = {EPERM, EAGAIN};
    switch (number) {
        case SYS_access:
        case SYS_newfstatat: return look;
        case SYS_flock: return lock;
        case SYS_clone3:
        case SYS_close_range:
        case SYS_keyctl:
        case SYS_openat2: return feature;
        default: return usual;
    }
}

}  // namespace

bool may_be_missed(const Baseline& baseline, const Fault& fault) {
    return stands_beside(baseline, fault.process);
}

std::string broken_rule(const Baseline& baseline, const Case& one, const Run& run) {
    const Observed& seen = run.observed;
    if (!run.left.empty()) return "it left something behind:\n" + run.left;
    if (seen.hung) return "something did not end";
    const bool ran = !run.report.empty() || seen.executed;
    if (one.before_main && !ran) return {};
    if (seen.signal != 0) return "it died of signal " + std::to_string(seen.signal);
    // What such a process has made runs beside it. It is ended when that one fails, at whatever
    // point it has come to by then, and its protections do not depend on that one any more.
    const bool late =
        seen.hit_late || (seen.hit_above && stands_beside(baseline, one.fault.process));
    if (ran && !(late && run.report.empty())) {
        const bool init_ends = late && seen.status != 0;
        const std::string was = init_ends ? without_init(baseline.report) : baseline.report;
        const std::string is = init_ends ? without_init(run.report) : run.report;
        // One that is killed while it reports has told the beginning of the same.
        const bool same = was == is || (init_ends && was.starts_with(is));
        if (!same) return "the command ran with less" + first_difference(was, is);
        if (seen.hit && !late && must_end_it(one.fault)) return "it went on";
        if (seen.status == 0) return {};
        if (!late) return "the command ran, and it says that it failed";
    }
    if (!is_failure(baseline, one.fault, seen.status, ran, late)) {
        return "the exit status is " + std::to_string(seen.status);
    }
    return broken_message(baseline, run.said);
}

std::vector<Case> cases_of(const Baseline& baseline, Errnos errnos, Start start) {
    static const std::vector<int> every = {EPERM,  ENOSYS, EACCES, ENOENT, EINVAL, EBUSY,
                                           ENOMEM, EMFILE, ENOSPC, EINTR,  EAGAIN, EIO};
    std::vector<Case> out;
    for (const auto& [process, calls] : baseline.calls) {
        std::map<long, unsigned> counts;
        for (std::size_t i = 0; i < calls.size(); ++i) {
            const auto [number, own_error] = calls[i];
            const unsigned nth = ++counts[number];
            const bool before_main = process == "sbx" && i < baseline.before_main;
            if (before_main && start == Start::left_out) continue;
            for (const int error : errnos == Errnos::all ? every : few_errors(number)) {
                const Case one{{process, number, nth, error}, before_main};
                // An error that the call gives by itself is no fault.
                if (error != own_error && !is_left_out(one.fault)) out.push_back(one);
            }
        }
    }
    return out;
}

}  // namespace faults
