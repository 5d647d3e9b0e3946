// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include "support.hpp"

#include <catch2/catch.hpp>

using namespace sbx;
using namespace sbx::cli;
using sbx::test::contains;
using sbx::test::Words;

namespace {

// The options as they were understood, one text each: "bind /a /b".
Words understood(const CommandLine& line) {
    Words out;
    for (const GivenOption& given : line.options) {
        REQUIRE(given.row != nullptr);
        CHECK(given.arguments.size() == given.row->argument_count());
        std::string text(given.row->name);
        for (const std::string& argument : given.arguments) text += " <" + argument + ">";
        out.push_back(text);
    }
    return out;
}

CommandLine parsed(const Words& words, const Dialect& dialect = sbx_dialect()) {
    CommandLine line = parse_words(words, dialect);
    INFO((line.error ? line.error->message : ""));
    REQUIRE_FALSE(line.error);
    return line;
}

std::string refused(const Words& words, const Dialect& dialect = sbx_dialect()) {
    const CommandLine line = parse_words(words, dialect);
    CHECK(line.command.empty());  // nobody may run it
    return line.error ? line.error->message : "no error";
}

}  // namespace

TEST_CASE("options keep their order and their arguments") {
    const CommandLine line = parsed({"--bind", "/a", "/b", "--proc", "/proc", "--ro-bind", "/c",
                                     "/d", "--bare", "--bind", "/a", "/b", "make", "all"});
    CHECK(understood(line) ==
          Words{"bind </a> </b>", "proc </proc>", "ro-bind </c> </d>", "bare", "bind </a> </b>"});
    CHECK(line.command == Words{"make", "all"});
}

TEST_CASE("arguments are taken as they are") {
    CHECK(understood(parsed({"--bind", "-p", "--", "--setenv", "A", "", "--chdir", "-x"})) ==
          Words{"bind <-p> <-->", "setenv <A> <>", "chdir <-x>"});
    CHECK(understood(parsed({"--setenv", "A", "b=c d\n"})) == Words{"setenv <A> <b=c d\n>"});
}

TEST_CASE("a path that was forgotten is not the next option") {
    CHECK(refused({"--bind", "/a", "--ro-bind", "/usr", "/usr", "ls"}) ==
          "--bind takes two arguments, and \"--ro-bind\" is an option; a path of that name is "
          "written ./--ro-bind");
    CHECK(understood(parsed({"--setenv", "A", "--bind"})) == Words{"setenv <A> <--bind>"});
    CHECK(understood(parsed({"--dir", "--nonsense"})) == Words{"dir <--nonsense>"});
    const Dialect bubblewrap = bwrap_dialect();
    CHECK_FALSE(parse_words({"--dir", "--bind"}, bubblewrap).error);
}

TEST_CASE("options end at the command") {
    const CommandLine line = parsed({"--bare", "sh", "--bare", "-c", "--", "--nonsense"});
    CHECK(understood(line) == Words{"bare"});
    CHECK(line.command == Words{"sh", "--bare", "-c", "--", "--nonsense"});
    CHECK(parsed({"", "--bare"}).command == Words{"", "--bare"});
    CHECK(parsed({}).command.empty());
    CHECK(parsed({"--bare"}).command.empty());
}

TEST_CASE("options end at --, once") {
    const CommandLine line = parsed({"--bare", "--", "--weird", "--"});
    CHECK(understood(line) == Words{"bare"});
    CHECK(line.command == Words{"--weird", "--"});
    CHECK(parsed({"--"}).command.empty());
    CHECK(parsed({"--", "--"}).command == Words{"--"});
}

TEST_CASE("an equals sign gives the one argument, in the sbx dialect") {
    CHECK(understood(parsed({"--chdir=/a", "--tmpfs=", "--hostname=a=b", "--chdir", "=x"})) ==
          Words{"chdir </a>", "tmpfs <>", "hostname <a=b>", "chdir <=x>"});
    CHECK(refused({"--bind=/a", "/b"}) ==
          "--bind takes two arguments, and none after an equals sign");
    CHECK(refused({"--bare=yes"}) == "--bare takes no argument, and none after an equals sign");
    CHECK(refused({"--bare="}) == "--bare takes no argument, and none after an equals sign");
    CHECK(contains({refused({"--nonsense=/a"})},
                   "unknown option \"--nonsense=/a\"; sbx --help=all "
                   "lists them all"));
    CHECK(refused({"--chdir=/a"}, bwrap_dialect()) == "Unknown option --chdir=/a");
}

TEST_CASE("nothing is guessed") {
    CHECK(refused({"--ro-bin", "/a", "/b"}).find("unknown option \"--ro-bin\"") == 0);
    CHECK(refused({"--unshare"}).find("unknown option") == 0);
    CHECK(refused({"--BIND", "/a", "/b"}).find("unknown option") == 0);
    CHECK(refused({"-b"}).find("unknown option \"-b\"") == 0);
    CHECK(refused({"-"}).find("unknown option \"-\"") == 0);
    CHECK(refused({"-bind", "/a", "/b"}).find("unknown option \"-bind\"") == 0);
    CHECK(refused({"---bind"}).find("unknown option \"---bind\"") == 0);
    CHECK(refused({"--the command", "x"}).find("unknown option \"--the command\"") == 0);
    CHECK(refused({"--=x"}).find("unknown option \"--=x\"") == 0);
}

TEST_CASE("an unknown option names the nearest one there is") {
    CHECK(refused({"--robind"}) == "unknown option \"--robind\"; did you mean --ro-bind?");
    CHECK(refused({"--hostnme"}) == "unknown option \"--hostnme\"; did you mean --hostname?");
    CHECK(refused({"-bind"}) == "unknown option \"-bind\"; did you mean --bind?");
    CHECK(refused({"--frobnicate"}) ==
          "unknown option \"--frobnicate\"; sbx --help=all lists them all");
}

TEST_CASE("the bwrap dialect uses bubblewrap's words") {
    CHECK(refused({"--robind"}, bwrap_dialect()) == "Unknown option --robind");
    CHECK(refused({"-x"}, bwrap_dialect()) == "Unknown option -x");
    CHECK(refused({"-"}, bwrap_dialect()) == "Unknown option -");
}

TEST_CASE("missing arguments") {
    for (const Dialect& dialect : {sbx_dialect(), bwrap_dialect()}) {
        CHECK(refused({"--bind"}, dialect) == "--bind takes two arguments");
        CHECK(refused({"--bind", "/a"}, dialect) == "--bind takes two arguments");
        // bubblewrap says "one" for these two only.
        CHECK(refused({"--chdir"}, dialect) == "--chdir takes one argument");
        CHECK(refused({"--remount-ro"}, dialect) == "--remount-ro takes one argument");
        CHECK(refused({"--tmpfs"}, dialect) == "--tmpfs takes an argument");
        CHECK(refused({"--overlay", "/a", "/b"}, dialect) == "--overlay takes three arguments");
        CHECK(refused({"--bare", "--setenv", "A"}, dialect) == "--setenv takes two arguments");
    }
}

TEST_CASE("what comes before an error is still given") {
    for (const Dialect& dialect : {sbx_dialect(), bwrap_dialect()}) {
        for (const Words& end : {Words{"--nonsense", "--proc", "/x"}, Words{"-x"}, Words{"-"},
                                 Words{"--bind", "/a"}, Words{"--overlay", "/a", "/b"}}) {
            Words words = {"--dir", "/a", "--bare"};
            words.insert(words.end(), end.begin(), end.end());
            const CommandLine line = parse_words(words, dialect);
            CHECK(line.error);
            CHECK(understood(line) == Words{"dir </a>", "bare"});
            CHECK(line.command.empty());
        }
        const CommandLine first = parse_words({"--nonsense", "--bare", "true"}, dialect);
        CHECK(first.error);
        CHECK(first.options.empty());
    }
}

TEST_CASE("nothing after --help and --version is looked at") {
    for (const Dialect& dialect : {sbx_dialect(), bwrap_dialect()}) {
        CHECK(understood(parsed({"--bare", "--help", "--nonsense", "-x"}, dialect)) ==
              Words{"bare", "help"});
        CHECK(understood(parsed({"--version", "--bind"}, dialect)) == Words{"version"});
        CHECK(parse_words({"--bare", "--nonsense", "--help"}, dialect).error);
    }
}

TEST_CASE("every option of the table is parsed, and lacks its arguments when they are not there") {
    for (const OptionRow& row : option_table) {
        INFO(row.name);
        const std::string word = "--" + std::string(row.name);
        Words words = {word};
        for (std::size_t i = 0; i < row.argument_count(); ++i) words.push_back("--x");
        words.push_back("command");
        const CommandLine line = parsed(words);
        REQUIRE(line.options.size() == 1);
        CHECK(line.options.front().row == &row);
        CHECK(line.command == Words{"command"});
        if (row.argument_count() > 0) {
            CHECK(refused({word}).find(word + " takes ") == 0);
            CHECK(refused(Words(words.begin(),
                                words.begin() + static_cast<std::ptrdiff_t>(row.argument_count())))
                      .find(word + " takes ") == 0);
        }
    }
}

TEST_CASE("very many options") {
    Words words;
    for (int i = 0; i < 20'000; ++i) {
        words.insert(words.end(), {"--symlink", std::to_string(i), "/" + std::to_string(i)});
    }
    words.emplace_back("true");
    const CommandLine line = parsed(words);
    REQUIRE(line.options.size() == 20'000);
    CHECK(line.options.back().arguments == Words{"19999", "/19999"});
}

TEST_CASE("the dialect is chosen by the last part of the name") {
    for (const char* name : {"bwrap", "/usr/bin/bwrap", "./bwrap"}) {
        CHECK(dialect_for(name).defaults.wording == Wording::bubblewrap);
    }
    for (const char* name : {"sbx", "/opt/bwrap/sbx", "bwrap2", "xbwrap", "", "/", "bwrap/"}) {
        CHECK(dialect_for(name).defaults.wording == Wording::sbx);
    }
}
