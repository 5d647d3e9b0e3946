// SPDX-License-Identifier: Apache-2.0
// The names are those of hier(7) and of the distributions. A directory in which people put projects
// (/opt, /srv, /var/lib, /usr/src) is the system's by itself, and the directories in it are not.
#include "view/system_places.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace sbx::planning {
namespace {

// With all that is below.
constexpr auto trees = std::to_array<std::string_view>({
    "/bin",
    "/boot",
    "/dev",
    "/efi",
    "/etc",
    "/gnu/store",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/lost+found",
    "/nix/store",
    "/nix/var",
    "/proc",
    "/run/containerd",
    "/run/dbus",
    "/run/docker",
    "/run/initramfs",
    "/run/lock",
    "/run/log",
    "/run/systemd",
    "/run/udev",
    "/sbin",
    "/sys",
    "/usr/bin",
    "/usr/etc",
    "/usr/games",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/libx32",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/games",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/libexec",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/var/backups",
    "/var/lib/apt",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/dbus",
    "/var/lib/docker",
    "/var/lib/dpkg",
    "/var/lib/pacman",
    "/var/lib/rpm",
    "/var/lib/systemd",
    "/var/log",
    "/var/spool/cron",
});

// By themselves.
constexpr auto alone = std::to_array<std::string_view>({
    "/",          "/gnu",           "/media",    "/nix",     "/opt",
    "/run",       "/run/media",     "/run/user", "/snap",    "/usr",
    "/usr/local", "/usr/local/src", "/usr/src",  "/var",     "/var/cache",
    "/var/lib",   "/var/local",     "/var/mail", "/var/opt", "/var/spool",
});

// What everybody may read, and programs are given anyway.
constexpr auto open_trees = std::to_array<std::string_view>({
    "/bin",
    "/gnu/store",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/sbin",
    "/usr",
});

bool is_below(std::string_view path, std::string_view base) {
    return path != base && is_at_or_below(path, base);
}

}  // namespace

bool is_system_directory(std::string_view path) {
    const auto has = [path](std::string_view tree) { return is_at_or_below(path, tree); };
    if (std::find(alone.begin(), alone.end(), path) != alone.end()) return true;
    // /dev/shm is a place for temporary files, of which another warning is.
    return !has("/dev/shm") && std::any_of(trees.begin(), trees.end(), has);
}

bool is_private_system_directory(std::string_view path) {
    return is_system_directory(path) &&
           std::none_of(open_trees.begin(), open_trees.end(),
                        [path](std::string_view tree) { return is_below(path, tree); });
}

}  // namespace sbx::planning
