// SPDX-License-Identifier: Apache-2.0
#include "sys/policy_bpf.hpp"

#include "core/text.hpp"
#include "sys/fd.hpp"

#include <linux/filter.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>

namespace sbx {
namespace {

using Program = std::vector<std::uint64_t>;

/// The smaller, the stricter: the kernel compares actions without their data as signed numbers.
std::int32_t leniency(std::uint32_t action) {
    constexpr std::uint32_t without_data = 0xffff0000;
    return static_cast<std::int32_t>(action & without_data);
}

/// What the rules say of one call.
struct Answers {
    struct When {
        std::uint32_t action;
        const std::vector<scmp_arg_cmp>* tests;
    };
    std::optional<std::uint32_t> always;
    std::vector<When> when;
};

/// One rule as libseccomp takes it.
struct Entry {
    int call;
    std::uint32_t action;
    const std::vector<scmp_arg_cmp>* tests;  ///< none for all calls of this number
};

using AnswersByCall = std::map<int, Answers>;

AnswersByCall collect(const PolicyRules& policy) {
    AnswersByCall calls;
    for (const auto& rule : policy.rules) {
        for (const int call : rule.calls) {
            Answers& answers = calls[call];
            if (!rule.tests.empty()) {
                answers.when.push_back({rule.action, &rule.tests});
            } else if (!answers.always || leniency(rule.action) < leniency(*answers.always)) {
                answers.always = rule.action;
            }
        }
    }
    // What is not stricter than the answer without arguments never counts.
    for (auto& [call, answers] : calls) {
        if (!answers.always) continue;
        const auto limit = leniency(*answers.always);
        std::erase_if(answers.when,
                      [&](const Answers::When& when) { return leniency(when.action) >= limit; });
    }
    return calls;
}

/// The rules with arguments that deny, strictest first, one list for each answer.
std::vector<std::vector<Entry>> guards(const PolicyRules& policy, const AnswersByCall& calls) {
    std::vector<std::uint32_t> actions;  // in the order of the text
    for (const auto& rule : policy.rules) {
        const bool known = std::find(actions.begin(), actions.end(), rule.action) != actions.end();
        if (!known && !rule.tests.empty() && rule.action != SCMP_ACT_ALLOW) {
            actions.push_back(rule.action);
        }
    }
    std::stable_sort(actions.begin(), actions.end(), [](std::uint32_t left, std::uint32_t right) {
        return leniency(left) < leniency(right);
    });
    std::vector<std::vector<Entry>> lists;
    for (const auto action : actions) {
        std::vector<Entry> list;
        for (const auto& [call, answers] : calls) {
            for (const auto& when : answers.when) {
                if (when.action == action) list.push_back({call, action, when.tests});
            }
        }
        if (!list.empty()) lists.push_back(std::move(list));
    }
    return lists;
}

/// All other rules. What says the same as the default is left out: libseccomp refuses it.
std::vector<Entry> plain_list(const AnswersByCall& calls, std::uint32_t default_action) {
    std::vector<Entry> list;
    for (const auto& [call, answers] : calls) {
        if (answers.always && *answers.always != default_action) {
            list.push_back({call, *answers.always, nullptr});
        }
        for (const auto& when : answers.when) {
            if (when.action == SCMP_ACT_ALLOW && when.action != default_action) {
                list.push_back({call, when.action, when.tests});
            }
        }
    }
    return list;
}

struct Release {
    void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

Error failed(std::string_view what, int error) {
    return Error{std::string(what) + ": " + error_text(error)};
}

/// libseccomp 2.5 writes to descriptors only.
Result<Program> export_program(const Context& context) {
    const sys::Fd file(::memfd_create("seccomp policy", MFD_CLOEXEC));
    if (!file) return failed("cannot create a file in memory", errno);
    if (const int result = seccomp_export_bpf(context.get(), file.get()); result < 0) {
        return failed("libseccomp cannot write the filter", -result);
    }
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    if (size < 0) return failed("cannot read the filter back", errno);
    Program program(static_cast<std::size_t>(size) / sizeof(sock_filter));
    static_assert(sizeof(sock_filter) == sizeof(Program::value_type));
    const auto bytes = program.size() * sizeof(sock_filter);
    const ssize_t got = ::pread(file.get(), program.data(), bytes, 0);
    if (got != size) return failed("cannot read the filter back", got < 0 ? errno : EIO);
    return program;
}

Result<Program> to_program(std::uint32_t default_action, const std::vector<Entry>& list) {
    const Context context(seccomp_init(default_action));
    if (!context) return Error{"libseccomp cannot make a filter with this default action"};
    // 2: a binary search. TSKIP: number -1, which a tracer sets to leave a call out, is no foreign
    // ABI; it gets the default's answer, of which the tracer changes what it likes.
    for (const auto& [attribute, value] :
         {std::pair{SCMP_FLTATR_CTL_OPTIMIZE, 2U}, std::pair{SCMP_FLTATR_API_TSKIP, 1U},
          std::pair{SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS}}) {
        if (const int result = seccomp_attr_set(context.get(), attribute, value); result < 0) {
            return failed("libseccomp cannot set an attribute", -result);
        }
    }
    for (const auto& entry : list) {
        const auto count = entry.tests == nullptr ? 0 : entry.tests->size();
        const auto* tests = entry.tests == nullptr ? nullptr : entry.tests->data();
        const int result = seccomp_rule_add_array(context.get(), entry.action, entry.call,
                                                  static_cast<unsigned>(count), tests);
        // EEXIST: the same rule is there already.
        if (result < 0 && result != -EEXIST) {
            return failed("libseccomp refuses a rule for call number " + std::to_string(entry.call),
                          -result);
        }
    }
    return export_program(context);
}

/// Appends `next`, and turns every "allow" of `program` into a jump to its beginning.
void chain(Program& program, const Program& next) {
    for (std::size_t i = 0; i < program.size(); ++i) {
        sock_filter instruction{};
        std::memcpy(&instruction, &program[i], sizeof instruction);
        if (instruction.code != (BPF_RET | BPF_K) || instruction.k != SECCOMP_RET_ALLOW) continue;
        const auto distance = static_cast<std::uint32_t>(program.size() - i - 1);
        instruction = sock_filter{BPF_JMP | BPF_JA, 0, 0, distance};
        std::memcpy(&program[i], &instruction, sizeof instruction);
    }
    program.insert(program.end(), next.begin(), next.end());
}

}  // namespace

Result<std::vector<std::uint64_t>> policy_to_bpf(const PolicyRules& policy) {
    const AnswersByCall calls = collect(policy);
    auto program = to_program(policy.default_action, plain_list(calls, policy.default_action));
    if (!program) return program.error();

    auto lists = guards(policy, calls);
    std::reverse(lists.begin(), lists.end());
    for (const auto& list : lists) {
        auto guard = to_program(SCMP_ACT_ALLOW, list);
        if (!guard) return guard.error();
        chain(*guard, *program);
        program = std::move(guard);
    }
    if (program->size() > BPF_MAXINSNS) {
        return Error{"it needs " + std::to_string(program->size()) +
                     " instructions, and the kernel takes " + std::to_string(BPF_MAXINSNS)};
    }
    return program;
}

}  // namespace sbx
