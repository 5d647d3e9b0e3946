// SPDX-License-Identifier: Apache-2.0
// usage: faults_payload [PATH...]
// The command of a sandbox that was built with a fault: it prints a line for each protection that
// it is under, and what is at each PATH. Static and small: it is started thousands of times.
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::string out;

void say(const std::string& what, const std::string& value) { out += what + " " + value + "\n"; }

std::string result_of(long result) {
    return result >= 0 ? std::to_string(result) : strerrorname_np(errno);
}

std::string read_whole(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::string(strerrorname_np(errno)) + "\n";
    std::string text;
    std::array<char, 16384> buffer{};
    for (ssize_t got = 1; got > 0;) {
        got = ::read(fd, buffer.data(), buffer.size());
        if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(fd);
    return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (end > 0) parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::string octal(unsigned value) {
    std::string text;
    for (; value != 0 || text.empty(); value /= 8) {
        text.insert(text.begin(), static_cast<char>('0' + value % 8));
    }
    return text;
}

// The lines of `path` (/proc/PID/status) that begin with one of `keys`.
void tell_status(const std::string& path, const std::vector<std::string>& keys) {
    for (const std::string& line : split(read_whole(path), '\n')) {
        const std::string key = line.substr(0, line.find(':'));
        if (std::find(keys.begin(), keys.end(), key) != keys.end()) say(path, line);
        if (key == "NSpid") say(path, "pids " + std::to_string(split(line, '\t').size() - 1));
    }
}

void tell_processes() {
    tell_status("/proc/self/status",
                {"Umask", "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
                 "NoNewPrivs", "Seccomp", "Seccomp_filters", "SigBlk", "SigIgn", "SigCgt"});
    // What init, or the first process of the machine, lets us see of itself.
    tell_status("/proc/1/status", {"Uid", "CapInh", "CapPrm", "CapEff", "CapAmb", "SigBlk"});
    std::array<char, PATH_MAX> link{};
    say("root of init", result_of(::readlink("/proc/1/root", link.data(), link.size())));
    // Not whether they are listed: init is opaque until it knows that it is alone in its memory.
    bool followed = false;
    if (DIR* fds = ::opendir("/proc/1/fd")) {
        while (const dirent* entry = ::readdir(fds)) {
            const std::string path = std::string("/proc/1/fd/") + entry->d_name;
            if (::readlink(path.c_str(), link.data(), link.size()) >= 0) followed = true;
        }
        ::closedir(fds);
    }
    say("descriptors of init", followed ? "followed" : "closed");
    say("leads session", ::getsid(0) == ::getpid() ? "yes" : "no");
    say("leads group", ::getpgrp() == ::getpid() ? "yes" : "no");
    int value = 0;
    ::prctl(PR_GET_PDEATHSIG, &value);
    say("death signal", std::to_string(value));
    ::prctl(PR_GET_CHILD_SUBREAPER, &value);
    say("subreaper", std::to_string(value));
    say("signal to init", result_of(::kill(1, 0)));  // Landlock scopes refuse it
    say("dumpable", result_of(::prctl(PR_GET_DUMPABLE)));
    say("secure bits", result_of(::prctl(PR_GET_SECUREBITS)));
    say("keyring",
        result_of(::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)));
}

void tell_namespaces() {
    for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
        struct stat status {};
        const int got = ::stat((std::string("/proc/self/ns/") + name).c_str(), &status);
        say(std::string("namespace ") + name,
            got == 0 ? std::to_string(status.st_ino) : result_of(got));
    }
    for (const char* name : {"uid_map", "gid_map", "setgroups"}) {
        for (const std::string& line : split(read_whole(std::string("/proc/self/") + name), '\n')) {
            say(name, line);
        }
    }
    utsname system{};
    ::uname(&system);
    say("host name", system.nodename);
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    const int got = fd < 0 ? fd : ::ioctl(fd, SIOCGIFFLAGS, &request);
    say("loopback", got < 0 ? result_of(got) : octal(static_cast<unsigned>(request.ifr_flags)));
    if (fd >= 0) ::close(fd);
}

// What a file system was mounted with, without the numbers of descriptors by which an overlay names
// its layers.
std::string without_layers(const std::string& options) {
    std::string text;
    for (const std::string& option : split(options, ',')) {
        const bool layer = option.find("dir=") != std::string::npos;
        text += (text.empty() ? "" : ",") + (layer ? option.substr(0, option.find('=')) : option);
    }
    return text;
}

// Without the numbers of mounts, devices and peer groups, which are others each time.
void tell_mounts() {
    for (const std::string& line : split(read_whole("/proc/self/mountinfo"), '\n')) {
        const std::vector<std::string> words = split(line, ' ');
        std::string text;
        for (std::size_t i = 3; i < words.size(); ++i) {
            const bool numbered =
                words[i].find(':') != std::string::npos &&
                (words[i].rfind("shared", 0) == 0 || words[i].rfind("master", 0) == 0 ||
                 words[i].rfind("propagate", 0) == 0);
            text += (text.empty() ? "" : " ") +
                    (numbered ? words[i].substr(0, words[i].find(':')) : without_layers(words[i]));
        }
        say("mount", text);
    }
}

void tell_descriptors() {
    for (int fd = 0; fd < 1024; ++fd) {
        struct stat status {};
        if (::fstat(fd, &status) != 0) continue;
        say("descriptor", std::to_string(fd) + " type " + octal(status.st_mode & S_IFMT) +
                              " flags " + octal(static_cast<unsigned>(::fcntl(fd, F_GETFL))) +
                              " exec " + std::to_string(::fcntl(fd, F_GETFD)));
    }
}

void tell_path(const std::string& path) {
    struct stat status {};
    if (const int got = ::lstat(path.c_str(), &status); got != 0) return say(path, result_of(got));
    say(path, "mode " + octal(status.st_mode) + " owner " + std::to_string(status.st_uid) + ":" +
                  std::to_string(status.st_gid));
    if (S_ISLNK(status.st_mode)) {
        std::array<char, PATH_MAX> link{};
        const ssize_t size = ::readlink(path.c_str(), link.data(), link.size());
        say(path,
            "to " + std::string(link.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
    }
    if (S_ISREG(status.st_mode)) {
        say(path, "says " + read_whole(path));
        const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        say(path, "writing " + (fd < 0 ? result_of(fd) : "possible"));
        struct flock wanted {};
        wanted.l_type = F_WRLCK;
        if (fd >= 0) say(path, "locking " + result_of(::fcntl(fd, F_SETLK, &wanted)));
        if (fd >= 0) ::close(fd);
    }
    if (S_ISDIR(status.st_mode)) {
        std::vector<std::string> names;
        DIR* listing = ::opendir(path.c_str());
        while (const dirent* entry = listing == nullptr ? nullptr : ::readdir(listing)) {
            names.emplace_back(entry->d_name);
        }
        if (listing != nullptr) ::closedir(listing);
        std::sort(names.begin(), names.end());
        std::string text;
        for (const std::string& name : names) text += " " + name;
        say(path, "has" + text);
    }
}

}  // namespace

int main(int argc, char** argv, char** envp) {
    out = "the command ran\n";
    tell_processes();
    tell_namespaces();
    tell_mounts();
    tell_descriptors();
    for (char** entry = envp; *entry != nullptr; ++entry) say("environment", *entry);
    for (int i = 0; i < argc; ++i) say("word", argv[i]);
    std::array<char, PATH_MAX> directory{};
    say("directory",
        ::getcwd(directory.data(), directory.size()) == nullptr ? "none" : directory.data());
    for (int i = 1; i < argc; ++i) tell_path(argv[i]);
    say("new user namespace", result_of(::unshare(CLONE_NEWUSER)));
    out += "the end\n";
    return ::write(1, out.data(), out.size()) == static_cast<ssize_t>(out.size()) ? 0 : 1;
}
