// SPDX-License-Identifier: Apache-2.0
// Init and the supervisor are of the command's user and see what it must not: they cannot be
// traced, looked into, signalled or stopped from inside.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <array>
#include <csignal>

namespace integration {
namespace {

using Options = std::vector<std::string>;

struct Case {
    Name name;
    Options options;
};

// Neither a filter of ours nor Landlock helps here, and no privilege of a real root's is left in
// the bwrap dialect.
const std::vector<Case>& with_init() {
    static const std::vector<Case> cases = {
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--map-current-user"}},
        {Name::sbx,
         {"--landlock=off", "--seccomp-policy", "none", "--uid", "1000", "--gid", "1000"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--disable-userns"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--cap-add", "ALL"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--cap-add", "CAP_SYS_PTRACE"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--cap-add", "CAP_KILL"}},
        {Name::sbx, {"--landlock=off", "--seccomp-policy", "none", "--new-session"}},
        {Name::bwrap, {"--unshare-pid", "--cap-drop", "ALL"}},
        {Name::bwrap, {"--unshare-user", "--unshare-pid", "--cap-drop", "ALL"}},
        {Name::bwrap, {"--unshare-user", "--unshare-pid", "--cap-add", "ALL"}},
        {Name::bwrap, {"--unshare-all", "--cap-drop", "ALL", "--uid", "0", "--gid", "0"}},
    };
    return cases;
}

std::string text_of(const Case& c) {
    std::string text = c.name == Name::sbx ? "sbx" : "bwrap";
    for (const std::string& option : c.options) text += " " + option;
    return text;
}

// Each line of `out` that tells of an attack: it failed, for want of a permission.
int check_attacks(const std::string& out) {
    int seen = 0;
    for (const std::string& line : lines_of(out)) {
        if (line.rfind("attack ", 0) != 0) continue;
        INFO(line);
        ++seen;
        const std::string how = line.substr(line.rfind(' ') + 1);
        // Of a descriptor that is not there it may be said so.
        const bool missing = how == "ENOENT" && contains(line, "open-fd/");
        CHECK((how == "EPERM" || how == "EACCES" || missing));
    }
    return seen;
}

constexpr int least_attacks = 28;

TEST_CASE("init cannot be looked into or entered from inside", "[init]") {
    for (const Case& c : with_init()) {
        INFO(text_of(c));
        const Ended ended = run(sandbox(c.name, c.options, {"attack", "1", ",", "state", "1"}));
        INFO(ended.out << ended.err);
        CHECK(ended.status == 0);
        CHECK(check_attacks(ended.out) >= least_attacks);
        CHECK(has_line(ended.out, "state going"));
    }
}

TEST_CASE("a user namespace of the command's own opens no way into init", "[init]") {
    for (const Case& c : with_init()) {
        if (contains(text_of(c), "disable-userns")) continue;
        INFO(text_of(c));
        Options options = c.options;
        options.emplace_back("--allow-userns");
        const Ended ended =
            run(sandbox(c.name, options, {"unshare-user", ",", "attack", "1", ",", "state", "1"}));
        INFO(ended.out << ended.err);
        CHECK(has_line(ended.out, "unshare-user ok"));
        CHECK(check_attacks(ended.out) >= least_attacks);
    }
}

TEST_CASE("init ignores every signal from inside, and works on", "[init]") {
    for (const Case& c : with_init()) {
        INFO(text_of(c));
        const Ended ended = run(
            sandbox(c.name, c.options,
                    {"bombard", "1", ",", "state", "1", ",", "orphans", "3", ",", "exit", "7"}));
        INFO(ended.err);
        CHECK(ended.out == "bombarded\nstate going\nreaped\n");
        CHECK(ended.status == 7);
    }
}

TEST_CASE("where the pid namespace is shared, init and the supervisor can be seen and not more",
          "[init]") {
    for (const Case& c : std::vector<Case>{
             {Name::sbx, {"--share-pid", "--landlock=off", "--seccomp-policy", "none"}},
             {Name::sbx,
              {"--share-pid", "--landlock=off", "--seccomp-policy", "none", "--cap-add", "ALL"}},
             {Name::bwrap, {"--unshare-user", "--cap-drop", "ALL"}},
             {Name::bwrap, {"--unshare-user", "--cap-add", "ALL"}}}) {
        INFO(text_of(c));
        Pipe control = make_pipe();
        Pipe pids = make_pipe();
        // The payload attacks what it is told: the supervisor, and what is between.
        Start start = sandbox(c.name, c.options, {"attack-told", "0"});
        start.descriptors = {{0, control.read.get()}};
        Running running(start);
        running.expect("which\n");
        const std::string supervisor = std::to_string(running.pid());
        std::string told = supervisor;
        std::string children =
            read_whole("/proc/" + supervisor + "/task/" + supervisor + "/children");
        // In the bwrap dialect without an init that child is the command itself.
        if (c.name == Name::sbx) told += " " + children;
        told += "\n";
        REQUIRE(::write(control.write.get(), told.data(), told.size()) > 0);
        control.write.close();
        const Ended ended = running.wait();
        INFO(ended.out << ended.err);
        CHECK(check_attacks(ended.out) >= least_attacks * (c.name == Name::sbx ? 2 : 1));
        CHECK(ended.status == 0);
    }
}

TEST_CASE("real root that shares the user namespace cannot look into init either", "[init]") {
    if (!is_root()) {
        // Nobody else can share it; the refusal is the protection.
        CHECK(run(sbx({"--share-user"}, {"exit", "0"})).status == 125);
        return;
    }
    for (const Case& c : std::vector<Case>{
             {Name::sbx, {"--share-user", "--allow-userns", "--seccomp-policy", "none"}},
             {Name::bwrap, {"--unshare-pid", "--cap-drop", "ALL"}}}) {
        const std::string out = output(sandbox(c.name, c.options, {"attack", "1"}));
        INFO(out);
        CHECK(check_attacks(out) >= least_attacks);
    }
}

TEST_CASE("the command is seen by nobody before it is executed", "[init]") {
    // What runs beside the command in its namespaces is started by it; before, there is nobody.
    for (const Case& c : with_init()) {
        INFO(text_of(c));
        CHECK(output(sandbox(c.name, c.options, {"running"})) == "running 1 2\n");
    }
}

}  // namespace
}  // namespace integration
