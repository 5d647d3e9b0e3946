// SPDX-License-Identifier: Apache-2.0
// The text of a profile as lines of words, and words as such a text. It must not know what a key
// means, nor read a file.
#pragma once

#include <sbx/result.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sbx::cli {

/// What ${NAME} stands for; nothing when it is not defined.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

struct ProfileLine {
    std::string place;               ///< "NAME:LINE", for messages
    std::string key;                 ///< what stands before the equals sign
    std::vector<std::string> words;  ///< what follows it, without quotes, variables replaced
};

/// Lines of the form `key = word ...`, or `key` alone. "#" at the beginning of a word starts a
/// comment, and [brackets] a section, which is for readers. Words are cut at blanks; '...' takes
/// all as it stands, "..." knows variables and backslashes, of which \n and \t are a line feed and
/// a tab. ${NAME} must be defined and not empty;
/// ${NAME:-word} stands for `word` otherwise. `name` is that of the file. The error
/// names the line.
Result<std::vector<ProfileLine>> parse_profile(std::string_view text, const std::string& name,
                                               const Variables& variables);

/// `word` as parse_profile() would have to read it.
std::string profile_word(std::string_view word);

/// `key = word ...`
std::string profile_line(std::string_view key, const std::vector<std::string>& words);

}  // namespace sbx::cli
