// SPDX-License-Identifier: Apache-2.0
// Which namespaces are new.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;

const Difference one_line = {"one line says it",
                             {"-err bwrap: Unexpected short read from pid socket"}};
const Difference outer_ids = {
    "the namespace around it has other ids, which nobody sees",
    {"-out uid_map *", "+out uid_map *", "-out gid_map *", "+out gid_map *"}};

}  // namespace

Table namespace_rows() {
    const std::string look = " --proc /proc | namespaces";
    return {
        {"one at a time",
         {
             {look},
             {"--unshare-user" + look},
             {"--unshare-user-try" + look},
             {"--unshare-ipc" + look},
             {"--unshare-pid" + look},
             {"--unshare-net" + look},
             {"--unshare-uts" + look},
             {"--unshare-cgroup" + look},
             {"--unshare-cgroup-try" + look},
             {"--unshare-all" + look},
             {"--unshare-all --unshare-user" + look},
             {"--unshare-ipc --unshare-ipc --unshare-uts --unshare-uts" + look},
             {"--unshare-user --unshare-user-try" + look},
         }},
        {"the network",
         {
             {"--share-net" + look},
             {"--unshare-net --share-net" + look},
             {"--share-net --unshare-net" + look},
             {"--unshare-all --share-net" + look},
             {"--share-net --unshare-all" + look},
             {"--unshare-net | interfaces , loopback , connect-out"},
             {"--unshare-all | interfaces , loopback , connect-out"},
             {"--unshare-all --share-net | loopback"},
         }},
        {"--disable-userns and --assert-userns-disabled",
         {
             {"--unshare-user --disable-userns | unshare-user , clone3-user , ids , capabilities"},
             {.line = "--unshare-user --disable-userns --uid 5 --gid 6 --proc /proc | "
                      "unshare-user , ids , maps",
              .differs = {outer_ids}},
             {"--unshare-all --unshare-user --disable-userns | unshare-user"},
             {"--unshare-user --disable-userns --dev /dev --proc /proc --unshare-pid | "
              "unshare-user , running , open-rw /dev/ptmx"},
             {"--disable-userns --unshare-user --disable-userns | unshare-user"},
             {"--unshare-user --disable-userns --assert-userns-disabled | unshare-user"},
             {"--disable-userns | unshare-user"},
             {.line = "--disable-userns",
              .differs = {{"that there is no command is said first",
                           {"-err bwrap: --disable-userns requires --unshare-user",
                            "+err usage: bwrap [OPTIONS...] [--] COMMAND [ARGS...]"}}}},
             {"--unshare-user-try --disable-userns | unshare-user"},
             {"--unshare-all --disable-userns | unshare-user"},
             {"--assert-userns-disabled | unshare-user"},
             {"--unshare-user --assert-userns-disabled | unshare-user"},
             {.line = "--unshare-user --disable-userns --userns-block-fd 5 --info-fd 6 | ids",
              .given = {{5, Kind::end}, {6, Kind::collected}},
              .differs = {other_words("one blank is enough",
                                      "--disable-userns is not compatible with  "
                                      "--userns-block-fd",
                                      "--disable-userns is not compatible with "
                                      "--userns-block-fd")}},
             {"--unshare-user | unshare-user"},
         }},
        {"--pidns",
         {

             {.line = "--pidns 5 | ids",
              .given = {{5, Kind::path, "/dev/null"}},
              .differs = {one_line}},
             {.line = "--pidns 5 --pidns 6 | ids",
              .given = {{5, Kind::path, "/dev/null"}, {6, Kind::path, "/dev/null"}},
              .differs = {one_line}},
             {.line = "--pidns 5 --proc /proc | running , namespaces , descriptors",
              .who = Who::root,
              .given = {{5, Kind::pid_namespace}},
              .differs = {{reason::used, {"-out fd 5 file"}}}},
             {.line = "--pidns 5 --unshare-pid --proc /proc | running , process , namespaces",
              .who = Who::root,
              .given = {{5, Kind::pid_namespace}}},
             {.line = "--pidns 5 --json-status-fd 6 | exit 3",
              .who = Who::root,
              .given = {{5, Kind::pid_namespace}, {6, Kind::collected}}},
             {.line = "--pidns 5 | ids",
              .who = Who::user,
              .given = {{5, Kind::path, "/proc/self/ns/pid"}},
              .differs = {one_line}},
             {.line = "--pidns 5 | ids",
              .who = Who::user,
              .given = {{5, Kind::pid_namespace}},
              .differs = {one_line}},
             {.line = "--userns 5 --pidns 6 --proc /proc | running , ids",
              .who = Who::user,
              .given = {{5, Kind::user_namespace}, {6, Kind::pid_namespace, "5"}}},
             {.line = "--userns 5 --pidns 6 --unshare-pid --proc /proc | running , process",
              .who = Who::user,
              .given = {{5, Kind::user_namespace}, {6, Kind::pid_namespace, "5"}}},
         }},
    };
}

}  // namespace compat
