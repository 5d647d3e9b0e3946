// SPDX-License-Identifier: Apache-2.0
// Set-up steps that are about namespaces and ids, and touch no mount.
#include "child/calls.hpp"
#include "child/init_loop.hpp"
#include "child/input.hpp"
#include "child/report.hpp"
#include "child/setup.hpp"
#include "system/id_map.hpp"
#include "system/namespace_flags.hpp"
#include "system/syscalls.hpp"

#include <linux/capability.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cstring>

namespace sbx::sys {
namespace {

Failure write_text(int directory, const char* path, const char* text) {
    const int fd = open_at(directory, path, O_WRONLY);
    if (fd < 0) return {-fd, Detail::id_map};
    const auto size = static_cast<long>(std::strlen(text));
    const long put = call(SYS_write, fd, text, size);
    close_fd(fd);
    if (put < 0) return {static_cast<int>(-put), Detail::id_map};
    return put == size ? Failure{} : Failure{EIO, Detail::id_map};
}

Failure map_ids(const ChildInput& input, const char* uid_map, const char* gid_map) {
    // setgroups first: dropping a group could gain what the group is denied (CVE-2014-8989), so
    // the kernel wants it closed before an ordinary user maps groups.
    if (Failure f = write_text(input.proc, "self/setgroups", "deny")) return f;
    if (Failure f = write_text(input.proc, "self/uid_map", uid_map)) return f;
    return write_text(input.proc, "self/gid_map", gid_map);
}

// Writes the map "as many ids as here, under the same numbers" for the process whose directory of
// procfs `directory` is. Reads our own map for it.
Failure write_identity_map(const ChildInput& input, int directory, const char* own,
                           const char* name) {
    char read[id_map_most];
    std::size_t size = 0;
    const int fd = open_at(input.proc, own, O_RDONLY);
    if (fd < 0) return {-fd, Detail::id_map};
    long got = 1;
    while (got > 0 && size < sizeof read) {  // a page at a time
        got = call(SYS_read, fd, read + size, sizeof read - size);
        if (got > 0) size += static_cast<std::size_t>(got);
    }
    close_fd(fd);
    if (got < 0) return {static_cast<int>(-got), Detail::id_map};
    constexpr std::size_t page = 4096;  // the kernel takes less than that in one write
    char text[page];
    std::size_t length = 0;
    if (!same_ids({read, size}, {text, page - 1}, length)) return {E2BIG, Detail::id_map};
    text[length] = '\0';
    return write_text(directory, name, text);
}

// A process in a user namespace of its own, which it keeps until `line` ends. Its files in procfs
// are those of its user only when it can be looked into, so first it lets go of all that is the
// host's.
[[noreturn]] void keeper_main(int proc, int line) {
    char byte = 0;
    const bool ready = !close_others(proc, &line, 1) &&
                       call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 &&
                       call(SYS_write, line, "", 1) == 1;
    if (ready) read_byte(line, byte);
    leave(ready ? 0 : 1);
}

// The directory of our child in the host's procfs, where its pid need not be the one that we see.
int open_process(const ChildInput& input, int pidfd) {
    const int fd = open_at(input.proc, FdPath("self/fdinfo/", pidfd).text, O_RDONLY);
    if (fd < 0) return fd;
    char text[1024];
    const long got = call(SYS_read, fd, text, sizeof text - 1);
    close_fd(fd);
    if (got < 0) return static_cast<int>(got);
    text[got] = '\0';
    constexpr char key[] = "\nPid:\t";  // proc_pid_fdinfo(5)
    for (char* at = text; text + got - at > static_cast<long>(sizeof key); ++at) {
        if (std::memcmp(at, key, sizeof key - 1) != 0) continue;
        char* pid = at + sizeof key - 1;
        char* end = pid;
        while (*end >= '0' && *end <= '9') ++end;
        *end = '\0';
        return open_at(input.proc, pid, O_PATH | O_DIRECTORY);
    }
    return -ENODATA;
}

Failure map_same_ids(const ChildInput& input, int pidfd) {
    const int directory = open_process(input, pidfd);
    if (directory < 0) return {-directory, Detail::id_map};
    Failure failure = write_identity_map(input, directory, "self/uid_map", "uid_map");
    if (!failure) failure = write_identity_map(input, directory, "self/gid_map", "gid_map");
    close_fd(directory);
    return failure;
}

// More than one id can be mapped only from the outer namespace, by a process with the privilege
// there: by us, before we enter the namespace of a child. We stay opaque meanwhile to whoever else
// is in this namespace, for we still have what is the host's.
Failure enter_with_same_ids(const ChildInput& input, NamespaceSet set) {
    int line[2];
    if (Failure f = failed(call(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line))) {
        return f;
    }
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_NEWUSER | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    const long keeper = clone3(arguments);
    if (keeper == 0) keeper_main(input.proc, line[1]);
    close_fd(line[1]);
    if (keeper < 0) {
        close_fd(line[0]);
        return failed(keeper);
    }
    char byte = 0;
    Failure failure{read_byte(line[0], byte) == 1 ? 0 : EPIPE};
    if (!failure) failure = map_same_ids(input, pidfd);
    if (!failure) failure = failed(call(SYS_setns, pidfd, CLONE_NEWUSER));
    NamespaceSet others = set;
    others.remove(Namespace::user);
    if (!failure) failure = failed(call(SYS_unshare, clone_flags(others)));
    close_fd(line[0]);
    close_fd(pidfd);
    int status = 0;
    const Failure ended = exit_status_of(keeper, status);
    return failure ? failure : ended;
}

Failure enter_user_namespace(const ChildInput& input, const step::EnterUserNamespace& s) {
    const NamespaceSet set = s.also | Namespace::user;
    if (s.uid_map.empty()) return enter_with_same_ids(input, set);
    if (Failure failure = failed(call(SYS_unshare, clone_flags(set)))) return failure;
    return map_ids(input, s.uid_map.c_str(), s.gid_map.c_str());
}

// The sysctl is the calling process's user namespace's own (user_namespaces(7)).
Failure limit_user_namespaces(const ChildInput& input) {
    Failure failure = write_text(input.proc, "sys/user/max_user_namespaces", "1");
    failure.detail = Detail::none;
    return failure;
}

Failure assert_no_user_namespaces() {
    clone_args arguments{};
    arguments.flags = CLONE_NEWUSER;
    arguments.exit_signal = SIGCHLD;
    const long child = clone3(arguments);
    if (child == 0) leave(0);
    int status = 0;
    if (child > 0) {
        exit_status_of(child, status);
        return {EPERM, Detail::user_namespaces_allowed};
    }
    if (child == -EAGAIN || child == -ENOMEM) return failed(child);  // says nothing
    if (child == -ENOSPC) return {};  // the limit (user_namespaces(7))
    // A filter around us may refuse that call and let the command's unshare(2) through.
    arguments.flags = 0;
    const long other = clone3(arguments);
    if (other == 0) leave(call(SYS_unshare, CLONE_NEWUSER) == 0 ? 0 : 1);
    if (other < 0) return failed(other);
    if (Failure failure = exit_status_of(other, status)) return failure;
    return status == 0 ? Failure{EPERM, Detail::user_namespaces_allowed} : Failure{};
}

Failure set_ids(const step::SetIds& s) {
    // A change from uid 0 to another would take the capabilities that set-up needs.
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    Failure failure = failed(call(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0));
    if (!failure && s.gid) failure = failed(call(SYS_setresgid, *s.gid, *s.gid, *s.gid));
    if (!failure && s.uid) failure = failed(call(SYS_setresuid, *s.uid, *s.uid, *s.uid));
    if (!failure) failure = failed(call(SYS_capget, &header, &data[0]));
    for (auto& half : data) half.effective = half.permitted;
    if (!failure) failure = failed(call(SYS_capset, &header, &data[0]));
    return failure;
}

// Signal numbers that come in the meantime have nobody to be passed on to yet.
Failure announce(const ChildInput& input) {
    // The caller may read until the end of what it gets: it must not wait for us.
    for (const auto& fd : {input.plan->info_fd, input.plan->json_status_fd}) {
        if (!fd) continue;
        // The number of a standard one must not be taken by what is opened next.
        const Failure gone = *fd > 2 ? Failure{} : failed(call(SYS_dup3, input.null, *fd, 0));
        if (gone) return gone;
        if (*fd > 2) close_fd(*fd);
    }
    return await_supervisor(input, {Status::Kind::announced, 0, 0});
}

}  // namespace

Failure await_supervisor(const ChildInput& input, const Status& status) {
    const long put = call(SYS_write, input.status_write, &status, sizeof status);
    if (put < 0) return failed(put);
    while (true) {
        char go = 0;
        const long got = read_byte(input.ready_read, go);
        if (got <= 0) return got == 0 ? Failure{EPIPE} : failed(got);
        if (go == 0) return {};
    }
}

Failure bring_up_loopback() {
    const int fd = static_cast<int>(call(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (fd < 0) return {-fd};
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const Failure failure = failed(call(SYS_ioctl, fd, SIOCSIFFLAGS, &request));
    close_fd(fd);
    return failure;
}

namespace {

Failure change_ids_or_namespace(const ChildInput& input, const Step& step) {
    if (const auto* s = std::get_if<step::SetIds>(&step)) return set_ids(*s);
    if (const auto* s = std::get_if<step::EnterUserNamespace>(&step)) {
        return enter_user_namespace(input, *s);
    }
    if (const auto* s = std::get_if<step::JoinUserNamespace>(&step)) {
        return failed(call(SYS_setns, s->fd, CLONE_NEWUSER));
    }
    return {EINVAL, Detail::unknown_step};
}

}  // namespace

Failure do_namespace_step(const ChildInput& input, const Step& step) {
    if (const auto* s = std::get_if<step::MapIds>(&step)) {
        return map_ids(input, s->uid_map.c_str(), s->gid_map.c_str());
    }
    if (std::get_if<step::Announce>(&step) != nullptr) return announce(input);
    if (std::get_if<step::BringUpLoopback>(&step) != nullptr) return bring_up_loopback();
    if (const auto* s = std::get_if<step::SetHostname>(&step)) {
        return failed(call(SYS_sethostname, s->name.data(), s->name.size()));
    }
    if (std::get_if<step::LimitUserNamespaces>(&step) != nullptr) {
        return limit_user_namespaces(input);
    }
    if (std::get_if<step::AssertNoUserNamespaces>(&step) != nullptr) {
        return assert_no_user_namespaces();
    }
    if (Failure failure = change_ids_or_namespace(input, step)) return failure;
    return tie_to_supervisor(input);  // the kernel forgets it with a change of credentials
}

}  // namespace sbx::sys
