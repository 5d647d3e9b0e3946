// SPDX-License-Identifier: Apache-2.0
// Set-up steps whose content comes by descriptor or from several directories.
#include "child/source.hpp"

#include "child/calls.hpp"
#include "child/init_loop.hpp"
#include "child/mount.hpp"
#include "child/path.hpp"
#include "child/report.hpp"
#include "child/setup.hpp"
#include "system/syscalls.hpp"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/vfs.h>

#include <cstring>

namespace sbx::sys {

const char* path_to_open(const Found* found, const std::string& path) {
    return found != nullptr && !found->relative.empty() ? found->relative.c_str() : path.c_str();
}

Failure check_source(Setup& setup, int opened, const Found* found, const std::string& path) {
    Failure failure = failed(opened);
    if (found == nullptr) return failure;
    bool other = failure.error == ENOENT || failure.error == ENOTDIR || failure.error == ELOOP;
    struct stat status {};
    if (!failure) {
        failure = stat_of(opened, status);
        other = !failure && (status.st_dev != found->device || status.st_ino != found->inode);
    }
    if (!other) return failure;
    const std::size_t size =
        path.size() < sizeof setup.excerpt.data ? path.size() : sizeof setup.excerpt.data;
    std::memcpy(setup.excerpt.data, path.data(), size);
    setup.excerpt.size = static_cast<std::int32_t>(size);
    return {failure ? failure.error : ESTALE, Detail::other_source};
}

namespace {

// Clones the tree at `place`, gives it the flags of `access` and attaches it.
Failure bind_place(Setup& setup, int place, Access access, const char* destination, NodeKind kind,
                   unsigned parents = 0755) {
    const int tree = open_tree(place, "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH);
    if (tree < 0) return {-tree};
    return attach_bind(setup, tree, access, destination, kind, parents);
}

// Layers are named by descriptor, as files in /proc/self/fd, which is the working directory while
// the overlay is made: overlayfs takes option strings of 255 bytes at most, with a syntax of their
// own, and mountinfo inside does not show the host's paths then.
struct Layers {
    static constexpr std::size_t room = 256;
    char text[room];
    std::size_t length = 0;
};

// Descriptors that are needed until the overlay is made, and closed then: of overlays there may be
// many. Layers are 500 at most.
struct Opened {
    static constexpr std::size_t room = 512;
    int fds[room];
    std::size_t count = 0;
    int cwd = AT_FDCWD;  // where relative paths of the caller begin
};

// Opens a directory of an overlay; the descriptor or -errno.
int open_layer(Opened& opened, int directory, const char* path) {
    if (opened.count == Opened::room) return -E2BIG;
    const int fd = open_at(directory, path, O_PATH);
    if (fd >= 0) opened.fds[opened.count++] = fd;
    return fd;
}

// Opens the directory that the step `s` names as `path`: the one at `index` of those it has found.
Failure open_named(Setup& setup, const step::MountOverlay& s, std::size_t index,
                   const std::string& path, Opened& opened, int& fd) {
    const Found* found = index < s.found.size() ? &s.found[index] : nullptr;
    fd = open_layer(opened, opened.cwd, path_to_open(found, path));
    return check_source(setup, fd, found, path);
}

bool add_layer(Layers& layers, int fd, const char* suffix) {
    char number[24];
    const char* name = digits(static_cast<std::uint64_t>(fd), 10, number + sizeof number);
    const std::size_t needed = std::strlen(name) + std::strlen(suffix) + 2;
    if (layers.length + needed > Layers::room) return false;
    char* at = layers.text + layers.length;
    if (layers.length != 0) *at++ = ':';
    for (const char* part : {name, suffix}) {
        const std::size_t size = std::strlen(part);
        std::memcpy(at, part, size);
        at += size;
    }
    *at = '\0';
    layers.length = static_cast<std::size_t>(at - layers.text);
    return true;
}

// Where the changes of an overlay go: two directories, by a prefix that both are found below.
Failure set_changes(Setup& setup, const step::MountOverlay& s, int fs, Opened& opened) {
    Layers upper;
    Layers work;
    if (s.changes == entry::Overlay::Changes::kept) {
        int upper_fd = -1;
        int work_fd = -1;
        const std::size_t first = s.sources.size();
        Failure failure = open_named(setup, s, first, s.upper, opened, upper_fd);
        if (!failure) failure = open_named(setup, s, first + 1, s.work, opened, work_fd);
        if (failure) return failure;
        add_layer(upper, upper_fd, "");
        add_layer(work, work_fd, "");
    } else {
        // A tmpfs of its own, at the destination: the overlay hides it there.
        int mount = -1;
        Failure failure = make_mount(
            {"tmpfs", {{"mode", "0755"}, {}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV}, mount);
        if (!failure) failure = remember_mount(setup, mount);
        if (!failure) failure = failed(call(SYS_mkdirat, mount, "upper", 0755));
        if (!failure) failure = failed(call(SYS_mkdirat, mount, "work", 0755));
        const int kept = failure ? -1 : open_layer(opened, mount, ".");
        if (!failure) failure = failed(kept);
        if (!failure) {
            failure = attach(setup, mount, s.destination.c_str(), NodeKind::directory);
        }
        if (failure) return failure;
        add_layer(upper, kept, "/upper");
        add_layer(work, kept, "/work");
    }
    const Failure failure = failed(fs_set(fs, "upperdir", upper.text));
    return failure ? failure : failed(fs_set(fs, "workdir", work.text));
}

// All in one string, topmost first. Where they do not fit, one by one, as Linux 6.8 and later take
// them.
Failure set_sources(Setup& setup, const step::MountOverlay& s, int fs, Opened& opened) {
    constexpr std::size_t surely_fit = 50;  // names of up to four digits, in 255 bytes
    const bool one_by_one = s.sources.size() > surely_fit;
    // Before 6.5 overlayfs takes whatever is set, and refuses it without a reason in the end. This
    // sets nothing where it is known, for it lacks the value.
    if (one_by_one && call(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "lowerdir+", nullptr, 0) == 0) {
        return {E2BIG, Detail::too_many_layers};
    }
    Layers lower;
    for (std::size_t i = 0; i < s.sources.size(); ++i) {
        int fd = -1;
        if (Failure failure = open_named(setup, s, i, s.sources[i], opened, fd)) {
            if (fd == -E2BIG) failure.detail = Detail::too_many_layers;
            return failure;
        }
        if (one_by_one) lower = {};
        if (!add_layer(lower, fd, "")) return {E2BIG, Detail::too_many_layers};
        if (!one_by_one) continue;
        const Failure failure = failed(fs_set(fs, "lowerdir+", lower.text));
        if (failure.error == EINVAL) return {E2BIG, Detail::too_many_layers};
        if (failure) return failure;
    }
    return one_by_one ? Failure{} : failed(fs_set(fs, "lowerdir", lower.text));
}

Failure configure_overlay(Setup& setup, const step::MountOverlay& s, int fs, Opened& opened) {
    Failure failure = failed(fs_set(fs, "source", "overlay"));
    // What an ordinary user may write its marks into; the mark of the kernel needs a privilege.
    if (!failure) {
        failure = failed(call(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "userxattr", nullptr, 0));
    }
    const int here = open_layer(opened, AT_FDCWD, ".");
    if (here >= 0) opened.cwd = here;
    // A directory that may not be searched has no paths below it that could be meant.
    if (!failure && here < 0 && here != -EACCES) failure = failed(here);
    const int names = open_at(setup.input.proc, "self/fd", O_PATH | O_DIRECTORY);
    if (!failure) failure = failed(names);
    if (!failure) failure = failed(call(SYS_fchdir, names));
    if (names >= 0) close_fd(names);
    if (!failure) failure = set_sources(setup, s, fs, opened);
    if (!failure && s.changes != entry::Overlay::Changes::refused) {
        failure = set_changes(setup, s, fs, opened);
    }
    if (!failure) failure = failed(fs_create(fs));
    const Failure back = here >= 0 ? failed(call(SYS_fchdir, here)) : Failure{};
    if (!failure) failure = back;
    if (failure.error == ELOOP) failure.detail = Detail::overlay_loop;
    return failure;
}

}  // namespace

Failure mount_overlay(Setup& setup, const step::MountOverlay& s) {
    const int fs = fs_open("overlay");
    if (fs < 0) return {-fs};
    Opened opened;
    Failure failure = configure_overlay(setup, s, fs, opened);
    for (std::size_t i = 0; i < opened.count; ++i) close_fd(opened.fds[i]);
    int mount = -1;
    if (!failure) {
        mount = fs_mount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        failure = failed(mount);
    }
    close_fd(fs);
    if (!failure && s.changes == entry::Overlay::Changes::forgotten) {
        failure = remember_mount(setup, mount);  // what is made there ends with the sandbox
    }
    if (failure) return failure;
    return attach(setup, mount, s.destination.c_str(), NodeKind::directory);
}

Failure bind_fd(Setup& setup, const step::BindFd& s) {
    // The descriptor belongs to the caller's mount namespace, of which nothing can be cloned here:
    // its name leads to the same place in ours, and the place is checked before it is used.
    const int place = open_at(AT_FDCWD, s.path.c_str(), O_PATH);
    if (place < 0) return {-place};
    struct stat wanted {};
    struct stat got {};
    Failure failure = stat_of(s.fd, wanted);
    if (!failure) failure = stat_of(place, got);
    if (!failure && (wanted.st_dev != got.st_dev || wanted.st_ino != got.st_ino)) {
        failure = {ESTALE, Detail::other_file};
    }
    if (!failure) {
        failure = bind_place(setup, place, s.access, s.destination.c_str(), s.kind);
    }
    close_fd(place);
    return failure;
}

namespace {

Failure copy_and_bind(Setup& setup, const step::BindData& s) {
    static constexpr char name[] = ".sbx-data";  // gone again before the command is there
    const int file = open_at(setup.base, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, s.mode);
    if (file < 0) return {-file, Detail::copying};
    Failure failure = copy(setup.input, s.fd, file);
    if (failure) failure.detail = Detail::copying;
    if (!failure) {
        failure = bind_place(setup, file, s.access, s.destination.c_str(), NodeKind::other,
                             modes_for(s.mode).parents);
    }
    close_fd(file);
    const Failure removed = failed(call(SYS_unlinkat, setup.base, name, 0));
    return failure ? failure : removed;
}

}  // namespace

namespace {

struct BaseState {
    bool read_only = false;
};

// The mount of the new root's bottom is unbindable, and a --remount-ro / may have come before.
// Nobody else is in this mount namespace to use that it is neither for a moment.
Failure open_base(const Setup& setup, BaseState& state) {
    struct statfs status {};
    if (Failure failure = failed(call(SYS_fstatfs, setup.base, &status))) return failure;
    state.read_only = (status.f_flags & ST_RDONLY) != 0;
    mount_attr attributes{};
    attributes.attr_clr = MOUNT_ATTR_RDONLY;
    attributes.propagation = MS_PRIVATE;
    return failed(mount_setattr(setup.base, "", AT_EMPTY_PATH, attributes));
}

Failure close_base(const Setup& setup, const BaseState& state) {
    mount_attr attributes{};
    if (state.read_only) attributes.attr_set = MOUNT_ATTR_RDONLY;
    attributes.propagation = setup.guarding ? MS_PRIVATE : MS_UNBINDABLE;
    return failed(mount_setattr(setup.base, "", AT_EMPTY_PATH, attributes));
}

}  // namespace

Failure bind_data(Setup& setup, const step::BindData& s) {
    BaseState state;
    Failure failure = open_base(setup, state);
    if (!failure) failure = copy_and_bind(setup, s);
    const Failure restored = close_base(setup, state);
    return failure ? failure : restored;
}

namespace {

// The socket gets its name in the bottom of the new root, where nobody else can be.
Failure listen_and_bind(Setup& setup, const step::WaylandSocket& s) {
    static constexpr char name[] = ".sbx-wayland";  // gone again before the command is there
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The process's root is still the host's, procfs included.
    const FdPath base("/proc/self/fd/", setup.base);
    const std::size_t length = std::strlen(base.text);
    std::memcpy(address.sun_path, base.text, length);
    address.sun_path[length] = '/';
    std::memcpy(address.sun_path + length + 1, name, sizeof name);
    Failure failure = failed(call(SYS_bind, setup.input.listener, &address, sizeof address));
    if (failure) return failure;
    constexpr int backlog = 128;
    failure = failed(call(SYS_listen, setup.input.listener, backlog));
    const int place = failure ? -1 : open_at(setup.base, name, O_PATH | O_NOFOLLOW);
    if (!failure) failure = failed(place);
    if (!failure) {
        failure =
            bind_place(setup, place, Access::read_only, s.destination.c_str(), NodeKind::other);
        close_fd(place);
    }
    const Failure removed = failed(call(SYS_unlinkat, setup.base, name, 0));
    return failure ? failure : removed;
}

}  // namespace

Failure make_wayland_socket(Setup& setup, const step::WaylandSocket& s) {
    BaseState state;
    Failure failure = open_base(setup, state);
    if (!failure) failure = listen_and_bind(setup, s);
    const Failure restored = close_base(setup, state);
    if (!failure) failure = restored;
    if (failure) return failure;
    return await_supervisor(setup.input, {Status::Kind::listening, setup.step, 0});
}

namespace {

Failure make_and_cover(const Setup& setup, int place, unsigned mode) {
    static constexpr char name[] = ".sbx-empty";  // gone again before the command is there
    const int file = open_at(setup.base, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    if (file < 0) return {-file};
    // Before its name is gone: nothing that has none can be mounted.
    const Failure failure = cover_with(clone_tree(file, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                                                            MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
                                       place);
    close_fd(file);
    const Failure removed = failed(call(SYS_unlinkat, setup.base, name, 0));
    return failure ? failure : removed;
}

}  // namespace

Failure cover_with_empty_file(const Setup& setup, int place, unsigned mode) {
    BaseState state;
    Failure failure = open_base(setup, state);
    if (!failure) failure = make_and_cover(setup, place, mode);
    const Failure restored = close_base(setup, state);
    return failure ? failure : restored;
}

Failure change_mode(const Setup& setup, const step::Chmod& s) {
    const int place = open_existing(setup, s.destination.c_str());
    if (place < 0) return {-place};
    Failure failure = may_create_in(setup, place);
    if (!failure) {
        failure =
            failed(call(SYS_fchmodat, setup.input.proc, FdPath("self/fd/", place).text, s.mode));
    }
    close_fd(place);
    return failure;
}

}  // namespace sbx::sys
