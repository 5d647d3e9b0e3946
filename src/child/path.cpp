// SPDX-License-Identifier: Apache-2.0
// Destinations: found and made inside the new root by descriptor. The host is never reachable from
// here: every lookup starts at the new root and cannot leave it (RESOLVE_IN_ROOT), and what is
// created is created with *at() calls on a directory that was found so.
#include "child/path.hpp"

#include "child/input.hpp"
#include "child/report.hpp"
#include "child/setup.hpp"
#include "system/syscalls.hpp"

#include <sys/stat.h>

#include <climits>
#include <cstring>

namespace sbx::sys {
namespace {

constexpr std::uint64_t inside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
constexpr int most_links = 40;  // what the kernel follows in one lookup (path_resolution(7))

// Where the component that ends before `end` begins; `end` is not within trailing slashes.
std::size_t component_start(const char* text, std::size_t end) {
    while (end > 0 && text[end - 1] != '/') --end;
    return end;
}

std::size_t without_slashes(const char* text, std::size_t end) {
    while (end > 0 && text[end - 1] == '/') --end;
    return end;
}

bool is_dot(const char* component) { return std::strcmp(component, ".") == 0; }
bool is_dot_dot(const char* component) { return std::strcmp(component, "..") == 0; }

}  // namespace

int open_prefix(int root, Path& path, std::size_t end) {
    if (end == 0) return open_at2(root, "/", O_PATH | O_DIRECTORY, 0, inside);
    const char saved = path.text[end];
    path.text[end] = '\0';
    const int fd = open_at2(root, path.text, O_PATH, 0, inside);
    path.text[end] = saved;
    return fd;
}

// A link that hangs cannot be followed by the kernel while its target is being made.
Failure splice_link(Path& path, int parent, const char* name, std::size_t start, std::size_t end) {
    char target[PATH_MAX];
    const long got = call(SYS_readlinkat, parent, name, target, sizeof target);
    if (got < 0) return {static_cast<int>(-got)};
    const auto size = static_cast<std::size_t>(got);
    const std::size_t keep = size > 0 && target[0] == '/' ? 0 : start;
    const std::size_t rest = path.length - end;
    if (size == sizeof target || keep + size + rest + 1 > PATH_MAX) return {ENAMETOOLONG};
    std::memmove(path.text + keep + size, path.text + end, rest + 1);
    std::memcpy(path.text + keep, target, size);
    path.length = keep + size + rest;
    return {};
}

Failure make_node(int parent, const char* name, NodeKind kind, unsigned mode) {
    if (kind == NodeKind::directory) {
        return {static_cast<int>(-call(SYS_mkdirat, parent, name, mode))};
    }
    const int fd = open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    if (fd < 0) return {-fd};
    close_fd(fd);
    return {};
}

Failure load(Path& path, const char* text) {
    path.length = std::strlen(text);
    if (path.length >= PATH_MAX) return {ENAMETOOLONG};
    std::memcpy(path.text, text, path.length + 1);
    return {};
}

namespace {

// One pass: makes what is missing from the deepest part that exists downwards. `again` is set when
// a dangling link was replaced in `path` and the walk must begin anew.
Failure make_missing(const Setup& setup, Path& path, NodeKind kind, Modes modes, int& fd,
                     bool& again) {
    std::size_t end = without_slashes(path.text, path.length);
    const std::size_t whole = end;
    int current = -ENOENT;
    while (current == -ENOENT && end > 0) {
        end = without_slashes(path.text, component_start(path.text, end));
        current = open_prefix(setup.root, path, end);
    }
    if (current < 0) return {-current};

    while (end < whole) {
        std::size_t start = end;
        while (path.text[start] == '/') ++start;
        end = start;
        while (end < whole && path.text[end] != '/') ++end;
        char name[NAME_MAX + 1];
        if (end - start > NAME_MAX) {
            close_fd(current);
            return {ENAMETOOLONG};
        }
        std::memcpy(name, path.text + start, end - start);
        name[end - start] = '\0';
        if (is_dot(name)) continue;

        Failure failure;
        int next = -1;
        if (is_dot_dot(name)) {  // only the kernel, from the root, knows where this leads
            next = open_prefix(setup.root, path, end);
        } else {
            // A link comes first: where it leads is where something is made, not where it lies.
            failure = splice_link(path, current, name, start, end);
            if (!failure) {
                again = true;
                close_fd(current);
                return {};
            }
            const bool last = end == whole;
            if (failure.error == ENOENT) {
                failure = may_create_in(setup, current);
                if (!failure) {
                    failure = make_node(current, name, last ? kind : NodeKind::directory,
                                        last ? modes.place : modes.parents);
                    if (last) failure.detail = Detail::making_destination;
                }
                if (failure.error == EEXIST) failure = {};  // somebody else was faster
            } else if (failure.error == EINVAL) {
                failure = {};  // there by now, and no link
            }
            if (!failure) next = open_at2(current, name, O_PATH | O_NOFOLLOW, 0, plain_component);
        }
        close_fd(current);
        if (failure) return failure;
        if (next < 0) return {-next};
        current = next;
    }
    fd = current;
    return {};
}

}  // namespace

int open_existing(const Setup& setup, const char* path) {
    return open_at2(setup.root, *path == '\0' ? "/" : path, O_PATH, 0, inside);
}

Failure is_own(const Setup& setup, int fd, bool& own_place) {
    struct statx status {};
    const long result = call(SYS_statx, fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
                             STATX_MNT_ID | STATX_INO, &status);
    if (result < 0) return {static_cast<int>(-result)};
    own_place = false;
    for (std::size_t i = 0; i < setup.input.own_count; ++i) {
        const OwnMount& own = setup.input.own_mounts[i];
        const bool device =
            own.device_major == status.stx_dev_major && own.device_minor == status.stx_dev_minor;
        if (device || own.mount == status.stx_mnt_id) own_place = true;
    }
    return {};
}

void forget_last(Setup& setup) {
    if (setup.last.fd >= 0) close_fd(setup.last.fd);
    setup.last.fd = -1;
}

namespace {

// Opens the directory `path`, which has to be one of the sandbox's own; or -errno.
int open_own(const Setup& setup, const char* path) {
    const int fd =
        open_at2(setup.root, path, O_PATH | O_DIRECTORY, 0, inside | RESOLVE_NO_SYMLINKS);
    if (fd < 0) return fd;
    bool own = false;
    if (is_own(setup, fd, own) || !own) {
        close_fd(fd);
        return -EROFS;
    }
    return fd;
}

// The directory path[0, start), which has to be one of the sandbox's own: borrowed, or -errno.
int own_directory(Setup& setup, const char* path, std::size_t start) {
    if (start == 1 && *path == '/') {
        if (setup.top < 0) setup.top = open_own(setup, "/");
        return setup.top;
    }
    OwnDirectory& last = setup.last;
    if (start == 0 || start >= sizeof last.text) return -ENAMETOOLONG;
    const bool known =
        last.fd >= 0 && last.length == start && std::memcmp(last.text, path, start) == 0;
    if (known) return last.fd;
    forget_last(setup);
    std::memcpy(last.text, path, start);
    last.text[start] = '\0';
    last.length = start;
    last.fd = open_own(setup, last.text);
    return last.fd;
}

// The same where the directory is missing, and the one that it belongs in is there.
int make_own_directory(Setup& setup, const char* path, std::size_t start, unsigned mode) {
    const std::size_t end = without_slashes(path, start);
    const std::size_t above = component_start(path, end);
    char name[NAME_MAX + 1];
    if (end - above > NAME_MAX) return -ENAMETOOLONG;
    std::memcpy(name, path + above, end - above);
    name[end - above] = '\0';
    const int parent = own_directory(setup, path, above);
    if (parent < 0) return parent;
    const long made = call(SYS_mkdirat, parent, name, mode);
    return made == 0 ? own_directory(setup, path, start) : static_cast<int>(made);
}

}  // namespace

NewPlace new_place(Setup& setup, const char* path, unsigned parents) {
    const std::size_t start = component_start(path, std::strlen(path));
    if (path[start] == '\0') return {};
    int directory = own_directory(setup, path, start);
    if (directory == -ENOENT) directory = make_own_directory(setup, path, start, parents);
    return directory >= 0 ? NewPlace{directory, path + start} : NewPlace{};
}

bool make_new(Setup& setup, const char* path, NodeKind kind, Modes modes, NewPlace& place) {
    place = new_place(setup, path, modes.parents);
    if (place.directory < 0) return false;
    const long made =
        kind == NodeKind::directory
            ? call(SYS_mkdirat, place.directory, place.name, modes.place)
            : call(SYS_mknodat, place.directory, place.name, S_IFREG | modes.place, 0);
    return made == 0;
}

Failure may_create_in(const Setup& setup, int fd) {
    bool own = false;
    if (Failure f = is_own(setup, fd, own)) return f;
    if (own || setup.input.plan->host_writes == HostWrites::allow) return {};
    return {EROFS, Detail::would_write_on_host};
}

namespace {

Failure find_or_make(const Setup& setup, const char* path, NodeKind kind, Modes modes, int& fd) {
    fd = open_existing(setup, path);
    if (fd >= 0) return {};
    if (fd != -ENOENT) return {-fd};
    Path rest;
    if (Failure failure = load(rest, path)) return failure;
    for (int links = 0; links <= most_links; ++links) {
        bool again = false;
        const Failure failure = make_missing(setup, rest, kind, modes, fd, again);
        if (failure || !again) return failure;
        fd = open_prefix(setup.root, rest, rest.length);
        if (fd >= 0) return {};
        if (fd != -ENOENT) return {-fd};
    }
    return {ELOOP};
}

}  // namespace

Failure open_destination(const Setup& setup, const char* path, NodeKind kind, Modes modes,
                         int& fd) {
    Failure failure = find_or_make(setup, path, kind, modes, fd);
    if (failure && failure.detail == Detail::none) failure.detail = Detail::making_parents;
    return failure;
}

Failure open_parent(const Setup& setup, const char* path, int& fd, char* name) {
    Path parent;
    if (Failure failure = load(parent, path)) return failure;
    const std::size_t end = without_slashes(parent.text, parent.length);
    const std::size_t start = component_start(parent.text, end);
    if (end - start > NAME_MAX) return {ENAMETOOLONG};
    std::memcpy(name, parent.text + start, end - start);
    name[end - start] = '\0';
    if (*name == '\0' || is_dot(name) || is_dot_dot(name)) return {EEXIST};
    parent.text[start] = '\0';
    Failure failure = open_destination(setup, parent.text, NodeKind::directory, {0755}, fd);
    if (failure.detail == Detail::making_destination) failure.detail = Detail::making_parents;
    return failure;
}

}  // namespace sbx::sys
