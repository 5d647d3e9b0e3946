// SPDX-License-Identifier: Apache-2.0
// The ids of a user namespace, mapped from outside as container tools do it.
#pragma once

#include <string>

namespace integration {

/// Maps 0 in the user namespace of process `pid` to the caller and, where the caller may (root, or
/// a user with a range in /etc/subuid and /etc/subgid), 1 to 10 to others; true when it may.
bool map_ids(const std::string& pid);

}  // namespace integration
