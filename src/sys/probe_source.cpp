// SPDX-License-Identifier: Apache-2.0
#include "sys/probe_source.hpp"

#include "core/entries.hpp"
#include "core/planning.hpp"
#include "core/text.hpp"
#include "sys/child_cleaner.hpp"
#include "sys/fd.hpp"
#include "sys/machine.hpp"
#include "sys/syscalls.hpp"
#include "sys/wayland.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

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

Source look_up(const std::string& path) {
    // Where no link is on the way, the name that was given is the true one: it is found in half the
    // time.
    Fd fd(is_plain(path) ? open_at2(AT_FDCWD, path.c_str(), O_PATH, 0, RESOLVE_NO_SYMLINKS) : -1);
    const bool without_links = fd.get() >= 0;
    if (!without_links) fd = Fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    Source source;
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
        source.error = errno;
        explain_failure(path, source);
        return source;
    }
    source.kind = kind_of(status);
    source.path = path;
    if (without_links) return source;
    // Free of links and "..", so that the child's lookup, which begins below the new root that
    // covers "/", does not depend on what "/.." is. What has no path of its own (a namespace, a
    // deleted file) is opened by the name that was given.
    const std::string real = read_link("/proc/self/fd/" + std::to_string(fd.get()));
    struct stat again {};
    const bool true_name = !real.empty() && real[0] == '/' && ::lstat(real.c_str(), &again) == 0 &&
                           again.st_dev == status.st_dev && again.st_ino == status.st_ino;
    if (true_name) source.path = real;
    return source;
}

Source source_of_wayland(const std::string& path) {
    Source source = look_up(path);
    if (source.error != 0) return source;
    const CompositorAnswer answer = ask_compositor(source.path);
    source.error = answer.error;
    source.security_context = answer.security_context;
    return source;
}

Source source_of(const Entry& entry) {
    if (const auto* wayland = std::get_if<entry::Wayland>(&entry)) {
        return source_of_wayland(wayland->source);
    }
    if (const auto* bind = std::get_if<entry::Bind>(&entry)) return look_up(bind->source);
    if (const auto* bind = std::get_if<entry::BindFd>(&entry)) {
        return look_up("/proc/self/fd/" + std::to_string(bind->fd));
    }
    Source source;
    if (const auto* overlay = std::get_if<entry::Overlay>(&entry)) {
        for (const std::string& path : overlay->sources) source.more.push_back(look_up(path));
        if (overlay->changes == entry::Overlay::Changes::kept) {
            source.more.push_back(look_up(overlay->upper));
            source.more.push_back(look_up(overlay->work));
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
Result<Source> source_of_guard(const std::vector<std::string>& paths) {
    Source out;
    out.error = ENOENT;
    for (const std::string& path : paths) {
        struct stat status {};
        // What is behind a link is another place inside: taken for there.
        if (is_behind_link(path)) {
            out.kind = Source::Kind::other;
            out.path = path;
            out.error = 0;
            return out;
        }
        if (::lstat(path.c_str(), &status) == 0) {
            out.kind = kind_of(status);
            out.path = path;
            out.error = 0;
            return out;
        }
        const bool missing = errno == ENOENT || errno == ENOTDIR;
        if (missing && ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            return Error{quote(path) + ": it is there by one system call and not by another"};
        }
        if (errno != ENOENT && errno != ENOTDIR)
            return Error{quote(path) + ": " + error_text(errno)};
    }
    return out;
}

// Whether one of `paths` is there, and not only as long as another sandbox has a placeholder there,
// nor by way of a link, which leads elsewhere inside. What cannot be told is not.
bool stays(const std::vector<std::string>& paths) {
    return std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
        struct stat status {};
        return !is_behind_link(path) && ::lstat(path.c_str(), &status) == 0 &&
               !S_ISLNK(status.st_mode) && !looks_like_placeholder(status);
    });
}

}  // namespace

Result<std::vector<Source>> sources_of(const Spec& spec) {
    std::vector<Source> out;
    out.reserve(spec.entries.size());
    for (const Entry& entry : spec.entries) out.push_back(source_of(entry));
    if (!planning::has_guards(spec)) return out;
    const planning::Places places(spec);
    for (std::size_t i = 0; i < spec.entries.size(); ++i) {
        const auto* guard = std::get_if<entry::Guard>(&spec.entries[i]);
        if (guard == nullptr) continue;
        if (!guard->unless.empty() && stays(places.shown_at(out, guard->unless))) {
            out[i].error = EEXIST;
            continue;
        }
        auto there = source_of_guard(places.shown_at(out, guard->destination));
        if (there) {
            out[i] = std::move(*there);
        } else if (guard->if_missing == IfMissing::skip) {
            return there.error();
        } else {
            out[i].error = EACCES;  // not known; the guard is there in any case
        }
    }
    return out;
}

// Without symbolic links: a home that is reached by one would not be recognised.
std::string home_of(const Spec& spec, const Host& host) {
    if (std::none_of(spec.entries.begin(), spec.entries.end(), planning::is_writable_bind))
        return {};
    const auto home = planning::variable(host.environment, "HOME");
    return home && home->substr(0, 1) == "/" ? real_path(*home) : std::string();
}

std::vector<std::string> agent_sockets(const Host& host) {
    std::vector<std::string> out;
    for (const std::string& named : planning::agent_socket_paths(host.environment)) {
        struct stat status {};
        if (::stat(named.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) continue;
        const std::string path = real_path(named);
        const bool shown =
            std::any_of(host.sources.begin(), host.sources.end(), [&](const Source& source) {
                return !source.path.empty() && is_at_or_below(path, source.path);
            });
        if (shown) out.push_back(path);
    }
    return out;
}

}  // namespace sbx::sys
