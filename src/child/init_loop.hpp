// SPDX-License-Identifier: Apache-2.0
// What init does for the rest of its life: reaps, tells the supervisor how the command stopped or
// ended, and passes signals on. The same for an init that goes on with the memory it began with
// (child_init.cpp) and for one that has executed a program of its own (init_program.cpp), so that
// nothing here may need a plan, a library or a variable of the process.
#pragma once

#include <poll.h>

#include <cstdint>

namespace sbx::sys {

/// What init writes into the status pipe.
struct Status {
    enum class Kind : std::int32_t {
        exited,     ///< `code` is the command's exit status
        signalled,  ///< `code` is the signal that killed it
        stopped,    ///< `code` is the signal that stopped it
        announced,  ///< the namespaces are there, and a byte 0 is awaited on `ready`
        listening,  ///< so does the socket of the setup step `code`, and the same is awaited
    } kind;
    std::int32_t code;
    std::int32_t lingers;  ///< 1: other processes are still there, and init stays with them
};

struct InitState {
    int command = -1;                   ///< its pid; -1: it has ended
    bool own_group = false;             ///< it leads a process group
    bool kills_leftovers = false;       ///< what the command leaves is killed
    bool dies_with_supervisor = false;  ///< so is everything when the supervisor is gone
    int ready = -1;                     ///< signal numbers; end of file: the supervisor is gone
    int status = -1;                    ///< where Status is written
    int signals = -1;                   ///< a signalfd for SIGCHLD
    int children = -1;                  ///< lists init's children where no pid namespace does
    bool scoped = false;  ///< a signal to every process reaches those inside and nobody else
};

/// A signalfd for InitState::signals, or -errno.
int open_child_signals();

/// Kills the command and what it left, where the kernel does not do that once init is gone.
void kill_children(const InitState& init);

/// Reaps what is there. Leaves when there is nothing more to wait for.
void read_children(InitState& init);

/// Does what there is to do after poll(2) of `signals` and `ready`.
void attend(InitState& init, short signals, short ready);

/// _exit(2); a seccomp filter may make it return.
[[noreturn]] void leave(int status);

}  // namespace sbx::sys
