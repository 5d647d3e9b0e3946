// SPDX-License-Identifier: Apache-2.0
#include "keeper.hpp"

#include "place.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <stdexcept>

namespace integration {
namespace {

void say(const Pipe& answer, char byte) {
    if (::write(answer.write.get(), &byte, 1) != 1) ::_exit(1);
}

[[noreturn]] void wait_for_end(const Pipe& life) {
    char byte = 0;
    while (::read(life.read.get(), &byte, 1) > 0) {
    }
    ::_exit(0);
}

// In the process that keeps: makes everything, says so, and stays.
[[noreturn]] void keep(Keeper::With with, Pipe& life, const Pipe& answer) {
    life.write.close();
    ::alarm(60);
    enter_own_namespaces(As::root);
    if (with == Keeper::With::pid && ::unshare(CLONE_NEWPID) != 0) ::_exit(1);
    if (with != Keeper::With::nothing) {
        const pid_t below = ::fork();
        if (below == 0) {
            if (with == Keeper::With::child) enter_own_namespaces(As::root);
            say(answer, 'b');
            wait_for_end(life);
        }
        if (below < 0) ::_exit(1);
    }
    say(answer, 'k');
    wait_for_end(life);
}

Descriptor open_namespace(pid_t pid, const char* kind) {
    const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + kind;
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) throw std::runtime_error("cannot open " + path);
    return fd;
}

}  // namespace

Keeper::Keeper(With with) : life_(make_pipe()) {
    Pipe answer = make_pipe();
    pid_ = ::fork();
    if (pid_ == 0) {
        try {
            keep(with, life_, answer);
        } catch (...) {
            ::_exit(1);
        }
    }
    answer.write.close();
    life_.read.close();
    // 'k', and with a second process its 'b', in the order in which they come.
    std::string got;
    const std::size_t wanted = with == With::nothing ? 1 : 2;
    while (got.size() < wanted) {
        std::array<char, 16> buffer{};
        const ssize_t size = ends(answer.read) ? ::read(answer.read.get(), buffer.data(), 16) : -1;
        if (size <= 0) throw std::runtime_error("no namespaces to be kept");
        got.append(buffer.data(), static_cast<std::size_t>(size));
    }
    user_ = open_namespace(pid_, "user");
    if (with == With::pid) pid_namespace_ = open_namespace(pid_, "pid_for_children");
    if (with == With::child) {
        const std::string children = read_whole("/proc/" + std::to_string(pid_) + "/task/" +
                                                std::to_string(pid_) + "/children");
        child_ = open_namespace(std::atoi(children.c_str()), "user");
    }
}

Keeper::~Keeper() {
    life_.write.close();
    ::waitpid(pid_, nullptr, 0);
}

std::string Keeper::name_of(int descriptor) {
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor)).string();
}

}  // namespace integration
