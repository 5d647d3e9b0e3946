// SPDX-License-Identifier: Apache-2.0
// The set-up steps: each assembles a detached mount, gives it its flags, and only then attaches
// it, so that nothing is writable or shared for a moment.
#include "child/mount.hpp"

#include "child/calls.hpp"
#include "child/guard.hpp"
#include "child/init_loop.hpp"
#include "child/input.hpp"
#include "child/path.hpp"
#include "child/report.hpp"
#include "child/seal.hpp"
#include "child/setup.hpp"
#include "child/source.hpp"
#include "system/syscalls.hpp"

#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <climits>
#include <cstring>

namespace sbx::sys {
namespace {

Detail wrong_kind(int place, NodeKind kind) {
    struct stat status {};
    if (stat_of(place, status) || S_ISDIR(status.st_mode) == (kind == NodeKind::directory)) {
        return Detail::none;
    }
    return S_ISDIR(status.st_mode) ? Detail::destination_directory : Detail::destination_file;
}

}  // namespace

Failure stat_of(int fd, struct stat& status) {
    return failed(call(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH));
}

bool is_confirmed(int directory, const char* name, int flags, int error) {
    struct stat status {};
    return call(SYS_newfstatat, directory, name, &status, flags) == -error;
}

Failure remember_mount(Setup& setup, int mount) {
    struct statx status {};
    const Failure failure =
        failed(call(SYS_statx, mount, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_INO, &status));
    if (failure) return failure;
    ChildInput& input = setup.input;
    if (input.own_count == input.own_room) return {ENOSPC};
    input.own_mounts[input.own_count++] = {status.stx_dev_major, status.stx_dev_minor,
                                           status.stx_mnt_id};
    return {};
}

Failure make_mount(const FileSystem& wanted, int& mount) {
    const int fs = fs_open(wanted.type);
    if (fs < 0) return {-fs};
    Failure failure = failed(fs_set(fs, "source", wanted.type));  // what mountinfo shows
    for (const auto& option : wanted.options) {
        if (option[0] != nullptr && !failure) failure = failed(fs_set(fs, option[0], option[1]));
    }
    if (!failure) failure = failed(fs_create(fs));
    if (!failure) {
        mount = fs_mount(fs, wanted.attributes);
        failure = failed(mount);
    }
    close_fd(fs);
    return failure;
}

char* digits(std::uint64_t value, unsigned base, char* end) {
    *--end = '\0';
    do {
        *--end = static_cast<char>('0' + value % base);
        value /= base;
    } while (value != 0);
    return end;
}

FdPath::FdPath(const char* directory, int fd) {
    char number[24];
    const char* name = digits(static_cast<std::uint64_t>(fd), 10, number + sizeof number);
    const std::size_t size = std::strlen(directory);
    std::memcpy(text, directory, size);
    std::memcpy(text + size, name, std::strlen(name) + 1);
}

namespace {

// Waits until `from` gives something, or leaves when the supervisor is gone: its death signal is
// not enough, since one that dies while a helper still holds the life line is not found to be gone.
void await_supplier(const ChildInput& input, int from) {
    pollfd polled[2] = {{from, POLLIN, 0}, {input.ready_read, 0, 0}};
    while (polled[0].revents == 0) {
        const long got = call(SYS_ppoll, polled, 2, nullptr, nullptr, sizeof(std::uint64_t));
        if (got < 0 && got != -EINTR) return;  // read(2) has the error
        if (polled[1].revents != 0) leave(1);
    }
}

}  // namespace

Failure copy(const ChildInput& input, int from, int to) {
    char buffer[16384];
    while (true) {
        await_supplier(input, from);
        const long got = call(SYS_read, from, buffer, sizeof buffer);
        if (got == -EINTR) continue;
        if (got <= 0) return failed(got);
        for (long done = 0; done < got;) {
            const long put = call(SYS_write, to, buffer + done, got - done);
            if (put < 0 && put != -EINTR) return failed(put);
            if (put > 0) done += put;
        }
    }
}

int reopen(const ChildInput& input, int fd, int flags) {
    // Through the host's procfs: no second lookup by a name that could mean another file by now.
    return open_at(input.proc, FdPath("self/fd/", fd).text, flags);
}

Failure attach(Setup& setup, int mount, const char* path, NodeKind kind, unsigned parents) {
    int place = -1;
    // 0444 as bubblewrap has it: an empty file that nobody is meant to write, to be mounted on.
    const unsigned mode = kind == NodeKind::directory ? 0755 : 0444;
    NewPlace made;
    if (make_new(setup, path, kind, {mode, parents}, made)) {
        const Failure failure = failed(
            call(SYS_move_mount, mount, "", made.directory, made.name, MOVE_MOUNT_F_EMPTY_PATH));
        close_fd(mount);
        return failure;
    }
    forget_last(setup);
    Failure failure = open_destination(setup, path, kind, {mode, parents}, place);
    if (!failure) {
        failure = failed(move_mount(mount, place));
        if (failure) failure.detail = wrong_kind(place, kind);
        Place covered;
        if (!failure) failure = place_of(place, "", AT_EMPTY_PATH, covered);
        close_fd(place);
        if (!failure && covered == setup.root_place) return use_as_root(setup, mount);
    }
    close_fd(mount);
    return failure;
}

int clone_tree(int place, std::uint64_t attributes) {
    const int tree = open_tree(place, "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH);
    if (tree < 0) return tree;
    mount_attr wanted{};
    wanted.attr_set = attributes;
    wanted.propagation = MS_PRIVATE;
    const int set = mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, wanted);
    if (set == 0) return tree;
    close_fd(tree);
    return set;
}

Failure cover_with(int tree, int place) {
    if (tree < 0) return {-tree};
    const Failure failure = failed(move_mount(tree, place));
    close_fd(tree);
    return failure;
}

Failure mount_empty_directory(const char* mode, int& mount) {
    return make_mount(
        {"tmpfs",
         {{"mode", mode}, {"nr_inodes", "1"}},
         MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC},
        mount);
}

Failure cover_with_empty_directory(int place, const char* mode) {
    int mount = -1;
    const Failure failure = mount_empty_directory(mode, mount);
    return failure ? failure : cover_with(mount, place);
}

Failure attach_bind(Setup& setup, int tree, Access access, const char* path, NodeKind kind,
                    unsigned parents) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_NOSUID;
    if (access != Access::device) attributes.attr_set |= MOUNT_ATTR_NODEV;
    if (access == Access::read_only) attributes.attr_set |= MOUNT_ATTR_RDONLY;
    attributes.propagation = MS_PRIVATE;
    const Failure failure =
        failed(mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes));
    if (failure) {
        close_fd(tree);
        return failure;
    }
    return attach(setup, tree, path, kind, parents);
}

namespace {

Failure mount_tmpfs(Setup& setup, const step::MountTmpfs& s) {
    char mode[16];
    char size[32];
    char inodes[32];
    FileSystem wanted{"tmpfs",
                      {{"mode", digits(s.mode, 8, mode + sizeof mode)}, {}, {}},
                      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (s.size) {
        wanted.options[1][0] = "size";
        wanted.options[1][1] = digits(*s.size, 10, size + sizeof size);
    }
    if (s.inodes) {
        wanted.options[2][0] = "nr_inodes";
        wanted.options[2][1] = digits(*s.inodes, 10, inodes + sizeof inodes);
    }
    int mount = -1;
    Failure failure = make_mount(wanted, mount);
    if (!failure) failure = remember_mount(setup, mount);
    if (failure) return failure;
    return attach(setup, mount, s.destination.c_str(), NodeKind::directory,
                  modes_for(s.mode).parents);
}

Failure bind(Setup& setup, const step::Bind& s) {
    const Found* found = s.found ? &*s.found : nullptr;
    const int tree =
        open_tree(AT_FDCWD, path_to_open(found, s.path), OPEN_TREE_CLONE | AT_RECURSIVE);
    // The clone is looked at, not the name once more: wherever links led, it is the file or not.
    if (const Failure failure = check_source(setup, tree, found, s.path)) {
        if (tree >= 0) close_fd(tree);
        return failure;
    }
    return attach_bind(setup, tree, s.access, s.destination.c_str(), s.kind);
}

Failure cover_read_only(Setup& setup, const step::CoverReadOnly& s) {
    forget_last(setup);
    const int place = open_existing(setup, s.destination.c_str());
    if (place < 0) return {-place};
    const Failure failure = cover_with(clone_tree(place, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                                             MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY),
                                       place);
    close_fd(place);
    return failure;
}

// A detached mount of a device that nobody can open (nodev), into `mount`.
Failure mount_inert_device(int& mount) {
    mount = open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE);
    if (mount < 0) return {-mount};
    struct stat status {};
    if (const Failure failure = stat_of(mount, status)) return failure;
    // A /dev/null of the host that is a file (CVE-2025-31133) would be shown.
    if (!S_ISCHR(status.st_mode)) return {ENODEV};
    mount_attr attributes{};
    attributes.attr_set =
        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
    attributes.propagation = MS_PRIVATE;
    return failed(mount_setattr(mount, "", AT_EMPTY_PATH, attributes));
}

// A file of procfs is covered with a device that its mount does not let anybody open: it needs no
// file of ours. Another procfs file could be read. The first such mount is the model of the others.
Failure hide(Setup& setup, const step::Hide& s) {
    forget_last(setup);
    const int place = open_existing(setup, s.destination.c_str());
    if (place < 0) return {-place};
    struct stat status {};
    Failure failure = stat_of(place, status);
    if (!failure && S_ISDIR(status.st_mode)) {
        failure = cover_with_empty_directory(place, "0000");
    } else if (!failure && setup.inert < 0) {
        failure = mount_inert_device(setup.inert);
        if (!failure) failure = failed(move_mount(setup.inert, place));
    } else if (!failure) {
        failure = cover_with(open_tree(setup.inert, "", OPEN_TREE_CLONE | AT_EMPTY_PATH), place);
    }
    close_fd(place);
    return failure;
}

Failure mount_simple(Setup& setup, const FileSystem& wanted, const char* destination) {
    int mount = -1;
    const Failure failure = make_mount(wanted, mount);
    return failure ? failure : attach(setup, mount, destination, NodeKind::directory);
}

Failure make_directory(Setup& setup, const step::MakeDirectory& s) {
    NewPlace made;
    if (make_new(setup, s.destination.c_str(), NodeKind::directory, modes_for(s.mode), made))
        return {};
    int fd = -1;
    Failure failure =
        open_destination(setup, s.destination.c_str(), NodeKind::directory, modes_for(s.mode), fd);
    if (failure) return failure;
    struct stat status {};
    failure = stat_of(fd, status);
    if (!failure && !S_ISDIR(status.st_mode)) failure = {ENOTDIR, Detail::destination_file};
    close_fd(fd);
    return failure;
}

Failure make_symlink(Setup& setup, const step::MakeSymlink& s) {
    const NewPlace made = new_place(setup, s.destination.c_str(), 0755);
    if (made.directory >= 0 &&
        call(SYS_symlinkat, s.target.c_str(), made.directory, made.name) == 0) {
        return {};
    }
    int parent = -1;
    char name[NAME_MAX + 1];
    Failure failure = open_parent(setup, s.destination.c_str(), parent, name);
    if (failure) return failure;
    char there[PATH_MAX];
    const long got = call(SYS_readlinkat, parent, name, there, sizeof there);
    if (got >= 0) {
        const bool same = static_cast<std::size_t>(got) == s.target.size() &&
                          std::memcmp(there, s.target.data(), s.target.size()) == 0;
        if (!same) {
            failure = {EEXIST, Detail::other_symlink};
            const auto size = static_cast<std::size_t>(got) < sizeof setup.excerpt.data
                                  ? static_cast<std::size_t>(got)
                                  : sizeof setup.excerpt.data;
            std::memcpy(setup.excerpt.data, there, size);
            setup.excerpt.size = static_cast<std::int32_t>(size);
        }
    } else if (got == -EINVAL) {
        failure = {EEXIST, Detail::not_a_symlink};
    } else {
        failure = may_create_in(setup, parent);
        if (!failure) {
            failure = {failed(call(SYS_symlinkat, s.target.c_str(), parent, name)).error,
                       Detail::making_destination};
        }
    }
    close_fd(parent);
    return failure;
}

Failure write_file(const Setup& setup, const step::WriteFile& s) {
    int place = -1;
    Failure failure =
        open_destination(setup, s.destination.c_str(), NodeKind::other, modes_for(s.mode), place);
    if (failure) return failure;
    struct stat status {};
    failure = stat_of(place, status);
    if (!failure && S_ISDIR(status.st_mode)) failure = {EISDIR, Detail::destination_directory};
    if (!failure && !S_ISREG(status.st_mode)) failure = {EEXIST};
    if (!failure) failure = may_create_in(setup, place);
    if (!failure) {
        const int file = reopen(setup.input, place, O_WRONLY | O_TRUNC);
        failure = failed(file);
        if (!failure) {
            failure = copy(setup.input, s.fd, file);
            if (failure) failure.detail = Detail::copying;
            close_fd(file);
        }
    }
    close_fd(place);
    return failure;
}

Failure remount_read_only(const Setup& setup, const step::RemountReadOnly& s) {
    const int place = open_existing(setup, s.destination.c_str());
    if (place < 0) return {-place};
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    Failure failure = failed(mount_setattr(place, "", AT_EMPTY_PATH, attributes));
    if (failure.error == EINVAL) failure.detail = Detail::not_a_mount_point;
    close_fd(place);
    return failure;
}

Failure lock_file(ChildInput& input, const step::LockFile& s) {
    // A link to what procfs opens by itself would lead out.
    const int fd = open_at2(AT_FDCWD, s.path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY, 0,
                            RESOLVE_NO_MAGICLINKS);
    if (fd < 0) return {-fd};
    struct flock lock {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    const Failure failure = failed(call(SYS_fcntl, fd, F_SETLK, &lock));
    if (failure) return {failure.error, Detail::locked};
    input.init_fds[input.init_count++] = fd;
    return {};
}

}  // namespace

std::size_t init_fds_needed(const Plan& plan) {
    // Life line, status, signals, children, the command's go, --wayland.
    std::size_t count = 6 + plan.sync_fds.size();
    for (const Step& step : plan.setup) {
        if (std::get_if<step::LockFile>(&step) != nullptr) ++count;
    }
    return count;
}

std::size_t own_mounts_needed(const Plan& plan) {
    std::size_t count = 0;
    for (const Step& step : plan.setup) {
        if (std::get_if<step::MountTmpfs>(&step) != nullptr ||
            std::get_if<step::MountRoot>(&step) != nullptr) {
            ++count;
        }
        // The overlay, and the tmpfs that its changes are in.
        if (std::get_if<step::MountOverlay>(&step) != nullptr) count += 2;
    }
    return count;
}

Failure do_setup_step(Setup& setup, const Step& step) {
    constexpr unsigned inert = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    if (const auto* s = std::get_if<step::Bind>(&step)) return bind(setup, *s);
    if (const auto* s = std::get_if<step::MountTmpfs>(&step)) return mount_tmpfs(setup, *s);
    if (const auto* s = std::get_if<step::MakeSymlink>(&step)) return make_symlink(setup, *s);
    if (const auto* s = std::get_if<step::MakeDirectory>(&step)) return make_directory(setup, *s);
    if (const auto* s = std::get_if<step::WriteFile>(&step)) return write_file(setup, *s);
    if (std::get_if<step::MountRoot>(&step) != nullptr) return mount_root(setup);
    if (const auto* s = std::get_if<step::MountProc>(&step)) {
        return mount_simple(setup, {"proc", {}, inert}, s->destination.c_str());
    }
    if (const auto* s = std::get_if<step::MountDevpts>(&step)) {
        return mount_simple(setup,
                            {"devpts",
                             {{"ptmxmode", "0666"}, {"mode", "0620"}},
                             MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC},
                            s->destination.c_str());
    }
    if (const auto* s = std::get_if<step::CoverReadOnly>(&step)) return cover_read_only(setup, *s);
    if (const auto* s = std::get_if<step::Hide>(&step)) return hide(setup, *s);
    if (const auto* s = std::get_if<step::RemountReadOnly>(&step)) {
        return remount_read_only(setup, *s);
    }
    if (std::get_if<step::EnterRoot>(&step) != nullptr) return enter_root(setup);
    if (const auto* s = std::get_if<step::BindFd>(&step)) return bind_fd(setup, *s);
    if (const auto* s = std::get_if<step::BindData>(&step)) return bind_data(setup, *s);
    if (const auto* s = std::get_if<step::WaylandSocket>(&step)) {
        return make_wayland_socket(setup, *s);
    }
    if (const auto* s = std::get_if<step::MountOverlay>(&step)) return mount_overlay(setup, *s);
    if (const auto* s = std::get_if<step::Chmod>(&step)) return change_mode(setup, *s);
    if (const auto* s = std::get_if<step::Guard>(&step)) return guard(setup, *s);
    if (const auto* s = std::get_if<step::MountMqueue>(&step)) {
        return mount_simple(setup, {"mqueue", {}, inert}, s->destination.c_str());
    }
    if (const auto* s = std::get_if<step::LockFile>(&step)) return lock_file(setup.input, *s);
    if (const auto* s = std::get_if<step::ScopeSignals>(&step)) {
        return scope_signals(*s, setup.input.scoped);
    }
    return do_namespace_step(setup.input, step);
}

}  // namespace sbx::sys
