// SPDX-License-Identifier: Apache-2.0
// OCI seccomp JSON read into values. Everything in the text is checked, also the rules that do
// not apply here; what the rules amount to is decided in policy_bpf.hpp, not here.
#pragma once

#include <sbx/host.hpp>
#include <sbx/result.hpp>

#include <seccomp.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sbx {

/// One entry of "syscalls": an action for calls whose arguments pass all tests.
struct PolicyRule {
    std::vector<int> calls;  ///< numbers on this architecture; below -1 those it does not have
    std::uint32_t action = SCMP_ACT_KILL_PROCESS;
    std::vector<scmp_arg_cmp> tests;
};

/// The rules that apply under the conditions given, in the order of the text.
struct PolicyRules {
    std::uint32_t default_action = SCMP_ACT_KILL_PROCESS;
    std::vector<PolicyRule> rules;
    /// Each has a test. These answer before all of `rules`, and of several the last one does.
    std::vector<PolicyRule> edits;
};

/// What includes and excludes are compared with.
struct PolicyConditions {
    std::span<const std::string> capabilities;  ///< "CAP_SYS_ADMIN", ...
    std::uint32_t architecture = 0;             ///< libseccomp's token
    KernelVersion kernel;
};

/// The error names the rule by its place, from 1. May throw what Boost.PropertyTree throws.
Result<PolicyRules> read_policy(std::string_view json, const PolicyConditions& conditions);

/// The same for a text that only has rules, to be added to those of a policy.
Result<std::vector<PolicyRule>> read_more_rules(std::string_view json,
                                                const PolicyConditions& conditions);

}  // namespace sbx
