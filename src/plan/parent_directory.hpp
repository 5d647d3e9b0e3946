// SPDX-License-Identifier: Apache-2.0
// Warning::parent_directory: what is above the working directory is not inside, and may be wanted.
#pragma once

#include "view/sight.hpp"

#include <optional>
#include <string>

namespace sbx::planning {

struct MissingParent {
    std::string text;
    bool when_it_fails = false;  ///< nothing says that the command uses it
};

/// The directory above `start`, in which the command starts, where only that one is inside: a build
/// may write its results there, or have its sources there. `start` may be empty: it is not known.
std::optional<MissingParent> missing_parent(const Spec& spec, const Sight& sight,
                                            const std::string& start);

}  // namespace sbx::planning
