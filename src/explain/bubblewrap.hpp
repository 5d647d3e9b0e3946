// SPDX-License-Identifier: Apache-2.0
// Failures in the words that bubblewrap's callers look for. What the words say is a contract; the
// cause and the remedy follow after a semicolon where the machine is at fault.
#pragma once

#include "child/clone.hpp"
#include "child/report.hpp"

#include <optional>
#include <string>

namespace sbx::sys {

/// The child could not be made.
std::string bubblewrap_start_text(const Plan& plan, const Started& started);

/// A step failed; nothing for the steps that have no words of bubblewrap's.
std::string bubblewrap_step_text(const Step& step, const Report& report,
                                 const std::optional<Excerpt>& excerpt);

/// The command could not be executed.
std::string bubblewrap_exec_text(const Plan& plan, int error);

}  // namespace sbx::sys
