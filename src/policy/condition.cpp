// SPDX-License-Identifier: Apache-2.0
#include "policy/condition.hpp"

#include "base/text.hpp"
#include "policy/names.hpp"

#include <algorithm>

namespace sbx {
namespace {

struct Condition {
    std::uint64_t capabilities = 0;  // one bit each
    std::vector<Architecture> architectures;
    std::optional<KernelVersion> kernel;
};

Result<Condition> read_part(const Tree* node) {
    Condition condition;
    if (is_null(node)) return condition;
    if (auto known = check_keys(*node, {"caps", "arches", "minKernel"}); !known) {
        return known.error();
    }
    const auto capabilities = read_texts(member(*node, "caps"), "caps");
    if (!capabilities) return capabilities.error();
    const auto bits = capability_bits(*capabilities);
    if (!bits) return bits.error();
    condition.capabilities = *bits;

    const auto architectures = read_texts(member(*node, "arches"), "arches");
    if (!architectures) return architectures.error();
    for (const auto& name : *architectures) {
        const auto architecture = architecture_by_short_name(name);
        if (!architecture) return Error{"unknown architecture " + quote(name)};
        condition.architectures.push_back(*architecture);
    }
    if (const Tree* kernel = member(*node, "minKernel")) {
        condition.kernel = kernel_version(kernel->text, VersionRest::refuse);
        if (!condition.kernel) {
            return Error{"the value of \"minKernel\" is " + quote(kernel->text) +
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

Result<std::optional<RuleCondition>> read_condition(const Tree& rule, Architecture architecture) {
    const auto includes = read_part(member(rule, "includes"));
    if (!includes) return includes.error();
    const auto excludes = read_part(member(rule, "excludes"));
    if (!excludes) return excludes.error();

    const bool here =
        includes->architectures.empty() || contains(includes->architectures, architecture);
    if (!here || contains(excludes->architectures, architecture)) {
        return std::optional<RuleCondition>();
    }
    RuleCondition out;
    out.kept = includes->capabilities;
    out.dropped = excludes->capabilities;
    if (includes->kernel) out.since = *includes->kernel;
    if (excludes->kernel) out.before = *excludes->kernel;
    return std::optional(out);
}

}  // namespace sbx
