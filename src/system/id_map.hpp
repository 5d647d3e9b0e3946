// SPDX-License-Identifier: Apache-2.0
// The text of uid_map and gid_map (user_namespaces(7)): lines of "inside outside count". Used
// between clone and exec: it must not allocate, nor call anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sbx::sys {

/// The longest that procfs shows: 340 lines of three columns.
inline constexpr std::size_t id_map_most = std::size_t{340} * 33;

/// Appends the digits of `value` and `after` to the `length` bytes in `out`; false when they do not
/// fit.
inline bool append_number(std::span<char> out, std::size_t& length, std::uint64_t value,
                          char after) {
    char digits[20];
    std::size_t count = 0;
    do {
        digits[count++] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    if (length > out.size() || out.size() - length < count + 1) return false;
    while (count > 0) out[length++] = digits[--count];
    out[length++] = after;
    return true;
}

/// Writes the map "as many ids as in `own`, under the same numbers" to `out`, and its size to
/// `length`. False when there is no room for it, or `own` is no map: then part of the ids would be
/// missing, or be others.
inline bool same_ids(std::string_view own, std::span<char> out, std::size_t& length) {
    constexpr std::uint64_t most = 0xffffffff;
    length = 0;
    std::uint64_t numbers[3] = {};
    std::size_t column = 0;  // of the number that comes next
    bool in_number = false;
    for (const char c : own) {
        if (c >= '0' && c <= '9') {
            if (column > 2) return false;
            numbers[column] = numbers[column] * 10 + static_cast<unsigned>(c - '0');
            if (numbers[column] > most) return false;
            in_number = true;
            continue;
        }
        if (c != ' ' && c != '\n') return false;
        if (in_number) ++column;
        in_number = false;
        if (c != '\n') continue;
        if (column != 3) return false;
        if (!append_number(out, length, numbers[0], ' ') ||
            !append_number(out, length, numbers[0], ' ') ||
            !append_number(out, length, numbers[2], '\n')) {
            return false;
        }
        for (std::uint64_t& number : numbers) number = 0;
        column = 0;
    }
    return column == 0 && !in_number;
}

}  // namespace sbx::sys
