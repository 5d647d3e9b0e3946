// SPDX-License-Identifier: Apache-2.0
#include "sys/machine.hpp"

#include "sys/proc_text.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace sbx::sys {
namespace {

// The first word of a small file, or nothing.
std::string first_word(const char* path) {
    std::ifstream file(path);
    std::string word;
    file >> word;
    return word;
}

// The value of `key` in /proc/self/status.
std::string status_value(std::string_view key) {
    std::ifstream file("/proc/self/status");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return std::string(proc_value(text, key));
}

// 2 when a filter is around us.
bool is_filtered() { return status_value("Seccomp") == "2"; }

// Whether we are in a user namespace already: the first one maps all ids.
bool is_mapped() {
    std::ifstream file("/proc/self/uid_map");
    std::string inside;
    std::string outside;
    std::string count;
    file >> inside >> outside >> count;
    return count != "4294967295";
}

// Bit 31 of the effective capabilities.
bool may_set_file_capabilities() {
    return (std::strtoull(status_value("CapEff").c_str(), nullptr, 16) >> 31U & 1U) != 0;
}

// A root that is not the mount namespace's: the kernel makes no user namespace there.
bool is_chrooted() {
    struct stat mine {};
    struct stat init {};
    return ::stat("/", &mine) == 0 && ::stat("/proc/1/root/", &init) == 0 &&
           (mine.st_dev != init.st_dev || mine.st_ino != init.st_ino);
}

}  // namespace

std::string read_link(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t got = ::readlink(path.c_str(), target.data(), target.size());
    if (got <= 0 || static_cast<std::size_t>(got) == target.size()) return {};
    return {target.data(), static_cast<std::size_t>(got)};
}

std::string real_path(const std::string& path) {
    char* real = ::realpath(path.c_str(), nullptr);
    if (real == nullptr) return path;
    std::string out = real;
    std::free(real);
    return out;
}

std::string no_proc() {
    return "/proc is not mounted here, and user ids are mapped through it; mount proc on /proc";
}

std::string proc_remedy() {
    return "the /proc around sbx is partly covered (as in a container), and the kernel shows no "
           "new "
           "one then: use --ro-bind /proc /proc, which shows the processes of this machine, or run "
           "the container with its /proc unmasked";
}

std::string user_namespace_remedy(int error) {
    if (first_word("/proc/sys/user/max_user_namespaces") == "0") {
        return "user namespaces are switched off (user.max_user_namespaces is 0): as root, "
               "sysctl -w user.max_user_namespaces=15000";
    }
    if (first_word("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
        return "ordinary users may not make user namespaces here (kernel.unprivileged_userns_clone "
               "is 0): as root, sysctl -w kernel.unprivileged_userns_clone=1";
    }
    if (first_word("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
        return "AppArmor restricts user namespaces to programs with a profile "
               "(kernel.apparmor_restrict_unprivileged_userns is 1): give sbx a profile with "
               "\"userns,\" in /etc/apparmor.d, or as root, "
               "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
    }
    if (error == EPERM && ::geteuid() == 0 && is_mapped() && !may_set_file_capabilities()) {
        return "uid 0 of this user namespace lacks CAP_SETFCAP, so it cannot be mapped once more: "
               "start the sandbox around this one with another id, as --uid 1000 --gid 1000";
    }
    if (error == EAGAIN) {
        return "a limit on the number of processes is reached: see ulimit -u and the pids.max of "
               "the cgroup";
    }
    if (error == ENOSPC) {
        return "a limit is reached: user namespaces are nested 33 deep at most, and each of the "
               "user.max_*_namespaces sysctls counts; raise the one that is too low";
    }
    if (is_filtered()) {
        return "a seccomp filter is around sbx, as in a container or in another sandbox, and it "
               "may forbid new namespaces: run the container with one that allows clone3, unshare "
               "and mount";
    }
    if (is_chrooted()) {
        return "sbx runs in a chroot, where the kernel makes no user namespaces: use pivot_root, a "
               "container or another sbx in the place of chroot";
    }
    if (error == EINVAL || error == ENOSYS) {
        return "this kernel was built without one of the namespaces that were asked for "
               "(CONFIG_USER_NS and its kin)";
    }
    return "the kernel or a security module forbids it; see the kernel's log";
}

}  // namespace sbx::sys
