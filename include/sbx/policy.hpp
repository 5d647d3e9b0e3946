// SPDX-License-Identifier: Apache-2.0
// Seccomp policies: OCI seccomp JSON (the "linux.seccomp" object of the OCI runtime
// specification, and Docker's and Podman's profile form of it) compiled to BPF. Policies never
// enter the sandbox as something that can be written.
//
// All functions here can be called from any thread. They read nothing but their arguments, what is
// built in, and the kernel's version (uname(2)); a temporary memfd is closed again.
#pragma once

#include <sbx/result.hpp>
#include <sbx/spec.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sbx {

/// One system call that is allowed, or denied with EPERM, whatever the policy and the arguments of
/// the call say. Or one family of sockets, which is denied with EAFNOSUPPORT.
struct PolicyEdit {
    /// What the call meets.
    enum class Answer {
        allow,                ///< it is carried out
        deny,                 ///< it fails
    } answer = Answer::deny;  ///< what the call meets
    std::string call = {};    ///< its name: "mkdir"; "socket:AF_VSOCK" for one family of sockets
};

/// The names of the policies that are built in, sorted.
std::vector<std::string> builtin_policy_names();

/// A built-in policy as BPF, with `edits` made in their order. For a command without capabilities,
/// and without edits, it was compiled when sbx was built; otherwise it is compiled now, from rules
/// that were read when sbx was built. Fails for a name that is not built in (the error names those
/// there are), and as compile_policy() does. The one for Spec::filters unless there is a reason for
/// another: builtin_policy("default").
Result<SeccompFilter> builtin_policy(std::string_view name,
                                     std::span<const std::string> capabilities = {},
                                     std::span<const PolicyEdit> edits = {});

/// A second filter, to go with a built-in policy: it refuses to make files with set-user-id or
/// set-group-id bits (EPERM), which another user of the machine could run with the caller's rights.
/// Its `for_root` is set. openat2(2), whose mode no filter sees, answers ENOSYS. An edit of a call
/// opens it here too.
Result<SeccompFilter> set_id_files_filter(std::span<const PolicyEdit> edits = {});

/// The edits that let a command make user namespaces and set sandboxes up in them.
std::vector<PolicyEdit> nested_sandbox_edits();

/// Compiles OCI seccomp JSON. `name` is for messages (a file name). `capabilities` are those that
/// the command keeps ("CAP_SYS_ADMIN", ...), for rules with includes/excludes. Unknown keys,
/// actions, architectures and system calls are errors that name them, and so is text that is no
/// JSON. Where several rules match a call, the strictest answer wins. Only the native ABI is let
/// in, whatever the policy lists. An edit must name a system call of this architecture.
Result<SeccompFilter> compile_policy(std::string_view json, std::string_view name,
                                     std::span<const std::string> capabilities = {},
                                     std::span<const PolicyEdit> edits = {});

}  // namespace sbx
