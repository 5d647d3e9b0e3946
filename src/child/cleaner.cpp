// SPDX-License-Identifier: Apache-2.0
// Placeholders: empty files and directories on the host that keep a name from being used inside,
// and the cleaner that makes them and removes them again, and watches what is guarded. It is a
// process of its own, outside, since the sandbox may end without sbx, and since nothing can be
// removed that is a mount where one is.
//
// Several sandboxes may share a placeholder: each cleaner has a shared lock on it, and whoever gets
// an exclusive one at the end is the last. One that was left behind, by a cleaner that was killed,
// is taken over by the next.
#include "child/cleaner.hpp"

#include "child/calls.hpp"
#include "child/init_loop.hpp"
#include "child/input.hpp"
#include "child/report.hpp"
#include "child/setup.hpp"
#include "system/syscalls.hpp"

#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cstdio>  // RENAME_NOREPLACE
#include <cstring>

namespace sbx::sys {
namespace {

// The sticky bit on something that only its owner may read: nobody else makes that.
constexpr unsigned file_mode = 01400;
constexpr unsigned directory_mode = 01500;

enum class Wish : std::int32_t { nothing, file, directory, watch, absence };

struct Request {
    Wish wish;
    std::int32_t step;
    FileId file;  ///< of a watch
    char name[NAME_MAX + 1];
};

struct Reply {
    std::int32_t error;
    Detail detail;
    std::int32_t there;
};

union Control {
    cmsghdr header;  // for the alignment
    char room[CMSG_SPACE(sizeof(int))];
};

msghdr message_of(iovec& data, Control& control) {
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.room;
    message.msg_controllen = sizeof control.room;
    return message;
}

// Somebody else's directory that we may not write to is closed to whoever runs inside, too.
// With ids that somebody else mapped, who runs inside need not be us.
Failure closed_directory(const CleanerInput& input, int directory, int error, Reply& reply) {
    if (error == EROFS) return {};
    struct stat status {};
    if (Failure f = stat_of(directory, status)) return f;
    const bool ours = status.st_uid == static_cast<uid_t>(call(SYS_geteuid));
    if (error == EACCES && !ours && !input.foreign_ids) return {};
    reply.there = 1;
    return {error};
}

// A call that fails is tried again, since nobody else removes what is left.
constexpr int tries_to_clean = 3;

// Renames the file to a name that nobody can have taken before. 0 or -errno.
long move_aside(const Placeholder& place, char (&aside)[32]) {
    long moved = -EEXIST;
    for (int i = 0; moved == -EEXIST && i < tries_to_clean; ++i) {
        std::uint64_t number = 0;
        constexpr unsigned insecure = 4;  // GRND_INSECURE: do not wait, even as the machine starts
        const long got = call(SYS_getrandom, &number, sizeof number, insecure);
        if (got != static_cast<long>(sizeof number)) return got < 0 ? got : -EIO;
        char room[24];
        const char* text = digits(number, 16, room + sizeof room);
        std::memcpy(aside, ".sbx-", sizeof ".sbx-" - 1);
        std::memcpy(aside + sizeof ".sbx-" - 1, text, std::strlen(text) + 1);
        moved = call(SYS_renameat2, place.directory, place.name, place.directory, aside,
                     RENAME_NOREPLACE);
    }
    return moved;
}

// Removes the file by another name, that nobody uses: what somebody puts in its place meanwhile is
// not ours. 0 or -errno.
long remove_file(const Placeholder& place, const struct stat& status) {
    char aside[32];
    const long moved = move_aside(place, aside);
    // Not every file system can do that, nor one without room for another name.
    if (moved == -EINVAL || moved == -ENOSPC || moved == -EDQUOT) {
        return call(SYS_unlinkat, place.directory, place.name, 0);
    }
    if (moved != 0) return moved;
    struct stat taken {};
    long error = 0;
    for (int i = 0; i < tries_to_clean; ++i) {
        error = call(SYS_newfstatat, place.directory, aside, &taken, AT_SYMLINK_NOFOLLOW);
        if (error != 0) continue;
        if (taken.st_dev != status.st_dev || taken.st_ino != status.st_ino) break;
        error = call(SYS_unlinkat, place.directory, aside, 0);
        if (error == 0) return 0;
    }
    call(SYS_renameat2, place.directory, aside, place.directory, place.name, RENAME_NOREPLACE);
    return error;
}

// Removes it unless another sandbox uses it, or it is no placeholder any more. 0 or -errno;
// -EWOULDBLOCK and -ENOENT: there may be nothing to do.
long let_go(const Placeholder& place) {
    struct stat status {};
    struct stat named {};
    const long locked = call(SYS_flock, place.file, LOCK_EX | LOCK_NB);
    if (locked != 0) return locked;
    if (Failure f = stat_of(place.file, status)) return -f.error;
    const long found =
        call(SYS_newfstatat, place.directory, place.name, &named, AT_SYMLINK_NOFOLLOW);
    if (found != 0) return found;
    if (!looks_like_placeholder(status) || named.st_dev != status.st_dev ||
        named.st_ino != status.st_ino) {
        return 0;
    }
    if (!S_ISDIR(status.st_mode)) return remove_file(place, status);
    const long removed = call(SYS_unlinkat, place.directory, place.name, AT_REMOVEDIR);
    return removed == -ENOTEMPTY || removed == -EEXIST ? 0 : removed;  // somebody uses it
}

// The directory is known by a descriptor that only looks, which fchmod(2) does not take, and nobody
// may be allowed to search it, "." included: its name in procfs, the cleaner's directory, is.
bool set_mode(int directory, unsigned mode) {
    return call(SYS_fchmodat, AT_FDCWD, FdPath("self/fd/", directory).text, mode) == 0;
}

// Also that another sandbox holds it and that the name is gone is asked again, which a system call
// may say that never looked. 0 or errno.
int try_to_let_go(const Placeholder& place) {
    long error = 0;
    for (int i = 0; i < tries_to_clean; ++i) {
        error = let_go(place);
        if (error == 0) break;
    }
    return error == -EWOULDBLOCK || error == -ENOENT ? 0 : static_cast<int>(-error);
}

// Who ran inside may have closed the directory to its own user. 0, or errno: it is left.
int let_go_of(const Placeholder& place) {
    const int error = try_to_let_go(place);
    if (error == 0) return 0;
    constexpr unsigned needed = S_IWUSR | S_IXUSR;
    struct stat around {};
    if (stat_of(place.directory, around) || (around.st_mode & needed) == needed) return error;
    if (!set_mode(place.directory, (around.st_mode & 07777U) | needed)) return error;
    const int again = try_to_let_go(place);
    set_mode(place.directory, around.st_mode & 07777U);
    return again;
}

int make(int directory, const Request& request) {
    if (request.wish == Wish::file) {
        return open_at(directory, request.name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                       file_mode);
    }
    const long made = call(SYS_mkdirat, directory, request.name, directory_mode);
    int fd = static_cast<int>(made);
    for (int i = 0; made == 0 && i < tries_to_clean; ++i) {
        fd = open_at(directory, request.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd >= 0) break;
    }
    return fd;
}

// Makes it, or takes over what is there, and locks it. It may vanish meanwhile: another cleaner
// removes it when it is the last to use it.
Failure hold(CleanerInput& input, Placeholder& place, const Request& request, Reply& reply) {
    constexpr int enough = 64;
    std::memcpy(place.name, request.name, sizeof place.name);
    for (int tries = 0; tries < enough; ++tries) {
        place.file = make(place.directory, request);
        const bool made = place.file >= 0;
        if (place.file == -EROFS || place.file == -EACCES || place.file == -EPERM) {
            reply.there = 0;
            return closed_directory(input, place.directory, -place.file, reply);
        }
        if (place.file == -EEXIST) {
            place.file = open_at(place.directory, request.name,
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
            if (place.file == -ENOENT) continue;
            if (place.file == -ELOOP || place.file == -EACCES || place.file == -ENXIO) {
                return {EEXIST};
            }
        }
        if (place.file < 0) return {-place.file};
        struct stat status {};
        // The directory's default ACL may have taken something from the mode of a new file.
        Failure failure =
            made ? failed(call(SYS_fchmod, place.file,
                               request.wish == Wish::directory ? directory_mode : file_mode))
                 : Failure{};
        if (!failure) failure = stat_of(place.file, status);
        if (!failure && !is_placeholder(place.file, status)) {
            failure = stat_of(place.file, status);
            if (!failure) failure = {status.st_nlink == 0 ? ESTALE : EEXIST};
        }
        if (!failure) failure = failed(call(SYS_flock, place.file, LOCK_SH | LOCK_NB));
        const bool locked = !failure;
        if (locked) {
            const FileId file{status.st_dev, status.st_ino};
            failure = watch(input, place.directory, request.name, &file, request.step);
            if (!failure) return {};
        }
        if (!locked && failure.error == EWOULDBLOCK) {
            // A cleaner that removes it holds it for a moment, and nobody else is waited for.
            constexpr timespec moment{0, 10'000'000};
            call(SYS_nanosleep, &moment, nullptr);
            close_fd(place.file);
            continue;
        }
        if (made) let_go_of(place);
        close_fd(place.file);
        if (failure.error != ESTALE) return failure;  // else it went meanwhile
    }
    return {EBUSY};
}

// Init asks no more: what waits for an answer all the same is told that nobody is there.
void stop_serving(CleanerInput& input) {
    close_fd(input.socket);
    input.socket = -1;
}

void serve(CleanerInput& input, std::size_t& count) {
    Request request{};
    iovec data{&request, sizeof request};
    Control control{};
    msghdr message = message_of(data, control);
    const long got = call(SYS_recvmsg, input.socket, &message, MSG_CMSG_CLOEXEC);
    if (got == -EINTR) return;
    if (got != static_cast<long>(sizeof request)) return stop_serving(input);
    request.name[NAME_MAX] = '\0';
    Reply reply{ENOSPC, Detail::placeholder, 1};
    if (message.msg_controllen >= sizeof(cmsghdr)) {
        int directory = -1;
        std::memcpy(&directory, CMSG_DATA(&control.header), sizeof directory);
        Failure failure{ENOSPC};
        const bool watches = request.wish == Wish::watch || request.wish == Wish::absence;
        if (watches) {
            failure = watch(input, directory, request.name,
                            request.wish == Wish::watch ? &request.file : nullptr, request.step);
        } else if (count < input.room) {
            input.held[count].directory = directory;
            input.held[count].step = request.step;
            failure = hold(input, input.held[count], request, reply);
        }
        const bool held = !watches && !failure && reply.there == 1;
        if (held) ++count;
        if (!held) close_fd(directory);
        reply.error = failure.error;
        if (failure.detail != Detail::none || watches) reply.detail = failure.detail;
    }
    long put = -EINTR;
    while (put == -EINTR) put = call(SYS_write, input.socket, &reply, sizeof reply);
    if (put != static_cast<long>(sizeof reply)) stop_serving(input);
}

}  // namespace

bool looks_like_placeholder(const struct stat& status) {
    const unsigned mode = status.st_mode & 07777U;
    if (S_ISDIR(status.st_mode)) return mode == directory_mode;
    return S_ISREG(status.st_mode) && mode == file_mode && status.st_size == 0;
}

bool is_placeholder(int fd, const struct stat& status) {
    if (!looks_like_placeholder(status) || !S_ISDIR(status.st_mode)) {
        return looks_like_placeholder(status);
    }
    const int directory = open_at(fd, ".", O_RDONLY | O_DIRECTORY);
    if (directory < 0) return false;
    // "." and ".." come from every file system, and whatever else there is comes with them.
    alignas(std::uint64_t) char entries[512];
    bool empty = true;
    long got = 1;
    while (empty && got > 0) {
        got = call(SYS_getdents64, directory, entries, sizeof entries);
        for (long at = 0; at < got && empty;) {
            const char* name = next_name(entries, at);
            empty = std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0;
        }
    }
    close_fd(directory);
    return empty && got == 0;
}

namespace {

Failure ask(const ChildInput& input, const Request& request, int directory, Reply& reply) {
    iovec data{const_cast<Request*>(&request), sizeof request};
    Control control{};
    msghdr message = message_of(data, control);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof directory);
    std::memcpy(CMSG_DATA(&control.header), &directory, sizeof directory);
    if (directory < 0) message.msg_controllen = 0;
    const long sent = call(SYS_sendmsg, input.cleaner, &message, MSG_NOSIGNAL);
    if (sent < 0) return {static_cast<int>(-sent), Detail::placeholder};
    long got = -EINTR;
    while (got == -EINTR) got = call(SYS_read, input.cleaner, &reply, sizeof reply);
    if (got == static_cast<long>(sizeof reply)) return {};
    return {got < 0 ? static_cast<int>(-got) : EPIPE, Detail::placeholder};
}

// The same by name, with what the cleaner says of it.
Failure ask_about(const Setup& setup, int directory, const char* name, Request request,
                  Reply& reply) {
    std::memcpy(request.name, name, std::strlen(name) + 1);
    if (Failure failure = ask(setup.input, request, directory, reply)) return failure;
    return reply.error == 0 ? Failure{} : Failure{reply.error, reply.detail};
}

}  // namespace

Failure see_cleaner(const ChildInput& input) {
    Reply reply{};
    const Failure failure = ask(input, Request{}, -1, reply);
    return {failure.error};
}

Failure ask_for_placeholder(const Setup& setup, int directory, const char* name, NodeKind kind,
                            bool& there) {
    const Wish wish = kind == NodeKind::directory ? Wish::directory : Wish::file;
    Reply reply{0, Detail::none, there ? 1 : 0};
    const Failure failure = ask_about(setup, directory, name, {wish, setup.step, {}, {}}, reply);
    there = reply.there == 1;
    return failure;
}

Failure ask_for_watch(const Setup& setup, int directory, const char* name,
                      const struct stat& status) {
    Reply reply{};
    const FileId file{status.st_dev, status.st_ino};
    return ask_about(setup, directory, name, {Wish::watch, setup.step, file, {}}, reply);
}

Failure ask_for_absence(const Setup& setup, int directory, const char* name) {
    Reply reply{};
    return ask_about(setup, directory, name, {Wish::absence, setup.step, {}, {}}, reply);
}

void cleaner_main(CleanerInput& input) {
    // Out of reach of what is sent to the job that sbx is, and of who is of the same user inside.
    int keep[] = {input.socket, input.init, input.proc, input.lost};
    // Each directory and file that is watched takes a descriptor.
    rlimit most{};
    if (call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &most) == 0) {
        most.rlim_cur = most.rlim_max;
        call(SYS_prlimit64, 0, RLIMIT_NOFILE, &most, nullptr);
    }
    // Without a umask the modes of placeholders are theirs from the start.
    if (call(SYS_umask, 0) < 0 || call(SYS_setsid) < 0 ||
        call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || call(SYS_fchdir, input.proc) != 0 ||
        close_others(input.proc, keep, 4)) {
        leave(1);  // init gets no answer then, and set-up ends
    }
    std::size_t count = 0;
    while (true) {
        pollfd polled[3] = {
            {input.socket, POLLIN, 0}, {input.init, POLLIN, 0}, {input.notify, POLLIN, 0}};
        call(SYS_ppoll, polled, 3, nullptr, nullptr, sizeof(std::uint64_t));
        if (input.socket >= 0 && polled[0].revents != 0) {
            serve(input, count);
            continue;
        }
        if (polled[1].revents != 0) break;
        if (input.notify >= 0 && polled[2].revents != 0) read_changes(input);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const Placeholder& place = input.held[i];
        LostGuard left{place.step, let_go_of(place), {}};
        if (left.left == 0) continue;
        std::memcpy(left.name, place.name, sizeof left.name);
        call(SYS_write, input.lost, &left, sizeof left);
    }
    leave(0);
}

}  // namespace sbx::sys
