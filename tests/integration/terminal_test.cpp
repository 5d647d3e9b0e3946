// SPDX-License-Identifier: Apache-2.0
// sbx as a job of a shell on a terminal: Ctrl-C, Ctrl-Z and what goes with them. The test plays the
// person at the terminal, a process of its own plays the shell.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace integration {
namespace {

// It belongs to the test, not to the shell: when the last master is closed the shell gets a SIGHUP.
struct Terminal {
    Descriptor master;
    Descriptor slave;

    Terminal() {
        int ours = -1;
        int theirs = -1;
        if (::openpty(&ours, &theirs, nullptr, nullptr, nullptr) != 0) {
            throw std::runtime_error("openpty");
        }
        ::fcntl(ours, F_SETFD, FD_CLOEXEC);
        ::fcntl(theirs, F_SETFD, FD_CLOEXEC);
        master = Descriptor(ours);
        slave = Descriptor(theirs);
    }

    void type(char key) const {
        if (::write(master.get(), &key, 1) != 1) throw std::runtime_error("the terminal is gone");
    }
};

constexpr char control_c = 3;
constexpr char control_z = 26;

void become_shell(const Terminal& terminal) {
    ::setsid();
    if (::ioctl(terminal.slave.get(), TIOCSCTTY, 0) != 0) throw std::runtime_error("no terminal");
    ::signal(SIGTTOU, SIG_IGN);
}

// Starts a job in the foreground, with the terminal as its standard input.
Start job(Start start, const Terminal& terminal) {
    start.session = Session::inherited;
    start.descriptors.emplace_back(0, terminal.slave.get());
    start.prepare = [] {
        ::setpgid(0, 0);
        sigset_t background{};
        sigemptyset(&background);
        sigaddset(&background, SIGTTOU);
        ::sigprocmask(SIG_BLOCK, &background, nullptr);
        ::tcsetpgrp(0, ::getpgrp());
        ::sigprocmask(SIG_UNBLOCK, &background, nullptr);
    };
    return start;
}

// waitpid as a shell does it; what never comes ends this process.
std::string wait_for_stop(const Running& running) {
    int status = 0;
    ::alarm(20);
    ::signal(SIGALRM, SIG_DFL);
    const pid_t got = ::waitpid(running.pid(), &status, WUNTRACED);
    ::alarm(0);
    if (got != running.pid()) return "waitpid failed";
    if (WIFSTOPPED(status)) return "stopped";
    return "ended " + std::to_string(status);
}

TEST_CASE("Ctrl-C reaches the command once", "[terminal]") {
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{}, {"--share-pid"}, {"--as-pid-1"}}) {
        INFO((options.empty() ? "" : options[0]));
        const Terminal terminal;
        const std::string out = in_child([&] {
            become_shell(terminal);
            Running running(job(sbx(options, {"signals", "2", "INT", "TERM"}), terminal));
            running.expect("ready\n");
            terminal.type(control_c);
            running.expect("signal INT\n");
            // One more of the first would come before this one.
            running.send(SIGTERM);
            return running.wait().out;
        });
        CHECK(out == "ready\nsignal INT\nsignal TERM\n");
    }
}

TEST_CASE("a command that dies of Ctrl-C is reported so", "[terminal]") {
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        Running running(job(sbx({}, {"echo", "up", ",", "wait-end", "0"}), terminal));
        running.expect("up\n");
        terminal.type(control_c);
        const Ended ended = running.wait();
        return std::to_string(ended.status) + " " + std::to_string(ended.signal);
    });
    CHECK(out == "130 0");
}

TEST_CASE("Ctrl-C ends the monitor of the bwrap dialect as it ends any program", "[terminal]") {
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        Running running(
            job(bwrap({"--unshare-pid"}, {"echo", "up", ",", "wait-end", "0"}), terminal));
        running.expect("up\n");
        terminal.type(control_c);
        const Ended ended = running.wait();
        return std::to_string(ended.status) + " " + std::to_string(ended.signal);
    });
    CHECK((out == "-1 2" || out == "130 0"));  // who of the two dies first is chance
}

TEST_CASE("Ctrl-C does not reach a session of its own, and is passed on instead", "[terminal]") {
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        Running running(job(sbx({"--new-session"}, {"signals", "2", "INT", "TERM"}), terminal));
        running.expect("ready\n");
        terminal.type(control_c);
        running.expect("signal INT\n");
        running.send(SIGTERM);
        return running.wait().out;
    });
    CHECK(out == "ready\nsignal INT\nsignal TERM\n");
}

TEST_CASE("Ctrl-Z stops the job, and it goes on", "[terminal]") {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--share-pid"}}) {
        INFO((options.empty() ? "" : options[0]));
        const Terminal terminal;
        const std::string out = in_child([&] {
            become_shell(terminal);
            Running running(
                job(sbx(options, {"signals", "3", "WINCH", ",", "exit", "6"}), terminal));
            running.expect("ready\n");
            std::string seen;
            for (int i = 0; i < 3; ++i) {
                terminal.type(control_z);
                seen += wait_for_stop(running) + " ";
                ::kill(-running.pid(), SIGCONT);  // what "fg" does
                // sbx has one as well and passes it on: this one comes behind it.
                running.send(SIGWINCH);
                running.expect("signal WINCH\n");
            }
            return seen + std::to_string(running.wait().status);
        });
        CHECK(out == "stopped stopped stopped 6");
    }
}

TEST_CASE("SIGTSTP for sbx alone stops both, and SIGCONT continues both", "[terminal]") {
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        Running running(
            job(sbx({}, {"echo", "up", ",", "wait-byte", "0", ",", "exit", "6"}), terminal));
        running.expect("up\n");
        running.send(SIGTSTP);
        std::string seen = wait_for_stop(running) + " ";
        running.send(SIGCONT);
        terminal.type('x');
        terminal.type('\n');
        const Ended ended = running.wait();
        return seen + ended.out + std::to_string(ended.status);
    });
    CHECK(out == "stopped up\nbyte\n6");
}

TEST_CASE("a job that wants to read in the background stops, and fg lets it read", "[terminal]") {
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        Start start = sbx({}, {"wait-byte", "0", ",", "exit", "6"});
        start.session = Session::inherited;
        start.descriptors.emplace_back(0, terminal.slave.get());
        start.prepare = [] { ::setpgid(0, 0); };
        Running running(start);
        const std::string seen = wait_for_stop(running);
        ::tcsetpgrp(terminal.slave.get(), running.pid());
        ::kill(-running.pid(), SIGCONT);
        terminal.type('x');
        terminal.type('\n');
        return seen + " " + std::to_string(running.wait().status);
    });
    CHECK(out == "stopped 6");
}

TEST_CASE("a command that stops itself stops the job", "[terminal]") {
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        Running running(
            job(sbx({}, {"echo", "up", ",", "raise", "STOP", ",", "echo", "on", ",", "exit", "6"}),
                terminal));
        running.expect("up\n");
        std::string seen = wait_for_stop(running) + " ";
        ::kill(-running.pid(), SIGCONT);
        const Ended ended = running.wait();
        return seen + ended.out + std::to_string(ended.status);
    });
    CHECK(out == "stopped up\non\n6");
}

TEST_CASE("the command has the terminal of its caller, unless it has a session of its own",
          "[terminal]") {
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        const std::vector<std::string> sentence = {"open-rw", "/dev/tty", ",", "tiocsti", "0"};
        const std::string with = Running(job(sbx({}, sentence), terminal)).wait().out;
        const std::string without =
            Running(job(sbx({"--new-session"}, sentence), terminal)).wait().out;
        return with + without;
    });
    CHECK(out ==
          "open-rw ok\ntiocsti EPERM\ntiocsti-high EPERM\n"
          "open-rw ENXIO\ntiocsti EPERM\ntiocsti-high EPERM\n");
}

bool same_settings(const termios& a, const termios& b) {
    return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_lflag == b.c_lflag &&
           a.c_cc[VINTR] == b.c_cc[VINTR];
}

// How the terminal is after `job` has ended: "restored", or what is left.
std::string terminal_after(const Start& start, const Terminal& terminal) {
    become_shell(terminal);
    termios before{};
    ::tcgetattr(terminal.slave.get(), &before);
    Running running(job(start, terminal));
    const Ended ended = running.wait();
    const pid_t front = ::tcgetpgrp(terminal.slave.get());
    termios after{};
    ::tcgetattr(terminal.slave.get(), &after);
    int exclusive = 0;
    ::ioctl(terminal.slave.get(), TIOCGEXCL, &exclusive);
    std::string out = std::to_string(ended.status) + " ";
    out += same_settings(before, after) ? "restored" : "other settings";
    if (exclusive != 0) out += ", exclusive";
    if (front != running.pid()) out += ", other group";
    return out;
}

TEST_CASE("the terminal is put back when the command has ended, however it did", "[terminal]") {
    using Sentence = std::vector<std::string>;
    for (const Sentence& sentence :
         std::vector<Sentence>{{"spoil-terminal", "0"},
                               {"take-terminal", "0"},
                               {"take-terminal", "0", ",", "spoil-terminal", "0", ",", "exit", "7"},
                               {"spoil-terminal", "0", ",", "raise", "KILL"}}) {
        for (const std::vector<std::string>& options :
             {std::vector<std::string>{}, {"--share-pid"}, {"--as-pid-1"}}) {
            INFO(sentence[0] << (options.empty() ? "" : options[0]));
            const Terminal terminal;
            const std::string out =
                in_child([&] { return terminal_after(sbx(options, sentence), terminal); });
            CHECK(out.substr(out.find(' ')) == " restored");
        }
    }
    // Bubblewrap leaves it as it is.
    const Terminal terminal;
    CHECK(in_child([&] {
              return terminal_after(bwrap({}, {"spoil-terminal", "0"}), terminal);
          }) == "0 other settings, exclusive");
}

TEST_CASE("the terminal is put back when sbx has been told to end", "[terminal]") {
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        termios before{};
        ::tcgetattr(terminal.slave.get(), &before);
        Running running(job(
            sbx({}, {"spoil-terminal", "0", ",", "echo", "up", ",", "wait-end", "0"}), terminal));
        running.expect("up\n");
        running.send(SIGTERM);
        const Ended ended = running.wait();
        termios after{};
        ::tcgetattr(terminal.slave.get(), &after);
        return std::to_string(ended.status) + (same_settings(before, after) ? " same" : " other");
    });
    CHECK(out == "143 same");
}

TEST_CASE("the terminal is left to another part of a pipeline", "[terminal]") {
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        Start start = job(sbx({}, {"spoil-terminal", "0"}), terminal);
        // Beside sbx, in its process group, as a pager would be; it waits until sbx is gone.
        const Pipe other = make_pipe();
        start.descriptors.emplace_back(9, other.read.get());
        start.prepare = [prepare = start.prepare] {
            prepare();
            if (const pid_t middle = ::fork(); middle != 0) {
                ::waitpid(middle, nullptr, 0);  // the other part is there
                return;
            }
            if (::fork() != 0) ::_exit(0);  // nobody's child by now, and no ancestor
            for (int fd = 0; fd < 3; ++fd) ::close(fd);
            char byte = 0;
            ::_exit(static_cast<int>(::read(9, &byte, 1)));
        };
        termios before{};
        ::tcgetattr(terminal.slave.get(), &before);
        Running running(start);
        running.wait();
        termios after{};
        ::tcgetattr(terminal.slave.get(), &after);
        return std::string(same_settings(before, after) ? "same" : "other");
    });
    CHECK(out == "other");
}

TEST_CASE("the nice value of the caller's session is put back", "[terminal]") {
    const bool there = ::access("/proc/self/autogroup", F_OK) == 0;
    const Terminal terminal;
    const std::string out = in_child([&] {
        become_shell(terminal);
        const std::string before = read_whole("/proc/self/autogroup");
        Running running(job(sbx({}, {"autogroup", "self", "19"}), terminal));
        const std::string said = running.wait().out;
        return said + (read_whole("/proc/self/autogroup") == before ? "same" : "other");
    });
    CHECK(out == (there ? "autogroup ok\nsame" : "autogroup ENOENT\nsame"));
}

// What a sandbox says of its console if the descriptors `fds` are on a terminal, and no others.
std::string said_of_console(Name name, const std::vector<int>& fds) {
    const Terminal terminal;
    return in_child([&] {
        become_shell(terminal);
        Pipe answer = make_pipe();
        Start start = sandbox(name, {"--dev", "/dev", "--keep-fd", "9"},
                              {"output", "9", ",", "look", "/dev/console", ",", "write",
                               "/dev/console", "hello", ",", "echo", "end"});
        start.descriptors = {{9, answer.write.get()}};
        for (const int fd : fds) start.descriptors.emplace_back(fd, terminal.slave.get());
        Running running(start);
        answer.write.close();
        const std::string said = read_until(answer.read, "end\n");
        running.wait();
        const bool is_terminal = contains(said, "look character");
        return said + (is_terminal ? read_until(terminal.master, "hello") : "");
    });
}

TEST_CASE("/dev/console is a terminal that the command has", "[terminal]") {
    for (const std::vector<int>& fds :
         std::vector<std::vector<int>>{{0}, {1}, {2}, {0, 1}, {0, 2}, {0, 1, 2}}) {
        INFO(fds.front());
        const std::string out = said_of_console(Name::sbx, fds);
        INFO(out);
        CHECK(out.rfind("look character 06", 0) == 0);
        CHECK(contains(out, "hello"));
        // Bubblewrap asks for standard output alone.
        const bool output = std::find(fds.begin(), fds.end(), 1) != fds.end();
        const std::string other = said_of_console(Name::bwrap, fds);
        INFO(other);
        CHECK((other.rfind("look character 06", 0) == 0) == output);
        CHECK((other.rfind("look ENOENT\n", 0) == 0) == !output);
    }
    CHECK(said_of_console(Name::sbx, {}).rfind("look ENOENT\n", 0) == 0);
}

}  // namespace
}  // namespace integration
