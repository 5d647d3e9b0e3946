// SPDX-License-Identifier: Apache-2.0
// --dir, --tmpfs, --file, --symlink, --chmod, --mqueue and their modifiers; data from descriptors.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;

const std::vector<Given> five = {{5, Kind::content, "text"}};
const std::vector<Given> two = {{5, Kind::content, "text"}, {6, Kind::content, "other"}};

const Difference parents = {reason::parents,
                            {"-out look directory 0700", "+out look directory 0755"}};

Group files() {
    return {"--file",
            {
                {.line = "--file 5 /x | look /x , read /x , owner /x , descriptors", .given = five},
                {.line = "--perms 0640 --file 5 /x | look /x", .given = five},
                {.line = "--perms 0000 --file 5 /x | look /x", .given = five},
                {.line = "--perms 04755 --file 5 /x | look /x", .given = five},
                {.line = "--file 5 /a/b/c | look /a , look /a/b , look /a/b/c", .given = five},
                {.line = "--perms 0600 --file 5 /a/b/c | look /a , look /a/b/c", .given = five},
                {.line = "--file 5 / | look /", .given = five},
                {.line = "--dir /x --file 5 /x | look /x", .given = five},
                {.line = "--file 5 /x --file 6 /x | read /x", .given = two},
                {.line = "--file 5 /x/y --file 6 /x/z | list /x", .given = two},
                {.line = "--file 5 /x --file 5 /y | look /x",
                 .given = five,
                 .differs = {{reason::twice,
                              {"-err bwrap: Can't write data to file /y: Bad file descriptor",
                               "+err bwrap: descriptor 5 is used by *"}}}},
                {.line = "--ro-bind @ /x --file 5 /x/f | read /x/f", .given = five},
                {.line = "--ro-bind @ /x --file 5 /x/new | look /x", .given = five},
                {.line = "--bind @ /x --file 5 /x/f | read /x/f", .given = five},
                {.line = "--bind @ /x --file 5 /x/new | read /x/new", .given = five},
                {.line = "--symlink y /x --file 5 /x | look /x , read /y", .given = five},
                {.line = "--symlink /y /x --file 5 /x | look /x , look /y",
                 .given = five,
                 .differs = {{reason::inside, {"-out look ENOENT", "+out look file 0666 4"}}}},
                {.line = "--file 5 /x | read /x", .given = {{5, Kind::byte}}},
                {.line = "--file 5 /x | look /x", .given = {{5, Kind::end}}},
                {.line = "--file 5 /x | look /x", .given = {{5, Kind::path, "@/d"}}},
                {.line = "--file 5 /x | look /x", .given = {{5, Kind::path_only, "@/f"}}},
                {.line = "--file 5 /x | look /x", .given = {{5, Kind::writable, "/dev/null"}}},

            }};
}

Group data(const std::string& o) {
    return {o,
            {
                {.line = o + " 5 /x | look /x , read /x , owner /x , write /x y , descriptors",
                 .given = five},
                {.line = "--proc /proc " + o + " 5 /x | mount-table /x", .given = five},
                {.line = "--perms 0751 " + o + " 5 /x | look /x", .given = five},
                {.line = "--perms 04755 " + o + " 5 /x | look /x", .given = five},
                {.line = o + " 5 /a/b/c | look /a , look /a/b", .given = five},
                {.line = "--perms 0751 " + o + " 5 /a/b/c | look /a , look /a/b", .given = five},
                {.line = "--dir /x " + o + " 5 /x | look /x", .given = five},
                {.line = "--ro-bind @ /x " + o + " 5 /x/f | read /x/f", .given = five},
                {.line = "--ro-bind @ /x " + o + " 5 /x/new | look /x", .given = five},
                {.line = "--bind @ /x " + o + " 5 /x/f | write /x/f y , read /x/f", .given = five},
                {.line = "--symlink y /x " + o + " 5 /x | look /x , read /y", .given = five},
                {.line = o + " 5 /x " + o + " 6 /x | read /x",
                 .given = two,
                 .differs = {other_words("the file has no name",
                                         "Can't bind mount /bindfile on /newroot/x: Unable to "
                                         "mount source on destination: No such file or directory",
                                         "Can't bind mount data on /newroot/x: No such file or "
                                         "directory")}},
                {.line = o + " 5 /x " + o + " 5 /y | look /x",
                 .given = five,
                 .differs = {{reason::twice,
                              {"-err bwrap: Can't write data to file /y: Bad file descriptor",
                               "+err bwrap: descriptor 5 is used by *"}}}},
                {.line = o + " 5 /x | look /x", .given = {{5, Kind::path, "@/d"}}},
                {.line = o + " 5 /x | look /x", .given = {{5, Kind::end}}},

                {.line = o + " 5 /x | list /", .given = five},
            }};
}

Group bound_descriptors(const std::string& o) {
    return {
        o,
        {
            {.line = o + " 5 /x | list /x , descriptors", .given = {{5, Kind::path, "@/d"}}},
            {.line = o + " 5 /x | list /x , write /x/x y", .given = {{5, Kind::path_only, "@/d"}}},
            {.line = o + " 5 /x | read /x , write /x y", .given = {{5, Kind::path, "@/f"}}},
            {.line = "--proc /proc " + o + " 5 /x | mount-table /x",
             .given = {{5, Kind::path, "@/d"}}},
            {.line = o + " 5 /a/b | look /a",
             .given = {{5, Kind::path, "@/d"}},
             .differs = {parents}},
            {.line = "--dir /x " + o + " 5 /x | look /x", .given = {{5, Kind::path, "@/f"}}},
            {.line = o + " 5 /x " + o + " 5 /y | look /x",
             .given = {{5, Kind::path, "@/f"}},
             .differs = {{reason::twice, {"-err *", "+err *"}}}},
            {.line = o + " 5 /x | look /x", .given = {{5, Kind::end}}},

        }};
}

Group symlinks() {
    return {"--symlink",
            {
                {"--symlink a /x | look /x"},
                {"--symlink /p /q | look /q"},
                {"--symlink a / | look /x"},
                {.line = "--symlink a /x --symlink a /x | look /x",
                 .differs = {{reason::newer,
                              {"-status 1", "+status 0", "+out look link 0777 a",
                               "-err bwrap: Can't make symlink at /x: File exists"}}}},
                {.line = "--symlink a /x --symlink b /x | look /x",
                 .differs = {{reason::newer,
                              {"-err bwrap: Can't make symlink at /x: File exists",
                               "+err bwrap: Can't make symlink at /x: existing destination is "
                               "a"}}}},
                {.line = "--dir /x --symlink b /x | look /x",
                 .differs = {{reason::newer,
                              {"-err bwrap: Can't make symlink at /x: File exists",
                               "+err bwrap: Can't make symlink at /x: destination exists and is "
                               "not a symlink"}}}},
                {.line = "--bind @ /x --symlink f /x/to-f | look /x/to-f",
                 .differs = {{reason::newer,
                              {"-status 1", "+status 0", "+out look link 0777 f",
                               "-err bwrap: Can't make symlink at /x/to-f: File exists"}}}},
                {"--bind @ /x --symlink f /x/new | look /x/new"},
                {"--ro-bind @ /x --symlink f /x/new | look /x/new"},
                {"--ro-bind @ /x --symlink f /x/f/new | look /x/new"},
                {.line = "--symlink a /b/c/d | look /b/c/d , look /b/c", .differs = {parents}},
            }};
}

Group directories() {
    Table out;
    return {
        "--dir, --tmpfs and their modifiers",
        {
            {"--dir /x | look /x , owner /x"},
            {"--dir /x --perms 0700 --dir /x | look /x"},
            {"--perms 0700 --dir /x --dir /x | look /x"},
            {"--perms 1777 --dir /x | look /x"},
            {"--perms 7777 --dir /x | look /x"},
            {"--perms 0 --dir /x | look /x"},
            {"--perms 7777 --dir /a/b/c | look /a , look /a/b/c"},
            {"--bind @ /x --dir /x/empty --dir /x/new | look /x/new"},
            {"--dir / --dir . --dir .. --dir ./x --dir /./y --dir //z | list /"},
            {"--tmpfs /x | look /x , owner /x , write /x/y z"},
            {"--perms 1777 --tmpfs /x | look /x"},
            {"--perms 0700 --tmpfs /x | look /x"},
            {"--perms 0711 --tmpfs /a/b/c | look /a , look /a/b/c"},
            {"--size 8192 --tmpfs /x | fill /x/y 2 , fill /x/z 1"},
            {"--size 0x2000 --tmpfs /x | fill /x/y 2 , fill /x/z 1"},
            {"--size 020000 --tmpfs /x | fill /x/y 2 , fill /x/z 1"},
            {"--size 8192 --perms 0700 --tmpfs /x | look /x , fill /x/y 3"},
            {"--perms 0700 --size 8192 --tmpfs /x | look /x , fill /x/y 3"},
            {"--size 8192 --tmpfs /x --tmpfs /y | fill /x/y 3 , fill /y/y 3"},
            {"--perms 0700 --tmpfs /x --tmpfs /y | look /x , look /y"},
            {"--proc /proc --tmpfs /x --size 65536 --perms 1777 --tmpfs /y | mount-table /x /y"},
            {"--tmpfs / --ro-bind PAYLOAD /p --tmpfs /x /p list /"},
            {"--tmpfs /x --dir /x/y --tmpfs /x | list /x"},
        }};
}

Group others() {
    return {"--chmod and --mqueue",
            {
                {"--dir /x --chmod 0700 /x | look /x"},
                {"--dir /x --chmod 7777 /x | look /x"},
                {"--dir /x --chmod 10000 /x | look /x"},
                {"--dir /x --chmod 9 /x | look /x"},
                {"--dir /x --chmod '' /x | look /x"},
                {"--dir /x --chmod 0 /x | look /x"},
                {"--chmod 0700 /x | look /x"},
                {"--chmod 700 /x/y | look /x"},
                {"--chmod 0 /x/y | look /x"},
                {"--chmod 0700 / | look /"},
                {"--dir /x --symlink x /l --chmod 700 /l | look /x"},
                {.line = "--dir /x --symlink /x /l --chmod 700 /l | look /x",
                 .differs = {{reason::inside,
                              {"-status 1", "+status 0", "+out look directory 0700",
                               "-err bwrap: Can't chmod 0700 /l: No such file or directory"}}}},
                {"--ro-bind @ /x --chmod 700 /x | look /x"},
                {"--bind @ /x --chmod 700 /x/d | look /x/d"},
                {.line = "--file 5 /x --chmod 0644 /x | look /x", .given = five},
                {.line = "--file 5 /x --chmod 0644 /x/y | look /x", .given = five},
                {"--perms 0700 --chmod 0700 /x | look /x"},
                {"--mqueue /x | look /x"},
                {"--unshare-ipc --mqueue /x | look /x , owner /x"},
                {.line = "--unshare-ipc --proc /proc --mqueue /a/b/c | look /a , look /a/b/c , "
                         "mount-table /a",
                 .differs = {parents,
                             {"what is mounted for the sandbox gets nosuid, nodev and noexec",
                              {"-out mount /a/b/c rw,relatime mqueue rw*",
                               "+out mount /a/b/c rw,nosuid,nodev,noexec,relatime mqueue rw*"}}}},
            }};
}

}  // namespace

Table make_rows() {
    return {files(),
            data("--bind-data"),
            data("--ro-bind-data"),
            bound_descriptors("--bind-fd"),
            bound_descriptors("--ro-bind-fd"),
            symlinks(),
            directories(),
            others()};
}

}  // namespace compat
