// SPDX-License-Identifier: Apache-2.0
#include "supervise/terminal.hpp"

#include "plan/steps.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <map>
#include <string>

namespace sbx::sys {
namespace {

bool same(const termios& a, const termios& b) {
    return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
           a.c_lflag == b.c_lflag && a.c_line == b.c_line &&
           std::memcmp(&a.c_cc[0], &b.c_cc[0], sizeof a.c_cc) == 0;
}

bool is_exclusive(int fd) {
    int exclusive = 0;
    return ::ioctl(fd, TIOCGEXCL, &exclusive) == 0 && exclusive != 0;
}

std::string read_at(int directory, const char* path) {
    const Fd file(::openat(directory, path, O_RDONLY | O_CLOEXEC));
    std::array<char, 1024> text{};
    const ssize_t got = file ? ::read(file.get(), text.data(), text.size()) : -1;
    return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : std::string();
}

// "/autogroup-123 nice 0" (sched(7)); nothing on a kernel without autogroups.
std::optional<int> autogroup_nice(int proc) {
    const std::string text = read_at(proc, "self/autogroup");
    const std::size_t at = text.rfind(' ');
    int nice = 0;
    if (at == std::string::npos ||
        std::from_chars(&text[at + 1], text.data() + text.size(), nice).ec != std::errc()) {
        return std::nullopt;
    }
    return nice;
}

// The kernel takes one change in a tenth of a second from all users together (EAGAIN).
int write_autogroup(int proc, int nice) {
    const Fd file(::openat(proc, "self/autogroup", O_WRONLY | O_CLOEXEC));
    if (!file) return errno;
    const std::string text = std::to_string(nice);
    for (int i = 0; i < 20; ++i) {
        if (::write(file.get(), text.data(), text.size()) >= 0) return 0;
        if (errno != EAGAIN) return errno;
        ::poll(nullptr, 0, 20);
    }
    return EAGAIN;
}

void restore_autogroup(int proc, int nice) {
    const auto now = autogroup_nice(proc);
    if (!now || *now == nice) return;
    // Only root gives a session a negative one again.
    if (write_autogroup(proc, nice) == EPERM) write_autogroup(proc, 0);
}

struct Process {
    pid_t parent = 0;
    pid_t group = 0;
};

// Whether a process that did not start us is in our process group: another part of a pipeline, such
// as a pager, or another job of a build. The settings of the terminal may be its own.
bool has_company(int proc) {
    const int fd = ::openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* directory = fd < 0 ? nullptr : ::fdopendir(fd);
    if (directory == nullptr) return true;
    std::map<pid_t, Process> all;
    while (const dirent* entry = ::readdir(directory)) {
        const pid_t pid = std::atoi(&entry->d_name[0]);
        if (pid <= 0) continue;
        const std::string text = read_at(proc, (std::to_string(pid) + "/stat").c_str());
        const std::size_t name = text.rfind(") ");
        char state = 0;
        Process process;
        if (name == std::string::npos || std::sscanf(&text[name + 2], "%c %d %d", &state,
                                                     &process.parent, &process.group) != 3) {
            continue;
        }
        if (state != 'Z' && state != 'X') all[pid] = process;
    }
    ::closedir(directory);
    for (pid_t pid = ::getpid(); pid > 0;) {
        const auto found = all.find(pid);
        if (found == all.end()) break;
        pid = found->second.parent;
        all.erase(found);
    }
    return std::any_of(all.begin(), all.end(),
                       [](const auto& one) { return one.second.group == ::getpgrp(); });
}

}  // namespace

void TerminalGuard::save_terminal(int fd) {
    Saved saved{fd, {}, false, -1};
    if (::tcgetattr(fd, &saved.settings) != 0) return;
    saved.exclusive = is_exclusive(fd);
    saved.front = ::tcgetpgrp(fd);
    terminals_.push_back(saved);
}

void TerminalGuard::save(const Plan& plan, int proc) {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) save_terminal(fd);
    const bool shares_session = !has_step<step::NewSession>(plan.seal);
    if (shares_session && terminals_.empty()) {
        own_ = above_standard(Fd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)));
        if (own_) save_terminal(own_.get());
    }
    // Without a pid namespace any session of the user's can be named.
    if (shares_session || !plan.namespaces.has(Namespace::pid)) nice_ = autogroup_nice(proc);
}

void TerminalGuard::restore_terminal(const Saved& saved, int proc) const {
    const pid_t own = ::getpgrp();
    const pid_t front = ::tcgetpgrp(saved.fd);
    if (front >= 0 && front != own) {
        // Another job's by now; or a group of the command's that is gone, and nobody could read.
        const bool gone = front == 0 || (::kill(-front, 0) != 0 && errno == ESRCH);
        if (saved.front != own || !gone) return;
        ::tcsetpgrp(saved.fd, own);
    }
    termios now{};
    // One that was not in its usual mode has a program that looks after it.
    if ((saved.settings.c_lflag & ICANON) == 0 || ::tcgetattr(saved.fd, &now) != 0) return;
    const bool exclusive = !saved.exclusive && is_exclusive(saved.fd);
    if (!same(now, saved.settings) || exclusive) {
        if (has_company(proc)) return;
        const int discipline = saved.settings.c_line;
        if (now.c_line != saved.settings.c_line) ::ioctl(saved.fd, TIOCSETD, &discipline);
        ::tcsetattr(saved.fd, TCSANOW, &saved.settings);
        if (exclusive) ::ioctl(saved.fd, TIOCNXCL);
    }
    ::tcflow(saved.fd, TCOON);  // undoes TCOOFF alone, which no key does
}

void TerminalGuard::restore(int proc) const {
    if (nice_) restore_autogroup(proc, *nice_);
    if (terminals_.empty()) return;
    // From the background the terminal would stop us instead.
    sigset_t stop{};
    sigset_t before{};
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    if (::pthread_sigmask(SIG_BLOCK, &stop, &before) != 0) return;
    for (const Saved& saved : terminals_) restore_terminal(saved, proc);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace sbx::sys
