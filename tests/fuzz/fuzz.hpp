// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share: the entry point that libFuzzer and replay.cpp call, and how a
// property that does not hold is told. It must not repair or filter what it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace sbx::test {

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// A finding unless `holds`.
inline void require(bool holds, std::string_view what, std::string_view about = "") {
    if (holds) return;
    std::fprintf(stderr, "this does not hold: %s\n%s\n", std::string(what).c_str(),
                 std::string(about).c_str());
    std::abort();
}

/// Whether a terminal would act upon something in `text`, or show it as something else: written
/// apart from printable(), by bytes.
inline bool has_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto at = [&](std::size_t more) {
            return i + more < text.size() ? static_cast<unsigned char>(text[i + more]) : 0U;
        };
        const unsigned c = at(0);
        if (c < 0x20 || c == 0x7f) return true;
        if (c < 0x80) continue;
        const bool two = c >= 0xc2 && c < 0xe0;
        const bool three = c >= 0xe0 && c < 0xf0;
        const bool four = c >= 0xf0 && c < 0xf5;
        const std::size_t more = two ? 1 : three ? 2 : four ? 3 : 0;
        if (more == 0) return true;
        for (std::size_t k = 1; k <= more; ++k) {
            if (at(k) < 0x80 || at(k) > 0xbf) return true;
        }
        if (c == 0xc2 && at(1) < 0xa0) return true;  // C1
        const bool marks = c == 0xe2 && at(1) == 0x80 &&
                           ((at(2) >= 0x8b && at(2) <= 0x8f) || (at(2) >= 0xa8 && at(2) <= 0xae));
        const bool isolates = c == 0xe2 && at(1) == 0x81 && at(2) >= 0xa0 && at(2) <= 0xaf;
        const bool byte_order = c == 0xef && at(1) == 0xbb && at(2) == 0xbf;
        const bool tags = c == 0xf3 && at(1) == 0xa0;
        if (marks || isolates || byte_order || tags) return true;
        i += more;
    }
    return false;
}

}  // namespace sbx::test
