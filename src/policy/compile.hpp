// SPDX-License-Identifier: Apache-2.0
// A table of rules, compiled. It must not know where the table came from, and must not reach the
// code that reads JSON.
#pragma once

#include "policy/rules.hpp"

#include <sbx/policy.hpp>

namespace sbx {

/// What is wrong with the policy `name`.
Error policy_error(std::string_view name, std::string_view why);

/// As compile_policy(), from rules that were read before.
Result<SeccompFilter> compile_table(const PolicyTable& table, std::string_view name,
                                    std::span<const std::string> capabilities,
                                    std::span<const PolicyEdit> edits);

}  // namespace sbx
