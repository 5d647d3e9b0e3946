// SPDX-License-Identifier: Apache-2.0
// sbx as its caller meets it: odd states of the caller, what it is left with, what init holds.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};
using Options = std::vector<std::string>;

TEST_CASE("no zombie and no orphan is left to the caller", "[caller]") {
    for (const Options& options :
         {Options{}, {"--share-pid"}, {"--as-pid-1"}, {"--chdir", "/nowhere"}}) {
        INFO((options.empty() ? "" : options[0]));
        const std::string out = in_child([&options] {
            // Orphans of the sandbox would come to this process.
            ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
            run(sbx(options, {"linger", ",", "exit", "0"}));
            const pid_t other = ::waitpid(-1, nullptr, WNOHANG | __WALL);
            return std::string(other < 0 && errno == ECHILD ? "none" : "some");
        });
        CHECK(out == "none");
    }
    const std::string out = in_child([] {
        run(bwrap({"--unshare-pid"}, {"exit", "0"}));
        return std::string(::waitpid(-1, nullptr, WNOHANG | __WALL) < 0 ? "none" : "some");
    });
    CHECK(out == "none");
}

TEST_CASE("a directory as standard input leads nowhere", "[caller]") {
    const Descriptor root(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Options look = {"look", "/proc/self/fd/0/etc"};
    Start start = sbx({}, look);
    start.descriptors = {{0, root.get()}};
    const Ended refused = run(start);
    CHECK(refused.status == 125);
    CHECK(contains(refused.err, "descriptor 0 is a directory, which would lead out"));
    Start other = bwrap({}, look);
    other.descriptors = {{0, root.get()}};
    CHECK_FALSE(contains(run(other).out, "directory"));
    Start named = sbx({"--keep-fd", "0"}, look);
    named.descriptors = {{0, root.get()}};
    CHECK(run(named).status == 0);
}

TEST_CASE("a signal ends sbx also while set-up waits for a pipe", "[caller]") {
    for (const int signal : {SIGTERM, SIGINT}) {
        const Pipe pipe = make_pipe();
        Start start = sbx({"--file", "7", "/x"}, {"exit", "0"});
        start.descriptors = {{7, pipe.read.get()}};
        Running running(start);
        REQUIRE(::write(pipe.write.get(), "x", 1) == 1);
        int left = 1;  // until set-up has read it, and waits for more
        while (left != 0) REQUIRE(::ioctl(pipe.read.get(), FIONREAD, &left) == 0);
        running.send(signal);
        CHECK(running.wait().status == 128 + signal);
    }
}

double cpu_seconds_of_children() {
    rusage used{};
    ::getrusage(RUSAGE_CHILDREN, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

TEST_CASE("the caller sees the CPU time of the whole tree", "[caller]") {
    // A child and an orphan, 150 ms each.
    for (const auto& [name, options] : std::vector<std::pair<Name, Options>>{
             {Name::sbx, {}}, {Name::sbx, {"--share-pid"}}, {Name::bwrap, {"--unshare-pid"}}}) {
        const double before = cpu_seconds_of_children();
        CHECK(output(sandbox(name, options, {"burn", "150"})) == "burnt\n");
        CHECK(cpu_seconds_of_children() - before >= 0.28);
    }
}

TEST_CASE("a caller that ignores SIGCHLD gets the exit status", "[caller]") {
    for (const Name name : both) {
        for (const Options& options :
             {Options{}, {"--unshare-pid"}, {"--unshare-pid", "--as-pid-1"}}) {
            Start start = sandbox(name, options, {"signal-state", ",", "exit", "7"});
            start.prepare = [] {
                ::signal(SIGCHLD, SIG_IGN);
                ::signal(SIGPIPE, SIG_IGN);
            };
            const Ended ended = run(start);
            CHECK(ended.status == 7);
            CHECK(value(ended.out, "ignored") == "PIPE CHLD");
        }
    }
}

TEST_CASE("a caller that blocks all signals gets the exit status", "[caller]") {
    for (const Name name : both) {
        for (const Options& options :
             {Options{}, {"--unshare-pid"}, {"--unshare-pid", "--as-pid-1"}}) {
            Start start = sandbox(name, options, {"signal-state", ",", "exit", "7"});
            start.prepare = [] {
                sigset_t all{};
                sigfillset(&all);
                ::sigprocmask(SIG_BLOCK, &all, nullptr);
            };
            const Ended ended = run(start);
            CHECK(ended.status == 7);
            // As exec does it: the mask is the caller's.
            CHECK(contains(ended.out, "blocked HUP INT QUIT"));
        }
    }
    const std::string usual = output(sbx({}, {"signal-state"}));
    CHECK(usual == "blocked\nignored\n");
}

TEST_CASE("a caller without standard descriptors hands over none of sbx's own", "[caller]") {
    for (const Name name : both) {
        for (const Options& options : {Options{}, {"--unshare-pid"}}) {
            Pipe answer = make_pipe();
            Options all = options;
            all.insert(all.end(), {"--keep-fd", "9"});
            Start start = sandbox(name, all, {"output", "9", ",", "descriptors", ",", "exit", "7"});
            start.descriptors = {{9, answer.write.get()}};
            start.prepare = [] {
                for (int fd = 0; fd < 3; ++fd) ::close(fd);
            };
            Running running(start);
            answer.write.close();
            CHECK(running.wait().status == 7);
            CHECK(read_until(answer.read, "fd 9 pipe\n") ==
                  "fd 0 character\nfd 1 character\nfd 2 character\nfd 9 pipe\n");
        }
    }
}

// The one child of `pid`: of sbx, that is init.
std::string child_of(const std::string& pid) {
    std::string text = read_whole("/proc/" + pid + "/task/" + pid + "/children");
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

TEST_CASE("init holds nothing of the host when the command runs", "[caller]") {
    for (const auto& [name, options] : std::vector<std::pair<Name, Options>>{
             {Name::sbx, {}}, {Name::sbx, {"--share-pid"}}, {Name::bwrap, {"--unshare-pid"}}}) {
        const TemporaryDirectory place;
        const Descriptor directory(
            ::open(place.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const Descriptor file = file_with("x");
        const std::string out = in_child([&, name = name, options = options] {
            // As root of a namespace around it the test may look at what nobody else can.
            enter_own_namespaces(As::root);
            std::string seen;
            Pipe control = make_pipe();
            Start start = sandbox(name, options, {"echo", "up", ",", "wait-end", "0"});
            start.descriptors = {{0, control.read.get()}, {7, directory.get()}, {8, file.get()}};
            Running running(start);
            running.expect("up\n");
            const std::string init = child_of(std::to_string(running.pid()));
            for (const std::string& held : open_in(init, 4)) seen += held + "\n";
            seen +=
                "cwd " + std::filesystem::read_symlink("/proc/" + init + "/cwd").string() + "\n";
            seen += read_whole("/proc/" + init + "/status");
            control.write.close();
            running.wait();
            return seen;
        });
        INFO(out);
        REQUIRE_FALSE(contains(out, "threw"));
        int count = 0;
        for (const std::string& line : lines_of(out.substr(0, out.find("cwd ")))) {
            ++count;
            const bool own = line.rfind("pipe:", 0) == 0 || line.rfind("socket:", 0) == 0 ||
                             line == "anon_inode:[signalfd]" ||
                             (line.rfind("/proc/", 0) == 0 && contains(line, "/children"));
            CHECK(own);
        }
        CHECK(count >= 3);
        CHECK(count <= 4);
        CHECK(has_line(out, "cwd /"));
        CHECK(has_line(out, "CapEff:\t0000000000000000"));
        // One that the command has not keeps it from looking in; init has no use of it.
        CHECK((has_line(out, "CapPrm:\t0000000000000000") ||
               has_line(out, "CapPrm:\t0000001000000000")));
        CHECK(has_line(out, "CapInh:\t0000000000000000"));
        CHECK(has_line(out, "CapAmb:\t0000000000000000"));
    }
}

TEST_CASE("init cannot be looked into from inside, and the caller can join it", "[caller]") {
    for (const auto& [name, options] : std::vector<std::pair<Name, Options>>{
             {Name::sbx, {"--seccomp-policy", "none"}}, {Name::bwrap, {"--unshare-pid"}}}) {
        Pipe control = make_pipe();
        Start start = sandbox(name, options,
                              {"open", "/proc/1/environ", ",", "ptrace", "1", ",", "open",
                               "/proc/1/root/payload", ",", "echo", "up", ",", "wait-end", "0"});
        start.descriptors = {{0, control.read.get()}};
        Running running(start);
        running.expect("up\n");
        const std::string init = child_of(std::to_string(running.pid()));
        open_in(init, 4);  // as soon as init is alone in its memory
        // What enters a sandbox from outside (nsenter, slirp4netns) begins like this.
        for (const char* kind : {"user", "net", "mnt"}) {
            const std::string path = "/proc/" + init + "/ns/" + kind;
            CHECK(Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)).get() >= 0);
        }
        control.write.close();
        const Ended ended = running.wait();
        if (is_root() && name == Name::bwrap) {
            CHECK(contains(ended.out, "up\n"));  // real root with its capabilities may look
        } else {
            CHECK(ended.out == "open EACCES\nptrace EPERM\nopen EACCES\nup\n");
        }
    }
}

// KiB of the code of `pid`'s executable: of its size, and of what of it is mapped.
std::pair<long, long> code_of(const std::string& pid) {
    std::ifstream maps("/proc/" + pid + "/smaps");
    long size = 0;
    long mapped = 0;
    bool code = false;
    for (std::string line; std::getline(maps, line);) {
        if (contains(line, sbx_path())) code = contains(line, " r-xp ");
        if (code && line.rfind("Size:", 0) == 0) size = std::stol(line.substr(5));
        if (code && line.rfind("Rss:", 0) == 0) {
            mapped = std::stol(line.substr(4));
            code = false;
        }
    }
    return {size, mapped};
}

TEST_CASE("sbx has let go of most of its code while it waits", "[caller]") {
    Pipe control = make_pipe();
    Start start = sbx({}, {"echo", "up", ",", "wait-end", "0"});
    start.descriptors = {{0, control.read.get()}};
    Running running(start);
    running.expect("up\n");
    const std::string supervisor = std::to_string(running.pid());
    // It does so when it has heard that the command runs.
    std::pair<long, long> code = code_of(supervisor);
    for (int i = 0; i < 10000 && code.second >= code.first / 2; ++i) code = code_of(supervisor);
    INFO(code.second << " of " << code.first);
    CHECK(code.second < code.first / 2);
    control.write.close();
    CHECK(running.wait().status == 0);
}

TEST_CASE("many descriptors of the caller do not matter", "[caller]") {
    Start start = sbx({}, {"descriptors"});
    start.prepare = [] {
        for (int fd = 3; fd < 600; ++fd) ::dup2(0, fd);
    };
    CHECK(lines_of(output(start)).size() == 3);
}

TEST_CASE("a low limit of descriptors is enough or an error", "[caller]") {
    for (rlim_t limit = 3; limit < 32; ++limit) {
        Start start = sbx({}, {"exit", "7"});
        start.prepare = [limit] {
            const rlimit wanted{limit, limit};
            ::setrlimit(RLIMIT_NOFILE, &wanted);
        };
        const Ended ended = run(start);
        INFO(limit);
        if (limit == 31) CHECK(ended.status == 7);
        // It may be too low for the dynamic linker even, where sbx is not static.
        if (ended.status != 7) CHECK_FALSE(ended.err.empty());
        CHECK(ended.status > 0);
    }
}

// What sbx says that is executed as `file` with `argv`, which may be empty.
std::string said_to(const std::string& file, std::vector<std::string> argv) {
    Pipe pipe = make_pipe();
    const pid_t child = ::fork();
    if (child == 0) {
        std::vector<char*> words;
        for (std::string& word : argv) words.push_back(word.data());
        words.push_back(nullptr);
        ::dup2(pipe.write.get(), STDERR_FILENO);
        ::dup2(pipe.write.get(), STDOUT_FILENO);
        ::execve(file.c_str(), words.data(), environ);
        ::_exit(99);
    }
    std::string out;
    std::array<char, 4096> part{};
    pipe.write.close();
    for (ssize_t got = 1; got > 0; out.append(part.data(), static_cast<std::size_t>(got))) {
        got = std::max<ssize_t>(::read(pipe.read.get(), part.data(), part.size()), 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return std::to_string(WEXITSTATUS(status)) + " " + out;
}

TEST_CASE("without a name of its own sbx takes that of its file", "[caller]") {
    const std::vector<std::string> usr = {"",   "--ro-bind", "/usr", "/usr", "--", "/usr/bin/env",
                                          "-i", "echo",      "run"};
    CHECK(said_to(sbx_path(), usr) == "0 run\n");
    CHECK(said_to(sbx_path(), {"", "--nonsense"}).rfind("125 sbx: unknown option", 0) == 0);
    CHECK(said_to(sbx_path(), {"a/", "--nonsense"}).rfind("125 sbx: unknown option", 0) == 0);
    CHECK(said_to(bwrap_path(), {"", "--nonsense"}).rfind("1 bwrap: Unknown option", 0) == 0);
    CHECK(said_to(bwrap_path(), {"", "--version"}).rfind("0 bubblewrap ", 0) == 0);
    // Linux gives a program without any word an empty one (5.18).
    const std::string nothing = said_to(sbx_path(), {});
    INFO(nothing);
    CHECK(nothing.rfind("125 sbx: no command given", 0) == 0);
}

}  // namespace
}  // namespace integration
