// SPDX-License-Identifier: Apache-2.0
// The rule that every run with a fault is held to: sbx says what failed and the command never
// starts, or the command starts with every protection that it has without the fault.
#pragma once

#include "world.hpp"

#include <string>
#include <vector>

namespace faults {

/// A line without a fault.
struct Baseline {
    Line line;
    std::string report;
    std::vector<std::string> steps;  ///< "step 1, mount a tmpfs as the new root"
    Calls calls;
    std::size_t before_main = 0;  ///< how many of the first process's calls are libc's
    int exit_status = 0;
};

struct Case {
    Fault fault;
    bool before_main = false;
};

/// What is wrong with `run`; empty when nothing is.
std::string broken_rule(const Baseline& baseline, const Case& one, const Run& run);

/// Whether the order of its calls can differ from run to run: it runs beside others.
bool may_be_missed(const Baseline& baseline, const Fault& fault);

/// The cases of a line. With Errnos::all every error is tried with every call.
enum class Errnos { few, all };
enum class Start { tried, left_out };  ///< what libc does before main is the same in all lines
std::vector<Case> cases_of(const Baseline& baseline, Errnos errnos, Start start);

}  // namespace faults
