// SPDX-License-Identifier: Apache-2.0
// What the policy strict answers beyond what default does. The table is written apart from
// policies/strict.json: by the numbers of the kernel's x86-64 table.
#include "policy_questions.hpp"

#include <sbx/policy.hpp>

#include <linux/audit.h>

#include <cerrno>
#include <set>

using sbx::test::allow;
using sbx::test::answer;
using sbx::test::Arguments;
using sbx::test::ask;
using sbx::test::error;
using sbx::test::kill_process;

namespace {

sbx::SeccompFilter policy(const char* name) {
    auto filter = sbx::builtin_policy(name);
    REQUIRE(filter);
    return *filter;
}

}  // namespace

#ifdef __x86_64__

TEST_CASE("strict policy: every number of x86-64") {
    const std::set<std::uint32_t> by_arguments = {41, 53, 135};  // socket, socketpair, personality
    const std::set<std::uint32_t> refused = {
        29,  30,  31,  67,             // shmget, shmat, shmctl, shmdt
        64,  65,  66,  220,            // semget, semop, semctl, semtimedop
        68,  69,  70,  71,             // msgget, msgsnd, msgrcv, msgctl
        101, 310, 311, 438, 448,       // ptrace, process_vm_*, pidfd_getfd, process_mrelease
        154, 216,                      // modify_ldt, remap_file_pages
        206, 207, 208, 209, 210,       // io_setup, io_destroy, io_getevents, io_submit, io_cancel
        240, 241, 242, 243, 244, 245,  // mq_*
        248, 249, 250,                 // add_key, request_key, keyctl
        301, 303, 333, 447,            // fanotify_mark, name_to_handle_at, io_pgetevents,
                                       // memfd_secret
    };
    const auto strict = policy("strict");
    const auto usual = policy("default");
    const Arguments some[] = {{}, {1, 2, 3, 4, 5, 6}, {0x5412, 0x5412}, {~0ULL, ~0ULL}};
    for (std::uint32_t number = 0; number < 1024; ++number) {
        if (by_arguments.count(number) != 0) continue;
        for (const auto& arguments : some) {
            INFO("number " << number);
            const auto expected = refused.count(number) != 0
                                      ? error(EPERM)
                                      : ask(usual, AUDIT_ARCH_X86_64, number, arguments).action;
            REQUIRE(ask(strict, AUDIT_ARCH_X86_64, number, arguments).action == expected);
        }
    }
}

TEST_CASE("strict policy: other ABIs are killed") {
    const auto filter = policy("strict");
    for (std::uint32_t number = 0; number < 1024; ++number) {
        REQUIRE(ask(filter, AUDIT_ARCH_I386, number).action == kill_process);
        REQUIRE(ask(filter, AUDIT_ARCH_X86_64, 0x40000000 + number).action == kill_process);
    }
}

#endif

TEST_CASE("strict policy: sockets are AF_UNIX, whatever the upper bits say") {
    const auto filter = policy("strict");
    for (const char* call : {"socket", "socketpair"}) {
        CHECK(answer(filter, call, {1}) == allow);
        for (std::uint64_t family = 0; family < 100; ++family) {
            if (family != 1) REQUIRE(answer(filter, call, {family}) == error(EAFNOSUPPORT));
            for (unsigned bit = 32; bit < 64; ++bit) {
                REQUIRE(answer(filter, call, {family | 1ULL << bit}) == error(EAFNOSUPPORT));
            }
        }
    }
}

TEST_CASE("strict policy: personality is asked for, not set") {
    const auto filter = policy("strict");
    for (const std::uint64_t upper : {0ULL, 1ULL << 32, ~0ULL << 32}) {
        CHECK(answer(filter, "personality", {upper | 0xffffffff}) == allow);
        CHECK(answer(filter, "personality", {upper}) == allow);
        for (unsigned bit = 0; bit < 32; ++bit) {
            REQUIRE(answer(filter, "personality", {upper | 1ULL << bit}) != allow);
        }
        for (const std::uint64_t value : {0x8ULL, 0x20008ULL, 0x40008ULL, 0x60000ULL, 0x60008ULL}) {
            REQUIRE(answer(filter, "personality", {upper | value}) == error(EPERM));
        }
    }
}
