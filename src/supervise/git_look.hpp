// SPDX-License-Identifier: Apache-2.0
// A look at a project and its repository for signs: files that make git write or run something. A
// sign that is new between two looks is a trap. The look follows no link, believes nothing that a
// file says, and changes nothing.
#pragma once

#include "system/fd.hpp"

#include <sbx/run.hpp>

#include <functional>
#include <string>
#include <vector>

namespace sbx::sys {

/// Something that git would follow.
struct GitSign {
    GitTrap::Kind kind = GitTrap::Kind::link;
    std::string path = {};      ///< below the project
    std::string identity = {};  ///< another one at the same place has another
    auto operator<=>(const GitSign&) const = default;
};

class GitLook {
public:
    /// `project` is a directory, which stays the caller's.
    explicit GitLook(int project) : project_(project) {}

    /// Called with the path of each directory that is looked at in .git.
    using Visitor = std::function<void(const std::string&)>;

    /// Looks at .git, where it is a directory.
    void look_at_repository(const Visitor& visitor = {});
    /// Looks for links in the directory `path` of .git and below.
    void look_for_links(const std::string& path, const Visitor& visitor = {});
    /// Looks at the project, without its .git: whether it is a repository itself, and for
    /// repositories below.
    void look_at_tree();
    /// Whether the project is a repository itself.
    void look_at_top();
    /// Whether there is a link at `path`, or a file that leads to other settings.
    void look_at(const std::string& path);

    /// Opens (O_PATH) a directory below the project; no component is a link.
    Fd open_directory(const std::string& path) const;

    /// All signs, sorted.
    std::vector<GitSign> signs();

    /// Whether the tree had more in it than anybody would want to wait for.
    bool gave_up() const { return left_ == 0; }

private:
    void add(GitTrap::Kind kind, const std::string& path, std::string identity = {});
    Fd open(const std::string& path, unsigned flags) const;
    std::string text_of(const std::string& path) const;
    std::string identity_of(const std::string& path) const;
    bool is_there(const std::string& path) const;
    bool is_repository() const;
    bool is_placeholder_of_sbx(const std::string& path) const;
    void look_at_index(const std::string& path);
    void look_below(const std::string& path, unsigned depth);
    void look_for_links_below(const std::string& path, const Visitor& visitor, unsigned depth);

    int project_;
    std::vector<GitSign> signs_;
    std::size_t left_ = 2'000'000;  ///< names that are still read: a second or two
};

}  // namespace sbx::sys
