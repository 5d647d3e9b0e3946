// SPDX-License-Identifier: Apache-2.0
#include "view/entries.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>

namespace sbx::planning {

bool puts_something(const Entry& entry) {
    return !std::holds_alternative<entry::RemountReadOnly>(entry) &&
           !std::holds_alternative<entry::Directory>(entry) &&
           !std::holds_alternative<entry::Chmod>(entry) &&
           !std::holds_alternative<entry::Guard>(entry);
}

bool is_left_out(const Entry& entry, const Source& source) {
    const auto* bind = std::get_if<entry::Bind>(&entry);
    return bind != nullptr && bind->if_missing == IfMissing::skip && source.error == ENOENT;
}

std::optional<Access> access_of(const Entry& entry) {
    if (const auto* bind = std::get_if<entry::Bind>(&entry)) return bind->access;
    if (const auto* by_fd = std::get_if<entry::BindFd>(&entry)) return by_fd->access;
    return std::nullopt;
}

bool is_writable_bind(const Entry& entry) {
    return access_of(entry).value_or(Access::read_only) != Access::read_only;
}

bool binds_start(const Spec& spec, const Host& host, std::size_t index) {
    if (index >= spec.entry_places.size() || spec.entry_places[index].empty()) return false;
    const auto* bind = std::get_if<entry::Bind>(&spec.entries[index]);
    if (bind == nullptr) return false;
    if (bind->source == "." || bind->source == "..") return true;
    // A read-only one may name a directory that happens to be the working directory.
    return bind->access != Access::read_only && !host.cwd.empty() &&
           lexically_clean(bind->source) == host.cwd;
}

bool declares_usr(const Spec& spec) {
    return std::any_of(spec.entries.begin(), spec.entries.end(), [](const Entry& entry) {
        const std::string& path = destination_of(entry);
        return path.find("usr") != std::string::npos && lexically_clean(path) == "/usr" &&
               puts_something(entry);
    });
}

Places::Places(const Spec& spec) : spec_(spec) {
    places_.reserve(spec.entries.size());
    for (const Entry& entry : spec.entries) {
        places_.push_back(lexically_clean(destination_of(entry)));
    }
}

std::vector<std::string> Places::shown_at(const std::vector<Source>& sources,
                                          const std::string& destination) const {
    const std::string path = lexically_clean(destination);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < places_.size() && i < sources.size(); ++i) {
        const Entry& entry = spec_.entries[i];
        if (!is_at_or_below(path, places_[i])) continue;
        if (!puts_something(entry) || is_left_out(entry, sources[i])) continue;
        out.clear();
        if (std::holds_alternative<entry::Bind>(entry) ||
            std::holds_alternative<entry::BindFd>(entry)) {
            out.push_back(rebased(path, places_[i], sources[i].path));
        } else if (std::holds_alternative<entry::Overlay>(entry)) {
            for (const Source& layer : sources[i].more) {
                out.push_back(rebased(path, places_[i], layer.path));
            }
        }
    }
    return out;
}

bool Places::may_be_elsewhere(const Host& host, const std::string& path) const {
    const std::string clean = lexically_clean(path);
    const auto goes_up = [](const std::string& place) {
        return place.find("/../") != std::string::npos ||
               (place.size() >= 3 && place.compare(place.size() - 3, 3, "/..") == 0);
    };
    if (goes_up(clean)) return true;
    for (const char* own : {"/proc", "/dev"}) {
        if (is_at_or_below(clean, own)) return true;
    }
    for (const UsrLink& link : host.usr_links) {
        if (spec_.given == GivenTree::standard && is_at_or_below(clean, link.path)) return true;
    }
    for (const UsrPart& part : host.usr_parts) {
        if (is_at_or_below(clean, part.path) || is_at_or_below(part.path, clean)) return true;
    }
    std::vector<const std::string*> around;  // what of the host `path` is in, where links may be
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const Entry& entry = spec_.entries[i];
        const bool shows_host = std::holds_alternative<entry::Bind>(entry) ||
                                std::holds_alternative<entry::BindFd>(entry) ||
                                std::holds_alternative<entry::Overlay>(entry);
        if (shows_host && is_at_or_below(clean, places_[i])) around.push_back(&places_[i]);
    }
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const Entry& entry = spec_.entries[i];
        const std::string& place = places_[i];
        if (std::holds_alternative<entry::Guard>(entry)) continue;
        const bool within = std::any_of(around.begin(), around.end(), [&](const auto* outer) {
            return place != *outer && is_at_or_below(place, *outer);
        });
        const bool own = std::holds_alternative<entry::Symlink>(entry) ||
                         std::holds_alternative<entry::Proc>(entry) ||
                         std::holds_alternative<entry::Dev>(entry);
        if (goes_up(place) || (within && puts_something(entry)) ||
            (own && is_at_or_below(clean, place))) {
            return true;
        }
    }
    return false;
}

}  // namespace sbx::planning
