// SPDX-License-Identifier: Apache-2.0
// --result: what is written when all is over, and that nobody inside has a hand in it.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

namespace integration {
namespace {

using Options = std::vector<std::string>;

// The value of `key` in a result, as it is written there.
std::string value_in(const std::string& result, const std::string& key) {
    const std::string begin = "\"" + key + "\": ";
    for (const std::string& line : lines_of(result)) {
        const std::size_t at = line.find(begin);
        if (at == std::string::npos) continue;
        const std::string value = line.substr(at + begin.size());
        return value.back() == ',' ? value.substr(0, value.size() - 1) : value;
    }
    return "(nothing)";
}

TEST_CASE("the result says how the command ended, and what it took", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/result.json";
    for (const Name name : {Name::sbx, Name::bwrap}) {
        CHECK(run(sandbox(name, {"--result", path}, {"exit", "7"})).status == 7);
        const std::string exited = read_whole(path);
        INFO(exited);
        CHECK(value_in(exited, "end") == "\"exited\"");
        CHECK(value_in(exited, "exit_code") == "7");
        CHECK(value_in(exited, "status") == "7");
        CHECK(value_in(exited, "failed") == "\"command\"");
        CHECK(value_in(exited, "error") == "null");
        CHECK(std::stod(value_in(exited, "wall_seconds")) > 0);
        CHECK(std::stod(value_in(exited, "max_rss_bytes")) > 0);
        CHECK(value_in(exited, "no_new_privs") == "true");
    }
    CHECK(value_in(read_whole(path), "seccomp") == "[]");
    CHECK(run(sbx({"--result", path}, {"raise", "KILL"})).status == 137);
    CHECK(value_in(read_whole(path), "signal") == "\"SIGKILL\"");
    const std::string filters =
        ::geteuid() == 0 ? "[\"default\", \"set-id-files\"]" : "[\"default\"]";
    CHECK(value_in(read_whole(path), "seccomp") == filters);
}

// Kills init from outside as soon as the command has said "up", or before it is executed.
Ended without_init(const Options& options, bool early) {
    const Pipe wait = make_pipe();
    Options all = options;
    if (early) all.insert(all.end(), {"--block-fd", "7"});
    Start start = sbx(all, {"echo", "up", ",", "wait-end", "0"});
    start.descriptors = {{early ? 7 : 0, wait.read.get()}};
    Running running(start);
    if (!early) running.expect("up\n");
    const std::string pid = std::to_string(running.pid());
    std::string init;
    while (init.empty()) init = read_whole("/proc/" + pid + "/task/" + pid + "/children");
    ::kill(std::atoi(init.c_str()), SIGKILL);
    return running.wait();
}

TEST_CASE("a sandbox that ends before its command is not one that could not be made", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/result.json";
    for (const Options& more : std::vector<Options>{{}, {"--share-pid"}, {"--cap-add", "ALL"}}) {
        Options options = {"--result", path};
        options.insert(options.end(), more.begin(), more.end());
        const Ended late = without_init(options, false);
        CHECK(late.status == 123);
        CHECK(contains(late.err, "init was killed by signal 9 (KILL)"));
        const std::string aborted = read_whole(path);
        INFO(aborted);
        CHECK(value_in(aborted, "started") == "true");
        CHECK(value_in(aborted, "end") == "\"aborted\"");
        CHECK(value_in(aborted, "status") == "123");
        CHECK(value_in(aborted, "failed") == "\"sandbox\"");
        const Ended early = without_init(options, true);
        CHECK(early.status == 125);
        CHECK(early.out.empty());
        const std::string refused = read_whole(path);
        INFO(refused);
        CHECK(value_in(refused, "started") == "false");
        CHECK(value_in(refused, "end") == "\"refused\"");
    }
}

TEST_CASE("the result says whether the command was executed", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/result.json";
    for (const Options& more : std::vector<Options>{{}, {"--as-pid-1"}, {"--share-pid"}}) {
        Options options = {"--result", path};
        options.insert(options.end(), more.begin(), more.end());
        INFO((more.empty() ? "" : more[0]));
        run(sbx(options, {"exit", "125"}));
        CHECK(value_in(read_whole(path), "started") == "true");
        run(sbx(options, {"raise", "KILL"}));
        CHECK(value_in(read_whole(path), "started") == "true");
        Options missing = options;
        missing.insert(missing.end(), {"--bare", "/nonexistent"});
        run(plain(Name::sbx, missing));
        CHECK(value_in(read_whole(path), "started") == "false");
        Options wrong = options;
        wrong.insert(wrong.end(), {"--chdir", "/nonexistent"});
        run(sbx(wrong, {"exit", "0"}));
        CHECK(value_in(read_whole(path), "started") == "false");
        // A signal that comes while set-up waits.
        const Pipe wait = make_pipe();
        Options waiting = options;
        waiting.insert(waiting.end(), {"--block-fd", "7"});
        Start start = sbx(waiting, {"exit", "0"});
        start.descriptors = {{7, wait.read.get()}};
        Running running(start);
        const std::string pid = std::to_string(running.pid());
        while (read_whole("/proc/" + pid + "/task/" + pid + "/children").empty()) {
        }
        running.send(SIGTERM);
        CHECK(running.wait().status == 128 + SIGTERM);
        CHECK(value_in(read_whole(path), "started") == "false");
    }
}

TEST_CASE("the time of all processes inside is counted", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/result.json";
    // A child's, and that of an orphan which init reaps.
    CHECK(run(sbx({"--result", path}, {"burn", "100"})).status == 0);
    const std::string result = read_whole(path);
    INFO(result);
    const double used =
        std::stod(value_in(result, "user_seconds")) + std::stod(value_in(result, "system_seconds"));
    CHECK(used >= 0.19);  // getrusage(2) and the clock of ticks differ by one or two
    CHECK(used < 1);
}

TEST_CASE("the result says which step failed, and the remedy", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/result.json";
    CHECK(run(sbx({"--result", path, "--tmpfs", "/payload/x"}, {"exit", "0"})).status == 125);
    const std::string late = read_whole(path);
    INFO(late);
    CHECK(value_in(late, "failed") == "\"sandbox\"");
    CHECK(value_in(late, "errno") == "\"ENOTDIR\"");
    CHECK(contains(value_in(late, "step"), "tmpfs on \\\"/payload/x\\\""));
    CHECK(contains(value_in(late, "remedy"), "is a file inside"));
    CHECK(run(sbx({"--result", path, "--bind", "/nonexistent", "/x"}, {"exit", "0"})).status ==
          125);
    CHECK(contains(value_in(read_whole(path), "remedy"), "create \\\"/nonexistent\\\" first"));
    CHECK(run(plain(Name::sbx, {"--result", path, "--bare", "/nonexistent"})).status == 127);
    CHECK(value_in(read_whole(path), "end") == "\"not-found\"");
    CHECK(value_in(read_whole(path), "status") == "127");
}

TEST_CASE("on standard output the result comes after what the command wrote", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.file("out");
    for (const bool to_file : {false, true}) {
        Start start = sbx({"--result", "-"}, {"echo", "words"});
        if (to_file) {
            start.prepare = [&path] {
                const int fd = ::open(path.c_str(), O_WRONLY);
                ::dup2(fd, 1);
            };
        }
        const Ended ended = run(start);
        const std::string out = to_file ? read_whole(path) : ended.out;
        INFO(out);
        CHECK(ended.status == 0);
        CHECK(out.rfind("words", 0) == 0);
        CHECK(contains(out, "{\n  \"command\": ["));
    }
}

TEST_CASE("nothing is lost by a result that cannot be written", "[result]") {
    const TemporaryDirectory place;
    const std::string precious = place.file("precious", "text");
    const std::string link = place.link("link", precious);
    const auto refused = [](const std::string& path, int status = 125) {
        const Ended ended = run(sbx({"--result", path}, {"exit", "0"}));
        CHECK(ended.status == status);
        return ended.err;
    };
    CHECK(contains(refused(link), "a symbolic link is not followed, name the file itself"));
    CHECK(read_whole(precious) == "text");
    CHECK(contains(refused(place.path() + "/missing/x"), "No such file or directory"));
    CHECK(contains(refused(place.path()), "Is a directory"));
    CHECK(contains(refused("/dev/full", 123), "writing the result: No space left on device"));
    // What asks for something else than to run leaves the file as it is.
    CHECK(run(sbx({"--result", precious, "--dry-run"}, {"exit", "0"})).status == 0);
    CHECK(run(sbx({"--result", precious, "--dry-run", "--uid", "x"}, {"exit", "0"})).status == 125);
    CHECK(run(plain(Name::sbx, {"--result", precious, "--show-profile"})).status == 0);
    CHECK(run(plain(Name::sbx, {"--result", precious, "--help"})).status == 0);
    CHECK(read_whole(precious) == "text");
}

TEST_CASE("a reader of the result that is gone is an error, and no signal", "[result]") {
    Pipe pipe = make_pipe();
    Start start = sbx({"--result", "-"}, {"exit", "0"});
    start.descriptors = {{1, pipe.write.get()}};
    pipe.read.close();
    const Ended ended = run(start);
    CHECK(ended.signal == 0);
    CHECK(ended.status == 123);
    CHECK(contains(ended.err, "writing the result: Broken pipe"));
}

TEST_CASE("the result is there although nobody hears what is said", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/result";
    Pipe pipe = make_pipe();
    Start start = plain(Name::sbx, {"--result", path, "nowhere"});
    start.descriptors = {{2, pipe.write.get()}};
    pipe.read.close();
    run(start);
    CHECK(value_in(read_whole(path), "status") == "127");
}

TEST_CASE("no earlier result stays where a command line was refused", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/result.json";
    using Words = std::vector<std::string>;
    for (const Words& wrong :
         {Words{"--uid", "many"}, Words{"--nonsense"}, Words{"--seccomp-policy", "nonsense"},
          Words{"--perms", "0700"}, Words{"--profile", "nonsense"}}) {
        INFO(wrong[0]);
        REQUIRE(run(sbx({"--result", path}, {"exit", "0"})).status == 0);
        Words options = {"--result", path};
        options.insert(options.end(), wrong.begin(), wrong.end());
        CHECK(run(sbx(options, {"exit", "0"})).status == 125);
        CHECK(value_in(read_whole(path), "failed") == "\"sandbox\"");
        CHECK(value_in(read_whole(path), "status") == "125");
    }
    CHECK(run(plain(Name::sbx, {"--result", path})).status == 125);
    CHECK(contains(value_in(read_whole(path), "message"), "no command given"));
}

// Runs `script` where the directory of the result is /p/d, writable.
Ended run_with_result(Name name, const std::string& project, const std::string& script) {
    return run(sandbox(name,
                       {"--unshare-pid", "--result", project + "/d/result.json", "--bind", project,
                        "/p", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib",
                        "--symlink", "usr/lib64", "/lib64", "--setenv", "PATH", "/usr/bin"},
                       {"execute", "/usr/bin/sh", "-c", script}));
}

TEST_CASE("a command cannot forge the result", "[result]") {
    const TemporaryDirectory place;
    const std::string precious = place.file("precious", "text");
    struct Attack {
        const char* script;
        const char* words;  ///< of the error
    };
    const std::string to_link = "ln -sf " + precious + " /p/d/result.json";
    for (const Attack& attack : {
             Attack{"echo forged >/p/x; mv /p/x /p/d/result.json", "was replaced meanwhile"},
             Attack{"mv /p/d/result.json /p/x; cp /p/x /p/d/result.json", "was replaced meanwhile"},
             Attack{"mv /p/d /p/e; mkdir /p/d; echo forged >/p/d/result.json",
                    "was replaced meanwhile"},
             Attack{"rm /p/d/result.json; mkfifo /p/d/result.json", "was replaced meanwhile"},
             Attack{"rm /p/d/result.json", "was moved or removed meanwhile"},
             Attack{"mv /p/d /p/e", "was moved or removed meanwhile"},
             Attack{"ln /p/d/result.json /p/x", "has a second name"},
             Attack{to_link.c_str(), "was replaced meanwhile"},
         }) {
        for (const Name name : {Name::sbx, Name::bwrap}) {
            const TemporaryDirectory project;
            project.directory("d");
            const Ended ended = run_with_result(name, project.path(), attack.script);
            INFO(attack.script << "\n" << ended.err);
            CHECK(ended.status == (name == Name::sbx ? 123 : 1));
            CHECK(contains(ended.err, attack.words));
            CHECK(contains(ended.err, project.path() + "/d/result.json"));
        }
    }
    CHECK(read_whole(precious) == "text");
}

TEST_CASE("nothing of what a command wrote into the file of the result is left", "[result]") {
    for (const Name name : {Name::sbx, Name::bwrap}) {
        const TemporaryDirectory project;
        project.directory("d");
        const std::string script =
            "i=0; while [ $i -lt 999 ]; do echo '{\"failed\": null}'; i=$((i+1)); done "
            ">>/p/d/result.json; exit 3";
        const Ended ended = run_with_result(name, project.path(), script);
        INFO(ended.err);
        CHECK(ended.status == 3);
        const std::string result = read_whole(project.path() + "/d/result.json");
        CHECK(result.front() == '{');
        CHECK(result.substr(result.size() - 3) == "\n}\n");
        CHECK(value_in(result, "status") == "3");
        CHECK(value_in(result, "failed") == "\"command\"");
    }
}

TEST_CASE("a result that has a second name is refused before the command runs", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.file("result.json", "text");
    REQUIRE(::link(path.c_str(), (place.path() + "/other").c_str()) == 0);
    const Ended ended = run(sbx({"--result", path}, {"echo", "ran"}));
    CHECK(ended.status == 125);
    CHECK(ended.out.empty());
    CHECK(contains(ended.err, "has a second name"));
    CHECK(read_whole(path) == "text");
}

TEST_CASE("the result does not take the place of a descriptor that is missing", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/result.json";
    for (int fd = 3; fd < 12; ++fd) {
        const Ended ended =
            run(sbx({"--result", path, "--info-fd", std::to_string(fd)}, {"exit", "0"}));
        INFO(ended.err);
        CHECK(ended.status == 125);
        CHECK(contains(ended.err, "descriptor " + std::to_string(fd) + " is not open"));
    }
}

TEST_CASE("nobody inside has the descriptor of the result", "[result]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/result.json";
    for (const Name name : {Name::sbx, Name::bwrap}) {
        const Ended with = run(sandbox(name, {"--result", path}, {"descriptors"}));
        const Ended without = run(sandbox(name, {}, {"descriptors"}));
        CHECK(with.out == without.out);
        CHECK_FALSE(with.out.empty());
    }
}

}  // namespace
}  // namespace integration
