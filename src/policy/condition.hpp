// SPDX-License-Identifier: Apache-2.0
// When a rule of a policy applies: its "includes" and "excludes". It must not look at the machine;
// what it compares with is given.
#pragma once

#include "policy/json.hpp"
#include "policy/tree.hpp"

namespace sbx {

/// includes: all its capabilities are kept, the architecture is one of its, the kernel is at least
/// as new. excludes: one of its capabilities is kept, the architecture is one of its, or the
/// kernel is at least as new. (Docker's and Podman's rules, but for unknown words: errors here.)
Result<bool> rule_applies(const Tree& rule, const PolicyConditions& conditions);

/// Whether something may follow the version, as in what uname(2) gives ("6.1.0-18-amd64").
enum class VersionRest { refuse, allow };

/// "6.1"
std::optional<KernelVersion> kernel_version(std::string_view text, VersionRest rest);

}  // namespace sbx
