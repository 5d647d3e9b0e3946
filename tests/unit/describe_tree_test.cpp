// SPDX-License-Identifier: Apache-2.0
// describe_tree(): what covers what, where links lead, and what cannot be. Whole pictures are in
// tests/plans, and real sandboxes are asked in tests/integration.
#include "support.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace sbx;
using namespace sbx::test;

namespace {

// The lines of the tree that `options` come to with nothing given, runs of blanks as one.
Words lines_of(Words options, const cli::Dialect& dialect = sbx_without_policy()) {
    options.insert(options.begin(), "--bare");
    options.push_back("true");
    const auto spec = spec_of(options, dialect);
    REQUIRE(spec);
    const auto plan = make_plan(*spec, fake_host(*spec));
    INFO(error_of(plan));
    REQUIRE(plan);
    std::istringstream in(describe_tree(*plan));
    Words out;
    for (std::string line; std::getline(in, line);) {
        std::size_t end = line.find_first_not_of(' ');
        while ((end = line.find("  ", end)) != std::string::npos) line.erase(end, 1);
        out.push_back(line);
    }
    return out;
}

const std::string child = "\u251c\u2500\u2500 ";
const std::string final_child = "\u2514\u2500\u2500 ";

}  // namespace

TEST_CASE("an empty tree is a root") {
    CHECK(lines_of({}) == Words{"/ tmpfs, read-only"});
    CHECK(lines_of({}, cli::bwrap_dialect()) == Words{"/ tmpfs, writable"});
}

TEST_CASE("later mounts cover what was below, and what was mounted on it") {
    CHECK(lines_of(
              {"--tmpfs", "/a", "--dir", "/a/b", "--tmpfs", "/a/b/c", "--ro-bind", "/src", "/a"}) ==
          Words{"/ tmpfs, read-only", final_child + "a host \"/src\", read-only"});
    CHECK(lines_of({"--dir", "/gone", "--bind", "/", "/"}) == Words{"/ host \"/\", writable"});
    // Twice on the same place, and on a place below the second.
    CHECK(lines_of({"--tmpfs", "/a", "--tmpfs", "/a", "--dir", "/a/b"}).size() == 3);
}

TEST_CASE("a destination goes through the links of the plan") {
    for (const Words& options : std::vector<Words>{
             {"--symlink", "t", "/l", "--tmpfs", "/t", "--tmpfs", "/l/d"},
             {"--symlink", "/t", "/l", "--tmpfs", "/l", "--tmpfs", "/l/d"},  // it hangs at first
             {"--symlink", "./t/.", "/l", "--tmpfs", "/t", "--tmpfs", "/l/./d/"},
             {"--symlink", "../../t", "/l", "--tmpfs", "/t", "--tmpfs", "/x/../l/../t/d"}}) {
        const Words lines = lines_of(options);
        REQUIRE(lines.size() >= 4);
        CHECK(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
            return line.find(" " + final_child + "d tmpfs, writable") != std::string::npos;
        }));
        CHECK(lines[1].find("l link to ") != std::string::npos);
    }
}

TEST_CASE("links in a circle end, and are said to fail") {
    for (const Words& options : std::vector<Words>{
             {"--symlink", "/a", "/a", "--tmpfs", "/a"},
             {"--symlink", "b", "/a", "--symlink", "a", "/b", "--bind", "/src", "/b/x"},
             {"--symlink", "a/a", "/a", "--dir", "/a"}}) {
        const Words lines = lines_of(options);
        CHECK(lines.back().find("will fail: step ") == 0);
        CHECK(lines.back().find(": too many levels of symbolic links") != std::string::npos);
    }
    // A chain as long as the kernel follows is none.
    Words chain = {"--tmpfs", "/l0"};
    for (int i = 1; i <= 40; ++i) {
        chain.insert(chain.end(),
                     {"--symlink", "l" + std::to_string(i - 1), "/l" + std::to_string(i)});
    }
    Words good = chain;
    good.insert(good.end(), {"--dir", "/l40/x"});
    CHECK(lines_of(good).back().find("will fail") == std::string::npos);
    chain.insert(chain.end(), {"--symlink", "l40", "/l41", "--dir", "/l41/x"});
    CHECK(lines_of(chain).back().find("will fail") == 0);
}

TEST_CASE("names and paths have the kernel's lengths") {
    const auto fails = [](const std::string& path) {
        return lines_of({"--dir", path}).back().find("file name too long") != std::string::npos;
    };
    CHECK_FALSE(fails("/" + std::string(255, 'n')));
    CHECK(fails("/" + std::string(256, 'n')));
    CHECK(fails("/" + std::string(4095, '/')));
    std::string deep;
    for (int i = 0; i < 2000; ++i) deep += "/d";
    CHECK_FALSE(fails(deep));
    CHECK(lines_of({"--dir", deep}).size() == 2001);
}

TEST_CASE("read-only goes as far as the kernel's does") {
    const Words lines =
        lines_of({"--tmpfs", "/t", "--tmpfs", "/t/below", "--dir", "/t/d", "--remount-ro", "/t"});
    CHECK(contains(lines, final_child + "t tmpfs, read-only"));
    CHECK(contains(lines, "    " + child + "below tmpfs, writable"));
    CHECK(contains(lines, "    " + final_child + "d directory, read-only"));
    const Words guarded = lines_of({"--tmpfs", "/t", "--tmpfs", "/t/below", "--protect", "/t"});
    CHECK(contains(guarded, final_child + "t tmpfs, read-only, protected"));
    CHECK(contains(guarded, "    " + final_child + "below tmpfs, read-only"));
}

TEST_CASE("what is masked is a closed place, and nothing is seen below it") {
    const Words lines = lines_of({"--tmpfs", "/t", "--dir", "/t/a/b", "--tmpfs", "/t/a/c", "--mask",
                                  "/t/a", "--protect", "/t/a/b", "--mask", "/t/new", "--protect",
                                  "/t/there/below", "--mask", "/never"});
    CHECK(lines ==
          Words{"/ tmpfs, read-only", final_child + "t tmpfs, writable",
                "    " + child + "a masked: empty, and cannot be opened",
                "    " + child + "new masked: empty, and cannot be opened",
                "    " + final_child + "there protected: nothing, and nothing can be made"});
}

TEST_CASE("a guard by a link keeps the link, and guards what it leads to") {
    const Words root = lines_of({"--symlink", "t", "/l", "--tmpfs", "/t", "--mask", "/l/x"});
    CHECK(root.back().find("will fail") == std::string::npos);
    const Words lines =
        lines_of({"--tmpfs", "/t", "--dir", "/t/d", "--symlink", "d", "/t/l", "--mask", "/t/l"});
    CHECK(lines == Words{"/ tmpfs, read-only", final_child + "t tmpfs, writable",
                         "    " + child + "d masked: empty, and cannot be opened",
                         "    " + final_child + "l link to d, protected"});
}

TEST_CASE("a name cannot forge a line of the tree or a column") {
    const std::string evil = "/x  tmpfs, writable\n/y \x1b[2J";
    for (const Words& options : std::vector<Words>{{"--tmpfs", evil},
                                                   {"--symlink", evil, "/l"},
                                                   {"--bind", evil, "/b"},
                                                   {"--bind", "/src", "/b", "--mask", "/b" + evil},
                                                   {"--symlink", evil, evil, "--tmpfs", evil}}) {
        for (const std::string& line : lines_of(options)) {
            INFO(line);
            CHECK(line.find('\x1b') == std::string::npos);
            CHECK(line.find("/y") != 0);
            CHECK(line.find("\u2500 x ") == std::string::npos);  // the name has its quotes
        }
    }
}

TEST_CASE("a plan without a step has a tree") {
    CHECK(describe_tree(Plan{}) == "/  tmpfs, writable\n");
}
