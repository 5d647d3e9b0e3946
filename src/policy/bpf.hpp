// SPDX-License-Identifier: Apache-2.0
// The rules of a policy turned into BPF.
//
// Where several rules match one call, the strictest answer wins, as between several filters of one
// process: KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, LOG, ALLOW; of two errnos the first in the text.
//
// The edits of a policy come before its rules, and of several edits the last one wins.
//
// Calls that have rules with arguments come first (policy_arguments.hpp), then a binary search for
// the ranges of numbers that have one answer. libseccomp, which would compare with each number by
// itself, makes a filter five times as long, and the kernel translates and checks it at every
// start; it also drops a rule with arguments for one without, whatever they say, and where it
// merges rules with 64-bit comparisons, some of them are lost. It gives the numbers of calls, and
// does the second part where one number stands for several calls.
//
// Only the native architecture is let in: other ABIs are killed, x32's numbers among them.
#pragma once

#include "policy/rules.hpp"

#include <sbx/result.hpp>

#include <cstdint>
#include <vector>

namespace sbx {

/// One word per instruction, as in SeccompFilter.
Result<std::vector<std::uint64_t>> policy_to_bpf(const PolicyRules& policy);

}  // namespace sbx
