// SPDX-License-Identifier: Apache-2.0
// The calls of set-up that something around sbx refuses: the words for it, and the profile for
// containers that lets them through.
#include "base/setup_calls.hpp"
#include "base/text.hpp"
#include "policy_questions.hpp"

#include <sbx/policy.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace sbx;
using namespace sbx::test;

namespace {

RefusedCall refused(std::string_view name, int error) {
    for (std::size_t i = 0; i < setup_calls.size(); ++i) {
        if (setup_calls[i].name == name) return {i, error};
    }
    throw std::runtime_error("set-up makes no call " + std::string(name));
}

std::string cause(const std::vector<RefusedCall>& calls, const CallSurroundings& around) {
    return split_sentence(explain_refused_calls(calls, around)).first;
}

std::string remedy(const std::vector<RefusedCall>& calls, const CallSurroundings& around) {
    return split_sentence(explain_refused_calls(calls, around)).second;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

SeccompFilter container_filter() {
    const char* path = std::getenv("SBX_TEST_CONTAINER_PROFILE");
    REQUIRE(path != nullptr);
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto filter = compile_policy(text, "container.json");
    if (!filter) FAIL(filter.error().message);
    return *filter;
}

}  // namespace

TEST_CASE("the calls of set-up are in the order of their names") {
    CHECK(std::is_sorted(setup_calls.begin(), setup_calls.end(),
                         [](const SetupCall& a, const SetupCall& b) { return a.name < b.name; }));
}

TEST_CASE("a call that a filter refuses") {
    const CallSurroundings filter{"6.1.0-18", true};
    CHECK(cause({refused("move_mount", EPERM)}, filter) ==
          "the system call move_mount (EPERM) is refused by a seccomp filter around sbx, as in a "
          "container, in a service of systemd or in another sandbox, and not by the kernel (Linux "
          "6.1.0-18)");
    CHECK(has(cause({refused("openat2", EPERM)}, filter),
              "systemd (RestrictSUIDSGID= and DynamicUser=) or"));
    CHECK(has(cause({refused("unshare", EPERM)}, filter), "systemd (RestrictNamespaces=) or"));
    CHECK(has(cause({refused("fsopen", 0), refused("openat2", ENOSYS)}, filter),
              "these system calls are refused: fsopen (killed by SIGSYS), openat2 (ENOSYS) by"));
    const std::string what = remedy({refused("fsmount", ENOSYS)}, filter);
    for (const SetupCall& call : setup_calls) {
        INFO(call.name);
        CHECK(has(what + ",", " " + std::string(call.name) + ",") ==
              (call.need != SetupCall::Need::none));
    }
    CHECK(has(what, "--security-opt seccomp=/"));
}

TEST_CASE("a call that the kernel does not have") {
    for (const bool filtered : {false, true}) {
        const CallSurroundings old{"5.10.0-28", filtered};
        const std::vector<RefusedCall> calls = {refused("mount_setattr", ENOSYS)};
        CHECK(cause(calls, old) ==
              "the system call mount_setattr (ENOSYS) is refused, for this kernel is Linux "
              "5.10.0-28");
        CHECK(remedy(calls, old) == "boot Linux 5.12 or later");
    }
    const std::vector<RefusedCall> calls = {refused("mount_setattr", ENOSYS)};
    const CallSurroundings other{"6.1.0", false};
    CHECK(has(cause(calls, other), "although Linux 6.1.0 has it"));
    CHECK(has(remedy(calls, other), "gVisor"));
    CHECK_FALSE(has(remedy(calls, other), "--security-opt"));
    // EPERM is no answer of a kernel that is too old.
    CHECK_FALSE(has(cause({refused("mount_setattr", EPERM)}, {"5.10.0", true}), "for this kernel"));
}

TEST_CASE("the profile for containers lets through what sbx and programs need") {
    const auto filter = container_filter();
    for (const SetupCall& call : setup_calls) {
        if (call.name == "keyctl") continue;
        INFO(call.name);
        CHECK(answer(filter, std::string(call.name).c_str()) == allow);
    }
    for (const char* name : {"read", "execve", "mmap", "mount", "prctl", "seccomp", "capset",
                             "landlock_create_ruleset", "landlock_add_rule",
                             "landlock_restrict_self", "inotify_add_watch", "ptrace", "ioctl"}) {
        INFO(name);
        CHECK(answer(filter, name) == allow);
    }
    constexpr std::uint64_t namespaces = 0x7e020000;
    CHECK(answer(filter, "clone", {namespaces}) == allow);
    CHECK(answer(filter, "unshare", {namespaces}) == allow);
}

TEST_CASE("the profile for containers lets through all that the default policy does") {
    const auto container = container_filter();
    const auto inner = builtin_policy("default");
    REQUIRE(inner);
    constexpr std::uint32_t most = 600;
    for (std::uint32_t number = 0; number < most; ++number) {
        INFO(number);
        if (ask(*inner, seccomp_arch_native(), number).action != allow) continue;
        CHECK(ask(container, seccomp_arch_native(), number).action == allow);
    }
}

TEST_CASE("the profile for containers keeps out what reaches beyond one") {
    const auto filter = container_filter();
    for (const char* name :
         {"add_key", "keyctl", "request_key", "bpf", "io_uring_setup", "init_module", "kexec_load",
          "reboot", "swapon", "settimeofday", "open_by_handle_at", "perf_event_open", "syslog"}) {
        INFO(name);
        CHECK(answer(filter, name) == error(ENOSYS));
    }
    for (const std::uint64_t family : {1U, 2U, 10U, 16U, 17U, 39U, 41U}) {
        CHECK(answer(filter, "socket", {family}) == allow);
    }
    CHECK(answer(filter, "socket", {38}) == error(ENOSYS));
    CHECK(answer(filter, "socket", {40}) == error(ENOSYS));
}

TEST_CASE("built-in policies that are said to deny new keys do") {
    for (const std::string& name : builtin_policy_names()) {
        const std::vector<std::string> all = {"CAP_SYS_ADMIN", "CAP_NET_ADMIN"};
        const auto filter = builtin_policy(name, all);
        REQUIRE(filter);
        CHECK(filter->denies_new_keys);
        CHECK(answer(*filter, "add_key") != allow);
        CHECK(answer(*filter, "request_key") != allow);
        using Answer = PolicyEdit::Answer;
        for (const char* call : {"add_key", "request_key"}) {
            const std::vector<PolicyEdit> edits = {{Answer::allow, call}};
            CHECK_FALSE(builtin_policy(name, {}, edits)->denies_new_keys);
        }
        const std::vector<PolicyEdit> other = {{Answer::allow, "keyctl"}};
        CHECK(builtin_policy(name, {}, other)->denies_new_keys);
    }
}
