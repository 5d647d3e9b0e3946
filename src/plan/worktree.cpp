// SPDX-License-Identifier: Apache-2.0
#include "plan/worktree.hpp"

#include "base/text.hpp"

namespace sbx::planning {

std::string missing_repository(const Spec& spec, const Host& host, const Sight& sight) {
    if (!host.worktree) return {};
    const std::string git = host.cwd + "/.git";
    const auto start = sight.shows(git);
    if (!start || !sight.is_bind(*start)) return {};
    for (std::size_t i = 0; i < spec.entries.size(); ++i) {
        // A guard of what a directory would have fails, and the error says why.
        const auto* guard = std::get_if<entry::Guard>(&spec.entries[i]);
        if (guard != nullptr && guard->if_missing != IfMissing::skip &&
            sight.places()[i].starts_with(git + "/")) {
            return {};
        }
        // What is inside may be the command's own work, and so may a link on the way.
        for (const std::string& shown : {host.worktree->real, host.worktree->named}) {
            if (sight.is_bind(i) && sight.seen_at(i, shown)) return {};
        }
    }
    const std::string& path = host.worktree->named;
    return "the working directory is a linked worktree of the repository " + shell_words({path}) +
           ", which is not inside, so that git does not work; --ro-bind " +
           shell_words({path, path}) +
           " shows it, to be read only (with --bind the command could change its hooks and "
           "settings)";
}

bool wants_repository(const Spec& spec, const Host& host, const Sight& sight) {
    for (std::size_t i = 0; i < spec.entries.size(); ++i) {
        const auto* guard = std::get_if<entry::Guard>(&spec.entries[i]);
        if (guard != nullptr && guard->if_missing != IfMissing::skip &&
            sight.places()[i] == host.cwd + "/.git") {
            return true;
        }
    }
    return false;
}

}  // namespace sbx::planning
