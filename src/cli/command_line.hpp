// SPDX-License-Identifier: Apache-2.0
// argv as a list of options in the order given, and the command. Words only: what an option means
// is SpecBuilder's.
#pragma once

#include "cli/dialect.hpp"
#include "cli/option_table.hpp"

#include <sbx/result.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sbx::cli {

// What is said of options that change the one after them, when there is none such.
inline constexpr const char* perms_alone =
    "--perms must be followed by an option that creates a file";
inline constexpr const char* size_alone = "--size must be followed by --tmpfs";
inline constexpr const char* overlay_source_alone =
    "--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, "
    "or --ro-overlay";

struct GivenOption {
    const OptionRow* row = nullptr;
    std::vector<std::string> arguments;  ///< as the row says; an optional one may be missing
    std::string place;                   ///< "FILE:LINE" of a profile; empty: the command line
};

struct CommandLine {
    std::vector<GivenOption> options;
    std::vector<std::string> command;
    std::optional<Error> error;  ///< what ended it before its end; `options` are those before that
    bool took_back = false;      ///< --unset took an option out of `options`
};

/// The option that a word such as "--name" or "--name=value" names, or null.
const OptionRow* option_named_by(std::string_view word);

/// The words with a blank between each two.
std::string with_blanks(const std::vector<std::string>& words);

/// "bind takes two arguments".
std::string takes_words(const OptionRow& row);

/// Splits `words` (argv without its first) into options and command. An option that is not known
/// or lacks an argument is an error that names it, and the nearest one there is. Options act in
/// the order given, so those before it still count: one may be --help, or have an error itself.
CommandLine parse_words(const std::vector<std::string>& words, const Dialect& dialect);

}  // namespace sbx::cli
