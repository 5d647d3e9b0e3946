// SPDX-License-Identifier: Apache-2.0
#include "probe/worktree.hpp"

#include "base/text.hpp"
#include "system/fd.hpp"
#include "system/machine.hpp"
#include "view/entries.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <string_view>

namespace sbx::sys {
namespace {

// The only line of the regular file `path`, which is no link; empty: it has another form.
std::string line_of(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    std::array<char, PATH_MAX + 16> text{};
    const ssize_t got = ::read(fd.get(), text.data(), text.size());
    std::string_view line(text.data(), static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    if (line.size() == text.size() || line.find('\0') != std::string_view::npos) return {};
    if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
    return line.find('\n') == std::string_view::npos ? std::string(line) : std::string();
}

std::string joined(const std::string& directory, const std::string& path) {
    return path.substr(0, 1) == "/" ? path : directory + "/" + path;
}

// What is above the last two names of a clean path, "/p/.git" of "/p/.git/worktrees/x"; empty: the
// path has another form.
std::string repository_of(const std::string& path) {
    const std::size_t name = path.find_last_of('/');
    constexpr std::string_view around = "/worktrees";
    const std::string_view rest = std::string_view(path).substr(0, name);
    if (name == std::string::npos || !rest.ends_with(around)) return {};
    return std::string(rest.substr(0, rest.size() - around.size()));
}

}  // namespace

std::optional<LinkedWorktree> linked_worktree(const std::string& directory) {
    const std::string file = directory + "/.git";
    const std::string line = line_of(file);
    constexpr std::string_view key = "gitdir: ";
    if (!line.starts_with(key)) return std::nullopt;
    const std::string named = lexically_clean(joined(directory, line.substr(key.size())));
    const std::string real = without_links(named);
    const bool goes_up = named.find("/../") != std::string::npos;
    LinkedWorktree out{repository_of(goes_up ? real : named), repository_of(real)};
    if (out.named.empty() || out.real.empty() || without_links(out.named) != out.real) {
        return std::nullopt;
    }
    for (const char* part : {"/HEAD", "/objects", "/refs"}) {
        if (::access((out.real + part).c_str(), F_OK) != 0) return std::nullopt;
    }
    const std::string back = line_of(real + "/gitdir");
    const std::string own = without_links(file);
    if (back.empty() || own.empty() || without_links(joined(real, back)) != own) {
        return std::nullopt;
    }
    return out;
}

void look_for_worktree(const Spec& spec, Host& host) {
    if (spec.warnings[static_cast<std::size_t>(Warning::git_worktree)] == WarningMode::hide) return;
    if (host.cwd.empty()) return;
    const std::string git = host.cwd + "/.git";
    const bool guarded =
        std::any_of(spec.entries.begin(), spec.entries.end(), [&](const Entry& entry) {
            const auto* guard = std::get_if<entry::Guard>(&entry);
            return guard != nullptr && lexically_clean(guard->destination) == git;
        });
    if (guarded) host.worktree = linked_worktree(host.cwd);
}

}  // namespace sbx::sys
