// SPDX-License-Identifier: Apache-2.0
// The host mounts and unmounts all the time while sandboxes are made of the same directories: each
// is complete, read-only and private, or is refused; none is half of it.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace integration {
namespace {

using Options = std::vector<std::string>;
constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

// A process that mounts and unmounts below `place` until it is killed.
pid_t start_churning(const std::string& place) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned i = 0;; ++i) {
        const std::string point = place + "/" + std::to_string(i % 8);
        ::mount("none", point.c_str(), "tmpfs", 0, nullptr);
        const std::string below = point + "/below";
        ::mkdir(below.c_str(), 0755);
        ::mount("none", below.c_str(), "tmpfs", 0, nullptr);
        ::umount2((place + "/" + std::to_string((i + 4) % 8)).c_str(), MNT_DETACH);
    }
}

// What one sandbox says: nothing may be writable below the read-only bind, and none of its mounts
// may be shared or without the flags, whatever the host was doing.
std::string faults(const std::string& out) {
    std::string found;
    bool complete = false;
    for (const std::string& line : lines_of(out)) {
        complete = complete || line == "done";
        if (line.rfind("mount /ro", 0) == 0 && !contains(line, " ro,nosuid,nodev")) found += line;
        if (line.rfind("mount /rw", 0) == 0 && !contains(line, ",nosuid,nodev")) found += line;
        if (contains(line, "shared:") || contains(line, "master:")) found += line;
        if (line.rfind("write ", 0) == 0 && line != "write EROFS" && line != "write ENOENT") {
            found += line;
        }
    }
    return complete ? found : found + "incomplete: " + out;
}

TEST_CASE("mounts that come and go on the host during set-up do no harm", "[churn]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string out = in_child([&] {
            enter_own_namespaces(As::itself);
            mount_or_throw("none", place.path(), "tmpfs", 0);
            for (int i = 0; i < 8; ++i) place.directory(std::to_string(i));
            mount_or_throw(nullptr, "/", nullptr, MS_REC | MS_SHARED);
            const std::string before = read_whole("/proc/self/mountinfo");
            const pid_t churning = start_churning(place.path());
            std::string found;
            int ran = 0;
            for (int i = 0; i < 30; ++i) {
                const std::string at = "/ro/" + std::to_string(i % 8);
                const Ended ended =
                    run(sandbox(name,
                                {"--ro-bind", place.path(), "/ro", "--bind", place.path(), "/rw",
                                 "--tmpfs", "/ro/1", "--remount-ro", "/ro/1"},
                                {"write", at + "/x", "y", ",", "write", at + "/below/x", "y", ",",
                                 "mounts", ",", "echo", "done"}));
                found += ended.err;
                if (ended.status == 0) ++ran;
                found += faults(ended.out);
            }
            ::kill(churning, SIGKILL);
            ::waitpid(churning, nullptr, 0);
            for (int i = 0; i < 8; ++i) {
                const std::string point = place.path() + "/" + std::to_string(i);
                while (::umount2(point.c_str(), MNT_DETACH) == 0) {
                }
            }
            if (read_whole("/proc/self/mountinfo") != before) found += "mounts were left behind";
            return found + std::to_string(ran);
        });
        CHECK(out == "30");
    }
}

}  // namespace
}  // namespace integration
