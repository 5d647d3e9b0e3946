// SPDX-License-Identifier: Apache-2.0
#include "core/planning.hpp"
#include "core/text.hpp"

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

void set(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
    const auto found = std::find_if(environment.begin(), environment.end(),
                                    [&](const std::string& e) { return is_variable(e, name); });
    if (found != environment.end()) {
        *found = name + "=" + value;
    } else {
        environment.push_back(name + "=" + value);
    }
}

}  // namespace

std::optional<std::string> variable(const std::vector<std::string>& environment,
                                    std::string_view name) {
    for (const std::string& entry : environment) {
        if (is_variable(entry, name)) return entry.substr(name.size() + 1);
    }
    return std::nullopt;
}

std::vector<std::string> plan_environment(const Spec& spec, const Host& host) {
    std::vector<std::string> out = host.environment;
    for (const EnvironmentChange& change : spec.environment) {
        switch (change.kind) {
            case EnvironmentChange::Kind::set: set(out, change.name, change.value); break;
            case EnvironmentChange::Kind::unset: unset(out, change.name); break;
            case EnvironmentChange::Kind::clear: out.clear(); break;
        }
    }
    unset(out, "PWD");
    return out;
}

std::vector<std::string> plan_executables(const std::string& command,
                                          const std::vector<std::string>& environment) {
    if (command.find('/') != std::string::npos || command.empty()) return {command};
    // What execvp(3) of glibc falls back to (confstr(_CS_PATH)).
    const std::string path = variable(environment, "PATH").value_or("/bin:/usr/bin");
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

Result<std::vector<int>> plan_descriptors(const Spec& spec, const Host& host) {
    std::set<int> consumed;
    for (const Entry& entry : spec.entries) {
        const auto* file = std::get_if<entry::File>(&entry);
        if (file == nullptr) continue;
        if (!consumed.insert(file->fd).second) {
            return Error{"descriptor " + std::to_string(file->fd) +
                         " is used by two options; what one reads is gone for the other"};
        }
    }
    std::set<int> keep = {0, 1, 2};
    if (spec.descriptors == Descriptors::inherited) {
        for (const OpenDescriptor& open : host.descriptors) {
            // A directory leads out of the sandbox (fchdir), so only a named one is passed on.
            if (!open.directory && !consumed.contains(open.fd)) keep.insert(open.fd);
        }
    }
    for (const int fd : spec.keep_fds) {
        if (consumed.contains(fd)) {
            return Error{"descriptor " + std::to_string(fd) +
                         " is read by another option, so --keep-fd cannot keep it"};
        }
        keep.insert(fd);
    }
    return std::vector<int>(keep.begin(), keep.end());
}

}  // namespace sbx::planning
