// SPDX-License-Identifier: Apache-2.0
// Processes that outlive the program that started them: bubblewrap leaves some on purpose, and
// some by mistake.
#pragma once

namespace compat {

/// While it lives, orphans of this process's children become its own children; at its end all of
/// them are killed and reaped.
class Leftovers {
public:
    Leftovers();
    Leftovers(const Leftovers&) = delete;
    Leftovers& operator=(const Leftovers&) = delete;
    ~Leftovers();
};

}  // namespace compat
