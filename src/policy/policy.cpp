// SPDX-License-Identifier: Apache-2.0
#include <sbx/policy.hpp>

#include "policy/compile.hpp"
#include "policy/json.hpp"

#include <array>
#include <exception>

namespace sbx {

Result<SeccompFilter> compile_policy(std::string_view json, std::string_view name,
                                     std::span<const std::string> capabilities,
                                     std::span<const PolicyEdit> edits) {
    try {
        // The caller's own mistake is reported before those of the text.
        const auto known = capability_bits(capabilities);
        if (!known) return policy_error(name, known.error().message);
        const auto text = read_policy({&json, 1}, seccomp_arch_native());
        if (!text) return policy_error(name, text.error().message);
        return compile_table(text->table(), name, capabilities, edits);
    } catch (const std::exception& error) {  // no memory
        return policy_error(name, error.what());
    }
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
