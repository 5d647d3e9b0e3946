// SPDX-License-Identifier: Apache-2.0
// Spec: what was asked for. A plain ordered value, built by the command line or by a program; it
// knows nothing of the machine (that is Host) and decides nothing (that is make_plan).
#pragma once

#include <sbx/namespaces.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sbx {

/// What a bind allows: read and write; read only; read, write and the use of device nodes.
enum class Access { read_write, read_only, device };

/// What to do when the source of a bind does not exist: refuse the sandbox, or leave the bind out.
enum class IfMissing { refuse, skip };

/// The file system inside, entry by entry. Destinations are paths inside the new root; a relative
/// one starts at its "/". Modes are the twelve permission bits (octal 07777).
namespace entry {

/// A host path shown inside with everything mounted below it. `source` is a path of the caller.
struct Bind {
    std::string source;
    std::string destination;
    Access access = Access::read_write;
    IfMissing if_missing = IfMissing::refuse;
};

/// An empty tmpfs; `size` in bytes, none means the kernel's default (half of the memory).
struct Tmpfs {
    std::string destination;
    unsigned mode = 0755;
    std::optional<std::uint64_t> size;
};

/// A directory; one that exists already is left as it is.
struct Directory {
    std::string destination;
    unsigned mode = 0755;
};

/// A symbolic link at `destination` that says `target`, which is never resolved.
struct Symlink {
    std::string target;
    std::string destination;
};

/// A regular file with what descriptor `fd` of the caller gives until its end.
struct File {
    int fd = -1;
    std::string destination;
    unsigned mode = 0666;
};

/// procfs: of the sandbox's own pid namespace, or the caller's when that one is shared.
struct Proc {
    std::string destination;
};

/// A small /dev on a tmpfs of its own: null, zero, full, random, urandom, tty, pts, shm, ...
struct Dev {
    std::string destination;
};

/// The mount at `destination` becomes read-only (that mount alone, not those below it).
struct RemountReadOnly {
    std::string destination;
};

/// What descriptor `fd` (a directory or file, O_PATH will do) is open on, shown as by Bind. The
/// name that it has now is only a hint: what is shown is checked to be the same file.
struct BindFd {
    int fd = -1;
    std::string destination;
    Access access = Access::read_write;
};

/// A file of the sandbox's own with what descriptor `fd` gives, mounted on `destination`.
struct BindData {
    int fd = -1;
    std::string destination;
    unsigned mode = 0600;
    Access access = Access::read_write;
};

/// An overlay of host directories, the lowest first.
struct Overlay {
    enum class Changes {
        kept,       ///< in the host directory `upper` (with `work` on the same file system)
        forgotten,  ///< in a tmpfs that ends with the sandbox
        refused,    ///< read-only; at least two sources
    } changes = Changes::kept;
    std::vector<std::string> sources;
    std::string upper;
    std::string work;
    std::string destination;
};

/// chmod(2) of what is at `destination`.
struct Chmod {
    unsigned mode = 0;
    std::string destination;
};

/// The POSIX message queues of the sandbox's ipc namespace.
struct Mqueue {
    std::string destination;
};

/// What must not be seen, or not be changed: applied when everything else is in place, wherever it
/// stands, so that no other entry undoes it. The way to it can not be changed from inside either.
/// What is missing cannot be made inside; in a directory of the host that is writable this needs an
/// empty placeholder there for as long as the sandbox lives.
struct Guard {
    enum class Kind {
        mask,     ///< empty, and cannot be opened
        protect,  ///< read-only
    } kind = Kind::mask;
    std::string destination;
    IfMissing if_missing = IfMissing::refuse;  ///< skip: only what a bind or overlay shows there
};

}  // namespace entry

using Entry =
    std::variant<entry::Bind, entry::Tmpfs, entry::Directory, entry::Symlink, entry::File,
                 entry::Proc, entry::Dev, entry::RemountReadOnly, entry::BindFd, entry::BindData,
                 entry::Overlay, entry::Chmod, entry::Mqueue, entry::Guard>;

/// One change of the environment; changes are applied in order, upon the caller's environment.
struct EnvironmentChange {
    enum class Kind {
        set,
        unset,
        clear,
        keep,  ///< the caller's value again, or none; a "*" at the end of `name` stands for any end
    } kind = Kind::set;
    std::string name;   ///< but for clear; not empty, without "="
    std::string value;  ///< for set
};

/// One change of the capabilities that the command keeps; changes are applied in order.
struct CapabilityChange {
    enum class Kind { add, drop } kind = Kind::add;
    std::optional<unsigned> capability;  ///< the kernel's number; none means all of them
};

/// A seccomp filter: classic BPF, one 64-bit word (struct sock_filter) per instruction.
struct SeccompFilter {
    std::string name;  ///< for messages: a policy's name, a file, or a descriptor
    std::vector<std::uint64_t> program;
    bool denies_user_namespaces = false;  ///< it is known to let none be made
    std::optional<int> fd = {};           ///< the descriptor that it was read from, if any
};

/// Who the caller is inside, when a user namespace is made: root, or the caller's own ids.
enum class Identity { root, current };

/// Which inherited descriptors the command gets besides those of `Spec::keep_fds`.
enum class Descriptors { standard, inherited };

/// What sbx puts into the root without being asked: /proc, /dev, /tmp and the links of a merged
/// /usr that the host has; or nothing.
enum class GivenTree { standard, none };

/// Whether the new root stays writable (it is a tmpfs) once it is assembled.
enum class RootAccess { read_only, read_write };

/// Whether sbx may create or change files below a writable bind, that is on the host, because a
/// destination asks for it.
enum class HostWrites { refuse, allow };

/// What run() does with the descriptors above 2 of its own process, once the sandbox has its share:
/// leaves them to the program that it is a part of, or closes them, so that the end of a pipe is
/// seen when the sandbox lets go of it. The latter is for programs that do nothing else: then run()
/// also unmaps the code of its executable while it waits (what is needed comes back from the file).
enum class OwnDescriptors { leave, close };

/// What becomes of the processes that the command leaves behind, and of all when sbx dies.
enum class Leftovers { kill, keep };

/// Whether signals that sbx gets are passed on to the command.
enum class Signals { forward, ignore };

/// Whether the command may make user namespaces, in which it would have all capabilities over
/// whatever else it makes there: most of the kernel's code is in reach then. It is refused by a
/// filter that is known to do so, else by a limit in a second user namespace.
enum class NestedUserns { refuse, allow };

/// Whether the kernel's Landlock is a second wall behind the mounts: as much of it as this kernel
/// has, all of it or nothing, or none.
enum class Landlock { off, automatic, require };

/// Whether the caller's capabilities are kept when the caller is root and has no user namespace.
enum class RootCapabilities { drop, keep };

/// Whose words errors use: sbx's own, or the ones that bubblewrap's callers look for.
enum class Wording { sbx, bubblewrap };

/// What can be asked for and is most often a mistake.
enum class Warning {
    hidden_mount,     ///< a mount that a later one hides
    file_bind,        ///< a writable bind of a single file, which nobody can replace
    writable_home,    ///< the caller's home, writable
    writable_root,    ///< the whole machine, writable
    misplaced_guard,  ///< a mask of nothing, or a guard of what is shown under another name
    agent_socket,     ///< a socket by which the keys of the caller, or the machine, can be used
};

inline constexpr std::array<std::string_view, 6> warning_names = {
    "hidden-mount",  "file-bind",       "writable-home",
    "writable-root", "misplaced-guard", "agent-socket"};

/// What becomes of a warning: it is in the plan, it is not, or it is an error.
enum class WarningMode { show, hide, refuse };

/// Everything that can be asked for. Its defaults are those of the command `sbx`.
struct Spec {
    Wording wording = Wording::sbx;

    NamespaceSet unshare = NamespaceSet(0xffU & ~static_cast<unsigned>(Namespace::time));
    NamespaceSet unshare_try;  ///< made if the machine can
    Identity identity = Identity::root;
    std::optional<std::uint32_t> uid;  ///< inside; wins over `identity`
    std::optional<std::uint32_t> gid;  ///< inside; wins over `identity`
    std::optional<std::string> hostname;
    std::optional<int> userns_fd;   ///< a user namespace to enter instead of making one
    std::optional<int> userns2_fd;  ///< a user namespace that the command enters after set-up
    std::optional<int> pidns_fd;    ///< a pid namespace to enter
    bool disable_userns = false;    ///< no user namespace can be made inside, by a limit
    NestedUserns nested_userns = NestedUserns::refuse;
    bool assert_userns_disabled = false;  ///< refuse when one can

    RootCapabilities root_capabilities = RootCapabilities::drop;
    std::vector<CapabilityChange> capabilities;

    RootAccess root = RootAccess::read_only;
    GivenTree given = GivenTree::standard;
    HostWrites host_writes = HostWrites::refuse;
    std::vector<Entry> entries;
    std::vector<std::string> entry_places;  ///< for errors: "FILE:LINE" of each; may be shorter

    std::vector<EnvironmentChange> environment;
    std::optional<std::string> directory;  ///< the working directory inside

    Descriptors descriptors = Descriptors::standard;
    std::vector<int> keep_fds;
    OwnDescriptors own_descriptors = OwnDescriptors::leave;

    std::vector<SeccompFilter> filters;  ///< loaded in this order
    Landlock landlock = Landlock::automatic;

    Leftovers leftovers = Leftovers::kill;
    Signals signals = Signals::forward;
    bool die_with_parent = false;  ///< the sandbox is killed when the caller of sbx dies
    bool new_session = false;      ///< the command gets a session without a terminal
    bool as_pid_1 = false;         ///< the command is pid 1; nothing reaps for it

    std::vector<std::string> lock_files;  ///< paths inside; init holds a read lock on each
    std::optional<int> sync_fd;           ///< held open until the sandbox is gone
    std::optional<int> block_fd;          ///< read from (one byte or its end) before the command
    std::optional<int> userns_block_fd;   ///< the caller maps the ids, then writes one byte here
    std::optional<int> info_fd;           ///< gets one JSON object about the sandbox
    std::optional<int> json_status_fd;    ///< gets a JSON line at the start and one at the end
    std::optional<int> result_fd;  ///< left to the caller of run(), whatever own_descriptors says

    std::array<WarningMode, warning_names.size()> warnings{};  ///< by Warning

    std::optional<std::string> argv0;  ///< what the command sees as its own name
    std::vector<std::string> command;  ///< the command and its arguments
};

}  // namespace sbx
