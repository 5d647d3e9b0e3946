// SPDX-License-Identifier: Apache-2.0
// Single system calls allowed or denied on top of a policy, and what is known of the result.
#include "policy_questions.hpp"
#include "support.hpp"

#include <sbx/policy.hpp>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <string>
#include <vector>

using sbx::PolicyEdit;
using sbx::test::allow;
using sbx::test::answer;
using sbx::test::error;
using sbx::test::error_of;

namespace {

constexpr auto allowed = PolicyEdit::Answer::allow;
constexpr auto denied = PolicyEdit::Answer::deny;
using Edits = std::vector<PolicyEdit>;
using Names = std::vector<std::string>;

sbx::SeccompFilter edited(const Edits& edits, const char* policy = "default",
                          const Names& capabilities = {}) {
    auto filter = sbx::builtin_policy(policy, capabilities, edits);
    INFO(error_of(filter));
    REQUIRE(filter);
    return *filter;
}

}  // namespace

TEST_CASE("an edit answers for its call, whatever the rules and the arguments say") {
    const auto filter = edited({{allowed, "keyctl"}, {allowed, "ioctl"}, {denied, "personality"}});
    CHECK(answer(filter, "keyctl") == allow);
    CHECK(answer(filter, "ioctl", {0, 0x5412}) == allow);
    CHECK(answer(filter, "personality", {0xffffffff}) == error(EPERM));
    CHECK(answer(filter, "add_key") == error(EPERM));  // and for no other
    CHECK(answer(filter, "read") == allow);
    CHECK(answer(edited({{denied, "read"}}), "read") == error(EPERM));
    CHECK(answer(edited({{allowed, "ptrace"}}, "strict"), "ptrace") == allow);
    CHECK(answer(edited({{denied, "mount"}}, "default", {"CAP_SYS_ADMIN"}), "mount") ==
          error(EPERM));
}

TEST_CASE("of two edits the later one counts") {
    CHECK(answer(edited({{allowed, "mount"}, {denied, "mount"}}), "mount") == error(EPERM));
    CHECK(answer(edited({{denied, "read"}, {allowed, "read"}}), "read") == allow);
}

TEST_CASE("an edit of one family of sockets leaves the others as they are") {
    constexpr std::uint64_t inet = 2;
    constexpr std::uint64_t alg = 38;
    constexpr std::uint64_t vsock = 40;
    const auto filter = edited({{allowed, "socket:AF_VSOCK"}, {denied, "socket:AF_INET"}});
    for (const std::uint64_t upper : {0ULL, 1ULL << 32, ~0ULL << 32}) {
        CHECK(answer(filter, "socket", {upper | vsock}) == allow);
        CHECK(answer(filter, "socket", {upper | inet}) == error(EAFNOSUPPORT));
        CHECK(answer(filter, "socket", {upper | alg}) == error(EAFNOSUPPORT));
    }
    CHECK(answer(filter, "socket", {1}) == allow);
    CHECK(answer(filter, "socketpair", {vsock}) == error(EAFNOSUPPORT));
    CHECK(answer(edited({{allowed, "socket:AF_INET"}}, "strict"), "socket", {inet}) == allow);
    CHECK(answer(edited({{allowed, "socket:AF_INET"}}, "strict"), "socket", {10}) ==
          error(EAFNOSUPPORT));
    CHECK(answer(edited({{allowed, "socket"}}), "socket", {alg}) == allow);
    CHECK(filter.denies_user_namespaces);
}

TEST_CASE("of edits of a call and of its families the last one counts") {
    constexpr std::uint64_t can = 29;
    const PolicyEdit one_allowed = {allowed, "socket:AF_CAN"};
    const PolicyEdit one_denied = {denied, "socket:AF_CAN"};
    CHECK(answer(edited({one_allowed, one_denied}), "socket", {can}) == error(EAFNOSUPPORT));
    CHECK(answer(edited({one_denied, one_allowed}), "socket", {can}) == allow);
    CHECK(answer(edited({one_allowed, {denied, "socket"}}), "socket", {can}) == error(EPERM));
    const auto all_but_one = edited({one_allowed, {allowed, "socket"}, one_denied});
    CHECK(answer(all_but_one, "socket", {can}) == error(EAFNOSUPPORT));
    CHECK(answer(all_but_one, "socket", {can + 1}) == allow);
    const auto all_denied_but_one = edited({{denied, "socket"}, one_allowed});
    CHECK(answer(all_denied_but_one, "socket", {can}) == allow);
    CHECK(answer(all_denied_but_one, "socket", {1}) == error(EPERM));
}

TEST_CASE("an edit of one family where no rule names the call") {
    for (const char* action : {"ALLOW", "ERRNO"}) {
        const std::string text =
            std::string(R"({"defaultAction": "SCMP_ACT_)") + action + R"(", "syscalls": []})";
        const auto answer_otherwise = action[0] == 'A' ? allow : error(EPERM);
        const auto filter = sbx::compile_policy(
            text, "text", {}, Edits{{allowed, "socket:AF_INET"}, {denied, "socketpair:AF_UNIX"}});
        REQUIRE(filter);
        CHECK(answer(*filter, "socket", {2}) == allow);
        CHECK(answer(*filter, "socket", {3}) == answer_otherwise);
        CHECK(answer(*filter, "socketpair", {1}) == error(EAFNOSUPPORT));
        CHECK(answer(*filter, "read") == answer_otherwise);
    }
}

TEST_CASE("edits of a policy that is given as text") {
    const auto filter =
        sbx::compile_policy(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []})", "text", {},
                            Edits{{denied, "ptrace"}});
    INFO(error_of(filter));
    REQUIRE(filter);
    CHECK(answer(*filter, "ptrace") == error(EPERM));
    CHECK(answer(*filter, "read") == allow);
    CHECK_FALSE(filter->denies_user_namespaces);
}

TEST_CASE("an edit of what is no system call") {
    CHECK(error_of(sbx::builtin_policy("default", {}, Edits{{denied, "ptarce"}})) ==
          "seccomp policy \"default\": unknown system call \"ptarce\"");
    CHECK(error_of(sbx::builtin_policy("default", {}, Edits{{denied, ""}})) ==
          "seccomp policy \"default\": unknown system call \"\"");
    for (const auto& [call, why] : std::initializer_list<std::array<const char*, 2>>{
             {"socket:AF_VSOK", "unknown family of sockets \"AF_VSOK\""},
             {"socket:", "unknown family of sockets \"\""},
             {"socket:AF_INET:x", "unknown family of sockets \"AF_INET:x\""},
             {"bind:AF_INET",
              "only socket and socketpair are edited by a family, and not \"bind:AF_INET\""},
             {"sockt:AF_INET", "unknown system call \"sockt\""}}) {
        CHECK(error_of(sbx::builtin_policy("default", {}, Edits{{allowed, call}})) ==
              std::string("seccomp policy \"default\": ") + why);
    }
#ifdef __x86_64__
    CHECK(error_of(sbx::builtin_policy("default", {}, Edits{{denied, "chown32"}})) ==
          "seccomp policy \"default\": this architecture has no system call \"chown32\"");
#endif
}

TEST_CASE("what is said to deny user namespaces does") {
    for (const std::string& name : sbx::builtin_policy_names()) {
        for (const Names& capabilities : {Names{}, Names{"CAP_NET_ADMIN", "CAP_SYS_PTRACE"}}) {
            const auto filter = edited({{denied, "read"}}, name.c_str(), capabilities);
            CHECK(filter.denies_user_namespaces);
            for (std::uint64_t other = 0; other < 64; ++other) {
                const std::uint64_t flags = 0x10000000 | 1ULL << other;
                REQUIRE(answer(filter, "clone", {flags}) != allow);
                REQUIRE(answer(filter, "unshare", {flags}) != allow);
            }
            CHECK(answer(filter, "clone3") != allow);
            CHECK(answer(filter, "setns") != allow);
        }
        CHECK(sbx::builtin_policy(name)->denies_user_namespaces);
        CHECK_FALSE(edited({}, name.c_str(), {"CAP_SYS_ADMIN"}).denies_user_namespaces);
        for (const char* call : {"clone", "clone3", "setns", "unshare"}) {
            CHECK_FALSE(edited({{allowed, call}}, name.c_str()).denies_user_namespaces);
        }
    }
}

TEST_CASE("edits that let a sandbox be made inside") {
    const auto filter = edited(sbx::nested_sandbox_edits());
    CHECK_FALSE(filter.denies_user_namespaces);
    for (const char* call :
         {"clone", "clone3", "unshare", "setns", "mount", "umount2", "open_tree", "move_mount",
          "mount_setattr", "fsopen", "pivot_root", "sethostname"}) {
        CHECK(answer(filter, call, {0x10000000}) == allow);
    }
    for (const char* call : {"bpf", "perf_event_open", "swapon", "init_module", "io_uring_setup"}) {
        CHECK(answer(filter, call) == error(EPERM));
    }
}
