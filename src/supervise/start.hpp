// SPDX-License-Identifier: Apache-2.0
// The supervisor's side of making the child.
//
// The system calls of a start, 445 for the sandbox that bench/run measures (strace -f counts them):
//
//   sbx before clone3   22  libc's and libcap's own start, and the pages that it writes
//                        3  0, 1 and 2 are open
//                        6  ids, the kernel's version, that of Landlock
//                        1  the working directory
//                       12  links to /usr, and two parts of it that lie outside
//                        5  the memory there is, where core dumps go, whether there are autogroups
//                       10  what 0, 1 and 2 are, six device nodes, the terminal
//                        6  two sources: opened where no link is on the way, looked at, closed
//                       18  sockets that a bind could show, by usual places and at its top
//                        4  signals held back, the state of SIGCHLD; /proc is procfs
//                        7  a socket pair and two pipes for the child, a signalfd; init's program
//                        3  terminals
//   sbx after it        25  clone3; the child's ends closed, signals let through; waits for exec,
//                           hears of it, closes strange descriptors; for the end; init reaped, all
//                           closed, signals as before, its own end
//   init, set-up         7  tied to the supervisor, the default of SIGCHLD, umask; a pipe and
//   clone3
//                           for the command's process
//                        9  setgroups, uid_map, gid_map
//                       12  the new root: all mounts private, a tmpfs, its mount and inode noted
//                      152  /proc; /dev with six nodes, which are compared with those that were
//                           judged, and seven names, devpts, mqueue; /tmp; five links, four binds,
//                           compared as well, a tmpfs, the root read-only
//                        9  pivot_root; what is left of the old root is found and detached
//   init, then           3  umask as before; the leader of the command's session reaped, the
//                           command's process told that set-up is over
//                        3  the loopback device
//                       10  a signalfd, a capability to keep, descriptors in their places, exec
//   its own program      4  the other capabilities dropped, its name, the command let go
//                       10  waits, the end of the leader and of the command, tells of it, ends
//   the leader           4  a session, clone3, a directory of its own as a test, its end
//   the command          8  waits for set-up, its own directory, its keyring, descriptors closed,
//                           no_new_privs
//                       36  Landlock: six trees and three descriptors, each opened or asked for its
//                           mode, looked at and allowed
//                       47  capabilities: the bounding set one by one; no call takes all of it
//                        4  the directory, and that it is the one of that name
//                        5  waits for init, says that it begins, the signal mask, the filter,
//                        execve
#pragma once

#include "child/clone.hpp"
#include "child/input.hpp"

namespace sbx::sys {

/// Makes the child, through helpers where the plan enters namespaces.
Started start_child(const Plan& plan, ChildInput& input);

}  // namespace sbx::sys
