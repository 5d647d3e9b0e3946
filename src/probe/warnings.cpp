// SPDX-License-Identifier: Apache-2.0
#include "probe/warnings.hpp"

#include "base/remedies.hpp"
#include "base/text.hpp"
#include "plan/outside_argument.hpp"
#include "plan/planning.hpp"
#include "probe/program_places.hpp"
#include "probe/socket_search.hpp"
#include "probe/worktree.hpp"
#include "system/fd.hpp"
#include "system/machine.hpp"
#include "view/entries.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace sbx::sys {
namespace {

// A file that is the same under all its names.
using Identity = std::pair<std::uint64_t, std::uint64_t>;

std::optional<Identity> identity_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return Identity{status.st_dev, status.st_ino};
}

std::optional<Identity> identity_of(const Source& source) {
    if (!source.found) return std::nullopt;
    return Identity{source.found->device, source.found->inode};
}

// "/a/b" of "/a/b/c", and "/" of "/a".
std::string parent_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

void add_once(std::vector<std::string>& to, const std::string& path) {
    if (std::find(to.begin(), to.end(), path) == to.end()) to.push_back(path);
}

// `path` without links, also where it is missing: the part of it that is there decides.
std::string place_of(const std::string& path) {
    std::string there = lexically_clean(path);
    std::string missing;
    for (;;) {
        const std::string real = without_links(there);
        if (!real.empty()) return missing.empty() ? real : (real == "/" ? "" : real) + missing;
        if (there == "/" || (errno != ENOENT && errno != ENOTDIR)) return {};
        missing = there.substr(there.find_last_of('/')) + missing;
        there = parent_of(there);
    }
}

// Whether the caller may write to the directory `path`, or make it.
bool may_write(std::string path) {
    while (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
        if (errno != ENOENT || path == "/") return false;
        path = parent_of(path);
    }
    return true;
}

// passwd(5) itself: a static executable asks no module of NSS.
std::string users() {
    constexpr std::size_t most = std::size_t{16} << 20U;
    const Fd fd(::open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    std::string out;
    std::array<char, 16384> part{};
    while (out.size() < most) {
        const ssize_t got = ::read(fd.get(), part.data(), part.size());
        if (got <= 0) break;
        out.append(part.data(), static_cast<std::size_t>(got));
    }
    return out;
}

// Finds the name below the caller's home of a directory that has another path on the host, too.
class HomeNames {
public:
    explicit HomeNames(const std::vector<std::string>& homes) {
        for (std::string path : homes) {
            for (; path != "/"; path = parent_of(path)) {
                if (const auto identity = identity_of(path)) known_.emplace(*identity, path);
                names_.emplace(path, path);
            }
        }
    }

    std::string name_of(const Source& source) { return name_of(source.path, identity_of(source)); }

private:
    // Of a clean path without links; the path itself where it is nothing of a home.
    std::string name_of(const std::string& path, std::optional<Identity> identity) {
        const auto at = names_.find(path);
        if (at != names_.end()) return at->second;
        if (path == "/") return path;
        if (!identity) identity = identity_of(path);
        const auto known = identity ? known_.find(*identity) : known_.end();
        std::string name;
        if (known != known_.end()) {
            name = known->second;
        } else {
            const std::string above = name_of(parent_of(path), std::nullopt);
            name = (above == "/" ? "" : above) + path.substr(path.find_last_of('/'));
        }
        names_.emplace(path, name);
        return name;
    }

    std::map<Identity, std::string> known_;
    std::map<std::string, std::string> names_;  ///< of all that was asked
};

// The homes in the text of passwd(5) of the users whose ids `wanted` takes.
template <typename Wanted>
std::vector<std::string> homes_where(std::string_view text, const Wanted& wanted) {
    std::vector<std::string> out;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        std::array<std::string_view, 6> fields{};  // name, password, uid, gid, comment, home
        for (std::string_view& field : fields) {
            field = line.substr(0, line.find(':'));
            line.remove_prefix(std::min(line.size(), field.size() + 1));
        }
        std::uint32_t number = 0;
        const std::string_view digits = fields[2];
        const char* end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, number);
        if (error != std::errc{} || stop != end || !wanted(number)) continue;
        if (fields[5].substr(0, 1) == "/") add_once(out, std::string(fields[5]));
    }
    return out;
}

// Of root and of those who log in, not of services. login.defs(5) begins to count them at 1000.
std::vector<std::string> homes_of_people(std::string_view text) {
    constexpr std::uint32_t first = 1000;
    constexpr std::uint32_t nobody = 65534;
    std::vector<std::string> out;
    for (const std::string& home : homes_where(
             text, [](std::uint32_t uid) { return uid == 0 || (uid >= first && uid != nobody); })) {
        const std::string clean = lexically_clean(home);
        if (clean != "/" && clean != "/nonexistent") out.push_back(clean);
    }
    return out;
}

class Look {
public:
    Look(const Spec& spec, Host& host) : spec_(spec), host_(host) {
        for (std::size_t i = 0; i < spec.entries.size(); ++i) {
            if (host.sources[i].path.empty()) continue;
            if (planning::is_writable_bind(spec.entries[i])) writable_.push_back(i);
            if (planning::binds_start(spec, host, i)) starts_.push_back(i);
        }
    }

    void look() {
        const bool writable = asked(Warning::writable_home) && !writable_.empty();
        const bool starts = asked(Warning::start_directory) && !starts_.empty();
        if (writable || starts) add_homes();
        if (writable) {
            for (const std::string& path : spec_.profile_directories) {
                if (const std::string place = place_of(path); !place.empty()) {
                    add_once(host_.exposed.profiles, place);
                }
            }
            add_programs();
        }
        if (asked(Warning::shared_directory)) add_shared();
        if (asked(Warning::other_program)) add_named_programs();
        if (asked(Warning::outside_argument)) add_arguments();
        if (asked(Warning::agent_socket)) host_.agent_sockets = agent_sockets(spec_, host_);
    }

private:
    bool asked(Warning kind) const {
        return spec_.warnings[static_cast<std::size_t>(kind)] != WarningMode::hide;
    }

    // The variable's value, if it is an absolute path.
    std::optional<std::string> directory_of(const char* variable) const {
        auto value = planning::variable(host_.environment, variable);
        return value && value->substr(0, 1) == "/" ? value : std::nullopt;
    }

    // The environment is whatever the caller was started with, so it is not believed alone.
    void add_homes() {
        const std::string known = users();
        if (asked(Warning::start_directory)) add_people(known);
        std::vector<std::string> named = homes_in(known, host_.uid);
        if (const auto home = directory_of("HOME")) {
            named.insert(named.begin(), *home);
            struct stat status {};
            const bool foreign = ::stat(home->c_str(), &status) == 0 && status.st_uid != host_.uid;
            if (foreign) host_.exposed.foreign_home = without_links(*home);
        }
        for (const std::string& path : named) {
            const std::string real = without_links(path);
            if (!real.empty() && real != "/") add_once(host_.exposed.homes, real);
        }
        if (host_.exposed.homes.empty()) return;
        HomeNames names(host_.exposed.homes);
        std::vector<std::size_t> binds = writable_;
        binds.insert(binds.end(), starts_.begin(), starts_.end());
        for (const std::size_t i : binds) {
            Source& source = host_.sources[i];
            const std::string name = names.name_of(source);
            if (name != source.path) source.home_name = name;
        }
    }

    // Only where PATH is changed: a start without a profile asks nothing more.
    void add_named_programs() {
        const std::string name = spec_.command.empty() ? "" : spec_.command.front();
        if (spec_.environment.empty() || name.empty() || name.find('/') != std::string::npos)
            return;
        const auto outside = planning::variable(host_.environment, "PATH");
        const auto environment = planning::plan_environment(spec_, host_);
        if (!outside || outside == planning::variable(environment, "PATH")) return;
        HostProgram& callers = host_.programs.callers;
        for (const std::string& path : planning::plan_executables(name, host_.environment)) {
            if (!is_program(path)) continue;
            callers = {path, without_links(path)};
            break;
        }
        if (callers.path.empty()) return;
        std::vector<HostProgram>& others = host_.programs.others;
        for (const std::string& path : planning::plan_executables(name, environment)) {
            if (is_program(path)) others.push_back({path, without_links(path)});
        }
        const bool same = !others.empty() && others.front().real == callers.real;
        if (same || is_of_system(callers.real)) return;
        host_.programs.needs = program_directories(callers.path);
        if (host_.programs.needs.empty()) host_.programs.needs = {parent_of(callers.path)};
    }

    // One look at each, and none at what may be inside.
    void add_arguments() {
        if (spec_.command.size() < 2) return;
        for (HostArgument& argument : planning::arguments_not_inside(spec_, host_)) {
            struct stat status {};
            const int failed = ::fstatat(AT_FDCWD, argument.path.c_str(), &status, AT_NO_AUTOMOUNT);
            if (failed != 0 || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))) continue;
            argument.directory = S_ISDIR(status.st_mode);
            host_.outside_arguments.push_back(std::move(argument));
        }
    }

    static bool is_program(const std::string& path) {
        return path[0] == '/' && ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
    }

    // Homes of others, which count for root above all.
    void add_people(std::string_view known) {
        if (starts_.empty()) return;
        for (const std::string& home : homes_of_people(known)) {
            const bool brought = std::any_of(starts_.begin(), starts_.end(), [&](std::size_t i) {
                return is_at_or_below(home, host_.sources[i].path);
            });
            if (brought) add_once(host_.exposed.people, home);
        }
    }

    // The command can write to no more than the caller.
    void add_programs() {
        const auto given = planning::variable(host_.environment, "PATH");
        if (!given) return;
        const std::string& path = *given;  // an empty part is the working directory
        for (std::size_t at = 0; at <= path.size();) {
            const std::size_t end = std::min(path.find(':', at), path.size());
            std::string part = path.substr(at, end - at);
            at = end + 1;
            if (part.substr(0, 1) != "/") {
                if (host_.real_cwd.empty()) continue;
                part = host_.real_cwd + "/" + part;
            }
            const std::string place = place_of(part);
            if (place.empty() || !is_in_writable(place) || !may_write(place)) continue;
            add_once(host_.exposed.programs, place);
        }
    }

    // Whether a writable bind shows the directory, or a file of it.
    bool is_in_writable(const std::string& directory) const {
        return std::any_of(writable_.begin(), writable_.end(), [&](std::size_t i) {
            const Source& source = host_.sources[i];
            const auto has = [&](const std::string& path) {
                return is_at_or_below(directory, path) ||
                       (source.kind == Source::Kind::file && parent_of(path) == directory);
            };
            return has(source.path) || (!source.home_name.empty() && has(source.home_name));
        });
    }

    void add_shared() {
        const bool all_of_system = std::all_of(
            host_.sources.begin(), host_.sources.end(),
            [](const Source& source) { return source.path.empty() || is_of_system(source.path); });
        if (all_of_system) return;
        std::vector<std::string> session = {"/run/user/" + std::to_string(host_.uid)};
        if (const auto given = directory_of("XDG_RUNTIME_DIR")) add_once(session, *given);
        for (const std::string& path : session) {
            const std::string real = without_links(path);
            if (real.empty() || real == "/") continue;
            add_once(host_.exposed.shared, real);
            const auto identity = identity_of(real);
            for (Source& source : host_.sources) {
                if (source.kind != Source::Kind::directory || source.shared) continue;
                source.shared = source.path == real || identity == identity_of(source);
            }
        }
        if (writable_.empty()) return;
        for (const char* path : {"/tmp", "/var/tmp", "/dev/shm"}) {
            const std::string real = without_links(path);
            if (!real.empty()) add_once(host_.exposed.shared, real);
        }
    }

    const Spec& spec_;
    Host& host_;
    std::vector<std::size_t> writable_;  ///< entries
    std::vector<std::size_t> starts_;    ///< entries that depend on the working directory
};

}  // namespace

void look_for_mistakes(const Spec& spec, Host& host) {
    Look(spec, host).look();
    look_for_worktree(spec, host);
}

std::vector<std::string> homes_in(std::string_view text, std::uint32_t uid) {
    return homes_where(text, [uid](std::uint32_t number) { return number == uid; });
}

}  // namespace sbx::sys
