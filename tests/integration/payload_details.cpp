// SPDX-License-Identifier: Apache-2.0
// Verbs that look closer than those of payload_sights.cpp, for what must be the same as elsewhere.
#include "payload.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace payload {
namespace {

struct Mount {
    std::string root;
    std::string point;
    std::string options;
    std::string type;
    std::string super_options;
};

// proc(5), /proc/pid/mountinfo.
Mount parse(const std::string& line) {
    std::istringstream words(line);
    std::string skipped;
    Mount out;
    words >> skipped >> skipped >> skipped >> out.root >> out.point >> out.options;
    while (words >> skipped && skipped != "-") {
    }
    words >> out.type >> skipped >> out.super_options;
    return out;
}

bool is_below(const std::string& point, const std::string& top) {
    if (top == "/" || point == top) return true;
    return point.compare(0, top.size() + 1, top + "/") == 0;
}

// What a file system in memory was mounted with, without the verbs owner and look show.
std::string without_owner(const std::string& options) {
    std::istringstream words(options);
    std::string out;
    for (std::string word; std::getline(words, word, ',');) {
        if (word.rfind("mode=", 0) == 0 || word.rfind("uid=", 0) == 0) continue;
        if (word.rfind("gid=", 0) == 0) continue;
        out += (out.empty() ? "" : ",") + word;
    }
    return out;
}

// "mount POINT from ROOT OPTIONS TYPE SUPEROPTIONS", for what is mounted at or below one of the
// words, in the order of the names. What a disk's file system was mounted with, and the root of a
// file system in memory, are no affair of the sandbox.
void mount_table(Context& context, const Words& words) {
    std::ifstream file("/proc/self/mountinfo");
    std::vector<Mount> mounts;
    for (std::string line; std::getline(file, line);) {
        Mount mount = parse(line);
        const bool wanted = std::any_of(words.begin(), words.end(), [&](const std::string& top) {
            return is_below(mount.point, top);
        });
        if (wanted) mounts.push_back(std::move(mount));
    }
    std::stable_sort(mounts.begin(), mounts.end(),
                     [](const Mount& a, const Mount& b) { return a.point < b.point; });
    for (const Mount& mount : mounts) {
        const bool in_memory = mount.type == "tmpfs" || mount.type == "devpts" ||
                               mount.type == "mqueue" || mount.type == "proc";
        const std::string type = in_memory || mount.type == "overlay" ? mount.type : "disk";
        std::string text = "mount " + mount.point;
        if (!in_memory) text += " from " + mount.root;
        text += " " + mount.options + " " + type;
        if (in_memory) text += " " + without_owner(mount.super_options);
        say(context, text);
    }
}

void owner(Context& context, const Words& words) {
    struct stat status {};
    if (::stat(words[0].c_str(), &status) != 0) return tell(context, "owner", -1);
    say(context, "owner " + std::to_string(status.st_uid) + " " + std::to_string(status.st_gid));
}

void maps(Context& context, const Words&) {
    for (const char* name : {"uid_map", "gid_map", "setgroups"}) {
        std::ifstream file(std::string("/proc/self/") + name);
        for (std::string line; std::getline(file, line);) {
            std::istringstream words(line);
            std::string text = name;
            for (std::string word; words >> word;) text += " " + word;
            say(context, text);
        }
    }
}

// Whether others hold a lock that keeps this process from writing.
void lock(Context& context, const Words& words) {
    const int fd = ::open(words[0].c_str(), O_RDWR | O_CLOEXEC);
    struct flock wanted {};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    tell(context, "lock", fd < 0 ? fd : ::fcntl(fd, F_SETLK, &wanted));
    if (fd >= 0) ::close(fd);
}

// Waits until somebody else has a lock on the file: bubblewrap takes its own beside the command.
void await_lock(Context&, const Words& words) {
    const int fd = ::open(words[0].c_str(), O_RDWR | O_CLOEXEC);
    struct flock wanted {};
    do {
        wanted = {};
        wanted.l_type = F_WRLCK;
        wanted.l_whence = SEEK_SET;
        ::sched_yield();
    } while (::fcntl(fd, F_GETLK, &wanted) == 0 && wanted.l_type == F_UNLCK);
    ::close(fd);
}

}  // namespace

std::span<const Verb> details() {
    static constexpr auto verbs = std::to_array<Verb>({
        {"mount-table", 1, mount_table},
        {"owner", 1, owner},
        {"maps", 0, maps},
        {"lock", 1, lock},
        {"await-lock", 1, await_lock},
    });
    return verbs;
}

}  // namespace payload
