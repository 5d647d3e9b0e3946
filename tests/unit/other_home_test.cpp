// SPDX-License-Identifier: Apache-2.0
// Caches and settings of the caller's home that nobody finds, since HOME is another directory
// inside.
#include "plan_support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>

using namespace sbx;
using namespace sbx::test;

namespace {

const Words none;
const Words other = {"--setenv", "HOME", "/home/build", "--tmpfs", "/home/build"};

// The warnings of this name that `words` give to a caller in `cwd` whose HOME is /home/user.
Words warned(Words words, const Words& command = {"true"}, const std::string& cwd = "/w") {
    words.insert(words.end(), command.begin(), command.end());
    const auto spec = sbx_spec(words);
    INFO(error_of(spec));
    REQUIRE(spec);
    Host host = fake_host(*spec);
    host.cwd = host.real_cwd = cwd;
    const Plan plan = planned(*spec, host);
    Words out;
    for (const PlanWarning& warning : plan.warnings) {
        if (warning.kind != Warning::other_home) continue;
        CHECK_FALSE(warning.when_it_fails);
        out.push_back(warning.text);
    }
    return out;
}

// Whether a bind of `path` is told of, with `more` options and the command `command`.
bool tells(const std::string& path, const Words& more = {}, const Words& command = {"true"},
           const std::string& cwd = "/w") {
    Words words = other;
    words.insert(words.end(), {"--ro-bind", path, path});
    words.insert(words.end(), more.begin(), more.end());
    return !warned(words, command, cwd).empty();
}

}  // namespace

TEST_CASE("a cache below the caller's home, while HOME is another one", "[other_home]") {
    Words words = other;
    words.insert(words.end(), {"--bind", "/home/user/.ccache", "/home/user/.ccache"});
    CHECK(warned(words) ==
          Words{"--bind /home/user/.ccache /home/user/.ccache is not found by programs that look "
                "in HOME, which is /home/build inside; --bind /home/user/.ccache "
                "/home/build/.ccache shows it there [other-home]"});
    for (const char* path :
         {"/home/user/.cargo/registry", "/home/user/.cache/pip", "/home/user/.config/nvim",
          "/home/user/.gitconfig-file", "/home/user/go/pkg/mod", "/home/user/.m2"}) {
        INFO(path);
        CHECK(tells(path));
    }
    // The caller's own directories, and what is elsewhere.
    for (const char* path : {"/home/user", "/home/user/src", "/home/user/src/.cache", "/home",
                             "/home/username/.ccache", "/opt/.ccache"}) {
        INFO(path);
        CHECK_FALSE(tells(path));
    }
    CHECK(warned({"--ro-bind", "/home/user/.m2", "/home/user/.m2"}) == none);
    CHECK(warned({"--unsetenv", "HOME", "--ro-bind", "/home/user/.m2", "/home/user/.m2"}) == none);
    CHECK(warned({"--setenv", "HOME", "/home/user/", "--ro-bind", "/home/user/.m2",
                  "/home/user/.m2"}) == none);
    // Shown where programs look, or hidden again.
    const std::string m2 = "/home/user/.m2";
    CHECK_FALSE(tells("/elsewhere", {"--ro-bind", m2, "/home/build/.m2"}));
    CHECK_FALSE(tells(m2, {"--ro-bind", m2, "/home/build/.m2"}));
    CHECK_FALSE(tells(m2, {"--symlink", m2, "/home/build/.m2"}));
    CHECK_FALSE(tells(m2, {"--ro-bind", "/home/user", "/home/build"}));
    CHECK_FALSE(tells(m2, {"--tmpfs", "/home/user"}));
    CHECK_FALSE(tells(m2, {"--warning", "other-home", "hide"}));
    CHECK_FALSE(tells("/elsewhere", {"--ro-bind", "/elsewhere/.m2", m2}));
}

TEST_CASE("what the environment, the command or the start names is found", "[other_home]") {
    const std::string cargo = "/home/user/.cargo/registry";
    REQUIRE(tells(cargo));
    CHECK_FALSE(tells(cargo, {"--setenv", "CARGO_HOME", "/home/user/.cargo"}));
    CHECK_FALSE(tells(cargo, {"--setenv", "PATH", "/usr/bin:/home/user/.cargo/bin"}));
    CHECK_FALSE(tells(cargo, {}, {"cargo", "--config", "/home/user/.cargo/config.toml"}));
    CHECK_FALSE(tells(cargo, {}, {"/home/user/.cargo/bin/cargo"}));
    CHECK_FALSE(tells(cargo, {}, {"sh", "-c", "CARGO_HOME=/home/user/.cargo cargo"}));
    CHECK_FALSE(tells(cargo, {}, {"true"}, "/home/user/.cargo/x"));
    CHECK_FALSE(tells(cargo, {"--chdir", "/home/user/.cargo"}));
    // Of another tool, or of all of them.
    CHECK(tells(cargo, {"--setenv", "RUSTUP_HOME", "/home/user/.rustup"}));
    CHECK(tells(cargo, {"--setenv", "X", "/home/user"}));
    CHECK(tells(cargo, {"--setenv", "OLDPWD", "/home/user/.cargo"}));
    CHECK(tells(cargo, {}, {"true"}, "/home/user"));
    const std::string pip = "/home/user/.cache/pip";
    CHECK(tells(pip, {"--setenv", "CCACHE_DIR", "/home/user/.cache/ccache"}));
    CHECK_FALSE(tells(pip, {"--setenv", "XDG_CACHE_HOME", "/home/user/.cache"}));
    CHECK_FALSE(tells(pip, {"--setenv", "PIP_CACHE_DIR", "/home/user/.cache/pip/x"}));
    CHECK_FALSE(tells("/home/user/.local/share/pipx/venvs/x",
                      {"--setenv", "PATH", "/home/user/.local/bin:/usr/bin"}));
}
