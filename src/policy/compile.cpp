// SPDX-License-Identifier: Apache-2.0
#include "policy/compile.hpp"

#include "base/text.hpp"
#include "policy/bpf.hpp"
#include "policy/names.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <exception>

namespace sbx {
namespace {

// The edit's answer in the place of all that the rules and earlier edits say of the call, or of one
// family of sockets: "socket:AF_VSOCK".
Result<void> apply_edit(const PolicyEdit& edit, PolicyRules& policy) {
    const std::size_t colon = std::min(edit.call.find(':'), edit.call.size());
    const std::string name = edit.call.substr(0, colon);
    const auto call = system_call_by_name(name);
    if (!call) return Error{"unknown system call " + quote(name)};
    if (*call < 0) return Error{"this architecture has no system call " + quote(name)};
    const bool allows = edit.answer == PolicyEdit::Answer::allow;
    if (colon < edit.call.size()) {
        const std::string family_name = edit.call.substr(colon + 1);
        if (name != "socket" && name != "socketpair") {
            return Error{"only socket and socketpair are edited by a family, and not " +
                         quote(edit.call)};
        }
        const auto family = family_by_name(family_name);
        if (!family) return Error{"unknown family of sockets " + quote(family_name)};
        // The kernel takes an int, so the upper half says nothing.
        const scmp_arg_cmp test{0, SCMP_CMP_MASKED_EQ, UINT32_MAX, *family};
        policy.edits.push_back(
            {{*call}, allows ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EAFNOSUPPORT), {test}});
        return {};
    }
    for (auto* rules : {&policy.rules, &policy.edits}) {
        for (PolicyRule& rule : *rules) std::erase(rule.calls, *call);
    }
    policy.rules.push_back({{*call}, allows ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), {}});
    return {};
}

Result<PolicyTarget> target_for(std::span<const std::string> capabilities) {
    const auto bits = capability_bits(capabilities);
    if (!bits) return bits.error();
    utsname system{};
    const auto kernel =
        ::uname(&system) == 0 ? kernel_version(system.release, VersionRest::allow) : std::nullopt;
    if (!kernel)
        return Error{"the kernel's version " + quote(system.release) + " is not a version"};
    return PolicyTarget{*bits, *kernel};
}

Result<std::vector<std::uint64_t>> compile(const PolicyTable& table, const PolicyTarget& target,
                                           std::span<const PolicyEdit> edits) {
    PolicyRules policy = rules_for(target, table);
    for (const PolicyEdit& edit : edits) {
        if (auto applied = apply_edit(edit, policy); !applied) return applied.error();
    }
    return policy_to_bpf(policy);
}

}  // namespace

Error policy_error(std::string_view name, std::string_view why) {
    return Error{"seccomp policy " + quote(name) + ": " + std::string(why)};
}

Result<SeccompFilter> compile_table(const PolicyTable& table, std::string_view name,
                                    std::span<const std::string> capabilities,
                                    std::span<const PolicyEdit> edits) {
    try {
        const auto target = target_for(capabilities);
        if (!target) return policy_error(name, target.error().message);
        auto program = compile(table, *target, edits);
        if (!program) return policy_error(name, program.error().message);
        return SeccompFilter{std::string(name), std::move(*program)};
    } catch (const std::exception& error) {  // no memory
        return policy_error(name, error.what());
    }
}

}  // namespace sbx
