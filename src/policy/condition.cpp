// SPDX-License-Identifier: Apache-2.0
#include "policy/condition.hpp"

#include "base/text.hpp"
#include "policy/names.hpp"

#include <algorithm>
#include <charconv>

namespace sbx {
namespace {

struct Condition {
    std::vector<std::string> capabilities;
    std::vector<Architecture> architectures;
    std::optional<KernelVersion> kernel;
};

Result<Condition> read_condition(const Tree* node) {
    Condition condition;
    if (node == nullptr || (node->empty() && node->data() == "null")) return condition;
    if (auto known = check_keys(*node, {"caps", "arches", "minKernel"}); !known) {
        return known.error();
    }
    auto capabilities = read_texts(member(*node, "caps"), "caps");
    if (!capabilities) return capabilities.error();
    for (const auto& name : *capabilities) {
        if (!is_capability(name)) return Error{"unknown capability " + quote(name)};
    }
    condition.capabilities = std::move(*capabilities);

    const auto architectures = read_texts(member(*node, "arches"), "arches");
    if (!architectures) return architectures.error();
    for (const auto& name : *architectures) {
        const auto architecture = architecture_by_short_name(name);
        if (!architecture) return Error{"unknown architecture " + quote(name)};
        condition.architectures.push_back(*architecture);
    }
    if (const Tree* kernel = member(*node, "minKernel")) {
        condition.kernel = kernel_version(kernel->data(), VersionRest::refuse);
        if (!condition.kernel) {
            return Error{"the value of \"minKernel\" is " + quote(kernel->data()) +
                         ", not a version like \"5.12\""};
        }
    }
    return condition;
}

template <typename T>
bool contains(const T& range, const typename T::value_type& value) {
    return std::find(range.begin(), range.end(), value) != range.end();
}

}  // namespace

Result<bool> rule_applies(const Tree& rule, const PolicyConditions& conditions) {
    const auto includes = read_condition(member(rule, "includes"));
    if (!includes) return includes.error();
    const auto excludes = read_condition(member(rule, "excludes"));
    if (!excludes) return excludes.error();

    const auto kept = [&](const std::string& name) {
        return contains(conditions.capabilities, name);
    };
    const bool here = includes->architectures.empty() ||
                      contains(includes->architectures, conditions.architecture);
    const bool included =
        here && std::all_of(includes->capabilities.begin(), includes->capabilities.end(), kept) &&
        (!includes->kernel || conditions.kernel >= *includes->kernel);
    const bool excluded =
        contains(excludes->architectures, conditions.architecture) ||
        std::any_of(excludes->capabilities.begin(), excludes->capabilities.end(), kept) ||
        (excludes->kernel && conditions.kernel >= *excludes->kernel);
    return included && !excluded;
}

std::optional<KernelVersion> kernel_version(std::string_view text, VersionRest rest) {
    const char* end = text.data() + text.size();
    KernelVersion version;
    const auto major = std::from_chars(text.data(), end, version.major);
    if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
    const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
    if (minor.ec != std::errc()) return std::nullopt;
    if (rest == VersionRest::refuse && minor.ptr != end) return std::nullopt;
    return version;
}

}  // namespace sbx
