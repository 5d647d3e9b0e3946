// SPDX-License-Identifier: Apache-2.0
#include "sandbox.hpp"

#include "place.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace integration {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::string variable(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr) throw std::runtime_error(std::string(name) + " is not set");
    return text;
}

// Puts each descriptor on the number that sbx shall find it on, and nothing else above 2.
void arrange(const Start& start, int out, int err) {
    std::vector<std::pair<int, int>> wanted = start.descriptors;
    wanted.emplace_back(1, out);
    wanted.emplace_back(2, err);
    std::vector<std::pair<int, int>> high;
    for (const auto& [number, fd] : wanted) {
        const bool replaced = std::any_of(high.begin(), high.end(),
                                          [number = number](auto& h) { return h.first == number; });
        // What the test gives itself comes before its pipes for output.
        if (!replaced) high.emplace_back(number, ::fcntl(fd, F_DUPFD_CLOEXEC, 700));
    }
    ::syscall(SYS_close_range, 3U, 699U, 0U);
    if (const int null = ::open("/dev/null", O_RDWR); null > 0) {
        ::dup2(null, 0);
        ::close(null);
    }
    for (const auto& [number, fd] : high) {
        if (::dup2(fd, number) < 0) ::_exit(116);
    }
}

// The state that a shell's children begin with, whatever the test runner did to its own.
void reset_signals() {
    for (int i = 1; i < NSIG; ++i) ::signal(i, SIG_DFL);
    sigset_t none{};
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(const Start& start, std::vector<char*>& argv, const std::string& path,
                         int out, int err) {
    reset_signals();
    if (start.session == Session::own) ::setsid();
    arrange(start, out, err);
    if (!start.directory.empty()) {
        if (::chdir(start.directory.c_str()) != 0) ::_exit(115);
        ::setenv("PWD", start.directory.c_str(), 1);
    }
    ::unsetenv("TMPDIR");  // where the test puts its files, which sbx would warn of
    if (start.prepare) start.prepare();
    ::execv(path.c_str(), argv.data());
    ::_exit(114);
}

bool wait_readable(int fd, int timeout) {
    pollfd polled{fd, POLLIN, 0};
    int got = -1;
    do {
        got = ::poll(&polled, 1, timeout);
    } while (got < 0 && errno == EINTR);
    return got > 0;
}

// Adds what can be read without waiting; closes at the end.
void drain(Descriptor& from, std::string& to) {
    std::array<char, 65536> buffer{};
    while (from.get() >= 0 && wait_readable(from.get(), 0)) {
        const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
        if (got <= 0) return from.close();
        to.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

void Descriptor::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Descriptor file_with(std::string_view content) {
    Descriptor fd(::memfd_create("test", MFD_CLOEXEC));
    if (::write(fd.get(), content.data(), content.size()) < 0) fail("write");
    ::lseek(fd.get(), 0, SEEK_SET);
    return fd;
}

int limit_milliseconds() {
    const char* factor = std::getenv("SBX_TEST_PATIENCE");
    return static_cast<int>(20'000 * (factor == nullptr ? 1 : std::strtod(factor, nullptr)));
}

std::vector<std::string> open_in(const std::string& pid, std::size_t most) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_milliseconds());
    while (std::chrono::steady_clock::now() < end) {
        std::vector<std::string> out;
        std::error_code error;
        for (auto entry = std::filesystem::directory_iterator("/proc/" + pid + "/fd", error);
             !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
            out.push_back(std::filesystem::read_symlink(entry->path(), error).string());
            if (error) break;
        }
        if (!error && out.size() <= most) return out;
        ::sched_yield();
    }
    throw std::runtime_error("process " + pid + " has not come to rest");
}

bool ends(const Descriptor& fd) { return wait_readable(fd.get(), limit_milliseconds()); }
bool has_ended(const Descriptor& fd) { return wait_readable(fd.get(), 0); }

std::string read_until(const Descriptor& fd, std::string_view text) {
    std::string got;
    std::array<char, 4096> buffer{};
    while (!contains(got, text)) {
        if (!ends(fd)) throw std::runtime_error("\"" + std::string(text) + "\" never came: " + got);
        const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
        if (size <= 0) throw std::runtime_error("it ended without \"" + std::string(text) + "\"");
        got.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return got;
}

std::string payload_path() { return variable("SBX_TEST_PAYLOAD"); }
std::string bwrap_path() {
    static const TemporaryDirectory directory;
    static const std::string path = directory.link("bwrap", sbx_path());
    return path;
}
std::string sbx_path() { return variable("SBX_TEST_EXECUTABLE"); }

Start plain(Name name, std::vector<std::string> words) {
    return Start{.name = name, .words = std::move(words)};
}

Start sandbox(Name name, std::vector<std::string> options, std::vector<std::string> sentence) {
    std::vector<std::string> words = {"--ro-bind", payload_path(), "/payload"};
    if (name == Name::bwrap) words.insert(words.end(), {"--proc", "/proc"});
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "/payload"});
    words.insert(words.end(), sentence.begin(), sentence.end());
    return plain(name, std::move(words));
}

Start sbx(std::vector<std::string> options, std::vector<std::string> sentence) {
    return sandbox(Name::sbx, std::move(options), std::move(sentence));
}

Start bwrap(std::vector<std::string> options, std::vector<std::string> sentence) {
    return sandbox(Name::bwrap, std::move(options), std::move(sentence));
}

Running::Running(const Start& start) {
    std::string path = start.program;
    if (path.empty()) path = start.name == Name::bwrap ? bwrap_path() : sbx_path();
    std::vector<std::string> words = start.words;
    words.insert(words.begin(), start.called.empty() ? path : start.called);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    // Catch2's handlers must not see a signal that is sent before the reset.
    sigset_t all{};
    sigset_t before{};
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before);
    pid_ = ::fork();
    if (pid_ == 0) become(start, argv, path, out.write.get(), err.write.get());
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid_ < 0) fail("fork");
    pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    out_ = std::move(out.read);
    err_ = std::move(err.read);
}

Running::~Running() {
    if (waited_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

void Running::send(int signal) const { ::kill(pid_, signal); }

void Running::collect(int timeout) {
    std::array<pollfd, 3> polled = {
        {{pidfd_.get(), POLLIN, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), timeout) == 0) {
        throw std::runtime_error("nothing happened for too long; so far: " + ended_.out +
                                 ended_.err);
    }
    drain(out_, ended_.out);
    drain(err_, ended_.err);
}

void Running::expect(std::string_view text) {
    while (true) {
        const std::size_t at = ended_.out.find(text, expected_);
        if (at != std::string::npos) {
            expected_ = at + text.size();
            return;
        }
        if (wait_readable(pidfd_.get(), 0)) {
            drain(out_, ended_.out);
            drain(err_, ended_.err);
            if (ended_.out.find(text, expected_) != std::string::npos) continue;
            throw std::runtime_error("it ended without \"" + std::string(text) +
                                     "\": " + ended_.out + ended_.err);
        }
        collect(limit_milliseconds());
    }
}

Ended Running::wait() {
    if (waited_) return ended_;
    while (!wait_readable(pidfd_.get(), 0)) collect(limit_milliseconds());
    // What the command wrote before its end is in the pipes; others may still hold them.
    drain(out_, ended_.out);
    drain(err_, ended_.err);
    int status = 0;
    const pid_t got = ::waitpid(pid_, &status, 0);
    waited_ = true;
    if (got != pid_) fail("waitpid");
    if (WIFEXITED(status)) ended_.status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended_.signal = WTERMSIG(status);
    return ended_;
}

Ended run(const Start& start) { return Running(start).wait(); }

std::string output(const Start& start) {
    const Ended ended = run(start);
    if (ended.status == 0) return ended.out;
    throw std::runtime_error("status " + std::to_string(ended.status) + ", signal " +
                             std::to_string(ended.signal) + ": " + ended.out + ended.err);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) out.push_back(line);
    return out;
}

std::string value(const std::string& text, const std::string& key) {
    for (const std::string& line : lines_of(text)) {
        if (line == key) return "";
        if (line.rfind(key + " ", 0) == 0) return line.substr(key.size() + 1);
    }
    throw std::runtime_error("no \"" + key + "\" in: " + text);
}

bool has_line(const std::string& text, const std::string& line) {
    const auto lines = lines_of(text);
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace integration
