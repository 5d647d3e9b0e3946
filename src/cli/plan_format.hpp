// SPDX-License-Identifier: Apache-2.0
// The forms that --dry-run prints a plan in. The table is all that the completions need of them.
#pragma once

#include <sbx/plan.hpp>

#include <array>
#include <string>
#include <string_view>

namespace sbx::cli {

enum class PlanFormat { text, json, bwrap, tree };

/// In the order of the enumeration.
inline constexpr std::array<std::string_view, 4> plan_formats = {"text", "json", "bwrap", "tree"};

/// The format of that name; the error names all of them, and the one that was meant if it is near.
Result<PlanFormat> parse_plan_format(const std::string& name);

/// `plan`, which `spec` comes to on `host`, in that form.
Result<std::string> describe_as(PlanFormat format, const Spec& spec, const Host& host,
                                const Plan& plan);

}  // namespace sbx::cli
