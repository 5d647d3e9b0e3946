// SPDX-License-Identifier: Apache-2.0
// The six binds of paths: sources, destinations, what may be done there.
#include "row.hpp"

namespace compat {
namespace {

const Lines options = {"--bind",     "--ro-bind",     "--dev-bind",
                       "--bind-try", "--ro-bind-try", "--dev-bind-try"};

const Difference parents = {reason::parents,
                            {"-out look directory 0700", "+out look directory 0755"}};

bool tries(const std::string& option) { return option.find("-try") != std::string::npos; }

Group sources(const std::string& o) {
    Group out{"sources of " + o,
              {
                  {o + " @/f /x | look /x , read /x , owner /x"},
                  {o + " @/d /x | look /x , list /x , owner /x"},
                  {o + " @/to-f /x | look /x , read /x"},
                  {o + " @/to-d /x | look /x , list /x"},
                  {o + " f /x | read /x"},
                  {o + " ./d/../f /x | read /x"},
                  {o + " . /x | list /x"},
                  {.line = o + " .. /x | list /x", .directory = "@/d/sub"},
                  {o + " @/nope /x | look /x"},
                  {o + " @/nope/more /x | look /x"},
                  {o + " @/f/x /x | look /x"},
                  {o + " @/f/ /x | look /x"},
                  {o + " @/dangling /x | look /x"},
                  {o + " @/circle /x | look /x"},
                  {o + " @/closed /x | look /x , list /x"},
                  {o + " /root/x /x | look /x"},
                  {.line = o + " /proc/self/fd/5 /x | list /x",
                   .given = {{5, Given::Kind::path, "@/d"}},
                   .differs = {}},
                  {o + " /proc/self/fd/77 /x | look /x"},
              }};
    Row closed{o + " @/closed/x /x | look /x"};
    closed.differs = {{"a source is looked up with the rights that the caller has outside",
                       {"-status 0", "+status 1", "-out look file 0644 2",
                        "+err bwrap: Can't find source path @/closed/x: Permission denied"},
                       Who::user}};
    out.rows.push_back(closed);
    Row special{o + " /proc/self/ns/user /x | look /x"};
    if (!tries(o)) {
        special.differs = {{"a namespace can be bound",
                            {"-status 1", "+status 0", "+out look file 0444 0",
                             "-err bwrap: Can't find source path /proc/self/ns/user: No such file "
                             "or directory"}}};
    }
    out.rows.push_back(special);
    return out;
}

Group places(const std::string& o) {
    const std::vector<Given> file = {{5, Given::Kind::content, "text"}};
    return {
        "destinations of " + o,
        {
            {.line = o + " @/d /x/y/z | look /x/y/z , look /x/y , look /x", .differs = {parents}},
            {.line = o + " @/f /x/y/z | look /x/y/z , look /x/y , look /x", .differs = {parents}},
            {o + " @/f x | look /x"},
            {.line = o + " @/f //x// | look /x",
             .differs = {{"slashes at the end of a destination mean nothing",
                          {"-status 1", "+status 0", "+out look file 0644 6",
                           "-err bwrap: Destination is not a file //x//"}}}},
            {o + " @/d //x// | look /x"},
            {"--dir /x " + o + " @/d /x | list /x"},
            {"--dir /x " + o + " @/f /x | look /x"},
            {.line = "--file 5 /x " + o + " @/f /x | read /x", .given = file},
            {.line = "--file 5 /x " + o + " @/d /x | look /x", .given = file},
            {.line = "--file 5 /x " + o + " @/f /x/y | look /x", .given = file},
            {.line = "--file 5 /x " + o + " @/d /x/y/z | look /x", .given = file},
            {"--perms 0700 --dir /x " + o + " @/f /x/y | look /x , look /x/y"},
            {"--ro-bind @ /x " + o + " @/f /x/f | read /x/f"},
            {"--ro-bind @ /x " + o + " @/f /x/new | look /x/new"},
            {"--ro-bind @ /x " + o + " @/d /x/new | look /x/new"},
            {"--ro-bind @ /x " + o + " @/d /x/new/more | look /x/new"},
            {"--bind @ /x " + o + " @/f /x/new | look /x/new"},
            {.line = "--bind @ /x " + o + " @/f /x/new/more | look /x/new",
             .differs = {{reason::parents,
                          {"-out look directory 0700", "+out look directory 0755",
                           "-host new 40700", "+host new 40755"}}}},
            {o + " @ / " + o + " PAYLOAD /p /p look /p"},
            {o + " / / PAYLOAD read @/f"},
        }};
}

Group rights(const std::string& o) {
    return {"what " + o + " allows",
            {
                {o + " @/d /x | write /x/new y , write /x/x yy , mkdir /x/m"},
                {o + " @/d /x | unlink /x/x"},
                {o + " @/f /x | write /x changed , unlink /x"},
                {o + " /dev/null /n | look /n , write /n x , open-rw /n"},
                {o + " @/d /x --tmpfs /x | list /x"},
                {"--tmpfs /x " + o + " @/d /x/y | list /x , list /x/y"},
                {o + " @/d /x " + o + " @/f /x/x | read /x/x"},
                {"--proc /proc " + o + " @/d /x | mount-table /x /p"},
                {"--proc /proc " + o + " @/f /x | mount-table /x"},
                {.line = "--proc /proc " + o + " @/d /x | mount-table /x , write /x/sub/new y",
                 .mounts = {"@/d/sub"}},
                {.line = "--proc /proc " + o + " @ /x | mount-table /x",
                 .mounts = {"@/d", "@/d/deep", "@/empty"}},
            }};
}

}  // namespace

Table bind_rows() {
    Table out;
    for (const std::string& option : options) {
        out.push_back(sources(option));
        out.push_back(places(option));
        out.push_back(rights(option));
    }
    return out;
}

}  // namespace compat
