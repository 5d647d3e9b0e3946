// SPDX-License-Identifier: Apache-2.0
// Wayland's wire format: messages of 32-bit words in the byte order of the machine. A message
// begins with the object that it is for, then its size and the number of the request or event.
// Strings have their length, with the NUL byte, before them and are padded to whole words. New
// objects get the next number.
#include "system/wayland.hpp"

#include "base/text.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <chrono>
#include <cstring>

namespace sbx::sys {
namespace {

constexpr std::string_view manager_interface = "wp_security_context_manager_v1";
constexpr std::string_view engine = "sbx";

// Objects by number. The first one is there from the beginning.
enum Object : std::uint32_t { display = 1, registry, globals_done, manager, context, taken };

constexpr std::size_t header_size = 8;

class Message {
public:
    Message(std::uint32_t object, std::uint32_t request) : request_(request) { add(object).add(0); }
    Message& add(std::uint32_t word) {
        bytes_.append(reinterpret_cast<const char*>(&word), sizeof word);
        return *this;
    }
    Message& add(std::string_view text) {
        add(static_cast<std::uint32_t>(text.size() + 1));
        bytes_ += text;
        bytes_.append(4 - text.size() % 4, '\0');
        return *this;
    }
    std::string bytes() const {
        std::string out = bytes_;
        const auto word = static_cast<std::uint32_t>(out.size() << 16U) | request_;
        std::memcpy(out.data() + 4, &word, sizeof word);
        return out;
    }

private:
    std::uint32_t request_;
    std::string bytes_;
};

std::optional<std::uint32_t> take_word(std::string_view& from) {
    std::uint32_t word = 0;
    if (from.size() < sizeof word) return std::nullopt;
    std::memcpy(&word, from.data(), sizeof word);
    from.remove_prefix(sizeof word);
    return word;
}

std::optional<std::string_view> take_text(std::string_view& from) {
    const auto length = take_word(from);
    if (!length || *length == 0 || *length > from.size()) return std::nullopt;
    const std::string_view text = from.substr(0, *length - 1);
    from.remove_prefix(std::min(from.size(), (std::size_t{*length} + 3) / 4 * 4));
    return text;
}

// Sends all of `bytes`, which are few, with `descriptors`. 0 or errno.
int send_all(int fd, std::string bytes, const std::array<int, 2>* descriptors) {
    iovec data{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (descriptors != nullptr) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof *descriptors);
        std::memcpy(CMSG_DATA(header), descriptors->data(), sizeof *descriptors);
    }
    ssize_t sent = -1;
    do {
        sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return errno;
    return static_cast<std::size_t>(sent) == bytes.size() ? 0 : EPROTO;
}

Error no_wayland() { return {"it does not speak Wayland"}; }

}  // namespace

int WaylandClient::connect(const std::string& path) {
    const Fd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat status {};
    if (!place || ::fstat(place.get(), &status) != 0) return errno;
    if (!S_ISSOCK(status.st_mode)) return ENOTSOCK;
    Fd connection = above_standard(Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    if (!connection) return errno;
    // By the descriptor: an address has room for 107 bytes only.
    const timeval patience{10, 0};  // for a compositor that accepts no more connections
    if (::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) {
        return errno;
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string by_number = "/proc/self/fd/" + std::to_string(place.get());
    by_number.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(connection.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return errno;
    }
    const std::string asked = Message(display, 1).add(registry).bytes() +     // get_registry
                              Message(display, 0).add(globals_done).bytes();  // sync
    connection_ = std::move(connection);
    awaited_ = globals_done;
    return send_all(connection_.get(), asked, nullptr);
}

int WaylandClient::hand_over(const Context& wanted) {
    std::string bytes =
        Message(registry, 0).add(*manager_).add(manager_interface).add(1).add(manager).bytes() +
        Message(manager, 1).add(context).bytes() +  // create_listener, with both descriptors
        Message(context, 1).add(engine).bytes();
    if (!wanted.app_id.empty()) bytes += Message(context, 2).add(wanted.app_id).bytes();
    bytes += Message(context, 3).add(wanted.instance_id).bytes() +
             Message(context, 4).bytes() +            // commit
             Message(display, 0).add(taken).bytes();  // sync
    const std::array<int, 2> descriptors = {wanted.listener, wanted.lifetime};
    answered_ = false;
    awaited_ = taken;
    return send_all(connection_.get(), std::move(bytes), &descriptors);
}

Result<void> WaylandClient::take(std::uint32_t object, std::uint32_t event, std::string_view body) {
    if (object == display && event == 0) {  // error
        const auto about = take_word(body);
        const auto code = take_word(body);
        const auto text = take_text(body);
        if (!about || !code || !text) return no_wayland();
        return Error{"the compositor answers " + quote(*text)};
    }
    if (object == registry && event == 0) {  // global
        const auto name = take_word(body);
        const auto interface = take_text(body);
        if (!name || !interface) return no_wayland();
        if (*interface == manager_interface) manager_ = *name;
    }
    if (object == awaited_ && event == 0) answered_ = true;  // done
    return {};
}

Result<bool> WaylandClient::read() {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(connection_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return false;
    if (got < 0) return Error{"reading its answer: " + error_text(errno)};
    if (got == 0) return Error{"the compositor closed the connection"};
    received_.append(buffer.data(), static_cast<std::size_t>(got));
    std::string_view rest = received_;
    while (rest.size() >= header_size) {
        std::string_view header = rest;
        const std::uint32_t object = *take_word(header);
        const std::uint32_t word = *take_word(header);
        const std::size_t size = word >> 16U;
        if (size < header_size) return no_wayland();
        if (rest.size() < size) break;
        const auto taken =
            take(object, word & 0xffffU, rest.substr(header_size, size - header_size));
        if (!taken) return taken.error();
        rest.remove_prefix(size);
    }
    received_.erase(0, received_.size() - rest.size());
    return answered_;
}

CompositorAnswer ask_compositor(const std::string& path) {
    constexpr std::chrono::seconds patience(10);
    const auto end = std::chrono::steady_clock::now() + patience;
    WaylandClient client;
    if (const int error = client.connect(path)) return {error};
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        if (left.count() <= 0) return {ETIMEDOUT};
        pollfd polled{client.fd(), POLLIN, 0};
        if (::poll(&polled, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)
            return {errno};
        if (polled.revents == 0) continue;
        const auto answered = client.read();
        if (!answered) return {EPROTO};
        if (*answered) return {0, client.has_security_context()};
    }
}

}  // namespace sbx::sys
