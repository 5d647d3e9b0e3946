// SPDX-License-Identifier: Apache-2.0
// Verbs that look. Those that can, ask the kernel and not /proc, which may not be there.
#include "payload.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

extern char** environ;

namespace payload {
namespace {

std::string octal(unsigned number) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04o", number);
    return text.data();
}

std::string hexadecimal(std::uint64_t number) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "%" PRIx64, number);
    return text.data();
}

std::string type_of(mode_t mode) {
    if (S_ISDIR(mode)) return "directory";
    if (S_ISREG(mode)) return "file";
    if (S_ISLNK(mode)) return "link";
    if (S_ISCHR(mode)) return "character";
    if (S_ISBLK(mode)) return "block";
    if (S_ISFIFO(mode)) return "pipe";
    return S_ISSOCK(mode) ? "socket" : "other";
}

std::string link_target(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t got = ::readlink(path.c_str(), target.data(), target.size());
    return got < 0 ? "" : escaped({target.data(), static_cast<std::size_t>(got)});
}

std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> out;
    DIR* listing = ::opendir(path.c_str());
    if (listing == nullptr) return out;
    while (const dirent* entry = ::readdir(listing)) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") out.push_back(name);
    }
    ::closedir(listing);
    std::sort(out.begin(), out.end());
    return out;
}

void ids(Context& context, const Words&) {
    std::array<uid_t, 3> u{};
    std::array<gid_t, 3> g{};
    ::getresuid(&u[0], &u[1], &u[2]);
    ::getresgid(&g[0], &g[1], &g[2]);
    std::ostringstream text;
    text << "uid " << u[0] << " " << u[1] << " " << u[2] << "\n"
         << "gid " << g[0] << " " << g[1] << " " << g[2] << "\ngroups";
    std::array<gid_t, 1024> groups{};
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    for (int i = 0; i < count; ++i) text << " " << groups[static_cast<std::size_t>(i)];
    say(context, text.str());
}

void capabilities(Context& context, const Words&) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    ::syscall(SYS_capget, &header, data.data());
    const auto whole = [](std::uint32_t low, std::uint32_t high) {
        return hexadecimal(std::uint64_t{high} << 32U | low);
    };
    std::uint64_t bounding = 0;
    std::uint64_t ambient = 0;
    for (unsigned i = 0; i < 64; ++i) {
        if (::prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1) bounding |= std::uint64_t{1} << i;
        if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) {
            ambient |= std::uint64_t{1} << i;
        }
    }
    say(context, "inheritable " + whole(data[0].inheritable, data[1].inheritable));
    say(context, "permitted " + whole(data[0].permitted, data[1].permitted));
    say(context, "effective " + whole(data[0].effective, data[1].effective));
    say(context, "bounding " + hexadecimal(bounding));
    say(context, "ambient " + hexadecimal(ambient));
    say(context, "no_new_privs " + std::to_string(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
    say(context, "seccomp " + std::to_string(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0)));
}

void process(Context& context, const Words&) {
    say(context, "argv0 " + escaped(context.called));
    say(context, "pid " + std::to_string(::getpid()));
    say(context, "ppid " + std::to_string(::getppid()));
    say(context, "pgid " + std::to_string(::getpgrp()));
    say(context, "sid " + std::to_string(::getsid(0)));
    const mode_t mask = ::umask(0);
    ::umask(mask);
    say(context, "umask " + octal(mask));
}

void signal_state(Context& context, const Words&) {
    sigset_t mask{};
    ::sigprocmask(SIG_BLOCK, nullptr, &mask);
    std::string blocked;
    std::string ignored;
    for (int i = 1; i < 32; ++i) {
        if (sigismember(&mask, i) == 1) blocked += std::string(" ") + sigabbrev_np(i);
        struct sigaction now {};
        ::sigaction(i, nullptr, &now);
        if (now.sa_handler == SIG_IGN) ignored += std::string(" ") + sigabbrev_np(i);
    }
    say(context, "blocked" + blocked);
    say(context, "ignored" + ignored);
}

void directory(Context& context, const Words&) {
    std::array<char, PATH_MAX> path{};
    const bool known = ::getcwd(path.data(), path.size()) != nullptr;
    say(context, std::string("cwd ") + (known ? escaped(path.data()) : strerrorname_np(errno)));
    const char* pwd = std::getenv("PWD");
    say(context, std::string("PWD ") + (pwd != nullptr ? escaped(pwd) : "unset"));
}

void environment(Context& context, const Words&) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
        say(context, "env " + escaped(*entry));
    }
}

void descriptors(Context& context, const Words&) {
    for (int fd = 0; fd < 1024; ++fd) {
        struct stat status {};
        if (::fstat(fd, &status) != 0) continue;
        say(context, "fd " + std::to_string(fd) + " " + type_of(status.st_mode));
    }
}

// "mount POINT OPTIONS TYPE [shared:N...]": what proc(5) calls fields 5, 6, 9 and the tags.
void mounts(Context& context, const Words&) {
    std::ifstream file("/proc/self/mountinfo");
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string skipped;
        std::string point;
        std::string options;
        std::string tags;
        std::string tag;
        std::string type;
        words >> skipped >> skipped >> skipped >> skipped >> point >> options;
        while (words >> tag && tag != "-") tags += " " + tag;
        words >> type;
        say(context, "mount " + point + " " + options + " " + type + tags);
    }
}

// The table as it is: what it tells of the host.
void mount_info(Context& context, const Words&) {
    std::ifstream file("/proc/self/mountinfo");
    for (std::string line; std::getline(file, line);) say(context, line);
}

void namespaces(Context& context, const Words&) {
    for (const char* name : {"user", "mnt", "pid", "ipc", "uts", "net", "cgroup", "time"}) {
        say(context,
            std::string("ns ") + name + " " + link_target(std::string("/proc/self/ns/") + name));
    }
}

void host_name(Context& context, const Words&) {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    say(context, std::string("hostname ") + escaped(name.data()));
}

std::string status_text(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return strerrorname_np(errno);
    std::string text = type_of(status.st_mode) + " " + octal(status.st_mode & 07777U);
    if (S_ISLNK(status.st_mode)) text += " " + link_target(path);
    if (S_ISREG(status.st_mode)) text += " " + std::to_string(status.st_size);
    return text;
}

void list(Context& context, const Words& words) {
    for (const std::string& name : names_in(words[0])) {
        say(context, "entry " + escaped(name) + " " + status_text(words[0] + "/" + name));
    }
}

void look(Context& context, const Words& words) { say(context, "look " + status_text(words[0])); }

void read_file(Context& context, const Words& words) {
    const int fd = ::open(words[0].c_str(), O_RDONLY | O_CLOEXEC);
    std::array<char, 4096> content{};
    const ssize_t got = fd < 0 ? -1 : ::read(fd, content.data(), content.size());
    if (got < 0) return tell(context, "read", got);
    say(context, "read ok " + escaped({content.data(), static_cast<std::size_t>(got)}));
    ::close(fd);
}

void running(Context& context, const Words&) {
    std::string text = "running";
    for (const std::string& name : names_in("/proc")) {
        if (name.find_first_not_of("0123456789") == std::string::npos) text += " " + name;
    }
    say(context, text);
}

}  // namespace

std::span<const Verb> sights() {
    static constexpr auto verbs = std::to_array<Verb>({
        {"ids", 0, ids},
        {"capabilities", 0, capabilities},
        {"process", 0, process},
        {"signal-state", 0, signal_state},
        {"directory", 0, directory},
        {"environment", 0, environment},
        {"descriptors", 0, descriptors},
        {"mounts", 0, mounts},
        {"mountinfo", 0, mount_info},
        {"namespaces", 0, namespaces},
        {"hostname", 0, host_name},
        {"list", 1, list},
        {"look", 1, look},
        {"read", 1, read_file},
        {"running", 0, running},
    });
    return verbs;
}

}  // namespace payload
