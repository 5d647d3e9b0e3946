// SPDX-License-Identifier: Apache-2.0
#include "sys/builtin_policies.hpp"

#include "core/text.hpp"

#include <sbx/policy.hpp>

namespace sbx {

std::vector<std::string> builtin_policy_names() {
    std::vector<std::string> names;
    for (const auto& policy : builtin_policies()) names.emplace_back(policy.name);
    return names;
}

Result<SeccompFilter> builtin_policy(std::string_view name,
                                     std::span<const std::string> capabilities) {
    std::string known;
    for (const auto& policy : builtin_policies()) {
        if (policy.name == name) {
            if (!capabilities.empty()) return compile_policy(policy.json, name, capabilities);
            return SeccompFilter{std::string(name), {policy.program.begin(), policy.program.end()}};
        }
        known += (known.empty() ? "" : ", ") + std::string(policy.name);
    }
    return Error{"no built-in seccomp policy is called " + quote(name) + "; there is: " + known};
}

}  // namespace sbx
