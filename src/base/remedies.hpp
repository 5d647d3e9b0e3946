// SPDX-License-Identifier: Apache-2.0
// What to do about a machine that refuses what sandboxes are made of. Pure: what restricts was
// looked up by others.
#pragma once

#include <string>
#include <vector>

namespace sbx {

/// What may keep the caller from making namespaces, as far as it can be seen.
struct Restrictions {
    bool userns_off = false;            ///< user.max_user_namespaces is 0
    bool unprivileged_off = false;      ///< kernel.unprivileged_userns_clone (Debian's) is 0
    bool apparmor_restricts = false;    ///< kernel.apparmor_restrict_unprivileged_userns is 1
    std::string apparmor_profile = {};  ///< that confines the caller; empty: none does
    std::string selinux_context = {};   ///< of the caller, when SELinux enforces its rules
    bool root_without_setfcap = false;  ///< uid 0, and CAP_SETFCAP was taken away
    bool filtered = false;              ///< a seccomp filter is around the caller
    bool chrooted = false;              ///< the caller's root is not that of its mount namespace
};

/// Why making or mapping a user namespace gave `error`, and what to do: names the sysctl or the
/// restriction.
std::string user_namespace_remedy(int error, const Restrictions& restrictions);

/// The same where it is the namespace itself that was not made, before any id was mapped.
std::string new_user_namespace_remedy(int error, Restrictions restrictions);

/// "--ro-bind A A --ro-bind B B".
std::string showing_directories(const std::vector<std::string>& directories);

/// The limit that `error` says is reached, and how to raise it; empty if it says none.
std::string limit_remedy(int error);

/// Whether the clean path `path` is at or below a directory that belongs to the system, so that a
/// message may recommend to show it although a file of an attacker named it. False where it has
/// "..".
bool is_of_system(const std::string& path);

/// What is wrong where the host has no procfs, then what to do.
std::string no_proc();

/// Why the kernel mounts no new root upon "/" (EINVAL), and what to do.
std::string chroot_remedy();

/// Why the kernel refuses a new procfs (EPERM), and what to do.
std::string proc_remedy();

}  // namespace sbx
