// SPDX-License-Identifier: Apache-2.0
// The options that are in effect, from all places where some can stand: the command line, what
// --args reads, and profiles. Words only: what an option means is SpecBuilder's.
#pragma once

#include "cli/command_line.hpp"
#include "cli/dialect.hpp"
#include "cli/profile.hpp"

#include <sbx/result.hpp>

#include <string>
#include <vector>

namespace sbx::cli {

/// Puts what each --args reads behind it, in place. An error of reading ends the line.
CommandLine with_arguments_read(CommandLine line, const Dialect& dialect);

/// Puts the options of all profiles first, so that the command line's come after them and win;
/// then takes back what --unset names. Profiles and --unset are gone from the result.
CommandLine with_profiles(CommandLine line, const ProfileSearch& search);

/// Where the last --result of `line` writes to, whatever else is wrong with it.
std::optional<std::string> result_path(const CommandLine& line);

/// Whether `line` has something that with_profiles() acts upon.
bool has_profiles(const CommandLine& line);

/// All of it, for the words of a command line.
CommandLine read_command_line(const std::vector<std::string>& words, const Dialect& dialect);

/// The options of `line` as the lines of a profile, each followed by its place as a comment.
std::string effective_text(const CommandLine& line);

/// `line`, whose --args were read, as a profile that asks for the same. Profiles that it names are
/// included by it; `directory` is what relative paths of those begin in.
std::string profile_of(const CommandLine& line, const std::string& directory);

}  // namespace sbx::cli
