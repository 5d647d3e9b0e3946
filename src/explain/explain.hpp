// SPDX-License-Identifier: Apache-2.0
// From numbers to sentences: what the child reported, in words that name the thing and the
// remedy. Runs in the parent, after a failure only, and may look at the machine for the cause.
#pragma once

#include <sbx/run.hpp>

#include "child/cleaner.hpp"
#include "child/clone.hpp"
#include "child/report.hpp"

#include <optional>
#include <string>

namespace sbx::sys {

/// The child could not be made.
Error explain_start(const Plan& plan, const Started& started);

/// A step failed, or exec did. `head` is there when a file could be read that exec refused.
Outcome explain_report(const Plan& plan, const Report& report, const std::optional<Excerpt>& head);

/// The supervisor failed at `what` before there was a sandbox, with the errno `error`.
Error explain_preparation(const std::string& what, int error);

/// The end of a message about a process of sbx that `signal` ended: the call for which a filter
/// killed it; empty if that was not so.
std::string killed_remedy(int signal);

/// What the cleaner watches over was lost, or nothing: the cleaner is gone itself.
Outcome explain_lost_guard(const Plan& plan, const std::optional<LostGuard>& lost);

/// The cleaner could not remove a placeholder from the host.
Error explain_left(const Plan& plan, const LostGuard& left);

}  // namespace sbx::sys
