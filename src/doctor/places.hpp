// SPDX-License-Identifier: Apache-2.0
// The places of a machine that only its examination looks at. Reads only.
#pragma once

#include "doctor/findings.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sbx::sys {

/// The name of `uid` in /etc/passwd, or nothing: asking the name service takes libraries that a
/// static program cannot have.
std::string user_name(std::uint32_t uid);

/// What subuid(5) `text` gives the user of that name or number.
IdRanges id_ranges_in(std::string_view text, std::string_view user, std::uint32_t uid);

/// How many ids uid_map or gid_map `text` (user_namespaces(7)) maps.
std::uint64_t ids_in(std::string_view text);

/// Looks for `name` in $PATH, and whether it could gain privileges.
IdHelper find_id_helper(const std::string& name);

/// The caller's cgroup of version 2.
Cgroup own_cgroup();

/// The mount points below /proc in `mountinfo` (proc_pid_mountinfo(5)).
std::vector<std::string> covers_in(std::string_view mountinfo);

/// What is mounted upon parts of /proc here.
std::vector<std::string> covers_of_proc();

}  // namespace sbx::sys
