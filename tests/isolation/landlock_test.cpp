// SPDX-License-Identifier: Apache-2.0
// The second wall: what the mounts cannot close, Landlock does; and what builds need goes on.
#include "descriptor_passing.hpp"
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace integration {
namespace {

using Words = std::vector<std::string>;

// What this kernel has of it. The promises are made for the versions named.
long abi() {
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
}
bool keeps_files() { return abi() >= 2; }
bool keeps_signals() { return abi() >= 6; }

struct SocketPair {
    Descriptor here;
    Descriptor there;
};

SocketPair make_sockets() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

TEST_CASE("a directory of the host that is handed in later opens nothing", "[landlock]") {
    REQUIRE(keeps_files());
    const TemporaryDirectory place;
    place.file("secret", "x");
    const Descriptor directory(::open(place.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::string before = place.listing();
    const auto attack = [&](Words options) {
        const SocketPair sockets = make_sockets();
        options.insert(options.end(), {"--keep-fd", "7"});
        Start start = sbx(options, {"receive-and-open", "7", "secret"});
        start.descriptors = {{7, sockets.there.get()}};
        REQUIRE(descriptor_passing::send(sockets.here.get(), directory.get()));
        return output(start);
    };
    CHECK(attack({}) == "open-below EACCES\nwrite-below EACCES\n");
    CHECK(attack({"--seccomp-policy", "none"}) == "open-below EACCES\nwrite-below EACCES\n");
    CHECK(place.listing() == before);
    // Without it nothing stands in the way: this test can fail.
    CHECK(attack({"--landlock", "off"}) == "open-below ok\nwrite-below ok\n");
}

TEST_CASE("standard input that was opened to read is not opened again to write", "[landlock]") {
    REQUIRE(keeps_files());
    const TemporaryDirectory place;
    const std::string path = place.file("input", "text");
    const auto attack = [&](const Words& options) {
        const Descriptor input(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        Start start = sbx(options, {"read", "/proc/self/fd/0", ",", "open-rw", "/proc/self/fd/0",
                                    ",", "write", "/proc/self/fd/0", "gone"});
        start.descriptors = {{0, input.get()}};
        return output(start);
    };
    CHECK(attack({}) == "read ok text\nopen-rw EACCES\nwrite EACCES\n");
    CHECK(read_whole(path) == "text");
    CHECK(attack({"--landlock=off"}) == "read ok text\nopen-rw ok\nwrite ok\n");
}

TEST_CASE("/dev/stderr works where it is a file of the host, in the mode that it has",
          "[landlock]") {
    const TemporaryDirectory place;
    const std::string path = place.file("log", "", 0600);
    const Descriptor log(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    Start file = sbx({}, {"write", "/dev/stderr", "text", ",", "read", "/dev/stderr"});
    file.descriptors = {{2, log.get()}};
    CHECK(output(file) == (keeps_files() ? "write ok\nread EACCES\n" : "write ok\nread ok text\n"));
    CHECK(read_whole(path) == "text");
}

TEST_CASE("everything that is mounted writable can be written", "[landlock]") {
    const TemporaryDirectory place;
    const std::string lower = place.directory("lower");
    const std::string bound = place.directory("bound");
    const std::string file = place.file("file", "");
    const Descriptor by_fd(::open(place.directory("by-fd").c_str(), O_PATH | O_CLOEXEC));
    const Descriptor data = file_with("old");
    Start start = sbx({"--bind",
                       bound,
                       "/bound",
                       "--bind",
                       file,
                       "/file",
                       "--bind-fd",
                       "7",
                       "/by-fd",
                       "--bind-data",
                       "8",
                       "/data",
                       "--tmpfs",
                       "/tmpfs",
                       "--overlay-src",
                       lower,
                       "--tmp-overlay",
                       "/overlay",
                       "--dev-bind",
                       "/dev/null",
                       "/null",
                       "--ro-bind",
                       bound,
                       "/read-only",
                       "--tmpfs",
                       "/read-only-not"},
                      {"write",  "/bound/x",
                       "y",      ",",
                       "write",  "/file",
                       "y",      ",",
                       "write",  "/by-fd/x",
                       "y",      ",",
                       "write",  "/data",
                       "y",      ",",
                       "write",  "/tmpfs/x",
                       "y",      ",",
                       "write",  "/null",
                       "y",      ",",
                       "write",  "/tmp/x",
                       "y",      ",",
                       "write",  "/read-only-not/x",
                       "y",      ",",
                       "write",  "/dev/shm/x",
                       "y",      ",",
                       "mkdir",  "/bound/d",
                       ",",      "queue",
                       "/queue", ",",
                       "write",  "/proc/self/comm",
                       "name",   ",",
                       "write",  "/overlay/x",
                       "y",      ",",
                       "write",  "/read-only/x",
                       "y",      ",",
                       "write",  "/x",
                       "y"});
    start.descriptors = {{7, by_fd.get()}, {8, data.get()}};
    const Words lines = lines_of(output(start));
    REQUIRE(lines.size() == 15);
    for (std::size_t i = 0; i < 13; ++i) {
        INFO(i << " " << lines[i]);
        CHECK(contains(lines[i], " ok"));
    }
    CHECK(lines[13] == "write EROFS");
    CHECK(lines[14] == "write EROFS");
}

TEST_CASE("renames and links between directories go on", "[landlock]") {
    const TemporaryDirectory place;
    place.directory("a");
    place.directory("b");
    place.file("a/x", "y");
    CHECK(
        output(sbx({"--bind", place.path(), "/src"},
                   {"rename", "/src/a/x", "/src/b/x", ",",        "link",  "/src/b/x",   "/src/a/y",
                    ",",      "mkdir",    "/tmp/c",   ",",        "write", "/tmp/f",     "x",
                    ",",      "rename",   "/tmp/f",   "/tmp/c/f", ",",     "trace-child"})) ==
        "rename ok\nlink ok\nmkdir ok\nwrite ok\nrename ok\ntrace-child ok\n");
}

TEST_CASE("signals do not leave the sandbox although the pids are shared", "[landlock]") {
    const std::string pid = std::to_string(::getpid());
    const auto attack = [&](Words options) {
        options.emplace_back("--share-pid");
        return output(sbx(options, {"kill", pid, "0", ",", "kill", "0", "0"}));
    };
    CHECK(attack({}) == (keeps_signals() ? "kill EPERM\nkill ok\n" : "kill ok\nkill ok\n"));
    CHECK(attack({"--landlock", "off"}) == "kill ok\nkill ok\n");
}

TEST_CASE("abstract sockets of the host are out of reach although the network is shared",
          "[landlock]") {
    const Descriptor server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(sa_family_t);  // a name of the kernel's choice
    REQUIRE(::bind(server.get(), generic, size) == 0);
    REQUIRE(::listen(server.get(), 8) == 0);
    size = sizeof address;
    ::getsockname(server.get(), generic, &size);
    const std::string name(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
    const auto attack = [&](Words options) {
        options.emplace_back("--share-net");
        return output(sbx(options, {"connect-abstract", name}));
    };
    CHECK(attack({}) == (keeps_signals() ? "connect-abstract EPERM\n" : "connect-abstract ok\n"));
    CHECK(attack({"--landlock", "off"}) == "connect-abstract ok\n");
}

TEST_CASE("all of Landlock can be required", "[landlock]") {
    const Ended required = run(sbx({"--landlock=require"}, {"exit", "0"}));
    CHECK(required.status == (keeps_signals() ? 0 : 125));
    const Ended mounts = run(sbx({"--landlock=require", "--allow-userns"}, {"exit", "0"}));
    CHECK(mounts.status == 125);
    CHECK(contains(mounts.err, "the command may make sandboxes of its own"));
}

TEST_CASE("what Landlock leaves out is in the plan", "[landlock]") {
    Start start = sbx({"--dry-run"}, {"exit", "0"});
    const std::string plan = output(start);
    CHECK(contains(plan, "enforce landlock: files to read below \"/\"") == keeps_files());
    CHECK(contains(plan, "no signals and no abstract sockets to the outside") == keeps_signals());
    CHECK(contains(plan, "note: landlock leaves signals") == !keeps_signals());
    CHECK(contains(output(sbx({"--dry-run", "--cap-add", "ALL"}, {"exit", "0"})),
                   "note: landlock leaves files to the mounts"));
}

TEST_CASE("a command that may mount still can", "[landlock]") {
    CHECK(output(sbx({"--cap-add", "ALL"}, {"mount", "/tmp"})) == "mount ok\n");
}

}  // namespace
}  // namespace integration
