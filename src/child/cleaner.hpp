// SPDX-License-Identifier: Apache-2.0
// The cleaner: makes placeholders on the host, watches what is guarded, and removes placeholders
// when the sandbox has ended. What init asks of it, and what its own parts share; the rules of
// child.hpp hold here as well.
#pragma once

#include "child/cleaner.hpp"
#include "child/input.hpp"
#include "child/report.hpp"
#include "child/setup.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace sbx::sys {

/// Whether `status` is that of a placeholder, or of a directory that has the mode of one.
bool looks_like_placeholder(const struct stat& status);
/// Whether the file or directory that `fd` is open on, whose status is given, is a placeholder: it
/// has a mode that nobody else uses, and is empty. Anyone can make one that looks like it, and fill
/// it later: see Watch::filling.
bool is_placeholder(int fd, const struct stat& status);

// ---- in init ----

/// Asks the cleaner for a placeholder called `name` in `directory`. `there` is false when nothing
/// is needed, since nobody inside could make anything there; EEXIST: it is there, and no
/// placeholder.
Failure ask_for_placeholder(const Setup& setup, int directory, const char* name, NodeKind kind,
                            bool& there);

/// Asks the cleaner to end the sandbox when `name` in `directory` does not lead to the file any
/// more of which `status` is. ESTALE: it does not, by now.
Failure ask_for_watch(const Setup& setup, int directory, const char* name,
                      const struct stat& status);
/// The same, when something appears that is no placeholder. ESTALE: it is there, by now.
Failure ask_for_absence(const Setup& setup, int directory, const char* name);

/// Fails when the cleaner is not there to answer.
Failure see_cleaner(const ChildInput& input);

// ---- in the cleaner ----

/// A placeholder that the cleaner holds.
struct Placeholder {
    int directory = -1;
    int file = -1;          ///< open, with a shared lock that says that it is in use
    std::int32_t step = 0;  ///< the guard's index in Plan::setup
    char name[256];
};

struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
};

/// A name on the host that must go on to lead to `file`, or to nothing but a placeholder.
struct Watch {
    int directory = -1;
    int wd = -1;            ///< inotify's number for the directory
    int open = -1;          ///< the file: no other can have its number meanwhile
    std::int32_t step = 0;  ///< the guard's index in Plan::setup
    bool absent = false;
    int filling = -1;  ///< inotify's number for the placeholder that is there, if `absent`
    FileId file;
    char name[256];
};

/// What the cleaner writes when a watched name leads elsewhere, and at the end for each placeholder
/// that it could not remove.
struct LostGuard {
    std::int32_t step;  ///< index in Plan::setup
    std::int32_t left;  ///< 0: the guard is lost; errno: its placeholder is left
    char name[256];
};

/// What the cleaner reads, built before clone, and what it remembers.
struct CleanerInput {
    int socket = -1;  ///< its end
    int init = -1;    ///< pidfd: it is over when this one is
    int proc = -1;    ///< /proc of the host (O_PATH)
    int lost = -1;    ///< for LostGuard; end of file: the cleaner is gone
    Placeholder* held = nullptr;
    std::size_t room = 0;
    bool foreign_ids = false;     ///< who runs inside may have ids that are not ours
    bool ends_with_init = false;  ///< nobody inside outlives init
    int notify = -1;              ///< inotify, once something is watched
    Watch* watches = nullptr;
    std::size_t watch_count = 0;
    std::size_t watch_room = 0;
};

/// In the cleaner, from procfs as its directory: see ask_for_watch(), and ask_for_absence() when no
/// file is given.
Failure watch(CleanerInput& input, int directory, const char* name, const FileId* file,
              std::int32_t step);
/// Looks at some of what has changed in watched directories, and ends the sandbox when a guard is
/// lost. Whether there was anything.
bool read_changes(CleanerInput& input);

/// The body of the cleaner, a child of the supervisor that sees what it sees.
[[noreturn]] void cleaner_main(CleanerInput& input);

}  // namespace sbx::sys
