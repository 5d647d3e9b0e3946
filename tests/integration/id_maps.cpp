// SPDX-License-Identifier: Apache-2.0
#include "id_maps.hpp"

#include "place.hpp"

#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <vector>

namespace integration {
namespace {

// The first id of the caller's range in /etc/subuid or /etc/subgid; nothing when it has none.
std::optional<std::string> first_of_range(const char* file) {
    const passwd* entry = ::getpwuid(::geteuid());
    if (entry == nullptr) return std::nullopt;
    const std::string prefix = std::string(entry->pw_name) + ":";
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(prefix, 0) != 0) continue;
        return line.substr(prefix.size(), line.find(':', prefix.size()) - prefix.size());
    }
    return std::nullopt;
}

bool run_mapper(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

bool map_ids(const std::string& pid) {
    const std::string uid = std::to_string(::geteuid());
    const std::string gid = std::to_string(::getegid());
    const std::string process = "/proc/" + pid;
    if (is_root()) {
        write_to(process + "/uid_map", "0 0 1\n1 100000 10\n");
        write_to(process + "/gid_map", "0 0 1\n1 100000 10\n");
        return true;
    }
    const auto more_uids = first_of_range("/etc/subuid");
    const auto more_gids = first_of_range("/etc/subgid");
    if (more_uids && more_gids &&
        run_mapper({"newuidmap", pid, "0", uid, "1", "1", *more_uids, "10"}) &&
        run_mapper({"newgidmap", pid, "0", gid, "1", "1", *more_gids, "10"})) {
        return true;
    }
    write_to(process + "/setgroups", "deny");
    write_to(process + "/uid_map", "0 " + uid + " 1\n");
    write_to(process + "/gid_map", "0 " + gid + " 1\n");
    return false;
}

}  // namespace integration
