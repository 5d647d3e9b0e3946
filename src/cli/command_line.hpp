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

struct GivenOption {
    const OptionRow* row = nullptr;
    std::vector<std::string>
        arguments;  ///< as many as the row says; an optional one may be missing
};

struct CommandLine {
    std::vector<GivenOption> options;
    std::vector<std::string> command;
    std::optional<Error> error;  ///< what ended it before its end; `options` are those before that
};

/// Splits `words` (argv without its first) into options and command. An option that is not known
/// or lacks an argument is an error that names it, and the nearest one there is. Options act in
/// the order given, so those before it still count: one may be --help, or have an error itself.
CommandLine parse_words(const std::vector<std::string>& words, const Dialect& dialect);

}  // namespace sbx::cli
