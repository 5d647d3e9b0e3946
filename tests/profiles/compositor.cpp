// SPDX-License-Identifier: Apache-2.0
// compositor listen PATH -- COMMAND...: runs COMMAND while the socket PATH is listened on, and ends
// as it does. compositor connect PATH: succeeds when somebody listens there.
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace {

sockaddr_un address_of(const std::string& path) {
    sockaddr_un out{};
    out.sun_family = AF_UNIX;
    path.copy(out.sun_path, sizeof out.sun_path - 1);
    return out;
}

int connect_to(const std::string& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un address = address_of(path);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
    std::perror(path.c_str());
    return 1;
}

int listen_on(const std::string& path, char** command) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    ::unlink(path.c_str());
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 1) != 0) {
        std::perror(path.c_str());
        return 1;
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::execvp(command[0], command);
        std::perror(command[0]);
        ::_exit(127);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string verb = argc > 2 ? argv[1] : "";
    if (verb == "connect" && argc == 3) return connect_to(argv[2]);
    if (verb == "listen" && argc > 4 && std::strcmp(argv[3], "--") == 0) {
        return listen_on(argv[2], argv + 4);
    }
    std::fprintf(stderr, "usage: compositor connect PATH | listen PATH -- COMMAND...\n");
    return 2;
}
