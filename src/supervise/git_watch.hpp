// SPDX-License-Identifier: Apache-2.0
// The supervisor's watch over projects in which the command may write to .git. A sign that is there
// before the command is the user's, and one that is new afterwards is a trap for git. The watch
// must not touch anything else.
#pragma once

#include "supervise/git_look.hpp"
#include "system/fd.hpp"

#include <sbx/plan.hpp>
#include <sbx/run.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sbx::sys {

class GitWatcher {
public:
    /// Takes the first look, before the command is there. Nothing is done without watches.
    Result<void> prepare(const std::vector<GitWatch>& watches);
    /// Readable when something has changed; or none.
    const Fd& changes() const { return notify_; }
    /// All that it has open.
    std::vector<int> descriptors() const;
    /// Reads the changes. True: a trap was set on purpose, and the sandbox shall end.
    bool sees_trap();
    /// The last look, after the end of all processes: all traps. Those that were set on purpose and
    /// end the sandbox are moved aside.
    std::vector<GitTrap> look_again();
    /// The trap that ends the sandbox, or counts as if it had; empty: none.
    const std::string& deadly() const { return deadly_; }

private:
    struct Project {
        GitWatch asked;
        Fd directory;
        std::vector<GitSign> before;
        bool is_whole = true;  // nothing was too much to be looked at
    };

    bool is_new(const Project& project, const GitSign& sign) const;
    bool notice(const Project& project, const std::vector<GitSign>& signs);
    bool watch(std::size_t number, const std::string& path);
    bool look_at_change(std::size_t number, const std::string& path, bool directory);
    std::string put_aside(Project& project, const GitSign& sign, Fd& aside, std::string& name);

    Fd notify_;
    std::vector<Project> projects_;
    std::map<int, std::pair<std::size_t, std::string>> watched_;  // by inotify's number
    std::string deadly_;
};

}  // namespace sbx::sys
