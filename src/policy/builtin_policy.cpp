// SPDX-License-Identifier: Apache-2.0
#include "policy/builtin_policies.hpp"

#include "base/program_name.hpp"
#include "base/text.hpp"
#include "policy/compile.hpp"

#include <sbx/policy.hpp>

#include <algorithm>
#include <array>

namespace sbx {
namespace {

// What makes a user namespace, or enters one; setns(2) also brings another one's capabilities.
constexpr std::array<std::string_view, 4> ways_to_user_namespaces = {"clone", "clone3", "setns",
                                                                     "unshare"};

// Built-in policies refuse them to whoever lacks CAP_SYS_ADMIN; the unit tests hold them to it.
bool denies_user_namespaces(std::span<const std::string> capabilities,
                            std::span<const PolicyEdit> edits) {
    const bool opened = std::any_of(edits.begin(), edits.end(), [](const PolicyEdit& edit) {
        return edit.answer == PolicyEdit::Answer::allow &&
               std::find(ways_to_user_namespaces.begin(), ways_to_user_namespaces.end(),
                         edit.call) != ways_to_user_namespaces.end();
    });
    return !opened && std::find(capabilities.begin(), capabilities.end(), "CAP_SYS_ADMIN") ==
                          capabilities.end();
}

// Built-in policies refuse them whatever the capabilities are; the unit tests hold them to it.
bool denies_new_keys(std::span<const PolicyEdit> edits) {
    return std::none_of(edits.begin(), edits.end(), [](const PolicyEdit& edit) {
        return edit.answer == PolicyEdit::Answer::allow &&
               (edit.call == "add_key" || edit.call == "request_key");
    });
}

Result<SeccompFilter> filter_of(const BuiltinPolicy& policy,
                                std::span<const std::string> capabilities,
                                std::span<const PolicyEdit> edits) {
    if (!capabilities.empty() || !edits.empty()) {
        return compile_table(policy.table, policy.name, capabilities, edits);
    }
    return SeccompFilter{std::string(policy.name), {policy.program.begin(), policy.program.end()}};
}

}  // namespace

std::vector<std::string> builtin_policy_names() {
    std::vector<std::string> names;
    for (const auto& policy : builtin_policies()) {
        if (policy.name != set_id_files_name) names.emplace_back(policy.name);
    }
    return names;
}

Result<SeccompFilter> builtin_policy(std::string_view name,
                                     std::span<const std::string> capabilities,
                                     std::span<const PolicyEdit> edits) {
    std::string known;
    for (const auto& policy : builtin_policies()) {
        if (policy.name == set_id_files_name) continue;
        if (policy.name == name) {
            auto filter = filter_of(policy, capabilities, edits);
            if (filter) {
                filter->denies_user_namespaces = denies_user_namespaces(capabilities, edits);
                filter->denies_new_keys = denies_new_keys(edits);
            }
            return filter;
        }
        known += (known.empty() ? "" : ", ") + std::string(policy.name);
    }
    return Error{"no built-in seccomp policy is called " + quote(name) + "; there is: " + known +
                 ", and none"};
}

Result<SeccompFilter> set_id_files_filter(std::span<const PolicyEdit> edits) {
    for (const auto& policy : builtin_policies()) {
        if (policy.name != set_id_files_name) continue;
        auto filter = filter_of(policy, {}, edits);
        if (filter) filter->for_root = true;
        return filter;
    }
    return Error{"this " SBX_NAME " was built without the policy " + quote(set_id_files_name)};
}

}  // namespace sbx
