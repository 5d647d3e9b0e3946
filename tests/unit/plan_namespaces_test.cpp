// SPDX-License-Identifier: Apache-2.0
// make_plan: namespaces that the caller made, ids that the caller maps, and user namespaces that
// are switched off, each with and without capabilities, for an ordinary user and for root.
#include "plan_support.hpp"

#include <catch2/catch.hpp>

using namespace sbx;
using namespace sbx::test;

namespace {

constexpr unsigned cap_kill = 5;

Spec with_capability(Spec spec) {
    spec.capabilities.push_back({CapabilityChange::Kind::add, cap_kill});
    return spec;
}

Spec without_capabilities(Spec spec) {
    spec.capabilities.push_back({CapabilityChange::Kind::drop, std::nullopt});
    return spec;
}

Spec entering() {
    Spec spec = plain_bwrap_spec();
    spec.userns_fd = 7;
    return spec;
}

Spec waiting() {
    Spec spec = plain_bwrap_spec();
    spec.unshare.add(Namespace::user);
    spec.userns_block_fd = 7;
    spec.info_fd = 8;
    return spec;
}

Spec prepared() {
    Spec spec = plain_bwrap_spec();
    spec.unshare.add(Namespace::user);
    spec.userns2_fd = 7;
    return spec;
}

Spec disabled() {
    Spec spec = plain_bwrap_spec();
    spec.unshare.add(Namespace::user);
    spec.disable_userns = true;
    return spec;
}

// The second user namespace, if there is one.
std::optional<step::EnterUserNamespace> nested_of(const Plan& plan) {
    const auto steps = steps_of<step::EnterUserNamespace>(plan.setup);
    REQUIRE(steps.size() <= 1);
    return steps.empty() ? std::nullopt : std::optional(steps.front());
}

step::LimitCapabilities limit_of(const Plan& plan) {
    const auto limits = steps_of<step::LimitCapabilities>(plan.seal);
    REQUIRE(limits.size() == 1);
    return limits.front();
}

// Sentences of set-up after the new root was entered.
Words last_words(const Plan& plan) {
    const Words all = sentences(plan.setup);
    const auto entered =
        std::find(all.begin(), all.end(), "enter the new root and detach the old one");
    REQUIRE(entered != all.end());
    return {entered + 1, all.end()};
}

constexpr std::uint64_t kill_bit = std::uint64_t{1} << cap_kill;

}  // namespace

TEST_CASE("a user namespace of the caller's is entered with the ids that were asked for, or none") {
    for (const Who who : {Who::user, Who::root}) {
        const Plan plan = planned(entering(), who);
        CHECK(plan.userns_fd == 7);
        CHECK_FALSE(plan.namespaces.has(Namespace::user));
        CHECK_FALSE(has_step<step::MapIds>(plan.setup));
        const auto ids = steps_of<step::SetIds>(plan.setup);
        REQUIRE(ids.size() == 1);
        CHECK_FALSE(ids[0].uid);
        CHECK_FALSE(ids[0].gid);
        CHECK(std::holds_alternative<step::SetIds>(plan.setup.front()));

        Spec spec = entering();
        spec.uid = 5;
        spec.gid = 6;
        CHECK(steps_of<step::SetIds>(planned(spec, who).setup).at(0).uid == 5U);
        CHECK(steps_of<step::SetIds>(planned(spec, who).setup).at(0).gid == 6U);
    }
    CHECK_FALSE(has_step<step::SetIds>(planned(plain_bwrap_spec()).setup));
}

TEST_CASE("a capability is kept below the user namespace that is entered") {
    CHECK(limit_of(planned(entering())).keep == 0);
    CHECK_FALSE(nested_of(planned(entering())));
    for (const Who who : {Who::user, Who::root}) {
        const Plan plan = planned(with_capability(entering()), who);
        CHECK((limit_of(plan).keep & kill_bit) != 0);
        CHECK(limit_of(plan).ambient == limit_of(plan).keep);
        const auto nested = nested_of(plan);
        REQUIRE(nested);
        CHECK(nested->also.has(Namespace::mount));
        CHECK(nested->uid_map.empty());  // whatever ids the caller has given to it
        CHECK(nested->gid_map.empty());
        const Plan none = planned(without_capabilities(entering()), who);
        CHECK(limit_of(none).keep == 0);
        CHECK_FALSE(nested_of(none));
    }
}

TEST_CASE("--userns goes with no option that makes one") {
    Spec spec = entering();
    spec.unshare.add(Namespace::user);
    CHECK(refused(spec) == "--userns not compatible --unshare-user");
    CHECK(refused(spec, Who::root) == "--userns not compatible --unshare-user");
    spec = entering();
    spec.unshare_try.add(Namespace::user);
    CHECK(refused(spec) == "--userns not compatible --unshare-user-try");
    CHECK(refused(entering()) == "no error");
    spec = entering();
    spec.disable_userns = true;
    CHECK(refused(spec) == "--disable-userns requires --unshare-user");
}

TEST_CASE("ids that the caller maps are waited for before anything else") {
    for (const Who who : {Who::user, Who::root}) {
        for (const Spec& spec : {waiting(), with_capability(waiting())}) {
            const Plan plan = planned(spec, who);
            CHECK(plan.namespaces.has(Namespace::user));
            CHECK(plan.userns_block_fd == 7);
            CHECK_FALSE(has_step<step::MapIds>(plan.setup));
            const auto announced = steps_of<step::Announce>(plan.setup);
            REQUIRE(announced.size() == 1);
            CHECK(announced[0].awaits_ids);
            CHECK(std::holds_alternative<step::Announce>(plan.setup.front()));
        }
    }
    // --uid has no meaning then, and no second namespace gives it one.
    Spec spec = waiting();
    spec.uid = 5;
    spec.entries = {entry::Dev{"/dev"}};
    CHECK_FALSE(nested_of(planned(spec)));
}

TEST_CASE("ids that the caller maps are those of the second namespace too") {
    const Plan plan = planned(with_capability(waiting()));
    const auto nested = nested_of(plan);
    REQUIRE(nested);
    CHECK(nested->also == NamespaceSet(Namespace::mount));
    CHECK(nested->uid_map.empty());
    CHECK(nested->gid_map.empty());
    CHECK_FALSE(nested_of(planned(waiting())));
    // What the caller was told of stays what the command has.
    Spec spec = with_capability(waiting());
    spec.unshare.add(Namespace::network | Namespace::uts);
    CHECK(nested_of(planned(spec))->also == NamespaceSet(Namespace::mount));
    CHECK(planned(spec).namespaces.has(Namespace::network));
}

TEST_CASE("what --userns-block-fd needs") {
    for (const Who who : {Who::user, Who::root}) {
        Spec spec = waiting();
        spec.info_fd.reset();
        CHECK(refused(spec, who) == "--userns-block-fd requires --info-fd");
        spec = waiting();
        spec.unshare.remove(Namespace::user);
        CHECK(refused(spec, who) == "--userns-block-fd requires --unshare-user");
        spec.unshare_try.add(Namespace::user);
        CHECK(refused(spec, who) == "--userns-block-fd requires --unshare-user");
        spec = waiting();
        spec.disable_userns = true;
        CHECK(refused(spec, who) == "--disable-userns is not compatible with --userns-block-fd");
    }
}

TEST_CASE("a user namespace that the caller prepared is entered last, in place of our own") {
    for (const Who who : {Who::user, Who::root}) {
        const Plan plan = planned(prepared(), who);
        CHECK(last_words(plan) == Words{"enter the user namespace of descriptor 7"});
        CHECK(has_step<step::MapIds>(plan.setup));
        CHECK(limit_of(plan).keep == (who == Who::user ? 0 : (std::uint64_t{1} << 41U) - 1));
        const Plan capable = planned(with_capability(without_capabilities(prepared())), who);
        CHECK(limit_of(capable).keep == kill_bit);
        CHECK_FALSE(nested_of(capable));
    }
}

TEST_CASE("what no user namespace can be made in is a second one, and it is verified") {
    for (const Who who : {Who::user, Who::root}) {
        for (const Spec& spec : {without_capabilities(disabled()), with_capability(disabled())}) {
            const Plan plan = planned(spec, who);
            const Words words = last_words(plan);
            REQUIRE(words.size() >= 3);
            CHECK(words.front() == "allow one more user namespace and none after it");
            CHECK(words[1].find("enter a second user namespace") == 0);
            CHECK(words.back() == "see that no user namespace can be made");
        }
    }
    const Plan plain = planned(disabled());
    CHECK(steps_of<step::MapIds>(plain.setup).at(0).uid_map == "0 1000 1\n");
    CHECK(nested_of(plain)->uid_map == "1000 0 1\n");
    CHECK(nested_of(plain)->also.empty());
    CHECK(nested_of(planned(with_capability(disabled())))->also.has(Namespace::mount));
}

TEST_CASE("--disable-userns needs --unshare-user, and not one that may be left out") {
    for (const Who who : {Who::user, Who::root}) {
        Spec spec = disabled();
        spec.unshare.remove(Namespace::user);
        CHECK(refused(spec, who) == "--disable-userns requires --unshare-user");
        spec.unshare_try.add(Namespace::user);
        CHECK(refused(spec, who) == "--disable-userns requires --unshare-user");
        CHECK(refused(disabled(), who) == "no error");
    }
}

TEST_CASE("user namespaces are limited in the one that the caller prepared as well") {
    Spec spec = prepared();
    spec.disable_userns = true;
    for (const Who who : {Who::user, Who::root}) {
        const Words words = last_words(planned(spec, who));
        REQUIRE(words.size() == 4);
        CHECK(words[0] == "enter the user namespace of descriptor 7");
        CHECK(words[1] == "allow one more user namespace and none after it");
        CHECK(words[2].find("enter a second user namespace") == 0);
        CHECK(words[3] == "see that no user namespace can be made");
    }
}

TEST_CASE("--assert-userns-disabled looks, and changes nothing") {
    Spec spec = plain_bwrap_spec();
    spec.assert_userns_disabled = true;
    CHECK(last_words(planned(spec)) == Words{"see that no user namespace can be made"});
    CHECK(last_words(planned(spec, Who::root)) == Words{"see that no user namespace can be made"});
    Spec both = disabled();
    both.assert_userns_disabled = true;
    CHECK(steps_of<step::AssertNoUserNamespaces>(planned(both).setup).size() == 1);
    CHECK(last_words(planned(plain_bwrap_spec())).empty());
}

TEST_CASE("namespaces that may be left out are, where the machine cannot make them") {
    Spec spec = plain_bwrap_spec();
    spec.unshare_try = Namespace::user | Namespace::cgroup;
    Host host = fake_host(spec, Who::root);
    const auto made = [&] {
        const auto plan = make_plan(spec, host);
        REQUIRE(plan);
        return plan->namespaces;
    };
    CHECK(made() == (Namespace::mount | Namespace::user | Namespace::cgroup));
    host.namespaces = Namespace::cgroup;
    CHECK(made() == (Namespace::mount | Namespace::cgroup));
    host.namespaces = {};
    CHECK(made() == NamespaceSet(Namespace::mount));
    spec.uid = 5;
    CHECK(error_of(make_plan(spec, host)) ==
          "Specifying --uid requires --unshare-user or --userns");
}

TEST_CASE("root's own ids need no user namespace") {
    Spec spec = plain_bwrap_spec();
    spec.uid = 0;
    spec.gid = 0;
    CHECK(planned(spec, Who::root).namespaces == NamespaceSet(Namespace::mount));
    spec.gid = 1;
    CHECK(refused(spec, Who::root) == "Specifying --gid requires --unshare-user or --userns");
}

TEST_CASE("a pid namespace of the caller's is entered, or one is made below it") {
    Spec spec = plain_bwrap_spec();
    spec.pidns_fd = 7;
    spec.entries = {entry::Proc{"/proc"}};
    CHECK(planned(spec).pidns_fd == 7);
    CHECK_FALSE(planned(spec).namespaces.has(Namespace::pid));
    CHECK(has_step<step::MountProc>(planned(spec).setup));  // it is not the caller's own
    spec.unshare.add(Namespace::pid);
    CHECK(planned(spec).namespaces.has(Namespace::pid));
    Spec shared = plain_spec();
    shared.pidns_fd = 7;
    CHECK(refused(shared) == "no error");
    // Nothing else ends what the command leaves behind in a namespace that goes on.
    shared.unshare.remove(Namespace::pid);
    CHECK(refused(shared).find("--pidns needs a pid namespace below the one that is entered") == 0);
}

TEST_CASE("capabilities of root outlive exec for uid 0 only, unless some were asked for") {
    Spec spec = plain_bwrap_spec();
    spec.unshare.add(Namespace::user);
    spec.uid = 5;
    const auto all = (std::uint64_t{1} << 41U) - 1;
    CHECK(limit_of(planned(spec, Who::root)).keep == all);
    CHECK(limit_of(planned(spec, Who::root)).ambient == 0);
    CHECK(limit_of(planned(with_capability(spec), Who::root)).ambient == all);
    Host host = fake_host(spec, Who::root);
    host.held_capabilities = kill_bit;  // as in a container
    const auto plan = make_plan(spec, host);
    REQUIRE(plan);
    CHECK(limit_of(*plan).keep == kill_bit);
}
