// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_format.hpp"

#include "cli/nearest.hpp"

#include <sbx/text.hpp>

#include <algorithm>

namespace sbx::cli {

Result<PlanFormat> parse_plan_format(const std::string& name) {
    const auto* const found = std::find(plan_formats.begin(), plan_formats.end(), name);
    if (found != plan_formats.end()) return static_cast<PlanFormat>(found - plan_formats.begin());
    std::string text = "--dry-run takes ";
    for (const std::string_view format : plan_formats) {
        if (format == plan_formats.back()) text += " or ";
        if (format != plan_formats.front() && format != plan_formats.back()) text += ", ";
        text += format;
    }
    text += ", and not " + quote(name);
    const std::string_view close = nearest(name, plan_formats);
    if (!close.empty()) text += "; did you mean " + std::string(close) + "?";
    return Error{text};
}

Result<std::string> describe_as(PlanFormat format, const Spec& spec, const Host& host,
                                const Plan& plan) {
    switch (format) {
        case PlanFormat::text: return describe(plan);
        case PlanFormat::json: return describe_json(plan);
        case PlanFormat::bwrap: return describe_bwrap(spec, host);
        case PlanFormat::tree: return describe_tree(plan);
    }
    return Error{"a format is in the table and does nothing"};
}

}  // namespace sbx::cli
