// SPDX-License-Identifier: Apache-2.0
// What the machine says of itself, beside what is tried. Reads only.
#include <sbx/doctor.hpp>

#include "doctor/findings.hpp"
#include "doctor/places.hpp"
#include "doctor/tries.hpp"
#include "explain/refused_calls.hpp"
#include "probe/probe.hpp"
#include "system/machine.hpp"

#include <sbx/plan.hpp>
#include <sbx/policy.hpp>
#include <sbx/run.hpp>

#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace sbx {
namespace {

// `sbx --ro-bind /usr /usr true`
MainJob run_main_job() {
    const auto failed = [](const Error& error) {
        return MainJob{MainJob::End::failed, error.message};
    };
    Spec spec;
    spec.entries.emplace_back(entry::Bind{"/usr", "/usr", Access::read_only, IfMissing::skip});
    spec.command = {"true"};
    auto filter = builtin_policy("default");
    if (!filter) return failed(filter.error());
    spec.filters.push_back(std::move(*filter));
    const auto host = probe_host(spec);
    if (!host) return failed(host.error());
    const auto plan = make_plan(spec, *host);
    if (!plan) return failed(plan.error());
    const Outcome outcome = run(*plan);
    switch (outcome.end) {
        case Outcome::End::exited:
            if (outcome.code == 0) return {MainJob::End::ran, ""};
            return {MainJob::End::failed, "true ended with status " + std::to_string(outcome.code)};
        case Outcome::End::signalled:
            return {MainJob::End::failed, "true died of signal " + std::to_string(outcome.code)};
        case Outcome::End::not_executable:
        case Outcome::End::not_found: return {MainJob::End::built, outcome.error.message};
        case Outcome::End::refused:
        case Outcome::End::aborted: break;
    }
    return failed(outcome.error);
}

std::vector<std::pair<std::string, std::string>> namespace_limits() {
    std::vector<std::pair<std::string, std::string>> out;
    for (const char* kind : {"user", "mnt", "pid", "ipc", "uts", "net", "cgroup", "time"}) {
        std::string value =
            sys::first_word("/proc/sys/user/max_" + std::string(kind) + "_namespaces");
        if (!value.empty()) out.emplace_back(kind, std::move(value));
    }
    return out;
}

bool has_proc() {
    struct statfs status {};
    return ::statfs("/proc", &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

std::string selinux_mode() {
    const std::string enforce = sys::first_word("/sys/fs/selinux/enforce");
    if (enforce.empty()) return {};
    return enforce == "1" ? "enforcing" : "permissive";
}

}  // namespace

std::vector<Finding> examine_machine() {
    MachineFacts facts;
    utsname system{};
    if (::uname(&system) == 0) facts.release = system.release;
    facts.uid = ::geteuid();
    facts.user = sys::user_name(facts.uid);
    facts.has_proc = has_proc();
    facts.restrictions = sys::look_up_restrictions();
    facts.limits = namespace_limits();
    facts.unprivileged_clone = sys::first_word("/proc/sys/kernel/unprivileged_userns_clone");
    facts.apparmor_switch =
        sys::first_word("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    facts.has_apparmor = sys::first_word("/sys/module/apparmor/parameters/enabled") == "Y";
    facts.selinux = selinux_mode();
    facts.filter_count = sys::status_value("Seccomp_filters");
    facts.covers = sys::covers_of_proc();
    if (const auto abi = sys::landlock_abi()) facts.landlock_abi = *abi;
    facts.security_modules = sys::first_word("/sys/kernel/security/lsm");
    for (const HostDevice& device : sys::real_devices()) {
        facts.real_devices.push_back(device.name);
    }
    facts.newuidmap = sys::find_id_helper("newuidmap");
    facts.newgidmap = sys::find_id_helper("newgidmap");
    facts.ids = sys::ids_in(sys::text_of("/proc/self/uid_map"));
    facts.maps_any_id = sys::has_capability(CAP_SETUID) && sys::has_capability(CAP_SETGID);
    facts.subuid = sys::id_ranges_in(sys::text_of("/etc/subuid"), facts.user, facts.uid);
    facts.subgid = sys::id_ranges_in(sys::text_of("/etc/subgid"), facts.user, facts.uid);
    facts.cgroup = sys::own_cgroup();
    facts.watch_instances = sys::first_word("/proc/sys/fs/inotify/max_user_instances");
    facts.watches = sys::first_word("/proc/sys/fs/inotify/max_user_watches");
    facts.tries = sys::try_parts(facts.uid, ::getegid());
    facts.refused_calls = sys::find_refused_calls();
    facts.main_job = run_main_job();
    return findings_of(facts);
}

}  // namespace sbx
