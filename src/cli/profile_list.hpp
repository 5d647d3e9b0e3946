// SPDX-License-Identifier: Apache-2.0
// The profiles that there are, for --list-profiles.
#pragma once

#include "cli/profile.hpp"

#include <string>
#include <string_view>

namespace sbx::cli {

/// The first sentence of the comment that a profile begins with, on one line; empty: there is none.
inline std::string profile_description(std::string_view text) {
    std::string out;
    while (text.starts_with("# ")) {
        const std::string_view line = text.substr(2, text.find('\n') - 2);
        if (line.starts_with("SPDX-")) break;
        out += (out.empty() ? "" : " ") + std::string(line);
        text.remove_prefix(line.size() + 2);
        if (!text.empty()) text.remove_prefix(1);
    }
    return out.substr(0, out.find_first_of(".:;"));
}

/// A line for each profile that --profile finds by name: of the directories searched, and built in.
std::string profile_list(const ProfileSearch& search);

}  // namespace sbx::cli
