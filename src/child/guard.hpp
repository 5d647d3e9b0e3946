// SPDX-License-Identifier: Apache-2.0
// What is hidden or kept as it is.
#pragma once

#include <sbx/plan.hpp>

#include "child/setup.hpp"

namespace sbx::sys {

/// Hides what is at a destination or makes it read-only, and fixes the way to it.
Failure guard(Setup& setup, const step::Guard& s);

/// Closes what guards share: to be called after the last one.
void end_guards(Setup& setup);

}  // namespace sbx::sys
