// SPDX-License-Identifier: Apache-2.0
// What the command's process does to itself: ids, capabilities, directory, descriptors. Every call
// that fails ends the sandbox.
#include "sys/child.hpp"
#include "sys/namespace_flags.hpp"
#include "sys/syscalls.hpp"

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <climits>
#include <cstring>

namespace sbx::sys {
namespace {

Failure failed(long result) { return {result < 0 ? static_cast<int>(-result) : 0}; }

Failure write_text(int directory, const char* path, const char* text) {
    const int fd = open_at(directory, path, O_WRONLY);
    if (fd < 0) return {-fd, Detail::id_map};
    const auto size = static_cast<long>(std::strlen(text));
    const long put = call(SYS_write, fd, text, size);
    close_fd(fd);
    if (put < 0) return {static_cast<int>(-put), Detail::id_map};
    return put == size ? Failure{} : Failure{EIO, Detail::id_map};
}

Failure enter_user_namespace(const ChildImage& image, const step::EnterUserNamespace& s) {
    const NamespaceSet set = s.also | Namespace::user;
    if (Failure failure = failed(call(SYS_unshare, clone_flags(set)))) return failure;
    return map_ids(image, s.uid_map.c_str(), s.gid_map.c_str());
}

Failure join_session_keyring() {
    const long result = call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
    // A kernel without keyrings, or a filter around us that closes them: nothing to be reached.
    return result == -ENOSYS ? Failure{} : failed(result);
}

Failure same_directory(const char* path) {
    struct stat here {};
    struct stat named {};
    if (Failure f = failed(call(SYS_newfstatat, AT_FDCWD, ".", &here, 0))) return f;
    if (Failure f = failed(call(SYS_newfstatat, AT_FDCWD, path, &named, 0))) return f;
    if (here.st_dev != named.st_dev || here.st_ino != named.st_ino) {
        return {ENOENT, Detail::unreachable_directory};
    }
    return {};
}

// /proc/self/fd/N of a directory outside leads out; then getcwd(2) says "(unreachable)/...".
Failure change_directory(ChildImage& image, const step::ChangeDirectory& s) {
    Failure failure{ENOENT};
    for (std::size_t i = 0; i < s.candidates.size(); ++i) {
        failure = failed(call(SYS_chdir, s.candidates[i].c_str()));
        if (failure) continue;
        char path[PATH_MAX];
        failure = failed(call(SYS_getcwd, path, sizeof path));
        if (!failure && path[0] != '/') failure = {ENOENT, Detail::unreachable_directory};
        if (!failure) failure = same_directory(path);
        if (failure) return failure;
        image.envp[image.pwd] = image.pwd_entries[i];
        return {};
    }
    return failure;
}

// Marks everything but `keep` close-on-exec: what must live until then (the report) lives.
Failure close_descriptors(const step::CloseDescriptors& s) {
    unsigned next = 0;
    for (const int fd : s.keep) {
        const auto kept = static_cast<unsigned>(fd);
        if (kept > next) {
            const Failure f = failed(close_range(next, kept - 1, CLOSE_RANGE_CLOEXEC));
            if (f) return f;
        }
        next = kept + 1;
    }
    return failed(close_range(next, ~0U, CLOSE_RANGE_CLOEXEC));
}

struct CapabilityData {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
};

}  // namespace

Failure map_ids(const ChildImage& image, const char* uid_map, const char* gid_map) {
    // setgroups first: dropping a group could gain what the group is denied (CVE-2014-8989), so
    // the kernel wants it closed before an ordinary user maps groups.
    if (Failure f = write_text(image.proc, "self/setgroups", "deny")) return f;
    if (Failure f = write_text(image.proc, "self/uid_map", uid_map)) return f;
    return write_text(image.proc, "self/gid_map", gid_map);
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

Failure set_hostname(const char* name, std::size_t length) {
    return failed(call(SYS_sethostname, name, length));
}

Failure limit_capabilities(std::uint64_t keep, unsigned count) {
    CapabilityData now;
    if (Failure f = failed(call(SYS_capget, &now.header, &now.data[0]))) return f;
    // The bounding set needs CAP_SETPCAP, so it goes first.
    for (unsigned i = 0; i < count; ++i) {
        if ((keep >> i & 1U) != 0) continue;
        if (Failure f = failed(call(SYS_prctl, PR_CAPBSET_DROP, i, 0, 0, 0))) return f;
    }
    for (unsigned half = 0; half < 2; ++half) {
        const auto bits =
            now.data[half].permitted & static_cast<std::uint32_t>(keep >> (32 * half));
        now.data[half] = {bits, bits, bits};
    }
    if (Failure f = failed(call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))) {
        return f;
    }
    if (Failure f = failed(call(SYS_capset, &now.header, &now.data[0]))) return f;
    for (unsigned i = 0; i < count; ++i) {  // ambient, so that a uid other than 0 keeps them
        if ((now.data[i / 32].permitted >> (i % 32) & 1U) == 0) continue;
        if (Failure f = failed(call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0))) {
            return f;
        }
    }
    return {};
}

Failure do_seal_step(ChildImage& image, const Step& step) {
    if (const auto* s = std::get_if<step::EnterUserNamespace>(&step)) {
        return enter_user_namespace(image, *s);
    }
    if (std::get_if<step::BringUpLoopback>(&step) != nullptr) return bring_up_loopback();
    if (const auto* s = std::get_if<step::SetHostname>(&step)) {
        return set_hostname(s->name.data(), s->name.size());
    }
    if (std::get_if<step::NewProcessGroup>(&step) != nullptr) {
        return failed(call(SYS_setpgid, 0, 0));
    }
    if (std::get_if<step::NewSession>(&step) != nullptr) return failed(call(SYS_setsid));
    if (std::get_if<step::JoinSessionKeyring>(&step) != nullptr) return join_session_keyring();
    if (const auto* s = std::get_if<step::LimitCapabilities>(&step)) {
        return limit_capabilities(s->keep, s->count);
    }
    if (const auto* s = std::get_if<step::ChangeDirectory>(&step)) {
        return change_directory(image, *s);
    }
    if (std::get_if<step::DieWithParent>(&step) != nullptr) {
        return failed(call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    }
    if (const auto* s = std::get_if<step::CloseDescriptors>(&step)) return close_descriptors(*s);
    if (std::get_if<step::NoNewPrivileges>(&step) != nullptr) {
        return failed(call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    }
    return {EINVAL, Detail::unknown_step};
}

}  // namespace sbx::sys
