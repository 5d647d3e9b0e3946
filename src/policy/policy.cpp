// SPDX-License-Identifier: Apache-2.0
#include <sbx/policy.hpp>

#include "base/text.hpp"
#include "policy/bpf.hpp"
#include "policy/compile.hpp"
#include "policy/condition.hpp"
#include "policy/json.hpp"
#include "policy/names.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
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

Result<std::vector<std::uint64_t>> compile(std::span<const std::string_view> texts,
                                           std::span<const std::string> capabilities,
                                           std::span<const PolicyEdit> edits) {
    for (const auto& name : capabilities) {
        if (!is_capability(name)) return Error{"unknown capability " + quote(name)};
    }
    utsname system{};
    const auto kernel =
        ::uname(&system) == 0 ? kernel_version(system.release, VersionRest::allow) : std::nullopt;
    if (!kernel)
        return Error{"the kernel's version " + quote(system.release) + " is not a version"};
    const PolicyConditions conditions{capabilities, seccomp_arch_native(), *kernel};
    auto policy = read_policy(texts.front(), conditions);
    if (!policy) return policy.error();
    for (const std::string_view text : texts.subspan(1)) {
        auto more = read_more_rules(text, conditions);
        if (!more) return more.error();
        for (PolicyRule& rule : *more) policy->rules.push_back(std::move(rule));
    }
    for (const PolicyEdit& edit : edits) {
        if (auto applied = apply_edit(edit, *policy); !applied) return applied.error();
    }
    return policy_to_bpf(*policy);
}

}  // namespace

Result<SeccompFilter> compile_policies(std::span<const std::string_view> texts,
                                       std::string_view name,
                                       std::span<const std::string> capabilities,
                                       std::span<const PolicyEdit> edits) {
    const auto refuse = [&](std::string_view why) {
        return Error{"seccomp policy " + quote(name) + ": " + std::string(why)};
    };
    try {
        auto program = compile(texts, capabilities, edits);
        if (!program) return refuse(program.error().message);
        return SeccompFilter{std::string(name), std::move(*program)};
    } catch (const std::exception& error) {  // Boost.PropertyTree, or no memory
        return refuse(error.what());
    }
}

Result<SeccompFilter> compile_policy(std::string_view json, std::string_view name,
                                     std::span<const std::string> capabilities,
                                     std::span<const PolicyEdit> edits) {
    return compile_policies({&json, 1}, name, capabilities, edits);
}

std::vector<PolicyEdit> nested_sandbox_edits() {
    // Namespaces, and what those who own one set up in it. The kernel asks for capabilities over
    // the namespace that each of them works on.
    static constexpr auto calls = std::to_array<std::string_view>(
        {"chroot", "clone", "clone3", "fsconfig", "fsmount", "fsopen", "fspick", "mount",
         "mount_setattr", "move_mount", "open_tree", "open_tree_attr", "pivot_root",
         "setdomainname", "sethostname", "setns", "umount2", "unshare"});
    std::vector<PolicyEdit> out;
    for (const std::string_view call : calls) {
        out.push_back({PolicyEdit::Answer::allow, std::string(call)});
    }
    return out;
}

}  // namespace sbx
