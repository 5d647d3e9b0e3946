// SPDX-License-Identifier: Apache-2.0
#include "namespaces.hpp"

#include "place.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string>

namespace compat {
namespace {

using integration::Descriptor;
using integration::Pipe;

[[noreturn]] void hold() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(60);
    while (true) ::pause();
}

// A child that calls `enter`, says so, and stays.
template <typename Enter>
pid_t holder(const Enter& enter) {
    Pipe ready = integration::make_pipe();
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork failed");
    if (pid == 0) {
        if (!enter() || ::write(ready.write.get(), "x", 1) != 1) ::_exit(1);
        hold();
    }
    ready.write.close();
    char byte = 0;
    if (!integration::ends(ready.read) || ::read(ready.read.get(), &byte, 1) != 1) {
        throw std::runtime_error("a namespace cannot be made");
    }
    return pid;
}

Descriptor namespace_of(pid_t pid, const std::string& kind) {
    const std::string path = "/proc/" + std::to_string(pid) + "/ns/" + kind;
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
    return fd;
}

// Into the user namespace on `parent`, where there is one. Its maker has every right in it.
bool enter(int parent) { return parent < 0 || ::setns(parent, CLONE_NEWUSER) == 0; }

}  // namespace

Held user_namespace(int parent) {
    const pid_t pid = holder([parent] {
        if (!enter(parent)) return false;
        const std::string uid = std::to_string(::geteuid());
        const std::string gid = std::to_string(::getegid());
        if (::unshare(CLONE_NEWUSER) != 0) return false;
        integration::write_to("/proc/self/setgroups", "deny");
        integration::write_to("/proc/self/uid_map", "0 " + uid + " 1\n");
        integration::write_to("/proc/self/gid_map", "0 " + gid + " 1\n");
        return true;
    });
    return {namespace_of(pid, "user"), pid};
}

Held pid_namespace(int parent) {
    // Its first child is the init of the namespace; the namespace lives as long as that does.
    const pid_t pid = holder([parent] {
        const bool needs_user = parent < 0 && ::geteuid() != 0;
        if (!enter(parent) || ::unshare(CLONE_NEWPID | (needs_user ? CLONE_NEWUSER : 0)) != 0) {
            return false;
        }
        const pid_t init = ::fork();
        if (init == 0) hold();
        return init > 0;
    });
    return {namespace_of(pid, "pid_for_children"), pid};
}

}  // namespace compat
