// SPDX-License-Identifier: Apache-2.0
// The capability sets of the calling process (capget(2)), without a library.
#pragma once

#include "system/syscalls.hpp"

#include <linux/capability.h>

#include <cstdint>

namespace sbx::sys {

struct CapabilitySets {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};

    /// Fills them in; 0 or -errno.
    [[gnu::always_inline]] long read() { return call(SYS_capget, &header, &data[0]); }
    /// Makes them the process's; 0 or -errno.
    [[gnu::always_inline]] long write() { return call(SYS_capset, &header, &data[0]); }

    [[gnu::always_inline]] std::uint64_t permitted() const {
        return data[0].permitted | static_cast<std::uint64_t>(data[1].permitted) << half;
    }
    [[gnu::always_inline]] void set_permitted(std::uint64_t bits) {
        data[0].permitted = static_cast<std::uint32_t>(bits);
        data[1].permitted = static_cast<std::uint32_t>(bits >> half);
    }
    [[gnu::always_inline]] void set_inheritable(std::uint64_t bits) {
        data[0].inheritable = static_cast<std::uint32_t>(bits);
        data[1].inheritable = static_cast<std::uint32_t>(bits >> half);
    }

    static constexpr unsigned half = 32;
};

}  // namespace sbx::sys
