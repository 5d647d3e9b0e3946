// SPDX-License-Identifier: Apache-2.0
#include "view/sight.hpp"

#include "base/text.hpp"
#include "view/system_places.hpp"

#include <algorithm>
#include <cerrno>

namespace sbx::planning {

bool is_mount(const Entry& entry) {
    return puts_something(entry) && !std::holds_alternative<entry::Symlink>(entry) &&
           !std::holds_alternative<entry::File>(entry);
}

bool Sight::is_bind(std::size_t index) const { return access_of(spec_.entries[index]).has_value(); }

bool Sight::binds_devices(std::size_t index) const {
    return access_of(spec_.entries[index]) == Access::device;
}

bool Sight::is_host_inside(const std::string& path) const {
    const auto by = shows(path);
    return by && (is_bind(*by) || std::holds_alternative<entry::Overlay>(spec_.entries[*by]));
}

std::optional<std::size_t> Sight::shows(const std::string& path) const {
    for (std::size_t i = spec_.entries.size(); i > 0; --i) {
        const bool covers = is_mount(spec_.entries[i - 1]) && !left_out(i - 1) &&
                            is_at_or_below(path, places_[i - 1]);
        if (covers) return i - 1;
    }
    return std::nullopt;
}

bool Sight::is_given(const std::string& path) const {
    return spec_.given == GivenTree::standard &&
           (is_at_or_below(path, "/tmp") || is_at_or_below(path, "/dev") ||
            is_at_or_below(path, "/proc"));
}

bool Sight::may_be_part_of_usr(const std::string& path) const {
    return std::any_of(host_.usr_parts.begin(), host_.usr_parts.end(), [&](const auto& part) {
        return is_at_or_below(path, part.path) || is_at_or_below(part.path, path);
    });
}

bool Sight::may_be_inside(const std::string& path) const {
    for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
        if (left_out(i)) continue;
        // What is above an entry is made for it; where a link leads is not known here.
        const bool leads = std::holds_alternative<entry::Symlink>(spec_.entries[i]) &&
                           is_at_or_below(path, places_[i]);
        if (leads || is_at_or_below(places_[i], path)) return true;
    }
    const auto by = shows(path);
    // What is given covers what a bind on "/" would show there.
    const bool given = is_given(path) && (!by || places_[*by] == "/");
    if (given) return path == "/tmp" || !is_at_or_below(path, "/tmp");
    if (by) return !std::holds_alternative<entry::Tmpfs>(spec_.entries[*by]);
    const bool linked =
        spec_.given == GivenTree::standard && shows("/usr") &&
        std::any_of(host_.usr_links.begin(), host_.usr_links.end(),
                    [&](const auto& link) { return is_at_or_below(path, link.path); });
    return path == "/" || linked || may_be_part_of_usr(path);
}

bool Sight::is_home_or_system(const std::string& directory) const {
    const auto& homes = host_.exposed.homes;
    return is_system_directory(directory) || directory == "/home" ||
           std::find(homes.begin(), homes.end(), directory) != homes.end();
}

std::optional<std::string> Sight::seen_at(std::size_t index, const std::string& path,
                                          const std::string& source) const {
    if (source.empty() || !is_at_or_below(path, source)) return std::nullopt;
    const std::string inside = rebased(path, source, places_[index]);
    // What is given covers what a bind on "/" would show there.
    const bool given = places_[index] == "/" && is_given(inside);
    return shows(inside) == index && !given ? std::optional(inside) : std::nullopt;
}

bool Sight::is_masked(const std::string& path) const {
    for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
        const auto* guard = std::get_if<entry::Guard>(&spec_.entries[i]);
        if (guard != nullptr && guard->kind == entry::Guard::Kind::mask &&
            host_.sources[i].error == 0 && is_at_or_below(path, places_[i])) {
            return true;
        }
    }
    return false;
}

bool Sight::is_guarded(const std::string& path) const {
    for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
        const auto* guard = std::get_if<entry::Guard>(&spec_.entries[i]);
        if (guard == nullptr || !is_at_or_below(path, places_[i])) continue;
        const int error = host_.sources[i].error;
        const bool kept = guard->if_missing == IfMissing::refuse && error != EEXIST;
        if (error == 0 || kept) return true;
    }
    return false;
}

}  // namespace sbx::planning
