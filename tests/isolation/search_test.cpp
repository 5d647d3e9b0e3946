// SPDX-License-Identifier: Apache-2.0
// Guards with patterns: what matches below a directory when the sandbox is started is guarded as if
// it had been named, wherever it is shown, and the search follows nothing that leads elsewhere.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace integration {
namespace {

using Words = std::vector<std::string>;

const Name both[] = {Name::sbx, Name::bwrap};

Start searching(Name name, Words options, Words sentence) {
    options.insert(options.begin(), "--unshare-pid");
    if (name == Name::bwrap) options.insert(options.begin(), "--unshare-user");
    return sandbox(name, options, std::move(sentence));
}

}  // namespace

TEST_CASE("what matches a pattern is guarded, at any depth", "[search]") {
    for (const Name name : both) {
        // Root in the bwrap dialect keeps capabilities that open everything: it finds nothing.
        const bool opens = name == Name::bwrap && is_root();
        const TemporaryDirectory place;
        for (const char* path : {"a", "a/.hidden", "a/.hidden/c", "b"}) place.directory(path);
        place.file("rc", "old");
        place.file("a/rc", "old");
        place.file("a/.hidden/c/rc", "old");
        place.file("b/key", "secret");
        place.directory("b/rc");
        const Words guards = {"--bind",     place.path(), "/p",       "--protect-try",
                              "/p/*/**/rc", "--mask-try", "/p/**/k*y"};
        // The first is not in a directory below, the others are; the last may be changed beside it.
        CHECK(output(searching(name, guards, {"write",       "/p/a/rc", "x",
                                              ",",           "write",   "/p/a/.hidden/c/rc",
                                              "x",           ",",       "write",
                                              "/p/b/rc/new", "x",       ",",
                                              "unlink",      "/p/a/rc", ",",
                                              "rename",      "/p/a",    "/p/z",
                                              ",",           "rename",  "/p/a/.hidden",
                                              "/p/a/z",      ",",       "open",
                                              "/p/b/key",    ",",       "write",
                                              "/p/rc",       "new"})) ==
              "write EROFS\nwrite EROFS\nwrite EROFS\nunlink EBUSY\nrename EBUSY\nrename EBUSY\n" +
                  std::string(opens ? "open ok\n" : "open EACCES\n") + "write ok\n");
        CHECK(read_whole(place.path() + "/rc") == "new");
        CHECK(read_whole(place.path() + "/a/rc") == "old");
        // It is not promised of what is not there.
        CHECK(output(searching(name, guards, {"write", "/p/a/.hidden/rc", "x"})) == "write ok\n");
    }
}

TEST_CASE("a search stays on what is shown, and follows neither links nor mounts", "[search]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const TemporaryDirectory other;
        for (const char* path : {"covered", "mounted", "away"}) place.directory(path);
        place.file("covered/rc", "old");
        other.file("rc", "old");
        other.file("lone");
        const std::string out = in_child([&] {
            enter_own_namespaces(As::itself);
            mount_or_throw("none", place.path() + "/mounted", "tmpfs", 0);
            place.file("mounted/rc", "old");
            place.link("away/link", other.path());
            place.link("away/up", "..");
            // Where something of the host's is covered by another directory of it, that one counts.
            return output(
                searching(name,
                          {"--bind", place.path(), "/p", "--bind", other.path(), "/p/covered",
                           "--bind", other.path(), "/o", "--protect-try", "/p/**/rc"},
                          {"write", "/p/covered/rc", "x", ",", "write", "/p/mounted/rc", "x", ",",
                           "write", "/o/rc", "x"}));
        });
        CHECK(out == "write EROFS\nwrite ok\nwrite ok\n");
        CHECK(read_whole(place.path() + "/covered/rc") == "old");
        // What is covered by something of the sandbox's own has no guard, and no placeholder.
        CHECK(output(searching(name,
                               {"--bind", place.path(), "/p", "--tmpfs", "/p/covered",
                                "--protect-try", "/p/**/rc"},
                               {"write", "/p/covered/rc", "x"})) == "write ok\n");
    }
}

TEST_CASE("a link that matches a pattern cannot be exchanged", "[search]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        place.directory("a");
        place.file("a/other", "old");
        place.link("a/rc", "other");
        CHECK(output(searching(name, {"--bind", place.path(), "/p", "--protect-try", "/p/**/rc"},
                               {"write", "/p/a/rc", "x", ",", "write", "/p/a/other", "x", ",",
                                "unlink", "/p/a/rc"})) ==
              "write EROFS\nwrite EROFS\nunlink EBUSY\n");
        CHECK(read_whole(place.path() + "/a/other") == "old");
    }
}

TEST_CASE("a search looks into each layer of an overlay", "[search]") {
    const TemporaryDirectory place;
    for (const char* path : {"low", "low/a", "high", "high/b"}) place.directory(path);
    place.file("low/a/rc", "old");
    place.file("high/b/rc", "old");
    CHECK(output(searching(
              Name::sbx,
              {"--overlay-src", place.path() + "/low", "--overlay-src", place.path() + "/high",
               "--tmp-overlay", "/p", "--protect-try", "/p/**/rc"},
              {"write", "/p/a/rc", "x", ",", "write", "/p/b/rc", "x", ",", "write", "/p/a/new",
               "x"})) == "write EROFS\nwrite EROFS\nwrite ok\n");
}

}  // namespace integration
