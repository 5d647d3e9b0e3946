// SPDX-License-Identifier: Apache-2.0
// Descriptors that sbx writes to, waits for, or keeps: --info-fd, --json-status-fd, --block-fd,
// --userns-block-fd, --sync-fd.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;

const std::vector<Given> collected = {{6, Kind::collected}};
const std::vector<Given> both = {{6, Kind::collected}, {7, Kind::collected}};

const std::string looked_up = "sources are looked up before anything is started";

}  // namespace

Table json_rows() {
    return {
        {"--info-fd",
         {
             {.line = "--info-fd 6 | descriptors", .given = collected},
             {.line = "--info-fd 6 --unshare-all | exit 3", .given = collected},
             {.line = "--info-fd 6 --unshare-user | exit 3", .given = collected},
             {.line = "--info-fd 6 --unshare-pid --unshare-net | exit 3", .given = collected},
             {.line = "--info-fd 6 --unshare-ipc --unshare-uts --unshare-cgroup-try | exit 3",
              .given = collected},
             {.line = "--info-fd 6 --info-fd 7 | descriptors", .given = both},
             {.line = "--info-fd 6 --bind @/nope /x | exit 3",
              .given = collected,
              .differs = {{looked_up, {"-fd 6 *"}}}},
             {.line = "--info-fd 6 /nope", .given = collected},
             {.line = "--info-fd 6", .given = collected},
             {"--info-fd 1 | echo x"},

             {.line = "--info-fd 6 | exit 3", .given = {{6, Kind::path, "/dev/null"}}},
         }},
        {"--json-status-fd",
         {
             {.line = "--json-status-fd 6 | descriptors", .given = collected},
             {.line = "--json-status-fd 6 | exit 3", .given = collected},
             {.line = "--json-status-fd 6 --unshare-all | exit 0", .given = collected},
             {.line = "--json-status-fd 6 | raise KILL", .given = collected},
             {.line = "--json-status-fd 6 --unshare-pid --as-pid-1 | exit 3", .given = collected},
             {.line = "--json-status-fd 6 /nope", .given = collected},
             {.line = "--json-status-fd 6 --ro-bind @/f /f /f", .given = collected},
             {.line = "--json-status-fd 6 --bind @/nope /x | exit 3",
              .given = collected,
              .differs = {{looked_up, {"-fd 6 *"}}}},
             {.line = "--json-status-fd 6 --dir /x --bind @/f /x | exit 3", .given = collected},
             {.line = "--json-status-fd 6 --chdir /nope | exit 3", .given = collected},
             {.line = "--json-status-fd 6", .given = collected},
             {.line = "--json-status-fd 6 --json-status-fd 7 | exit 3", .given = both},
             {.line = "--json-status-fd 6 --info-fd 7 --unshare-all | exit 3", .given = both},
             {"--json-status-fd 1 | exit 3"},

             {.line = "--json-status-fd 6 | exit 3", .given = {{6, Kind::path, "/dev/null"}}},
         }},
        {"descriptors that are waited for",
         {
             {.line = "--block-fd 5 | descriptors", .given = {{5, Kind::byte}}},
             {.line = "--block-fd 5 | descriptors", .given = {{5, Kind::end}}},
             {.line = "--block-fd 5 | exit 3", .given = {{5, Kind::path, "/dev/null"}}},
             {.line = "--block-fd 5 --block-fd 6 | descriptors",
              .given = {{5, Kind::end}, {6, Kind::end}}},
             {.line = "--block-fd 5 --bind @/nope /x | exit 3", .given = {{5, Kind::end}}},

             {.line = "--userns-block-fd 5 | ids", .given = {{5, Kind::byte}}},
             {.line = "--userns-block-fd 5 --unshare-user | ids", .given = {{5, Kind::byte}}},
             {.line = "--userns-block-fd 5 --info-fd 6 | ids",
              .given = {{5, Kind::byte}, {6, Kind::collected}}},
             {.line = "--userns-block-fd 5 --unshare-all --info-fd 6 | ids",
              .given = {{5, Kind::byte}, {6, Kind::collected}}},
             {.line = "--userns-block-fd 5 --userns-block-fd 6 | ids",
              .given = {{5, Kind::byte}, {6, Kind::byte}}},
         }},
        {"--sync-fd",
         {
             {.line = "--sync-fd 5 | descriptors", .given = {{5, Kind::end}}},
             {.line = "--sync-fd 5 --sync-fd 6 | descriptors",
              .given = {{5, Kind::end}, {6, Kind::end}},
              .differs = {{reason::newer,
                           {"-out fd 5 pipe",
                            "-err bwrap: Only the last --sync-fd option will take effect"}}}},
             {.line = "--sync-fd 5 --unshare-pid --as-pid-1 | descriptors",
              .given = {{5, Kind::end}}},

         }},
        {"--lock-file",
         {
             {"--bind @ /x --lock-file /x/f | await-lock /x/f , lock /x/f , exit 3"},
             {"--bind @ /x --lock-file /x/f --lock-file /x/d/x | exit 3"},
             {"--tmpfs /t --lock-file /t | exit 0"},
             {"--unshare-pid --as-pid-1 --lock-file /p | exit 3"},
             {"--lock-file /p --unshare-pid --as-pid-1 | exit 3"},
         }},
    };
}

}  // namespace compat
