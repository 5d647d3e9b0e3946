// SPDX-License-Identifier: Apache-2.0
// usage: faults
//        faults --only LINE PROCESS CALL NTH ERRNO
// Fails every system call of sbx's set-up in turn, in each of its processes, for each line of
// lines.cpp, and holds what happens to rule.hpp. SBX_FAULTS=all in the environment tries every
// error with every call; one or two of them are enough to see that no call is forgotten.
#include "rule.hpp"
#include "steps.hpp"

#include "place.hpp"
#include "sandbox.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace faults {
namespace {

// More than processors: most of a run is waiting for the kernel to take namespaces down.
constexpr unsigned workers = 8;
constexpr unsigned tries = 5;  // of a case: after the fork the order of calls may differ

int error_named(const std::string& name) {
    for (int error = 1; error < 134; ++error) {
        const char* known = strerrorname_np(error);
        if (known != nullptr && name == known) return error;
    }
    throw std::runtime_error("no error is called " + name);
}

std::string words_of(const Baseline& baseline, const Fault& fault) {
    return baseline.line.name + " " + fault.process + " " + name_of_call(fault.number) + " " +
           std::to_string(fault.nth) + " " + strerrorname_np(fault.error);
}

// How the same is seen with strace, which counts in every process alike.
std::string strace_words(const Baseline& baseline, const Fault& fault) {
    const auto& first = baseline.calls.at("sbx");
    const auto before = std::count_if(
        first.begin(), first.end(), [&](const Call& call) { return call.number == fault.number; });
    if (fault.process != "sbx" && before >= static_cast<long>(fault.nth)) return {};
    return "\n    strace -f -e inject=" + name_of_call(fault.number) +
           ":error=" + strerrorname_np(fault.error) + ":when=" + std::to_string(fault.nth);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

Baseline baseline_of(World& world, const Line& line) {
    Baseline out;
    out.line = line;
    const Run run = world.run(line, Watch::list, {});
    if (run.observed.status != 0 || !run.observed.executed || !run.left.empty()) {
        throw std::runtime_error(line.name + " does not work without a fault: " + run.said +
                                 run.report + run.left);
    }
    out.report = run.report;
    out.calls = run.observed.calls;
    // main's first call looks whether the standard descriptors are open.
    const std::vector<Call>& calls = out.calls["sbx"];
    const auto first = std::find_if(calls.begin(), calls.end(),
                                    [](const Call& call) { return call.number == SYS_fcntl; });
    out.before_main = static_cast<std::size_t>(first - calls.begin());
    std::vector<std::string> dry = world.words(line);
    dry.insert(dry.begin(), {line.called, "--dry-run"});
    const Run described =
        world.run(line, integration::sbx_path(), std::move(dry), Watch::fault, {});
    for (const std::string& text : lines_of(described.report)) {
        const std::size_t dot = text.find(". ");
        if (text.rfind("  ", 0) != 0 || dot == std::string::npos) continue;
        const std::string number = text.substr(2, dot - 2);
        if (number.find_first_not_of("0123456789") != std::string::npos) continue;
        out.steps.push_back("step " + number + ", " + text.substr(dot + 2));
    }
    return out;
}

struct Tally {
    unsigned cases = 0;
    unsigned hit = 0;
    unsigned broken = 0;
};

void report(const Baseline& baseline, const Case& one, const std::string& why, const Run& run) {
    std::cout << words_of(baseline, one.fault) << ": " << why << (why.back() == '\n' ? "" : "\n")
              << "    status " << run.observed.status
              << ", said: " << (run.said.empty() ? "nothing" : run.said)
              << (run.said.empty() || run.said.back() != '\n' ? "\n" : "") << "    faults --only "
              << words_of(baseline, one.fault) << strace_words(baseline, one.fault) << "\n"
              << std::flush;
}

void try_case(World& world, const Baseline& baseline, const Case& one, Tally& tally) {
    ++tally.cases;
    Run run;
    for (unsigned i = 0; i < tries && !run.observed.hit; ++i) {
        run = world.run(baseline.line, Watch::fault, one.fault);
        const std::string why = broken_rule(baseline, one, run);
        if (why.empty()) continue;
        ++tally.broken;
        report(baseline, one, why, run);
        break;
    }
    if (run.observed.hit) {
        ++tally.hit;
    } else if (!may_be_missed(baseline, one.fault)) {
        ++tally.broken;
        report(baseline, one, "the fault did not happen", run);
    }
}

// Every kind of step is in the plan of some line. Only root's plans cover and hide parts of procfs,
// and where core dumps stay inside, no plan limits them.
std::string missing_steps(World& world) {
    std::set<std::string> missing;
    for (const std::string& kind : kinds_of_steps()) missing.insert(kind);
    if (!integration::is_root()) {
        missing.erase("sbx::step::CoverReadOnly");
        missing.erase("sbx::step::Hide");
    }
    const std::string pattern = integration::read_whole("/proc/sys/kernel/core_pattern");
    if (pattern.find_first_of("|/") != 0) missing.erase("sbx::step::LimitCoreDumps");
    for (const Line& line : lines()) {
        std::vector<std::string> argv = world.words(line);
        argv.insert(argv.begin(), {"faults", "--kinds", line.called});
        const Run run = world.run(line, "/proc/self/exe", std::move(argv), Watch::fault, {});
        if (run.observed.status != 0) return line.name + ": " + run.said;
        for (const std::string& kind : lines_of(run.report)) missing.erase(kind);
    }
    std::string out;
    for (const std::string& kind : missing) out += "no line has the step " + kind + "\n";
    return out;
}

// Takes every `workers`-th case, beginning with `first`, in a world of its own.
Tally work(const std::vector<std::pair<const Baseline*, Case>>& cases, std::size_t first) {
    World world;
    Tally tally;
    for (std::size_t i = first; i < cases.size(); i += workers) {
        try_case(world, *cases[i].first, cases[i].second, tally);
    }
    return tally;
}

Tally work_in_parallel(const std::vector<std::pair<const Baseline*, Case>>& cases) {
    std::array<integration::Pipe, workers> answers;
    std::array<pid_t, workers> pids{};
    for (unsigned i = 0; i < workers; ++i) {
        answers[i] = integration::make_pipe();
        pids[i] = ::fork();
        if (pids[i] < 0) throw std::runtime_error("cannot fork");
        if (pids[i] > 0) continue;
        try {
            const Tally tally = work(cases, i);
            const ssize_t put = ::write(answers[i].write.get(), &tally, sizeof tally);
            ::_exit(put == sizeof tally ? 0 : 1);
        } catch (const std::exception& error) {
            std::cout << error.what() << "\n" << std::flush;
        }
        ::_exit(1);
    }
    Tally all;
    for (unsigned i = 0; i < workers; ++i) {
        answers[i].write.close();
        Tally one;
        const ssize_t got = ::read(answers[i].read.get(), &one, sizeof one);
        ::waitpid(pids[i], nullptr, 0);
        if (got != sizeof one) throw std::runtime_error("a worker did not end well");
        all.cases += one.cases;
        all.hit += one.hit;
        all.broken += one.broken;
    }
    return all;
}

// Root's mounts are to be seen by nobody, and what is done to them is.
void enter_mount_namespace() {
    if (!integration::is_root()) return;
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0) {
        throw std::runtime_error("cannot make a mount namespace");
    }
}

int try_all() {
    const char* all = std::getenv("SBX_FAULTS");
    const Errnos errnos = all != nullptr && std::string(all) == "all" ? Errnos::all : Errnos::few;
    std::vector<Baseline> baselines;
    std::vector<std::pair<const Baseline*, Case>> cases;
    {
        World world;
        if (const std::string missing = missing_steps(world); !missing.empty()) {
            std::cout << missing;
            return EXIT_FAILURE;
        }
        for (const Line& line : lines()) baselines.push_back(baseline_of(world, line));
    }
    for (const Baseline& baseline : baselines) {
        const Start start = cases.empty() ? Start::tried : Start::left_out;
        for (const Case& one : cases_of(baseline, errnos, start))
            cases.emplace_back(&baseline, one);
    }
    const Tally tally = work_in_parallel(cases);
    std::cout << tally.cases << " cases, " << tally.hit << " of them hit, " << tally.broken
              << " broke the rule\n";
    const bool enough = tally.hit > 0 && tally.cases == cases.size();
    return enough && tally.broken == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int try_one(const std::vector<std::string>& words) {
    World world;
    for (const Line& line : lines()) {
        if (line.name != words[0]) continue;
        const Baseline baseline = baseline_of(world, line);
        const Case one{{words[1], call_named(words[2]), static_cast<unsigned>(std::stoul(words[3])),
                        error_named(words[4])},
                       false};
        const Run run = world.run(line, Watch::fault, one.fault);
        std::cout << (run.observed.hit ? "hit" : "not hit")
                  << (run.observed.hit_late ? " late" : "") << ", status " << run.observed.status
                  << "\n"
                  << run.said << run.report << run.left << broken_rule(baseline, one, run) << "\n";
        return EXIT_SUCCESS;
    }
    throw std::runtime_error("no line is called " + words[0]);
}

int run(const std::vector<std::string>& words) {
    if (words.size() > 2 && words[0] == "--kinds") {
        return print_kinds(words[1], {words.begin() + 2, words.end()});
    }
    enter_mount_namespace();
    if (words.empty()) return try_all();
    if (words.size() == 6 && words[0] == "--only") {
        return try_one({words.begin() + 1, words.end()});
    }
    std::cout << "usage: faults [--only LINE PROCESS CALL NTH ERRNO]\n";
    return EXIT_FAILURE;
}

}  // namespace
}  // namespace faults

int main(int argc, char** argv) {
    try {
        return faults::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cout << error.what() << "\n";
        return EXIT_FAILURE;
    }
}
