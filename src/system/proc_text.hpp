// SPDX-License-Identifier: Apache-2.0
// Texts of procfs. Text in, values out; it must not read any file.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace sbx::sys {

/// The value of `key` in lines of "Key:\tvalue" as /proc/PID/status and fdinfo have them: what is
/// after the colon and its blanks, up to the next blank. Empty when there is no such line.
inline std::string_view proc_value(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
        if (line.substr(0, key.size()) != key || line.substr(key.size(), 1) != ":") continue;
        std::string_view value = line.substr(key.size() + 1);
        const std::size_t first = value.find_first_not_of(" \t");
        if (first == std::string_view::npos) return {};
        value.remove_prefix(first);
        return value.substr(0, value.find_first_of(" \t"));
    }
    return {};
}

/// The pid that the fdinfo of a pidfd names: 0 when it is of no pid namespace that is seen here, -1
/// when it has ended (pidfd_open(2)). Nothing when the text names none.
inline std::optional<int> pid_in_fdinfo(std::string_view text) {
    const std::string_view value = proc_value(text, "Pid");
    int pid = -1;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), pid);
    if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
    return pid;
}

}  // namespace sbx::sys
