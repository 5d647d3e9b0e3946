// SPDX-License-Identifier: Apache-2.0
// What the command has no right to, whoever its caller is: capabilities, groups, the caller's keys,
// the sysctls of the machine.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace integration {
namespace {

using Options = std::vector<std::string>;
constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

const Options& unfiltered(Name name) {
    static const Options policy = {"--seccomp-policy", "none"};
    static const Options nothing;
    return name == Name::sbx ? policy : nothing;
}

TEST_CASE("the command has no power over its network, and has it with the capabilities",
          "[privileges]") {
    // Whoever owns the network's user namespace would have it without one.
    for (const Options& more : std::vector<Options>{{},
                                                    {"--uid", "1000", "--gid", "1000"},
                                                    {"--map-current-user"},
                                                    {"--disable-userns"},
                                                    {"--cap-add", "CAP_CHOWN"}}) {
        INFO((more.empty() ? "" : more.front()));
        Options options = unfiltered(Name::sbx);
        options.insert(options.end(), more.begin(), more.end());
        if (more.empty()) options.emplace_back("--allow-userns");
        CHECK(output(sbx(options, {"rule-network"})) == "raw EPERM\nup EPERM\n");
    }
    const Options capabilities = {"--cap-add", "CAP_NET_RAW", "--cap-add", "CAP_NET_ADMIN"};
    CHECK(output(sbx(capabilities, {"rule-network"})) == "raw ok\nup ok\n");
    CHECK(output(bwrap({"--unshare-all", "--cap-drop", "ALL"}, {"rule-network"})) ==
          "raw EPERM\nup EPERM\n");
}

TEST_CASE("no set holds a capability, none can be gained, and groups cannot be set",
          "[privileges]") {
    for (const Name name : both) {
        for (const Options& more : std::vector<Options>{{},
                                                        {"--uid", "0", "--gid", "0"},
                                                        {"--uid", "1000", "--gid", "1000"},
                                                        {"--unshare-pid", "--as-pid-1"},
                                                        {"--unshare-pid", "--disable-userns"},
                                                        {"--dev", "/dev"}}) {
            Options options = {"--unshare-user"};
            options.insert(options.end(), more.begin(), more.end());
            // Root's own in the bwrap dialect are bubblewrap's rule, and its caller's to drop.
            if (name == Name::bwrap) options.insert(options.end(), {"--cap-drop", "ALL"});
            options.insert(options.end(), unfiltered(name).begin(), unfiltered(name).end());
            const std::string out = output(sandbox(
                name, options, {"capabilities", ",", "maps", ",", "gain", ",", "capabilities"}));
            INFO(out);
            int sets = 0;
            for (const std::string& line : lines_of(out)) {
                for (const char* set :
                     {"inheritable ", "permitted ", "effective ", "bounding ", "ambient "}) {
                    if (line.rfind(set, 0) != 0) continue;
                    ++sets;
                    CHECK(line == std::string(set) + "0");
                }
                if (line.rfind("gain ", 0) == 0) CHECK(line.substr(line.size() - 5) == "EPERM");
            }
            CHECK(sets == 10);
            CHECK(value(out, "no_new_privs") == "1");
            CHECK(has_line(out, "setgroups deny"));
        }
    }
}

// What a caller of sbx may have set, and exec would hand on: all that it has, inheritable and
// ambient.
void make_inheritable() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    ::syscall(SYS_capget, &header, data.data());
    for (auto& half : data) half.inheritable = half.permitted;
    if (::syscall(SYS_capset, &header, data.data()) != 0) ::_exit(112);
    for (unsigned i = 0; i < 64; ++i) {
        if ((data.at(i / 32).permitted >> (i % 32) & 1U) == 0) continue;
        if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) != 0) ::_exit(112);
    }
}

TEST_CASE("what the caller has made inheritable or ambient is not inherited", "[privileges]") {
    for (const Name name : both) {
        for (const Options& more :
             std::vector<Options>{{}, {"--unshare-user"}, {"--unshare-pid", "--as-pid-1"}}) {
            Options options = more;
            options.insert(options.end(), {"--cap-drop", "ALL"});
            Start start = sandbox(name, options, {"capabilities"});
            start.prepare = make_inheritable;
            const std::string out = output(start);
            INFO(out);
            for (const char* set :
                 {"inheritable", "permitted", "effective", "bounding", "ambient"}) {
                CHECK(value(out, set) == "0");
            }
        }
    }
}

// ---- keys ----

// In the child before exec: a key in a session keyring of its own, whose number goes to `answer`.
void put_key(const char* description, int answer) {
    ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
    const long key =
        ::syscall(SYS_add_key, "user", description, "secret", 6, KEY_SPEC_SESSION_KEYRING);
    ::dprintf(answer, "%ld\n", key);
}

TEST_CASE("a key of the caller's session is not found, read or changed inside", "[privileges]") {
    for (const Name name : both) {
        for (const Options& more :
             std::vector<Options>{{},
                                  {"--unshare-user", "--unshare-pid"},
                                  {"--unshare-user", "--unshare-pid", "--as-pid-1"},
                                  {"--unshare-user", "--cap-add", "ALL"},
                                  {"--new-session"}}) {
            INFO((more.empty() ? "" : more.back()));
            Options options = more;
            options.insert(options.end(), unfiltered(name).begin(), unfiltered(name).end());
            Pipe answer = make_pipe();
            Pipe control = make_pipe();
            Start start = sandbox(name, options, {"find-key-told", "sbx-test-key", "0"});
            start.descriptors = {{0, control.read.get()}, {9, answer.write.get()}};
            start.prepare = [] {
                put_key("sbx-test-key", 9);
                ::close(9);
            };
            Running running(start);
            const std::string number = read_until(answer.read, "\n");
            REQUIRE(std::atol(number.c_str()) > 0);
            REQUIRE(::write(control.write.get(), number.data(), number.size()) > 0);
            control.write.close();
            const Ended ended = running.wait();
            INFO(ended.out << ended.err);
            CHECK(ended.status == 0);
            int seen = 0;
            for (const std::string& line : lines_of(ended.out)) {
                INFO(line);
                ++seen;
                CHECK(line.rfind("key ", 0) == 0);
                CHECK(line.substr(line.size() - 3) != " ok");
            }
            CHECK(seen == 7);
        }
    }
}

TEST_CASE("the same key is found without a sandbox", "[privileges]") {
    // So that it is the sandbox that hides it, and not a kernel without keys.
    Pipe answer = make_pipe();
    Start start;
    start.program = payload_path();
    start.words = {"find-key", "sbx-test-key", "0"};
    start.descriptors = {{9, answer.write.get()}};
    start.prepare = [] { put_key("sbx-test-key", 9); };
    const std::string out = output(start);
    CHECK(has_line(out, "key session ok"));
    CHECK(has_line(out, "key request ok"));
}

TEST_CASE("the built-in policy closes the keys of the caller's user, too", "[privileges]") {
    // The kernel knows them by uid and serial number in every namespace: a process of that uid can
    // link a user keyring whose number /proc/keys tells, and read what is in it.
    const long ring = ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1);
    REQUIRE(ring > 0);
    const std::string out = output(sbx({}, {"find-key", "sbx-test-key", std::to_string(ring)}));
    INFO(out);
    for (const std::string& line : lines_of(out)) {
        CHECK(line.substr(line.rfind(' ') + 1) == "EPERM");
    }
    CHECK(lines_of(out).size() == 7);
}

// ---- system calls ----

TEST_CASE("the built-in policy closes the ways into a namespace", "[privileges]") {
    const std::string new_user = std::to_string(CLONE_NEWUSER | SIGCHLD);
    CHECK(output(sbx({}, {"syscall", std::to_string(SYS_clone), new_user, "0"})) ==
          "syscall EPERM\n");
    const Options enter = {"syscall", std::to_string(SYS_setns), "-1", "0"};
    CHECK(output(sbx({}, enter)) == "syscall EPERM\n");
    CHECK(output(sbx({"--seccomp-policy", "none"}, enter)) == "syscall EBADF\n");
}

#ifdef __x86_64__
TEST_CASE("no call of another architecture or ABI goes past the built-in policy", "[privileges]") {
    constexpr long x32 = 0x40000000;
    const Options i386_getpid = {"foreign-call", "20"};
    const Options x32_getpid = {"syscall", std::to_string(x32 + SYS_getpid)};
    for (const Options& call : {i386_getpid, x32_getpid}) {
        // Without a policy the call reaches the kernel, which has it or not. A processor that was
        // told to take no 32-bit calls ends the program before any filter is asked.
        const int open = run(sbx({"--seccomp-policy", "none"}, call)).status;
        INFO(call[0] << " without a policy: " << open);
        const bool reaches_kernel = open == 0;
        if (!reaches_kernel) REQUIRE((open == 128 + SIGSEGV && call == i386_getpid));
        for (const char* policy : {"default", "strict"}) {
            INFO(policy);
            CHECK(run(sbx({"--seccomp-policy", policy}, call)).status ==
                  128 + (reaches_kernel ? SIGSYS : SIGSEGV));
        }
    }
}
#endif

// ---- procfs ----

// What belongs to namespaces of the sandbox's own, or asks for a capability when it is written, or
// is for everybody (pressure: a program may wait for its own alarms).
bool is_harmless(const std::string& name) {
    for (const char* start :
         {"sys/fs/mqueue/", "sys/kernel/auto_msgmni", "sys/kernel/msg", "sys/kernel/sem",
          "sys/kernel/shm", "sys/kernel/ns_last_pid", "sys/kernel/pid_max", "sys/kernel/hostname",
          "sys/kernel/domainname", "sys/net/", "sys/user/", "pressure/"}) {
        if (name.rfind(start, 0) == 0) return true;
    }
    return false;
}

// Where real root's sysctls and triggers are.
bool is_covered(const std::string& name) {
    for (const char* start : {"sys/", "sysrq-trigger", "irq/", "bus/", "fs/", "acpi/", "scsi/",
                              "asound/", "mtrr", "dynamic_debug/", "driver/"}) {
        if (name.rfind(start, 0) == 0) return true;
    }
    return false;
}

TEST_CASE("no file of the machine's in /proc opens for writing, whoever the caller is",
          "[privileges]") {
    for (const Name name : both) {
        for (const Options& more : std::vector<Options>{
                 {"--map-current-user"},
                 {"--unshare-user", "--uid", "0", "--gid", "0"},
                 {"--unshare-pid", "--unshare-user", "--uid", "0", "--gid", "0"},
                 {"--unshare-pid", "--unshare-user", "--uid", "1000", "--gid", "1000"},
                 {"--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"},
                 {"--unshare-pid", "--unshare-user", "--disable-userns"},
                 {"--unshare-pid", "--unshare-user", "--cap-add", "ALL"}}) {
            const bool capable = more.back() == "ALL";
            INFO((name == Name::sbx ? "sbx " : "bwrap ") << more.front() << " " << more.back());
            Options options = more;
            // Root's own in the bwrap dialect are bubblewrap's rule, and its caller's to drop.
            if (!capable) options.insert(options.end(), {"--cap-drop", "ALL"});
            options.insert(options.end(), unfiltered(name).begin(), unfiltered(name).end());
            const std::string out = output(sandbox(name, options, {"writable-proc", "/proc"}));
            CHECK(has_line(out, "searched"));
            for (const std::string& line : lines_of(out)) {
                if (line == "searched") continue;
                INFO(line);
                const std::string file = line.substr(std::string("writable /proc/").size());
                if (!is_root()) {
                    CHECK(is_harmless(file));
                } else if (capable) {
                    // Over the modes of the rest CAP_DAC_OVERRIDE goes; nothing takes a write
                    // there.
                    CHECK_FALSE(is_covered(file));
                } else {
                    CHECK(file.empty());
                }
            }
        }
    }
}

TEST_CASE("no file of the machine's in /proc that is for root alone opens for reading",
          "[privileges]") {
    for (const Options& more : std::vector<Options>{{},
                                                    {"--map-current-user"},
                                                    {"--share-pid"},
                                                    {"--proc", "/p"},
                                                    {"--cap-add", "CAP_CHOWN"}}) {
        INFO((more.empty() ? "" : more.front()));
        const bool elsewhere = !more.empty() && more.front() == "--proc";
        for (const char* path : {"/proc", "/p"}) {
            if (!elsewhere && path == std::string("/p")) continue;
            CHECK(output(sbx(more, {"owners-proc", path})) == "searched\n");
        }
    }
    // So that it is the sandbox that hides them, and not a kernel without such files.
    Start start;
    start.program = payload_path();
    start.words = {"owners-proc", "/proc"};
    CHECK(contains(output(start), "owners /proc/") == is_root());
    // In the bwrap dialect root sees them, as in bubblewrap.
    const std::string shown = output(bwrap({"--unshare-user"}, {"owners-proc", "/proc"}));
    CHECK(contains(shown, "owners /proc/") == is_root());
}

// ---- files that others could run with the caller's rights ----

TEST_CASE("root's command leaves no file with set-user-id or set-group-id bits", "[privileges]") {
    const auto left = [](const TemporaryDirectory& place) {
        std::string out;
        for (const auto& entry : std::filesystem::directory_iterator(place.path())) {
            struct stat status {};
            if (::lstat(entry.path().c_str(), &status) == 0 && (status.st_mode & 06000U) != 0) {
                out += entry.path().filename().string() + " ";
            }
        }
        return out;
    };
    for (const Options& more : std::vector<Options>{{},
                                                    {"--seccomp-policy", "strict"},
                                                    {"--map-current-user"},
                                                    {"--uid", "1000", "--gid", "1000"},
                                                    {"--seccomp-edit", "allow:keyctl"},
                                                    {"--cap-add", "CAP_FSETID"}}) {
        INFO((more.empty() ? "" : more.back()));
        const TemporaryDirectory place;
        Options options = more;
        options.insert(options.end(), {"--bind", place.path(), "/d"});
        const std::string out = output(sbx(options, {"set-id", "/d"}));
        INFO(out);
        int refused = 0;
        for (const std::string& line : lines_of(out)) {
            if (line.rfind("set-id ", 0) != 0) {
                CHECK(line.substr(line.size() - 3) == " ok");
                continue;
            }
            refused += line.substr(line.size() - 3) == " ok" ? 0 : 1;
        }
        const int calls = 26;
        // Of an ordinary user they are the user's own.
        if (is_root()) {
            CHECK(refused == calls);
            CHECK(left(place).empty());
        } else {
            CHECK(refused < calls);
        }
    }
}

TEST_CASE("what opens set-user-id files to root's command", "[privileges]") {
    // Where the calls themselves are asked, each of them works: it is the filter that refuses them.
    for (const Options& more : std::vector<Options>{
             {"--allow-setuid-files"}, {"--allow-userns"}, {"--seccomp-policy", "none"}}) {
        INFO(more.front());
        const TemporaryDirectory place;
        Options options = more;
        options.insert(options.end(), {"--bind", place.path(), "/d"});
        const std::string out = output(sbx(options, {"set-id", "/d"}));
        INFO(out);
        for (const std::string& line : lines_of(out)) {
            // Linux 6.6 has brought it.
            if (contains(line, "fchmodat2") && contains(line, "ENOSYS")) continue;
            // Not every file system has files without a name.
            if (contains(line, "unnamed") && contains(line, "EOPNOTSUPP")) continue;
            CHECK(line.substr(line.size() - 3) == " ok");
        }
    }
    const TemporaryDirectory place;
    const std::string one = output(
        sbx({"--seccomp-edit", "allow:fchmod", "--bind", place.path(), "/d"}, {"set-id", "/d"}));
    CHECK(has_line(one, "set-id fchmod ok"));
    CHECK(has_line(one, "set-id chmod ok") != is_root());
    CHECK(has_line(output(bwrap({"--bind", place.path(), "/d"}, {"set-id", "/d"})),
                   "set-id chmod ok"));
}

// ---- what is at /proc around sbx ----

TEST_CASE("what is at /proc and is no procfs is not written to", "[privileges]") {
    // Files that have the names of those that ids are mapped through.
    const TemporaryDirectory place;
    place.directory("sys");
    place.directory("self/fd");
    for (const char* name : {"setgroups", "uid_map", "gid_map"}) {
        place.file(std::string("self/") + name, "precious");
    }
    const std::string before = place.listing();
    for (const Name name : both) {
        const std::string out = in_child([&] {
            enter_own_namespaces(As::itself);
            const Start start = sandbox(name, {"--unshare-user"}, {"echo", "ran"});
            mount_or_throw(place.path().c_str(), "/proc", nullptr, MS_BIND);
            const Ended ended = run(start);
            return std::to_string(ended.status) + ended.out + ended.err;
        });
        INFO(out);
        CHECK(contains(out, "/proc is not mounted here"));
        CHECK(place.listing() == before);
    }
}

}  // namespace
}  // namespace integration
