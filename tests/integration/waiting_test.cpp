// SPDX-License-Identifier: Apache-2.0
// What the sandbox holds for others, and what it waits for: --lock-file, --sync-fd, --block-fd.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};
using Options = std::vector<std::string>;

// Tries to take a write lock on the whole file; 0 or errno.
int try_write_lock(const std::string& path) {
    const Descriptor fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return ::fcntl(fd.get(), F_SETLK, &lock) == 0 ? 0 : errno;
}

bool is_locked(const std::string& path) {
    const int error = try_write_lock(path);
    CHECK((error == 0 || error == EAGAIN || error == EACCES));
    return error != 0;
}

TEST_CASE("--lock-file holds a read lock as long as the sandbox is there", "[waiting]") {
    for (const Name name : both) {
        for (const Options& more : {Options{}, {"--unshare-pid"}, {"--cap-add", "CAP_CHOWN"}}) {
            INFO((more.empty() ? "" : more[0]));
            const TemporaryDirectory place;
            const std::string one = place.file("one");
            const std::string two = place.file("two");
            Pipe control = make_pipe();
            Options options = {"--ro-bind",  place.path(),  "/locks",   "--lock-file",
                               "/locks/one", "--lock-file", "locks/two"};
            options.insert(options.end(), more.begin(), more.end());
            Start start = sandbox(name, options, {"echo", "up", ",", "wait-end", "0"});
            start.descriptors = {{0, control.read.get()}};
            Running running(start);
            running.expect("up\n");
            CHECK(is_locked(one));
            CHECK(is_locked(two));
            // Others may read all the same.
            CHECK(output(sandbox(name, {"--ro-bind", place.path(), "/l", "--lock-file", "/l/one"},
                                 {"read", "/l/one"})) == "read ok \n");
            control.write.close();
            CHECK(running.wait().status == 0);
            CHECK_FALSE(is_locked(one));
            CHECK_FALSE(is_locked(two));
        }
    }
}

TEST_CASE("a lock that is not to be had is a refusal, and the command does not run", "[waiting]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string file = place.file("file");
        const std::string mark = place.directory("mark");
        const Descriptor fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        REQUIRE(::fcntl(fd.get(), F_SETLK, &lock) == 0);
        const Options options = {"--ro-bind", place.path(), "/l", "--bind", mark, "/mark"};
        const auto locking = [&](const char* path) {
            Options all = options;
            all.insert(all.end(), {"--lock-file", path});
            return run(sandbox(name, all, {"write", "/mark/ran", "x"}));
        };
        const Ended locked = locking("/l/file");
        CHECK(locked.status == (name == Name::sbx ? 125 : 1));
        CHECK(contains(locked.err, name == Name::sbx
                                       ? "lock \"/l/file\": "
                                       : "bwrap: Unable to lock file /l/file: Resource temporarily "
                                         "unavailable"));
        const Ended missing = locking("/l/missing");
        CHECK(missing.status == (name == Name::sbx ? 125 : 1));
        CHECK(contains(missing.err, name == Name::sbx
                                        ? "lock \"/l/missing\": no such file or directory"
                                        : "bwrap: Unable to open lock file /l/missing: No such "
                                          "file or directory"));
        CHECK(::access((mark + "/ran").c_str(), F_OK) != 0);
    }
}

TEST_CASE("a lock file is a path inside", "[waiting]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file");
    for (const Name name : both) {
        CHECK(run(sandbox(name, {"--lock-file", file}, {"exit", "0"})).status != 0);
    }
    for (const Name name : both) {
        const Ended ended =
            run(sandbox(name, {"--unshare-pid", "--as-pid-1", "--lock-file", "/x"}, {"exit", "0"}));
        CHECK(contains(ended.err, "Specifying --as-pid-1 and --lock-file is not permitted"));
    }
}

TEST_CASE("--sync-fd ends when the sandbox is gone, and not before", "[waiting]") {
    for (const Name name : both) {
        for (const Options& more :
             {Options{}, {"--unshare-pid"}, {"--unshare-user", "--cap-add", "CAP_CHOWN"}}) {
            INFO((more.empty() ? "" : more[0]));
            Pipe sync = make_pipe();
            Pipe control = make_pipe();
            Options options = {"--sync-fd", "9"};
            options.insert(options.end(), more.begin(), more.end());
            Start start =
                sandbox(name, options, {"descriptors", ",", "echo", "up", ",", "wait-end", "0"});
            start.descriptors = {{0, control.read.get()}, {9, sync.write.get()}};
            Running running(start);
            sync.write.close();
            running.expect("up\n");
            CHECK_FALSE(has_ended(sync.read));
            control.write.close();
            const Ended ended = running.wait();
            CHECK(ended.status == 0);
            CHECK_FALSE(contains(ended.out, "fd 9"));
            CHECK(ends(sync.read));
        }
    }
}

TEST_CASE("several --sync-fd are all held until the sandbox is gone", "[waiting]") {
    for (const Name name : both) {
        Pipe first = make_pipe();
        Pipe second = make_pipe();
        Pipe third = make_pipe();
        Pipe control = make_pipe();
        Start start = sandbox(name, {"--sync-fd", "8", "--sync-fd", "9", "--sync-fd", "10"},
                              {"descriptors", ",", "echo", "up", ",", "wait-end", "0"});
        start.descriptors = {{0, control.read.get()},
                             {8, first.write.get()},
                             {9, second.write.get()},
                             {10, third.write.get()}};
        Running running(start);
        for (Pipe* each : {&first, &second, &third}) each->write.close();
        running.expect("up\n");
        for (Pipe* each : {&first, &second, &third}) CHECK_FALSE(has_ended(each->read));
        control.write.close();
        const Ended ended = running.wait();
        CHECK(ended.status == 0);
        CHECK(ended.err.empty());
        for (const char* fd : {"fd 8", "fd 9", "fd 10"}) CHECK_FALSE(contains(ended.out, fd));
        for (Pipe* each : {&first, &second, &third}) CHECK(ends(each->read));
    }
}

TEST_CASE("--sync-fd outlives the command where the command's children do", "[waiting]") {
    // Without a pid namespace orphans are the host's, and nobody knows when they end.
    for (const Options& more : {Options{"--unshare-pid"}, {"--unshare-all"}}) {
        INFO((more.empty() ? "" : more[0]));
        Pipe sync = make_pipe();
        Pipe control = make_pipe();
        Pipe reply = make_pipe();
        Options options = {"--sync-fd", "9"};
        options.insert(options.end(), more.begin(), more.end());
        Start start = bwrap(options, {"serve", "7", "8", ",", "exit", "5"});
        start.descriptors = {
            {7, control.read.get()}, {8, reply.write.get()}, {9, sync.write.get()}};
        Running running(start);
        sync.write.close();
        reply.write.close();
        control.read.close();
        CHECK(running.wait().status == 5);
        REQUIRE(::write(control.write.get(), "x", 1) == 1);
        CHECK(read_until(reply.read, "served\n") == "served\n");
        CHECK_FALSE(has_ended(sync.read));
        control.write.close();
        CHECK(ends(sync.read));
    }
}

TEST_CASE("with --as-pid-1 the command itself holds --sync-fd", "[waiting]") {
    for (const Name name : both) {
        Pipe sync = make_pipe();
        Start start =
            sandbox(name, {"--unshare-pid", "--as-pid-1", "--sync-fd", "9"}, {"descriptors"});
        start.descriptors = {{9, sync.write.get()}};
        Running running(start);
        sync.write.close();
        CHECK(contains(running.wait().out, "fd 9 pipe"));
        CHECK(ends(sync.read));
    }
}

TEST_CASE("--block-fd lets the command begin with a byte or an end", "[waiting]") {
    for (const Name name : both) {
        for (const bool byte : {true, false}) {
            Pipe block = make_pipe();
            Pipe info = make_pipe();
            Start start = sandbox(name, {"--block-fd", "7", "--info-fd", "8"},
                                  {"echo", "up", ",", "descriptors"});
            start.descriptors = {{7, block.read.get()}, {8, info.write.get()}};
            Running running(start);
            info.write.close();
            // The sandbox is there, and the command is not.
            read_until(info.read, "}\n");
            if (byte) REQUIRE(::write(block.write.get(), "xy", 2) == 2);
            if (!byte) block.write.close();
            const Ended ended = running.wait();
            CHECK(ended.status == 0);
            CHECK(ended.out == "up\nfd 0 character\nfd 1 pipe\nfd 2 pipe\n");
            // One byte was read, and no more.
            int left = 0;
            REQUIRE(::ioctl(block.read.get(), FIONREAD, &left) == 0);
            CHECK(left == (byte ? 1 : 0));
        }
    }
}

TEST_CASE("the command does not run before --block-fd says so", "[waiting]") {
    // Where nothing outlives sbx: whoever is killed while it waits has not run.
    for (const auto& [name, more] : std::vector<std::pair<Name, Options>>{
             {Name::sbx, {}}, {Name::bwrap, {"--die-with-parent"}}}) {
        Pipe block = make_pipe();
        Pipe life = make_pipe();
        Pipe info = make_pipe();
        Options options = {"--block-fd", "7", "--info-fd", "8", "--keep-fd", "9"};
        options.insert(options.end(), more.begin(), more.end());
        Start start = sandbox(name, options, {"output", "9", ",", "echo", "ran"});
        start.descriptors = {{7, block.read.get()}, {8, info.write.get()}, {9, life.write.get()}};
        Running running(start);
        life.write.close();
        info.write.close();
        block.read.close();
        read_until(info.read, "}\n");
        CHECK_FALSE(has_ended(life.read));
        running.send(SIGKILL);
        CHECK(running.wait().signal == SIGKILL);
        REQUIRE(ends(life.read));
        char byte = 0;
        CHECK(::read(life.read.get(), &byte, 1) == 0);
    }
}

TEST_CASE("a signal ends sbx while the command is waited with", "[waiting]") {
    Pipe block = make_pipe();
    Pipe info = make_pipe();
    Start start = sbx({"--block-fd", "7", "--info-fd", "8"}, {"echo", "ran"});
    start.descriptors = {{7, block.read.get()}, {8, info.write.get()}};
    Running running(start);
    info.write.close();
    block.read.close();
    read_until(info.read, "}\n");
    running.send(SIGTERM);
    const Ended ended = running.wait();
    CHECK(ended.status == 128 + SIGTERM);
    CHECK(ended.out.empty());
}

TEST_CASE("a lock file is not found through what procfs opens by itself", "[waiting]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        ::symlink("/proc/self/fd/0", (place.path() + "/link").c_str());
        const Ended ended = run(sandbox(
            name, {"--ro-bind", place.path(), "/l", "--lock-file", "/l/link"}, {"exit", "0"}));
        CHECK(ended.status == (name == Name::sbx ? 125 : 1));
        CHECK(contains(ended.err,
                       name == Name::sbx ? "symbolic links" : "Too many levels of symbolic links"));
    }
}

}  // namespace
}  // namespace integration
