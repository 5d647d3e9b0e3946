// SPDX-License-Identifier: Apache-2.0
// Init once the command exists: pid 1 of the sandbox.
#pragma once

#include "child/calls.hpp"
#include "child/input.hpp"

#include <ctime>

namespace sbx::sys {

/// Init's life: lets the command go by `go`, tells the supervisor of it, reaps, passes signals on.
[[noreturn]] void init_main(ChildInput& input, int go, int command, bool own_group, int children);

/// The same by a program of its own, which has no part of this memory: comes back only to fail.
Failure execute_init(const ChildInput& input, int go, int command, bool own_group);

/// Unmaps the pages of sbx's executable that cannot be written: they are most of the memory of a
/// process that waits, and what it still uses comes back from the page cache.
void forget_code(const ChildInput& input);

/// How long a command has run when its supervisor and init forget their code. What is used again is
/// a page fault each, which a command that ends at once should not pay for.
inline constexpr timespec settling_time = {0, 50'000'000};

}  // namespace sbx::sys
