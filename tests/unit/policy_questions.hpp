// SPDX-License-Identifier: Apache-2.0
// What tests ask of a compiled policy: "what does it answer to this call?" It must not use the
// code that compiles policies, but for libseccomp's names of system calls.
#pragma once

#include "bpf_interpreter.hpp"

#include <seccomp.h>
#include <catch2/catch.hpp>

#include <array>

namespace sbx::test {

using Arguments = std::array<std::uint64_t, 6>;

inline constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
inline constexpr std::uint32_t kill_process = SECCOMP_RET_KILL_PROCESS;

constexpr std::uint32_t error(int number) {
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number);
}

inline Answer ask(const SeccompFilter& filter, std::uint32_t arch, std::uint32_t number,
                  const Arguments& arguments = {}) {
    seccomp_data data{};
    data.arch = arch;
    data.nr = static_cast<int>(number);
    for (std::size_t i = 0; i < arguments.size(); ++i) data.args[i] = arguments[i];
    return run_filter(filter, data);
}

/// A call of this machine's architecture, by name.
inline std::uint32_t answer(const SeccompFilter& filter, const char* name,
                            const Arguments& arguments = {}) {
    const int number = seccomp_syscall_resolve_name(name);
    REQUIRE(number >= 0);
    return ask(filter, seccomp_arch_native(), static_cast<std::uint32_t>(number), arguments).action;
}

}  // namespace sbx::test
