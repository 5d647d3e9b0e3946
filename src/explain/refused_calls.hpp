// SPDX-License-Identifier: Apache-2.0
// Finds the system calls of set-up that something around sbx refuses, whatever their arguments are.
// For after a failure, and for --doctor: it starts a process for each call.
#pragma once

#include "base/setup_calls.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sbx::sys {

/// Each call is tried with arguments that the kernel refuses in another way than a filter does.
std::vector<RefusedCall> find_refused_calls();

/// For set-up that ended with `error`, an errno: the cause and the remedy if the error came from a
/// call that is always refused; else empty. Looks at nothing if `error` is not an answer of filters
/// or of old kernels. Calls that sbx does without count only where `also` has their names, with a
/// blank between two.
std::string refusal_text(int error, std::string_view also = {});

/// Which of the calls that make a process with namespaces are always refused with `error`: "clone3
/// (EPERM)". Empty: none, or `error` has other causes.
std::string refused_ways_to_clone(int error);

/// As refusal_text(), for a process of set-up that a signal ended.
std::string killed_text(int signal);

}  // namespace sbx::sys
