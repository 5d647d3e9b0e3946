// SPDX-License-Identifier: Apache-2.0
// What the child reads, built before clone. Pointers stay valid until exec.
#pragma once

#include <sbx/plan.hpp>

#include <cstddef>
#include <cstdint>

namespace sbx::sys {

/// A mount of the sandbox's own file system: files may be made there. In an overlay the files of a
/// lower layer have another device than the overlay, and the same mount.
struct OwnMount {
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    std::uint64_t mount = 0;
};

/// A part of our memory.
struct Range {
    void* begin = nullptr;
    std::size_t size = 0;
};

/// Everything that the child reads, built before clone. Pointers stay valid until exec.
struct ChildInput {
    const Plan* plan = nullptr;
    char* const* executables = nullptr;  ///< ends with nullptr
    char** argv = nullptr;               ///< ends with nullptr; argv[-1] is free for a shell's name
    char** envp = nullptr;               ///< ends with nullptr; slot `pwd` is filled by the child
    std::size_t pwd = 0;
    char* const* pwd_entries = nullptr;  ///< "PWD=..." for each candidate of ChangeDirectory
    char* listen_pid = nullptr;  ///< zeros in envp that the child fills with its pid; none: nullptr
    OwnMount* own_mounts = nullptr;  ///< room for the file systems that the child mounts
    std::size_t own_count = 0;
    std::size_t own_room = 0;
    int* init_fds = nullptr;  ///< room for what init keeps open: see init_fds_needed()
    std::size_t init_count = 0;
    int proc = -1;           ///< /proc of the host (O_PATH)
    int null = -1;           ///< /dev/null, where the plan puts it on a descriptor
    int ready_read = -1;     ///< life line; end of file: the supervisor is gone. Carries signals.
    int ready_write = -1;    ///< the supervisor's end
    int report_write = -1;   ///< Report; end of file: exec worked
    int status_write = -1;   ///< Status; end of file: init was killed
    int hold = -1;           ///< in the command: what init says go by
    int listener = -1;       ///< a socket without a name for step::WaylandSocket
    int lifetime = -1;       ///< its end of file tells the compositor of init's end
    int cleaner = -1;        ///< init's end of the way to the cleaner, where there is one
    int cleaner_far = -1;    ///< the cleaner's end, which init must not hold open
    int init_program = -1;   ///< what init executes; else -1, and it has a memory of its own
    bool beside = false;     ///< the command begins in init's memory
    bool scoped = false;     ///< init's signals are known to stay inside: see scope_signals()
    std::uint64_t mask = 0;  ///< the caller's signal mask, for the command
    bool ignore_sigchld = false;  ///< the caller ignored SIGCHLD; so does the command
    Range code[4];                ///< what forget_code() unmaps; nothing in a caller's program
};

/// How many descriptors init may have to keep open, its own included.
std::size_t init_fds_needed(const Plan& plan);

/// How many file systems of its own the plan may mount: the room that own_mounts needs.
std::size_t own_mounts_needed(const Plan& plan);

}  // namespace sbx::sys
