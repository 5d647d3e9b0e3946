// SPDX-License-Identifier: Apache-2.0
// Capabilities, as an ordinary user and as root.
#include "row.hpp"

namespace compat {
namespace {

// Where bubblewrap, as root without a user namespace, leaves the bounding set alone.
Difference narrower(const std::string& bounding) {
    return {
        reason::bounding, {"-out bounding 1fffeffffff", "+out bounding " + bounding}, Who::root};
}

// bubblewrap ignores that capset(2) fails, which it does when root lacks one of ALL.
Difference all(const Lines& lines) {
    return {"ALL means all that there are to give", lines, Who::root};
}

Group each(const std::string& before) {
    const std::string look = " | capabilities";
    return {"with " + before,
            {
                {before + look},
                {before + " --cap-add CAP_SYS_ADMIN" + look},
                {before + " --cap-add cap_net_raw --cap-add CAP_KILL" + look},
                {before + " --cap-drop CAP_KILL" + look},
                {before + " --cap-drop ALL" + look},
                {before + " --cap-drop all --cap-add cap_kill" + look},
                {before + " --cap-add cap_kill --cap-drop CAP_KILL" + look},
                {before + " --cap-add cap_kill --cap-drop ALL" + look},
                {before + " --cap-add ALL" + look},
                {before + " --cap-add ALL --cap-drop CAP_KILL" + look},
                {before + " --cap-add 21" + look},
            }};
}

// Root is root outside, too; for a user this is the same as with --unshare-user.
Group without_user_namespace() {
    return {
        "without a user namespace for root",
        {
            {"| capabilities"},
            {"--cap-add CAP_SYS_ADMIN | capabilities"},
            {"--cap-add cap_net_raw --cap-add CAP_KILL | capabilities"},
            {.line = "--cap-drop CAP_KILL | capabilities", .differs = {narrower("1fffeffffdf")}},
            {.line = "--cap-drop ALL | capabilities", .differs = {narrower("0")}},
            {.line = "--cap-drop aLl | capabilities", .differs = {narrower("0")}},
            {.line = "--cap-drop all --cap-add cap_kill | capabilities",
             .differs = {narrower("20")}},
            {.line = "--cap-add cap_kill --cap-drop CAP_KILL | capabilities",
             .differs = {narrower("1fffeffffdf")}},
            {.line = "--cap-add cap_kill --cap-drop ALL | capabilities",
             .differs = {narrower("0")}},
            {.line = "--cap-add ALL | capabilities",
             .differs = {all({"-out inheritable 0", "+out inheritable 1fffeffffff",
                              "-out ambient 0", "+out ambient 1fffeffffff"})}},
            {.line = "--cap-add ALL --cap-drop CAP_KILL | capabilities",
             .differs = {all({"-out inheritable 0", "+out inheritable 1fffeffffdf",
                              "-out permitted 1fffeffffff", "+out permitted 1fffeffffdf",
                              "-out effective 1fffeffffff", "+out effective 1fffeffffdf",
                              "-out bounding 1fffeffffff", "+out bounding 1fffeffffdf",
                              "-out ambient 0", "+out ambient 1fffeffffdf"})}},
            {"--cap-add 21 | capabilities"},
        }};
}

}  // namespace

Table privilege_rows() {
    Table out = {without_user_namespace()};
    for (const char* before : {"--unshare-user", "--unshare-user --uid 0", "--unshare-user --uid 5",
                               "--unshare-all", "--unshare-user --disable-userns"}) {
        out.push_back(each(before));
    }
    out.push_back({"names",
                   {
                       {"--cap-add nope | capabilities"},
                       {"--cap-drop nope | capabilities"},
                       {"--cap-add '' | capabilities"},
                       {"--cap-add CAP_ | capabilities"},
                       {.line = "--cap-add sys_admin | capabilities",
                        .differs = {remedied("unknown cap: sys_admin")}},
                       {.line = "--cap-add CAP_KILL,CAP_CHOWN | capabilities",
                        .differs = {now_refused("one of two is not what was meant",
                                                "unknown cap: CAP_KILL,CAP_CHOWN; *", "0", {"*"})}},
                       {"--cap-add -1 | capabilities"},
                       {"--cap-add 64 | capabilities"},
                       {"--cap-add Cap_Kill | capabilities"},

                   }});
    out.push_back({"what they are good for",
                   {
                       {"--cap-add CAP_SYS_ADMIN --tmpfs /x | mount /x"},
                       {"--tmpfs /x | mount /x"},
                       {"--unshare-user --uid 0 --tmpfs /x | mount /x"},
                       {"--cap-drop ALL --tmpfs /x | mount /x"},
                       {.line = "--cap-add CAP_SYS_ADMIN --ro-bind @ /x | remount-rw /x",
                        .differs = {{"what is read-only stays so",
                                     {"-out remount-rw ok", "+out remount-rw EPERM"},
                                     Who::user}}},
                       {"--unshare-uts --cap-add CAP_SYS_ADMIN | hostname"},
                   }});
    return out;
}

}  // namespace compat
