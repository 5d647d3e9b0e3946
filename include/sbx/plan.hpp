// SPDX-License-Identifier: Apache-2.0
// Plan: what run() will do, step by step, as a value. make_plan() is pure; it refuses, chooses and
// orders. Nothing is decided after it, so a plan that is printed tells the truth.
//
// All functions here are pure: they can be called from any thread, and what they give depends on
// their arguments alone. Strings in a plan end at no NUL byte, which check() sees to.
#pragma once

#include <sbx/host.hpp>
#include <sbx/namespaces.hpp>
#include <sbx/result.hpp>
#include <sbx/spec.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sbx {

/// What a file system object is, as far as a mount point must match it.
enum class NodeKind {
    directory,  ///< a directory
    other,      ///< all else: what is made for it is an empty file
};

/// What is done, in the order of Plan::setup and Plan::seal. Destinations are paths inside the new
/// root, descriptors and modes those of the entries (see spec.hpp). A step that fails ends it all:
/// Outcome::step is its number, Outcome::error_number its errno.
namespace step {

// ---- setup: done by init, in the new namespaces, before the command exists ----

/// Maps ids: the text of uid_map and gid_map (user_namespaces(7)); denies setgroups.
struct MapIds {
    std::string uid_map = {};  ///< "inside outside count\n"
    std::string gid_map = {};  ///< the same for groups
};
/// Cuts every tie of mount propagation and mounts the tmpfs that becomes the new root.
struct MountRoot {};
/// Shows a host path inside. Everything is nosuid; nodev too unless `access` is device.
struct Bind {
    std::string source = {};              ///< as asked for
    std::string path = {};                ///< what is opened
    std::string destination = {};         ///< where it is seen
    Access access = Access::read_write;   ///< what can be done with it
    NodeKind kind = NodeKind::directory;  ///< of what is at `path`
    /// The file that `path` must lead to; none: any file that is there is shown.
    std::optional<Found> found = std::nullopt;
};
/// Mounts an empty tmpfs.
struct MountTmpfs {
    std::string destination = {};                      ///< where it is mounted
    unsigned mode = 0755;                              ///< of its top directory
    std::optional<std::uint64_t> size = std::nullopt;  ///< in bytes; none: the kernel's default
    /// How many files and directories it can hold; none: the kernel's default.
    std::optional<std::uint64_t> inodes = std::nullopt;
};
/// Mounts the procfs of a new pid namespace.
struct MountProc {
    std::string destination = {};  ///< where it is mounted
};
/// Mounts a devpts of the sandbox's own (newinstance).
struct MountDevpts {
    std::string destination = {};  ///< where it is mounted
};
/// Makes a directory; one that is there is left as it is.
struct MakeDirectory {
    std::string destination = {};  ///< where it is made
    unsigned mode = 0755;          ///< of one that is made
};
/// Makes a symbolic link; one that is there must say the same.
struct MakeSymlink {
    std::string target = {};       ///< what it says
    std::string destination = {};  ///< where it is made
};
/// Makes a file with what `fd` gives until its end.
struct WriteFile {
    int fd = -1;                   ///< read from where it stands
    std::string destination = {};  ///< where it is made
    unsigned mode = 0666;          ///< of the file
};
/// A path of the new root becomes read-only by a bind over itself.
struct CoverReadOnly {
    std::string destination = {};  ///< what is covered
};
/// What is at `destination`, in a procfs, can no longer be opened.
struct Hide {
    std::string destination = {};  ///< a file, or with "/" at its end a directory
};
/// The mount that is at `destination` becomes read-only.
struct RemountReadOnly {
    std::string destination = {};  ///< where it is mounted
};
/// What descriptor `fd` is open on, by the name it had (`path`), and checked to be the same.
struct BindFd {
    int fd = -1;                          ///< what is shown
    std::string path = {};                ///< the name that it had when it was looked at
    std::string destination = {};         ///< where it is seen
    Access access = Access::read_write;   ///< what can be done with it
    NodeKind kind = NodeKind::directory;  ///< of what it is open on
};
/// A file of the sandbox's own, filled from `fd`, mounted on `destination`.
struct BindData {
    int fd = -1;                         ///< read from where it stands, until its end
    std::string destination = {};        ///< what it covers
    unsigned mode = 0600;                ///< of the file
    Access access = Access::read_write;  ///< what can be done with it
};
/// An overlay of `sources`, the topmost first. With `forgotten` changes, upper and work are made.
struct MountOverlay {
    entry::Overlay::Changes changes = entry::Overlay::Changes::kept;  ///< what becomes of changes
    std::vector<std::string> sources = {};                            ///< the topmost first
    std::string upper = {};                                           ///< for kept changes
    std::string work = {};                                            ///< for kept changes
    std::string destination = {};                                     ///< where it is mounted
    /// The directories that `sources`, `upper` and `work` must lead to, in this order; empty:
    /// any directories that are there are taken.
    std::vector<Found> found = {};
};
/// Changes the permissions of what is there.
struct Chmod {
    unsigned mode = 0;             ///< the new ones
    std::string destination = {};  ///< what is changed
};
/// Mounts the message queues of the sandbox's ipc namespace.
struct MountMqueue {
    std::string destination = {};  ///< where they are mounted
};
/// Makes a listening socket at `destination` and hands it to the Wayland compositor at `path`, with
/// a security context (security-context-v1). The compositor stops listening when init ends.
struct WaylandSocket {
    std::string source = {};       ///< as asked for
    std::string path = {};         ///< the compositor's socket, which is connected to
    std::string destination = {};  ///< where the new socket is seen
    std::string app_id = {};       ///< told to the compositor; empty: not told
};
/// What is at `destination` is hidden or made read-only for good, and the way to it is fixed.
struct Guard {
    entry::Guard::Kind kind = entry::Guard::Kind::mask;  ///< which of the two
    std::string destination = {};                        ///< absolute
};
/// Takes these ids of a user namespace that was entered; without one, the caller's id is kept, by
/// whatever number it has there.
struct SetIds {
    std::optional<std::uint32_t> uid = std::nullopt;  ///< there
    std::optional<std::uint32_t> gid = std::nullopt;  ///< there
};
/// Tells the supervisor that the namespaces are there, for --info-fd and its kin, and waits until
/// the caller knows; when the caller maps the ids, until it has done so.
struct Announce {
    bool awaits_ids = false;  ///< the caller maps the ids, and there is no MapIds
};
/// init holds a read lock on the file at `path`, inside, for as long as it lives.
struct LockFile {
    std::string path = {};  ///< inside
};
/// Brings up the loopback device of the network namespace. An Init::reaper does it, as the last
/// step of set-up, while the command seals itself, which is not let go before.
struct BringUpLoopback {};
/// Sets the host name of a new uts namespace.
struct SetHostname {
    std::string name = {};  ///< 64 bytes at most (__NEW_UTS_LEN of the kernel)
};
/// Makes the new root the root, for good: pivot_root, then the old one is detached.
struct EnterRoot {};

/// A second user namespace, so that what the command keeps never owns the mounts; init is in it
/// too. Empty maps mean that every id of the first one is there under its own number.
struct EnterUserNamespace {
    NamespaceSet also = {};    ///< namespaces made along with it
    std::string uid_map = {};  ///< as in MapIds, or empty
    std::string gid_map = {};  ///< as in MapIds, or empty
};
/// Enters the user namespace that descriptor `fd` refers to.
struct JoinUserNamespace {
    int fd = -1;  ///< the caller's
};
/// Allows one more user namespace, the command's own, and none after it.
struct LimitUserNamespaces {};
/// Refuses when a user namespace can be made.
struct AssertNoUserNamespaces {};
/// Init's signals reach nothing outside of the sandbox (LANDLOCK_SCOPE_SIGNAL of landlock(7)):
/// where no pid namespace ends all that is inside, one kill(2) to every process does.
struct ScopeSignals {
    /// LANDLOCK_ACCESS_FS_REFER where the command's own rules are about files, else 0: below such
    /// rules the kernel lets nothing be moved from one directory to another unless each ruleset
    /// allows it, and a ruleset about files forbids the command to mount.
    std::uint64_t files = 0;
};

// ---- seal: done by the command's own process, just before exec ----

/// The command gets a session of its own, without a terminal.
struct NewSession {};
/// An empty session keyring in the place of the caller's. Left out where a filter around sbx
/// refuses keyctl(2) to the command as to sbx, and new keys are refused too.
struct JoinSessionKeyring {
    bool new_keys_denied = false;  ///< a filter of the plan refuses add_key(2) and request_key(2)
};
/// The command dies when sbx does; for a command without an init of ours.
struct DieWithParent {};
/// Waits for one byte, or the end of file, of descriptor `fd`.
struct AwaitDescriptor {
    int fd = -1;  ///< the caller's
};
/// Descriptors other than `keep` (sorted) are closed, but for those that exec closes: the ways to
/// the supervisor and to init. Those of `keep` that are in `null` become /dev/null: standard ones
/// that an option has used.
struct CloseDescriptors {
    std::vector<int> keep = {};  ///< sorted
    std::vector<int> null = {};  ///< sorted; each is in `keep` too
};
/// Permitted, effective and bounding set are reduced to the ones with a bit in `keep`; inheritable
/// and ambient are what of `keep` is in `ambient`, which a uid other than 0 keeps across exec.
struct LimitCapabilities {
    std::uint64_t keep = 0;               ///< a bit for each capability by its number
    std::uint64_t ambient = 0;            ///< a part of `keep`
    std::vector<std::string> names = {};  ///< of `keep`
    unsigned count = 0;                   ///< capabilities that the kernel knows; 64 at most
};
/// The first of `candidates` that can be entered; $PWD is set to it.
struct ChangeDirectory {
    std::vector<std::string> candidates = {};  ///< tried in this order
};
/// Limits core dumps to one byte for good (RLIMIT_CORE): the kernel then writes no file, and starts
/// no program, which a limit of 0 would not prevent (core(5)).
struct LimitCoreDumps {};
/// No program gains privileges by being executed (PR_SET_NO_NEW_PRIVS of prctl(2)).
struct NoNewPrivileges {};
/// The second wall, derived from the mounts (landlock(7)): of the rights in `files`, those that no
/// rule gives are gone, whatever mount or descriptor is used. Bits are the kernel's.
struct EnforceLandlock {
    /// What is allowed where.
    struct Rule {
        std::string path = {};     ///< inside; the rights are for it and all below it
        std::uint64_t access = 0;  ///< LANDLOCK_ACCESS_FS_*, a part of `files`
    };
    std::uint64_t files = 0;       ///< LANDLOCK_ACCESS_FS_*; 0: files are left to the mounts
    std::uint64_t scopes = 0;      ///< LANDLOCK_SCOPE_*: what reaches nobody outside
    std::vector<Rule> rules = {};  ///< by path
    /// What these are open on can be opened again, in their mode.
    std::vector<int> descriptors = {};
};
/// Loads a filter of system calls (seccomp(2)); nothing but exec comes after the last one.
struct LoadFilter {
    SeccompFilter filter = {};  ///< 1 to 4096 instructions
};

}  // namespace step

/// Any of them. Those from NewSession on belong to Plan::seal, those before to Plan::setup.
using Step = std::variant<
    step::MapIds, step::MountRoot, step::Bind, step::MountTmpfs, step::MountProc, step::MountDevpts,
    step::MakeDirectory, step::MakeSymlink, step::WriteFile, step::CoverReadOnly, step::Hide,
    step::RemountReadOnly, step::BringUpLoopback, step::SetHostname, step::BindFd, step::BindData,
    step::MountOverlay, step::Chmod, step::MountMqueue, step::WaylandSocket, step::Guard,
    step::SetIds, step::Announce, step::LockFile, step::EnterRoot, step::EnterUserNamespace,
    step::JoinUserNamespace, step::LimitUserNamespaces, step::AssertNoUserNamespaces,
    step::ScopeSignals, step::NewSession, step::JoinSessionKeyring, step::ChangeDirectory,
    step::DieWithParent, step::AwaitDescriptor, step::CloseDescriptors, step::LimitCapabilities,
    step::LimitCoreDumps, step::NoNewPrivileges, step::EnforceLandlock, step::LoadFilter>;

/// What is most often a mistake, in words that name the remedy.
struct PlanWarning {
    Warning kind = Warning::hidden_mount;  ///< which one
    std::string text = {};  ///< a sentence as in Error, its name in brackets at the end
    /// It explains a command that fails, and is no news of one that does not.
    bool when_it_fails = false;
};

/// Who is the first process inside: an init of ours that reaps, or the command itself.
enum class Init {
    reaper,   ///< it carries out the set-up, starts the command, and reaps
    command,  ///< the first process becomes the command; nobody reaps for it
};

/// What an init of ours is while the command runs.
enum class InitProgram {
    copy,  ///< a copy of the process that calls run(): its memory as it was then, hidden from
           ///< inside
    own,   ///< a program of a few kilobytes, which has nothing of that process's memory
};

/// What run() will do. A value: it can be copied, kept, changed, and run more than once as long as
/// the descriptors and paths in it are what they were. check() holds for what make_plan() gives.
/// A plan that is written by hand may leave `found` out of its steps: then run() shows the files
/// that the paths lead to when it opens them, and compares nothing.
struct Plan {
    Wording wording = Wording::sbx;  ///< of the errors of run()
    NamespaceSet namespaces = {};    ///< made for init; user and mount among them as planned
    Init init = Init::reaper;        ///< who is the first process inside
    /// Where it is `own` and the machine refuses it, run() makes a copy.
    InitProgram init_program = InitProgram::copy;
    Leftovers leftovers = Leftovers::kill;            ///< what becomes of processes that are left
    Signals signals = Signals::forward;               ///< whether they are passed on
    TerminalState terminal = TerminalState::restore;  ///< what run() does with it at the end
    HostWrites host_writes = HostWrites::refuse;      ///< whether steps may make things on the host
    bool die_with_parent = false;                     ///< run() asks for its process's death, too
    OwnDescriptors own_descriptors = OwnDescriptors::leave;  ///< of the process that calls run()
    NestedUserns nested_userns = NestedUserns::refuse;  ///< whether check() lets it be possible

    std::optional<int> userns_fd = {};        ///< entered before anything else
    std::optional<int> pidns_fd = {};         ///< entered before anything else
    std::vector<int> sync_fds = {};           ///< init keeps them; run() closes them
    std::optional<int> userns_block_fd = {};  ///< run() reads it before init goes on, and closes it
    std::optional<int> info_fd = {};          ///< run() writes it once init is there, and closes it
    std::optional<int> json_status_fd = {};  ///< run() writes it then and at the end, and closes it
    std::optional<int> result_fd = {};  ///< nobody uses it, and it stays open in run()'s process

    std::vector<Step> setup = {};  ///< carried out by init, in this order
    std::vector<Step> seal = {};   ///< carried out by the command's process, in this order

    /// Looked at before the command is there, meanwhile, and at the end; absolute, and never off.
    std::vector<GitWatch> git_watches = {};

    std::string command = {};  ///< as it was given; without a slash PATH is searched
    std::vector<std::string> executables = {};  ///< tried in this order, as execvp(3) does
    std::vector<std::string> argv = {};         ///< not empty; the first is the command's own name
    std::vector<std::string> environment = {};  ///< "NAME=value"; PWD is added by run()

    /// Those that Spec::warnings shows; run() ignores them.
    std::vector<PlanWarning> warnings = {};
    std::vector<std::string> notes = {};  ///< what was left out and why, for people
    /// For errors: destinations, as they were given, and the "FILE:LINE" where each was asked for,
    /// or nothing where that was no profile; of the same ones the last counts. Empty without
    /// profiles.
    std::vector<std::pair<std::string, std::string>> places = {};
    std::string callers_path = {};  ///< for errors: the caller's PATH
};

/// Plans `spec` on `host`, which probe_host() gave for this very `spec`, or a test wrote. Refuses
/// with the reason and, where one is known, the remedy: an older kernel than 5.12, no command, what
/// contradicts itself (one descriptor for two uses, ids without a user namespace, ...), a source
/// that is not there, what would give the command power over its own sandbox, and what
/// WarningMode::refuse and Landlock::require are about.
Result<Plan> make_plan(const Spec& spec, const Host& host);

/// The capabilities that the command of `spec` keeps, a bit for each by number, where the caller
/// holds `held` (see held_capabilities()). Numbers that the kernel does not know may be among them.
std::uint64_t kept_capabilities(const Spec& spec, std::uint64_t held);

/// What every plan must satisfy, written apart from make_plan(). run() asks it again. Fails with
/// what would not be safe; a plan that was written or changed by hand is held to the same.
Result<void> check(const Plan& plan);

/// The one sentence for a step: `bind "/src" on "/src" read-only`.
std::string describe(const Step& step);

/// The whole plan as text, a line for each thing that will be done, steps counted from 1. Words are
/// quoted as a shell takes them.
std::string describe(const Plan& plan);

/// The whole plan as one JSON object, for programs: steps with the numbers of the text, a stable
/// "kind", the sentence and every field by its name. What is not UTF-8 is escaped as Python's
/// "surrogateescape" has it. New members may come; those that are there keep their meaning.
std::string describe_json(const Plan& plan);

/// The tree that the command of `plan` will see, as a picture: what is at each path that the plan
/// is about, and whether it can be written to. Links of the host are not known, and are taken for
/// directories. Steps that cannot be done, as far as that can be told, are named at the end.
std::string describe_tree(const Plan& plan);

/// What `spec` comes to on `host` as a command line of bubblewrap 0.11 for a POSIX shell, with what
/// it lacks in comments before it. Refuses as make_plan() does, and where bubblewrap would show or
/// give the command more than the plan in a way that the comments could not make good: what is
/// masked and cannot be hidden, say.
Result<std::string> describe_bwrap(const Spec& spec, const Host& host);

}  // namespace sbx
