// SPDX-License-Identifier: Apache-2.0
// What the command's process does to itself: ids, capabilities, directory, descriptors. Every call
// that fails ends the sandbox.
#include "child/seal.hpp"

#include "child/calls.hpp"
#include "child/input.hpp"
#include "child/report.hpp"
#include "system/capability_sets.hpp"
#include "system/syscalls.hpp"

#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <climits>
#include <cstring>

namespace sbx::sys {
namespace {

Failure await_descriptor(int fd) {
    char byte = 0;
    return failed(read_byte(fd, byte));
}

bool is_closed(long result) { return result == -EPERM || result == -ENOSYS; }

// A kernel without keyrings, or a filter around us (a container's, or of another sandbox) that
// closes keyctl(2), for the command as for us: then no key can be read. The other two calls could
// still add keys to the caller's keyring, so they must be closed as well, by that filter or by one
// of the plan. Those two would stumble over their arguments (EFAULT), and the first would give a
// number.
bool keyrings_are_closed(const step::JoinSessionKeyring& s) {
    constexpr long session = KEY_SPEC_SESSION_KEYRING;
    if (!is_closed(call(SYS_keyctl, KEYCTL_GET_KEYRING_ID, session, 0))) return false;
    return s.new_keys_denied ||
           (is_closed(call(SYS_add_key, nullptr, nullptr, nullptr, 0, session)) &&
            is_closed(call(SYS_request_key, nullptr, nullptr, nullptr, session)));
}

Failure join_session_keyring(const step::JoinSessionKeyring& s) {
    const long result = call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
    return is_closed(result) && keyrings_are_closed(s) ? Failure{} : failed(result);
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

// The command's own pid, as it sees it.
void write_pid(char* to) {
    char number[24];
    char* const end = number + sizeof number;
    const char* text = digits(static_cast<std::uint64_t>(call(SYS_getpid)), 10, end);
    std::memcpy(to, text, static_cast<std::size_t>(end - text));
}

// /proc/self/fd/N of a directory outside leads out; then getcwd(2) says "(unreachable)/...".
Failure change_directory(ChildInput& input, const step::ChangeDirectory& s) {
    Failure failure{ENOENT};
    for (std::size_t i = 0; i < s.candidates.size(); ++i) {
        failure = failed(call(SYS_chdir, s.candidates[i].c_str()));
        if (failure) continue;
        char path[PATH_MAX];
        failure = failed(call(SYS_getcwd, path, sizeof path));
        if (!failure && path[0] != '/') failure = {ENOENT, Detail::unreachable_directory};
        if (!failure) failure = same_directory(path);
        if (failure) return failure;
        input.envp[input.pwd] = input.pwd_entries[i];
        if (input.listen_pid != nullptr) write_pid(input.listen_pid);
        return {};
    }
    return failure;
}

// A pattern that is a program takes no notice of a limit of 0. A limit of 1 marks such a program
// itself, for which no other one is started (core(5)); and no file fits into one byte.
Failure limit_core_dumps() {
    const rlimit64 limit{1, 1};
    return failed(call(SYS_prlimit64, 0, RLIMIT_CORE, &limit, nullptr));
}

// close_range(2) from `first` to `last`, but for those that live until exec.
Failure close_between(const ChildInput& input, unsigned first, unsigned last) {
    int live[3] = {input.report_write, input.ready_read, input.hold};
    for (int i = 1; i < 3; ++i) {
        for (int j = i; j > 0 && live[j - 1] > live[j]; --j) {
            const int other = live[j];
            live[j] = live[j - 1];
            live[j - 1] = other;
        }
    }
    for (const int one : live) {
        const auto fd = static_cast<unsigned>(one);
        if (one < 0 || fd < first || fd > last) continue;
        if (fd > first) {
            if (const Failure f = failed(close_range(first, fd - 1, 0))) return f;
        }
        if (fd == last) return {};
        first = fd + 1;
    }
    return failed(close_range(first, last, 0));
}

Failure close_descriptors(const ChildInput& input, const step::CloseDescriptors& s) {
    for (const int fd : s.null) {
        if (const Failure f = failed(call(SYS_dup3, input.null, fd, 0))) return f;
    }
    unsigned next = 0;
    Failure failure;
    for (const int fd : s.keep) {
        const auto kept = static_cast<unsigned>(fd);
        if (kept > next) failure = close_between(input, next, kept - 1);
        if (failure) break;
        next = kept + 1;
    }
    if (!failure) failure = close_between(input, next, ~0U);
    if (!failure) return {};
    const int live[] = {input.report_write, input.ready_read, input.hold};
    return close_listed(failure.error, input.proc, {s.keep.data(), s.keep.size()}, {live, 3});
}

}  // namespace

Failure limit_capabilities(const step::LimitCapabilities& s) {
    // Until exec, which makes it visible again, nobody of the same user may look into this process.
    if (Failure f = failed(call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0))) return f;
    CapabilitySets now;
    if (Failure f = failed(now.read())) return f;
    // The bounding set needs CAP_SETPCAP, so it goes first. What is kept is looked at all the same:
    // where something around us tampers with prctl(2), no set is left half reduced.
    for (unsigned i = 0; i < s.count; ++i) {
        const bool keeps = (s.keep >> i & 1U) != 0;
        const long result = call(SYS_prctl, keeps ? PR_CAPBSET_READ : PR_CAPBSET_DROP, i, 0, 0, 0);
        if (result < 0) return failed(result);
    }
    // Nor is one forgotten that the plan did not count.
    const long more = s.count < 64 ? call(SYS_prctl, PR_CAPBSET_READ, s.count, 0, 0, 0) : -EINVAL;
    if (more != -EINVAL) return {more < 0 ? static_cast<int>(-more) : EINVAL};
    for (unsigned half = 0; half < 2; ++half) {
        const auto bits =
            now.data[half].permitted & static_cast<std::uint32_t>(s.keep >> (32 * half));
        const auto kept = bits & static_cast<std::uint32_t>(s.ambient >> (32 * half));
        now.data[half] = {bits, bits, kept};
    }
    if (Failure f = failed(call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))) {
        return f;
    }
    if (Failure f = failed(now.write())) return f;
    for (unsigned i = 0; i < s.count; ++i) {
        if ((now.data[i / 32].inheritable >> (i % 32) & 1U) == 0) continue;
        if (Failure f = failed(call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0))) {
            return f;
        }
    }
    return {};
}

Failure do_seal_step(ChildInput& input, const Step& step) {
    if (const auto* s = std::get_if<step::AwaitDescriptor>(&step)) return await_descriptor(s->fd);
    if (std::get_if<step::NewSession>(&step) != nullptr) {
        // With an init, who made this process has begun it: see make_command().
        return input.hold >= 0 ? Failure{} : failed(call(SYS_setsid));
    }
    if (const auto* s = std::get_if<step::JoinSessionKeyring>(&step)) {
        return join_session_keyring(*s);
    }
    if (const auto* s = std::get_if<step::EnforceLandlock>(&step)) return enforce_landlock(*s);
    if (const auto* s = std::get_if<step::LimitCapabilities>(&step)) {
        return limit_capabilities(*s);
    }
    if (const auto* s = std::get_if<step::ChangeDirectory>(&step)) {
        return change_directory(input, *s);
    }
    if (std::get_if<step::DieWithParent>(&step) != nullptr) {
        return failed(call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    }
    if (const auto* s = std::get_if<step::CloseDescriptors>(&step))
        return close_descriptors(input, *s);
    if (std::get_if<step::LimitCoreDumps>(&step) != nullptr) return limit_core_dumps();
    if (std::get_if<step::NoNewPrivileges>(&step) != nullptr) {
        return failed(call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    }
    return {EINVAL, Detail::unknown_step};
}

}  // namespace sbx::sys
