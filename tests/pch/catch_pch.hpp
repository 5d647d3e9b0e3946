// SPDX-License-Identifier: Apache-2.0
// Parsed once for each test executable: Catch2 is most of what a test takes to compile.
#include <catch2/catch.hpp>
