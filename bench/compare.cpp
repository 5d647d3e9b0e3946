// SPDX-License-Identifier: Apache-2.0
// Runs commands in turn, many times, and prints for each the median and the tenth percentile of
// what a round took, as lines of JSON. Only ratios mean something on a shared machine.
//   compare [--rounds N] [--at-once N] [--reported] NAME COMMAND... [--- NAME COMMAND...]...
// A round is one start of the command, from nothing to reaped, in milliseconds of wall-clock time;
// with --at-once so many started together until the last is reaped; with --reported the number that
// the command prints.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

struct Contestant {
    const char* name;
    char** argv;
    std::vector<double> rounds = {};
};

struct Settings {
    int rounds = 200;
    int at_once = 1;
    bool reported = false;
};

[[noreturn]] void fail(const std::string& why) {
    std::fprintf(stderr, "compare: %s\n", why.c_str());
    std::exit(1);
}

pid_t start(char** argv, int out) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    if (out >= 0) {
        ::posix_spawn_file_actions_adddup2(&actions, out, 1);
    } else {
        ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    }
    pid_t pid = -1;
    const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) fail(std::string(argv[0]) + ": " + std::strerror(error));
    return pid;
}

void wait_for(const Contestant& contestant, pid_t pid) {
    int status = -1;
    if (::waitpid(pid, &status, 0) != pid || status != 0) {
        fail(std::string("\"") + contestant.name + "\" failed");
    }
}

double reported(const Contestant& contestant) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
    const pid_t pid = start(contestant.argv, ends[1]);
    ::close(ends[1]);
    std::string text;
    char buffer[256];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    wait_for(contestant, pid);
    return std::strtod(text.c_str(), nullptr);
}

double timed(const Contestant& contestant, int at_once) {
    std::vector<pid_t> pids;
    pids.reserve(static_cast<std::size_t>(at_once));
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < at_once; ++i) pids.push_back(start(contestant.argv, -1));
    for (const pid_t pid : pids) wait_for(contestant, pid);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    return took.count();
}

double quantile(std::vector<double> values, double which) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(which * static_cast<double>(values.size() - 1))];
}

int number(const char* text) {
    int value = 0;
    const auto end = text + std::strlen(text);
    if (std::from_chars(text, end, value).ptr != end || value <= 0) {
        fail(std::string("\"") + text + "\" is no number above 0");
    }
    return value;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    int at = 1;
    for (; at + 1 < argc && std::strncmp(argv[at], "--", 2) == 0; ++at) {
        const std::string option = argv[at];
        if (option == "--rounds") {
            settings.rounds = number(argv[++at]);
        } else if (option == "--at-once") {
            settings.at_once = number(argv[++at]);
        } else if (option == "--reported") {
            settings.reported = true;
        } else {
            fail("unknown option " + option);
        }
    }
    std::vector<Contestant> contestants;
    for (int begin = at; at <= argc; ++at) {
        if (at < argc && std::strcmp(argv[at], "---") != 0) continue;
        if (at - begin < 2) fail("a name and a command are wanted");
        argv[at] = nullptr;
        contestants.push_back({argv[begin], argv + begin + 1});
        begin = at + 1;
    }
    // Each round in another order: whoever comes next pays for what the kernel still clears away,
    // such as a network namespace.
    std::mt19937 order;  // the same orders in each run
    std::vector<Contestant*> turns;
    for (Contestant& contestant : contestants) turns.push_back(&contestant);
    for (int round = 0; round < settings.rounds; ++round) {
        std::shuffle(turns.begin(), turns.end(), order);
        for (Contestant* contestant : turns) {
            contestant->rounds.push_back(settings.reported ? reported(*contestant)
                                                           : timed(*contestant, settings.at_once));
        }
    }
    for (const Contestant& contestant : contestants) {
        std::printf("{\"name\":\"%s\",\"median\":%.6g,\"p10\":%.6g,\"rounds\":%d}\n",
                    contestant.name, quantile(contestant.rounds, 0.5),
                    quantile(contestant.rounds, 0.1), settings.rounds);
    }
    return 0;
}
