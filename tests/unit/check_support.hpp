// SPDX-License-Identifier: Apache-2.0
// What the tests of check() share: good plans of several kinds, and ways to break them.
#pragma once

#include "plan_support.hpp"

#include <catch2/catch.hpp>

#include <functional>

namespace sbx::test {

inline constexpr const char* prefix = "this plan would not be safe to run: ";

// A plan in which every rule has something to look at.
inline Plan good_plan() {
    Spec spec = plain_spec();
    spec.hostname = "inside";
    spec.filters = {{"filter", {0}}};
    spec.landlock = Landlock::automatic;
    return planned(spec);
}

// A plan whose ids the caller maps, and one in a user namespace that the caller made.
inline Plan waiting_plan() {
    Spec spec = plain_bwrap_spec();
    spec.unshare.add(Namespace::user);
    spec.userns_block_fd = 7;
    spec.info_fd = 8;
    return planned(spec);
}

inline Plan joining_plan(std::optional<unsigned> capability = std::nullopt) {
    Spec spec = plain_bwrap_spec();
    spec.userns_fd = 7;
    if (capability) spec.capabilities = {{CapabilityChange::Kind::add, capability}};
    return planned(spec);
}

// No user namespace can be made inside.
inline Plan limited_plan() {
    Spec spec = plain_spec();
    spec.disable_userns = true;
    return planned(spec);
}

// The same for a command that keeps a capability.
inline Plan capable_plan() {
    Spec spec = plain_spec();
    spec.capabilities = {{CapabilityChange::Kind::add, 5}};
    return planned(spec);
}

inline std::string verdict(const Plan& plan) { return error_of(check(plan)); }

// What check() says of a good plan after one change.
inline std::string broken(const std::function<void(Plan&)>& change, Plan plan = good_plan()) {
    REQUIRE(verdict(plan) == "no error");
    change(plan);
    const std::string text = verdict(plan);
    if (text == "no error") return text;
    REQUIRE(text.substr(0, std::string(prefix).size()) == prefix);
    return text.substr(std::string(prefix).size());
}

template <typename T>
std::vector<Step>::iterator find_step(std::vector<Step>& steps) {
    const auto found = std::find_if(steps.begin(), steps.end(),
                                    [](const Step& s) { return std::holds_alternative<T>(s); });
    REQUIRE(found != steps.end());
    return found;
}

template <typename T>
void remove_step(std::vector<Step>& steps) {
    steps.erase(find_step<T>(steps));
}

template <typename T>
void repeat_step(std::vector<Step>& steps) {
    const auto found = find_step<T>(steps);
    const Step copy = *found;
    steps.insert(found, copy);
}

inline void insert_at(std::vector<Step>& steps, std::ptrdiff_t at, Step step) {
    steps.insert(at < 0 ? steps.end() + at + 1 : steps.begin() + at, std::move(step));
}

/// As std::swap(), which for a variant of so many kinds is a function for each pair of them.
inline void exchange(Step& one, Step& other) {
    Step step = std::move(one);
    one = std::move(other);
    other = std::move(step);
}

/// Before the first step of kind T.
template <typename T>
void insert_before(std::vector<Step>& steps, Step step) {
    steps.insert(find_step<T>(steps), std::move(step));
}

}  // namespace sbx::test
