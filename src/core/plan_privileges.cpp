// SPDX-License-Identifier: Apache-2.0
#include "core/planning.hpp"
#include "core/text.hpp"

namespace sbx::planning {
namespace {

// What the command's own user namespace must own for a kept capability to be of use. The mount
// namespace is copied into it, which locks every mount and every mount flag (MNT_LOCKED,
// mount_namespaces(7)): that is what keeps `mount -o remount,rw` from undoing a --ro-bind. The pid
// namespace cannot be entered by unshare(2), and the time namespace only by children. The cgroup
// namespace stays behind on purpose: its owner can mount the host's cgroups and change its own.
constexpr NamespaceSet ownable =
    Namespace::mount | Namespace::network | Namespace::uts | Namespace::ipc;

std::uint64_t kept_capabilities(const Spec& spec, const Host& host) {
    const auto count = host.capability_names.size();
    const std::uint64_t all = count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
    const bool keeps = host.uid == 0 && spec.root_capabilities == RootCapabilities::keep;
    std::uint64_t keep = keeps ? all : 0;
    for (const CapabilityChange& change : spec.capabilities) {
        const std::uint64_t which =
            change.capability ? std::uint64_t{1} << *change.capability : all;
        keep = change.kind == CapabilityChange::Kind::add ? keep | which : keep & ~which;
    }
    return keep;
}

}  // namespace

Result<Privileges> plan_privileges(const Spec& spec, const Host& host) {
    for (const CapabilityChange& change : spec.capabilities) {
        if (change.capability && *change.capability >= host.capability_names.size()) {
            return Error{"capability " + std::to_string(*change.capability) +
                         " is not known here; the last one is " +
                         std::to_string(host.capability_names.size() - 1)};
        }
    }
    Privileges out;
    out.outer = spec.unshare | Namespace::mount;
    if (!out.outer.has(Namespace::user) && host.uid != 0) {
        if (spec.wording == Wording::sbx) {
            return Error{
                "only root can share the user namespace: an ordinary user gets the rights "
                "to mount from a new one; leave out --share-user"};
        }
        out.outer.add(Namespace::user);
    }
    const bool user = out.outer.has(Namespace::user);
    if (spec.uid && !user) return Error{"Specifying --uid requires --unshare-user or --userns"};
    if (spec.gid && !user) return Error{"Specifying --gid requires --unshare-user or --userns"};

    out.uid = spec.uid.value_or(spec.identity == Identity::root && user ? 0 : host.uid);
    out.gid = spec.gid.value_or(spec.identity == Identity::root && user ? 0 : host.gid);
    out.keep = kept_capabilities(spec, host);
    if (!user && out.keep != 0 && spec.root_capabilities == RootCapabilities::drop) {
        return Error{
            "--cap-add with --share-user would keep a capability of the host, and the "
            "sandbox's mounts could be undone with it; leave out --share-user"};
    }
    if (!user) {
        const bool asked = !spec.capabilities.empty();
        out.limit = asked || spec.root_capabilities == RootCapabilities::drop;
        return out;
    }
    if (out.keep != 0) {
        out.inner = (out.outer & ownable) | Namespace::user | Namespace::mount;
        NamespaceSet moved = out.inner;
        moved.remove(Namespace::user | Namespace::mount);
        out.outer.remove(moved);
    } else if (has_devpts(spec) && (out.uid != 0 || out.gid != 0)) {
        out.inner = Namespace::user;  // devpts must be mounted by uid 0 and gid 0 (EINVAL if not)
    }
    return out;
}

}  // namespace sbx::planning
