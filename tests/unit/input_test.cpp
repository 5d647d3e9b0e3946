// SPDX-License-Identifier: Apache-2.0
#include "cli/input.hpp"

#include "memory_file.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

using namespace sbx;
using namespace sbx::cli;
using sbx::test::error_of;
using sbx::test::MemoryFile;

namespace {

constexpr auto widest = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("parse_number: all of the text, and no more than asked for") {
    CHECK(parse_number("0", 10, widest) == 0U);
    CHECK(parse_number("007", 10, widest) == 7U);
    CHECK(parse_number("4294967296", 10, widest) == 4294967296U);
    CHECK(parse_number("18446744073709551615", 10, widest) == widest);
    CHECK(parse_number("755", 8, 07777) == 0755U);
    CHECK(parse_number("ff", 16, widest) == 255U);
    CHECK(parse_number("10", 10, 10) == 10U);
    for (const char* text : {"", " 1", "1 ", "+1", "-1", "-0", "0x10", "1e3", "1.0", "x",
                             "18446744073709551616", "99999999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_number(text, 10, widest));
    }
    CHECK_FALSE(parse_number("11", 10, 10));
    CHECK_FALSE(parse_number("8", 8, widest));
    CHECK_FALSE(parse_number("10000", 8, 07777));
    CHECK_FALSE(parse_number(std::string_view("1\0", 2), 10, widest));
}

TEST_CASE("split_at_nul") {
    using test::Words;
    CHECK(split_at_nul("").empty());
    CHECK(split_at_nul(std::string("a\0b\0", 4)) == Words{"a", "b"});
    CHECK(split_at_nul(std::string("a\0b", 3)) == Words{"a", "b"});
    CHECK(split_at_nul(std::string("\0", 1)) == Words{""});
    CHECK(split_at_nul(std::string("a\0\0b", 4)) == Words{"a", "", "b"});
    CHECK(split_at_nul("a b\nc") == Words{"a b\nc"});
}

TEST_CASE("read_all reads to the end, and closes") {
    const std::string content(200'000, 'x');
    const MemoryFile file(content);
    const auto read = read_all(file.fd(), "--args");
    REQUIRE(read);
    CHECK(*read == content);
    CHECK(::fcntl(file.fd(), F_GETFD) == -1);
    CHECK(error_of(read_all(file.fd(), "--args")) ==
          "--args: Bad file descriptor; descriptor " + file.text() +
              " is not open, open it first, as in " + file.text() + "<file");
}

TEST_CASE("read_all does not read without an end") {
    const int zeros = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    REQUIRE(zeros >= 0);
    CHECK(error_of(read_all(zeros, "--args")).find("--args: there is no end to it") == 0);
    ::close(zeros);
    CHECK(error_of(read_file("/dev/zero")).find("\"/dev/zero\": there is no end to it") == 0);
}

TEST_CASE("read_all says what cannot be read") {
    const int directory = ::open("/", O_RDONLY | O_CLOEXEC);
    REQUIRE(directory >= 0);
    const auto read = read_all(directory, "--args");
    ::close(directory);
    CHECK(error_of(read) == "--args: Is a directory");
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    CHECK(error_of(read_all(null, "--args")) == "--args: Bad file descriptor");
    ::close(null);
}

TEST_CASE("read_file") {
    const MemoryFile file("content");
    const auto read = read_file("/proc/self/fd/" + file.text());
    REQUIRE(read);
    CHECK(*read == "content");
    CHECK(error_of(read_file("/nowhere/at/all")) ==
          "\"/nowhere/at/all\": No such file or directory");
}

TEST_CASE("read_filter: whole instructions") {
    const MemoryFile two(std::string("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16));
    const OptionRow& row = *std::find_if(option_table.begin(), option_table.end(),
                                         [](const auto& r) { return r.name == "seccomp"; });
    const auto filter = read_filter(row, two.fd(), Wording::bubblewrap);
    REQUIRE(filter);
    CHECK(filter->size() == 2);
    for (const char* content : {"1234567", "123456789"}) {
        const MemoryFile file(content);
        CHECK(error_of(read_filter(row, file.fd(), Wording::bubblewrap)) ==
              "Invalid seccomp data, must be multiple of 8");
        const MemoryFile again(content);
        CHECK(error_of(read_filter(row, again.fd(), Wording::sbx)) ==
              "--seccomp: what descriptor " + again.text() +
                  " gives is no compiled filter, whose instructions have 8 bytes each; "
                  "--seccomp-policy takes one in words");
    }
}
