// SPDX-License-Identifier: Apache-2.0
// Words for messages and the comparison of paths as text. Pure; it must not look at a file system.
#pragma once

#include <sbx/text.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sbx {

/// The length of the UTF-8 character at the start of `text`, 0 when there is none.
std::size_t utf8_length(std::string_view text);

/// The number of the UTF-8 character `character`, of which there is all and no more.
std::uint32_t code_point(std::string_view character);

/// As utf8_length(), and 0 also for a character that printable() escapes.
std::size_t printable_length(std::string_view text);

/// As shell_words(), for every shell of POSIX, of which not all know $'...': what cannot be printed
/// is what printf gives.
std::string posix_words(const std::vector<std::string>& argv);

/// strerror(3) in the C locale's words, beginning with a small letter.
std::string error_text(int error);

/// An absolute path without repeated slashes, "." and a slash at its end; ".." stays, because
/// only the file system knows what it means. "usr/./bin/" gives "/usr/bin".
std::string lexically_clean(std::string_view path);

/// Whether `path` says of itself that it is a directory: it ends in "/" or "/.".
bool names_directory(std::string_view path);

/// 63 of "/dev/fd/63" or "/proc/self/fd/63", as a shell's <(...) gives them; nothing: it is another
/// path, or the number has more than 7 digits.
std::optional<int> descriptor_in_path(std::string_view path);

/// Whether the clean path `path` is `base` or lies below it.
bool is_at_or_below(std::string_view path, std::string_view base);

/// `path`, which is at or below `from`, as it is called where `from` is called `to`. Clean paths.
std::string rebased(const std::string& path, const std::string& from, const std::string& to);

/// A message in two: what is wrong, and the remedy that follows the first semicolon outside of
/// quotes; empty when there is none.
std::pair<std::string, std::string> split_sentence(const std::string& sentence);

/// What bubblewrap says of a filter that the kernel does not take.
inline constexpr std::string_view bubblewrap_refused_filter =
    "Unable to set up system call filtering as requested: prctl(PR_SET_SECCOMP) reported EINVAL. "
    "(Hint: this requires a kernel configured with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER.)";

}  // namespace sbx
