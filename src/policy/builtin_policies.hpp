// SPDX-License-Identifier: Apache-2.0
// The policies that were read and compiled when sbx was built, so that no start reads JSON for
// them. The tables are in a generated source file (compiler.cpp writes it); nothing here may call
// libseccomp.
#pragma once

#include "policy/rules.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace sbx {

struct BuiltinPolicy {
    std::string_view name;
    PolicyTable table;                       ///< all its rules
    std::span<const std::uint64_t> program;  ///< for a command without capabilities
};

/// Among them, not to be asked for by name: what else holds for a caller that is root.
inline constexpr std::string_view set_id_files_name = "set-id-files";

/// Sorted by name.
std::span<const BuiltinPolicy> builtin_policies();

}  // namespace sbx
