// SPDX-License-Identifier: Apache-2.0
// run(): carries a Plan out and waits for its end. It neither prints nor exits.
#pragma once

#include <sbx/plan.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sbx {

/// What all processes of the sandbox took together, as far as they were waited for (getrusage(2)).
struct Usage {
    std::chrono::microseconds user{};
    std::chrono::microseconds system{};
    std::uint64_t max_rss = 0;  ///< bytes that the largest one of them had in memory at once
};

/// How it ended.
struct Outcome {
    enum class End {
        exited,          ///< the command ended by itself; `code` is its exit status
        signalled,       ///< the command died of signal number `code`
        refused,         ///< the sandbox could not be built; `error` says why
        not_executable,  ///< the command is there but cannot be executed; `error`
        not_found,       ///< the command is not there; `error`
    } end = End::refused;
    int code = 0;
    Error error = {};
    /// The step of the plan that failed, counted from 0 through setup and seal, and its errno.
    std::optional<std::size_t> step = std::nullopt;
    int error_number = 0;
    std::chrono::microseconds wall{};           ///< from the beginning of run() to its end
    std::optional<Usage> usage = std::nullopt;  ///< none when nothing was started, or goes on
};

/// One JSON object (a line feed at its end) that says how it went: what was run, how it ended,
/// which step failed and why, what it took, and what protected the machine. Without a plan
/// `command` is what was to be run. `exit_status` is that of the program which writes it.
std::string describe_result(const Outcome& outcome, const Plan* plan,
                            const std::vector<std::string>& command, int exit_status);

/// Runs `plan` and waits. Safe in a program with other threads: between clone and exec nothing is
/// allocated, and nothing of the program's is locked.
///
/// Meanwhile the calling thread blocks the signals that are passed on (with Signals::forward), and
/// gets its own mask back at the end; other threads must block them too if they are to be passed
/// on. A SIGCHLD that the program ignores has its default action meanwhile. When the command is
/// stopped as a job of a terminal, the whole program stops with it, as a shell expects. The program
/// must not reap children that it does not know (waitpid(-1)): the outcome would be lost.
Outcome run(const Plan& plan);

}  // namespace sbx
