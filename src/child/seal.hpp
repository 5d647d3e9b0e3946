// SPDX-License-Identifier: Apache-2.0
// What the command's process does to itself.
#pragma once

#include <sbx/plan.hpp>

#include "child/calls.hpp"
#include "child/input.hpp"

namespace sbx::sys {

/// Carries out one step of Plan::seal, except filters.
Failure do_seal_step(ChildInput& input, const Step& step);

/// Restricts the calling process, and all that it starts, by Landlock.
Failure enforce_landlock(const step::EnforceLandlock& s);

/// Keeps the signals of the calling process, and of all that it starts, from everybody else.
/// `verified`: this was seen, so that kill(-1, ...) ends what it has started and nothing else.
Failure scope_signals(const step::ScopeSignals& s, bool& verified);

/// Drops every capability of the calling process, the bounding set included, but those to keep.
Failure limit_capabilities(const step::LimitCapabilities& s);

}  // namespace sbx::sys
