// SPDX-License-Identifier: Apache-2.0
// BPF that looks at the arguments of one system call. It must not decide which rule wins: rules
// are tried in the order given, and the first that matches answers.
#pragma once

#include <linux/filter.h>
#include <seccomp.h>

#include <cstdint>
#include <span>
#include <vector>

namespace sbx {

/// `action` for a call whose arguments pass all tests; without tests, for every call.
struct ArgumentRule {
    std::uint32_t action = SCMP_ACT_KILL_PROCESS;
    std::span<const scmp_arg_cmp> tests;
};

/// The code ends in a return on every way: `otherwise` when no rule matches.
std::vector<sock_filter> argument_code(std::span<const ArgumentRule> rules,
                                       std::uint32_t otherwise);

}  // namespace sbx
