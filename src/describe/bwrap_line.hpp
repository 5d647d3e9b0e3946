// SPDX-License-Identifier: Apache-2.0
// A command line of bubblewrap while it is put together, and the part of it that makes the tree.
#pragma once

#include <sbx/plan.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sbx::bwrap_line {

struct Line {
    std::vector<std::vector<std::string>> options;  ///< a vector for each line of text
    std::vector<std::string> lacking;               ///< what bubblewrap has nothing for, once each

    void add(std::vector<std::string> words) { options.push_back(std::move(words)); }
    void lack(const std::string& what);
};

/// Adds the options that make the tree of `plan.setup`, which `spec` came to on `host`. Fails where
/// there are none, and bubblewrap would show or allow more than the plan does.
std::optional<Error> add_tree(const Spec& spec, const Plan& plan, const Host& host, Line& line);

}  // namespace sbx::bwrap_line
