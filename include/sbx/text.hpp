// SPDX-License-Identifier: Apache-2.0
// Text for terminals and shells. Names of files, links and profiles may come from an attacker;
// these functions keep them from moving the cursor, forging a line, or becoming words of a command.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sbx {

/// `text` without what a terminal acts upon or does not show: control characters (C0, C1), whatever
/// changes the direction of text or has no width, line and paragraph separators, and bytes that are
/// not UTF-8 are written as \xNN, byte by byte.
std::string printable(std::string_view text);

/// `text` in double quotes; in it quotes, backslashes, line feeds and tabs are \", \\, \n and \t,
/// and the rest is as printable() has it.
std::string quote(std::string_view text);

/// `text` as it is where that can be read in one way only, else as quote() has it: where it is
/// empty, or has blanks, semicolons, or anything to be escaped.
std::string quote_if_needed(std::string_view text);

/// The words of `argv` as a shell would need them to be typed: in '...', or in $'...' when there is
/// something that printable() would change.
std::string shell_words(const std::vector<std::string>& argv);

}  // namespace sbx
