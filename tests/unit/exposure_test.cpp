// SPDX-License-Identifier: Apache-2.0
// Warnings of binds that put homes, settings, shared directories or sockets into the command's
// hands.
#include "plan/planning.hpp"
#include "probe/warnings.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>

using namespace sbx;
using namespace sbx::test;

namespace {

using Change = std::function<void(Host&)>;

std::vector<PlanWarning> warnings(Words words, const Change& change) {
    words.emplace_back("true");
    const auto spec = sbx_spec(words);
    INFO(error_of(spec));
    REQUIRE(spec);
    Host host = fake_host(*spec);
    host.cwd = host.real_cwd = "/";
    change(host);
    const auto plan = make_plan(*spec, host);
    INFO(error_of(plan));
    REQUIRE(plan);
    return plan->warnings;
}

// Their names.
Words warned(
    const Words& words, const Change& change = [](Host&) {}) {
    Words out;
    for (const PlanWarning& warning : warnings(words, change)) {
        out.emplace_back(warning_names[static_cast<std::size_t>(warning.kind)]);
    }
    return out;
}

std::string text(
    const Words& words, const Change& change = [](Host&) {}) {
    const auto all = warnings(words, change);
    return all.empty() ? "" : all.front().text;
}

const Words none;
const Words home = {"writable-home"};
const Words shared = {"shared-directory"};
const Words socket = {"agent-socket"};

}  // namespace

TEST_CASE("settings below the home, writable", "[warnings][exposure]") {
    for (const char* path : {"/home/user/.config", "/home/user/.config/nvim", "/home/user/.ssh",
                             "/home/user/.local/bin", "/home/user/.cache", "/home/user/.ccached",
                             "/home/user/.cached/x", "/home/user/.config/sbx"}) {
        INFO(path);
        CHECK(warned({"--bind", path, path}) == home);
        CHECK(warned({"--bind-try", path, "/x"}) == home);
        CHECK(warned({"--ro-bind", path, path}) == none);
        CHECK(warned({"--bind", path, "/x", "--protect", "/x"}) == none);
        CHECK(warned({"--bind", path, "/x", "--protect", "/x/a"}) == home);
        CHECK(warned({"--bind", path, "/x/y", "--ro-bind", "/a", "/x", "--warning", "hidden-mount",
                      "hide"}) == none);
    }
    // A single file is settings as well.
    CHECK(warned({"--bind", "/home/user/.profile", "/p"}) == Words{"file-bind", "writable-home"});
    CHECK(warned({"--bind", "/home/user/.cache/file", "/p"}) ==
          Words{"file-bind", "writable-home"});
    CHECK(warned({"--bind", "/home/user/.config/socket", "/s"},
                 [](Host& host) { host.sources[0].kind = Source::Kind::other; }) == none);
    // Caches are for builds to write to, and a project may have settings of its own.
    for (const char* path :
         {"/home/user/.ccache", "/home/user/.ccache/tmp", "/home/user/.cache/ccache",
          "/home/user/project", "/home/user/project/.config", "/home/other/.config"}) {
        INFO(path);
        CHECK(warned({"--bind", path, path}) == none);
    }
    CHECK(text({"--bind", "/home/user/.config", "/c"}) ==
          "--bind /home/user/.config /c makes \"/home/user/.config\" writable inside, which is in "
          "your home and gives programs outside their settings and commands; use --ro-bind "
          "[writable-home]");
}

TEST_CASE("each home of the caller counts, under each name", "[warnings][exposure]") {
    const auto two = [](Host& host) { host.exposed.homes = {"/tmp/other", "/home/user"}; };
    CHECK(warned({"--bind", "/home/user", "/x"}, two) == home);
    CHECK(warned({"--bind", "/home/user/.config", "/x"}, two) == home);
    CHECK(warned({"--bind", "/tmp/other", "/x"}, two) == home);
    CHECK(warned({"--bind", "/tmp/other/project", "/x"}, two) == none);
    const auto named = [](const char* name) {
        return [name](Host& host) { host.sources[0].home_name = name; };
    };
    CHECK(warned({"--bind", "/mnt/h", "/x"}, named("/home/user")) == home);
    CHECK(warned({"--bind", "/mnt/h", "/x"}, named("/home")) == home);
    CHECK(warned({"--bind", "/mnt/h", "/x"}, named("/home/user/.config")) == home);
    CHECK(warned({"--bind", "/mnt/h", "/x"}, named("/home/user/project")) == none);
    CHECK(warned({"--ro-bind", "/mnt/h", "/x"}, named("/home/user")) == none);
}

TEST_CASE("directories of PATH and of profiles, writable", "[warnings][exposure]") {
    const auto with = [](std::vector<std::string> profiles, std::vector<std::string> programs) {
        return [profiles, programs](Host& host) {
            host.exposed.profiles = profiles;
            host.exposed.programs = programs;
        };
    };
    for (const auto& both : {with({"/s/sbx"}, {}), with({}, {"/s/sbx"})}) {
        CHECK(warned({"--bind", "/s/sbx", "/x"}, both) == home);
        CHECK(warned({"--bind", "/s", "/x"}, both) == home);
        CHECK(warned({"--bind", "/s/sbx/a-file", "/x"}, both) ==
              Words{"file-bind", "writable-home"});
        CHECK(warned({"--bind", "/s/sbx/deeper", "/x"}, both) == none);
        CHECK(warned({"--bind", "/s/sbx2", "/x"}, both) == none);
        CHECK(warned({"--ro-bind", "/s", "/x"}, both) == none);
        CHECK(warned({"--bind", "/s", "/x", "--protect", "/x/sbx"}, both) == none);
        CHECK(warned({"--bind", "/s", "/x", "--mask", "/x/sbx"}, both) == none);
        CHECK(warned({"--bind", "/s", "/x", "--tmpfs", "/x/sbx"}, both) == none);
        // A guard that is left out keeps nothing.
        CHECK(warned({"--bind", "/s", "/x", "--protect-try", "/x/sbx"}, [&](Host& host) {
                  both(host);
                  host.sources[1] = {Source::Kind::none, "", ENOENT};
              }) == home);
    }
    CHECK(text({"--bind", "/s", "/x y"}, with({}, {"/s/bin"})) ==
          "--bind /s '/x y' makes \"/s/bin\" writable inside, which is in your PATH, so that "
          "programs made there run outside; --protect '/x y/bin' keeps it as it is "
          "[writable-home]");
    CHECK(text({"--bind", "/s", "/x"}, with({"/s/sbx"}, {"/s/bin"})) ==
          "--bind /s /x makes \"/s/sbx\" writable inside, where sbx looks for profiles; --protect "
          "/x/sbx keeps it as it is [writable-home]");
}

TEST_CASE("a directory that everybody shares", "[warnings][exposure]") {
    const auto sticky = [](Host& host) { host.sources[0].shared = true; };
    CHECK(warned({"--bind", "/t", "/x"}, sticky) == shared);
    CHECK(warned({"--ro-bind", "/t", "/x"}, sticky) == shared);
    CHECK(warned({"--bind", "/t", "/x", "--tmpfs", "/x", "--warning", "hidden-mount", "hide"},
                 sticky) == none);
    // This directory has nothing but sockets, so a bind asks for them.
    const Words desktop = {"desktop-socket"};
    CHECK(warned({"--ro-bind", "/tmp/.X11-unix", "/tmp/.X11-unix"}, sticky) == desktop);
    CHECK(warned({"--bind", "/tmp/.X11-unix", "/tmp/.X11-unix"}, sticky) ==
          Words{"shared-directory", "desktop-socket"});
    const auto known = [](Host& host) { host.exposed.shared = {"/run/user/1000", "/var/tmp"}; };
    const Words root = {"writable-root"};
    const Words both = {"writable-root", "shared-directory"};
    CHECK(warned({"--bind", "/run", "/run"}, known) == both);
    CHECK(warned({"--bind", "/var", "/var"}, known) == both);
    CHECK(warned({"--bind", "/var", "/var", "--tmpfs", "/var/tmp"}, known) == root);
    CHECK(warned({"--bind", "/var", "/var", "--protect", "/var/tmp"}, known) == root);
    CHECK(warned({"--bind", "/var/tmp/project", "/x"}, known) == none);
    // Sockets that come in with these are a warning of their own.
    CHECK(warned({"--ro-bind", "/run", "/run"}, known) == none);
    CHECK(text({"--ro-bind", "/t", "/x"}, sticky) ==
          "--ro-bind /t /x brings in \"/t\", where programs outside have sockets and files that "
          "they trust; bind a directory in it that is for this command alone [shared-directory]");
}

TEST_CASE("sockets are told by what can be done with them", "[warnings][exposure]") {
    using Power = HostSocket::Power;
    const auto found = [](Host& host) {
        host.agent_sockets = {{Power::programs, "/run/bus", "/run/bus"},
                              {Power::keys, "/run/agent", ""},
                              {Power::programs, "/run/tmux/a", "/run/tmux/a"},
                              {Power::programs, "/run/X/0", "/run/X"},
                              {Power::unknown, "/run/own", "/run/own"}};
    };
    CHECK(warned({"--ro-bind", "/run", "/run"}, found) ==
          Words{"agent-socket", "agent-socket", "agent-socket"});
    const auto all = warnings({"--ro-bind", "/run", "/r"}, found);
    REQUIRE(all.size() == 3);
    CHECK(all[0].text ==
          "--ro-bind /run /r brings in the socket \"/run/agent\", by which a program inside can "
          "use your keys or this machine; --mask /r/agent hides it [agent-socket]");
    CHECK(all[1].text ==
          "--ro-bind /run /r brings in the socket \"/run/bus\" and 2 others, by which a program "
          "inside can start others outside; --mask /r/bus hides the first of them [agent-socket]");
    CHECK(all[2].text ==
          "--ro-bind /run /r brings in the socket \"/run/own\", by which a program inside can "
          "talk to one of yours outside; --mask /r/own hides it [agent-socket]");
    // Exactly the socket is asked for, but not where it is one of keys.
    CHECK(warned({"--ro-bind", "/run/bus", "/b"}, found) == none);
    CHECK(warned({"--bind", "/run/own", "/b"}, found) == Words{});
    CHECK(warned({"--ro-bind", "/run/X", "/X"}, found) == none);
    CHECK(warned({"--ro-bind", "/run/X/0", "/X"}, found) == none);
    CHECK(warned({"--ro-bind", "/run/tmux", "/t"}, found) == socket);
    CHECK(warned({"--ro-bind", "/run/agent", "/a"}, found) == socket);
    CHECK(warned({"--ro-bind", "/run/tmux", "/t", "--mask", "/t/a"}, found) == none);
}

TEST_CASE("the homes of a user in passwd(5)", "[exposure]") {
    const std::string text =
        "root:x:0:0:root:/root:/bin/bash\n"
        "user:x:1000:1000:A User,,,:/home/user:/bin/sh\n"
        "again:x:1000:1000::/home/again\n"
        "same:x:1000:1000::/home/user:\n"
        "odd:x:1000x:1000::/home/odd:\n"
        "odd:x::1000::/home/odd:\n"
        "odd:x:-1:1000::/home/odd:\n"
        "odd:x:4294968296:1000::/home/odd:\n"
        "none:x:1000:1000:::/bin/sh\n"
        "short:x:1000\n"
        "+::::::\n"
        "\n"
        "last:x:7:7::/last";
    CHECK(sys::homes_in(text, 1000) == Words{"/home/user", "/home/again"});
    CHECK(sys::homes_in(text, 0) == Words{"/root"});
    CHECK(sys::homes_in(text, 7) == Words{"/last"});
    CHECK(sys::homes_in(text, 8).empty());
    CHECK(sys::homes_in("", 0).empty());
}
