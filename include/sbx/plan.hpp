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
/// Brings up the loopback device of the network namespace.
struct BringUpLoopback {};
struct SetHostname {
    std::string name;
};
/// Makes the new root the root, for good: pivot_root, then the old one is detached.
struct EnterRoot {};

// ---- seal: done by the command's own process, just before exec ----

/// A second user namespace, so that what the command keeps never owns the mounts.
struct EnterUserNamespace {
    NamespaceSet also;  ///< namespaces made along with it
    std::string uid_map;
    std::string gid_map;
};
/// The command's own process group or session.
struct NewProcessGroup {};
struct NewSession {};
/// An empty session keyring in the place of the caller's.
struct JoinSessionKeyring {};
/// The first of `candidates` that can be entered; $PWD is set to it.
struct ChangeDirectory {
    std::vector<std::string> candidates;
};
/// The command dies when sbx does; for a command without an init of ours.
struct DieWithParent {};
/// Descriptors other than `keep` (sorted) are closed by exec.
struct CloseDescriptors {
    std::vector<int> keep;
};
/// All five capability sets are reduced to the ones with a bit in `keep`.
struct LimitCapabilities {
    std::uint64_t keep = 0;
    std::vector<std::string> names;  ///< of `keep`
    unsigned count = 0;              ///< capabilities that the kernel knows
};
struct NoNewPrivileges {};
struct LoadFilter {
    SeccompFilter filter;
};

}  // namespace step

using Step =
    std::variant<step::MapIds, step::MountRoot, step::Bind, step::MountTmpfs, step::MountProc,
                 step::MountDevpts, step::MakeDirectory, step::MakeSymlink, step::WriteFile,
                 step::CoverReadOnly, step::RemountReadOnly, step::BringUpLoopback,
                 step::SetHostname, step::EnterRoot, step::EnterUserNamespace,
                 step::NewProcessGroup, step::NewSession, step::JoinSessionKeyring,
                 step::ChangeDirectory, step::DieWithParent, step::CloseDescriptors,
                 step::LimitCapabilities, step::NoNewPrivileges, step::LoadFilter>;

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

    std::vector<Step> setup;
    std::vector<Step> seal;

    std::vector<std::string> executables;  ///< tried in this order, as execvp(3) does
    std::vector<std::string> argv;
    std::vector<std::string> environment;  ///< "NAME=value"; PWD is added by run()

    std::vector<std::string> notes;  ///< what was left out and why, for people
};

/// Plans `spec` on `host`. Refuses with the reason and, where one is known, the remedy.
Result<Plan> make_plan(const Spec& spec, const Host& host);

/// What every plan must satisfy, written apart from make_plan(). run() asks it again.
Result<void> check(const Plan& plan);

/// The one sentence for a step: `bind "/src" on "/src" read-only`.
std::string describe(const Step& step);

/// The whole plan as text, a line for each thing that will be done.
std::string describe(const Plan& plan);

}  // namespace sbx
