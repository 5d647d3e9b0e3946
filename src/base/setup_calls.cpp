// SPDX-License-Identifier: Apache-2.0
#include "base/setup_calls.hpp"

#include "base/kernel.hpp"
#include "base/program_name.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>

namespace sbx {
namespace {

std::string version_text(KernelVersion version) {
    return "Linux " + std::to_string(version.major) + "." + std::to_string(version.minor);
}

const SetupCall& call_of(const RefusedCall& refused) { return setup_calls[refused.call]; }

std::string error_of(const RefusedCall& refused) {
    switch (refused.error) {
        case 0: return "killed by SIGSYS";
        case ENOSYS: return "ENOSYS";
        case EPERM: return "EPERM";
        default: return error_text(refused.error);
    }
}

bool is_refused(const std::vector<RefusedCall>& refused, std::string_view name) {
    return std::any_of(refused.begin(), refused.end(),
                       [&](const RefusedCall& one) { return call_of(one).name == name; });
}

// The settings of systemd's services that are known to refuse one of them.
std::string systemd_settings(const std::vector<RefusedCall>& refused) {
    std::string out;
    if (is_refused(refused, "openat2")) out += "RestrictSUIDSGID= and DynamicUser=";
    if (is_refused(refused, "unshare")) {
        out += std::string(out.empty() ? "" : ", ") + "RestrictNamespaces=";
    }
    return out.empty() ? out : " (" + out + ")";
}

}  // namespace

std::string names_of(const std::vector<RefusedCall>& refused) {
    std::string out;
    for (const RefusedCall& one : refused) {
        out +=
            (out.empty() ? "" : ", ") + std::string(call_of(one).name) + " (" + error_of(one) + ")";
    }
    return out;
}

std::string container_profile_remedy() {
    std::string names;
    for (const SetupCall& call : setup_calls) {
        if (call.need == SetupCall::Need::none) continue;
        names += (names.empty() ? "" : ", ") + std::string(call.name);
    }
    return "run a container with --security-opt seccomp=" SBX_CONTAINER_PROFILE
           ", or with another profile that allows " +
           names;
}

std::string explain_refused_calls(const std::vector<RefusedCall>& refused,
                                  const CallSurroundings& around) {
    const KernelVersion running = kernel_version(around.release);
    KernelVersion needed{};
    for (const RefusedCall& one : refused) {
        if (one.error == ENOSYS) needed = std::max(needed, call_of(one).since);
    }
    const std::string subject = refused.size() == 1
                                    ? "the system call " + names_of(refused) + " is refused"
                                    : "these system calls are refused: " + names_of(refused);
    if (running < needed) {
        return subject + ", for this kernel is Linux " + around.release + "; boot " +
               version_text(std::max(needed, kernel_floor)) + " or later";
    }
    if (!around.filtered) {
        return subject + ", although Linux " + around.release +
               " has it; the kernel was built without it, is another one that imitates Linux "
               "(gVisor, an emulator), or a security module forbids it";
    }
    return subject +
           " by a seccomp filter around " SBX_NAME ", as in a container, in a service of systemd" +
           systemd_settings(refused) + " or in another sandbox, and not by the kernel (Linux " +
           around.release + "); " + container_profile_remedy();
}

}  // namespace sbx
