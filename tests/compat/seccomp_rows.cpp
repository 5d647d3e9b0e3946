// SPDX-License-Identifier: Apache-2.0
// Compiled filters.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;
using namespace std::string_literals;

// A struct sock_filter is a code (2 bytes), two jumps and an operand (4 bytes).
const std::string allow = "\x06\0\0\0\0\0\xff\x7f"s;
const std::string no_getppid =
    "\x20\0\0\0\0\0\0\0"      // load the number of the call
    "\x15\0\0\x01\x6e\0\0\0"  // 110, getppid(2) on x86_64
    "\x06\0\0\0\x0d\0\x05\0"  // EACCES
    "\x06\0\0\0\0\0\xff\x7f"s;
const std::string invalid = "\x99\x99\0\0\0\0\0\0"s;

std::vector<Given> on(const std::string& program) { return {{5, Kind::content, program}}; }
std::vector<Given> on(const std::string& one, const std::string& other) {
    return {{5, Kind::content, one}, {6, Kind::content, other}};
}

Group one(const std::string& o) {
    return {o,
            {
                {.line = o + " 5 | getppid , capabilities , descriptors", .given = on(no_getppid)},
                {.line = o + " 5 | getppid", .given = on(allow)},
                {.line = o + " 5 --unshare-all | getppid", .given = on(no_getppid)},
                {.line = o + " 5 --unshare-pid --as-pid-1 | getppid", .given = on(no_getppid)},
                {.line = o + " 5 | exit 3", .given = on("abc")},
                {.line = o + " 5 | exit 3", .given = on("")},
                {.line = o + " 5 | exit 3", .given = on(invalid)},
                {.line = o + " 5 | exit 3", .given = {{5, Kind::end}}},
                {.line = o + " 5 | exit 3", .given = {{5, Kind::path, "@/d"}}},
                {.line = o + " 5 | exit 3", .given = {{5, Kind::writable, "/dev/null"}}},

                {.line = o + " 5 /nope", .given = on(no_getppid)},
            }};
}

}  // namespace

Table seccomp_rows() {
    return {
        one("--seccomp"),
        one("--add-seccomp-fd"),
        {"both",
         {
             {.line = "--add-seccomp-fd 5 --add-seccomp-fd 6 | getppid , capabilities , "
                      "descriptors",
              .given = on(no_getppid, allow)},
             {.line = "--seccomp 5 --seccomp 6 | getppid", .given = on(no_getppid, allow)},
             {.line = "--seccomp 5 --add-seccomp-fd 6 | exit 3", .given = on(allow, allow)},
             {.line = "--add-seccomp-fd 5 --seccomp 6 | exit 3", .given = on(allow, allow)},
             {.line = "--add-seccomp-fd 5 --add-seccomp-fd 5 | exit 3",
              .given = on(allow),
              .differs = {remedied("Can't read seccomp data: Bad file descriptor")}},
         }},
    };
}

}  // namespace compat
