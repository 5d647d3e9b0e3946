// SPDX-License-Identifier: Apache-2.0
// What belongs to the host's /usr and lies outside of it.
#include "base/text.hpp"
#include "plan/planning.hpp"
#include "view/entries.hpp"

#include <algorithm>

namespace sbx::planning {
namespace {

// Entries from `first` on are those that the new root shows.
class UsrParts {
public:
    UsrParts(const Spec& spec, const Host& host, const Places& places, std::size_t first)
        : spec_(spec), host_(host), places_(places), first_(first) {}

    std::vector<Step> steps() const {
        std::vector<Step> out;
        if (!is_own_root() || !shows_usr()) return out;
        std::string made;
        for (const UsrPart& part : host_.usr_parts) {
            if (is_taken(part.path)) continue;
            const std::string parent = part.path.substr(0, part.path.rfind('/'));
            const auto mode = made == parent ? std::nullopt : mode_of(parent);
            if (mode) out.emplace_back(step::MakeDirectory{parent, *mode});
            made = parent;
            const bool directory = part.source.kind == Source::Kind::directory;
            out.emplace_back(step::Bind{part.path, part.source.path, part.path, Access::read_only,
                                        directory ? NodeKind::directory : NodeKind::other,
                                        part.source.found});
        }
        return out;
    }

private:
    // In a root that the caller brings, mount points would have to be made.
    bool is_own_root() const {
        return first_ == 0 || std::holds_alternative<entry::Tmpfs>(spec_.entries[first_ - 1]);
    }

    // Another system's /usr has parts of its own.
    bool shows_usr() const {
        const auto shown = places_.shown_at(host_.sources, "/usr");
        return std::find(shown.begin(), shown.end(), "/usr") != shown.end();
    }

    bool counts(std::size_t index) const {
        return !std::holds_alternative<entry::Guard>(spec_.entries[index]) &&
               !is_left_out(spec_.entries[index], host_.sources[index]);
    }

    // Whether an entry has something of its own at `path`, around it, or in it.
    bool is_taken(const std::string& path) const {
        for (std::size_t i = first_; i < spec_.entries.size(); ++i) {
            const Entry& entry = spec_.entries[i];
            if (!counts(i)) continue;
            const bool makes = puts_something(entry) ||
                               std::holds_alternative<entry::Directory>(entry) ||
                               std::holds_alternative<entry::Chmod>(entry);
            if (makes && is_at_or_below(places_[i], path)) return true;
            if (puts_something(entry) && is_at_or_below(path, places_[i])) return true;
        }
        return false;
    }

    // The mode that an entry wants for the directory that it would make, were it not for the parts.
    std::optional<unsigned> mode_of(const std::string& directory) const {
        for (std::size_t i = first_; i < spec_.entries.size(); ++i) {
            if (!counts(i) || !is_at_or_below(places_[i], directory)) continue;
            const auto* made = std::get_if<entry::Directory>(&spec_.entries[i]);
            return made != nullptr && places_[i] == directory ? std::optional(made->mode)
                                                              : std::nullopt;
        }
        return std::nullopt;
    }

    const Spec& spec_;
    const Host& host_;
    const Places& places_;
    std::size_t first_;
};

}  // namespace

std::vector<Step> usr_part_steps(const Spec& spec, const Host& host, const Places& places,
                                 std::size_t first) {
    return UsrParts(spec, host, places, first).steps();
}

}  // namespace sbx::planning
