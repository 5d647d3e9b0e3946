// SPDX-License-Identifier: Apache-2.0
// run(): carries a Plan out and waits for its end. It neither prints nor exits.
#pragma once

#include <sbx/plan.hpp>

#include <string>

namespace sbx {

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
    Error error;
};

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
