// SPDX-License-Identifier: Apache-2.0
// What the host has where the entries of a Spec want something of it. Reads only; what is found is
// for the plan, and the child looks again.
#pragma once

#include <sbx/host.hpp>
#include <sbx/result.hpp>
#include <sbx/spec.hpp>

#include <string>
#include <vector>

namespace sbx::sys {

/// One for each entry, as Host::sources has them.
Result<std::vector<Source>> sources_of(const Spec& spec);

/// The home directories of the caller, that of $HOME and that of its user, without symbolic links:
/// both may be reached by links, and compared as text they would be others.
std::vector<std::string> homes_of(const Host& host);

/// Of the sockets that Warning::agent_socket is about, those that a source of `host` has below it.
/// Most starts have none to ask for.
std::vector<std::string> agent_sockets(const Host& host);

}  // namespace sbx::sys
