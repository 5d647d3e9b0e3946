// SPDX-License-Identifier: Apache-2.0
#include "cli/input.hpp"

#include <sbx/text.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <limits>

namespace sbx::cli {

std::optional<std::uint64_t> parse_number(std::string_view text, int base, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size() || value > most) {
        return std::nullopt;
    }
    return value;
}

Error wrong_argument(const OptionRow& row, const std::string& takes, const std::string& text,
                     Wording wording, const std::string& bubblewrap) {
    if (wording == Wording::bubblewrap) return {bubblewrap};
    return {"--" + std::string(row.name) + " takes " + takes + ", and not " + quote(text)};
}

Result<int> parse_descriptor(const OptionRow& row, const std::string& text, Wording wording) {
    const auto number = parse_number(text, 10, std::numeric_limits<int>::max());
    if (!number) {
        return wrong_argument(row, "the number of an open descriptor", text, wording,
                              "Invalid fd: " + text);
    }
    return static_cast<int>(*number);
}

std::string reading_words(const OptionRow& row, const std::string& number, Wording wording) {
    if (wording == Wording::sbx) {
        return "reading descriptor " + number + " of --" + std::string(row.name);
    }
    return row.id == Option::args ? "Can't read --args data" : "Can't read seccomp data";
}

Result<std::string> read_all(int fd, const std::string& what) {
    // Marked as ours at once, so that the command does not get it, whatever becomes of the close.
    const int open = fd > 2 ? ::fcntl(fd, F_SETFD, FD_CLOEXEC) : ::fcntl(fd, F_GETFD);
    if (open < 0) {
        const std::string number = std::to_string(fd);
        return Error{what + ": " + std::strerror(errno) + "; descriptor " + number +
                     " is not open, open it first, as in " + number + "<file"};
    }
    std::string out;
    std::array<char, 65536> buffer{};
    while (true) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error{what + ": " + std::strerror(errno)};
        if (got == 0) break;
        if (out.size() >= most_read) {
            return Error{what + ": there is no end to it; 64 megabytes are the most"};
        }
        out.append(buffer.data(), static_cast<std::size_t>(got));
    }
    if (fd > 2) ::close(fd);
    return out;
}

Result<std::string> read_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return Error{quote(path) + ": " + std::strerror(errno)};
    return read_all(fd, quote(path));
}

namespace {

// 0 or errno.
int write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = ::write(fd, text.data(), text.size());
        if (put < 0 && errno != EINTR) return errno;
        if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
    }
    return 0;
}

// Whether `path` leads to the file that is open as `fd`, which nobody reaches by another name. A
// program that may write to the directory can exchange the file, and write into one to which it has
// kept a name of its own.
Result<void> check_name(int fd, const std::string& path) {
    struct stat open {};
    struct stat named {};
    if (::fstat(fd, &open) != 0) return Error{quote(path) + ": " + std::strerror(errno)};
    if (::lstat(path.c_str(), &named) != 0) {
        return Error{quote(path) + " was moved or removed meanwhile: " + std::strerror(errno)};
    }
    if (named.st_dev != open.st_dev || named.st_ino != open.st_ino) {
        return Error{quote(path) + " was replaced meanwhile; do not trust the file of that name"};
    }
    if (S_ISREG(open.st_mode) && open.st_nlink > 1) {
        return Error{quote(path) +
                     " has a second name (a hard link), by which it could be changed later; "
                     "remove it first"};
    }
    return {};
}

}  // namespace

Result<void> write_new_file(const std::string& path, const std::string& text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) {
        return Error{quote(path) + " is there already; remove it, or name another file"};
    }
    if (fd < 0) {
        return Error{quote(path) + ": " + std::strerror(errno) +
                     (errno == ENOENT ? "; its directory must be there, make it first" : "")};
    }
    int error = write_all(fd, text);
    auto named = check_name(fd, path);
    if (::close(fd) != 0 && error == 0) error = errno;
    if (!named) return named;
    if (error == 0) return {};
    ::unlink(path.c_str());
    return Error{"writing " + quote(path) + ": " + std::strerror(error)};
}

Result<int> open_result(const std::string& path) {
    if (path == "-") return STDOUT_FILENO;
    // Not to wait for a reader of a pipe; writing to one that nobody reads is an error then.
    const int fd = ::open(
        path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    if (fd >= 0) {
        const auto named = check_name(fd, path);
        if (named) return fd;
        ::close(fd);
        return Error{"--result " + named.error().message};
    }
    return Error{"--result " + quote(path) + ": " + std::strerror(errno) +
                 (errno == ELOOP ? "; a symbolic link is not followed, name the file itself" : "")};
}

Result<void> write_result(int fd, const std::string& path, const std::string& text) {
    // Standard output has what the command wrote. A pipe or a terminal has no length.
    if (fd != STDOUT_FILENO && ::ftruncate(fd, 0) != 0 && errno != EINVAL) {
        return Error{std::string("emptying the file of --result: ") + std::strerror(errno)};
    }
    // A reader that is gone is an error to be told like others.
    std::signal(SIGPIPE, SIG_IGN);
    const int error = write_all(fd, text);
    if (error != 0) return Error{std::string("writing the result: ") + std::strerror(error)};
    if (fd == STDOUT_FILENO) return {};
    // After the last process inside: nobody there can exchange it any more.
    const auto named = check_name(fd, path);
    return named ? named : Result<void>(Error{"--result " + named.error().message});
}

std::vector<std::string> split_at_nul(const std::string& content) {
    std::vector<std::string> out;
    std::size_t at = 0;
    while (at < content.size()) {
        std::size_t end = content.find('\0', at);
        if (end == std::string::npos) end = content.size();
        out.push_back(content.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

Result<std::vector<std::uint64_t>> read_filter(const OptionRow& row, int fd, Wording wording) {
    const std::string number = std::to_string(fd);
    const auto content = read_all(fd, reading_words(row, number, wording));
    if (!content) return content.error();
    if (content->size() % sizeof(std::uint64_t) != 0) {
        if (wording == Wording::bubblewrap) {
            return Error{"Invalid seccomp data, must be multiple of 8"};
        }
        return Error{"--" + std::string(row.name) + ": what descriptor " + number +
                     " gives is no compiled filter, whose instructions have 8 bytes each; "
                     "--seccomp-policy takes one in words"};
    }
    std::vector<std::uint64_t> program(content->size() / sizeof(std::uint64_t));
    if (!program.empty()) std::memcpy(program.data(), content->data(), content->size());
    return program;
}

}  // namespace sbx::cli
