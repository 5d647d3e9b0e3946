// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace sbx;

TEST_CASE("a path that says of itself that it is a directory") {
    for (const char* path : {"/", "/a/", "/a/.", "/a/./.", "/a/./"}) {
        INFO(path);
        CHECK(names_directory(path));
    }
    for (const char* path : {"", ".", "/a", "/a.", "/a..", "/a/b.", "/a/.."}) {
        INFO(path);
        CHECK_FALSE(names_directory(path));
    }
}

TEST_CASE("quote: no name can forge a line") {
    CHECK(quote("") == "\"\"");
    CHECK(quote("/a b") == "\"/a b\"");
    CHECK(quote("a\"b\\c") == "\"a\\\"b\\\\c\"");
    CHECK(quote("a\nb\tc") == "\"a\\nb\\tc\"");
    CHECK(quote("\x1b[0m\r\x7f") == "\"\\x1b[0m\\x0d\\x7f\"");
    CHECK(quote(std::string_view("a\0b", 3)) == "\"a\\x00b\"");
    CHECK(quote("gr\xc3\xbc\xc3\x9f \xff") == "\"gr\xc3\xbc\xc3\x9f \xff\"");
    for (int byte = 0; byte < 0x80; ++byte) {
        const std::string text = quote(std::string(1, static_cast<char>(byte)));
        for (const char c : text) CHECK((c >= 0x20 && c < 0x7f));
    }
}

TEST_CASE("lexically_clean") {
    CHECK(lexically_clean("") == "/");
    CHECK(lexically_clean("/") == "/");
    CHECK(lexically_clean("///") == "/");
    CHECK(lexically_clean(".") == "/");
    CHECK(lexically_clean("usr/./bin/") == "/usr/bin");
    CHECK(lexically_clean("//usr//bin") == "/usr/bin");
    CHECK(lexically_clean("/./a/.") == "/a");
    CHECK(lexically_clean("/a/../b") == "/a/../b");
    CHECK(lexically_clean("/..") == "/..");
    CHECK(lexically_clean("/.a/b./...") == "/.a/b./...");
}

TEST_CASE("is_at_or_below compares whole names") {
    CHECK(is_at_or_below("/usr", "/usr"));
    CHECK(is_at_or_below("/usr/bin", "/usr"));
    CHECK_FALSE(is_at_or_below("/usrx", "/usr"));
    CHECK_FALSE(is_at_or_below("/us", "/usr"));
    CHECK_FALSE(is_at_or_below("/", "/usr"));
    CHECK(is_at_or_below("/", "/"));
    CHECK(is_at_or_below("/usr", "/"));
}

TEST_CASE("shell_words: what a shell needs to be typed") {
    CHECK(shell_words({}).empty());
    CHECK(shell_words({"make", "-j4", "CC=gcc-12", "a/b.c,d:e@f%g+h"}) ==
          "make -j4 CC=gcc-12 a/b.c,d:e@f%g+h");
    CHECK(shell_words({""}) == "''");
    CHECK(shell_words({"a b", "c"}) == "'a b' c");
    CHECK(shell_words({"it's"}) == "'it'\\''s'");
    CHECK(shell_words({"$HOME", "*", "~", "#"}) == "'$HOME' '*' '~' '#'");
}

TEST_CASE("error_text: strerror in small letters") {
    CHECK(error_text(ENOENT) == "no such file or directory");
    CHECK(error_text(EPERM) == "operation not permitted");
    CHECK(error_text(EDOTDOT) == "RFS specific error");
    CHECK(error_text(99999) == "error 99999");
    CHECK(error_text(-1) == "error -1");
}
