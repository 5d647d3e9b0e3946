// SPDX-License-Identifier: Apache-2.0
#include "cli/profile_text.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using namespace sbx;
using namespace sbx::cli;
using sbx::test::error_of;
using sbx::test::Words;

namespace {

std::optional<std::string> variable(const std::string& name) {
    if (name == "HOME") return "/home/a user";
    if (name == "EMPTY") return "";
    if (name == "TRICK") return "${HOME} \"x # y";
    return std::nullopt;
}

Result<std::vector<ProfileLine>> parse(const std::string& text) {
    return parse_profile(text, "p", variable);
}

// The words of the only line in `text`.
Words words(const std::string& text) {
    const auto lines = parse(text);
    INFO(error_of(lines));
    REQUIRE(lines);
    REQUIRE(lines->size() == 1);
    return lines->front().words;
}

}  // namespace

TEST_CASE("a profile is lines of words", "[profile]") {
    const auto lines = parse(
        "# a comment\n"
        "\n"
        "  [files]   # of the host\n"
        "ro-bind = /usr /usr\r\n"
        "\tclearenv\n"
        "clearenv # = no\n"
        "dir=/x");
    REQUIRE(lines);
    REQUIRE(lines->size() == 4);
    CHECK((*lines)[0].key == "ro-bind");
    CHECK((*lines)[0].place == "p:4");
    CHECK((*lines)[0].words == Words{"/usr", "/usr"});
    CHECK((*lines)[1].key == "clearenv");
    CHECK((*lines)[1].words.empty());
    CHECK((*lines)[2].words.empty());
    CHECK((*lines)[3].key == "dir");
    CHECK((*lines)[3].place == "p:7");
    CHECK((*lines)[3].words == Words{"/x"});
    CHECK(parse("")->empty());
    CHECK(parse("\n\n")->empty());
}

TEST_CASE("a profile may begin with a byte order mark", "[profile]") {
    const auto lines = parse("\xEF\xBB\xBFkey = word\n");
    REQUIRE(lines);
    REQUIRE(lines->size() == 1);
    CHECK(lines->front().key == "key");
    // A second one is a part of no option's name, nor is one on another line.
    for (const char* text : {"\xEF\xBB\xBF\xEF\xBB\xBFkey = word",
                             "\xEF\xBB\xBF\n\xEF\xBB\xBFkey = word", "key\xC2\xA0= word"}) {
        INFO(text);
        CHECK(error_of(parse(text)).find("has a character that no option has") !=
              std::string::npos);
    }
}

TEST_CASE("words are cut at blanks, and quotes keep them", "[profile]") {
    CHECK(words("k = a\tb   c # d") == Words{"a", "b", "c"});
    CHECK(words("k = a#b '#c' \\#d") == Words{"a#b", "#c", "#d"});
    CHECK(words("k = 'a b' \"c d\" e\\ f") == Words{"a b", "c d", "e f"});
    CHECK(words("k = a'b c'd\"e f\"") == Words{"ab cde f"});
    CHECK(words("k = '' \"\"") == Words{"", ""});
    CHECK(words("k = 'a\\b$c\"' \"a\\\\b\\\"'\"") == Words{"a\\b$c\"", "a\\b\"'"});
    CHECK(words("k = a\\nb \"\\t\" 'a\\nb'") == Words{"a\nb", "\t", "a\\nb"});
    CHECK(words("k = A=B =") == Words{"A=B", "="});
    CHECK(words("k =").empty());
}

TEST_CASE("variables are replaced, once and as one word", "[profile]") {
    CHECK(words("k = ${HOME}/x \"${HOME}\"") == Words{"/home/a user/x", "/home/a user"});
    CHECK(words("k = '${HOME}' \\${HOME} $${HOME} $$") ==
          Words{"${HOME}", "${HOME}", "${HOME}", "$"});
    CHECK(words("k = ${TRICK}") == Words{"${HOME} \"x # y"});
    CHECK(words("k = ${NONE:-a b}c ${EMPTY:-d} ${HOME:-e} ${NONE:-}") ==
          Words{"a bc", "d", "/home/a user", ""});
    CHECK(words("k = ${NONE:-${HOME}/f}") == Words{"/home/a user/f"});
}

TEST_CASE("a line that cannot be understood is named", "[profile]") {
    const auto error = [](const std::string& line) { return error_of(parse("#\n" + line)); };
    CHECK(error("ro-bind /usr /usr") == "p:2: an equals sign is missing after \"ro-bind\"");
    CHECK(error("--ro-bind = /usr /usr") ==
          "p:2: options are written without dashes here, as in: ro-bind = /usr /usr");
    CHECK(error("= /usr") == "p:2: no option stands before the equals sign");
    CHECK(error("[files") == "p:2: a section is written as [name]");
    CHECK(error("files]") == "p:2: a section is written as [name]");
    CHECK(error("k = 'a") == "p:2: a ' has no other one that ends it");
    CHECK(error("k = \"a") == "p:2: a \" has no other one that ends it");
    CHECK(error("k = a\\") ==
          "p:2: a backslash stands at the end, and lines are not joined; write it twice for the "
          "character itself");
    CHECK(error("k = ~/x") == "p:2: \"~\" is not replaced here; write ${HOME}");
    CHECK(error("k = $HOME") == "p:2: a variable is written as ${NAME}, and a dollar sign as $$");
    CHECK(error("k = ${HOME") == "p:2: a variable is written as ${NAME}, or as ${NAME:-what else}");
    CHECK(error("k = ${}") == "p:2: a variable is written as ${NAME}, or as ${NAME:-what else}");
    CHECK(error("k = ${A-B}") == "p:2: a variable is written as ${NAME}, or as ${NAME:-what else}");
    for (const std::string name : {"NONE", "EMPTY"}) {
        CHECK(error("k = /a/${" + name + "}") ==
              "p:2: ${" + name + "} is not defined; set " + name +
                  " in the environment, or write what it stands for");
    }
    CHECK(error("k = ${CWD}") ==
          "p:2: ${CWD} is not defined, since the working directory has no path; go to another one");
    std::string deep = "x";
    for (int i = 0; i < 100'000; ++i) deep.insert(0, "${NONE:-");
    CHECK(error("k = " + deep) == "p:2: variables stand within each other 16 deep");
    CHECK(error("k = ${NONE:-${NONE}}") ==
          "p:2: ${NONE} is not defined; set NONE in the environment, or write what it stands for");
    CHECK(error(std::string("k = a\0b", 7)) ==
          "p:2: this is not a text, there is a NUL byte in it");
    // What is found wrong must not forge a line of output.
    CHECK(error("\x1b[2J /x") == "p:2: an equals sign is missing after \"\\x1b[2J\"");
}

TEST_CASE("what is written as a profile is read as the same", "[profile]") {
    CHECK(profile_line("clearenv", {}) == "clearenv");
    CHECK(profile_line("ro-bind", {"/usr", "/usr"}) == "ro-bind = /usr /usr");
    const Words hard = {"",      " ",       "a b", "'",  "\"", "\\",  "$",        "${HOME}", "$$",
                        "#",     "a#b",     "~",   "~/", "=",  "\t",  "\xff\xfe", "\x01",    "a\nb",
                        "a\\nb", "${A:-b}", "\\$", "[",  "]",  "x\\", "a'b\"c"};
    CHECK(words(profile_line("k", hard)) == hard);
}
