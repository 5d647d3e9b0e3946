// SPDX-License-Identifier: Apache-2.0
#include "sys/policy_arguments.hpp"

#include <linux/seccomp.h>

#include <bit>
#include <cstddef>

namespace sbx {
namespace {

/// Stands for "to the end of the rule" until the rule's length is known. A rule is far shorter: it
/// has six tests at most, one for each argument, and a test has six instructions at most.
constexpr std::uint8_t no_match = 0xff;

enum class Half : std::uint32_t { high, low };

sock_filter load(unsigned argument, Half half) {
    const bool second = (half == Half::high) == (std::endian::native == std::endian::little);
    const std::size_t offset = offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t) +
                               (second ? sizeof(std::uint32_t) : 0);
    return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}

/// `comparison` is BPF_JEQ, BPF_JGT or BPF_JGE.
sock_filter jump(std::uint16_t comparison, std::uint32_t value, std::uint8_t if_so,
                 std::uint8_t if_not) {
    return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | comparison), if_so, if_not, value};
}

std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32U); }
std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

/// BPF compares 32 bits: first the high half, and where that decides nothing the low one. A jump
/// of 2 or 3 goes to the end of the test: it is passed.
std::vector<sock_filter> comparison_code(const scmp_arg_cmp& test) {
    const std::uint64_t value = test.datum_a;
    const auto load_high = load(test.arg, Half::high);
    const auto load_low = load(test.arg, Half::low);
    switch (test.op) {
        case SCMP_CMP_EQ:
            return {load_high, jump(BPF_JEQ, high(value), 0, no_match),  //
                    load_low, jump(BPF_JEQ, low(value), 0, no_match)};
        case SCMP_CMP_NE:
            return {load_high, jump(BPF_JEQ, high(value), 0, 2),  //
                    load_low, jump(BPF_JEQ, low(value), no_match, 0)};
        case SCMP_CMP_GT:
        case SCMP_CMP_GE:
            return {load_high, jump(BPF_JGT, high(value), 3, 0),
                    jump(BPF_JEQ, high(value), 0, no_match), load_low,
                    jump(test.op == SCMP_CMP_GT ? BPF_JGT : BPF_JGE, low(value), 0, no_match)};
        case SCMP_CMP_LT:
        case SCMP_CMP_LE:
            return {load_high, jump(BPF_JGT, high(value), no_match, 0),
                    jump(BPF_JEQ, high(value), 0, 2), load_low,
                    jump(test.op == SCMP_CMP_LT ? BPF_JGE : BPF_JGT, low(value), no_match, 0)};
        default: return {jump(BPF_JEQ, 0, no_match, no_match)};
    }
}

std::vector<sock_filter> masked_code(const scmp_arg_cmp& test) {
    std::vector<sock_filter> code;
    const auto compare = [&](Half half, std::uint32_t mask, std::uint32_t value) {
        if (mask == 0) return;
        code.push_back(load(test.arg, half));
        if (mask != UINT32_MAX) code.push_back({BPF_ALU | BPF_AND | BPF_K, 0, 0, mask});
        code.push_back(jump(BPF_JEQ, value, 0, no_match));
    };
    compare(Half::high, high(test.datum_a), high(test.datum_b));
    compare(Half::low, low(test.datum_a), low(test.datum_b));
    return code;
}

std::vector<sock_filter> rule_code(const ArgumentRule& rule) {
    std::vector<sock_filter> code;
    for (const auto& test : rule.tests) {
        const auto more = test.op == SCMP_CMP_MASKED_EQ ? masked_code(test) : comparison_code(test);
        code.insert(code.end(), more.begin(), more.end());
    }
    code.push_back({BPF_RET | BPF_K, 0, 0, rule.action});
    for (std::size_t i = 0; i < code.size(); ++i) {
        const auto rest = static_cast<std::uint8_t>(code.size() - i - 1);
        if (code[i].jt == no_match) code[i].jt = rest;
        if (code[i].jf == no_match) code[i].jf = rest;
    }
    return code;
}

}  // namespace

std::vector<sock_filter> argument_code(const std::vector<ArgumentRule>& rules,
                                       std::uint32_t otherwise) {
    std::vector<sock_filter> code;
    for (const auto& rule : rules) {
        const auto more = rule_code(rule);
        code.insert(code.end(), more.begin(), more.end());
        if (rule.tests.empty()) return code;
    }
    code.push_back({BPF_RET | BPF_K, 0, 0, otherwise});
    return code;
}

}  // namespace sbx
