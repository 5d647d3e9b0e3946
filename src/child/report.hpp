// SPDX-License-Identifier: Apache-2.0
// What the child says through the report pipe when something fails: numbers, for which `explain`
// has the words. And how a part of it went.
#pragma once

#include "base/executable.hpp"

#include <cstdint>

namespace sbx::sys {

/// Why a step failed, where errno alone does not say it.
enum class Detail : std::int32_t {
    none,
    would_write_on_host,    ///< the destination is below a bind of the host
    destination_directory,  ///< it is a directory, the source is not
    destination_file,       ///< it is no directory, the source is one
    making_parents,         ///< finding or making a directory on the way to the destination
    making_destination,     ///< making the place itself
    copying,                ///< reading a descriptor, or writing what it gave
    not_a_mount_point,
    other_symlink,  ///< a link that says something else is there; Excerpt has what
    not_a_symlink,
    unreachable_directory,    ///< the working directory is outside of the new root
    id_map,                   ///< writing uid_map or gid_map
    unknown_step,             ///< a step of the other half of the plan
    start_command,            ///< making the command's process
    overlay_loop,             ///< overlay directories overlap
    other_file,               ///< a descriptor's name is another file's by now
    other_source,             ///< the name of a source is another file's by now; Excerpt has which
    too_many_layers,          ///< more overlay sources than one option string holds
    link_upwards,             ///< a guarded link that leads to "/", or ends in ".."
    nameless_file,            ///< a file without a name, upon which nothing can be mounted
    missing_in_procfs,        ///< what is guarded is not in procfs, and could come later
    watching,                 ///< watching a name on the way to what is guarded
    placeholder,              ///< making the placeholder of what is guarded and missing
    too_many_domains,         ///< Landlock's limit on nesting
    user_namespaces_allowed,  ///< a user namespace could be made
    locked,                   ///< taking a file lock
    executable,               ///< exec itself; `step` is the index in Plan::executables
    init_program,             ///< init's own exec, or what it needs for it
};

/// What the child writes into the report pipe when something fails. An Excerpt may follow.
struct Report {
    std::int32_t step;   ///< index over setup and seal together; -1: none
    std::int32_t error;  ///< errno
    Detail detail;
};

/// What the machine has that explains a failure: after Detail::executable the first bytes of a file
/// that exists but could not be executed, after Detail::other_symlink what the link says.
struct Excerpt {
    std::int32_t candidate = 0;        ///< index in Plan::executables
    std::int32_t size = 0;             ///< bytes of `data`
    char data[excerpt_of_executable];  ///< with the two numbers less than PIPE_BUF: written in one
                                       ///< piece
};

/// 0, or what to report.
struct Failure {
    int error = 0;
    Detail detail = Detail::none;
    explicit operator bool() const { return error != 0; }
};

/// What a system call's result, -errno or not, means.
[[gnu::always_inline]] inline Failure failed(long result) {
    return {result < 0 ? static_cast<int>(-result) : 0};
}

}  // namespace sbx::sys
