// SPDX-License-Identifier: Apache-2.0
// The rules of a policy turned into BPF.
//
// Where several rules match one call, the strictest answer wins, as between several filters of one
// process: KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, LOG, ALLOW; of two errnos the first in the text.
//
// Calls that have rules with arguments come first, in code written here (policy_arguments.hpp). All
// others are libseccomp's: the architecture, x32, and a binary search for the number. libseccomp's
// own code for arguments is not used: it drops a rule with arguments for one without, whatever
// they say, and where it merges rules with 64-bit comparisons, some of them are lost.
//
// Only the native architecture is let in: other ABIs are killed, x32's numbers among them.
#pragma once

#include "sys/policy_json.hpp"

#include <cstdint>
#include <vector>

namespace sbx {

/// One word per instruction, as in SeccompFilter.
Result<std::vector<std::uint64_t>> policy_to_bpf(const PolicyRules& policy);

}  // namespace sbx
