// SPDX-License-Identifier: Apache-2.0
#include <sbx/policy.hpp>

#include "core/text.hpp"
#include "sys/policy_bpf.hpp"
#include "sys/policy_condition.hpp"
#include "sys/policy_json.hpp"
#include "sys/policy_names.hpp"

#include <sys/utsname.h>

#include <exception>

namespace sbx {
namespace {

Result<std::vector<std::uint64_t>> compile(std::string_view json,
                                           std::span<const std::string> capabilities) {
    for (const auto& name : capabilities) {
        if (!is_capability(name)) return Error{"unknown capability " + quote(name)};
    }
    utsname system{};
    const auto kernel =
        ::uname(&system) == 0 ? kernel_version(system.release, VersionRest::allow) : std::nullopt;
    if (!kernel)
        return Error{"the kernel's version " + quote(system.release) + " is not a version"};
    const auto rules = read_policy(json, {capabilities, seccomp_arch_native(), *kernel});
    if (!rules) return rules.error();
    return policy_to_bpf(*rules);
}

}  // namespace

Result<SeccompFilter> compile_policy(std::string_view json, std::string_view name,
                                     std::span<const std::string> capabilities) {
    const auto refuse = [&](std::string_view why) {
        return Error{"seccomp policy " + quote(name) + ": " + std::string(why)};
    };
    try {
        auto program = compile(json, capabilities);
        if (!program) return refuse(program.error().message);
        return SeccompFilter{std::string(name), std::move(*program)};
    } catch (const std::exception& error) {  // Boost.PropertyTree, or no memory
        return refuse(error.what());
    }
}

}  // namespace sbx
