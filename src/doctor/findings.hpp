// SPDX-License-Identifier: Apache-2.0
// From what was seen of a machine, and what came of trying, to findings with their remedies. Pure:
// it must not look at anything itself.
#pragma once

#include "base/remedies.hpp"
#include "base/setup_calls.hpp"

#include <sbx/doctor.hpp>
#include <sbx/host.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sbx {

/// What was tried, in children that are gone again.
enum class Try {
    user_namespace,
    map_ids,
    mount_namespace,
    pid_namespace,
    ipc_namespace,
    uts_namespace,
    network_namespace,
    cgroup_namespace,
    time_namespace,
    change_mounts,  ///< mount_setattr(2)
    clone_mounts,   ///< open_tree(2)
    new_tmpfs,      ///< fsopen(2) and its kin
    attach_mount,   ///< move_mount(2)
    pivot_root,
    new_proc,
    overlay,
    nested_namespace,  ///< a user namespace in that of a sandbox
    filter,            ///< PR_SET_SECCOMP of prctl(2)
    watch,             ///< inotify(7); in the process itself
};
inline constexpr std::size_t try_count = static_cast<std::size_t>(Try::watch) + 1;

/// What each of them gave: 0 when it worked, else errno. None: what it needs was not to be had.
class Tries {
public:
    static constexpr int not_tried = -1;

    Tries() { errors_.fill(not_tried); }
    void set(Try what, int error) { errors_[static_cast<std::size_t>(what)] = error; }
    bool worked(Try what) const { return get(what) == 0; }
    std::optional<int> error(Try what) const {
        return get(what) > 0 ? std::optional(get(what)) : std::nullopt;
    }

private:
    int get(Try what) const { return errors_[static_cast<std::size_t>(what)]; }
    std::array<int, try_count> errors_{};
};

/// One of newuidmap and newgidmap.
struct IdHelper {
    enum class Privilege { absent, none, withheld, held } privilege = Privilege::absent;
    std::string path;  ///< unless absent
};

/// The ranges that one of /etc/subuid and /etc/subgid gives the caller.
struct IdRanges {
    std::uint64_t count = 0;  ///< of all ids in them
    std::uint64_t free = 0;   ///< the first id that is above everybody's ranges, and above 100000
};

struct Cgroup {
    enum class Kind {
        none,
        hybrid,   ///< version 2 beside version 1, which has most of the controllers
        unified,  ///< version 2 alone
    } kind = Kind::none;
    enum class Access { none, read_only, full } access = Access::none;  ///< read_only: the mount
    std::string path;         ///< the directory of the caller's own
    std::string controllers;  ///< what its cgroup.controllers says
    bool systemd = false;     ///< it runs here
};

/// What a whole sandbox gave.
struct MainJob {
    enum class End {
        ran,
        built,   ///< the command is not to be found in it, or not to be executed
        failed,  ///< `error` says why
    } end = End::failed;
    std::string error = "not tried";  ///< also when it was only built
};

struct MachineFacts {
    std::string release;    ///< of the kernel, as uname(2) has it
    std::uint32_t uid = 0;  ///< the caller's
    std::string user;       ///< its name; empty when /etc/passwd has none
    bool has_proc = false;
    Restrictions restrictions;
    Tries tries;
    std::optional<std::vector<RefusedCall>> refused_calls;  ///< each was tried by itself
    MainJob main_job;
    std::vector<std::pair<std::string, std::string>>
        limits;                      ///< "user" and user.max_..., and so on
    std::string unprivileged_clone;  ///< kernel.unprivileged_userns_clone; empty: no such sysctl
    std::string apparmor_switch;     ///< the same for apparmor_restrict_unprivileged_userns
    bool has_apparmor = false;
    std::string selinux;                    ///< "enforcing", "permissive"; empty: not there
    std::string filter_count;               ///< seccomp filters around; empty: not known
    std::vector<std::string> covers;        ///< what is mounted upon parts of /proc
    std::optional<unsigned> landlock_abi;   ///< none: it could not be asked for
    std::string security_modules;           ///< /sys/kernel/security/lsm; empty: not to be seen
    std::vector<std::string> real_devices;  ///< names, as Host::devices has them
    IdHelper newuidmap;
    IdHelper newgidmap;
    std::uint64_t ids = 0;     ///< in the caller's user namespace
    bool maps_any_id = false;  ///< the caller has the capabilities to do without those two
    IdRanges subuid;
    IdRanges subgid;
    Cgroup cgroup;
    std::string watch_instances;  ///< fs.inotify.max_user_instances
    std::string watches;          ///< fs.inotify.max_user_watches
};

/// All of them, in the order in which one thing needs another.
std::vector<Finding> findings_of(const MachineFacts& facts);

namespace findings {

/// The parts of it: what every sandbox needs; what single options need; what may stand in the way,
/// which is judged by what is in `out` by then.
void add_required(const MachineFacts& facts, std::vector<Finding>& out);
void add_optional(const MachineFacts& facts, std::vector<Finding>& out);
void add_restrictions(const MachineFacts& facts, std::vector<Finding>& out);

Finding time_namespaces(const MachineFacts& facts);

}  // namespace findings

}  // namespace sbx
