// SPDX-License-Identifier: Apache-2.0
// The kernel's namespaces as a small set. A value: it names no process and no descriptor.
#pragma once

#include <cstdint>

namespace sbx {

/// One kind of namespace (namespaces(7)); the numbers are sbx's own, not the kernel's flags.
enum class Namespace : std::uint8_t {
    user = 1,
    mount = 2,
    pid = 4,
    ipc = 8,
    uts = 16,
    network = 32,
    cgroup = 64,
    time = 128,
};

/// A set of namespaces.
struct NamespaceSet {
    std::uint8_t bits = 0;

    constexpr NamespaceSet() = default;
    constexpr NamespaceSet(Namespace one) : bits(static_cast<std::uint8_t>(one)) {}
    constexpr explicit NamespaceSet(unsigned value) : bits(static_cast<std::uint8_t>(value)) {}

    constexpr bool has(Namespace one) const { return (bits & static_cast<unsigned>(one)) != 0; }
    constexpr bool empty() const { return bits == 0; }
    constexpr void add(NamespaceSet more) { bits = static_cast<std::uint8_t>(bits | more.bits); }
    constexpr void remove(NamespaceSet less) {
        bits = static_cast<std::uint8_t>(bits & ~unsigned{less.bits});
    }
    constexpr bool operator==(const NamespaceSet&) const = default;
};

constexpr NamespaceSet operator|(NamespaceSet a, NamespaceSet b) {
    return NamespaceSet(unsigned{a.bits} | b.bits);
}
constexpr NamespaceSet operator|(Namespace a, Namespace b) {
    return NamespaceSet(a) | NamespaceSet(b);
}
constexpr NamespaceSet operator&(NamespaceSet a, NamespaceSet b) {
    return NamespaceSet(unsigned{a.bits} & b.bits);
}

}  // namespace sbx
