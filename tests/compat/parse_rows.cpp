// SPDX-License-Identifier: Apache-2.0
// How words are read: unknown options, missing arguments, the end of the options, --args.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;
using namespace std::string_literals;

const Lines with_one = {"--args",       "--bind-fd",
                        "--tmpfs",      "--mqueue",
                        "--proc",       "--dev",
                        "--dir",        "--remount-ro",
                        "--chdir",      "--unsetenv",
                        "--uid",        "--gid",
                        "--hostname",   "--cap-add",
                        "--cap-drop",   "--seccomp",
                        "--lock-file",  "--add-seccomp-fd",
                        "--sync-fd",    "--block-fd",
                        "--info-fd",    "--userns-block-fd",
                        "--userns",     "--userns2",
                        "--pidns",      "--json-status-fd",
                        "--exec-label", "--file-label",
                        "--perms",      "--size"};
const Lines with_two = {"--bind",        "--ro-bind",      "--dev-bind",  "--bind-try",
                        "--ro-bind-try", "--dev-bind-try", "--bind-data", "--ro-bind-data",
                        "--file",        "--symlink",      "--setenv",    "--chmod"};

Group missing_arguments() {
    Group out{"missing arguments", {}};
    for (const std::string& option : with_one) out.rows.push_back({option});
    for (const std::string& option : with_two) {
        out.rows.push_back({option});
        out.rows.push_back({option + " 5"});
    }
    const Difference named = {"the option is called by its name",
                              {"-err bwrap: --bind-fd takes two arguments",
                               "+err bwrap: --ro-bind-fd takes two arguments"}};
    out.rows.push_back({.line = "--ro-bind-fd", .differs = {named}});
    out.rows.push_back({.line = "--ro-bind-fd 5", .differs = {named}});
    out.rows.push_back({"--bind-fd 5"});
    return out;
}

Group unknown() {
    Group out{"unknown options", {}};
    for (const char* word :
         {"--nope", "-x", "-", "-h", "-V", "--bind=/a", "--uid=5", "--UNSHARE-ALL", "--unshare",
          "--help=x", "---", "--tmpfs-try", "--Bind"}) {
        out.rows.push_back({word});
        out.rows.push_back({std::string("--dir /x ") + word + " | look /x"});
    }
    return out;
}

Row in_file(const std::string& content, const std::vector<Difference>& differs = {}) {
    return {.line = "--args 5 | look /x , descriptors",
            .given = {{5, Kind::content, content}},
            .differs = differs};
}

Difference dropped(const std::string& word) {
    return {reason::command_in_file,
            {"-status 0", "+status 1", "-out *",
             "+err bwrap: --args 5: \"" + word +
                 "\" is no option; the command cannot come from descriptor 5, put it on the "
                 "command line"}};
}

Group files() {
    return {
        "--args",
        {
            in_file("--dir\0/x\0"s),
            in_file("--dir\0/x"s),
            in_file(""s),
            in_file("--dir\0"s),
            in_file("--nope\0"s),
            in_file("-x\0"s),
            in_file("--dir\0/x\0--\0"s),
            in_file("--dir\0/x\0--\0/p\0look\0/y"s, {dropped("/p")}),
            in_file("--dir\0/x\0/p\0look\0/y"s, {dropped("/p")}),
            in_file("--dir\0/x\0\0"s),
            in_file("\0"s),
            in_file("--args\0006\0"s),
            in_file("--perms\0000700\0--dir\0/x\0"s),
            in_file("--help\0"s),
            in_file("--unshare-user\0--uid\0005\0--dir\0/x\0"s),
            {.line = "--args 5",
             .given = {{5, Kind::content, "--version\0"s}},
             .differs = {{reason::newer, {"-out bubblewrap 0.8.0", "+out bubblewrap 0.13.1*"}}}},
            {.line = "--args 5 --args 6 | list /",
             .given = {{5, Kind::content, "--dir\0/x\0"s}, {6, Kind::content, "--dir\0/y\0"s}}},
            {.line = "--tmpfs /x --args 5 --tmpfs /x | list /x",
             .given = {{5, Kind::content, "--dir\0/x/y\0"s}}},
            {.line = "--args 5 --args 5 | list /",
             .given = {{5, Kind::content, ""s}},
             .differs = {remedied("Can't read --args data: Bad file descriptor")}},
            {.line = "--args 5 | exit 3", .given = {{5, Kind::path, "@/d"}}},
            {.line = "--args 5 | exit 3", .given = {{5, Kind::writable, "/dev/null"}}},
            {.line = "--args 5 | exit 3", .given = {{5, Kind::end}}},
            {.line = "--args 5", .given = {{5, Kind::content, "--dir\0/x\0"s}}},
        }};
}

}  // namespace

Table parse_rows() {
    const Difference version = {reason::newer,
                                {"-out bubblewrap 0.8.0", "+out bubblewrap 0.13.1*"}};
    return {
        {"nothing to do",
         {
             {""},
             {"--"},
             {"--unshare-all"},
             {"--dir /x"},
             {"--dir /x --"},
             {"--help"},
             {"--help --nope"},
             {"--dir /x --help"},
             {"--nope --help"},
             {"--help /nope"},
             {.line = "--version", .differs = {version}},
             {.line = "--version --nope", .differs = {version}},
             {.line = "--dir /x --version /nope", .differs = {version}},
             {"--bind --help"},
             {"--bind /nope --help"},
             {.line = "--perms 0700 --version", .differs = {version}},
             {"--size 5 --help"},
         }},
        {"the end of the options",
         {
             {"--ro-bind PAYLOAD /p -- /p exit 3"},
             {"--ro-bind PAYLOAD /p /p exit 3"},
             {"--ro-bind PAYLOAD /p /p process --bind --help"},
             {"--ro-bind PAYLOAD /p /p echo --"},
             {"--ro-bind PAYLOAD /p -- /p echo --"},
             {"--ro-bind PAYLOAD /p -- -- /p"},
             {"--ro-bind PAYLOAD /p -- --nope"},
             {"--ro-bind PAYLOAD /p --dir -- /p look /--"},
             {"--ro-bind PAYLOAD /p '' exit 3"},
         }},
        unknown(),
        missing_arguments(),
        files(),
    };
}

}  // namespace compat
