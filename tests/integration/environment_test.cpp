// SPDX-License-Identifier: Apache-2.0
// What the command is handed: variables, arguments, directory, descriptors, a session.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace integration {
namespace {

constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

std::vector<std::string> variables(const Start& start) {
    std::vector<std::string> out;
    for (const std::string& line : lines_of(output(start))) out.push_back(line.substr(4));
    return out;
}

TEST_CASE("the environment passes through", "[environment]") {
    for (const Name name : both) {
        Start start = sandbox(name, {}, {"environment"});
        start.prepare = [] {
            ::clearenv();
            ::setenv("A", "1 2", 1);
            ::setenv("OLDPWD", "/old", 1);
        };
        CHECK(variables(start) == std::vector<std::string>{"A=1\\x202", "OLDPWD=/old", "PWD=/"});
    }
}

TEST_CASE("what is meant for sbx by its pid is meant for the command", "[environment]") {
    const auto listening = [](Name name, std::vector<std::string> options, int more) {
        Start start = sandbox(name, std::move(options), {"process", ",", "environment"});
        start.prepare = [more] {
            ::clearenv();
            ::setenv("LISTEN_FDS", "1", 1);
            ::setenv("LISTEN_PID", std::to_string(::getpid() + more).c_str(), 1);
            ::setenv("LISTEN_PIDFDID", "77", 1);
        };
        return output(start);
    };
    const auto is_its_own = [](const std::string& out) {
        return contains(out, "env LISTEN_PID=" + value(out, "pid") + "\n");
    };
    for (const auto& options : {std::vector<std::string>{}, {"--share-pid"}, {"--as-pid-1"}}) {
        const std::string out = listening(Name::sbx, options, 0);
        CHECK(is_its_own(out));
        CHECK(contains(out, "env LISTEN_FDS=1\n"));
        CHECK(!contains(out, "LISTEN_PIDFDID"));
    }
    // Another process's stays, and bubblewrap changes nothing.
    for (const auto& [name, more] : {std::pair(Name::sbx, 1), std::pair(Name::bwrap, 0)}) {
        const std::string out = listening(name, {}, more);
        CHECK(contains(out, "env LISTEN_PID="));
        CHECK(contains(out, "env LISTEN_PIDFDID=77\n"));
        CHECK(!is_its_own(out));
    }
}

TEST_CASE("changes of the environment are made in order", "[environment]") {
    for (const Name name : both) {
        const auto with = [name](std::vector<std::string> options) {
            Start start = sandbox(name, std::move(options), {"environment"});
            start.prepare = [] {
                ::clearenv();
                ::setenv("A", "1", 1);
                ::setenv("B", "2", 1);
            };
            return variables(start);
        };
        using Expected = std::vector<std::string>;
        CHECK(with({"--setenv", "A", "x", "--setenv", "C", ""}) ==
              Expected{"A=x", "B=2", "C=", "PWD=/"});
        CHECK(with({"--unsetenv", "A", "--unsetenv", "nothing"}) == Expected{"B=2", "PWD=/"});
        CHECK(with({"--clearenv"}) == Expected{"PWD=/"});
        CHECK(with({"--unsetenv", "C", "--clearenv", "--setenv", "D", "4"}) ==
              Expected{"D=4", "PWD=/"});
        CHECK(with({"--unsetenv", "A", "--setenv", "A", "5"}) == Expected{"B=2", "A=5", "PWD=/"});
        CHECK(with({"--setenv", "PWD", "/lie"}) == Expected{"A=1", "B=2", "PWD=/"});
        const Ended wrong = run(sandbox(name, {"--setenv", "A=B", "x"}, {"exit", "0"}));
        CHECK(wrong.status == (name == Name::sbx ? 125 : 1));
        CHECK(contains(wrong.err, "setenv failed"));
    }
}

TEST_CASE("PATH as changed by options finds the command", "[environment]") {
    for (const Name name : both) {
        Start start = plain(name, {"--ro-bind", payload_path(), "/some/where/tool", "--setenv",
                                   "PATH", "/nowhere:/some/where", "tool", "process"});
        start.prepare = [] { ::setenv("PATH", "/usr/bin:/bin", 1); };
        CHECK(value(output(start), "argv0") == "tool");
    }
}

TEST_CASE("--chdir names a directory inside, and it must be there", "[environment]") {
    for (const Name name : both) {
        CHECK(output(sandbox(name, {"--dir", "/a/b", "--symlink", "a/b", "/l", "--chdir", "/l"},
                             {"directory"})) == "cwd /a/b\nPWD /l\n");
        const Ended missing = run(sandbox(name, {"--chdir", "/nowhere"}, {"directory"}));
        CHECK(missing.status == (name == Name::sbx ? 125 : 1));
        CHECK(contains(missing.err, "/nowhere"));
        CHECK(contains(missing.err, "o such file or directory"));
    }
}

TEST_CASE("a directory outside is not reached through a descriptor", "[environment]") {
    const TemporaryDirectory place;
    const Descriptor outside(::open(place.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const Name name : both) {
        Start start =
            sandbox(name, {"--keep-fd", "7", "--chdir", "/proc/self/fd/7"}, {"directory"});
        start.descriptors = {{7, outside.get()}};
        const Ended ended = run(start);
        CHECK(ended.status == (name == Name::sbx ? 125 : 1));
        CHECK(contains(ended.err, name == Name::sbx ? "outside of the new root"
                                                    : "Can't chdir to /proc/self/fd/7: No such"));
        CHECK(ended.out.empty());
    }
}

TEST_CASE("options come from a descriptor, between those around it", "[environment]") {
    using namespace std::string_literals;
    for (const Name name : both) {
        for (const std::string& text : {"--setenv\0A\0two words\n\0--unsetenv\0B\0"s,
                                        "--setenv\0A\0two words\n\0--unsetenv\0B"s}) {
            const Descriptor file = file_with(text);
            Start start = sandbox(name,
                                  {"--clearenv", "--setenv", "A", "1", "--setenv", "B", "1",
                                   "--args", "7", "--setenv", "C", "3"},
                                  {"environment", ",", "descriptors"});
            start.descriptors = {{7, file.get()}};
            const std::string out = output(start);
            CHECK(out.rfind("env A=two\\x20words\\x0a\nenv C=3\nenv PWD=/\n", 0) == 0);
            CHECK_FALSE(contains(out, "fd 7"));
        }
        const Descriptor nested = file_with(
            "--args\0"
            "8\0"s);
        Start start = sandbox(name, {"--args", "7"}, {"exit", "0"});
        start.descriptors = {{7, nested.get()}};
        CHECK(contains(run(start).err, "--args not supported in arguments file"));
        const Descriptor command = file_with("--clearenv\0/payload\0"s);
        start.descriptors = {{7, command.get()}};
        CHECK(contains(run(start).err, "the command cannot come from descriptor 7"));
        start.descriptors.clear();
        CHECK(contains(run(start).err, "descriptor 7 is not open"));
    }
}

TEST_CASE("the command gets its arguments as they are, and another name if asked",
          "[environment]") {
    for (const Name name : both) {
        CHECK(
            output(sandbox(name, {}, {"echo", "--bind", ",", "echo", "", ",", "echo", "a b\nc"})) ==
            "--bind\n\na b\nc\n");
        CHECK(value(output(sandbox(name, {"--argv0", "other name"}, {"process"})), "argv0") ==
              "other\\x20name");
    }
}

TEST_CASE("sbx passes on three descriptors and those that are named", "[environment]") {
    const Pipe pipe = make_pipe();
    const Descriptor file = file_with("x");
    const Descriptor directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    Start start = sbx({"--keep-fd", "9", "--keep-fd", "500"}, {"descriptors"});
    start.descriptors = {{5, pipe.write.get()},
                         {6, directory.get()},
                         {7, file.get()},
                         {9, file.get()},
                         {500, directory.get()}};
    const std::string out = output(start);
    CHECK(out == "fd 0 " + value(out, "fd 0") +
                     "\nfd 1 pipe\nfd 2 pipe\nfd 9 file\n"
                     "fd 500 directory\n");
    start.words = sbx({}, {"descriptors"}).words;
    CHECK(lines_of(output(start)).size() == 3);
    const Ended closed = run(sbx({"--keep-fd", "8"}, {"exit", "0"}));
    CHECK(closed.status == 125);
    CHECK(contains(closed.err, "descriptor 8 is not open"));
}

TEST_CASE("bwrap passes on all descriptors but directories that nobody named", "[environment]") {
    const Pipe pipe = make_pipe();
    const Descriptor file = file_with("x");
    const Descriptor directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Descriptor place_only(::open("/", O_PATH | O_CLOEXEC));
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{}, {"--unshare-pid"}, {"--unshare-user", "--cap-add", "ALL"}}) {
        Start start = bwrap(options, {"descriptors"});
        start.descriptors = {{5, pipe.write.get()},
                             {6, directory.get()},
                             {7, file.get()},
                             {8, place_only.get()},
                             {600, file.get()}};
        const std::string out = output(start);
        CHECK(out == "fd 0 " + value(out, "fd 0") +
                         "\nfd 1 pipe\nfd 2 pipe\nfd 5 pipe\nfd 7 file\nfd 600 file\n");
    }
}

TEST_CASE("a new session is the command's own", "[environment]") {
    // Who leads it has made the command, and is gone.
    const auto is_own = [](const std::string& out) {
        return value(out, "sid") != "0" && value(out, "sid") != value(out, "pid") &&
               value(out, "sid") == value(out, "pgid") && has_line(out, "session another");
    };
    CHECK(is_own(output(sbx({"--new-session"}, {"process", ",", "session"}))));
    const std::string old = output(bwrap({"--unshare-pid", "--new-session"}, {"process"}));
    CHECK(value(old, "sid") == "1");
    CHECK(value(old, "pgid") == "1");
    // At a terminal it is the caller's, which is outside.
    const std::string kept = output(sbx({}, {"process", ",", "session"}));
    const bool terminal = Descriptor(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)).get() >= 0;
    CHECK((terminal ? value(kept, "sid") == "0" : is_own(kept)));
    const std::string shared = output(bwrap({}, {"process"}));
    CHECK(value(shared, "sid") != value(shared, "pid"));
}

TEST_CASE("the command may begin a session or a process group of its own", "[environment]") {
    for (const Name name : both) {
        for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
                 {},
                 {"--new-session"},
                 {"--unshare-pid"},
                 {"--unshare-pid", "--new-session"},
                 {"--unshare-pid", "--unshare-user", "--cap-add", "ALL", "--new-session"}}) {
            // Without an init, as in bubblewrap, the command itself has begun the session.
            const bool leads =
                name == Name::bwrap && options == std::vector<std::string>{"--new-session"};
            const std::string answer = leads ? " EPERM\n" : " ok\n";
            INFO(options.size());
            CHECK(output(sandbox(name, options, {"begin", "session"})) == "begin session" + answer);
            CHECK(output(sandbox(name, options, {"begin", "group"})) == "begin group" + answer);
        }
    }
}

TEST_CASE("the command is pid 2, or pid 1 when asked", "[environment]") {
    for (const Name name : both) {
        const std::string two = output(sandbox(name, {"--unshare-pid"}, {"process"}));
        CHECK(value(two, "pid") == "2");
        CHECK(value(two, "ppid") == "1");
        const std::string one = output(sandbox(name, {"--unshare-pid", "--as-pid-1"}, {"process"}));
        CHECK(value(one, "pid") == "1");
        CHECK(value(one, "ppid") == "0");
    }
    CHECK(contains(run(bwrap({"--as-pid-1"}, {"exit", "0"})).err,
                   "--as-pid-1 requires --unshare-pid"));
    CHECK(run(sbx({"--share-pid", "--as-pid-1"}, {"exit", "0"})).status == 125);
}

}  // namespace
}  // namespace integration
