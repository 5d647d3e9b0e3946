// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"
#include "cli/option_table.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>
#include <string>

using namespace sbx;
using namespace sbx::cli;
using sbx::test::error_of;

namespace {

std::string topic(const std::string& name) {
    const auto text = help_text("sbx", name);
    INFO(error_of(text));
    REQUIRE(text);
    return *text;
}

bool lists(const std::string& text, const OptionRow& row) {
    const std::string begin = "\n    --" + std::string(row.name);
    std::size_t at = text.find(begin);
    while (at != std::string::npos && text[at + begin.size()] == '-') {
        at = text.find(begin, at + 1);  // a longer name that begins like it
    }
    return at != std::string::npos &&
           std::string(" [\n").find(text[at + begin.size()]) != std::string::npos;
}

}  // namespace

TEST_CASE("every option is in the full help, and in that of its group", "[help]") {
    for (const OptionRow& row : option_table) {
        INFO(row.name);
        CHECK(lists(bubblewrap_help("bwrap"), row));
        CHECK(lists(topic("all"), row));
        for (const GroupRow& group : group_table) {
            CHECK(lists(topic(std::string(group.name)), row) == (group.id == row.group));
        }
    }
}

TEST_CASE("the short help has what a first sandbox is made of, and the groups", "[help]") {
    const std::string text = topic("");
    for (const OptionRow& row : option_table) {
        INFO(row.name);
        const bool common =
            std::find(common_options.begin(), common_options.end(), row.id) != common_options.end();
        CHECK(lists(text, row) == common);
    }
    for (const GroupRow& group : group_table) {
        CHECK(text.find(" " + std::string(group.name)) != std::string::npos);
    }
    CHECK(text.rfind("usage: sbx [OPTIONS...] [--] COMMAND [ARGS...]\n", 0) == 0);
    CHECK(std::count(text.begin(), text.end(), '\n') < 70);
}

TEST_CASE("help fits a terminal", "[help]") {
    std::istringstream lines(topic("all") + topic(""));
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK((line.size() <= 80 || line.find(' ', 30) == std::string::npos));
    }
}

TEST_CASE("what bubblewrap's callers are shown is what they can write", "[help]") {
    CHECK(bubblewrap_help("bwrap").find("\n    --help  ") != std::string::npos);
    CHECK(topic("all").find("\n    --help[=GROUP]  ") != std::string::npos);
}

TEST_CASE("a group that is not there is an error", "[help]") {
    CHECK(error_of(help_text("sbx", "file")) ==
          "--help=file: there is no such group; did you mean files?");
    CHECK(error_of(help_text("sbx", "nonsense")) ==
          "--help=nonsense: there is no such group; there are all, profiles, general, files, "
          "namespaces, ids, "
          "environment, security, processes");
}
