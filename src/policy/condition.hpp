// SPDX-License-Identifier: Apache-2.0
// When a rule of a policy applies: its "includes" and "excludes". It must not look at the machine;
// what it compares with is given.
#pragma once

#include "policy/names.hpp"
#include "policy/rules.hpp"
#include "policy/tree.hpp"

#include <optional>

namespace sbx {

/// includes: all its capabilities are kept, the architecture is one of its, the kernel is at least
/// as new. excludes: one of its capabilities is kept, the architecture is one of its, or the
/// kernel is at least as new. (Docker's and Podman's rules, but for unknown words: errors here.)
/// Nothing for a rule that never applies on `architecture`.
Result<std::optional<RuleCondition>> read_condition(const Tree& rule, Architecture architecture);

}  // namespace sbx
