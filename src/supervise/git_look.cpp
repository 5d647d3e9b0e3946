// SPDX-License-Identifier: Apache-2.0
#include "supervise/git_look.hpp"

#include "child/cleaner.hpp"
#include "supervise/git_index.hpp"
#include "system/syscalls.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>

namespace sbx::sys {
namespace {

using Kind = GitTrap::Kind;

constexpr unsigned deepest = 100;                 // each directory on the way is open
constexpr std::size_t longest_text = 4096;        // of a file that says where something is
constexpr std::size_t largest_index = 1U << 28U;  // of two million files

struct Entry {
    std::string name;
    unsigned char type = DT_UNKNOWN;
};

// The names in a directory; nothing if the directory cannot be read.
std::optional<std::vector<Entry>> entries_of(Fd directory, std::size_t& left) {
    const int fd = directory.release();
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), ::closedir);
    if (!stream) {
        ::close(fd);
        return std::nullopt;
    }
    std::vector<Entry> out;
    while (const dirent* entry = left == 0 ? nullptr : ::readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        --left;
        unsigned char type = entry->d_type;
        if (type == DT_UNKNOWN) {
            struct stat status {};
            if (::fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
                type = IFTODT(status.st_mode);
            }
        }
        out.push_back({std::string(name), type});
    }
    return out;
}

// Locks of Emacs are links, and no name of git's begins like theirs.
bool is_editor_lock(std::string_view name) { return name.substr(0, 2) == ".#"; }

std::string below(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "/" + name;
}

std::string_view last_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Whether a file called HEAD has a content that git accepts.
bool is_head(std::string_view text) {
    if (text.substr(0, 4) == "ref:") {
        const std::size_t at = text.find_first_not_of(" \t", 4);
        return at != std::string_view::npos && text.substr(at, 5) == "refs/";
    }
    constexpr std::size_t sha1_digits = 40;
    return text.substr(0, text.find_first_not_of("0123456789abcdef")).size() >= sha1_digits;
}

}  // namespace

void GitLook::add(Kind kind, const std::string& path, std::string identity) {
    signs_.push_back({kind, path, std::move(identity)});
}

std::vector<GitSign> GitLook::signs() {
    std::sort(signs_.begin(), signs_.end());
    return signs_;
}

// No component may be a link: the command may have put one anywhere.
Fd GitLook::open(const std::string& path, unsigned flags) const {
    const unsigned more = (flags & O_PATH) != 0 ? 0 : O_NOCTTY | O_NONBLOCK;
    return Fd(std::max(
        -1, open_at2(project_, path.empty() ? "." : path.c_str(), flags | O_NOFOLLOW | more, 0,
                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)));
}

Fd GitLook::open_directory(const std::string& path) const {
    return open(path, O_PATH | O_DIRECTORY);
}

bool GitLook::is_there(const std::string& path) const {
    // A link is there, too, wherever it leads.
    const std::size_t slash = path.rfind('/');
    const bool top = slash == std::string::npos;
    const Fd around = open_directory(top ? "" : path.substr(0, slash));
    struct stat status {};
    return around && ::fstatat(around.get(), path.c_str() + (top ? 0 : slash + 1), &status,
                               AT_SYMLINK_NOFOLLOW) == 0;
}

// The target of a link, or the content of a short file.
std::string GitLook::text_of(const std::string& path) const {
    std::string text(longest_text, '\0');
    const std::size_t slash = path.rfind('/');
    const bool top = slash == std::string::npos;
    const Fd around = open_directory(top ? "" : path.substr(0, slash));
    ssize_t got =
        ::readlinkat(around.get(), path.c_str() + (top ? 0 : slash + 1), text.data(), text.size());
    if (got < 0) {
        const Fd file = open(path, O_PATH);
        struct stat status {};
        const bool regular = file && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
        const Fd readable = regular ? open(path, O_RDONLY) : Fd();
        got = readable ? ::read(readable.get(), text.data(), text.size()) : 0;
    }
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    return text;
}

// A directory that was removed and made anew has the number of the old one at times, but not its
// time of birth.
std::string GitLook::identity_of(const std::string& path) const {
    const Fd place = open(path, O_PATH);
    struct statx status {};
    if (!place ||
        ::statx(place.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status) != 0) {
        return {};
    }
    if (!S_ISDIR(status.stx_mode)) return text_of(path);
    return std::to_string(status.stx_ino) + " " + std::to_string(status.stx_btime.tv_sec) + "." +
           std::to_string(status.stx_btime.tv_nsec);
}

bool GitLook::is_repository() const {
    return is_head(text_of(".git/HEAD")) && is_there(".git/objects") && is_there(".git/refs");
}

void GitLook::look_at(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const Fd around = open_directory(slash == std::string::npos ? "" : path.substr(0, slash));
    struct stat status {};
    const std::string name(last_of(path));
    if (!around || ::fstatat(around.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (S_ISLNK(status.st_mode) && !is_editor_lock(name)) add(Kind::link, path, text_of(path));
    if (path == ".git/commondir") add(Kind::settings, path, identity_of(path));
}

void GitLook::look_at_index(const std::string& path) {
    const Fd probe = open(path, O_PATH);
    struct stat status {};
    if (!probe || ::fstat(probe.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (status.st_size == 0) return;
    // Not mapped: another program in the project may make it shorter.
    const Fd file = open(path, O_RDONLY);
    std::string bytes;
    const bool fits = static_cast<std::size_t>(status.st_size) <= largest_index;
    ssize_t got = file && fits ? 1 : -1;
    while (got > 0 && bytes.size() <= largest_index) {
        constexpr std::size_t portion = 1U << 20U;
        const std::size_t before = bytes.size();
        bytes.resize(before + portion);
        do {
            got = ::read(file.get(), bytes.data() + before, portion);
        } while (got < 0 && errno == EINTR);
        bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    }
    if (got != 0) return add(Kind::unseen, path);
    const bool sha256 = text_of(".git/config").find("sha256") != std::string::npos;
    const IndexPaths paths = index_paths(bytes, sha256 ? GitHash::sha256 : GitHash::sha1);
    if (paths == IndexPaths::outside) add(Kind::index, path);
    if (paths == IndexPaths::unreadable) add(Kind::unseen, path);
}

void GitLook::look_for_links_below(const std::string& path, const Visitor& visitor,
                                   unsigned depth) {
    const auto entries =
        depth < deepest ? entries_of(open(path, O_RDONLY | O_DIRECTORY), left_) : std::nullopt;
    if (!entries) return add(Kind::unseen, path);
    if (visitor) visitor(path);
    for (const Entry& entry : *entries) {
        const std::string place = below(path, entry.name);
        if (entry.type == DT_DIR) look_for_links_below(place, visitor, depth + 1);
        if (entry.type == DT_LNK) look_at(place);
    }
}

void GitLook::look_for_links(const std::string& path, const Visitor& visitor) {
    look_for_links_below(path, visitor, 0);
}

void GitLook::look_at_repository(const Visitor& visitor) {
    const Fd git = open(".git", O_PATH | O_DIRECTORY);
    if (!is_repository()) add(Kind::broken, ".git");
    if (!git) return;
    look_for_links(".git", visitor);
    look_at(".git/commondir");
    look_at_index(".git/index");
    std::size_t names = left_;
    for (const Entry& entry :
         entries_of(open(".git", O_RDONLY | O_DIRECTORY), names).value_or(std::vector<Entry>())) {
        constexpr std::string_view shared = "sharedindex.";
        if (entry.name.substr(0, shared.size()) == shared) look_at_index(".git/" + entry.name);
    }
    // BISECT_START: the names beside it were a shell's to evaluate in older versions of git.
    for (const char* name : {"rebase-merge", "rebase-apply", "sequencer", "BISECT_START"}) {
        const std::string path = std::string(".git/") + name;
        if (is_there(path)) add(Kind::operation, path, identity_of(path));
    }
}

void GitLook::look_at_top() {
    if (!is_there("HEAD")) return;
    const bool whole = is_there("objects") && is_there("refs");
    if (whole || is_there("commondir")) add(Kind::bare, "HEAD");
}

// Of another sandbox, which keeps a repository from being made there.
bool GitLook::is_placeholder_of_sbx(const std::string& path) const {
    const Fd place = open_directory(path);
    struct stat status {};
    return place && ::fstat(place.get(), &status) == 0 && is_placeholder(place.get(), status);
}

void GitLook::look_below(const std::string& path, unsigned depth) {
    const auto entries =
        depth < deepest ? entries_of(open(path, O_RDONLY | O_DIRECTORY), left_) : std::nullopt;
    if (!entries) return add(Kind::unseen, path);
    const auto has = [&](std::string_view name) {
        return std::any_of(entries->begin(), entries->end(),
                           [&](const Entry& entry) { return entry.name == name; });
    };
    const bool bare = has("HEAD") && ((has("objects") && has("refs")) || has("commondir"));
    if (bare && depth > 0) add(Kind::repository, path, identity_of(path));
    for (const Entry& entry : *entries) {
        const std::string place = below(path, entry.name);
        if (entry.name == ".git") {
            if (!is_placeholder_of_sbx(place)) add(Kind::repository, place, identity_of(place));
        } else if (entry.type == DT_DIR) {
            look_below(place, depth + 1);
        }
    }
}

void GitLook::look_at_tree() {
    look_at_top();
    look_below("", 0);
}

}  // namespace sbx::sys
