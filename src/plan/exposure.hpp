// SPDX-License-Identifier: Apache-2.0
// The things outside that a bind puts into the command's hands: the caller's home and settings,
// directories that everybody shares, sockets. Texts for warnings, which follow the option: "--bind
// /a /b makes ...".
#pragma once

#include "view/sight.hpp"

#include <string>
#include <vector>

namespace sbx::planning {

/// Warning::writable_home: empty, or the first reason that there is. The entry is a writable bind.
std::string home_exposure(const Sight& sight, std::size_t index);

/// Warning::writable_root: empty, or why. The entry is a writable bind that is seen.
std::string system_exposure(const Sight& sight, std::size_t index);

/// Warning::start_directory: empty, or why. The entry is a bind of the working directory.
std::string start_exposure(const Sight& sight, std::size_t index);

/// Warning::shared_directory: empty, or why. The entry is a bind.
std::string shared_exposure(const Sight& sight, std::size_t index);

/// Warning::agent_socket: one text for each HostSocket::Power that comes in. The entry is a bind.
std::vector<std::string> socket_exposures(const Sight& sight, std::size_t index,
                                          const std::vector<HostSocket>& sockets);

}  // namespace sbx::planning
