// SPDX-License-Identifier: Apache-2.0
// The supervisor's loop: who is called, in which order, and when it ends.
#include "supervise/loop.hpp"
#include "system/fd.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <string>

using sbx::sys::Fd;
using sbx::sys::Loop;
using sbx::sys::Pipe;

namespace {

using Turn = Loop<std::string>::Turn;

Pipe pipe_with(const std::string& text) {
    Pipe out = sbx::sys::make_pipe();
    REQUIRE(out.read);
    REQUIRE(::write(out.write.get(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
    return out;
}

char byte_of(const Fd& fd) {
    char byte = 0;
    REQUIRE(::read(fd.get(), &byte, 1) == 1);
    return byte;
}

}  // namespace

TEST_CASE("loop: sources are looked at in the order in which they were added") {
    const Pipe first = pipe_with("ab");
    const Pipe second = pipe_with("x");
    std::string seen;
    Loop<std::string> loop;
    loop.add([&] { return first.read.get(); },
             [&]() -> std::optional<std::string> {
                 seen += byte_of(first.read);
                 return seen == "axb" ? std::optional(seen) : std::nullopt;
             });
    loop.add([&] { return second.read.get(); },
             [&]() -> std::optional<std::string> {
                 seen += byte_of(second.read);
                 return std::nullopt;
             });
    CHECK(loop.run() == "axb");
}

TEST_CASE("loop: after one that is handled alone, the others wait for the next turn") {
    const Pipe first = pipe_with("ab");
    const Pipe second = pipe_with("x");
    std::string seen;
    int turns = 0;
    Loop<std::string> loop;
    loop.add_beginning([&] { ++turns; });
    loop.add([&] { return first.read.get(); },
             [&]() -> std::optional<std::string> {
                 seen += byte_of(first.read);
                 return std::nullopt;
             },
             Turn::alone);
    loop.add([&] { return second.read.get(); }, [&] { return std::optional(seen + "x"); });
    CHECK(loop.run() == "abx");
    CHECK(turns == 3);
}

TEST_CASE("loop: what has no descriptor is passed over, and what gets one is looked at") {
    const Pipe first = pipe_with("a");
    const Pipe second = pipe_with("x");
    bool open = false;
    Loop<std::string> loop;
    loop.add([&] { return open ? second.read.get() : -1; },
             [] { return std::optional<std::string>("second"); });
    loop.add([&] { return first.read.get(); },
             [&]() -> std::optional<std::string> {
                 open = true;
                 return std::nullopt;
             });
    CHECK(loop.run() == "second");
}

TEST_CASE("loop: the end of a pipe, and room in one, are events") {
    Pipe ended = sbx::sys::make_pipe();
    ended.write.reset();
    Loop<std::string> reading;
    reading.add([&] { return ended.read.get(); }, [] { return std::optional<std::string>("end"); });
    CHECK(reading.run() == "end");

    const Pipe empty = sbx::sys::make_pipe();
    Loop<std::string> writing;
    writing.add([&] { return empty.read.get(); },
                [] { return std::optional<std::string>("read"); });
    writing.add([&] { return empty.write.get(); },
                [] { return std::optional<std::string>("room"); }, Turn::with_others, POLLOUT);
    CHECK(writing.run() == "room");
}

TEST_CASE("loop: a timer goes off once, when nothing has happened, and not while it waits") {
    Pipe line = sbx::sys::make_pipe();
    int rang = 0;
    bool waits = true;
    Loop<std::string> loop;
    const Pipe first = pipe_with("a");
    loop.add([&] { return waits ? first.read.get() : -1; },
             [&]() -> std::optional<std::string> {
                 CHECK(rang == 0);
                 waits = false;
                 return std::nullopt;
             });
    loop.add([&] { return line.read.get(); }, [] { return std::optional<std::string>("end"); });
    loop.add_timer(
        {0, 1}, [&] { return waits; },
        [&] {
            ++rang;
            line.write.reset();
        });
    CHECK(loop.run() == "end");
    CHECK(rang == 1);
}
