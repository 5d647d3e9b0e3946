// SPDX-License-Identifier: Apache-2.0
// What set-up steps share, and the steps that touch no mount.
#pragma once

#include <sbx/plan.hpp>

#include "child/calls.hpp"
#include "child/init_loop.hpp"
#include "child/input.hpp"
#include "child/report.hpp"

#include <climits>
#include <cstddef>
#include <cstdint>

namespace sbx::sys {

/// A place in the mount tree: a mount, and an inode of its file system.
struct Place {
    std::uint64_t mount = 0;
    std::uint64_t inode = 0;
    bool operator==(const Place&) const = default;
};

/// The directory of the sandbox's own, other than the root, in which something was made last:
/// mostly the next thing is made there, too.
struct OwnDirectory {
    int fd = -1;
    std::size_t length = 0;
    char text[256];  ///< how it was called, with the last slash
};

/// The directory that the last guard was in, when the way to it has no links: the next guard is
/// mostly in it, too.
struct GuardedDirectory {
    int fd = -1;    ///< fixed and watched already
    int view = -1;  ///< the cleaner's view of it
    std::size_t length = 0;
    char text[PATH_MAX];  ///< its path, with the last slash
};

/// What set-up steps share. Most of it is room, which is not cleared: it is pages.
struct Setup {
    explicit Setup(ChildInput& of) : input(of) {}

    ChildInput& input;
    int root = -1;  ///< the top of the new root, where destinations are resolved
    int base = -1;  ///< the tmpfs at the bottom of it, with room for files that are bound
    Place root_place{};
    int top = -1;  ///< the root again, once it was found to be one of the sandbox's own mounts
    std::int32_t step = 0;  ///< index in Plan::setup of the one that is carried out
    OwnDirectory last;
    bool guarding = false;  ///< guards are the last: nothing is bound any more
    GuardedDirectory guarded;
    int inert = -1;    ///< a mount of a device that cannot be opened: see hide()
    int nothing = -1;  ///< a mount of an empty directory (0555), which covers what is missing
    Excerpt excerpt;   ///< goes with the report when `size` is not 0
};

/// Carries out one step of Plan::setup.
Failure do_setup_step(Setup& setup, const Step& step);

/// Carries out a step of Plan::setup that is about namespaces or ids.
Failure do_namespace_step(const ChildInput& input, const Step& step);

/// Brings up the loopback device of our network namespace.
Failure bring_up_loopback();

/// Asks for the parent-death signal (SIGKILL); leaves when the supervisor is gone already.
Failure tie_to_supervisor(const ChildInput& input);

/// Tells the supervisor, and waits until it says to go on.
Failure await_supervisor(const ChildInput& input, const Status& status);

/// Leaves when the supervisor's end of the life line is closed.
Failure leave_without_supervisor(const ChildInput& input);

}  // namespace sbx::sys
