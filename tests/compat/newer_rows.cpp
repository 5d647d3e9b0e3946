// SPDX-License-Identifier: Apache-2.0
// What Debian's bubblewrap does not have: checked against what bubblewrap 0.13.1 is known to do.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;
using namespace std::string_literals;

Lines refused(const std::string& message) { return {"status 1", "err bwrap: " + message}; }

const std::string lacks_overlay =
    "--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, "
    "or --ro-overlay";

Group overlays() {
    return {
        "overlays",
        {
            {.line = "--overlay-src @/low --overlay-src @/d --ro-overlay /x | read /x/x , list "
                     "/x/sub , write /x/y z",
             .expected = {"status 0", "out read ok x\\x0a", "out write EROFS"}},
            {.line = "--overlay-src @/d --overlay-src @/low --ro-overlay /x | read /x/x",
             .expected = {"status 0", "out read ok lower\\x0a"}},
            {.line = "--overlay-src @/low --tmp-overlay /x | read /x/x , write /x/x y , write "
                     "/x/new z , read /x/x",
             .expected = {"status 0", "out read ok lower\\x0a", "out write ok", "out write ok",
                          "out read ok y"}},
            {.line = "--overlay-src @/low --overlay @/up @/work /x | read /x/x , write /x/new y",
             .expected = {"status 0", "out read ok lower\\x0a", "out write ok",
                          "host up/new 100644 1", "host work/work 40000"}},
            {.line = "--overlay-src @/low --overlay-src @/d --tmp-overlay /x | read /x/x , list "
                     "/x",
             .expected = {"status 0", "out read ok x\\x0a", "out entry sub directory 0755",
                          "out entry x file 0644 2"}},
            {.line = "--overlay-src @/low --tmp-overlay /a/b/c | look /a , look /a/b",
             .expected = {"status 0", "out look directory 0755", "out look directory 0755"}},
            {.line = "--overlay-src @/low --tmp-overlay /x --proc /proc | mount-table /x",
             .expected = {"status 0", "out mount /x rw,nosuid,nodev,relatime tmpfs rw",
                          "out mount /x from / rw,nosuid,nodev,relatime overlay"}},
            {.line = "--overlay-src @/low --overlay-src @/d --ro-overlay /x --proc /proc | "
                     "mount-table /x",
             .expected = {"status 0", "out mount /x from / rw,nosuid,nodev,relatime overlay"}},
            {.line = "--overlay-src @/nope --tmp-overlay /x | exit 3",
             .expected = refused("Can't find source path @/nope: No such file or directory")},
            {.line = "--overlay-src @/low --overlay @/nope @/work /x | exit 3",
             .expected = refused("Can't find source path @/nope: No such file or directory")},
            {.line = "--overlay-src @/low | exit 3", .expected = refused(lacks_overlay)},
            {.line = "--overlay-src @/low --dir /x | exit 3", .expected = refused(lacks_overlay)},
            {.line = "--overlay-src @/low --bind @/d /x | exit 3",
             .expected = refused(lacks_overlay)},
            {.line = "--tmp-overlay /x | exit 3",
             .expected = refused("--tmp-overlay requires at least one --overlay-src")},
            {.line = "--overlay @/up @/work /x | exit 3",
             .expected = refused("--overlay requires at least one --overlay-src")},
            {.line = "--ro-overlay /x | exit 3",
             .expected = refused("--ro-overlay requires at least two --overlay-src")},
            {.line = "--overlay-src @/low --ro-overlay /x | exit 3",
             .expected = refused("--ro-overlay requires at least two --overlay-src")},
            {.line = "--perms 0700 --overlay-src @/low --tmp-overlay /x | exit 3",
             .expected = refused("--perms must be followed by an option that creates a file")},
            {.line = "--overlay-src", .expected = refused("--overlay-src takes an argument")},
            {.line = "--tmp-overlay", .expected = refused("--tmp-overlay takes an argument")},
            {.line = "--ro-overlay", .expected = refused("--ro-overlay takes an argument")},
            {.line = "--overlay a b", .expected = refused("--overlay takes three arguments")},
        }};
}

// Whatever else is wrong, the -try forms too.
Group empty_paths() {
    Group out{"empty paths", {}};
    const auto add = [&](const std::string& option, const std::string& arguments) {
        const std::string line = option + " " + arguments + " | exit 3";
        out.rows.push_back({.line = line,
                            .given = {{5, Kind::content, "text"}},
                            .expected = refused(option + " does not take an empty path argument")});
    };
    for (const char* option : {"--bind", "--bind-try", "--ro-bind", "--ro-bind-try", "--dev-bind",
                               "--dev-bind-try", "--symlink"}) {
        add(option, "'' /x");
        add(option, "@/d ''");
    }
    for (const char* option :
         {"--bind-fd", "--ro-bind-fd", "--bind-data", "--ro-bind-data", "--file", "--chmod"}) {
        add(option, "5 ''");
    }
    for (const char* option : {"--dir", "--tmpfs", "--proc", "--dev", "--mqueue", "--remount-ro",
                               "--chdir", "--lock-file", "--overlay-src"}) {
        add(option, "''");
    }
    const auto overlay = [&](const std::string& option, const std::string& arguments) {
        out.rows.push_back({.line = "--overlay-src @/low --overlay-src @/d " + option + " " +
                                    arguments + " | exit 3",
                            .expected = refused(option + " does not take an empty path argument")});
    };
    overlay("--overlay", "'' @/work /x");
    overlay("--overlay", "@/up '' /x");
    overlay("--overlay", "@/up @/work ''");
    overlay("--tmp-overlay", "''");
    overlay("--ro-overlay", "''");
    // No paths.
    out.rows.push_back(
        {.line = "--unshare-uts --hostname '' --setenv A '' | exit 3", .expected = {"status 3"}});
    return out;
}

Group several_sync_descriptors() {
    const Lines only_standard = {"status 0", "out fd 0 character", "out fd 1 pipe",
                                 "out fd 2 pipe"};
    return {"several --sync-fd",
            {{.line = "--unshare-pid --sync-fd 5 --sync-fd 6 | descriptors",
              .given = {{5, Kind::end}, {6, Kind::end}},
              .expected = only_standard},
             {.line = "--sync-fd 5 --sync-fd 5 | descriptors",
              .given = {{5, Kind::end}},
              .expected = only_standard},
             {.line = "--sync-fd 5 --sync-fd 77 | exit 3",
              .given = {{5, Kind::end}},
              .expected = refused("Keeping --sync-fd open failed: Bad file descriptor; descriptor "
                                  "77 is not open")}}};
}

Group names() {
    return {"--argv0",
            {
                {.line = "--argv0 other --unshare-pid | process",
                 .expected = {"status 0", "out argv0 other", "out pid 2", "out ppid 1",
                              "out pgid 0", "out sid 0", "out umask 0022"}},
                {.line = "--argv0 '' --unshare-pid | process",
                 .expected = {"status 0", "out argv0 ", "out pid 2", "out ppid 1", "out pgid 0",
                              "out sid 0", "out umask 0022"}},
                {.line = "--ro-bind PAYLOAD /bin/tool --setenv PATH /bin --argv0 x tool exit 3",
                 .expected = {"status 3"}},
                {.line = "--argv0 a --argv0 b | exit 3",
                 .expected = refused("--argv0 used multiple times")},
                {.line = "--argv0", .expected = refused("--argv0 takes an argument")},
                {.line = "--argv0 a /nope",
                 .expected = refused("execvp /nope: No such file or directory")},
            }};
}

Group levels() {
    return {
        "--level-prefix",
        {
            {.line = "--level-prefix | exit 3", .expected = {"status 3"}},
            {.line = "--level-prefix --nope",
             .expected = {"status 1", "err <3>bwrap: Unknown option --nope"}},
            {.line = "--nope --level-prefix", .expected = refused("Unknown option --nope")},
            {.line = "--level-prefix --chdir / --chdir / | exit 3",
             .expected = {"status 3",
                          "err <4>bwrap: Only the last --chdir option will take effect"}},
            {.line = "--chdir / --chdir / --level-prefix | exit 3",
             .expected = {"status 3", "err bwrap: Only the last --chdir option will take effect"}},
            {.line = "--level-prefix --bind @/nope /x | exit 3",
             .expected = {"status 1",
                          "err <3>bwrap: Can't find source path @/nope: No such file or "
                          "directory"}},
            {.line = "--level-prefix /nope",
             .expected = {"status 1", "err <3>bwrap: execvp /nope: No such file or directory"}},
            {.line = "--level-prefix --dir /x --bind @/f /x | exit 3",
             .expected = {"status 1", "err <3>bwrap: Destination is not a file /x"}},
            {.line = "--args 5 --nope",
             .given = {{5, Kind::content, "--level-prefix\0"s}},
             .expected = {"status 1", "err <3>bwrap: Unknown option --nope"}},
        }};
}

Group limits() {
    std::string many;
    for (int i = 0; i < 9500; ++i) many += "--die-with-parent\0"s;
    return {"what has no limit any more",
            {{.line = "--args 5 | exit 3",
              .given = {{5, Kind::content, many}},
              .differs = {{"there is no limit to the number of arguments",
                           {"-status 1", "+status 3",
                            "-err bwrap: Exceeded maximum number of arguments 9000"}}}}}};
}

}  // namespace

Table newer_rows() {
    return {overlays(),
            empty_paths(),
            several_sync_descriptors(),
            names(),
            levels(),
            limits(),
            {"--not-a-security-boundary",
             {{.line = "--not-a-security-boundary | exit 3", .expected = {"status 3"}}}}};
}

}  // namespace compat
