// SPDX-License-Identifier: Apache-2.0
// The rules of a policy turned into BPF, by libseccomp.
//
// Where several rules match one call, the strictest answer wins, as between several filters of one
// process: KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, LOG, ALLOW; of two errnos the first in the text.
// libseccomp itself drops a rule with arguments for a rule without, whatever they say, and leaves
// open which of two rules with arguments it finds first. So it never gets rules that contradict
// each other: rules with arguments that deny become small filters of their own, "guards", which go
// before the list of the rest. A guard that has nothing against a call jumps to what follows it.
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
