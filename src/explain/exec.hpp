// SPDX-License-Identifier: Apache-2.0
// Words for a command that could not be executed: what it lacks inside, and the option that would
// show it.
#pragma once

#include <sbx/run.hpp>

#include "child/report.hpp"

#include <optional>

namespace sbx::sys {

/// What the command reported of its exec: the outcome with the sentence for it. `head` is the
/// beginning of a file that is there and was refused.
Outcome explain_exec(const Plan& plan, const Report& report, const std::optional<Excerpt>& head);

/// The outcome where a filter of the plan refuses execve(2), so that nothing was executed; nothing:
/// none does, as far as can be told, or the words are bubblewrap's.
std::optional<Outcome> explain_refused_exec(const Plan& plan);

}  // namespace sbx::sys
