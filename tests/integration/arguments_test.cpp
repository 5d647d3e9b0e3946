// SPDX-License-Identifier: Apache-2.0
// Arguments of the command that name files which are not inside.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace integration {
namespace {

using Words = std::vector<std::string>;

Ended ended(const Words& options, const Words& command, const std::string& directory = "/",
            Name name = Name::sbx) {
    Words words = {"--ro-bind", "/usr", "/usr"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    Start start = plain(name, words);
    start.directory = directory;
    return run(start);
}

TEST_CASE("a file that is not inside is told of before the run", "[arguments]") {
    const TemporaryDirectory place;
    const std::string file = place.file("in", "content\n");
    const Ended without = ended({}, {"cat", file});
    INFO(without.err);
    CHECK(without.status == 1);
    CHECK(without.err.rfind("sbx: warning: the argument " + file +
                                " names a file that is not inside; "
                                "--ro-bind " +
                                file + " " + file +
                                " shows it (--bind: to be written "
                                "to) [outside-argument]\ncat: ",
                            0) == 0);
    // A command that does not fail is told, too: what it writes there is lost.
    CHECK(contains(ended({}, {"cp", "/usr/bin/env", file}).err, "[outside-argument]"));
    CHECK(contains(ended({}, {"echo", place.path()}).err, "names a directory that is not inside"));
    // And it helps.
    const Ended with = ended({"--ro-bind", file, file}, {"cat", file});
    CHECK(with.out == "content\n");
    CHECK(with.err.empty());
    CHECK(ended({"--warning", "outside-argument", "hide"}, {"echo", file}).err.empty());
    CHECK(ended({"--warning", "outside-argument", "refuse"}, {"echo", file}).status == 125);
}

TEST_CASE("a file of the working directory that is not inside", "[arguments]") {
    const TemporaryDirectory place;
    place.file("in", "content\n");
    const Ended without = ended({}, {"cat", "in"}, place.path());
    INFO(without.err);
    CHECK(contains(without.err, "the argument in names a file of the working directory " +
                                    place.path() + ", which is not inside; --bind . " +
                                    place.path() + " brings it in"));
    CHECK_FALSE(contains(without.err, "[working-directory]"));
    CHECK(ended({"--bind", ".", place.path()}, {"cat", "in"}, place.path()).out == "content\n");
    CHECK(ended({"--bind", ".", place.path()}, {"cat", "in"}, place.path()).err.empty());
    const Ended elsewhere = ended({"--tmpfs", "/s", "--chdir", "/s"}, {"cat", "in"}, place.path());
    CHECK(contains(elsewhere.err, "--ro-bind " + place.path() + "/in /s/in shows it"));
    CHECK(ended({"--tmpfs", "/s", "--chdir", "/s", "--ro-bind", place.path() + "/in", "/s/in"},
                {"cat", "in"}, place.path())
              .out == "content\n");
}

TEST_CASE("the value of an option is told of when the command fails", "[arguments]") {
    const TemporaryDirectory place;
    const std::string file = place.file("in", "content\n");
    CHECK(ended({}, {"echo", "if=" + file}).err.empty());
    const Ended failed = ended({}, {"dd", "if=" + file});
    CHECK(failed.status == 1);
    CHECK(contains(failed.err, "the argument if=" + file + " names a file that is not inside"));
}

TEST_CASE("arguments that are inside, or nowhere, are no mistake", "[arguments]") {
    const TemporaryDirectory place;
    const std::string file = place.file("in", "content\n");
    const std::string& path = place.path();
    for (const Words& options :
         {Words{"--bind", path, path}, Words{"--tmpfs", path, "--dir", file},
          Words{"--symlink", "/usr", path}, Words{"--overlay-src", path, "--tmp-overlay", path},
          Words{"--tmpfs", file}, Words{"--ro-bind", "/usr/bin/env", file}}) {
        const Ended quiet = ended(options, {"echo", file});
        INFO(quiet.err);
        CHECK(quiet.status == 0);
        CHECK(quiet.err.empty());
    }
    CHECK(ended({}, {"echo", path + "/missing", "/bin/sh", "/usr/bin/env", "/dev/null", "/proc/1",
                     "/etc/alternatives", "/tmp", "/", "-" + file, "in", "a b/c"})
              .err.empty());
    CHECK_FALSE(contains(ended({}, {"echo", file}, "/", Name::bwrap).err, "outside-argument"));
}

TEST_CASE("no more than 64 arguments are looked at", "[arguments]") {
    const TemporaryDirectory place;
    Words command = {"echo"};
    for (int i = 0; i < 100; ++i) command.push_back(place.file(std::to_string(i)));
    CHECK(contains(ended({}, command).err, place.path() + "/2 and 61 more name files"));
}

}  // namespace
}  // namespace integration
