// SPDX-License-Identifier: Apache-2.0
// --help, from the option table.
#pragma once

#include <sbx/result.hpp>

#include <string>

namespace sbx::cli {

/// Usage and all options, grouped, as bubblewrap's callers look for them. `program` is argv[0].
std::string bubblewrap_help(const std::string& program);

/// What --help=TOPIC prints: the options of one group, "all" of them, or, when it is empty, those
/// that most people need.
Result<std::string> help_text(const std::string& program, const std::string& topic);

}  // namespace sbx::cli
