// SPDX-License-Identifier: Apache-2.0
// Mounts: assembled detached, given their flags, and only then attached.
#pragma once

#include <sbx/plan.hpp>

#include "child/setup.hpp"

#include <cstdint>

namespace sbx::sys {

/// Attaches the detached tree `mount` at `path` and takes the descriptor over. A place that is made
/// for it is seen by nobody; its parents get their mode from `parents`.
Failure attach(Setup& setup, int mount, const char* path, NodeKind kind, unsigned parents = 0755);

/// Clones what is at `place` with everything mounted below it, private, and with `attributes` set
/// (MOUNT_ATTR_*); the detached tree or -errno.
int clone_tree(int place, std::uint64_t attributes);

/// Attaches `tree` upon what `place` refers to, be it a link, and takes it over; a negative one is
/// the errno of making it.
Failure cover_with(int tree, int place);

/// Makes a detached mount of an empty directory, read-only and with `mode`, in octal.
Failure mount_empty_directory(const char* mode, int& mount);

/// Covers the directory that `place` refers to with an empty one that cannot be changed.
Failure cover_with_empty_directory(int place, const char* mode);

/// Mounts an empty file with `mode`, read-only, on what `place` refers to, be it a link.
Failure cover_with_empty_file(const Setup& setup, int place, unsigned mode);

/// Gives the detached tree `tree` the flags of `access`, all its mounts, and attaches it.
Failure attach_bind(Setup& setup, int tree, Access access, const char* path, NodeKind kind,
                    unsigned parents = 0755);

struct FileSystem {
    const char* type;
    const char* options[3][2];  // unused ones are {nullptr, nullptr}
    unsigned attributes;
};

/// What statx(2) with `flags` says is at `path` in `dir`.
Failure place_of(int dir, const char* path, unsigned flags, Place& out);

/// Takes `mount` as the directory in which destinations are looked up from now on.
Failure use_as_root(Setup& setup, int mount);

/// The tmpfs at the bottom of the new root.
Failure mount_root(Setup& setup);

/// Makes the new root "/", and leaves nothing of the old one.
Failure enter_root(Setup& setup);

/// Makes a detached mount of a new file system.
Failure make_mount(const FileSystem& wanted, int& mount);

/// Takes note that files may be made on the file system of `mount`.
Failure remember_mount(Setup& setup, int mount);

Failure change_mode(const Setup& setup, const step::Chmod& s);

}  // namespace sbx::sys
