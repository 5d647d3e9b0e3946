// SPDX-License-Identifier: Apache-2.0
// A descriptor that is closed with its owner, and pipes of them.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sbx::sys {

class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    int get() const { return fd_; }
    /// Gives it away: the caller closes it.
    int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }
    void reset() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_ = -1;
};

/// The same file on a number above 2, which the command may be given; close-on-exec.
inline Fd above_standard(Fd fd) {
    if (fd.get() < 0 || fd.get() > 2) return fd;
    return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

struct Pipe {
    Fd read;
    Fd write;
};

/// A close-on-exec pipe; both ends are empty when it failed (errno says why).
inline Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    Pipe pipe{above_standard(Fd(ends[0])), above_standard(Fd(ends[1]))};
    if (!pipe.read || !pipe.write) return {};
    return pipe;
}

/// As make_pipe, but of sockets: `write` can be used with MSG_NOSIGNAL, so a reader that is gone
/// raises no SIGPIPE in the caller's program.
inline Pipe make_socket_pipe() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return {};
    Pipe pipe{above_standard(Fd(ends[0])), above_standard(Fd(ends[1]))};
    if (!pipe.read || !pipe.write) return {};
    return pipe;
}

}  // namespace sbx::sys
