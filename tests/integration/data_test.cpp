// SPDX-License-Identifier: Apache-2.0
// What comes into the tree by descriptor, and what changes what is there: --bind-fd, --bind-data,
// --chmod, --mqueue.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};
using Options = std::vector<std::string>;

Descriptor opened(const std::string& path, int flags) {
    Descriptor fd(::open(path.c_str(), flags | O_CLOEXEC));
    REQUIRE(fd.get() >= 0);
    return fd;
}

int failed(Name name) { return name == Name::sbx ? 125 : 1; }

TEST_CASE("a directory and a file are bound by their descriptors", "[data]") {
    for (const Name name : both) {
        for (const int flags : {O_RDONLY, O_PATH}) {
            const TemporaryDirectory place;
            const std::string file = place.file("file", "content");
            const Descriptor directory = opened(place.path(), flags | O_DIRECTORY);
            const Descriptor one = opened(file, flags);
            const Descriptor again = opened(place.path(), flags | O_DIRECTORY);
            Start start = sandbox(
                name,
                {"--bind-fd", "7", "/d", "--bind-fd", "8", "/deep/f", "--ro-bind-fd", "9", "/ro"},
                {"read",    "/d/file",  ",",     "read",       "/deep/f", ",",
                 "write",   "/d/new",   "x",     ",",          "write",   "/deep/f",
                 "changed", ",",        "write", "/ro/other",  "x",       ",",
                 "read",    "/ro/file", ",",     "descriptors"});
            start.descriptors = {{7, directory.get()}, {8, one.get()}, {9, again.get()}};
            const std::string out = output(start);
            CHECK(out ==
                  "read ok content\nread ok content\nwrite ok\nwrite ok\nwrite EROFS\n"
                  "read ok changed\nfd 0 character\nfd 1 pipe\nfd 2 pipe\n");
            CHECK(read_whole(place.path() + "/new") == "x");
            CHECK(read_whole(file) == "changed");
        }
    }
}

TEST_CASE("what is bound by a descriptor is nosuid and nodev", "[data]") {
    for (const Name name : both) {
        const Descriptor devices = opened("/dev", O_PATH | O_DIRECTORY);
        Start start = sandbox(name, {"--bind-fd", "7", "/d"}, {"open", "/d/null", ",", "mounts"});
        start.descriptors = {{7, devices.get()}};
        const std::string out = output(start);
        CHECK(has_line(out, "open EACCES"));
        CHECK(contains(value(out, "mount /d"), "nosuid,nodev"));
    }
}

TEST_CASE("a directory that was moved is still the one that the descriptor is open on", "[data]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string old = place.directory("old");
        place.file("old/mark", "this");
        const Descriptor fd = opened(old, O_PATH | O_DIRECTORY);
        REQUIRE(std::rename(old.c_str(), (place.path() + "/moved").c_str()) == 0);
        place.directory("old");
        Start start = sandbox(name, {"--bind-fd", "7", "/d"}, {"read", "/d/mark"});
        start.descriptors = {{7, fd.get()}};
        CHECK(output(start) == "read ok this\n");
    }
}

TEST_CASE("a name that is another file's by now is not bound", "[data]") {
    // The race itself: the kernel says the name while the plan is made, and the name changes while
    // set-up waits for a descriptor that an earlier option reads.
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string target = place.directory("target");
        const Descriptor fd = opened(target, O_PATH | O_DIRECTORY);
        Pipe data = make_pipe();
        Start start =
            sandbox(name, {"--file", "8", "/first", "--bind-fd", "7", "/d"}, {"list", "/d"});
        start.descriptors = {{7, fd.get()}, {8, data.read.get()}};
        Running running(start);
        data.read.close();
        // More than a pipe holds: once it is written, set-up has begun to read.
        const std::string much(100'000, 'x');
        REQUIRE(::write(data.write.get(), much.data(), much.size()) == 100'000);
        REQUIRE(std::rename(target.c_str(), (place.path() + "/away").c_str()) == 0);
        place.directory("target");
        place.file("target/secret", "x");
        data.write.close();
        const Ended ended = running.wait();
        INFO(ended.err);
        CHECK(ended.status == failed(name));
        CHECK(ended.out.empty());
        CHECK(contains(ended.err, name == Name::sbx
                                      ? "another file has taken the name of the one that the "
                                        "descriptor is open on"
                                      : "bwrap: Race condition binding dirfd"));
    }
}

TEST_CASE("what has no name any more cannot be bound", "[data]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const Descriptor fd = opened(place.directory("gone"), O_PATH | O_DIRECTORY);
        REQUIRE(::rmdir((place.path() + "/gone").c_str()) == 0);
        Start start = sandbox(name, {"--bind-fd", "7", "/d"}, {"exit", "0"});
        start.descriptors = {{7, fd.get()}};
        const Ended ended = run(start);
        CHECK(ended.status == failed(name));
        CHECK_FALSE(ended.err.empty());
    }
}

TEST_CASE("data becomes a file that only its owner reads, unless --perms says otherwise",
          "[data]") {
    const std::string text(100'000, 'z');
    for (const Name name : both) {
        const Descriptor some = file_with("some");
        const Descriptor large = file_with(text);
        const Descriptor empty = file_with("");
        Start start =
            sandbox(name,
                    {"--bind-data", "7", "/a/b", "--perms", "0644", "--ro-bind-data", "8", "/large",
                     "--bind-data", "9", "/empty"},
                    {"read", "/a/b", ",",      "look",  "/a/b",       ",",    "look",  "/large",
                     ",",    "look", "/empty", ",",     "write",      "/a/b", "other", ",",
                     "read", "/a/b", ",",      "write", "/large",     "x",    ",",     "list",
                     "/",    ",",    "mounts", ",",     "descriptors"});
        start.descriptors = {{7, some.get()}, {8, large.get()}, {9, empty.get()}};
        start.prepare = [] { ::umask(0077); };
        const std::string out = output(start);
        INFO(out);
        CHECK(out.rfind("read ok some\nlook file 0600 4\nlook file 0644 100000\nlook file 0600 0\n"
                        "write ok\nread ok other\nwrite EROFS\n",
                        0) == 0);
        CHECK(contains(value(out, "mount /a/b"), "rw,nosuid,nodev"));
        CHECK(contains(value(out, "mount /large"), "ro,nosuid,nodev"));
        // The file has no other name.
        CHECK_FALSE(contains(out, "sbx-data"));
        CHECK_FALSE(has_line(out, "fd 7 file"));
    }
}

TEST_CASE("data goes onto a file of a bind, whose content stays", "[data]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        place.file("passwd", "the host's");
        const std::string before = place.listing();
        const Descriptor data = file_with("made up");
        Start start =
            sandbox(name, {"--bind", place.path(), "/etc", "--ro-bind-data", "7", "/etc/passwd"},
                    {"read", "/etc/passwd", ",", "write", "/etc/passwd", "x"});
        start.descriptors = {{7, data.get()}};
        CHECK(output(start) == "read ok made\\x20up\nwrite EROFS\n");
        CHECK(place.listing() == before);
    }
}

TEST_CASE("data can come after the root was closed, and after / was bound", "[data]") {
    for (const Name name : both) {
        const Descriptor first = file_with("first");
        const Descriptor second = file_with("second");
        Start closed = sandbox(name,
                               {"--dir", "/t", "--file", "8", "/place", "--remount-ro", "/",
                                "--bind-data", "7", "/place"},
                               {"read", "/place", ",", "write", "/x", "y", ",", "mkdir", "/z"});
        closed.descriptors = {{7, first.get()}, {8, second.get()}};
        CHECK(output(closed) == "read ok first\nwrite EROFS\nmkdir EROFS\n");

        const TemporaryDirectory place;
        place.file("file", "old");
        place.directory("tmp");
        const std::string before = place.listing();
        const Descriptor third = file_with("third");
        Start bound = plain(name, {"--ro-bind",
                                   place.path(),
                                   "/",
                                   "--tmpfs",
                                   "/tmp",
                                   "--ro-bind",
                                   payload_path(),
                                   "/tmp/payload",
                                   "--bind-data",
                                   "7",
                                   "/file",
                                   "--bare",
                                   "/tmp/payload",
                                   "read",
                                   "/file",
                                   ",",
                                   "write",
                                   "/file",
                                   "more",
                                   ",",
                                   "read",
                                   "/file"});
        bound.descriptors = {{7, third.get()}};
        CHECK(output(bound) == "read ok third\nwrite ok\nread ok more\n");
        CHECK(place.listing() == before);
    }
}

TEST_CASE("--chmod changes what is inside", "[data]") {
    for (const Name name : both) {
        const std::string out = output(sandbox(
            name, {"--dir", "/d",      "--chmod",   "1710", "/d",      "--tmpfs", "/t",   "--chmod",
                   "0",     "/t",      "--symlink", "/d",   "/l",      "--perms", "0644", "--dir",
                   "/e",    "--chmod", "2755",      "/e",   "--chmod", "0705",    "/l"},
            {"look", "/d", ",", "look", "/t", ",", "look", "/e", ",", "look", "/l"}));
        CHECK(out ==
              "look directory 0705\nlook directory 0000\nlook directory 2755\n"
              "look link 0777 /d\n");
    }
}

TEST_CASE("--chmod of what is not there", "[data]") {
    const Ended words = run(bwrap({"--chmod", "0700", "/nowhere"}, {"exit", "0"}));
    CHECK(words.status == 1);
    CHECK(words.err == "bwrap: Can't chmod 0700 /nowhere: No such file or directory\n");
    const Ended ended = run(sbx({"--chmod", "0700", "/nowhere"}, {"exit", "0"}));
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "chmod 0700 \"/nowhere\": no such file or directory"));
}

TEST_CASE("--chmod reaches the host by a writable bind in the bwrap dialect only", "[data]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file", "", 0640);
    const auto mode = [&] {
        struct stat status {};
        REQUIRE(::stat(file.c_str(), &status) == 0);
        return status.st_mode & 07777U;
    };
    const Options options = {"--bind", place.path(), "/d", "--chmod", "0600", "/d/file"};
    const Ended refused = run(sbx(options, {"exit", "0"}));
    CHECK(refused.status == 125);
    CHECK(contains(refused.err, "is in a directory of the host"));
    CHECK(mode() == 0640);
    const Ended closed =
        run(bwrap({"--ro-bind", place.path(), "/d", "--chmod", "0600", "/d/file"}, {"exit", "0"}));
    CHECK(closed.status == 1);
    CHECK(contains(closed.err, "Read-only file system"));
    CHECK(mode() == 0640);
    CHECK(output(bwrap(options, {"look", "/d/file"})) == "look file 0600 0\n");
    CHECK(mode() == 0600);
}

TEST_CASE("--mqueue shows the queues of the sandbox", "[data]") {
    for (const Name name : both) {
        const std::string out =
            output(sandbox(name, {"--unshare-ipc", "--mqueue", "/dev/mqueue"},
                           {"queue", "/mine", ",", "list", "/dev/mqueue", ",", "mounts"}));
        INFO(out);
        CHECK(has_line(out, "queue ok"));
        CHECK(contains(out, "entry mine file 0600"));
        CHECK(contains(value(out, "mount /dev/mqueue"), "nosuid,nodev,noexec"));
        CHECK(contains(value(out, "mount /dev/mqueue"), "mqueue"));
        // It is gone with its namespace.
        CHECK(output(sandbox(name, {"--unshare-ipc", "--mqueue", "/q"}, {"list", "/q"})).empty());
    }
    // With a capability that is kept the other namespaces are the command's own.
    for (const Name name : both) {
        const std::string out = output(
            sandbox(name, {"--unshare-ipc", "--unshare-user", "--cap-add", "ALL", "--mqueue", "/q"},
                    {"queue", "/mine", ",", "list", "/q"}));
        CHECK(contains(out, "entry mine file 0600"));
    }
    if (is_root()) return;
    const Ended shared = run(bwrap({"--mqueue", "/q"}, {"exit", "0"}));
    CHECK(shared.status == 1);
    CHECK(contains(shared.err, "Can't mount mqueue on /newroot/q: Operation not permitted"));
}

}  // namespace
}  // namespace integration
