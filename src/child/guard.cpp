// SPDX-License-Identifier: Apache-2.0
// Guards: what is hidden or kept as it is. A mount upon it is not enough where what is around it is
// writable: a directory on the way can be renamed, a link replaced. So the way is walked component
// by component, and what could be exchanged, links as well, becomes a mount itself, which the
// kernel neither renames nor removes (EBUSY). What is missing is made first, on the host by the
// cleaner.
#include "child/guard.hpp"

#include "child/calls.hpp"
#include "child/cleaner.hpp"
#include "child/mount.hpp"
#include "child/path.hpp"
#include "child/report.hpp"
#include "child/setup.hpp"
#include "system/syscalls.hpp"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <cstring>

namespace sbx::sys {
namespace {

using Kind = entry::Guard::Kind;

constexpr int most_links = 8;

// Where the walk is: `current` is a directory, `name` the component looked at, path[start, end).
struct Walk {
    Path& path;
    std::size_t start = 0;
    std::size_t end = 0;
    bool last = false;
    int current = -1;
    char name[NAME_MAX + 1];
    int view = -1;  // the cleaner's of `current`; a view of its own, since this one may become
                    // read-only, in which it could remove nothing
};

Failure is_writable(int fd, bool& writable) {
    struct statfs status {};
    const Failure failure = failed(call(SYS_fstatfs, fd, &status));
    writable = (status.f_flags & ST_RDONLY) == 0;
    return failure;
}

Failure is_mount(int place, bool& mount) {
    struct statx status {};
    const Failure failure =
        failed(call(SYS_statx, place, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status));
    mount = (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    return failure;
}

Failure make_read_only(int place) {
    bool mount = false;
    if (Failure f = is_mount(place, mount)) return f;
    if (!mount) return cover_with(clone_tree(place, MOUNT_ATTR_RDONLY), place);
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    return failed(mount_setattr(place, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes));
}

// What a guard has put upon a file: it has no name, and cannot be mounted upon, or once more.
bool is_nameless(const struct stat& status) { return status.st_nlink == 0 && status.st_size == 0; }

// All that is missing shares one file system, since making one costs more than all else here.
// Nothing but what is attached can be cloned, before Linux 6.15.
Failure cover_with_nothing(Setup& setup, int place) {
    if (setup.nothing >= 0) return cover_with(clone_tree(setup.nothing, 0), place);
    Failure failure = mount_empty_directory("0555", setup.nothing);
    return failure ? failure : failed(move_mount(setup.nothing, place));
}

Failure cover(const Setup& setup, int place, Kind kind) {
    if (kind == Kind::protect) return make_read_only(place);
    struct stat status {};
    if (Failure f = stat_of(place, status)) return f;
    const bool closed = S_ISREG(status.st_mode) && (status.st_mode & 07777U) == 0;
    if (closed && is_nameless(status)) return {};  // by a mask before
    if (!S_ISDIR(status.st_mode) && status.st_nlink == 0) return {ENOENT, Detail::nameless_file};
    // Its owner could open it but for the mode, and change the mode but for the mount.
    return S_ISDIR(status.st_mode) ? cover_with_empty_directory(place, "0000")
                                   : cover_with_empty_file(setup, place, 0);
}

// What is missing is hidden by something that is the sandbox's own. Who could open the placeholder
// itself could keep a lock on it, and with that keep it from being removed.
Failure cover_missing(Setup& setup, int place, Kind kind) {
    struct stat status {};
    if (Failure f = stat_of(place, status)) return f;
    const bool masks = kind == Kind::mask;
    if (S_ISDIR(status.st_mode)) {
        return masks ? cover_with_empty_directory(place, "0000") : cover_with_nothing(setup, place);
    }
    return cover_with_empty_file(setup, place, masks ? 0 : 0444);
}

// The directory `walk.current` becomes a mount, unless it is one or nobody could rename it.
Failure fix(Walk& walk) {
    bool mount = false;
    Failure failure = is_mount(walk.current, mount);
    if (failure || mount) return failure;
    bool writable = false;
    failure = is_writable(walk.current, writable);
    if (failure || !writable) return failure;
    const int tree = clone_tree(walk.current, 0);
    if (tree < 0) return {-tree};
    failure = failed(move_mount(tree, walk.current));
    if (failure) {
        close_fd(tree);
        return failure;
    }
    close_fd(walk.current);
    walk.current = tree;
    return {};
}

// Nobody inside can make the component. When somebody outside does, the sandbox is ended.
Failure watch_absence(const Setup& setup, const Walk& walk, bool& again) {
    const Failure failure = ask_for_absence(setup, walk.current, walk.name);
    if (failure.error != ESTALE) return failure;
    again = true;
    return {};
}

// The component is missing, or another sandbox's placeholder.
Failure guard_missing(Setup& setup, Walk& walk, Kind kind, bool& again) {
    struct statfs around {};
    bool own = false;
    Failure failure = failed(call(SYS_fstatfs, walk.current, &around));
    if (!failure) failure = is_own(setup, walk.current, own);
    if (failure) return failure;
    if (around.f_type == PROC_SUPER_MAGIC) return {ENOENT, Detail::missing_in_procfs};
    const bool writable = (around.f_flags & ST_RDONLY) == 0;
    if (!writable) return own ? Failure{} : watch_absence(setup, walk, again);
    const bool names_file = walk.last && walk.end == walk.path.length;
    const NodeKind node = names_file ? NodeKind::other : NodeKind::directory;
    if (own) {
        failure = make_node(walk.current, walk.name, node, names_file ? 0444 : 0555);
    } else {
        bool there = true;
        if (walk.view < 0) walk.view = clone_tree(walk.current, 0);
        if (walk.view < 0) return {-walk.view};
        failure = ask_for_placeholder(setup, walk.view, walk.name, node, there);
        if (!failure && !there) return watch_absence(setup, walk, again);
    }
    if (failure.error == EEXIST) {  // somebody was faster
        again = true;
        return {};
    }
    if (failure) return failure;
    const int place = open_at2(walk.current, walk.name, O_PATH | O_NOFOLLOW, 0, plain_component);
    if (place < 0) return {-place};
    failure = cover_missing(setup, place, kind);
    close_fd(place);
    return failure;
}

// A link where it could be replaced is covered by itself: it still says the same, and nobody can
// remove or rename it. What it leads to is guarded next.
Failure fix_link(int link) {
    bool mount = false;
    const Failure failure = is_mount(link, mount);
    return failure || mount ? failure : cover_with(clone_tree(link, MOUNT_ATTR_RDONLY), link);
}

// From now on somebody notices when the component is exchanged outside.
Failure watch_host(const Setup& setup, const Walk& walk, int file, const struct stat& status,
                   bool& again) {
    bool own = false;
    Failure failure = is_own(setup, walk.current, own);
    if (failure || own) return failure;
    // Another sandbox's placeholder, where nobody inside can do anything, may go.
    if (is_placeholder(file, status)) return watch_absence(setup, walk, again);
    failure = ask_for_watch(setup, walk.current, walk.name, status);
    if (failure.error != ESTALE) return failure;
    again = true;
    return {};
}

// Looks at one component. `done`: the guard is in place. `again`: begin anew with the path as it
// is now.
Failure step_on(Setup& setup, Walk& walk, Kind kind, bool& done, bool& again) {
    if (std::strcmp(walk.name, "..") == 0) {  // of a link; only the kernel knows where it leads
        const int up = open_prefix(setup.root, walk.path, walk.end);
        if (up < 0) return {-up};
        close_fd(walk.current);
        walk.current = up;
        return walk.last ? Failure{EISDIR, Detail::link_upwards} : Failure{};
    }
    const int next = open_at2(walk.current, walk.name, O_PATH | O_NOFOLLOW, 0, plain_component);
    if (next < 0 && next != -ENOENT) return {-next};
    if (next < 0 && !is_confirmed(walk.current, walk.name, AT_SYMLINK_NOFOLLOW, ENOENT)) {
        done = true;  // it is there by now: another sandbox's placeholder, for example
        again = true;
        return {};
    }
    struct stat status {};
    bool writable = false;
    Failure failure = next < 0 ? Failure{} : stat_of(next, status);
    if (!failure) failure = is_writable(walk.current, writable);
    if (failure) {
        if (next >= 0) close_fd(next);
        return failure;
    }
    if (next < 0 || (writable && is_placeholder(next, status))) {
        if (next >= 0) close_fd(next);
        done = true;
        return guard_missing(setup, walk, kind, again);
    }
    failure = watch_host(setup, walk, next, status, again);
    if (failure || again) {
        close_fd(next);
        done = true;
        return failure;
    }
    if (S_ISLNK(status.st_mode)) {
        done = true;
        again = true;
        if (writable) failure = fix_link(next);
        close_fd(next);
        if (failure) return failure;
        return splice_link(walk.path, walk.current, walk.name, walk.start, walk.end);
    }
    if (walk.last) {
        done = true;
        failure = cover(setup, next, kind);
        close_fd(next);
        return failure;
    }
    if (!S_ISDIR(status.st_mode)) {
        done = is_placeholder(next,
                              status);  // below it there is nothing, and nobody makes a directory
        close_fd(next);
        return {done ? 0 : ENOTDIR};
    }
    close_fd(walk.current);
    walk.current = next;
    return fix(walk);
}

// Whether path[0, end) ends in the component ".".
bool is_dot(const Path& path, std::size_t end) {
    return path.text[end - 1] == '.' && (end == 1 || path.text[end - 2] == '/');
}

void forget_guarded(GuardedDirectory& last) {
    if (last.fd >= 0) close_fd(last.fd);
    if (last.view >= 0) close_fd(last.view);
    last.fd = -1;
    last.view = -1;
}

// Begins where the last guard was, if this one is in the same directory, else at "/".
Failure begin(Setup& setup, Walk& walk, std::size_t whole) {
    GuardedDirectory& last = setup.guarded;
    std::size_t start = whole;
    while (start > 0 && walk.path.text[start - 1] != '/') --start;
    const bool same =
        last.fd >= 0 && last.length == start && std::memcmp(last.text, walk.path.text, start) == 0;
    if (!same) {
        walk.current = open_existing(setup, "/");
        return {walk.current < 0 ? -walk.current : 0};
    }
    walk.end = last.length;
    walk.current = last.fd;
    walk.view = last.view;
    last.fd = -1;
    last.view = -1;
    return {};
}

// For the next guard.
void remember(Setup& setup, Walk& walk) {
    GuardedDirectory& last = setup.guarded;
    if (walk.start == 0 || walk.start >= sizeof last.text) return;
    forget_guarded(last);
    std::memcpy(last.text, walk.path.text, walk.start);
    last.length = walk.start;
    last.fd = walk.current;
    last.view = walk.view;
    walk.current = -1;
    walk.view = -1;
}

Failure walk_once(Setup& setup, Path& path, Kind kind, bool& again) {
    // What ends in "/" or "/." is a directory, and that is all that they say.
    std::size_t whole = path.length;
    while (whole > 0 && (path.text[whole - 1] == '/' || is_dot(path, whole))) --whole;
    if (whole == 0) return {EISDIR, Detail::link_upwards};
    Walk walk{path, 0, 0, false, -1, {}};
    Failure failure = begin(setup, walk, whole);
    if (failure) return failure;
    bool done = false;
    while (!failure && !done && walk.end < whole) {
        walk.start = walk.end;
        while (path.text[walk.start] == '/') ++walk.start;
        walk.end = walk.start;
        while (walk.end < whole && path.text[walk.end] != '/') ++walk.end;
        walk.last = walk.end == whole;
        const std::size_t size = walk.end - walk.start;
        if (size > NAME_MAX) {
            failure = {ENAMETOOLONG};
            break;
        }
        std::memcpy(walk.name, path.text + walk.start, size);
        walk.name[size] = '\0';
        if (std::strcmp(walk.name, ".") == 0) continue;
        failure = step_on(setup, walk, kind, done, again);
    }
    if (!failure && !again && walk.last) remember(setup, walk);
    if (walk.view >= 0) close_fd(walk.view);
    if (walk.current >= 0) close_fd(walk.current);
    return failure;
}

Failure guard_path(Setup& setup, Path& path, Kind kind) {
    for (int links = most_links; links > 0; --links) {
        bool again = false;
        const Failure failure = walk_once(setup, path, kind, again);
        if (failure || !again) return failure;
    }
    return {ELOOP};
}

}  // namespace

Failure guard(Setup& setup, const step::Guard& s) {
    if (!setup.guarding) {
        if (Failure failure = see_cleaner(setup.input)) return failure;
        setup.guarding = true;
        forget_last(setup);
        // What is in the new root itself can be fixed by clones of it then.
        mount_attr bindable{};
        bindable.propagation = MS_PRIVATE;
        if (Failure f = failed(mount_setattr(setup.base, "", AT_EMPTY_PATH, bindable))) return f;
    }
    Path path;
    if (Failure failure = load(path, s.destination.c_str())) return failure;
    return guard_path(setup, path, s.kind);
}

void end_guards(Setup& setup) {
    forget_guarded(setup.guarded);
    if (setup.nothing >= 0) close_fd(setup.nothing);
    setup.nothing = -1;
}

}  // namespace sbx::sys
