// SPDX-License-Identifier: Apache-2.0
// Landlock's rights by number, with the kernel that brought them (include/uapi/linux/landlock.h;
// the headers of Debian 12 end at ABI 2). Numbers only.
#pragma once

#include <cstdint>

namespace sbx::landlock {

// ABI 1, Linux 5.13
inline constexpr std::uint64_t execute = 1U << 0U;
inline constexpr std::uint64_t write_file = 1U << 1U;
inline constexpr std::uint64_t read_file = 1U << 2U;
inline constexpr std::uint64_t read_directory = 1U << 3U;
inline constexpr std::uint64_t all_of_abi_1 = (1U << 13U) - 1;
// ABI 2, Linux 5.19: to rename and link from one directory to another. Before, nobody who was
// restricted could do it, whatever the rules said.
inline constexpr std::uint64_t refer = 1U << 13U;
// ABI 3, Linux 6.2
inline constexpr std::uint64_t truncate = 1U << 14U;
// ABI 5, Linux 6.10: ioctl(2) on devices
inline constexpr std::uint64_t ioctl_device = 1U << 15U;

/// Rights that a rule for something else than a directory may give.
inline constexpr std::uint64_t of_files =
    execute | write_file | read_file | truncate | ioctl_device;

// ABI 6, Linux 6.12
inline constexpr std::uint64_t scope_abstract_sockets = 1U << 0U;
inline constexpr std::uint64_t scope_signals = 1U << 1U;

/// ABI 4 (Linux 6.7) restricts TCP to lists of ports, and a list of all of them is none; ABI 7
/// (Linux 6.15) is about what is logged.
inline constexpr unsigned files_abi = 2;
inline constexpr unsigned scopes_abi = 6;

/// What the kernel of `abi` knows of the rights to files.
constexpr std::uint64_t files_of(unsigned abi) {
    return abi < files_abi
               ? 0
               : all_of_abi_1 | refer | (abi >= 3 ? truncate : 0) | (abi >= 5 ? ioctl_device : 0);
}

}  // namespace sbx::landlock
