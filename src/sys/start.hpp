// SPDX-License-Identifier: Apache-2.0
// The supervisor's side of making the child.
#pragma once

#include "sys/child.hpp"

namespace sbx::sys {

/// Makes the child, through helpers where the plan enters namespaces.
Started start_child(const Plan& plan, ChildImage& image);

}  // namespace sbx::sys
