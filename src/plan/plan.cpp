// SPDX-License-Identifier: Apache-2.0
#include <sbx/plan.hpp>

#include "base/kernel.hpp"
#include "base/landlock.hpp"
#include "base/program_name.hpp"
#include "base/text.hpp"
#include "plan/planning.hpp"
#include "plan/processes.hpp"
#include "plan/steps.hpp"

#include <algorithm>

namespace sbx {
namespace {

using planning::Privileges;

std::string map_text(std::uint32_t inside, std::uint32_t outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
}

std::optional<Error> refuse_early(const Spec& spec, const Host& host) {
    if (host.kernel < kernel_floor) {
        return Error{"this kernel is Linux " + std::to_string(host.kernel.major) + "." +
                     std::to_string(host.kernel.minor) +
                     ", and " SBX_NAME
                     " needs 5.12 or later (for mount_setattr); boot a newer one"};
    }
    if (spec.command.empty()) return Error{"no command given; put one after the options"};
    if (spec.as_pid_1 && !spec.unshare.has(Namespace::pid)) {
        return Error{"Specifying --as-pid-1 requires --unshare-pid"};
    }
    if (spec.userns_fd && spec.unshare.has(Namespace::user)) {
        return Error{"--userns not compatible --unshare-user"};
    }
    if (spec.userns_fd && spec.unshare_try.has(Namespace::user)) {
        return Error{"--userns not compatible --unshare-user-try"};
    }
    if (spec.disable_userns && spec.userns_block_fd) {
        return Error{"--disable-userns is not compatible with --userns-block-fd"};
    }
    if (spec.pidns_fd && !spec.unshare.has(Namespace::pid) && spec.leftovers == Leftovers::kill) {
        // Nothing ends with init there, and init could not name what it has to kill.
        return Error{
            "--pidns needs a pid namespace below the one that is entered, so that nothing "
            "outlives the command; leave out --share-pid"};
    }
    if (spec.userns_block_fd && !spec.unshare.has(Namespace::user)) {
        return Error{"--userns-block-fd requires --unshare-user"};
    }
    if (spec.userns_block_fd && !spec.info_fd) return Error{"--userns-block-fd requires --info-fd"};
    if (spec.as_pid_1 && !spec.lock_files.empty()) {
        return Error{"Specifying --as-pid-1 and --lock-file is not permitted"};
    }
    if (spec.hostname && !spec.unshare.has(Namespace::uts)) {
        return Error{"Specifying --hostname requires --unshare-uts"};
    }
    constexpr std::size_t longest_filter = 4096;  // BPF_MAXINSNS of the kernel
    for (const SeccompFilter& filter : spec.filters) {
        const std::size_t size = filter.program.size();
        if (size > 0 && size <= longest_filter) continue;
        if (spec.wording == Wording::bubblewrap) {
            return Error{std::string(bubblewrap_refused_filter)};
        }
        return Error{"the seccomp filter of " + filter.name +
                     (size == 0 ? " is empty"
                                : " has " + std::to_string(size) +
                                      " instructions, and the kernel takes 4096 at most")};
    }
    constexpr std::size_t longest_hostname = 64;  // __NEW_UTS_LEN of the kernel
    if (spec.hostname && spec.hostname->size() > longest_hostname) {
        if (spec.wording == Wording::bubblewrap) {
            return Error{"Can't set hostname to " + *spec.hostname + ": Invalid argument"};
        }
        return Error{"a host name has at most 64 bytes, and --hostname has " +
                     std::to_string(spec.hostname->size())};
    }
    return std::nullopt;
}

// Host names belong to whoever owns their namespace.
void add_hostname(const Spec& spec, NamespaceSet owned, std::vector<Step>& steps) {
    if (spec.hostname && owned.has(Namespace::uts)) {
        steps.emplace_back(step::SetHostname{*spec.hostname});
    }
}

// A network belongs to whoever owns its namespace; init owns one of these to the end.
NamespaceSet owned_to_the_end(const Spec& spec, const Privileges& privileges) {
    const bool stays = privileges.inner.empty() && !spec.userns2_fd;
    return stays ? privileges.outer : privileges.inner;
}

// Where init goes when the tree is finished, and the command after it.
void add_last_namespaces(const Spec& spec, const Privileges& privileges, std::vector<Step>& setup) {
    if (spec.userns2_fd) setup.emplace_back(step::JoinUserNamespace{*spec.userns2_fd});
    if (privileges.limits_userns) setup.emplace_back(step::LimitUserNamespaces{});
    if (!privileges.inner.empty()) {
        NamespaceSet also = privileges.inner;
        also.remove(Namespace::user);
        // The outer map shows the caller as 0, which is what the inner one is written in. A map
        // that is not ours is taken over as it is.
        const bool ours = privileges.maps_ids && !spec.userns2_fd;
        setup.emplace_back(
            step::EnterUserNamespace{also, ours ? map_text(privileges.uid, 0) : std::string(),
                                     ours ? map_text(privileges.gid, 0) : std::string()});
        add_hostname(spec, also, setup);
    }
    if (privileges.limits_userns || spec.assert_userns_disabled) {
        setup.emplace_back(step::AssertNoUserNamespaces{});
    }
}

std::vector<Step> plan_seal(const Spec& spec, const Host& host, const Privileges& privileges,
                            const Plan& plan, step::CloseDescriptors descriptors,
                            std::optional<step::EnforceLandlock> landlock,
                            std::vector<std::string> directories) {
    std::vector<Step> seal;
    // Out of reach of a kill(0, ...) from inside, and of the nice value that all processes of a
    // session share (autogroup of sched(7)). With a terminal the command must stay in the caller's
    // group, or Ctrl-C and job control would not reach it.
    const bool alone = spec.signals == Signals::forward && !host.controlling_terminal;
    if (spec.new_session || alone) seal.emplace_back(step::NewSession{});
    const bool denies_new_keys = std::any_of(
        spec.filters.begin(), spec.filters.end(),
        [](const SeccompFilter& filter) { return filter.denies_new_keys && !filter.for_root; });
    seal.emplace_back(step::JoinSessionKeyring{denies_new_keys});
    // With an init in a pid namespace the kernel kills what is left when init goes.
    const bool dies = spec.die_with_parent || spec.leftovers == Leftovers::kill;
    const bool guarded = plan.init == Init::reaper && spec.unshare.has(Namespace::pid);
    if (dies && !guarded) seal.emplace_back(step::DieWithParent{});
    if (spec.block_fd) seal.emplace_back(step::AwaitDescriptor{*spec.block_fd});
    // As long as the capabilities are there, nobody without them can look into this process: what
    // is the host's must be closed before they go.
    if (landlock && landlock->files != 0) landlock->descriptors = descriptors.keep;
    seal.emplace_back(std::move(descriptors));
    seal.emplace_back(step::NoNewPrivileges{});
    // With the capabilities still there every destination can be looked up.
    if (landlock) seal.emplace_back(std::move(*landlock));
    step::LimitCapabilities limit;
    limit.keep = privileges.keep;
    limit.ambient = privileges.ambient;
    limit.count = static_cast<unsigned>(host.capability_names.size());
    for (unsigned i = 0; i < limit.count; ++i) {
        if ((privileges.keep >> i & 1U) != 0) limit.names.push_back(host.capability_names[i]);
    }
    seal.emplace_back(std::move(limit));
    if (spec.core_dumps == CoreDumps::inside && host.core_target == CoreTarget::host) {
        seal.emplace_back(step::LimitCoreDumps{});
    }
    seal.emplace_back(step::ChangeDirectory{std::move(directories)});
    for (const SeccompFilter& filter : spec.filters) {
        if (filter.for_root && host.uid != 0) continue;
        seal.emplace_back(step::LoadFilter{filter});
    }
    return seal;
}

// Of the same directory the last one counts.
Result<std::vector<GitWatch>> plan_git_watches(const Spec& spec, const Host& host) {
    std::vector<GitWatch> out;
    for (GitWatch watch : spec.git_watches) {
        const std::string option = "--watch-git " + quote(watch.directory);
        if (watch.directory.empty()) return Error{option + ": a directory is wanted"};
        if (watch.directory.front() != '/') watch.directory = host.cwd + "/" + watch.directory;
        watch.directory = lexically_clean(watch.directory);
        std::erase_if(out, [&](const GitWatch& o) { return o.directory == watch.directory; });
        if (watch.mode == GitWatch::Mode::off) continue;
        if (spec.leftovers != Leftovers::kill) {
            return Error{option +
                         " takes its last look after the end of all processes, and in the bwrap "
                         "dialect some may go on; use the " SBX_NAME " dialect"};
        }
        out.push_back(std::move(watch));
    }
    return out;
}

}  // namespace

Result<Plan> make_plan(const Spec& spec, const Host& host) {
    if (auto error = refuse_early(spec, host)) return *error;
    const auto privileges = planning::plan_privileges(spec, host);
    if (!privileges) return privileges.error();
    auto tree = planning::plan_tree(spec, host);
    if (!tree) return tree.error();
    auto environment = planning::plan_environment(spec, host);
    auto directories = planning::plan_directories(spec, host, environment);
    auto warnings = planning::find_warnings(spec, host, environment, directories);
    if (!warnings) return warnings.error();
    auto git_watches = plan_git_watches(spec, host);
    if (!git_watches) return git_watches.error();
    auto descriptors = planning::plan_descriptors(spec, host);
    if (!descriptors) return descriptors.error();

    Plan plan;
    plan.wording = spec.wording;
    plan.namespaces = privileges->outer;
    plan.leftovers = spec.leftovers;
    plan.signals = spec.signals;
    plan.terminal = spec.terminal;
    plan.host_writes = spec.host_writes;
    plan.die_with_parent = spec.die_with_parent;
    plan.own_descriptors = spec.own_descriptors;
    plan.nested_userns = spec.nested_userns;
    plan.userns_fd = spec.userns_fd;
    plan.pidns_fd = spec.pidns_fd;
    if (!spec.as_pid_1) plan.sync_fds = spec.sync_fds;
    plan.userns_block_fd = spec.userns_block_fd;
    plan.info_fd = spec.info_fd;
    plan.json_status_fd = spec.json_status_fd;
    plan.result_fd = spec.result_fd;
    plan.git_watches = std::move(*git_watches);
    const bool reaper = spec.unshare.has(Namespace::pid) || spec.leftovers == Leftovers::kill ||
                        !spec.sync_fds.empty() || !spec.lock_files.empty() ||
                        has_step<step::WaylandSocket>(tree->steps);
    plan.init = reaper && !spec.as_pid_1 ? Init::reaper : Init::command;

    if (spec.userns_fd) plan.setup.emplace_back(step::SetIds{spec.uid, spec.gid});
    // As early as what is told is true.
    const bool informs = spec.info_fd || spec.json_status_fd;
    NamespaceSet moved = privileges->inner;
    moved.remove(Namespace::user);
    const bool late = !moved.empty() && !spec.userns_block_fd;
    if (informs && !late) {
        plan.setup.emplace_back(step::Announce{spec.userns_block_fd.has_value()});
    }
    if (privileges->maps_ids) {
        const bool nested = !privileges->inner.empty();
        plan.setup.emplace_back(step::MapIds{map_text(nested ? 0 : privileges->uid, host.uid),
                                             map_text(nested ? 0 : privileges->gid, host.gid)});
    }
    add_hostname(spec, privileges->outer, plan.setup);
    const bool up_last = owned_to_the_end(spec, *privileges).has(Namespace::network);
    if (privileges->outer.has(Namespace::network) && !up_last) {
        plan.setup.emplace_back(step::BringUpLoopback{});
    }
    constexpr std::size_t others = 16;  // all but those of the tree, as many as there may be
    plan.setup.reserve(tree->steps.size() + spec.lock_files.size() + others);
    plan.setup.emplace_back(step::MountRoot{});
    for (Step& step : tree->steps) plan.setup.push_back(std::move(step));
    plan.setup.emplace_back(step::EnterRoot{});
    for (const std::string& path : spec.lock_files) {
        plan.setup.emplace_back(step::LockFile{path});
    }
    add_last_namespaces(spec, *privileges, plan.setup);
    // As the last step init does it beside the seal. A caller that is told late is told after it.
    if (up_last) plan.setup.emplace_back(step::BringUpLoopback{});
    if (informs && late) plan.setup.emplace_back(step::Announce{});
    plan.notes = std::move(tree->notes);
    if (spec.core_dumps == CoreDumps::inside && host.core_target == CoreTarget::fixed) {
        plan.notes.emplace_back(
            "core dumps go to the host, as kernel.core_pattern says: the caller's hard limit of 0 "
            "(ulimit -Hc) cannot be raised to 1, which would prevent it");
    }
    if (spec.core_dumps == CoreDumps::inside && host.core_target == CoreTarget::socket) {
        plan.notes.emplace_back(
            "core dumps go to the host: no limit prevents the socket in kernel.core_pattern");
    }
    plan.warnings = std::move(*warnings);
    const bool has_places = std::any_of(spec.entry_places.begin(), spec.entry_places.end(),
                                        [](const auto& place) { return !place.empty(); });
    for (std::size_t i = 0;
         has_places && i < std::min(spec.entry_places.size(), spec.entries.size()); ++i) {
        plan.places.emplace_back(destination_of(spec.entries[i]), spec.entry_places[i]);
    }

    plan.environment = std::move(environment);
    plan.callers_path = planning::variable(host.environment, "PATH").value_or("");
    plan.command = spec.command.front();
    plan.executables = planning::plan_executables(plan.command, plan.environment, spec.wording);
    plan.argv = spec.command;
    if (spec.argv0) plan.argv.front() = *spec.argv0;
    auto landlock = planning::plan_landlock(spec, host, *privileges, plan);
    if (!landlock) return landlock.error();
    const bool scoped =
        landlock->has_value() && ((*landlock)->scopes & landlock::scope_signals) != 0;
    const bool ends_all = plan.init == Init::reaper && plan.leftovers == Leftovers::kill &&
                          !plan.namespaces.has(Namespace::pid);
    if (scoped && ends_all) {
        // Before what init does beside the seal.
        plan.setup.insert(plan.setup.end() - (up_last && !(informs && late) ? 1 : 0),
                          step::ScopeSignals{(*landlock)->files & landlock::refer});
    }
    plan.seal = plan_seal(spec, host, *privileges, plan, std::move(*descriptors),
                          std::move(*landlock), std::move(directories));
    if (host.init_program && can_execute_init(plan)) plan.init_program = InitProgram::own;
    return plan;
}

}  // namespace sbx
