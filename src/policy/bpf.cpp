// SPDX-License-Identifier: Apache-2.0
#include "policy/bpf.hpp"

#include "base/text.hpp"
#include "policy/arguments.hpp"
#include "system/fd.hpp"

#include <linux/seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <limits>
#include <memory>
#include <span>

namespace sbx {
namespace {

using Code = std::vector<sock_filter>;

constexpr std::uint32_t x32_bit = 0x40000000;  // of the numbers of x32's calls

/// A rule for one call.
struct CallRule {
    int call;
    std::int64_t order;  ///< the smaller comes first
    ArgumentRule rule;
};

/// The rules of one call, in the order in which they answer. At least one.
using CallRules = std::span<const CallRule>;

/// The smaller, the stricter: the kernel compares actions without their data as signed numbers.
std::int32_t leniency(std::uint32_t action) {
    return static_cast<std::int32_t>(action & SECCOMP_RET_ACTION_FULL);
}

/// By the number of the call, then edits, the last one first, then rules, strictest first.
std::vector<CallRule> sorted_rules(const PolicyRules& policy) {
    constexpr auto first = std::numeric_limits<std::int64_t>::min();
    constexpr auto last = std::numeric_limits<std::int64_t>::max();
    std::vector<CallRule> out;
    std::size_t size = 2 * policy.edits.size();
    for (const auto& rule : policy.rules) size += rule.calls.size();
    out.reserve(size);
    for (auto edit = policy.edits.rbegin(); edit != policy.edits.rend(); ++edit) {
        for (const int call : edit->calls) {
            out.push_back({call, first, {edit->action, edit->tests}});
            // A call that no rule names is answered by the default action.
            out.push_back({call, last, {policy.default_action, {}}});
        }
    }
    for (const auto& rule : policy.rules) {
        for (const int call : rule.calls) {
            out.push_back({call, leniency(rule.action), {rule.action, rule.tests}});
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const CallRule& left, const CallRule& right) {
        return left.call != right.call ? left.call < right.call : left.order < right.order;
    });
    return out;
}

std::vector<CallRules> by_call(const std::vector<CallRule>& sorted) {
    std::vector<CallRules> out;
    out.reserve(sorted.size());
    for (auto begin = sorted.begin(); begin != sorted.end();) {
        const auto end = std::find_if(
            begin, sorted.end(), [&](const CallRule& rule) { return rule.call != begin->call; });
        out.emplace_back(begin, end);
        begin = end;
    }
    return out;
}

bool looks_at_arguments(CallRules rules) { return !rules.front().rule.tests.empty(); }

void append(Code& code, const Code& more) { code.insert(code.end(), more.begin(), more.end()); }

sock_filter load(std::size_t offset) {
    return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}

/// Goes over the `distance` instructions behind it unless the value loaded is one of `values`,
/// which are 255 at most. The jump has an instruction of its own, because a conditional one reaches
/// only 255 far.
Code go_over_unless(const std::vector<std::uint32_t>& values, std::size_t distance) {
    Code code;
    for (std::size_t left = values.size(); left > 0; --left) {
        const std::uint32_t value = values[values.size() - left];
        code.push_back({BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint8_t>(left), 0, value});
    }
    code.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(distance)});
    return code;
}

/// Calls that are answered by the same code, which returns.
struct SharedCode {
    Code code;
    std::vector<std::uint32_t> calls;
};

bool is_same(const Code& a, const Code& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const sock_filter& one, const sock_filter& other) {
                          return std::bit_cast<std::uint64_t>(one) ==
                                 std::bit_cast<std::uint64_t>(other);
                      });
}

/// The calls with rules that look at arguments, and their code. The kernel checks and translates a
/// filter when it is loaded, so each instruction takes time of every start.
std::vector<SharedCode> shared_code(std::span<const CallRules> calls,
                                    std::uint32_t default_action) {
    std::vector<SharedCode> parts;
    std::vector<ArgumentRule> of_call;
    for (const CallRules rules : calls) {
        const int call = rules.front().call;
        // A negative number is libseccomp's, for a call that this architecture does not have.
        if (call < 0 || !looks_at_arguments(rules)) continue;
        of_call.clear();
        for (const CallRule& rule : rules) of_call.push_back(rule.rule);
        Code code = argument_code(of_call, default_action);
        const auto same = std::find_if(parts.begin(), parts.end(), [&](const SharedCode& part) {
            return part.calls.size() < UINT8_MAX && is_same(part.code, code);
        });
        const auto number = static_cast<std::uint32_t>(call);
        if (same != parts.end()) same->calls.push_back(number);
        if (same == parts.end()) parts.push_back({std::move(code), {number}});
    }
    return parts;
}

/// The parts one after the other, in front of a filter of libseccomp's. All other calls, and all
/// calls of other architectures, go on behind its end.
Code first_part(const std::vector<SharedCode>& parts) {
    if (parts.empty()) return {};
    Code of_calls = {load(offsetof(seccomp_data, nr))};
    for (const SharedCode& part : parts) {
        append(of_calls, go_over_unless(part.calls, part.code.size()));
        append(of_calls, part.code);
    }
    Code all = {load(offsetof(seccomp_data, arch))};
    append(all, go_over_unless({seccomp_arch_native()}, of_calls.size()));
    append(all, of_calls);
    return all;
}

struct Release {
    void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

Error failed(std::string_view what, int error) {
    return Error{std::string(what) + ": " + error_text(error)};
}

/// libseccomp 2.5 writes to descriptors only.
Result<Code> export_code(const Context& context) {
    const sys::Fd file(::memfd_create("seccomp policy", MFD_CLOEXEC));
    if (!file) return failed("cannot create a file in memory", errno);
    if (const int result = seccomp_export_bpf(context.get(), file.get()); result < 0) {
        return failed("libseccomp cannot write the filter", -result);
    }
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    if (size < 0) return failed("cannot read the filter back", errno);
    Code code(static_cast<std::size_t>(size) / sizeof(sock_filter));
    const ssize_t got = ::pread(file.get(), code.data(), code.size() * sizeof(sock_filter), 0);
    if (got != size) return failed("cannot read the filter back", got < 0 ? errno : EIO);
    return code;
}

constexpr std::size_t no_part = static_cast<std::size_t>(-1);

/// From the number `first` on, up to the next one's: an answer, or the part that looks at
/// arguments.
struct Range {
    std::uint32_t first;
    std::uint32_t action;
    std::size_t part = no_part;
};

/// All numbers in order. Neighbours with the same answer are one: a policy of hundreds of calls has
/// a few dozen.
std::vector<Range> ranges_of(std::span<const CallRules> calls, const std::vector<SharedCode>& parts,
                             std::uint32_t default_action) {
    std::vector<Range> out = {{0, default_action}};
    const auto begin_range = [&](const Range& range) {
        if (out.back().first == range.first) out.pop_back();
        if (out.empty() || out.back().action != range.action || out.back().part != range.part) {
            out.push_back(range);
        }
    };
    for (const CallRules rules : calls) {
        if (rules.front().call < 0) continue;
        const auto number = static_cast<std::uint32_t>(rules.front().call);
        Range range{number, rules.front().rule.action};
        for (std::size_t i = 0; looks_at_arguments(rules) && i < parts.size(); ++i) {
            const auto& same = parts[i].calls;
            if (std::find(same.begin(), same.end(), number) != same.end()) range = {number, 0, i};
        }
        begin_range(range);
        begin_range({number + 1, default_action});
    }
    if (seccomp_arch_native() == SCMP_ARCH_X86_64) {
        begin_range({x32_bit, SCMP_ACT_KILL_PROCESS});
        begin_range({UINT32_MAX, default_action});  // no call of x32's: one that a tracer skips
    }
    return out;
}

/// Where a jump to a part is to go, until it is known where the part is.
struct PartJump {
    std::size_t at;
    std::size_t part;
};

/// How many instructions search_code() writes.
std::size_t search_size(std::span<const Range> ranges) {
    if (ranges.size() == 1) return 1;
    const std::size_t below = search_size(ranges.first(ranges.size() / 2));
    const std::size_t above = search_size(ranges.subspan(ranges.size() / 2));
    return below + above + (below <= UINT8_MAX ? 1 : 2);
}

/// Appends a binary search for the range of the number that is loaded. Adds the jumps to parts.
void search_code(std::span<const Range> ranges, Code& code, std::vector<PartJump>& jumps) {
    const Range& only = ranges.front();
    if (ranges.size() == 1 && only.part == no_part) {
        code.push_back({BPF_RET | BPF_K, 0, 0, only.action});
        return;
    }
    if (ranges.size() == 1) {
        jumps.push_back({code.size(), only.part});
        code.push_back({BPF_JMP | BPF_JA, 0, 0, 0});
        return;
    }
    const auto below = ranges.first(ranges.size() / 2);
    const auto above = ranges.subspan(below.size());
    const std::uint32_t middle = above.front().first;
    const std::size_t distance = search_size(below);
    // Where a conditional jump reaches over what is below, it is one instruction, else two.
    if (distance <= UINT8_MAX) {
        code.push_back({BPF_JMP | BPF_JGE | BPF_K, static_cast<std::uint8_t>(distance), 0, middle});
    } else {
        code.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 1, middle});
        code.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(distance)});
    }
    search_code(below, code, jumps);
    search_code(above, code, jumps);
}

Code numbers_code(std::span<const CallRules> calls, std::uint32_t default_action) {
    const std::vector<SharedCode> parts = shared_code(calls, default_action);
    const std::vector<Range> ranges = ranges_of(calls, parts, default_action);
    Code code = {load(offsetof(seccomp_data, arch)),
                 {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, seccomp_arch_native()},
                 {BPF_RET | BPF_K, 0, 0, SCMP_ACT_KILL_PROCESS},
                 load(offsetof(seccomp_data, nr))};
    std::vector<PartJump> jumps;
    search_code(ranges, code, jumps);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        for (const PartJump& jump : jumps) {
            if (jump.part == i)
                code[jump.at].k = static_cast<std::uint32_t>(code.size() - jump.at - 1);
        }
        append(code, parts[i].code);
    }
    return code;
}

/// Architectures on which one call has a number of its own and always has: elsewhere socketcall(2)
/// and ipc(2) stand for several, which libseccomp knows.
bool has_plain_numbers() {
    const std::uint32_t native = seccomp_arch_native();
    return native == SCMP_ARCH_X86_64 || native == SCMP_ARCH_AARCH64 || native == SCMP_ARCH_RISCV64;
}

/// The same by libseccomp.
Result<Code> libseccomp_code(std::span<const CallRules> calls, std::uint32_t default_action) {
    const Context context(seccomp_init(default_action));
    if (!context) return Error{"libseccomp cannot make a filter with this default action"};
    constexpr std::uint32_t binary_search = 2;
    for (const auto& [attribute, value] :
         {std::pair{SCMP_FLTATR_CTL_OPTIMIZE, binary_search},
          std::pair{SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS}}) {
        if (const int result = seccomp_attr_set(context.get(), attribute, value); result < 0) {
            return failed("libseccomp cannot set an attribute", -result);
        }
    }
    for (const CallRules rules : calls) {
        const int call = rules.front().call;
        const std::uint32_t action = rules.front().rule.action;
        // libseccomp refuses what says the same as the default.
        if (looks_at_arguments(rules) || action == default_action) continue;
        if (const int result = seccomp_rule_add(context.get(), action, call, 0); result < 0) {
            return failed("libseccomp refuses a rule for call number " + std::to_string(call),
                          -result);
        }
    }
    return export_code(context);
}

}  // namespace

Result<std::vector<std::uint64_t>> policy_to_bpf(const PolicyRules& policy) {
    const std::vector<CallRule> sorted = sorted_rules(policy);
    const std::vector<CallRules> calls = by_call(sorted);
    Code code;
    if (has_plain_numbers()) {
        code = numbers_code(calls, policy.default_action);
    } else {
        code = first_part(shared_code(calls, policy.default_action));
        const auto rest = libseccomp_code(calls, policy.default_action);
        if (!rest) return rest.error();
        append(code, *rest);
    }
    if (code.size() > BPF_MAXINSNS) {
        return Error{"it needs " + std::to_string(code.size()) +
                     " instructions, and the kernel takes " + std::to_string(BPF_MAXINSNS)};
    }
    std::vector<std::uint64_t> words;
    words.reserve(code.size());
    for (const auto& instruction : code) {
        words.push_back(std::bit_cast<std::uint64_t>(instruction));
    }
    return words;
}

}  // namespace sbx
