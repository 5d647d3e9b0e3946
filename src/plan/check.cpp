// SPDX-License-Identifier: Apache-2.0
// A second opinion on plans, written apart from make_plan: it knows what must hold, not how a plan
// is made. A plan that a program wrote by hand is held to the same.
#include "base/program_name.hpp"

#include <sbx/plan.hpp>

#include <algorithm>
#include <array>

namespace sbx {
namespace {

Error broken(const char* what) {
    return Error{std::string("this plan would not be safe to run: ") + what};
}

template <typename T>
std::size_t count(const std::vector<Step>& steps) {
    return static_cast<std::size_t>(std::count_if(
        steps.begin(), steps.end(), [](const Step& s) { return std::holds_alternative<T>(s); }));
}

// The index of the first step of kind T, or the number of steps.
template <typename T>
std::size_t position(const std::vector<Step>& steps) {
    const auto found = std::find_if(steps.begin(), steps.end(),
                                    [](const Step& s) { return std::holds_alternative<T>(s); });
    return static_cast<std::size_t>(found - steps.begin());
}

// That step, or null.
template <typename T>
const T* first(const std::vector<Step>& steps) {
    const std::size_t at = position<T>(steps);
    return at == steps.size() ? nullptr : std::get_if<T>(&steps[at]);
}

bool belongs_to_seal(const Step& step) { return step.index() >= Step(step::NewSession{}).index(); }

// What init may still do when it has entered the new root.
bool comes_after_root(const Step& step) {
    return std::holds_alternative<step::LockFile>(step) ||
           std::holds_alternative<step::LimitUserNamespaces>(step) ||
           std::holds_alternative<step::EnterUserNamespace>(step) ||
           std::holds_alternative<step::JoinUserNamespace>(step) ||
           std::holds_alternative<step::Announce>(step) ||
           std::holds_alternative<step::AssertNoUserNamespaces>(step) ||
           std::holds_alternative<step::ScopeSignals>(step);
}

// What belongs to a namespace, and not to the new root.
bool configures_namespace(const Step& step) {
    return std::holds_alternative<step::SetHostname>(step) ||
           std::holds_alternative<step::BringUpLoopback>(step);
}

Result<void> check_setup(const Plan& plan) {
    const std::vector<Step>& steps = plan.setup;
    const bool user = plan.namespaces.has(Namespace::user);
    if (!plan.namespaces.has(Namespace::mount)) return broken("it has no mount namespace");
    const auto* announce = first<step::Announce>(steps);
    const bool awaits = announce != nullptr && announce->awaits_ids;
    if (count<step::MapIds>(steps) + (awaits ? 1U : 0U) != (user ? 1U : 0U)) {
        return broken("ids are mapped exactly once when there is a user namespace");
    }
    for (const Step& step : steps) {  // nothing else comes before
        if (!user || std::holds_alternative<step::MapIds>(step)) break;
        if (!std::holds_alternative<step::Announce>(step)) return broken("ids are mapped first");
        if (awaits) break;
    }
    if (user && plan.userns_fd) return broken("a user namespace is made and another one entered");
    if (awaits != plan.userns_block_fd.has_value()) {
        return broken(
            "it waits for ids that nobody maps, or does not wait for those of the caller");
    }
    const bool informs = plan.info_fd || plan.json_status_fd;
    if (count<step::Announce>(steps) != (informs ? 1U : 0U)) {
        return broken("the caller is told of the sandbox exactly once when it wants to know");
    }
    if (count<step::WaylandSocket>(steps) > 1) {
        return broken("run() makes one Wayland socket at most");
    }
    if (count<step::MountRoot>(steps) != 1) return broken("there is exactly one new root");
    if (count<step::EnterRoot>(steps) != 1) return broken("the new root is entered once");
    const std::size_t root = position<step::MountRoot>(steps);
    const std::size_t entered = position<step::EnterRoot>(steps);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (belongs_to_seal(steps[i])) return broken("a step of the seal is in set-up");
        if (configures_namespace(steps[i])) continue;
        const bool early = std::holds_alternative<step::MapIds>(steps[i]) ||
                           std::holds_alternative<step::Announce>(steps[i]) ||
                           std::holds_alternative<step::SetIds>(steps[i]);
        if (i < root && !early) return broken("a step works on the new root before it is there");
        if (i > root && (i > entered) != comes_after_root(steps[i])) {
            return broken(
                "set-up ends with entering the new root; only locks and a last user "
                "namespace come after");
        }
    }
    if (count<step::MountProc>(steps) != 0 && !plan.namespaces.has(Namespace::pid) &&
        !plan.pidns_fd) {
        return broken("a new procfs without a new pid namespace shows the caller's processes");
    }
    return {};
}

// One signal ends everything if init reaches all that is inside and nobody outside.
Result<void> check_scope(const Plan& plan) {
    constexpr std::uint64_t signals = 2;  // LANDLOCK_SCOPE_SIGNAL of the kernel
    const auto* landlock = first<step::EnforceLandlock>(plan.seal);
    const bool can = landlock != nullptr && (landlock->scopes & signals) != 0;
    const bool has_to = plan.init == Init::reaper && plan.leftovers == Leftovers::kill &&
                        !plan.namespaces.has(Namespace::pid);
    const auto* scope = first<step::ScopeSignals>(plan.setup);
    constexpr std::uint64_t refer = 1U << 13U;  // LANDLOCK_ACCESS_FS_REFER
    if (scope != nullptr && landlock != nullptr && scope->files != (landlock->files & refer)) {
        return broken("init's ruleset would forbid what the command's rules allow");
    }
    if (count<step::ScopeSignals>(plan.setup) == (can && has_to ? 1U : 0U)) return {};
    return broken("init's signals are kept inside exactly where they have to end everything");
}

Result<void> check_last_namespaces(const Plan& plan) {
    const std::vector<Step>& steps = plan.setup;
    if (count<step::EnterUserNamespace>(steps) > 1) {
        return broken("a second user namespace is entered once");
    }
    const std::size_t nested = position<step::EnterUserNamespace>(steps);
    const std::size_t limited = position<step::LimitUserNamespaces>(steps);
    if (limited == steps.size()) return {};
    if (nested != limited + 1) {
        return broken("user namespaces are limited, and not used up by the command's own");
    }
    if (position<step::AssertNoUserNamespaces>(steps) < nested) {
        return broken("that no user namespace can be made is verified too early");
    }
    if (count<step::AssertNoUserNamespaces>(steps) != 1) {
        return broken("that no user namespace can be made is not verified");
    }
    return {};
}

Result<void> check_seal(const Plan& plan) {
    const std::vector<Step>& steps = plan.seal;
    if (count<step::NoNewPrivileges>(steps) != 1) return broken("no_new_privs is set once");
    if (count<step::ChangeDirectory>(steps) != 1) return broken("the directory is entered once");
    if (count<step::CloseDescriptors>(steps) != 1) return broken("descriptors are closed once");
    if (count<step::JoinSessionKeyring>(steps) != 1) return broken("the keyring is replaced once");
    if (count<step::LimitCapabilities>(steps) != 1) return broken("capabilities are limited once");
    if (count<step::LimitCoreDumps>(steps) > 1) return broken("core dumps are limited once");
    // While the capabilities are there they keep others out; after that there must be nothing left
    // to take. And what waits, waits before.
    const std::size_t closed = position<step::CloseDescriptors>(steps);
    if (closed > position<step::LimitCapabilities>(steps)) {
        return broken("capabilities go before descriptors of the host are closed");
    }
    if ((count<step::AwaitDescriptor>(steps) != 0 &&
         position<step::AwaitDescriptor>(steps) > closed) ||
        (count<step::DieWithParent>(steps) != 0 && position<step::DieWithParent>(steps) > closed)) {
        return broken("a descriptor is needed after it was closed");
    }
    const auto& descriptors = *first<step::CloseDescriptors>(steps);
    if (!std::is_sorted(descriptors.keep.begin(), descriptors.keep.end()) ||
        !std::includes(descriptors.keep.begin(), descriptors.keep.end(), descriptors.null.begin(),
                       descriptors.null.end())) {
        return broken("descriptors are not in order");
    }
    const auto& limit = *first<step::LimitCapabilities>(steps);
    if (limit.count > 64) return broken("there are 64 capabilities at most");
    if ((limit.ambient & ~limit.keep) != 0) return broken("what is dropped would be ambient");
    const std::size_t landlock = position<step::EnforceLandlock>(steps);
    if (count<step::EnforceLandlock>(steps) > 1) return broken("landlock is enforced once");
    if (landlock < position<step::NoNewPrivileges>(steps) || landlock < closed) {
        return broken("landlock is enforced too early");
    }
    const std::size_t filter = position<step::LoadFilter>(steps);
    if (filter < position<step::NoNewPrivileges>(steps)) {
        return broken("a filter is loaded before no_new_privs is set");
    }
    if (filter + count<step::LoadFilter>(steps) != steps.size()) {
        return broken("something comes after the filters, which may forbid it");
    }
    const bool guarded = plan.init == Init::reaper && plan.namespaces.has(Namespace::pid);
    if (plan.leftovers == Leftovers::kill && !guarded && count<step::DieWithParent>(steps) == 0) {
        return broken("the command would outlive " SBX_NAME);
    }
    if (plan.pidns_fd && !plan.namespaces.has(Namespace::pid) &&
        plan.leftovers == Leftovers::kill) {
        return broken("init would not know the processes that it has to kill");
    }
    for (const Step& step : steps) {
        if (!belongs_to_seal(step)) return broken("a step of set-up is in the seal");
        const auto* load = std::get_if<step::LoadFilter>(&step);
        if (load != nullptr &&
            (load->filter.program.empty() || load->filter.program.size() > 4096)) {  // BPF_MAXINSNS
            return broken("a seccomp filter has between 1 and 4096 instructions");
        }
    }
    return {};
}

// A program of its own keeps nothing but four numbers, and has no part in what may go on meanwhile.
Result<void> check_init_program(const Plan& plan) {
    if (plan.init_program == InitProgram::copy) return {};
    const bool apart = plan.init == Init::reaper && plan.namespaces.has(Namespace::user) &&
                       plan.namespaces.has(Namespace::pid) && !plan.namespaces.has(Namespace::time);
    const bool alone = !plan.userns_fd && !plan.pidns_fd && !plan.info_fd && !plan.json_status_fd &&
                       !plan.userns_block_fd && count<step::JoinUserNamespace>(plan.setup) == 0;
    const bool holds = !plan.sync_fds.empty() || count<step::LockFile>(plan.setup) != 0 ||
                       count<step::WaylandSocket>(plan.setup) != 0 ||
                       count<step::Guard>(plan.setup) != 0;
    const bool keeps = first<step::LimitCapabilities>(plan.seal)->keep != 0;
    if (!apart || !alone) return broken("init shares memory where somebody may look into it");
    if (holds) return broken("init executes a program that could not hold what it has to");
    if (keeps || plan.nested_userns == NestedUserns::allow) {
        return broken("the command could look into init's program");
    }
    if (plan.own_descriptors == OwnDescriptors::leave) {
        return broken("init shares memory with a program that may have threads");
    }
    return {};
}

// Whoever keeps a capability must not be in the user namespace that owns the mounts.
Result<void> check_capabilities(const Plan& plan) {
    if (!plan.namespaces.has(Namespace::user) && !plan.userns_fd) return {};
    const auto& limit = *first<step::LimitCapabilities>(plan.seal);
    if (limit.keep == 0) return {};
    // Root's own, in a namespace that root has named: the mounts are no boundary for it.
    if (plan.userns_fd && limit.ambient == 0) return {};
    if (count<step::JoinUserNamespace>(plan.setup) != 0) return {};  // left for the caller's own
    const auto* nested = first<step::EnterUserNamespace>(plan.setup);
    if (nested == nullptr || !nested->also.has(Namespace::mount)) {
        return broken("a capability is kept in the user namespace that owns the mounts");
    }
    return {};
}

// Capabilities over what a command makes in a user namespace of its own open most of the kernel.
Result<void> check_nested(const Plan& plan) {
    if (plan.nested_userns == NestedUserns::allow) return {};
    if (count<step::LimitUserNamespaces>(plan.setup) != 0) return {};
    const bool filtered = std::any_of(plan.seal.begin(), plan.seal.end(), [](const Step& step) {
        const auto* load = std::get_if<step::LoadFilter>(&step);
        return load != nullptr && load->filter.denies_user_namespaces;
    });
    if (!filtered) return broken("nothing keeps the command from making user namespaces");
    return {};
}

// Nor could guards hold a command that may mount, but for Landlock; and not at all one that has
// power over the mounts, or opens files by their handles.
Result<void> check_guards(const Plan& plan) {
    if (count<step::Guard>(plan.setup) == 0) return {};
    constexpr std::uint64_t cap_dac_read_search = std::uint64_t{1} << 2U;
    constexpr std::uint64_t cap_sys_admin = std::uint64_t{1} << 21U;
    const std::uint64_t keep = first<step::LimitCapabilities>(plan.seal)->keep;
    const auto* inner = first<step::EnterUserNamespace>(plan.setup);
    const bool owns = (inner == nullptr || !inner->also.has(Namespace::mount)) &&
                      count<step::JoinUserNamespace>(plan.setup) == 0;
    if (owns && (keep & (cap_sys_admin | cap_dac_read_search)) != 0) {
        return broken("the command has power over its masks and protections");
    }
    const bool nests = plan.nested_userns == NestedUserns::allow &&
                       count<step::LimitUserNamespaces>(plan.setup) == 0;
    const bool may_mount = nests || (keep & cap_sys_admin) != 0;
    const auto* landlock = first<step::EnforceLandlock>(plan.seal);
    const bool kept_from_it = landlock != nullptr && landlock->files != 0;
    if (may_mount && !kept_from_it) {
        return broken("the command could undo its masks and protections");
    }
    return {};
}

// A path from the working directory that leaves it could lead into the new root, which covers "/".
bool is_complete(const Found& found) {
    const std::string path = "/" + found.relative + "/";
    return found.inode != 0 && path.find('\0') == std::string::npos &&
           found.relative.substr(0, 1) != "/" && path.find("/../") == std::string::npos;
}

// A plan may say of a source which file it is; whatever it says must be enough to compare.
Result<void> check_found(const Plan& plan) {
    for (const Step& step : plan.setup) {
        const auto* bind = std::get_if<step::Bind>(&step);
        if (bind != nullptr && bind->found && !is_complete(*bind->found)) {
            return broken("which file a source is to be is not complete");
        }
        const auto* overlay = std::get_if<step::MountOverlay>(&step);
        if (overlay == nullptr || overlay->found.empty()) continue;
        const bool kept = overlay->changes == entry::Overlay::Changes::kept;
        if (overlay->found.size() != overlay->sources.size() + (kept ? 2 : 0) ||
            !std::all_of(overlay->found.begin(), overlay->found.end(), is_complete)) {
            return broken("which directories an overlay is to be of is not complete");
        }
    }
    return {};
}

// A process that is left could set a trap after the last look.
Result<void> check_git_watches(const Plan& plan) {
    for (const GitWatch& watch : plan.git_watches) {
        if (plan.leftovers != Leftovers::kill) {
            return broken("traps for git are looked for while processes go on");
        }
        if (watch.directory.empty() || watch.directory.find('\0') != std::string::npos ||
            watch.mode == GitWatch::Mode::off) {
            return broken("traps for git are looked for nowhere");
        }
    }
    return {};
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

bool any_nul(const std::vector<std::string>& texts) {
    return std::any_of(texts.begin(), texts.end(), has_nul);
}

// A name that ends earlier for the kernel than it does in a message is another name.
bool step_has_nul(const Step& step) {
    return std::visit(
        [](const auto& s) {
            bool found = false;
            if constexpr (requires { s.source; }) found = found || has_nul(s.source);
            if constexpr (requires { s.path; }) found = found || has_nul(s.path);
            if constexpr (requires { s.target; }) found = found || has_nul(s.target);
            if constexpr (requires { s.destination; }) found = found || has_nul(s.destination);
            if constexpr (requires { s.name; }) found = found || has_nul(s.name);
            if constexpr (requires { s.app_id; }) found = found || has_nul(s.app_id);
            if constexpr (requires { s.uid_map; }) {
                found = found || has_nul(s.uid_map) || has_nul(s.gid_map);
            }
            if constexpr (requires { s.candidates; }) found = found || any_nul(s.candidates);
            if constexpr (requires { s.sources; }) {
                found = found || any_nul(s.sources) || has_nul(s.upper) || has_nul(s.work);
            }
            return found;
        },
        step);
}

Result<void> check_words(const Plan& plan) {
    if (plan.argv.empty() || plan.executables.empty()) return broken("it has no command");
    const bool words = any_nul(plan.argv) || any_nul(plan.executables) || any_nul(plan.environment);
    const bool steps = std::any_of(plan.setup.begin(), plan.setup.end(), step_has_nul) ||
                       std::any_of(plan.seal.begin(), plan.seal.end(), step_has_nul);
    return words || steps ? Result<void>(broken("a word has a NUL byte in it")) : Result<void>();
}

}  // namespace

Result<void> check(const Plan& plan) {
    for (const auto rule : {check_setup, check_last_namespaces, check_seal, check_scope,
                            check_capabilities, check_init_program, check_nested, check_guards,
                            check_found, check_git_watches, check_words}) {
        if (auto result = rule(plan); !result) return result;
    }
    return {};
}

}  // namespace sbx
