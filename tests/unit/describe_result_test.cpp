// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

#include <sbx/run.hpp>

#include <catch2/catch.hpp>

#include <cerrno>
#include <csignal>
#include <string>

using namespace sbx;
using namespace sbx::test;
using namespace std::chrono_literals;

namespace {

Plan planned(const Words& words) {
    const auto spec = sbx_spec(words);
    REQUIRE(spec);
    const auto plan = make_plan(*spec, fake_host(*spec));
    INFO(error_of(plan));
    REQUIRE(plan);
    return *plan;
}

bool says(const std::string& result, const std::string& words) {
    INFO(result);
    return result.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("the result of a command that ran", "[result]") {
    const Plan plan = planned({"--mask", "/m", "--protect", "/p", "--cap-add", "cap_kill",
                               "--argv0", "name", "--", "make", "-j 2"});
    Outcome outcome{.end = Outcome::End::exited, .code = 3, .started = true};
    outcome.wall = 1'500'000us;
    outcome.usage = Usage{2s, 250ms, 4096};
    const std::string text = describe_result(outcome, &plan, {}, 3);
    CHECK(says(text, "\"command\": [\"name\", \"-j 2\"],"));
    CHECK(says(
        text,
        "\"started\": true,\n  \"end\": \"exited\",\n  \"exit_code\": 3,\n  \"signal\": null,\n"));
    CHECK(says(text, "\"status\": 3,\n  \"failed\": \"command\",\n  \"error\": null,\n"));
    CHECK(says(text,
               "\"wall_seconds\": 1.500000,\n  \"user_seconds\": 2.000000,\n"
               "  \"system_seconds\": 0.250000,\n  \"max_rss_bytes\": 4096,\n"));
    CHECK(says(text,
               "\"namespaces\": [\"user\", \"mount\", \"pid\", \"ipc\", \"uts\", "
               "\"network\", \"cgroup\"]"));
    CHECK(says(text, "\"capabilities\": [\"cap_kill\"]"));
    CHECK(says(text, "\"no_new_privs\": true"));
    CHECK(says(text, "\"landlock\": [\"files\", \"signals\", \"abstract-sockets\"]"));
    CHECK(says(text, "\"masked\": [\"/m\"],\n    \"protected\": [\"/p\"],\n"));
    CHECK(text.back() == '\n');
    outcome = {.end = Outcome::End::exited};
    CHECK(says(describe_result(outcome, &plan, {}, 0), "\"failed\": null,"));
}

TEST_CASE("the result of a command that a signal killed", "[result]") {
    const Plan plan = planned({"true"});
    const Outcome outcome{.end = Outcome::End::signalled, .code = SIGKILL};
    const std::string text = describe_result(outcome, &plan, {}, 137);
    CHECK(says(text,
               "\"end\": \"signalled\",\n  \"exit_code\": null,\n"
               "  \"signal\": \"SIGKILL\",\n  \"status\": 137,\n"));
    CHECK(says(text, "\"user_seconds\": null,"));
    const Outcome unnamed{.end = Outcome::End::signalled, .code = 40};
    CHECK(says(describe_result(unnamed, &plan, {}, 168), "\"signal\": 40,"));
}

TEST_CASE("the result of a sandbox that ended before its command", "[result]") {
    const Outcome outcome{.end = Outcome::End::aborted, .error = {"lost; guard"}, .started = true};
    const std::string text = describe_result(outcome, nullptr, {"make"}, 123);
    CHECK(says(text, "\"started\": true,\n  \"end\": \"aborted\",\n  \"exit_code\": null,\n"));
    CHECK(says(text, "\"status\": 123,\n  \"failed\": \"sandbox\","));
    CHECK(says(text, "\"remedy\": \"guard\""));
}

TEST_CASE("the result of a sandbox that could not be made", "[result]") {
    const Plan plan = planned({"--bare", "--tmpfs", "/t", "true"});
    Outcome outcome{.end = Outcome::End::refused,
                    .error = {"tmpfs on \"/t; x\\\"; y\": no; do this; or that"},
                    .step = 3,
                    .error_number = EPERM};
    const std::string text = describe_result(outcome, &plan, {}, 125);
    CHECK(says(text, "\"started\": false,\n  \"end\": \"refused\","));
    CHECK(says(text, "\"failed\": \"sandbox\","));
    CHECK(says(text, "\"message\": \"tmpfs on \\\"/t; x\\\\\\\"; y\\\": no; do this; or that\""));
    CHECK(says(text, "\"remedy\": \"do this; or that\""));
    CHECK(says(text, "\"errno\": \"EPERM\""));
    CHECK(says(text,
               "\"step\": { \"number\": 4, \"text\": \""
               "tmpfs on \\\"/t\\\" mode 0755\" }"));
    outcome = {.end = Outcome::End::refused, .error = {"no reason"}, .step = 999};
    CHECK(says(describe_result(outcome, &plan, {}, 125), "\"step\": null,"));
    CHECK(says(describe_result(outcome, &plan, {}, 125), "\"remedy\": null"));
    // Before there is a plan, the command is known all the same.
    const std::string early = describe_result(outcome, nullptr, {"make", "\xff"}, 125);
    CHECK(says(early, "\"command\": [\"make\", \"\\udcff\"]"));
    CHECK(says(early, "\"protections\": null"));
    for (const auto end : {Outcome::End::not_found, Outcome::End::not_executable}) {
        outcome = {.end = end, .error = {"x"}};
        CHECK(says(describe_result(outcome, &plan, {}, 127), "\"failed\": \"execution\","));
    }
}

TEST_CASE("the result of a command that left traps for git", "[result]") {
    Outcome outcome{.end = Outcome::End::exited};
    outcome.git_traps = {{GitTrap::Kind::link, "/p/.git/a\nb", "/p/.git/aside/a"},
                         {GitTrap::Kind::operation, "/p/.git/rebase-merge", {}}};
    const Plan watched = planned({"--watch-git", "/p", "tell", "true"});
    const std::string text = describe_result(outcome, &watched, {}, 0);
    CHECK(says(text, "\"kind\": \"link\""));
    CHECK(says(text, "\"aside\": \"/p/.git/aside/a\""));
    CHECK(says(text, "\"kind\": \"operation\""));
    CHECK(says(describe(outcome.git_traps[0]), "\"/p/.git/a\\nb\" is a new symbolic link"));
    CHECK(
        says(describe_result({.end = Outcome::End::exited}, &watched, {}, 0), "\"git_traps\": []"));
    const Plan other = planned({"true"});
    CHECK(
        says(describe_result({.end = Outcome::End::exited}, &other, {}, 0), "\"git_traps\": null"));
}

TEST_CASE("each kind of trap has a sentence that names its path and a remedy", "[result]") {
    for (int kind = 0; kind <= static_cast<int>(GitTrap::Kind::unseen); ++kind) {
        const GitTrap trap{static_cast<GitTrap::Kind>(kind), "/p/.git/x", {}};
        const std::string text = describe(trap);
        INFO(text);
        CHECK(text.rfind("\"/p/.git/x\" ", 0) == 0);
        CHECK(text.find("; ") != std::string::npos);
        GitTrap moved = trap;
        moved.aside = "/p/.git/aside/x";
        CHECK(says(describe(moved), "\"/p/.git/aside/x\"") == trap.is_deliberate());
    }
}
