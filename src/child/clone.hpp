// SPDX-License-Identifier: Apache-2.0
// Making init, and in init the command's process.
#pragma once

#include <sbx/plan.hpp>

#include "child/calls.hpp"
#include "child/input.hpp"

#include <sys/types.h>

#include <cstdint>

namespace sbx::sys {

/// How making init went.
struct Started {
    enum class Failed {
        nothing,
        prepare,
        clone,
        join_user_namespace,
        join_pid_namespace
    } failed_at = Failed::nothing;
    int error = 0;   ///< errno of what failed
    pid_t pid = -1;  ///< of the child, a child of the caller; -1: it is not known
    int pidfd = -1;
    pid_t helper = 0;  ///< from a helper: another one, a child of the caller, goes on
};

/// Makes init; comes back in the parent only. With CLONE_PARENT in `more_flags` it becomes a child
/// of the calling process's parent. `out.pidfd` is set by the kernel, before init does anything.
void clone_child(const Plan& plan, ChildInput& input, std::uint64_t more_flags, Started& out);

/// The body of a helper: enters the namespaces of the plan, makes init as its sibling, and says in
/// `answer`, which it shares with the supervisor, how that went.
[[noreturn]] void helper_main(const Plan& plan, ChildInput& input, Started& answer);

/// Begins to make the command's process, in a session of its own where the plan says so. It goes on
/// when a byte is written to `go`; one that is made `early`, after begin_early_command().
Failure make_command(const ChildInput& input, bool early, int& go);

/// At the end of set-up: it seals itself. If it cannot, it is gone, and may be made as others are.
Failure begin_early_command(ChildInput& input, int& command);

/// The second half, for which init need not wait at once: gives the process.
Failure await_command(ChildInput& input, int& command);

/// In a command's process that was made before set-up: waits for its end.
void await_setup(const ChildInput& input, int hold);

}  // namespace sbx::sys
