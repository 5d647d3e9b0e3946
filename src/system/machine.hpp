// SPDX-License-Identifier: Apache-2.0
// Small questions to the machine, asked when a message needs the answer. Reads only.
#pragma once

#include "base/remedies.hpp"

#include <string>
#include <string_view>

namespace sbx::sys {

/// realpath(3) of `path`, an absolute one, in one look where no link is in it; empty, with errno,
/// when it cannot be had.
std::string without_links(const std::string& path);

/// realpath(3) of `path`; `path` itself when it cannot be had.
std::string real_path(const std::string& path);

/// What the symbolic link `path` says; empty, with errno, when it cannot be read or is none.
std::string read_link(const std::string& path);

/// What a small file says; empty when it cannot be read.
std::string text_of(const std::string& path);

/// The first word of a small file, or nothing.
std::string first_word(const std::string& path);

/// The value of `key` in /proc/self/status.
std::string status_value(std::string_view key);

/// Whether the caller has effective capability `number` in its user namespace.
bool has_capability(unsigned number);

/// What may keep the caller from making namespaces.
Restrictions look_up_restrictions();

/// Why mapping ids in a new user namespace gave `error` on this machine, and what to do.
std::string user_namespace_remedy(int error);

/// The same for making the namespace, for which no capability is needed.
std::string new_user_namespace_remedy(int error);

}  // namespace sbx::sys
