// SPDX-License-Identifier: Apache-2.0
// Linked working trees of git: a file .git names the directory of a repository that is elsewhere.
// Reads only.
#pragma once

#include <sbx/host.hpp>

#include <optional>
#include <string>

namespace sbx::sys {

/// The repository of `directory`, an absolute path, if that is a linked working tree. Whoever may
/// write to `directory` chooses what its .git says: the repository must name that file, too.
std::optional<LinkedWorktree> linked_worktree(const std::string& directory);

/// Looks at the working directory if an entry of a profile, or a guard, concerns its .git.
void look_for_worktree(const Spec& spec, Host& host);

}  // namespace sbx::sys
