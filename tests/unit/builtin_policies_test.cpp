// SPDX-License-Identifier: Apache-2.0
// Compiles the built-in policies for commands with capabilities and edits, in a program that has no
// code to read JSON: such a start must not take the time for that.
#include <sbx/policy.hpp>

#include <cstdio>

namespace {

bool compiles(const sbx::Result<sbx::SeccompFilter>& filter) {
    if (filter && !filter->program.empty()) return true;
    std::fprintf(stderr, "%s\n", filter ? "an empty filter" : filter.error().message.c_str());
    return false;
}

}  // namespace

int main() {
    const std::vector<std::string> capabilities = {"CAP_SYS_ADMIN", "CAP_NET_RAW"};
    const std::vector<sbx::PolicyEdit> edits = {
        {sbx::PolicyEdit::Answer::allow, "keyctl"},
        {sbx::PolicyEdit::Answer::deny, "socket:AF_INET"},
    };
    bool all = compiles(sbx::set_id_files_filter(edits));
    for (const std::string& name : sbx::builtin_policy_names()) {
        all = compiles(sbx::builtin_policy(name)) && all;
        all = compiles(sbx::builtin_policy(name, capabilities)) && all;
        all = compiles(sbx::builtin_policy(name, {}, edits)) && all;
        all = compiles(sbx::builtin_policy(name, capabilities, edits)) && all;
    }
    return all ? 0 : 1;
}
