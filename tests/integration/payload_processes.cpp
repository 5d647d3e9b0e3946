// SPDX-License-Identifier: Apache-2.0
// Verbs about signals, children and the payload's own end.
#include "payload.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace payload {
namespace {

int signal_number(const std::string& name) {
    for (int i = 1; i < 32; ++i) {
        if (name == sigabbrev_np(i)) return i;
    }
    return std::atoi(name.c_str());
}

void echo(Context& context, const Words& words) { say(context, words[0]); }

// Later lines go to another descriptor.
void output(Context& context, const Words& words) { context.output = std::atoi(words[0].c_str()); }

void close_descriptor(Context&, const Words& words) { ::close(std::atoi(words[0].c_str())); }

void end(Context&, const Words& words) { ::_exit(std::atoi(words[0].c_str())); }

void raise_signal(Context&, const Words& words) { ::kill(::getpid(), signal_number(words[0])); }

// Waits for the end of file of a descriptor.
void wait_for_end(Context&, const Words& words) {
    std::array<char, 64> buffer{};
    const int fd = std::atoi(words[0].c_str());
    while (::read(fd, buffer.data(), buffer.size()) > 0) {
    }
}

// Waits for one byte.
void wait_for_byte(Context& context, const Words& words) {
    char byte = 0;
    const ssize_t got = ::read(std::atoi(words[0].c_str()), &byte, 1);
    say(context, got == 1 ? "byte" : "end");
}

// Says "ready", then each of the given signals as it comes, COUNT of them.
void signals(Context& context, const Words& words) {
    sigset_t wanted{};
    sigemptyset(&wanted);
    for (std::size_t i = 1; i < words.size(); ++i) sigaddset(&wanted, signal_number(words[i]));
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    say(context, "ready");
    for (int left = std::atoi(words[0].c_str()); left > 0;) {
        const int number = ::sigwaitinfo(&wanted, nullptr);
        if (number < 0) continue;  // EINTR, after a stop
        say(context, std::string("signal ") + sigabbrev_np(number));
        --left;
    }
}

[[noreturn]] void wait_deaf() {
    sigset_t all{};
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    // The only one that is let through: nothing waits longer than a test can last.
    struct sigaction normal {};
    normal.sa_handler = SIG_DFL;
    ::sigaction(SIGALRM, &normal, nullptr);
    sigdelset(&all, SIGALRM);
    ::alarm(60);
    while (true) ::sigsuspend(&all);
}

// Leaves behind: a child, a child in a session of its own, and an orphan; none listens to signals.
void linger(Context& context, const Words&) {
    for (int kind = 0; kind < 3; ++kind) {
        std::array<int, 2> ready{};
        if (::pipe(ready.data()) != 0) ::_exit(118);
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::close(ready[0]);
            if (kind >= 1) ::setsid();
            if (kind == 2 && ::fork() > 0) ::_exit(0);
            ::close(ready[1]);
            wait_deaf();
        }
        ::close(ready[1]);
        char byte = 0;
        if (::read(ready[0], &byte, 1) > 0) ::_exit(117);
        ::close(ready[0]);
        if (kind == 2) ::waitpid(pid, nullptr, 0);
    }
    say(context, "lingering");
}

// Leaves a child behind that answers each byte on CONTROL with a line on REPLY.
void serve(Context& context, const Words& words) {
    const int control = std::atoi(words[0].c_str());
    const int reply = std::atoi(words[1].c_str());
    if (::fork() != 0) return;
    ::alarm(60);
    context.output = reply;
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    char byte = 0;
    while (::read(control, &byte, 1) == 1) say(context, "served");
    ::_exit(0);
}

void burn_here(long milliseconds) {
    rusage used{};
    long spent = 0;
    while (spent < milliseconds) {
        ::getrusage(RUSAGE_SELF, &used);
        spent = used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000 +
                used.ru_stime.tv_sec * 1000 + used.ru_stime.tv_usec / 1000;
    }
}

// Until init has reaped `pid`: there is no event for it, so it is asked again and again.
void wait_until_reaped(pid_t pid) {
    while (::kill(pid, 0) == 0) ::sched_yield();
}

// Burns CPU time in a child that is waited for, and in an orphan that init has to reap.
void burn(Context& context, const Words& words) {
    const long milliseconds = std::atol(words[0].c_str());
    const pid_t child = ::fork();
    if (child == 0) {
        burn_here(milliseconds);
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    std::array<int, 2> link{};
    if (::pipe(link.data()) != 0) ::_exit(118);
    const pid_t middle = ::fork();
    if (middle == 0) {
        const pid_t orphan = ::fork();
        if (orphan == 0) {
            burn_here(milliseconds);
            ::_exit(0);
        }
        if (::write(link[1], &orphan, sizeof orphan) < 0) ::_exit(118);
        ::_exit(0);
    }
    ::waitpid(middle, nullptr, 0);
    pid_t orphan = 0;
    if (::read(link[0], &orphan, sizeof orphan) < 0) ::_exit(118);
    wait_until_reaped(orphan);
    say(context, "burnt");
}

void execute(Context& context, const Words& words) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    tell(context, "execute", ::execv(argv[0], argv.data()));
}

}  // namespace

std::span<const Verb> processes() {
    static constexpr auto verbs = std::to_array<Verb>({
        {"echo", 1, echo},
        {"output", 1, output},
        {"close", 1, close_descriptor},
        {"exit", 1, end},
        {"raise", 1, raise_signal},
        {"wait-end", 1, wait_for_end},
        {"wait-byte", 1, wait_for_byte},
        {"signals", 1, signals},
        {"linger", 0, linger},
        {"serve", 2, serve},
        {"burn", 1, burn},
        {"execute", 1, execute},
    });
    return verbs;
}

}  // namespace payload
