// SPDX-License-Identifier: Apache-2.0
// OCI seccomp JSON read into a table of rules. Everything in the text is checked, also the rules
// that do not apply here. What the rules amount to is decided in bpf.hpp, not here.
#pragma once

#include "policy/names.hpp"
#include "policy/rules.hpp"

#include <sbx/result.hpp>

#include <span>
#include <string_view>
#include <vector>

namespace sbx {

/// A PolicyTable that owns its rows, without the rules for other architectures.
struct PolicyText {
    std::uint32_t default_action = SCMP_ACT_KILL_PROCESS;
    std::vector<RuleRow> rules;
    std::vector<int> calls;
    std::vector<scmp_arg_cmp> tests;

    /// A view, as long as this lives.
    PolicyTable table() const { return {default_action, rules, calls, tests}; }
};

/// The rules of all `texts`. The first text is a policy, and its default action answers the calls
/// that no rule names; the others only add rules. The error names the rule by its place, from 1.
Result<PolicyText> read_policy(std::span<const std::string_view> texts, Architecture architecture);

}  // namespace sbx
