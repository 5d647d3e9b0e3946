// SPDX-License-Identifier: Apache-2.0
// What the default policy answers, call by call. The tables here are written apart from
// policies/default.json: by the numbers of the kernel's x86-64 table.
#include "policy_questions.hpp"

#include <sbx/policy.hpp>

#include <linux/audit.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

using sbx::test::allow;
using sbx::test::answer;
using sbx::test::Arguments;
using sbx::test::ask;
using sbx::test::error;
using sbx::test::kill_process;

sbx::SeccompFilter default_policy(const std::vector<std::string>& capabilities = {}) {
    auto filter = sbx::builtin_policy("default", capabilities);
    INFO((filter ? "" : filter.error().message));
    REQUIRE(filter);
    return *filter;
}

const std::initializer_list<Arguments> some_arguments = {
    {}, {~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL}, {1, 2, 3, 4, 5, 6}, {0x5412, 0x5412, 0x541c}};

/// Every single bit, and words with few and with many bits, the same in each run.
std::vector<std::uint64_t> many_words() {
    std::vector<std::uint64_t> words = {0, ~0ULL};
    for (unsigned bit = 0; bit < 64; ++bit) words.push_back(1ULL << bit);
    std::mt19937_64 random(1);
    for (int i = 0; i < 500; ++i) {
        std::uint64_t word = ~0ULL;
        for (int fewer = 0; fewer < 4; ++fewer) words.push_back(word &= random());
    }
    return words;
}

}  // namespace

#ifdef __x86_64__

TEST_CASE("default policy: every number of x86-64") {
    // Looked at by their arguments, in tests of their own: ioctl, socket, socketpair, clone,
    // personality, setpriority, sched_setparam, sched_setscheduler, sched_setaffinity, ioprio_set,
    // unshare, prlimit64, sched_setattr.
    const std::set<std::uint32_t> by_arguments = {16,  41,  53,  56,  135, 141, 142,
                                                  144, 203, 251, 272, 302, 314};
    const std::set<std::uint32_t> refused = {
        103,                      // syslog
        153,                      // vhangup
        155, 161, 165, 166,       // pivot_root, chroot, mount, umount2
        163, 167, 168, 169,       // acct, swapon, swapoff, reboot
        164, 227,                 // settimeofday, clock_settime
        170, 171,                 // sethostname, setdomainname
        172, 173,                 // iopl, ioperm
        175, 176, 313,            // init_module, delete_module, finit_module
        179, 443,                 // quotactl, quotactl_fd
        212,                      // lookup_dcookie
        246, 320,                 // kexec_load, kexec_file_load
        248, 249, 250,            // add_key, request_key, keyctl
        256, 279,                 // migrate_pages, move_pages
        278,                      // vmsplice
        298, 300, 304, 308,       // perf_event_open, fanotify_init, open_by_handle_at, setns
        312, 321, 323, 440,       // kcmp, bpf, userfaultfd, process_madvise
        425, 426, 427,            // io_uring_setup, io_uring_enter, io_uring_register
        428, 429, 430, 431, 432,  // open_tree, move_mount, fsopen, fsconfig, fsmount
        433, 442, 467,            // fspick, mount_setattr, open_tree_attr
    };
    const std::set<std::uint32_t> absent = {
        134, 136, 139, 156,       // uselib, ustat, sysfs, _sysctl
        174, 177, 178, 180,       // create_module, get_kernel_syms, query_module, nfsservctl
        181, 182, 183, 184, 185,  // getpmsg, putpmsg, afs_syscall, tuxcall, security
        214, 215, 236,            // epoll_ctl_old, epoll_wait_old, vserver
        435,                      // clone3
    };
    const auto filter = default_policy();
    for (std::uint32_t number = 0; number < 1024; ++number) {
        if (by_arguments.count(number) != 0) continue;
        const bool exists = number <= 334 || (number >= 424 && number <= 469);
        std::uint32_t expected = exists ? allow : error(ENOSYS);
        if (refused.count(number) != 0) expected = error(EPERM);
        if (absent.count(number) != 0) expected = error(ENOSYS);
        for (const auto& arguments : some_arguments) {
            const auto got = ask(filter, AUDIT_ARCH_X86_64, number, arguments);
            INFO("number " << number << std::hex << ", expected " << expected);
            REQUIRE(got.action == expected);
            REQUIRE(got.constant);
        }
    }
}

TEST_CASE("default policy: other ABIs are killed") {
    const auto filter = default_policy();
    for (std::uint32_t number = 0; number < 1024; ++number) {
        for (const std::uint32_t arch : {unsigned{AUDIT_ARCH_I386}, AUDIT_ARCH_AARCH64, 0U, 62U}) {
            REQUIRE(ask(filter, arch, number).action == kill_process);
        }
        REQUIRE(ask(filter, AUDIT_ARCH_X86_64, 0x40000000 + number).action == kill_process);
        REQUIRE(ask(filter, AUDIT_ARCH_X86_64, 0x80000000 + number).action == kill_process);
        REQUIRE(ask(filter, AUDIT_ARCH_X86_64, 0xfffffffe - number).action == kill_process);
    }
    // -1 is what a tracer writes to leave a call out; it is no call of any ABI.
    REQUIRE(ask(filter, AUDIT_ARCH_X86_64, 0xffffffff).action == error(ENOSYS));
}

#endif

TEST_CASE("default policy: ioctl") {
    const auto filter = default_policy();
    const auto expected = [](std::uint64_t command) {
        const auto low = static_cast<std::uint32_t>(command);  // what the kernel looks at
        return low == 0x5412 || low == 0x541c ? error(EPERM) : allow;
    };
    for (std::uint64_t command = 0; command < 0x10000; ++command) {
        REQUIRE(answer(filter, "ioctl", {0, command}) == expected(command));
    }
    for (const std::uint64_t start : {0x5412ULL, 0x541cULL, 0x5401ULL}) {
        for (const auto bits : many_words()) {
            REQUIRE(answer(filter, "ioctl", {bits, start ^ bits, ~bits}) == expected(start ^ bits));
        }
        REQUIRE(answer(filter, "ioctl", {0, start | 1ULL << 32}) == expected(start));
        REQUIRE(answer(filter, "ioctl", {0, start | ~0ULL << 32}) == expected(start));
        REQUIRE(answer(filter, "ioctl", {start, 0, start, start, start, start}) == allow);
        REQUIRE(answer(filter, "ioctl", {0, start << 32}) == allow);
    }
}

TEST_CASE("default policy: clone and unshare") {
    constexpr std::uint64_t namespaces = 0x7e020000;
    constexpr std::uint64_t new_time = 0x80;
    constexpr std::uint64_t of_unshare = 0x200 | 0x400 | 0x40000;
    const auto filter = default_policy();
    const auto admin = default_policy({"CAP_SYS_ADMIN"});
    const auto check = [&](std::uint64_t flags) {
        INFO("flags " << std::hex << flags);
        const bool makes_one = (flags & namespaces) != 0;
        REQUIRE(answer(filter, "clone", {flags, ~flags}) == (makes_one ? error(EPERM) : allow));
        const bool plain = (flags & ~of_unshare) == 0;
        const bool refused = (flags & (namespaces | new_time)) != 0;
        REQUIRE(answer(filter, "unshare", {flags, ~flags}) == (refused ? error(EPERM)
                                                               : plain ? allow
                                                                       : error(ENOSYS)));
        REQUIRE(answer(admin, "clone", {flags}) == allow);
        REQUIRE(answer(admin, "unshare", {flags}) == allow);
    };
    for (const auto flags : many_words()) {
        check(flags);
        check(flags & ~namespaces);
        check(flags & of_unshare);
        check(flags & (of_unshare | namespaces));
    }
    REQUIRE(answer(filter, "clone3") == error(ENOSYS));
    REQUIRE(answer(admin, "clone3") == allow);
}

TEST_CASE("default policy: personality") {
    constexpr std::uint32_t harmless = 0x8 | 0x20000 | 0x40000;
    const auto filter = default_policy();
    const auto check = [&](std::uint64_t value) {
        const auto low = static_cast<std::uint32_t>(value);
        const bool fine = (low & ~harmless) == 0 || low == 0xffffffff;
        INFO("value " << std::hex << value);
        REQUIRE(answer(filter, "personality", {value, ~value}) == (fine ? allow : error(ENOSYS)));
    };
    for (const auto bits : many_words()) {
        check(bits);
        check(~bits);
        check(bits & harmless);
        check(bits | 0xffffffff);
        check(bits & ~0xffffffffULL);
    }
}

TEST_CASE("default policy: nobody changes the scheduling and the limits of pid 1") {
    const auto filter = default_policy();
    const auto all = default_policy({"CAP_SYS_ADMIN", "CAP_SYS_NICE", "CAP_SYS_RESOURCE"});
    for (const char* call : {"prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam",
                             "sched_setscheduler"}) {
        INFO(call);
        for (const auto pid : many_words()) {
            for (const std::uint64_t number : {pid, pid << 32U | 1U, pid & ~std::uint64_t{1}}) {
                const bool init = static_cast<std::uint32_t>(number) == 1;
                REQUIRE(answer(filter, call, {number, ~number}) == (init ? error(EPERM) : allow));
                REQUIRE(answer(all, call, {number, ~number}) == (init ? error(EPERM) : allow));
            }
        }
    }
}

TEST_CASE("default policy: priorities of single processes other than pid 1") {
    const auto filter = default_policy();
    const auto check = [&](std::uint64_t which, std::uint64_t pid) {
        const auto kind = static_cast<std::uint32_t>(which);
        const bool init = static_cast<std::uint32_t>(pid) == 1;
        INFO("which " << which << ", pid " << pid);
        // PRIO_PROCESS, PRIO_PGRP, PRIO_USER are 0, 1, 2; those of ioprio_set(2) 1, 2, 3.
        const bool refused = kind == 1 || kind == 2 || (kind == 0 && init);
        REQUIRE(answer(filter, "setpriority", {which, pid}) == (refused ? error(EPERM) : allow));
        const bool io_refused = kind == 2 || kind == 3 || (kind == 1 && init);
        REQUIRE(answer(filter, "ioprio_set", {which, pid}) == (io_refused ? error(EPERM) : allow));
    };
    for (const std::uint64_t kind : {0U, 1U, 2U, 3U, 4U}) {
        for (const std::uint64_t pid : {0U, 1U, 2U, 3U, 4711U}) {
            for (const auto bits : many_words()) {
                check(kind | bits << 32U, pid);
                check(kind, pid | bits << 32U);
                check(kind ^ bits, pid ^ bits);
            }
        }
    }
}

TEST_CASE("default policy: four families of sockets") {
    const auto filter = default_policy();
    const auto capable = default_policy({"CAP_NET_RAW"});
    const auto check = [&](std::uint64_t family) {
        // AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
        const bool listed = family == 1 || family == 2 || family == 10 || family == 16;
        const bool packet = family == 17;  // AF_PACKET
        INFO("family " << family);
        for (const char* call : {"socket", "socketpair"}) {
            REQUIRE(answer(filter, call, {family, 1, 16}) ==
                    (listed ? allow : error(EAFNOSUPPORT)));
            REQUIRE(answer(capable, call, {family, 1, 16}) ==
                    (listed || packet ? allow : error(EAFNOSUPPORT)));
        }
    };
    for (std::uint64_t family = 0; family < 100'000; ++family) check(family);
    // The kernel looks at the low half alone: no family comes in by an upper bit.
    for (std::uint64_t family = 0; family < 64; ++family) {
        for (unsigned bit = 6; bit < 64; ++bit) check(family | 1ULL << bit);
        check(family | ~0ULL << 32);
    }
    for (const auto bits : many_words()) check(bits);
}

TEST_CASE("default policy: what capabilities open") {
    struct Case {
        const char* capability;
        std::vector<const char*> calls;
    };
    const Case cases[] = {
        {"CAP_SYS_ADMIN",
         {"mount", "umount2", "pivot_root", "setns", "open_tree", "move_mount", "fsopen", "fsmount",
          "fsconfig", "fspick", "mount_setattr", "bpf", "perf_event_open", "sethostname",
          "setdomainname", "quotactl"}},
        {"CAP_BPF", {"bpf"}},
        {"CAP_PERFMON", {"perf_event_open"}},
        {"CAP_SYS_CHROOT", {"chroot"}},
        {"CAP_DAC_READ_SEARCH", {"open_by_handle_at"}},
        {"CAP_SYS_PTRACE", {"kcmp", "process_madvise", "userfaultfd"}},
        {"CAP_SYS_NICE", {"migrate_pages", "move_pages"}},
        {"CAP_SYSLOG", {"syslog"}},
        {"CAP_SYS_BOOT", {"reboot", "kexec_load"}},
        {"CAP_SYS_MODULE", {"init_module", "finit_module", "delete_module"}},
        {"CAP_SYS_PACCT", {"acct"}},
        {"CAP_SYS_TIME", {"settimeofday", "clock_settime"}},
        {"CAP_SYS_TTY_CONFIG", {"vhangup"}},
#ifdef __x86_64__
        {"CAP_SYS_RAWIO", {"iopl", "ioperm"}},
#endif
    };
    for (const auto& held : cases) {
        const auto filter = default_policy({"CAP_CHOWN", held.capability});
        for (const auto& other : cases) {
            for (const char* call : other.calls) {
                const bool opened = std::find(held.calls.begin(), held.calls.end(),
                                              std::string_view(call)) != held.calls.end();
                INFO(held.capability << ", " << call);
                REQUIRE(answer(filter, call) == (opened ? allow : error(EPERM)));
            }
        }
        REQUIRE(answer(filter, "ioctl", {0, 0x5412}) == error(EPERM));
        REQUIRE(answer(filter, "io_uring_setup") == error(EPERM));
        REQUIRE(answer(filter, "keyctl") == error(EPERM));
        const bool admin = held.capability == std::string_view("CAP_SYS_ADMIN");
        REQUIRE(answer(filter, "clone3") == (admin ? allow : error(ENOSYS)));
    }
}
