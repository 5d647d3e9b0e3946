// SPDX-License-Identifier: Apache-2.0
// Arguments that are no numbers, or not the right ones.
#include "row.hpp"

namespace compat {
namespace {

using Kind = Given::Kind;

// Every option that takes a descriptor, with what comes before and after the number.
struct DescriptorOption {
    std::string before;
    std::string after = "";
};
const std::vector<DescriptorOption> descriptor_options = {
    {"--args"},
    {"--file", " /x"},
    {"--bind-data", " /x"},
    {"--bind-fd", " /x"},
    {"--ro-bind-data", " /x"},
    {"--ro-bind-fd", " /x"},
    {"--seccomp"},
    {"--add-seccomp-fd"},
    {"--sync-fd"},
    {"--block-fd"},
    {"--userns-block-fd"},
    {"--info-fd"},
    {"--json-status-fd"},
    {"--userns"},
    {"--userns2"},
    {"--pidns"},
};

Group invalid_descriptors() {
    Group out{"what is no descriptor", {}};
    for (const DescriptorOption& option : descriptor_options) {
        for (const char* number :
             {"x", "-1", "''", "5x", "5.0", "0x5", "'5 '", "2147483648", "99999999999999999999"}) {
            out.rows.push_back({option.before + " " + number + option.after + " | exit 3"});
        }
    }
    return out;
}

// What bubblewrap says of a descriptor that is not open; empty: it does not care.
std::string closed_message(const std::string& option, const std::string& number) {
    const std::string cause = ": Bad file descriptor";
    if (option == "--args") return "Can't read --args data" + cause;
    if (option == "--seccomp" || option == "--add-seccomp-fd") {
        return "Can't read seccomp data" + cause;
    }
    if (option == "--bind-fd" || option == "--ro-bind-fd") {
        return "Can't find source path /proc/self/fd/" + number + ": No such file or directory";
    }
    if (option == "--info-fd" || option == "--json-status-fd") return "Write to info_fd" + cause;
    if (option == "--userns") return "Joining specified user namespace failed" + cause;
    if (option == "--userns2") return "Setting userns2 failed" + cause;
    if (option == "--pidns") return "Setting pidns failed" + cause;
    if (option == "--sync-fd" || option == "--block-fd") return "";
    return "Can't write data to file /x" + cause;
}

Group closed_descriptors() {
    Group out{"a descriptor that is not open", {}};
    for (const DescriptorOption& option : descriptor_options) {
        if (option.before == "--userns-block-fd") continue;
        for (const char* number : {"77", "2147483647"}) {
            Row row{option.before + " " + number + option.after + " | exit 3"};
            const std::string message = closed_message(option.before, number);
            row.differs = {message.empty() ? now_refused(reason::not_open, "*")
                                           : remedied(message)};
            if (option.before == "--pidns") {
                row.differs.push_back(
                    {"one line says it", {"-err bwrap: Unexpected short read from pid socket"}});
            }
            out.rows.push_back(std::move(row));
        }
    }
    return out;
}

}  // namespace

Table number_rows() {
    const std::vector<Given> five = {{5, Kind::content, ""}};
    const auto stricter = [](const std::string& message) {
        return Difference{reason::digits, {"-status 3", "+status 1", "+err bwrap: " + message}};
    };
    const auto wider = [](const std::string& message) {
        return Difference{reason::width, {"-status 3", "+status 1", "+err bwrap: " + message}};
    };
    Table out = {
        invalid_descriptors(),
        closed_descriptors(),
        {"blanks, signs and overflow",
         {
             {.line = "--file +5 /x | exit 3",
              .given = five,
              .differs = {stricter("Invalid fd: +5")}},
             {.line = "--args ' 5' | exit 3",
              .given = five,
              .differs = {stricter("Invalid fd:  5")}},
             {.line = "--file 4294967296 /x | exit 3",
              .differs = {wider("Invalid fd: 4294967296")}},
             {.line = "--unshare-user --uid +5 | exit 3", .differs = {stricter("Invalid uid: +5")}},
             {.line = "--unshare-user --uid 4294967296 | exit 3",
              .differs = {wider("Invalid uid: 4294967296")}},
             {.line = "--unshare-user --gid 4294967296 | exit 3",
              .differs = {wider("Invalid gid: 4294967296")}},
             {.line = "--perms +5 --dir /x | exit 3",
              .differs = {stricter("--perms takes an octal argument <= 07777")}},
             {"--size +4096 --tmpfs /x | exit 3"},
             {.line = "--file -18446744073709551611 /x | exit 3",
              .differs = {wider("Invalid fd: -18446744073709551611")}},
             {.line = "--size -1 --tmpfs /x | exit 3"},
         }},
    };
    Group ids{"ids", {}};
    for (const char* option : {"--uid", "--gid"}) {
        for (const char* number :
             {"x", "-1", "''", "5x", "0x5", "root", "4294967295", "99999999999999999999"}) {
            ids.rows.push_back(
                {"--unshare-user " + std::string(option) + " " + number + " | exit 3"});
        }
    }
    // Ids have 32 bits; bubblewrap keeps them in an int.
    for (const std::string what : {"uid", "gid"}) {
        Row wide{.line = "--unshare-user --" + what + " 2147483648 | exit 3"};
        wide.differs = {
            {"ids have 32 bits",
             {"-status 1", "-err bwrap: Invalid " + what + ": 2147483648", "+status 3"}}};
        ids.rows.push_back(wide);
    }
    out.push_back(ids);
    Group sizes{"modes and sizes", {}};
    for (const char* mode : {"8", "08", "777x", "x", "-7", "''", "10000", "0x7", "'7 '",
                             "99999999999999999999", "rwx"}) {
        sizes.rows.push_back({"--perms " + std::string(mode) + " --dir /x | look /x"});
        sizes.rows.push_back({"--dir /x --chmod " + std::string(mode) + " /x | look /x"});
    }
    for (const char* mode : {"0", "1", "7", "07777", "000000755"}) {
        sizes.rows.push_back({"--perms " + std::string(mode) + " --dir /x | look /x"});
        sizes.rows.push_back({"--dir /x --chmod " + std::string(mode) + " /x | look /x"});
    }
    for (const char* size :
         {"0", "00", "x", "''", "1k", "1.5", "4096 ", "0x", "09", "99999999999999999999",
          "9223372036854775808", "18446744073709551615", "18446744073709551616"}) {
        sizes.rows.push_back({"--size '" + std::string(size) + "' --tmpfs /x | look /x"});
    }
    sizes.rows.push_back({"--size 9223372036854775807 --tmpfs /x | look /x"});
    out.push_back(sizes);
    return out;
}

}  // namespace compat
