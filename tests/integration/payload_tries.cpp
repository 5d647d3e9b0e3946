// SPDX-License-Identifier: Apache-2.0
// Verbs that try what a sandbox may forbid.
#include "descriptor_passing.hpp"
#include "payload.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace payload {
namespace {

void open_file(Context& context, const Words& words) {
    const int fd = ::open(words[0].c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    tell(context, "open", fd);
    if (fd >= 0) ::close(fd);
}

void open_both_ways(Context& context, const Words& words) {
    const int fd = ::open(words[0].c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY);
    tell(context, "open-rw", fd);
    if (fd >= 0) ::close(fd);
}

void write_file(Context& context, const Words& words) {
    const int fd = ::open(words[0].c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    long result = fd;
    if (fd >= 0) result = ::write(fd, words[1].data(), words[1].size());
    tell(context, "write", result);
    if (fd >= 0) ::close(fd);
}

// As write_file(), to what is there: makes nothing.
void write_existing(Context& context, const Words& words) {
    const int fd = ::open(words[0].c_str(), O_WRONLY | O_CLOEXEC);
    tell(context, "write-existing", fd < 0 ? fd : ::write(fd, words[1].data(), words[1].size()));
    if (fd >= 0) ::close(fd);
}

// Writes until the file system is full, at most COUNT blocks of 4096 bytes.
void fill(Context& context, const Words& words) {
    const int fd = ::open(words[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    const std::string block(4096, 'x');
    long result = fd;
    for (int i = std::atoi(words[1].c_str()); i > 0 && result >= 0; --i) {
        result = ::write(fd, block.data(), block.size());
    }
    tell(context, "fill", result);
    if (fd >= 0) ::close(fd);
}

void unlink_file(Context& context, const Words& words) {
    tell(context, "unlink", ::unlink(words[0].c_str()));
}

void rename_file(Context& context, const Words& words) {
    tell(context, "rename", ::rename(words[0].c_str(), words[1].c_str()));
}

void link_file(Context& context, const Words& words) {
    tell(context, "link", ::link(words[0].c_str(), words[1].c_str()));
}

void link_symbolically(Context& context, const Words& words) {
    tell(context, "symlink", ::symlink(words[0].c_str(), words[1].c_str()));
}

// Takes a descriptor from socket WORDS[0] and opens WORDS[1] below it, to read and to write.
void receive_and_open(Context& context, const Words& words) {
    const int directory = descriptor_passing::receive(std::atoi(words[0].c_str()));
    if (directory < 0) ::_exit(117);
    tell(context, "open-below", ::openat(directory, words[1].c_str(), O_RDONLY | O_CLOEXEC));
    tell(context, "write-below", ::openat(directory, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

// What a debugger does with a program that it starts.
void trace_child(Context& context, const Words&) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, WUNTRACED);
    errno = 0;
    ::ptrace(PTRACE_PEEKUSER, child, nullptr, nullptr);
    tell(context, "trace-child", errno == 0 ? 0 : -1);
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
}

void change_mode(Context& context, const Words& words) {
    const auto mode = static_cast<mode_t>(std::strtoul(words[0].c_str(), nullptr, 8));
    tell(context, "chmod", ::chmod(words[1].c_str(), mode));
}

// A POSIX message queue of that name ("/x").
void make_queue(Context& context, const Words& words) {
    const mqd_t queue = ::mq_open(words[0].c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600, nullptr);
    tell(context, "queue", queue);
    if (queue >= 0) ::mq_close(queue);
}

void make_directory(Context& context, const Words& words) {
    tell(context, "mkdir", ::mkdir(words[0].c_str(), 0755));
}

void remove_directory(Context& context, const Words& words) {
    tell(context, "rmdir", ::rmdir(words[0].c_str()));
}

void mount_tmpfs(Context& context, const Words& words) {
    tell(context, "mount", ::mount("none", words[0].c_str(), "tmpfs", 0, nullptr));
}

void unmount(Context& context, const Words& words) {
    tell(context, "unmount", ::umount2(words[0].c_str(), MNT_DETACH));
}

void remount_writable(Context& context, const Words& words) {
    tell(context, "remount-rw",
         ::mount(nullptr, words[0].c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr));
}

void trace(Context& context, const Words& words) {
    tell(context, "ptrace", ::ptrace(PTRACE_SEIZE, std::atoi(words[0].c_str()), nullptr, nullptr));
}

void kill_process(Context& context, const Words& words) {
    tell(context, "kill", ::kill(std::atoi(words[0].c_str()), std::atoi(words[1].c_str())));
}

void unshare_user(Context& context, const Words&) {
    tell(context, "unshare-user", ::unshare(CLONE_NEWUSER));
}

// Exchanges what is in directory WORDS[0], which is open by then, from a mount namespace that has
// nothing mounted upon it; WORDS[1] is "user" when that takes a user namespace.
void exchange(Context& context, const Words& words) {
    const int directory = ::open(words[0].c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int uid = static_cast<int>(::getuid());
    tell(context, "namespace", ::unshare(CLONE_NEWNS | (words[1] == "user" ? CLONE_NEWUSER : 0)));
    const int map = ::open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
    const std::string line = "0 " + std::to_string(uid) + " 1";
    // Without a map, as for root, the rest can still be tried.
    [[maybe_unused]] const ssize_t put = ::write(map, line.data(), line.size());
    if (map >= 0) ::close(map);
    tell(context, "mount", ::mount("none", words[0].c_str(), "tmpfs", 0, nullptr));
    if (::chdir(words[0].c_str()) != 0 || ::mkdir("old", 0755) != 0) tell(context, "place", -1);
    tell(context, "pivot_root", ::syscall(SYS_pivot_root, ".", "old"));
    tell(context, "unmount", ::umount2("/old", MNT_DETACH));
    for (const char* name : {"file", "secret", "sub"}) {
        tell(context, name,
             ::renameat(directory, name, directory, (std::string(name) + ".moved").c_str()));
    }
}

void clone3_user(Context& context, const Words&) {
    struct {
        std::uint64_t flags = CLONE_NEWUSER;
        std::array<std::uint64_t, 3> unused{};
        std::uint64_t exit_signal = SIGCHLD;
        std::array<std::uint64_t, 3> more{};
    } arguments;
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) ::_exit(0);
    tell(context, "clone3-user", pid);
    if (pid > 0) ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
}

// Requests are 32 bits to the kernel; a filter that compares 64 lets this one through.
void push_terminal_input(Context& context, const Words& words) {
    const char byte = 'x';
    constexpr unsigned long high = 1UL << 32U;
    const int fd = std::atoi(words[0].c_str());
    tell(context, "tiocsti", ::ioctl(fd, TIOCSTI, &byte));
    tell(context, "tiocsti-high", ::syscall(SYS_ioctl, fd, TIOCSTI | high, &byte));
}

void system_call(Context& context, const Words& words) {
    std::array<long, 3> arguments{};
    for (std::size_t i = 0; i < 3 && i + 1 < words.size(); ++i) {
        arguments.at(i) = std::atol(words[i + 1].c_str());
    }
    tell(context, "syscall",
         ::syscall(std::atol(words[0].c_str()), arguments[0], arguments[1], arguments[2]));
}

// The same number for the kernel's other table of calls: that of i386.
void foreign_call(Context& context, const Words& words) {
    long result = -ENOSYS;
#ifdef __x86_64__
    asm volatile("int $0x80" : "=a"(result) : "a"(std::atol(words[0].c_str())) : "memory");
#else
    (void)words;
#endif
    errno = static_cast<int>(-result);
    tell(context, "foreign-call", result < 0 ? -1 : result);
}

void parent(Context& context, const Words&) { tell(context, "getppid", ::syscall(SYS_getppid)); }

sockaddr_in address_of(const char* text, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

// A connection to itself over the loopback device.
void loopback(Context& context, const Words&) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = address_of("127.0.0.1", 0);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected = ::bind(server, generic, size) == 0 && ::listen(server, 1) == 0 &&
                           ::getsockname(server, generic, &size) == 0 &&
                           ::connect(client, generic, size) == 0;
    tell(context, "loopback", connected ? 0 : -1);
}

// What needs power over the network that one is in: packets of any kind, and its devices.
void rule_network(Context& context, const Words&) {
    tell(context, "raw", ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    tell(context, "up", ::ioctl(fd, SIOCSIFFLAGS, &request));
}

void connect_out(Context& context, const Words&) {
    // TEST-NET-1 of RFC 5737: nobody is there. Without a route the kernel says so at once.
    const sockaddr_in address = address_of("192.0.2.1", 9);
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tell(context, "connect-out",
         ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

void connect_abstract(Context& context, const Words& words) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, words[0].data(), words[0].size());
    const auto size = offsetof(sockaddr_un, sun_path) + 1 + words[0].size();
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    tell(context, "connect-abstract",
         ::connect(fd, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size)));
}

void make_socket(Context& context, const Words& words) {
    const int fd = ::socket(std::stoi(words[0]), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int stream = fd < 0 && errno != EAFNOSUPPORT && errno != EPERM
                           ? ::socket(std::stoi(words[0]), SOCK_STREAM | SOCK_CLOEXEC, 0)
                           : fd;
    tell(context, "socket", stream < 0 ? -1 : 0);
    if (stream >= 0) ::close(stream);
}

void interfaces(Context& context, const Words&) {
    std::string text = "interfaces";
    struct if_nameindex* all = ::if_nameindex();
    for (const auto* one = all; one != nullptr && one->if_index != 0; ++one) {
        text += std::string(" ") + one->if_name;
    }
    say(context, text);
    if (all != nullptr) ::if_freenameindex(all);
}

}  // namespace

std::span<const Verb> tries() {
    static constexpr auto verbs = std::to_array<Verb>({
        {"open", 1, open_file},
        {"open-rw", 1, open_both_ways},
        {"write", 2, write_file},
        {"write-existing", 2, write_existing},
        {"fill", 2, fill},
        {"unlink", 1, unlink_file},
        {"rename", 2, rename_file},
        {"link", 2, link_file},
        {"symlink", 2, link_symbolically},
        {"receive-and-open", 2, receive_and_open},
        {"trace-child", 0, trace_child},
        {"chmod", 2, change_mode},
        {"queue", 1, make_queue},
        {"mkdir", 1, make_directory},
        {"rmdir", 1, remove_directory},
        {"mount", 1, mount_tmpfs},
        {"unmount", 1, unmount},
        {"remount-rw", 1, remount_writable},
        {"ptrace", 1, trace},
        {"kill", 2, kill_process},
        {"unshare-user", 0, unshare_user},
        {"exchange", 2, exchange},
        {"clone3-user", 0, clone3_user},
        {"tiocsti", 1, push_terminal_input},
        {"syscall", 1, system_call},
        {"foreign-call", 1, foreign_call},
        {"getppid", 0, parent},
        {"loopback", 0, loopback},
        {"rule-network", 0, rule_network},
        {"socket", 1, make_socket},
        {"connect-out", 0, connect_out},
        {"connect-abstract", 1, connect_abstract},
        {"interfaces", 0, interfaces},
    });
    return verbs;
}

}  // namespace payload
