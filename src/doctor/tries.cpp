// SPDX-License-Identifier: Apache-2.0
#include "doctor/tries.hpp"

#include "system/fd.hpp"
#include "system/syscalls.hpp"
#include "system/trial.hpp"

#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/vfs.h>

#include <cstring>
#include <new>
#include <string>

namespace sbx::sys {
namespace {

// What the children need, made before they are, and where they put what came of it: memory that is
// shared with them. A pipe would be held open by whatever another thread forks meanwhile.
struct Bench {
    Tries* tries = nullptr;
    int proc = -1;  // the directory
    const char* uid_map = nullptr;
    const char* gid_map = nullptr;

    bool note(Try what, long result) const {
        tries->set(what, result < 0 ? static_cast<int>(-result) : 0);
        return result >= 0;
    }
};

long write_text(int directory, const char* path, const char* text) {
    const int fd = open_at(directory, path, O_WRONLY);
    if (fd < 0) return fd;
    const long put = call(SYS_write, fd, text, std::strlen(text));
    close_fd(fd);
    return put;
}

// As init of a sandbox does it: setgroups first (CVE-2014-8989).
long map_ids(const Bench& bench) {
    const long closed = write_text(bench.proc, "self/setgroups", "deny");
    if (closed < 0) return closed;
    const long mapped = write_text(bench.proc, "self/uid_map", bench.uid_map);
    if (mapped < 0) return mapped;
    return write_text(bench.proc, "self/gid_map", bench.gid_map);
}

// A detached mount of a new file system, or -errno.
int new_mount(const char* type) {
    const int fs = fs_open(type);
    if (fs < 0) return fs;
    int mount = fs_create(fs);
    if (mount >= 0) mount = fs_mount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    close_fd(fs);
    return mount;
}

// Of three directories of the working directory, as --tmp-overlay makes one of its tmpfs.
long mount_overlay() {
    for (const char* name : {"lower", "upper", "work"}) {
        const long made = call(SYS_mkdirat, AT_FDCWD, name, 0755);
        if (made < 0) return made;
    }
    const int fs = fs_open("overlay");
    if (fs < 0) return fs;
    long result = call(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "userxattr", nullptr, 0);
    if (result >= 0) result = fs_set(fs, "lowerdir", "lower");
    if (result >= 0) result = fs_set(fs, "upperdir", "upper");
    if (result >= 0) result = fs_set(fs, "workdir", "work");
    if (result >= 0) result = fs_create(fs);
    if (result >= 0) result = fs_mount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    close_fd(fs);
    return result;
}

// In a mount namespace of our own, which ends with us.
void try_mounts(const Bench& bench) {
    mount_attr attributes{};
    attributes.propagation = MS_PRIVATE;
    if (!bench.note(Try::change_mounts, mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, attributes))) {
        return;
    }
    const int tree = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | AT_RECURSIVE);
    if (!bench.note(Try::clone_mounts, tree)) return;
    attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY;
    const int changed = mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes);
    if (!bench.note(Try::change_mounts, changed)) return;
    const int root = new_mount("tmpfs");
    if (!bench.note(Try::new_tmpfs, root)) return;
    // On "/" it hides nothing, since lookups that start there start below it.
    const long attached = call(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
    if (!bench.note(Try::attach_mount, attached)) return;
    if (!bench.note(Try::attach_mount, call(SYS_fchdir, root))) return;
    call(SYS_mkdirat, AT_FDCWD, "bind", 0755);
    const long bound = call(SYS_move_mount, tree, "", AT_FDCWD, "bind", MOVE_MOUNT_F_EMPTY_PATH);
    if (!bench.note(Try::attach_mount, bound)) return;
    bench.note(Try::overlay, mount_overlay());
    bench.note(Try::pivot_root, call(SYS_pivot_root, ".", "."));
}

// What init of a sandbox does, in the order in which one needs the other.
void try_set_up(const Bench& bench, std::uint64_t flags) {
    if (!bench.note(Try::map_ids, map_ids(bench))) return;
    bench.note(Try::nested_namespace, trial(CLONE_NEWUSER, [] {}));
    if ((flags & CLONE_NEWNS) == 0) return;
    // The kernel looks for a procfs that is all to be seen, which the new root would not have.
    if ((flags & CLONE_NEWPID) != 0) bench.note(Try::new_proc, new_mount("proc"));
    try_mounts(bench);
}

// Each with a user namespace, as sandboxes have it; gives the flags of those that set-up can have.
std::uint64_t try_namespaces(const Bench& bench) {
    struct Kind {
        Try tried;
        std::uint64_t flag;
    };
    if (!bench.note(Try::user_namespace, trial(CLONE_NEWUSER, [] {}))) return 0;
    std::uint64_t made = CLONE_NEWUSER;
    for (const Kind& kind :
         {Kind{Try::mount_namespace, CLONE_NEWNS}, Kind{Try::pid_namespace, CLONE_NEWPID},
          Kind{Try::ipc_namespace, CLONE_NEWIPC}, Kind{Try::uts_namespace, CLONE_NEWUTS},
          Kind{Try::network_namespace, CLONE_NEWNET}, Kind{Try::cgroup_namespace, CLONE_NEWCGROUP},
          Kind{Try::time_namespace, CLONE_NEWTIME}}) {
        if (bench.note(kind.tried, trial(CLONE_NEWUSER | kind.flag, [] {}))) made |= kind.flag;
    }
    return made & (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
}

void try_filter(const Bench& bench) {
    const auto load = [&bench] {
        sock_filter instruction{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
        const sock_fprog program{1, &instruction};
        call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        bench.note(Try::filter,
                   call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0));
    };
    const long made = trial(0, load);
    if (made < 0) bench.note(Try::filter, made);
}

int try_watch() {
    const Fd inotify(::inotify_init1(IN_CLOEXEC));
    if (!inotify) return errno;
    return ::inotify_add_watch(inotify.get(), "/", IN_DELETE_SELF) < 0 ? errno : 0;
}

// Ids are written through it, so it has to be one.
Fd open_procfs() {
    struct statfs status {};
    Fd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!proc || ::fstatfs(proc.get(), &status) != 0 || status.f_type != PROC_SUPER_MAGIC) {
        return {};
    }
    return proc;
}

}  // namespace

Tries try_parts(std::uint32_t uid, std::uint32_t gid) {
    void* shared =
        ::mmap(nullptr, sizeof(Tries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::bad_alloc();
    const std::string uid_map = "0 " + std::to_string(uid) + " 1\n";
    const std::string gid_map = "0 " + std::to_string(gid) + " 1\n";
    const Fd proc = open_procfs();
    const Bench bench{new (shared) Tries, proc.get(), uid_map.c_str(), gid_map.c_str()};
    try_filter(bench);
    const std::uint64_t flags = try_namespaces(bench);
    if (flags != 0 && proc) trial(flags, [&] { try_set_up(bench, flags); });
    Tries out = *bench.tries;
    ::munmap(shared, sizeof(Tries));
    out.set(Try::watch, try_watch());
    return out;
}

}  // namespace sbx::sys
