// SPDX-License-Identifier: Apache-2.0
// Descriptors that the command inherits.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;

}  // namespace

Table descriptor_rows() {
    return {
        {"inherited descriptors",
         {
             {"| descriptors"},
             {.line = "| descriptors",
              .given = {{5, Kind::content, "x"}, {9, Kind::path, "/dev/zero"}, {300, Kind::end}}},
             {.line = "--unshare-all | descriptors",
              .given = {{5, Kind::content, "x"}, {9, Kind::collected}}},
             {.line = "--unshare-pid --as-pid-1 | descriptors", .given = {{3, Kind::end}}},
             {.line = "| descriptors",
              .given = {{5, Kind::path, "@/d"}},
              .differs = {{reason::directories, {"-out fd 5 directory"}}}},
             {.line = "| descriptors",
              .given = {{5, Kind::path_only, "@/d"}},
              .differs = {{reason::directories, {"-out fd 5 directory"}}}},
             {.line = "| descriptors", .given = {{5, Kind::path_only, "@/f"}}},
             {.line = "| descriptors",
              .given = {{0, Kind::closed}},
              .differs = {{reason::stdin_stays, {"+out fd 0 character"}}}},
             {.line = "--file 0 /x | read /x , descriptors", .given = {{0, Kind::content, "text"}}},
             {.line = "--block-fd 0 | descriptors", .given = {{0, Kind::byte}}},
             {.line = "--file 5 /x --ro-bind-data 6 /y | descriptors",
              .given = {{5, Kind::content, "x"}, {6, Kind::content, "y"}, {7, Kind::content, "z"}}},
         }},
    };
}

}  // namespace compat
