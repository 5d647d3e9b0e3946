// SPDX-License-Identifier: Apache-2.0
// Warning::other_home: a part of the caller's home is bound where nobody looks, since HOME is
// another directory inside.
#pragma once

#include "view/sight.hpp"

#include <string>
#include <utility>
#include <vector>

namespace sbx::planning {

/// The entries that show a cache or settings below the caller's home, under the same name, while
/// programs look below the HOME of `environment`; each with the text of its warning.
std::vector<std::pair<std::size_t, std::string>> binds_in_other_home(
    const Spec& spec, const Host& host, const Sight& sight,
    const std::vector<std::string>& environment);

}  // namespace sbx::planning
