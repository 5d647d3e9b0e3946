// SPDX-License-Identifier: Apache-2.0
// What cannot be said in one command line: somebody outside waits, writes, sends signals or dies
// while the sandbox runs. Each scenario is gone through with bubblewrap and with sbx, and must
// tell the same.
#include "compare.hpp"
#include "leftovers.hpp"
#include "observe.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>

namespace compat {
namespace {

using integration::Descriptor;
using integration::Pipe;
using integration::Running;
using integration::Start;

// "OPTIONS" before the payload, then its sentence.
Start payload(Program program, const Fixture& fixture, const std::string& options,
              const std::string& sentence) {
    Lines words = {"--ro-bind", integration::payload_path(), "/p"};
    for (const std::string& word : words_of(options)) words.push_back(fixture.fill(word));
    words.insert(words.end(), {"--", "/p"});
    for (const std::string& word : words_of(sentence)) words.push_back(word);
    return start(program, words, fixture.path(), {});
}

std::string text_of(const Lines& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + "; ";
    return out;
}

// To somebody who may be gone: nobody reads then, and that shows elsewhere.
void put(const Descriptor& fd) {
    const auto before = ::signal(SIGPIPE, SIG_IGN);
    const ssize_t put = ::write(fd.get(), "x", 1);
    ::signal(SIGPIPE, before);
    if (put != 1 && errno != EPIPE) throw std::runtime_error("write");
}

// The first line that comes out of `fd`, or "nothing" at the end of the file.
std::string answer(const Descriptor& fd) {
    try {
        return integration::read_until(fd, "\n");
    } catch (const std::exception&) {
        return "nothing\n";
    }
}

pid_t child_pid(const std::string& info) {
    const std::string key = "\"child-pid\": ";
    const auto at = info.find(key);
    pid_t pid = -1;
    if (at != std::string::npos) {
        std::from_chars(info.data() + at + key.size(), info.data() + info.size(), pid);
    }
    return pid;
}

void same(const std::function<std::string(Program, const Fixture&)>& scenario) {
    std::array<std::string, 2> told;
    for (const Program program : {Program::bubblewrap, Program::sbx}) {
        const Leftovers leftovers;
        const Fixture fixture;
        told.at(program == Program::sbx ? 1 : 0) = scenario(program, fixture);
    }
    CHECK(told[1] == told[0]);
    CHECK(told[0] != "");
}

TEST_CASE("--block-fd holds the command back", "[waiting]") {
    for (const char* options : {"", "--unshare-all", "--unshare-pid --as-pid-1"}) {
        same([options](Program program, const Fixture& fixture) {
            Pipe block = integration::make_pipe();
            Pipe info = integration::make_pipe();
            Start begin = payload(program, fixture,
                                  std::string(options) + " --bind @ /x --block-fd 5 --info-fd 6",
                                  "look /x/late");
            begin.descriptors = {{5, block.read.get()}, {6, info.write.get()}};
            Running running(begin);
            integration::read_until(info.read, "}");
            const Descriptor late(
                ::open((fixture.path() + "/late").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
            put(block.write);
            return text_of(seen(running.wait()));
        });
    }
}

TEST_CASE("--userns-block-fd waits until somebody has mapped the ids", "[waiting]") {
    for (const char* options : {"", "--unshare-all", "--uid 5 --gid 5"}) {
        same([options](Program program, const Fixture& fixture) {
            Pipe block = integration::make_pipe();
            Pipe info = integration::make_pipe();
            Start begin = payload(program, fixture,
                                  std::string(options) +
                                      " --unshare-user --userns-block-fd 5 --info-fd 6 "
                                      "--proc /proc",
                                  "ids , maps , capabilities");
            begin.descriptors = {{5, block.read.get()}, {6, info.write.get()}};
            Running running(begin);
            const pid_t pid = child_pid(integration::read_until(info.read, "}"));
            const std::string process = "/proc/" + std::to_string(pid) + "/";
            integration::write_to(process + "setgroups", "deny");
            integration::write_to(process + "uid_map", "0 " + std::to_string(::geteuid()) + " 1\n");
            integration::write_to(process + "gid_map", "0 " + std::to_string(::getegid()) + " 1\n");
            put(block.write);
            return text_of(seen(running.wait()));
        });
    }
}

TEST_CASE("the status comes while the command runs", "[waiting]") {
    for (const char* options : {"", "--unshare-all", "--unshare-pid --as-pid-1"}) {
        same([options](Program program, const Fixture& fixture) {
            Pipe hold = integration::make_pipe();
            Pipe status = integration::make_pipe();
            Start begin = payload(program, fixture, std::string(options) + " --json-status-fd 6",
                                  "wait-end 5 , exit 9");
            begin.descriptors = {{5, hold.read.get()}, {6, status.write.get()}};
            Running running(begin);
            status.write.close();
            const std::string first = integration::read_until(status.read, "\n");
            const std::string parent =
                integration::read_whole("/proc/" + std::to_string(child_pid(first)) + "/status");
            const bool direct =
                integration::contains(parent, "\nPPid:\t" + std::to_string(running.pid()) + "\n");
            hold.write.close();
            const std::string second = integration::read_until(status.read, "\n");
            return text_of(normal_lines("", first + second)) + text_of(seen(running.wait())) +
                   (direct ? "its own child" : "not its own child");
        });
    }
}

TEST_CASE("--sync-fd ends with the sandbox", "[waiting]") {
    for (const char* sentence : {"exit 3", "linger , exit 3"}) {
        for (const char* options : {"", "--unshare-pid", "--die-with-parent"}) {
            same([options, sentence](Program program, const Fixture& fixture) {
                Pipe sync = integration::make_pipe();
                Start begin =
                    payload(program, fixture, std::string(options) + " --sync-fd 5", sentence);
                begin.descriptors = {{5, sync.write.get()}};
                Running running(begin);
                sync.write.close();
                const std::string end = text_of(seen(running.wait()));
                // Only an init waits for all; another has no more to wait for than the command.
                const bool stays =
                    std::string(sentence) != "exit 3" && std::string(options) == "--unshare-pid";
                if (stays) return end + (integration::has_ended(sync.read) ? "ended" : "open");
                return end + (integration::ends(sync.read) ? "ended" : "open");
            });
        }
    }
}

// Whether somebody else's lock keeps this process from writing.
std::string lock_state(const std::string& path) {
    const Descriptor fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    struct flock wanted {};
    wanted.l_type = F_WRLCK;
    wanted.l_whence = SEEK_SET;
    if (::fcntl(fd.get(), F_GETLK, &wanted) != 0) return "unknown";
    return wanted.l_type == F_UNLCK ? "free; " : wanted.l_type == F_RDLCK ? "read; " : "write; ";
}

TEST_CASE("--lock-file holds a lock while the sandbox is there", "[waiting]") {
    for (const char* options : {"", "--unshare-pid", "--unshare-all"}) {
        same([options](Program program, const Fixture& fixture) {
            Pipe hold = integration::make_pipe();
            Pipe sync = integration::make_pipe();
            Start begin = payload(program, fixture,
                                  std::string(options) +
                                      " --bind @ /x --lock-file /x/f --lock-file /x/d/x "
                                      "--sync-fd 6 --block-fd 7",
                                  "echo ready , wait-end 5 , exit 3");
            Pipe block = integration::make_pipe();
            begin.descriptors = {
                {5, hold.read.get()}, {6, sync.write.get()}, {7, block.read.get()}};
            Running running(begin);
            put(block.write);
            running.expect("ready");
            sync.write.close();
            const auto locks = [&fixture] {
                return lock_state(fixture.path() + "/f") + lock_state(fixture.path() + "/d/x");
            };
            // They are taken beside the command, by a process that does not say when.
            while (locks() != "read; read; " && !integration::has_ended(sync.read)) {
            }
            std::string out = locks();
            hold.write.close();
            out += text_of(seen(running.wait()));
            if (!integration::ends(sync.read)) return std::string("the sandbox does not end");
            return out + locks();
        });
    }
}

TEST_CASE("a process in the background outlives the command, or does not", "[lifetime]") {
    for (const char* options :
         {"", "--unshare-pid", "--unshare-all", "--new-session", "--die-with-parent",
          "--unshare-pid --die-with-parent", "--unshare-pid --as-pid-1"}) {
        INFO(options);
        same([options](Program program, const Fixture& fixture) {
            Pipe control = integration::make_pipe();
            Pipe reply = integration::make_pipe();
            Start begin = payload(program, fixture, options, "serve 5 6 , exit 4");
            begin.descriptors = {{5, control.read.get()}, {6, reply.write.get()}};
            Running running(begin);
            reply.write.close();
            const std::string end = text_of(seen(running.wait()));
            // It dies with init, and init after the program: without a question.
            const std::string all(options);
            if (all != "--unshare-pid --die-with-parent") put(control.write);
            return end + answer(reply.read);
        });
    }
}

TEST_CASE("a signal to the program ends it; the command goes on, or does not", "[lifetime]") {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGKILL}) {
        for (const char* options :
             {"", "--unshare-pid", "--die-with-parent", "--unshare-pid --die-with-parent",
              "--unshare-pid --as-pid-1 --die-with-parent"}) {
            INFO(signal << " " << options);
            same([options, signal](Program program, const Fixture& fixture) {
                Pipe control = integration::make_pipe();
                Pipe reply = integration::make_pipe();
                Start begin = payload(program, fixture, options,
                                      "echo ready , wait-byte 5 , output 6 , echo alive");
                begin.descriptors = {{5, control.read.get()}, {6, reply.write.get()}};
                Running running(begin);
                reply.write.close();
                running.expect("ready");
                running.send(signal);
                const std::string end = text_of(seen(running.wait()));
                // What dies with the program is gone when its end of the pipe is.
                const bool dies = std::strstr(options, "die") != nullptr;
                if (!dies) put(control.write);
                return end + answer(reply.read);
            });
        }
    }
}

TEST_CASE("the death of the caller", "[lifetime]") {
    for (const char* options : {"", "--die-with-parent", "--unshare-pid --die-with-parent",
                                "--unshare-pid --as-pid-1 --die-with-parent"}) {
        INFO(options);
        same([options](Program program, const Fixture& fixture) {
            Pipe control = integration::make_pipe();
            Pipe reply = integration::make_pipe();
            Start begin = payload(program, fixture, options,
                                  "echo ready , wait-byte 5 , output 6 , echo alive");
            begin.descriptors = {{5, control.read.get()}, {6, reply.write.get()}};
            const std::string told = integration::in_child([&] {
                auto* running = new Running(begin);  // not to be killed by its destructor
                running->expect("ready");
                return std::string("ready");
            });
            reply.write.close();
            if (std::strstr(options, "die") == nullptr) put(control.write);
            return told + " " + answer(reply.read);
        });
    }
}

struct Terminal {
    Descriptor master;
    Descriptor slave;
};

Terminal make_terminal() {
    Descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    std::array<char, 64> name{};
    if (::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
        ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
        throw std::runtime_error("no terminal can be made");
    }
    Descriptor slave(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    return {std::move(master), std::move(slave)};
}

TEST_CASE("a terminal", "[terminal]") {
    for (const char* options :
         {"--dev /dev", "--dev /dev --new-session", "--dev /dev --unshare-all",
          "--unshare-pid --as-pid-1 --new-session --dev /dev", "--dev-bind /dev /dev"}) {
        INFO(options);
        same([options](Program program, const Fixture& fixture) {
            const Terminal terminal = make_terminal();
            Pipe reply = integration::make_pipe();
            Start begin = payload(program, fixture, options,
                                  "output 6 , look /dev/console , owner /dev/console , open "
                                  "/dev/tty , write-existing /dev/console x , echo end");
            begin.descriptors = {
                {0, terminal.slave.get()}, {1, terminal.slave.get()}, {6, reply.write.get()}};
            begin.prepare = [before = begin.prepare] {
                before();
                ::ioctl(0, TIOCSCTTY, 0);
            };
            Running running(begin);
            reply.write.close();
            const std::string out = integration::read_until(reply.read, "end\n");
            return out + text_of(seen(running.wait()));
        });
    }
}

}  // namespace
}  // namespace compat
