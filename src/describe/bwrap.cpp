// SPDX-License-Identifier: Apache-2.0
#include <sbx/plan.hpp>

#include "base/program_name.hpp"
#include "base/text.hpp"
#include "describe/bwrap_line.hpp"
#include "plan/planning.hpp"
#include "plan/steps.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>

namespace sbx {
namespace {

using bwrap_line::Line;

// User namespaces are refused by a filter or by a limit; bubblewrap has the limit.
void add_limit(const Plan& plan, Line& line) {
    const bool limited = first_step<step::LimitUserNamespaces>(plan.setup) != nullptr;
    if (limited || plan.nested_userns == NestedUserns::refuse) {
        if (plan.namespaces.has(Namespace::user) && !plan.userns_block_fd) {
            line.add({"--disable-userns"});
        } else {
            line.lack("that no user namespace can be made inside");
        }
    } else if (first_step<step::AssertNoUserNamespaces>(plan.setup) != nullptr) {
        line.add({"--assert-userns-disabled"});
    }
}

void add_namespaces(const Plan& plan, Line& line) {
    struct Row {
        Namespace kind;
        const char* option;
    };
    static constexpr std::array<Row, 6> rows = {{
        {Namespace::user, "--unshare-user"},
        {Namespace::pid, "--unshare-pid"},
        {Namespace::ipc, "--unshare-ipc"},
        {Namespace::uts, "--unshare-uts"},
        {Namespace::network, "--unshare-net"},
        {Namespace::cgroup, "--unshare-cgroup"},
    }};
    // Whenever they are made: bubblewrap makes them at once.
    const NamespaceSet made = all_namespaces(plan);
    for (const Row& row : rows) {
        if (made.has(row.kind)) line.add({row.option});
    }
    if (made.has(Namespace::time)) line.lack("a time namespace");
    add_limit(plan, line);
    if (const auto* name = first_step<step::SetHostname>(plan.setup)) {
        line.add({"--hostname", name->name});
    }
}

// "0 1000 1\n" is 0 inside.
std::optional<std::string> inside_of(const std::string& map) {
    const std::size_t end = map.find(' ');
    return end == std::string::npos ? std::nullopt : std::optional(map.substr(0, end));
}

void add_ids(const Plan& plan, const Host& host, Line& line) {
    std::optional<std::string> uid;
    std::optional<std::string> gid;
    const auto* map = first_step<step::MapIds>(plan.setup);
    const auto* second = first_step<step::EnterUserNamespace>(plan.setup);
    if (const auto* ids = first_step<step::SetIds>(plan.setup)) {
        if (ids->uid) uid = std::to_string(*ids->uid);
        if (ids->gid) gid = std::to_string(*ids->gid);
    } else if (second != nullptr && !second->uid_map.empty()) {
        uid = inside_of(second->uid_map);
        gid = inside_of(second->gid_map);
    } else if (map != nullptr) {
        uid = inside_of(map->uid_map);
        gid = inside_of(map->gid_map);
    }
    // The caller's own are bubblewrap's default.
    if (uid && (plan.userns_fd || *uid != std::to_string(host.uid))) line.add({"--uid", *uid});
    if (gid && (plan.userns_fd || *gid != std::to_string(host.gid))) line.add({"--gid", *gid});
}

void add_capabilities(const Plan& plan, const Host& host, Line& line) {
    const auto* limit = first_step<step::LimitCapabilities>(plan.seal);
    if (limit == nullptr) return;
    const auto* second = first_step<step::EnterUserNamespace>(plan.setup);
    if (limit->keep != 0 && second != nullptr && second->also.has(Namespace::mount)) {
        line.lack("a second user namespace, so that what is kept has no power over the mounts");
    }
    // Those that root holds, not asked for, are what bubblewrap leaves alone, too.
    if (limit->keep != 0 && limit->ambient == 0) return;
    if (host.uid == 0) line.add({"--cap-drop", "ALL"});
    if (!plan.namespaces.has(Namespace::user) && !plan.userns_fd) {
        line.lack("an empty bounding set of capabilities");
    }
    if (limit->names.size() == limit->count && limit->keep != 0) {
        line.add({"--cap-add", "ALL"});
    } else {
        for (std::string name : limit->names) {
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
            line.add({"--cap-add", name});
        }
    }
}

void add_process(const Plan& plan, Line& line) {
    const bool own_pids = all_namespaces(plan).has(Namespace::pid);
    const bool kills = plan.leftovers == Leftovers::kill;
    if (plan.die_with_parent || kills) line.add({"--die-with-parent"});
    if (kills && !plan.die_with_parent) {
        line.lack("the end of " SBX_NAME
                  "'s caller is not the sandbox's (--die-with-parent is there so that "
                  "nothing is left)");
    }
    if (kills && !own_pids) {
        line.lack("without a pid namespace, what the command leaves behind is killed at the end");
    }
    if (first_step<step::NewSession>(plan.seal) != nullptr) line.add({"--new-session"});
    if (plan.terminal == TerminalState::restore) {
        line.lack("the terminal's settings are put back at the end");
    }
    if (plan.init == Init::command && own_pids) line.add({"--as-pid-1"});
    if (plan.signals == Signals::forward) {
        line.lack("signals that reach " SBX_NAME " are passed on to the command");
    }
    if (first_step<step::JoinSessionKeyring>(plan.seal) != nullptr) {
        line.lack("an empty session keyring in the place of the caller's");
    }
    for (const Step& step : plan.setup) {
        const auto* lock = std::get_if<step::LockFile>(&step);
        if (lock != nullptr) line.add({"--lock-file", lock->path});
    }
}

void add_descriptors(const Spec& spec, const Plan& plan, const Host& host, Line& line) {
    struct Row {
        std::optional<int> fd;
        const char* option;
    };
    const std::initializer_list<Row> rows = {
        {plan.userns_fd, "--userns"},
        {spec.userns2_fd, "--userns2"},
        {plan.pidns_fd, "--pidns"},
        {spec.block_fd, "--block-fd"},
        {plan.userns_block_fd, "--userns-block-fd"},
        {plan.info_fd, "--info-fd"},
        {plan.json_status_fd, "--json-status-fd"},
    };
    for (const Row& row : rows) {
        if (row.fd) line.add({row.option, std::to_string(*row.fd)});
    }
    for (const int fd : spec.sync_fds) line.add({"--sync-fd", std::to_string(fd)});
    const auto* close = first_step<step::CloseDescriptors>(plan.seal);
    if (close == nullptr) return;
    if (spec.descriptors == Descriptors::standard) {
        std::string numbers;
        for (const int fd : close->keep) {
            numbers += (numbers.empty() ? "" : ", ") + std::to_string(fd);
        }
        line.lack("all descriptors but " + numbers + " are closed (bubblewrap passes on others)");
    } else {
        for (const OpenDescriptor& open : host.descriptors) {
            const bool kept =
                std::find(close->keep.begin(), close->keep.end(), open.fd) != close->keep.end();
            if (open.directory && !kept) {
                line.lack("descriptor " + std::to_string(open.fd) +
                          ", a directory of the host, is closed");
            }
        }
    }
}

void add_filters(const Plan& plan, Line& line) {
    std::vector<int> given;
    for (const Step& step : plan.seal) {
        const auto* load = std::get_if<step::LoadFilter>(&step);
        if (load == nullptr) continue;
        if (load->filter.fd) {
            given.push_back(*load->filter.fd);
        } else {
            line.lack("the seccomp filter " + quote(load->filter.name));
        }
    }
    const char* option = given.size() == 1 ? "--seccomp" : "--add-seccomp-fd";
    for (const int fd : given) line.add({option, std::to_string(fd)});
    if (first_step<step::LimitCoreDumps>(plan.seal) != nullptr) {
        line.lack("no core dump leaves the sandbox");
    }
    const auto* landlock = first_step<step::EnforceLandlock>(plan.seal);
    if (landlock == nullptr) return;
    line.lack(landlock->files != 0 ? "Landlock behind the mounts"
                                   : "Landlock that keeps signals and abstract sockets inside");
}

void add_environment(const Spec& spec, const Host& host, Line& line) {
    const auto is_clear = [](const EnvironmentChange& change) {
        return change.kind == EnvironmentChange::Kind::clear;
    };
    // What comes before the last --clearenv has no effect.
    const auto last = std::find_if(spec.environment.rbegin(), spec.environment.rend(), is_clear);
    const auto effective =
        last == spec.environment.rend() ? spec.environment.begin() : last.base() - 1;
    for (auto change = effective; change != spec.environment.end(); ++change) {
        switch (change->kind) {
            case EnvironmentChange::Kind::set:
                line.add({"--setenv", change->name, change->value});
                break;
            case EnvironmentChange::Kind::unset: line.add({"--unsetenv", change->name}); break;
            case EnvironmentChange::Kind::clear: line.add({"--clearenv"}); break;
            case EnvironmentChange::Kind::keep:
                for (const auto& [name, value] :
                     planning::variables_like(host.environment, change->name)) {
                    line.add({"--setenv", name, value});
                }
                break;
        }
    }
}

// Bubblewrap tries the caller's directory, $HOME and "/".
void add_directory(const Spec& spec, const Plan& plan, const Host& host, Line& line) {
    if (spec.directory) return line.add({"--chdir", *spec.directory});
    const auto* change = first_step<step::ChangeDirectory>(plan.seal);
    if (change == nullptr || host.real_cwd.empty() || host.real_cwd == host.cwd) return;
    line.lack("where " + quote(host.cwd) + " is not there inside, " + quote(host.real_cwd) +
              " is tried as the working directory");
}

// Of the plan's notes those that say what is not on this machine.
std::string left_out(const Plan& plan) {
    std::string out;
    for (const std::string& note : plan.notes) {
        if (note.rfind("left out: ", 0) == 0) out += "# " + note + "\n";
    }
    return out;
}

}  // namespace

Result<std::string> describe_bwrap(const Spec& spec, const Host& host) {
    const auto plan = make_plan(spec, host);
    if (!plan) return plan.error();
    Line line;
    add_namespaces(*plan, line);
    add_ids(*plan, host, line);
    add_capabilities(*plan, host, line);
    add_process(*plan, line);
    add_descriptors(spec, *plan, host, line);
    add_filters(*plan, line);
    if (auto error = bwrap_line::add_tree(spec, *plan, host, line)) return *error;
    add_environment(spec, host, line);
    add_directory(spec, *plan, host, line);
    if (spec.argv0) line.add({"--argv0", *spec.argv0});
    for (const GitWatch& watch : plan->git_watches) {
        line.lack("traps for git are looked for in " + quote(watch.directory));
    }

    std::string out = left_out(*plan);
    for (const std::string& what : line.lacking) out += "# not in bubblewrap: " + what + "\n";
    out += "bwrap \\\n";
    for (const auto& words : line.options) out += "    " + posix_words(words) + " \\\n";
    return out + "    -- " + posix_words(spec.command) + "\n";
}

}  // namespace sbx
