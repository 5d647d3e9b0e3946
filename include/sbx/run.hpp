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

/// Runs `plan` and waits. The calling thread blocks all signals meanwhile and gets its own mask
/// back. Safe in a program with other threads: between clone and exec nothing is allocated.
/// One condition: SIGCHLD of the program must not be ignored (it would lose the exit status).
Outcome run(const Plan& plan);

}  // namespace sbx
