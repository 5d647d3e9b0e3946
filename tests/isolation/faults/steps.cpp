// SPDX-License-Identifier: Apache-2.0
#include "steps.hpp"

#include "cli/command_line.hpp"
#include "cli/dialect.hpp"
#include "cli/spec_builder.hpp"

#include <sbx/host.hpp>
#include <sbx/plan.hpp>

#include <cxxabi.h>

#include <cstdlib>
#include <iostream>
#include <typeinfo>
#include <utility>
#include <variant>

namespace faults {
namespace {

template <typename T>
std::string name_of() {
    char* name = abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, nullptr);
    std::string out = name;
    std::free(name);
    return out;
}

template <std::size_t... index>
std::vector<std::string> names(std::index_sequence<index...> /*all*/) {
    return {name_of<std::variant_alternative_t<index, sbx::Step>>()...};
}

}  // namespace

std::vector<std::string> kinds_of_steps() {
    return names(std::make_index_sequence<std::variant_size_v<sbx::Step>>());
}

int print_kinds(const std::string& called, const std::vector<std::string>& words) {
    const sbx::cli::Dialect dialect = sbx::cli::dialect_for(called);
    sbx::cli::SpecBuilder builder(dialect);
    const auto added = builder.add(sbx::cli::parse_words(words, dialect));
    const auto fail = [](const sbx::Error& error) {
        std::cerr << error.message << "\n";
        return EXIT_FAILURE;
    };
    if (!added) return fail(added.error());
    const auto spec = builder.finish();
    if (!spec) return fail(spec.error());
    const auto host = sbx::probe_host(*spec);
    if (!host) return fail(host.error());
    const auto plan = sbx::make_plan(*spec, *host);
    if (!plan) return fail(plan.error());
    const std::vector<std::string> kinds = kinds_of_steps();
    for (const auto* steps : {&plan->setup, &plan->seal}) {
        for (const sbx::Step& step : *steps) std::cout << kinds[step.index()] << "\n";
    }
    return EXIT_SUCCESS;
}

}  // namespace faults
