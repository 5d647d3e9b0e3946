// SPDX-License-Identifier: Apache-2.0
#include "supervise/git_watch.hpp"

#include "base/text.hpp"

#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>  // RENAME_NOREPLACE
#include <cstring>
#include <string_view>

namespace sbx::sys {
namespace {

constexpr std::size_t most_told = 100;
// Directories: a user has a number of them for all that is watched. The last look is for the rest.
constexpr std::size_t most_watched = 4096;

// Where links are seen at once. The other directories are too many, or the profile protects them,
// and the last look is enough for them.
bool is_watched(const std::string& path) {
    constexpr std::string_view objects = ".git/objects/";
    constexpr std::size_t bucket = 2;  // hexadecimal digits
    if (path.compare(0, objects.size(), objects) == 0) {
        return path.size() - objects.size() > bucket;
    }
    for (const std::string_view big :
         {".git/modules", ".git/worktrees", ".git/lfs", ".git/annex"}) {
        if (is_at_or_below(path, big)) return false;
    }
    return true;
}

bool is_deliberate(const GitSign& sign) { return GitTrap{sign.kind, {}, {}}.is_deliberate(); }

std::string path_of_fd(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// The directory behind a descriptor can be written to while this lives: the command may have closed
// it to its own user.
class Opened {
public:
    explicit Opened(int directory) : path_(path_of_fd(directory)) {
        struct stat status {};
        if (::fstat(directory, &status) != 0 || (status.st_mode & S_IRWXU) == S_IRWXU) return;
        mode_ = status.st_mode & 07777U;
        changed_ = ::chmod(path_.c_str(), mode_ | S_IRWXU) == 0;
    }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
    ~Opened() {
        if (changed_) ::chmod(path_.c_str(), mode_);
    }

private:
    std::string path_;
    mode_t mode_ = 0;
    bool changed_ = false;
};

}  // namespace

Result<void> GitWatcher::prepare(const std::vector<GitWatch>& watches) {
    for (const GitWatch& asked : watches) {
        const std::string option = "--watch-git " + quote(asked.directory) + ": ";
        Fd directory(::open(asked.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        directory = above_standard(std::move(directory));
        if (!directory) return Error{option + error_text(errno)};
        projects_.push_back({asked, std::move(directory), {}});
        Project& project = projects_.back();
        GitLook look(project.directory.get());
        int error = 0;
        if (asked.mode == GitWatch::Mode::end) {
            if (!notify_) {
                notify_ = above_standard(Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)));
            }
            if (!notify_) return Error{option + "making an inotify: " + error_text(errno)};
            const std::size_t number = projects_.size() - 1;
            if (!watch(number, "")) error = errno;
            look.look_at_repository([&](const std::string& path) {
                if (is_watched(path) && !watch(number, path)) error = errno;
            });
        } else {
            look.look_at_repository();
        }
        if (error != 0) {
            return Error{option + "watching a directory: " + error_text(error) +
                         (error == ENOSPC ? "; raise the sysctl fs.inotify.max_user_watches, or "
                                            "look at the end only: --watch-git " +
                                                quote(asked.directory) + " tell"
                                          : "")};
        }
        look.look_at_tree();
        project.is_whole = !look.gave_up();
        project.before = look.signs();
    }
    return {};
}

std::vector<int> GitWatcher::descriptors() const {
    std::vector<int> out;
    if (notify_) out.push_back(notify_.get());
    for (const Project& project : projects_) out.push_back(project.directory.get());
    return out;
}

bool GitWatcher::watch(std::size_t number, const std::string& path) {
    const Project& project = projects_[number];
    if (watched_.size() >= most_watched) return true;
    const Fd place = GitLook(project.directory.get()).open_directory(path);
    if (!place) return true;  // it is gone, or closed to us and so to git
    const int wd = ::inotify_add_watch(notify_.get(), path_of_fd(place.get()).c_str(),
                                       IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
    if (wd < 0) return false;
    watched_[wd] = {number, path};
    return true;
}

bool GitWatcher::is_new(const Project& project, const GitSign& sign) const {
    return !std::binary_search(project.before.begin(), project.before.end(), sign);
}

bool GitWatcher::notice(const Project& project, const std::vector<GitSign>& signs) {
    if (project.asked.mode != GitWatch::Mode::end) return false;
    for (const GitSign& sign : signs) {
        if (!is_deliberate(sign) || !is_new(project, sign)) continue;
        deadly_ = project.asked.directory + "/" + sign.path;
        return true;
    }
    return false;
}

bool GitWatcher::look_at_change(std::size_t number, const std::string& path, bool directory) {
    const Project& project = projects_[number];
    GitLook look(project.directory.get());
    if (path.compare(0, 5, ".git/") != 0) {
        look.look_at_top();
        return notice(project, look.signs());
    }
    look.look_at(path);
    if (directory && is_watched(path)) {
        look.look_for_links(path, [&](const std::string& below) { watch(number, below); });
    }
    return notice(project, look.signs());
}

bool GitWatcher::sees_trap() {
    alignas(inotify_event) char buffer[4096];
    ssize_t got = 0;
    while ((got = ::read(notify_.get(), buffer, sizeof buffer)) > 0) {
        for (ssize_t at = 0; at < got;) {
            inotify_event event{};
            std::memcpy(&event, buffer + at, sizeof event);
            const std::string name = event.len == 0 ? "" : buffer + at + sizeof event;
            at += static_cast<ssize_t>(sizeof event + event.len);
            if ((event.mask & IN_Q_OVERFLOW) != 0) {
                for (std::size_t i = 0; i < projects_.size(); ++i) {
                    GitLook look(projects_[i].directory.get());
                    look.look_at_repository([&](const std::string& path) {
                        if (projects_[i].asked.mode == GitWatch::Mode::end && is_watched(path)) {
                            watch(i, path);
                        }
                    });
                    look.look_at_top();
                    if (notice(projects_[i], look.signs())) return true;
                }
                continue;
            }
            const auto found = watched_.find(event.wd);
            if (found == watched_.end()) continue;
            const auto [number, path] = found->second;
            if ((event.mask & IN_IGNORED) != 0) {
                watched_.erase(found);
            } else if (look_at_change(number, path.empty() ? name : path + "/" + name,
                                      (event.mask & IN_ISDIR) != 0)) {
                return true;
            }
        }
    }
    return false;
}

// To a new directory in .git, which git passes over. Gives the new name, below the project, or
// nothing. Nobody is inside any more.
std::string GitWatcher::put_aside(Project& project, const GitSign& sign, Fd& aside,
                                  std::string& name) {
    const GitLook look(project.directory.get());
    const Fd git = look.open_directory(".git");
    if (!git) return {};
    const Opened writable(git.get());
    constexpr int tries = 1000;
    for (int i = 0; !aside && i < tries; ++i) {
        unsigned number = 0;  // that nobody inside could have taken before
        if (::getrandom(&number, sizeof number, 0) != sizeof number) return {};
        name = "sbx-aside-" + std::to_string(number);
        if (::mkdirat(git.get(), name.c_str(), 0700) == 0) {
            aside = look.open_directory(".git/" + name);
        } else if (errno != EEXIST) {
            return {};
        }
    }
    const std::size_t slash = sign.path.rfind('/');
    const bool top = slash == std::string::npos;
    const Fd around = look.open_directory(top ? "" : sign.path.substr(0, slash));
    if (!around || !aside) return {};
    const Opened from(around.get());
    const std::string last = sign.path.substr(top ? 0 : slash + 1);
    for (int i = 1; i <= tries; ++i) {
        const std::string target = i == 1 ? last : last + "." + std::to_string(i);
        if (::renameat2(around.get(), last.c_str(), aside.get(), target.c_str(),
                        RENAME_NOREPLACE) == 0) {
            return ".git/" + name + "/" + target;
        }
        if (errno != EEXIST) break;
    }
    return {};
}

std::vector<GitTrap> GitWatcher::look_again() {
    std::vector<GitTrap> out;
    for (Project& project : projects_) {
        const auto path_of = [&](const std::string& path) {
            return project.asked.directory + (path.empty() ? "" : "/" + path);
        };
        GitLook look(project.directory.get());
        const bool ends = project.asked.mode == GitWatch::Mode::end;
        look.look_at_repository();
        // No repository is that large: it is to hide something.
        if (ends && project.is_whole && look.gave_up() && deadly_.empty()) {
            deadly_ = path_of(".git");
        }
        look.look_at_tree();
        bool is_whole = project.is_whole && !look.gave_up();
        std::size_t told = 0;
        Fd aside;
        std::string name;
        for (const GitSign& sign : look.signs()) {
            // After a first look that gave up, nobody knows whether a repository below is new.
            const bool deliberate = is_deliberate(sign);
            if (!is_new(project, sign) || (!project.is_whole && !deliberate)) continue;
            GitTrap trap{sign.kind, path_of(sign.path), {}};
            if (deliberate && ends) {
                const std::string moved = put_aside(project, sign, aside, name);
                if (!moved.empty()) trap.aside = path_of(moved);
                if (deadly_.empty()) deadly_ = trap.path;
            }
            if (++told <= most_told) out.push_back(std::move(trap));
        }
        is_whole = is_whole && told <= most_told;
        if (!is_whole) out.push_back({GitTrap::Kind::unseen, path_of(""), {}});
    }
    return out;
}

}  // namespace sbx::sys
