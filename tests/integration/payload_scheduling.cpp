// SPDX-License-Identifier: Apache-2.0
// Verbs about scheduling, limits and sessions. An attempt asks for the value that is there already:
// nothing changes if the kernel allows it.
#include "payload.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>

namespace payload {
namespace {

constexpr int io_process = 1;
constexpr int io_group = 2;
constexpr int io_user = 3;
constexpr std::uint64_t high = 1ULL << 32U;  // the kernel does not look at it

// As the kernel takes it; glibc 2.36 has no sched_setattr(2).
struct SchedulingAttributes {
    std::uint32_t size = sizeof(SchedulingAttributes);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::array<std::uint64_t, 3> deadline{};
};

// Every call that changes how process PID is scheduled: "reschedule HOW ok" or the error.
void reschedule(Context& context, const Words& words) {
    const pid_t pid = std::atoi(words[0].c_str());
    const sched_param none{};
    cpu_set_t processors;
    CPU_ZERO(&processors);
    ::sched_getaffinity(0, sizeof processors, &processors);
    const SchedulingAttributes attributes;
    tell(context, "reschedule scheduler", ::sched_setscheduler(pid, SCHED_OTHER, &none));
    tell(context, "reschedule parameter", ::sched_setparam(pid, &none));
    tell(context, "reschedule affinity", ::sched_setaffinity(pid, sizeof processors, &processors));
    tell(context, "reschedule attributes", ::syscall(SYS_sched_setattr, pid, &attributes, 0));
    tell(context, "reschedule nice", ::syscall(SYS_setpriority, PRIO_PROCESS, pid, 0));
    tell(context, "reschedule io", ::syscall(SYS_ioprio_set, io_process, pid, 0));
}

// Limits of process PID: they are read, and set to the same.
void limit(Context& context, const Words& words) {
    const auto pid = static_cast<std::uint64_t>(std::atoi(words[0].c_str()));
    rlimit values{RLIM_INFINITY, RLIM_INFINITY};
    ::getrlimit(RLIMIT_CPU, &values);
    for (const std::uint64_t number : {pid, pid | high}) {
        tell(context, "limit", ::syscall(SYS_prlimit64, number, RLIMIT_CPU, &values, nullptr));
    }
}

// Priorities of a group and of all processes of a user: "prioritise HOW ok" or the error.
void prioritise(Context& context, const Words&) {
    for (const std::uint64_t more : {std::uint64_t{0}, high}) {
        tell(context, "prioritise group", ::syscall(SYS_setpriority, PRIO_PGRP | more, 0, 0));
        tell(context, "prioritise user", ::syscall(SYS_setpriority, PRIO_USER | more, 0, 0));
        tell(context, "prioritise io-group", ::syscall(SYS_ioprio_set, io_group | more, 0, 0));
        tell(context, "prioritise io-user",
             ::syscall(SYS_ioprio_set, io_user | more, ::getuid(), 0));
    }
    tell(context, "prioritise itself", ::setpriority(PRIO_PROCESS, 0, 0));
    tell(context, "prioritise io-itself", ::syscall(SYS_ioprio_set, io_process, 0, 0));
}

// Gives the session that process WORD is in the nice value N.
void autogroup(Context& context, const Words& words) {
    const std::string path = "/proc/" + words[0] + "/autogroup";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    long result = fd;
    // Of all that try, the kernel lets one through in a tenth of a second.
    do {
        if (fd >= 0) result = ::write(fd, words[1].data(), words[1].size());
    } while (result < 0 && errno == EAGAIN);
    tell(context, "autogroup", result);
    if (fd >= 0) ::close(fd);
}

// What of a session and a process group is its own, and not init's or what is around it.
void session(Context& context, const Words&) {
    say(context, std::string("session ") + (::getsid(0) == ::getsid(1) ? "init's" : "another"));
    say(context, std::string("group ") + (::getpgid(0) == ::getpgid(1) ? "init's" : "another"));
}

// Begins a session, or a process group, as WORD says.
void begin(Context& context, const Words& words) {
    tell(context, "begin " + words[0], words[0] == "session" ? ::setsid() : ::setpgid(0, 0));
}

// Makes the terminal on descriptor WORD useless for who comes after.
void spoil_terminal(Context& context, const Words& words) {
    const int fd = std::atoi(words[0].c_str());
    termios settings{};
    ::tcgetattr(fd, &settings);
    ::cfmakeraw(&settings);
    tell(context, "spoil settings", ::tcsetattr(fd, TCSANOW, &settings));
    tell(context, "spoil exclusive", ::ioctl(fd, TIOCEXCL));
}

// Puts a process group of its own into the foreground of the terminal on descriptor WORD.
void take_terminal(Context& context, const Words& words) {
    ::signal(SIGTTOU, SIG_IGN);
    tell(context, "take group", ::setpgid(0, 0));
    tell(context, "take front", ::tcsetpgrp(std::atoi(words[0].c_str()), ::getpid()));
}

// A swarm of COUNT processes, each of which forks and ends, again and again, for ever. It says
// "swarm" when all of them are at it.
void swarm(Context& context, const Words& words) {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) ::_exit(118);
    for (int left = std::atoi(words[0].c_str()); left > 0; --left) {
        if (::fork() != 0) continue;
        ::close(ready[0]);
        ::setsid();
        ::close(ready[1]);
        while (true) {
            const pid_t next = ::fork();
            if (next > 0) ::_exit(0);
        }
    }
    ::close(ready[1]);
    char byte = 0;
    if (::read(ready[0], &byte, 1) > 0) ::_exit(117);
    say(context, "swarm");
}

}  // namespace

std::span<const Verb> scheduling() {
    static constexpr auto verbs = std::to_array<Verb>({
        {"reschedule", 1, reschedule},
        {"limit", 1, limit},
        {"prioritise", 0, prioritise},
        {"autogroup", 2, autogroup},
        {"session", 0, session},
        {"begin", 1, begin},
        {"spoil-terminal", 1, spoil_terminal},
        {"take-terminal", 1, take_terminal},
        {"swarm", 1, swarm},
    });
    return verbs;
}

}  // namespace payload
