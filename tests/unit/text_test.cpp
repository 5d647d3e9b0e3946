// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "base/remedies.hpp"

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
    CHECK(quote("gr\xc3\xbc\xc3\x9f \xff") == "\"gr\xc3\xbc\xc3\x9f \\xff\"");
    for (int byte = 0; byte < 0x80; ++byte) {
        const std::string text = quote(std::string(1, static_cast<char>(byte)));
        for (const char c : text) CHECK((c >= 0x20 && c < 0x7f));
    }
}

TEST_CASE("printable: nothing that a terminal acts upon, or hides") {
    CHECK(printable("gr\u00fc\u00df \u4f60\u597d \U0001f600") ==
          "gr\u00fc\u00df \u4f60\u597d \U0001f600");
    CHECK(printable("\t\r\n\x7f") == "\\x09\\x0d\\x0a\\x7f");
    CHECK(printable("\x9b\xff\xc3") == "\\x9b\\xff\\xc3");  // not UTF-8, and cut off
    CHECK(printable("\xc0\x80\xed\xa0\x80") == "\\xc0\\x80\\xed\\xa0\\x80");
    CHECK(printable("\u009b31m\u0085") == "\\xc2\\x9b31m\\xc2\\x85");  // C1
    // Direction, no width, separators, tags, noncharacters.
    for (const char* one :
         {"\u202a", "\u202e", "\u2066", "\u2069", "\u200b", "\u200d", "\u200f", "\u061c", "\u00ad",
          "\u2028", "\u2029", "\u2060", "\ufeff", "\ufff9", "\ufffe", "\U000e0041", "\U0010ffff"}) {
        const std::string shown = printable(one);
        CHECK(shown.size() == 4 * std::string(one).size());
        CHECK(shown.substr(0, 2) == "\\x");
        CHECK(quote(one) == "\"" + shown + "\"");
        CHECK(shell_words({one}).substr(0, 3) == "$'\\");
    }
    CHECK(printable("\u202f\u2027\u206f\u2070").substr(0, 6) == "\u202f\u2027");
}

TEST_CASE("quote_if_needed: in quotes where it could be read in two ways") {
    CHECK(quote_if_needed("/a/b.conf") == "/a/b.conf");
    for (const char* odd : {"", "a b", "a; b", "a\"b", "a\\b", "a\nb", "\u202e", "\xff"}) {
        CHECK(quote_if_needed(odd) == quote(odd));
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

TEST_CASE("is_of_system: what a message may recommend to show") {
    for (const char* path : {"/usr", "/usr/bin/env", "/lib64/ld.so", "/etc/alternatives", "/opt/x",
                             "/nix/store/x", "/gnu/store/x", "/bin"}) {
        INFO(path);
        CHECK(is_of_system(path));
    }
    for (const char* path : {"/", "/home/a/.ssh", "/root", "/etc", "/etc/shadow", "/usrx", "/nix",
                             "/usr/../home/a", "/usr/..", "usr/bin", "", "/tmp/usr"}) {
        INFO(path);
        CHECK_FALSE(is_of_system(path));
    }
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
    CHECK(shell_words({"a;b", "\xc2\x9b'"}) == "'a;b' $'\\302\\233\\''");
    CHECK(posix_words({"\u202e-"}) == "\"$(printf '\\342\\200\\256\\055')\"");
}

TEST_CASE("error_text: strerror in small letters") {
    CHECK(error_text(ENOENT) == "no such file or directory");
    CHECK(error_text(EPERM) == "operation not permitted");
    CHECK(error_text(EDOTDOT) == "RFS specific error");
    CHECK(error_text(99999) == "error 99999");
    CHECK(error_text(-1) == "error -1");
}
