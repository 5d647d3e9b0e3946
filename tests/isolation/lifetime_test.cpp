// SPDX-License-Identifier: Apache-2.0
// What is left when the command has ended, and when sbx was killed. Whatever is alive inside holds
// the write end of a pipe: its end of file means that nothing is.
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace integration {
namespace {

using Options = std::vector<std::string>;

TEST_CASE("nothing outlives the command in the sbx dialect", "[lifetime]") {
    for (const Options& options : {Options{},
                                   {"--share-pid"},
                                   {"--as-pid-1"},
                                   {"--new-session"},
                                   {"--share-pid", "--new-session"},
                                   {"--cap-add", "CAP_CHOWN"},
                                   {"--share-pid", "--cap-add", "CAP_CHOWN"}}) {
        INFO((options.empty() ? "" : options[0]));
        Pipe life = make_pipe();
        Options all = options;
        all.insert(all.end(), {"--keep-fd", "9"});
        Start start = sbx(all, {"linger", ",", "exit", "7"});
        start.descriptors = {{9, life.write.get()}};
        Running running(start);
        life.write.close();
        const Ended ended = running.wait();
        CHECK(ended.status == 7);
        CHECK(ended.out == "lingering\n");
        // Not soon after: when sbx has ended, they are gone.
        CHECK(has_ended(life.read));
    }
}

TEST_CASE("set-up that fails beside the seal leaves nobody who waits for the caller",
          "[lifetime]") {
    struct Row {
        Name name;
        Options options;
    };
    // The loopback device comes up while the command seals itself, which here waits in the midst of
    // it, and no pid namespace takes it along.
    for (const Row& row : {Row{Name::sbx, {"--share-pid"}},
                           Row{Name::bwrap, {"--unshare-net", "--lock-file", "/payload"}}}) {
        INFO(row.options.front());
        Pipe life = make_pipe();
        const Pipe held = make_pipe();
        Options all = row.options;
        all.insert(all.end(), {"--block-fd", "7"});
        if (row.name == Name::sbx) all.insert(all.end(), {"--keep-fd", "9"});
        Start start = sandbox(row.name, all, {"echo", "ran"});
        start.descriptors = {{7, held.read.get()}, {9, life.write.get()}};
        start.prepare = [] { deny_system_call(SYS_ioctl, EPERM); };
        Running running(start);
        life.write.close();
        const Ended ended = running.wait();
        CHECK(ended.out.empty());
        CHECK(ended.status == (row.name == Name::sbx ? 125 : 1));
        CHECK(contains(ended.err, "bring up the loopback device: "));
        CHECK(has_ended(life.read));
    }
}

TEST_CASE("nothing outlives sbx", "[lifetime]") {
    for (const Options& options : {Options{},
                                   {"--share-pid"},
                                   {"--new-session"},
                                   {"--as-pid-1"},
                                   {"--cap-add", "CAP_CHOWN"}}) {
        INFO((options.empty() ? "" : options[0]));
        Pipe life = make_pipe();
        Options all = options;
        all.insert(all.end(), {"--keep-fd", "9"});
        Start start = sbx(all, {"linger", ",", "wait-end", "0"});
        Pipe input = make_pipe();
        start.descriptors = {{0, input.read.get()}, {9, life.write.get()}};
        Running running(start);
        life.write.close();
        running.expect("lingering\n");
        CHECK_FALSE(has_ended(life.read));
        running.send(SIGKILL);
        CHECK(running.wait().signal == SIGKILL);
        CHECK(ends(life.read));
    }
}

// Whether the kernel keeps init's signals inside, so that one of them can end everything.
bool can_end_swarms() {
    constexpr long scopes = 6;  // landlock(7), since Linux 6.12
    constexpr unsigned version = 1;
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, version) >= scopes;
}

TEST_CASE("a swarm of processes that fork without end ends with the command, and with sbx",
          "[lifetime]") {
    // Where no signal reaches all of them at once, a swarm may win: a single file of them cannot.
    const std::string count = can_end_swarms() ? "30" : "1";
    for (const char* option : {"--share-pid", "--unshare-pid"}) {
        for (const bool killed : {false, true}) {
            INFO(option << (killed ? " killed" : " ended"));
            Pipe life = make_pipe();
            Pipe input = make_pipe();
            Start start = sbx({option, "--keep-fd", "9"}, {"swarm", count, ",", "wait-end", "0"});
            start.descriptors = {{0, input.read.get()}, {9, life.write.get()}};
            Running running(start);
            life.write.close();
            running.expect("swarm\n");
            if (killed) running.send(SIGKILL);
            input.write.close();
            running.wait();
            CHECK(ends(life.read));
        }
    }
}

// Waits so long that it can be told apart from the next; there is no event for the middle of
// something.
void wait_microseconds(long microseconds) {
    const timespec span{0, microseconds * 1000};
    ::ppoll(nullptr, 0, &span, nullptr);
}

// Kills sbx at many moments of its first milliseconds; counts those after which something lived.
int survivors(Name name, const Options& options, int times, long step) {
    int count = 0;
    for (int i = 0; i < times; ++i) {
        Pipe life = make_pipe();
        Pipe input = make_pipe();
        Options all = options;
        all.insert(all.end(), {"--keep-fd", "9"});
        Start start = sandbox(name, all, {"wait-end", "0"});
        start.descriptors = {{0, input.read.get()}, {9, life.write.get()}};
        Running running(start);
        life.write.close();
        wait_microseconds(i * step);
        running.send(SIGKILL);
        running.wait();
        if (!ends(life.read)) ++count;
    }
    return count;
}

TEST_CASE("nothing outlives an sbx that is killed early", "[lifetime]") {
    CHECK(survivors(Name::sbx, {}, 100, 70) == 0);
    CHECK(survivors(Name::sbx, {"--share-pid"}, 100, 70) == 0);
    CHECK(survivors(Name::sbx, {"--as-pid-1"}, 50, 140) == 0);
    CHECK(survivors(Name::sbx, {"--cap-add", "CAP_CHOWN"}, 50, 140) == 0);
    CHECK(survivors(Name::bwrap, {"--die-with-parent"}, 50, 100) == 0);
    CHECK(survivors(Name::bwrap, {"--die-with-parent", "--unshare-pid"}, 50, 100) == 0);
}

TEST_CASE("nothing outlives an sbx that is killed while set-up waits", "[lifetime]") {
    for (const Options& options : {Options{}, {"--share-pid"}, {"--as-pid-1"}}) {
        INFO((options.empty() ? "" : options[0]));
        Pipe life = make_pipe();
        const Pipe endless = make_pipe();
        Options all = options;
        all.insert(all.end(), {"--file", "7", "/file", "--keep-fd", "9"});
        Start start = sbx(all, {"exit", "0"});
        start.descriptors = {{7, endless.read.get()}, {9, life.write.get()}};
        Running running(start);
        life.write.close();
        // More than a pipe holds: when it is written, init reads, and it will wait for the rest.
        const std::string much(100'000, 'x');
        REQUIRE(::write(endless.write.get(), much.data(), much.size()) == 100'000);
        running.send(SIGKILL);
        CHECK(running.wait().signal == SIGKILL);
        CHECK(ends(life.read));
    }
}

// A parent that starts sbx and is killed, as soon as the sandbox is up.
Ended killed_parent(const Start& start) {
    Ended ended;
    const std::string out = in_child([&start] {
        Running running(start);
        running.expect("up\n");
        // A killed process cannot clean up: the sandbox is on its own.
        ::kill(::getpid(), SIGKILL);
        return std::string();
    });
    ended.out = out;
    return ended;
}

TEST_CASE("--die-with-parent ends the sandbox when its caller dies", "[lifetime]") {
    for (const Name name : {Name::sbx, Name::bwrap}) {
        for (const Options& options :
             {Options{}, {"--unshare-pid"}, {"--unshare-pid", "--as-pid-1"}, {"--new-session"}}) {
            Pipe life = make_pipe();
            Pipe input = make_pipe();
            Options all = options;
            all.insert(all.end(), {"--die-with-parent", "--keep-fd", "9"});
            Start start = sandbox(name, all, {"echo", "up", ",", "wait-end", "0"});
            start.descriptors = {{0, input.read.get()}, {9, life.write.get()}};
            killed_parent(start);
            life.write.close();
            CHECK(ends(life.read));
        }
    }
}

TEST_CASE("without it the sandbox does not depend on its caller", "[lifetime]") {
    for (const Name name : {Name::sbx, Name::bwrap}) {
        Pipe life = make_pipe();
        Pipe control = make_pipe();
        Start start = sandbox(name, {"--unshare-pid", "--keep-fd", "9"},
                              {"echo", "up", ",", "output", "9", ",", "wait-byte", "0"});
        start.descriptors = {{0, control.read.get()}, {9, life.write.get()}};
        killed_parent(start);
        life.write.close();
        REQUIRE(::write(control.write.get(), "x", 1) == 1);
        CHECK(read_until(life.read, "byte\n") == "byte\n");
        CHECK(ends(life.read));
    }
}

TEST_CASE("background processes of the bwrap dialect live on", "[lifetime]") {
    for (const Options& options : {Options{}, {"--unshare-pid"}, {"--unshare-all"}}) {
        INFO((options.empty() ? "" : options[0]));
        Pipe life = make_pipe();
        Pipe control = make_pipe();
        Start start = bwrap(options, {"serve", "7", "9", ",", "exit", "5"});
        start.descriptors = {{7, control.read.get()}, {9, life.write.get()}};
        Running running(start);
        life.write.close();
        control.read.close();
        CHECK(running.wait().status == 5);
        for (int i = 0; i < 3; ++i) {
            REQUIRE(::write(control.write.get(), "x", 1) == 1);
            CHECK(read_until(life.read, "served\n") == "served\n");
        }
        control.write.close();
        CHECK(ends(life.read));
    }
}

TEST_CASE("--die-with-parent ends the background processes of the bwrap dialect", "[lifetime]") {
    Pipe life = make_pipe();
    Start start = bwrap({"--unshare-pid", "--die-with-parent"}, {"linger", ",", "exit", "5"});
    start.descriptors = {{9, life.write.get()}};
    Running running(start);
    life.write.close();
    CHECK(running.wait().status == 5);
    CHECK(ends(life.read));
}

TEST_CASE("nothing is left of a sandbox that could not be made", "[lifetime]") {
    for (const Name name : {Name::sbx, Name::bwrap}) {
        Pipe life = make_pipe();
        Start start =
            sandbox(name, {"--unshare-pid", "--keep-fd", "9", "--chdir", "/nowhere"}, {"linger"});
        start.descriptors = {{9, life.write.get()}};
        Running running(start);
        life.write.close();
        CHECK(running.wait().status != 0);
        CHECK(has_ended(life.read));
    }
}

}  // namespace
}  // namespace integration
