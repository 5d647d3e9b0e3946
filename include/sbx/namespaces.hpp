// SPDX-License-Identifier: Apache-2.0
// The kernel's namespaces as a small set. A value: it names no process and no descriptor.
#pragma once

#include <cstdint>

namespace sbx {

/// One kind of namespace (namespaces(7)); the numbers are sbx's own, not the kernel's flags.
enum class Namespace : std::uint8_t {
    user = 1,      ///< ids and capabilities (user_namespaces(7))
    mount = 2,     ///< the tree of files (mount_namespaces(7)); a sandbox always has its own
    pid = 4,       ///< processes (pid_namespaces(7)); all in it end with its first one
    ipc = 8,       ///< System V IPC and POSIX message queues (ipc_namespaces(7))
    uts = 16,      ///< the host name (uts_namespaces(7))
    network = 32,  ///< devices, addresses, ports, abstract sockets (network_namespaces(7))
    cgroup = 64,   ///< what /proc/self/cgroup begins at (cgroup_namespaces(7))
    time = 128,    ///< offsets of the clocks since boot (time_namespaces(7))
};

/// A set of namespaces.
struct NamespaceSet {
    std::uint8_t bits = 0;  ///< the numbers of its members, added up

    constexpr NamespaceSet() = default;  ///< the empty set
    /// The set of one, which `one` also converts to.
    constexpr NamespaceSet(Namespace one) : bits(static_cast<std::uint8_t>(one)) {}
    /// The set with these `bits`.
    constexpr explicit NamespaceSet(unsigned value) : bits(static_cast<std::uint8_t>(value)) {}

    /// Whether `one` is in it.
    constexpr bool has(Namespace one) const { return (bits & static_cast<unsigned>(one)) != 0; }
    /// Whether nothing is in it.
    constexpr bool empty() const { return bits == 0; }
    /// Adds what is not in it yet.
    constexpr void add(NamespaceSet more) { bits = static_cast<std::uint8_t>(bits | more.bits); }
    /// Takes out what is in it: `spec.unshare.remove(Namespace::network)` shares the network.
    constexpr void remove(NamespaceSet less) {
        bits = static_cast<std::uint8_t>(bits & ~unsigned{less.bits});
    }
    /// Whether both have the same members.
    constexpr bool operator==(const NamespaceSet&) const = default;
};

/// What is in one of them.
constexpr NamespaceSet operator|(NamespaceSet a, NamespaceSet b) {
    return NamespaceSet(unsigned{a.bits} | b.bits);
}
/// The set of the two.
constexpr NamespaceSet operator|(Namespace a, Namespace b) {
    return NamespaceSet(a) | NamespaceSet(b);
}
/// What is in both.
constexpr NamespaceSet operator&(NamespaceSet a, NamespaceSet b) {
    return NamespaceSet(unsigned{a.bits} & b.bits);
}

}  // namespace sbx
