// SPDX-License-Identifier: Apache-2.0
// The supervisor's side of making the child.
//
// The system calls of a start, 377 for the sandbox that bench/run measures (strace -f counts them):
//
//   sbx before clone3   21  libc's and libcap's own start
//                        3  0, 1 and 2 are open
//                        6  ids, the kernel's version, that of Landlock
//                        1  the working directory
//                        6  links to /usr
//                        9  what 0, 1 and 2 are, and six device nodes
//                        2  terminals
//                        6  two sources: opened where no link is on the way, looked at, closed
//                        5  sockets of agents, which are not there
//                        4  signals held back, the state of SIGCHLD; /proc is procfs
//                        4  a socket pair and two pipes for the child, a signalfd
//   sbx after it        17  clone3; the child's ends and strange descriptors closed, signals let
//                           through; waits for exec, hears of it, unmaps its code; for the end
//                        8  init reaped, all closed, signals as before, its own end
//   init, set-up         5  tied to the supervisor, the default of SIGCHLD, umask
//                        9  setgroups, uid_map, gid_map
//                       12  the new root: all mounts private, a tmpfs, its mount and inode noted
//                       97  /proc; /dev with six nodes, which are compared with those that were
//                           judged, and seven names, devpts, mqueue; /tmp
//                       30  five links, two binds, compared as well, a tmpfs, the root read-only
//                       10  pivot_root; what is left of the old root is found and detached
//   init, then           3  umask as before, a pipe, clone3
//                        3  the loopback device
//                       13  a signalfd; descriptors closed, capabilities dropped, the command let
//                           go; its code unmapped
//                        6  waits, reads of the end of the command, reaps it, tells of it, ends
//   the command          7  its process group and keyring, descriptors closed, no_new_privs
//                       36  Landlock: six trees and three descriptors, each opened or asked for its
//                           mode, looked at and allowed
//                       46  capabilities: the bounding set one by one; no call takes all of it
//                        4  the directory, and that it is the one of that name
//                        4  waits for init, the signal mask, the filter, execve
#pragma once

#include "child/clone.hpp"
#include "child/image.hpp"

namespace sbx::sys {

/// Makes the child, through helpers where the plan enters namespaces.
Started start_child(const Plan& plan, ChildImage& image);

}  // namespace sbx::sys
