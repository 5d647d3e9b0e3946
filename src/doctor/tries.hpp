// SPDX-License-Identifier: Apache-2.0
// Tries what sandboxes are made of, each in a child that is gone when this returns, with all that
// it made. Children make system calls and nothing else, as libsbx is used by programs with threads.
#pragma once

#include "doctor/findings.hpp"

#include <cstdint>

namespace sbx::sys {

/// As the caller with these ids. Needs /proc; without it nothing is tried that takes a namespace.
Tries try_parts(std::uint32_t uid, std::uint32_t gid);

}  // namespace sbx::sys
