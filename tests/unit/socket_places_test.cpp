// SPDX-License-Identifier: Apache-2.0
// Where sockets are looked for that act for others.
#include "plan/socket_places.hpp"

#include "support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <string>

using namespace sbx;
using namespace sbx::test;

namespace {

using Power = HostSocket::Power;

// A name without directories counts for one, a pattern as deep as it is written.
bool fits(std::string_view pattern, std::string_view path) {
    const auto part = pattern.substr(0, pattern.find('/'));
    const auto name = path.substr(0, path.find('/'));
    if (!planning::matches(part, name)) return false;
    if (part.size() == pattern.size() || name.size() == path.size()) {
        return part.size() == pattern.size() && name.size() == path.size();
    }
    return fits(pattern.substr(part.size() + 1), path.substr(name.size() + 1));
}

// The first name that `path` has.
std::optional<planning::SocketName> known(const std::string& path, const Words& environment = {}) {
    for (const planning::SocketPlace& place : planning::socket_places(environment, 7)) {
        for (const planning::SocketName& name : place.names) {
            const bool itself = name.pattern.empty() && path == place.base;
            const std::string base = place.base + "/";
            const bool below = !name.pattern.empty() && path.compare(0, base.size(), base) == 0 &&
                               fits(name.pattern, path.substr(base.size()));
            if (itself || below) return name;
        }
    }
    return std::nullopt;
}

bool starts_programs(const std::string& path, const Words& environment = {}) {
    const auto name = known(path, environment);
    return name && name->power == Power::programs && name->exact == planning::ExactBind::asks;
}

bool keeps_keys(const std::string& path, const Words& environment = {}) {
    const auto name = known(path, environment);
    return name && name->power == Power::keys;
}

}  // namespace

TEST_CASE("sockets of keys and of the machine", "[exposure]") {
    const Words session = {"SSH_AUTH_SOCK=/tmp//ssh/agent.1", "XDG_RUNTIME_DIR=/run/user/7/",
                           "HOME=/home/u", "GNUPGHOME=/g"};
    for (const char* path :
         {"/tmp/ssh/agent.1", "/run/user/7/gnupg/S.gpg-agent", "/run/docker.sock",
          "/var/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock",
          "/run/user/7/keyring/ssh", "/run/user/7/podman/podman.sock", "/run/user/7/docker.sock",
          "/home/u/.gnupg/S.gpg-agent"}) {
        INFO(path);
        const auto name = known(path, session);
        REQUIRE(name);
        CHECK(name->power == Power::keys);
        CHECK(name->exact == planning::ExactBind::warns);
    }
    for (const char* path :
         {"/tmp/ssh-XXXX/agent.7", "/run/user/7/gnupg/d.x/S.gpg-agent", "/run/user/7/gcr/ssh",
          "/run/user/7/ssh-agent.socket", "/g/S.gpg-agent", "/home/u/.ssh/control-host",
          "/home/u/.ssh/agent/s.1", "/run/snapd.socket", "/run/libvirt/libvirt-sock",
          "/var/lib/lxd/unix.socket", "/var/lib/incus/unix.socket"}) {
        INFO(path);
        CHECK(keeps_keys(path, session));
    }
    for (const auto& place : planning::socket_places({"HOME=relative", "TMPDIR="}, 7)) {
        CHECK(place.base.front() == '/');
    }
}

TEST_CASE("sockets that start programs", "[exposure]") {
    for (const char* path : {"/tmp/tmux-7/default",
                             "/run/screen/S-user/1.pts",
                             "/run/user/7/bus",
                             "/run/user/7/systemd/private",
                             "/run/user/7/pulse/native",
                             "/run/user/7/pipewire-0",
                             "/run/user/7/wayland-1",
                             "/run/user/7/emacs/server",
                             "/run/user/7/nvim.8.0",
                             "/run/user/7/vscode-git-1.sock",
                             "/run/user/7/hypr/x/.socket.sock",
                             "/run/user/7/sway-ipc.7.1.sock",
                             "/tmp/.X11-unix/X0",
                             "/tmp/.ICE-unix/8",
                             "/tmp/kitty-9",
                             "/tmp/mykitty",
                             "/tmp/emacs7/server",
                             "/tmp/nvim.user/x/nvim.9.0",
                             "/tmp/nvimxyz/0",
                             "/tmp/vscode-ipc-1.sock",
                             "/tmp/zellij-7/0.40/name",
                             "/tmp/abduco/user/x",
                             "/run/systemd/private",
                             "/run/dbus/system_bus_socket"}) {
        INFO(path);
        CHECK(starts_programs(path));
    }
    const Words session = {
        "TMUX=/x/tmux,123,0",
        "SCREENDIR=/x/screens",
        "DBUS_SESSION_BUS_ADDRESS=tcp:host=h;unix:path=/x/bus,guid=1;unix:path=/x/2",
        "PULSE_SERVER={id}unix:/x/pulse",
        "WAYLAND_DISPLAY=/x/wayland",
        "KITTY_LISTEN_ON=unix:/x/kitty",
        "NVIM=/x/nvim",
        "VSCODE_IPC_HOOK_CLI=/x/code",
        "EMACS_SOCKET_NAME=/x/emacs",
        "SWAYSOCK=/x/sway",
        "TMUX_TMPDIR=/x/t",
        "DOCKER_HOST=unix:///x/docker",
        "HOME=/home/u"};
    for (const char* path :
         {"/x/tmux", "/x/screens/1.a", "/x/bus", "/x/2", "/x/pulse", "/x/wayland", "/x/kitty",
          "/x/nvim", "/x/code", "/x/emacs", "/x/sway", "/x/t/tmux-7/default", "/home/u/.screen/1.a",
          "/home/u/.emacs.d/server/server"}) {
        INFO(path);
        CHECK(starts_programs(path, session));
        CHECK_FALSE(starts_programs(path));
    }
    CHECK(keeps_keys("/x/docker", session));
    CHECK_FALSE(keeps_keys("/x/docker"));
    for (const char* path : {"/tmp/tmux-7", "/tmp/x/tmux-7/default", "/home/u/project/socket"}) {
        CHECK_FALSE(starts_programs(path, session));
    }
    const auto any = known("/tmp/anything");
    REQUIRE(any);
    CHECK(any->power == Power::unknown);
}

TEST_CASE("what is looked for in each directory that is bound", "[exposure]") {
    const auto says = [](const char* path) -> std::optional<Power> {
        for (const planning::SocketName& name : planning::socket_names_in_binds()) {
            if (fits(name.pattern, path)) return name.power;
        }
        return std::nullopt;
    };
    CHECK(says("tmux-1000/default") == Power::programs);
    CHECK(says("ssh-x/agent.1") == Power::keys);
    CHECK(says("mpvsocket") == Power::unknown);
    CHECK(says("any/socket") == std::nullopt);
}

TEST_CASE("names with stars", "[exposure]") {
    using planning::matches;
    CHECK(matches("", ""));
    CHECK(matches("*", ""));
    CHECK(matches("*", "anything"));
    CHECK(matches("a*", "a"));
    CHECK(matches("a*b", "ab"));
    CHECK(matches("a*b", "axbxb"));
    CHECK(matches("*ssh*agent*", "openssh_agent"));
    CHECK(matches("i3-*.sock", "i3-x.sock"));
    CHECK_FALSE(matches("", "a"));
    CHECK_FALSE(matches("a", ""));
    CHECK_FALSE(matches("a*b", "axbx"));
    CHECK_FALSE(matches("a*", "ba"));
    CHECK_FALSE(matches("*ssh*agent*", "agent.ssh"));
    CHECK_FALSE(matches("a*a", "a"));
}
