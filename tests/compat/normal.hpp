// SPDX-License-Identifier: Apache-2.0
// Takes out of a text what is different in each run: paths of the fixture, process ids, the numbers
// of namespaces.
#pragma once

#include "row.hpp"

namespace compat {

/// `text` line by line, each after `prefix`. Of a usage only the first line is left: bubblewrap and
/// sbx describe their options in their own words.
Lines normal_lines(const std::string& prefix, const std::string& text);

/// Lines of an older bubblewrap's in the words of 0.12, which calls a destination of the wrong kind
/// by another name.
Lines in_newer_words(Lines lines);

}  // namespace compat
