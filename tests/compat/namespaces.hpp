// SPDX-License-Identifier: Apache-2.0
// Namespaces for --userns, --userns2 and --pidns, made by a process that holds them.
#pragma once

#include "sandbox.hpp"

#include <sys/types.h>

namespace compat {

struct Held {
    integration::Descriptor fd;
    pid_t holder = -1;  ///< to be killed and waited for when the namespace is no longer needed
};

/// A user namespace in which the caller is root: of the caller's own, or of the one on `parent`
/// (-1: none).
Held user_namespace(int parent);

/// A pid namespace with an init that waits, in the same way. An ordinary user can make one in a
/// user namespace only: without `parent` it is one that nobody else enters.
Held pid_namespace(int parent);

}  // namespace compat
