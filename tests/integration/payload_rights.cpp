// SPDX-License-Identifier: Apache-2.0
// Verbs about rights that a hostile command would like to have: capabilities, the caller's keys,
// the machine's sysctls, descriptors that were left open. None of them changes anything outside.
#include "payload.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace payload {
namespace {

bool is_process(const char* name) {
    return std::strspn(name, "0123456789") == std::strlen(name) || std::strcmp(name, "self") == 0 ||
           std::strcmp(name, "thread-self") == 0;
}

// Which files of procfs, those of processes apart, open for writing. Nothing is written.
void find_writable(const Context& context, const std::string& path, unsigned depth) {
    DIR* listing = ::opendir(path.c_str());
    if (listing == nullptr) return;
    while (const dirent* entry = ::readdir(listing)) {
        if (entry->d_name[0] == '.' || (depth == 0 && is_process(entry->d_name))) continue;
        const std::string name = path + "/" + entry->d_name;
        struct stat status {};
        if (::lstat(name.c_str(), &status) != 0) continue;
        if (S_ISDIR(status.st_mode)) find_writable(context, name, depth + 1);
        if (!S_ISREG(status.st_mode)) continue;
        const int fd = ::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) continue;
        ::close(fd);
        say(context, "writable " + escaped(name));
    }
    ::closedir(listing);
}

void writable_proc(Context& context, const Words& words) {
    find_writable(context, words[0], 0);
    say(context, "searched");
}

// Which files of procfs, those of processes and sysctls apart, open for reading although their mode
// is for their owner alone.
void find_owners(const Context& context, const std::string& path, bool closed, unsigned depth) {
    DIR* listing = ::opendir(path.c_str());
    if (listing == nullptr) return;
    while (const dirent* entry = ::readdir(listing)) {
        if (entry->d_name[0] == '.' || (depth == 0 && is_process(entry->d_name))) continue;
        const std::string name = path + "/" + entry->d_name;
        struct stat status {};
        if (::lstat(name.c_str(), &status) != 0) continue;
        const bool own = closed || (status.st_mode & 0004U) == 0;
        if (S_ISDIR(status.st_mode) && (depth != 0 || std::strcmp(entry->d_name, "sys") != 0)) {
            find_owners(context, name, own, depth + 1);
        }
        if (S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode) || !own) continue;
        const int fd = ::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) continue;
        ::close(fd);
        say(context, "owners " + escaped(name));
    }
    ::closedir(listing);
}

void owners_proc(Context& context, const Words& words) {
    find_owners(context, words[0], false, 0);
    say(context, "searched");
}

// What a file system can hold: "holds BYTES FILES".
void holds(Context& context, const Words& words) {
    struct statvfs status {};
    if (::statvfs(words[0].c_str(), &status) != 0) {
        tell(context, "holds", -1);
        return;
    }
    say(context, "holds " + std::to_string(status.f_blocks * status.f_frsize) + " " +
                     std::to_string(status.f_files));
}

// "core-limit SOFT HARD", and whether the hard one can be raised.
void core_limit(Context& context, const Words&) {
    rlimit limit{};
    ::getrlimit(RLIMIT_CORE, &limit);
    say(context,
        "core-limit " + std::to_string(limit.rlim_cur) + " " + std::to_string(limit.rlim_max));
    limit = {RLIM_INFINITY, RLIM_INFINITY};
    tell(context, "core-raise", ::setrlimit(RLIMIT_CORE, &limit));
}

// Looks for the key of type "user" with that description, in every keyring that has a name, and by
// its serial number: "key WHERE ENAME".
void find_key(Context& context, const Words& words) {
    const char* description = words[0].c_str();
    const long serial = std::atol(words[1].c_str());
    struct Ring {
        const char* name;
        long number;
    };
    constexpr std::array<Ring, 3> rings = {{{"session", KEY_SPEC_SESSION_KEYRING},
                                            {"process", KEY_SPEC_PROCESS_KEYRING},
                                            {"thread", KEY_SPEC_THREAD_KEYRING}}};
    for (const Ring& ring : rings) {
        tell(context, std::string("key ") + ring.name,
             ::syscall(SYS_keyctl, KEYCTL_SEARCH, ring.number, "user", description, 0));
    }
    tell(context, "key request", ::syscall(SYS_request_key, "user", description, nullptr, 0));
    std::array<char, 64> content{};
    tell(context, "key read",
         ::syscall(SYS_keyctl, KEYCTL_READ, serial, content.data(), content.size()));
    tell(context, "key link", ::syscall(SYS_keyctl, KEYCTL_LINK, serial, KEY_SPEC_SESSION_KEYRING));
    tell(context, "key change", ::syscall(SYS_keyctl, KEYCTL_UPDATE, serial, "x", 1));
}

// The same, with the serial number that comes on descriptor WORD.
void find_key_told(Context& context, const Words& words) {
    std::array<char, 32> number{};
    if (::read(std::atoi(words[1].c_str()), number.data(), number.size() - 1) > 0) {
        find_key(context, {words[0], number.data()});
    }
}

// What a process without privileges would need one for: "gain WHAT ENAME".
void gain(Context& context, const Words&) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    data[0].permitted = data[0].effective = 1U << CAP_SYS_ADMIN;
    tell(context, "gain permitted", ::syscall(SYS_capset, &header, data.data()));
    data = {};
    data[0].inheritable = 1U << CAP_SYS_ADMIN;
    tell(context, "gain inheritable", ::syscall(SYS_capset, &header, data.data()));
    tell(context, "gain ambient",
         ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0));
    const gid_t group = 0;
    tell(context, "gain groups", ::syscall(SYS_setgroups, 1, &group));
    tell(context, "gain no-groups", ::syscall(SYS_setgroups, 0, nullptr));
    tell(context, "gain mount", ::mount("none", "/", "tmpfs", 0, nullptr));
    tell(context, "gain namespace", ::unshare(CLONE_NEWNS));
    tell(context, "gain chroot", ::chroot("/"));
}

// COUNT orphans that end at once, and what is left of them when init has reaped: zombies.
void orphans(Context& context, const Words& words) {
    for (int i = std::atoi(words[0].c_str()); i > 0; --i) {
        const pid_t middle = ::fork();
        if (middle == 0) {
            if (::fork() >= 0) ::_exit(0);
            ::_exit(118);
        }
        ::waitpid(middle, nullptr, 0);
    }
    // There is no event for the last of them: init is asked again and again.
    for (bool some = true; some; ::sched_yield()) {
        some = false;
        DIR* listing = ::opendir("/proc");
        while (const dirent* entry = ::readdir(listing)) {
            const int pid = std::atoi(entry->d_name);
            some = some || (pid > 1 && pid != ::getpid());
        }
        ::closedir(listing);
    }
    say(context, "reaped");
}

// Every descriptor, whatever its number, and what it is open on.
void all_descriptors(Context& context, const Words&) {
    std::vector<int> numbers;
    DIR* listing = ::opendir("/proc/self/fd");
    while (const dirent* entry = ::readdir(listing)) {
        const int fd = std::atoi(entry->d_name);
        if (entry->d_name[0] != '.' && fd != ::dirfd(listing)) numbers.push_back(fd);
    }
    ::closedir(listing);
    std::sort(numbers.begin(), numbers.end());
    std::string text = "open";
    for (const int fd : numbers) text += " " + std::to_string(fd);
    say(context, text);
}

// "flags PATH NAME...": what the kernel says of the mount that PATH is on.
void mount_flags(Context& context, const Words& words) {
    for (const std::string& path : words) {
        struct statvfs status {};
        if (::statvfs(path.c_str(), &status) != 0) {
            tell(context, "flags " + escaped(path), -1);
            continue;
        }
        constexpr unsigned long no_symlinks = 0x2000;  // ST_NOSYMFOLLOW
        std::string text = "flags " + escaped(path);
        if ((status.f_flag & ST_RDONLY) != 0) text += " ro";
        if ((status.f_flag & ST_NOSUID) != 0) text += " nosuid";
        if ((status.f_flag & ST_NODEV) != 0) text += " nodev";
        if ((status.f_flag & ST_NOEXEC) != 0) text += " noexec";
        if ((status.f_flag & no_symlinks) != 0) text += " nosymfollow";
        say(context, text);
    }
}

}  // namespace

std::span<const Verb> rights() {
    static constexpr auto verbs = std::to_array<Verb>({
        {"writable-proc", 1, writable_proc},
        {"owners-proc", 1, owners_proc},
        {"holds", 1, holds},
        {"core-limit", 0, core_limit},
        {"find-key", 2, find_key},
        {"find-key-told", 2, find_key_told},
        {"gain", 0, gain},
        {"orphans", 1, orphans},
        {"all-descriptors", 0, all_descriptors},
        {"mount-flags", 1, mount_flags},
    });
    return verbs;
}

}  // namespace payload
