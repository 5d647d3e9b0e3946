// SPDX-License-Identifier: Apache-2.0
// What a filter of system calls answers, worked out without the kernel. For messages: nothing is
// allowed or refused for it.
#pragma once

#include <sbx/spec.hpp>

namespace sbx::sys {

/// Whether `filter` refuses the call of this number whatever its arguments are, as far as the
/// answer can be told: false for a program that looks at an argument on the way.
bool refuses_call(const SeccompFilter& filter, int number);

}  // namespace sbx::sys
