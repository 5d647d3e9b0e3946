// SPDX-License-Identifier: Apache-2.0
// --perms and --size before options that they are not for, and options that exclude or need others.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;

// Options that neither --perms nor --size may come before, with arguments that are fine.
const Lines others = {"--bind @/d /x",
                      "--ro-bind @/d /x",
                      "--dev-bind @/d /x",
                      "--bind-try @/d /x",
                      "--ro-bind-try @/d /x",
                      "--dev-bind-try @/d /x",
                      "--proc /x",
                      "--dev /x",
                      "--symlink a /x",
                      "--remount-ro /",
                      "--chmod 0700 /",
                      "--bind-fd 5 /x",
                      "--ro-bind-fd 5 /x",
                      "--mqueue /x",
                      "--unshare-pid",
                      "--unshare-user",
                      "--unshare-all",
                      "--share-net",
                      "--chdir /",
                      "--setenv A b",
                      "--unsetenv A",
                      "--clearenv",
                      "--cap-add ALL",
                      "--cap-drop ALL",
                      "--uid 5",
                      "--gid 5",
                      "--hostname x",
                      "--new-session",
                      "--die-with-parent",
                      "--as-pid-1",
                      "--sync-fd 5",
                      "--block-fd 5",
                      "--info-fd 5",
                      "--json-status-fd 5",
                      "--userns-block-fd 5",
                      "--seccomp 5",
                      "--add-seccomp-fd 5",
                      "--userns 5",
                      "--userns2 5",
                      "--pidns 5",
                      "--lock-file /p",
                      "--disable-userns",
                      "--unshare-user-try",
                      "--assert-userns-disabled"};

Group before_others(const std::string& modifier) {
    Group out{modifier + " before what it is not for", {}};
    for (const std::string& option : others) {
        out.rows.push_back({.line = modifier + " " + option + " | look /x",
                            .given = {{5, Kind::path, "/dev/null"}}});
    }
    return out;
}

}  // namespace

Table modifier_rows() {
    const Difference dangling = {
        "a modifier of nothing is refused",
        {"-status 0", "+status 1", "-out look directory 0755", "+err bwrap: *"}};
    return {
        before_others("--perms 0700"),
        before_others("--size 4096"),
        {"modifiers",
         {
             {"--perms 0700 --perms 0700 --dir /x | look /x"},
             {"--size 4096 --size 8192 --tmpfs /x | look /x"},
             {"--perms 0700 --size 4096 --dir /x | look /x"},
             {"--size 4096 --dir /x | look /x"},
             {"--size 4096 --perms 0700 --dir /x | look /x"},
             {.line = "--size 4096 --file 5 /x | look /x", .given = {{5, Kind::content, ""}}},
             {.line = "--size 4096 --bind-data 5 /x | look /x", .given = {{5, Kind::content, ""}}},
             {.line = "--perms 0700 | look /", .differs = {dangling}},
             {.line = "--size 4096 | look /", .differs = {dangling}},
             {.line = "--perms 0700 --args 5 --dir /x | look /x",
              .given = {{5, Kind::content, ""}},
              .differs = {}},
             {.line = "--args 5 --dir /x | look /x",
              .given = {{5, Kind::content, std::string("--perms\0000700", 12)}}},
         }},
        {"the last one wins",
         {
             {.line = "--seccomp 5 --seccomp 5 | exit 3",
              .given = {{5, Kind::content, std::string("\x06\0\0\0\0\0\xff\x7f", 8)}}},
             {.line = "--sync-fd 5 --sync-fd 5 | descriptors",
              .given = {{5, Kind::end}},
              .differs = {{reason::newer,
                           {"-err bwrap: Only the last --sync-fd option will take effect"}}}},
             {"--hostname a --hostname b --unshare-uts --unshare-uts | hostname"},
             {"--exec-label a --exec-label b | exit 3"},
             {"--file-label a | exit 3"},
             {"--exec-label a"},
             {"--file-label a"},
         }},
    };
}

}  // namespace compat
