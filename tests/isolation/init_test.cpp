// SPDX-License-Identifier: Apache-2.0
// Init and the supervisor are of the command's user and see what it must not: they cannot be
// traced, looked into, signalled or stopped from inside.
#include "keeper.hpp"
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <initializer_list>
#include <optional>

namespace integration {
namespace {

using Options = std::vector<std::string>;

struct Case {
    Name name;
    Options options;
};

// The filter as it is but for what looks into processes; with it init is a program of its own.
Case with_open_filter(const Options& more) {
    Case out{Name::sbx, {"--landlock=off"}};
    for (const char* call : {"ptrace", "process_vm_readv", "process_vm_writev", "kcmp",
                             "pidfd_getfd", "process_madvise", "perf_event_open", "move_pages"}) {
        out.options.insert(out.options.end(), {"--seccomp-edit", std::string("allow:") + call});
    }
    out.options.insert(out.options.end(), more.begin(), more.end());
    return out;
}

// Neither a filter of ours nor Landlock helps here, and no privilege of a real root's is left in
// the bwrap dialect.
const std::vector<Case>& with_init() {
    static const std::vector<Case> cases = {
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--map-current-user"}},
        {Name::sbx,
         {"--landlock=off", "--seccomp-policy", "none", "--uid", "1000", "--gid", "1000"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--disable-userns"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--cap-add", "ALL"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--cap-add", "CAP_SYS_PTRACE"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--cap-add", "CAP_KILL"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--new-session"}},
        with_open_filter({}),
        with_open_filter({"--map-current-user"}),
        with_open_filter({"--uid", "1000", "--gid", "1000"}),
        {Name::bwrap, {"--unshare-pid", "--cap-drop", "ALL"}},
        {Name::bwrap, {"--unshare-user", "--unshare-pid", "--cap-drop", "ALL"}},
        {Name::bwrap, {"--unshare-user", "--unshare-pid", "--cap-add", "ALL"}},
        {Name::bwrap, {"--unshare-all", "--cap-drop", "ALL", "--uid", "0", "--gid", "0"}},
    };
    return cases;
}

std::string text_of(const Case& c) {
    std::string text = c.name == Name::sbx ? "sbx" : "bwrap";
    for (const std::string& option : c.options) text += " " + option;
    return text;
}

// Each line of `out` that tells of an attack: it failed, for want of a permission.
int check_attacks(const std::string& out) {
    int seen = 0;
    for (const std::string& line : lines_of(out)) {
        if (line.rfind("attack ", 0) != 0) continue;
        INFO(line);
        ++seen;
        const std::string how = line.substr(line.rfind(' ') + 1);
        // Of a descriptor that is not there it may be said so.
        const bool missing = how == "ENOENT" && contains(line, "open-fd/");
        CHECK((how == "EPERM" || how == "EACCES" || missing));
    }
    return seen;
}

constexpr int least_attacks = 28;

TEST_CASE("init cannot be looked into or entered from inside", "[init]") {
    for (const Case& c : with_init()) {
        INFO(text_of(c));
        const Ended ended = run(sandbox(c.name, c.options, {"attack", "1", ",", "state", "1"}));
        INFO(ended.out << ended.err);
        CHECK(ended.status == 0);
        CHECK(check_attacks(ended.out) >= least_attacks);
        CHECK(has_line(ended.out, "state going"));
    }
}

TEST_CASE("a user namespace of the command's own opens no way into init", "[init]") {
    for (const Case& c : with_init()) {
        if (contains(text_of(c), "disable-userns")) continue;
        INFO(text_of(c));
        Options options = c.options;
        options.emplace_back("--allow-userns");
        const Ended ended =
            run(sandbox(c.name, options, {"unshare-user", ",", "attack", "1", ",", "state", "1"}));
        INFO(ended.out << ended.err);
        CHECK(has_line(ended.out, "unshare-user ok"));
        CHECK(check_attacks(ended.out) >= least_attacks);
    }
}

// Of a process that waits: by its caller, who may see all of it.
std::string memory_of(pid_t pid) {
    return read_whole("/proc/" + std::to_string(pid) + "/maps") +
           read_whole("/proc/" + std::to_string(pid) + "/environ") +
           read_whole("/proc/" + std::to_string(pid) + "/cmdline");
}

TEST_CASE("init has nothing of its caller's: no memory, no environment, no words", "[init]") {
    // In the bwrap dialect a command may make user namespaces, and finds init as it always was.
    const Pipe line = make_pipe();
    Start start = sbx({}, {"look", "/proc/1/cmdline", ",", "echo", "here", ",", "wait-byte", "0"});
    start.descriptors = {{0, line.read.get()}};
    start.prepare = [] { ::setenv("SECRET", "a secret of the caller's", 1); };
    Running running(start);
    running.expect("here");
    const std::string pid = std::to_string(running.pid());
    const std::string children = read_whole("/proc/" + pid + "/task/" + pid + "/children");
    const std::string whole = memory_of(static_cast<pid_t>(std::stol(children)));
    INFO(whole);
    CHECK(contains(whole, "memfd:"));
    CHECK(contains(whole, "-init"));
    for (const std::string& name :
         {std::string("SECRET"), std::string("payload"), sbx_path(), std::string("[heap]")}) {
        CHECK_FALSE(contains(whole, name));
    }
    CHECK(contains(memory_of(running.pid()), "SECRET"));
    running.send(SIGKILL);
    running.wait();
}

// To whom the kernel gives the files of a process: root, where it is opaque.
uid_t owner_of(pid_t pid) {
    struct stat status {};
    ::stat(("/proc/" + std::to_string(pid)).c_str(), &status);
    return status.st_uid;
}

TEST_CASE("sbx is opaque until the command is executed, and no longer", "[init]") {
    const Pipe line = make_pipe();
    Start start = sbx({}, {"echo", "here", ",", "wait-byte", "0"});
    start.descriptors = {{0, line.read.get()}};
    Running running(start);
    running.expect("here");
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_milliseconds());
    // It hears of the exec by itself.
    while (owner_of(running.pid()) != ::geteuid() && std::chrono::steady_clock::now() < end) {
        ::sched_yield();
    }
    CHECK(owner_of(running.pid()) == ::geteuid());
    running.send(SIGKILL);
    running.wait();
}

TEST_CASE("init ignores every signal from inside, and works on", "[init]") {
    for (const Case& c : with_init()) {
        INFO(text_of(c));
        const Ended ended = run(
            sandbox(c.name, c.options,
                    {"bombard", "1", ",", "state", "1", ",", "orphans", "3", ",", "exit", "7"}));
        INFO(ended.err);
        CHECK(ended.out == "bombarded\nstate going\nreaped\n");
        CHECK(ended.status == 7);
    }
}

TEST_CASE("where the pid namespace is shared, init and the supervisor can be seen and not more",
          "[init]") {
    for (const Case& c : std::vector<Case>{
             {Name::sbx, {"--share-pid", "--landlock=off", "--seccomp-policy", "none"}},
             {Name::sbx,
              {"--share-pid", "--landlock=off", "--seccomp-policy", "none", "--cap-add", "ALL"}},
             {Name::bwrap, {"--unshare-user", "--cap-drop", "ALL"}},
             {Name::bwrap, {"--unshare-user", "--cap-add", "ALL"}}}) {
        INFO(text_of(c));
        Pipe control = make_pipe();
        Pipe pids = make_pipe();
        // The payload attacks what it is told: the supervisor, and what is between.
        Start start = sandbox(c.name, c.options, {"attack-told", "0"});
        start.descriptors = {{0, control.read.get()}};
        Running running(start);
        running.expect("which\n");
        const std::string supervisor = std::to_string(running.pid());
        std::string told = supervisor;
        std::string children =
            read_whole("/proc/" + supervisor + "/task/" + supervisor + "/children");
        // In the bwrap dialect without an init that child is the command itself.
        if (c.name == Name::sbx) told += " " + children;
        told += "\n";
        REQUIRE(::write(control.write.get(), told.data(), told.size()) > 0);
        control.write.close();
        const Ended ended = running.wait();
        INFO(ended.out << ended.err);
        CHECK(check_attacks(ended.out) >= least_attacks * (c.name == Name::sbx ? 2 : 1));
        CHECK(ended.status == 0);
    }
}

TEST_CASE("a signal to its whole group stays with the command", "[init]") {
    // Without a terminal, where it would be a job of its caller. The filter and Landlock would hide
    // what is tried here.
    for (const Options& more : std::vector<Options>{{}, {"--share-pid"}, {"--new-session"}}) {
        Options options = {"--landlock=off", "--seccomp-policy", "none"};
        options.insert(options.end(), more.begin(), more.end());
        const Ended ended = run(sbx(options, {"kill", "0", "9"}));
        CHECK(ended.signal == 0);
        CHECK(ended.status == 128 + SIGKILL);
    }
}

TEST_CASE("real root that shares the user namespace cannot look into init either", "[init]") {
    if (!is_root()) {
        // Nobody else can share it; the refusal is the protection.
        CHECK(run(sbx({"--share-user"}, {"exit", "0"})).status == 125);
        return;
    }
    for (const Case& c : std::vector<Case>{
             {Name::sbx, {"--share-user", "--allow-userns", "--seccomp-policy", "none"}},
             {Name::bwrap, {"--unshare-pid", "--cap-drop", "ALL"}}}) {
        const std::string out = output(sandbox(c.name, c.options, {"attack", "1"}));
        INFO(out);
        CHECK(check_attacks(out) >= least_attacks);
    }
}

TEST_CASE("root in the bwrap dialect reaches init by CAP_SYS_PTRACE, and not without it",
          "[init]") {
    // As in bubblewrap, whose root keeps its capabilities over the host.
    const auto memory = [](const Options& options) {
        return output(bwrap(options, {"open-rw", "/proc/1/mem"}));
    };
    const std::string closed = "open-rw EACCES\n";
    CHECK(memory({"--unshare-pid"}) == (is_root() ? "open-rw ok\n" : closed));
    CHECK(memory({"--unshare-pid", "--cap-drop", "CAP_SYS_PTRACE"}) == closed);
    CHECK(memory({"--unshare-pid", "--unshare-user"}) == closed);
    CHECK(memory({"--unshare-pid", "--unshare-user", "--cap-add", "ALL"}) == closed);
    CHECK(output(sbx({"--cap-add", "ALL"}, {"open-rw", "/proc/1/mem"})) == closed);
}

TEST_CASE("the command is seen by nobody before it is executed", "[init]") {
    // What runs beside the command in its namespaces is started by it; before, there is nobody.
    for (const Case& c : with_init()) {
        INFO(text_of(c));
        const std::string out = output(sandbox(c.name, c.options, {"running", ",", "process"}));
        CHECK(value(out, "running") == "1 " + value(out, "pid"));
    }
}

// ---- before the command is executed ----

// In a child: lets go of what opens every process to real root.
void drop_ptrace() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    ::syscall(SYS_capget, &header, data.data());
    constexpr auto bit = ~(1U << CAP_SYS_PTRACE);
    data[0].effective &= bit;
    data[0].permitted &= bit;
    data[0].inheritable &= bit;
    if (::syscall(SYS_capset, &header, data.data()) != 0) ::_exit(112);
}

// Which files of process `pid` open that only open for who may trace it.
std::string opened(pid_t pid) {
    std::string out;
    for (const char* name : {"root", "cwd", "mem", "fd/0", "ns/mnt"}) {
        const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
        const bool link = name[0] != 'm';
        const Descriptor fd(::open(path.c_str(), O_CLOEXEC | (link ? O_PATH : O_RDONLY)));
        if (fd.get() >= 0) out += std::string(" ") + name;
    }
    return out;
}

TEST_CASE("until it is executed nobody of its user looks into the command", "[init]") {
    for (const Case& c : with_init()) {
        INFO(text_of(c));
        const std::string out = in_child([&c] {
            if (is_root()) drop_ptrace();
            Stepper stepper(sandbox(c.name, c.options, {"exit", "0"}), {SYS_execve});
            std::string seen;
            while (const auto moment = stepper.next()) {
                const auto pid = static_cast<pid_t>(moment->pid);
                if (pid != stepper.pid()) seen += "command" + opened(pid);
                stepper.go_on(*moment);
            }
            return seen + " " + std::to_string(stepper.wait().status);
        });
        CHECK(out == "command 0");
    }
}

// The same, by a process that has every capability in the user namespace `user`.
bool can_look_from(int user, pid_t pid) {
    const pid_t looker = ::fork();
    if (looker == 0) {
        if (::setns(user, CLONE_NEWUSER) != 0) ::_exit(1);
        ::_exit(opened(pid).empty() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(looker, &status, 0);
    return status != 0;
}

TEST_CASE("nobody in a user namespace that is entered looks into set-up", "[init]") {
    for (const Name name : {Name::sbx, Name::bwrap}) {
        // With a capability that is kept, or what asks for it, there is a second one below.
        for (const Options& more : std::vector<Options>{{}, {"--cap-add", "CAP_CHOWN"}}) {
            const Keeper keeper(Keeper::With::nothing);
            Options options = {"--userns", "7", "--uid", "0", "--gid", "0"};
            options.insert(options.end(), more.begin(), more.end());
            Start start = sandbox(name, options, {"exit", "0"});
            start.descriptors = {{7, keeper.user()}};
            Stepper stepper(start, {SYS_clone3, SYS_openat2, SYS_move_mount, SYS_mount_setattr,
                                    SYS_pivot_root, SYS_unshare, SYS_pipe2, SYS_execve});
            int looks = 0;
            while (const auto moment = stepper.next()) {
                const auto pid = static_cast<pid_t>(moment->pid);
                if (pid != stepper.pid()) {
                    INFO((name == Name::sbx ? "sbx " : "bwrap ")
                         << more.size() << " " << moment->data.nr);
                    ++looks;
                    CHECK_FALSE(can_look_from(keeper.user(), pid));
                }
                stepper.go_on(*moment);
            }
            CHECK(looks > 5);
            CHECK(stepper.wait().status == 0);
        }
    }
}

TEST_CASE("the command waits until init has closed and dropped everything", "[init]") {
    for (const Case& c : with_init()) {
        INFO(text_of(c));
        Stepper stepper(
            sandbox(c.name, c.options, {"exit", "0"}),
            {SYS_signalfd4, SYS_read, SYS_execve, SYS_close_range, SYS_capset, SYS_write});
        std::optional<Moment> init;     // at the first thing that it does as init
        std::optional<Moment> command;  // when it begins to wait
        bool closed = false;
        bool dropped = false;
        bool told = false;
        bool executed = false;
        while (const auto moment = stepper.next()) {
            const int number = moment->data.nr;
            const bool is_sbx = static_cast<pid_t>(moment->pid) == stepper.pid();
            const bool is_init = init && moment->pid == init->pid;
            if (!is_sbx && !init && number == SYS_signalfd4) {
                init = moment;
            } else if (!is_sbx && !is_init && !command && number == SYS_read) {
                command = moment;
            } else {
                if (is_init) {
                    closed = closed || number == SYS_close_range;
                    dropped = dropped || number == SYS_capset;
                    if (number == SYS_write) {
                        told = true;
                        CHECK((closed && dropped));
                    }
                } else if (!is_sbx && number == SYS_execve) {
                    executed = true;
                    REQUIRE(told);
                }
                stepper.go_on(*moment);
                continue;
            }
            // Init does not go on before the command has shown that it waits.
            if (!init || !command) continue;
            stepper.go_on(*command);
            stepper.go_on(*init);
        }
        CHECK(executed);
        CHECK(stepper.wait().status == 0);
    }
}

TEST_CASE("the command does not run when init is gone before it could let it", "[init]") {
    // Without a pid namespace, where the kernel would kill it.
    const std::vector<Case> cases = {{Name::sbx, {"--share-pid"}},
                                     {Name::bwrap, {"--sync-fd", "7"}}};
    for (const Case& c : cases) {
        INFO(text_of(c));
        const Pipe sync = make_pipe();
        Start start = sandbox(c.name, c.options, {"echo", "ran"});
        start.descriptors = {{7, sync.write.get()}};
        Stepper stepper(start, {SYS_signalfd4, SYS_execve});
        bool killed = false;
        bool executed = false;
        while (const auto moment = stepper.next()) {
            const auto pid = static_cast<pid_t>(moment->pid);
            if (pid != stepper.pid()) {
                executed = executed || moment->data.nr == SYS_execve;
                if (moment->data.nr == SYS_signalfd4) killed = ::kill(pid, SIGKILL) == 0;
            }
            stepper.go_on(*moment);
        }
        CHECK(killed);
        CHECK_FALSE(executed);
        CHECK(stepper.wait().out.empty());
    }
}

}  // namespace
}  // namespace integration
