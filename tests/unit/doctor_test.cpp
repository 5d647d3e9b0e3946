// SPDX-License-Identifier: Apache-2.0
// From what was seen of a machine to findings: which is missing, why, and what to do.
#include "doctor/findings.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <functional>
#include <set>

using namespace sbx;

namespace {

using State = Finding::State;

// A machine where everything can be had.
MachineFacts good_facts() {
    MachineFacts out;
    out.release = "6.12.1-distribution";
    out.uid = 1000;
    out.user = "somebody";
    out.has_proc = true;
    for (std::size_t i = 0; i < try_count; ++i) out.tries.set(static_cast<Try>(i), 0);
    out.refused_calls.emplace();
    out.main_job.end = MainJob::End::ran;
    out.limits = {{"user", "15000"}, {"net", "15000"}};
    out.landlock_abi = 6;
    out.security_modules = "capability,landlock,yama";
    out.real_devices = {"null", "zero", "full", "random", "urandom", "tty"};
    out.newuidmap = {IdHelper::Privilege::held, "/usr/bin/newuidmap"};
    out.newgidmap = {IdHelper::Privilege::held, "/usr/bin/newgidmap"};
    out.ids = 4294967295;
    out.subuid = {.count = 65536, .free = 165536};
    out.subgid = {.count = 65536, .free = 165536};
    out.cgroup = {Cgroup::Kind::unified, Cgroup::Access::full, "/sys/fs/cgroup/mine",
                  "cpu memory pids", true};
    out.watch_instances = "128";
    out.watches = "8192";
    return out;
}

using Change = std::function<void(MachineFacts&)>;

std::vector<Finding> findings_after(const Change& change) {
    MachineFacts facts = good_facts();
    change(facts);
    return findings_of(facts);
}

const Finding& named(const std::vector<Finding>& findings, const std::string& name) {
    for (const Finding& finding : findings) {
        if (finding.name == name) return finding;
    }
    throw std::runtime_error("no finding " + name);
}

// No user namespace, and so nothing of what is tried in one.
void refuse_user_namespaces(MachineFacts& facts, int error) {
    facts.tries = {};
    facts.tries.set(Try::user_namespace, error);
    facts.tries.set(Try::filter, 0);
    facts.tries.set(Try::watch, 0);
    facts.main_job = {MainJob::End::failed, "making a user namespace: no; do something"};
}

void check_well_made(const std::vector<Finding>& findings) {
    std::set<std::string> names;
    for (const Finding& finding : findings) {
        INFO(finding.name << ": " << finding.fact << " -> " << finding.remedy);
        CHECK(names.insert(finding.name).second);
        CHECK_FALSE(finding.fact.empty());
        CHECK_FALSE(finding.purpose.empty());
        CHECK(finding.remedy.empty() == (finding.state == State::good));
        for (const std::string* text : {&finding.fact, &finding.purpose, &finding.remedy}) {
            if (!text->empty()) CHECK(text->back() != '.');
        }
    }
}

std::size_t call_index(std::string_view name) {
    for (std::size_t i = 0; i < setup_calls.size(); ++i) {
        if (setup_calls[i].name == name) return i;
    }
    throw std::runtime_error("set-up makes no call " + std::string(name));
}

}  // namespace

TEST_CASE("system calls that are refused one by one") {
    const auto refuse = [](std::initializer_list<const char*> names, int error) {
        return findings_after([&](MachineFacts& facts) {
            facts.restrictions.filtered = true;
            facts.main_job = {MainJob::End::failed, "something; do something"};
            for (const char* name : names)
                facts.refused_calls->push_back({call_index(name), error});
        });
    };
    CHECK(named(findings_after([](MachineFacts&) {}), "system-calls").state == State::good);
    const auto one = refuse({"openat2", "keyctl"}, EPERM);
    check_well_made(one);
    CHECK(named(one, "system-calls").state == State::missing);
    CHECK(named(one, "system-calls").fact.find("openat2 (EPERM), keyctl (EPERM)") !=
          std::string::npos);
    CHECK(named(one, "system-calls").remedy.find("--security-opt seccomp=") != std::string::npos);
    const auto spare = refuse({"close_range", "clone3", "pidfd_open", "keyctl"}, ENOSYS);
    check_well_made(spare);
    CHECK(named(spare, "system-calls").state == State::limited);
    const auto closed = refuse({"keyctl", "pidfd_open"}, EPERM);
    check_well_made(closed);
    CHECK(named(closed, "system-calls").state == State::good);
    CHECK(named(closed, "system-calls").fact.find("keyctl (EPERM), pidfd_open (EPERM)") !=
          std::string::npos);
}

TEST_CASE("a machine where everything can be had") {
    const auto findings = findings_of(good_facts());
    check_well_made(findings);
    CHECK(can_run(findings));
    for (const Finding& finding : findings) {
        INFO(finding.name);
        CHECK(finding.state == State::good);
    }
    CHECK(named(findings, "kernel").fact == "Linux 6.12.1-distribution");
}

TEST_CASE("what is not known is not good") {
    const auto findings = findings_of({});
    check_well_made(findings);
    CHECK_FALSE(can_run(findings));
    for (const Finding& finding : findings) {
        INFO(finding.name);
        if (finding.required) CHECK(finding.state == State::missing);
    }
}

TEST_CASE("what fails is missing, and stops sandboxes only where all need it") {
    const std::vector<std::pair<Try, std::string>> needed = {
        {Try::map_ids, "user-namespaces"},
        {Try::mount_namespace, "mount-namespaces"},
        {Try::pid_namespace, "pid-namespaces"},
        {Try::ipc_namespace, "ipc-namespaces"},
        {Try::uts_namespace, "uts-namespaces"},
        {Try::network_namespace, "network-namespaces"},
        {Try::cgroup_namespace, "cgroup-namespaces"},
        {Try::change_mounts, "mount-calls"},
        {Try::clone_mounts, "mount-calls"},
        {Try::new_tmpfs, "mount-calls"},
        {Try::attach_mount, "mount-calls"},
        {Try::pivot_root, "mount-calls"},
        {Try::new_proc, "new-proc"},
        {Try::filter, "seccomp-filters"},
    };
    const std::vector<std::pair<Try, std::string>> optional = {
        {Try::time_namespace, "time-namespaces"},
        {Try::overlay, "overlay"},
        {Try::nested_namespace, "nested-sandboxes"},
        {Try::watch, "inotify"},
    };
    CHECK(needed.size() + optional.size() + 1 == try_count);  // and that of the user namespace
    for (const auto& list : {needed, optional}) {
        const bool stops = list == needed;
        for (const auto& [tried, name] : list) {
            for (const int error : {EPERM, EACCES, EINVAL, ENOSYS, ENOSPC, EAGAIN, ENODEV}) {
                const auto findings = findings_after([&, tried = tried](MachineFacts& facts) {
                    facts.tries.set(tried, error);
                    if (stops) facts.main_job = {MainJob::End::failed, "it: no"};
                });
                INFO(name << " by " << error);
                check_well_made(findings);
                CHECK(named(findings, name).state == State::missing);
                CHECK(named(findings, name).required == stops);
                CHECK(can_run(findings) == !stops);
            }
        }
    }
}

TEST_CASE("without a user namespace nothing else is tried, and one remedy is said") {
    const auto findings =
        findings_after([](MachineFacts& facts) { refuse_user_namespaces(facts, EPERM); });
    check_well_made(findings);
    CHECK_FALSE(can_run(findings));
    CHECK(named(findings, "user-namespaces").fact == "none can be made: operation not permitted");
    CHECK(named(findings, "pid-namespaces").fact == "not tried, for it takes a user namespace");
    CHECK(named(findings, "sandbox").fact == "making a user namespace: no");
    CHECK(named(findings, "sandbox").remedy == "first what is missing above");
    CHECK(named(findings, "seccomp-filters").state == State::good);
}

TEST_CASE("what is refused by itself stops nothing where a whole sandbox works") {
    const auto findings = findings_after([](MachineFacts& facts) {
        facts.has_proc = false;
        facts.tries.set(Try::filter, EPERM);
        facts.tries.set(Try::overlay, EPERM);
    });
    check_well_made(findings);
    CHECK(can_run(findings));
    CHECK(named(findings, "procfs").state == State::limited);
    CHECK(named(findings, "seccomp-filters").state == State::limited);
    CHECK(named(findings, "seccomp-filters").fact ==
          "none can be loaded: operation not permitted; a sandbox worked all the same");
    CHECK(named(findings, "overlay").state == State::missing);
    CHECK(named(findings, "sandbox").state == State::good);
}

TEST_CASE("a whole sandbox counts even where its parts work") {
    const auto failed = findings_after([](MachineFacts& facts) {
        facts.main_job = {MainJob::End::failed, "something else: no; do something"};
    });
    CHECK_FALSE(can_run(failed));
    CHECK(named(failed, "sandbox").fact == "something else: no");
    CHECK(named(failed, "sandbox").remedy == "do something");
    const auto built = findings_after([](MachineFacts& facts) {
        facts.main_job = {MainJob::End::built, "\"true\" is not there"};
    });
    check_well_made(built);
    CHECK(can_run(built));
    const auto speechless = findings_after([](MachineFacts& facts) {
        facts.main_job = {MainJob::End::failed, "true ended with status 3"};
    });
    check_well_made(speechless);
}

namespace {

struct Cause {
    const char* finding;
    State state;
    Change change;
    const char* fact;
    const char* remedy;
};

Change refused_with(int error, const std::function<void(Restrictions&)>& restrict) {
    return [error, restrict](MachineFacts& facts) {
        refuse_user_namespaces(facts, error);
        restrict(facts.restrictions);
    };
}

void check_causes(const std::vector<Cause>& causes) {
    for (const Cause& cause : causes) {
        const auto findings = findings_after([&](MachineFacts& facts) {
            cause.change(facts);
            // What is needed and missing leaves no sandbox that works.
            const bool ran = facts.main_job.end == MainJob::End::ran;
            if (ran && cause.state == State::missing) {
                facts.main_job = {MainJob::End::failed, "it: no"};
            }
        });
        const Finding& finding = named(findings, cause.finding);
        INFO(cause.finding << ": " << finding.fact << " -> " << finding.remedy);
        check_well_made(findings);
        CHECK(finding.state == cause.state);
        CHECK(finding.fact.find(cause.fact) != std::string::npos);
        CHECK(finding.remedy.find(cause.remedy) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("why there are no user namespaces") {
    check_causes({
        {"user-namespaces", State::missing,
         refused_with(ENOSPC, [](Restrictions& r) { r.userns_off = true; }), "no space left",
         "sysctl -w user.max_user_namespaces=15000"},
        {"unprivileged-userns", State::limited,
         [](MachineFacts& facts) {
             refuse_user_namespaces(facts, EPERM);
             facts.restrictions.unprivileged_off = true;
             facts.unprivileged_clone = "0";
         },
         "kernel.unprivileged_userns_clone is 0", "sysctl -w kernel.unprivileged_userns_clone=1"},
        {"apparmor", State::limited,
         [](MachineFacts& facts) {
             facts.tries.set(Try::change_mounts, EACCES);  // where Ubuntu's profile refuses
             facts.has_apparmor = true;
             facts.apparmor_switch = "1";
             facts.restrictions.apparmor_restricts = true;
         },
         "kernel.apparmor_restrict_unprivileged_userns is 1",
         "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
        {"apparmor", State::limited,
         [](MachineFacts& facts) {
             facts.tries.set(Try::change_mounts, EACCES);
             facts.restrictions.apparmor_restricts = true;
         },
         "it is not there", "as root, " SBX_APPARMOR_LOAD ", "},
        {"apparmor", State::limited,
         [](MachineFacts& facts) {
             facts.tries.set(Try::change_mounts, EACCES);
             facts.has_apparmor = true;
             facts.restrictions.apparmor_profile = "docker-default";
         },
         "sbx is confined by \"docker-default\"", "--security-opt apparmor=unconfined"},
        {"selinux", State::limited,
         [](MachineFacts& facts) {
             refuse_user_namespaces(facts, EACCES);
             facts.selinux = "enforcing";
             facts.restrictions.selinux_context = "system_u:system_r:container_t:s0";
         },
         "it is enforcing, and sbx is \"system_u:system_r:container_t:s0\"", "ausearch -m AVC"},
        {"seccomp-around", State::limited,
         refused_with(ENOSYS, [](Restrictions& r) { r.filtered = true; }), "a filter is around sbx",
         "--allow-userns"},
        {"chroot", State::limited, refused_with(EPERM, [](Restrictions& r) { r.chrooted = true; }),
         "sbx runs in one", "use pivot_root"},
        {"user-namespaces", State::missing,
         [](MachineFacts& facts) {
             facts.tries.set(Try::map_ids, EPERM);
             facts.restrictions.root_without_setfcap = true;
         },
         "ids cannot be mapped in it: operation not permitted", "--uid 1000 --gid 1000"},
        {"user-namespaces", State::missing, refused_with(EAGAIN, [](Restrictions&) {}), "",
         "ulimit -u"},
        {"user-namespaces", State::missing, refused_with(ENOSPC, [](Restrictions&) {}), "",
         "--disable-userns"},
        {"user-namespaces", State::missing, refused_with(EINVAL, [](Restrictions&) {}), "",
         "CONFIG_USER_NS"},
    });
}

TEST_CASE("restrictions that let everything through are good") {
    const auto findings = findings_after([](MachineFacts& facts) {
        facts.has_apparmor = true;
        facts.apparmor_switch = "1";
        facts.selinux = "enforcing";
        facts.restrictions.apparmor_restricts = true;
        facts.restrictions.apparmor_profile = "sbx";
        facts.restrictions.selinux_context = "unconfined_t";
        facts.restrictions.filtered = true;
        facts.restrictions.chrooted = true;
        facts.filter_count = "3";
    });
    check_well_made(findings);
    for (const char* name : {"apparmor", "selinux", "seccomp-around", "chroot"}) {
        INFO(name);
        CHECK(named(findings, name).state == State::good);
    }
    CHECK(named(findings, "seccomp-around").fact ==
          "3 filters are around sbx, and let through what sandboxes need");
}

TEST_CASE("why a part of a sandbox cannot be had") {
    check_causes({
        {"kernel", State::missing,
         [](MachineFacts& facts) { facts.release = "5.11.9-distribution"; }, "Linux 5.11",
         "boot Linux 5.12 or later"},
        {"procfs", State::missing, [](MachineFacts& facts) { facts.has_proc = false; },
         "/proc is not mounted here", "mount proc on /proc"},
        {"network-namespaces", State::missing,
         [](MachineFacts& facts) {
             facts.tries.set(Try::network_namespace, ENOSPC);
             facts.limits = {{"user", "0"}, {"net", "0"}};
         },
         "no space left", "sysctl -w user.max_net_namespaces=15000; or do without, by --share-net"},
        {"namespace-limits", State::limited,
         [](MachineFacts& facts) {
             facts.limits = {{"user", "1"}, {"net", "0"}, {"time", "0"}};
         },
         "user 1, net 0, time 0",
         "sysctl -w user.max_net_namespaces=15000 user.max_time_namespaces=15000"},
        {"time-namespaces", State::missing,
         [](MachineFacts& facts) { facts.tries.set(Try::time_namespace, EINVAL); }, "invalid",
         "CONFIG_TIME_NS"},
        {"mount-calls", State::missing,
         [](MachineFacts& facts) { facts.tries.set(Try::clone_mounts, ENOSYS); },
         "open_tree failed: function not implemented", "boot Linux 5.12"},
        {"mount-calls", State::missing,
         [](MachineFacts& facts) {
             facts.tries.set(Try::clone_mounts, ENOSYS);
             facts.restrictions.filtered = true;
         },
         "open_tree failed", "a seccomp filter is around sbx"},
        {"new-proc", State::missing,
         [](MachineFacts& facts) {
             facts.tries.set(Try::new_proc, EPERM);
             facts.covers = {"/proc/acpi", "/proc/b\nc", "/proc/d", "/proc/e", "/proc/f"};
         },
         R"(upon "/proc/acpi", "/proc/b\nc", "/proc/d", "/proc/e" and 1 more)",
         "--ro-bind /proc /proc"},
        {"overlay", State::missing,
         [](MachineFacts& facts) { facts.tries.set(Try::overlay, ENODEV); }, "no such device",
         "modprobe overlay"},
        {"devices", State::missing,
         [](MachineFacts& facts) {
             facts.real_devices = {"null", "zero", "random", "urandom"};
         },
         "/dev/full, /dev/tty",
         "mknod -m 0666 /dev/full c 1 7 && rm -f /dev/tty && mknod -m 0666 /dev/tty c 5 0"},
        {"inotify", State::missing,
         [](MachineFacts& facts) { facts.tries.set(Try::watch, EMFILE); }, "too many open files",
         "fs.inotify.max_user_instances is 128: as root, "
         "sysctl -w fs.inotify.max_user_instances=1024"},
        {"inotify", State::missing,
         [](MachineFacts& facts) { facts.tries.set(Try::watch, ENOSPC); }, "",
         "fs.inotify.max_user_watches is 8192"},
    });
}

TEST_CASE("what Landlock gives depends on its version") {
    const auto with = [](std::optional<unsigned> abi, const std::string& modules) {
        return named(findings_after([&](MachineFacts& facts) {
                         facts.landlock_abi = abi;
                         facts.security_modules = modules;
                     }),
                     "landlock");
    };
    CHECK(with(7, "").state == State::good);
    CHECK(with(6, "").state == State::good);
    CHECK(with(5, "").state == State::limited);
    CHECK(with(2, "").fact.find("signals and abstract sockets are left") != std::string::npos);
    CHECK(with(1, "").fact.find("nothing is used") != std::string::npos);
    CHECK(with(1, "").remedy.find("5.19") != std::string::npos);
    CHECK(with(0, "").state == State::missing);
    CHECK(with(0, "capability,yama").remedy.find("lsm=landlock,capability,yama") !=
          std::string::npos);
    CHECK(with(0, "capability,landlock").remedy.find("6.12") != std::string::npos);
    CHECK(with(std::nullopt, "").remedy.find("landlock_create_ruleset") != std::string::npos);
}

TEST_CASE("why no more ids can be mapped") {
    using Privilege = IdHelper::Privilege;
    check_causes({
        {"id-helpers", State::missing, [](MachineFacts& facts) { facts.newgidmap = {}; },
         "newgidmap is not in PATH", "apt install uidmap"},
        {"id-helpers", State::missing,
         [](MachineFacts& facts) { facts.newgidmap.privilege = Privilege::none; },
         "/usr/bin/newgidmap has no privileges", "setcap cap_setgid=ep /usr/bin/newgidmap"},
        {"id-helpers", State::missing,
         [](MachineFacts& facts) { facts.newuidmap.privilege = Privilege::withheld; },
         "no_new_privs", "NoNewPrivileges=no"},
        {"id-helpers", State::missing, [](MachineFacts& facts) { facts.ids = 1; }, "has one id",
         "more ids mapped"},
        {"id-helpers", State::good,
         [](MachineFacts& facts) {
             facts.newuidmap = {};
             facts.maps_any_id = true;
         },
         "not needed", ""},
        {"id-ranges", State::missing, [](MachineFacts& facts) { facts.subuid.count = 0; },
         "0 user ids in /etc/subuid, 65536 group ids",
         "usermod --add-subuids 165536-231071 somebody"},
        {"id-ranges", State::missing,
         [](MachineFacts& facts) {
             facts.subuid = {.count = 0, .free = 100000};
             facts.subgid = {.count = 0, .free = 200000};
         },
         "", "usermod --add-subuids 100000-165535 --add-subgids 200000-265535 somebody"},
        {"id-ranges", State::limited, [](MachineFacts& facts) { facts.subgid.count = 10; },
         "10 group ids", "--add-subgids"},
        {"id-ranges", State::missing,
         [](MachineFacts& facts) {
             facts.user.clear();
             facts.subuid.count = 0;
         },
         "", "echo 1000:165536:65536 >>/etc/subuid"},
        {"id-ranges", State::missing, [](MachineFacts& facts) { facts.ids = 1; }, "has one id", ""},
        {"id-ranges", State::good,
         [](MachineFacts& facts) {
             facts.subuid.count = 0;
             facts.maps_any_id = true;
         },
         "not needed", ""},
    });
}

TEST_CASE("what cgroups allow") {
    using Access = Cgroup::Access;
    using Kind = Cgroup::Kind;
    const auto set = [](Kind kind, Access access, std::string controllers, bool systemd) {
        return [=](MachineFacts& facts) {
            facts.cgroup = {kind, access, "/sys/fs/cgroup/mine", controllers, systemd};
        };
    };
    check_causes({
        {"cgroups", State::missing, set(Kind::none, Access::none, "", false), "none of version 2",
         "mount -t cgroup2"},
        {"cgroups", State::missing, set(Kind::hybrid, Access::full, "", true), "version 1",
         "systemd.unified_cgroup_hierarchy=1"},
        {"cgroups", State::missing, set(Kind::hybrid, Access::full, "", false), "version 1",
         "cgroup_no_v1=all"},
        {"cgroups", State::missing, set(Kind::unified, Access::none, "cpu memory pids", true),
         "belongs to others", "systemd-run --user --scope -p Delegate=yes sbx COMMAND"},
        {"cgroups", State::missing, set(Kind::unified, Access::none, "cpu memory pids", false),
         "belongs to others", "chown -R 1000 /sys/fs/cgroup/sbx"},
        {"cgroups", State::missing, set(Kind::unified, Access::read_only, "", false), "read-only",
         "unmask=/sys/fs/cgroup"},
        {"cgroups", State::limited, set(Kind::unified, Access::full, "memory pidsx", true),
         "with the controllers memory pidsx", "\"+cpu +pids\""},
    });
}
