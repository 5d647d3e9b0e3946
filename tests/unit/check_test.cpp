// SPDX-License-Identifier: Apache-2.0
// check(): a good plan passes, and each rule refuses the plan that breaks it and nothing else.
#include "support.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace sbx;
using namespace sbx::test;

namespace {

constexpr const char* prefix = "this plan would not be safe to run: ";

Plan planned(const Spec& spec, Who who = Who::user) {
    const auto plan = make_plan(spec, fake_host(spec, who));
    REQUIRE(plan);
    return *plan;
}

// A plan in which every rule has something to look at.
Plan good_plan() {
    Spec spec = plain_spec();
    spec.hostname = "inside";
    spec.filters = {{"filter", {0}}};
    return planned(spec);
}

// The same for a command that keeps a capability.
Plan capable_plan() {
    Spec spec = plain_spec();
    spec.capabilities = {{CapabilityChange::Kind::add, 5}};
    return planned(spec);
}

std::string verdict(const Plan& plan) { return error_of(check(plan)); }

// What check() says of a good plan after one change.
std::string broken(const std::function<void(Plan&)>& change, Plan plan = good_plan()) {
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

void insert_at(std::vector<Step>& steps, std::ptrdiff_t at, Step step) {
    steps.insert(at < 0 ? steps.end() + at + 1 : steps.begin() + at, std::move(step));
}

}  // namespace

TEST_CASE("check: plans of make_plan pass") {
    CHECK(verdict(good_plan()) == "no error");
    CHECK(verdict(capable_plan()) == "no error");
    for (const Who who : {Who::user, Who::root}) {
        CHECK(verdict(planned(plain_spec(), who)) == "no error");
        CHECK(verdict(planned(plain_bwrap_spec(), who)) == "no error");
    }
    CHECK_FALSE(check(Plan{}));
}

TEST_CASE("check: the mount namespace and the new root") {
    CHECK(broken([](Plan& p) { p.namespaces.remove(Namespace::mount); }) ==
          "it has no mount namespace");
    const std::string one = "there is exactly one new root";
    CHECK(broken([](Plan& p) { remove_step<step::MountRoot>(p.setup); }) == one);
    CHECK(broken([](Plan& p) { repeat_step<step::MountRoot>(p.setup); }) == one);
    const std::string last = "the last step of set-up enters the new root, for good";
    CHECK(broken([](Plan& p) { remove_step<step::EnterRoot>(p.setup); }) == last);
    CHECK(broken([](Plan& p) { repeat_step<step::EnterRoot>(p.setup); }) == last);
    CHECK(broken([](Plan& p) { insert_at(p.setup, -1, step::MakeDirectory{"/x", 0755}); }) == last);
    CHECK(broken([](Plan& p) {
              insert_at(p.setup, 1, step::MakeDirectory{"/x", 0755});
          }) == "a step works on the new root before it is there");
}

TEST_CASE("check: ids") {
    const std::string once = "ids are mapped exactly once when there is a user namespace";
    CHECK(broken([](Plan& p) { remove_step<step::MapIds>(p.setup); }) == once);
    CHECK(broken([](Plan& p) { repeat_step<step::MapIds>(p.setup); }) == once);
    CHECK(broken([](Plan& p) { p.namespaces.remove(Namespace::user); }) == once);
    CHECK(broken([](Plan& p) {
              const Step map = p.setup.front();
              p.setup.erase(p.setup.begin());
              insert_at(p.setup, 1, map);
          }) == "ids are mapped first");
}

TEST_CASE("check: steps in the half that they belong to") {
    CHECK(broken([](Plan& p) { insert_at(p.setup, -2, step::NoNewPrivileges{}); }) ==
          "a step of the seal is in set-up");
    CHECK(broken([](Plan& p) {
              insert_at(p.setup, -2, step::LoadFilter{{"x", {0}}});
          }) == "a step of the seal is in set-up");
    for (const Step& step : {Step(step::MapIds{}), Step(step::Bind{}), Step(step::EnterRoot{}),
                             Step(step::MakeDirectory{}), Step(step::MountRoot{})}) {
        INFO(describe(step));
        CHECK(broken([&](Plan& p) { insert_at(p.seal, 0, step); }) ==
              "a step of set-up is in the seal");
    }
    for (const Step& step : {Step(step::SetHostname{"x"}), Step(step::BringUpLoopback{})}) {
        CHECK(broken([&](Plan& p) { insert_at(p.seal, 0, step); }) == "no error");
    }
}

TEST_CASE("check: a new procfs shows the processes of a new pid namespace") {
    CHECK(broken([](Plan& p) { p.namespaces.remove(Namespace::pid); }) ==
          "a new procfs without a new pid namespace shows the caller's processes");
}

TEST_CASE("check: what the seal must do, once") {
    CHECK(broken([](Plan& p) { remove_step<step::NoNewPrivileges>(p.seal); }) ==
          "no_new_privs is set once");
    CHECK(broken([](Plan& p) { repeat_step<step::NoNewPrivileges>(p.seal); }) ==
          "no_new_privs is set once");
    CHECK(broken([](Plan& p) { remove_step<step::ChangeDirectory>(p.seal); }) ==
          "the directory is entered once");
    CHECK(broken([](Plan& p) { repeat_step<step::ChangeDirectory>(p.seal); }) ==
          "the directory is entered once");
    CHECK(broken([](Plan& p) { remove_step<step::CloseDescriptors>(p.seal); }) ==
          "descriptors are closed once");
    CHECK(broken([](Plan& p) { repeat_step<step::CloseDescriptors>(p.seal); }) ==
          "descriptors are closed once");
    CHECK(broken([](Plan& p) { remove_step<step::JoinSessionKeyring>(p.seal); }) ==
          "the keyring is replaced once");
    CHECK(broken([](Plan& p) { repeat_step<step::JoinSessionKeyring>(p.seal); }) ==
          "the keyring is replaced once");
    CHECK(broken([](Plan& p) { repeat_step<step::LimitCapabilities>(p.seal); }) ==
          "capabilities are limited once");
}

TEST_CASE("check: filters") {
    CHECK(broken([](Plan& p) {
              const Step filter = p.seal.back();
              p.seal.pop_back();
              insert_at(p.seal, 0, filter);
          }) == "a filter is loaded before no_new_privs is set");
    CHECK(broken([](Plan& p) { insert_at(p.seal, -1, step::NewSession{}); }) ==
          "something comes after the filters, which may forbid it");
    const std::string size = "a seccomp filter has between 1 and 4096 instructions";
    const auto resize = [](std::size_t count) {
        return [count](Plan& p) {
            std::get<step::LoadFilter>(p.seal.back()).filter.program.resize(count);
        };
    };
    CHECK(broken(resize(0)) == size);
    CHECK(broken(resize(4097)) == size);
    CHECK(broken(resize(4096)) == "no error");
    CHECK(broken([](Plan& p) { p.seal.push_back(p.seal.back()); }) == "no error");
    CHECK(broken([](Plan& p) { p.seal.pop_back(); }) == "no error");
}

TEST_CASE("check: the second user namespace") {
    CHECK(broken(
              [](Plan& p) {
                  const Step nested = p.seal.front();
                  p.seal.erase(p.seal.begin());
                  insert_at(p.seal, 1, nested);
              },
              capable_plan()) == "the second user namespace is entered before anything else");
}

TEST_CASE("check: a capability is not kept where the mounts are owned") {
    const std::string owner = "a capability is kept in the user namespace that owns the mounts";
    CHECK(broken([](Plan& p) { p.seal.erase(p.seal.begin()); }, capable_plan()) == owner);
    CHECK(broken(
              [](Plan& p) {
                  std::get<step::EnterUserNamespace>(p.seal.front()).also.remove(Namespace::mount);
              },
              capable_plan()) == owner);
    CHECK(broken([](Plan& p) {
              std::get<step::LimitCapabilities>(*find_step<step::LimitCapabilities>(p.seal)).keep =
                  1;
          }) == owner);
    CHECK(broken([](Plan& p) { remove_step<step::LimitCapabilities>(p.seal); }) ==
          "capabilities are not limited");
}

TEST_CASE("check: words") {
    CHECK(broken([](Plan& p) { p.argv.clear(); }) == "it has no command");
    CHECK(broken([](Plan& p) { p.executables.clear(); }) == "it has no command");
    const std::string nul("a\0b", 3);
    const std::string message = "a word has a NUL byte in it";
    CHECK(broken([&](Plan& p) { p.argv.push_back(nul); }) == message);
    CHECK(broken([&](Plan& p) { p.executables.push_back(nul); }) == message);
    CHECK(broken([&](Plan& p) { p.environment.push_back(nul); }) == message);
}

TEST_CASE("check: a path with a NUL byte would be another one than the plan says") {
    const std::string nul("/a\0b", 4);
    const std::string message = "a word has a NUL byte in it";
    for (const Step& step :
         {Step(step::Bind{nul, "/a", "/b", Access::read_only, NodeKind::directory}),
          Step(step::Bind{"/a", nul, "/b", Access::read_only, NodeKind::directory}),
          Step(step::Bind{"/a", "/a", nul, Access::read_only, NodeKind::directory}),
          Step(step::MakeDirectory{nul, 0755}), Step(step::MakeSymlink{nul, "/l"})}) {
        INFO(describe(step));
        CHECK(broken([&](Plan& p) { insert_at(p.setup, -2, step); }) == message);
    }
}
