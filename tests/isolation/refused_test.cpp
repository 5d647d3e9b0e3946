// SPDX-License-Identifier: Apache-2.0
// Filters around sbx, as containers, services of systemd and other sandboxes have them: sbx takes
// another way where there is one that is no less strict, and else names the call that is refused.
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>

namespace integration {
namespace {

using Options = std::vector<std::string>;
constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

Start without(const std::vector<int>& numbers, int error, Start start) {
    start.prepare = [before = start.prepare, numbers, error] {
        if (before) before();
        for (const int number : numbers) deny_system_call(number, error);
    };
    return start;
}

struct Call {
    int number;
    const char* name;
};
constexpr Call needed[] = {
    {SYS_fsconfig, "fsconfig"},     {SYS_fsmount, "fsmount"},
    {SYS_fsopen, "fsopen"},         {SYS_mount_setattr, "mount_setattr"},
    {SYS_move_mount, "move_mount"}, {SYS_open_tree, "open_tree"},
    {SYS_openat2, "openat2"},       {SYS_pivot_root, "pivot_root"},
    {SYS_umount2, "umount2"},
};

TEST_CASE("a system call that a filter refuses is named", "[refused]") {
    for (const Name name : both) {
        for (const Call& call : needed) {
            for (const int error : {ENOSYS, EPERM}) {
                const Ended ended =
                    run(without({call.number}, error,
                                sandbox(name, {"--ro-bind", "/usr", "/u"}, {"exit", "0"})));
                INFO(ended.err);
                CHECK(ended.status == (name == Name::sbx ? 125 : 1));
                CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
                CHECK(contains(ended.err, "the system call " + std::string(call.name) +
                                              (error == EPERM ? " (EPERM)" : " (ENOSYS)") +
                                              " is refused by a seccomp filter around sbx"));
                CHECK(contains(ended.err, "--security-opt seccomp=/"));
                CHECK(contains(ended.err, "/seccomp/container.json"));
                for (const Call& other : needed) {
                    CHECK(contains(ended.err.substr(ended.err.find("allows ")), other.name));
                }
                CHECK_FALSE(contains(ended.err, "partly covered"));
            }
        }
    }
}

TEST_CASE("what only makes a start quicker may be refused", "[refused]") {
    // The command's process is made before set-up where it can leave what it shares with init.
    for (const Name name : both) {
        for (const int error : {ENOSYS, EPERM}) {
            CHECK(output(without({SYS_unshare}, error, sandbox(name, {}, {"echo", "ran"}))) ==
                  "ran\n");
        }
    }
}

TEST_CASE("all system calls that a filter refuses are named at once", "[refused]") {
    const Ended ended =
        run(without({SYS_fsmount, SYS_move_mount, SYS_keyctl}, EPERM, sbx({}, {"exit", "0"})));
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err,
                   "these system calls are refused: fsmount (EPERM), move_mount (EPERM) by"));
}

TEST_CASE("an error that no filter gives is not blamed on one", "[refused]") {
    // A filter is around sbx, and something else is the matter.
    const TemporaryDirectory place;
    const Ended ended =
        run(without({SYS_swapon}, EPERM,
                    sbx({"--bind", place.path(), "/d", "--dir", "/d/new"}, {"exit", "0"})));
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK_FALSE(contains(ended.err, "system call"));
}

TEST_CASE("without clone3 a sandbox is made with clone", "[refused]") {
    for (const Name name : both) {
        const auto start = [name](Options options, Options sentence) {
            return without({SYS_clone3}, ENOSYS,
                           sandbox(name, std::move(options), std::move(sentence)));
        };
        CHECK(run(start({}, {"exit", "77"})).status == 77);
        CHECK(output(start({}, {"echo", "ran"})) == "ran\n");
        CHECK(run(start({"--unshare-all", "--as-pid-1"}, {"exit", "77"})).status == 77);
        CHECK(output(start({"--unshare-user", "--disable-userns"}, {"echo", "ran"})) == "ran\n");
        const TemporaryDirectory place;
        CHECK(output(start({"--bind", place.path(), "/d", "--mask", "/d/none", "--unshare-pid",
                            "--unshare-user"},
                           {"echo", "ran"})) == "ran\n");
        CHECK(std::filesystem::is_empty(place.path()));
        // What is ignored stays so; what is handled is not.
        Start ignoring = start({}, {"raise", "TERM", ",", "echo", "ran"});
        ignoring.prepare = [before = ignoring.prepare] {
            before();
            ::signal(SIGTERM, SIG_IGN);
        };
        CHECK(output(ignoring) == "ran\n");
        // The command is reached by signals.
        const Pipe line = make_pipe();
        Start waiting = start({}, {"echo", "here", ",", "wait-byte", "0"});
        waiting.descriptors = {{0, line.read.get()}};
        Running running(waiting);
        running.expect("here");
        running.send(SIGTERM);
        const Ended ended = running.wait();
        CHECK((name == Name::sbx ? ended.status == 128 + SIGTERM : ended.signal == SIGTERM));
    }
    // Of clone3 alone: the bit means something else to clone.
    const Ended ended = run(without({SYS_clone3}, ENOSYS, sbx({"--unshare-time"}, {"exit", "0"})));
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "clone3 (ENOSYS)"));
}

TEST_CASE("where a filter answers clone3 by EPERM, that is said", "[refused]") {
    const Ended ended = run(without({SYS_clone3}, EPERM, sbx({}, {"exit", "0"})));
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "always refused here: clone3 (EPERM); "));
    CHECK(contains(ended.err, "/seccomp/container.json"));
}

// All that is open in the process `pid`, `most` descriptors, without what the kernel numbers anew
// each time.
std::vector<std::string> kinds_open_in(pid_t pid, std::size_t most) {
    std::vector<std::string> out;
    for (const std::string& target : open_in(std::to_string(pid), most)) {
        out.push_back(target.substr(0, target.find('[')));
    }
    std::sort(out.begin(), out.end());
    return out;
}

pid_t child_of(pid_t pid) {
    const std::string process = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid);
    return static_cast<pid_t>(std::stol(read_whole(process + "/children")));
}

TEST_CASE("without close_range the same descriptors are closed", "[refused]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file", "x");
    const auto open_some = [&] {
        for (const int fd : {3, 9, 64, 65, 200, 500}) {
            ::dup2(::open(fd % 2 == 0 ? place.path().c_str() : file.c_str(), O_RDONLY), fd);
        }
    };
    for (const Name name : both) {
        for (const Options& options :
             std::vector<Options>{{},
                                  {"--keep-fd", "65"},
                                  {"--share-pid"},
                                  {"--cap-add", "ALL"},
                                  {"--unshare-pid", "--as-pid-1"},
                                  {"--bind", place.path(), "/d", "--protect", "/d/file",
                                   "--unshare-pid", "--unshare-user"}}) {
            Start plain_start = sandbox(name, options, {"all-descriptors"});
            plain_start.prepare = open_some;
            const std::string wanted = output(plain_start);
            for (const int error : {ENOSYS, EPERM}) {
                INFO((options.empty() ? "" : options[0]));
                CHECK(output(without({SYS_close_range}, error, plain_start)) == wanted);
            }
        }
    }
    // Init and sbx itself hold no more either.
    std::array<std::vector<std::string>, 2> held_by_init;
    for (const std::size_t denied : {0U, 1U}) {
        const Pipe line = make_pipe();
        Start start = sbx({}, {"echo", "here", ",", "wait-byte", "0"});
        start.prepare = open_some;
        start.descriptors = {{0, line.read.get()}};
        if (denied == 1) start = without({SYS_close_range}, ENOSYS, start);
        Running running(start);
        running.expect("here");
        for (const std::string& held : open_in(std::to_string(running.pid()), 64)) {
            CHECK_FALSE(contains(held, place.path()));
        }
        held_by_init[denied] = kinds_open_in(child_of(running.pid()), 3);
        running.send(SIGKILL);
        running.wait();
    }
    CHECK(held_by_init[0] == held_by_init[1]);
    CHECK_FALSE(held_by_init[0].empty());
}

TEST_CASE("where init cannot execute a program of its own, it is a copy of sbx", "[refused]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file", "x");
    for (const Name name : both) {
        for (const Options& options : std::vector<Options>{
                 {"--keep-fd", "65"}, {"--unshare-user", "--unshare-pid", "--unshare-net"}}) {
            for (const std::string sentence : {"look /proc/1/cmdline", "all-descriptors"}) {
                const std::size_t space = std::min(sentence.find(' '), sentence.size());
                std::vector<std::string> words = {sentence.substr(0, space)};
                if (space < sentence.size()) words.push_back(sentence.substr(space + 1));
                Start start = sandbox(name, options, words);
                start.prepare = [&] { ::dup2(::open(file.c_str(), O_RDONLY), 65); };
                const Ended wanted = run(start);
                CHECK(wanted.status == 0);
                for (const int number : {SYS_execveat, SYS_memfd_create}) {
                    for (const int error : {ENOSYS, EPERM, EACCES}) {
                        INFO(sentence << " " << number << " " << error);
                        const Ended ended = run(without({number}, error, start));
                        INFO(ended.err);
                        CHECK(ended.status == 0);
                        CHECK(ended.out == wanted.out);
                        CHECK(ended.err == wanted.err);
                    }
                }
            }
        }
    }
}

TEST_CASE("a filter that kills for init's own program leaves it a copy", "[refused]") {
    const TemporaryDirectory place;
    const std::string policy =
        place.file("policy.json", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["execveat"], "action": "SCMP_ACT_KILL_PROCESS"}]})");
    const Ended ended =
        run(plain(Name::bwrap, {"--seccomp-policy", policy, "--dev-bind", "/", "/", "--",
                                sbx_path(), "--ro-bind", "/usr", "/usr", "echo", "ran"}));
    INFO(ended.err);
    CHECK(ended.status == 0);
    CHECK(ended.out == "ran\n");
}

TEST_CASE("where no filter lets keyctl through, the keyring is out of reach already", "[refused]") {
    for (const int error : {ENOSYS, EPERM}) {
        for (const Name name : both) {
            CHECK(output(without({SYS_keyctl, SYS_add_key, SYS_request_key}, error,
                                 sandbox(name, {}, {"echo", "ran"}))) == "ran\n");
        }
        // The policy of the sandbox refuses the calls that make keys.
        CHECK(output(without({SYS_keyctl}, error, sbx({}, {"echo", "ran"}))) == "ran\n");
        for (const Options& options :
             std::vector<Options>{{"--seccomp-policy", "none"},
                                  {"--seccomp-edit", "allow:add_key"},
                                  {"--seccomp-edit", "allow:request_key"}}) {
            const Ended ended = run(without({SYS_keyctl}, error, sbx(options, {"echo", "ran"})));
            INFO(ended.err);
            CHECK(ended.status == 125);
            CHECK(ended.out.empty());
            CHECK(contains(ended.err, error == EPERM ? "keyctl (EPERM)" : "keyctl (ENOSYS)"));
        }
    }
}

TEST_CASE("a filter that kills is named with its call", "[refused]") {
    const TemporaryDirectory place;
    const std::string policy =
        place.file("policy.json", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["fsopen"], "action": "SCMP_ACT_KILL_PROCESS"}]})");
    const Ended ended =
        run(plain(Name::bwrap, {"--seccomp-policy", policy, "--dev-bind", "/", "/", "--",
                                sbx_path(), "--ro-bind", "/usr", "/usr", "true"}));
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err,
                   "the system call fsopen (killed by SIGSYS) is refused by a seccomp filter"));
}

}  // namespace
}  // namespace integration
