// SPDX-License-Identifier: Apache-2.0
// make_plan: who the command is inside, what it may do, and which namespaces there are.
#include "plan_support.hpp"

#include <catch2/catch.hpp>

using namespace sbx;
using namespace sbx::test;

namespace {

step::MapIds map_of(const Plan& plan) {
    const auto maps = steps_of<step::MapIds>(plan.setup);
    REQUIRE(maps.size() == 1);
    return maps.front();
}

step::EnterUserNamespace nested_of(const Plan& plan) {
    const auto nested = steps_of<step::EnterUserNamespace>(plan.setup);
    REQUIRE(nested.size() == 1);
    return nested.front();
}

step::LimitCapabilities limit_of(const Plan& plan) {
    const auto limits = steps_of<step::LimitCapabilities>(plan.seal);
    REQUIRE(limits.size() == 1);
    return limits.front();
}

void add_capability(Spec& spec, std::optional<unsigned> which) {
    spec.capabilities.push_back({CapabilityChange::Kind::add, which});
}

void drop_capability(Spec& spec, std::optional<unsigned> which) {
    spec.capabilities.push_back({CapabilityChange::Kind::drop, which});
}

constexpr unsigned cap_kill = 5;
constexpr unsigned cap_sys_admin = 21;

}  // namespace

TEST_CASE("the caller is root inside, in the sbx dialect") {
    const Plan plan = planned(plain_spec());
    CHECK(map_of(plan).uid_map == "0 1000 1\n");
    CHECK(map_of(plan).gid_map == "0 1001 1\n");
    CHECK_FALSE(has_step<step::EnterUserNamespace>(plan.setup));
    CHECK(limit_of(plan).keep == 0);
    CHECK(limit_of(plan).count == fake_capability_names().size());
    CHECK(plan.namespaces == plain_spec().unshare);
}

TEST_CASE("the caller is itself, in the bwrap dialect") {
    const Plan plan = planned(plain_bwrap_spec());
    CHECK(map_of(plan).uid_map == "1000 1000 1\n");
    CHECK(map_of(plan).gid_map == "1001 1001 1\n");
    CHECK_FALSE(has_step<step::EnterUserNamespace>(plan.setup));
    CHECK(plan.namespaces == (Namespace::mount | Namespace::user));
    CHECK(limit_of(plan).keep == 0);
}

TEST_CASE("devpts needs root: another id is given by a second user namespace") {
    Spec spec = plain_spec();
    spec.identity = Identity::current;
    Plan plan = planned(spec);
    CHECK(map_of(plan).uid_map == "0 1000 1\n");
    CHECK(nested_of(plan).uid_map == "1000 0 1\n");
    CHECK(nested_of(plan).gid_map == "1001 0 1\n");
    CHECK(nested_of(plan).also.empty());
    CHECK(plan.namespaces == spec.unshare);

    spec.given = GivenTree::none;
    plan = planned(spec);
    CHECK(map_of(plan).uid_map == "1000 1000 1\n");
    CHECK_FALSE(has_step<step::EnterUserNamespace>(plan.setup));

    spec.entries = {entry::Dev{"/dev"}};
    plan = planned(spec);
    CHECK(nested_of(plan).uid_map == "1000 0 1\n");
}

TEST_CASE("the owner of the message queues mounts them, whoever keeps a capability") {
    Spec spec = plain_spec();
    spec.capabilities = {{CapabilityChange::Kind::add, 12}};
    CHECK(nested_of(planned(spec)).also.has(Namespace::ipc));
    CHECK_FALSE(planned(spec).namespaces.has(Namespace::ipc));
    spec.entries = {entry::Mqueue{"/q"}};
    CHECK_FALSE(nested_of(planned(spec)).also.has(Namespace::ipc));
    CHECK(planned(spec).namespaces.has(Namespace::ipc));
}

TEST_CASE("a group of its own is enough for a second user namespace") {
    Spec spec = plain_spec();
    spec.gid = 5;
    const Plan plan = planned(spec);
    CHECK(map_of(plan).gid_map == "0 1001 1\n");
    CHECK(nested_of(plan).uid_map == "0 0 1\n");
    CHECK(nested_of(plan).gid_map == "5 0 1\n");
}

TEST_CASE("--uid and --gid win over the identity") {
    Spec spec = plain_bwrap_spec();
    spec.uid = 4294967294U;
    CHECK(map_of(planned(spec)).uid_map == "4294967294 1000 1\n");
    CHECK(map_of(planned(spec)).gid_map == "1001 1001 1\n");
    spec.identity = Identity::root;
    spec.gid = 7;
    CHECK(map_of(planned(spec)).uid_map == "4294967294 1000 1\n");
    CHECK(map_of(planned(spec)).gid_map == "7 1001 1\n");
}

TEST_CASE("a capability is kept in a user namespace that does not own the mounts") {
    Spec spec = plain_spec();
    add_capability(spec, cap_sys_admin);
    const Plan plan = planned(spec);
    CHECK(limit_of(plan).keep == std::uint64_t{1} << cap_sys_admin);
    CHECK(limit_of(plan).names == Words{"cap_sys_admin"});
    const step::EnterUserNamespace nested = nested_of(plan);
    CHECK(std::holds_alternative<step::EnterUserNamespace>(
        plan.setup[place_of(plan.setup, "enter the new root and detach the old one") + 1]));
    for (const Namespace one :
         {Namespace::mount, Namespace::network, Namespace::uts, Namespace::ipc}) {
        CHECK(nested.also.has(one));
    }
    // Its owner could mount the host's cgroups and change them.
    CHECK_FALSE(nested.also.has(Namespace::cgroup));
    CHECK_FALSE(nested.also.has(Namespace::user));
    CHECK_FALSE(nested.also.has(Namespace::pid));
    CHECK(plan.namespaces ==
          (Namespace::user | Namespace::mount | Namespace::pid | Namespace::cgroup));
}

TEST_CASE("namespaces that are shared are not made with the second user namespace either") {
    Spec spec = plain_spec();
    spec.unshare.remove(Namespace::network);
    add_capability(spec, cap_kill);
    const Plan plan = planned(spec);
    CHECK_FALSE(nested_of(plan).also.has(Namespace::network));
    CHECK_FALSE(has_step<step::BringUpLoopback>(plan.setup));
    CHECK_FALSE(has_step<step::BringUpLoopback>(plan.seal));
}

TEST_CASE("changes of capabilities act in order") {
    Spec spec = plain_spec();
    add_capability(spec, std::nullopt);
    drop_capability(spec, cap_sys_admin);
    const std::uint64_t all = (std::uint64_t{1} << fake_capability_names().size()) - 1;
    CHECK(limit_of(planned(spec)).keep == (all & ~(std::uint64_t{1} << cap_sys_admin)));
    CHECK(limit_of(planned(spec)).names.size() == fake_capability_names().size() - 1);
    drop_capability(spec, std::nullopt);
    CHECK(limit_of(planned(spec)).keep == 0);
    CHECK_FALSE(has_step<step::EnterUserNamespace>(planned(spec).setup));
    add_capability(spec, cap_kill);
    CHECK(limit_of(planned(spec)).names == Words{"cap_kill"});
}

TEST_CASE("a kernel with 64 capabilities") {
    Spec spec = plain_spec();
    add_capability(spec, std::nullopt);
    Host host = fake_host(spec);
    host.capability_names.clear();
    for (int i = 0; i < 64; ++i) host.capability_names.push_back("cap_" + std::to_string(i));
    const auto plan = make_plan(spec, host);
    REQUIRE(plan);
    CHECK(limit_of(*plan).keep == ~std::uint64_t{0});
    CHECK(limit_of(*plan).names.size() == 64);
}

TEST_CASE("whoever owns the network and the host name sets them up") {
    Spec spec = plain_spec();
    spec.hostname = "inside";
    Plan plan = planned(spec);
    const auto place = [&](const char* sentence) { return place_of(plan.setup, sentence); };
    const char* root = "mount a tmpfs as the new root";
    CHECK(place("bring up the loopback device") == plan.setup.size() - 1);
    CHECK(place("set hostname \"inside\"") < place(root));

    add_capability(spec, cap_kill);
    plan = planned(spec);
    const std::size_t nested = place_of(plan.setup, describe(Step(nested_of(plan))));
    CHECK(place("bring up the loopback device") > nested);
    CHECK(place("set hostname \"inside\"") > nested);
    CHECK(steps_of<step::BringUpLoopback>(plan.setup).size() == 1);
    CHECK(steps_of<step::SetHostname>(plan.setup).size() == 1);
}

TEST_CASE("a shared network is left alone") {
    CHECK_FALSE(has_step<step::BringUpLoopback>(planned(plain_bwrap_spec()).setup));
}

TEST_CASE("an ordinary user cannot share the user namespace") {
    Spec spec = plain_spec();
    spec.unshare.remove(Namespace::user);
    CHECK(refused(spec) ==
          "only root can share the user namespace: an ordinary user gets the rights to mount from "
          "a new one; leave out --share-user");
}

TEST_CASE("root in the sbx dialect") {
    const Plan plan = planned(plain_spec(), Who::root);
    CHECK(map_of(plan).uid_map == "0 0 1\n");
    CHECK(limit_of(plan).keep == 0);
    Spec spec = plain_spec();
    spec.unshare.remove(Namespace::user);
    const Plan shared = planned(spec, Who::root);
    CHECK_FALSE(shared.namespaces.has(Namespace::user));
    CHECK_FALSE(has_step<step::MapIds>(shared.setup));
    CHECK(limit_of(shared).keep == 0);
    add_capability(spec, cap_kill);
    CHECK(refused(spec, Who::root).find("--cap-add with --share-user") == 0);
}

TEST_CASE("a capability that nobody knows is refused") {
    Spec spec = plain_spec();
    for (const unsigned number : {41U, 64U, 4294967295U}) {
        add_capability(spec, number);
        CHECK(refused(spec).find("is not known here") != std::string::npos);
        spec.capabilities.clear();
    }
}

TEST_CASE("root in the bwrap dialect keeps what it has, unless it says otherwise") {
    Spec spec = plain_bwrap_spec();
    const Plan plan = planned(spec, Who::root);
    CHECK(plan.namespaces == NamespaceSet(Namespace::mount));
    CHECK_FALSE(has_step<step::MapIds>(plan.setup));
    CHECK(limit_of(plan).keep == (std::uint64_t{1} << fake_capability_names().size()) - 1);
    CHECK(limit_of(plan).ambient == 0);
    CHECK(contains(sentences(plan.seal), "keep root's capabilities"));
    drop_capability(spec, cap_kill);
    const Plan dropped = planned(spec, Who::root);
    CHECK(limit_of(dropped).keep != 0);
    CHECK((limit_of(dropped).keep >> cap_kill & 1U) == 0);
}

TEST_CASE("ids inside need a user namespace") {
    Spec spec = plain_bwrap_spec();
    spec.uid = 1;
    CHECK(refused(spec, Who::root) == "Specifying --uid requires --unshare-user or --userns");
    spec.uid.reset();
    spec.gid = 1;
    CHECK(refused(spec, Who::root) == "Specifying --gid requires --unshare-user or --userns");
    spec.unshare.add(Namespace::user);
    CHECK(map_of(planned(spec, Who::root)).gid_map != "");
    CHECK(refused(spec) == "no error");
}

TEST_CASE("options that need a namespace") {
    Spec spec = plain_bwrap_spec();
    spec.as_pid_1 = true;
    CHECK(refused(spec) == "Specifying --as-pid-1 requires --unshare-pid");
    spec.unshare.add(Namespace::pid);
    CHECK(refused(spec) == "no error");
    spec.hostname = "x";
    CHECK(refused(spec) == "Specifying --hostname requires --unshare-uts");
    spec.unshare.add(Namespace::uts);
    CHECK(refused(spec) == "no error");
}

TEST_CASE("a kernel that is too old is named") {
    const Spec spec = plain_spec();
    Host host = fake_host(spec);
    host.kernel = {5, 11};
    CHECK(error_of(make_plan(spec, host)) ==
          "this kernel is Linux 5.11, and sbx needs 5.12 or later (for mount_setattr); boot a "
          "newer one");
    host.kernel = {4, 20};
    CHECK_FALSE(make_plan(spec, host));
    host.kernel = {5, 12};
    CHECK(make_plan(spec, host));
    host.kernel = {10, 0};
    CHECK(make_plan(spec, host));
}

TEST_CASE("no command") { CHECK(refused(Spec{}) == "no command given; put one after the options"); }
