// SPDX-License-Identifier: Apache-2.0
// Where things are put: symbolic links on the way, parents, files in the way, dots and slashes.
#include "row.hpp"

namespace compat {
namespace {

const std::vector<Given> five = {{5, Given::Kind::content, "text"}};

// What bubblewrap says of a link that leads into the root of the host, not of the sandbox.
Lines refused(const std::string& message, const Lines& now) {
    Lines out = {"-status 1", "+status 0", "-err bwrap: " + message};
    for (const std::string& line : now) out.push_back("+out " + line);
    return out;
}

struct Maker {
    std::string option;    ///< with everything but the destination
    std::string mounting;  ///< what its failure to mount is called; empty: it mounts nothing
    std::string look;      ///< what is there afterwards
};

Difference followed(const Maker& maker, const Lines& now) {
    return {reason::inside,
            refused(maker.mounting + " on /newroot/l: " +
                        (maker.option == "--proc"
                             ? "Unable to mount source on destination: No such file or directory"
                             : "No such file or directory"),
                    now)};
}

Group links(const Maker& m) {
    const std::string& o = m.option;
    const std::string below = "Can't mkdir /l/y: No such file or directory";
    Group out{"links as destination of " + o,
              {
                  {"--dir /t --symlink t /l " + o + " /l | look /l , look /t"},
                  {"--dir /t --symlink t /l " + o + " /l/y | look /l , look /t/y"},
                  {.line = "--symlink nowhere /l " + o + " /l/y | look /l , look /nowhere/y",
                   .differs = {{reason::inside,
                                refused(below, {"look link 0777 nowhere", "look " + m.look})}}},
                  {.line = "--dir /t --symlink /t /l " + o + " /l/y | look /l , look /t/y",
                   .differs = {{reason::inside,
                                refused(below, {"look link 0777 /t", "look " + m.look})}}},
              }};
    if (m.mounting.empty()) {
        const Difference made = {"the link's target is made, as that of any other destination",
                                 {"-out look ENOENT", "+out look " + m.look}};
        out.rows.push_back({.line = "--symlink nowhere /l " + o + " /l | look /l , look /nowhere",
                            .differs = {made}});
        out.rows.push_back({.line = "--symlink /nowhere /l " + o + " /l | look /l , look /nowhere",
                            .differs = {made}});
        out.rows.push_back({.line = "--symlink /l /l " + o + " /l | look /l",
                            .differs = {{"links in a circle are refused",
                                         {"-status 0", "+status 1", "-out look link 0777 /l",
                                          "+err bwrap: Can't mkdir *"}}}});
        out.rows.push_back({"--dir /t --symlink /t /l " + o + " /l | look /l , look /t"});
        return out;
    }
    out.rows.push_back({.line = "--symlink nowhere /l " + o + " /l | look /l , look /nowhere",
                        .differs = {followed(m, {"look link 0777 nowhere", "look " + m.look})}});
    out.rows.push_back({.line = "--symlink /nowhere /l " + o + " /l | look /l , look /nowhere",
                        .differs = {followed(m, {"look link 0777 /nowhere", "look " + m.look})}});
    out.rows.push_back({.line = "--dir /t --symlink /t /l " + o + " /l | look /l , look /t",
                        .differs = {followed(m, {"look link 0777 /t", "look " + m.look})}});
    return out;
}

Group obstacles(const std::string& o) {
    return {"what is in the way of " + o,
            {
                {.line = "--file 5 /x " + o + " /x | look /x", .given = five},
                {.line = "--file 5 /x " + o + " /x/y | look /x", .given = five},
                {.line = "--file 5 /x " + o + " /x/y/z | look /x", .given = five},
                {"--ro-bind @ /x " + o + " /x/new | look /x"},
                {"--ro-bind @ /x " + o + " /x/new/more | look /x"},
                {"--ro-bind @ /x " + o + " /x/empty | look /x/empty"},
                {"--ro-bind @ /x " + o + " /x/f | look /x/f"},
                {"--ro-bind @ /x " + o + " /x/f/more | look /x/f"},
                {"--bind @ /x " + o + " /x/new | look /x/new"},
                {.line = "--bind @ /x " + o + " /x/closed/new | look /x/closed", .who = Who::user},
                {o + " x | look /x"},
                {o + " ./x | look /x"},
                {o + " //x//y/ | look /x/y"},
                {"--dir /d " + o + " /d/../y | look /y"},
            }};
}

Group parents(const std::string& o, const Difference& difference) {
    return {
        "directories made on the way to " + o,
        {
            {.line = o + " /a/b/c | look /a , look /a/b , look /a/b/c", .differs = {difference}},
            {.line = "--dir /a " + o + " /a/b/c | look /a , look /a/b , look /a/b/c",
             .differs = {difference}},
        }};
}

}  // namespace

Table destination_rows() {
    const std::string tmpfs = "Can't mount tmpfs";
    Table out;
    for (const Maker& maker :
         {Maker{"--tmpfs", tmpfs, "directory 0755"}, Maker{"--dir", "", "directory 0755"},
          Maker{"--proc", "Can't bind mount oldroot/proc", "directory 0555"},
          Maker{"--dev", tmpfs, "directory 0755"}}) {
        out.push_back(links(maker));
        out.push_back(obstacles(maker.option));
    }
    const Difference closed = {reason::parents,
                               {"-out look directory 0700", "+out look directory 0755"}};
    const Difference none = {"", {}};
    out.push_back(parents("--tmpfs", none));
    out.push_back(parents("--dir", none));
    out.push_back(parents("--perms 0700 --dir", none));
    out.push_back(parents("--proc", closed));
    out.push_back(parents("--dev", closed));
    out.push_back(parents("--symlink x", closed));
    out.push_back(
        {"links as destination of binds",
         {
             {"--dir /t --symlink t /l --bind @/d /l | list /t , look /l"},
             {"--dir /t --symlink t /l --bind @/f /l/f | read /t/f"},
             {"--symlink t /l --bind @/f /l | look /l , look /t"},
             {.line = "--dir /t --symlink /t /l --bind @/d /l | list /t , look /l",
              .differs = {{reason::inside,
                           {"-status 1", "+status 0", "+out *",
                            "-err bwrap: Can't bind mount @/d on /newroot/l: "
                            "Unable to mount source on destination: No such file or "
                            "directory"}}}},
             {.line = "--symlink /t /l --bind @/f /l | look /l , look /t",
              .differs = {{reason::inside, {"-out look ENOENT", "+out look file 0644 6"}}}},
             {.line = "--symlink /oldroot@ /l --file 5 /l/new | look /l/new",
              .given = five,
              .differs = {{"nothing is written outside of the sandbox",
                           {"-out *", "+out *", "-host new 100666 4"}}}},
         }});
    return out;
}

}  // namespace compat
