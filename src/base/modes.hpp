// SPDX-License-Identifier: Apache-2.0
// Permissions that follow from others. Numbers only.
#pragma once

namespace sbx {

/// Of the directories that are made on the way to a place whose mode was asked for: they let nobody
/// in that it lets nothing do.
constexpr unsigned parents_mode(unsigned asked) {
    return 0700U | ((asked & 070U) != 0 ? 050U : 0U) | ((asked & 07U) != 0 ? 05U : 0U);
}

}  // namespace sbx
