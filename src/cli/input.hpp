// SPDX-License-Identifier: Apache-2.0
// What the command line reads: numbers in full width, descriptors, small files.
#pragma once

#include "cli/option_table.hpp"

#include <sbx/result.hpp>
#include <sbx/spec.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sbx::cli {

/// All of `text` as an unsigned number of `base`, at most `most`; nothing for anything else (signs,
/// spaces, an empty text, more digits than fit).
std::optional<std::uint64_t> parse_number(std::string_view text, int base, std::uint64_t most);

/// That option `row` takes something else than `text`: in sbx's words, or in `bubblewrap`'s.
Error wrong_argument(const OptionRow& row, const std::string& takes, const std::string& text,
                     Wording wording, const std::string& bubblewrap);

/// The number of a descriptor, which `row` takes.
Result<int> parse_descriptor(const OptionRow& row, const std::string& text, Wording wording);

/// How a message begins when the descriptor `number` of option `row` cannot be read.
std::string reading_words(const OptionRow& row, const std::string& number, Wording wording);

/// Far more than options, a policy or a filter can have; what goes on after it, as /dev/zero does,
/// would use up the memory of the machine.
inline constexpr std::size_t most_read = std::size_t{64} << 20U;

/// Everything that descriptor `fd` gives until its end; closes it, but for 0, 1 and 2. `what` is
/// what the message begins with. More than `most_read` bytes are an error.
Result<std::string> read_all(int fd, const std::string& what);

/// The content of the file at `path`.
Result<std::string> read_file(const std::string& path);

/// Makes the file at `path` with `text` in it; one that is there already is an error, and so is
/// another one that has its name at the end.
Result<void> write_new_file(const std::string& path, const std::string& text);

/// Opens the file at `path` to be written to at the end, or makes it; a symbolic link is not
/// followed, and a second name is refused, since a command that may write to its directory could
/// have made either. The caller closes the descriptor.
Result<int> open_result(const std::string& path);

/// Replaces what is in the file that open_result() opened by `text`; on standard output `text`
/// comes after what is there. Fails as well when `path` does not lead to that file any more: the
/// command may have put another one there.
Result<void> write_result(int fd, const std::string& path, const std::string& text);

/// Words that each end with a NUL byte; the last one may lack it.
std::vector<std::string> split_at_nul(const std::string& content);

/// The compiled seccomp filter that `row` reads from `fd`, as read_all() does.
Result<std::vector<std::uint64_t>> read_filter(const OptionRow& row, int fd, Wording wording);

}  // namespace sbx::cli
