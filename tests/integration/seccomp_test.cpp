// SPDX-License-Identifier: Apache-2.0
// The filter on system calls: the built-in policy, policies from files, programs from descriptors.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};

// A filter that answers `error` to one system call and allows all others, as bytes.
std::string filter_against(unsigned number, unsigned error) {
    const std::vector<sock_filter> program = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

TEST_CASE("the built-in policy forbids what a build does not need", "[seccomp]") {
    const std::string unknown = "4000";  // no system call has that number
    const std::string out =
        output(sbx({"--cap-drop", "ALL"}, {"unshare-user",
                                           ",",
                                           "clone3-user",
                                           ",",
                                           "mount",
                                           "/tmp",
                                           ",",
                                           "ptrace",
                                           "1",
                                           ",",
                                           "tiocsti",
                                           "0",
                                           ",",
                                           "syscall",
                                           unknown,
                                           ",",
                                           "syscall",
                                           std::to_string(SYS_bpf),
                                           ",",
                                           "syscall",
                                           std::to_string(SYS_open_by_handle_at),
                                           ",",
                                           "syscall",
                                           std::to_string(SYS_io_uring_setup),
                                           ",",
                                           "syscall",
                                           std::to_string(SYS_keyctl),
                                           ",",
                                           "getppid"}));
    INFO(out);
    const std::vector<std::string> lines = lines_of(out);
    REQUIRE(lines.size() == 12);
    CHECK(lines[0] == "unshare-user EPERM");
    CHECK(lines[1] == "clone3-user ENOSYS");
    CHECK(lines[2] == "mount EPERM");
    CHECK(lines[4] == "tiocsti EPERM");
    CHECK(lines[5] == "tiocsti-high EPERM");
    CHECK(lines[6] == "syscall ENOSYS");
    CHECK(lines[7] == "syscall EPERM");
    CHECK(lines[8] == "syscall EPERM");
    CHECK((lines[9] == "syscall EPERM" || lines[9] == "syscall ENOSYS"));
    CHECK((lines[10] == "syscall EPERM" || lines[10] == "syscall ENOSYS"));
    CHECK(lines[11] == "getppid ok");
}

TEST_CASE("four families of sockets are there, and others by an edit", "[seccomp]") {
    const auto sockets = [](const std::vector<std::string>& options) {
        std::vector<std::string> words;
        for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG,
                                 AF_VSOCK, AF_BLUETOOTH, AF_CAN, AF_TIPC}) {
            if (!words.empty()) words.emplace_back(",");
            words.insert(words.end(), {"socket", std::to_string(family)});
        }
        return lines_of(output(sbx(options, words)));
    };
    const std::vector<std::string> closed = sockets({});
    REQUIRE(closed.size() == 10);
    for (std::size_t i = 0; i < closed.size(); ++i) {
        CHECK(closed[i] == (i < 4 ? "socket ok" : "socket EAFNOSUPPORT"));
    }
    // With the edit it is the kernel that answers. This one lets nobody have AF_PACKET who has not
    // the capability, so that its answer tells the two apart on every machine.
    CHECK(sockets({"--seccomp-edit", "allow:socket:AF_PACKET"})[4] == "socket EPERM");
    CHECK(sockets({"--seccomp-edit", "allow:socket"})[4] == "socket EPERM");
    CHECK(sockets({"--seccomp-edit", "allow:socket:AF_CAN"})[4] == "socket EAFNOSUPPORT");
    CHECK(sockets({"--seccomp-edit", "deny:socket:AF_INET"})[1] == "socket EAFNOSUPPORT");
    CHECK(sockets({"--seccomp-policy", "none"})[4] == "socket EPERM");
    CHECK(sockets({"--cap-add", "CAP_NET_RAW"})[4] == "socket ok");
}

TEST_CASE("without the policy the kernel itself answers", "[seccomp]") {
    const std::string none =
        output(sbx({"--seccomp-policy", "none", "--allow-userns"},
                   {"capabilities", ",", "unshare-user", ",", "tiocsti", "0"}));
    CHECK(value(none, "seccomp") == "0");
    CHECK(has_line(none, "unshare-user ok"));
    CHECK(has_line(none, "tiocsti-high ENOTTY"));  // standard input is no terminal
    const std::string last =
        output(sbx({"--seccomp-policy", "none", "--seccomp-policy", "default"}, {"unshare-user"}));
    CHECK(last == "unshare-user EPERM\n");
    // There root keeps its capabilities, and the policy allows what they are for.
    CHECK(output(bwrap({"--seccomp-policy", "default"}, {"unshare-user"})) ==
          (is_root() ? "unshare-user ok\n" : "unshare-user EPERM\n"));
    CHECK(output(bwrap({"--cap-drop", "ALL", "--seccomp-policy", "default"}, {"unshare-user"})) ==
          "unshare-user EPERM\n");
}

TEST_CASE("a policy from a file takes the place of the built-in one", "[seccomp]") {
    const TemporaryDirectory place;
    const std::string file = place.file("policy.json", R"({
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 3}]
    })");
    for (const Name name : both) {
        const std::string out =
            output(sandbox(name, {"--unshare-user", "--allow-userns", "--seccomp-policy", file},
                           {"getppid", ",", "capabilities", ",", "unshare-user"}));
        CHECK(out.rfind("getppid ESRCH\n", 0) == 0);
        CHECK(value(out, "seccomp") == "2");
        CHECK(has_line(out, "unshare-user ok"));
    }
}

TEST_CASE("policies in the forms of container engines are loaded", "[seccomp]") {
    const TemporaryDirectory place;
    const std::string start = R"({"defaultAction": "SCMP_ACT_ALLOW", )";
    const std::string answer = R"("action": "SCMP_ACT_ERRNO", "errnoRet": 3)";
    const std::string test = R"("args": [{"index": 5, "value": 0, "op": "SCMP_CMP_MASKED_EQ"}])";
    const std::string old = start + R"("syscalls": [{"name": "getppid", )" + answer + "}]}";
    const std::string files[] = {
        old,
        start + R"("syscalls": [{"names": ["getppid"], )" + test + ", " + answer + "}]}",
        start + R"("flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
                   "syscalls": [{"names": ["getppid"], )" +
            answer + "}]}",
        R"({"ociVersion": "1.0.2", "process": {"cwd": "/"}, "linux": {"seccomp": )" + old + "}}",
    };
    for (const std::string& json : files) {
        const std::string file = place.file("policy.json", json);
        for (const Name name : both) {
            const std::string out =
                output(sandbox(name, {"--seccomp-policy", file}, {"getppid", ",", "capabilities"}));
            CHECK(out.rfind("getppid ESRCH\n", 0) == 0);
            CHECK(value(out, "seccomp") == "2");
        }
    }
}

TEST_CASE("a program from a descriptor is loaded", "[seccomp]") {
    const std::string program = filter_against(SYS_getppid, EPERM);
    for (const Name name : both) {
        for (const char* option : {"--seccomp", "--add-seccomp-fd"}) {
            const Descriptor fd = file_with(program);
            Start start = sandbox(name, {option, "7"}, {"getppid", ",", "descriptors"});
            start.descriptors = {{7, fd.get()}};
            const std::string out = output(start);
            CHECK(out.rfind("getppid EPERM\n", 0) == 0);
            CHECK_FALSE(contains(out, "fd 7"));
        }
    }
    // In the sbx dialect the built-in policy stays in force beside it.
    const Descriptor fd = file_with(program);
    Start start = sbx({"--seccomp", "7"}, {"unshare-user"});
    start.descriptors = {{7, fd.get()}};
    CHECK(output(start) == "unshare-user EPERM\n");
}

TEST_CASE("a filter that refuses execve is named, whatever it lets the process say", "[seccomp]") {
    const TemporaryDirectory place;
    const auto refused = [](const std::vector<std::string>& options, const std::string& filter) {
        std::vector<std::string> words = {"--ro-bind", "/usr", "/usr", "--result", "-"};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"--", "true"});
        Start start = plain(Name::sbx, words);
        const Descriptor fd = file_with(filter_against(SYS_execve, ENOENT));
        start.descriptors = {{7, fd.get()}};
        const Ended ended = run(start);
        INFO(ended.err);
        CHECK(ended.status == 126);
        CHECK(ended.err.rfind("sbx: " + filter +
                                  " refuses execve, so that no command can be "
                                  "executed; ",
                              0) == 0);
        CHECK(contains(ended.out, "\"started\": false"));
    };
    for (const char* action : {"ERRNO", "TRAP", "KILL_THREAD", "KILL_PROCESS"}) {
        for (const char* rest : {R"("ALLOW", "syscalls": [{"names": ["execve"], "action": )",
                                 R"("%", "syscalls": [{"names": ["read"], "action": )"}) {
            const bool allows = rest[1] == 'A';
            const auto word = [](const std::string& name) { return "\"SCMP_ACT_" + name + "\""; };
            const std::string others = std::string(rest).substr(allows ? 7 : 3);
            const std::string file =
                place.file("policy.json", "{\"defaultAction\": " + word(allows ? "ALLOW" : action) +
                                              others + word(allows ? action : "ALLOW") + "}]}");
            for (const char* option : {"--new-session", "--as-pid-1"}) {
                INFO(action << ' ' << rest << ' ' << option);
                refused({"--seccomp-policy", file, option}, "the seccomp policy \"" + file + "\"");
            }
        }
    }
    refused({"--seccomp-edit", "deny:execve"}, "the seccomp policy \"default\"");
    refused({"--seccomp", "7"}, "the filter of descriptor 7");
    // A signal of the command's own is none of the filter's.
    const Ended killed =
        run(plain(Name::sbx, {"--ro-bind", "/usr", "/usr", "--", "sh", "-c", "kill -ILL $$"}));
    CHECK(killed.status == 132);
    CHECK(contains(killed.err, "ended by signal 4"));
}

TEST_CASE("several programs are all in force", "[seccomp]") {
    for (const Name name : both) {
        const Descriptor first = file_with(filter_against(SYS_getppid, EPERM));
        const Descriptor second = file_with(filter_against(SYS_mkdir, EXDEV));
        Start start = sandbox(name, {"--add-seccomp-fd", "7", "--add-seccomp-fd", "8"},
                              {"getppid", ",", "mkdir", "/x"});
        start.descriptors = {{7, first.get()}, {8, second.get()}};
        CHECK(output(start) == "getppid EPERM\nmkdir EXDEV\n");
    }
}

TEST_CASE("the last --seccomp counts, and the two options do not mix", "[seccomp]") {
    for (const Name name : both) {
        const Descriptor first = file_with(filter_against(SYS_getppid, EPERM));
        const Descriptor second = file_with(filter_against(SYS_mkdir, EXDEV));
        Start start = sandbox(name, {"--tmpfs", "/t", "--seccomp", "7", "--seccomp", "8"},
                              {"getppid", ",", "mkdir", "/t/x"});
        start.descriptors = {{7, first.get()}, {8, second.get()}};
        CHECK(output(start) == "getppid ok\nmkdir EXDEV\n");
        for (const std::vector<std::string>& mixed :
             {std::vector<std::string>{"--seccomp", "7", "--add-seccomp-fd", "8"},
              {"--add-seccomp-fd", "8", "--seccomp", "7"}}) {
            const Descriptor seven = file_with(filter_against(SYS_getppid, EPERM));
            const Descriptor eight = file_with(filter_against(SYS_mkdir, EXDEV));
            Start refused = sandbox(name, mixed, {"exit", "0"});
            refused.descriptors = {{7, seven.get()}, {8, eight.get()}};
            const Ended ended = run(refused);
            CHECK(ended.status == (name == Name::sbx ? 125 : 1));
            // Named in the order in which they came, as bubblewrap does it.
            CHECK(contains(ended.err, mixed[2] + " cannot be combined with " + mixed[0]));
        }
    }
}

TEST_CASE("what is no program is refused", "[seccomp]") {
    const std::string good = filter_against(SYS_getppid, EPERM);
    for (const Name name : both) {
        const int failed = name == Name::sbx ? 125 : 1;
        for (const std::string& wrong : {good.substr(0, 7), good + "x", std::string()}) {
            const Descriptor fd = file_with(wrong);
            Start start = sandbox(name, {"--seccomp", "7"}, {"exit", "0"});
            start.descriptors = {{7, fd.get()}};
            const Ended ended = run(start);
            CHECK(ended.status == failed);
            const char* empty = name == Name::sbx ? "the seccomp filter of descriptor 7 is empty"
                                                  : "prctl(PR_SET_SECCOMP) reported EINVAL";
            CHECK(contains(ended.err, wrong.empty()       ? empty
                                      : name == Name::sbx ? "gives is no compiled filter"
                                                          : "must be multiple of 8"));
        }
        // Of the right size, but the kernel does not take it: it ends without an answer.
        const Descriptor endless = file_with(good.substr(0, 8));
        Start start = sandbox(name, {"--seccomp", "7"}, {"exit", "0"});
        start.descriptors = {{7, endless.get()}};
        const Ended ended = run(start);
        CHECK(ended.status == failed);
        CHECK(contains(ended.err, name == Name::sbx
                                      ? "load seccomp filter \"descriptor 7\" (1 instructions): "
                                        "invalid argument"
                                      : "Unable to set up system call filtering as requested: "
                                        "prctl(PR_SET_SECCOMP) reported EINVAL"));
        start.descriptors.clear();
        const Ended closed = run(start);
        CHECK(closed.status == failed);
        CHECK(contains(closed.err, "descriptor 7 is not open"));
        CHECK(contains(run(sandbox(name, {"--seccomp", "x"}, {"exit", "0"})).err,
                       name == Name::bwrap ? "Invalid fd: x" : "and not \"x\""));
    }
}

TEST_CASE("a filter of more instructions than the kernel takes is refused", "[seccomp]") {
    // 65537 instructions: cut to 16 bits, it would be one that allows everything.
    std::string program;
    const sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    for (int i = 0; i < 65537; ++i) {
        program.append(reinterpret_cast<const char*>(&allow), sizeof allow);
    }
    for (const Name name : both) {
        const Descriptor fd = file_with(program);
        Start start = sandbox(name, {"--seccomp", "7"}, {"exit", "0"});
        start.descriptors = {{7, fd.get()}};
        const Ended ended = run(start);
        CHECK(ended.status == (name == Name::sbx ? 125 : 1));
    }
}

}  // namespace
}  // namespace integration
