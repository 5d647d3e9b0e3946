// SPDX-License-Identifier: Apache-2.0
// A machine that is the same everywhere: Debian 12 with a merged /usr, as user 1000 or as root. It
// must not look at the one that the tests run on.
#pragma once

#include "base/pattern.hpp"
#include "view/entries.hpp"

#include <sbx/host.hpp>
#include <sbx/spec.hpp>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sbx::test {

enum class Who { user, root };

/// One file for each path, or nearly so.
inline Found fake_found(const std::string& path) { return {"", 2049, 1000 + path.size()}; }

/// What is at a host path: a directory, unless its name says that it is missing, secret or a file.
inline Source fake_source(const std::string& path) {
    const auto says = [&](std::string_view word) { return path.find(word) != std::string::npos; };
    if (says("missing")) return {Source::Kind::none, "", ENOENT, {}};
    if (says("secret")) return {Source::Kind::none, "", EACCES, {}};
    // A link of the host, to see that the real path is what is opened.
    const bool relative = path.substr(0, 1) != "/";
    Source out;
    out.kind = says("file") ? Source::Kind::file : Source::Kind::directory;
    out.path = path == "/link" ? "/real" : relative ? "/home/user/" + path : path;
    out.found = fake_found(out.path);
    if (relative && path != "..") out.found->relative = path;
    return out;
}

inline std::vector<Source> fake_sources(const Spec& spec) {
    std::vector<Source> out;
    for (const Entry& entry : spec.entries) {
        if (const auto* bind = std::get_if<entry::Bind>(&entry)) {
            out.push_back(fake_source(bind->source));
        } else if (const auto* by_fd = std::get_if<entry::BindFd>(&entry)) {
            out.push_back(fake_source("/opened/" + std::to_string(by_fd->fd)));
        } else if (const auto* wayland = std::get_if<entry::Wayland>(&entry)) {
            out.push_back(fake_source(wayland->source));
            out.back().kind = Source::Kind::other;
            out.back().security_context = wayland->source.find("plain") == std::string::npos;
        } else if (const auto* overlay = std::get_if<entry::Overlay>(&entry)) {
            Source all;
            for (const std::string& path : overlay->sources) all.more.push_back(fake_source(path));
            if (overlay->changes == entry::Overlay::Changes::kept) {
                all.more.push_back(fake_source(overlay->upper));
                all.more.push_back(fake_source(overlay->work));
            }
            out.push_back(all);
        } else {
            out.emplace_back();
        }
    }
    return out;
}

/// A file and a directory match each pattern, but for what its name says that it is missing; where
/// it says "partial", not all was searched.
inline Source fake_matches(const Pattern& pattern) {
    const std::string name = pattern.parts.back();
    const auto says = [&](std::string_view word) { return name.find(word) != std::string::npos; };
    Source out;
    out.error = says("partial") ? EOVERFLOW : says("missing") ? ENOENT : 0;
    if (says("missing")) return out;
    for (const auto& [in, kind] : {std::pair{"/one/file-", Source::Kind::file},
                                   std::pair{"/two/", Source::Kind::directory}}) {
        Source match;
        match.kind = kind;
        match.path = pattern.directory + in + name;
        out.more.push_back(match);
    }
    return out;
}

/// As probe_host() does it for guards.
inline void add_guard_sources(const Spec& spec, std::vector<Source>& sources) {
    for (std::size_t i = 0; i < spec.entries.size(); ++i) {
        const auto* guard = std::get_if<entry::Guard>(&spec.entries[i]);
        if (guard == nullptr) continue;
        sources[i].error = ENOENT;
        if (const auto pattern = pattern_of(guard->destination)) {
            sources[i] = fake_matches(*pattern);
            continue;
        }
        for (const std::string& path :
             planning::Places(spec).shown_at(sources, guard->destination)) {
            sources[i] = fake_source(path);
        }
        if (guard->unless.empty()) continue;
        for (const std::string& path : planning::Places(spec).shown_at(sources, guard->unless)) {
            if (fake_source(path).error == 0) sources[i].error = EEXIST;
        }
    }
}

inline std::vector<std::string> fake_capability_names() {
    return {"cap_chown",
            "cap_dac_override",
            "cap_dac_read_search",
            "cap_fowner",
            "cap_fsetid",
            "cap_kill",
            "cap_setgid",
            "cap_setuid",
            "cap_setpcap",
            "cap_linux_immutable",
            "cap_net_bind_service",
            "cap_net_broadcast",
            "cap_net_admin",
            "cap_net_raw",
            "cap_ipc_lock",
            "cap_ipc_owner",
            "cap_sys_module",
            "cap_sys_rawio",
            "cap_sys_chroot",
            "cap_sys_ptrace",
            "cap_sys_pacct",
            "cap_sys_admin",
            "cap_sys_boot",
            "cap_sys_nice",
            "cap_sys_resource",
            "cap_sys_time",
            "cap_sys_tty_config",
            "cap_mknod",
            "cap_lease",
            "cap_audit_write",
            "cap_audit_control",
            "cap_setfcap",
            "cap_mac_override",
            "cap_mac_admin",
            "cap_syslog",
            "cap_wake_alarm",
            "cap_block_suspend",
            "cap_audit_read",
            "cap_perfmon",
            "cap_bpf",
            "cap_checkpoint_restore"};
}

inline Host fake_host(const Spec& spec, Who who = Who::user) {
    Host host;
    host.uid = who == Who::root ? 0 : 1000;
    host.gid = who == Who::root ? 0 : 1001;
    if (who == Who::root) host.held_capabilities = (std::uint64_t{1} << 41U) - 1;
    host.kernel = {6, 12};
    host.landlock_abi = 6;
    host.init_program = true;
    host.namespaces = Namespace::user | Namespace::cgroup;
    host.cwd = "/home/user";
    host.environment = {"HOME=/home/user", "PATH=/usr/local/bin:/usr/bin", "PWD=/home/user"};
    host.capability_names = fake_capability_names();
    host.usr_links = {
        {"/bin", "usr/bin"}, {"/lib", "usr/lib"}, {"/lib64", "usr/lib64"}, {"/sbin", "usr/sbin"}};
    if (planning::declares_usr(spec) && spec.given == GivenTree::standard) {
        for (const char* path : {"/etc/alternatives", "/etc/ld.so.cache"}) {
            host.usr_parts.push_back({path, fake_source(path)});
        }
        host.usr_parts.back().source.kind = Source::Kind::file;
    }
    host.proc_covers = {"bus", "irq", "sys", "sysrq-trigger"};
    host.autogroups = true;
    host.proc_root_files = {"kpageflags", "slabinfo", "tty/driver/"};
    host.memory = std::uint64_t{8} << 30U;
    host.core_target = CoreTarget::host;
    host.descriptors = {{0, false}, {1, false}, {2, false}, {5, false}, {6, true}};
    host.exposed.homes = {"/home/user"};
    for (const char* name : {"full", "null", "random", "tty", "urandom", "zero"}) {
        host.devices.push_back({name, fake_found(std::string("/dev/") + name)});
    }
    host.sources = fake_sources(spec);
    add_guard_sources(spec, host.sources);
    return host;
}

}  // namespace sbx::test
