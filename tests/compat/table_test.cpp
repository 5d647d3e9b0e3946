// SPDX-License-Identifier: Apache-2.0
// Whether the table is complete, and whether what judges the rows can tell right from wrong.
#include "compare.hpp"
#include "observe.hpp"
#include "row.hpp"

#include "cli/option_table.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>

namespace compat {
namespace {

TEST_CASE("a line is cut into words", "[complete]") {
    CHECK(words_of("") == Lines{});
    CHECK(words_of("a  b | c ") == Lines{"a", "b", "|", "c"});
    CHECK(words_of("'' 'a b'c ' '") == Lines{"", "a bc", " "});
}

TEST_CASE("what differs is what only one of two has", "[complete]") {
    CHECK(difference({"a", "b", "c"}, {"a", "b", "c"}) == Lines{});
    CHECK(difference({"a", "b", "c"}, {"a", "x", "c", "d"}) == Lines{"-b", "+x", "+d"});
    CHECK(difference({}, {"a"}) == Lines{"+a"});
    CHECK(difference({"a", "a"}, {"a"}) == Lines{"-a"});
}

TEST_CASE("exactly what is listed may differ", "[complete]") {
    const std::vector<Difference> listed = {{"why", {"-a*", "+b"}}};
    CHECK(judge({"-a1", "-a2", "+b"}, listed) == "");
    CHECK(judge({"-a", "+b", "+c"}, listed) == "not listed: +c\n");
    CHECK(judge({"-a"}, listed) == "listed, but not so: +b\n");
    CHECK(judge({}, listed) != "");
    CHECK(judge({"+b"}, {}) == "not listed: +b\n");
    CHECK(judge({}, {}) == "");
    const Who other = integration::is_root() ? Who::user : Who::root;
    CHECK(judge({}, {{"why", {"-a"}, other}}) == "");
    CHECK(judge({"-a"}, {{"why", {"-a"}, other}}) == "not listed: -a\n");
}

TEST_CASE("a row shows what happens", "[complete]") {
    for (const Program program : {Program::bubblewrap, Program::sbx}) {
        const Row row{.line = "--file 5 /x --bind @ /h | read /x , write /h/new y , exit 3",
                      .given = {{5, Given::Kind::content, "text"}}};
        CHECK(observe(program, row) ==
              Lines{"status 3", "out read ok text", "out write ok", "host new 100644 1"});
        CHECK(observe(program, {"--bind @/nope /x | exit 0"}) ==
              Lines{"status 1",
                    "err bwrap: Can't find source path @/nope: No such file or directory"});
    }
}

// sbx's own, which bubblewrap does not have.
const std::set<std::string> own = {"dry-run",        "bare",
                                   "unshare-mount",  "unshare-time",
                                   "share-user",     "share-mount",
                                   "share-pid",      "share-ipc",
                                   "share-uts",      "share-cgroup",
                                   "share-time",     "keep-fd",
                                   "map-root-user",  "map-current-user",
                                   "seccomp-policy", "seccomp-edit",
                                   "allow-userns",   "allow-setuid-files",
                                   "landlock",       "mask",
                                   "mask-try",       "protect",
                                   "protect-try",    "protect-unless",
                                   "profile",        "unset",
                                   "show-profile",   "save-profile",
                                   "list-profiles",  "keep-env",
                                   "warning",        "result",
                                   "doctor",         "wayland",
                                   "watch-git"};

std::set<std::string> options_with_a_row() {
    std::set<std::string> out;
    for (const Group& group : whole_table()) {
        for (const Row& row : group.rows) {
            for (const std::string& word : words_of(row.line)) {
                if (word == "|") break;
                if (word.rfind("--", 0) == 0) out.insert(word.substr(2));
            }
        }
    }
    return out;
}

TEST_CASE("every option has a row", "[complete]") {
    const std::set<std::string> covered = options_with_a_row();
    for (const sbx::cli::OptionRow& option : sbx::cli::option_table) {
        const std::string name(option.name);
        if (own.count(name) != 0) continue;
        INFO("--" << name);
        CHECK(covered.count(name) == 1);
    }
}

// --help of bubblewrap names them, one at the beginning of a line; clients look for them there.
TEST_CASE("every option of bubblewrap is in the help", "[complete]") {
    const Fixture fixture;
    const std::string theirs =
        integration::run(start(Program::bubblewrap, {"--help"}, fixture.path(), {})).out;
    const std::string ours =
        integration::run(start(Program::sbx, {"--help"}, fixture.path(), {})).out;
    const std::string beginning = "\n    --";
    int count = 0;
    for (auto at = theirs.find(beginning); at != std::string::npos;
         at = theirs.find(beginning, at + 1)) {
        const std::string line = theirs.substr(at + 1, theirs.find('\n', at + 1) - at - 1);
        const std::string name = line.substr(0, line.find(' ', 4));
        INFO(line);
        CHECK(
            (integration::contains(ours, name + " ") || integration::contains(ours, name + "\n")));
        ++count;
    }
    CHECK(count > 50);
}

}  // namespace
}  // namespace compat
