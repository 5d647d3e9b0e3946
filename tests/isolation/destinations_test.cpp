// SPDX-License-Identifier: Apache-2.0
// Destinations lead nowhere but into the new root, and nothing is made on the host unless a
// dialect says so.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <array>

namespace integration {
namespace {

constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

// A directory of the host that is bound writable, with links that point out of it, and what they
// point at.
struct Trap {
    TemporaryDirectory bound;
    TemporaryDirectory outside;

    Trap() {
        outside.file("file", "precious");
        outside.directory("directory");
        bound.link("absolute", outside.path());
        bound.link("to-directory", outside.path() + "/directory");
        bound.link("to-file", outside.path() + "/file");
        bound.link("relative", "../../../../../../../.." + outside.path());
        bound.link("dangling", "/nowhere/at/all");
        bound.link("loop", "loop");
        bound.link("loop-a", "loop-b/x");
        bound.link("loop-b", "loop-a/y");
        bound.link("magic", "/proc/self/root" + outside.path());
    }

    std::string listing() const { return bound.listing() + outside.listing(); }
};

TEST_CASE("links in a bound directory do not lead a destination to the host", "[destinations]") {
    for (const Name name : both) {
        const Trap trap;
        const std::string before = trap.listing();
        for (const char* link :
             {"absolute", "to-directory", "to-file", "relative", "dangling", "magic"}) {
            for (const std::string& destination :
                 {std::string("/b/") + link, std::string("/b/") + link + "/sub/deep",
                  std::string("/b/../b/./") + link + "//sub"}) {
                INFO(destination);
                const Descriptor content = file_with("overwritten");
                const std::vector<std::vector<std::string>> attempts = {
                    {"--tmpfs", destination},
                    {"--dir", destination},
                    {"--bind", trap.bound.path(), destination},
                    {"--ro-bind", payload_path(), destination},
                    {"--file", "7", destination},
                    {"--symlink", "target", destination},
                };
                for (std::vector<std::string> options : attempts) {
                    options.insert(options.begin(), {"--bind", trap.bound.path(), "/b"});
                    Start start = sandbox(name, options, {"exit", "0"});
                    start.descriptors = {{7, content.get()}};
                    run(start);  // some work and some do not; the host must be as it was
                    REQUIRE(trap.listing() == before);
                }
            }
        }
    }
}

TEST_CASE("a link in a bound directory means the new root", "[destinations]") {
    for (const Name name : both) {
        const Trap trap;
        const std::string before = trap.listing();
        for (const char* link : {"absolute", "relative"}) {
            INFO(link);
            const std::string out = output(sandbox(
                name, {"--bind", trap.bound.path(), "/b", "--tmpfs", std::string("/b/") + link},
                {"write", trap.outside.path() + "/new", "x", ",", "list", trap.outside.path()}));
            CHECK(out == "write ok\nentry new file 0644 1\n");
        }
        // Neither /tmp nor anything else that is writable by itself is around it.
        CHECK(output(sandbox(name, {"--bind", trap.bound.path(), "/b", "--tmpfs", "/b/dangling"},
                             {"write", "/nowhere/at/all/new", "x", ",", "list",
                              "/nowhere/at/all"})) == "write ok\nentry new file 0644 1\n");
        CHECK(
            output(sandbox(
                name, {"--tmpfs", "/t", "--symlink", "/elsewhere", "/t/link", "--tmpfs", "/t/link"},
                {"write", "/elsewhere/new", "x"})) == "write ok\n");
        CHECK(output(sandbox(name, {"--bind", trap.bound.path(), "/b", "--dir", "/b/dangling/sub"},
                             {"look", "/nowhere/at/all/sub"})) == "look directory 0755\n");
        CHECK(trap.listing() == before);
    }
}

TEST_CASE("links that lead in a circle are refused", "[destinations]") {
    for (const Name name : both) {
        const Trap trap;
        const std::string before = trap.listing();
        for (const char* link : {"loop", "loop-a", "loop/sub", "loop-b/sub/sub"}) {
            const Ended ended = run(sandbox(
                name, {"--bind", trap.bound.path(), "/b", "--tmpfs", std::string("/b/") + link},
                {"exit", "0"}));
            CHECK(ended.status == (name == Name::sbx ? 125 : 1));
            CHECK(contains(ended.err, "links"));
        }
        CHECK(trap.listing() == before);
    }
}

TEST_CASE("two dots stay below the new root", "[destinations]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string before = place.listing();
        const std::string up = "/../../../../../..";
        CHECK(
            output(sandbox(name,
                           {"--dir", up + "/x/../y", "--tmpfs", up + place.path() + "/t", "--tmpfs",
                            "/../rel", "--dir", "/y/../../z"},
                           {"look", "/y", ",", "look", place.path() + "/t", ",", "look", "/rel",
                            ",", "look", "/z"})) ==
            "look directory 0755\nlook directory 0755\nlook directory 0755\nlook directory 0755\n");
        CHECK(place.listing() == before);
    }
}

TEST_CASE("a destination through a descriptor of init is refused", "[destinations]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string before = place.listing();
        const Descriptor fd(::open(place.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        for (const char* through : {"/proc/self/fd/7/x", "/proc/self/cwd/x", "/proc/self/root/x",
                                    "/proc/1/cwd", "/proc/thread-self/root/tmp/x"}) {
            INFO(through);
            for (const char* option : {"--dir", "--tmpfs"}) {
                Start start = sandbox(name, {"--unshare-pid", "--proc", "/proc", option, through},
                                      {"exit", "0"});
                start.descriptors = {{7, fd.get()}};
                start.directory = place.path();
                const Ended ended = run(start);
                CHECK(ended.status == (name == Name::sbx ? 125 : 1));
                CHECK(place.listing() == before);
            }
        }
    }
}

TEST_CASE("links of a bound directory to what procfs opens by itself lead nowhere",
          "[destinations]") {
    for (const Name name : both) {
        const TemporaryDirectory bound;
        const TemporaryDirectory outside;
        outside.file("file", "precious");
        const std::string before = outside.listing();
        const Descriptor fd(::open(outside.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const Descriptor content = file_with("overwritten");
        int number = 0;
        for (const char* to :
             {"/proc/self/fd/7", "/proc/self/cwd", "/proc/thread-self/fd/7", "/dev/fd/7",
              "/proc/self/task/1/fd/7", "/proc/1/fd/7", "/proc/1/cwd", "../proc/self/fd/7",
              "/proc/self/fd/7/../../..", "/proc/self/root", "/dev/stdin"}) {
            const std::string link = "link-" + std::to_string(number++);
            bound.link(link, to);
            for (const std::string& destination : {"/b/" + link, std::string(to)}) {
                INFO(destination << " " << to);
                for (const std::vector<std::string>& attempt :
                     std::vector<std::vector<std::string>>{{"--dir", destination + "/deep"},
                                                           {"--tmpfs", destination},
                                                           {"--file", "8", destination},
                                                           {"--chmod", "0700", destination}}) {
                    std::vector<std::string> options = {"--unshare-pid", "--proc", "/proc",
                                                        "--dev",         "/dev",   "--bind",
                                                        bound.path(),    "/b"};
                    options.insert(options.end(), attempt.begin(), attempt.end());
                    Start start = sandbox(name, options, {"exit", "0"});
                    start.descriptors = {{7, fd.get()}, {8, content.get()}};
                    start.directory = outside.path();
                    const bool made = run(start).status == 0;
                    CHECK_FALSE(made);
                    CHECK(outside.listing() == before);
                }
            }
        }
    }
}

TEST_CASE("a missing mount point on the host: sbx refuses, bwrap makes it", "[destinations]") {
    const std::vector<std::vector<std::string>> attempts = {
        {"--tmpfs", "/b/new"},       {"--dir", "/b/new"},
        {"--dir", "/b/new/deep/er"}, {"--symlink", "x", "/b/new"},
        {"--proc", "/b/new"},        {"--dev", "/b/new"},
        {"--file", "7", "/b/new"},   {"--ro-bind", "/usr", "/b/new"},
        {"--dir", "/b/sub/../new"},  {"--tmpfs", "/b/link"},
        {"--file", "7", "/b/old"},   {"--ro-bind", "/dev/null", "/b/sub/new"},
    };
    for (std::vector<std::string> options : attempts) {
        INFO(options[0] << " " << options.back());
        const TemporaryDirectory place;
        place.file("old", "old");
        place.directory("sub");
        place.link("link", "missing");
        const Descriptor content = file_with("content");
        const std::string before = place.listing();
        options.insert(options.begin(), {"--bind", place.path(), "/b"});
        Start refused = sbx(options, {"exit", "0"});
        refused.descriptors = {{7, content.get()}};
        const Ended ended = run(refused);
        CHECK(ended.status == 125);
        CHECK(contains(ended.err,
                       "is in a directory of the host, where sbx creates and changes nothing"));
        CHECK(place.listing() == before);
        Start made = bwrap(options, {"exit", "0"});
        made.descriptors = {{7, content.get()}};
        output(made);
        CHECK(place.listing() != before);
    }
}

TEST_CASE("what the host has already is mounted on without a change to it", "[destinations]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        place.file("file", "host's");
        place.directory("directory");
        const std::string before = place.listing();
        const std::string out =
            output(sandbox(name,
                           {"--bind", place.path(), "/b", "--tmpfs", "/b/directory", "--ro-bind",
                            payload_path(), "/b/file", "--dir", "/b/directory"},
                           {"write", "/b/directory/x", "y", ",", "look", "/b/file"}));
        CHECK(contains(out, "write ok\nlook file 0755 "));
        CHECK(place.listing() == before);
    }
}

TEST_CASE("below a read-only mount nothing can be made", "[destinations]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string before = place.listing();
        const Ended ended = run(
            sandbox(name, {"--ro-bind", place.path(), "/b", "--tmpfs", "/b/new"}, {"exit", "0"}));
        CHECK(ended.status == (name == Name::sbx ? 125 : 1));
        CHECK(contains(ended.err, "/b/new"));
        CHECK(place.listing() == before);
    }
}

TEST_CASE("names may hold any byte", "[destinations]") {
    const std::vector<std::string> names = {"two words", "new\nline",    "back\\slash\\040",
                                            "t\tab",     "\xff\xfe\x80", "\"quo'ted\"",
                                            "--bind",    "comma,colon:", std::string(255, 'n')};
    for (const Name name : both) {
        const TemporaryDirectory place;
        for (const std::string& odd : names) {
            INFO(odd);
            const std::string source = place.directory(odd);
            place.file(odd + "/file", "in");
            CHECK(output(sandbox(name,
                                 {"--ro-bind", source, "/x/" + odd, "--tmpfs", "/t/" + odd,
                                  "--symlink", odd, "/l/" + odd, "--remount-ro", "/t/" + odd},
                                 {"read", "/x/" + odd + "/file", ",", "write", "/t/" + odd + "/f",
                                  "x", ",", "write", "/x/" + odd + "/f", "x"})) ==
                  "read ok in\nwrite EROFS\nwrite EROFS\n");
        }
    }
}

TEST_CASE("long and deep destinations", "[destinations]") {
    std::string deep;
    for (int i = 0; i < 2000; ++i) deep += "/d";
    const std::string name_too_long = "/" + std::string(256, 'n');
    const std::string path_too_long = deep + "/" + std::string(100, 'n');
    for (const Name name : both) {
        const TemporaryDirectory place;
        place.file("file", "deep");
        CHECK(output(sandbox(name, {"--dir", deep}, {"look", deep})) == "look directory 0755\n");
        CHECK(output(sandbox(name, {"--ro-bind", place.path(), deep}, {"read", deep + "/file"})) ==
              "read ok deep\n");
        for (const std::string& wrong : {name_too_long, path_too_long, name_too_long + "/x"}) {
            for (const char* option : {"--dir", "--tmpfs"}) {
                const Ended ended = run(sandbox(name, {option, wrong}, {"exit", "0"}));
                CHECK(ended.status == (name == Name::sbx ? 125 : 1));
                CHECK(contains(ended.err, "ile name too long"));
            }
        }
    }
}

TEST_CASE("parents that only their owner can list are walked through", "[destinations]") {
    const TemporaryDirectory place;
    place.directory("through/in");
    ::chmod((place.path() + "/through").c_str(), 0311);
    for (const Name name : both) {
        CHECK(output(sandbox(name, {"--bind", place.path(), "/b", "--tmpfs", "/b/through/in"},
                             {"write", "/b/through/in/x", "y"})) == "write ok\n");
    }
    ::chmod((place.path() + "/through").c_str(), 0755);
}

}  // namespace
}  // namespace integration
