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

/// Host::home.
std::string home_of(const Spec& spec, const Host& host);

/// Of the sockets that Warning::agent_socket is about, those that are there and that a source of
/// `host` has below it.
std::vector<std::string> agent_sockets(const Host& host);

}  // namespace sbx::sys
