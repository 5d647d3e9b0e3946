// SPDX-License-Identifier: Apache-2.0
// --help, from the option table.
#pragma once

#include <string>

namespace sbx::cli {

/// Usage and all options, grouped. `program` is argv[0].
std::string help_text(const std::string& program);

}  // namespace sbx::cli
