// SPDX-License-Identifier: Apache-2.0
// The sockets of a desktop session, and how a client of each reaches out of the sandbox.
#include "base/text.hpp"
#include "plan/planning.hpp"

namespace sbx::planning {
namespace {

using Service = DesktopService;

// The first "unix:path=" of a D-Bus address, as far as it needs no unescaping; else empty.
std::string bus_path(const std::string& address) {
    constexpr std::string_view key = "unix:path=";
    const std::size_t found = address.find(key);
    if (found == std::string::npos) return {};
    const std::size_t start = found + key.size();
    return lexically_clean(address.substr(start, address.find_first_of(",;", start) - start));
}

}  // namespace

DesktopServices::DesktopServices(const std::vector<std::string>& environment)
    : bus_(bus_path(variable(environment, "DBUS_SESSION_BUS_ADDRESS").value_or(""))),
      runtime_(variable(environment, "XDG_RUNTIME_DIR").value_or("")),
      display_(variable(environment, "WAYLAND_DISPLAY").value_or("")) {
    if (!runtime_.empty()) runtime_ = lexically_clean(runtime_);
}

std::optional<DesktopService> DesktopServices::at(const std::string& path) const {
    if (is_at_or_below(path, "/tmp/.X11-unix")) return Service::x11;
    if (path.empty()) return std::nullopt;
    if (path == bus_) return Service::session_bus;
    if (path == display_) return Service::wayland;
    if (runtime_.empty() || path == runtime_ || !is_at_or_below(path, runtime_)) {
        return std::nullopt;
    }
    const std::string name = rebased(path, runtime_, "");
    if (name == "/bus") return Service::session_bus;
    if (name == "/pulse" || name == "/pulse/native") return Service::pulseaudio;
    if (name == "/pipewire-0" || name == "/pipewire-0-manager") return Service::pipewire;
    const bool named = !display_.empty() && name == "/" + display_;
    if (named || name.substr(0, 9) == "/wayland-") return Service::wayland;
    return std::nullopt;
}

std::string_view desktop_power(Service service) {
    switch (service) {
        case Service::wayland:
            return "a program inside can record the screen, press keys in other windows and read "
                   "the clipboard, as far as the compositor lets all its clients";
        case Service::x11:
            return "a program inside can read and press keys in all windows, and see the screen";
        case Service::pipewire:
            return "a program inside can record, and make PipeWire load a library outside, unless "
                   "PipeWire is set up to restrict its clients";
        case Service::pulseaudio:
            return "a program inside can record, and make the sound server load a library outside";
        case Service::session_bus: return "a program inside can start programs outside";
    }
    return {};
}

}  // namespace sbx::planning
