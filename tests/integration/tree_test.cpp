// SPDX-License-Identifier: Apache-2.0
// The options that make the tree: binds, tmpfs, directories, links, files.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/stat.h>

#include <array>

namespace integration {
namespace {

constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

TEST_CASE("a bind is writable and a read-only one is not", "[tree]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        place.file("old", "content");
        const std::string out = output(
            sandbox(name, {"--bind", place.path(), "/rw", "--ro-bind", place.path(), "/ro"},
                    {"read", "/ro/old", ",", "write", "/rw/new", "abc", ",", "write", "/ro/other",
                     "x", ",", "unlink", "/ro/old", ",", "mkdir", "/ro/d", ",", "mounts"}));
        INFO(out);
        CHECK(has_line(out, "read ok content"));
        CHECK(has_line(out, "write ok"));
        CHECK(has_line(out, "write EROFS"));
        CHECK(has_line(out, "unlink EROFS"));
        CHECK(has_line(out, "mkdir EROFS"));
        CHECK(read_whole(place.path() + "/new") == "abc");
        CHECK(contains(value(out, "mount /rw"), "rw,nosuid,nodev"));
        CHECK(contains(value(out, "mount /ro"), "ro,nosuid,nodev"));
    }
}

TEST_CASE("a bind shows one file when its source is one", "[tree]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string file = place.file("file", "one");
        CHECK(output(sandbox(name, {"--bind", file, "/deep/er/file"},
                             {"read", "/deep/er/file", ",", "write", "/deep/er/file", "two", ",",
                              "look", "/deep", ",", "look", "/deep/er"})) ==
              "read ok one\nwrite ok\nlook directory 0755\nlook directory 0755\n");
        CHECK(read_whole(file) == "two");
    }
}

TEST_CASE("a relative source starts where the caller is, and links in it are followed", "[tree]") {
    const TemporaryDirectory place;
    place.directory("real");
    place.file("real/file", "here");
    place.link("link", "real");
    Start start = sbx({"--ro-bind", "link/../real", "/d", "--ro-bind", "link", "/e"},
                      {"read", "/d/file", ",", "read", "/e/file"});
    start.directory = place.path();
    CHECK(output(start) == "read ok here\nread ok here\n");
}

TEST_CASE("read-only reaches the mounts below", "[tree]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        place.directory("sub");
        const std::string out = in_child([&] {
            enter_own_namespaces(As::itself);
            mount_or_throw("none", place.path() + "/sub", "tmpfs", MS_NOEXEC);
            return output(sandbox(name,
                                  {"--ro-bind", place.path(), "/d", "--bind", place.path(), "/w"},
                                  {"write", "/d/sub/x", "y", ",", "write", "/w/sub/x", "y", ",",
                                   "read", "/d/sub/x", ",", "mounts"}));
        });
        INFO(out);
        CHECK(out.rfind("write EROFS\nwrite ok\nread ok y\n", 0) == 0);
        // What a mount forbids already stays forbidden.
        CHECK(contains(value(out, "mount /d/sub"), "ro,nosuid,nodev,noexec"));
        CHECK(contains(value(out, "mount /w/sub"), "rw,nosuid,nodev,noexec"));
    }
}

TEST_CASE("device nodes work below a dev-bind only", "[tree]") {
    for (const Name name : both) {
        const std::string out =
            output(sandbox(name, {"--dev-bind", "/dev", "/d", "--bind", "/dev", "/e"},
                           {"write", "/d/null", "x", ",", "write", "/e/null", "x"}));
        CHECK(out == "write ok\nwrite EACCES\n");
        // bubblewrap makes it nodev here.
        CHECK(output(sandbox(name, {"--dev-bind", "/dev", "/d", "--remount-ro", "/d"},
                             {"write", "/d/null", "x", ",", "write", "/d/new", "x"})) ==
              "write ok\nwrite EROFS\n");
    }
}

TEST_CASE("the -try forms leave out what is missing, and nothing else", "[tree]") {
    const TemporaryDirectory place;
    place.file("file");
    const std::string missing = place.path() + "/missing";
    for (const Name name : both) {
        for (const char* option : {"--bind-try", "--ro-bind-try", "--dev-bind-try"}) {
            const std::string out =
                output(sandbox(name, {option, missing, "/m", option, place.path(), "/d"},
                               {"look", "/m", ",", "look", "/d/file"}));
            CHECK(out == "look ENOENT\nlook file 0644 0\n");
            const Ended wrong =
                run(sandbox(name, {option, place.path() + "/file/x", "/m"}, {"exit", "0"}));
            CHECK(wrong.status == (name == Name::sbx ? 125 : 1));
            CHECK(contains(wrong.err, "ot a directory"));
        }
    }
}

TEST_CASE("a tmpfs has the mode and the size that were asked for", "[tree]") {
    for (const Name name : both) {
        const std::string out =
            output(sandbox(name,
                           {"--tmpfs", "/a", "--perms", "1770", "--size", "65536", "--tmpfs", "/b",
                            "--size", "0x2000", "--perms", "0700", "--tmpfs", "/c"},
                           {"look", "/a",   ",",    "look", "/b", ",",    "look", "/c",
                            ",",    "fill", "/b/x", "8",    ",",  "fill", "/b/x", "64",
                            ",",    "fill", "/c/x", "3",    ",",  "fill", "/a/x", "64"}));
        CHECK(out ==
              "look directory 0755\nlook directory 1770\nlook directory 0700\nfill ok\n"
              "fill ENOSPC\nfill ENOSPC\nfill ok\n");
    }
}

TEST_CASE("a directory has its mode, whatever the umask, and one that exists keeps its own",
          "[tree]") {
    for (const Name name : both) {
        Start start = sandbox(
            name,
            {"--perms", "0711", "--dir", "/a", "--dir", "/b/c", "--perms", "0700", "--dir", "/a"},
            {"look", "/a", ",", "look", "/b", ",", "look", "/b/c", ",", "process"});
        start.prepare = [] { ::umask(0077); };
        const std::string out = output(start);
        CHECK(out.rfind("look directory 0711\nlook directory 0755\nlook directory 0755\n", 0) == 0);
        CHECK(value(out, "umask") == "0077");  // the command has the caller's
    }
}

TEST_CASE("whatever way a source is spelt, the plan has it without links and detours", "[tree]") {
    const TemporaryDirectory place;
    place.directory("real");
    place.directory("real/sub");
    place.link("link", "real");
    place.link("real/up", "..");
    const std::string real = place.path() + "/real";
    const auto planned = [&](const std::string& source) {
        return run(sbx({"--dry-run", "--bare", "--ro-bind", source, "/d"}, {"exit", "0"})).out;
    };
    const auto line = [](const std::string& sources) {
        return "bind " + sources + " on \"/d\" read-only\n";
    };
    for (const char* clean : {"/real", "/real/", "//real", "/./real", "/real/."}) {
        const std::string source = place.path() + clean;
        CHECK(contains(planned(source), line("\"" + source + "\"")));
    }
    for (const char* spelt :
         {"/link", "/link/", "/real/sub/..", "/link/sub/..", "/real/up/real", "/link/up/link"}) {
        const std::string source = place.path() + spelt;
        CHECK(contains(planned(source), line("\"" + source + "\" (\"" + real + "\")")));
    }
    CHECK(contains(planned("/"), line("\"/\"")));
}

TEST_CASE("a symbolic link says what it was told, and may be there already", "[tree]") {
    for (const Name name : both) {
        CHECK(output(sandbox(
                  name, {"--symlink", "../no where", "/a/l", "--symlink", "../no where", "/a/l"},
                  {"look", "/a/l", ",", "look", "/a"})) ==
              "look link 0777 ../no\\x20where\nlook directory 0755\n");
        const Ended other =
            run(sandbox(name, {"--symlink", "x", "/l", "--symlink", "y", "/l"}, {"exit", "0"}));
        CHECK(other.status != 0);
        CHECK(contains(other.err, "/l"));
        const Ended file = run(sandbox(name, {"--symlink", "x", "/payload"}, {"exit", "0"}));
        CHECK(file.status != 0);
        CHECK(contains(file.err, "not a sym"));
    }
}

TEST_CASE("a file has the content that was given and its mode", "[tree]") {
    const std::string text(100'000, 'z');
    for (const Name name : both) {
        const Descriptor some = file_with("some\n");
        const Descriptor large = file_with(text);
        const Descriptor empty = file_with("");
        Start start = sandbox(name,
                              {"--file", "7", "/etc/some", "--perms", "0400", "--file", "8",
                               "/large", "--file", "9", "/empty"},
                              {"read", "/etc/some", ",", "look", "/etc/some", ",", "look", "/large",
                               ",", "look", "/empty", ",", "look", "/etc", ",", "descriptors"});
        start.descriptors = {{7, some.get()}, {8, large.get()}, {9, empty.get()}};
        const std::string out = output(start);
        CHECK(out.rfind("read ok some\\x0a\nlook file 0666 5\nlook file 0400 100000\n"
                        "look file 0666 0\nlook directory 0755\n",
                        0) == 0);
        CHECK_FALSE(contains(out, "fd 7"));
    }
}

TEST_CASE("a descriptor is read once", "[tree]") {
    const Descriptor some = file_with("some");
    for (const Name name : both) {
        Start start = sandbox(name, {"--file", "7", "/a", "--file", "7", "/b"}, {"exit", "0"});
        start.descriptors = {{7, some.get()}};
        const Ended ended = run(start);
        CHECK(ended.status != 0);
        CHECK(contains(ended.err, "descriptor 7 is used by --file and by another --file"));
    }
}

TEST_CASE("remount-ro closes one mount and not those below it", "[tree]") {
    for (const Name name : both) {
        CHECK(output(sandbox(name, {"--tmpfs", "/t", "--tmpfs", "/t/sub", "--remount-ro", "/t"},
                             {"write", "/t/x", "y", ",", "write", "/t/sub/x", "y"})) ==
              "write EROFS\nwrite ok\n");
        const Ended none = run(sandbox(name, {"--dir", "/d", "--remount-ro", "/d"}, {"exit", "0"}));
        CHECK(none.status == (name == Name::sbx ? 125 : 1));
        CHECK(contains(none.err, "/d"));
        CHECK(contains(none.err, "mount"));
    }
    CHECK(output(bwrap({"--remount-ro", "/"}, {"write", "/x", "y"})) == "write EROFS\n");
}

TEST_CASE("later entries cover earlier ones", "[tree]") {
    const TemporaryDirectory place;
    place.file("mark");
    for (const Name name : both) {
        CHECK(output(sandbox(name, {"--bind", place.path(), "/d", "--tmpfs", "/d"}, {"list", "/d"}))
                  .empty());
        CHECK(output(sandbox(name, {"--tmpfs", "/d", "--bind", place.path(), "/d"},
                             {"list", "/d"})) == "entry mark file 0644 0\n");
    }
}

TEST_CASE("the root itself can be a bind", "[tree]") {
    for (const Name name : both) {
        const std::string out = output(plain(name, {"--ro-bind",
                                                    "/",
                                                    "/",
                                                    "--tmpfs",
                                                    "/tmp",
                                                    "--ro-bind",
                                                    payload_path(),
                                                    "/tmp/payload",
                                                    "/tmp/payload",
                                                    "write",
                                                    "/x",
                                                    "y",
                                                    ",",
                                                    "list",
                                                    "/tmp",
                                                    ",",
                                                    "look",
                                                    "/usr",
                                                    ",",
                                                    "mounts"}));
        INFO(out);
        CHECK(has_line(out, "write EROFS"));
        CHECK(contains(out, "entry payload file"));
        CHECK(contains(out, "look directory"));
        CHECK(contains(value(out, "mount /"), "ro,"));
    }
}

TEST_CASE("modifiers without anything to modify are refused", "[tree]") {
    for (const Name name : both) {
        const int failed = name == Name::sbx ? 125 : 1;
        const Ended perms =
            run(sandbox(name, {"--perms", "0700", "--bind", "/", "/d"}, {"exit", "0"}));
        CHECK(perms.status == failed);
        CHECK(contains(perms.err, "--perms must be followed by an option that creates a file"));
        const Ended size = run(sandbox(name, {"--size", "4096", "--dir", "/d"}, {"exit", "0"}));
        CHECK(size.status == failed);
        CHECK(contains(size.err, "--size must be followed by --tmpfs"));
    }
}

}  // namespace
}  // namespace integration
