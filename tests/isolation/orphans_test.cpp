// SPDX-License-Identifier: Apache-2.0
// Nobody is orphaned: not by a set-up that fails, in any of the ways in which a caller can make it
// fail, and not inside, where init reaps.
#include "keeper.hpp"
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace integration {
namespace {

using Options = std::vector<std::string>;
constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

Descriptor closed_pipe() { return std::move(make_pipe().write); }

// How a set-up fails; descriptors 7 and 8 are what the options name.
struct Way {
    Options options;
    int seven = -1;
    std::function<void()> prepare = {};
};

// Runs it as the subreaper of all that it starts: "STATUS none", or "STATUS some" when somebody is
// still there, or was not waited for, when sbx has ended.
std::string who_is_left(Name name, const Way& way) {
    return in_child([&] {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        Options options = way.options;
        options.insert(options.begin(), {"--unshare-pid", "--unshare-user"});
        Start start = sandbox(name, options, {"echo", "ran"});
        if (way.seven >= 0) start.descriptors = {{7, way.seven}};
        start.prepare = way.prepare;
        const Ended ended = run(start);
        const pid_t other = ::waitpid(-1, nullptr, WNOHANG | __WALL);
        return std::to_string(ended.status) + (ended.out.empty() ? " " : " ran ") +
               (other < 0 && errno == ECHILD ? "none" : "some");
    });
}

TEST_CASE("a set-up that fails leaves nobody", "[orphans]") {
    const TemporaryDirectory place;
    place.file("file", "x");
    const Descriptor broken = closed_pipe();
    const Descriptor file = file_with("x");
    const Descriptor too_long = file_with(std::string(100'000, 'x'));
    const Descriptor directory(::open(place.path().c_str(), O_RDONLY | O_CLOEXEC));
    const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    const Descriptor own(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
    const Keeper elsewhere(Keeper::With::nothing);
    const std::vector<Way> ways = {
        {{"--bind", "/nowhere/at/all", "/x"}},
        {{"--bind", "/proc/self/nothing", "/x"}},
        {{"--ro-bind", "/usr", "/payload"}},
        {{"--dir", "/payload/x"}},
        {{"--tmpfs", "/x", "--size", "1", "--chdir", "/nowhere"}},
        {{"--chdir", "/nowhere"}},
        {{"--chdir", "/payload"}},
        {{"--remount-ro", "/nowhere"}},
        {{"--symlink", "x", "/payload"}},
        {{"--chmod", "0700", "/nowhere"}},
        {{"--info-fd", "7"}, broken.get()},
        {{"--json-status-fd", "7"}, broken.get()},
        {{"--info-fd", "7"}, full.get()},
        {{"--json-status-fd", "7"}, full.get()},
        {{"--info-fd", "7"}, directory.get()},
        {{"--json-status-fd", "7"}, directory.get()},
        {{"--file", "7", "/x"}, directory.get()},
        {{"--file", "7", "/x"}, broken.get()},
        {{"--ro-bind-data", "7", "/x"}, directory.get()},
        {{"--bind-fd", "7", "/x"}, broken.get()},
        {{"--block-fd", "7"}, directory.get()},
        {{"--userns2", "7"}, own.get()},
        {{"--userns2", "7"}, elsewhere.user()},
        {{"--userns2", "7"}, file.get()},
        {{"--userns2", "7", "--cap-add", "ALL"}, elsewhere.user()},
        {{"--pidns", "7"}, own.get()},
        {{"--pidns", "7"}, file.get()},
        {{"--lock-file", "/nowhere"}},
        {{"--seccomp", "7"}, file.get()},
        {{"--overlay-src", place.path(), "--overlay", "/nowhere", place.path(), "/x"}},
        {{"--overlay-src", place.path(), "--overlay", place.path(), place.path(), "/x"}},
        {{"--unshare-uts", "--hostname", std::string(65, 'n')}},
        // Failures of the kernel's: no process more, no descriptor more, no file of any size.
        {{},
         -1,
         [] {
             const rlimit none{9, 9};
             ::setrlimit(RLIMIT_NOFILE, &none);
         }},
        {{"--file", "7", "/x"},
         too_long.get(),
         [] {
             const rlimit none{0, 0};
             ::setrlimit(RLIMIT_FSIZE, &none);
             ::signal(SIGXFSZ, SIG_IGN);
         }},
    };
    for (const Name name : both) {
        for (const Way& way : ways) {
            INFO((name == Name::sbx ? "sbx " : "bwrap ")
                 << (way.options.empty() ? "" : way.options[0] + " " + way.options.back()));
            const std::string failed = std::to_string(name == Name::sbx ? 125 : 1);
            CHECK(who_is_left(name, way) == failed + " none");
        }
    }
}

// Leaves room for nothing in a pipe.
void fill(const Pipe& pipe) {
    ::fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK);
    const std::string much(4096, 'x');
    while (::write(pipe.write.get(), much.data(), much.size()) > 0) {
    }
    ::fcntl(pipe.write.get(), F_SETFL, 0);
}

// Whether it is the moment before sbx waits for `fd`: writes to it, or polls it.
bool waits_for(const Moment& moment, int fd) {
    if (moment.data.nr == SYS_write) return moment.data.args[0] == static_cast<unsigned>(fd);
    std::array<pollfd, 8> polled{};
    const std::size_t size = moment.data.args[1] * sizeof(pollfd);
    const bool polls = moment.data.nr == SYS_poll || moment.data.nr == SYS_ppoll;
    if (!polls || size > sizeof polled) return false;
    const iovec here{polled.data(), size};
    const iovec there{reinterpret_cast<void*>(moment.data.args[0]), size};
    if (::process_vm_readv(static_cast<pid_t>(moment.pid), &here, 1, &there, 1, 0) < 0)
        return false;
    return std::any_of(polled.begin(), polled.end(), [fd](const pollfd& p) { return p.fd == fd; });
}

// A number that none of sbx's own descriptors has.
constexpr int status_fd = 77;

TEST_CASE("a status that nobody reads: a signal ends sbx, and that is the end of all",
          "[orphans]") {
    for (const Name name : both) {
        for (const char* option : {"--info-fd", "--json-status-fd"}) {
            for (const int signal : {SIGKILL, SIGTERM, SIGINT}) {
                INFO(option << " " << signal);
                const std::string out = in_reaped_child([&] {
                    const Pipe full = make_pipe();
                    fill(full);
                    Start start = sandbox(name,
                                          {"--unshare-user", "--unshare-pid", "--die-with-parent",
                                           option, std::to_string(status_fd)},
                                          {"echo", "ran"});
                    start.descriptors = {{status_fd, full.write.get()}};
                    const Ended ended = run_stepwise(
                        start, {SYS_write, SYS_poll, SYS_ppoll}, [&](const Moment& moment) {
                            if (waits_for(moment, status_fd)) {
                                ::kill(static_cast<pid_t>(moment.pid), signal);
                            }
                        });
                    return ended.out + "none left";
                });
                CHECK(out == "none left\n");
            }
        }
    }
}

TEST_CASE("an exit code that nobody reads: a signal ends sbx", "[orphans]") {
    for (const Name name : both) {
        const std::string out = in_reaped_child([&] {
            const Pipe pipe = make_pipe();
            Start start = sandbox(name,
                                  {"--unshare-user", "--unshare-pid", "--die-with-parent",
                                   "--json-status-fd", std::to_string(status_fd)},
                                  {"exit", "0"});
            start.descriptors = {{status_fd, pipe.write.get()}};
            int writes = 0;
            run_stepwise(start, {SYS_write, SYS_execve}, [&](const Moment& moment) {
                // The command's, after the first line was written: there is no room for the next.
                if (moment.data.nr == SYS_execve && writes == 1) fill(pipe);
                if (moment.data.nr != SYS_write || !waits_for(moment, status_fd)) return;
                if (++writes == 2) ::kill(static_cast<pid_t>(moment.pid), SIGTERM);
            });
            return std::to_string(writes) + " none left";
        });
        CHECK(out == "2 none left\n");
    }
}

TEST_CASE("orphans inside are reaped", "[orphans]") {
    for (const Name name : both) {
        for (const Options& options : std::vector<Options>{
                 {"--unshare-pid"}, {"--unshare-pid", "--unshare-user", "--cap-add", "ALL"}}) {
            // "reaped": no process is there but init and the payload, zombies included.
            const std::string out =
                output(sandbox(name, options, {"orphans", "200", ",", "running", ",", "process"}));
            CHECK(has_line(out, "reaped"));
            CHECK(value(out, "running") == "1 " + value(out, "pid"));
        }
    }
}

TEST_CASE("orphans are reaped where the caller ignores SIGCHLD or blocks every signal",
          "[orphans]") {
    for (const Name name : both) {
        for (const bool ignores : {true, false}) {
            Start start =
                sandbox(name, {"--unshare-pid"}, {"orphans", "20", ",", "running", ",", "process"});
            start.prepare = [ignores] {
                if (ignores) ::signal(SIGCHLD, SIG_IGN);
                sigset_t all{};
                sigfillset(&all);
                if (!ignores) ::sigprocmask(SIG_BLOCK, &all, nullptr);
            };
            const std::string out = output(start);
            CHECK(has_line(out, "reaped"));
            CHECK(value(out, "running") == "1 " + value(out, "pid"));
        }
    }
}

}  // namespace
}  // namespace integration
