// SPDX-License-Identifier: Apache-2.0
#include "policy/filter_answer.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <cstddef>
#include <cstring>
#include <optional>

namespace sbx::sys {
namespace {

// What the program returns; nothing: it depends on an argument, or has an instruction that filters
// seldom have.
std::optional<std::uint32_t> answer_of(const SeccompFilter& filter, int number) {
    const std::uint32_t arch = ::seccomp_arch_native();
    std::uint32_t a = 0;
    for (std::size_t at = 0; at < filter.program.size();) {
        sock_filter in{};
        std::memcpy(&in, &filter.program[at], sizeof in);
        ++at;
        bool taken = false;
        switch (in.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (in.k != offsetof(seccomp_data, nr) && in.k != offsetof(seccomp_data, arch)) {
                    return std::nullopt;
                }
                a = in.k == offsetof(seccomp_data, arch) ? arch
                                                         : static_cast<std::uint32_t>(number);
                continue;
            case BPF_ALU | BPF_AND | BPF_K: a &= in.k; continue;
            case BPF_JMP | BPF_JA: at += in.k; continue;
            case BPF_JMP | BPF_JEQ | BPF_K: taken = a == in.k; break;
            case BPF_JMP | BPF_JGE | BPF_K: taken = a >= in.k; break;
            case BPF_JMP | BPF_JGT | BPF_K: taken = a > in.k; break;
            case BPF_JMP | BPF_JSET | BPF_K: taken = (a & in.k) != 0; break;
            case BPF_RET | BPF_K: return in.k;
            default: return std::nullopt;
        }
        at += taken ? in.jt : in.jf;
    }
    return std::nullopt;
}

}  // namespace

bool refuses_call(const SeccompFilter& filter, int number) {
    const auto answer = answer_of(filter, number);
    if (!answer) return false;
    const std::uint32_t action = *answer & SECCOMP_RET_ACTION_FULL;
    return action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRAP ||
           action == SECCOMP_RET_KILL_THREAD || action == SECCOMP_RET_KILL_PROCESS;
}

}  // namespace sbx::sys
