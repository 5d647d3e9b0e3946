// SPDX-License-Identifier: Apache-2.0
// The second wall: Landlock rules for what the plan shows, and for what the command's descriptors
// are open on. A rule that cannot be made leaves less open, never more.
#include "base/landlock.hpp"
#include "child/calls.hpp"
#include "child/report.hpp"
#include "child/seal.hpp"
#include "system/syscalls.hpp"

#include <linux/landlock.h>
#include <sys/stat.h>

#include <cerrno>

namespace sbx::sys {
namespace {

// As of ABI 6; a kernel that knows less of it takes zeros for the rest.
struct RulesetAttributes {
    std::uint64_t files;
    std::uint64_t network;
    std::uint64_t scopes;
};

// What is allowed depends on what `fd` is open on.
struct Access {
    std::uint64_t directory;  ///< for it and all below it
    std::uint64_t other;
};

Failure add_rule(int ruleset, int fd, Access access) {
    struct stat status {};
    if (Failure f = stat_of(fd, status)) return f;
    landlock_path_beneath_attr rule{
        S_ISDIR(status.st_mode) ? access.directory : access.other & landlock::of_files, fd};
    if (rule.allowed_access == 0) return {};  // the kernel takes no rule that allows nothing
    return failed(call(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

Failure add_path(int ruleset, const step::EnforceLandlock::Rule& rule) {
    int fd = -ENOENT;
    for (int tries = 0; tries < 8 && fd < 0; ++tries) {
        fd = open_at2(AT_FDCWD, rule.path.c_str(), O_PATH, 0, RESOLVE_NO_MAGICLINKS);
        if (fd != -ENOENT && fd != -ENOTDIR && fd != -EACCES) break;
        // Covered by a later mount, or behind what nobody inside may search: nothing to be allowed.
        // Not confirmed: it is there by now.
        if (is_confirmed(AT_FDCWD, rule.path.c_str(), 0, -fd)) return {};
    }
    if (fd < 0) return {-fd};
    const Failure failure = add_rule(ruleset, fd, {rule.access, rule.access});
    close_fd(fd);
    return failure;
}

// /dev/stdout and /proc/self/fd/N open a file of the host once more, which no mount inside leads
// to. It stays possible, in the mode in which the caller opened it.
Failure add_descriptor(int ruleset, int fd, std::uint64_t files) {
    const long flags = call(SYS_fcntl, fd, F_GETFL);
    if (flags == -EBADF) return {};  // a standard one that bubblewrap's callers have closed
    if (flags < 0) return failed(flags);
    std::uint64_t access = files;  // of what is open on a name only, its permissions decide
    if ((flags & O_PATH) == 0) {
        const long mode = flags & O_ACCMODE;
        access = landlock::ioctl_device;
        if (mode != O_WRONLY) access |= landlock::read_file | landlock::execute;
        if (mode != O_RDONLY) access |= landlock::write_file | landlock::truncate;
    }
    // A directory was named by the caller, and what is below it with it.
    const Failure failure = add_rule(ruleset, fd, {files, access & files});
    // Pipes, sockets and files without a name belong to no directory; Landlock leaves them alone.
    return failure.error == EBADFD ? Failure{} : failure;
}

}  // namespace

Failure enforce_landlock(const step::EnforceLandlock& s) {
    const RulesetAttributes attributes{s.files, 0, s.scopes};
    const int ruleset =
        static_cast<int>(call(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
    if (ruleset < 0) return {-ruleset};
    Failure failure;
    for (const auto& rule : s.rules) {
        if (!failure) failure = add_path(ruleset, rule);
    }
    for (const int fd : s.descriptors) {
        if (!failure) failure = add_descriptor(ruleset, fd, s.files);
    }
    if (!failure) {
        failure = failed(call(SYS_landlock_restrict_self, ruleset, 0));
        if (failure.error == E2BIG) failure.detail = Detail::too_many_domains;
    }
    close_fd(ruleset);
    return failure;
}

// The signal 0 shows whether a process is in reach: the supervisor before, and not after. Where
// that cannot be seen, since init has taken another user id, no signal is sent to every process: it
// would reach all of a user's if something around us had only feigned to restrict init.
Failure scope_signals(const step::ScopeSignals& s, bool& verified) {
    const long supervisor = call(SYS_getppid);
    const bool before = supervisor > 1 && call(SYS_kill, supervisor, 0) == 0;
    const RulesetAttributes attributes{s.files, 0, landlock::scope_signals};
    const int ruleset =
        static_cast<int>(call(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
    if (ruleset < 0) return {-ruleset};
    Failure failure;
    if (s.files != 0) {
        const int root = open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
        failure = root < 0 ? Failure{-root} : add_rule(ruleset, root, {s.files, 0});
        if (root >= 0) close_fd(root);
    }
    if (!failure) failure = failed(call(SYS_landlock_restrict_self, ruleset, 0));
    if (failure.error == E2BIG) failure.detail = Detail::too_many_domains;
    close_fd(ruleset);
    verified = !failure && before && call(SYS_kill, supervisor, 0) == -EPERM;
    return failure;
}

}  // namespace sbx::sys
