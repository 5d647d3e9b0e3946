// SPDX-License-Identifier: Apache-2.0
// Namespaces as the kernel's CLONE_NEW* flags.
#pragma once

#include <sbx/namespaces.hpp>

#include <linux/sched.h>

#include <cstdint>

namespace sbx::sys {

inline std::uint64_t clone_flags(NamespaceSet set) {
    std::uint64_t flags = 0;
    if (set.has(Namespace::user)) flags |= CLONE_NEWUSER;
    if (set.has(Namespace::mount)) flags |= CLONE_NEWNS;
    if (set.has(Namespace::pid)) flags |= CLONE_NEWPID;
    if (set.has(Namespace::ipc)) flags |= CLONE_NEWIPC;
    if (set.has(Namespace::uts)) flags |= CLONE_NEWUTS;
    if (set.has(Namespace::network)) flags |= CLONE_NEWNET;
    if (set.has(Namespace::cgroup)) flags |= CLONE_NEWCGROUP;
    if (set.has(Namespace::time)) flags |= CLONE_NEWTIME;
    return flags;
}

}  // namespace sbx::sys
