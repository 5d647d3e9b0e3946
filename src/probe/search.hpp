// SPDX-License-Identifier: Apache-2.0
// Looking for what matches patterns below a directory of the host. Reads only. It follows no link
// and enters no other mount, nor directories named ".git" and "node_modules", nor what matched.
#pragma once

#include "base/pattern.hpp"

#include <sbx/host.hpp>

#include <string>
#include <vector>

namespace sbx::sys {

/// The bound of a search, which is for projects and not for machines: directories that are read,
/// the nearest first (10,000 take about 100 ms when the kernel has them in memory), and matches.
struct SearchBound {
    std::size_t directories = 10'000;
    std::size_t matches = 200;
};

struct Match {
    std::size_t pattern;  ///< index
    std::string path;     ///< relative to the directory in which the search began
    Source::Kind kind;
};

struct Search {
    std::vector<Match> matches;
    bool complete = true;  ///< false: the bound was reached, or a directory could not be read
};

/// Searches `top`, where paths begin with `prefix` for the patterns: empty, or with a slash at its
/// end. Takes what it used from `bound`.
Search search(const std::string& top, const std::string& prefix,
              const std::vector<Pattern>& patterns, SearchBound& bound);

}  // namespace sbx::sys
