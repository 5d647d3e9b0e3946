// SPDX-License-Identifier: Apache-2.0
// A descriptor sent over a unix socket, along with one byte (unix(7), SCM_RIGHTS). Used inside and
// outside of sandboxes: it must not depend on the harness, and does not throw.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstring>

namespace descriptor_passing {

/// What sendmsg(2) and recvmsg(2) work on.
struct Message {
    char byte = 'x';
    iovec data{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};

    Message() {
        header.msg_iov = &data;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
    }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
};

/// False with errno when it cannot be sent.
inline bool send(int socket, int fd) {
    Message message;
    cmsghdr* control = CMSG_FIRSTHDR(&message.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(control), &fd, sizeof fd);
    return ::sendmsg(socket, &message.header, 0) == 1;
}

/// The descriptor, close-on-exec; -1 when none came.
inline int receive(int socket) {
    Message message;
    int fd = -1;
    if (::recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC) != 1) return fd;
    const cmsghdr* control = CMSG_FIRSTHDR(&message.header);
    if (control != nullptr) std::memcpy(&fd, CMSG_DATA(control), sizeof fd);
    return fd;
}

}  // namespace descriptor_passing
