// SPDX-License-Identifier: Apache-2.0
// What single options need, and what makes sandboxes stronger.
#include "base/landlock.hpp"
#include "base/program_name.hpp"
#include "base/text.hpp"
#include "doctor/findings.hpp"

#include <algorithm>
#include <cerrno>

namespace sbx::findings {
namespace {

using State = Finding::State;

constexpr std::uint64_t usual_ids = 65536;  // what useradd(8) gives, and what container images use

Finding landlock_of(const MachineFacts& facts) {
    Finding out{.name = "landlock",
                .purpose =
                    "a second wall behind the mounts (--landlock, which is auto unasked), "
                    "and what --mask and --protect need beside --allow-userns"};
    const unsigned abi = facts.landlock_abi.value_or(0);
    out.fact = "version " + std::to_string(abi) + " of its interface";
    if (abi >= landlock::scopes_abi) {
        out.fact += ": files, signals and abstract sockets";
        return out;
    }
    out.state = State::limited;
    out.remedy = "boot Linux 6.12 or later for all of it";
    if (abi >= landlock::files_abi) {
        out.fact += ": files; signals and abstract sockets are left to the namespaces";
        return out;
    }
    if (abi > 0) {
        out.fact += ", of which nothing is used: it forbids every rename between directories";
        out.remedy = "boot Linux 5.19 or later for files, and 6.12 for all of it";
        return out;
    }
    out.state = State::missing;
    const std::string& modules = facts.security_modules;
    if (!facts.landlock_abi) {
        out.fact = "it cannot be asked for its version";
        out.remedy = "let the seccomp filter around " SBX_NAME " allow landlock_create_ruleset";
    } else if (!modules.empty() && ("," + modules + ",").find(",landlock,") == std::string::npos) {
        out.fact = "it is not among the security modules of this kernel: " + modules;
        out.remedy = "boot with lsm=landlock," + modules +
                     " on the kernel's command line, or a kernel that is built with "
                     "CONFIG_SECURITY_LANDLOCK";
    } else {
        out.fact = facts.restrictions.filtered ? "it is not there, or a filter around " SBX_NAME
                                                 " closes it"
                                               : "it is not there";
        out.remedy =
            "boot Linux 6.12 or later, built with CONFIG_SECURITY_LANDLOCK, and with "
            "landlock in the list after lsm= on its command line";
    }
    return out;
}

Finding overlay(const MachineFacts& facts) {
    Finding out{.name = "overlay",
                .fact = "one was mounted in a user namespace",
                .purpose = "--overlay, --tmp-overlay and --ro-overlay"};
    if (facts.tries.worked(Try::overlay)) return out;
    out.state = State::missing;
    const auto error = facts.tries.error(Try::overlay);
    if (!error) {
        out.fact = "not tried, for it takes what sandboxes take";
        out.remedy = "first what is missing above";
        return out;
    }
    out.fact = "none can be mounted in a user namespace: " + error_text(*error);
    out.remedy = *error == ENODEV ? "as root, modprobe overlay, or boot a kernel that is built "
                                    "with CONFIG_OVERLAY_FS"
                                  : user_namespace_remedy(*error, facts.restrictions);
    return out;
}

Finding nested(const MachineFacts& facts) {
    Finding out{.name = "nested-sandboxes",
                .fact = "a user namespace was made within another",
                .purpose =
                    "sandboxes and containers inside (--allow-userns), and a limit in the "
                    "place of a filter (--disable-userns)"};
    if (facts.tries.worked(Try::nested_namespace)) return out;
    out.state = State::missing;
    const auto error = facts.tries.error(Try::nested_namespace);
    out.fact = error ? "no user namespace can be made within another: " + error_text(*error)
                     : "not tried, for it takes a user namespace";
    out.remedy = error ? user_namespace_remedy(*error, facts.restrictions)
                       : "first what is said of user-namespaces";
    return out;
}

// Where there is no other id than the caller's, nothing helps to map more.
bool lacks_ids(const MachineFacts& facts, Finding& out) {
    if (facts.ids > 1) return false;
    out.state = State::missing;
    out.fact =
        "the user namespace around " SBX_NAME " has one id, so there are no others to be mapped";
    out.remedy = "have more ids mapped in the container or sandbox around " SBX_NAME;
    return true;
}

Finding id_helpers(const MachineFacts& facts) {
    using Privilege = IdHelper::Privilege;
    Finding out{.name = "id-helpers",
                .purpose =
                    "more ids inside than the caller's (by callers that map them, as with "
                    "--userns-block-fd)"};
    if (lacks_ids(facts, out)) return out;
    if (facts.maps_any_id) {
        out.fact = "not needed: the caller may map ids by itself";
        return out;
    }
    const std::pair<const IdHelper*, std::string> both[] = {{&facts.newuidmap, "uid"},
                                                            {&facts.newgidmap, "gid"}};
    for (const auto& [helper, kind] : both) {
        switch (helper->privilege) {
            case Privilege::held:
                out.fact += (out.fact.empty() ? "" : " and ") + helper->path;
                continue;
            case Privilege::absent:
                out.state = State::missing;
                out.fact = "new" + kind + "map is not in PATH";
                out.remedy =
                    "as root, apt install uidmap (in other distributions it is in "
                    "shadow-utils or shadow)";
                return out;
            case Privilege::none:
                out.state = State::missing;
                out.fact = helper->path + " has no privileges";
                out.remedy =
                    "as root, setcap cap_set" + kind + "=ep " + shell_words({helper->path});
                return out;
            case Privilege::withheld:
                out.state = State::missing;
                out.fact = helper->path +
                           " cannot gain its privileges here (no_new_privs, or a "
                           "mount without suid)";
                out.remedy = "start " SBX_NAME
                             " outside of the sandbox or the service that takes them away "
                             "(NoNewPrivileges=no), or mount -o remount,suid what it is in";
                return out;
        }
    }
    return out;
}

// "100000-165535"
std::string free_range(const IdRanges& ranges) {
    return std::to_string(ranges.free) + "-" + std::to_string(ranges.free + usual_ids - 1);
}

Finding id_ranges(const MachineFacts& facts) {
    Finding out{.name = "id-ranges",
                .purpose = "more ids inside than the caller's, which newuidmap takes from there"};
    if (lacks_ids(facts, out)) return out;
    if (facts.maps_any_id) {
        out.fact = "not needed: the caller may map ids by itself";
        return out;
    }
    out.fact = std::to_string(facts.subuid.count) + " user ids in /etc/subuid, " +
               std::to_string(facts.subgid.count) + " group ids in /etc/subgid";
    const std::uint64_t least = std::min(facts.subuid.count, facts.subgid.count);
    if (least >= usual_ids) return out;
    out.state = least == 0 ? State::missing : State::limited;
    out.remedy = "as root, ";
    if (facts.user.empty()) {
        const std::string id = std::to_string(facts.uid);
        out.remedy += "echo " + id + ":" + std::to_string(facts.subuid.free) + ":" +
                      std::to_string(usual_ids) + " >>/etc/subuid && echo " + id + ":" +
                      std::to_string(facts.subgid.free) + ":" + std::to_string(usual_ids) +
                      " >>/etc/subgid";
        return out;
    }
    out.remedy += "usermod";
    if (facts.subuid.count < usual_ids) out.remedy += " --add-subuids " + free_range(facts.subuid);
    if (facts.subgid.count < usual_ids) out.remedy += " --add-subgids " + free_range(facts.subgid);
    out.remedy += " " + shell_words({facts.user});
    return out;
}

bool has_word(const std::string& words, const std::string& word) {
    return (" " + words + " ").find(" " + word + " ") != std::string::npos;
}

Finding cgroups(const MachineFacts& facts) {
    const Cgroup& cgroup = facts.cgroup;
    Finding out{.name = "cgroups",
                .state = State::missing,
                .purpose =
                    "limits on the memory, the processors and the processes of a sandbox, by "
                    "whoever starts it in a cgroup of its own"};
    const std::string place = quote(cgroup.path);
    if (cgroup.kind == Cgroup::Kind::hybrid) {
        out.fact = "those of version 2 are at " + place +
                   ", and version 1 has the controllers of memory, processors and processes";
        out.remedy = std::string("boot with ") +
                     (cgroup.systemd ? "systemd.unified_cgroup_hierarchy=1" : "cgroup_no_v1=all") +
                     " on the kernel's command line";
        return out;
    }
    if (cgroup.kind == Cgroup::Kind::none) {
        out.fact = "there are none of version 2 at /sys/fs/cgroup";
        out.remedy =
            "as root, mount -t cgroup2 cgroup2 /sys/fs/cgroup, or bind the host's there "
            "(--ro-bind /sys/fs/cgroup /sys/fs/cgroup)";
        return out;
    }
    switch (cgroup.access) {
        case Cgroup::Access::read_only:
            out.fact = place + " is mounted read-only";
            out.remedy =
                "run the container with its cgroups writable (--security-opt "
                "unmask=/sys/fs/cgroup, or --volume /sys/fs/cgroup:/sys/fs/cgroup:rw)";
            return out;
        case Cgroup::Access::none:
            out.fact = place + " belongs to others";
            out.remedy =
                cgroup.systemd
                    ? "systemd-run --user --scope -p Delegate=yes " SBX_NAME " COMMAND"
                    : "as root, mkdir /sys/fs/cgroup/sbx && chown -R " + std::to_string(facts.uid) +
                          " /sys/fs/cgroup/sbx && echo PID >/sys/fs/cgroup/sbx/cgroup.procs"
                          " for the shell that starts " SBX_NAME;
            return out;
        case Cgroup::Access::full: break;
    }
    out.fact =
        place + " may be written to, with " +
        (cgroup.controllers.empty() ? "no controllers" : "the controllers " + cgroup.controllers);
    std::string lacking;
    for (const char* name : {"cpu", "memory", "pids"}) {
        if (has_word(cgroup.controllers, name)) continue;
        lacking += std::string(lacking.empty() ? "" : " ") + "+" + name;
    }
    out.state = lacking.empty() ? State::good : State::limited;
    if (!lacking.empty()) {
        out.remedy =
            "as root, echo \"" + lacking +
            "\" to the cgroup.subtree_control of each directory above it" +
            (cgroup.systemd ? ", or systemd-run --user --scope -p Delegate=yes " SBX_NAME " COMMAND"
                            : "");
    }
    return out;
}

Finding watches(const MachineFacts& facts) {
    Finding out{.name = "inotify",
                .purpose =
                    "--mask and --protect, which watch what they guard, one instance for "
                    "each sandbox"};
    out.fact = "one file was watched; a user may have " + facts.watch_instances +
               " instances, and watch " + facts.watches + " files";
    const auto error = facts.tries.error(Try::watch);
    if (!error) return out;
    out.state = State::missing;
    out.fact = "nothing can be watched: " + error_text(*error);
    const std::string sysctl =
        *error == ENOSPC ? "fs.inotify.max_user_watches" : "fs.inotify.max_user_instances";
    const std::string& value = *error == ENOSPC ? facts.watches : facts.watch_instances;
    out.remedy = *error != ENOSPC && *error != EMFILE
                     ? "let the filter around " SBX_NAME
                       " allow inotify_init1 and inotify_add_watch"
                     : sysctl + " is " + value + ": as root, sysctl -w " + sysctl +
                           (*error == ENOSPC ? "=524288" : "=1024");
    return out;
}

}  // namespace

void add_optional(const MachineFacts& facts, std::vector<Finding>& out) {
    out.push_back(time_namespaces(facts));
    out.push_back(landlock_of(facts));
    out.push_back(overlay(facts));
    out.push_back(nested(facts));
    out.push_back(id_helpers(facts));
    out.push_back(id_ranges(facts));
    out.push_back(cgroups(facts));
    out.push_back(watches(facts));
}

}  // namespace sbx::findings
