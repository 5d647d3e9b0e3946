// SPDX-License-Identifier: Apache-2.0
// Many small policies made by chance, each compiled and compared with a plain reading of its rules.
// The words are those at which comparisons of 64 bits in halves of 32 go wrong.
#include "policy_questions.hpp"

#include <sbx/policy.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace {

using sbx::test::answer;
using sbx::test::Arguments;

struct Test {
    std::size_t index;
    std::size_t op;
    std::uint64_t value;
    std::uint64_t second;
};

struct Rule {
    std::size_t action;
    std::vector<Test> tests;
};

struct Action {
    const char* json;
    std::uint32_t answer;
};

/// From the strictest to the most lenient; the two errnos are as strict as each other.
constexpr std::array<Action, 6> actions{{
    {R"("SCMP_ACT_KILL_PROCESS")", SECCOMP_RET_KILL_PROCESS},
    {R"("SCMP_ACT_TRAP")", SECCOMP_RET_TRAP},
    {R"("SCMP_ACT_ERRNO", "errnoRet": 1)", sbx::test::error(1)},
    {R"("SCMP_ACT_ERRNO", "errnoRet": 2)", sbx::test::error(2)},
    {R"("SCMP_ACT_LOG")", SECCOMP_RET_LOG},
    {R"("SCMP_ACT_ALLOW")", SECCOMP_RET_ALLOW},
}};
constexpr std::array<std::size_t, 6> strictness = {0, 1, 2, 2, 3, 4};

constexpr std::array<const char*, 7> ops = {"EQ", "NE", "LT", "LE", "GE", "GT", "MASKED_EQ"};

constexpr std::array<std::uint64_t, 12> words = {0,           1,           2,           3,
                                                 0x80000000,  0xffffffff,  0x100000000, 0x100000001,
                                                 0x100000002, 0x200000001, ~0ULL - 1,   ~0ULL};

bool passes(const Test& test, std::uint64_t argument) {
    switch (test.op) {
        case 0: return argument == test.value;
        case 1: return argument != test.value;
        case 2: return argument < test.value;
        case 3: return argument <= test.value;
        case 4: return argument >= test.value;
        case 5: return argument > test.value;
        default: return (argument & test.value) == test.second;
    }
}

std::uint32_t plain_reading(const std::vector<Rule>& rules, const Arguments& arguments,
                            std::uint32_t otherwise) {
    std::optional<std::size_t> best;
    for (const Rule& rule : rules) {
        bool matches = true;
        for (const Test& test : rule.tests) {
            matches = matches && passes(test, arguments.at(test.index));
        }
        if (matches && (!best || strictness.at(rule.action) < strictness.at(*best))) {
            best = rule.action;
        }
    }
    return best ? actions.at(*best).answer : otherwise;
}

std::string json(const std::vector<Rule>& rules, const char* default_action) {
    std::string text = R"({"defaultAction": )" + std::string(default_action) + R"(, "syscalls": [)";
    std::string comma;
    for (const Rule& rule : rules) {
        text += comma + R"({"names": ["read"], "action": )" + actions.at(rule.action).json +
                R"(, "args": [)";
        comma.clear();
        for (const Test& test : rule.tests) {
            text += comma + R"({"index": )" + std::to_string(test.index) + R"(, "value": )" +
                    std::to_string(test.value) + R"(, "valueTwo": )" + std::to_string(test.second) +
                    R"(, "op": "SCMP_CMP_)" + ops.at(test.op) + "\"}";
            comma = ",";
        }
        text += "]}";
        comma = ",";
    }
    return text + "]}";
}

/// Numbers by chance, the same in each run.
class Chance {
public:
    std::size_t below(std::size_t limit) { return random_() % limit; }
    std::uint64_t word() { return words.at(below(words.size())); }

    Rule rule() {
        Rule rule{below(actions.size()), {}};
        if (below(6) == 0) return rule;
        for (std::size_t index = 0; index < 3; ++index) {
            if (below(2) == 0) continue;
            Test test{index, below(ops.size()), word(), 0};
            if (test.op == ops.size() - 1) test.second = test.value & word();
            rule.tests.push_back(test);
        }
        return rule;
    }

private:
    std::mt19937_64 random_{2};
};

}  // namespace

TEST_CASE("policies made by chance mean what a plain reading says") {
    Chance chance;
    for (int i = 0; i < 400; ++i) {
        std::vector<Rule> rules(1 + chance.below(5));
        for (Rule& rule : rules) rule = chance.rule();
        const bool allows = chance.below(3) == 0;
        const auto text = json(rules, allows ? R"("SCMP_ACT_ALLOW")" : R"("SCMP_ACT_LOG")");
        const auto filter = sbx::compile_policy(text, "chance");
        INFO(text);
        INFO((filter ? "" : filter.error().message));
        REQUIRE(filter);
        for (int call = 0; call < 100; ++call) {
            const Arguments arguments = {chance.word(), chance.word(), chance.word()};
            INFO(std::hex << arguments[0] << " " << arguments[1] << " " << arguments[2]);
            REQUIRE(answer(*filter, "read", arguments) ==
                    plain_reading(rules, arguments, allows ? SECCOMP_RET_ALLOW : SECCOMP_RET_LOG));
        }
    }
}
