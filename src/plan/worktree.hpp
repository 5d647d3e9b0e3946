// SPDX-License-Identifier: Apache-2.0
// Warning::git_worktree: a linked working tree whose repository is not inside.
#pragma once

#include "view/sight.hpp"

#include <string>

namespace sbx::planning {

/// Empty, or that git does not work in the working directory, and what shows its repository.
std::string missing_repository(const Spec& spec, const Host& host, const Sight& sight);

/// Whether a guard insists on the .git of the working directory, and does not merely keep one that
/// is there, as for builds, which seldom call git.
bool wants_repository(const Spec& spec, const Host& host, const Sight& sight);

}  // namespace sbx::planning
