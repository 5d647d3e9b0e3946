// SPDX-License-Identifier: Apache-2.0
// The command cannot keep init, or anything outside, from its turn: it changes neither the
// scheduling nor the limits of what is not its own.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

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

}  // namespace
}  // namespace integration
