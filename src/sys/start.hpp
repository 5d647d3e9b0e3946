// SPDX-License-Identifier: Apache-2.0
// The supervisor's side of making the child.
#pragma once

#include "sys/child.hpp"

namespace sbx::sys {

/// Makes the child, through helpers where the plan enters namespaces.
Started start_child(const Plan& plan, ChildImage& image);

/// Makes the network namespace that init awaits (step::NewNetwork), and sends it down the life line
/// `line`. `init` is its pidfd. 0 or errno.
int make_network(const Plan& plan, const ChildImage& image, int init, int line);

}  // namespace sbx::sys
