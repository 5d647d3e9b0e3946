// SPDX-License-Identifier: Apache-2.0
#include "supervise/cleaner.hpp"

#include "system/syscalls.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>

namespace sbx::sys {

int Cleaner::prepare(const Plan& plan, ChildInput& input) {
    const auto guards = std::count_if(plan.setup.begin(), plan.setup.end(), [](const Step& step) {
        return std::holds_alternative<step::Guard>(step);
    });
    if (guards == 0) return 0;
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return -errno;
    theirs_ = above_standard(Fd(ends[0]));
    inits_ = above_standard(Fd(ends[1]));
    if (!theirs_ || !inits_) return -errno;
    input_.foreign_ids = plan.userns_fd.has_value() || plan.userns_block_fd.has_value();
    input_.ends_with_init = plan.namespaces.has(Namespace::pid);
    input_.proc = input.proc;
    // A guard needs two at the most: where a link is, and where it leads.
    room_.resize(2 * static_cast<std::size_t>(guards));
    input.cleaner = inits_.get();
    input.cleaner_far = theirs_.get();
    return 0;
}

int Cleaner::start(const Fd& init) {
    if (!theirs_) return 0;
    inits_.reset();
    Pipe lost = make_pipe();
    if (!lost.read) return -errno;
    input_.socket = theirs_.get();
    input_.init = init.get();
    input_.lost = lost.write.get();
    input_.held = room_.data();
    input_.room = room_.size();
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = SIGCHLD;
    const long pid = clone3(arguments);
    if (pid == 0) cleaner_main(input_);
    theirs_.reset();
    process_ = Fd(pidfd);
    lost_ = std::move(lost.read);
    return pid < 0 ? static_cast<int>(pid) : 0;
}

// Whether there was one.
bool Cleaner::read_one() {
    LostGuard lost{};
    ssize_t got = -1;
    do {
        got = ::read(lost_.get(), &lost, sizeof lost);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof lost)) {
        lost_.reset();
        return false;
    }
    read_.push_back(lost);
    return true;
}

std::optional<LostGuard> Cleaner::read_lost() {
    if (!read_one() || read_.back().left != 0) return std::nullopt;
    const LostGuard lost = read_.back();
    read_.pop_back();
    return lost;
}

std::vector<LostGuard> Cleaner::wait() {
    if (!process_) return {};
    siginfo_t info{};
    while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(process_.get()), &info,
                    WEXITED) != 0 &&
           errno == EINTR) {
    }
    process_.reset();
    // Not to its end, which a child of another thread may hold open.
    while (lost_) {
        pollfd polled{lost_.get(), POLLIN, 0};
        if (::poll(&polled, 1, 0) != 1 || !read_one()) break;
    }
    std::erase_if(read_, [](const LostGuard& one) { return one.left == 0; });
    return std::move(read_);
}

}  // namespace sbx::sys
