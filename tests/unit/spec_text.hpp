// SPDX-License-Identifier: Apache-2.0
// A Spec as text, every field of it, to see whether two of them differ.
#pragma once

#include <sbx/spec.hpp>

#include <sstream>
#include <string>
#include <variant>

namespace sbx::test {

struct EntryText {
    std::ostringstream& out;

    void operator()(const entry::Bind& e) const {
        out << e.source << ' ' << e.destination << ' ' << static_cast<int>(e.access)
            << static_cast<int>(e.if_missing);
    }
    void operator()(const entry::Tmpfs& e) const {
        out << e.destination << ' ' << e.mode << ' ' << e.size.value_or(0);
    }
    void operator()(const entry::Directory& e) const { out << e.destination << ' ' << e.mode; }
    void operator()(const entry::Symlink& e) const { out << e.target << ' ' << e.destination; }
    void operator()(const entry::File& e) const {
        out << e.fd << ' ' << e.destination << ' ' << e.mode;
    }
    void operator()(const entry::Proc& e) const { out << e.destination; }
    void operator()(const entry::Dev& e) const { out << e.destination; }
    void operator()(const entry::RemountReadOnly& e) const { out << e.destination; }
    void operator()(const entry::BindFd& e) const {
        out << e.fd << ' ' << e.destination << ' ' << static_cast<int>(e.access);
    }
    void operator()(const entry::BindData& e) const {
        out << e.fd << ' ' << e.destination << ' ' << e.mode << ' ' << static_cast<int>(e.access);
    }
    void operator()(const entry::Overlay& e) const {
        out << static_cast<int>(e.changes);
        for (const std::string& source : e.sources) out << ' ' << source;
        out << " | " << e.upper << " | " << e.work << " | " << e.destination;
    }
    void operator()(const entry::Chmod& e) const { out << e.mode << ' ' << e.destination; }
    void operator()(const entry::Guard& e) const {
        out << static_cast<int>(e.kind) << static_cast<int>(e.if_missing) << ' ' << e.destination
            << ' ' << e.unless;
    }
    void operator()(const entry::Mqueue& e) const { out << e.destination; }
    void operator()(const entry::Wayland& e) const { out << e.source << ' ' << e.destination; }
};

inline std::string text_of(const Spec& spec) {
    // By count, so that a new field does not compile until it is written below.
    const auto& [wording, unshare, unshare_try, identity, uid, gid, hostname, userns_fd, userns2_fd,
                 pidns_fd, disable_userns, nested_userns, assert_userns_disabled, root_capabilities,
                 capabilities, root, given, host_writes, tmpfs_limits, root_files, entries,
                 entry_places, working_directory, git_watches, environment, directory, descriptors,
                 keep_fds, own_descriptors, filters, landlock, core_dumps, leftovers, signals,
                 console, terminal, die_with_parent, new_session, as_pid_1, lock_files, sync_fds,
                 block_fd, userns_block_fd, info_fd, json_status_fd, result_fd, warnings,
                 profile_directories, argv0, command] = spec;
    std::ostringstream out;
    const auto number = [&](const char* name, auto value) {
        out << name << ' ' << static_cast<int>(value) << '\n';
    };
    const auto optional = [&](const char* name, const auto& value) {
        if (value) out << name << " \"" << *value << "\"\n";
    };
    number("wording", wording);
    number("unshare", unshare.bits);
    number("unshare_try", unshare_try.bits);
    number("identity", identity);
    optional("uid", uid);
    optional("gid", gid);
    optional("hostname", hostname);
    optional("userns_fd", userns_fd);
    optional("userns2_fd", userns2_fd);
    optional("pidns_fd", pidns_fd);
    number("disable_userns", disable_userns);
    number("nested_userns", nested_userns);
    number("assert_userns_disabled", assert_userns_disabled);
    number("root_capabilities", root_capabilities);
    for (const CapabilityChange& change : capabilities) {
        number("capability", change.kind);
        optional("of", change.capability);
    }
    number("root", root);
    number("given", given);
    number("host_writes", host_writes);
    number("tmpfs_limits", tmpfs_limits);
    number("root_files", root_files);
    for (const Entry& entry : entries) {
        out << "entry " << entry.index() << ' ';
        std::visit(EntryText{out}, entry);
        out << '\n';
    }
    for (const std::string& place : entry_places) out << "place " << place << '\n';
    for (const GitWatch& watch : git_watches) number(watch.directory.c_str(), watch.mode);
    out << "working_directory " << working_directory << '\n';
    for (const EnvironmentChange& change : environment) {
        number("environment", change.kind);
        out << change.name << '=' << change.value << '\n';
    }
    optional("directory", directory);
    number("descriptors", descriptors);
    for (const int fd : keep_fds) number("keep", fd);
    number("own_descriptors", own_descriptors);
    for (const SeccompFilter& filter : filters) {
        out << "filter " << filter.name << ' ' << filter.program.size() << ' '
            << filter.denies_user_namespaces << filter.for_root << '\n';
    }
    number("landlock", landlock);
    number("core_dumps", core_dumps);
    number("leftovers", leftovers);
    number("signals", signals);
    number("console", console);
    number("terminal", terminal);
    number("die_with_parent", die_with_parent);
    number("new_session", new_session);
    number("as_pid_1", as_pid_1);
    for (const std::string& path : lock_files) out << "lock " << path << '\n';
    for (const int fd : sync_fds) number("sync", fd);
    optional("block_fd", block_fd);
    optional("userns_block_fd", userns_block_fd);
    optional("info_fd", info_fd);
    optional("json_status_fd", json_status_fd);
    optional("result_fd", result_fd);
    for (const WarningMode mode : warnings) number("warning", mode);
    for (const std::string& path : profile_directories) out << "profiles " << path << '\n';
    optional("argv0", argv0);
    for (const std::string& word : command) out << "word " << word << '\n';
    return out.str();
}

}  // namespace sbx::test
