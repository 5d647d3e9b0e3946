// SPDX-License-Identifier: Apache-2.0
// What came from the command line into a message must not forge lines or move the cursor.
#pragma once

#include <string>
#include <string_view>

namespace sbx::cli {

/// `text` with control bytes as \x1b; bytes from 0x80 on are left alone (UTF-8 or not).
inline std::string printable(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
        } else {
            out += "\\x";
            out += digits[byte >> 4U];
            out += digits[byte & 0xfU];
        }
    }
    return out;
}

}  // namespace sbx::cli
