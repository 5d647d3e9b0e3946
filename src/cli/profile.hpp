// SPDX-License-Identifier: Apache-2.0
// Profiles: finding them by name, and reading one, with those that it includes, as options. What an
// option means is SpecBuilder's.
#pragma once

#include "cli/command_line.hpp"
#include "cli/profile_text.hpp"

#include <sbx/result.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sbx::cli {

struct BuiltinProfile {
    std::string_view name;
    std::string_view text;
};

/// Those of the directory profiles/, sorted by name.
std::span<const BuiltinProfile> builtin_profiles();

/// Where profiles are looked for by name, as NAME.conf: in `directories`, the first one first, then
/// among the built-in ones.
struct ProfileSearch {
    std::vector<std::string> directories;
    Variables variables;
    std::string working_directory = {};  ///< ${CWD}, looked up once for all; empty: it has no path
};

/// As the environment of this process has it: $XDG_CONFIG_HOME/sbx (or ~/.config/sbx), /etc/sbx,
/// and where packages install theirs. The variables are those of the environment, and ${CWD}.
ProfileSearch profile_search();

/// The directories of profile_search() alone, for which nothing is looked up.
std::vector<std::string> profile_directories();

/// What --profile takes for the profile in the file at `path`: its name, where that is looked for.
std::string profile_argument(const std::string& path, const ProfileSearch& search);

/// Whether `name` is a path, and not a name to be looked for: it has a slash or a dot in it.
bool is_profile_path(std::string_view name);

/// The options of profile `name`, in their order, each with its place. The profiles that it
/// includes are in it; one that includes its own name takes the next of that name in, so that a
/// profile of the user's can add to a built-in one.
Result<std::vector<GivenOption>> read_profile(const std::string& name, const ProfileSearch& search);

}  // namespace sbx::cli
