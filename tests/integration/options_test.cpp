// SPDX-License-Identifier: Apache-2.0
// The command line as clients of bubblewrap use it: warnings and their levels, very many options,
// numbers at their limits, descriptors that are not open.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};
using Options = std::vector<std::string>;

int failed(Name name) { return name == Name::sbx ? 125 : 1; }

TEST_CASE("an option of which the last one counts is warned of, and works", "[options]") {
    const Ended twice = run(bwrap({"--chdir", "/nowhere", "--chdir", "/"}, {"directory"}));
    CHECK(twice.status == 0);
    CHECK(twice.err == "bwrap: Only the last --chdir option will take effect\n");
    CHECK(has_line(twice.out, "cwd /"));
    CHECK(run(sbx({"--chdir", "/nowhere", "--chdir", "/"}, {"directory"})).err.empty());
}

TEST_CASE("--level-prefix: messages after it begin with their level", "[options]") {
    for (const Name name : both) {
        const std::string called = name == Name::sbx ? "sbx: " : "bwrap: ";
        const Ended unknown = run(plain(name, {"--level-prefix", "--nothing", "x"}));
        CHECK(unknown.status == failed(name));
        CHECK(unknown.err.rfind("<3>" + called, 0) == 0);
        CHECK(run(plain(name, {"--nothing", "--level-prefix", "x"})).err.rfind(called, 0) == 0);
        // Of the set-up, and of exec.
        CHECK(run(sandbox(name, {"--level-prefix", "--chdir", "/nowhere"}, {"exit", "0"}))
                  .err.rfind("<3>" + called, 0) == 0);
        CHECK(run(plain(name, {"--level-prefix", "/nowhere"})).err.rfind("<3>" + called, 0) == 0);
        // The command's own messages are its own.
        CHECK(output(sandbox(name, {"--level-prefix"}, {"echo", "plain"})) == "plain\n");
    }
    const std::string text = "bwrap: Only the last --chdir option will take effect\n";
    CHECK(run(bwrap({"--level-prefix", "--chdir", "/", "--chdir", "/"}, {"exit", "0"})).err ==
          "<4>" + text);
    CHECK(run(bwrap({"--chdir", "/", "--chdir", "/", "--level-prefix"}, {"exit", "0"})).err ==
          text);
    CHECK(run(bwrap({"--chdir", "/", "--chdir", "/", "--level-prefix", "--chdir", "/"},
                    {"exit", "0"}))
              .err == text + "<4>" + text);
}

TEST_CASE("10,000 binds by --args", "[options]") {
    const TemporaryDirectory place;
    const std::string source = place.directory("source");
    place.file("source/mark", "here");
    std::string words;
    for (int i = 0; i < 10'000; ++i) {
        for (const std::string& word :
             {std::string("--ro-bind"), source, "/many/" + std::to_string(i)}) {
            words += word + '\0';
        }
    }
    for (const Name name : both) {
        const Descriptor file = file_with(words);
        Start start = sandbox(name, {"--args", "7"},
                              {"read", "/many/0/mark", ",", "read", "/many/9999/mark", ",", "look",
                               "/many/10000", ",", "write", "/many/5000/x", "y"});
        start.descriptors = {{7, file.get()}};
        CHECK(output(start) == "read ok here\nread ok here\nlook ENOENT\nwrite EROFS\n");
    }
}

TEST_CASE("more than 9000 arguments", "[options]") {
    for (const Name name : both) {
        Options options;
        for (int i = 0; i < 10'000; ++i) options.insert(options.end(), {"--unsetenv", "NOTHING"});
        CHECK(output(sandbox(name, options, {"echo", "ran"})) == "ran\n");
    }
}

TEST_CASE("numbers that do not fit are refused, not cut", "[options]") {
    for (const Name name : both) {
        for (const std::string option : {"uid", "gid"}) {
            for (const char* wrong : {"4294967296", "4294967295", "18446744073709551616",
                                      "18446744073709551617", "-1", "", "x", "0x0", "1 "}) {
                INFO(option << " " << wrong);
                const Ended ended =
                    run(sandbox(name, {"--unshare-user", "--" + option, wrong}, {"ids"}));
                CHECK(ended.status == failed(name));
                CHECK(ended.out.empty());
                CHECK(contains(ended.err, name == Name::bwrap ? "Invalid " + option + ": " + wrong
                                                              : std::string("and not \"") + wrong));
            }
        }
        for (const char* wrong : {"4294967303", "18446744073709551623", "2147483648", "-1", "7x"}) {
            const Descriptor file = file_with("x");
            Start start = sandbox(name, {"--ro-bind-data", wrong, "/f"}, {"exit", "0"});
            start.descriptors = {{7, file.get()}};  // what a number cut to 32 bits would be
            const Ended ended = run(start);
            CHECK(ended.status == failed(name));
            const std::string said = name == Name::bwrap
                                         ? std::string("Invalid fd: ") + wrong
                                         : "--ro-bind-data takes the number of an open descriptor";
            CHECK(contains(ended.err, said));
        }
        for (const char* wrong : {"17777", "40000000644", "-1", "8", ""}) {
            CHECK(contains(run(sandbox(name, {"--chmod", wrong, "/"}, {"exit", "0"})).err,
                           "--chmod takes an octal "));
        }
    }
}

TEST_CASE("a descriptor that is not open is an error for every option that takes one",
          "[options]") {
    struct Case {
        Options options;
        const char* bwrap;
    };
    const std::vector<Case> cases = {
        {{"--args", "77"}, "Can't read --args data: Bad file descriptor"},
        {{"--seccomp", "77"}, "Can't read seccomp data: Bad file descriptor"},
        {{"--add-seccomp-fd", "77"}, "Can't read seccomp data: Bad file descriptor"},
        {{"--file", "77", "/f"}, "Can't write data to file /f: Bad file descriptor"},
        {{"--bind-data", "77", "/f"}, "Can't write data to file /f: Bad file descriptor"},
        {{"--ro-bind-data", "77", "/f"}, "Can't write data to file /f: Bad file descriptor"},
        {{"--bind-fd", "77", "/d"}, "77"},
        {{"--ro-bind-fd", "77", "/d"}, "77"},
        {{"--userns", "77"}, "Joining specified user namespace failed: Bad file descriptor"},
        {{"--unshare-user", "--userns2", "77"}, "Setting userns2 failed: Bad file descriptor"},
        {{"--unshare-pid", "--pidns", "77"}, "Setting pidns failed: Bad file descriptor"},
        {{"--sync-fd", "77"}, "77"},
        {{"--block-fd", "77"}, "77"},
        {{"--info-fd", "77"}, "Bad file descriptor"},
        {{"--json-status-fd", "77"}, "Bad file descriptor"},
        {{"--unshare-user", "--userns-block-fd", "77", "--info-fd", "2"}, "77"},
        {{"--keep-fd", "77"}, "77"},
    };
    for (const Name name : both) {
        for (const Case& each : cases) {
            INFO(each.options[0] << " " << each.options[1]);
            const Ended ended = run(sandbox(name, each.options, {"echo", "ran"}));
            INFO(ended.err);
            CHECK(ended.status == failed(name));
            CHECK(ended.out.empty());
            CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
            CHECK(contains(ended.err, "77"));
            if (name == Name::bwrap) CHECK(contains(ended.err, each.bwrap));
            // Which option it was.
            const std::string option =
                each.options[each.options[0].rfind("--unshare", 0) == 0 ? 1 : 0];
            if (name == Name::sbx) CHECK(contains(ended.err, option));
        }
    }
}

TEST_CASE("a descriptor that cannot be read from is an error for every option that reads one",
          "[options]") {
    const std::vector<Options> cases = {
        {"--file", "7", "/f"},
        {"--bind-data", "7", "/f"},
        {"--ro-bind-data", "7", "/f"},
        {"--block-fd", "7"},
        {"--unshare-user", "--info-fd", "8", "--userns-block-fd", "7"},
    };
    for (const Name name : both) {
        for (const Options& options : cases) {
            INFO(options[0]);
            const Pipe unread = make_pipe();
            const Pipe info = make_pipe();
            Start start = sandbox(name, options, {"echo", "ran"});
            start.descriptors = {{7, unread.write.get()}, {8, info.write.get()}};
            const Ended ended = run(start);
            CHECK(ended.status == failed(name));
            CHECK(ended.out.empty());
            CHECK(contains(ended.err, name == Name::sbx ? "descriptor 7 cannot be read from"
                                                        : "ad file descriptor"));
        }
    }
}

TEST_CASE("a descriptor that two options name is refused", "[options]") {
    for (const Name name : both) {
        const Descriptor file = file_with("x");
        Start start = sandbox(name, {"--ro-bind-data", "7", "/a", "--ro-bind-data", "7", "/b"},
                              {"read", "/b"});
        start.descriptors = {{7, file.get()}};
        const Ended ended = run(start);
        CHECK(ended.status == failed(name));
        CHECK(contains(ended.err,
                       "descriptor 7 is used by --ro-bind-data and by another --ro-bind-data"));
    }
}

TEST_CASE("descriptors that options use are gone for the command", "[options]") {
    // Each number has an option of its own.
    const TemporaryDirectory place;
    for (const Name name : both) {
        const Descriptor data = file_with("x");
        const Descriptor more = file_with("x");
        const Descriptor directory(file_with("x"));
        Pipe sync = make_pipe();
        Pipe info = make_pipe();
        Pipe status = make_pipe();
        Pipe block = make_pipe();
        block.write.close();
        Start start = sandbox(name,
                              {"--file", "3", "/f", "--ro-bind-data", "4", "/g", "--sync-fd", "5",
                               "--info-fd", "6", "--json-status-fd", "7", "--block-fd", "8"},
                              {"descriptors"});
        start.descriptors = {{3, data.get()},       {4, more.get()},         {5, sync.write.get()},
                             {6, info.write.get()}, {7, status.write.get()}, {8, block.read.get()}};
        CHECK(output(start) == "fd 0 character\nfd 1 pipe\nfd 2 pipe\n");
    }
}

TEST_CASE("a standard descriptor that an option reads is not the command's", "[options]") {
    for (const Name name : both) {
        const Descriptor data = file_with("content");
        Start start = sandbox(name, {"--file", "0", "/f"}, {"read", "/f", ",", "descriptors"});
        start.descriptors = {{0, data.get()}};
        // In the sbx dialect nothing that is opened later takes its place.
        CHECK(output(start) == std::string("read ok content\n") +
                                   (name == Name::sbx ? "fd 0 character\n" : "") +
                                   "fd 1 pipe\nfd 2 pipe\n");
    }
}

TEST_CASE("what the command closes is closed: sbx holds no copy of it", "[options]") {
    for (const Name name : both) {
        Pipe inherited = make_pipe();
        Pipe control = make_pipe();
        // A shell that execs sbx has such a pipe as often as not.
        Start start = sandbox(name, {}, {"close", "9", ",", "echo", "up", ",", "wait-end", "0"});
        start.descriptors = {{0, control.read.get()}, {9, inherited.write.get()}};
        Running running(start);
        inherited.write.close();
        running.expect("up\n");
        CHECK(ends(inherited.read));
        control.write.close();
        CHECK(running.wait().status == 0);
    }
}

TEST_CASE("labels and options without effect", "[options]") {
    for (const char* option : {"--exec-label", "--file-label"}) {
        const Ended ended = run(bwrap({option, "x"}, {"exit", "0"}));
        CHECK(ended.status == 1);
        CHECK(ended.err == "bwrap: labeling not supported on this system\n");
    }
    for (const Name name : both) {
        const Ended ended = run(sandbox(name, {"--not-a-security-boundary"}, {"echo", "ran"}));
        CHECK(ended.out == "ran\n");
        CHECK(ended.err.empty());
    }
}

TEST_CASE("the first error is told, and help and version act where they stand", "[options]") {
    CHECK(contains(run(bwrap({"--uid", "x", "--nothing"}, {"exit", "0"})).err, "Invalid uid: x"));
    CHECK(run(plain(Name::bwrap, {"--version", "--nothing"})).status == 0);
    CHECK(run(plain(Name::bwrap, {"--unshare-all", "--help", "--nothing"})).status == 0);
    CHECK(run(plain(Name::bwrap, {"--nothing", "--version"})).status == 1);
    // Clients look for options in it.
    const std::string help = run(plain(Name::bwrap, {"--help"})).out;
    CHECK(lines_of(help).at(0).rfind("usage: ", 0) == 0);
    for (const char* option : {"--args",
                               "--argv0",
                               "--level-prefix",
                               "--unshare-user-try",
                               "--userns",
                               "--userns2",
                               "--disable-userns",
                               "--assert-userns-disabled",
                               "--pidns",
                               "--exec-label",
                               "--file-label",
                               "--bind-fd",
                               "--ro-bind-fd",
                               "--overlay-src",
                               "--overlay",
                               "--tmp-overlay",
                               "--ro-overlay",
                               "--mqueue",
                               "--bind-data",
                               "--ro-bind-data",
                               "--chmod",
                               "--seccomp",
                               "--add-seccomp-fd",
                               "--block-fd",
                               "--userns-block-fd",
                               "--info-fd",
                               "--json-status-fd",
                               "--sync-fd",
                               "--lock-file",
                               "--perms",
                               "--size",
                               "--die-with-parent",
                               "--new-session"}) {
        INFO(option);
        CHECK(contains(help, std::string("    ") + option));
    }
}

}  // namespace
}  // namespace integration
