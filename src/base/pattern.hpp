// SPDX-License-Identifier: Apache-2.0
// Patterns of paths: "**", "*" and "?", as .gitignore has them. Pure; it must not look at a file
// system.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sbx {

/// A path from whose first component "*" or "**" on it stands for all that match.
struct Pattern {
    std::string directory;           ///< what is before it, clean
    std::vector<std::string> parts;  ///< "**", or a name with "*" and "?", each
};

/// Nothing when `path`, an absolute one, has no such component: then it stands for itself.
std::optional<Pattern> pattern_of(std::string_view path);

/// Whether `path`, relative to the directory of `pattern` and clean, matches: "**" stands for any
/// number of directories, also none; hidden ones are no different.
bool matches(const Pattern& pattern, std::string_view path);

/// Whether the last component of `pattern` matches the file name `name`.
bool ends_in(const Pattern& pattern, const std::string& name);

}  // namespace sbx
