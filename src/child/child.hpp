// SPDX-License-Identifier: Apache-2.0
// What runs between clone and exec: init, and the command's own process until it execs. It reads
// what the parent built before and reports numbers. It must not allocate, lock, throw, use stdio
// or call into libseccomp or libcap: the caller may have threads whose locks were copied in a
// locked state. tests/lint holds it to a list of symbols.
//
// Theory of operation. Three processes:
//
//   supervisor (the caller)      init (pid 1)                     command (pid 2)
//   clone3 --------------------> Plan::setup, step by step
//                                clone3 ------------------------> Plan::seal, step by step
//                                closes all but four descriptors  waits on `hold`
//                                executes a program of its own
//                                drops capabilities
//                                writes a byte to `hold` -------> filters, execve
//   poll loop                    poll loop: reaps, passes on
//
// and what ties them, all of it close-on-exec, where an end of file means something:
//
//   ready   supervisor -> init     signal numbers to pass on (0: go on). End of file: that one is
//                                  gone, and init leaves: the kernel kills all that is inside.
//                                  Back comes one byte, from the command just before exec.
//   report  init, command -> sup.  one Report if anything fails, or one of each. End of file: exec
//                                  worked.
//   status  init -> supervisor     how the command stopped or ended. End of file: init was killed.
//                                  Before that, if the plan says so, that the namespaces or the
//                                  socket for Wayland are there.
//   hold    init -> command        one byte: init holds nothing of the host any more.
//
// With InitProgram::own all three have one memory, the supervisor's, until each executes something
// else, and nobody else is inside until the command has. So nobody can look into set-up, and
// init_program.cpp, which is init from then on, has nothing of the host: no memory, no environment,
// no command line. With InitProgram::copy, and where exec or a file in memory is refused, init is a
// copy of the supervisor and stays one; what it remembers is hidden from inside.
//
// With Init::command there is no init: the first process seals itself and execs. Where the plan
// enters namespaces of others (--userns, --pidns), a helper enters them and makes init as its
// sibling; from then on until exec nobody in them may look at what sees the host.
//
// Who protects what, when: as long as a process has capabilities, the kernel keeps those without
// them from tracing it. So the command closes what is the host's, then drops its own, and is opaque
// (PR_SET_DUMPABLE) until exec; init closes all, then keeps one in reserve or becomes opaque, and
// only then lets the command go. Where nobody else can be inside yet, the command has init's memory
// until exec (ChildInput::beside), and init is opaque as long, as is the supervisor where the
// memory is its own. The command may be made before set-up then, and waits for it, with init's root
// and working directory for its own: see plan/processes.hpp.
#pragma once

#include "child/input.hpp"

namespace sbx::sys {

/// The body of the process that clone3 made. All signals are blocked when it is called.
[[noreturn]] void child_main(ChildInput& input);

/// The command's process: seals itself, waits for a byte from `hold` where there is an init (else
/// -1), executes.
[[noreturn]] void command_main(ChildInput& input, int hold);

}  // namespace sbx::sys
