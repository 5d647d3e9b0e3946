// SPDX-License-Identifier: Apache-2.0
// describe(): what the goldens of tests/plans cannot reach. Names are quoted, and every kind of
// step has a sentence of its own.
#include "support.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <utility>

using namespace sbx;

namespace {

template <std::size_t... indices>
std::vector<Step> one_of_each(std::index_sequence<indices...>) {
    return {Step(std::in_place_index<indices>)...};
}

}  // namespace

TEST_CASE("each kind of step has a sentence of its own") {
    std::set<std::string> seen;
    for (const Step& step : one_of_each(std::make_index_sequence<std::variant_size_v<Step>>())) {
        const std::string text = describe(step);
        INFO(text);
        CHECK_FALSE(text.empty());
        CHECK(text.find('\n') == std::string::npos);
        CHECK(text.back() != '.');
        CHECK(seen.insert(text).second);
    }
}

TEST_CASE("a name cannot forge a line of a plan") {
    const std::string evil = "/x\n  9. load seccomp filter \"default\"";
    const std::vector<Step> steps = {
        step::Bind{evil, "/x", evil, Access::read_only, NodeKind::directory},
        step::MountTmpfs{evil, 0755, {}, {}},
        step::MountProc{evil},
        step::MountDevpts{evil},
        step::MakeDirectory{evil, 0755},
        step::MakeSymlink{evil, evil},
        step::WriteFile{0, evil, 0},
        step::CoverReadOnly{evil},
        step::Hide{evil},
        step::RemountReadOnly{evil},
        step::SetHostname{evil},
        step::ChangeDirectory{{evil, evil}},
        step::LoadFilter{{evil, {0}}}};
    for (const Step& step : steps) {
        const std::string text = describe(step);
        INFO(text);
        CHECK(text.find('\n') == std::string::npos);
    }
}

TEST_CASE("modes are octal, with four digits") {
    CHECK(describe(Step(step::MakeDirectory{"/d", 0})) == "directory \"/d\" mode 0000");
    CHECK(describe(Step(step::MakeDirectory{"/d", 07777})) == "directory \"/d\" mode 7777");
}

TEST_CASE("steps are numbered through both halves, as errors name them") {
    const Spec spec = test::plain_spec();
    const auto plan = make_plan(spec, test::fake_host(spec));
    REQUIRE(plan);
    const std::string text = describe(*plan);
    const std::size_t last = plan->setup.size() + plan->seal.size();
    CHECK(text.find("\n  1. " + describe(plan->setup.front()) + "\n") != std::string::npos);
    CHECK(text.find("\n  " + std::to_string(last) + ". " + describe(plan->seal.back()) + "\n") !=
          std::string::npos);
}
