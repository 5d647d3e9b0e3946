// SPDX-License-Identifier: Apache-2.0
#include "system/machine.hpp"

#include "base/text.hpp"
#include "system/proc_text.hpp"
#include "system/syscalls.hpp"

#include <fcntl.h>
#include <linux/capability.h>
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

// A root that is not the mount namespace's: the kernel makes no user namespace there. It is told by
// that of pid 1, which not everybody may see, or by what is no mount's root.
bool is_chrooted() {
    struct statx root {};
    const bool known = ::statx(AT_FDCWD, "/", 0, STATX_INO, &root) == 0 &&
                       (root.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
    if (known && (root.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) return true;
    struct stat mine {};
    struct stat init {};
    return ::stat("/", &mine) == 0 && ::stat("/proc/1/root/", &init) == 0 &&
           (mine.st_dev != init.st_dev || mine.st_ino != init.st_ino);
}

// "docker-default (enforce)" as "docker-default"; nothing for who is not confined.
std::string apparmor_profile() {
    if (first_word("/sys/module/apparmor/parameters/enabled") != "Y") return {};
    // Where other modules are loaded too, the first file may be another one's.
    std::string label = text_of("/proc/self/attr/apparmor/current");
    if (label.empty()) label = text_of("/proc/self/attr/current");
    label = label.substr(0, label.find('\n'));
    const std::size_t mode = label.rfind(" (enforce)");
    return mode == std::string::npos ? std::string() : label.substr(0, mode);
}

std::string selinux_context() {
    if (first_word("/sys/fs/selinux/enforce") != "1") return {};
    const std::string context = text_of("/proc/self/attr/current");
    return context.substr(0, context.find_first_of(std::string_view("\0\n", 2)));
}

}  // namespace

std::string read_link(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t got = ::readlink(path.c_str(), target.data(), target.size());
    if (got <= 0 || static_cast<std::size_t>(got) == target.size()) return {};
    return {target.data(), static_cast<std::size_t>(got)};
}

std::string without_links(const std::string& path) {
    if (path.find("/..") == std::string::npos) {
        const int fd = open_at2(AT_FDCWD, path.c_str(), O_PATH, 0, RESOLVE_NO_SYMLINKS);
        if (fd >= 0) ::close(fd);
        if (fd >= 0) return lexically_clean(path);
        if (fd == -ENOENT) {
            errno = ENOENT;
            return {};
        }
    }
    char* real = ::realpath(path.c_str(), nullptr);
    if (real == nullptr) return {};
    std::string out = real;
    std::free(real);
    return out;
}

std::string real_path(const std::string& path) {
    char* real = ::realpath(path.c_str(), nullptr);
    if (real == nullptr) return path;
    std::string out = real;
    std::free(real);
    return out;
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string first_word(const std::string& path) {
    std::ifstream file(path);
    std::string word;
    file >> word;
    return word;
}

std::string status_value(std::string_view key) {
    return std::string(proc_value(text_of("/proc/self/status"), key));
}

bool has_capability(unsigned number) {
    return (std::strtoull(status_value("CapEff").c_str(), nullptr, 16) >> number & 1U) != 0;
}

Restrictions look_up_restrictions() {
    return {.userns_off = first_word("/proc/sys/user/max_user_namespaces") == "0",
            .unprivileged_off = first_word("/proc/sys/kernel/unprivileged_userns_clone") == "0",
            .apparmor_restricts =
                first_word("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1",
            .apparmor_profile = apparmor_profile(),
            .selinux_context = selinux_context(),
            .root_without_setfcap = ::geteuid() == 0 && !has_capability(CAP_SETFCAP),
            .filtered = status_value("Seccomp") == "2",
            .chrooted = is_chrooted()};
}

std::string user_namespace_remedy(int error) {
    return sbx::user_namespace_remedy(error, look_up_restrictions());
}

std::string new_user_namespace_remedy(int error) {
    return sbx::new_user_namespace_remedy(error, look_up_restrictions());
}

}  // namespace sbx::sys
