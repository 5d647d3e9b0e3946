// SPDX-License-Identifier: Apache-2.0
// Starts two commands in turn, many times, and prints the median and p10 of their wall-clock times
// in milliseconds and the ratio of the medians. Only the ratio means something on a shared machine.
//   startup ROUNDS COMMAND-A... --- COMMAND-B...
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

// One start of `argv` from nothing to reaped; negative when it did not exit with 0.
double start_once(char** argv) {
    const auto begin = std::chrono::steady_clock::now();
    pid_t pid = -1;
    if (::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv, environ) != 0) return -1;
    int status = -1;
    ::waitpid(pid, &status, 0);
    const Milliseconds took = std::chrono::steady_clock::now() - begin;
    return status == 0 ? took.count() : -1;
}

double quantile(std::vector<double> times, double which) {
    std::sort(times.begin(), times.end());
    return times[static_cast<std::size_t>(which * static_cast<double>(times.size() - 1))];
}

void print(const char* name, const std::vector<double>& times) {
    std::printf("%-24s median %7.3f ms   p10 %7.3f ms\n", name, quantile(times, 0.5),
                quantile(times, 0.1));
}

}  // namespace

int main(int argc, char** argv) {
    int rounds = 0;
    int split = 2;
    if (argc > 2) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), rounds);
    while (split < argc && std::strcmp(argv[split], "---") != 0) ++split;
    if (rounds <= 0 || split == 2 || split + 1 >= argc) {
        std::fprintf(stderr, "usage: startup ROUNDS COMMAND-A... --- COMMAND-B...\n");
        return 2;
    }
    char** first = argv + 2;
    char** second = argv + split + 1;
    argv[split] = nullptr;
    std::vector<double> a;
    std::vector<double> b;
    for (int i = 0; i < rounds; ++i) {
        a.push_back(start_once(first));
        b.push_back(start_once(second));
        if (a.back() < 0 || b.back() < 0) {
            std::fprintf(stderr, "startup: \"%s\" failed\n", a.back() < 0 ? first[0] : second[0]);
            return 1;
        }
    }
    print(first[0], a);
    print(second[0], b);
    std::printf("ratio of the medians %.3f   of the p10 %.3f   (%d rounds in turn)\n",
                quantile(a, 0.5) / quantile(b, 0.5), quantile(a, 0.1) / quantile(b, 0.1), rounds);
    return 0;
}
