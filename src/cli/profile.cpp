// SPDX-License-Identifier: Apache-2.0
#include "cli/profile.hpp"

#include "cli/input.hpp"
#include "cli/nearest.hpp"
#include "cli/program_name.hpp"

#include <sbx/host.hpp>
#include <sbx/text.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sbx::cli {
namespace {

constexpr std::string_view extension = ".conf";
constexpr unsigned most_profiles = 100;

std::optional<std::string> from_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

// The directory that a profile is in, kept open: what it includes by a relative path is found
// there, whatever the directory is called by then.
class Directory {
public:
    Directory() = default;
    Directory(const Directory& from, const std::string& below, std::string name)
        : name_(std::move(name)),
          fd_(::openat(from.fd_, below.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        if (fd_ >= 0) ::close(fd_);
    }

    const std::string& name() const { return name_; }  ///< empty, or with a slash at its end
    /// Opens a file in it; -1 and errno.
    int open(const std::string& file) const {
        if (fd_ == -1) return -1;
        return ::openat(fd_, file.empty() ? "." : file.c_str(), O_RDONLY | O_CLOEXEC);
    }
    /// Whether `file` is there, be it a link that leads nowhere.
    bool has(const std::string& file) const {
        return fd_ != -1 && ::faccessat(fd_, file.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    }

private:
    std::string name_;
    int fd_ = AT_FDCWD;
};

std::string no_such_key(const std::string& key) {
    if (key == "profile") return "a profile takes another one in by: include = NAME";
    for (const BuiltinProfile& one : builtin_profiles()) {
        if (one.name == key) return quote(key) + " is a profile; write: include = " + key;
    }
    if (const OptionRow* row = find_option(key); row != nullptr) {
        return quote(key) + " belongs on the command line, not into a profile";
    }
    std::vector<std::string_view> names = {"include"};
    for (const OptionRow& row : option_table) {
        if (describes_sandbox(row.id)) names.push_back(row.name);
    }
    const std::string_view close = nearest(known_elsewhere(key), names);
    return "unknown option " + quote(key) +
           (close.empty() ? "; " SBX_NAME " --help=all lists them all"
                          : "; did you mean " + std::string(close) + "?");
}

// What a file's name is before the extension of profiles; empty when it has another one.
std::string stem_of(const std::string& name) {
    return name.ends_with(extension) ? name.substr(0, name.size() - extension.size()) : "";
}

// Reads one profile after the other, and remembers which ones it is in.
class Reader {
public:
    explicit Reader(const ProfileSearch& search) : search_(search) {}

    /// `from` is the directory of the profile that includes this one.
    Result<void> read(const std::string& name, const Directory& from) {
        if (is_profile_path(name)) return read_path(name, from);
        std::string open;  // of that name, and being read
        for (const std::string& searched : search_.directories) {
            const std::string file = name + std::string(extension);
            const std::string path = searched + "/" + file;
            if (is_open(path)) open = path;
            if (is_open(path)) continue;
            const Directory directory({}, searched, searched + "/");
            const int fd = directory.open(file);
            const int error = errno;
            // One that is there and cannot be read is no reason to take another one of its name.
            const bool missing = error == ENOENT || error == ENOTDIR;
            if (fd < 0 && missing && !directory.has(file)) continue;
            if (fd < 0) return Error{"profile " + quote(path) + ": " + std::strerror(error)};
            return add(fd, path, directory);
        }
        for (const BuiltinProfile& builtin : builtin_profiles()) {
            if (builtin.name == name && !is_open(name)) {
                return add(std::string(builtin.text), name, {});
            }
        }
        if (is_open(name)) open = name;
        if (!open.empty()) {
            return Error{"profile " + quote(open) +
                         " includes itself: there is no other one that is "
                         "called " +
                         quote(name)};
        }
        return Error{not_found(name)};
    }

    std::vector<GivenOption> options() { return std::move(options_); }

private:
    bool is_open(const std::string& path) const {
        return std::find(open_.begin(), open_.end(), path) != open_.end();
    }

    Result<void> read_path(const std::string& name, const Directory& from) {
        std::string below = name;
        while (below.compare(0, 2, "./") == 0 && !from.name().empty()) below.erase(0, 2);
        const std::string path = (below.front() == '/' ? "" : from.name()) + below;
        if (is_open(path)) return Error{"profile " + quote(path) + " includes itself"};
        const std::size_t file = below.find_last_of('/') + 1;
        const Directory directory(from, file == 0 ? "." : below.substr(0, file),
                                  path.substr(0, path.find_last_of('/') + 1));
        const int fd = directory.open(below.substr(file));
        if (fd >= 0) return add(fd, path, directory, without_slash(name));
        return Error{"profile " + quote(path) + ": " + std::strerror(errno) +
                     without_extension(name)};
    }

    // `remedy` follows the error of a file that cannot be read.
    Result<void> add(int fd, const std::string& path, const Directory& directory,
                     const std::string& remedy = {}) {
        const auto text = read_all(fd, quote(path));
        if (!text) return Error{"profile " + text.error().message + remedy};
        return add(*text, path, directory);
    }

    Result<void> add(const std::string& text, const std::string& path, const Directory& directory) {
        // One that includes itself by another path, or many that each include many.
        if (++count_ > most_profiles) {
            endless_ = true;
            return Error{"profile " + quote(path) + ": more than " + std::to_string(most_profiles) +
                         " are included, it may include itself"};
        }
        const auto lines = parse_profile(text, path, search_.variables);
        if (!lines) return lines.error();
        open_.push_back(path);
        for (const ProfileLine& line : *lines) {
            if (auto added = add_line(line, directory); !added) {
                if (endless_) return added;  // each of them would name its line
                return Error{line.place + ": " + added.error().message};
            }
        }
        open_.pop_back();
        return {};
    }

    Result<void> add_line(const ProfileLine& line, const Directory& directory) {
        if (line.key == "include") {
            if (line.words.size() == 1) return read(line.words[0], directory);
            return Error{"include takes the name of one profile"};
        }
        const OptionRow* row = find_option(line.key);
        if (row == nullptr || !describes_sandbox(row->id)) return Error{no_such_key(line.key)};
        GivenOption given{row, line.words, line.place};
        if (row->id == Option::unset && line.words.size() > 1) {
            given.arguments = {with_blanks(line.words)};
        }
        if (given.arguments.size() != row->argument_count()) {
            const std::string kinds =
                row->argument_count() > 1 ? " (" + std::string(row->arguments) + ")" : "";
            return Error{takes_words(*row) + kinds + wrong_count(*row, line.words.size())};
        }
        options_.push_back(std::move(given));
        return {};
    }

    static std::string wrong_count(const OptionRow& row, std::size_t count) {
        const std::size_t wanted = row.argument_count();
        if (wanted == 0) return "; write just " + std::string(row.name) + ", or leave the line out";
        std::string found =
            count == 0
                ? ", and there is none"
                : ", and here " + std::string(count == 1 ? "is 1" : "are " + std::to_string(count));
        if (count < wanted) return found;
        return found + "; give the option once for each, or write what has blanks in it in quotes";
    }

    // A completion may have added the slash of a directory that is called like a profile.
    std::string without_slash(const std::string& name) const {
        const std::string stem = name.substr(0, name.find_last_not_of('/') + 1);
        if (stem == name || stem.empty() || is_profile_path(stem)) return {};
        const auto builtin = builtin_profiles();
        const bool known =
            std::any_of(builtin.begin(), builtin.end(),
                        [&](const BuiltinProfile& one) { return one.name == stem; }) ||
            std::any_of(search_.directories.begin(), search_.directories.end(),
                        [&](const std::string& directory) {
                            const std::string file =
                                directory + "/" + stem + std::string(extension);
                            return ::faccessat(AT_FDCWD, file.c_str(), F_OK, 0) == 0;
                        });
        return known ? "; the profile is called " + stem + ", without a slash" : "";
    }

    // What is said of a missing file that is called like one of those that a name stands for.
    static std::string without_extension(const std::string& name) {
        const std::string stem = stem_of(name);
        if (stem.empty() || name.find('/') != std::string::npos) return {};
        return "; a name has no dot: " + quote_if_needed(stem) + " would be a profile of that name";
    }

    std::string not_found(const std::string& name) const {
        std::vector<std::string_view> names;
        std::string builtin;
        for (const BuiltinProfile& one : builtin_profiles()) {
            names.push_back(one.name);
            builtin += (builtin.empty() ? "" : ", ") + std::string(one.name);
        }
        const std::string_view close = nearest(name, names);
        std::string text = "there is no profile " + quote(name);
        if (::faccessat(AT_FDCWD, name.c_str(), F_OK, 0) == 0) {
            return text + "; the file of that name is " + quote_if_needed("./" + name);
        }
        if (!close.empty()) return text + "; did you mean " + std::string(close) + "?";
        text += "; looked for";
        for (const std::string& directory : search_.directories) {
            text += " " + quote_if_needed(directory + "/" + name + std::string(extension)) + ",";
        }
        return text + " and among the built-in ones: " + builtin;
    }

    const ProfileSearch& search_;
    unsigned count_ = 0;             ///< read so far
    bool endless_ = false;           ///< that were too many
    std::vector<std::string> open_;  ///< being read: each included by the one before it
    std::vector<GivenOption> options_;
};

}  // namespace

bool is_profile_path(std::string_view name) {
    return name.find_first_of("/.") != std::string_view::npos;
}

std::string profile_argument(const std::string& path, const ProfileSearch& search) {
    const std::size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return "./" + path;
    const std::string stem = stem_of(path.substr(slash + 1));
    const bool searched = std::find(search.directories.begin(), search.directories.end(),
                                    path.substr(0, slash)) != search.directories.end();
    return !searched || stem.empty() || is_profile_path(stem) ? path : stem;
}

std::vector<std::string> profile_directories() {
    std::vector<std::string> out;
    const auto config = from_environment("XDG_CONFIG_HOME");
    const auto home = from_environment("HOME");
    // A relative one counts as not set (XDG Base Directory Specification).
    if (config && config->substr(0, 1) == "/") {
        out.push_back(*config + "/sbx");
    } else if (home && home->substr(0, 1) == "/") {
        out.push_back(*home + "/.config/sbx");
    }
    out.emplace_back("/etc/sbx");
    out.emplace_back(SBX_PROFILE_DIRECTORY);
    return out;
}

ProfileSearch profile_search() {
    ProfileSearch out;
    out.directories = profile_directories();
    if (auto directory = current_directory()) out.working_directory = std::move(*directory);
    out.variables = [cwd = out.working_directory](const std::string& name) {
        if (name == "CWD") return cwd.empty() ? std::nullopt : std::optional(cwd);
        if (name != "CWD_PARENT") return from_environment(name);
        const std::size_t slash = cwd.find_last_of('/');
        if (slash == std::string::npos) return std::optional<std::string>();
        return std::optional<std::string>(slash == 0 ? "/" : cwd.substr(0, slash));
    };
    return out;
}

Result<std::vector<GivenOption>> read_profile(const std::string& name,
                                              const ProfileSearch& search) {
    Reader reader(search);
    if (auto read = reader.read(name, {}); !read) return read.error();
    return reader.options();
}

}  // namespace sbx::cli
