// SPDX-License-Identifier: Apache-2.0
// What the cleaner watches: every name on the way to what is guarded that the host could give to
// another file. A mount upon a name goes when somebody outside replaces or removes what it is on,
// as editors do that save by renaming, and no kernel keeps them from it: so the sandbox is ended.
#include "child/calls.hpp"
#include "child/cleaner.hpp"
#include "child/report.hpp"
#include "system/syscalls.hpp"

#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>

namespace sbx::sys {
namespace {

constexpr std::uint32_t changes = IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE;

bool is_file(int fd, const FileId& file) {
    struct stat status {};
    return !stat_of(fd, status) && status.st_dev == file.device && status.st_ino == file.inode;
}

// Whether `fd` is open on a placeholder, and from now on an event tells of what changes in it:
// somebody may have made one that only looks like it, to fill it later.
bool is_watched_placeholder(const CleanerInput& input, Watch& watch, int fd) {
    const FdPath path("self/fd/", fd);
    constexpr std::uint32_t fills = IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_MOVED_TO;
    const long wd = call(SYS_inotify_add_watch, input.notify, path.text, fills | IN_MASK_ADD);
    if (wd < 0) return false;
    watch.filling = static_cast<int>(wd);
    struct stat status {};  // looked at only now
    return !stat_of(fd, status) && is_placeholder(fd, status);
}

// Whether the name leads to nothing, or to a placeholder. One that goes meanwhile may look like
// something else: so the name is looked up again.
bool is_absent(const CleanerInput& input, Watch& watch) {
    constexpr int enough = 3;
    for (int i = 0; i < enough; ++i) {
        const int fd =
            open_at2(watch.directory, watch.name, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_XDEV);
        if (fd == -EXDEV) {  // the guard has covered the placeholder that was there
            struct stat status {};
            return watch.open < 0 ||
                   (!stat_of(watch.open, status) && is_placeholder(watch.open, status));
        }
        if (fd < 0) return fd == -ENOENT;
        const bool absent = is_watched_placeholder(input, watch, fd);
        close_fd(fd);
        if (absent) return true;
    }
    return false;
}

// Whether the name still leads to the same file, or to what is mounted upon it: with the file that
// a mount is on, the mount goes.
bool holds(const CleanerInput& input, Watch& watch) {
    if (watch.absent) return is_absent(input, watch);
    const int fd = open_at2(watch.directory, watch.name, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_XDEV);
    if (fd < 0) return fd == -EXDEV;
    const bool as_before = is_file(fd, watch.file);
    close_fd(fd);
    return as_before;
}

// Nobody but its owner, who is somebody else, can exchange what is in it.
bool is_closed_to_us(const CleanerInput& input, int directory) {
    struct stat status {};
    return !input.foreign_ids && !stat_of(directory, status) &&
           status.st_uid != static_cast<uid_t>(call(SYS_geteuid)) &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Failure make_room(CleanerInput& input) {
    if (input.watch_count < input.watch_room) return {};
    const std::size_t room = input.watch_room == 0 ? 64 : 2 * input.watch_room;
    const long made = input.watches == nullptr
                          ? call(SYS_mmap, nullptr, room * sizeof(Watch), PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                          : call(SYS_mremap, input.watches, input.watch_room * sizeof(Watch),
                                 room * sizeof(Watch), MREMAP_MAYMOVE, nullptr);
    if (made < 0) return {static_cast<int>(-made)};
    input.watches = reinterpret_cast<Watch*>(made);  // NOLINT(performance-no-int-to-ptr)
    input.watch_room = room;
    return {};
}

Watch* known(const CleanerInput& input, int wd, const char* name) {
    for (std::size_t i = 0; i < input.watch_count; ++i) {
        Watch& watch = input.watches[i];
        if (watch.wd == wd && (*name == '\0' || std::strcmp(watch.name, name) == 0)) return &watch;
    }
    return nullptr;
}

// Takes `watch.open`. Of each directory one descriptor of our own is needed.
Failure remember(CleanerInput& input, Watch watch) {
    if (Failure f = make_room(input)) return f;
    const Watch* neighbour = known(input, watch.wd, "");
    const long directory = neighbour != nullptr
                               ? neighbour->directory
                               : call(SYS_fcntl, watch.directory, F_DUPFD_CLOEXEC, 0);
    if (directory < 0) return {static_cast<int>(-directory)};
    watch.directory = static_cast<int>(directory);
    input.watches[input.watch_count++] = watch;
    return {};
}

// The supervisor is told, and all that is inside ends with init; where it does not, the supervisor
// sees to it.
void give_up(CleanerInput& input, const Watch& watch) {
    LostGuard lost{watch.step, 0, {}};
    std::memcpy(lost.name, watch.name, sizeof lost.name);
    call(SYS_write, input.lost, &lost, sizeof lost);
    if (input.ends_with_init) {
        call(SYS_pidfd_send_signal, input.init, SIGKILL, nullptr, 0);
    }
    input.watch_count = 0;
}

// Of all names, the first one that does not hold any more; with `filling`, of those alone at which
// that placeholder was.
const Watch* not_holding(const CleanerInput& input, int filling) {
    for (std::size_t i = 0; i < input.watch_count; ++i) {
        Watch& watch = input.watches[i];
        if (filling >= 0 && watch.filling != filling) continue;
        if (!holds(input, watch)) return &watch;
    }
    return nullptr;
}

// What the event says is lost. A name that was removed or given away has lost what was mounted upon
// it, even if it leads to the same file again.
const Watch* lost_by(const CleanerInput& input, const inotify_event& event, const char* name) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) return not_holding(input, -1);
    Watch* watch = known(input, event.wd, name);
    if (watch != nullptr) {
        // What is watched, and there, is not made but once it was gone.
        constexpr std::uint32_t stays = IN_CREATE | IN_ATTRIB | IN_MODIFY;
        const bool harmless = watch->absent ? holds(input, *watch) : (event.mask & stays) != 0;
        if (!harmless) return watch;
    }
    return not_holding(input, event.wd);
}

}  // namespace

Failure watch(CleanerInput& input, int directory, const char* name, const FileId* file,
              std::int32_t step) {
    if (input.notify < 0) {
        input.notify = static_cast<int>(call(SYS_inotify_init1, IN_CLOEXEC | IN_NONBLOCK));
        if (input.notify < 0) return {-input.notify, Detail::watching};
    }
    Watch wanted{directory, -1, -1, step, file == nullptr, -1, {}, {}};
    if (file != nullptr) wanted.file = *file;
    std::memcpy(wanted.name, name, std::strlen(name) + 1);
    const FdPath path("self/fd/", directory);  // from procfs, where the cleaner is
    const std::uint32_t events = wanted.absent ? changes | IN_CREATE : changes;
    const long wd =
        call(SYS_inotify_add_watch, input.notify, path.text, events | IN_ONLYDIR | IN_MASK_ADD);
    if (wd < 0 && !(wd == -EACCES && is_closed_to_us(input, directory))) {
        return {static_cast<int>(-wd), Detail::watching};
    }
    wanted.wd = static_cast<int>(wd);
    // What was told of a new name until now is of no matter: it is looked at only now.
    constexpr int enough = 4096;  // more than the kernel has, unless more come all the time
    for (int i = 0; i < enough && read_changes(input); ++i) {
    }
    Watch* before = wd < 0 ? nullptr : known(input, wanted.wd, name);
    if (before != nullptr && (wanted.absent || !before->absent)) return {};
    wanted.open = open_at2(directory, name, O_PATH | O_NOFOLLOW, 0, 0);
    if (wanted.open < 0 && wanted.open != -ENOENT) return {-wanted.open, Detail::watching};
    Failure failure;
    if (wanted.absent ? !holds(input, wanted) : wanted.open < 0 || !is_file(wanted.open, *file)) {
        failure = {ESTALE};
    }
    if (!failure && before != nullptr) {  // where nothing was there is a placeholder of ours now
        before->absent = false;
        before->open = wanted.open;
        before->file = wanted.file;
        return {};
    }
    if (!failure && wd >= 0) {
        failure = remember(input, wanted);
        if (!failure) return {};
        failure.detail = Detail::watching;
    }
    if (wanted.open >= 0) close_fd(wanted.open);
    return failure;
}

bool read_changes(CleanerInput& input) {
    alignas(inotify_event) char buffer[4096];
    const long got = call(SYS_read, input.notify, buffer, sizeof buffer);
    for (long at = 0; at < got;) {
        inotify_event event{};
        std::memcpy(&event, buffer + at, sizeof event);
        const char* name = event.len == 0 ? "" : buffer + at + sizeof event;
        at += static_cast<long>(sizeof event + event.len);
        if (const Watch* lost = lost_by(input, event, name)) give_up(input, *lost);
    }
    return got > 0;
}

}  // namespace sbx::sys
