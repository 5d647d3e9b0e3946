// SPDX-License-Identifier: Apache-2.0
// make_plan: the process that the command becomes, and its end.
#include "plan_support.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace sbx;
using namespace sbx::test;

namespace {

Words environment(std::vector<EnvironmentChange> changes) {
    Spec spec = plain_spec();
    spec.environment = std::move(changes);
    return planned(spec).environment;
}

EnvironmentChange set(std::string name, std::string value) {
    return {EnvironmentChange::Kind::set, std::move(name), std::move(value)};
}
EnvironmentChange unset(std::string name) {
    return {EnvironmentChange::Kind::unset, std::move(name), ""};
}
EnvironmentChange clear() { return {EnvironmentChange::Kind::clear, "", ""}; }

Words executables(const std::string& command, std::vector<EnvironmentChange> changes = {},
                  Wording wording = Wording::sbx) {
    Spec spec = plain_spec();
    spec.wording = wording;
    spec.command = {command};
    spec.environment = std::move(changes);
    return planned(spec).executables;
}

Words directories(const Spec& spec, const Host& host) {
    const auto steps = steps_of<step::ChangeDirectory>(planned(spec, host).seal);
    REQUIRE(steps.size() == 1);
    return steps.front().candidates;
}

std::vector<int> kept(const Spec& spec) {
    const auto steps = steps_of<step::CloseDescriptors>(planned(spec).seal);
    REQUIRE(steps.size() == 1);
    return steps.front().keep;
}

SeccompFilter filter(const std::string& name) { return {name, {0}}; }

}  // namespace

TEST_CASE("a variable that is there twice is set once") {
    Spec spec = plain_spec();
    Host host = fake_host(spec);
    host.environment = {"X=1", "Y=y", "X=2"};
    spec.environment = {set("X", "new")};
    CHECK(planned(spec, host).environment == Words{"X=new", "Y=y"});
}

TEST_CASE("a host name longer than the kernel takes is refused") {
    Spec spec = plain_spec();
    spec.hostname = std::string(64, 'h');
    CHECK(refused(spec) == "no error");
    spec.hostname = std::string(65, 'h');
    CHECK(refused(spec) == "a host name has at most 64 bytes, and --hostname has 65");
}

TEST_CASE("changes of the environment act in order; PWD is run()'s") {
    CHECK(environment({}) == Words{"HOME=/home/user", "PATH=/usr/local/bin:/usr/bin"});
    CHECK(environment({set("A", "1"), set("A", "2=3")}).back() == "A=2=3");
    CHECK(environment({set("HOME", "")}).front() == "HOME=");
    CHECK(environment({unset("HOME"), unset("NONE")}) == Words{"PATH=/usr/local/bin:/usr/bin"});
    CHECK(environment({unset("HOM")}).size() == 2);
    CHECK(environment({set("A", "1"), clear(), set("B", "2")}) == Words{"B=2"});
    CHECK(environment({set("PWD", "/x")}) == environment({}));
    CHECK(environment({clear()}).empty());
}

TEST_CASE("variables of the caller's are kept, or come back") {
    const auto keep = [](std::string name) {
        return EnvironmentChange{EnvironmentChange::Kind::keep, std::move(name), ""};
    };
    const std::string home = "HOME=/home/user";
    const std::string path = "PATH=/usr/local/bin:/usr/bin";
    CHECK(environment({clear(), keep("PATH"), keep("HOME")}) == Words{path, home});
    CHECK(environment({clear(), keep("*")}) == Words{home, path});
    CHECK(environment({clear(), keep("PA*"), keep("NONE*"), keep("NONE"), keep("HOM")}) ==
          Words{path});
    CHECK(environment({set("HOME", "/x"), keep("HOME")}) == Words{home, path});
    CHECK(environment({keep("HOME"), unset("HOME")}) == Words{path});
    CHECK(environment({clear(), set("A", "b"), keep("A")}) == Words{"A=b"});
}

TEST_CASE("a command's name is looked for in PATH, as execvp does") {
    CHECK(executables("make") == Words{"/usr/local/bin/make", "/usr/bin/make"});
    CHECK(executables("make", {set("PATH", "/x")}) == Words{"/x/make"});
    CHECK(executables("make", {clear()}) == Words{"/usr/local/sbin/make", "/usr/local/bin/make",
                                                  "/usr/sbin/make", "/usr/bin/make", "/sbin/make",
                                                  "/bin/make"});
    CHECK(executables("make", {clear()}, Wording::bubblewrap) ==
          Words{"/bin/make", "/usr/bin/make"});
    CHECK(executables("make", {set("PATH", "/a::/b:")}) ==
          Words{"/a/make", "make", "/b/make", "make"});
    CHECK(executables("make", {set("PATH", "")}) == Words{"make"});
    CHECK(executables("./make") == Words{"./make"});
    CHECK(executables("/bin/make", {set("PATH", "/x")}) == Words{"/bin/make"});
    CHECK(executables("") == Words{""});
}

TEST_CASE("--argv0 changes the name, not the file") {
    Spec spec = plain_spec();
    spec.command = {"sh", "-c", "x"};
    spec.argv0 = "-sh";
    const Plan plan = planned(spec);
    CHECK(plan.argv == Words{"-sh", "-c", "x"});
    CHECK(plan.executables.front() == "/usr/local/bin/sh");
}

TEST_CASE("the working directory: where the caller is, else home, else /") {
    Spec spec = plain_spec();
    Host host = fake_host(spec);
    host.cwd = "/work";
    CHECK(directories(spec, host) == Words{"/work", "/home/user", "/"});
    spec.environment = {set("HOME", "/elsewhere")};
    CHECK(directories(spec, host) == Words{"/work", "/elsewhere", "/"});
    spec.environment = {set("HOME", "")};
    CHECK(directories(spec, host) == Words{"/work", "/"});
    spec.environment = {clear()};
    host.cwd.clear();
    CHECK(directories(spec, host) == Words{"/"});
    spec.directory = "/given";
    CHECK(directories(spec, host) == Words{"/given"});
}

TEST_CASE("descriptors: the standard ones, or what was inherited but directories") {
    Spec spec = plain_spec();
    CHECK(kept(spec) == std::vector<int>{0, 1, 2});
    spec.keep_fds = {9, 6, 9};
    CHECK(kept(spec) == std::vector<int>{0, 1, 2, 6, 9});
    Spec bwrap = plain_bwrap_spec();
    CHECK(kept(bwrap) == std::vector<int>{0, 1, 2, 5});
    bwrap.keep_fds = {6};
    CHECK(kept(bwrap) == std::vector<int>{0, 1, 2, 5, 6});
    bwrap.entries = {entry::File{5, "/f", 0666}};
    CHECK(kept(bwrap) == std::vector<int>{0, 1, 2, 6});
}

TEST_CASE("a standard descriptor that an option uses is closed, or leads nowhere") {
    const auto closing = [](Spec spec) {
        spec.entries = {entry::File{0, "/f", 0666}};
        spec.block_fd = 2;
        return steps_of<step::CloseDescriptors>(planned(spec).seal).at(0);
    };
    const step::CloseDescriptors bwrap = closing(plain_bwrap_spec());
    CHECK(bwrap.keep == std::vector<int>{1, 5});
    CHECK(bwrap.null.empty());
    const step::CloseDescriptors sbx = closing(plain_spec());
    CHECK(sbx.keep == std::vector<int>{0, 1, 2});
    CHECK(sbx.null == std::vector<int>{0, 2});
    CHECK(describe(Step(sbx)) ==
          "close all descriptors but 0, 1, 2; 0 is /dev/null; 2 is /dev/null");
    Spec spec = plain_bwrap_spec();
    spec.unshare.add(Namespace::pid);
    spec.as_pid_1 = true;
    spec.sync_fds = {0};
    CHECK(kept(spec) == std::vector<int>{0, 1, 2, 5});
}

TEST_CASE("a descriptor is for one thing") {
    Spec spec = plain_spec();
    spec.entries = {entry::File{5, "/f", 0666}, entry::File{5, "/g", 0666}};
    CHECK(refused(spec) ==
          "descriptor 5 is used by two options; what one reads is gone for the other");
    spec.entries.pop_back();
    CHECK(refused(spec) == "no error");
    spec.keep_fds = {5};
    CHECK(refused(spec) == "descriptor 5 is read by another option, so --keep-fd cannot keep it");
}

TEST_CASE("filters come last, in order, after no_new_privs") {
    Spec spec = plain_spec();
    spec.filters = {filter("a"), filter("b")};
    const Words all = sentences(planned(spec).seal);
    REQUIRE(all.size() >= 3);
    CHECK(contains(Words(all.begin(), all.end() - 2), "set no_new_privs"));
    CHECK(Words(all.end() - 2, all.end()) == Words{"load seccomp filter \"a\" (1 instructions)",
                                                   "load seccomp filter \"b\" (1 instructions)"});
}

TEST_CASE("a filter for root is loaded where the caller is root") {
    Spec spec = plain_spec();
    spec.filters = {filter("all"), filter("root's")};
    spec.filters.back().for_root = true;
    const auto names = [&](Who who) {
        Words out;
        for (const auto& load :
             steps_of<step::LoadFilter>(planned(spec, fake_host(spec, who)).seal)) {
            out.push_back(load.filter.name);
        }
        return out;
    };
    CHECK(names(Who::user) == Words{"all"});
    CHECK(names(Who::root) == Words{"all", "root's"});
}

TEST_CASE("core dumps are limited where they would leave the sandbox") {
    struct Case {
        CoreTarget target;
        bool limited;
        const char* note;
    };
    for (const Case& c : {Case{CoreTarget::inside, false, ""}, Case{CoreTarget::host, true, ""},
                          Case{CoreTarget::fixed, false, "hard limit of 0"},
                          Case{CoreTarget::socket, false, "no limit prevents the socket"}}) {
        Spec spec = plain_spec();
        Host host = fake_host(spec);
        host.core_target = c.target;
        const Plan plan = planned(spec, host);
        CHECK(has_step<step::LimitCoreDumps>(plan.seal) == c.limited);
        const bool noted = std::any_of(
            plan.notes.begin(), plan.notes.end(),
            [&](const std::string& note) { return note.find(c.note) != std::string::npos; });
        CHECK(noted == (c.note[0] != '\0'));
        spec.core_dumps = CoreDumps::host;
        const Plan open = planned(spec, host);
        CHECK_FALSE(has_step<step::LimitCoreDumps>(open.seal));
        CHECK(open.notes.empty());
    }
    CHECK_FALSE(has_step<step::LimitCoreDumps>(planned(plain_bwrap_spec()).seal));
}

TEST_CASE("an empty filter is refused, as the kernel would") {
    Spec spec = plain_spec();
    spec.filters = {filter("a"), {"descriptor 7", {}}};
    CHECK(refused(spec) == "the seccomp filter of descriptor 7 is empty");
    spec.wording = Wording::bubblewrap;
    CHECK(refused(spec).find("Unable to set up system call filtering as requested") == 0);
}

TEST_CASE("a filter that is too long for the kernel is refused while planning") {
    Spec spec = plain_spec();
    spec.filters = {{"descriptor 7", std::vector<std::uint64_t>(4096)}};
    CHECK(refused(spec) == "no error");
    spec.filters.front().program.push_back(0);
    CHECK(refused(spec) ==
          "the seccomp filter of descriptor 7 has 4097 instructions, and the kernel takes 4096 at "
          "most");
    spec.wording = Wording::bubblewrap;
    CHECK(refused(spec).find("Unable to set up system call filtering as requested") == 0);
}

TEST_CASE("the directory is entered without capabilities, which would open it") {
    const Plan plan = planned(plain_spec());
    CHECK(place_of(plan.seal, "drop all capabilities") <
          place_of(plan.seal, R"(enter the first directory of "/home/user", "/home/user", "/")"));
    CHECK(place_of(plan.seal, "join an empty session keyring") <
          place_of(plan.seal, "drop all capabilities"));
}

TEST_CASE("a session of its own unless there is a terminal") {
    Spec spec = plain_spec();
    Host host = fake_host(spec);
    CHECK(has_step<step::NewSession>(planned(spec, host).seal));
    host.controlling_terminal = true;
    CHECK_FALSE(has_step<step::NewSession>(planned(spec, host).seal));
    spec.new_session = true;
    CHECK(has_step<step::NewSession>(planned(spec, host).seal));
    CHECK_FALSE(has_step<step::NewSession>(planned(plain_bwrap_spec()).seal));
}

TEST_CASE("the terminal is put back in the sbx dialect") {
    CHECK(planned(plain_spec()).terminal == TerminalState::restore);
    CHECK(planned(plain_bwrap_spec()).terminal == TerminalState::leave);
}

TEST_CASE("init's signals are kept inside where it has to end everything") {
    Spec spec = plain_spec();
    spec.landlock = Landlock::automatic;
    Host host = fake_host(spec);
    CHECK_FALSE(has_step<step::ScopeSignals>(planned(spec, host).setup));
    spec.unshare.remove(Namespace::pid);
    host.landlock_abi = 6;
    CHECK(has_step<step::ScopeSignals>(planned(spec, host).setup));
    host.landlock_abi = 5;
    CHECK_FALSE(has_step<step::ScopeSignals>(planned(spec, host).setup));
    host.landlock_abi = 6;
    spec.landlock = Landlock::off;
    CHECK_FALSE(has_step<step::ScopeSignals>(planned(spec, host).setup));
}

TEST_CASE("the nice value of init's session is covered where the command could write it") {
    const auto covers = [](const Spec& spec, const Host& host) {
        const Plan plan = planned(spec, host);
        return std::any_of(plan.setup.begin(), plan.setup.end(), [](const Step& step) {
            const auto* cover = std::get_if<step::CoverReadOnly>(&step);
            return cover != nullptr && cover->destination == "/proc/1/autogroup";
        });
    };
    Spec spec = plain_spec();
    spec.nested_userns = NestedUserns::refuse;
    spec.given = GivenTree::none;
    spec.entries.emplace_back(entry::Proc{"/proc"});
    Host host = fake_host(spec);
    CHECK(covers(spec, host));
    host.autogroups = false;
    CHECK_FALSE(covers(spec, host));
    host.autogroups = true;
    Spec nested = spec;
    nested.nested_userns = NestedUserns::allow;
    CHECK_FALSE(covers(nested, host));
    Spec bare = spec;
    bare.as_pid_1 = true;
    CHECK_FALSE(covers(bare, host));
    Spec keeps = spec;
    keeps.capabilities.push_back({CapabilityChange::Kind::add, 0});
    CHECK_FALSE(covers(keeps, host));
}

TEST_CASE("who is pid 1") {
    Spec spec = plain_spec();
    CHECK(planned(spec).init == Init::reaper);
    spec.as_pid_1 = true;
    CHECK(planned(spec).init == Init::command);
    Spec bwrap = plain_bwrap_spec();
    CHECK(planned(bwrap).init == Init::command);
    bwrap.unshare.add(Namespace::pid);
    CHECK(planned(bwrap).init == Init::reaper);
    Spec shared = plain_spec();
    shared.unshare.remove(Namespace::pid);
    CHECK(planned(shared).init == Init::reaper);
}

TEST_CASE("the command dies with sbx where no init of a pid namespace sees to it") {
    Spec spec = plain_spec();
    CHECK_FALSE(has_step<step::DieWithParent>(planned(spec).seal));
    spec.as_pid_1 = true;
    CHECK(has_step<step::DieWithParent>(planned(spec).seal));
    spec = plain_spec();
    spec.unshare.remove(Namespace::pid);
    CHECK(has_step<step::DieWithParent>(planned(spec).seal));

    Spec bwrap = plain_bwrap_spec();
    CHECK_FALSE(has_step<step::DieWithParent>(planned(bwrap).seal));
    bwrap.die_with_parent = true;
    CHECK(has_step<step::DieWithParent>(planned(bwrap).seal));
    CHECK(planned(bwrap).die_with_parent);
}

TEST_CASE("what the plan takes over from the Spec") {
    const Plan plan = planned(plain_spec());
    CHECK(plan.wording == Wording::sbx);
    CHECK(plan.leftovers == Leftovers::kill);
    CHECK(plan.signals == Signals::forward);
    CHECK_FALSE(plan.die_with_parent);
    CHECK(plan.notes.empty());
    const Plan bwrap = planned(plain_bwrap_spec());
    CHECK(bwrap.wording == Wording::bubblewrap);
    CHECK(bwrap.leftovers == Leftovers::keep);
    CHECK(bwrap.signals == Signals::ignore);
}

TEST_CASE("init executes a program of its own where nothing else is asked of it") {
    const auto program_for = [](const std::function<void(Spec&)>& change, Wording wording,
                                const std::function<void(Host&)>& of_host = {}) {
        Spec spec = wording == Wording::sbx ? plain_spec() : plain_bwrap_spec();
        spec.own_descriptors = OwnDescriptors::close;
        spec.nested_userns = NestedUserns::refuse;
        spec.filters = {filter("closed")};
        spec.filters.back().denies_user_namespaces = true;
        spec.unshare.add(Namespace::user | Namespace::pid);
        change(spec);
        Host host = fake_host(spec);
        if (of_host) of_host(host);
        return planned(spec, host).init_program;
    };
    const auto nothing = [](Spec& /*spec*/) {};
    CHECK(program_for(nothing, Wording::sbx) == InitProgram::own);
    CHECK(program_for([](Spec& s) { s.die_with_parent = true; }, Wording::sbx) == InitProgram::own);
    CHECK(program_for([](Spec& s) { s.leftovers = Leftovers::keep; }, Wording::sbx) ==
          InitProgram::own);

    const std::vector<std::pair<const char*, std::function<void(Spec&)>>> others = {
        {"another program's memory", [](Spec& s) { s.own_descriptors = OwnDescriptors::leave; }},
        {"a kept capability",
         [](Spec& s) {
             s.capabilities = {{CapabilityChange::Kind::add, 5}};
         }},
        {"user namespaces", [](Spec& s) { s.nested_userns = NestedUserns::allow; }},
        {"the host's pids", [](Spec& s) { s.unshare.remove(Namespace::pid); }},
        {"a lock", [](Spec& s) { s.lock_files = {"/usr"}; }},
        {"a descriptor to hold", [](Spec& s) { s.sync_fds = {7}; }},
        {"a descriptor to wait for", [](Spec& s) { s.block_fd = 7; }},
        {"a caller who is told", [](Spec& s) { s.info_fd = 7; }},
        {"a user namespace that is entered",
         [](Spec& s) {
             s.unshare.remove(Namespace::user);
             s.userns_fd = 7;
         }},
        {"a guard", [](Spec& s) { s.entries.emplace_back(entry::Guard{.destination = "/usr/x"}); }},
        {"a second user namespace", [](Spec& s) { s.uid = 7; }},
        {"no init", [](Spec& s) { s.as_pid_1 = true; }},
    };
    for (const auto& [why, change] : others) {
        INFO(why);
        CHECK(program_for(change, Wording::sbx) == InitProgram::copy);
    }
    CHECK(program_for(nothing, Wording::sbx, [](Host& host) { host.init_program = false; }) ==
          InitProgram::copy);
}
