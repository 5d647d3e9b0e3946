// SPDX-License-Identifier: Apache-2.0
#include "cli/nearest.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace sbx::cli;

TEST_CASE("edit_distance") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("abc", "") == 3);
    CHECK(edit_distance("bind", "bind") == 0);
    CHECK(edit_distance("bnd", "bind") == 1);
    CHECK(edit_distance("bbind", "bind") == 1);
    CHECK(edit_distance("bond", "bind") == 1);
    CHECK(edit_distance("ibnd", "bind") == 2);
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(edit_distance("sitting", "kitten") == 3);
}

TEST_CASE("nearest: a third of the word at most is wrong") {
    constexpr std::array<std::string_view, 4> names = {"bind", "ro-bind", "tmpfs", "hostname"};
    CHECK(nearest("bnd", names) == "bind");
    CHECK(nearest("robind", names) == "ro-bind");
    CHECK(nearest("tpmfs", names).empty());  // two of five
    CHECK(nearest("hsotname", names) == "hostname");
    CHECK(nearest("bi", names).empty());
    CHECK(nearest("", names).empty());
    CHECK(nearest("frobnicate", names).empty());
    CHECK(nearest("bind", {}).empty());
}

TEST_CASE("nearest: of two that are as near the first one") {
    constexpr std::array<std::string_view, 2> names = {"uid", "gid"};
    CHECK(nearest("xid", names) == "uid");
}

TEST_CASE("nearest: a long word resembles nothing") {
    constexpr std::array<std::string_view, 2> names = {"bind", "tmpfs"};
    CHECK(nearest(std::string(1000, 'a'), names).empty());
}
