// SPDX-License-Identifier: Apache-2.0
// libsbx in a program with threads: sandboxes side by side, while others allocate. What a child
// inherits is a copy of all locks as they are, so whatever takes one there hangs sooner or later.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sbx/host.hpp>
#include <sbx/plan.hpp>
#include <sbx/policy.hpp>
#include <sbx/run.hpp>

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <thread>

namespace integration {
namespace {

// Takes and gives back what has a lock in libc: memory of many sizes, streams, the time zone.
void churn(const std::atomic<bool>& over) {
    std::vector<std::unique_ptr<char[]>> held(64);
    for (std::size_t i = 0; !over; ++i) {
        constexpr std::size_t biggest = 200000;  // beyond M_MMAP_THRESHOLD, too
        held[i % held.size()] = std::make_unique<char[]>(1 + i * 7919 % biggest);
        if (i % 16 != 0) continue;
        if (std::FILE* file = std::fopen("/dev/null", "we")) {
            std::fputs("x", file);
            std::fclose(file);
        }
        const std::time_t now = 0;
        std::tm local{};
        ::localtime_r(&now, &local);
    }
}

// The payload at /payload, as the command of a sandbox of the library's defaults.
sbx::Spec spec_of(std::vector<std::string> sentence) {
    sbx::Spec spec;
    spec.entries.emplace_back(sbx::entry::Bind{payload_path(), "/payload", sbx::Access::read_only});
    spec.command = std::move(sentence);
    spec.command.insert(spec.command.begin(), "/payload");
    return spec;
}

sbx::Outcome run_spec(const sbx::Spec& spec) {
    const auto host = sbx::probe_host(spec);
    if (!host) return {.error = host.error()};
    const auto plan = sbx::make_plan(spec, *host);
    if (!plan) return {.error = plan.error()};
    return sbx::run(*plan);
}

// How it went in one word; "7" for an exit status.
std::string word(const sbx::Outcome& outcome) {
    return outcome.end == sbx::Outcome::End::exited ? std::to_string(outcome.code)
                                                    : outcome.error.message + " (no exit)";
}

// One of several kinds, so that all that makes a process or takes a lock is met: policies that are
// compiled now, data from a descriptor, guards with their watcher, no pid namespace, no init.
std::string run_one(std::size_t kind, int status) {
    sbx::Spec spec = spec_of({"exit", std::to_string(status)});
    Descriptor data;
    switch (kind % 6) {
        case 0: {
            const std::array<sbx::PolicyEdit, 1> edits = {
                sbx::PolicyEdit{sbx::PolicyEdit::Answer::deny, "mkdir"}};
            auto filter = sbx::builtin_policy("default", {}, edits);
            if (!filter) return filter.error().message;
            spec.filters.push_back(std::move(*filter));
            break;
        }
        case 1:
            data = file_with("x");
            spec.entries.emplace_back(sbx::entry::BindData{data.get(), "/data"});
            break;
        case 2:
            spec.entries.emplace_back(
                sbx::entry::Guard{sbx::entry::Guard::Kind::mask, "/missing/file"});
            break;
        case 3: spec.unshare.remove(sbx::Namespace::pid); break;
        case 4:
            spec.as_pid_1 = true;
            spec.signals = sbx::Signals::ignore;
            break;
        default: break;
    }
    return word(run_spec(spec));
}

std::vector<std::string> open_descriptors() {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        out.push_back(entry.path().filename());
    }
    std::sort(out.begin(), out.end());
    return out;
}

sigset_t own_mask() {
    sigset_t mask{};
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return mask;
}

bool same_mask(const sigset_t& a, const sigset_t& b) {
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        if (sigismember(&a, signal) != sigismember(&b, signal)) return false;
    }
    return true;
}

// Says what was not as it should be.
std::string side_by_side() {
    constexpr std::size_t threads = 4;
    constexpr std::size_t rounds = 30;
    // One heap, and one lock, for all: by themselves threads have one each, as far as they can.
    ::mallopt(M_ARENA_MAX, 1);
    const std::vector<std::string> before = open_descriptors();
    std::atomic<bool> over = false;
    std::vector<std::thread> others;
    for (int i = 0; i < 2; ++i) others.emplace_back([&over] { churn(over); });
    std::array<std::string, threads> wrong;
    std::vector<std::thread> runners;
    for (std::size_t thread = 0; thread < threads; ++thread) {
        runners.emplace_back([&said = wrong[thread], thread] {
            sigset_t mine{};
            sigaddset(&mine, SIGRTMIN + static_cast<int>(thread));  // a mask that others have not
            ::pthread_sigmask(SIG_BLOCK, &mine, nullptr);
            mine = own_mask();
            for (std::size_t round = 0; round < rounds; ++round) {
                const int status = static_cast<int>(thread * rounds + round);
                const std::string got = run_one(thread + round, status);
                if (got != std::to_string(status)) said += got + "\n";
                if (!same_mask(mine, own_mask())) said += "another signal mask\n";
            }
        });
    }
    for (std::thread& runner : runners) runner.join();
    over = true;
    for (std::thread& other : others) other.join();
    std::string out;
    for (const std::string& said : wrong) out += said;
    if (open_descriptors() != before) out += "other descriptors than before\n";
    if (::waitpid(-1, nullptr, WNOHANG | __WALL) != -1 || errno != ECHILD) out += "a child left\n";
    return out + "done";
}

// in_child() kills what hangs.

TEST_CASE("sandboxes run side by side while other threads allocate", "[threads]") {
    CHECK(in_child(side_by_side) == "done");
}

TEST_CASE("a sandbox that waits keeps no other one from its end", "[threads]") {
    // What one thread's init holds of another's pipes until it has closed them must not matter.
    const auto work = [] {
        std::string out;
        for (int round = 0; round < 60; ++round) {
            Pipe block = make_pipe();
            sbx::Spec waiting = spec_of({"exit", "3"});
            waiting.block_fd = block.read.get();
            std::string waited;
            std::thread other([&] { waited = word(run_spec(waiting)); });
            const std::string got = word(run_spec(spec_of({"exit", "4"})));
            // A byte: its end would not come, since the command has a copy of this end until exec.
            if (::write(block.write.get(), "", 1) != 1) out += "no byte\n";
            other.join();
            if (got != "4" || waited != "3") out += got + ", " + waited + "\n";
        }
        return out + "done";
    };
    CHECK(in_child(work) == "done");
}

}  // namespace
}  // namespace integration
