// SPDX-License-Identifier: Apache-2.0
#include "plan/parent_directory.hpp"

#include "base/program_name.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <string_view>

namespace sbx::planning {
namespace {

bool leads_up(std::string_view word) { return word == ".." || word.starts_with("../"); }

// Programs that put what they make beside the source tree.
bool builds_debian_package(const std::vector<std::string>& command) {
    const std::string name = command.front().substr(command.front().find_last_of('/') + 1);
    return name == "dpkg-buildpackage" || name == "debuild" || name == "dpkg-source" ||
           name == "gbp" || command.front() == "debian/rules";
}

// Whether what `word` ("../lib") means in `directory` is shown.
bool is_up_inside(const Sight& sight, std::string directory, std::string_view word) {
    while (leads_up(word)) {
        directory.erase(directory.find_last_of('/'));
        if (directory.empty()) return false;
        word.remove_prefix(std::min<std::size_t>(word.size(), 3));
    }
    return sight.is_host_inside(lexically_clean(directory + "/" + std::string(word)));
}

}  // namespace

std::optional<MissingParent> missing_parent(const Spec& spec, const Sight& sight,
                                            const std::string& start) {
    const std::size_t slash = start.find_last_of('/');
    if (slash == 0 || slash == std::string::npos) return std::nullopt;
    const std::string parent = start.substr(0, slash);
    const auto by = sight.shows(start);
    if (!by || !sight.is_host_inside(start) || sight.is_host_inside(parent)) return std::nullopt;
    // An argument may mean it, and these programs write to it in the end.
    const bool debian = builds_debian_package(spec.command);
    const bool means =
        std::any_of(spec.command.begin() + 1, spec.command.end(), [&](const std::string& word) {
            return leads_up(word) && !is_up_inside(sight, start, word);
        });
    // To bind a home or the system for it would be worse than the failure.
    const bool unfit = sight.is_home_or_system(parent);
    if (!means && !debian && (unfit || !is_writable_bind(spec.entries[*by]))) return std::nullopt;
    const std::string remedy =
        unfit ? "move that into a directory of its own, and " +
                    std::string(debian ? "give --profile deb in the place of build"
                                       : "start " SBX_NAME " in that one")
              : "start there, or --bind " + shell_words({"..", parent}) + " brings it in" +
                    (debian ? " (--profile deb in the place of build does)" : "");
    return MissingParent{"the directory above, " + shell_words({parent}) +
                             ", is not inside but for the working directory; " + remedy,
                         !means && !debian};
}

}  // namespace sbx::planning
