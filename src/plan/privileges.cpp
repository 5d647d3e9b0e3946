// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "plan/planning.hpp"

#include <algorithm>

namespace sbx {
namespace {

// Those that a change is about. Numbers that do not exist are refused later.
std::uint64_t bits_of(const CapabilityChange& change) {
    if (!change.capability) return ~std::uint64_t{0};
    return *change.capability < 64 ? std::uint64_t{1} << *change.capability : 0;
}

}  // namespace

std::uint64_t kept_capabilities(const Spec& spec, std::uint64_t held) {
    std::uint64_t keep = spec.root_capabilities == RootCapabilities::keep ? held : 0;
    for (const CapabilityChange& change : spec.capabilities) {
        const std::uint64_t which = bits_of(change);
        keep = change.kind == CapabilityChange::Kind::add ? keep | which : keep & ~which;
    }
    return keep;
}

namespace planning {
namespace {

// What the command's own user namespace must own for a kept capability to be of use. The mount
// namespace is copied into it, which locks every mount and every mount flag (MNT_LOCKED,
// mount_namespaces(7)): that is what keeps `mount -o remount,rw` from undoing a --ro-bind. The pid
// namespace cannot be entered by unshare(2), and the time namespace only by children. The cgroup
// namespace stays behind on purpose: its owner can mount the host's cgroups and change its own.
constexpr NamespaceSet ownable =
    Namespace::mount | Namespace::network | Namespace::uts | Namespace::ipc;

// What the kernel would refuse, or what would keep no promise, in the words for it.
std::optional<Error> refuse(const Spec& spec, const Host& host, bool inside) {
    for (const CapabilityChange& change : spec.capabilities) {
        if (change.capability && *change.capability >= host.capability_names.size()) {
            return Error{"capability " + std::to_string(*change.capability) +
                         " is not known here; the last one is " +
                         std::to_string(host.capability_names.size() - 1)};
        }
    }
    if (!inside && host.uid != 0) {
        return Error{
            "only root can share the user namespace: an ordinary user gets the rights to mount "
            "from a new one; leave out --share-user"};
    }
    if (spec.disable_userns && !spec.unshare.has(Namespace::user)) {
        return Error{"--disable-userns requires --unshare-user"};
    }
    if (spec.uid && !inside && *spec.uid != host.uid) {
        return Error{"Specifying --uid requires --unshare-user or --userns"};
    }
    if (spec.gid && !inside && *spec.gid != host.gid) {
        return Error{"Specifying --gid requires --unshare-user or --userns"};
    }
    if (!inside && spec.root_capabilities == RootCapabilities::drop &&
        kept_capabilities(spec, host.held_capabilities) != 0) {
        return Error{
            "--cap-add with --share-user would keep a capability of the host, and the "
            "sandbox's mounts could be undone with it; leave out --share-user"};
    }
    return std::nullopt;
}

// Whether nothing but a limit keeps the command from making user namespaces.
bool needs_limit(const Spec& spec) {
    if (spec.disable_userns) return true;
    return spec.nested_userns == NestedUserns::refuse &&
           std::none_of(spec.filters.begin(), spec.filters.end(),
                        [](const SeccompFilter& filter) { return filter.denies_user_namespaces; });
}

// The second user namespace, and what is made along with it.
NamespaceSet second_namespaces(const Spec& spec, const Privileges& privileges) {
    if (spec.userns2_fd) {  // the caller has prepared what the command ends up in
        return privileges.limits_userns ? NamespaceSet(Namespace::user) : NamespaceSet();
    }
    if (privileges.keep != 0) {
        const NamespaceSet least = Namespace::user | Namespace::mount;
        NamespaceSet movable = ownable;
        // Message queues are mounted before the second one is there, by the owner of their
        // namespace.
        const bool queues =
            std::any_of(spec.entries.begin(), spec.entries.end(),
                        [](const Entry& e) { return std::holds_alternative<entry::Mqueue>(e); });
        if (queues) movable.remove(Namespace::ipc);
        // A caller that maps the ids has been told of the other namespaces before, and may be at
        // work in them.
        return spec.userns_block_fd ? least : least | (privileges.outer & movable);
    }
    // devpts must be mounted by uid 0 and gid 0 (EINVAL if not).
    const bool devpts = has_devpts(spec) && (privileges.uid != 0 || privileges.gid != 0);
    const bool needed = privileges.maps_ids && (privileges.limits_userns || devpts);
    return needed ? NamespaceSet(Namespace::user) : NamespaceSet();
}

}  // namespace

Result<Privileges> plan_privileges(const Spec& spec, const Host& host) {
    Privileges out;
    out.outer = spec.unshare | (spec.unshare_try & host.namespaces) | Namespace::mount;
    if (spec.userns_fd) {
        out.outer.remove(Namespace::user);
    } else if (host.uid != 0 && spec.wording == Wording::bubblewrap) {
        out.outer.add(Namespace::user);  // implied: nobody else may mount
    }
    const bool user = out.outer.has(Namespace::user);
    const bool inside = user || spec.userns_fd;
    if (auto error = refuse(spec, host, inside)) return *error;

    out.maps_ids = user && !spec.userns_block_fd;
    out.limits_userns = needs_limit(spec);
    if (out.limits_userns && !out.maps_ids) {
        // The limit is set in a first namespace of ours, and binds a second one below it.
        const char* why = spec.userns_fd         ? "--userns names the user namespace"
                          : spec.userns_block_fd ? "the caller maps the ids"
                                                 : "there is no user namespace";
        return Error{std::string("nothing would keep the command from making user namespaces: no "
                                 "built-in seccomp policy refuses them, and where ") +
                     why +
                     " they cannot be limited; take a built-in policy, or accept it with "
                     "--allow-userns"};
    }
    out.uid = spec.uid.value_or(spec.identity == Identity::root && user ? 0 : host.uid);
    out.gid = spec.gid.value_or(spec.identity == Identity::root && user ? 0 : host.gid);
    const auto count = host.capability_names.size();
    const std::uint64_t known = count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    out.keep = kept_capabilities(spec, host.held_capabilities) & known;
    // Root's own are left as they are, unless some were asked for: then they hold for any uid.
    const bool untouched = host.uid == 0 && spec.capabilities.empty() &&
                           spec.root_capabilities == RootCapabilities::keep;
    out.ambient = untouched ? 0 : out.keep;
    if (!inside && untouched) out.keep = known;

    // Without a user namespace there is nothing to protect from root; nor is there when root names
    // the one that its command is to be in.
    if (!inside || (spec.userns_fd && untouched)) return out;
    out.inner = second_namespaces(spec, out);
    NamespaceSet moved = out.inner;
    moved.remove(Namespace::user | Namespace::mount);
    out.outer.remove(moved);
    return out;
}

}  // namespace planning
}  // namespace sbx
