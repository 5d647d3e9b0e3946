// SPDX-License-Identifier: Apache-2.0
#include "stepper.hpp"

#include "descriptor_passing.hpp"
#include "place.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace integration {
namespace {

// Loads a filter that answers `action` for `numbers`; gives what seccomp(2) gives.
int load(const std::vector<int>& numbers, unsigned action, unsigned flags) {
    std::vector<sock_filter> program = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const int number : numbers) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, action));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog description{static_cast<unsigned short>(program.size()), program.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(113);
    return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &description));
}

}  // namespace

Stepper::Stepper(Start start, std::initializer_list<int> numbers) {
    std::array<int, 2> sockets{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
        throw std::runtime_error("socketpair");
    }
    const Descriptor here(sockets[0]);
    Descriptor there(sockets[1]);
    constexpr int number_there = 650;  // out of the way of what a test gives
    start.descriptors.emplace_back(number_there, there.get());
    start.prepare = [before = start.prepare, wanted = std::vector<int>(numbers)] {
        if (before) before();
        const int filter = load(wanted, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
        if (filter < 0) ::_exit(113);
        if (!descriptor_passing::send(number_there, filter)) ::_exit(113);
        ::close(filter);
        ::close(number_there);
    };
    running_ = std::make_unique<Running>(start);
    there.close();
    filter_ = Descriptor(descriptor_passing::receive(here.get()));
    if (filter_.get() < 0) throw std::runtime_error("the filter that asks could not be loaded");
}

std::optional<Moment> Stepper::next() {
    std::array<pollfd, 2> polled = {{{filter_.get(), POLLIN, 0}, {running_->pidfd(), POLLIN, 0}}};
    nfds_t watched = polled.size();
    while (::poll(polled.data(), watched, limit_milliseconds()) > 0) {
        if ((polled[0].revents & POLLIN) == 0) {
            // POLLHUP: nobody is left who has the filter.
            if (polled[0].revents != 0) return std::nullopt;
            // Before Linux 6.11 whoever has ended has it until its parent hears of that.
            wait();
            watched = 1;
            continue;
        }
        Moment moment{};
        // It fails when who came to it was killed meanwhile.
        if (::ioctl(filter_.get(), SECCOMP_IOCTL_NOTIF_RECV, &moment) == 0) return moment;
    }
    throw std::runtime_error("a sandbox that was stopped before its system calls never ended");
}

void Stepper::go_on(const Moment& moment) const {
    seccomp_notif_resp answer{};
    answer.id = moment.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ::ioctl(filter_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

Ended run_stepwise(Start start, std::initializer_list<int> numbers,
                   const std::function<void(const Moment&)>& act) {
    Stepper stepper(std::move(start), numbers);
    while (const auto moment = stepper.next()) {
        act(*moment);
        stepper.go_on(*moment);
    }
    return stepper.wait();
}

std::string text_of(const Moment& moment, std::size_t argument) {
    std::array<char, 256> text{};
    const iovec here{text.data(), text.size() - 1};
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    const iovec there{reinterpret_cast<void*>(moment.data.args[argument]), text.size() - 1};
    if (::process_vm_readv(static_cast<pid_t>(moment.pid), &here, 1, &there, 1, 0) < 0) return {};
    return text.data();
}

std::string path_of(const Moment& moment, std::size_t argument) {
    const auto fd = static_cast<int>(moment.data.args[argument]);
    return "/proc/" + std::to_string(moment.pid) + "/fd/" + std::to_string(fd);
}

std::string in_reaped_child(const std::function<std::string()>& work) {
    return in_child([&] {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        Pipe out = make_pipe();
        if (::fork() == 0) {
            const std::string text = work() + "\n";
            ::_exit(::write(out.write.get(), text.data(), text.size()) < 0 ? 1 : 0);
        }
        out.write.close();
        while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
        }
        return read_until(out.read, "\n");
    });
}

void deny_system_call(int number, int error) {
    if (load({number}, SECCOMP_RET_ERRNO | static_cast<unsigned>(error), 0) < 0) ::_exit(113);
}

}  // namespace integration
