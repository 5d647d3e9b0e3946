// SPDX-License-Identifier: Apache-2.0
// Descriptors and the working directory lead nowhere: what the caller has open, sbx's own, and
// directories in any disguise.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <filesystem>

namespace integration {
namespace {

using Options = std::vector<std::string>;
constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

// Opens one of each kind at numbers from `first` on, `step` apart, passed on by exec or not; the
// numbers of those that lead somewhere by themselves (directories) are `leading`.
void open_everything(const std::string& place, int first, int step, unsigned cloexec) {
    std::array<int, 2> pair{};
    ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data());
    const std::vector<int> leading = {
        ::open(place.c_str(), O_RDONLY),
        ::open(place.c_str(), O_PATH),
        ::open("/", O_PATH | O_DIRECTORY),
        ::open("/proc/self", O_RDONLY | O_DIRECTORY),
        ::open("/proc/self/ns", O_RDONLY | O_DIRECTORY),
        static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, place.c_str(), 0)),
    };
    const std::vector<int> others = {
        ::open((place + "/file").c_str(), O_RDONLY),
        ::open((place + "/file").c_str(), O_PATH),
        ::memfd_create("x", 0),
        ::eventfd(0, 0),
        ::epoll_create1(0),
        ::open("/dev/null", O_RDWR),
        ::open("/proc/self/ns/mnt", O_RDONLY),
        static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)),
        pair[0],
        pair[1],
    };
    // Out of the way first, so that none takes another's place.
    std::vector<int> high;
    for (const auto& list : {leading, others}) {
        for (const int fd : list) {
            high.push_back(::fcntl(fd, F_DUPFD, 300));
            ::close(fd);
        }
    }
    int number = first;
    for (const int fd : high) {
        if (::dup3(fd, number, static_cast<int>(cloexec)) != number) ::_exit(111);
        ::close(fd);
        number += step;
    }
}

constexpr int leading_count = 6;
constexpr int others_count = 10;

TEST_CASE("no descriptor is passed on that was not named, whatever it is", "[descriptors]") {
    const TemporaryDirectory place;
    place.file("file", "x");
    for (const auto& [first, step] :
         std::vector<std::pair<int, int>>{{3, 1}, {50, 1}, {3, 7}, {1000, 1}, {3'000, 37}}) {
        for (const unsigned cloexec : {0U, unsigned{O_CLOEXEC}}) {
            INFO(first << " " << step << " " << cloexec);
            const auto prepare = [&, f = first, s = step] {
                rlimit limit{};
                ::getrlimit(RLIMIT_NOFILE, &limit);
                limit.rlim_cur = limit.rlim_max;
                ::setrlimit(RLIMIT_NOFILE, &limit);
                open_everything(place.path(), f, s, cloexec);
            };
            for (const Options& options :
                 std::vector<Options>{{}, {"--as-pid-1"}, {"--share-pid"}, {"--cap-add", "ALL"}}) {
                Start start = sbx(options, {"all-descriptors"});
                start.prepare = prepare;
                CHECK(output(start) == "open 0 1 2\n");
            }
            // The bwrap dialect passes them on, as bubblewrap does, but for directories.
            Start start = bwrap({}, {"all-descriptors"});
            start.prepare = prepare;
            std::string wanted = "open 0 1 2";
            for (int i = 0; cloexec == 0 && i < others_count; ++i) {
                wanted += " " + std::to_string(first + step * (leading_count + i));
            }
            CHECK(output(start) == wanted + "\n");
        }
    }
}

TEST_CASE("a caller may close any of the standard descriptors", "[descriptors]") {
    for (const Name name : both) {
        for (unsigned which = 1; which < 8; ++which) {
            for (const Options& options : std::vector<Options>{
                     {"--unshare-pid"}, {"--unshare-pid", "--as-pid-1"}, {"--file", "7", "/f"}}) {
                INFO(which << " " << options[0]);
                Pipe answer = make_pipe();
                const Descriptor content = file_with("content");
                Options all = options;
                all.insert(all.end(), {"--keep-fd", "9"});
                Start start = sandbox(
                    name, all,
                    {"output", "9", ",", "descriptors", ",", "echo", "end", ",", "exit", "7"});
                start.descriptors = {{7, content.get()}, {9, answer.write.get()}};
                if (options[0] != "--file") start.descriptors.erase(start.descriptors.begin());
                start.prepare = [which] {
                    for (int fd = 0; fd < 3; ++fd) {
                        if ((which >> static_cast<unsigned>(fd) & 1U) != 0) ::close(fd);
                    }
                };
                Running running(start);
                answer.write.close();
                CHECK(running.wait().status == 7);
                // /dev/null in the place of each; 1 and 2 are pipes of the test else.
                std::string wanted = "fd 0 character\n";
                wanted += (which & 2U) != 0 ? "fd 1 character\n" : "fd 1 pipe\n";
                wanted += (which & 4U) != 0 ? "fd 2 character\n" : "fd 2 pipe\n";
                CHECK(read_until(answer.read, "end\n") == wanted + "fd 9 pipe\nend\n");
            }
        }
    }
}

TEST_CASE("no standard descriptor is a directory, and none can be climbed", "[descriptors]") {
    const TemporaryDirectory place;
    place.file("secret", "x");
    for (const Name name : both) {
        for (const int number : {0, 1, 2}) {
            for (const int flags : {O_RDONLY, O_PATH}) {
                INFO(number << " " << flags);
                const Descriptor directory(
                    ::open(place.path().c_str(), flags | O_DIRECTORY | O_CLOEXEC));
                Pipe answer = make_pipe();
                const std::string through = "/proc/self/fd/" + std::to_string(number);
                Start start = sandbox(name, {"--unshare-pid", "--keep-fd", "9"},
                                      {"output", "9", ",", "look", through + "/secret", ",", "look",
                                       through + "/../..", ",", "echo", "end"});
                start.descriptors = {{number, directory.get()}, {9, answer.write.get()}};
                Running running(start);
                answer.write.close();
                const Ended ended = running.wait();
                if (name == Name::sbx) {
                    CHECK(ended.status == 125);
                    continue;
                }
                CHECK(ended.status == 0);
                CHECK(read_until(answer.read, "end\n") == "look ENOTDIR\nlook ENOTDIR\nend\n");
            }
        }
    }
}

// ---- the working directory ----

// Where the command is, and that it cannot climb to another top than its own.
const Options look_around = {"directory", ",", "climb", "marker"};

std::string where(Start start, const std::string& directory, std::function<void()> prepare) {
    start.directory = directory;
    start.prepare = std::move(prepare);
    const Ended ended = run(start);
    return ended.status == 0 ? ended.out : "refused";
}

TEST_CASE("a working directory that is outside stays outside", "[descriptors]") {
    const TemporaryDirectory place;
    place.directory("deep/down");
    for (const Name name : both) {
        const Start start =
            sandbox(name, {"--dir", "/marker", "--tmpfs", "/tmp", "--setenv", "HOME", "/nowhere"},
                    look_around);
        const std::string top = "cwd /\nPWD /\nclimb inside\n";
        const auto holds_top = [&](const std::string& out) { return out.rfind(top, 0) == 0; };
        CHECK(holds_top(where(start, place.path() + "/deep/down", {})));
        // Removed.
        CHECK(holds_top(where(start, place.path(), [&] {
            const std::string gone = place.path() + "/gone";
            std::filesystem::create_directory(gone);
            if (::chdir(gone.c_str()) != 0) ::_exit(111);
            std::filesystem::remove(gone);
        })));
        // By names that mean something else inside.
        for (const char* pwd : {"/proc/self/cwd", "/proc/self/fd/7", "/proc/self/root",
                                "/proc/thread-self/cwd", "/dev/fd/7"}) {
            INFO(pwd);
            const std::string out = where(start, place.path(), [&place, pwd] {
                if (::dup2(::open(place.path().c_str(), O_RDONLY | O_DIRECTORY), 7) != 7) {
                    ::_exit(111);
                }
                if (std::string(pwd).find("root") != std::string::npos && ::chdir("/") != 0) {
                    ::_exit(111);
                }
                ::setenv("PWD", pwd, 1);
            });
            CHECK(contains(out, "climb inside\n"));
            CHECK(has_line(out, "cwd /"));
        }
    }
}

TEST_CASE("--chdir leads through no descriptor", "[descriptors]") {
    const TemporaryDirectory place;
    place.directory("deep/down");
    place.link("magic", "/proc/self/fd/7");
    for (const Name name : both) {
        for (const int flags : {O_RDONLY, O_PATH}) {
            const Descriptor outside(
                ::open((place.path() + "/deep").c_str(), flags | O_DIRECTORY | O_CLOEXEC));
            for (const char* to :
                 {"/proc/self/fd/7", "/proc/self/fd/7/down", "/proc/self/fd/7/..", "/dev/fd/7",
                  "/proc/self/task/../fd/7", "/proc/thread-self/fd/7", "/b/magic"}) {
                for (const Options& more : std::vector<Options>{
                         {}, {"--keep-fd", "7"}, {"--keep-fd", "7", "--cap-add", "ALL"}}) {
                    INFO(to << (more.empty() ? "" : " kept"));
                    Options options = {"--ro-bind", place.path(), "/b",      "--dir", "/marker",
                                       "--tmpfs",   "/tmp",       "--chdir", to};
                    if (name == Name::bwrap) options.insert(options.begin(), {"--dev", "/dev"});
                    options.insert(options.end(), more.begin(), more.end());
                    Start start = sandbox(name, options, look_around);
                    start.descriptors = {{7, outside.get()}};
                    start.directory = place.path();
                    const Ended ended = run(start);
                    CHECK(ended.status == (name == Name::sbx ? 125 : 1));
                    CHECK(ended.out.empty());
                }
            }
        }
        // What these mean is where set-up has ended: the new root.
        for (const char* to : {"/proc/self/cwd", "/proc/self/root", "/proc/1/cwd/..", "/../.."}) {
            INFO(to);
            Start start = sandbox(
                name, {"--unshare-pid", "--dir", "/marker", "--tmpfs", "/tmp", "--chdir", to},
                look_around);
            start.directory = place.path();
            const Ended ended = run(start);
            CHECK((ended.status != 0 || contains(ended.out, "climb inside\n")));
            CHECK_FALSE(contains(ended.out, place.path()));
        }
    }
}

TEST_CASE("a directory of the caller that is shown keeps its name only", "[descriptors]") {
    // The same directory, bound elsewhere: the old name is not inside, and is not gone to.
    const TemporaryDirectory place;
    const std::string deep = place.directory("deep");
    for (const Name name : both) {
        Start start = sandbox(name,
                              {"--bind", deep, "/shown", "--dir", "/marker", "--tmpfs", "/tmp",
                               "--setenv", "HOME", "/shown"},
                              look_around);
        start.directory = deep;
        const std::string out = output(start);
        CHECK(out.rfind("cwd /shown\nPWD /shown\nclimb inside\n", 0) == 0);
    }
}

}  // namespace
}  // namespace integration
