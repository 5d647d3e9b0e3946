// SPDX-License-Identifier: Apache-2.0
// describe_json(): read back, it says what the plan says. The whole of it is in tests/plans.
#include "json_tree.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <utility>

using namespace sbx;

namespace {

using Tree = test::JsonTree;

Tree read_back(const std::string& text) { return Tree(text); }

template <std::size_t... indices>
std::vector<Step> one_of_each(std::index_sequence<indices...>) {
    return {Step(std::in_place_index<indices>)...};
}

// The object of the one step of a plan.
Tree object_of(const Step& step) {
    Plan plan;
    plan.setup = {step};
    return read_back(describe_json(plan)).get_child("setup").front().second;
}

std::vector<std::string> items(const Tree& array) {
    std::vector<std::string> out;
    for (const auto& [key, item] : array) out.push_back(item.data());
    return out;
}

}  // namespace

TEST_CASE("each kind of step has a kind of its own as JSON, and its sentence") {
    std::set<std::string> seen;
    for (const Step& step : one_of_each(std::make_index_sequence<std::variant_size_v<Step>>())) {
        const Tree object = object_of(step);
        const std::string kind = object.get<std::string>("kind");
        INFO(kind);
        CHECK(kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos);
        CHECK(seen.insert(kind).second);
        CHECK(object.get<std::string>("text") == describe(step));
    }
}

TEST_CASE("steps have the same numbers as JSON as in the text") {
    const Spec spec = test::plain_spec();
    const auto plan = make_plan(spec, test::fake_host(spec));
    REQUIRE(plan);
    const std::string text = describe(*plan);
    const Tree json = read_back(describe_json(*plan));
    std::size_t count = 0;
    for (const char* half : {"setup", "seal"}) {
        for (const auto& [key, step] : json.get_child(half)) {
            ++count;
            CHECK(step.get<std::size_t>("step") == count);
            CHECK(text.find("\n  " + std::to_string(count) + ". " + step.get<std::string>("text") +
                            "\n") != std::string::npos);
        }
    }
    CHECK(count == plan->setup.size() + plan->seal.size());
}

TEST_CASE("what a step has is in its JSON by name") {
    const Tree bind =
        object_of(step::Bind{"rel", "/real/rel", "/d", Access::device, NodeKind::other});
    CHECK(bind.get<std::string>("source") == "rel");
    CHECK(bind.get<std::string>("path") == "/real/rel");
    CHECK(bind.get<std::string>("destination") == "/d");
    CHECK(bind.get<std::string>("access") == "device");
    CHECK(bind.get<std::string>("node") == "other");
    CHECK(bind.get<std::string>("found") == "null");
    const Tree found = object_of(step::Bind{".", "/here", "/d", Access::device, NodeKind::other,
                                            Found{".", 2049, UINT64_MAX}});
    CHECK(found.get<std::string>("found.relative") == ".");
    CHECK(found.get<std::uint64_t>("found.device") == 2049);
    CHECK(found.get<std::uint64_t>("found.inode") == UINT64_MAX);
    const Tree tmpfs = object_of(step::MountTmpfs{"/t", 01777, UINT64_MAX, 7});
    CHECK(tmpfs.get<std::string>("inodes") == "7");
    CHECK(tmpfs.get<std::string>("mode") == "1777");
    CHECK(tmpfs.get<std::uint64_t>("size") == UINT64_MAX);
    CHECK(object_of(step::MountTmpfs{"/t", 0755, {}, {}}).get<std::string>("size") == "null");
    const Tree map = object_of(step::MapIds{"0 1000 1\n1 100000 65536\n", "0 1001 1\n"});
    REQUIRE(map.get_child("uid_map").size() == 2);
    CHECK(map.get_child("uid_map").back().second.get<unsigned>("outside") == 100000);
    CHECK(map.get_child("uid_map").back().second.get<unsigned>("count") == 65536);
    CHECK(map.get_child("gid_map").front().second.get<unsigned>("outside") == 1001);
    CHECK(object_of(step::Guard{entry::Guard::Kind::protect, "/g"}).get<std::string>("kind") ==
          "protect");
    const Tree limit = object_of(step::LimitCapabilities{0b1010, 0b1000, {"cap_a", "cap_b"}, 41});
    CHECK(items(limit.get_child("keep")) == std::vector<std::string>{"cap_a", "cap_b"});
    CHECK(items(limit.get_child("ambient")) == std::vector<std::string>{"cap_b"});
    const Tree landlock = object_of(step::EnforceLandlock{0xffff, 2, {{"/", 0b1101}}, {0, 7}});
    CHECK(items(landlock.get_child("files")).size() == 16);
    CHECK(items(landlock.get_child("scopes")) == std::vector<std::string>{"signal"});
    CHECK(items(landlock.get_child("rules").front().second.get_child("access")) ==
          std::vector<std::string>{"execute", "read_file", "read_dir"});
    const Tree filter = object_of(step::LoadFilter{{"default", {1, 2, 3}, true}});
    CHECK(filter.get<int>("instructions") == 3);
    CHECK(filter.get<bool>("denies_user_namespaces"));
}
