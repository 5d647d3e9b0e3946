// SPDX-License-Identifier: Apache-2.0
// What policies mean once they are compiled; policy_errors_test.cpp has those that do not compile.
#include "policy_questions.hpp"

#include <sbx/policy.hpp>

#include <cerrno>
#include <string>
#include <vector>

namespace {

using sbx::test::allow;
using sbx::test::answer;
using sbx::test::ask;
using sbx::test::error;
using sbx::test::kill_process;

/// A policy of the rules given; calls without a rule answer ENOSYS.
sbx::SeccompFilter policy(const std::string& rules) {
    auto filter = sbx::compile_policy(
        R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [)" + rules +
            "]}",
        "test");
    INFO((filter ? "" : filter.error().message));
    REQUIRE(filter);
    return *filter;
}

}  // namespace

TEST_CASE("a policy: the strictest rule wins, whatever the order") {
    const std::string always = R"({"names": ["read"], "action": "SCMP_ACT_ALLOW"})";
    const std::string never = R"({"names": ["read"], "action": "SCMP_ACT_ERRNO"})";
    const std::string not_5 = R"({"names": ["read"], "action": "SCMP_ACT_ERRNO", "errno": "EIO",
        "args": [{"index": 0, "value": 5, "op": "SCMP_CMP_EQ"}]})";
    const std::string kill_7 = R"({"names": ["read"], "action": "SCMP_ACT_KILL_PROCESS",
        "args": [{"index": 0, "value": 6, "op": "SCMP_CMP_GT"}]})";
    const std::string log_4 = R"({"names": ["read"], "action": "SCMP_ACT_LOG",
        "args": [{"index": 0, "value": 4, "op": "SCMP_CMP_GE"}]})";
    const std::string only_8 = R"({"names": ["read"], "action": "SCMP_ACT_ALLOW",
        "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]})";
    for (const auto& rules : {always + "," + not_5 + "," + kill_7 + "," + log_4,
                              log_4 + "," + kill_7 + "," + not_5 + "," + always}) {
        const auto filter = policy(rules);
        REQUIRE(answer(filter, "read", {3}) == allow);
        REQUIRE(answer(filter, "read", {4}) == SECCOMP_RET_LOG);
        REQUIRE(answer(filter, "read", {5}) == error(EIO));
        REQUIRE(answer(filter, "read", {6}) == SECCOMP_RET_LOG);
        REQUIRE(answer(filter, "read", {7}) == kill_process);
        REQUIRE(answer(filter, "write", {7}) == error(ENOSYS));
    }
    for (const auto& rules : {always + "," + never + "," + only_8 + "," + not_5,
                              not_5 + "," + only_8 + "," + never + "," + always}) {
        const auto filter = policy(rules);
        REQUIRE(answer(filter, "read", {8}) == error(EPERM));
        REQUIRE(answer(filter, "read", {0}) == error(EPERM));
    }
    // Of two errnos the first in the text.
    REQUIRE(answer(policy(never + "," + not_5), "read", {5}) == error(EPERM));
    REQUIRE(answer(policy(not_5 + "," + never), "read", {5}) == error(EIO));
    REQUIRE(answer(policy(only_8), "read", {8}) == allow);
    REQUIRE(answer(policy(only_8), "read", {9}) == error(ENOSYS));
    REQUIRE(answer(policy(only_8 + "," + not_5), "read", {5}) == error(EIO));
    REQUIRE(answer(policy(only_8 + "," + only_8), "read", {8}) == allow);
}

TEST_CASE("a policy: operators, at full width") {
    struct Case {
        const char* op;
        std::array<bool, 3> matches;  // below, equal, above
    };
    const Case cases[] = {
        {"NE", {true, false, true}},  {"LT", {true, false, false}}, {"LE", {true, true, false}},
        {"EQ", {false, true, false}}, {"GE", {false, true, true}},  {"GT", {false, false, true}},
    };
    constexpr std::uint64_t pivot = 0x123456789abcdef0;
    for (const auto& test : cases) {
        const auto filter = policy(R"({"names": ["read"], "action": "SCMP_ACT_ALLOW", "args":
            [{"index": 5, "value": 1311768467463790320, "op": "SCMP_CMP_)" +
                                   std::string(test.op) + "\"}]}");
        for (const std::uint64_t step : {1ULL, 1ULL << 33}) {
            const std::uint64_t values[] = {pivot - step, pivot, pivot + step};
            for (std::size_t i = 0; i < 3; ++i) {
                INFO(test.op << " " << i);
                const auto got = answer(filter, "read", {0, 0, 0, 0, 0, values[i]});
                REQUIRE(got == (test.matches[i] ? allow : error(ENOSYS)));
            }
        }
    }
    const auto both = policy(R"({"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [
        {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"},
        {"index": 1, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]})");
    REQUIRE(answer(both, "read", {1, ~0ULL}) == allow);
    REQUIRE(answer(both, "read", {1, ~0ULL >> 1}) == error(ENOSYS));
    REQUIRE(answer(both, "read", {2, ~0ULL}) == error(ENOSYS));
}

TEST_CASE("a policy: actions and errnos") {
    const auto filter = policy(R"(
        {"names": ["read"], "action": "SCMP_ACT_KILL"},
        {"names": ["write"], "action": "SCMP_ACT_KILL_THREAD"},
        {"names": ["open"], "action": "SCMP_ACT_TRAP"},
        {"names": ["close"], "action": "SCMP_ACT_LOG"},
        {"names": ["openat"], "action": "SCMP_ACT_ERRNO"},
        {"names": ["stat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4094},
        {"names": ["fstat"], "action": "SCMP_ACT_ERRNO", "errno": "EDOM"},
        {"names": ["lstat"], "action": "SCMP_ACT_ERRNO", "errno": "ENOSYS", "errnoRet": 38})");
    REQUIRE(answer(filter, "read") == SECCOMP_RET_KILL_THREAD);
    REQUIRE(answer(filter, "write") == SECCOMP_RET_KILL_THREAD);
    REQUIRE(answer(filter, "open") == SECCOMP_RET_TRAP);
    REQUIRE(answer(filter, "close") == SECCOMP_RET_LOG);
    REQUIRE(answer(filter, "openat") == error(EPERM));
    REQUIRE(answer(filter, "stat") == error(4094));
    REQUIRE(answer(filter, "fstat") == error(EDOM));
    REQUIRE(answer(filter, "lstat") == error(ENOSYS));
}

TEST_CASE("a policy: a deny-list, and null and empty parts") {
    const auto filter = sbx::compile_policy(R"({
        "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_M68K"],
        "archMap": [], "flags": ["SECCOMP_FILTER_FLAG_TSYNC"], "syscalls": [
        {"names": ["read", "lchown32", "swapcontext"], "action": "SCMP_ACT_ERRNO", "args": null,
         "includes": {}, "excludes": null, "comment": ""},
        {"names": ["write"], "action": "SCMP_ACT_KILL_PROCESS", "comment": "no file 2",
         "args": [{"index": 0, "value": 2, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]},
        {"names": ["close"], "action": "SCMP_ACT_ALLOW", "args": []}]})",
                                            "list.json");
    INFO((filter ? "" : filter.error().message));
    REQUIRE(filter);
    REQUIRE(filter->name == "list.json");
    REQUIRE(answer(*filter, "read") == error(EPERM));
    REQUIRE(answer(*filter, "write", {1}) == allow);
    REQUIRE(answer(*filter, "write", {2}) == kill_process);
    REQUIRE(answer(*filter, "close") == allow);
    REQUIRE(ask(*filter, 0, 0).action == kill_process);
}

#ifdef __x86_64__
TEST_CASE("a policy: a call of other architectures lets no number in") {
    const std::string names = R"({"names": ["lchown32", "swapcontext", "riscv_hwprobe"], )";
    const auto filter = policy(names + R"("action": "SCMP_ACT_ALLOW"},)" + names +
                               R"("action": "SCMP_ACT_LOG",
                                  "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}]})");
    for (int number = -2; number > -100'010; --number) {
        const auto got = ask(filter, seccomp_arch_native(), static_cast<std::uint32_t>(number));
        REQUIRE(got.action == kill_process);
    }
}
#endif

TEST_CASE("a policy: calls newer than libseccomp") {
    const auto filter = policy(R"({"names": ["mseal", "file_setattr", "cachestat"],
                                   "action": "SCMP_ACT_ALLOW"})");
    const auto start =
        static_cast<std::uint32_t>(seccomp_syscall_resolve_name("futex_waitv")) - 449;
    for (std::uint32_t number = 440; number < 500; ++number) {
        const bool named = number == 451 || number == 462 || number == 469;
        REQUIRE(ask(filter, seccomp_arch_native(), start + number).action ==
                (named ? allow : error(ENOSYS)));
    }
}

TEST_CASE("a policy: includes and excludes") {
    const auto read_with = [](const std::string& conditions,
                              const std::vector<std::string>& capabilities) {
        auto filter = sbx::compile_policy(
            R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
                {"names": ["read"], "action": "SCMP_ACT_ALLOW", )" +
                conditions + "}]}",
            "test", capabilities);
        INFO((filter ? "" : filter.error().message));
        REQUIRE(filter);
        return answer(*filter, "read") == allow;
    };
    const std::string both = R"("includes": {"caps": ["CAP_BPF", "CAP_KILL"]})";
    CHECK(read_with(both, {"CAP_KILL", "CAP_BPF"}));
    CHECK_FALSE(read_with(both, {"CAP_KILL"}));
    const std::string neither = R"("excludes": {"caps": ["CAP_BPF", "CAP_KILL"]})";
    CHECK(read_with(neither, {"CAP_CHOWN"}));
    CHECK_FALSE(read_with(neither, {"CAP_KILL"}));
    CHECK(read_with(R"("includes": {"minKernel": "3.20"})", {}));
    CHECK_FALSE(read_with(R"("includes": {"minKernel": "99.0"})", {}));
    CHECK_FALSE(read_with(R"("excludes": {"minKernel": "4.8"})", {}));
    CHECK(read_with(R"("excludes": {"minKernel": "99.0"})", {}));
    CHECK_FALSE(read_with(R"("includes": {"arches": ["mips64n32"]})", {}));
    CHECK(read_with(R"("excludes": {"arches": ["mips64n32", "loong64"]})", {}));
#ifdef __x86_64__
    CHECK(read_with(R"("includes": {"arches": ["arm64", "amd64"]})", {}));
    CHECK_FALSE(read_with(R"("excludes": {"arches": ["amd64"]})", {}));
#endif
}
