// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "plan/planning.hpp"

#include <algorithm>
#include <set>

namespace sbx::planning {
namespace {

bool is_variable(const std::string& entry, std::string_view name) {
    return entry.size() > name.size() && entry[name.size()] == '=' &&
           std::string_view(entry).substr(0, name.size()) == name;
}

void unset(std::vector<std::string>& environment, std::string_view name) {
    std::erase_if(environment, [&](const std::string& e) { return is_variable(e, name); });
}

// In the place where it stands, and only there: a caller's environment may name it twice.
void set(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
    const auto is_named = [&](const std::string& e) { return is_variable(e, name); };
    const auto found = std::find_if(environment.begin(), environment.end(), is_named);
    if (found == environment.end()) {
        environment.push_back(name + "=" + value);
        return;
    }
    *found = name + "=" + value;
    environment.erase(std::remove_if(found + 1, environment.end(), is_named), environment.end());
}

std::string option_of(const entry::File&) { return "--file"; }
std::string option_of(const entry::BindFd& e) {
    return e.access == Access::read_only ? "--ro-bind-fd" : "--bind-fd";
}
std::string option_of(const entry::BindData& e) {
    return e.access == Access::read_only ? "--ro-bind-data" : "--bind-data";
}

template <typename E>
std::string failure_of(const E& e) {
    return "Can't write data to file " + e.destination + ": Bad file descriptor";
}
std::string failure_of(const entry::BindFd& e) {
    return "Can't find source path /proc/self/fd/" + std::to_string(e.fd) +
           ": No such file or directory";
}

template <typename E>
constexpr DescriptorUse::Use use_of(const E&) {
    return DescriptorUse::Use::read;
}
constexpr DescriptorUse::Use use_of(const entry::BindFd&) { return DescriptorUse::Use::other; }

}  // namespace

std::optional<std::string> variable(const std::vector<std::string>& environment,
                                    std::string_view name) {
    for (const std::string& entry : environment) {
        if (is_variable(entry, name)) return entry.substr(name.size() + 1);
    }
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> variables_like(
    const std::vector<std::string>& environment, std::string_view name) {
    const bool pattern = name.back() == '*';
    const std::string_view beginning = name.substr(0, name.size() - 1);
    std::vector<std::pair<std::string, std::string>> out;
    for (const std::string& entry : environment) {
        const std::size_t equals = entry.find('=');
        if (equals == std::string::npos || equals == 0) continue;
        const std::string_view key = std::string_view(entry).substr(0, equals);
        if (pattern ? key.substr(0, beginning.size()) == beginning : key == name) {
            out.emplace_back(key, entry.substr(equals + 1));
        }
    }
    return out;
}

std::vector<std::string> plan_environment(const Spec& spec, const Host& host) {
    std::vector<std::string> out = host.environment;
    for (const EnvironmentChange& change : spec.environment) {
        switch (change.kind) {
            case EnvironmentChange::Kind::set: set(out, change.name, change.value); break;
            case EnvironmentChange::Kind::unset: unset(out, change.name); break;
            case EnvironmentChange::Kind::clear: out.clear(); break;
            case EnvironmentChange::Kind::keep:
                for (const auto& [name, value] : variables_like(host.environment, change.name)) {
                    set(out, name, value);
                }
                break;
        }
    }
    unset(out, "PWD");
    return out;
}

std::vector<std::string> plan_directories(const Spec& spec, const Host& host,
                                          const std::vector<std::string>& environment) {
    if (spec.directory) return {*spec.directory};
    std::vector<std::string> out;
    if (!host.cwd.empty()) out.push_back(host.cwd);
    // The links on the way may not be there inside.
    if (!host.real_cwd.empty() && host.real_cwd != host.cwd) out.push_back(host.real_cwd);
    const auto home = variable(environment, "HOME");
    if (home && !home->empty()) out.push_back(*home);
    out.emplace_back("/");
    return out;
}

std::vector<std::string> plan_executables(const std::string& command,
                                          const std::vector<std::string>& environment,
                                          Wording wording) {
    if (command.find('/') != std::string::npos || command.empty()) return {command};
    // What Debian's /etc/profile begins with, and what execvp(3) of glibc falls back to
    // (confstr(_CS_PATH)).
    const char* otherwise = wording == Wording::bubblewrap
                                ? "/bin:/usr/bin"
                                : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const std::string path = variable(environment, "PATH").value_or(otherwise);
    std::vector<std::string> out;
    std::size_t at = 0;
    while (at <= path.size()) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        const std::string directory = path.substr(at, end - at);
        out.push_back(directory.empty() ? command : directory + "/" + command);
        at = end + 1;
    }
    return out;
}

std::vector<DescriptorUse> descriptor_uses(const Spec& spec) {
    std::vector<DescriptorUse> out;
    for (const Entry& entry : spec.entries) {
        std::visit(
            [&](const auto& e) {
                if constexpr (requires { e.fd; }) {
                    out.push_back({e.fd, option_of(e) + " on " + quote(e.destination),
                                   failure_of(e), use_of(e)});
                }
            },
            entry);
    }
    struct Row {
        std::optional<int> fd;
        const char* option;
        const char* failure;
        DescriptorUse::Use use = DescriptorUse::Use::other;
    };
    const std::initializer_list<Row> rows = {
        {spec.userns_fd, "--userns", "Joining specified user namespace failed"},
        {spec.userns2_fd, "--userns2", "Setting userns2 failed"},
        {spec.pidns_fd, "--pidns", "Setting pidns failed"},
        {spec.block_fd, "--block-fd", "Reading --block-fd failed", DescriptorUse::Use::read},
        {spec.userns_block_fd, "--userns-block-fd", "Reading --userns-block-fd failed",
         DescriptorUse::Use::read},
        {spec.info_fd, "--info-fd", "Write to info_fd"},
        {spec.json_status_fd, "--json-status-fd", "Write to info_fd"},
    };
    for (const Row& row : rows) {
        if (!row.fd) continue;
        out.push_back(
            {*row.fd, row.option, row.failure + std::string(": Bad file descriptor"), row.use});
    }
    for (const int fd : spec.sync_fds) {
        out.push_back({fd, "--sync-fd", "Keeping --sync-fd open failed: Bad file descriptor"});
    }
    return out;
}

Result<step::CloseDescriptors> plan_descriptors(const Spec& spec, const Host& host) {
    std::set<int> consumed;
    for (const DescriptorUse& use : descriptor_uses(spec)) {
        if (!consumed.insert(use.fd).second) {
            return Error{"descriptor " + std::to_string(use.fd) +
                         " is used by two options; what one reads is gone for the other"};
        }
    }
    const std::set<int> named(spec.keep_fds.begin(), spec.keep_fds.end());
    std::set<int> keep = {0, 1, 2};
    std::set<int> null;
    for (const OpenDescriptor& open : host.descriptors) {
        if (open.directory && !named.contains(open.fd)) {
            // A directory leads out of the sandbox (fchdir), so only a named one is passed on.
            if (keep.contains(open.fd) && spec.wording == Wording::sbx) {
                return Error{"descriptor " + std::to_string(open.fd) +
                             " is a directory, which would lead out of the sandbox; redirect it, "
                             "or keep it with --keep-fd " +
                             std::to_string(open.fd)};
            }
            // A standard number must not be taken by what is opened next.
            if (keep.contains(open.fd)) null.insert(open.fd);
        } else if (spec.descriptors == Descriptors::inherited && !consumed.contains(open.fd)) {
            keep.insert(open.fd);
        }
    }
    // There is no init to hold them.
    const std::set<int> held =
        spec.as_pid_1 ? std::set<int>(spec.sync_fds.begin(), spec.sync_fds.end()) : std::set<int>();
    keep.insert(held.begin(), held.end());
    for (const int fd : spec.keep_fds) {
        if (consumed.contains(fd)) {
            return Error{"descriptor " + std::to_string(fd) +
                         " is read by another option, so --keep-fd cannot keep it"};
        }
        keep.insert(fd);
    }
    for (const int fd : {0, 1, 2}) {
        if (!consumed.contains(fd) || held.contains(fd)) continue;
        // Closed, as bubblewrap does; or so that nothing that is opened later takes its place.
        if (spec.wording == Wording::bubblewrap) {
            keep.erase(fd);
            null.erase(fd);
        } else {
            null.insert(fd);
        }
    }
    return step::CloseDescriptors{{keep.begin(), keep.end()}, {null.begin(), null.end()}};
}

}  // namespace sbx::planning
