// SPDX-License-Identifier: Apache-2.0
// Which sockets of the host come in with the binds of a Spec. Reads only, follows no mount points,
// and looks at a bounded number of names: a look, not a wall.
#pragma once

#include <sbx/host.hpp>
#include <sbx/spec.hpp>

#include <vector>

namespace sbx::sys {

/// Host::agent_sockets, by the ids, the environment and the sources of `host`.
std::vector<HostSocket> agent_sockets(const Spec& spec, const Host& host);

/// Whether only the machine's programs and settings are at `path`, a real one: no socket is looked
/// for there, and nothing of the caller's.
bool is_of_system(const std::string& path);

}  // namespace sbx::sys
