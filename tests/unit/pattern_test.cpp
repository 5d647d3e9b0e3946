// SPDX-License-Identifier: Apache-2.0
#include "base/pattern.hpp"

#include "support.hpp"

#include <sbx/plan.hpp>

#include <catch2/catch.hpp>

using namespace sbx;
using namespace sbx::test;

namespace {

bool match(const std::string& pattern, const std::string& path) {
    const auto parsed = pattern_of(pattern);
    REQUIRE(parsed);
    return matches(*parsed, path);
}

std::string refusal(const entry::Guard& guard) {
    Spec spec;
    spec.command = {"true"};
    spec.entries = {guard};
    const auto plan = make_plan(spec, fake_host(spec));
    return plan ? "" : plan.error().message;
}

}  // namespace

TEST_CASE("a pattern begins with the first component * or **", "[pattern]") {
    for (const char* path : {"/", "/a", "/a*/b", "/a/*b/c", "/a/**b", "/a/[*]", "/a/?"}) {
        INFO(path);
        CHECK_FALSE(pattern_of(path));
    }
    const auto pattern = pattern_of("//a*/./b/**/**/c*/");
    REQUIRE(pattern);
    CHECK(pattern->directory == "/a*/b");
    CHECK(pattern->parts == std::vector<std::string>{"**", "c*"});
    CHECK(pattern_of("/*/x")->directory == "/");
}

TEST_CASE("what a pattern matches", "[pattern]") {
    // Any number of directories, also none, and hidden ones.
    for (const char* path : {".git", "a/.git", "a/b/c/.git", ".hidden/.git"}) {
        INFO(path);
        CHECK(match("/p/**/.git", path));
        CHECK(match("/p/*/**/.git", path) == (std::string(path) != ".git"));
    }
    for (const char* path : {"", "x.git", ".git/x", "a/.gitx", "a/x.git", ".GIT"}) {
        INFO(path);
        CHECK_FALSE(match("/p/**/.git", path));
    }
    CHECK(match("/p/**/?*.git", "x.git"));
    CHECK(match("/p/**/?*.git", "a/.x.git"));
    CHECK_FALSE(match("/p/**/?*.git", "a/.git"));
    CHECK(match("/p/**/*.git", "a/.git"));
    CHECK(match("/p/*", ".any"));
    CHECK_FALSE(match("/p/*", "a/b"));
    CHECK(match("/p/**/.github/hooks", ".github/hooks"));
    CHECK(match("/p/**/.github/hooks", "a/b/.github/hooks"));
    CHECK_FALSE(match("/p/**/.github/hooks", "hooks"));
    CHECK(match("/p/**/a/**/b", "x/a/y/z/b"));
    CHECK_FALSE(match("/p/**/a/**/b", "x/y/b"));
    CHECK(match("/p/**/a*b?c*", "x/aabbbcb-c"));
    CHECK_FALSE(match("/p/**/a*b?c", "x/aabbbcb"));
    CHECK(match("/p/**/*", "x"));
    CHECK(match("/p/**/[b]", "[b]"));  // brackets stand for themselves
    CHECK_FALSE(match("/p/**/[b]", "b"));
    CHECK(match("/p/**/b", "b"));
}

TEST_CASE("patterns are for guards that may be missing", "[pattern]") {
    using Kind = entry::Guard::Kind;
    CHECK(refusal({Kind::protect, "/p/**/x", IfMissing::skip}).empty());
    CHECK(refusal({Kind::mask, "/p/*/x", IfMissing::skip}).empty());
    CHECK(refusal({Kind::protect, "/p*/a**", IfMissing::refuse}).empty());
    CHECK(
        refusal({Kind::protect, "/p/**/x", IfMissing::refuse}) ==
        "--protect \"/p/**/x\": a path is wanted, since what a pattern matches may be made at any "
        "time; --protect-try guards what matches when the sandbox is started");
    CHECK(refusal({Kind::mask, "/p/*", IfMissing::refuse}) ==
          "--mask \"/p/*\": a path is wanted, since what a pattern matches may be made at any "
          "time; --mask-try guards what matches when the sandbox is started");
    CHECK(refusal({Kind::mask, "/p/**", IfMissing::skip}) ==
          "--mask-try \"/p/**\": \"**\" stands for directories, and a name is wanted after it");
    CHECK(refusal({.kind = Kind::protect, .destination = "/p", .unless = "/q/*"}) ==
          "--protect-unless \"/q/*\": a path is wanted, no pattern");
    CHECK(refusal({Kind::protect, "/p/**/../x", IfMissing::skip}) ==
          "--protect \"/p/**/../x\": write it without \"..\", whose meaning could be changed "
          "inside");
}
