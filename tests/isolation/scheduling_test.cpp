// SPDX-License-Identifier: Apache-2.0
// The command cannot keep init, or anything outside, from its turn: it changes neither the
// scheduling nor the limits of what is not its own.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

namespace integration {
namespace {

using Options = std::vector<std::string>;

std::string text_of(const Options& options) {
    std::string text;
    for (const std::string& option : options) text += option + " ";
    return text;
}

// How many lines begin with `verb`; each of them ends in EPERM.
int refused(const std::string& out, const std::string& verb) {
    int seen = 0;
    for (const std::string& line : lines_of(out)) {
        if (line.rfind(verb + " ", 0) != 0) continue;
        INFO(line);
        CHECK(line.substr(line.rfind(' ') + 1) == "EPERM");
        ++seen;
    }
    return seen;
}

constexpr int ways_to_reschedule = 6;

TEST_CASE("a command without CAP_SYS_NICE cannot change init's scheduling", "[scheduling]") {
    // No filter helps here: init keeps a capability that the command lacks.
    std::vector<Options> all = {
        {},
        {"--cap-add", "CAP_CHOWN"},
        {"--cap-add", "CAP_BLOCK_SUSPEND"},
        {"--cap-add", "ALL", "--cap-drop", "CAP_SYS_NICE"},
        {"--cap-add", "ALL", "--cap-drop", "CAP_SYS_NICE", "--cap-drop", "CAP_BLOCK_SUSPEND"},
        {"--map-current-user", "--cap-add", "CAP_KILL"},
    };
    for (const Options& more : all) {
        Options options = {"--landlock=off", "--seccomp-policy", "none"};
        options.insert(options.end(), more.begin(), more.end());
        INFO(text_of(options));
        const std::string out = output(sbx(options, {"reschedule", "1", ",", "reschedule", "0"}));
        INFO(out);
        int refusals = 0;
        for (const std::string& line : lines_of(out)) {
            if (line.substr(line.rfind(' ') + 1) == "EPERM") ++refusals;
        }
        CHECK(refusals == ways_to_reschedule);
        CHECK(has_line(out, "reschedule nice ok"));  // its own
    }
}

TEST_CASE("the built-in policies keep init's scheduling and limits from every command",
          "[scheduling]") {
    for (const char* policy : {"default", "strict"}) {
        for (const Options& more : std::vector<Options>{
                 {}, {"--cap-add", "ALL"}, {"--cap-add", "CAP_SYS_NICE"}, {"--allow-userns"}}) {
            Options options = {"--landlock=off", "--seccomp-policy", policy};
            options.insert(options.end(), more.begin(), more.end());
            INFO(text_of(options));
            const std::string out = output(sbx(options, {"reschedule", "1", ",", "limit", "1"}));
            CHECK(refused(out, "reschedule") == ways_to_reschedule);
            CHECK(refused(out, "limit") == 2);
            const std::string own = output(sbx(options, {"reschedule", "2", ",", "limit", "2"}));
            INFO(own);
            CHECK_FALSE(contains(own, "EPERM"));
        }
    }
}

TEST_CASE("the built-in policies refuse priorities of groups and of users", "[scheduling]") {
    for (const char* policy : {"default", "strict"}) {
        for (const Options& more : std::vector<Options>{{}, {"--cap-add", "ALL"}}) {
            Options options = {"--seccomp-policy", policy};
            options.insert(options.end(), more.begin(), more.end());
            INFO(text_of(options));
            const std::string out = output(sbx(options, {"prioritise"}));
            INFO(out);
            CHECK(has_line(out, "prioritise itself ok"));
            CHECK(has_line(out, "prioritise io-itself ok"));
            int refusals = 0;
            for (const std::string& line : lines_of(out)) {
                if (line.substr(line.rfind(' ') + 1) == "EPERM") ++refusals;
            }
            CHECK(refusals == 8);
        }
    }
}

bool has_autogroups() { return ::access("/proc/self/autogroup", F_OK) == 0; }

// A session as it is now: "/autogroup-1 nice 0".
std::string autogroup_of_test() { return read_whole("/proc/self/autogroup"); }

TEST_CASE("without a terminal the session of the command is neither init's nor the caller's",
          "[scheduling]") {
    for (const Options& options : std::vector<Options>{{}, {"--new-session"}}) {
        const std::string out = output(sbx(options, {"session"}));
        CHECK(out == "session another\ngroup another\n");
    }
}

TEST_CASE("the command changes the nice value of its own session only", "[scheduling]") {
    if (!has_autogroups()) {  // then there is nothing that it could change
        CHECK(output(sbx({}, {"autogroup", "self", "19"})) == "autogroup ENOENT\n");
        return;
    }
    for (const Options& more : std::vector<Options>{
             {}, {"--map-current-user"}, {"--cap-add", "CAP_CHOWN"}, {"--new-session"}}) {
        Options options = {"--landlock=off", "--seccomp-policy", "none"};
        options.insert(options.end(), more.begin(), more.end());
        INFO(text_of(options));
        const std::string out = in_child([&] {
            ::setsid();  // a session for this test alone
            const std::string before = autogroup_of_test();
            Start start = sbx(options, {"autogroup", "1", "19", ",", "autogroup", "self", "7"});
            start.session = Session::inherited;
            const std::string said = output(start);
            return said + (autogroup_of_test() == before ? "same" : autogroup_of_test());
        });
        INFO(out);
        const std::vector<std::string> lines = lines_of(out);
        REQUIRE(lines.size() == 3);
        CHECK((lines[0] == "autogroup EROFS" || lines[0] == "autogroup EACCES"));
        CHECK(lines[1] == "autogroup ok");
        CHECK(lines[2] == "same");
    }
    // Sandboxes inside mount a procfs, so init's file is not covered: it must lead to no session of
    // the caller's.
    const std::string before = autogroup_of_test();
    const std::string out = in_child([&] {
        ::setsid();
        const std::string own = autogroup_of_test();
        Start start = sbx({"--allow-userns"}, {"autogroup", "1", "19"});
        start.session = Session::inherited;
        const std::string said = output(start);
        return said + (autogroup_of_test() == own ? "same" : "other");
    });
    CHECK(out == "autogroup ok\nsame");
    CHECK(autogroup_of_test() == before);
}

}  // namespace
}  // namespace integration
