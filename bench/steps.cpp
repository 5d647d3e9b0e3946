// SPDX-License-Identifier: Apache-2.0
// Runs a program one instruction at a time, with the processes that it makes, until each executes
// another program. Prints where in the executable each new instruction is, as an offset in
// hexadecimal, in the order of first use; tools/order-start reads it. Knows x86-64 only.
//   steps PROGRAM ARGUMENTS...
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "steps: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

pid_t start(char** argv) {
    const pid_t pid = ::fork();
    if (pid < 0) fail("fork");
    if (pid == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::execv(argv[0], argv);
        std::fprintf(stderr, "steps: %s: %s\n", argv[0], std::strerror(errno));
        ::_exit(127);
    }
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) fail("waitpid");
    const long options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (::ptrace(PTRACE_SETOPTIONS, pid, nullptr, options) != 0) fail("ptrace");
    return pid;
}

// Of a position-independent executable that has just been executed: its first mapping.
unsigned long beginning_of(pid_t pid, const char* program) {
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    const std::string name = std::string("/") + (std::strrchr(program, '/') + 1);
    for (std::string line; std::getline(maps, line);) {
        if (line.size() > name.size() &&
            line.compare(line.size() - name.size(), name.size(), name) == 0) {
            return std::stoul(line, nullptr, 16);
        }
    }
    fail("its mapping is not found");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || std::strchr(argv[1], '/') == nullptr) {
        std::fprintf(stderr, "usage: steps /PROGRAM ARGUMENTS...\n");
        return 2;
    }
    const pid_t first = start(argv + 1);
    const unsigned long base = beginning_of(first, argv[1]);
    std::vector<bool> seen(std::size_t{1} << 26U);
    int end = 1;
    ::ptrace(PTRACE_SINGLESTEP, first, nullptr, nullptr);
    for (;;) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, __WALL);
        if (pid < 0) return end;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == first) end = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
            continue;
        }
        if (status >> 16 == PTRACE_EVENT_EXEC) {
            ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
            continue;
        }
        user_regs_struct registers{};
        if (::ptrace(PTRACE_GETREGS, pid, nullptr, &registers) == 0) {
            const unsigned long at = registers.rip - base;
            if (at < seen.size() && !seen[at]) {
                seen[at] = true;
                std::printf("%lx\n", at);
            }
        }
        const int number = WSTOPSIG(status);
        const bool own = number == SIGTRAP || number == SIGSTOP;
        ::ptrace(PTRACE_SINGLESTEP, pid, nullptr, own ? 0L : static_cast<long>(number));
    }
}
