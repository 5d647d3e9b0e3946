// SPDX-License-Identifier: Apache-2.0
#include "sys/cleaner.hpp"

#include "sys/syscalls.hpp"

#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>

namespace sbx::sys {

int Cleaner::prepare(const Plan& plan, ChildImage& image) {
    const auto guards = std::count_if(plan.setup.begin(), plan.setup.end(), [](const Step& step) {
        return std::holds_alternative<step::Guard>(step);
    });
    if (guards == 0) return 0;
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return -errno;
    theirs_ = above_standard(Fd(ends[0]));
    inits_ = above_standard(Fd(ends[1]));
    if (!theirs_ || !inits_) return -errno;
    foreign_ids_ = plan.userns_fd.has_value() || plan.userns_block_fd.has_value();
    // A guard needs two at the most: where a link is, and where it leads.
    room_.resize(2 * static_cast<std::size_t>(guards));
    image.cleaner = inits_.get();
    image.cleaner_far = theirs_.get();
    return 0;
}

int Cleaner::start(const Fd& init) {
    if (!theirs_) return 0;
    inits_.reset();
    CleanerImage image{theirs_.get(), init.get(), room_.data(), room_.size(), foreign_ids_};
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    const long pid = clone3(arguments);
    if (pid == 0) cleaner_main(image);
    theirs_.reset();
    process_ = Fd(pidfd);
    return pid < 0 ? static_cast<int>(pid) : 0;
}

void Cleaner::wait() {
    if (!process_) return;
    siginfo_t info{};
    while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(process_.get()), &info,
                    WEXITED) != 0 &&
           errno == EINTR) {
    }
    process_.reset();
}

}  // namespace sbx::sys
