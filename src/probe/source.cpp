// SPDX-License-Identifier: Apache-2.0
#include "probe/source.hpp"

#include "base/pattern.hpp"
#include "base/text.hpp"
#include "child/cleaner.hpp"
#include "plan/planning.hpp"
#include "probe/search.hpp"
#include "system/fd.hpp"
#include "system/machine.hpp"
#include "system/syscalls.hpp"
#include "system/wayland.hpp"
#include "view/entries.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

namespace sbx::sys {
namespace {

// Whether nothing in `path` needs to be taken out to name the same file.
bool is_plain(const std::string& path) {
    const std::string whole = path + "/";
    return whole.front() == '/' && whole.find("//") == std::string::npos &&
           whole.find("/./") == std::string::npos && whole.find("/../") == std::string::npos;
}

Source::Kind kind_of(const struct stat& status) {
    return S_ISDIR(status.st_mode)   ? Source::Kind::directory
           : S_ISREG(status.st_mode) ? Source::Kind::file
                                     : Source::Kind::other;
}

// A descriptor or -1 and errno. No link may be on the way.
int open_plain(const std::string& path, std::uint64_t flags) {
    const int fd = open_at2(AT_FDCWD, path.c_str(), flags, 0, RESOLVE_NO_SYMLINKS);
    if (fd >= 0) return fd;
    errno = -fd;
    return -1;
}

// At which part of `path` looking it up ends, and why nothing more can be said.
void explain_failure(const std::string& path, Source& source) {
    std::string there;  // what is there of it so far
    std::size_t at = 0;
    while (at < path.size()) {
        at = std::min(path.find('/', at + 1), path.size());
        const std::string part = path.substr(0, at);
        struct stat status {};
        if (::stat(part.c_str(), &status) == 0) {
            there = part;
            if (S_ISDIR(status.st_mode)) continue;
            source.stops_at = part;  // a file, below which nothing is
            return;
        }
        // A directory that may not be searched stops at itself, all else at what is below it.
        source.stops_at = errno == EACCES && !there.empty() ? there : part;
        if (errno == ENOENT && ::lstat(part.c_str(), &status) == 0) source.link = read_link(part);
        return;
    }
}

// Whether the file at `path` depends on the process that looks: init, in namespaces of its own,
// finds another one, and nobody can put anything else there.
bool is_own_view(const std::string& path) {
    return is_at_or_below(path, "/proc/sys") || is_at_or_below(path, "/proc/self/ns") ||
           is_at_or_below(path, "/proc/thread-self/ns");
}

// `path` from the working directory, where it names that or something below it; else empty. The
// name of the directory may be given to another one at any time. The directory itself stays.
std::string relative_path(const std::string& path, const Host& host) {
    if (path.empty()) return {};
    if (path.front() != '/') {
        std::string rest = path;
        while (rest.starts_with("./")) {
            rest.erase(0, std::min(rest.find_first_not_of('/', 1), rest.size()));
        }
        if (rest.empty() || rest == ".") return ".";
        return is_plain("/" + rest) ? rest : std::string();
    }
    for (const std::string* name : {&host.cwd, &host.real_cwd}) {
        if (name->size() < 2 || !is_at_or_below(path, *name) || !is_plain(path)) continue;
        return path.size() == name->size() ? "." : path.substr(name->size() + 1);
    }
    return {};
}

// `path` from the working directory if it is there, else as it is.
std::string nearest_path(const std::string& path, const Host& host) {
    std::string relative = relative_path(path, host);
    return relative.empty() ? path : relative;
}

// Of a failure it tells the error alone.
Source find(const std::string& path, const Host& host) {
    const std::string relative = relative_path(path, host);
    const std::string& name = relative.empty() ? path : relative;
    // Where no link is on the way, the name that was given is the true one: it is found in half the
    // time.
    const bool plain = !relative.empty() || is_plain(path);
    Fd fd(plain ? open_plain(name, O_PATH) : -1);
    const bool without_links = fd.get() >= 0;
    if (!without_links) fd = Fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    Source source;
    struct stat status {};
    bool there = fd && ::fstat(fd.get(), &status) == 0;
    // A file system that is mounted on access (autofs, NFS, tracefs) is mounted when a directory is
    // asked for. Init would be the first to do so. The directory around it has no device of its
    // own.
    if (there && S_ISDIR(status.st_mode) && major(status.st_dev) == 0) {
        fd = Fd(without_links ? open_plain(name, O_PATH | O_DIRECTORY)
                              : ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        there = fd && ::fstat(fd.get(), &status) == 0;
    }
    if (!there) {
        source.error = errno;
        return source;
    }
    source.kind = kind_of(status);
    source.device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
    source.shared = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0 &&
                    (status.st_mode & S_IWOTH) != 0;
    const bool writable = (status.st_mode & S_IWOTH) != 0 ||
                          ((status.st_mode & S_IWGRP) != 0 && status.st_gid == host.gid);
    if (host.uid == 0 && status.st_uid != 0 && !writable) {
        source.owner = std::pair{status.st_uid, status.st_gid};
    }
    source.path = path;
    source.found = Found{without_links ? relative : "", status.st_dev, status.st_ino};
    if (without_links) {
        if (!relative.empty() && !host.real_cwd.empty()) {
            source.path = lexically_clean(host.real_cwd + "/" + relative);
        }
        if (is_own_view(source.path)) source.found.reset();
        return source;
    }
    // Free of links and "..", so that the child's lookup, which begins below the new root that
    // covers "/", does not depend on what "/.." is. What has no path of its own (a namespace, a
    // deleted file) is opened by the name that was given.
    const std::string real = read_link("/proc/self/fd/" + std::to_string(fd.get()));
    struct stat again {};
    const bool true_name = !real.empty() && real[0] == '/' && ::lstat(real.c_str(), &again) == 0 &&
                           again.st_dev == status.st_dev && again.st_ino == status.st_ino;
    if (true_name) source.path = real;
    if (is_own_view(source.path)) source.found.reset();
    return source;
}

Source look_up(const std::string& path, const Host& host) {
    Source source = find(path, host);
    if (source.error != 0) explain_failure(path, source);
    return source;
}

Source source_of_wayland(const std::string& path, const Host& host) {
    Source source = look_up(path, host);
    if (source.error != 0) return source;
    const CompositorAnswer answer = ask_compositor(source.path);
    source.error = answer.error;
    source.security_context = answer.security_context;
    return source;
}

Source source_of(const Entry& entry, const Host& host) {
    if (const auto* wayland = std::get_if<entry::Wayland>(&entry)) {
        return source_of_wayland(wayland->source, host);
    }
    if (const auto* bind = std::get_if<entry::Bind>(&entry)) return look_up(bind->source, host);
    if (const auto* bind = std::get_if<entry::BindFd>(&entry)) {
        return look_up("/proc/self/fd/" + std::to_string(bind->fd), host);
    }
    Source source;
    if (const auto* overlay = std::get_if<entry::Overlay>(&entry)) {
        for (const std::string& path : overlay->sources) source.more.push_back(look_up(path, host));
        if (overlay->changes == entry::Overlay::Changes::kept) {
            source.more.push_back(look_up(overlay->upper, host));
            source.more.push_back(look_up(overlay->work, host));
        }
    }
    return source;
}

// Whether a directory on the way to `path` is a link.
bool is_behind_link(const std::string& path) {
    struct stat status {};
    for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
        const bool there = ::lstat(path.substr(0, at).c_str(), &status) == 0;
        if (there && S_ISLNK(status.st_mode)) return true;
    }
    return false;
}

// Whether one of `paths` is there: what a guard that may be missing is for. A link counts as it is:
// what it leads to is another question inside. A guard that is left out is so for good: what is
// missing is so by two calls, since a filter around us may answer one of them by itself.
Result<Source> source_of_guard(const std::vector<std::string>& paths, const Host& host) {
    Source out;
    out.error = ENOENT;
    for (const std::string& named : paths) {
        const std::string path = nearest_path(named, host);
        struct stat status {};
        // What is behind a link is another place inside: taken for there.
        if (is_behind_link(path)) {
            out.kind = Source::Kind::other;
            out.path = named;
            out.error = 0;
            return out;
        }
        if (::lstat(path.c_str(), &status) == 0) {
            out.kind = kind_of(status);
            out.path = named;
            out.error = 0;
            return out;
        }
        const bool missing = errno == ENOENT || errno == ENOTDIR;
        if (missing && ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            return Error{quote(named) + ": it is there by one system call and not by another"};
        }
        if (errno != ENOENT && errno != ENOTDIR)
            return Error{quote(named) + ": " + error_text(errno)};
    }
    return out;
}

// Whether one of `paths` is there, and not only as long as another sandbox has a placeholder there,
// nor by way of a link, which leads elsewhere inside. What cannot be told is not.
bool stays(const std::vector<std::string>& paths, const Host& host) {
    return std::any_of(paths.begin(), paths.end(), [&](const std::string& named) {
        const std::string path = nearest_path(named, host);
        struct stat status {};
        return !is_behind_link(path) && ::lstat(path.c_str(), &status) == 0 &&
               !S_ISLNK(status.st_mode) && !looks_like_placeholder(status);
    });
}

// What of the host is shown in a directory inside, and below it by other entries: pairs of where
// inside and where on the host.
std::vector<std::pair<std::string, std::string>> shown_below(const Spec& spec,
                                                             const planning::Places& places,
                                                             const std::vector<Source>& sources,
                                                             const std::string& directory) {
    std::vector<std::pair<std::string, std::string>> out;
    const auto add = [&](const std::string& inside) {
        for (std::string& path : places.shown_at(sources, inside)) {
            out.emplace_back(inside, std::move(path));
        }
    };
    add(directory);
    for (std::size_t i = 0; i < spec.entries.size(); ++i) {
        const bool below = places[i] != directory && is_at_or_below(places[i], directory);
        if (below && planning::puts_something(spec.entries[i])) add(places[i]);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

// The guards in `guards`, whose patterns begin in the same directory, get what matches.
void search_for(const Spec& spec, const planning::Places& places,
                const std::vector<std::size_t>& guards, const std::vector<Pattern>& patterns,
                std::vector<Source>& sources) {
    const std::string& directory = patterns.front().directory;
    const std::string base = directory == "/" ? "/" : directory + "/";
    SearchBound bound;
    bool complete = true;
    for (const auto& [inside, host] : shown_below(spec, places, sources, directory)) {
        const std::string prefix =
            inside == directory ? std::string() : inside.substr(base.size()) + "/";
        const Search found = search(host, prefix, patterns, bound);
        complete = complete && found.complete;
        for (const Match& match : found.matches) {
            // Not where something else is shown inside.
            const std::string path = base + prefix + match.path;
            const auto there = places.shown_at(sources, path);
            const std::string on_host = (host == "/" ? "" : host) + "/" + match.path;
            if (std::find(there.begin(), there.end(), on_host) == there.end()) continue;
            Source source;
            source.kind = match.kind;
            source.path = path;
            sources[guards[match.pattern]].more.push_back(std::move(source));
        }
    }
    for (const std::size_t index : guards) {
        std::vector<Source>& more = sources[index].more;
        std::sort(more.begin(), more.end(),
                  [](const Source& a, const Source& b) { return a.path < b.path; });
        sources[index].error = !complete ? EOVERFLOW : more.empty() ? ENOENT : 0;
    }
}

}  // namespace

// Links and caches that lead back into /usr, without any secret and without any setting: by the
// first Debian, Fedora and openSUSE choose between programs (cc, java), by the second the loader
// finds the libraries of /usr/local and of directories of their own.
std::vector<UsrPart> usr_parts(const Host& host) {
    std::vector<UsrPart> out;
    for (const char* path : {"/etc/alternatives", "/etc/ld.so.cache"}) {
        Source source = find(path, host);
        if (source.error == 0) out.push_back({path, std::move(source)});
    }
    return out;
}

Result<std::vector<Source>> sources_of(const Spec& spec, const Host& host) {
    std::vector<Source> out;
    out.reserve(spec.entries.size());
    for (const Entry& entry : spec.entries) out.push_back(source_of(entry, host));
    if (!planning::has_guards(spec)) return out;
    const planning::Places places(spec);
    // Patterns that begin in the same directory are looked for together.
    std::map<std::string, std::pair<std::vector<std::size_t>, std::vector<Pattern>>> searches;
    for (std::size_t i = 0; i < spec.entries.size(); ++i) {
        const auto* guard = std::get_if<entry::Guard>(&spec.entries[i]);
        if (guard == nullptr) continue;
        if (auto pattern = pattern_of(guard->destination)) {
            auto& [guards, patterns] = searches[pattern->directory];
            guards.push_back(i);
            patterns.push_back(std::move(*pattern));
            continue;
        }
        if (!guard->unless.empty() && stays(places.shown_at(out, guard->unless), host)) {
            out[i].error = EEXIST;
            continue;
        }
        auto there = source_of_guard(places.shown_at(out, guard->destination), host);
        if (there) {
            out[i] = std::move(*there);
        } else if (guard->if_missing == IfMissing::skip) {
            return there.error();
        } else {
            out[i].error = EACCES;  // not known; the guard is there in any case
        }
    }
    for (const auto& [directory, search] : searches) {
        search_for(spec, places, search.first, search.second, out);
    }
    return out;
}

}  // namespace sbx::sys
