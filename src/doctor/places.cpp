// SPDX-License-Identifier: Apache-2.0
#include "doctor/places.hpp"

#include "system/machine.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>

namespace sbx::sys {
namespace {

// The first part of `text`, which is taken away with the `separator` behind it.
std::string_view take_part(std::string_view& text, char separator) {
    const std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    return part;
}

// Nothing is 0, and so is what is no number.
std::uint64_t number_in(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

IdHelper::Privilege privilege_of(const std::string& path, const struct stat& status) {
    const bool setuid = (status.st_mode & S_ISUID) != 0 && status.st_uid == 0;
    const bool capable = ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
    if (!setuid && !capable) return IdHelper::Privilege::none;
    struct statvfs mount {};
    const bool ignored = ::statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0;
    return ignored || status_value("NoNewPrivs") == "1" ? IdHelper::Privilege::withheld
                                                        : IdHelper::Privilege::held;
}

// "0::/user.slice/..." as the path.
std::string path_in_hierarchy() {
    const std::string text = text_of("/proc/self/cgroup");
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = take_part(rest, '\n');
        if (line.substr(0, 3) == "0::") return std::string(line.substr(3));
    }
    return {};
}

bool is_unified(const std::string& path) {
    struct statfs status {};
    return ::statfs(path.c_str(), &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

}  // namespace

std::string user_name(std::uint32_t uid) {
    const std::string text = text_of("/etc/passwd");
    std::string_view rest = text;
    while (!rest.empty()) {
        std::string_view line = take_part(rest, '\n');
        const std::string_view name = take_part(line, ':');
        take_part(line, ':');
        if (take_part(line, ':') == std::to_string(uid)) return std::string(name);
    }
    return {};
}

IdRanges id_ranges_in(std::string_view text, std::string_view user, std::uint32_t uid) {
    IdRanges out{.count = 0, .free = 100000};  // SUB_UID_MIN of login.defs(5)
    while (!text.empty()) {
        std::string_view line = take_part(text, '\n');
        const std::string_view owner = take_part(line, ':');
        const std::uint64_t first = number_in(take_part(line, ':'));
        const std::uint64_t count = number_in(line);
        if (count == 0) continue;
        out.free = std::max(out.free, first + count);
        const bool mine = (!user.empty() && owner == user) || owner == std::to_string(uid);
        if (mine) out.count += count;
    }
    return out;
}

std::uint64_t ids_in(std::string_view text) {
    std::uint64_t out = 0;
    while (!text.empty()) {
        const std::string_view line = take_part(text, '\n');
        out += number_in(line.substr(line.find_last_of(' ') + 1));  // inside, outside, count
    }
    return out;
}

IdHelper find_id_helper(const std::string& name) {
    const char* variable = std::getenv("PATH");
    std::string_view rest = variable != nullptr ? variable : "/usr/bin:/bin";
    while (!rest.empty()) {
        std::string path = std::string(take_part(rest, ':')) + "/" + name;
        struct stat status {};
        if (path[0] != '/' || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
            ::access(path.c_str(), X_OK) != 0) {
            continue;
        }
        const IdHelper::Privilege privilege = privilege_of(path, status);
        return {privilege, std::move(path)};
    }
    return {};
}

Cgroup own_cgroup() {
    Cgroup out;
    struct stat status {};
    out.systemd = ::stat("/run/systemd/system", &status) == 0;
    std::string top = "/sys/fs/cgroup";
    out.kind = Cgroup::Kind::unified;
    if (!is_unified(top)) {
        top += "/unified";  // where systemd puts it beside those of version 1
        out.kind = is_unified(top) ? Cgroup::Kind::hybrid : Cgroup::Kind::none;
    }
    if (out.kind == Cgroup::Kind::none) return out;
    const std::string below = path_in_hierarchy();
    out.path = below == "/" ? top : top + below;
    out.controllers = text_of(out.path + "/cgroup.controllers");
    out.controllers = out.controllers.substr(0, out.controllers.find('\n'));
    const bool writable = ::access(out.path.c_str(), W_OK) == 0;
    const int error = writable ? 0 : errno;
    if (writable && ::access((out.path + "/cgroup.procs").c_str(), W_OK) == 0) {
        out.access = Cgroup::Access::full;
    } else if (error == EROFS) {
        out.access = Cgroup::Access::read_only;
    }
    return out;
}

std::vector<std::string> covers_in(std::string_view mountinfo) {
    std::vector<std::string> out;
    while (!mountinfo.empty()) {
        std::string_view line = take_part(mountinfo, '\n');
        for (int i = 0; i < 4; ++i) take_part(line, ' ');  // ids, the device, the mount's own root
        const std::string_view place = take_part(line, ' ');
        if (place.substr(0, 6) == "/proc/") out.emplace_back(place);
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::string> covers_of_proc() { return covers_in(text_of("/proc/self/mountinfo")); }

}  // namespace sbx::sys
