// SPDX-License-Identifier: Apache-2.0
// The system calls of set-up that filters around sbx and old kernels lack, and the words for one
// that is refused. Pure: others have tried the calls.
#pragma once

#include <sbx/host.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sbx {

/// A system call that a profile for a container has to allow.
struct SetupCall {
    enum class Need {
        always,    ///< no sandbox is built without it
        optional,  ///< sbx has another way, or one option needs it
        none,      ///< sbx does without: the command lacks it as well, or other programs use it
    } need = Need::always;
    std::string_view name;
    KernelVersion since{};  ///< the Linux that it came with; 0.0: it was always there
};

inline constexpr std::array setup_calls = {
    SetupCall{SetupCall::Need::optional, "clone"},
    SetupCall{SetupCall::Need::optional, "clone3", {5, 3}},
    SetupCall{SetupCall::Need::optional, "close_range", {5, 9}},
    SetupCall{SetupCall::Need::always, "fsconfig", {5, 2}},
    SetupCall{SetupCall::Need::always, "fsmount", {5, 2}},
    SetupCall{SetupCall::Need::always, "fsopen", {5, 2}},
    SetupCall{SetupCall::Need::none, "keyctl"},
    SetupCall{SetupCall::Need::always, "mount_setattr", {5, 12}},
    SetupCall{SetupCall::Need::always, "move_mount", {5, 2}},
    SetupCall{SetupCall::Need::always, "open_tree", {5, 2}},
    SetupCall{SetupCall::Need::always, "openat2", {5, 6}},
    SetupCall{SetupCall::Need::none, "pidfd_open", {5, 3}},
    SetupCall{SetupCall::Need::optional, "pidfd_send_signal", {5, 1}},
    SetupCall{SetupCall::Need::always, "pivot_root"},
    SetupCall{SetupCall::Need::optional, "sethostname"},
    SetupCall{SetupCall::Need::optional, "setns"},
    SetupCall{SetupCall::Need::always, "umount2"},
    SetupCall{SetupCall::Need::optional, "unshare"},
};

/// One of them that was tried by itself, with arguments that the kernel itself would have refused
/// in another way.
struct RefusedCall {
    std::size_t call = 0;  ///< index in setup_calls
    int error = 0;         ///< ENOSYS, EPERM or EACCES; 0: a filter killed the process
};

/// What is around the calls.
struct CallSurroundings {
    std::string release;    ///< of the kernel, as uname(2) has it
    bool filtered = false;  ///< a seccomp filter is around sbx
};

/// "openat2 (EPERM), keyctl (ENOSYS)".
std::string names_of(const std::vector<RefusedCall>& refused);

/// The cause of what was refused, and after a semicolon what to do about it.
std::string explain_refused_calls(const std::vector<RefusedCall>& refused,
                                  const CallSurroundings& around);

/// What the filter of a container has to be: the calls that it must allow, and the profile that
/// comes with sbx.
std::string container_profile_remedy();

}  // namespace sbx
