// SPDX-License-Identifier: Apache-2.0
// Words for messages and the comparison of paths as text. Pure; it must not look at a file system.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sbx {

/// `text` in double quotes, with control bytes, quotes and backslashes as \n, \", \\, \x1b, so
/// that a name cannot forge a line of output. Bytes from 0x80 on are left alone (UTF-8 or not).
std::string quote(std::string_view text);

/// The words of `argv` as a shell would need them to be typed: in '...', or in $'...' when there
/// are control bytes, so that a word cannot forge a line of output.
std::string shell_words(const std::vector<std::string>& argv);

/// The same for every shell of POSIX, of which not all know $'...': control bytes are what printf
/// gives.
std::string posix_words(const std::vector<std::string>& argv);

/// strerror(3) in the C locale's words, beginning with a small letter.
std::string error_text(int error);

/// An absolute path without repeated slashes, "." and a slash at its end; ".." stays, because
/// only the file system knows what it means. "usr/./bin/" gives "/usr/bin".
std::string lexically_clean(std::string_view path);

/// Whether `path` says of itself that it is a directory: it ends in "/" or "/.".
bool names_directory(std::string_view path);

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
