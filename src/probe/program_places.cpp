// SPDX-License-Identifier: Apache-2.0
#include "probe/program_places.hpp"

#include "base/remedies.hpp"
#include "base/text.hpp"
#include "system/machine.hpp"

#include <unistd.h>

#include <algorithm>

namespace sbx::sys {
namespace {

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    return slash == 0 || slash == std::string::npos ? "" : path.substr(0, slash);
}

void add(std::vector<std::string>& to, const std::string& path) {
    const auto covers = [&path](const std::string& one) { return is_at_or_below(path, one); };
    if (path.empty() || path == "/" || std::any_of(to.begin(), to.end(), covers)) return;
    to.push_back(path);
}

// The part of `path` up to its first directory of the name `name` ("/.pyenv"); empty: none.
std::string up_to(const std::string& path, const std::string& name) {
    const std::size_t at = (path + "/").find(name + "/");
    return at == std::string::npos ? "" : path.substr(0, at + name.size());
}

// All that is of installers, but for the directory that the program is called in.
void add_layout(std::vector<std::string>& out, const std::string& real) {
    add(out, virtual_environment(real));
    for (const char* name : {"/.pyenv", "/.rbenv", "/.asdf", "/.volta", "/.rustup"}) {
        add(out, up_to(real, name));
    }
    add(out, up_to(real, "/.nvm/versions/node").empty() ? "" : parent_of(parent_of(real)));
    add(out, up_to(real, "/node_modules"));
    // rustup stands for each of its programs, which are elsewhere.
    const std::string bin = parent_of(real);
    if (bin.ends_with("/.cargo/bin")) {
        add(out, bin);
        const std::string toolchains = parent_of(parent_of(bin)) + "/.rustup";
        if (real.ends_with("/rustup") && is_there(toolchains)) add(out, toolchains);
    }
    // node beside what npm has installed globally.
    const std::string prefix = parent_of(bin);
    if (bin.ends_with("/bin") && is_there(prefix + "/lib/node_modules")) {
        add(out, bin);
        add(out, prefix + "/lib/node_modules");
    }
}

}  // namespace

std::string virtual_environment(const std::string& path) {
    const std::string above = parent_of(parent_of(path));
    return !above.empty() && is_there(above + "/pyvenv.cfg") ? above : "";
}

std::vector<std::string> program_directories(const std::string& path) {
    const std::string real = real_path(path);
    if (is_of_system(real)) return {};
    std::vector<std::string> found;
    add_layout(found, path);
    add_layout(found, real);
    if (found.empty()) return {};
    std::vector<std::string> out;
    for (const std::string& one : found) {
        const bool covered = std::any_of(found.begin(), found.end(), [&](const std::string& other) {
            return other != one && is_at_or_below(one, other);
        });
        if (!covered) add(out, one);
    }
    add(out, parent_of(path));
    return out;
}

}  // namespace sbx::sys
