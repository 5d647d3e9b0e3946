// SPDX-License-Identifier: Apache-2.0
// Seccomp policies: OCI seccomp JSON (the "linux.seccomp" object of the OCI runtime
// specification, and Docker's and Podman's profile form of it) compiled to BPF. Policies never
// enter the sandbox as something that can be written.
#pragma once

#include <sbx/result.hpp>
#include <sbx/spec.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sbx {

/// The names of the policies that are built in, sorted.
std::vector<std::string> builtin_policy_names();

/// A built-in policy as BPF. For a command without capabilities it was compiled when sbx was
/// built; otherwise it is compiled now, as compile_policy() does. The error names those there are.
Result<SeccompFilter> builtin_policy(std::string_view name,
                                     std::span<const std::string> capabilities = {});

/// Compiles OCI seccomp JSON. `name` is for messages (a file name). `capabilities` are those that
/// the command keeps ("CAP_SYS_ADMIN", ...), for rules with includes/excludes. Unknown keys,
/// actions, architectures and system calls are errors that name them. Where several rules match a
/// call, the strictest answer wins. Only the native ABI is let in, whatever the policy lists.
Result<SeccompFilter> compile_policy(std::string_view json, std::string_view name,
                                     std::span<const std::string> capabilities = {});

}  // namespace sbx
