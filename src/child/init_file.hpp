// SPDX-License-Identifier: Apache-2.0
// The program of its own that init executes (init_program.cpp), which is a part of this executable,
// as a file in memory.
#pragma once

#include "system/fd.hpp"

#include <span>

namespace sbx::sys {

/// The program as the linker made it; empty where there is none for this kind of machine.
std::span<const unsigned char> init_bytes();

/// The file; empty where it cannot be had.
Fd open_init_program();

}  // namespace sbx::sys
