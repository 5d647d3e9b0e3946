// SPDX-License-Identifier: Apache-2.0
// Variables, the working directory, argv[0] and the search for the command.
#include "row.hpp"

namespace compat {
namespace {

// bubblewrap changes PWD where it is.
const Difference pwd_last = {"PWD is the last variable, as it is the last that is set",
                             {"-out env PWD=*", "+out env PWD=*"}};

const std::string missing = ": No such file or directory";

}  // namespace

Table environment_rows() {
    return {
        {"variables",
         {
             {.line = "| environment", .environment = {"A=1 2", "B="}, .differs = {pwd_last}},
             {.line = "--setenv B 4 --unsetenv A --setenv A 5 --setenv C '' | environment",
              .environment = {"A=1", "B=2", "C=3"},
              .differs = {pwd_last}},
             {"--clearenv | environment"},
             {"--clearenv --setenv B 1 --setenv A 2 --setenv C 3 --setenv A 4 | environment"},
             {"--setenv A 1 --clearenv --setenv B 1 | environment"},
             {"--clearenv --clearenv --unsetenv A | environment"},
             {.line = "--clearenv --setenv PWD /lie --setenv A 1 | environment",
              .differs = {pwd_last}},
             {"--setenv PWD /lie | directory , environment"},
             {"--unsetenv PWD | directory , environment"},
             {.line = "| environment", .environment = {"OLDPWD=/old"}, .differs = {pwd_last}},
             {.line = "--setenv A '1 2' --setenv _ x | environment", .differs = {pwd_last}},
             {.line = "--setenv LD_PRELOAD /x.so | environment", .differs = {pwd_last}},
             {.line = "--setenv A=B x | environment", .differs = {remedied("setenv failed")}},
             {.line = "--setenv '' x | environment", .differs = {remedied("setenv failed")}},
             {.line = "--setenv = x | environment", .differs = {remedied("setenv failed")}},
             {.line = "--unsetenv A=B | environment", .differs = {remedied("unsetenv failed")}},
             {.line = "--unsetenv '' | environment", .differs = {remedied("unsetenv failed")}},
             {"--unsetenv never | environment"},
         }},
        {"the working directory",
         {
             {"| directory"},
             {.line = "--bind @ @ | directory", .differs = {}},
             {.line = "--bind @ @ | directory", .directory = "@/d"},
             {.line = "--bind @ @ | directory", .directory = "@/to-d"},
             {.line = "--bind @ @ | directory", .environment = {"PWD=/lie"}, .directory = "@/to-d"},
             {.line = "--dir @/d | directory", .directory = "@/d"},
             {.line = "--dir @/d | directory",
              .directory = "@/to-d",
              .differs = {{"the directory counts by any of its names",
                           {"-out cwd /", "+out cwd @/d", "-out PWD /", "+out PWD @/d"}}}},
             {"--dir /home/somebody | directory"},
             {.line = "--dir /h | directory", .environment = {"HOME=/h"}},
             {.line = "--dir /h | directory", .environment = {"HOME=h"}},
             {.line = "| directory", .environment = {"HOME="}},
             {"--setenv HOME /q --dir /q | directory"},
             {"--clearenv --dir /home/somebody | directory"},
             {"--unsetenv HOME --dir /home/somebody | directory"},
             {.line = "--symlink t /h --dir /t | directory", .environment = {"HOME=/h"}},
             {.line = "--ro-bind @/f /h | directory", .environment = {"HOME=/h"}},
         }},
        {"--chdir",
         {
             {"--dir /a --chdir /a | directory"},
             {"--chdir /a --dir /a | directory"},
             {"--chdir a --dir /a | directory"},
             {"--dir /a/b --symlink a/b /l --chdir /l | directory"},
             {"--dir /a --chdir /a/../a/. | directory"},
             {"--dir /a --dir /b --chdir /a --chdir /b | directory"},
             {"--dir /b --chdir /nope --chdir /b | directory"},
             {"--chdir /nope | directory"},
             {"--dir /home/somebody --chdir /nope | directory"},
             {"--chdir /p | directory"},
             {"--chdir /p/x | directory"},
             {"--perms 0 --dir /x --chdir /x | directory"},
             {"--unshare-user --uid 5 --perms 0 --dir /x --chdir /x | directory"},
         }},
        {"the search for the command",
         {
             {"--ro-bind PAYLOAD /some/where/tool --setenv PATH /nowhere:/some/where tool process"},
             {"--ro-bind PAYLOAD /tool --setenv PATH /nowhere tool process"},
             {"--ro-bind PAYLOAD /bin/tool --unsetenv PATH tool exit 3"},
             {"--ro-bind PAYLOAD /usr/bin/tool --clearenv tool exit 3"},
             {"--ro-bind PAYLOAD /tool --setenv PATH '' --chdir / tool exit 3"},
             {"--ro-bind PAYLOAD /tool --setenv PATH :/nowhere --chdir / tool exit 3"},
             {"--ro-bind PAYLOAD /tool --chdir / ./tool exit 3"},
             {"--ro-bind PAYLOAD /a/tool --perms 0644 --dir /b/tool --setenv PATH /b:/a tool exit "
              "3"},
             {"--ro-bind @/f /a/tool --setenv PATH /a tool"},
             {"--ro-bind @/f /a/tool --ro-bind PAYLOAD /b/tool --setenv PATH /a:/b tool exit 3"},
             {"--ro-bind PAYLOAD /p -- --weird"},
             {"--ro-bind PAYLOAD /--weird --setenv PATH / --chdir / -- --weird exit 3"},
         }},
    };
}

}  // namespace compat
