// SPDX-License-Identifier: Apache-2.0
// Starts the sbx that was built, under either of its names, and watches it from outside. Nothing
// here waits without a limit, and nothing that it started is left when its object is gone.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace integration {

enum class Name { sbx, bwrap };

/// A descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    int get() const { return fd_; }
    void close();

private:
    int fd_ = -1;
};

struct Pipe {
    Descriptor read;
    Descriptor write;
};
Pipe make_pipe();

/// An unnamed file with `content`, to be read from its start.
Descriptor file_with(std::string_view content);

/// The time limit of a test: far more than anything takes, and less than the patience of the test
/// runner. An emulated machine gives a factor in SBX_TEST_PATIENCE, and so does who knows better.
int limit_milliseconds();

/// True when end of file (or anything to read) comes to `fd` within the time limit of a test.
bool ends(const Descriptor& fd);
/// The same without waiting at all.
bool has_ended(const Descriptor& fd);
/// Reads from `fd` until `text` has come; throws when it does not.
std::string read_until(const Descriptor& fd, std::string_view text);

/// What process `pid` has open, once it can be looked into and that is `most` descriptors at most:
/// init becomes visible, and lets go of one, when it notices that the command was executed. Throws
/// when that does not come within the time limit of a test.
std::vector<std::string> open_in(const std::string& pid, std::size_t most);

/// What process group sbx starts in: the leader of a session without a terminal, or the caller's.
enum class Session { own, inherited };

/// How to start it.
struct Start {
    Name name = Name::sbx;
    std::vector<std::string> words;
    std::vector<std::pair<int, int>> descriptors = {};  ///< {number for sbx, descriptor here}
    /// Where it starts: in a place that is in every sandbox, for which there is no warning.
    std::string directory = "/";
    std::function<void()> prepare = {};  ///< last thing before exec, in the child
    Session session = Session::own;
    std::string program = {};  ///< what to start in the place of sbx
    std::string called = {};   ///< its argv[0]; empty: its path
};

/// How it ended: `status` is the exit status, `signal` what killed it (0: it exited).
struct Ended {
    int status = -1;
    int signal = 0;
    std::string out;
    std::string err;
};

/// A command line of sbx: the payload is bound at /payload, then `options`, then the payload with
/// `sentence`.
Start sbx(std::vector<std::string> options, std::vector<std::string> sentence);
/// The same for the bwrap dialect, with /proc.
Start bwrap(std::vector<std::string> options, std::vector<std::string> sentence);
/// One of the two, for tests that hold in both.
Start sandbox(Name name, std::vector<std::string> options, std::vector<std::string> sentence);
/// A command line as it is.
Start plain(Name name, std::vector<std::string> words);

/// The program that runs inside, and sbx itself, as paths of the host.
std::string payload_path();
std::string sbx_path();
/// A link to sbx by its other name, in a directory that lives as long as the test program.
std::string bwrap_path();

class Running {
public:
    explicit Running(const Start& start);
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running();

    pid_t pid() const { return pid_; }
    int pidfd() const { return pidfd_.get(); }
    void send(int signal) const;
    /// Waits until standard output holds `text`, counted from what was expected before.
    void expect(std::string_view text);
    /// Waits for the end of sbx and collects what it printed; the same again after that.
    Ended wait();

private:
    void collect(int timeout_milliseconds);

    pid_t pid_ = -1;
    Descriptor pidfd_;
    Descriptor out_;
    Descriptor err_;
    Ended ended_;
    std::size_t expected_ = 0;
    bool waited_ = false;
};

/// Starts it, waits, gives the outcome.
Ended run(const Start& start);

/// The same, for what must succeed: its standard output. Throws, with its errors, otherwise.
std::string output(const Start& start);

/// The rest of the first line that begins with `key` and a blank; throws when there is none.
std::string value(const std::string& text, const std::string& key);

/// True when `line` is one of the lines of `text`.
bool has_line(const std::string& text, const std::string& line);
bool contains(const std::string& text, std::string_view part);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace integration
