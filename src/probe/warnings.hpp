// SPDX-License-Identifier: Apache-2.0
// The look at the host that warnings need. Reads only, and only for warnings that are not hidden: a
// start that binds nothing but the machine's programs pays nothing.
#pragma once

#include <sbx/host.hpp>
#include <sbx/spec.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sbx::sys {

/// Host::exposed, Host::agent_sockets, and in Host::sources home_name and the runtime directory's
/// `shared`. The rest of `host` is there already.
void look_for_mistakes(const Spec& spec, Host& host);

/// The homes that `text`, in the format of passwd(5), has for the user `uid`.
std::vector<std::string> homes_in(std::string_view text, std::uint32_t uid);

}  // namespace sbx::sys
