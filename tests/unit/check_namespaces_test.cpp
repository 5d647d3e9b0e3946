// SPDX-License-Identifier: Apache-2.0
// check(): the rules about user namespaces, ids and capabilities.
#include "check_support.hpp"

using namespace sbx;
using namespace sbx::test;

namespace {

step::LimitCapabilities& limit_of(Plan& plan) {
    return std::get<step::LimitCapabilities>(*find_step<step::LimitCapabilities>(plan.seal));
}

step::EnterUserNamespace& nested_of(Plan& plan) {
    return std::get<step::EnterUserNamespace>(*find_step<step::EnterUserNamespace>(plan.setup));
}

step::Announce& announce_of(Plan& plan) {
    return std::get<step::Announce>(*find_step<step::Announce>(plan.setup));
}

}  // namespace

TEST_CASE("check: ids that the caller maps") {
    const std::string once = "ids are mapped exactly once when there is a user namespace";
    const std::string waits =
        "it waits for ids that nobody maps, or does not wait for those of the caller";
    CHECK(broken(
              [](Plan& p) {
                  announce_of(p).awaits_ids = false;
                  insert_at(p.setup, 1, step::MapIds{"0 0 1\n", "0 0 1\n"});
              },
              waiting_plan()) == waits);
    CHECK(broken([](Plan& p) { p.userns_block_fd.reset(); }, waiting_plan()) == waits);
    CHECK(broken([](Plan& p) { p.userns_block_fd = 7; }) == waits);
    CHECK(broken([](Plan& p) { p.setup.front() = step::Announce{true}; }) == waits);
    CHECK(broken([](Plan& p) { insert_at(p.setup, 0, step::Announce{true}); }) == once);
    CHECK(broken([](Plan& p) { announce_of(p).awaits_ids = false; }, waiting_plan()) == once);
    CHECK(broken([](Plan& p) { insert_at(p.setup, 0, step::MapIds{}); }, waiting_plan()) == once);
    CHECK(broken([](Plan& p) { insert_at(p.setup, 1, step::MapIds{}); }, waiting_plan()) == once);
    CHECK(broken([](Plan& p) { remove_step<step::Announce>(p.setup); }, waiting_plan()) == once);
    CHECK(broken([](Plan& p) { exchange(p.setup[0], p.setup[1]); }, waiting_plan()) ==
          "ids are mapped first");
}

TEST_CASE("check: the caller is told of the sandbox when it wants to know") {
    const std::string told = "the caller is told of the sandbox exactly once when it wants to know";
    CHECK(broken([](Plan& p) { p.info_fd = 7; }) == told);
    CHECK(broken([](Plan& p) { p.json_status_fd = 7; }) == told);
    CHECK(broken([](Plan& p) { insert_at(p.setup, 0, step::Announce{}); }) == told);
    CHECK(broken([](Plan& p) { p.info_fd.reset(); }, waiting_plan()) == told);
    CHECK(broken([](Plan& p) { insert_at(p.setup, -1, step::Announce{}); }, waiting_plan()) ==
          told);
    for (const std::ptrdiff_t at : {0, 1, -1}) {
        CHECK(broken([at](Plan& p) {
                  p.info_fd = 7;
                  insert_at(p.setup, at, step::Announce{});
              }) == "no error");
    }
}

TEST_CASE("check: a user namespace that is entered") {
    CHECK(broken([](Plan& p) { p.userns_fd = 7; }) ==
          "a user namespace is made and another one entered");
    CHECK(broken([](Plan& p) { insert_at(p.setup, 0, step::MapIds{}); }, joining_plan()) ==
          "ids are mapped exactly once when there is a user namespace");
    // Whoever made it decided on its ids; whoever enters it has every capability there.
    CHECK(broken([](Plan& p) { remove_step<step::LimitCapabilities>(p.seal); }, joining_plan()) ==
          "capabilities are limited once");
    const std::string owner = "a capability is kept in the user namespace that owns the mounts";
    const auto keep_one = [](Plan& p) { limit_of(p).keep = limit_of(p).ambient = 1; };
    CHECK(broken(keep_one, joining_plan()) == owner);
    CHECK(broken([](Plan& p) { remove_step<step::EnterUserNamespace>(p.setup); },
                 joining_plan(5)) == owner);
    CHECK(broken([](Plan& p) { nested_of(p).also.remove(Namespace::mount); }, joining_plan(5)) ==
          owner);
}

TEST_CASE("check: a capability is not kept where the mounts are owned") {
    const std::string owner = "a capability is kept in the user namespace that owns the mounts";
    CHECK(broken([](Plan& p) { remove_step<step::EnterUserNamespace>(p.setup); }, capable_plan()) ==
          owner);
    CHECK(broken([](Plan& p) { nested_of(p).also.remove(Namespace::mount); }, capable_plan()) ==
          owner);
    CHECK(broken([](Plan& p) { limit_of(p).keep = 1; }) == owner);
    CHECK(broken([](Plan& p) { remove_step<step::LimitCapabilities>(p.seal); }) ==
          "capabilities are limited once");
    // A namespace that the caller prepared for the command is the caller's to answer for.
    CHECK(broken(
              [](Plan& p) {
                  *find_step<step::EnterUserNamespace>(p.setup) = step::JoinUserNamespace{9};
              },
              capable_plan()) == "no error");
}

TEST_CASE("check: what becomes ambient is kept") {
    const std::string ambient = "what is dropped would be ambient";
    CHECK(broken([](Plan& p) { limit_of(p).ambient = 1; }) == ambient);
    CHECK(broken([](Plan& p) { limit_of(p).ambient |= 1U << 6U; }, capable_plan()) == ambient);
    CHECK(broken([](Plan& p) { limit_of(p).ambient = 0; }, capable_plan()) == "no error");
}

TEST_CASE("check: nested user namespaces are refused by a limit or by a filter") {
    const std::string open = "nothing keeps the command from making user namespaces";
    const auto refuse = [](Plan& p) { p.nested_userns = NestedUserns::refuse; };
    CHECK(broken(refuse) == open);
    CHECK(broken(refuse, limited_plan()) == "no error");
    CHECK(broken([&](Plan& p) {
              refuse(p);
              std::get<step::LoadFilter>(*find_step<step::LoadFilter>(p.seal))
                  .filter.denies_user_namespaces = true;
          }) == "no error");
}

TEST_CASE("check: who may mount is kept from it by landlock where guards are") {
    const std::string undone = "the command could undo its masks and protections";
    const auto guard = [](Plan& p) {
        p.setup.insert(find_step<step::EnterRoot>(p.setup),
                       step::Guard{entry::Guard::Kind::mask, "/x"});
    };
    const auto refuse = [&](Plan& p) {
        guard(p);
        p.nested_userns = NestedUserns::refuse;
    };
    CHECK(broken(refuse, limited_plan()) != undone);
    CHECK(broken(guard) == undone);
    // CAP_SYS_ADMIN alone is enough for it.
    Spec limited = plain_spec();
    limited.disable_userns = true;
    limited.capabilities = {{CapabilityChange::Kind::add, 5}};
    CHECK(broken(guard, planned(limited)) == "no error");
    CHECK(broken(
              [&](Plan& p) {
                  guard(p);
                  limit_of(p).keep |= 1U << 21U;
              },
              planned(limited)) == undone);
    CHECK(broken([&](Plan& p) {
              guard(p);
              std::get<step::EnforceLandlock>(*find_step<step::EnforceLandlock>(p.seal)).files = 1;
          }) == "no error");
    CHECK(broken(
              [&](Plan& p) {
                  refuse(p);
                  limit_of(p).keep |= 1U << 21U;  // CAP_SYS_ADMIN
              },
              limited_plan()) != "no error");
}

TEST_CASE("check: who has power over the mounts has no guards") {
    const std::string powerful = "the command has power over its masks and protections";
    const auto guard = [](Plan& p) {
        p.setup.insert(find_step<step::EnterRoot>(p.setup),
                       step::Guard{entry::Guard::Kind::mask, "/x"});
    };
    Spec shared = plain_bwrap_spec();
    shared.unshare.add(Namespace::pid);
    const Plan plan = planned(shared, Who::root);
    for (const unsigned bit : {2U, 21U}) {
        CHECK(broken(
                  [&](Plan& p) {
                      guard(p);
                      limit_of(p).keep = std::uint64_t{1} << bit;
                  },
                  plan) == powerful);
        CHECK(broken([&](Plan& p) { limit_of(p).keep = std::uint64_t{1} << bit; }, plan) !=
              powerful);
    }
}

TEST_CASE("check: user namespaces that are limited") {
    const std::string unused = "user namespaces are limited, and not used up by the command's own";
    const std::string unseen = "that no user namespace can be made is not verified";
    CHECK(broken([](Plan& p) { remove_step<step::AssertNoUserNamespaces>(p.setup); },
                 limited_plan()) == unseen);
    CHECK(broken([](Plan& p) { repeat_step<step::AssertNoUserNamespaces>(p.setup); },
                 limited_plan()) == unseen);
    CHECK(broken(
              [](Plan& p) {
                  const Step look = *find_step<step::AssertNoUserNamespaces>(p.setup);
                  remove_step<step::AssertNoUserNamespaces>(p.setup);
                  p.setup.insert(find_step<step::LimitUserNamespaces>(p.setup), look);
              },
              limited_plan()) == "that no user namespace can be made is verified too early");
    CHECK(broken([](Plan& p) { remove_step<step::EnterUserNamespace>(p.setup); }, limited_plan()) ==
          unused);
    CHECK(broken([](Plan& p) { insert_at(p.setup, -1, step::LimitUserNamespaces{}); }) !=
          "no error");
    CHECK(broken(
              [](Plan& p) {
                  exchange(*find_step<step::LimitUserNamespaces>(p.setup),
                           *find_step<step::EnterUserNamespace>(p.setup));
              },
              limited_plan()) == unused);
    CHECK(broken(
              [](Plan& p) {
                  p.setup.insert(find_step<step::EnterUserNamespace>(p.setup),
                                 step::LockFile{"/x"});
              },
              limited_plan()) == unused);
    CHECK(broken([](Plan& p) { repeat_step<step::EnterUserNamespace>(p.setup); }, limited_plan()) ==
          "a second user namespace is entered once");
}
