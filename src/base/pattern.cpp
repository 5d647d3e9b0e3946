// SPDX-License-Identifier: Apache-2.0
#include "base/pattern.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <span>

namespace sbx {
namespace {

using Parts = std::span<const std::string>;

std::vector<std::string> components(std::string_view path) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find('/', at), path.size());
        if (end > at) out.emplace_back(path.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

// "*" stands for any characters, "?" for one.
bool matches_name(std::string_view pattern, std::string_view name) {
    std::size_t at = 0;
    std::size_t star = std::string_view::npos;  // the last one in the pattern, and where in the
    std::size_t after = 0;                      // name what follows it was tried
    for (std::size_t i = 0; i < name.size();) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            after = i;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[i])) {
            ++at;
            ++i;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            i = ++after;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool matches_parts(Parts pattern, Parts path) {
    if (pattern.empty()) return path.empty();
    if (pattern.front() == "**") {
        for (std::size_t skipped = 0; skipped <= path.size(); ++skipped) {
            if (matches_parts(pattern.subspan(1), path.subspan(skipped))) return true;
        }
        return false;
    }
    return !path.empty() && matches_name(pattern.front(), path.front()) &&
           matches_parts(pattern.subspan(1), path.subspan(1));
}

}  // namespace

std::optional<Pattern> pattern_of(std::string_view path) {
    Pattern out;
    for (std::string& part : components(path)) {
        if (part == ".") continue;
        const bool begins = part == "*" || part == "**";
        if (begins || !out.parts.empty()) {
            // "**/**" is "**", and takes no longer to match.
            if (out.parts.empty() || part != "**" || out.parts.back() != "**") {
                out.parts.push_back(std::move(part));
            }
        } else {
            out.directory += "/" + part;
        }
    }
    if (out.parts.empty()) return std::nullopt;
    if (out.directory.empty()) out.directory = "/";
    return out;
}

bool matches(const Pattern& pattern, std::string_view path) {
    return matches_parts(pattern.parts, components(path));
}

bool ends_in(const Pattern& pattern, const std::string& name) {
    return matches_name(pattern.parts.back(), name);
}

}  // namespace sbx
