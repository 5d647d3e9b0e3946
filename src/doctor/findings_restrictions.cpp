// SPDX-License-Identifier: Apache-2.0
// What may stand in the way. It is good unless what was tried has failed of it.
#include "base/program_name.hpp"
#include "base/text.hpp"
#include "doctor/findings.hpp"

#include <algorithm>
#include <cerrno>

namespace sbx::findings {
namespace {

// What was found of the tries.
using Found = std::vector<Finding>;

// A restriction with this remedy is to blame where another finding has it, too.
void blame(Finding& restriction, const std::string& remedy, const Found& found) {
    const bool named = std::any_of(found.begin(), found.end(), [&](const Finding& other) {
        return other.remedy.find(remedy) != std::string::npos;
    });
    if (!named) return;
    restriction.state = Finding::State::limited;
    restriction.remedy = remedy;
}

Finding limits(const MachineFacts& facts) {
    Finding out{.name = "namespace-limits",
                .purpose = "namespaces of each kind (the sysctls user.max_*_namespaces)"};
    std::string off;
    for (const auto& [kind, value] : facts.limits) {
        out.fact += (out.fact.empty() ? "" : ", ") + kind + " " + value;
        if (value == "0") off += " user.max_" + kind + "_namespaces=15000";
    }
    if (out.fact.empty()) out.fact = "not to be seen";
    if (off.empty()) return out;
    out.state = Finding::State::limited;
    out.remedy = "as root, sysctl -w" + off;
    return out;
}

Finding unprivileged(const MachineFacts& facts, const Found& found) {
    const std::string& value = facts.unprivileged_clone;
    Finding out{
        .name = "unprivileged-userns",
        .fact = value.empty() ? "this kernel has no kernel.unprivileged_userns_clone"
                              : "kernel.unprivileged_userns_clone is " + value,
        .purpose = "user namespaces of ordinary users (a sysctl of Debian's older kernels)"};
    blame(out, user_namespace_remedy(EPERM, {.unprivileged_off = true}), found);
    return out;
}

Finding apparmor(const MachineFacts& facts, const Found& found) {
    const Restrictions& restrictions = facts.restrictions;
    Finding out{.name = "apparmor",
                .fact = "it is not there",
                .purpose = "user namespaces and mounts, which its profiles may forbid"};
    if (facts.has_apparmor) {
        const std::string& profile = restrictions.apparmor_profile;
        out.fact = profile.empty() ? SBX_NAME " is not confined"
                                   : SBX_NAME " is confined by " + quote(profile);
    }
    if (!facts.apparmor_switch.empty()) {
        out.fact += "; kernel.apparmor_restrict_unprivileged_userns is " + facts.apparmor_switch;
    }
    blame(out, user_namespace_remedy(EACCES, {.apparmor_restricts = true}), found);
    if (!restrictions.apparmor_profile.empty()) {
        blame(out,
              user_namespace_remedy(EACCES, {.apparmor_profile = restrictions.apparmor_profile}),
              found);
    }
    return out;
}

Finding selinux(const MachineFacts& facts, const Found& found) {
    const std::string& context = facts.restrictions.selinux_context;
    Finding out{.name = "selinux",
                .fact = facts.selinux.empty() ? "it is not there" : "it is " + facts.selinux,
                .purpose = "user namespaces and mounts, which its rules may forbid"};
    if (!context.empty()) out.fact += ", and " SBX_NAME " is " + quote(context);
    if (!context.empty()) {
        blame(out, user_namespace_remedy(EACCES, {.selinux_context = context}), found);
    }
    return out;
}

Finding filter(const MachineFacts& facts, const Found& found) {
    const bool filtered = facts.restrictions.filtered;
    Finding out{.name = "seccomp-around",
                .fact = facts.has_proc ? "no filter is around " SBX_NAME : "not to be seen",
                .purpose =
                    "namespaces and mounts, which the filter of a container or of another "
                    "sandbox may forbid"};
    if (filtered) {
        const std::string& count = facts.filter_count;
        out.fact = count.empty() || count == "1" ? "a filter is around " SBX_NAME
                                                 : count + " filters are around " SBX_NAME;
        if (can_run(found)) out.fact += ", and let through what sandboxes need";
    }
    blame(out, user_namespace_remedy(EPERM, {.filtered = true}), found);
    return out;
}

Finding chroot_of(const MachineFacts& facts, const Found& found) {
    const bool chrooted = facts.restrictions.chrooted;
    Finding out{.name = "chroot",
                .fact = chrooted ? SBX_NAME " runs in one"
                                 : SBX_NAME " runs in none, as far as can be seen",
                .purpose = "user namespaces, of which the kernel makes none in a chroot"};
    blame(out, user_namespace_remedy(EPERM, {.chrooted = true}), found);
    return out;
}

}  // namespace

void add_restrictions(const MachineFacts& facts, std::vector<Finding>& out) {
    const Found found = out;
    out.push_back(limits(facts));
    out.push_back(unprivileged(facts, found));
    out.push_back(apparmor(facts, found));
    out.push_back(selinux(facts, found));
    out.push_back(filter(facts, found));
    out.push_back(chroot_of(facts, found));
}

}  // namespace sbx::findings
