// SPDX-License-Identifier: Apache-2.0
// The new root, from its first mount to the pivot that leaves nothing of the old one.
#include "child/mount.hpp"
#include "child/path.hpp"
#include "child/report.hpp"
#include "child/setup.hpp"
#include "system/syscalls.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

namespace sbx::sys {

Failure place_of(int dir, const char* path, unsigned flags, Place& out) {
    struct statx status {};
    const Failure failure =
        failed(call(SYS_statx, dir, path, flags, STATX_MNT_ID | STATX_INO, &status));
    out = {status.stx_mnt_id, status.stx_ino};
    return failure;
}

Failure use_as_root(Setup& setup, int mount) {
    if (setup.root >= 0) close_fd(setup.root);
    if (setup.top >= 0) close_fd(setup.top);
    setup.root = mount;
    setup.top = -1;
    return place_of(mount, "", AT_EMPTY_PATH, setup.root_place);
}

Failure mount_root(Setup& setup) {
    // Without this, what is mounted here would show on the host where its mounts are shared and
    // no user namespace is made, and what the host mounts meanwhile would show here.
    mount_attr propagation{};
    propagation.propagation = MS_PRIVATE;
    Failure failure = failed(mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, propagation));
    if (failure) return failure;
    int root = -1;
    failure =
        make_mount({"tmpfs", {{"mode", "0755"}, {}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV}, root);
    if (failure) return failure;
    if (Failure f = remember_mount(setup, root)) return f;
    // On "/": it hides nothing, since lookups that start at "/" start below it. The pivot needs it
    // attached somewhere.
    failure = failed(call(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
    if (failure) return failure;
    // So that a bind of "/" does not clone the new root along with the old one.
    propagation.propagation = MS_UNBINDABLE;
    failure = failed(mount_setattr(root, "", AT_EMPTY_PATH, propagation));
    if (failure) return failure;
    setup.base = static_cast<int>(call(SYS_fcntl, root, F_DUPFD_CLOEXEC, 0));
    failure = failed(setup.base);
    return failure ? failure : use_as_root(setup, root);
}

namespace {

// After the pivot the old root lies upon the new one, and upon it what the new one was mounted on.
// A lookup of "/.." ends at the topmost of these, so it tells when nothing is left.
Failure detach_old_root(const Setup& setup) {
    while (true) {
        Place top;
        if (Failure f = place_of(AT_FDCWD, "/..", 0, top)) return f;
        if (top == setup.root_place) return {};
        if (Failure f = failed(call(SYS_umount2, ".", MNT_DETACH))) return f;
    }
}

}  // namespace

Failure enter_root(Setup& setup) {
    forget_last(setup);
    mount_attr propagation{};
    propagation.propagation = MS_PRIVATE;
    Failure failure =
        failed(mount_setattr(setup.root, "", AT_EMPTY_PATH | AT_RECURSIVE, propagation));
    if (!failure) failure = failed(call(SYS_fchdir, setup.root));
    // The same directory twice: the old root is stacked upon the new one, where umount finds it
    // (pivot_root(2), NOTES).
    if (!failure) failure = failed(call(SYS_pivot_root, ".", "."));
    if (!failure) failure = detach_old_root(setup);
    if (!failure) failure = failed(call(SYS_chdir, "/"));
    close_fd(setup.root);
    close_fd(setup.base);
    if (setup.top >= 0) close_fd(setup.top);
    setup.root = -1;
    setup.base = -1;
    setup.top = -1;
    return failure;
}

}  // namespace sbx::sys
