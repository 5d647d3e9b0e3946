// SPDX-License-Identifier: Apache-2.0
// The directories that belong to the system and not to a project, by their names.
#pragma once

#include <string_view>

namespace sbx::planning {

/// Whether the clean path `path` is the root, a directory of the system, or one in which only the
/// system keeps files.
bool is_system_directory(std::string_view path);

/// The same for a bind that nobody can write to: programs, libraries and documents may be looked
/// at.
bool is_private_system_directory(std::string_view path);

}  // namespace sbx::planning
