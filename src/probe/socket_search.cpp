// SPDX-License-Identifier: Apache-2.0
#include "probe/socket_search.hpp"

#include "base/text.hpp"
#include "plan/socket_places.hpp"
#include "system/machine.hpp"
#include "view/entries.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <memory>
#include <set>

namespace sbx::sys {
namespace {

using planning::ExactBind;
using planning::SocketName;
using Power = HostSocket::Power;

// More than people have, and no more than milliseconds where a directory has millions.
constexpr std::size_t most_names = 4096;       // in one directory
constexpr std::size_t most_directories = 256;  // in all
constexpr std::size_t most_binds = 64;         // whose top is looked at

struct Found {
    std::string name;
    unsigned char type = DT_UNKNOWN;
};

struct CloseListing {
    void operator()(DIR* open) const { ::closedir(open); }
};

std::string joined(const std::string& directory, const std::string& name) {
    return (directory == "/" ? "" : directory) + "/" + name;
}

// Whether another file system is mounted on `path`. The look does not ask that file system: in the
// directory of a session there are some whose server may not answer (gvfs, the document portal).
bool is_mount_point(const std::string& path) {
    struct statx status {};
    const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
    return ::statx(AT_FDCWD, path.c_str(), flags, STATX_TYPE, &status) != 0 ||
           (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// As without_links(), for paths that share most of their directories: each is looked at once.
class RealPaths {
public:
    /// Of a clean path.
    std::string of(const std::string& path, int links = 0) {
        std::array<char, PATH_MAX> target{};
        for (std::size_t end = 0; end != path.size();) {
            end = std::min(path.find('/', end + 1), path.size());
            const std::string part = path.substr(0, end);
            if (std::find(plain_.begin(), plain_.end(), part) != plain_.end()) continue;
            const ssize_t got = ::readlink(part.c_str(), target.data(), target.size());
            if (got < 0 && errno == ENOENT) return {};
            if (got < 0 && errno == EINVAL) {  // it is none
                plain_.push_back(part);
                continue;
            }
            const std::string_view to(target.data(), static_cast<std::size_t>(std::max(got, 0L)));
            const bool followed = to.starts_with('/') && to.size() < target.size() &&
                                  to.find("/..") == std::string_view::npos && links < most_links;
            if (!followed) return without_links(path);
            return of(lexically_clean(std::string(to) + path.substr(end)), links + 1);
        }
        return path;
    }

private:
    static constexpr int most_links = 40;  // the kernel's own bound
    std::vector<std::string> plain_;       ///< no links, nor below one
};

class Search {
public:
    Search(const Spec& spec, const Host& host) : uid_(host.uid) {
        for (std::size_t i = 0; i < spec.entries.size(); ++i) {
            const Source& source = host.sources[i];
            const bool is_bind = std::holds_alternative<entry::Bind>(spec.entries[i]) ||
                                 std::holds_alternative<entry::BindFd>(spec.entries[i]);
            if (!is_bind || source.path.empty() || is_of_system(source.path)) continue;
            const bool is_top = source.kind == Source::Kind::directory &&
                                tops_.size() < most_binds &&
                                std::find(tops_.begin(), tops_.end(), source.path) == tops_.end();
            if (is_top) tops_.push_back(source.path);
            bound_.push_back(source.path);
        }
        std::sort(bound_.begin(), bound_.end());
        bound_.erase(std::unique(bound_.begin(), bound_.end()), bound_.end());
    }

    std::vector<HostSocket> run(const Host& host) {
        if (bound_.empty()) return {};
        for (const planning::SocketPlace& place : planning::socket_places(host.environment, uid_)) {
            look_at(place);
        }
        for (const std::string& top : tops_) {
            for (const SocketName& name : planning::socket_names_in_binds()) {
                walk(top, name.pattern, name);
            }
        }
        return std::move(found_);
    }

private:
    void look_at(const planning::SocketPlace& place) {
        const std::string base = real_paths_.of(place.base);
        if (base.empty() || base == "/") return;
        bases_.insert(base);
        if (!is_related(base)) return;
        for (const SocketName& name : place.names) {
            if (!name.pattern.empty()) {
                walk(base, name.pattern, name);
            } else if (is_shown(base)) {
                add(base, name);
            }
        }
    }

    // Everything at `pattern` below the real path `directory`.
    void walk(const std::string& directory, std::string_view pattern, const SocketName& name) {
        const std::string_view part = pattern.substr(0, pattern.find('/'));
        const bool last = part.size() == pattern.size();
        for (const std::string& child : children(directory, part, last)) {
            const std::string path = joined(directory, child);
            if (!is_related(path)) continue;
            if (last) {
                add(path, name);
            } else {
                walk(path, pattern.substr(part.size() + 1), name);
            }
        }
    }

    // The names like `part` in `directory`. Where no bind shows the directory, only those that lead
    // to the source of a bind.
    std::vector<std::string> children(const std::string& directory, std::string_view part,
                                      bool last) {
        std::vector<std::string> out;
        if (part.find('*') == std::string_view::npos && !is_listed(directory)) {
            out.emplace_back(part);
        } else if (is_shown(directory)) {
            for (const Found& one : listing(directory)) {
                const bool fits =
                    one.type == DT_UNKNOWN ||
                    (last ? one.type != DT_DIR && one.type != DT_REG : one.type == DT_DIR);
                if (fits && planning::matches(part, one.name)) out.push_back(one.name);
            }
        } else {
            const std::string begin = joined(directory, "");
            for (auto it = first_from(begin); it != bound_.end(); ++it) {
                if (it->compare(0, begin.size(), begin) != 0) break;
                std::string name = it->substr(begin.size());
                name = name.substr(0, name.find('/'));
                if (planning::matches(part, name) && (out.empty() || out.back() != name)) {
                    out.push_back(std::move(name));
                }
            }
        }
        return out;
    }

    // Whether all names in `directory` are known.
    bool is_listed(const std::string& directory) const {
        const auto at = listings_.find(directory);
        return at != listings_.end() && at->second.size() < most_names;
    }

    const std::vector<Found>& listing(const std::string& directory) {
        const auto [at, is_new] = listings_.try_emplace(directory);
        if (!is_new || listings_.size() > most_directories) return at->second;
        const bool known = bases_.count(directory) != 0 || is_bound(directory);
        if (!known && is_mount_point(directory)) return at->second;
        const std::unique_ptr<DIR, CloseListing> open(::opendir(directory.c_str()));
        if (!open) return at->second;
        while (const dirent* entry = ::readdir(open.get())) {
            const std::string name = entry->d_name;
            if (name == "." || name == "..") continue;
            if (at->second.size() == most_names) break;
            at->second.push_back({name, entry->d_type});
        }
        return at->second;
    }

    void add(std::string path, const SocketName& name) {
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0) return;
        // screen(1) has a pipe with a name where it was built so.
        const bool pipe = S_ISFIFO(status.st_mode) && name.power == Power::programs;
        if (!S_ISSOCK(status.st_mode) && !pipe) return;
        if (name.power == Power::unknown && status.st_uid != uid_) return;
        path = without_links(path);
        if (path.empty() || !is_shown(path)) return;
        const bool known = std::any_of(found_.begin(), found_.end(),
                                       [&](const HostSocket& one) { return one.path == path; });
        if (known) return;
        std::string asked_by = name.exact == ExactBind::asks ? path : "";
        // Two directories that are there for sockets and nothing else.
        for (const char* only : {"/tmp/.X11-unix", "/tmp/.ICE-unix"}) {
            if (is_at_or_below(path, only)) asked_by = only;
        }
        found_.push_back({name.power, path, asked_by});
    }

    std::vector<std::string>::const_iterator first_from(std::string_view path) const {
        return std::lower_bound(bound_.begin(), bound_.end(), path);
    }

    bool is_bound(std::string_view path) const {
        const auto at = first_from(path);
        return at != bound_.end() && *at == path;
    }

    // Whether a bind shows `path`: is at or above it.
    bool is_shown(std::string_view path) const {
        for (;;) {
            if (is_bound(path)) return true;
            if (path == "/" || path.empty()) return false;
            path = path.substr(0, std::max<std::size_t>(path.find_last_of('/'), 1));
        }
    }

    // The same, or one is below it.
    bool is_related(const std::string& path) const {
        if (is_shown(path)) return true;
        const std::string begin = joined(path, "");
        const auto next = first_from(begin);
        return next != bound_.end() && next->compare(0, begin.size(), begin) == 0;
    }

    std::uint32_t uid_;
    RealPaths real_paths_;
    std::vector<std::string> bound_;  ///< sources of binds, sorted, but for those of the system
    std::vector<std::string> tops_;   ///< the first of those that are directories
    std::set<std::string> bases_;     ///< directories of known places, which may be mount points
    std::map<std::string, std::vector<Found>> listings_;
    std::vector<HostSocket> found_;
};

}  // namespace

bool is_of_system(const std::string& path) {
    static constexpr auto own =
        std::to_array<std::string_view>({"/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32",
                                         "/lib64", "/libx32", "/boot", "/proc", "/sys"});
    if (std::any_of(own.begin(), own.end(),
                    [&](std::string_view one) { return is_at_or_below(path, one); })) {
        return true;
    }
    return is_at_or_below(path, "/dev") && !is_at_or_below(path, "/dev/shm");
}

std::vector<HostSocket> agent_sockets(const Spec& spec, const Host& host) {
    return Search(spec, host).run(host);
}

}  // namespace sbx::sys
