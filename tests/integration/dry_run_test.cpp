// SPDX-License-Identifier: Apache-2.0
// The tree that --dry-run=tree prints is what the command sees.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace integration {
namespace {

using Words = std::vector<std::string>;

// A line of the picture: where, and what is said of it.
struct Said {
    std::string path;
    std::string what;
};

// Takes the picture apart again. No name of these tests has a blank in it.
std::vector<Said> parse(const std::string& picture) {
    std::vector<Said> out;
    Words above;
    for (std::string line : lines_of(picture)) {
        std::size_t depth = 0;
        for (bool more = true; more;) {
            more = false;
            for (const std::string part :
                 {"\u2502   ", "    ", "\u251c\u2500\u2500 ", "\u2514\u2500\u2500 "}) {
                if (line.rfind(part, 0) != 0) continue;
                line.erase(0, part.size());
                ++depth;
                more = true;
            }
        }
        const std::size_t end = line.find("  ");
        above.resize(depth);
        above.push_back(line.substr(0, end));
        std::string path;
        for (std::size_t i = 1; i < above.size(); ++i) path += "/" + above[i];
        out.push_back({path.empty() ? "/" : path, line.substr(line.find_first_not_of(' ', end))});
    }
    return out;
}

constexpr std::size_t questions = 4;

// What the command asks about a path: a line of answer each.
Words asked_of(const std::string& path) {
    return {"look", path,          ",",  "mkdir", path + "/probe", ",", "open-rw", path,
            ",",    "mount-flags", path, ","};
}

// What is wrong with what is said, by the answers; empty: nothing.
std::string wrong(const Said& said, const std::string* answers) {
    const std::string& look = answers[0];
    const std::string& mkdir = answers[1];
    const std::string& open = answers[2];
    const auto says = [&](const char* text) { return contains(said.what, text); };
    if (look.rfind("look E", 0) == 0) return "it is not there";
    if (said.what.rfind("link to ", 0) == 0) {
        return look == "look link 0777 " + said.what.substr(8) ? "" : "it is another link";
    }
    const bool directory = look.rfind("look directory", 0) == 0;
    if (says("masked")) {
        const bool closed = directory ? mkdir == "mkdir EACCES" : open == "open-rw EACCES";
        return closed ? "" : "it is open";
    }
    const bool read_only = says(", read-only") || says("protected: nothing");
    if (read_only == says(", writable")) return "nothing is said of its access";
    if (read_only != contains(answers[3], " ro")) return "its access is another";
    const bool own = said.what.rfind("tmpfs", 0) == 0 || said.what.rfind("directory", 0) == 0;
    if (own && mkdir != (read_only ? "mkdir EROFS" : "mkdir ok")) return "its access means nothing";
    return "";
}

// All that is said of the tree of `options`, checked from inside. Gives the picture.
std::string checked(Name name, const Words& options) {
    Start start = sandbox(name, options, {});
    start.words.insert(start.words.begin(), "--dry-run=tree");
    const std::string picture = output(start);
    const std::vector<Said> all = parse(picture);
    Words sentence;
    for (const Said& said : all) {
        const Words asked = asked_of(said.path);
        sentence.insert(sentence.end(), asked.begin(), asked.end());
    }
    // What was made to try goes again, or the root would have more.
    sentence.insert(sentence.end(), {"rmdir", "/probe", ",", "list", "/"});
    const Words found = lines_of(output(sandbox(name, options, sentence)));
    INFO(picture);
    REQUIRE(found.size() > questions * all.size());
    std::set<std::string> top;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string* answers = &found[questions * i];
        INFO(all[i].path << ": " << all[i].what << "; inside " << answers[0] << ", " << answers[1]
                         << ", " << answers[2] << ", " << answers[3]);
        CHECK(wrong(all[i], answers).empty());
        if (all[i].path != "/" && all[i].path.find('/', 1) == std::string::npos) {
            top.insert(all[i].path.substr(1));
        }
    }
    std::set<std::string> there;
    for (std::size_t i = questions * all.size() + 1; i < found.size(); ++i) {
        const std::string entry = found[i].substr(6);  // "entry NAME ..."
        there.insert(entry.substr(0, entry.find(' ')));
    }
    CHECK(there == top);
    return picture;
}

TEST_CASE("the tree is what the command finds", "[dry_run]") {
    const TemporaryDirectory place;
    place.directory("a");
    place.directory("a/hooks");
    const std::string file = place.file("file", "x");
    const Words options = {"--bind",       place.path(), "/w",
                           "--ro-bind",    place.path(), "/deep/ro",
                           "--tmpfs",      "/t",         "--dir",
                           "/t/d/e",       "--symlink",  "t/d",
                           "/relative",    "--symlink",  "/t",
                           "/absolute",    "--ro-bind",  file,
                           "/relative/f",  "--bind",     file,
                           "/absolute/g",  "--symlink",  "../../made/here",
                           "/t/d/up",      "--tmpfs",    "/t/d/up",
                           "--tmpfs",      "/w/a",       "--tmpfs",
                           "/covered",     "--dir",      "/covered/gone",
                           "--ro-bind",    place.path(), "/covered",
                           "--dev-bind",   "/dev",       "/devices",
                           "--remount-ro", "/t",         "--symlink",
                           "missing",      "/nowhere"};
    for (const Name name : {Name::sbx, Name::bwrap}) {
        const std::string picture = checked(name, options);
        CHECK(parse(picture).size() > 15);
        CHECK_FALSE(contains(picture, "will fail"));
        CHECK_FALSE(contains(picture, "gone"));
    }
    checked(Name::bwrap, {"--unshare-pid", "--dev", "/dev", "--dir", "/x"});
}

TEST_CASE("what is masked or protected is so in the tree", "[dry_run]") {
    const TemporaryDirectory place;
    place.directory("a");
    place.directory("a/hooks");
    place.file("a/key", "x");
    const std::string picture =
        checked(Name::sbx,
                {"--bind",     place.path(), "/w",           "--mask",    "/w/a/key", "--protect",
                 "/w/a/hooks", "--protect",  "/w/a/missing", "--protect", "/tmp/new", "--mask",
                 "/tmp/dir/",  "--protect",  "/never",       "--tmpfs",   "/t",       "--dir",
                 "/t/in",      "--tmpfs",    "/t/below",     "--protect", "/t"});
    CHECK(contains(picture, "key"));
    CHECK_FALSE(contains(picture, "never"));
}

TEST_CASE("the kernel agrees on what will fail", "[dry_run]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file");
    const std::vector<Words> all = {
        {"--symlink", "/b", "/a", "--symlink", "/a", "/b", "--tmpfs", "/a/x"},
        {"--symlink", "self", "/self", "--ro-bind", place.path(), "/self"},
        {"--ro-bind", file, "/f", "--dir", "/f/x"},
        {"--ro-bind", file, "/f", "--tmpfs", "/f"},
        {"--dir", "/d", "--ro-bind", file, "/d"},
        {"--dir", "/d", "--symlink", "x", "/d"},
        {"--dir", "/d", "--remount-ro", "/d"},
        {"--tmpfs", "/t", "--remount-ro", "/t", "--dir", "/t/x"},
        {"--chmod", "0700", "/missing"},
        {"--tmpfs", "/" + std::string(256, 'n')},
    };
    for (const Words& options : all) {
        Start start = sbx(options, {"ids"});
        const Ended ended = run(start);
        start.words.insert(start.words.begin(), "--dry-run=tree");
        const std::string picture = output(start);
        INFO(picture << ended.err);
        CHECK(ended.status == 125);
        const std::size_t at = picture.find("will fail: ");
        REQUIRE(at != std::string::npos);
        const std::string said = picture.substr(at + 11, picture.find('\n', at) - at - 11);
        // The run says the same step, and more about the reason.
        CHECK(contains(ended.err, said.substr(0, said.rfind(": "))));
    }
}

}  // namespace
}  // namespace integration
