// SPDX-License-Identifier: Apache-2.0
// Mounts do not travel between the host and the sandbox, in either direction, also where the
// host's mounts are shared.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};

// In namespaces of its own, with every mount shared, as systemd leaves a host.
void become_shared_host(const std::string& place) {
    enter_own_namespaces(As::itself);
    mount_or_throw("none", place, "tmpfs", 0);
    std::filesystem::create_directory(place + "/sub");
    mount_or_throw(nullptr, "/", nullptr, MS_REC | MS_SHARED);
}

TEST_CASE("what the host mounts later does not appear inside", "[propagation]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string out = in_child([&] {
            become_shared_host(place.path());
            Pipe control = make_pipe();
            Start start = sandbox(name, {"--bind", place.path(), "/d", "--bind", "/", "/all"},
                                  {"echo", "up", ",", "wait-byte", "0", ",", "list", "/d/sub", ",",
                                   "list", "/all" + place.path() + "/sub", ",", "mounts"});
            start.descriptors = {{0, control.read.get()}};
            Running running(start);
            running.expect("up\n");
            mount_or_throw("none", place.path() + "/sub", "tmpfs", 0);
            std::filesystem::create_directory(place.path() + "/sub/later");
            if (::write(control.write.get(), "x", 1) != 1) return std::string("threw: write");
            const Ended ended = running.wait();
            return ended.out + ended.err;
        });
        INFO(out);
        CHECK(contains(out, "byte\n"));
        CHECK_FALSE(contains(out, "later"));
        CHECK_FALSE(contains(out, "mount /d/sub"));
        // Private, not even a receiver.
        CHECK_FALSE(contains(out, "shared:"));
        CHECK_FALSE(contains(out, "master:"));
    }
}

TEST_CASE("what is mounted inside does not appear on the host", "[propagation]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string out = in_child([&] {
            become_shared_host(place.path());
            const std::string before = read_whole("/proc/self/mountinfo");
            std::vector<std::string> options = {"--bind", place.path(),     "/d",        "--tmpfs",
                                                "/d/sub", "--unshare-user", "--cap-add", "ALL"};
            if (name == Name::sbx) options.insert(options.end(), {"--seccomp-policy", "none"});
            Pipe control = make_pipe();
            Start start = sandbox(name, options,
                                  {"mount", "/d/sub", ",", "write", "/d/sub/x", "y", ",", "echo",
                                   "up", ",", "wait-end", "0"});
            start.descriptors = {{0, control.read.get()}};
            Running running(start);
            running.expect("up\n");
            const std::string during = read_whole("/proc/self/mountinfo");
            const bool hidden = std::filesystem::is_empty(place.path() + "/sub");
            control.write.close();
            const Ended ended = running.wait();
            const std::string after = read_whole("/proc/self/mountinfo");
            return ended.out + ended.err + (during == before ? "same during\n" : during) +
                   (after == before ? "same after\n" : after) + (hidden ? "hidden\n" : "");
        });
        CHECK(out == "mount ok\nwrite ok\nup\nsame during\nsame after\nhidden\n");
    }
}

TEST_CASE("root without a user namespace leaves the host's mounts alone, too", "[propagation]") {
    const TemporaryDirectory place;
    const std::string out = in_child([&] {
        become_shared_host(place.path());
        const std::string before = read_whole("/proc/self/mountinfo");
        // In the namespaces just made the caller is whoever it was: an ordinary user gets a user
        // namespace from bwrap, root does not.
        const Ended ended = run(bwrap(
            {"--bind", place.path(), "/d", "--tmpfs", "/d/sub", "--proc", "/proc", "--dev", "/dev"},
            {"mounts"}));
        const std::string after = read_whole("/proc/self/mountinfo");
        return ended.out + ended.err + (after == before ? "same after\n" : after);
    });
    INFO(out);
    CHECK(has_line(out, "same after"));
    CHECK_FALSE(contains(out, "shared:"));
}

TEST_CASE("a mount that the host removes later stays inside", "[propagation]") {
    const TemporaryDirectory place;
    const std::string out = in_child([&] {
        become_shared_host(place.path());
        mount_or_throw("none", place.path() + "/sub", "tmpfs", 0);
        std::filesystem::create_directory(place.path() + "/sub/there");
        Pipe control = make_pipe();
        Start start = sbx({"--bind", place.path(), "/d"},
                          {"echo", "up", ",", "wait-byte", "0", ",", "list", "/d/sub"});
        start.descriptors = {{0, control.read.get()}};
        Running running(start);
        running.expect("up\n");
        if (::umount2((place.path() + "/sub").c_str(), MNT_DETACH) != 0)
            return std::string("umount");
        if (::write(control.write.get(), "x", 1) != 1) return std::string("write");
        return running.wait().out;
    });
    CHECK(out == "up\nbyte\nentry there directory 0755\n");
}

}  // namespace
}  // namespace integration
