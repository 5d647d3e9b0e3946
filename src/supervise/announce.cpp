// SPDX-License-Identifier: Apache-2.0
// What the supervisor tells others while init waits: who called it, and the Wayland compositor.
#include "supervise/supervisor.hpp"

#include "base/text.hpp"
#include "plan/steps.hpp"
#include "supervise/json_status.hpp"
#include "supervise/loop.hpp"

#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace sbx::sys {

// Init has said that the namespaces are there and waits. With --userns-block-fd it is the caller
// who lets it go on, when the ids of the process that --info-fd named are mapped.
std::optional<Outcome> Supervisor::announce() {
    // A number that is none would mean every process to a caller that ends the sandbox by it.
    if (pid_ <= 0) return abandon({"the process id of init cannot be found out"});
    for (const auto& fd : {plan_.info_fd, plan_.json_status_fd}) {
        if (fd && !has_room(*fd)) return std::nullopt;
    }
    const JsonStatus json(plan_, proc_.get(), pid_);
    if (auto written = json.write_start(); !written) return abandon(written.error());
    awaits_caller_ = plan_.userns_block_fd.has_value();
    return awaits_caller_ ? std::nullopt : go_on();
}

// Waits until `fd`, which may be a pipe that nobody reads, takes what is written. False when a
// signal ended init first: signals are blocked here, and a write would not hear of them.
bool Supervisor::has_room(int fd) {
    Loop<bool> loop;
    loop.add([this] { return signals_.get(); },
             [this] {
                 read_signals();
                 return aborted_by_ != 0 ? std::optional(false) : std::nullopt;
             });
    loop.add([fd] { return fd; }, [] { return std::optional(true); }, Loop<bool>::Turn::with_others,
             POLLOUT);
    return loop.run().value_or(true);  // the write will say what is wrong
}

std::optional<Outcome> Supervisor::read_caller() {
    char byte = 0;
    const ssize_t got = ::read(*plan_.userns_block_fd, &byte, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
    if (got < 0) {
        return abandon({"reading the descriptor of --userns-block-fd: " + error_text(errno)});
    }
    awaits_caller_ = false;
    ::close(*plan_.userns_block_fd);
    return go_on();
}

std::optional<Outcome> Supervisor::go_on() {
    ssize_t put = -1;
    do {
        put = ::send(ready_.write.get(), "", 1, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    // Init may have ended meanwhile; then there is nobody to tell.
    if (put == 1 || errno == EPIPE || errno == ECONNRESET) return std::nullopt;
    return abandon({"telling init to go on: " + error_text(errno)});
}

// 0 or errno.
int Supervisor::prepare_wayland() {
    if (!has_step<step::WaylandSocket>(plan_.setup)) return 0;
    listener_ = above_standard(Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    if (!listener_) return errno;
    lifetime_ = make_pipe();
    if (!lifetime_.read) return errno;
    storage_.input().listener = listener_.get();
    storage_.input().lifetime = lifetime_.write.get();
    return 0;
}

// Init has made the socket and waits: the compositor is to take it.
std::optional<Outcome> Supervisor::connect_wayland(std::int32_t step) {
    wayland_step_ = static_cast<std::size_t>(step);
    const auto* wanted = first_step<step::WaylandSocket>(plan_.setup);
    const int error = wanted == nullptr ? EPROTO : compositor_.connect(wanted->path);
    if (error != 0) return abandon_wayland("connecting to the compositor: " + error_text(error));
    return std::nullopt;
}

std::optional<Outcome> Supervisor::read_compositor() {
    const auto answered = compositor_.read();
    if (!answered) return abandon_wayland(answered.error().message);
    if (!*answered) return std::nullopt;
    if (handed_over_) {  // the compositor has the socket, and needs no connection for it
        compositor_.close();
        listener_.reset();
        lifetime_.read.reset();
        return go_on();
    }
    if (!compositor_.has_security_context()) {
        return abandon_wayland("the compositor has no security contexts any more; try again");
    }
    std::array<unsigned char, 16> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return abandon_wayland("getting a random number: " + error_text(errno));
    }
    std::string instance;
    for (const unsigned char byte : random) {
        constexpr std::string_view hexadecimal = "0123456789abcdef";
        instance += {hexadecimal[byte >> 4U], hexadecimal[byte & 0xfU]};
    }
    const auto& wanted = *first_step<step::WaylandSocket>(plan_.setup);
    handed_over_ = true;
    const int error = compositor_.hand_over(
        {listener_.get(), lifetime_.read.get(), wanted.app_id, std::move(instance)});
    if (error != 0) return abandon_wayland("telling the compositor: " + error_text(error));
    return std::nullopt;
}

Outcome Supervisor::abandon_wayland(const std::string& why) {
    Outcome out = abandon({"step " + std::to_string(wayland_step_ + 1) + ", " +
                           describe(plan_.setup[wayland_step_]) + ": " + why});
    out.step = wayland_step_;
    return out;
}

}  // namespace sbx::sys
