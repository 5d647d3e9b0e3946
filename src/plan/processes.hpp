// SPDX-License-Identifier: Apache-2.0
// How the processes of a sandbox begin: whose memory, whose session. Asked while planning, and
// again between clone and exec, so nothing here may allocate.
#pragma once

#include <sbx/plan.hpp>

namespace sbx {

template <typename... Steps>
bool is_one_of(const Step& step) {
    return ((std::get_if<Steps>(&step) != nullptr) || ...);
}

/// Whether the plan takes the command out of its caller's process group.
inline bool has_own_group(const Plan& plan) {
    for (const Step& step : plan.seal) {
        if (is_one_of<step::NewSession>(step)) return true;
    }
    return false;
}

/// Who leads the command's session.
enum class Leader {
    nobody,  ///< it has none of its own
    init,    ///< as in bubblewrap, where it passes no signals on
    another  ///< else it must be apart, from signals to the command's group and from the nice value
             ///< of its session
};

inline Leader who_leads(const Plan& plan) {
    if (!has_own_group(plan)) return Leader::nobody;
    const bool alone = plan.signals != Signals::forward && plan.namespaces.has(Namespace::pid);
    return alone ? Leader::init : Leader::another;
}

/// Whether the command's process begins in init's memory, which is cheaper than a copy of it. So
/// not where somebody may want to look into init while the command waits, nor where somebody who
/// could look could be inside already; nor where the command may make namespaces of its own, which
/// finds init as it is from the start.
inline bool begins_beside(const Plan& plan) {
    if (!plan.namespaces.has(Namespace::user) || !plan.namespaces.has(Namespace::pid) ||
        plan.userns_fd || plan.pidns_fd || plan.info_fd || plan.json_status_fd ||
        plan.nested_userns != NestedUserns::refuse) {
        return false;
    }
    for (const Step& step : plan.setup) {
        if (is_one_of<step::JoinUserNamespace>(step)) return false;
    }
    bool drops_all = false;
    for (const Step& step : plan.seal) {
        if (is_one_of<step::AwaitDescriptor>(step)) return false;
        const auto* limit = std::get_if<step::LimitCapabilities>(&step);
        if (limit != nullptr) drops_all = limit->keep == 0;
    }
    return drops_all;
}

/// Whether set-up does nothing but map ids and put the new root together, from paths alone.
inline bool has_plain_setup(const Plan& plan) {
    for (const Step& step : plan.setup) {
        if (!is_one_of<step::MapIds, step::SetHostname, step::MountRoot, step::Bind,
                       step::MountTmpfs, step::MountProc, step::MountDevpts, step::MountMqueue,
                       step::MakeDirectory, step::MakeSymlink, step::CoverReadOnly, step::Hide,
                       step::RemountReadOnly, step::Chmod, step::EnterRoot, step::BringUpLoopback>(
                step)) {
            return false;
        }
    }
    return true;
}

/// Whether the command's process can be made before set-up, which then does not have to wait for
/// it: where all that set-up changes is the mounts, the root and the working directory, which the
/// two share meanwhile.
inline bool begins_early(const Plan& plan) {
    return plan.init == Init::reaper && begins_beside(plan) && who_leads(plan) == Leader::another &&
           has_plain_setup(plan);
}

/// Whether a program of its own can be init: it reaps and passes signals on, and knows nothing
/// else. Until it is executed, init has the memory of the process that calls run(), which may have
/// no threads: so in sbx itself only. In a time namespace the kernel lets nobody share memory.
inline bool can_execute_init(const Plan& plan) {
    return plan.own_descriptors == OwnDescriptors::close && plan.init == Init::reaper &&
           begins_beside(plan) && has_plain_setup(plan) && plan.sync_fds.empty() &&
           !plan.namespaces.has(Namespace::time);
}

}  // namespace sbx
