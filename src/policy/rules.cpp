// SPDX-License-Identifier: Apache-2.0
#include "policy/rules.hpp"

namespace sbx {
namespace {

bool applies(const RuleCondition& condition, const PolicyTarget& target) {
    return (condition.kept & ~target.capabilities) == 0 &&
           (condition.dropped & target.capabilities) == 0 && target.kernel >= condition.since &&
           target.kernel < condition.before;
}

/// The first `count` elements of `rest`, which loses them.
template <typename T>
std::span<const T> take(std::span<const T>& rest, std::size_t count) {
    const auto taken = rest.first(count);
    rest = rest.subspan(count);
    return taken;
}

}  // namespace

PolicyRules rules_for(const PolicyTarget& target, const PolicyTable& table) {
    PolicyRules out{table.default_action, {}, {}};
    out.rules.reserve(table.rules.size());
    auto other_calls = table.calls;
    auto other_tests = table.tests;
    for (const RuleRow& row : table.rules) {
        const auto calls = take(other_calls, row.calls);
        const auto tests = take(other_tests, row.tests);
        if (!applies(row.condition, target)) continue;
        out.rules.push_back(
            {{calls.begin(), calls.end()}, row.action, {tests.begin(), tests.end()}});
    }
    return out;
}

}  // namespace sbx
