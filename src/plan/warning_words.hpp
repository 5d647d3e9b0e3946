// SPDX-License-Identifier: Apache-2.0
// Parts of the sentences that warnings have.
#pragma once

#include <sbx/spec.hpp>

#include <string>

namespace sbx::planning {

/// An option and the path that it is given.
std::string with(const std::string& what, const std::string& destination);

/// A mount as it was given: "--bind /a /b".
std::string option_of(const Entry& entry);

/// The remedy for a bind of the working directory, or of the one above.
std::string start_elsewhere(const Entry& entry);

}  // namespace sbx::planning
