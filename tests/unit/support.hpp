// SPDX-License-Identifier: Apache-2.0
// What unit tests share: words to Spec and Plan, and looking at steps.
#pragma once

#include "cli/dialect.hpp"
#include "cli/option_list.hpp"
#include "cli/spec_builder.hpp"
#include "fake_host.hpp"

#include <sbx/plan.hpp>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

// Once, in support.cpp: in every test they are most of what there is to compile.
extern template class std::vector<sbx::Step>;
extern template class std::vector<sbx::Entry>;

namespace sbx::test {

using Words = std::vector<std::string>;

template <typename T>
std::string error_of(const Result<T>& result) {
    return result ? "no error" : result.error().message;
}

/// What the options in `words` ask for. No policy, unless `dialect` says one.
inline Result<Spec> spec_of(const Words& words, const cli::Dialect& dialect) {
    const auto line = cli::read_command_line(words, dialect);
    cli::SpecBuilder builder(dialect);
    if (auto added = builder.add(line); !added) return added.error();
    return builder.finish();
}

inline cli::Dialect sbx_without_policy() {
    cli::Dialect dialect = cli::sbx_dialect();
    dialect.policy = "none";
    return dialect;
}

inline Result<Spec> sbx_spec(const Words& words) { return spec_of(words, sbx_without_policy()); }
inline Result<Spec> bwrap_spec(const Words& words) { return spec_of(words, cli::bwrap_dialect()); }

/// The message that `words` give in the sbx dialect.
inline std::string sbx_error(const Words& words) { return error_of(sbx_spec(words)); }

/// A Spec with the least in it that can be planned. Without a filter it would get a second user
/// namespace; that, Landlock, sizes and root's view of procfs are looked at by tests of their own.
inline Spec plain_spec() {
    Spec spec;
    spec.tmpfs_limits = TmpfsLimits::kernel;
    spec.root_files = RootFiles::show;
    spec.nested_userns = NestedUserns::allow;
    spec.landlock = Landlock::off;
    spec.command = {"true"};
    return spec;
}

inline Spec plain_bwrap_spec() {
    Spec spec = cli::bwrap_dialect().defaults;
    spec.command = {"true"};
    return spec;
}

template <typename T>
std::vector<T> steps_of(const std::vector<Step>& steps) {
    std::vector<T> out;
    for (const Step& step : steps) {
        if (const auto* one = std::get_if<T>(&step)) out.push_back(*one);
    }
    return out;
}

template <typename T>
bool has_step(const std::vector<Step>& steps) {
    return !steps_of<T>(steps).empty();
}

inline Words sentences(const std::vector<Step>& steps) {
    Words out;
    for (const Step& step : steps) out.push_back(describe(step));
    return out;
}

inline bool contains(const Words& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// The index of the first step of `steps` that reads `sentence`, or their number.
inline std::size_t place_of(const std::vector<Step>& steps, const std::string& sentence) {
    const Words all = sentences(steps);
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), sentence) - all.begin());
}

}  // namespace sbx::test
