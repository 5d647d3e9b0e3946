// SPDX-License-Identifier: Apache-2.0
// System calls that glibc 2.36 has no wrapper for, or whose wrapper does more than the call. Every
// function gives the result or -errno. Nothing here may allocate, lock or throw: it is what the
// child between clone and exec is made of; always inlined, so that the child never gets the copy of
// a unit that was built with a sanitizer.
#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace sbx::sys {

/// An argument as the full register that the kernel reads: an int passed through "..." has no
/// defined upper half.
template <typename T>
[[gnu::always_inline]] inline long as_word(T value) {
    if constexpr (std::is_null_pointer_v<T>) {
        return 0;
    } else if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<long>(value);
    } else {
        return static_cast<long>(value);
    }
}

// One instruction where its form is known here: syscall(2) and errno are in pages of their own,
// which every process of a sandbox would have to map first. clang's analyzer does not see what an
// instruction writes to.
template <typename... Args>
[[gnu::always_inline]] inline long call(long number, Args... args) {
#if defined(__x86_64__) && !defined(__ILP32__) && !defined(__clang_analyzer__)
    const long words[6] = {as_word(args)...};
    register long r10 __asm__("r10") = words[3];
    register long r8 __asm__("r8") = words[4];
    register long r9 __asm__("r9") = words[5];
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(words[0]), "S"(words[1]), "d"(words[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    const long result = ::syscall(number, as_word(args)...);
    return result < 0 ? -errno : result;
#endif
}

[[gnu::always_inline]] inline int open_at(int dir, const char* path, int flags, unsigned mode = 0) {
    return static_cast<int>(call(SYS_openat, dir, path, flags | O_CLOEXEC, mode));
}

[[gnu::always_inline]] inline int open_at2(int dir, const char* path, std::uint64_t flags,
                                           std::uint64_t mode, std::uint64_t resolve) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.mode = mode;
    how.resolve = resolve;
    // EAGAIN: something was renamed while ".." was looked up, so the kernel could not tell whether
    // the lookup left its root; it asks to be called again (openat2(2)). Whoever renames without
    // end gets an error, not a hang.
    int result = -EAGAIN;
    for (int tries = 0; tries < 128 && result == -EAGAIN; ++tries) {
        result = static_cast<int>(call(SYS_openat2, dir, path, &how, sizeof how));
    }
    return result;
}

[[gnu::always_inline]] inline int close_fd(int fd) { return static_cast<int>(call(SYS_close, fd)); }

[[gnu::always_inline]] inline int open_tree(int dir, const char* path, unsigned flags) {
    return static_cast<int>(call(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC));
}

[[gnu::always_inline]] inline int mount_setattr(int dir, const char* path, unsigned flags,
                                                mount_attr attributes) {
    return static_cast<int>(
        call(SYS_mount_setattr, dir, path, flags, &attributes, sizeof attributes));
}

/// Attaches the detached mount `from` on what `to` refers to.
[[gnu::always_inline]] inline int move_mount(int from, int to) {
    return static_cast<int>(
        call(SYS_move_mount, from, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

[[gnu::always_inline]] inline int fs_open(const char* type) {
    return static_cast<int>(call(SYS_fsopen, type, FSOPEN_CLOEXEC));
}
[[gnu::always_inline]] inline int fs_set(int fs, const char* key, const char* value) {
    return static_cast<int>(call(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0));
}
[[gnu::always_inline]] inline int fs_create(int fs) {
    return static_cast<int>(call(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
}
[[gnu::always_inline]] inline int fs_mount(int fs, unsigned attributes) {
    return static_cast<int>(call(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes));
}

/// What CLONE_CLEAR_SIGHAND does: a handler of the caller's program must not run in a child, and
/// what is ignored stays so.
void clear_handlers();

/// clone(2) in the place of clone3(2), with the same meaning; -ENOSYS for what it has no room for
/// (CLONE_NEWTIME, a choice of pids). Inlined, for a child that shares our stack.
[[gnu::always_inline]] inline long clone_without_structure(const clone_args& arguments) {
    constexpr std::uint64_t exit_signal_bits = 0xff;  // CSIGNAL of the kernel
    const std::uint64_t flags = arguments.flags & ~std::uint64_t{CLONE_CLEAR_SIGHAND};
    if ((flags & exit_signal_bits) != 0 || flags >> 32U != 0 || arguments.stack != 0 ||
        arguments.set_tid_size != 0) {
        return -ENOSYS;
    }
    // One argument for the pidfd and for the id of the child; nobody asks for both.
    const std::uint64_t answer =
        (flags & CLONE_PIDFD) != 0 ? arguments.pidfd : arguments.parent_tid;
#if defined(__s390__)
    const long made = call(SYS_clone, 0, flags | arguments.exit_signal, answer, 0, 0);
#else
    const long made = call(SYS_clone, flags | arguments.exit_signal, 0, answer, 0, 0);
#endif
    if (made == 0 && (arguments.flags & CLONE_CLEAR_SIGHAND) != 0) clear_handlers();
    return made;
}

/// Filters cannot read the flags of clone3(2), which are in memory: those of Docker and of
/// systemd's RestrictNamespaces= answer ENOSYS, so that programs take clone(2).
[[gnu::always_inline]] inline long clone3(clone_args& arguments) {
    const long made = call(SYS_clone3, &arguments, sizeof arguments);
    return made == -ENOSYS ? clone_without_structure(arguments) : made;
}

[[gnu::always_inline]] inline int close_range(unsigned first, unsigned last, unsigned flags) {
    return static_cast<int>(call(SYS_close_range, first, last, flags));
}

/// What sigaction(2) takes without glibc's additions.
struct KernelAction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    std::uint64_t mask;
};

/// The kernel's signal set: 64 bits, bit n-1 for signal n.
[[gnu::always_inline]] inline int signal_mask(int how, const std::uint64_t* set,
                                              std::uint64_t* old) {
    return static_cast<int>(call(SYS_rt_sigprocmask, how, set, old, sizeof(std::uint64_t)));
}

}  // namespace sbx::sys
