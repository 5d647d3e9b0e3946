// SPDX-License-Identifier: Apache-2.0
// --proc, --dev, --remount-ro, and the order of what is mounted.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;

const Difference proc_covered = {reason::root_proc, {"+out mount /proc/*"}, Who::root};

const std::string no_mount_table =
    "Can't remount readonly on /newroot/l: realpath(destination): "
    "No such file or directory";

}  // namespace

Table mount_rows() {
    return {
        {"--proc",
         {
             {"--proc /proc | look /proc , list /proc/self/task/1"},
             {"--unshare-pid --proc /proc | running , process"},
             {"--unshare-pid --as-pid-1 --proc /proc | running , process"},
             {.line = "--unshare-pid --proc /proc | mount-table /proc", .differs = {proc_covered}},
             {.line = "--unshare-all --proc /proc | mount-table /proc", .differs = {proc_covered}},
             {"--unshare-pid --proc /proc | open-rw /proc/sysrq-trigger , mkdir /proc/x"},
             {"--unshare-pid --proc /proc --proc /x | running , list /x/self/ns"},
             {.line = "--unshare-user --unshare-pid --proc /proc | write "
                      "/proc/self/oom_score_adj 10 , maps"},
         }},
        {"--dev",
         {
             {"--dev /dev | list /dev , list /dev/pts , list /dev/shm , look /dev"},
             {"--proc /proc --dev /dev | mount-table /dev"},
             {"--dev /dev | write /dev/null x , open-rw /dev/zero , open /dev/random , open "
              "/dev/urandom , fill /dev/full 1 , open-rw /dev/ptmx , open-rw /dev/tty"},
             {"--dev /dev | write /dev/shm/x y , mkdir /dev/shm/d , write /dev/x y , mkdir "
              "/dev/d , owner /dev , owner /dev/shm , owner /dev/null"},
             {"--dev /dev | syscall 133 0 0"},
             {"--dev /x/dev | list /x/dev"},
             {"--dev /dev --dev /dev | list /dev"},
             {"--dir /dev/x --dev /dev | list /dev"},
             {"--dev /dev --dir /dev/x --tmpfs /dev/shm | list /dev , write /dev/shm/x y"},
             {"--dev /dev --remount-ro /dev | write /dev/x y , write /dev/shm/x y , write "
              "/dev/null z"},
             {"--unshare-user --uid 0 --gid 0 --dev /dev | open-rw /dev/ptmx , write /dev/null "
              "x , owner /dev/null"},
             {"--unshare-user --uid 5 --gid 5 --dev /dev | open-rw /dev/ptmx , owner /dev , "
              "owner /dev/shm , list /dev/pts"},
             {.line = "--perms 0700 --dev /dev | list /dev"},
         }},
        {"--remount-ro",
         {
             {"--remount-ro / | write /x y , look /"},
             {"--remount-ro / --ro-bind @/f /x | look /x"},
             {"--dir /x --remount-ro / --tmpfs /x | write /x/y z , write /y z"},
             {"--tmpfs /x --remount-ro /x | write /x/y z , write /y z"},
             {"--tmpfs /x --tmpfs /x/y --remount-ro /x | write /x/z z , write /x/y/z z"},
             {"--bind @/d /x --remount-ro /x | write /x/x z"},
             {"--proc /proc --bind @/d /x --remount-ro /x | mount-table /x"},
             {"--proc /proc --tmpfs /x --remount-ro /x --remount-ro /x | mount-table /x"},
             {.line = "--dev-bind /dev/null /n --proc /proc --remount-ro /n | write /n x",
              .differs = {{"a read-only device still works",
                           {"-out write EACCES", "+out write ok"}}}},
             {"--dir /x --remount-ro /x | look /x"},
             {"--bind @ /x --remount-ro /x/d | look /x"},
             {"--remount-ro /x | look /x"},
             {"--remount-ro /x/y | look /x"},
             {"--ro-bind @ /x --remount-ro /x/d/new | look /x"},
             {"--tmpfs /x --symlink x /l --remount-ro /l | write /x/y z"},
             {.line = "--tmpfs /x --symlink /x /l --remount-ro /l | write /x/y z",
              .differs = {{reason::inside,
                           {"-status 1", "+status 0", "+out write EROFS",
                            "-err bwrap: " + no_mount_table}}}},
             {.line = "--bind @/d /x --proc /proc --remount-ro /x | mount-table /x , write "
                      "/x/sub/y z",
              .mounts = {"@/d/sub"}},
         }},
        {"the order of things",
         {
             {"--tmpfs /x --bind @/d /x/y --tmpfs /x --dir /x/z | list /x"},
             {"--bind @/d /x --ro-bind @/d/sub /x/sub | write /x/n y , write /x/sub/n y"},
             {"--ro-bind @/d /x --bind @/d/sub /x/sub | write /x/n y , write /x/sub/n y"},
             {"--proc /proc --bind @/empty /proc | list /proc"},
             {"--bind @/empty /proc --proc /proc | look /proc/version"},
             {"--dir /x/y --symlink y /x/z --bind @/d /x/z | list /x , list /x/y"},
             {"--dev /dev --bind @/empty /dev/shm | list /dev/shm"},
             {"--chmod 0700 /x --dir /x | look /x"},
         }},
    };
}

}  // namespace compat
