// SPDX-License-Identifier: Apache-2.0
// The oldest kernel that sbx works with, and the version in the name of one. Pure.
#pragma once

#include <sbx/host.hpp>

#include <charconv>
#include <string_view>

namespace sbx {

inline constexpr KernelVersion kernel_floor{5, 12};  // mount_setattr(2) came with it

/// The version that uname(2) gives as `release`: "6.1.0-18-amd64" is 6.1; 0.0 when it is none.
inline KernelVersion kernel_version(std::string_view release) {
    KernelVersion out;
    const char* end = release.data() + release.size();
    const auto major = std::from_chars(release.data(), end, out.major);
    if (major.ptr != end) std::from_chars(major.ptr + 1, end, out.minor);
    return out;
}

}  // namespace sbx
