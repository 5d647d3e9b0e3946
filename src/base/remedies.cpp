// SPDX-License-Identifier: Apache-2.0
#include "base/remedies.hpp"

#include "base/program_name.hpp"
#include "base/setup_calls.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string_view>

namespace sbx {

bool is_of_system(const std::string& path) {
    constexpr std::string_view directories[] = {"/usr",       "/bin",      "/sbin",
                                                "/lib",       "/lib32",    "/lib64",
                                                "/libx32",    "/opt",      "/etc/alternatives",
                                                "/nix/store", "/gnu/store"};
    if ((path + "/").find("/../") != std::string::npos) return false;
    return std::any_of(
        std::begin(directories), std::end(directories),
        [&path](std::string_view directory) { return is_at_or_below(path, directory); });
}

std::string showing_directories(const std::vector<std::string>& directories) {
    std::string out;
    for (const std::string& one : directories) {
        out += (out.empty() ? "--ro-bind " : " --ro-bind ") + shell_words({one, one});
    }
    return out;
}

std::string limit_remedy(int error) {
    switch (error) {
        case EAGAIN:
            return "a limit on the number of processes is reached: see ulimit -u and the pids.max "
                   "of the cgroup";
        case EMFILE:
            return "the limit on open files of a process is reached: raise it with ulimit -n, or "
                   "close what is open";
        case ENFILE:
            return "the machine's limit on open files is reached: as root, raise the sysctl "
                   "fs.file-max";
        case ENOMEM:
            return "there is not enough memory, or the cgroup's limit (memory.max) is reached";
        default: return {};
    }
}

std::string no_proc() {
    return "/proc is not mounted here, and user ids are mapped through it; mount proc on /proc";
}

std::string chroot_remedy() {
    return "\"/\" is a directory that no file system is mounted on, as in a plain chroot, and a "
           "new "
           "root can be mounted upon such a one only: mount --bind DIR DIR before chroot DIR makes "
           "it one; pivot_root, a container or another " SBX_NAME " in the place of chroot do, too";
}

std::string proc_remedy() {
    return "the /proc around " SBX_NAME
           " is partly covered (as in a container), and the kernel shows no "
           "new one then: use --ro-bind /proc /proc, which shows the processes of this machine, or "
           "run the container with its /proc unmasked (podman: --security-opt unmask=ALL, docker: "
           "--security-opt systempaths=unconfined)";
}

std::string new_user_namespace_remedy(int error, Restrictions restrictions) {
    restrictions.root_without_setfcap = false;  // it counts for mapping ids alone
    return user_namespace_remedy(error, restrictions);
}

std::string user_namespace_remedy(int error, const Restrictions& restrictions) {
    if (restrictions.userns_off) {
        return "user namespaces are switched off (user.max_user_namespaces is 0): as root, "
               "sysctl -w user.max_user_namespaces=15000";
    }
    if (restrictions.unprivileged_off) {
        return "ordinary users may not make user namespaces here (kernel.unprivileged_userns_clone "
               "is 0): as root, sysctl -w kernel.unprivileged_userns_clone=1";
    }
    if (restrictions.apparmor_restricts) {
        return "AppArmor restricts user namespaces to programs with a profile "
               "(kernel.apparmor_restrict_unprivileged_userns is 1): load the one that "
               "lets " SBX_EXECUTABLE " make them, as root, " SBX_APPARMOR_LOAD
               ", or lift the restriction, "
               "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
    }
    if (error == EPERM && restrictions.root_without_setfcap) {
        return "uid 0 of this user namespace lacks CAP_SETFCAP, so it cannot be mapped once more: "
               "start the sandbox around this one with another id, as --uid 1000 --gid 1000, or "
               "the container with --user 1000:1000 or --cap-add SETFCAP";
    }
    if (std::string limit = limit_remedy(error); !limit.empty()) return limit;
    if (error == ENOSPC) {
        return "a limit is reached: user namespaces are nested 33 deep at most, and each of the "
               "user.max_*_namespaces sysctls counts, also as set by a sandbox around this one "
               "(--disable-userns); raise the one that is too low";
    }
    // Security modules answer EACCES, where filters and the kernel's own rules have EPERM.
    if (error == EACCES && !restrictions.apparmor_profile.empty()) {
        return "the AppArmor profile " + quote(restrictions.apparmor_profile) +
               " forbids it: allow it there, or run the container without one (--security-opt "
               "apparmor=unconfined)";
    }
    if (error == EACCES && !restrictions.selinux_context.empty()) {
        return "SELinux forbids it to " + quote(restrictions.selinux_context) +
               ": ausearch -m AVC -ts recent shows what was denied; run a container with "
               "--security-opt label=disable";
    }
    if (restrictions.filtered) {
        return "a seccomp filter is around " SBX_NAME
               ", as in a container or in another sandbox, and it "
               "may forbid new namespaces: " +
               container_profile_remedy() +
               ", or run the " SBX_NAME
               " around this one with --allow-userns --map-current-user (as root: "
               "--uid 1000 --gid 1000)";
    }
    if (restrictions.chrooted) {
        return SBX_NAME
            " runs in a chroot, where the kernel makes no user namespaces: use pivot_root, a "
            "container or another " SBX_NAME " in the place of chroot";
    }
    if (error == EINVAL || error == ENOSYS) {
        return "this kernel was built without one of the namespaces that were asked for "
               "(CONFIG_USER_NS and its kin)";
    }
    return "the kernel or a security module forbids it, as in every chroot; see the kernel's log";
}

}  // namespace sbx
