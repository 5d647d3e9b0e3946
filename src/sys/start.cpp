// SPDX-License-Identifier: Apache-2.0
#include "sys/start.hpp"

#include "sys/fd.hpp"
#include "sys/syscalls.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

namespace sbx::sys {
namespace {

// What a helper that has ended wrote.
Started answer_of(pid_t helper, const Fd& answer) {
    while (::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
    }
    Started told;
    const ssize_t got = ::read(answer.get(), &told, sizeof told);
    if (got == static_cast<ssize_t>(sizeof told)) return told;
    told = {};
    told.failed_at = Started::Failed::clone;
    told.error = ECHILD;
    return told;
}

// Helpers in another pid namespace know the child by another number than we do.
pid_t pid_of(const ChildImage& image, int pidfd) {
    const std::string path = "self/fdinfo/" + std::to_string(pidfd);
    const Fd info(::openat(image.proc, path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 1024> text{};
    if (!info || ::read(info.get(), text.data(), text.size() - 1) <= 0) return -1;
    const char* line = std::strstr(text.data(), "Pid:");
    return line == nullptr ? -1 : std::atoi(line + 4);
}

Started start_by_helper(const Plan& plan, ChildImage& image) {
    Started out;
    out.failed_at = Started::Failed::clone;
    // The helpers share our table of descriptors (the pidfd is made there), so the pipe's end that
    // they write to is open until they are gone; what they write fits into the pipe.
    const Pipe answer = make_pipe();
    if (!answer.read) {
        out.error = errno;
        return out;
    }
    // One that is killed leaves no end of file behind.
    ::fcntl(answer.read.get(), F_SETFL, O_NONBLOCK);
    clone_args arguments{};
    arguments.flags = CLONE_FILES | CLONE_CLEAR_SIGHAND;
    arguments.exit_signal = SIGCHLD;
    const long helper = clone3(arguments);
    if (helper == 0) helper_main(plan, image, answer.write.get());
    if (helper < 0) {
        out.error = static_cast<int>(-helper);
        return out;
    }
    Started told = answer_of(static_cast<pid_t>(helper), answer.read);
    if (told.helper > 0) told = answer_of(told.helper, answer.read);
    if (told.failed_at == Started::Failed::nothing) told.pid = pid_of(image, told.pidfd);
    return told;
}

}  // namespace

Started start_child(const Plan& plan, ChildImage& image) {
    return plan.userns_fd || plan.pidns_fd ? start_by_helper(plan, image)
                                           : clone_child(plan, image, 0);
}

}  // namespace sbx::sys
