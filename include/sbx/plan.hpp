// SPDX-License-Identifier: Apache-2.0
// Plan: what run() will do, step by step, as a value. make_plan() is pure; it refuses, chooses and
// orders. Nothing is decided after it, so a plan that is printed tells the truth.
#pragma once

#include <sbx/host.hpp>
#include <sbx/namespaces.hpp>
#include <sbx/result.hpp>
#include <sbx/spec.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sbx {

/// What a file system object is, as far as a mount point must match it.
enum class NodeKind { directory, other };

namespace step {

// ---- setup: done by init, in the new namespaces, before the command exists ----

/// Maps ids: the text of uid_map and gid_map (user_namespaces(7)); denies setgroups.
struct MapIds {
    std::string uid_map;  ///< "inside outside count\n"
    std::string gid_map;
};
/// Cuts every tie of mount propagation and mounts the tmpfs that becomes the new root.
struct MountRoot {};
/// Shows a host path inside. Everything is nosuid; nodev too unless `access` is device.
struct Bind {
    std::string source;  ///< as asked for
    std::string path;    ///< what is opened
    std::string destination;
    Access access = Access::read_write;
    NodeKind kind = NodeKind::directory;
};
struct MountTmpfs {
    std::string destination;
    unsigned mode = 0755;
    std::optional<std::uint64_t> size;
};
struct MountProc {
    std::string destination;
};
struct MountDevpts {
    std::string destination;
};
struct MakeDirectory {
    std::string destination;
    unsigned mode = 0755;
};
struct MakeSymlink {
    std::string target;
    std::string destination;
};
struct WriteFile {
    int fd = -1;
    std::string destination;
    unsigned mode = 0666;
};
/// A path of the new root becomes read-only by a bind over itself.
struct CoverReadOnly {
    std::string destination;
};
/// The mount that is at `destination` becomes read-only.
struct RemountReadOnly {
    std::string destination;
};
/// What descriptor `fd` is open on, by the name it had (`path`), and checked to be the same.
struct BindFd {
    int fd = -1;
    std::string path;
    std::string destination;
    Access access = Access::read_write;
    NodeKind kind = NodeKind::directory;
};
/// A file of the sandbox's own, filled from `fd`, mounted on `destination`.
struct BindData {
    int fd = -1;
    std::string destination;
    unsigned mode = 0600;
    Access access = Access::read_write;
};
/// An overlay of `sources`, the topmost first. With `forgotten` changes, upper and work are made.
struct MountOverlay {
    entry::Overlay::Changes changes = entry::Overlay::Changes::kept;
    std::vector<std::string> sources;
    std::string upper;
    std::string work;
    std::string destination;
};
struct Chmod {
    unsigned mode = 0;
    std::string destination;
};
struct MountMqueue {
    std::string destination;
};
/// What is at `destination` is hidden or made read-only for good, and the way to it is fixed.
struct Guard {
    entry::Guard::Kind kind = entry::Guard::Kind::mask;
    std::string destination;
};
/// Takes these ids of a user namespace that was entered; without one, the caller's id is kept, by
/// whatever number it has there.
struct SetIds {
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
};
/// Tells the supervisor that the namespaces are there, for --info-fd and its kin, and waits until
/// the caller knows; when the caller maps the ids, until it has done so.
struct Announce {
    bool awaits_ids = false;
};
/// init holds a read lock on the file at `path`, inside, for as long as it lives.
struct LockFile {
    std::string path;
};
/// Brings up the loopback device of the network namespace. An Init::reaper does it, as the last
/// step of set-up, while the command seals itself, which is not let go before.
struct BringUpLoopback {};
struct SetHostname {
    std::string name;
};
/// Makes the new root the root, for good: pivot_root, then the old one is detached.
struct EnterRoot {};

/// A second user namespace, so that what the command keeps never owns the mounts; init is in it
/// too. Empty maps mean that every id of the first one is there under its own number.
struct EnterUserNamespace {
    NamespaceSet also;  ///< namespaces made along with it
    std::string uid_map;
    std::string gid_map;
};
/// Enters the user namespace that descriptor `fd` refers to.
struct JoinUserNamespace {
    int fd = -1;
};
/// Allows one more user namespace, the command's own, and none after it.
struct LimitUserNamespaces {};
/// Refuses when a user namespace can be made.
struct AssertNoUserNamespaces {};

// ---- seal: done by the command's own process, just before exec ----

/// The command's own process group or session.
struct NewProcessGroup {};
struct NewSession {};
/// An empty session keyring in the place of the caller's.
struct JoinSessionKeyring {};
/// The command dies when sbx does; for a command without an init of ours.
struct DieWithParent {};
/// Waits for one byte, or the end of file, of descriptor `fd`.
struct AwaitDescriptor {
    int fd = -1;
};
/// Descriptors other than `keep` (sorted) are closed, but for the two that exec closes: the way to
/// the supervisor and to init. Those of `keep` that are in `null` become /dev/null: standard ones
/// that an option has used.
struct CloseDescriptors {
    std::vector<int> keep;
    std::vector<int> null;
};
/// Permitted, effective and bounding set are reduced to the ones with a bit in `keep`; inheritable
/// and ambient are what of `keep` is in `ambient`, which a uid other than 0 keeps across exec.
struct LimitCapabilities {
    std::uint64_t keep = 0;
    std::uint64_t ambient = 0;
    std::vector<std::string> names;  ///< of `keep`
    unsigned count = 0;              ///< capabilities that the kernel knows
};
/// The first of `candidates` that can be entered; $PWD is set to it.
struct ChangeDirectory {
    std::vector<std::string> candidates;
};
struct NoNewPrivileges {};
/// The second wall, derived from the mounts (landlock(7)): of the rights in `files`, those that no
/// rule gives are gone, whatever mount or descriptor is used. Bits are the kernel's.
struct EnforceLandlock {
    struct Rule {
        std::string path;  ///< inside; the rights are for it and all below it
        std::uint64_t access = 0;
    };
    std::uint64_t files = 0;   ///< LANDLOCK_ACCESS_FS_*; 0: files are left to the mounts
    std::uint64_t scopes = 0;  ///< LANDLOCK_SCOPE_*: what reaches nobody outside
    std::vector<Rule> rules;
    std::vector<int> descriptors;  ///< what these are open on can be opened again, in their mode
};
struct LoadFilter {
    SeccompFilter filter;
};

}  // namespace step

using Step = std::variant<
    step::MapIds, step::MountRoot, step::Bind, step::MountTmpfs, step::MountProc, step::MountDevpts,
    step::MakeDirectory, step::MakeSymlink, step::WriteFile, step::CoverReadOnly,
    step::RemountReadOnly, step::BringUpLoopback, step::SetHostname, step::BindFd, step::BindData,
    step::MountOverlay, step::Chmod, step::MountMqueue, step::Guard, step::SetIds, step::Announce,
    step::LockFile, step::EnterRoot, step::EnterUserNamespace, step::JoinUserNamespace,
    step::LimitUserNamespaces, step::AssertNoUserNamespaces, step::NewProcessGroup,
    step::NewSession, step::JoinSessionKeyring, step::ChangeDirectory, step::DieWithParent,
    step::AwaitDescriptor, step::CloseDescriptors, step::LimitCapabilities, step::NoNewPrivileges,
    step::EnforceLandlock, step::LoadFilter>;

/// What is most often a mistake, in words that name the remedy.
struct PlanWarning {
    Warning kind = Warning::hidden_mount;
    std::string text;
};

/// Who is the first process inside: an init of ours that reaps, or the command itself.
enum class Init { reaper, command };

struct Plan {
    Wording wording = Wording::sbx;
    NamespaceSet namespaces;  ///< made for init; user and mount among them as planned
    Init init = Init::reaper;
    Leftovers leftovers = Leftovers::kill;
    Signals signals = Signals::forward;
    HostWrites host_writes = HostWrites::refuse;
    bool die_with_parent = false;
    OwnDescriptors own_descriptors = OwnDescriptors::leave;
    NestedUserns nested_userns = NestedUserns::refuse;

    std::optional<int> userns_fd;        ///< entered before anything else
    std::optional<int> pidns_fd;         ///< entered before anything else
    std::optional<int> sync_fd;          ///< init keeps it
    std::optional<int> userns_block_fd;  ///< the supervisor reads it before init goes on
    std::optional<int> info_fd;          ///< the supervisor writes it once init is there
    std::optional<int> json_status_fd;   ///< the supervisor writes it then and at the end
    std::optional<int> result_fd;        ///< nobody uses it, and it stays open in run()'s process

    std::vector<Step> setup;
    std::vector<Step> seal;

    std::string command;                   ///< as it was given; without a slash PATH is searched
    std::vector<std::string> executables;  ///< tried in this order, as execvp(3) does
    std::vector<std::string> argv;
    std::vector<std::string> environment;  ///< "NAME=value"; PWD is added by run()

    std::vector<PlanWarning> warnings;  ///< those that Spec::warnings shows
    std::vector<std::string> notes;     ///< what was left out and why, for people
};

/// Plans `spec` on `host`. Refuses with the reason and, where one is known, the remedy.
Result<Plan> make_plan(const Spec& spec, const Host& host);

/// The capabilities that the command of `spec` keeps, a bit for each by number, where the caller
/// holds `held` (see held_capabilities()).
std::uint64_t kept_capabilities(const Spec& spec, std::uint64_t held);

/// What every plan must satisfy, written apart from make_plan(). run() asks it again.
Result<void> check(const Plan& plan);

/// The one sentence for a step: `bind "/src" on "/src" read-only`.
std::string describe(const Step& step);

/// The whole plan as text, a line for each thing that will be done.
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
