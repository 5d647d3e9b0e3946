// SPDX-License-Identifier: Apache-2.0
#include "explain/refused_calls.hpp"

#include "system/machine.hpp"
#include "system/trial.hpp"

#include <sys/mman.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>
#include <optional>
#include <string_view>

namespace sbx::sys {
namespace {

constexpr long nothing = -1;  // as a descriptor, a pid, an operation, or flags

// A call with arguments that make it fail, if it comes as far as the kernel, of another error than
// those that filters answer.
struct Attempt {
    std::string_view name;
    long number;
    long arguments[5];
    // The kernel asks for a privilege before it looks at the arguments. A new user namespace has
    // it.
    bool privileged = false;
};

constexpr Attempt attempts[] = {
    {"clone", SYS_clone, {CLONE_THREAD, 0, 0, 0, 0}},
    {"clone3", SYS_clone3, {0, 0, 0, 0, 0}},
    {"close_range", SYS_close_range, {1, 0, 0, 0, 0}},
    {"fsconfig", SYS_fsconfig, {nothing, nothing, 0, 0, 0}},
    {"fsmount", SYS_fsmount, {nothing, nothing, nothing, 0, 0}, true},
    {"fsopen", SYS_fsopen, {0, nothing, 0, 0, 0}, true},
    {"keyctl", SYS_keyctl, {nothing, 0, 0, 0, 0}},
    {"mount_setattr", SYS_mount_setattr, {nothing, 0, nothing, 0, 0}},
    {"move_mount", SYS_move_mount, {nothing, 0, nothing, 0, nothing}, true},
    {"open_tree", SYS_open_tree, {nothing, 0, nothing, 0, 0}},
    {"openat2", SYS_openat2, {nothing, 0, 0, 0, 0}},
    {"pidfd_open", SYS_pidfd_open, {nothing, 0, 0, 0, 0}},
    {"pidfd_send_signal", SYS_pidfd_send_signal, {nothing, 0, 0, 0, 0}},
    {"pivot_root", SYS_pivot_root, {0, 0, 0, 0, 0}, true},
    {"sethostname", SYS_sethostname, {0, nothing, 0, 0, 0}, true},
    {"setns", SYS_setns, {nothing, 0, 0, 0, 0}},
    {"umount2", SYS_umount2, {0, nothing, 0, 0, 0}},
    {"unshare", SYS_unshare, {1, 0, 0, 0, 0}},
};

constexpr bool tries_all() {
    if (std::size(attempts) != setup_calls.size()) return false;
    for (std::size_t i = 0; i < setup_calls.size(); ++i) {
        if (attempts[i].name != setup_calls[i].name) return false;
    }
    return true;
}
static_assert(tries_all());

// Memory that is shared with the children: what a call gave.
class Answer {
public:
    Answer()
        : memory_(::mmap(nullptr, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0)) {
        if (memory_ == MAP_FAILED) throw std::bad_alloc();
    }
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    ~Answer() { ::munmap(memory_, sizeof(long)); }
    long& operator*() const { return *static_cast<long*>(memory_); }

private:
    void* memory_;
};

// Nothing: it is not refused, or that cannot be told.
std::optional<int> refusal_of(const Attempt& attempt, const Answer& answer) {
    *answer = 0;
    long& result = *answer;
    const auto work = [&] {
        const long(&a)[5] = attempt.arguments;
        result = call(attempt.number, a[0], a[1], a[2], a[3], a[4]);
    };
    siginfo_t end{};
    constexpr std::uint64_t own = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS;
    bool has_privilege = attempt.privileged;
    if (!has_privilege || trial(own, work, &end) < 0) {
        has_privilege = false;
        if (trial(0, work, &end) < 0) return std::nullopt;
    }
    if (end.si_code != CLD_EXITED) {
        return end.si_status == SIGSYS ? std::optional(0) : std::nullopt;
    }
    const int error = static_cast<int>(-result);
    if (error == ENOSYS) return error;
    const bool is_denied = error == EPERM || error == EACCES;
    return is_denied && (has_privilege || !attempt.privileged) ? std::optional(error)
                                                               : std::nullopt;
}

CallSurroundings surroundings() {
    utsname system{};
    const bool known = ::uname(&system) == 0;
    return {known ? system.release : "", status_value("Seccomp") == "2"};
}

bool has_word(std::string_view words, std::string_view word) {
    return (" " + std::string(words) + " ").find(" " + std::string(word) + " ") !=
           std::string::npos;
}

}  // namespace

std::vector<RefusedCall> find_refused_calls() {
    const Answer answer;
    std::vector<RefusedCall> out;
    for (std::size_t i = 0; i < std::size(attempts); ++i) {
        if (const auto error = refusal_of(attempts[i], answer)) out.push_back({i, *error});
    }
    return out;
}

std::string refusal_text(int error, std::string_view also) {
    if (error != ENOSYS && error != EPERM && error != EACCES) return {};
    const CallSurroundings around = surroundings();
    // Without a filter only a call that the kernel does not have is refused whatever its arguments
    // are.
    if (error != ENOSYS && !around.filtered) return {};
    std::vector<RefusedCall> refused = find_refused_calls();
    std::erase_if(refused, [&](const RefusedCall& one) {
        const SetupCall& call = setup_calls[one.call];
        return one.error != error ||
               (call.need != SetupCall::Need::always && !has_word(also, call.name));
    });
    return refused.empty() ? std::string() : explain_refused_calls(refused, around);
}

std::string refused_ways_to_clone(int error) {
    if (error != ENOSYS && error != EPERM) return {};
    std::vector<RefusedCall> refused = find_refused_calls();
    std::erase_if(refused, [error](const RefusedCall& one) {
        return one.error != error || setup_calls[one.call].name.substr(0, 5) != "clone";
    });
    return names_of(refused);
}

std::string killed_text(int signal) {
    if (signal != SIGSYS) return {};
    std::vector<RefusedCall> refused = find_refused_calls();
    std::erase_if(refused, [](const RefusedCall& one) { return one.error != 0; });
    return refused.empty() ? std::string() : explain_refused_calls(refused, surroundings());
}

}  // namespace sbx::sys
