// SPDX-License-Identifier: Apache-2.0
// What the host has where the entries of a Spec want something of it. Reads only. The child opens
// the same paths again, and compares the files with those that were found here.
#pragma once

#include <sbx/host.hpp>
#include <sbx/result.hpp>
#include <sbx/spec.hpp>

#include <string>
#include <vector>

namespace sbx::sys {

/// One for each entry, as Host::sources has them. Of `host` the working directory is known.
Result<std::vector<Source>> sources_of(const Spec& spec, const Host& host);

/// What the host has of Host::usr_parts. A part that cannot be looked at is left out: the command
/// goes without it, as without one that is not there. Of `host` the working directory is known.
std::vector<UsrPart> usr_parts(const Host& host);

}  // namespace sbx::sys
