// SPDX-License-Identifier: Apache-2.0
// Exit statuses, and what is said when the command cannot be executed.
#include "row.hpp"

namespace compat {
namespace {

// What has no "#!" is for /bin/sh; when that is not there either, it is not the missing file.
Difference no_shell(const std::string& command) {
    return other_words("the file is there, and is no program",
                       "execvp " + command + ": No such file or directory",
                       "execvp " + command + ": Exec format error");
}

// What is no program of this machine and no text is nothing for a shell.
Difference no_script(const std::string& command) {
    return now_refused("a file that is no script is not given to a shell",
                       "execvp " + command + ": Exec format error", "119",
                       {"payload: cannot \"/s\""});
}

}  // namespace

Table exit_rows() {
    return {
        {"statuses",
         {
             {"| exit 0"},
             {"| exit 1"},
             {"| exit 77"},
             {"| exit 255"},
             {"| exit 256"},
             {"| raise KILL"},
             {"| raise TERM"},
             {"| raise SEGV"},
             {"| raise HUP"},
             {"--unshare-pid | exit 77"},
             {"--unshare-pid | raise KILL"},
             {"--unshare-pid --as-pid-1 | exit 77"},
             {"--unshare-pid --as-pid-1 | raise KILL"},
             {"--unshare-pid --as-pid-1 | raise TERM"},
             {"--die-with-parent | exit 77"},
             {"--new-session | exit 77"},
             {"--unshare-all | linger , exit 5"},
         }},
        {"commands that cannot be executed",
         {
             {"nope"},
             {"/nope"},
             {"./nope"},
             {"''"},
             {"--ro-bind PAYLOAD /p /p/x"},
             {"--dir /d /d"},
             {"--ro-bind @/f /f /f"},
             {"--symlink x /l /l"},
             {"--symlink l /l /l"},
             {"--ro-bind @/script /s /s"},
             {.line = "--ro-bind @/nothing /s /s", .differs = {no_shell("/s")}},
             {.line = "--ro-bind @/nothing /a/s --setenv PATH /a s", .differs = {no_shell("s")}},
             {"--ro-bind PAYLOAD /bin/sh --ro-bind @/text /s /s echo x"},
             {.line = "--ro-bind PAYLOAD /bin/sh --ro-bind @/nothing /s /s echo x",
              .differs = {no_script("/s")}},
             {.line = "--ro-bind PAYLOAD /bin/sh --ro-bind @/foreign /s /s echo x",
              .differs = {no_script("/s")}},

             {"--ro-bind /usr/bin/true /true /true"},
             {"--unshare-pid --as-pid-1 /nope"},
             {"--unshare-all /nope"},
             {"--perms 0 --dir /x --ro-bind PAYLOAD /x/p /x/p exit 3"},
             {"--unshare-user --uid 7 --perms 0 --dir /x --ro-bind PAYLOAD /x/p /x/p exit 3"},
         }},
    };
}

}  // namespace compat
