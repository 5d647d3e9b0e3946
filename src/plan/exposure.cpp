// SPDX-License-Identifier: Apache-2.0
#include "plan/exposure.hpp"

#include "base/program_name.hpp"
#include "base/text.hpp"
#include "view/system_places.hpp"

#include <algorithm>
#include <map>

namespace sbx::planning {
namespace {

using Power = HostSocket::Power;

// The place inside at which a writable bind lets the command change the host's directory `path`, or
// one file of it.
std::optional<std::string> makes_writable(const Sight& sight, std::size_t index,
                                          const std::string& path) {
    const Source& source = sight.source(index);
    const std::string& place = sight.places()[index];
    for (const std::string* name : {&source.path, &source.home_name}) {
        auto inside = sight.seen_at(index, path, *name);
        const bool file = source.kind == Source::Kind::file && name->size() > path.size() &&
                          name->substr(0, name->find_last_of('/')) == path;
        if (file && sight.shows(place) == index) inside = place;
        if (inside && !sight.is_guarded(*inside)) return inside;
    }
    return std::nullopt;
}

// Builds write to caches: ~/.ccache, and directories in ~/.cache. ~/.cache itself does not count,
// since shells keep start-up files right in it.
bool is_cache(const std::string& below_home, Source::Kind kind) {
    return is_at_or_below(below_home, ".ccache") ||
           (below_home != ".cache" && is_at_or_below(below_home, ".cache") &&
            kind == Source::Kind::directory);
}

// The settings that a writable bind shows: a file or a directory right below `home` whose name
// begins with a dot, or anything in such a directory. Programs outside take commands from most of
// them.
std::string settings_of(const Sight& sight, std::size_t index, const std::string& home) {
    const Source& source = sight.source(index);
    const std::string& place = sight.places()[index];
    if (source.kind != Source::Kind::directory && source.kind != Source::Kind::file) return {};
    for (const std::string* name : {&source.path, &source.home_name}) {
        if (name->size() <= home.size() + 1 || !is_at_or_below(*name, home)) continue;
        const std::string below = name->substr(home.size() + 1);
        if (below[0] != '.' || is_cache(below, source.kind)) continue;
        const bool seen = sight.shows(place) == index && !sight.is_guarded(place);
        return seen ? *name : std::string();
    }
    return {};
}

// The shared directory that a bind shows, if it does: that one itself, or where it is writable,
// something that holds one.
std::string shared_by(const Sight& sight, std::size_t index) {
    const Source& source = sight.source(index);
    if (source.path == "/") return {};
    const bool writable = sight.shows_writable(index);
    if (source.shared) {
        // With nothing in them but sockets: a bind asks for these.
        const bool asked =
            !writable && (source.path == "/tmp/.X11-unix" || source.path == "/tmp/.ICE-unix");
        const bool seen = sight.shows(sight.places()[index]) == index;
        return asked || !seen ? std::string() : source.path;
    }
    for (const std::string& path : sight.exposed().shared) {
        const auto inside = writable ? sight.seen_at(index, path) : std::nullopt;
        if (inside && !sight.is_guarded(*inside)) return path;
    }
    return {};
}

std::string what_it_does(Power power) {
    switch (power) {
        case Power::keys: return "use your keys or this machine";
        case Power::programs: return "start others outside";
        case Power::unknown: return "talk to one of yours outside";
    }
    return {};
}

}  // namespace

std::string home_exposure(const Sight& sight, std::size_t index) {
    // A warning of its own is about all of the machine.
    if (sight.source(index).path == "/") return {};
    for (const std::string& home : sight.exposed().homes) {
        if (!makes_writable(sight, index, home)) continue;
        if (home == sight.exposed().foreign_home) {
            return "makes " + quote(home) +
                   " writable inside, the home directory of another user, which HOME names; bind "
                   "the directory of the project instead";
        }
        return "makes your home directory writable inside, with your keys and what your shells "
               "run when they start; bind the directory of the project instead";
    }
    for (const std::string& home : sight.exposed().homes) {
        const std::string settings = settings_of(sight, index, home);
        if (settings.empty()) continue;
        return "makes " + quote(settings) +
               " writable inside, which is in your home and gives programs outside their settings "
               "and commands; use --ro-bind";
    }
    const auto keeps = [](const std::string& inside) {
        return "; --protect " + shell_words({inside}) + " keeps it as it is";
    };
    for (const std::string& path : sight.exposed().profiles) {
        if (const auto inside = makes_writable(sight, index, path)) {
            return "makes " + quote(path) +
                   " writable inside, where " SBX_NAME " looks for profiles" + keeps(*inside);
        }
    }
    for (const std::string& path : sight.exposed().programs) {
        if (const auto inside = makes_writable(sight, index, path)) {
            return "makes " + quote(path) +
                   " writable inside, which is in your PATH, so that programs made there run "
                   "outside" +
                   keeps(*inside);
        }
    }
    return {};
}

std::string system_exposure(const Sight& sight, std::size_t index) {
    const Source& source = sight.source(index);
    if (source.path == "/") {
        return "makes all of this machine writable inside that you may write to";
    }
    if (source.kind != Source::Kind::directory || !is_system_directory(source.path)) return {};
    // Devices are asked for so, one by one.
    if (sight.binds_devices(index) && is_at_or_below(source.path, "/dev")) return {};
    return "makes " + quote(source.path) +
           " writable inside, a directory of the system, as far as you may write to it";
}

std::string start_exposure(const Sight& sight, std::size_t index) {
    const Source& source = sight.source(index);
    const bool system = sight.shows_writable(index) ? is_system_directory(source.path)
                                                    : is_private_system_directory(source.path);
    if (system) return "brings in " + quote(source.path) + ", a directory of the system";
    if (source.path == "/home") return "brings in the home directories in \"/home\"";
    for (const std::string* name : {&source.path, &source.home_name}) {
        const auto is_base = [name](const std::string& home) {
            return !name->empty() && is_at_or_below(home, *name);
        };
        const auto is_home = [name](const std::string& home) { return home == *name; };
        const Exposed& exposed = sight.exposed();
        // $HOME may be a directory of the project's own.
        if (std::any_of(exposed.homes.begin(), exposed.homes.end(), is_home)) {
            return "brings in " + quote(*name) +
                   (*name == exposed.foreign_home
                        ? ", which HOME names, and which is the home directory of another user"
                        : ", which is your home directory");
        }
        const auto found = std::find_if(exposed.people.begin(), exposed.people.end(), is_base);
        if (found == exposed.people.end()) continue;
        return "brings in " + quote(*name) +
               (*found == *name ? ", which is a home directory"
                                : ", with the home directory " + quote(*found));
    }
    return {};
}

std::string shared_exposure(const Sight& sight, std::size_t index) {
    const std::string path = shared_by(sight, index);
    if (path.empty()) return {};
    return "brings in " + quote(path) +
           ", where programs outside have sockets and files that they trust; bind a directory in "
           "it that is for this command alone";
}

std::vector<std::string> socket_exposures(const Sight& sight, std::size_t index,
                                          const std::vector<HostSocket>& sockets) {
    struct Group {
        std::string first;  ///< its path outside
        std::string inside;
        std::size_t more = 0;
    };
    std::map<Power, Group> groups;
    for (const HostSocket& socket : sockets) {
        const std::string& source = sight.source(index).path;
        const bool asked =
            !socket.asked_by.empty() && (source == socket.path || source == socket.asked_by);
        if (asked) continue;
        const auto inside = sight.seen_at(index, socket.path);
        if (!inside || sight.is_masked(*inside)) continue;
        const auto [group, is_new] = groups.try_emplace(socket.power, Group{socket.path, *inside});
        if (!is_new) ++group->second.more;
    }
    std::vector<std::string> out;
    for (const auto& [power, group] : groups) {
        const std::string others = group.more == 0 ? ""
                                   : group.more == 1
                                       ? " and another one"
                                       : " and " + std::to_string(group.more) + " others";
        out.push_back("brings in the socket " + quote(group.first) + others +
                      ", by which a program inside can " + what_it_does(power) + "; --mask " +
                      shell_words({group.inside}) +
                      (group.more == 0 ? " hides it" : " hides the first of them"));
    }
    return out;
}

}  // namespace sbx::planning
