// SPDX-License-Identifier: Apache-2.0
// Ids, the host name, user namespaces of others.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;

const std::vector<Given> mine = {{5, Kind::user_namespace, ""}};
const Difference closed = {reason::used, {"-out fd 5 file"}};

const Difference inner_user = {"nothing is left in the bounding set",
                               {"-out bounding 1ffffffffff", "+out bounding 0"},
                               Who::user};
const Difference inner_root = {
    "root has what the caller had, as in other user namespaces",
    {"-out permitted 1ffffffffff", "+out permitted 1fffeffffff", "-out effective 1ffffffffff",
     "+out effective 1fffeffffff", "-out bounding 1ffffffffff", "+out bounding 1fffeffffff"},
    Who::root};

const Difference no_way_back = {"there is no way back to the namespace of the caller",
                                {"-err bwrap: Setting userns2 failed: Invalid argument",
                                 "+err bwrap: Setting userns2 failed: Operation not permitted"},
                                Who::user};

}  // namespace

Table identity_rows() {
    return {
        {"ids",
         {
             {"| ids"},
             {"--proc /proc | ids , maps"},
             {"--unshare-user --proc /proc | ids , maps , namespaces"},
             {"--unshare-user --uid 5 --proc /proc | ids , maps"},
             {"--unshare-user --gid 7 --proc /proc | ids , maps"},
             {"--unshare-user --uid 0 --gid 0 --proc /proc | ids , maps"},
             {"--unshare-user --uid 4294967 --gid 2147483647 --proc /proc | ids , maps"},
             {.line = "--uid 5 --proc /proc | ids , maps", .who = Who::user},
             {"--uid 5 | ids"},
             {"--gid 5 | ids"},
             {"--uid 0 | ids"},
             {"--gid 0 | ids"},
             {"--unshare-user --uid 5 --uid 7 | ids"},
             {"--unshare-user --gid 5 --gid 7 --gid 9 | ids"},
             {"--uid 5 --unshare-user | ids"},
             {"--unshare-user --uid 5 --bind @ /x | owner /x , owner / , write /x/new y , owner "
              "/x/new"},
             {"--unshare-user --uid 0 --gid 0 --bind @ /x | owner /x , open /x/closed/x , write "
              "/x/new y"},
         }},
        {"--hostname",
         {
             {"--unshare-uts --hostname box | hostname"},
             {"--hostname box --unshare-uts | hostname"},
             {"--hostname box --unshare-all | hostname"},
             {"--hostname box | hostname"},
             {"--unshare-uts --hostname a --hostname b | hostname"},
             {"--unshare-uts --hostname '' | hostname"},
             {"--unshare-uts --hostname 'a b' | hostname"},
             {"--unshare-uts --hostname "
              "1234567890123456789012345678901234567890123456789012345678901234 | hostname"},
             {"--unshare-uts --hostname "
              "12345678901234567890123456789012345678901234567890123456789012345 | hostname"},
         }},
        {"--userns and --userns2",
         {
             {.line = "--userns 5 --proc /proc | ids , maps , namespaces , descriptors , "
                      "capabilities",
              .given = mine,
              .differs = {closed}},
             {.line = "--userns 5 --uid 0 --gid 0 --proc /proc | ids , maps , capabilities",
              .given = mine},
             {.line = "--userns 5 --uid 7 | ids", .given = mine},
             {.line = "--userns 5 --unshare-pid --proc /proc | ids , running", .given = mine},
             {.line = "--userns 5 --unshare-user | ids", .given = mine},
             {.line = "--userns 5 --unshare-user-try | ids", .given = mine},
             {.line = "--unshare-user --userns 5 | ids", .given = mine},
             {.line = "--userns 5 --unshare-all | ids", .given = mine},
             {.line = "--userns 5 --disable-userns | ids", .given = mine},
             {.line = "--userns 5 | ids", .given = {{5, Kind::path, "/proc/self/ns/user"}}},
             {.line = "--userns 5 | ids", .given = {{5, Kind::path, "/dev/null"}}},
             {.line = "--userns 5 | ids", .given = {{5, Kind::path, "/proc/self/ns/pid"}}},

             {.line = "--userns 5 --userns 6 | ids",
              .given = {{5, Kind::user_namespace, ""}, {6, Kind::user_namespace, ""}}},
             {.line = "--userns2 5 --userns2 6 | ids",
              .given = {{5, Kind::path, "/dev/null"}, {6, Kind::path, "/dev/null"}}},
             {.line = "--userns2 5 | ids", .given = {{5, Kind::path, "/dev/null"}}},
             {.line = "--userns2 5 | ids",
              .given = {{5, Kind::path, "/proc/self/ns/user"}},
              .differs = {no_way_back}},
             {.line = "--userns2 5 | ids , descriptors",
              .who = Who::root,
              .given = mine,
              .differs = {closed}},
             {.line = "--userns 5 --userns2 6 --proc /proc | ids , maps , namespaces , "
                      "capabilities",
              .given = {{5, Kind::user_namespace}, {6, Kind::inner_user_namespace, "5"}},
              .differs = {inner_user, inner_root}},
             {.line = "--userns 5 --uid 0 --gid 0 --userns2 6 --proc /proc | ids , maps",
              .given = {{5, Kind::user_namespace}, {6, Kind::inner_user_namespace, "5"}}},
             {.line = "--userns2 5 | ids", .who = Who::user, .given = mine},

         }},
    };
}

}  // namespace compat
