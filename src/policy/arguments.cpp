// SPDX-License-Identifier: Apache-2.0
#include "policy/arguments.hpp"

#include <linux/seccomp.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>
#include <optional>

namespace sbx {
namespace {

/// In a jump of a test: to the next rule. A rule has six tests at most, one for each argument, and
/// a test has six instructions at most.
constexpr std::uint8_t no_match = 0xff;

enum class Half : std::uint32_t { high, low };

sock_filter load(unsigned argument, Half half) {
    const bool second = (half == Half::high) == (std::endian::native == std::endian::little);
    const std::size_t offset = offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t) +
                               (second ? sizeof(std::uint32_t) : 0);
    return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}

/// `comparison` is BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET.
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
        if (value == 0 && mask != UINT32_MAX) {
            code.push_back(jump(BPF_JSET, mask, no_match, 0));
            return;
        }
        if (value == mask && std::has_single_bit(mask)) {
            code.push_back(jump(BPF_JSET, mask, 0, no_match));
            return;
        }
        if (mask != UINT32_MAX) code.push_back({BPF_ALU | BPF_AND | BPF_K, 0, 0, mask});
        code.push_back(jump(BPF_JEQ, value, 0, no_match));
    };
    compare(Half::high, high(test.datum_a), high(test.datum_b));
    compare(Half::low, low(test.datum_a), low(test.datum_b));
    return code;
}

/// The code of some rules, none of which says what to return: a match jumps to one of the returns
/// behind them, and a rule begins where the one before it ends.
class Chunk {
public:
    bool has_room() const { return code_.size() + actions_.size() <= most; }
    /// `tests`: the code of each, none of them empty; at least one.
    void add(const std::vector<std::vector<sock_filter>>& tests, std::uint32_t action);
    void append_to(std::vector<sock_filter>& out, std::optional<std::uint32_t> otherwise);

private:
    /// An instruction, and where its jumps go: a place in code_, or a match.
    struct Instruction {
        sock_filter filter;
        std::size_t if_so = 0;
        std::size_t if_not = 0;
    };

    std::size_t place_of(std::uint32_t action);
    void find_held();

    // With one more rule and its returns every jump is of 255 at most.
    static constexpr std::size_t most = 200;
    static constexpr std::size_t matched = std::numeric_limits<std::size_t>::max() / 2;

    std::vector<Instruction> code_;
    std::vector<std::uint32_t> actions_;
    std::vector<bool> superfluous_;
};

std::size_t Chunk::place_of(std::uint32_t action) {
    const auto known = std::find(actions_.begin(), actions_.end(), action);
    const auto index = static_cast<std::size_t>(known - actions_.begin());
    if (known == actions_.end()) actions_.push_back(action);
    return matched + index;
}

void Chunk::add(const std::vector<std::vector<sock_filter>>& tests, std::uint32_t action) {
    const std::size_t match = place_of(action);
    std::size_t next_rule = code_.size();
    for (const auto& test : tests) next_rule += test.size();
    for (const auto& test : tests) {
        const std::size_t end = code_.size() + test.size();
        for (const sock_filter& filter : test) {
            const std::size_t next = code_.size() + 1;
            const auto target = [&](std::uint8_t by) {
                if (by == no_match) return next_rule;
                return next + by == end && end == next_rule ? match : next + by;
            };
            const bool jumps = BPF_CLASS(filter.code) == BPF_JMP;
            code_.push_back(
                {filter, jumps ? target(filter.jt) : next, jumps ? target(filter.jf) : next});
        }
    }
}

/// Finds the loads of what the accumulator holds already, whichever way led there. All jumps go
/// forwards, so one pass finds them.
void Chunk::find_held() {
    constexpr std::uint32_t unknown = 0xffffffff;
    std::vector<std::optional<std::uint32_t>> held(code_.size() + 1);
    if (!code_.empty()) held[0] = unknown;
    superfluous_.assign(code_.size() + 1, false);
    for (std::size_t i = 0; i < code_.size(); ++i) {
        const sock_filter& filter = code_[i].filter;
        std::uint32_t now = held[i].value_or(unknown);
        if (BPF_CLASS(filter.code) == BPF_LD) {
            superfluous_[i] = now == filter.k;
            now = filter.k;
        } else if (BPF_CLASS(filter.code) == BPF_ALU) {
            now = unknown;
        }
        for (const std::size_t to : {code_[i].if_so, code_[i].if_not}) {
            if (to >= matched) continue;
            held[to] = held[to].value_or(now) == now ? now : unknown;
        }
    }
}

void Chunk::append_to(std::vector<sock_filter>& out, std::optional<std::uint32_t> otherwise) {
    find_held();
    std::vector<std::size_t> places;
    std::size_t place = 0;
    for (std::size_t i = 0; i <= code_.size(); ++i) {
        places.push_back(place);
        if (!superfluous_[i]) ++place;
    }
    // Behind the rules: what to do when none matches, then the returns.
    for (std::size_t i = 0; i < code_.size(); ++i) {
        if (superfluous_[i]) continue;
        sock_filter filter = code_[i].filter;
        const auto distance = [&](std::size_t to) {
            const std::size_t absolute = to >= matched ? place + (to - matched) : places[to];
            return static_cast<std::uint8_t>(absolute - places[i] - 1);
        };
        if (BPF_CLASS(filter.code) == BPF_JMP) {
            filter.jt = distance(code_[i].if_so);
            filter.jf = distance(code_[i].if_not);
        }
        out.push_back(filter);
    }
    if (otherwise) {
        out.push_back({BPF_RET | BPF_K, 0, 0, *otherwise});
    } else {
        out.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(actions_.size())});
    }
    for (const std::uint32_t action : actions_) out.push_back({BPF_RET | BPF_K, 0, 0, action});
}

}  // namespace

std::vector<sock_filter> argument_code(std::span<const ArgumentRule> rules,
                                       std::uint32_t otherwise) {
    std::vector<sock_filter> code;
    Chunk chunk;
    for (const auto& rule : rules) {
        std::vector<std::vector<sock_filter>> tests;
        for (const auto& test : rule.tests) {
            tests.push_back(test.op == SCMP_CMP_MASKED_EQ ? masked_code(test)
                                                          : comparison_code(test));
            if (tests.back().empty()) tests.pop_back();  // a mask of 0: every value passes
        }
        if (tests.empty()) {
            otherwise = rule.action;
            break;
        }
        if (!chunk.has_room()) {
            chunk.append_to(code, std::nullopt);
            chunk = {};
        }
        chunk.add(tests, rule.action);
    }
    chunk.append_to(code, otherwise);
    return code;
}

}  // namespace sbx
