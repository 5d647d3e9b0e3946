// SPDX-License-Identifier: Apache-2.0
// Runs a seccomp filter as the kernel does: the part of classic BPF that seccomp(2) takes and
// libseccomp writes. An instruction that it does not know, a load from outside of the data, and a
// jump behind the end throw. It must not share anything with the code that writes filters.
#pragma once

#include <sbx/spec.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace sbx::test {

struct Answer {
    std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
    /// Whether the answer was found without a look at the arguments: the kernel then caches an
    /// "allow" for the number (seccomp_cache_prepare) and does not run the filter again.
    bool constant = true;
};

inline Answer run_filter(const SeccompFilter& filter, const seccomp_data& data) {
    const auto& program = filter.program;
    Answer answer;
    std::uint32_t a = 0;
    for (std::size_t pc = 0; pc < program.size();) {
        sock_filter in{};
        std::memcpy(&in, &program[pc], sizeof in);
        ++pc;
        const auto branch = [&](bool taken) { pc += taken ? in.jt : in.jf; };
        switch (in.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (in.k % 4 != 0 || in.k + 4 > sizeof data) {
                    throw std::runtime_error("load from outside of seccomp_data");
                }
                std::memcpy(&a, reinterpret_cast<const char*>(&data) + in.k, sizeof a);
                if (in.k >= offsetof(seccomp_data, instruction_pointer)) answer.constant = false;
                break;
            case BPF_ALU | BPF_AND | BPF_K: a &= in.k; break;
            case BPF_JMP | BPF_JA: pc += in.k; break;
            case BPF_JMP | BPF_JEQ | BPF_K: branch(a == in.k); break;
            case BPF_JMP | BPF_JGE | BPF_K: branch(a >= in.k); break;
            case BPF_JMP | BPF_JGT | BPF_K: branch(a > in.k); break;
            case BPF_JMP | BPF_JSET | BPF_K: branch((a & in.k) != 0); break;
            case BPF_RET | BPF_K: answer.action = in.k; return answer;
            default: throw std::runtime_error("unknown instruction");
        }
    }
    throw std::runtime_error("no answer at the end of the program");
}

}  // namespace sbx::test
