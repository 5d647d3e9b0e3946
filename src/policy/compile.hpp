// SPDX-License-Identifier: Apache-2.0
// A policy made of one text or more, compiled. It must not know which ones are built in.
#pragma once

#include <sbx/policy.hpp>

namespace sbx {

/// As compile_policy(), from the rules of all `texts`. The first one says what is answered to calls
/// that no rule names; the others only add rules.
Result<SeccompFilter> compile_policies(std::span<const std::string_view> texts,
                                       std::string_view name,
                                       std::span<const std::string> capabilities,
                                       std::span<const PolicyEdit> edits);

}  // namespace sbx
