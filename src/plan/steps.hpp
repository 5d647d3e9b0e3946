// SPDX-License-Identifier: Apache-2.0
// Looking at the steps of a plan. Not for check(), which shares nothing with what it judges.
#pragma once

#include "base/text.hpp"

#include <sbx/plan.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sbx {

/// The first step of kind T, or null.
template <typename T>
const T* first_step(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
        if (const T* found = std::get_if<T>(&step)) return found;
    }
    return nullptr;
}

template <typename T>
bool has_step(const std::vector<Step>& steps) {
    return first_step<T>(steps) != nullptr;
}

/// Where a step does something inside; empty when it is not about a place.
inline std::string destination_of(const Step& step) {
    return std::visit(
        [](const auto& s) -> std::string {
            if constexpr (requires { s.destination; }) {
                return s.destination;
            } else {
                return {};
            }
        },
        step);
}

/// All namespaces that are made, with init or later.
inline NamespaceSet all_namespaces(const Plan& plan) {
    NamespaceSet out = plan.namespaces;
    if (const auto* second = first_step<step::EnterUserNamespace>(plan.setup)) {
        out.add(second->also);
    }
    return out;
}

/// A step, and where it is about, clean.
struct StepAt {
    const Step* step = nullptr;
    std::string place;
};

/// The steps of set-up before the one at `end` that are about the clean path `path` or one above
/// it, the last one first.
inline std::vector<StepAt> steps_around(const Plan& plan, std::size_t end,
                                        const std::string& path) {
    std::vector<StepAt> out;
    for (std::size_t i = std::min(end, plan.setup.size()); i > 0; --i) {
        const std::string destination = destination_of(plan.setup[i - 1]);
        if (destination.empty()) continue;
        std::string place = lexically_clean(destination);
        if (is_at_or_below(path, place)) out.push_back({&plan.setup[i - 1], std::move(place)});
    }
    return out;
}

/// Whether the command has a network of its own, in which there is nothing but loopback.
inline bool has_own_network(const Plan& plan) {
    return all_namespaces(plan).has(Namespace::network);
}

/// The same as a word, for programs.
inline const char* network_word(const Plan& plan) {
    return has_own_network(plan) ? "loopback" : "shared";
}

}  // namespace sbx
