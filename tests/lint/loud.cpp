// SPDX-License-Identifier: Apache-2.0
// What the library must never do: it waits for a child as the library does, says so, and ends the
// program when that fails. Here to see quiet.sh name each of these.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

void wait_loudly();
void wait_loudly() {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED) != 0) {
        std::perror("waitid");
        std::abort();
    }
    std::printf("%d ended\n", static_cast<int>(info.si_pid));
    std::fprintf(stderr, "%d ended\n", static_cast<int>(info.si_pid));
    std::cerr << info.si_pid << " ended\n";
    std::cout << info.si_pid << " ended\n";
    if (info.si_status != 0) std::exit(info.si_status);
}
