// SPDX-License-Identifier: Apache-2.0
// Looking at the steps of a plan. Not for check(), which shares nothing with what it judges.
#pragma once

#include <sbx/plan.hpp>

#include <string>
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

/// Whether the command has a network of its own, in which there is nothing but loopback.
inline bool has_own_network(const Plan& plan) {
    return all_namespaces(plan).has(Namespace::network);
}

}  // namespace sbx
