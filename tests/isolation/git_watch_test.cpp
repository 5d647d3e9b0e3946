// SPDX-License-Identifier: Apache-2.0
// --watch-git: a trap for git ends the sandbox as soon as it is there, and sbx tells of all traps
// after the end of all processes. The attacks with a real git are in tests/profiles/git.sh.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace integration {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// A project with as much of a repository as git asks for.
void fill(const TemporaryDirectory& place) {
    for (const char* path : {"p", "p/.git", "p/.git/objects", "p/.git/objects/pack", "p/.git/refs",
                             "p/.git/refs/heads", "p/.git/logs", "p/src"}) {
        place.directory(path);
    }
    place.file("p/.git/HEAD", "ref: refs/heads/main\n");
    place.file("victim", "mine");
}

Words options_for(const TemporaryDirectory& place, const std::string& mode) {
    const std::string project = place.path() + "/p";
    return {"--bind", project, "/p", "--watch-git", project, mode};
}

// The names that were moved aside.
Words aside_in(const TemporaryDirectory& place) {
    Words out;
    for (const auto& entry : fs::directory_iterator(place.path() + "/p/.git")) {
        if (entry.path().filename().string().rfind("sbx-aside-", 0) != 0) continue;
        for (const auto& one : fs::directory_iterator(entry.path())) {
            out.push_back(one.path().filename().string());
        }
    }
    return out;
}

struct Trap {
    Words payload;
    std::string told;   // its path below the project
    std::string aside;  // the name that it has then
};

const std::vector<Trap>& traps() {
    static const std::vector<Trap> all = {
        {{"symlink", "/victim", "/p/.git/COMMIT_EDITMSG"}, ".git/COMMIT_EDITMSG", "COMMIT_EDITMSG"},
        {{"symlink", "/victim", "/p/.git/logs/HEAD"}, ".git/logs/HEAD", "HEAD"},
        {{"symlink", "/victim", "/p/.git/objects/pack/x"}, ".git/objects/pack/x", "x"},
        {{"symlink", "/victim", "/p/x", ",", "rename", "/p/x", "/p/.git/refs/heads/x"},
         ".git/refs/heads/x",
         "x"},
        // In a directory that was made before, by the time it is seen or not.
        {{"mkdir", "/p/.git/logs/new", ",", "mkdir", "/p/.git/logs/new/deep", ",", "symlink",
          "/victim", "/p/.git/logs/new/deep/x"},
         ".git/logs/new/deep/x",
         "x"},
        {{"mkdir", "/p/d", ",", "symlink", "/victim", "/p/d/x", ",", "rename", "/p/d",
          "/p/.git/logs/d"},
         ".git/logs/d/x",
         "x"},
        {{"write", "/p/.git/commondir", "../src"}, ".git/commondir", "commondir"},
        {{"mkdir", "/p/objects", ",", "mkdir", "/p/refs", ",", "write", "/p/HEAD", "x"},
         "HEAD",
         "HEAD"},
        {{"write", "/p/HEAD", "x", ",", "write", "/p/commondir", "x"}, "HEAD", "HEAD"},
    };
    return all;
}

Words then(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

}  // namespace

TEST_CASE("a trap for git ends a sandbox that goes on, and is moved aside", "[git_watch]") {
    for (const char* share : {"--unshare-pid", "--share-pid"}) {
        for (const Trap& trap : traps()) {
            INFO(share << " " << trap.told);
            const TemporaryDirectory place;
            fill(place);
            Pipe go = make_pipe();
            Pipe life = make_pipe();
            Words options = then(options_for(place, "end"), {share, "--keep-fd", "7"});
            options = then(options, {"--keep-fd", "9"});
            Start start = sbx(
                options, then(Words{"linger", ","}, then(trap.payload, {",", "wait-end", "7"})));
            start.descriptors = {{7, go.read.get()}, {9, life.write.get()}};
            Running running(start);
            life.write.close();
            const Ended ended = running.wait();
            INFO(ended.out << ended.err);
            CHECK(ended.status == 123);
            const std::string path = place.path() + "/p/" + trap.told;
            CHECK(contains(ended.err, "\"" + path + "\" is a trap for git, so"));
            CHECK(
                contains(ended.err, "; sbx moved it to \"" + place.path() + "/p/.git/sbx-aside-"));
            CHECK(ends(life.read));
            CHECK(!fs::exists(fs::symlink_status(path)));
            CHECK(aside_in(place) == Words{trap.aside});
        }
    }
}

TEST_CASE("a trap for git that is left counts as a failure, and is moved aside", "[git_watch]") {
    for (const Trap& trap : traps()) {
        INFO(trap.told);
        const TemporaryDirectory place;
        fill(place);
        const Ended ended = run(sbx(options_for(place, "end"), trap.payload));
        INFO(ended.out << ended.err);
        CHECK(ended.status == 123);
        CHECK(aside_in(place) == Words{trap.aside});
    }
    // A directory that the command has closed is no obstacle.
    const TemporaryDirectory place;
    fill(place);
    CHECK(run(sbx(options_for(place, "end"),
                  {"symlink", "/victim", "/p/.git/logs/x", ",", "chmod", "/p/.git/logs", "0500",
                   ",", "chmod", "/p/.git", "0500"}))
              .status == 123);
    struct stat status {};
    REQUIRE(::stat((place.path() + "/p/.git").c_str(), &status) == 0);
    REQUIRE(::chmod((place.path() + "/p/.git").c_str(), 0700) == 0);
    REQUIRE(::chmod((place.path() + "/p/.git/logs").c_str(), 0700) == 0);
    CHECK(aside_in(place) == Words{"x"});
}

TEST_CASE("traps for git are told only, when that was asked for", "[git_watch]") {
    for (const Trap& trap : traps()) {
        INFO(trap.told);
        const TemporaryDirectory place;
        fill(place);
        const Ended ended =
            run(sbx(options_for(place, "tell"), then(trap.payload, {",", "exit", "3"})));
        INFO(ended.err);
        CHECK(ended.status == 3);
        CHECK(contains(ended.err, "sbx: warning: \"" + place.path() + "/p/" + trap.told + "\" "));
        CHECK(fs::exists(fs::symlink_status(place.path() + "/p/" + trap.told)));
        CHECK(aside_in(place).empty());
        // It is no news to the next one.
        CHECK(run(sbx(options_for(place, "end"), {"exit", "0"})).err.empty());
        CHECK(run(sbx(options_for(place, "off"), trap.payload)).err.empty());
    }
}

TEST_CASE("a trap that may be meant is told, and left", "[git_watch]") {
    struct Left {
        Words payload;
        std::string told;
    };
    for (const Left& left : std::vector<Left>{
             {{"mkdir", "/p/.git/rebase-merge"}, ".git/rebase-merge"},
             {{"write", "/p/.git/BISECT_START", "main"}, ".git/BISECT_START"},
             {{"mkdir", "/p/src/.git"}, "src/.git"},
             {{"write", "/p/src/.git", "gitdir: x"}, "src/.git"},
             {{"mkdir", "/p/src/objects", ",", "mkdir", "/p/src/refs", ",", "write", "/p/src/HEAD",
               "x"},
              "src"},
             {{"unlink", "/p/.git/HEAD"}, ".git"},
             {{"write-existing", "/p/.git/HEAD", "ref: nowhere"}, ".git"},
             {{"write", "/p/.git/index", "DIRCnonsense"}, ".git/index"},
         }) {
        for (const char* mode : {"tell", "end"}) {
            INFO(mode << " " << left.told);
            const TemporaryDirectory place;
            fill(place);
            const Ended ended = run(sbx(options_for(place, mode), left.payload));
            INFO(ended.out << ended.err);
            CHECK(ended.status == 0);
            CHECK(
                contains(ended.err, "sbx: warning: \"" + place.path() + "/p/" + left.told + "\" "));
            CHECK(aside_in(place).empty());
        }
    }
}

TEST_CASE("links and operations of the user stay, and are not told", "[git_watch]") {
    const TemporaryDirectory place;
    fill(place);
    place.link("p/.git/rr-cache", "elsewhere");
    place.directory("p/.git/rebase-merge");
    place.directory("p/src/.git");
    place.file("p/.git/commondir", "x");
    const std::string before = place.listing();
    const Ended ended =
        run(sbx(options_for(place, "end"), {"symlink", "me@host.1", "/p/.git/.#MERGE_MSG", ",",
                                            "unlink", "/p/.git/.#MERGE_MSG"}));
    CHECK(ended.status == 0);
    CHECK(ended.err.empty());
    CHECK(aside_in(place).empty());
    CHECK(fs::is_symlink(place.path() + "/p/.git/rr-cache"));
    // The same link to another place is another one.
    CHECK(run(sbx(options_for(place, "end"),
                  {"unlink", "/p/.git/rr-cache", ",", "symlink", "/victim", "/p/.git/rr-cache"}))
              .status == 123);
    CHECK(aside_in(place) == Words{"rr-cache"});
}

TEST_CASE("the command gets no descriptor of the watch", "[git_watch]") {
    const TemporaryDirectory place;
    fill(place);
    const Words with = options_for(place, "end");
    const Words without = {"--bind", place.path() + "/p", "/p"};
    CHECK(output(sbx(with, {"descriptors"})) == output(sbx(without, {"descriptors"})));
}

TEST_CASE("a directory that is not there is said, and nothing runs", "[git_watch]") {
    const TemporaryDirectory place;
    const Ended ended = run(sbx({"--watch-git", place.path() + "/none", "tell"}, {"echo", "ran"}));
    CHECK(ended.status == 125);
    CHECK(ended.out.empty());
    CHECK(contains(ended.err,
                   "--watch-git \"" + place.path() + "/none\": no such file or directory"));
}

}  // namespace integration
