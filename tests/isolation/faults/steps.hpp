// SPDX-License-Identifier: Apache-2.0
// Which kinds of step there are, and which a command line has in its plan.
#pragma once

#include <string>
#include <vector>

namespace faults {

/// "sbx::step::Bind" and its kin, all there are.
std::vector<std::string> kinds_of_steps();

/// Plans `words` as sbx called `called` does, and prints the kinds of its steps; an exit status.
int print_kinds(const std::string& called, const std::vector<std::string>& words);

}  // namespace faults
