// SPDX-License-Identifier: Apache-2.0
// The rules of a policy as values: a table of all of them, each with its condition, and the list of
// those that apply to one command. A table of a built-in policy is static data. Nothing here knows
// JSON or makes a system call.
#pragma once

#include <sbx/host.hpp>

#include <seccomp.h>

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace sbx {

/// The command and the kernel to which a rule applies.
struct RuleCondition {
    std::uint64_t kept = 0;     ///< capabilities, one bit each: the command keeps all of them
    std::uint64_t dropped = 0;  ///< the command keeps none of these
    KernelVersion since = {};   ///< the kernel is this version or a later one
    KernelVersion before = {std::numeric_limits<unsigned>::max(),
                            std::numeric_limits<unsigned>::max()};  ///< the kernel is older
};

/// One entry of "syscalls". Its calls and tests follow those of the row before in the table.
struct RuleRow {
    std::uint32_t action = SCMP_ACT_KILL_PROCESS;
    std::uint32_t calls = 0;  ///< how many
    std::uint32_t tests = 0;  ///< how many
    RuleCondition condition;
};

/// All rules of a policy for one architecture, in the order of the text.
struct PolicyTable {
    std::uint32_t default_action = SCMP_ACT_KILL_PROCESS;
    std::span<const RuleRow> rules;
    /// Numbers on this architecture. libseccomp numbers the calls of other architectures below -1.
    std::span<const int> calls;
    std::span<const scmp_arg_cmp> tests;
};

/// The command that a policy is compiled for, and the kernel that will run it.
struct PolicyTarget {
    std::uint64_t capabilities = 0;  ///< one bit for each that the command keeps
    KernelVersion kernel;
};

/// An action for calls whose arguments pass all tests.
struct PolicyRule {
    std::vector<int> calls;
    std::uint32_t action = SCMP_ACT_KILL_PROCESS;
    std::vector<scmp_arg_cmp> tests;
};

/// The rules that apply to one target, in the order of the text.
struct PolicyRules {
    std::uint32_t default_action = SCMP_ACT_KILL_PROCESS;
    std::vector<PolicyRule> rules;
    /// Each has a test. These answer before all of `rules`, and of several the last one does.
    std::vector<PolicyRule> edits;
};

PolicyRules rules_for(const PolicyTarget& target, const PolicyTable& table);

}  // namespace sbx
