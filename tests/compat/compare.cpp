// SPDX-License-Identifier: Apache-2.0
#include "compare.hpp"

#include "place.hpp"

#include <algorithm>

namespace compat {
namespace {

bool matches(const std::string& pattern, const std::string& line) {
    if (pattern.empty() || pattern.back() != '*') return pattern == line;
    return line.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0;
}

// The length of the longest common subsequence of theirs[i..] and ours[j..], for all i and j.
std::vector<std::vector<std::size_t>> common(const Lines& theirs, const Lines& ours) {
    std::vector<std::vector<std::size_t>> length(theirs.size() + 1,
                                                 std::vector<std::size_t>(ours.size() + 1));
    for (std::size_t i = theirs.size(); i-- > 0;) {
        for (std::size_t j = ours.size(); j-- > 0;) {
            length[i][j] = theirs[i] == ours[j] ? length[i + 1][j + 1] + 1
                                                : std::max(length[i + 1][j], length[i][j + 1]);
        }
    }
    return length;
}

}  // namespace

bool applies(Who who) {
    return who == Who::everybody || (who == Who::root) == integration::is_root();
}

Lines difference(const Lines& theirs, const Lines& ours) {
    const auto length = common(theirs, ours);
    Lines out;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < theirs.size() || j < ours.size()) {
        if (i < theirs.size() && j < ours.size() && theirs[i] == ours[j]) {
            ++i;
            ++j;
        } else if (j == ours.size() ||
                   (i < theirs.size() && length[i + 1][j] >= length[i][j + 1])) {
            out.push_back("-" + theirs[i++]);
        } else {
            out.push_back("+" + ours[j++]);
        }
    }
    return out;
}

std::string judge(const Lines& actual, const std::vector<Difference>& listed) {
    Lines patterns;
    for (const Difference& one : listed) {
        if (applies(one.who)) patterns.insert(patterns.end(), one.lines.begin(), one.lines.end());
    }
    std::string out;
    for (const std::string& line : actual) {
        const bool expected = std::any_of(patterns.begin(), patterns.end(),
                                          [&](const auto& p) { return matches(p, line); });
        if (!expected) out += "not listed: " + line + "\n";
    }
    for (const std::string& pattern : patterns) {
        const bool real = std::any_of(actual.begin(), actual.end(),
                                      [&](const auto& line) { return matches(pattern, line); });
        if (!real) out += "listed, but not so: " + pattern + "\n";
    }
    return out;
}

}  // namespace compat
