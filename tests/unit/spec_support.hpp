// SPDX-License-Identifier: Apache-2.0
// What the tests of SpecBuilder share: Specs that must be good, and words as --args reads them.
#pragma once

#include "support.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <variant>

namespace sbx::test {

inline Spec good(const Result<Spec>& spec) {
    INFO(error_of(spec));
    REQUIRE(spec);
    return *spec;
}

/// What `words` come to in the sbx dialect, without a policy.
inline Spec good(const Words& words) { return good(sbx_spec(words)); }

/// The one entry that `words` make, which is a T.
template <typename T>
T only_entry(const Words& words) {
    const Spec spec = good(words);
    REQUIRE(spec.entries.size() == 1);
    REQUIRE(std::holds_alternative<T>(spec.entries.front()));
    return std::get<T>(spec.entries.front());
}

/// Words as --args reads them.
inline std::string joined(const Words& words) {
    std::string out;
    for (const std::string& word : words) out += word + '\0';
    return out;
}

/// What both dialects say of `words`, which have the argument `text` that `option` does not take:
/// sbx what it `takes`, and bubblewrap `old`.
inline void check_wrong_argument(const Words& words, const std::string& text,
                                 const std::string& takes, const std::string& old) {
    INFO(words[0] << " " << text);
    CHECK(sbx_error(words) == words[0] + " takes " + takes + ", and not \"" + text + "\"");
    CHECK(error_of(bwrap_spec(words)) == old);
}

}  // namespace sbx::test
