// SPDX-License-Identifier: Apache-2.0
// The device nodes of a sandbox's /dev, which are the host's. Names and numbers are those of the
// kernel's Documentation/admin-guide/devices.txt.
#pragma once

namespace sbx {

struct DeviceNode {
    char name[8];
    unsigned major_number;
    unsigned minor_number;
};

inline constexpr DeviceNode device_nodes[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                                              {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

}  // namespace sbx
