// SPDX-License-Identifier: Apache-2.0
// What differs between two sights, and whether exactly that was expected.
#pragma once

#include "row.hpp"

namespace compat {

/// Lines that only `theirs` has, after "-", and those that only `ours` has, after "+".
Lines difference(const Lines& theirs, const Lines& ours);

/// What is wrong with `actual` given what is listed, as text; empty when nothing is.
std::string judge(const Lines& actual, const std::vector<Difference>& listed);

/// Whether `row`, or a difference, is for who runs the tests.
bool applies(Who who);

}  // namespace compat
