// SPDX-License-Identifier: Apache-2.0
// Where nobody has written the first instructions of init's own program for the machine.
#include "child/init_file.hpp"

namespace sbx::sys {

std::span<const unsigned char> init_bytes() { return {}; }

}  // namespace sbx::sys
