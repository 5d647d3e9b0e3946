// SPDX-License-Identifier: Apache-2.0
// Runs a program with all its descendants under ptrace(2), lists their system calls, and makes one
// call of one process fail. strace's fault injection counts calls for each process alike, so that a
// call of init is out of its reach when the supervisor makes as many of its kind before; here the
// process is named, too.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace faults {

/// The `nth` (from 1) call of system call `number` in `process` does not happen and gives `error`.
/// A process is "sbx", or "sbx.1" for the first child of that, and so on.
struct Fault {
    std::string process;
    long number = -1;
    unsigned nth = 0;
    int error = 0;
};

struct Call {
    long number = -1;
    int error = 0;  ///< what it gave by itself, or 0
};

/// The calls of a process, in order, up to the exec of the command.
using Calls = std::map<std::string, std::vector<Call>>;

struct Observed {
    int status = -1;         ///< exit status of the first process
    int signal = 0;          ///< or the signal that it died of
    bool hit = false;        ///< the fault happened
    bool hit_late = false;   ///< when the command was there already
    bool hit_above = false;  ///< in a process that had a child already
    bool hung = false;       ///< some process did not end by itself
    bool executed = false;   ///< the command was
    Calls calls;
};

enum class Watch { list, fault };

/// Runs `program`, which must exec, in a new process. With Watch::list `calls` is filled, and
/// `fault` is of no interest.
Observed trace(const std::function<void()>& program, Watch watch, const Fault& fault);

/// "openat"
std::string name_of_call(long number);
/// The number of that, or -1.
long call_named(const std::string& name);

}  // namespace faults
