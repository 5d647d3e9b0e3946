// SPDX-License-Identifier: Apache-2.0
// The policies that were compiled when sbx was built. The table is in a generated source file
// (policy_compiler.cpp writes it); nothing here may call libseccomp.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sbx {

struct BuiltinPolicy {
    std::string_view name;
    std::span<const std::string_view> json;  ///< the texts it was compiled from: all their rules
    std::span<const std::uint64_t> program;  ///< for a command without capabilities
};

/// Sorted by name.
std::span<const BuiltinPolicy> builtin_policies();

}  // namespace sbx
