// SPDX-License-Identifier: Apache-2.0
// What the cleaner watches: every name on the way to what is guarded that the host could give to
// another file. A mount upon a name goes when somebody outside replaces or removes what it is on,
// as editors do that save by renaming, and no kernel keeps them from it: so the sandbox is ended.
#include "sys/child.hpp"
#include "sys/syscalls.hpp"

#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>

namespace sbx::sys {
namespace {

constexpr std::uint32_t changes = IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE;

// "self/fd/N", from procfs, where the cleaner is.
struct FdPath {
    explicit FdPath(int fd) {
        char digits[12];
        std::size_t count = 0;
        for (; fd > 0 || count == 0; fd /= 10) digits[count++] = static_cast<char>('0' + fd % 10);
        char* at = text + sizeof "self/fd/" - 1;
        while (count > 0) *at++ = digits[--count];
        *at = '\0';
    }
    char text[24] = "self/fd/";
};

// Whether the name still leads to the same file, or to what is mounted upon it: with the file that
// a mount is on, the mount goes.
bool holds(int directory, const char* name, const FileId& file) {
    const int fd = open_at2(directory, name, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_XDEV);
    if (fd == -EXDEV) return true;
    if (fd < 0) return false;
    struct stat status {};
    const Failure failure = stat_of(fd, status);
    close_fd(fd);
    return !failure && status.st_dev == file.device && status.st_ino == file.inode;
}

// Nobody but its owner, who is somebody else, can exchange what is in it.
bool is_closed_to_us(const CleanerImage& image, int directory) {
    struct stat status {};
    return !image.foreign_ids && !stat_of(directory, status) &&
           status.st_uid != static_cast<uid_t>(call(SYS_geteuid));
}

Failure make_room(CleanerImage& image) {
    if (image.watch_count < image.watch_room) return {};
    const std::size_t room = image.watch_room == 0 ? 64 : 2 * image.watch_room;
    const long made = image.watches == nullptr
                          ? call(SYS_mmap, nullptr, room * sizeof(Watch), PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                          : call(SYS_mremap, image.watches, image.watch_room * sizeof(Watch),
                                 room * sizeof(Watch), MREMAP_MAYMOVE, nullptr);
    if (made < 0) return {static_cast<int>(-made)};
    image.watches = reinterpret_cast<Watch*>(made);
    image.watch_room = room;
    return {};
}

// Remembers it; a descriptor of our own is needed once for a directory.
Failure remember(CleanerImage& image, const Watch& wanted) {
    Watch watch = wanted;
    watch.directory = -1;
    for (std::size_t i = 0; i < image.watch_count; ++i) {
        Watch& known = image.watches[i];
        if (known.wd != wanted.wd) continue;
        watch.directory = known.directory;
        if (std::strcmp(known.name, wanted.name) == 0) {  // a placeholder, made anew
            known.file = wanted.file;
            return {};
        }
    }
    if (watch.directory < 0) {
        const long own = call(SYS_fcntl, wanted.directory, F_DUPFD_CLOEXEC, 0);
        if (own < 0) return {static_cast<int>(-own)};
        watch.directory = static_cast<int>(own);
    }
    if (Failure f = make_room(image)) return f;
    image.watches[image.watch_count++] = watch;
    return {};
}

// The supervisor is told, and all that is inside ends with init; where it does not, the supervisor
// sees to it.
void give_up(CleanerImage& image, const Watch& watch) {
    LostGuard lost{watch.step, {}};
    std::memcpy(lost.name, watch.name, sizeof lost.name);
    call(SYS_write, image.lost, &lost, sizeof lost);
    if (image.ends_with_init) {
        call(SYS_pidfd_send_signal, image.init, SIGKILL, nullptr, 0);
    }
    close_fd(image.notify);
    image.notify = -1;
}

}  // namespace

Failure watch(CleanerImage& image, int directory, const char* name, const FileId& file,
              std::int32_t step) {
    if (image.notify < 0) {
        image.notify = static_cast<int>(call(SYS_inotify_init1, IN_CLOEXEC | IN_NONBLOCK));
        if (image.notify < 0) return {-image.notify, Detail::watching};
    }
    Watch wanted{directory, -1, step, file, {}};
    std::memcpy(wanted.name, name, std::strlen(name) + 1);
    const long wd =
        call(SYS_inotify_add_watch, image.notify, FdPath(directory).text, changes | IN_ONLYDIR);
    if (wd < 0 && !(wd == -EACCES && is_closed_to_us(image, directory))) {
        return {static_cast<int>(-wd), Detail::watching};
    }
    wanted.wd = static_cast<int>(wd);
    if (wd >= 0) {
        if (Failure f = remember(image, wanted)) return {f.error, Detail::watching};
    }
    return holds(directory, name, file) ? Failure{} : Failure{ESTALE};
}

void read_changes(CleanerImage& image) {
    alignas(inotify_event) char buffer[4096];
    const long got = call(SYS_read, image.notify, buffer, sizeof buffer);
    for (long at = 0; at < got;) {
        inotify_event event{};
        std::memcpy(&event, buffer + at, sizeof event);
        const char* name = buffer + at + sizeof event;
        at += static_cast<long>(sizeof event + event.len);
        for (std::size_t i = 0; i < image.watch_count; ++i) {
            const Watch& watch = image.watches[i];
            const bool lost_some = (event.mask & IN_Q_OVERFLOW) != 0;
            const bool of_it =
                event.wd == watch.wd && (event.len == 0 || std::strcmp(name, watch.name) == 0);
            if ((lost_some || of_it) && !holds(watch.directory, watch.name, watch.file)) {
                return give_up(image, watch);
            }
        }
    }
}

}  // namespace sbx::sys
