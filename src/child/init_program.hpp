// SPDX-License-Identifier: Apache-2.0
// The program that init executes where it began in the supervisor's memory (init_program.cpp): what
// it is told, and how. It gets nothing else: no environment, no other descriptor.
#pragma once

#include "child/init_loop.hpp"

namespace sbx::sys::init_program {

// Its descriptors: see child.hpp.
constexpr int ready = 0;
constexpr int status = 1;
constexpr int go = 2;
constexpr int signals = 3;

// Bits of the second word.
constexpr unsigned own_group = 1;
constexpr unsigned kills_leftovers = 2;
constexpr unsigned dies_with_supervisor = 4;

/// Its words after its name, numbers in decimal.
enum Word { command = 1, bits, reserve, end };

}  // namespace sbx::sys::init_program
