// SPDX-License-Identifier: Apache-2.0
#include "plan/socket_places.hpp"

#include "base/text.hpp"
#include "plan/planning.hpp"

#include <algorithm>
#include <array>

namespace sbx::planning {
namespace {

using Power = HostSocket::Power;

using Row = SocketName;

// Below XDG_RUNTIME_DIR. All sockets there are of the session's programs.
constexpr std::array runtime_rows = {
    Row{"gnupg/S.gpg-agent", Power::keys, ExactBind::warns},
    Row{"gnupg/S.gpg-agent.ssh", Power::keys, ExactBind::warns},
    Row{"keyring/control", Power::keys, ExactBind::warns},
    Row{"keyring/ssh", Power::keys, ExactBind::warns},
    Row{"podman/podman.sock", Power::keys, ExactBind::warns},
    Row{"docker.sock", Power::keys, ExactBind::warns},
    Row{"gnupg/*", Power::keys},
    Row{"gnupg/*/S.*", Power::keys},
    Row{"keyring/*", Power::keys},
    Row{"gcr/*", Power::keys},
    Row{"*ssh*agent*", Power::keys},
    Row{"containerd-rootless/*", Power::keys},
    Row{"buildkit*/*.sock", Power::keys},
    Row{"libvirt/*-sock", Power::keys},
    // The session bus, systemd, PulseAudio, PipeWire, Wayland, window managers, terminals, editors.
    Row{"*"},
    Row{"*/*"},
    Row{"*/*/*"},
};

// Below a directory of temporary files.
constexpr std::array temporary_rows = {
    Row{"ssh-*/agent.*", Power::keys},
    Row{"keyring-*/*", Power::keys},
    Row{"gpg-*/S.*", Power::keys},
    Row{"tmux-*/*"},
    Row{"screens/S-*/*"},
    Row{"uscreens/S-*/*"},
    Row{"zellij-*/*"},
    Row{"zellij-*/*/*"},
    Row{"abduco/*/*"},
    Row{"abduco/*"},
    Row{"dbus-*"},
    Row{"pulse-*/native"},
    Row{".X11-unix/*"},
    Row{".ICE-unix/*"},
    Row{"kitty-*"},
    Row{"mykitty*"},
    Row{"foot-*.sock"},
    Row{"Alacritty-*.sock"},
    Row{"i3-*/ipc-socket.*"},
    Row{"hypr/*/.socket*.sock"},
    Row{"bspwm*-socket"},
    Row{"emacs*/*"},
    Row{"nvim*/*"},  // nvim.USER/RANDOM/nvim.PID.0, nvimRANDOM/0
    Row{"nvim*/*/*"},
    Row{"kakoune*/*"},
    Row{"vscode-*"},
    Row{"vscode-*/*"},
    Row{"supervisor*.sock"},
    Row{"*", Power::unknown},  // only where it is the caller's
};

// Below the home.
constexpr std::array home_rows = {
    Row{".gnupg/S.gpg-agent", Power::keys, ExactBind::warns},
    Row{".gnupg/S.*", Power::keys},
    Row{".ssh/*", Power::keys},  // shared connections (ControlPath)
    Row{".ssh/*/*", Power::keys},
    Row{".1password/*.sock", Power::keys},
    Row{".bitwarden-ssh-agent.sock", Power::keys},
    Row{".cache/git/credential/socket", Power::keys},
    Row{".git-credential-cache/socket", Power::keys},
    Row{".cache/keyring-*/*", Power::keys},
    Row{".docker/run/docker.sock", Power::keys},
    Row{".docker/desktop/*.sock", Power::keys},
    Row{".colima/*/docker.sock", Power::keys},
    Row{".rd/docker.sock", Power::keys},
    Row{".screen/*"},
    Row{".abduco/*"},
    Row{".dvtm/*"},
    Row{".pulse/*"},
    Row{".config/pulse/*"},
    Row{".cache/ibus/*"},
    Row{".cache/nvim/*"},
    Row{".emacs.d/server/*"},
    Row{".local/share/wezterm/*"},
    Row{".local/share/zed/*"},
    Row{".local/state/watchman/*/sock"},
    Row{".pm2/*.sock"},
};

// Of the machine.
constexpr std::array run_rows = {
    Row{"docker.sock", Power::keys, ExactBind::warns},
    Row{"podman/podman.sock", Power::keys, ExactBind::warns},
    Row{"containerd/containerd.sock", Power::keys, ExactBind::warns},
    Row{"crio/crio.sock", Power::keys},
    Row{"k3s/containerd/containerd.sock", Power::keys},
    Row{"buildkit/buildkitd.sock", Power::keys},
    Row{"libvirt/*-sock", Power::keys},
    Row{"incus/unix.socket", Power::keys},
    Row{"snapd.socket", Power::keys},
    Row{"systemd/private"},
    Row{"dbus/system_bus_socket"},
    Row{"screen/S-*/*"},
    Row{"screens/S-*/*"},
    Row{"supervisor.sock"},
    Row{"supervisor/supervisor.sock"},
    Row{"pulse/native"},
};
constexpr std::array library_rows = {
    Row{"lxd/unix.socket", Power::keys},
    Row{"incus/unix.socket", Power::keys},
};
constexpr std::array snap_rows = {Row{"lxd/common/lxd/unix.socket", Power::keys}};

// Variables that say where one is: a path, or an address with one, "unix:path=/a,guid=1;...".
constexpr std::array<std::string_view, 20> program_variables = {
    "TMUX",
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_STARTER_ADDRESS",
    "AT_SPI_BUS_ADDRESS",
    "PULSE_SERVER",
    "PIPEWIRE_REMOTE",
    "WAYLAND_DISPLAY",
    "KITTY_LISTEN_ON",
    "ALACRITTY_SOCKET",
    "WEZTERM_UNIX_SOCKET",
    "SWAYSOCK",
    "I3SOCK",
    "NIRI_SOCKET",
    "BSPWM_SOCKET",
    "EMACS_SOCKET_NAME",
    "NVIM",
    "NVIM_LISTEN_ADDRESS",
    "VSCODE_IPC_HOOK",
    "VSCODE_IPC_HOOK_CLI",
    "VSCODE_GIT_IPC_HANDLE",
};
constexpr std::array<std::string_view, 3> engine_variables = {"DOCKER_HOST", "CONTAINER_HOST",
                                                              "CONTAINERD_ADDRESS"};

constexpr std::array agent_rows = {Row{"", Power::keys, ExactBind::warns}};
constexpr std::array gnupg_rows = {Row{"S.*", Power::keys}};
constexpr std::array program_rows = {Row{""}};
constexpr std::array engine_rows = {Row{"", Power::keys}};
constexpr std::array in_it = {Row{"*"}, Row{"*/*"}};

// What of an environment may name a path. Three dozen names are looked for, and few of them are
// there.
class Variables {
public:
    explicit Variables(const std::vector<std::string>& environment) {
        values_.reserve(environment.size());
        for (const std::string_view entry : environment) {
            const std::size_t name = entry.find('=');
            if (name != std::string_view::npos && entry.find('/', name) != std::string_view::npos) {
                values_.emplace_back(entry.substr(0, name), entry.substr(name + 1));
            }
        }
    }

    /// Empty where it is not set; the first where it is there twice.
    std::string_view value(std::string_view name) const {
        for (const auto& [known, value] : values_) {
            if (known.size() == name.size() && known == name) return value;
        }
        return {};
    }

private:
    std::vector<std::pair<std::string_view, std::string_view>> values_;
};

class Places {
public:
    explicit Places(const std::vector<std::string>& environment) : variables_(environment) {}

    void add(const std::string& base, std::span<const SocketName> names) {
        out_.push_back({base, names});
    }

    void add_below(std::string_view name, std::span<const SocketName> names) {
        const std::string_view value = variables_.value(name);
        if (value.substr(0, 1) == "/") add(lexically_clean(value), names);
    }

    // Each path in the value of the variable `name`.
    void add_address(std::string_view name, std::span<const SocketName> names) {
        for (std::string_view rest = variables_.value(name); !rest.empty();) {
            const std::string_view one = rest.substr(0, rest.find(';'));
            rest.remove_prefix(std::min(rest.size(), one.size() + 1));
            const std::size_t slash = one.find('/');
            if (slash == std::string_view::npos) continue;
            const std::string_view path = one.substr(slash);
            add(lexically_clean(path.substr(0, path.find(','))), names);
        }
    }

    std::vector<SocketPlace> take() { return std::move(out_); }

private:
    Variables variables_;
    std::vector<SocketPlace> out_;
};

}  // namespace

std::vector<SocketPlace> socket_places(const std::vector<std::string>& environment,
                                       std::uint32_t uid) {
    Places out(environment);
    out.add_below("SSH_AUTH_SOCK", agent_rows);
    for (const char* run : {"/run", "/var/run"}) out.add(run, run_rows);
    out.add("/var/lib", library_rows);
    out.add("/var/snap", snap_rows);
    out.add_below("GNUPGHOME", gnupg_rows);
    for (const std::string_view name : program_variables) out.add_address(name, program_rows);
    for (const std::string_view name : engine_variables) out.add_address(name, engine_rows);
    for (const char* name : {"SCREENDIR", "ZELLIJ_SOCKET_DIR"}) out.add_below(name, in_it);
    out.add_below("XDG_RUNTIME_DIR", runtime_rows);
    out.add("/run/user/" + std::to_string(uid), runtime_rows);
    out.add_below("HOME", home_rows);
    for (const char* name : {"TMUX_TMPDIR", "TMPDIR"}) out.add_below(name, temporary_rows);
    out.add("/tmp", temporary_rows);
    return out.take();
}

std::span<const SocketName> socket_names_in_binds() { return temporary_rows; }

// The last star takes as little as it can, and one byte more each time that the rest does not fit.
bool matches(std::string_view pattern, std::string_view name) {
    std::size_t p = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t taken = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace sbx::planning
