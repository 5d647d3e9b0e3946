// SPDX-License-Identifier: Apache-2.0
// The only way to standard output and standard error, so that nothing but printable text reaches a
// terminal, wherever it comes from.
#pragma once

#include <string>
#include <string_view>

namespace sbx::cli {

/// `text`, of which each line is as printable() of <sbx/text.hpp> has it.
std::string printable_lines(std::string_view text);

/// Writes printable_lines(text) to standard output; 0 or errno.
int write_output(std::string_view text);

/// The same to standard error, where nobody can be told of a failure.
void write_error(std::string_view text);

}  // namespace sbx::cli
