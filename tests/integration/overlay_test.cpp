// SPDX-License-Identifier: Apache-2.0
// Overlays: which layer is seen, where changes go, and what the sandbox learns of the host.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};
using Options = std::vector<std::string>;

// Three layers that each have a file of their own and one that all have.
struct Layers {
    TemporaryDirectory place;
    std::string low = place.directory("low");
    std::string middle = place.directory("middle");
    std::string high = place.directory("high");
    std::string upper = place.directory("upper");
    std::string work = place.directory("work");

    Layers() {
        for (const std::string name : {"low", "middle", "high"}) {
            place.file(name + "/all", name);
            place.file(name + "/" + name, name);
        }
        place.file("low/two", "low");
        place.file("middle/two", "middle");
    }
    Options sources() const {
        return {"--overlay-src", low, "--overlay-src", middle, "--overlay-src", high};
    }
    Options with(const Options& more) const {
        Options out = sources();
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }
};

const Options seen = {"read", "/d/all", ",", "read", "/d/two", ",",
                      "read", "/d/low", ",", "read", "/d/high"};
const std::string expected = "read ok high\nread ok middle\nread ok low\nread ok high\n";

TEST_CASE("the last source is the topmost, for each kind of overlay", "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        CHECK(output(sandbox(name, layers.with({"--ro-overlay", "/d"}), seen)) == expected);
        CHECK(output(sandbox(name, layers.with({"--tmp-overlay", "/d"}), seen)) == expected);
        CHECK(output(sandbox(name, layers.with({"--overlay", layers.upper, layers.work, "/d"}),
                             seen)) == expected);
    }
}

TEST_CASE("--overlay keeps changes in its upper directory, and nowhere else", "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        const std::string out =
            output(sandbox(name, layers.with({"--overlay", layers.upper, layers.work, "/d"}),
                           {"write", "/d/new", "a", ",", "write", "/d/all", "b", ",", "unlink",
                            "/d/low", ",", "look", "/d/low", ",", "mkdir", "/d/dir"}));
        CHECK(out == "write ok\nwrite ok\nunlink ok\nlook ENOENT\nmkdir ok\n");
        CHECK(read_whole(layers.upper + "/new") == "a");
        CHECK(read_whole(layers.upper + "/all") == "b");
        CHECK(read_whole(layers.low + "/low") == "low");
        for (const std::string& layer : {layers.low, layers.middle, layers.high}) {
            CHECK(::access((layer + "/new").c_str(), F_OK) != 0);
        }
        // And they are there the next time.
        CHECK(output(sandbox(name, layers.with({"--overlay", layers.upper, layers.work, "/d"}),
                             {"read", "/d/all", ",", "look", "/d/low", ",", "look", "/d/dir"})) ==
              "read ok b\nlook ENOENT\nlook directory 0755\n");
    }
}

TEST_CASE("--tmp-overlay forgets changes, and the host sees none of them", "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        const std::string before = layers.place.listing();
        const Options words = {"write",  "/d/new", "a",    ",",      "write", "/d/all",
                               "b",      ",",      "read", "/d/new", ",",     "unlink",
                               "/d/low", ",",      "look", "/d/low"};
        CHECK(output(sandbox(name, layers.with({"--tmp-overlay", "/d"}), words)) ==
              "write ok\nwrite ok\nread ok a\nunlink ok\nlook ENOENT\n");
        CHECK(output(sandbox(name, layers.with({"--tmp-overlay", "/d"}), seen)) == expected);
        CHECK(layers.place.listing() == before);
    }
}

TEST_CASE("--ro-overlay cannot be changed", "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        const std::string before = layers.place.listing();
        CHECK(output(sandbox(name, layers.with({"--ro-overlay", "/d"}),
                             {"write", "/d/new", "a", ",", "write", "/d/all", "a", ",", "unlink",
                              "/d/low", ",", "mkdir", "/d/x"})) ==
              "write EROFS\nwrite EROFS\nunlink EROFS\nmkdir EROFS\n");
        CHECK(layers.place.listing() == before);
    }
}

TEST_CASE("a name that only an option string would find odd", "[overlay]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string one = place.directory("a,b:c\\d e\n");
        place.file("a,b:c\\d e\n/x", "odd");
        const std::string upper = place.directory("up,per:\\");
        const std::string work = place.directory("wo,rk:\\");
        CHECK(output(sandbox(name, {"--overlay-src", one, "--overlay", upper, work, "/d"},
                             {"read", "/d/x", ",", "write", "/d/y", "z"})) ==
              "read ok odd\nwrite ok\n");
        CHECK(read_whole(upper + "/y") == "z");
    }
}

TEST_CASE("relative sources start where the caller is, and links in them are followed",
          "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        layers.place.link("link", "high");
        Start start = sandbox(
            name,
            {"--overlay-src", "low", "--overlay-src", "link", "--overlay", "upper", "./work", "/d"},
            {"read", "/d/all", ",", "write", "/d/new", "x"});
        start.directory = layers.place.path();
        CHECK(output(start) == "read ok high\nwrite ok\n");
        CHECK(read_whole(layers.upper + "/new") == "x");
    }
}

TEST_CASE("overlays are nosuid and nodev, and tell nothing of the host", "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        Options options = layers.with({"--overlay", layers.upper, layers.work, "/a"});
        for (const std::string& more : layers.with({"--tmp-overlay", "/b"})) {
            options.push_back(more);
        }
        for (const std::string& more : layers.with({"--ro-overlay", "/c"})) options.push_back(more);
        const std::string out = output(sandbox(name, options, {"mounts", ",", "mountinfo"}));
        INFO(out);
        for (const char* where : {"/a", "/b", "/c"}) {
            const std::string line = value(out, std::string("mount ") + where);
            CHECK(contains(line, "nosuid,nodev"));
        }
        CHECK(contains(value(out, "mount /c"), "overlay"));
        CHECK_FALSE(contains(out, layers.place.path()));
    }
}

TEST_CASE("device nodes of a layer are dead, also for root", "[overlay]") {
    const Layers layers;
    if (!is_root()) return;  // nobody else can make one
    REQUIRE(::mknod((layers.low + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
    for (const Name name : both) {
        CHECK(output(sandbox(name, layers.with({"--tmp-overlay", "/d"}),
                             {"look", "/d/null", ",", "open", "/d/null"})) ==
              "look character 0644\nopen EACCES\n");
    }
}

TEST_CASE("directories of an overlay that overlap are named so", "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        const std::string inside = layers.place.directory("low/inside");
        const std::string changed = layers.place.directory("upper/inside");
        for (const Options& options :
             {Options{"--overlay-src", changed, "--overlay", layers.upper, layers.work, "/d"},
              {"--overlay-src", layers.low, "--overlay-src", inside, "--ro-overlay", "/d"},
              {"--overlay-src", layers.upper, "--overlay", layers.upper, layers.work, "/d"}}) {
            const Ended ended = run(sandbox(name, options, {"exit", "0"}));
            INFO(ended.err);
            CHECK(ended.status == (name == Name::sbx ? 125 : 1));
            CHECK(contains(ended.err, "Overlay directories may not overlap"));
            if (name == Name::bwrap) {
                CHECK(ended.err ==
                      "bwrap: Can't make overlay mount on /newroot/d: Overlay "
                      "directories may not overlap\n");
            }
        }
    }
}

TEST_CASE("many overlays do not use up the descriptors", "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        Options options;
        for (int i = 0; i < 100; ++i) {
            const Options one = layers.with({"--ro-overlay", "/d" + std::to_string(i)});
            options.insert(options.end(), one.begin(), one.end());
        }
        Start start = sandbox(name, options, {"read", "/d99/all", ",", "descriptors"});
        start.prepare = [] {
            const rlimit limit{100, 100};
            ::setrlimit(RLIMIT_NOFILE, &limit);
        };
        CHECK(output(start) == "read ok high\nfd 0 character\nfd 1 pipe\nfd 2 pipe\n");
    }
}

TEST_CASE("what is mounted in an overlay is below it, and an overlay can be the root",
          "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        layers.place.file("high/payload", "", 0755);
        CHECK(output(sandbox(name,
                             layers.with({"--tmp-overlay", "/d", "--ro-bind", payload_path(),
                                          "/d/new/place", "--tmpfs", "/d/low2"}),
                             {"look", "/d/low2", ",", "write", "/d/new/x", "y"})) ==
              "look directory 0755\nwrite ok\n");
        Options root = layers.with({"--tmp-overlay", "/", "--ro-bind", payload_path(), "/payload",
                                    "/payload", "read", "/all", ",", "write", "/all", "x"});
        CHECK(output(plain(name, root)) == "read ok high\nwrite ok\n");
    }
}

TEST_CASE("no place is made for an overlay in a directory of the host, in the sbx dialect",
          "[overlay]") {
    const Layers layers;
    const std::string host = layers.place.directory("host");
    const Ended refused =
        run(sbx({"--bind", host, "/h", "--overlay-src", layers.low, "--tmp-overlay", "/h/d"},
                {"exit", "0"}));
    CHECK(refused.status == 125);
    CHECK(::access((host + "/d").c_str(), F_OK) != 0);
}

TEST_CASE("paths that only the caller's directory leads to, with an overlay before them",
          "[overlay]") {
    const TemporaryDirectory place;
    const std::string here = place.directory("closed/here");
    place.file("closed/here/file", "x");
    const std::string closed = place.path() + "/closed";
    Start start = sbx({"--overlay-src", "/usr/share", "--overlay-src", ".", "--ro-overlay", "/o",
                       "--ro-bind", ".", "/d"},
                      {"read", "/d/file", ",", "read", "/o/file"});
    start.directory = here;
    start.prepare = [closed] { ::chmod(closed.c_str(), 0); };
    const std::string out = output(start);
    ::chmod(closed.c_str(), 0755);
    CHECK(out == "read ok x\nread ok x\n");
}

TEST_CASE("a file of a lower layer can be changed where changes are forgotten", "[overlay]") {
    for (const Name name : both) {
        const Layers layers;
        const std::string before = layers.place.listing();
        const Descriptor text = file_with("new");
        Start start = sandbox(name,
                              layers.with({"--tmp-overlay", "/d", "--chmod", "0600", "/d/all",
                                           "--file", "7", "/d/all"}),
                              {"read", "/d/all", ",", "look", "/d/all"});
        start.descriptors = {{7, text.get()}};
        CHECK(output(start) == "read ok new\nlook file 0600 3\n");
        CHECK(layers.place.listing() == before);
    }
}

TEST_CASE("many overlays whose changes are forgotten", "[overlay]") {
    for (const Name name : both) {
        Options options;
        for (int i = 0; i < 40; ++i) {
            const Options one = {"--overlay-src", "/usr/share", "--tmp-overlay",
                                 "/o" + std::to_string(i)};
            options.insert(options.end(), one.begin(), one.end());
        }
        CHECK(output(sandbox(name, options, {"write", "/o39/new", "x"})) == "write ok\n");
    }
}

}  // namespace
}  // namespace integration
