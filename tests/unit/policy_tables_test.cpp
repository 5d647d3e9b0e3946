// SPDX-License-Identifier: Apache-2.0
// Tables of rules: those of the built-in policies, and the rules that a table has for one command.
#include "policy/builtin_policies.hpp"
#include "policy/compile.hpp"
#include "policy/json.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <array>

using sbx::PolicyTable;
using sbx::PolicyTarget;
using sbx::RuleRow;
using sbx::rules_for;
using sbx::test::error_of;

namespace {

constexpr sbx::KernelVersion linux_6_1 = {6, 1};
constexpr std::uint64_t chown_bit = 1;
constexpr std::uint64_t kill_bit = 1U << 5U;

/// How many rules are left of one with this condition: 0 or 1.
std::size_t rules_left(const sbx::RuleCondition& condition, const PolicyTarget& target) {
    const std::array<RuleRow, 1> rules = {{{SCMP_ACT_ALLOW, 1, 0, condition}}};
    const std::array<int, 1> calls = {1};
    return rules_for(target, {SCMP_ACT_LOG, rules, calls, {}}).rules.size();
}

/// The calls of all rules for x86-64 in `json`, by their numbers on this machine.
std::vector<int> calls_of(std::initializer_list<std::string_view> json) {
    const auto text = sbx::read_policy(std::vector<std::string_view>(json), SCMP_ARCH_X86_64);
    INFO(error_of(text));
    REQUIRE(text);
    return text->calls;
}

}  // namespace

TEST_CASE("the table of a built-in policy gives the program that was compiled with it") {
    for (const auto& policy : sbx::builtin_policies()) {
        INFO(policy.name);
        const auto filter = sbx::compile_table(policy.table, policy.name, {}, {});
        INFO(error_of(filter));
        REQUIRE(filter);
        CHECK(filter->program ==
              std::vector<std::uint64_t>(policy.program.begin(), policy.program.end()));
    }
}

TEST_CASE("each rule has its own calls and tests") {
    const std::array<RuleRow, 4> rules = {{
        {SCMP_ACT_ALLOW, 2, 1, {}},
        {SCMP_ACT_TRAP, 1, 1, {.kept = chown_bit}},
        {SCMP_ACT_LOG, 1, 0, {}},
        {SCMP_ACT_ALLOW, 1, 1, {}},
    }};
    const std::array<int, 5> calls = {10, 11, 20, 30, 40};
    const std::array<scmp_arg_cmp, 3> tests = {
        {{0, SCMP_CMP_EQ, 1, 0}, {1, SCMP_CMP_EQ, 2, 0}, {2, SCMP_CMP_EQ, 3, 0}}};
    const auto policy = rules_for({0, linux_6_1}, {SCMP_ACT_TRAP, rules, calls, tests});
    CHECK(policy.default_action == SCMP_ACT_TRAP);
    CHECK(policy.edits.empty());
    REQUIRE(policy.rules.size() == 3);
    CHECK(policy.rules[0].calls == std::vector<int>{10, 11});
    REQUIRE(policy.rules[0].tests.size() == 1);
    CHECK(policy.rules[0].tests[0].datum_a == 1);
    CHECK(policy.rules[1].action == SCMP_ACT_LOG);
    CHECK(policy.rules[1].calls == std::vector<int>{30});
    CHECK(policy.rules[1].tests.empty());
    CHECK(policy.rules[2].calls == std::vector<int>{40});
    REQUIRE(policy.rules[2].tests.size() == 1);
    CHECK(policy.rules[2].tests[0].datum_a == 3);
}

TEST_CASE("a rule applies by capabilities and the kernel's version") {
    CHECK(rules_left({}, {0, linux_6_1}) == 1);
    CHECK(rules_left({}, {~0ULL, {99, 0}}) == 1);

    const sbx::RuleCondition both = {.kept = chown_bit | kill_bit};
    CHECK(rules_left(both, {0, linux_6_1}) == 0);
    CHECK(rules_left(both, {kill_bit, linux_6_1}) == 0);
    CHECK(rules_left(both, {kill_bit | chown_bit | 2, linux_6_1}) == 1);
    const sbx::RuleCondition neither = {.dropped = chown_bit | kill_bit};
    CHECK(rules_left(neither, {0, linux_6_1}) == 1);
    CHECK(rules_left(neither, {2, linux_6_1}) == 1);
    CHECK(rules_left(neither, {kill_bit, linux_6_1}) == 0);

    const sbx::RuleCondition between = {.since = linux_6_1, .before = {6, 10}};
    CHECK(rules_left(between, {0, {6, 0}}) == 0);
    CHECK(rules_left(between, {0, {6, 1}}) == 1);
    CHECK(rules_left(between, {0, {6, 9}}) == 1);
    CHECK(rules_left(between, {0, {6, 10}}) == 0);
    CHECK(rules_left(between, {0, {7, 0}}) == 0);
}

TEST_CASE("a table has the rules for its architecture, of all texts") {
    const int read = seccomp_syscall_resolve_name("read");
    const int write = seccomp_syscall_resolve_name("write");
    constexpr std::string_view first = R"({"defaultAction": "SCMP_ACT_LOG", "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64"]}},
        {"names": ["write"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm", "amd64"]}},
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["amd64"]}},
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["s390"]}}]})";
    constexpr std::string_view more =
        R"({"syscalls": [{"names": ["write", "read"], "action": "SCMP_ACT_TRAP"}]})";
    CHECK(calls_of({first}) == std::vector<int>{write, read});
    CHECK(calls_of({first, more}) == std::vector<int>{write, read, write, read});

    const std::array<std::string_view, 2> wrong = {first, first};
    CHECK(error_of(sbx::read_policy(wrong, SCMP_ARCH_X86_64)) == "unknown key \"defaultAction\"");
}
