// SPDX-License-Identifier: Apache-2.0
// Destinations: found and made inside the new root, by descriptor.
#pragma once

#include <sbx/plan.hpp>

#include "base/modes.hpp"
#include "child/setup.hpp"

#include <linux/openat2.h>

#include <climits>
#include <cstddef>
#include <cstdint>

namespace sbx::sys {

/// What is made when a destination is missing: the place itself, and directories on the way to it.
struct Modes {
    unsigned place;
    unsigned parents = 0755;
};

/// For a place whose mode was asked for.
constexpr Modes modes_for(unsigned asked) { return {asked, parents_mode(asked)}; }

/// Opens (O_PATH) the place that a mount goes on, made as `kind` when it is missing. Symbolic
/// links, dangling ones included, mean the new root.
Failure open_destination(const Setup& setup, const char* path, NodeKind kind, Modes modes, int& fd);

/// Something that is new in a directory of the sandbox's own, where nobody else can be.
struct NewPlace {
    int directory = -1;          ///< borrowed
    const char* name = nullptr;  ///< within `path`
};

/// Where something new at `path` could be made, by a call that fails when it is there: the short
/// way, without a lookup of its own. Makes the directory that it is in (mode `parents`) if that
/// alone is missing. Nothing (-1) when more is, when it leads through a link, or to the host.
NewPlace new_place(Setup& setup, const char* path, unsigned parents);

/// Makes the new place itself. False: take open_destination(), which finds what is there, makes
/// parents, follows links, and says what is wrong.
bool make_new(Setup& setup, const char* path, NodeKind kind, Modes modes, NewPlace& place);

/// To be called where a mount covers what could be on the way to the last directory.
void forget_last(Setup& setup);

/// Opens (O_PATH) the place that is at `path` already; the descriptor or -errno.
int open_existing(const Setup& setup, const char* path);

/// Opens (O_PATH) the directory that `path` is in and copies its last component into `name`
/// (at least 256 bytes).
Failure open_parent(const Setup& setup, const char* path, int& fd, char* name);

/// Whether files may be made where `fd` is: on a file system of the sandbox, or, when the plan
/// allows it, on the host's.
Failure may_create_in(const Setup& setup, int fd);

/// A path with room to be rewritten while links are followed.
struct Path {
    char text[2 * PATH_MAX];
    std::size_t length = 0;
};

/// Fills `path`; fails when `text` is longer than the kernel takes.
Failure load(Path& path, const char* text);

/// Opens (O_PATH) the part of `path` before `end`, inside the root `root`.
int open_prefix(int root, Path& path, std::size_t end);

/// Puts what the link `name` in `parent` says in the place of path[start, end).
Failure splice_link(Path& path, int parent, const char* name, std::size_t start, std::size_t end);

Failure make_node(int parent, const char* name, NodeKind kind, unsigned mode);

/// Whether `fd` is on a file system that the sandbox has for itself.
Failure is_own(const Setup& setup, int fd, bool& own);

/// How a single component is opened: no link, nothing outside of its directory.
inline constexpr std::uint64_t plain_component =
    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;

}  // namespace sbx::sys
