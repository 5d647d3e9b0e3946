// SPDX-License-Identifier: Apache-2.0
// The command line that --dry-run=bwrap prints: run by a shell, with the real bubblewrap, it gives
// a command the same to see as sbx does.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace integration {
namespace {

using Words = std::vector<std::string>;

Start dry(Start start) {
    start.words.insert(start.words.begin(), "--dry-run=bwrap");
    return start;
}

// What a shell makes of the line that the dry run prints. Which bubblewrap is meant does not depend
// on anybody's PATH.
Start as_bubblewrap(const Start& start) {
    const char* bubblewrap = std::getenv("SBX_TEST_BUBBLEWRAP");
    if (bubblewrap == nullptr || *bubblewrap == '\0') {
        throw std::runtime_error("no bubblewrap here; install the package bubblewrap");
    }
    Start shell = start;
    shell.words = {"-c",
                   "bwrap() { " + std::string(bubblewrap) + " \"$@\"; }\n" + output(dry(start))};
    shell.program = "/bin/sh";
    return shell;
}

// The lines without those that the comments before the command are about. Shells put the
// environment into another order, a filter refuses a user namespace by another error than a limit,
// and bubblewrap's init is the one that leads the session, for which sbx makes a process.
Words comparable(const std::string& text) {
    Words out;
    for (const std::string& line : lines_of(text)) {
        if (line.rfind("seccomp ", 0) == 0 || line.rfind("pgid ", 0) == 0 ||
            line.rfind("sid ", 0) == 0 || line.rfind("pid ", 0) == 0) {
            continue;
        }
        const bool refused = line.rfind("unshare-user E", 0) == 0;
        out.push_back(refused ? "unshare-user refused" : line);
    }
    const auto is_variable = [](const std::string& line) { return line.rfind("env ", 0) == 0; };
    const auto first = std::find_if(out.begin(), out.end(), is_variable);
    std::sort(first, std::find_if_not(first, out.end(), is_variable));
    return out;
}

void check_same(const Start& start, std::size_t at_least) {
    INFO(output(dry(start)));
    const Words ours = comparable(output(start));
    CHECK(ours.size() >= at_least);
    CHECK(ours == comparable(output(as_bubblewrap(start))));
}

// Sees all that bubblewrap can make the same, but for the tree.
const Words self = {"ids",      ",", "capabilities", ",", "environment",  ",", "directory", ",",
                    "hostname", ",", "descriptors",  ",", "unshare-user", ",", "loopback"};

Words operator+(Words a, const Words& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

TEST_CASE("bubblewrap's line shows the same of a whole sandbox", "[line]") {
    const TemporaryDirectory place;
    place.directory("sub");
    const std::string file = place.file("file", "content");
    Start start = sbx({"--bind",
                       place.path(),
                       "/a/b/w",
                       "--ro-bind",
                       place.path(),
                       "/ro",
                       "--perms",
                       "0711",
                       "--tmpfs",
                       "/t",
                       "--perms",
                       "0700",
                       "--dir",
                       "/d/e",
                       "--symlink",
                       "t",
                       "/link",
                       "--symlink",
                       "/d/f",
                       "/absolute",
                       "--ro-bind",
                       file,
                       "/link/x/file",
                       "--tmpfs",
                       "/absolute/g",
                       "--chmod",
                       "0750",
                       "/d",
                       "--remount-ro",
                       "/t",
                       "--setenv",
                       "A",
                       "b 'c' \"$d\" `e`\\ %s\n-\x01\n",
                       "--unsetenv",
                       "B",
                       "--hostname",
                       "box",
                       "--uid",
                       "7",
                       "--gid",
                       "8",
                       "--chdir",
                       "/a/b/w"},
                      self + Words{",",        "process",
                                   ",",        "list",
                                   "/",        ",",
                                   "list",     "/a",
                                   ",",        "list",
                                   "/d",       ",",
                                   "list",     "/d/f",
                                   ",",        "list",
                                   "/dev",     ",",
                                   "list",     "/t",
                                   ",",        "list",
                                   "/t/x",     ",",
                                   "list",     "/ro",
                                   ",",        "mkdir",
                                   "/x",       ",",
                                   "mkdir",    "/ro/x",
                                   ",",        "mkdir",
                                   "/a/b/x",   ",",
                                   "mkdir",    "/t/y",
                                   ",",        "mkdir",
                                   "/d/f/g/x", ",",
                                   "write",    "/link/x/file",
                                   "x",        ",",
                                   "read",     "/link/x/file",
                                   ",",        "look",
                                   "/proc",    ",",
                                   "look",     "/dev/shm",
                                   ",",        "look",
                                   "/tmp",     ",",
                                   "write",    "/dev/null",
                                   "x",        ",",
                                   "queue",    "/q",
                                   ",",        "writable-proc",
                                   "/proc",    ",",
                                   "look",     "/"});
    start.prepare = [] {
        ::clearenv();
        ::setenv("PATH", "/usr/bin", 1);
        ::setenv("A", "1", 1);
        ::setenv("B", "2", 1);
        ::setenv("C", "3", 1);
    };
    check_same(start, 60);
}

TEST_CASE("bubblewrap's line leaves shared what is shared", "[line]") {
    const TemporaryDirectory place;
    const std::string link = place.link("here", ".");
    Start start = sbx({"--share-net", "--share-pid", "--share-ipc", "--share-uts", "--bare",
                       "--map-current-user", "--ro-bind", place.path(), place.path(), "--tmpfs",
                       "/tmp/below", "--new-session", "--clearenv", "--setenv", "HOME", "/tmp"},
                      {"ids", ",", "environment", ",", "directory", ",", "hostname", ",",
                       "interfaces", ",", "list", "/", ",", "list", "/tmp", ",", "unshare-user"});
    start.directory = place.path();
    check_same(start, 8);
}

TEST_CASE("bubblewrap's line of its own dialect means what it meant", "[line]") {
    const TemporaryDirectory place;
    place.directory("sub");
    const Words sentence =
        self + Words{",", "list",  "/",    ",", "list", "/p",   ",", "mkdir", "/x",
                     ",", "mkdir", "/p/x", ",", "list", "/tmp", ",", "look",  "/p/q/r"};
    const Words tree = {"--bind", place.path(), "/p/q/r",     "--tmpfs", "/tmp",
                        "--dir",  "/tmp/x/y",   "--unsetenv", "PATH"};
    check_same(bwrap(tree + Words{"--unshare-all", "--dev", "/dev"}, sentence), 20);
    check_same(bwrap(tree + Words{"--unshare-user", "--unshare-pid", "--die-with-parent", "--uid",
                                  "5", "--cap-drop", "ALL"},
                     sentence),
               20);
    check_same(bwrap(tree, sentence), 20);  // root has no user namespace then
    check_same(bwrap(tree + Words{"--unshare-user", "--cap-add", "CAP_NET_RAW", "--as-pid-1",
                                  "--unshare-pid"},
                     {"capabilities", ",", "process", ",", "ids"}),
               10);
}

TEST_CASE("bubblewrap's line reads the same descriptors", "[line]") {
    const Words options = {"--ro-bind-data", "7", "/data",       "--perms", "0604",
                           "--file",         "8", "/tmp/x/file", "--perms", "0640",
                           "--bind-data",    "9", "/y/data"};
    const Words sentence = {"read",    "/data", ",",       "read", "/tmp/x/file", ",",     "read",
                            "/y/data", ",",     "list",    "/tmp", ",",           "list",  "/tmp/x",
                            ",",       "list",  "/y",      ",",    "write",       "/data", "x",
                            ",",       "write", "/y/data", "x"};
    enum class By { sbx, bubblewrap };
    const auto out_of = [&](By who) {
        const Descriptor one = file_with("one");
        const Descriptor two = file_with("two");
        const Descriptor three = file_with("three");
        Start start = sbx(options, sentence);
        start.descriptors = {{7, one.get()}, {8, two.get()}, {9, three.get()}};
        return output(who == By::sbx ? start : as_bubblewrap(start));
    };
    const std::string ours = out_of(By::sbx);
    CHECK(contains(ours, "read ok two"));
    CHECK(ours == out_of(By::bubblewrap));
}

TEST_CASE("bubblewrap's line keeps what is masked or protected", "[line]") {
    const TemporaryDirectory place;
    place.directory("hooks");
    place.directory("closed");
    place.file("hooks/one", "1");
    place.file("secret", "key");
    Start start = sbx({"--bind",
                       place.path(),
                       "/w",
                       "--protect",
                       "/w/new/",
                       "--mask",
                       "/w/secret",
                       "--mask",
                       "/w/closed",
                       "--tmpfs",
                       "/secret",
                       "--ro-bind",
                       place.path() + "/hooks/one",
                       "/key",
                       "--tmpfs",
                       "/t",
                       "--mask",
                       "/secret",
                       "--mask",
                       "/key",
                       "--protect",
                       "/w/hooks",
                       "--protect",
                       "/t/new",
                       "--mask",
                       "/t/dir/",
                       "--protect",
                       "/t"},
                      {"open",       "/secret",   ",",         "open",    "/key",
                       ",",          "chmod",     "0777",      "/secret", ",",
                       "mkdir",      "/secret/x", ",",         "write",   "/w/hooks/one",
                       "x",          ",",         "mkdir",     "/w/x",    ",",
                       "mkdir",      "/t/x",      ",",         "mkdir",   "/w/new/x",
                       ",",          "open",      "/w/secret", ",",       "mkdir",
                       "/w/closed/x"});
    const std::string ours = output(start);
    CHECK(ours ==
          "open EACCES\nopen EACCES\nchmod EROFS\nmkdir EACCES\nwrite EROFS\nmkdir ok\n"
          "mkdir EROFS\nmkdir EROFS\nopen EACCES\nmkdir EACCES\n");
    REQUIRE(::rmdir((place.path() + "/x").c_str()) == 0);
    CHECK(ours == output(as_bubblewrap(start)));
}

TEST_CASE("what bubblewrap would show is refused", "[line]") {
    const TemporaryDirectory place;
    place.link("key", "elsewhere");
    const Ended ended = run(dry(sbx({"--bind", place.path(), "/w", "--mask", "/w/key"}, {"ids"})));
    CHECK(ended.status == 125);
    CHECK(ended.out.empty());
    CHECK(contains(ended.err, "--mask \"/w/key\" has no equivalent in bubblewrap"));
}

}  // namespace
}  // namespace integration
