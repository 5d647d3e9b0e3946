// SPDX-License-Identifier: Apache-2.0
#include "leftovers.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace compat {
namespace {

// proc(5), /proc/pid/stat: the parent is the second word after the name, which ends with ")".
pid_t parent_of(const std::string& process) {
    std::ifstream file(process + "/stat");
    std::string text;
    std::getline(file, text);
    const auto end = text.rfind(')');
    if (end == std::string::npos || end + 4 >= text.size()) return -1;
    pid_t parent = -1;
    std::from_chars(text.data() + end + 4, text.data() + text.size(), parent);
    return parent;
}

std::vector<pid_t> children() {
    std::vector<pid_t> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        pid_t pid = -1;
        const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (read.ec != std::errc() || pid <= 0) continue;
        if (parent_of(entry.path().string()) == ::getpid()) out.push_back(pid);
    }
    return out;
}

}  // namespace

Leftovers::Leftovers() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

Leftovers::~Leftovers() {
    // Each may leave children of its own.
    for (auto pids = children(); !pids.empty(); pids = children()) {
        for (const pid_t pid : pids) {
            ::kill(pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
    }
}

}  // namespace compat
