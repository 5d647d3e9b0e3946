// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include "keeper.hpp"
#include "sandbox.hpp"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

namespace faults {
namespace {

using integration::Descriptor;
using integration::Keeper;
using What = Given::What;

constexpr int high = 500;  // above all numbers that lines use

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set");
    return value;
}

void replace(std::string& text, const std::string& what, const std::string& with) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

bool needs(const Line& line, What what) {
    return std::any_of(line.given.begin(), line.given.end(),
                       [&](const Given& given) { return given.what == what; });
}

std::unique_ptr<Keeper> keeper_for(const Line& line) {
    if (needs(line, What::pid_namespace)) return std::make_unique<Keeper>(Keeper::With::pid);
    if (needs(line, What::child_namespace)) return std::make_unique<Keeper>(Keeper::With::child);
    return nullptr;
}

Descriptor raised(int fd) {
    const Descriptor owner(fd);
    return Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, high));
}

std::string content_of(const Descriptor& fd) {
    struct stat status {};
    ::fstat(fd.get(), &status);
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    const ssize_t got = ::pread(fd.get(), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
}

// Descriptors as the line has them, no others, and the caller's state.
void become_caller(const Line& line, const std::vector<Descriptor>& opened, int out, int err) {
    for (int i = 1; i < NSIG; ++i) ::signal(i, SIG_DFL);
    sigset_t blocked{};
    sigemptyset(&blocked);
    if (line.caller == Caller::odd) {
        sigaddset(&blocked, SIGUSR1);
        ::signal(SIGCHLD, SIG_IGN);
        ::signal(SIGHUP, SIG_IGN);
    }
    ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
    ::setsid();  // no terminal, whoever runs the test
    ::umask(027);
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(null, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::syscall(SYS_close_range, 3U, static_cast<unsigned>(high - 1), 0U);
    for (std::size_t i = 0; i < opened.size(); ++i) {
        ::dup2(opened[i].get(), line.given[i].number);
    }
}

long session_keyring() {
    return ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
}

}  // namespace

World::World() {
    place_.directory("source");
    place_.directory("source/sub");
    place_.file("source/file", "a file");
    place_.file("source/sub/inner", "inner");
    place_.directory("lower");
    place_.file("lower/below", "below");
    place_.directory("empty");
    // A keyring that the command must not have; sessions of tests may have none.
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) {
        throw std::runtime_error("cannot make a session keyring");
    }
    before_ = host_state();
    start_compositor();
}

// One with security contexts, which is there for as long as this process.
void World::start_compositor() {
    integration::Pipe lives = integration::make_pipe();
    integration::Pipe ready = integration::make_pipe();
    const std::string program = variable("SBX_COMPOSITOR");
    const std::string socket = desktop_.path() + "/wayland";
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("cannot fork");
    if (pid == 0) {
        ::dup2(lives.read.get(), 0);
        ::dup2(ready.write.get(), 1);
        ::syscall(SYS_close_range, 3U, ~0U, 0U);
        ::execl(program.c_str(), program.c_str(), "wayland", "context", socket.c_str(), "--", "sh",
                "-c", "echo ready && exec cat >/dev/null", nullptr);
        ::_exit(127);
    }
    lives.read.close();
    ready.write.close();
    char byte = 0;
    if (::read(ready.read.get(), &byte, 1) != 1) throw std::runtime_error("no compositor");
    compositor_lives_ = std::move(lives.write);
}

std::string World::at_place(std::string text) const {
    replace(text, "@", place_.path());
    replace(text, "&", changes_->path());
    replace(text, "%", desktop_.path());
    return text;
}

std::string World::host_state() const {
    std::string text = place_.listing();
    // Where everything would be made that misses the new root.
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator("/")) {
        names.insert(entry.path().string());
    }
    for (const std::string& name : names) text += name + "\n";
    // Root is in a mount namespace of the test's own here; nobody else can mount outside.
    if (integration::is_root()) text += integration::read_whole("/proc/self/mountinfo");
    return text;
}

std::vector<std::string> World::words(const Line& line) {
    // What an overlay leaves in the directories that it was given is its caller's wish.
    changes_ = std::make_unique<integration::TemporaryDirectory>();
    changes_->directory("upper");
    changes_->directory("work");
    std::vector<std::string> out = {"--ro-bind", variable("SBX_FAULTS_PAYLOAD"), "/payload"};
    // It starts where nothing of the sandbox is, on purpose.
    if (line.called == "sbx") out.insert(out.end(), {"--warning", "working-directory", "hide"});
    for (const std::string& option : line.options) out.push_back(at_place(option));
    out.insert(out.end(), {"--", "/payload"});
    out.insert(out.end(), line.looks.begin(), line.looks.end());
    return out;
}

// Numbers of namespaces and keyrings are others each time; that they are not the caller's counts.
std::string World::made_comparable(std::string report) const {
    replace(report, place_.path(), "PLACE");
    replace(report, changes_->path(), "CHANGES");
    replace(report, desktop_.path(), "DESKTOP");
    std::istringstream in(report);
    std::string out;
    for (std::string line; std::getline(in, line);) {
        const std::size_t space = line.rfind(' ');
        const std::string what = line.substr(0, space);
        const std::string value = line.substr(space + 1);
        if (what.rfind("namespace ", 0) == 0) {
            struct stat own {};
            ::stat(("/proc/self/ns/" + what.substr(10)).c_str(), &own);
            line = what + (value == std::to_string(own.st_ino) ? " of the caller" : " another");
        } else if (what == "keyring" &&
                   value.find_first_not_of("0123456789") == std::string::npos) {
            line =
                what + (value == std::to_string(session_keyring()) ? " of the caller" : " another");
        }
        out += line + "\n";
    }
    return out;
}

Run World::run(const Line& line, Watch watch, const Fault& fault) {
    std::vector<std::string> argv = words(line);
    argv.insert(argv.begin(), line.called);
    return run(line, variable("SBX_TEST_EXECUTABLE"), std::move(argv), watch, fault);
}

Run World::run(const Line& line, const std::string& path, std::vector<std::string> given_words,
               Watch watch, const Fault& fault) {
    const std::unique_ptr<Keeper> keeper = keeper_for(line);
    std::vector<Descriptor> opened;
    for (const Given& given : line.given) {
        int fd = -1;
        switch (given.what) {
            case What::content:
                fd = ::memfd_create("given", MFD_CLOEXEC);
                if (::write(fd, given.text.data(), given.text.size()) < 0) fd = -1;
                ::lseek(fd, 0, SEEK_SET);
                break;
            case What::path: fd = ::open(at_place(given.text).c_str(), O_RDONLY | O_CLOEXEC); break;
            case What::user_namespace: fd = ::dup(keeper->user()); break;
            case What::child_namespace: fd = ::dup(keeper->child()); break;
            case What::pid_namespace: fd = ::dup(keeper->pid_namespace()); break;
        }
        opened.push_back(raised(fd));
        if (opened.back().get() < 0) throw std::runtime_error("cannot open what a line needs");
    }
    const Descriptor out = raised(::memfd_create("out", MFD_CLOEXEC));
    const Descriptor err = raised(::memfd_create("err", MFD_CLOEXEC));
    std::vector<char*> argv;
    for (std::string& word : given_words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string pwd = "PWD=" + place_.path() + "/empty";
    std::string home = "HOME=/";
    std::string search = "PATH=/usr/bin:/bin";
    char* const environment[] = {home.data(), search.data(), pwd.data(), nullptr};
    const auto program = [&] {
        if (::chdir((place_.path() + "/empty").c_str()) != 0) return;
        become_caller(line, opened, out.get(), err.get());
        ::execve(path.c_str(), argv.data(), environment);
    };
    Run seen;
    seen.observed = trace(program, watch, fault);
    seen.report = made_comparable(content_of(out));
    seen.said = made_comparable(content_of(err));
    const std::string after = host_state();
    if (after != before_) seen.left = "before:\n" + before_ + "after:\n" + after;
    for (const auto& entry : std::filesystem::directory_iterator(changes_->path())) {
        const std::string name = entry.path().filename().string();
        if (name != "upper" && name != "work") seen.left += name + "\n";
    }
    return seen;
}

}  // namespace faults
