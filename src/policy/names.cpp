// SPDX-License-Identifier: Apache-2.0
#include "policy/names.hpp"

#include "base/text.hpp"

#include <sys/capability.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>
#include <string>

namespace sbx {
namespace {

template <typename T>
struct Named {
    std::string_view name;
    T value;
};

constexpr std::array<Named<std::uint32_t>, 7> actions{{
    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
    {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
    {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
    {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
    {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
    {"SCMP_ACT_LOG", SCMP_ACT_LOG},
    {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
}};

constexpr std::array<Named<scmp_compare>, 7> comparisons{{
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
    {"SCMP_CMP_NE", SCMP_CMP_NE},
}};

/// Architectures that the OCI runtime specification names and libseccomp 2.5 does not know.
constexpr std::array<std::string_view, 4> newer_architectures{"loongarch64", "m68k", "sh", "sheb"};

/// The Go compiler's and Docker's names, which profiles use, where they differ from libseccomp's.
constexpr std::array<Named<std::string_view>, 9> go_architectures{{
    {"386", "x86"},
    {"amd64", "x86_64"},
    {"arm64", "aarch64"},
    {"loong64", "loongarch64"},
    {"mips3l64n32", "mipsel64n32"},
    {"mips64le", "mipsel64"},
    {"mips64p32", "mips64n32"},
    {"mips64p32le", "mipsel64n32"},
    {"mipsle", "mipsel"},
}};

/// System calls that libseccomp 2.5.4 does not know yet, and the Linux version each came with.
/// From number 424 on all architectures have the same numbers (arch/*/tools/syscall.tbl), but
/// for a constant: on MIPS, x32 and Alpha they do not start at 0.
constexpr std::array<Named<int>, 19> newer_calls{{
    {"cachestat", 451},          // 6.5
    {"fchmodat2", 452},          // 6.6
    {"map_shadow_stack", 453},   // 6.6
    {"futex_wake", 454},         // 6.7
    {"futex_wait", 455},         // 6.7
    {"futex_requeue", 456},      // 6.7
    {"statmount", 457},          // 6.8
    {"listmount", 458},          // 6.8
    {"lsm_get_self_attr", 459},  // 6.8
    {"lsm_set_self_attr", 460},  // 6.8
    {"lsm_list_modules", 461},   // 6.8
    {"mseal", 462},              // 6.10
    {"setxattrat", 463},         // 6.13
    {"getxattrat", 464},         // 6.13
    {"listxattrat", 465},        // 6.13
    {"removexattrat", 466},      // 6.13
    {"open_tree_attr", 467},     // 6.15
    {"file_getattr", 468},       // 6.17
    {"file_setattr", 469},       // 6.17
}};

/// The families of sockets. Linux 5.15 brought the last one, which glibc 2.36 has too.
constexpr std::array<Named<unsigned>, 48> families{{
    {"AF_UNSPEC", AF_UNSPEC},
    {"AF_UNIX", AF_UNIX},
    {"AF_LOCAL", AF_LOCAL},
    {"AF_INET", AF_INET},
    {"AF_AX25", AF_AX25},
    {"AF_IPX", AF_IPX},
    {"AF_APPLETALK", AF_APPLETALK},
    {"AF_NETROM", AF_NETROM},
    {"AF_BRIDGE", AF_BRIDGE},
    {"AF_ATMPVC", AF_ATMPVC},
    {"AF_X25", AF_X25},
    {"AF_INET6", AF_INET6},
    {"AF_ROSE", AF_ROSE},
    {"AF_DECnet", AF_DECnet},
    {"AF_NETBEUI", AF_NETBEUI},
    {"AF_SECURITY", AF_SECURITY},
    {"AF_KEY", AF_KEY},
    {"AF_NETLINK", AF_NETLINK},
    {"AF_ROUTE", AF_ROUTE},
    {"AF_PACKET", AF_PACKET},
    {"AF_ASH", AF_ASH},
    {"AF_ECONET", AF_ECONET},
    {"AF_ATMSVC", AF_ATMSVC},
    {"AF_RDS", AF_RDS},
    {"AF_SNA", AF_SNA},
    {"AF_IRDA", AF_IRDA},
    {"AF_PPPOX", AF_PPPOX},
    {"AF_WANPIPE", AF_WANPIPE},
    {"AF_LLC", AF_LLC},
    {"AF_IB", AF_IB},
    {"AF_MPLS", AF_MPLS},
    {"AF_CAN", AF_CAN},
    {"AF_TIPC", AF_TIPC},
    {"AF_BLUETOOTH", AF_BLUETOOTH},
    {"AF_IUCV", AF_IUCV},
    {"AF_RXRPC", AF_RXRPC},
    {"AF_ISDN", AF_ISDN},
    {"AF_PHONET", AF_PHONET},
    {"AF_IEEE802154", AF_IEEE802154},
    {"AF_CAIF", AF_CAIF},
    {"AF_ALG", AF_ALG},
    {"AF_NFC", AF_NFC},
    {"AF_VSOCK", AF_VSOCK},
    {"AF_KCM", AF_KCM},
    {"AF_QIPCRTR", AF_QIPCRTR},
    {"AF_SMC", AF_SMC},
    {"AF_XDP", AF_XDP},
    {"AF_MCTP", 45},
}};

struct OneArchitectureCall {
    std::string_view name;
    Architecture architecture;
    int number;
};

/// The same for those that one architecture alone has.
constexpr std::array<OneArchitectureCall, 2> newer_calls_of_one{{
    {"riscv_hwprobe", SCMP_ARCH_RISCV64, 258},  // 6.4
    {"uretprobe", SCMP_ARCH_X86_64, 335},       // 6.11
}};

/// For a call that exists, but not here. libseccomp leaves out pseudo numbers that it has no use
/// for; this is far from all of its own.
constexpr int absent_call = -99'999;

template <typename T, std::size_t size>
std::optional<T> look_up(const std::array<Named<T>, size>& table, std::string_view name) {
    for (const auto& row : table) {
        if (row.name == name) return row.value;
    }
    return std::nullopt;
}

/// By libseccomp's name: "x86_64".
std::optional<Architecture> architecture_by_name(std::string_view name) {
    const Architecture token = seccomp_arch_resolve_name(std::string(name).c_str());
    if (token != 0) return token;
    const bool newer = std::find(newer_architectures.begin(), newer_architectures.end(), name) !=
                       newer_architectures.end();
    return newer ? std::optional<Architecture>(0) : std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> action_by_name(std::string_view name) {
    return look_up(actions, name);
}

std::optional<scmp_compare> comparison_by_name(std::string_view name) {
    return look_up(comparisons, name);
}

std::optional<Architecture> architecture_by_token(std::string_view name) {
    constexpr std::string_view prefix = "SCMP_ARCH_";
    if (!name.starts_with(prefix)) return std::nullopt;
    std::string lower(name.substr(prefix.size()));
    for (char& letter : lower) {
        if (letter >= 'a' && letter <= 'z') return std::nullopt;
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    return architecture_by_name(lower);
}

std::optional<Architecture> architecture_by_short_name(std::string_view name) {
    return architecture_by_name(look_up(go_architectures, name).value_or(name));
}

std::optional<unsigned> errno_by_name(std::string_view name) {
    constexpr int last = 133;  // EHWPOISON; MIPS alone goes beyond, with EDQUOT
    for (int number = 1; number <= last; ++number) {
        const char* known = strerrorname_np(number);
        if (known != nullptr && name == known) return static_cast<unsigned>(number);
    }
    return std::nullopt;
}

Result<std::uint64_t> capability_bits(std::span<const std::string> names) {
    std::uint64_t bits = 0;
    for (const std::string& name : names) {
        // libcap takes any case and stops at a comma.
        const bool shaped = name.starts_with("CAP_") &&
                            std::all_of(name.begin(), name.end(),
                                        [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
        cap_value_t number{};
        if (!shaped || cap_from_name(name.c_str(), &number) != 0) {
            return Error{"unknown capability " + quote(name)};
        }
        bits |= std::uint64_t{1} << static_cast<unsigned>(number);
    }
    return bits;
}

std::optional<unsigned> family_by_name(std::string_view name) { return look_up(families, name); }

std::optional<int> system_call_by_name(std::string_view name) {
    const int number = seccomp_syscall_resolve_name(std::string(name).c_str());
    if (number != __NR_SCMP_ERROR) return number;

    const auto common = look_up(newer_calls, name);
    if (common) {
        constexpr int futex_waitv = 449;
        const int start = seccomp_syscall_resolve_name("futex_waitv") - futex_waitv;
        return start + *common;
    }
    for (const auto& row : newer_calls_of_one) {
        if (row.name != name) continue;
        return row.architecture == seccomp_arch_native() ? row.number : absent_call;
    }
    return std::nullopt;
}

std::optional<KernelVersion> kernel_version(std::string_view text, VersionRest rest) {
    const char* end = text.data() + text.size();
    KernelVersion version;
    const auto major = std::from_chars(text.data(), end, version.major);
    if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
    const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
    if (minor.ec != std::errc()) return std::nullopt;
    if (rest == VersionRest::refuse && minor.ptr != end) return std::nullopt;
    return version;
}

}  // namespace sbx
