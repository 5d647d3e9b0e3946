// SPDX-License-Identifier: Apache-2.0
// Spec: what was asked for. A plain ordered value, built by the command line or by a program; it
// knows nothing of the machine (that is Host) and decides nothing (that is make_plan).
//
//   Spec spec;
//   spec.entries = {entry::Bind{"/usr", "/usr", Access::read_only}};
//   spec.command = {"true"};
//   if (auto filter = builtin_policy("default")) spec.filters.push_back(std::move(*filter));
//   const auto host = probe_host(spec);           // sbx/host.hpp; each may be an Error
//   const auto plan = make_plan(spec, *host);     // sbx/plan.hpp
//   const Outcome outcome = run(*plan);           // sbx/run.hpp
//
// Descriptors are numbers of the process that calls run(), open until it returns, and stay the
// caller's to close but where it says otherwise. A child has copies of all of them until it has
// closed what is not the sandbox's.
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
enum class Access {
    read_write,  ///< what the caller may do, but use device nodes
    read_only,   ///< of everything mounted below it, too
    device,      ///< as read_write, and device nodes can be used
};

/// What to do when the source of a bind does not exist: refuse the sandbox, or leave the bind out.
enum class IfMissing {
    refuse,  ///< make_plan() fails and names what is missing
    skip,    ///< it is left out, and Plan::notes says so
};

/// The file system inside, entry by entry. Destinations are paths inside the new root; a relative
/// one starts at its "/". What is missing there, and the directories on the way, is made where that
/// is the sandbox's own; on the host only as HostWrites allows it. Symbolic links on the way lead
/// to what is inside. Modes are the twelve permission bits (octal 07777).
namespace entry {

/// A host path shown inside with everything mounted below it.
struct Bind {
    std::string source = {};       ///< a path of the caller's; a relative one starts where it is
    std::string destination = {};  ///< where it is seen inside
    Access access = Access::read_write;        ///< what can be done with it
    IfMissing if_missing = IfMissing::refuse;  ///< when there is no `source` (ENOENT)
};

/// An empty tmpfs.
struct Tmpfs {
    std::string destination = {};  ///< where it is mounted
    unsigned mode = 0755;          ///< of its top directory
    /// In bytes; none means the kernel's default, half of the memory (tmpfs(5)).
    std::optional<std::uint64_t> size = std::nullopt;
};

/// A directory; one that exists already is left as it is.
struct Directory {
    std::string destination = {};  ///< where it is made
    unsigned mode = 0755;          ///< of the one that is made
};

/// A symbolic link at `destination` that says `target`, which is never resolved.
struct Symlink {
    std::string target = {};       ///< what it says
    std::string destination = {};  ///< where it is made; one that says the same may be there
};

/// A regular file with what descriptor `fd` gives until its end.
struct File {
    /// Read from where it stands. The end of a pipe does not come while its other end is open in
    /// this process, as the child has a copy: take a memfd (memfd_create(2)) or a file.
    int fd = -1;
    std::string destination = {};  ///< where it is made
    unsigned mode = 0666;          ///< of the file
};

/// procfs: of the sandbox's own pid namespace, or the caller's when that one is shared.
struct Proc {
    std::string destination = {};  ///< where it is mounted
};

/// A small /dev on a tmpfs of its own: null, zero, full, random, urandom, tty, pts, shm, ...
struct Dev {
    std::string destination = {};  ///< where it is mounted
};

/// The mount at `destination` becomes read-only (that mount alone, not those below it).
struct RemountReadOnly {
    std::string destination = {};  ///< where it is mounted; no mount there is an error of run()
};

/// What descriptor `fd` (a directory or file, O_PATH will do) is open on, shown as by Bind. The
/// name that it has now is only a hint: what is shown is checked to be the same file.
struct BindFd {
    int fd = -1;                         ///< on something that has a name: no pipe, no deleted file
    std::string destination = {};        ///< where it is seen inside
    Access access = Access::read_write;  ///< what can be done with it
};

/// A file of the sandbox's own with what descriptor `fd` gives, mounted on `destination`.
struct BindData {
    int fd = -1;                         ///< read as by File
    std::string destination = {};        ///< what it covers
    unsigned mode = 0600;                ///< of the file
    Access access = Access::read_write;  ///< what can be done with it
};

/// An overlay of host directories, the lowest first.
struct Overlay {
    /// What becomes of changes.
    enum class Changes {
        kept,       ///< in the host directory `upper` (with `work` on the same file system)
        forgotten,  ///< in a tmpfs that ends with the sandbox
        refused,    ///< read-only; at least two sources
    } changes = Changes::kept;              ///< what becomes of changes
    std::vector<std::string> sources = {};  ///< directories of the host, the lowest first
    std::string upper = {};                 ///< for Changes::kept
    std::string work = {};                  ///< for Changes::kept: empty, the kernel's to use
    std::string destination = {};           ///< where it is mounted
};

/// chmod(2) of what is at `destination`.
struct Chmod {
    unsigned mode = 0;             ///< the new one
    std::string destination = {};  ///< what is changed; on the host only as HostWrites allows it
};

/// The POSIX message queues of the sandbox's ipc namespace.
struct Mqueue {
    std::string destination = {};  ///< where they are mounted
};

/// What must not be seen, or not be changed: applied when everything else is in place, wherever it
/// stands, so that no other entry undoes it. The way to it can not be changed from inside either.
/// What is missing cannot be made inside; in a directory of the host that is writable this needs an
/// empty placeholder there for as long as the sandbox lives. When it is replaced on the host
/// meanwhile, the sandbox is ended (Outcome::End::aborted, or refused before the command
/// runs).
struct Guard {
    /// What becomes of it.
    enum class Kind {
        mask,             ///< empty, and cannot be opened
        protect,          ///< read-only
    } kind = Kind::mask;  ///< what becomes of it
    /// Absolute, without "..", not "/". With IfMissing::skip a component "*" or "**" begins a
    /// pattern as .gitignore has them, and all that matches is meant: probe_host() looks for it.
    std::string destination = {};
    IfMissing if_missing = IfMissing::refuse;  ///< skip: only what a bind or overlay shows there
    /// A path as `destination`: where a bind or overlay shows something there that is neither a
    /// link nor another sandbox's placeholder, nothing is done.
    std::string unless = {};
};

/// A socket on which the Wayland compositor that listens at `source` accepts connections. A
/// compositor that has the protocol security-context-v1 knows them as those of a sandbox, and keeps
/// from them what it gives to trusted programs only. Without the protocol, the compositor's own
/// socket is shown, read-only, and Warning::desktop_socket says so. At most one in a Spec.
struct Wayland {
    std::string source = {};       ///< the compositor's socket, a path of the caller's
    std::string destination = {};  ///< where the socket is seen inside
};

}  // namespace entry

/// Any of them.
using Entry =
    std::variant<entry::Bind, entry::Tmpfs, entry::Directory, entry::Symlink, entry::File,
                 entry::Proc, entry::Dev, entry::RemountReadOnly, entry::BindFd, entry::BindData,
                 entry::Overlay, entry::Chmod, entry::Mqueue, entry::Guard, entry::Wayland>;

/// The path inside that an entry is about.
inline const std::string& destination_of(const Entry& entry) {
    return std::visit([](const auto& e) -> const std::string& { return e.destination; }, entry);
}

/// A project that the command may write to, and whose repository is used outside later. Links,
/// settings and the like that make git itself write or run something then (GitTrap in run.hpp) are
/// looked for.
struct GitWatch {
    /// The working tree on the host; a relative one starts at the working directory.
    std::string directory = {};
    /// How sbx reacts to a trap.
    enum class Mode {
        off,             ///< nothing is looked for: takes back an earlier one
        tell,            ///< Outcome::git_traps has it
        end,             ///< the same, and one that is no work of git's ends the sandbox
    } mode = Mode::end;  ///< how sbx reacts
};

/// One change of the environment; changes are applied in order, upon the caller's environment.
struct EnvironmentChange {
    /// What is changed.
    enum class Kind {
        set,    ///< `name` to `value`
        unset,  ///< `name`
        clear,  ///< all of it
        keep,  ///< the caller's value again, or none; a "*" at the end of `name` stands for any end
    } kind = Kind::set;      ///< what is changed
    std::string name = {};   ///< but for clear; not empty, without "="
    std::string value = {};  ///< for set
};

/// One change of the capabilities that the command keeps; changes are applied in order.
struct CapabilityChange {
    /// What is changed.
    enum class Kind {
        add,             ///< kept, within the sandbox's own user namespace
        drop,            ///< not kept
    } kind = Kind::add;  ///< what is changed
    /// The kernel's number (<linux/capability.h>); none means all of them.
    std::optional<unsigned> capability = std::nullopt;
};

/// A seccomp filter: classic BPF. builtin_policy() and compile_policy() make them.
struct SeccompFilter {
    std::string name = {};  ///< for messages: a policy's name, a file, or a descriptor
    /// A word for each instruction, the bytes of its struct sock_filter; 1 to 4096 of them
    /// (BPF_MAXINSNS of the kernel).
    std::vector<std::uint64_t> program = {};
    bool denies_user_namespaces = false;  ///< it is known to let none be made
    bool denies_new_keys = false;         ///< it is known to refuse add_key and request_key
    std::optional<int> fd = {};           ///< the descriptor that it was read from, if any
    bool for_root = false;  ///< loaded only if the caller is root (its effective uid is 0)
};

/// Who the caller is inside, when a user namespace is made: root, or the caller's own ids.
enum class Identity {
    root,     ///< 0:0, in name only
    current,  ///< the caller's effective ids
};

/// Which inherited descriptors the command gets besides those of `Spec::keep_fds`.
enum class Descriptors {
    standard,   ///< 0, 1 and 2
    inherited,  ///< all that are open without FD_CLOEXEC when probe_host() looks, but directories
};

/// What sbx puts into the root without being asked: /proc, /dev, /tmp and, with the host's /usr,
/// the links of a merged /usr and the parts of /usr that lie outside of it (/etc/alternatives,
/// /etc/ld.so.cache), as far as the host has them; or nothing.
enum class GivenTree {
    standard,  ///< what no entry puts there itself
    none,      ///< nothing
};

/// Whether the new root stays writable (it is a tmpfs) once it is assembled.
enum class RootAccess {
    read_only,   ///< nothing can be made in it
    read_write,  ///< what is made in it is gone at the end
};

/// Whether sbx may create or change files below a writable bind, that is on the host, because a
/// destination asks for it.
enum class HostWrites {
    refuse,  ///< run() refuses what would need it
    allow,   ///< empty files and directories are made there, and stay
};

/// What run() does with the descriptors above 2 of its own process, once the sandbox has its share:
/// leaves them to the program that it is a part of, or closes them, so that the end of a pipe is
/// seen when the sandbox lets go of it. The latter is for programs that do nothing else: then run()
/// also unmaps the code of its executable while it waits (what is needed comes back from the file).
enum class OwnDescriptors {
    leave,  ///< for every program that goes on after run()
    close,  ///< for one that does nothing else
};

/// What becomes of the processes that the command leaves behind, and of all when sbx dies.
enum class Leftovers {
    kill,  ///< nothing outlives the command, nor the process that called run()
    keep,  ///< they go on, unless die_with_parent says otherwise
};

/// Whether signals that sbx gets are passed on to the command.
enum class Signals {
    forward,  ///< those that run() lists
    ignore,   ///< they do to the process what they do to any
};

/// What becomes of the caller's terminal at the end, if the command has changed its settings or the
/// process group in its foreground, and of the nice value of the caller's session (autogroup of
/// sched(7)).
enum class TerminalState {
    restore,  ///< it is put back, unless another program in the caller's process group may use it
    leave,    ///< it stays as it is
};

/// The terminals that can be /dev/console of a /dev that sbx makes.
enum class Console {
    standard,  ///< that of standard output, else of standard input, else of standard error
    output,    ///< that of standard output alone
};

/// Whether the command may make user namespaces, in which it would have all capabilities over
/// whatever else it makes there: most of the kernel's code is in reach then. It is refused by a
/// filter that is known to do so, else by a limit in a second user namespace.
enum class NestedUserns {
    refuse,  ///< it may not; make_plan() fails where nothing could hold it
    allow,   ///< it may, as far as filters let it
};

/// Whether the kernel's Landlock is a second wall behind the mounts: as much of it as this kernel
/// has, all of it or nothing, or none.
enum class Landlock {
    off,        ///< none of it
    automatic,  ///< what this kernel has; Plan::notes names what is left out
    require,    ///< make_plan() fails when it is not all of it
};

/// How much of the memory /dev, and the /tmp that is given, may take.
enum class TmpfsLimits {
    half,    ///< half of it together, with the kernel's memory for their files
    kernel,  ///< the kernel's default: half of it each
};

/// Whether the kernel may hand a core dump of the command to a program outside, or write one to a
/// file that the host's root owns (core(5)).
enum class CoreDumps {
    inside,  ///< only what stays inside: a file in the working directory
    host,    ///< as the machine has it
};

/// Whether the files of /proc that only root may read are there for a caller that is root. They
/// tell of the kernel's memory, and ask for a uid, not for a capability.
enum class RootFiles {
    hide,  ///< they cannot be opened
    show,  ///< they are there
};

/// Whether the caller's capabilities are kept when the caller is root and has no user namespace.
enum class RootCapabilities {
    drop,  ///< none but those that Spec::capabilities adds
    keep,  ///< all that it holds, before Spec::capabilities
};

/// Whose words errors use: sbx's own, or the ones that bubblewrap's callers look for.
enum class Wording {
    sbx,         ///< with the remedy
    bubblewrap,  ///< as bubblewrap 0.13.1 has them
};

/// What can be asked for and is most often a mistake.
enum class Warning {
    hidden_mount,  ///< a mount that a later one hides
    file_bind,     ///< a writable bind of a single file, which nobody can replace
    /// the caller's home, or something from which programs outside start others, writable
    writable_home,
    writable_root,    ///< the whole machine, or a directory of its system, writable
    misplaced_guard,  ///< a mask of nothing, or a guard of what is shown under another name
    /// a socket by which the keys of the caller or the machine can be used, or programs be started
    agent_socket,
    working_directory,  ///< that of the caller is not there inside, so the command starts elsewhere
    desktop_socket,     ///< a socket by which programs outside can be controlled or listened to
    shared_directory,   ///< a directory in which programs outside keep sockets and temporary files
    partial_search,     ///< a guard's pattern was not looked for everywhere
    /// a profile binds the working directory, which is a home or a directory of the system
    start_directory,
    /// a program of the same name, and not the caller's, is run, since PATH is another one inside
    other_program,
    foreign_owner,      ///< root binds something of another user writable, and may not write to it
    parent_directory,   ///< what is above the working directory is not inside, and may be wanted
    closed_device,      ///< a bind that shows a device, which cannot be opened
    closed_descriptor,  ///< an argument that names a descriptor which the command does not have
    temporary_directory,  ///< TMPDIR names a directory that is not there inside
    git_worktree,         ///< the repository of a linked worktree of git is not inside
    outside_argument,     ///< an argument names a file of the host that is not inside
    other_home,  ///< a cache or settings below the caller's home, and HOME is another one inside
};

/// Their names, in the order of Warning.
inline constexpr auto warning_names = std::to_array<std::string_view>(
    {"hidden-mount",        "file-bind",        "writable-home",     "writable-root",
     "misplaced-guard",     "agent-socket",     "working-directory", "desktop-socket",
     "shared-directory",    "partial-search",   "start-directory",   "other-program",
     "foreign-owner",       "parent-directory", "closed-device",     "closed-descriptor",
     "temporary-directory", "git-worktree",     "outside-argument",  "other-home"});

/// What becomes of a warning.
enum class WarningMode {
    show,    ///< it is in Plan::warnings
    hide,    ///< it is not looked for
    refuse,  ///< make_plan() fails with it
};

/// A mode for each Warning.
using WarningModes = std::array<WarningMode, warning_names.size()>;

/// All are shown, but for start_directory, which is refused.
constexpr WarningModes default_warnings() {
    WarningModes out{};
    out[static_cast<std::size_t>(Warning::start_directory)] = WarningMode::refuse;
    return out;
}

/// Everything that can be asked for. Its defaults are those of the command `sbx`, but for its
/// seccomp filter, which is builtin_policy("default"), and OwnDescriptors::close.
struct Spec {
    Wording wording = Wording::sbx;  ///< of all errors that come of it

    /// The kinds of namespaces that are made; the mount namespace always is. All but time.
    NamespaceSet unshare = NamespaceSet(0xffU & ~static_cast<unsigned>(Namespace::time));
    NamespaceSet unshare_try = {};          ///< made if the machine can: user and cgroup, no others
    Identity identity = Identity::root;     ///< who the caller is inside
    std::optional<std::uint32_t> uid = {};  ///< inside; wins over `identity`
    std::optional<std::uint32_t> gid = {};  ///< inside; wins over `identity`
    std::optional<std::string> hostname = {};  ///< inside; 64 bytes at most, with Namespace::uts
    /// A user namespace to enter instead of making one: open on /proc/PID/ns/user, say. Not with
    /// Namespace::user in `unshare`.
    std::optional<int> userns_fd = {};
    std::optional<int> userns2_fd = {};  ///< a user namespace that the command enters after set-up
    std::optional<int> pidns_fd = {};    ///< a pid namespace to enter
    bool disable_userns = false;         ///< no user namespace can be made inside, by a limit
    NestedUserns nested_userns = NestedUserns::refuse;  ///< whether the command may make some
    bool assert_userns_disabled = false;                ///< refuse when one can

    RootCapabilities root_capabilities = RootCapabilities::drop;  ///< what changes begin with
    std::vector<CapabilityChange> capabilities = {};              ///< made in this order

    RootAccess root = RootAccess::read_only;       ///< of "/" itself, unless an entry covers it
    GivenTree given = GivenTree::standard;         ///< what is there without an entry
    HostWrites host_writes = HostWrites::refuse;   ///< whether the host may be written to
    TmpfsLimits tmpfs_limits = TmpfsLimits::half;  ///< of what is given
    RootFiles root_files = RootFiles::hide;        ///< of every procfs that an entry mounts
    std::vector<Entry> entries = {};  ///< carried out in this order; later ones cover earlier ones
    /// For errors: the "FILE:LINE" where each of `entries` was asked for; may have fewer.
    std::vector<std::string> entry_places = {};
    /// The name of the working directory that paths in `entries` were made of. If the directory
    /// that has this name is another one by then, probe_host() fails. Empty: there are none.
    std::string working_directory = {};

    /// Of the same directory the last one counts. Needs Leftovers::kill: the end must be seen.
    std::vector<GitWatch> git_watches = {};

    std::vector<EnvironmentChange> environment = {};  ///< made in this order
    /// The working directory inside. None: where the caller is, if that is there inside, else
    /// $HOME, else "/".
    std::optional<std::string> directory = {};

    Descriptors descriptors = Descriptors::standard;  ///< what the command gets
    /// What it gets besides, under the same numbers. They must be without FD_CLOEXEC (fcntl(2)):
    /// else exec closes them.
    std::vector<int> keep_fds = {};
    OwnDescriptors own_descriptors = OwnDescriptors::leave;  ///< what becomes of this process's

    /// Loaded in this order; none: no system call is refused.
    std::vector<SeccompFilter> filters = {};
    Landlock landlock = Landlock::automatic;   ///< the second wall
    CoreDumps core_dumps = CoreDumps::inside;  ///< of the command

    Leftovers leftovers = Leftovers::kill;            ///< what becomes of processes that are left
    Signals signals = Signals::forward;               ///< whether the command gets the caller's
    Console console = Console::standard;              ///< what it is open on
    TerminalState terminal = TerminalState::restore;  ///< at the end
    bool die_with_parent = false;  ///< the sandbox is killed when the caller of sbx dies: see run()
    bool new_session = false;      ///< the command gets a session without a terminal
    bool as_pid_1 = false;         ///< the command is pid 1; nothing reaps for it

    std::vector<std::string> lock_files = {};  ///< paths inside; init holds a read lock on each
    /// Held open until the sandbox is gone. run() closes them here once that has its own.
    std::vector<int> sync_fds = {};
    /// Read from (one byte or its end) before the command is executed. The end of a pipe does not
    /// come while its other end is open in this process: write a byte.
    std::optional<int> block_fd = {};
    /// The caller maps the ids of the process that `info_fd` names, then writes one byte to the
    /// other end of this; needs both. run() reads and closes it.
    std::optional<int> userns_block_fd = {};
    std::optional<int> info_fd = {};  ///< gets one JSON object about the sandbox; run() closes it
    /// Gets a JSON line at the start and one at the end, and is closed then by run().
    std::optional<int> json_status_fd = {};
    /// Left to the caller of run(), whatever own_descriptors says.
    std::optional<int> result_fd = {};

    WarningModes warnings = default_warnings();  ///< by Warning
    /// For Warning::writable_home: absolute paths of the directories from which the caller takes
    /// settings of sandboxes, as the command sbx does with profiles.
    std::vector<std::string> profile_directories = {};

    std::optional<std::string> argv0 = {};  ///< what the command sees as its own name
    /// The command and its arguments; not empty. A name without a slash is looked for inside, in
    /// the PATH of the command's environment.
    std::vector<std::string> command = {};
};

}  // namespace sbx
