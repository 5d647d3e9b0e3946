// SPDX-License-Identifier: Apache-2.0
// What tests of make_plan() share: a plan that is checked, and the part of it that is the tree.
#pragma once

#include "support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace sbx::test {

/// The plan of `spec`, which must be one that check() takes.
inline Plan planned(const Spec& spec, const Host& host) {
    const auto plan = make_plan(spec, host);
    INFO(error_of(plan));
    REQUIRE(plan);
    CHECK(error_of(check(*plan)) == "no error");
    return *plan;
}
inline Plan planned(const Spec& spec, Who who = Who::user) {
    return planned(spec, fake_host(spec, who));
}

/// Why there is no plan of `spec`.
inline std::string refused(const Spec& spec, Who who = Who::user) {
    return error_of(make_plan(spec, fake_host(spec, who)));
}

/// What is between the new root's tmpfs and entering it, as sentences.
inline Words tree(const Spec& spec, Who who = Who::user) {
    const Words all = sentences(planned(spec, who).setup);
    const auto first = std::find(all.begin(), all.end(), "mount a tmpfs as the new root");
    const auto last = std::find(first, all.end(), "enter the new root and detach the old one");
    REQUIRE(last != all.end());
    return {first + 1, last};
}

inline entry::Bind bind(std::string source, std::string destination,
                        Access access = Access::read_write, IfMissing missing = IfMissing::refuse) {
    return {std::move(source), std::move(destination), access, missing};
}

/// `spec` with nothing that is given unasked, and a root that can be written to.
inline Spec nothing_given(Spec spec) {
    spec.given = GivenTree::none;
    spec.root = RootAccess::read_write;
    return spec;
}

}  // namespace sbx::test
