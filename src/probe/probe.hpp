// SPDX-License-Identifier: Apache-2.0
// What probe_host() looks at that is asked for by itself, too. Reads only.
#pragma once

#include <sbx/host.hpp>
#include <sbx/result.hpp>

#include <vector>

namespace sbx::sys {

/// The device nodes of /dev that are what they are called.
std::vector<HostDevice> real_devices();

/// The version of landlock(7); 0: it is not there, as far as can be told.
Result<unsigned> landlock_abi();

}  // namespace sbx::sys
