// SPDX-License-Identifier: Apache-2.0
// Small questions to the machine, asked when a message needs the answer. Reads only.
#pragma once

#include <string>

namespace sbx::sys {

/// realpath(3) of `path`; `path` itself when it cannot be had.
std::string real_path(const std::string& path);

/// What the symbolic link `path` says; empty, with errno, when it cannot be read or is none.
std::string read_link(const std::string& path);

/// Why making or mapping a user namespace gave `error` on this machine, and what to do: names the
/// sysctl or the restriction that it found.
std::string user_namespace_remedy(int error);

/// What is wrong where the host has no procfs.
std::string no_proc();

/// Why the kernel refuses a new procfs (EPERM), and what to do.
std::string proc_remedy();

}  // namespace sbx::sys
