// SPDX-License-Identifier: Apache-2.0
// check(): a good plan passes, and each rule refuses the plan that breaks it and nothing else.
#include "check_support.hpp"

using namespace sbx;
using namespace sbx::test;

TEST_CASE("check: plans of make_plan pass") {
    CHECK(verdict(good_plan()) == "no error");
    CHECK(verdict(capable_plan()) == "no error");
    CHECK(verdict(waiting_plan()) == "no error");
    CHECK(verdict(joining_plan()) == "no error");
    CHECK(verdict(joining_plan(5)) == "no error");
    CHECK(verdict(limited_plan()) == "no error");
    for (const Who who : {Who::user, Who::root}) {
        CHECK(verdict(planned(plain_spec(), who)) == "no error");
        CHECK(verdict(planned(plain_bwrap_spec(), who)) == "no error");
    }
    CHECK_FALSE(check(Plan{}));
}

TEST_CASE("check: landlock") {
    const auto move_before = [](Plan& p, auto which) {
        const Step landlock = *find_step<step::EnforceLandlock>(p.seal);
        remove_step<step::EnforceLandlock>(p.seal);
        p.seal.insert(find_step<decltype(which)>(p.seal), landlock);
    };
    const std::string early = "landlock is enforced too early";
    CHECK(broken([&](Plan& p) { move_before(p, step::NoNewPrivileges{}); }) == early);
    CHECK(broken([&](Plan& p) { move_before(p, step::CloseDescriptors{}); }) == early);
    CHECK(broken([](Plan& p) { repeat_step<step::EnforceLandlock>(p.seal); }) ==
          "landlock is enforced once");
    CHECK(broken([](Plan& p) { remove_step<step::EnforceLandlock>(p.seal); }) == "no error");
}

TEST_CASE("check: the mount namespace and the new root") {
    CHECK(broken([](Plan& p) { p.namespaces.remove(Namespace::mount); }) ==
          "it has no mount namespace");
    const std::string one = "there is exactly one new root";
    CHECK(broken([](Plan& p) { remove_step<step::MountRoot>(p.setup); }) == one);
    CHECK(broken([](Plan& p) { repeat_step<step::MountRoot>(p.setup); }) == one);
    const std::string entered = "the new root is entered once";
    CHECK(broken([](Plan& p) { remove_step<step::EnterRoot>(p.setup); }) == entered);
    CHECK(broken([](Plan& p) { repeat_step<step::EnterRoot>(p.setup); }) == entered);
    CHECK(broken([](Plan& p) {
              insert_at(p.setup, 1, step::MakeDirectory{"/x", 0755});
          }) == "a step works on the new root before it is there");
}

TEST_CASE("check: what may come after the new root was entered") {
    const std::string last =
        "set-up ends with entering the new root; only locks and a last user namespace come after";
    CHECK(broken([](Plan& p) { insert_at(p.setup, -1, step::MakeDirectory{"/x", 0755}); }) == last);
    for (const Step& step :
         {Step(step::LockFile{"/x"}), Step(step::EnterUserNamespace{}),
          Step(step::JoinUserNamespace{}), Step(step::AssertNoUserNamespaces{})}) {
        INFO(describe(step));
        CHECK(broken([&](Plan& p) { insert_at(p.setup, -1, step); }) == "no error");
        CHECK(broken([&](Plan& p) { insert_before<step::EnterRoot>(p.setup, step); }) == last);
    }
    for (const Step& step :
         {Step(step::Bind{}), Step(step::Chmod{0, "/x"}), Step(step::BindFd{}),
          Step(step::BindData{}), Step(step::MountOverlay{}), Step(step::MountMqueue{}),
          Step(step::WriteFile{}), Step(step::SetIds{}), Step(step::RemountReadOnly{}),
          Step(step::WaylandSocket{})}) {
        INFO(describe(step));
        CHECK(broken([&](Plan& p) {
                  insert_at(p.setup, -1, step::LockFile{"/x"});
                  insert_at(p.setup, -1, step);
                  insert_at(p.setup, -1, step::LockFile{"/y"});
              }) == last);
    }
}

TEST_CASE("check: steps in the half that they belong to") {
    for (const Step& step : {Step(step::NoNewPrivileges{}), Step(step::AwaitDescriptor{7}),
                             Step(step::LimitCapabilities{}), Step(step::LoadFilter{{"x", {0}}})}) {
        INFO(describe(step));
        CHECK(broken([&](Plan& p) { insert_at(p.setup, -2, step); }) ==
              "a step of the seal is in set-up");
    }
    for (const Step& step : {Step(step::MapIds{}),
                             Step(step::Bind{}),
                             Step(step::EnterRoot{}),
                             Step(step::MakeDirectory{}),
                             Step(step::MountRoot{}),
                             Step(step::BindFd{}),
                             Step(step::BindData{}),
                             Step(step::MountOverlay{}),
                             Step(step::Chmod{}),
                             Step(step::MountMqueue{}),
                             Step(step::SetIds{}),
                             Step(step::Announce{}),
                             Step(step::LockFile{}),
                             Step(step::EnterUserNamespace{}),
                             Step(step::JoinUserNamespace{}),
                             Step(step::LimitUserNamespaces{}),
                             Step(step::AssertNoUserNamespaces{}),
                             Step(step::SetHostname{"x"}),
                             Step(step::BringUpLoopback{}),
                             Step(step::WaylandSocket{})}) {
        INFO(describe(step));
        CHECK(broken([&](Plan& p) { insert_at(p.seal, 0, step); }) ==
              "a step of set-up is in the seal");
    }
    for (const Step& step :
         {Step(step::BindFd{}), Step(step::BindData{}), Step(step::MountOverlay{}),
          Step(step::WaylandSocket{}), Step(step::Chmod{}), Step(step::MountMqueue{}),
          Step(step::LockFile{})}) {
        INFO(describe(step));
        CHECK(broken([&](Plan& p) { insert_at(p.setup, 1, step); }) ==
              "a step works on the new root before it is there");
    }
    for (const Step& step : {Step(step::SetHostname{"x"}), Step(step::BringUpLoopback{})}) {
        CHECK(broken([&](Plan& p) { insert_at(p.setup, 1, step); }) == "no error");
        CHECK(broken([&](Plan& p) { insert_at(p.setup, -1, step); }) == "no error");
    }
}

TEST_CASE("check: one Wayland socket at most") {
    const step::WaylandSocket socket{"/w", "/w", "/d", ""};
    const auto add = [&](Plan& p) { insert_before<step::EnterRoot>(p.setup, socket); };
    CHECK(broken(add) == "no error");
    CHECK(broken([&](Plan& p) {
              add(p);
              add(p);
          }) == "run() makes one Wayland socket at most");
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

TEST_CASE("check: a new procfs shows the processes of a new pid namespace") {
    CHECK(broken([](Plan& p) { p.namespaces.remove(Namespace::pid); }) ==
          "a new procfs without a new pid namespace shows the caller's processes");
    CHECK(broken([](Plan& p) {
              p.namespaces.remove(Namespace::pid);
              p.pidns_fd = 7;
              p.leftovers = Leftovers::keep;
          }) == "no error");
}

TEST_CASE("check: what the seal must do, once") {
    CHECK(broken([](Plan& p) { remove_step<step::NoNewPrivileges>(p.seal); }) ==
          "no_new_privs is set once");
    CHECK(broken([](Plan& p) { repeat_step<step::LimitCoreDumps>(p.seal); }) ==
          "core dumps are limited once");
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

TEST_CASE("check: what is the host's is closed while capabilities keep others out") {
    CHECK(broken([](Plan& p) {
              const Step limit = steps_of<step::LimitCapabilities>(p.seal).front();
              remove_step<step::LimitCapabilities>(p.seal);
              insert_at(p.seal, 0, limit);
          }) == "capabilities go before descriptors of the host are closed");
    for (const Step& late : {Step(step::AwaitDescriptor{7}), Step(step::DieWithParent{})}) {
        CHECK(broken([&](Plan& p) {
                  p.seal.pop_back();
                  p.seal.push_back(late);
              }) == "a descriptor is needed after it was closed");
    }
    const auto change = [](const std::function<void(Plan&, Step&)>& edit) {
        return broken([&](Plan& p) {
            for (Step& step : p.seal) edit(p, step);
        });
    };
    CHECK(change([](Plan&, Step& step) {
              auto* close = std::get_if<step::CloseDescriptors>(&step);
              if (close != nullptr) close->keep = {2, 1, 0};
          }) == "descriptors are not in order");
    CHECK(change([](Plan&, Step& step) {
              auto* close = std::get_if<step::CloseDescriptors>(&step);
              if (close != nullptr) close->null = {7};
          }) == "descriptors are not in order");
    CHECK(change([](Plan&, Step& step) {
              auto* limit = std::get_if<step::LimitCapabilities>(&step);
              if (limit != nullptr) limit->count = 65;
          }) == "there are 64 capabilities at most");
    CHECK(change([](Plan&, Step& step) {
              auto* limit = std::get_if<step::LimitCapabilities>(&step);
              if (limit != nullptr) limit->ambient = 1;
          }) == "what is dropped would be ambient");
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

TEST_CASE("check: init's signals stay inside where one has to end everything") {
    const std::string scope =
        "init's signals are kept inside exactly where they have to end everything";
    CHECK(broken([](Plan& p) { insert_at(p.setup, -1, step::ScopeSignals{}); }) == scope);
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
    constexpr auto kept = entry::Overlay::Changes::kept;
    for (const Step& step :
         {Step(step::Bind{nul, "/a", "/b", Access::read_only, NodeKind::directory}),
          Step(step::Bind{"/a", nul, "/b", Access::read_only, NodeKind::directory}),
          Step(step::Bind{"/a", "/a", nul, Access::read_only, NodeKind::directory}),
          Step(step::MakeDirectory{nul, 0755}), Step(step::MakeSymlink{nul, "/l"}),
          Step(step::BindFd{7, nul, "/d", Access::read_only, NodeKind::other}),
          Step(step::BindFd{7, "/d", nul, Access::read_only, NodeKind::other}),
          Step(step::BindData{7, nul, 0600, Access::read_only}), Step(step::Chmod{0, nul}),
          Step(step::MountMqueue{nul}), Step(step::WaylandSocket{nul, "/p", "/d", "app"}),
          Step(step::WaylandSocket{"/p", nul, "/d", "app"}),
          Step(step::WaylandSocket{"/p", "/p", nul, "app"}),
          Step(step::WaylandSocket{"/p", "/p", "/d", nul}),
          Step(step::MountOverlay{kept, {"/a", nul}, "/u", "/w", "/d"}),
          Step(step::MountOverlay{kept, {"/a"}, nul, "/w", "/d"}),
          Step(step::MountOverlay{kept, {"/a"}, "/u", nul, "/d"}),
          Step(step::MountOverlay{kept, {"/a"}, "/u", "/w", nul})}) {
        INFO(describe(step));
        CHECK(broken([&](Plan& p) { insert_before<step::EnterRoot>(p.setup, step); }) == message);
    }
    CHECK(broken([&](Plan& p) { insert_at(p.setup, -1, step::LockFile{nul}); }) == message);
}

TEST_CASE("check: a source is said completely, or not at all") {
    const auto bind_is = [](Found found) {
        return broken([&](Plan& p) {
            step::Bind bind{"/a", "/a", "/b", Access::read_only, NodeKind::directory, found};
            insert_before<step::EnterRoot>(p.setup, bind);
        });
    };
    const std::string message = "which file a source is to be is not complete";
    CHECK(bind_is({"", 1, 2}) == "no error");
    CHECK(bind_is({".", 0, 2}) == "no error");
    CHECK(bind_is({"a/..b", 1, 2}) == "no error");
    CHECK(bind_is({"", 1, 0}) == message);
    for (const std::string& path : {std::string("/a"), std::string(".."), std::string("a/../b"),
                                    std::string("../a"), std::string("a\0b", 3)}) {
        CHECK(bind_is({path, 1, 2}) == message);
    }
    CHECK(broken([](Plan& p) {
              insert_before<step::EnterRoot>(
                  p.setup,
                  step::Bind{"/a", "/a", "/b", Access::read_only, NodeKind::directory, {}});
          }) == "no error");
}

TEST_CASE("check: an overlay says of all its directories which they are, or of none") {
    using Changes = entry::Overlay::Changes;
    const auto overlay_is = [](Changes changes, const std::vector<Found>& found) {
        return broken([&](Plan& p) {
            insert_before<step::EnterRoot>(
                p.setup, step::MountOverlay{changes, {"/a", "/b"}, "/upper", "/work", "/d", found});
        });
    };
    const std::string message = "which directories an overlay is to be of is not complete";
    const Found one{"", 1, 2};
    CHECK(overlay_is(Changes::kept, {}) == "no error");
    CHECK(overlay_is(Changes::kept, {one, one, one, one}) == "no error");
    CHECK(overlay_is(Changes::refused, {one, one}) == "no error");
    CHECK(overlay_is(Changes::forgotten, {one, one}) == "no error");
    CHECK(overlay_is(Changes::kept, {one, one}) == message);
    CHECK(overlay_is(Changes::refused, {one}) == message);
    CHECK(overlay_is(Changes::forgotten, {one, one, one, one}) == message);
    CHECK(overlay_is(Changes::refused, {one, {"", 1, 0}}) == message);
}

TEST_CASE("check: traps for git") {
    Plan plan = good_plan();
    plan.git_watches = {{"/p", GitWatch::Mode::end}};
    CHECK(verdict(plan) == "no error");
    plan.leftovers = Leftovers::keep;
    CHECK(verdict(plan) ==
          std::string(prefix) + "traps for git are looked for while processes go on");
    plan.leftovers = Leftovers::kill;
    for (const GitWatch& watch :
         {GitWatch{"", GitWatch::Mode::end}, GitWatch{"/p", GitWatch::Mode::off},
          GitWatch{std::string("/p\0q", 4), GitWatch::Mode::tell}}) {
        plan.git_watches = {watch};
        CHECK(verdict(plan) == std::string(prefix) + "traps for git are looked for nowhere");
    }
}

TEST_CASE("check: an init of its own") {
    Spec spec = plain_spec();
    spec.own_descriptors = OwnDescriptors::close;
    spec.nested_userns = NestedUserns::refuse;
    spec.filters = {{"closed", {0}}};
    spec.filters.back().denies_user_namespaces = true;
    const Plan own = planned(spec);
    REQUIRE(own.init_program == InitProgram::own);
    const std::string looked_into = "init shares memory where somebody may look into it";
    CHECK(broken([](Plan& p) { p.info_fd = 7; }, own) != "no error");
    CHECK(broken([](Plan& p) { p.namespaces.add(Namespace::time); }, own) == looked_into);
    CHECK(broken([](Plan& p) { p.namespaces.remove(Namespace::pid); }, own) != "no error");
    const std::string holds = "init executes a program that could not hold what it has to";
    CHECK(broken([](Plan& p) { p.sync_fds = {7}; }, own) == holds);
    CHECK(broken([](Plan& p) { insert_at(p.setup, -1, step::LockFile{"/f"}); }, own) != "no error");
    const std::string seen = "the command could look into init's program";
    CHECK(broken([](Plan& p) { p.nested_userns = NestedUserns::allow; }, own) == seen);
    CHECK(broken([](Plan& p) { p.own_descriptors = OwnDescriptors::leave; }, own) ==
          "init shares memory with a program that may have threads");
}
