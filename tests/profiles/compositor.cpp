// SPDX-License-Identifier: Apache-2.0
// Programs that tests talk to.
//
//   compositor listen PATH -- COMMAND...          runs COMMAND while the socket PATH is listened on
//   compositor wayland HOW PATH -- COMMAND...     the same, with a Wayland compositor behind it
//   compositor connect PATH                       succeeds when somebody listens there
//   compositor ask PATH                           prints what a compositor there announces
//
// The first two end as COMMAND does. HOW is "plain" for a compositor without security-context-v1,
// "context" for one that has it, "refusing" for one that answers a listener with an error,
// "leaving" for one that hangs up instead, "mute" for one that never answers. A client of a
// security context is told so by a global. When COMMAND has ended, all listeners must hang up.
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <list>
#include <string>
#include <vector>

namespace {

constexpr const char* manager_interface = "wp_security_context_manager_v1";

sockaddr_un address_of(const std::string& path) {
    sockaddr_un out{};
    out.sun_family = AF_UNIX;
    path.copy(out.sun_path, sizeof out.sun_path - 1);
    return out;
}

int connected(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    std::perror(path.c_str());
    return -1;
}

int listening(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    ::unlink(path.c_str());
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(fd, 8) == 0) {
        return fd;
    }
    std::perror(path.c_str());
    return -1;
}

pid_t start(char** command) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::execvp(command[0], command);
    std::perror(command[0]);
    ::_exit(127);
}

int status_of(pid_t child) {
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// ---- the wire format ----

std::string word(std::uint32_t value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string text(const std::string& value) {
    return word(static_cast<std::uint32_t>(value.size() + 1)) + value +
           std::string(4 - value.size() % 4, '\0');
}

std::string message(std::uint32_t object, std::uint32_t number, const std::string& body) {
    return word(object) + word(static_cast<std::uint32_t>((body.size() + 8) << 16U) | number) +
           body;
}

struct Reader {
    std::string bytes;
    std::uint32_t word() {
        std::uint32_t out = 0;
        if (bytes.size() < sizeof out) return 0;
        std::memcpy(&out, bytes.data(), sizeof out);
        bytes.erase(0, sizeof out);
        return out;
    }
    std::string text() {
        const std::size_t size = word();
        if (size == 0 || size > bytes.size()) return {};
        std::string out = bytes.substr(0, size - 1);
        bytes.erase(0, (size + 3) / 4 * 4);
        return out;
    }
};

struct Message {
    std::uint32_t object = 0;
    std::uint32_t number = 0;
    Reader body;
};

// Takes the first whole message from `from`.
bool take(std::string& from, Message& out) {
    if (from.size() < 8) return false;
    Reader head{from.substr(0, 8)};
    out.object = head.word();
    const std::uint32_t both = head.word();
    const std::size_t size = both >> 16U;
    if (size < 8 || from.size() < size) return false;
    out.number = both & 0xffffU;
    out.body.bytes = from.substr(8, size - 8);
    from.erase(0, size);
    return true;
}

// ---- the compositor ----

struct Context {
    int listener = -1;
    int lifetime = -1;
    std::string name;
    bool committed = false;
};

struct Client {
    int fd = -1;
    const Context* context = nullptr;  // null: it came by the compositor's own socket
    std::string received;
    std::string unsent;
    std::deque<int> descriptors;
    std::uint32_t registry = 0;
    std::uint32_t manager = 0;
    std::uint32_t made = 0;  // the context that it makes
};

class Compositor {
public:
    Compositor(std::string how, int own) : how_(std::move(how)), own_(own) {}

    // Until `child` has ended, and nobody listens for a sandbox any more.
    int run(pid_t child) {
        const int ended = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
        bool over = false;
        while (!over || !contexts_.empty()) {
            std::vector<pollfd> polled = {{over ? -1 : ended, POLLIN, 0}, {own_, POLLIN, 0}};
            for (const Client& client : clients_) polled.push_back({client.fd, POLLIN, 0});
            for (const Context& context : contexts_) {
                polled.push_back({context.committed ? context.listener : -1, POLLIN, 0});
                polled.push_back({context.lifetime, 0, 0});
            }
            constexpr int patience = 20000;  // milliseconds
            if (::poll(polled.data(), polled.size(), over ? patience : -1) == 0) {
                std::fprintf(stderr, "a listener outlives its sandbox\n");
                return 3;
            }
            handle(polled);
            over = over || polled[0].revents != 0;
        }
        return status_of(child);
    }

private:
    void handle(const std::vector<pollfd>& polled) {
        std::size_t at = 2;
        const std::size_t contexts = at + clients_.size();
        for (auto client = clients_.begin(); at < contexts; ++at) {
            const auto next = std::next(client);
            if (polled[at].revents != 0 && !serve(*client)) {
                ::close(client->fd);
                clients_.erase(client);
            }
            client = next;
        }
        for (auto context = contexts_.begin(); at < polled.size(); at += 2) {
            const auto next = std::next(context);
            if (polled[at].revents != 0) accept(polled[at].fd, &*context);
            if (polled[at + 1].revents != 0) {
                ::close(context->listener);
                ::close(context->lifetime);
                contexts_.erase(context);
            }
            context = next;
        }
        if (polled[1].revents != 0) accept(own_, nullptr);
    }

    void accept(int from, const Context* context) {
        Client client;
        client.fd = ::accept4(from, nullptr, nullptr, SOCK_CLOEXEC);
        client.context = context;
        if (client.fd >= 0) clients_.push_back(client);
    }

    // False when the client is to go.
    bool serve(Client& client) {
        char bytes[4096];
        alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))];
        iovec data{bytes, sizeof bytes};
        msghdr received{};
        received.msg_iov = &data;
        received.msg_iovlen = 1;
        received.msg_control = control;
        received.msg_controllen = sizeof control;
        const ssize_t got = ::recvmsg(client.fd, &received, MSG_CMSG_CLOEXEC);
        if (got <= 0) return false;
        client.received.append(bytes, static_cast<std::size_t>(got));
        for (cmsghdr* one = CMSG_FIRSTHDR(&received); one; one = CMSG_NXTHDR(&received, one)) {
            for (std::size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= one->cmsg_len; ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(one) + i * sizeof fd, sizeof fd);
                client.descriptors.push_back(fd);
            }
        }
        for (Message request; how_ != "mute" && take(client.received, request);) {
            if (!answer(client, request)) {
                flush(client);
                return false;
            }
        }
        flush(client);
        return true;
    }

    bool answer(Client& client, Message& request) {
        Reader& body = request.body;
        if (request.object == 1 && request.number == 0) {  // sync
            const std::uint32_t callback = body.word();
            send(client, message(callback, 0, word(0)) + message(1, 1, word(callback)));
        } else if (request.object == 1) {  // get_registry
            client.registry = body.word();
            announce(client);
        } else if (request.object == client.registry) {  // bind
            body.word();
            const bool is_manager = body.text() == manager_interface && how_ != "plain";
            body.word();
            if (is_manager && client.context == nullptr) client.manager = body.word();
        } else if (request.object == client.manager && request.number == 1) {
            return create_listener(client, body.word());
        } else if (request.object == client.made && request.number == 4) {
            contexts_.back().committed = true;
        } else if (request.object == client.made && request.number != 0) {
            contexts_.back().name += " " + std::to_string(request.number) + "=" + body.text();
        }
        return true;
    }

    bool create_listener(Client& client, std::uint32_t id) {
        int listens = 0;
        socklen_t size = sizeof listens;
        const bool right =
            client.descriptors.size() == 2 &&
            ::getsockopt(client.descriptors[0], SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
            listens == 1;
        if (how_ == "leaving") return false;
        if (how_ == "refusing" || !right) {
            const char* why = right ? "not for\nyou" : "it does not listen";
            send(client, message(1, 0, word(client.manager) + word(1) + text(why)));
            return false;
        }
        client.made = id;
        contexts_.push_back({client.descriptors[0], client.descriptors[1], "", false});
        client.descriptors.clear();
        return true;
    }

    void announce(Client& client) {
        const auto global = [&](std::uint32_t name, const std::string& interface) {
            send(client, message(client.registry, 0, word(name) + text(interface) + word(1)));
        };
        global(1, "wl_compositor");
        if (client.context == nullptr) {
            if (how_ != "plain") global(7, manager_interface);
            return;
        }
        bool alone = true;  // nobody has a connection without a context
        for (const Client& other : clients_) alone = alone && other.context != nullptr;
        global(2, "context" + client.context->name + (alone ? " alone" : ""));
    }

    static void send(Client& client, const std::string& bytes) { client.unsent += bytes; }

    // All answers at once, so that a client reads as often in each run.
    static void flush(Client& client) {
        [[maybe_unused]] const ssize_t sent =
            ::send(client.fd, client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
        client.unsent.clear();
    }

    std::string how_;
    int own_;
    std::list<Client> clients_;
    std::list<Context> contexts_;
};

// ---- a client ----

int ask(const std::string& path) {
    const int fd = connected(path);
    if (fd < 0) return 1;
    const std::string request = message(1, 1, word(2)) + message(1, 0, word(3));
    if (::write(fd, request.data(), request.size()) < 0) return 1;
    std::string received;
    while (true) {
        char bytes[4096];
        const ssize_t got = ::read(fd, bytes, sizeof bytes);
        if (got <= 0) return 1;
        received.append(bytes, static_cast<std::size_t>(got));
        for (Message event; take(received, event);) {
            if (event.object == 3) return 0;
            if (event.object != 2) continue;
            event.body.word();
            std::printf("%s\n", event.body.text().c_str());
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string verb = argc > 2 ? argv[1] : "";
    if (verb == "connect" && argc == 3) return connected(argv[2]) < 0 ? 1 : 0;
    if (verb == "ask" && argc == 3) return ask(argv[2]);
    if (verb == "listen" && argc > 4 && std::strcmp(argv[3], "--") == 0) {
        return listening(argv[2]) < 0 ? 1 : status_of(start(argv + 4));
    }
    if (verb == "wayland" && argc > 5 && std::strcmp(argv[4], "--") == 0) {
        const int own = listening(argv[3]);
        return own < 0 ? 1 : Compositor(argv[2], own).run(start(argv + 5));
    }
    std::fprintf(stderr,
                 "usage: compositor connect PATH | ask PATH | listen PATH -- COMMAND... | "
                 "wayland HOW PATH -- COMMAND...\n");
    return 2;
}
