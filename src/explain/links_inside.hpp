// SPDX-License-Identifier: Apache-2.0
// What the paths of a plan lead to inside: the binds of the host that show them, and the links on
// the way. For words about a command that was not found. Reads only.
#pragma once

#include <sbx/plan.hpp>

#include <string>

namespace sbx::sys {

bool on_host(const std::string& path);

/// What a bind of the host shows as `path`, by the host's name; empty: nothing that is known.
std::string shown_as(const Plan& plan, const std::string& path);

/// Whether the host's `path` is shown inside by its own name.
bool is_shown(const Plan& plan, const std::string& path);

/// A program may be there and lead elsewhere, as /usr/bin/cc leads through /etc/alternatives: says
/// so when that is not inside; empty when it is not the case.
std::string broken_link(const Plan& plan, const std::string& path);

/// The options that make the links on the way of `path` which the host has and the sandbox lacks,
/// where nothing else is missing; else empty.
std::string missing_links(const Plan& plan, const std::string& path);

}  // namespace sbx::sys
