// SPDX-License-Identifier: Apache-2.0
// What the filter for root's sandboxes answers: which calls cannot make a file with set-user-id or
// set-group-id bits. The table is written apart from policies/set-id-files.json: by the numbers of
// the kernel's x86-64 table.
#include "policy_questions.hpp"
#include "support.hpp"

#include <sbx/policy.hpp>

#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <vector>

using sbx::PolicyEdit;
using sbx::test::allow;
using sbx::test::answer;
using sbx::test::Arguments;
using sbx::test::ask;
using sbx::test::error;
using sbx::test::kill_process;

namespace {

sbx::SeccompFilter set_id_filter(const std::vector<PolicyEdit>& edits = {}) {
    auto filter = sbx::set_id_files_filter(edits);
    REQUIRE(filter);
    CHECK(filter->for_root);
    CHECK_FALSE(filter->denies_user_namespaces);
    return *filter;
}

constexpr std::array<std::uint64_t, 6> set_id_modes = {04000, 02000, 06000, 04755, 02775, 07777};
constexpr std::array<std::uint64_t, 6> plain_modes = {0, 0755, 01777, 0644, 0100644, 0170777};

struct Call {
    std::uint32_t number;
    std::size_t mode;  // index of the argument
};

}  // namespace

#ifdef __x86_64__

TEST_CASE("set-id policy: calls whose mode counts always") {
    const auto filter = set_id_filter();
    const Call calls[] = {{90, 1}, {91, 1},  {268, 2}, {452, 2},  // chmod, fchmod, fchmodat(2)
                          {85, 1}, {133, 1}, {259, 2}};           // creat, mknod, mknodat
    std::mt19937_64 random(1);
    for (const Call& call : calls) {
        INFO("number " << call.number);
        const auto answer_to = [&](std::uint64_t mode) {
            Arguments arguments{};
            for (auto& one : arguments) one = random();
            arguments.at(call.mode) = mode;
            return ask(filter, AUDIT_ARCH_X86_64, call.number, arguments).action;
        };
        for (const std::uint64_t high : {0ULL, 1ULL << 32, ~0ULL << 32}) {
            for (const auto mode : set_id_modes) CHECK(answer_to(high | mode) == error(EPERM));
            for (const auto mode : plain_modes) CHECK(answer_to(high | mode) == allow);
        }
    }
}

TEST_CASE("set-id policy: open and openat, whose mode counts where a file is created") {
    const auto filter = set_id_filter();
    constexpr std::uint64_t create = 0100;
    constexpr std::uint64_t unnamed = 020200000;  // O_TMPFILE, with O_DIRECTORY
    for (const Call& call : {Call{2, 2}, Call{257, 3}}) {
        const auto answer_to = [&](std::uint64_t flags, std::uint64_t mode) {
            Arguments arguments{};
            arguments.at(call.mode - 1) = flags;
            arguments.at(call.mode) = mode;
            return ask(filter, AUDIT_ARCH_X86_64, call.number, arguments).action;
        };
        for (const std::uint64_t other : {0ULL, 1ULL, 02002101ULL & ~create, 1ULL << 40}) {
            for (const auto mode : set_id_modes) {
                CHECK(answer_to(other | create, mode) == error(EPERM));
                CHECK(answer_to(other | unnamed, mode) == error(EPERM));
                CHECK(answer_to(other, mode) == allow);
                CHECK(answer_to(other | 0200000, mode) == allow);  // O_DIRECTORY alone
            }
            for (const auto mode : plain_modes) {
                CHECK(answer_to(other | create, mode) == allow);
                CHECK(answer_to(other | unnamed, mode) == allow);
            }
        }
    }
}

TEST_CASE("set-id policy: all other calls, and other ABIs") {
    const auto filter = set_id_filter();
    const std::array<std::uint32_t, 9> looked_at = {2, 85, 90, 91, 133, 257, 259, 268, 452};
    for (std::uint32_t number = 0; number < 1024; ++number) {
        if (std::find(looked_at.begin(), looked_at.end(), number) != looked_at.end()) continue;
        const auto got = ask(filter, AUDIT_ARCH_X86_64, number, {04755, 04755, 04755, 04755});
        INFO("number " << number);
        REQUIRE(got.action == (number == 437 ? error(ENOSYS) : allow));  // openat2
        REQUIRE(got.constant);
    }
    for (const std::uint32_t number : looked_at) {
        REQUIRE(ask(filter, AUDIT_ARCH_I386, number).action == kill_process);
        REQUIRE(ask(filter, AUDIT_ARCH_X86_64, 0x40000000 + number).action == kill_process);
    }
}

#endif

TEST_CASE("set-id policy: an edit opens one call, and the filter has no name to be asked for") {
    const auto filter = set_id_filter({{PolicyEdit::Answer::allow, "fchmod"}});
    CHECK(answer(filter, "fchmod", {0, 04755}) == allow);
    CHECK(answer(filter, "chmod", {0, 04755}) == error(EPERM));
    for (const std::string& name : sbx::builtin_policy_names()) CHECK(name != "set-id-files");
    const auto by_name = sbx::builtin_policy("set-id-files");
    REQUIRE_FALSE(by_name);
    CHECK(by_name.error().message ==
          "no built-in seccomp policy is called \"set-id-files\"; there is: default, strict, and "
          "none");
}

TEST_CASE("set-id policy: it goes with a built-in policy in the sbx dialect") {
    const auto with_it = [](const std::vector<std::string>& words,
                            const sbx::cli::Dialect& dialect) {
        const auto spec = sbx::test::spec_of(words, dialect);
        REQUIRE(spec);
        return std::any_of(spec->filters.begin(), spec->filters.end(),
                           [](const sbx::SeccompFilter& filter) { return filter.for_root; });
    };
    const auto own = sbx::cli::sbx_dialect();
    CHECK(with_it({"true"}, own));
    CHECK(with_it({"--seccomp-policy", "strict", "true"}, own));
    CHECK(with_it({"--seccomp-edit", "deny:ptrace", "--cap-add", "CAP_CHOWN", "true"}, own));
    CHECK_FALSE(with_it({"--allow-setuid-files", "true"}, own));
    CHECK_FALSE(with_it({"--allow-userns", "true"}, own));
    CHECK_FALSE(with_it({"--seccomp-policy", "none", "true"}, own));
    CHECK_FALSE(with_it({"--seccomp-policy", "default", "true"}, sbx::cli::bwrap_dialect()));
}
