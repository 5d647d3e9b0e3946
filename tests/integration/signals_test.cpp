// SPDX-License-Identifier: Apache-2.0
// Signals that sbx gets: passed on in the sbx dialect, not in the other.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace integration {
namespace {

struct Signal {
    const char* name;
    int number;
};
const std::vector<Signal> forwarded = {{"HUP", SIGHUP},     {"INT", SIGINT},   {"QUIT", SIGQUIT},
                                       {"TERM", SIGTERM},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
                                       {"WINCH", SIGWINCH}, {"CONT", SIGCONT}};

TEST_CASE("signals reach the command, each once", "[signals]") {
    for (const std::vector<std::string>& options : {std::vector<std::string>{},
                                                    {"--share-pid"},
                                                    {"--as-pid-1"},
                                                    {"--new-session"},
                                                    {"--unshare-user", "--cap-add", "ALL"}}) {
        INFO((options.empty() ? "" : options[0]));
        std::vector<std::string> sentence = {"signals", std::to_string(forwarded.size() + 1)};
        for (const Signal& signal : forwarded) sentence.emplace_back(signal.name);
        Running running(sbx(options, sentence));
        running.expect("ready\n");
        std::string expected = "ready\n";
        for (const Signal& signal : forwarded) {
            running.send(signal.number);
            running.expect(std::string("signal ") + signal.name + "\n");
            expected += std::string("signal ") + signal.name + "\n";
        }
        // Had one come twice, the last one here would be missing.
        running.send(SIGUSR1);
        const Ended ended = running.wait();
        CHECK(ended.out == expected + "signal USR1\n");
        CHECK(ended.status == 0);
    }
}

TEST_CASE("a signal that kills the command is reported as its end", "[signals]") {
    for (const Signal& signal : {Signal{"HUP", SIGHUP}, {"INT", SIGINT}, {"TERM", SIGTERM}}) {
        const Pipe input = make_pipe();
        Start start = sbx({}, {"echo", "up", ",", "wait-end", "0"});
        start.descriptors = {{0, input.read.get()}};
        Running running(start);
        running.expect("up\n");
        running.send(signal.number);
        const Ended ended = running.wait();
        CHECK(ended.status == 128 + signal.number);
        CHECK(ended.signal == 0);
    }
}

TEST_CASE("a signal from inside to the whole process group does not reach sbx", "[signals]") {
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{}, {"--share-pid"}, {"--new-session"}, {"--as-pid-1"}}) {
        INFO((options.empty() ? "" : options[0]));
        const Ended ended =
            run(sbx(options, {"kill", "0", std::to_string(SIGKILL), ",", "exit", "3"}));
        CHECK(ended.signal == 0);
        // As pid 1 of its namespace the command does not get its own signal.
        CHECK(ended.status == (!options.empty() && options[0] == "--as-pid-1" ? 3 : 128 + SIGKILL));
    }
}

TEST_CASE("what comes while the sandbox is made is not lost", "[signals]") {
    // Sent at once: before, during or after set-up, the command ends or sbx does.
    for (int i = 0; i < 20; ++i) {
        const Pipe pipe = make_pipe();
        Start start = sbx({}, {"wait-end", "0"});
        start.descriptors = {{0, pipe.read.get()}};
        Running running(start);
        running.send(SIGTERM);
        const Ended ended = running.wait();
        CHECK((ended.signal == SIGTERM || ended.status == 128 + SIGTERM));
    }
}

TEST_CASE("a stopped command goes on with SIGCONT", "[signals]") {
    Start start =
        sbx({}, {"echo", "up", ",", "raise", "STOP", ",", "echo", "again", ",", "exit", "9"});
    Running running(start);
    running.expect("up\n");
    // Whenever it comes: before the stop it does nothing, so it is sent until the command goes on.
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(running.pid()), &info, WEXITED | WNOHANG | WNOWAIT) ==
               0 &&
           info.si_pid == 0) {
        running.send(SIGCONT);
    }
    const Ended ended = running.wait();
    CHECK(ended.out == "up\nagain\n");
    CHECK(ended.status == 9);
}

TEST_CASE("in the bwrap dialect signals end the monitor and not the command", "[signals]") {
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{"--unshare-pid"}, {"--unshare-all"}, {}}) {
        for (const Signal& signal : {Signal{"TERM", SIGTERM}, {"INT", SIGINT}, {"KILL", SIGKILL}}) {
            Pipe control = make_pipe();
            Pipe reply = make_pipe();
            Start start = bwrap(options, {"echo", "up", ",", "output", "8", ",", "wait-byte", "7"});
            start.descriptors = {{7, control.read.get()}, {8, reply.write.get()}};
            Running running(start);
            reply.write.close();
            running.expect("up\n");
            running.send(signal.number);
            CHECK(running.wait().signal == signal.number);
            // The command is there and answers; and then it ends.
            REQUIRE(::write(control.write.get(), "x", 1) == 1);
            CHECK(read_until(reply.read, "byte\n") == "byte\n");
            CHECK(ends(reply.read));
        }
    }
}

}  // namespace
}  // namespace integration
