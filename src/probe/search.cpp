// SPDX-License-Identifier: Apache-2.0
#include "probe/search.hpp"

#include "system/fd.hpp"
#include "system/syscalls.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>

namespace sbx::sys {
namespace {

// Git guards what is in its own. Package managers remove and rename what they put into the other
// one, which no mount in it allows, and nobody opens that in an editor.
constexpr std::array<std::string_view, 2> closed = {".git", "node_modules"};

constexpr std::uint64_t within =
    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

struct CloseListing {
    void operator()(DIR* open) const { ::closedir(open); }
};

class Searcher {
public:
    Searcher(const std::string& prefix, const std::vector<Pattern>& patterns, SearchBound& bound)
        : prefix_(prefix), patterns_(patterns), bound_(bound) {
        for (std::size_t i = 0; i < patterns.size(); ++i) {
            const std::string& name = patterns[i].parts.back();
            const bool plain = name.find_first_of("*?") == std::string::npos;
            if (plain) by_name_[name].push_back(i);
            if (!plain) others_.push_back(i);
        }
    }

    Search run(const std::string& top) {
        const int fd =
            open_at2(AT_FDCWD, top.c_str(), O_PATH | O_DIRECTORY, 0, RESOLVE_NO_SYMLINKS);
        if (fd < 0) {
            out_.complete = fd == -ENOENT || fd == -ENOTDIR;
            return std::move(out_);
        }
        top_ = Fd(fd);
        pending_.emplace_back();
        while (!pending_.empty() && !full_) {
            if (bound_.directories == 0) {
                out_.complete = false;
                break;
            }
            --bound_.directories;
            read(pending_.front());
            pending_.pop_front();
        }
        return std::move(out_);
    }

private:
    // Nobody inside, who is us, can open it either, nor change that.
    bool is_closed(const std::string& directory) const {
        struct stat status {};
        return ::fstatat(top_.get(), directory.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
               status.st_uid != ::geteuid();
    }

    void read(const std::string& directory) {
        const char* path = directory.empty() ? "." : directory.c_str();
        const int fd = open_at2(top_.get(), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, within);
        if (fd < 0) {
            // By now something else, another mount, or closed to who runs inside.
            const bool passed_over = fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ||
                                     fd == -EXDEV || (fd == -EACCES && is_closed(directory));
            if (!passed_over) out_.complete = false;
            return;
        }
        const std::unique_ptr<DIR, CloseListing> listing(::fdopendir(fd));
        if (!listing) {
            ::close(fd);
            out_.complete = false;
            return;
        }
        const std::string begin = directory.empty() ? "" : directory + "/";
        errno = 0;
        while (const dirent* entry = ::readdir(listing.get())) {
            look_at(begin, *entry, fd);
            if (full_) return;
            errno = 0;
        }
        if (errno != 0) out_.complete = false;
    }

    static Source::Kind kind_of(const dirent& entry, int directory) {
        unsigned char type = entry.d_type;
        struct stat status {};
        if (type == DT_UNKNOWN &&
            ::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
            type = static_cast<unsigned char>(IFTODT(status.st_mode));
        }
        return type == DT_DIR   ? Source::Kind::directory
               : type == DT_REG ? Source::Kind::file
                                : Source::Kind::other;
    }

    void look_at(const std::string& begin, const dirent& entry, int directory) {
        const std::string name = entry.d_name;
        if (name == "." || name == "..") return;
        const Source::Kind kind = kind_of(entry, directory);
        bool found = false;
        const auto try_pattern = [&](std::size_t index) {
            if (full_ || !matches(patterns_[index], prefix_ + begin + name)) return;
            found = true;
            full_ = bound_.matches == 0;
            if (full_) {
                out_.complete = false;
            } else {
                --bound_.matches;
                out_.matches.push_back({index, begin + name, kind});
            }
        };
        if (const auto named = by_name_.find(name); named != by_name_.end()) {
            std::for_each(named->second.begin(), named->second.end(), try_pattern);
        }
        for (const std::size_t index : others_) {
            if (ends_in(patterns_[index], name)) try_pattern(index);
        }
        if (found || kind != Source::Kind::directory) return;
        if (std::find(closed.begin(), closed.end(), name) != closed.end()) return;
        if (pending_.size() < bound_.directories) {
            pending_.push_back(begin + name);
        } else {
            out_.complete = false;
        }
    }

    const std::string& prefix_;
    const std::vector<Pattern>& patterns_;
    SearchBound& bound_;
    // By index: patterns whose last component is a name, and the others.
    std::unordered_map<std::string, std::vector<std::size_t>> by_name_;
    std::vector<std::size_t> others_;
    Fd top_;
    std::deque<std::string> pending_;  // nearest first
    bool full_ = false;
    Search out_;
};

}  // namespace

Search search(const std::string& top, const std::string& prefix,
              const std::vector<Pattern>& patterns, SearchBound& bound) {
    return Searcher(prefix, patterns, bound).run(top);
}

}  // namespace sbx::sys
