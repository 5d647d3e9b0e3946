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

inline bool has_control(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) return true;
    }
    return false;
}

}  // namespace sbx::test
