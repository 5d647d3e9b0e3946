// SPDX-License-Identifier: Apache-2.0
// What every sandbox needs.
#include "base/devices.hpp"
#include "base/kernel.hpp"
#include "base/program_name.hpp"
#include "base/text.hpp"
#include "doctor/findings.hpp"

#include <algorithm>
#include <cerrno>
#include <tuple>

namespace sbx::findings {
namespace {

constexpr const char* boot_newer = "boot Linux 5.12 or later";
constexpr const char* first_user_namespaces = "first what is said of user-namespaces";
constexpr const char* first_namespaces = "first what is said of the namespaces above";

Finding kernel(const MachineFacts& facts) {
    Finding out{.name = "kernel",
                .fact = "Linux " + facts.release,
                .purpose =
                    "the mount calls that sandboxes are built with, which are complete "
                    "since Linux 5.12",
                .required = true};
    if (kernel_version(facts.release) < kernel_floor) {
        out.state = Finding::State::missing;
        out.remedy = boot_newer;
    }
    return out;
}

Finding procfs(const MachineFacts& facts) {
    Finding out{.name = "procfs",
                .fact = "/proc is mounted",
                .purpose = "mapping ids, and what else is asked of the kernel",
                .required = true};
    if (!facts.has_proc) {
        out.state = Finding::State::missing;
        std::tie(out.fact, out.remedy) = split_sentence(no_proc());
    }
    return out;
}

Finding user_namespaces(const MachineFacts& facts) {
    Finding out{.name = "user-namespaces",
                .fact = "one was made, and ids were mapped in it",
                .purpose = "building sandboxes without privileges",
                .required = true};
    if (facts.tries.worked(Try::map_ids)) return out;
    out.state = Finding::State::missing;
    const auto made = facts.tries.error(Try::user_namespace);
    const auto mapped = facts.tries.error(Try::map_ids);
    if (made) {
        out.fact = "none can be made: " + error_text(*made);
        out.remedy = new_user_namespace_remedy(*made, facts.restrictions);
    } else if (mapped) {
        out.fact = "one can be made, but ids cannot be mapped in it: " + error_text(*mapped);
        out.remedy = user_namespace_remedy(*mapped, facts.restrictions);
    } else {
        out.fact = "one was made, but ids are mapped through /proc";
        out.remedy = split_sentence(no_proc()).second;
    }
    return out;
}

// One kind of namespace besides the user namespace.
struct Kind {
    const char* name;    // of the finding
    const char* sysctl;  // "net": user.max_net_namespaces
    const char* share;   // the option that does without; empty: none
    const char* config;  // what the kernel is built with
    const char* purpose;
    Try tried;
};

Finding of_kind(const MachineFacts& facts, const Kind& kind) {
    Finding out{.name = kind.name,
                .fact = "one was made",
                .purpose = kind.purpose,
                .required = kind.tried != Try::time_namespace};
    if (facts.tries.worked(kind.tried)) return out;
    out.state = Finding::State::missing;
    const auto error = facts.tries.error(kind.tried);
    if (!error) {
        out.fact = "not tried, for it takes a user namespace";
        out.remedy = first_user_namespaces;
        return out;
    }
    out.fact = "none can be made: " + error_text(*error);
    const std::string sysctl = "user.max_" + std::string(kind.sysctl) + "_namespaces";
    const bool is_off =
        std::find(facts.limits.begin(), facts.limits.end(),
                  std::pair<std::string, std::string>(kind.sysctl, "0")) != facts.limits.end();
    if (*error == ENOSPC && is_off) {
        out.remedy = sysctl + " is 0: as root, sysctl -w " + sysctl + "=15000";
    } else if (*error == EINVAL) {
        out.remedy = std::string("boot a kernel that is built with CONFIG_") + kind.config;
    } else {
        out.remedy = user_namespace_remedy(*error, facts.restrictions);
    }
    if (kind.share[0] != '\0') out.remedy += std::string("; or do without, by ") + kind.share;
    return out;
}

Finding mount_calls(const MachineFacts& facts) {
    Finding out{.name = "mount-calls",
                .fact = "mounts were made, cloned, changed and attached, and the root was changed",
                .purpose = "assembling what the command sees",
                .required = true};
    const std::pair<Try, const char*> tries[] = {{Try::change_mounts, "mount_setattr"},
                                                 {Try::clone_mounts, "open_tree"},
                                                 {Try::new_tmpfs, "fsopen of a tmpfs"},
                                                 {Try::attach_mount, "move_mount"},
                                                 {Try::pivot_root, "pivot_root"}};
    for (const auto& [tried, name] : tries) {
        if (facts.tries.worked(tried)) continue;
        out.state = Finding::State::missing;
        const auto error = facts.tries.error(tried);
        out.fact = error ? std::string(name) + " failed: " + error_text(*error)
                         : "not tried, for it takes a user and a mount namespace";
        out.remedy = !error ? first_namespaces
                     : *error == ENOSYS && !facts.restrictions.filtered
                         ? boot_newer
                         : user_namespace_remedy(*error, facts.restrictions);
        return out;
    }
    return out;
}

Finding system_calls(const MachineFacts& facts) {
    Finding out{.name = "system-calls",
                .fact = "none that set-up makes is refused; each was tried by itself",
                .purpose = "set-up; old kernels and filters around " SBX_NAME " refuse some",
                .required = true};
    if (!facts.refused_calls) {
        out.state = Finding::State::missing;
        out.fact = "not tried: no child was made";
        out.remedy = first_namespaces;
        return out;
    }
    const auto& refused = *facts.refused_calls;
    if (refused.empty()) return out;
    const auto is_any = [&](SetupCall::Need need) {
        return std::any_of(refused.begin(), refused.end(), [need](const RefusedCall& one) {
            return setup_calls[one.call].need == need;
        });
    };
    const bool needed = is_any(SetupCall::Need::always);
    if (!needed && !is_any(SetupCall::Need::optional)) {
        out.fact =
            "none that set-up needs is refused; " SBX_NAME " does without " + names_of(refused);
        return out;
    }
    out.state = needed ? Finding::State::missing : Finding::State::limited;
    std::tie(out.fact, out.remedy) = split_sentence(
        explain_refused_calls(refused, {facts.release, facts.restrictions.filtered}));
    if (!needed) out.fact += "; " SBX_NAME " does without";
    return out;
}

Finding new_proc(const MachineFacts& facts) {
    Finding out{.name = "new-proc",
                .fact = "one was mounted",
                .purpose = "a /proc that shows the sandbox's processes and no others",
                .required = true};
    if (facts.tries.worked(Try::new_proc)) return out;
    out.state = Finding::State::missing;
    const auto error = facts.tries.error(Try::new_proc);
    if (!error) {
        out.fact = "not tried, for it takes a user, a mount and a pid namespace";
        out.remedy = first_namespaces;
        return out;
    }
    out.fact = "none can be mounted: " + error_text(*error);
    if (!facts.covers.empty()) {
        constexpr std::size_t most = 4;
        out.fact += "; something is mounted upon ";
        for (std::size_t i = 0; i < std::min(most, facts.covers.size()); ++i) {
            out.fact += (i == 0 ? "" : ", ") + quote(facts.covers[i]);
        }
        if (facts.covers.size() > most) {
            out.fact += " and " + std::to_string(facts.covers.size() - most) + " more";
        }
    }
    // As the main job's own message has it.
    out.remedy =
        *error == EPERM ? proc_remedy() : user_namespace_remedy(*error, facts.restrictions);
    return out;
}

Finding filters(const MachineFacts& facts) {
    Finding out{.name = "seccomp-filters",
                .fact = "one was loaded",
                .purpose = "refusing system calls (--seccomp-policy, which is given unasked)",
                .required = true};
    if (facts.tries.worked(Try::filter)) return out;
    out.state = Finding::State::missing;
    const auto error = facts.tries.error(Try::filter);
    out.fact = error ? "none can be loaded: " + error_text(*error) : "not tried: no child was made";
    out.remedy = error && *error != EINVAL && *error != ENOSYS
                     ? user_namespace_remedy(*error, facts.restrictions)
                     : "boot a kernel that is built with CONFIG_SECCOMP_FILTER, and let no filter "
                       "around " SBX_NAME
                       " refuse seccomp; or do without, by --seccomp-policy none";
    return out;
}

Finding devices(const MachineFacts& facts) {
    Finding out{.name = "devices",
                .fact = "all that a sandbox's /dev shows are real",
                .purpose = "/dev inside, which shows those of the machine",
                .required = true};
    std::string names;
    for (const DeviceNode& node : device_nodes) {
        const auto& real = facts.real_devices;
        if (std::find(real.begin(), real.end(), node.name) != real.end()) continue;
        const std::string path = std::string("/dev/") + node.name;
        names += (names.empty() ? "" : ", ") + path;
        out.remedy += (out.remedy.empty() ? "as root, " : " && ") + ("rm -f " + path) +
                      " && mknod -m 0666 " + path + " c " + std::to_string(node.major_number) +
                      " " + std::to_string(node.minor_number);
    }
    if (names.empty()) return out;
    out.state = Finding::State::missing;
    out.remedy += "; or do without, by --bare";
    out.fact = "not there, or something else: " + names;
    return out;
}

Finding main_job(const MachineFacts& facts, bool parts_work) {
    Finding out{.name = "sandbox",
                .fact = SBX_NAME " --ro-bind /usr /usr true did its work",
                .purpose = "seeing that all of this works together",
                .required = true};
    switch (facts.main_job.end) {
        case MainJob::End::ran: break;
        case MainJob::End::built:
            out.fact = "one was built, and its command could not be run: " + facts.main_job.error;
            break;
        case MainJob::End::failed:
            out.state = Finding::State::missing;
            std::tie(out.fact, out.remedy) = split_sentence(facts.main_job.error);
            if (!parts_work) {
                out.remedy = "first what is missing above";
            } else if (out.remedy.empty()) {
                out.remedy = SBX_NAME " --dry-run --ro-bind /usr /usr true shows what it comes to";
            }
            break;
    }
    return out;
}

}  // namespace

Finding time_namespaces(const MachineFacts& facts) {
    return of_kind(facts, {"time-namespaces", "time", "", "TIME_NS",
                           "clocks of the sandbox's own (--unshare-time)", Try::time_namespace});
}

void add_required(const MachineFacts& facts, std::vector<Finding>& out) {
    out.push_back(kernel(facts));
    out.push_back(procfs(facts));
    out.push_back(user_namespaces(facts));
    out.push_back(of_kind(facts, {"mount-namespaces", "mnt", "", "NAMESPACES",
                                  "a root of the sandbox's own", Try::mount_namespace}));
    out.push_back(of_kind(
        facts, {"pid-namespaces", "pid", "--share-pid", "PID_NS",
                "hiding other processes, and ending all inside at once", Try::pid_namespace}));
    out.push_back(of_kind(
        facts, {"ipc-namespaces", "ipc", "--share-ipc", "IPC_NS",
                "shared memory and message queues of the sandbox's own", Try::ipc_namespace}));
    out.push_back(of_kind(facts, {"uts-namespaces", "uts", "--share-uts", "UTS_NS",
                                  "a host name of the sandbox's own", Try::uts_namespace}));
    out.push_back(of_kind(facts, {"network-namespaces", "net", "--share-net", "NET_NS",
                                  "a network with nothing but loopback", Try::network_namespace}));
    out.push_back(of_kind(facts, {"cgroup-namespaces", "cgroup", "--share-cgroup", "CGROUPS",
                                  "hiding the cgroups outside", Try::cgroup_namespace}));
    out.push_back(system_calls(facts));
    out.push_back(mount_calls(facts));
    out.push_back(new_proc(facts));
    out.push_back(filters(facts));
    out.push_back(devices(facts));
    const bool parts_work = can_run(out);
    if (facts.main_job.end == MainJob::End::ran) {
        // What was tried by itself is a guess at what a sandbox needs.
        for (Finding& finding : out) {
            if (finding.state != Finding::State::missing) continue;
            finding.state = Finding::State::limited;
            finding.fact += "; a sandbox worked all the same";
        }
    }
    out.push_back(main_job(facts, parts_work));
}

}  // namespace sbx::findings

namespace sbx {

std::vector<Finding> findings_of(const MachineFacts& facts) {
    std::vector<Finding> out;
    findings::add_required(facts, out);
    findings::add_optional(facts, out);
    findings::add_restrictions(facts, out);
    return out;
}

}  // namespace sbx
