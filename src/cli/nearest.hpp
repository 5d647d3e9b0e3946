// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the nearest of some names by edit distance.
#pragma once

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

namespace sbx::cli {

/// Levenshtein distance: insertions, deletions and replacements that lead from `a` to `b`.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (const char c : a) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (c == b[j] ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

/// The name nearest to `word`, when a third of it at most is wrong; else empty.
inline std::string_view nearest(std::string_view word, std::span<const std::string_view> names) {
    constexpr std::size_t longest = 64;  // no name is; and a word of a megabyte costs nothing
    if (word.size() > longest) return {};
    std::string_view best;
    std::size_t least = word.size() / 3 + 1;
    for (const std::string_view name : names) {
        const std::size_t distance = edit_distance(word, name);
        if (distance < least) {
            least = distance;
            best = name;
        }
    }
    return best;
}

/// What other tools of this kind call an option; `word` itself when they call nothing so.
constexpr std::string_view known_elsewhere(std::string_view word) {
    struct Name {
        std::string_view elsewhere;
        std::string_view here;
    };
    constexpr std::array<Name, 11> names = {{{"net", "share-net"},
                                             {"network", "share-net"},
                                             {"env", "setenv"},
                                             {"volume", "bind"},
                                             {"mount", "bind"},
                                             {"readonly", "ro-bind"},
                                             {"read-only", "ro-bind"},
                                             {"workdir", "chdir"},
                                             {"cwd", "chdir"},
                                             {"h", "help"},
                                             {"V", "version"}}};
    for (const Name& name : names) {
        if (name.elsewhere == word) return name.here;
    }
    return word;
}

}  // namespace sbx::cli
