// SPDX-License-Identifier: Apache-2.0
#include "explain/links_inside.hpp"

#include "base/remedies.hpp"
#include "base/text.hpp"
#include "plan/steps.hpp"
#include "system/machine.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace sbx::sys {

bool on_host(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string shown_as(const Plan& plan, const std::string& path) {
    for (const auto& [step, place] : steps_around(plan, plan.setup.size(), path)) {
        if (const auto* bind = std::get_if<step::Bind>(step)) {
            return rebased(path, place, bind->path);
        }
        if (std::holds_alternative<step::MountTmpfs>(*step)) return {};
    }
    return {};
}

bool is_shown(const Plan& plan, const std::string& path) {
    return shown_as(plan, path) == path && on_host(path);
}

namespace {

// What the link at `path` inside says; empty: it is none, or that is not known.
std::string link_inside(const Plan& plan, const std::string& path) {
    for (const Step& step : plan.setup) {
        const auto* link = std::get_if<step::MakeSymlink>(&step);
        if (link != nullptr && lexically_clean(link->destination) == path) return link->target;
    }
    const std::string host = shown_as(plan, path);
    return host.empty() ? host : read_link(host);
}

// `path` without "..", which the kernel takes as the parent of what is there by then; the links
// before it were followed already.
std::string without_parents(const std::string& path) {
    std::vector<std::string> parts;
    std::size_t at = 0;
    while (at < path.size()) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        const std::string part = path.substr(at, end - at);
        if (part == ".." && !parts.empty()) parts.pop_back();
        if (!part.empty() && part != "." && part != "..") parts.push_back(part);
        at = end + 1;
    }
    std::string out;
    for (const std::string& part : parts) out += "/" + part;
    return out.empty() ? "/" : out;
}

// A link on the way of a path inside.
struct Followed {
    std::string link;
    std::string target;  // clean, and absolute
    std::string path;    // the whole one after it
};

// The first link on the way of `path`.
std::optional<Followed> follow_one(const Plan& plan, const std::string& path) {
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        std::string part = path.substr(0, end);
        const std::string says = link_inside(plan, part);
        if (!says.empty()) {
            const std::string above = part.substr(0, part.find_last_of('/'));
            std::string target = without_parents(says.front() == '/' ? says : above + "/" + says);
            std::string rest = end == std::string::npos ? "" : path.substr(end);
            return Followed{std::move(part), target, without_parents(target + rest)};
        }
        if (end == std::string::npos) return std::nullopt;
    }
}

// Whether nothing is at the clean path `path` inside, as far as that is known.
bool is_missing_inside(const Plan& plan, const std::string& path) {
    const std::string host = shown_as(plan, path);
    if (!host.empty()) return !on_host(host);
    return std::none_of(plan.setup.begin(), plan.setup.end(), [&](const Step& step) {
        const std::string destination = destination_of(step);
        return !destination.empty() && is_at_or_below(lexically_clean(destination), path);
    });
}

}  // namespace

std::string broken_link(const Plan& plan, const std::string& path) {
    if (path.empty() || path.front() != '/') return {};
    constexpr int most = 40;  // links that the kernel follows, too
    std::string at = lexically_clean(path);
    for (int i = 0; i < most; ++i) {
        const auto followed = follow_one(plan, at);
        if (!followed) return {};
        at = followed->path;
        const std::string& target = followed->target;
        if (!is_missing_inside(plan, target)) continue;
        std::string text =
            quote(followed->link) + " is a link to " + quote(target) + ", which is not inside";
        const std::string directory =
            target.substr(0, std::max<std::size_t>(target.find_last_of('/'), 1));
        if (on_host(target) && is_of_system(directory) && is_of_system(real_path(directory))) {
            text += "; --ro-bind " + shell_words({directory, directory}) + " shows it";
        }
        return text;
    }
    return {};
}

std::string missing_links(const Plan& plan, const std::string& path) {
    constexpr int most = 8;
    std::string at = path;
    std::string out;
    for (int i = 0; i < most; ++i) {
        std::string next;
        for (std::size_t end = at.find('/', 1); next.empty(); end = at.find('/', end + 1)) {
            const std::string part = at.substr(0, end);
            const std::string target = read_link(part);
            if (!target.empty()) {
                if (link_inside(plan, part).empty()) {
                    if (!is_of_system(part)) return {};
                    out += (out.empty() ? "" : " ") + ("--symlink " + shell_words({target, part}));
                }
                const std::string above = part.substr(0, part.find_last_of('/'));
                const std::string rest = end == std::string::npos ? "" : at.substr(end);
                next =
                    without_parents((target.front() == '/' ? target : above + "/" + target) + rest);
            }
            if (end == std::string::npos) break;
        }
        if (next.empty()) return is_shown(plan, at) ? out : "";
        at = next;
    }
    return {};
}

}  // namespace sbx::sys
