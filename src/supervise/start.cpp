// SPDX-License-Identifier: Apache-2.0
#include "supervise/start.hpp"

#include "system/fd.hpp"
#include "system/proc_text.hpp"
#include "system/syscalls.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

namespace sbx::sys {
namespace {

// Memory that a helper says in how it went: what it has done is known even if it is killed.
class Answer {
public:
    Answer()
        : memory_(::mmap(nullptr, sizeof(Started), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        if (memory_ == MAP_FAILED) return;
        // What it is until a helper has come to its end.
        new (memory_) Started{.failed_at = Started::Failed::clone, .error = ECHILD};
    }
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    ~Answer() {
        if (memory_ != MAP_FAILED) ::munmap(memory_, sizeof(Started));
    }
    explicit operator bool() const { return memory_ != MAP_FAILED; }
    Started& operator*() const { return *static_cast<Started*>(memory_); }

private:
    void* memory_;
};

// Waits for the end of a helper; 0 or errno, and then it is killed.
int reap(pid_t helper) {
    const auto wait = [&] {
        while (::waitpid(helper, nullptr, 0) < 0) {
            if (errno != EINTR) return errno;
        }
        return 0;
    };
    const int error = wait();
    if (error == 0) return 0;
    ::kill(helper, SIGKILL);
    wait();
    return error;
}

// Helpers in another pid namespace know the child by another number than we do.
pid_t pid_of(const ChildInput& input, int pidfd) {
    const std::string path = "self/fdinfo/" + std::to_string(pidfd);
    const Fd info(::openat(input.proc, path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 1024> text{};
    const ssize_t got = info ? ::read(info.get(), text.data(), text.size()) : -1;
    if (got <= 0) return -1;
    return pid_in_fdinfo({text.data(), static_cast<std::size_t>(got)}).value_or(-1);
}

Started start_by_helper(const Plan& plan, ChildInput& input) {
    Started out;
    out.failed_at = Started::Failed::prepare;
    const Answer answer;
    if (!answer) {
        out.error = errno;
        return out;
    }
    // The helpers share our table of descriptors: the pidfd of init is made there.
    clone_args arguments{};
    arguments.flags = CLONE_FILES | CLONE_CLEAR_SIGHAND;
    arguments.exit_signal = SIGCHLD;
    const long helper = clone3(arguments);
    if (helper == 0) helper_main(plan, input, *answer);
    if (helper < 0) {
        out.error = static_cast<int>(-helper);
        return out;
    }
    int error = reap(static_cast<pid_t>(helper));
    const pid_t other = (*answer).helper;
    if (other > 0) {
        if (const int more = reap(other)) error = more;
    }
    Started told = *answer;
    if (error != 0) {
        told.failed_at = Started::Failed::prepare;
        told.error = error;
    }
    if (told.failed_at == Started::Failed::nothing) {
        told.pid = pid_of(input, told.pidfd);
    } else if (told.pidfd >= 0) {  // it must not go on without us
        call(SYS_pidfd_send_signal, told.pidfd, SIGKILL, nullptr, 0);
        siginfo_t info{};
        ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(told.pidfd), &info, WEXITED);
        ::close(told.pidfd);
    }
    return told;
}

}  // namespace

Started start_child(const Plan& plan, ChildInput& input) {
    if (plan.userns_fd || plan.pidns_fd) return start_by_helper(plan, input);
    Started out;
    clone_child(plan, input, 0, out);
    return out;
}

}  // namespace sbx::sys
