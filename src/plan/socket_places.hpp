// SPDX-License-Identifier: Apache-2.0
// The usual places of sockets by which a program reaches another one that acts for it: agents of
// keys, container engines, terminal multiplexers, buses, editors. Names only; it must not look at a
// file system.
#pragma once

#include <sbx/host.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sbx::planning {

/// How it counts when a bind names exactly the socket.
enum class ExactBind {
    warns,  ///< as any other bind that shows it
    asks,   ///< the caller wants this socket inside
};

/// Sockets at `pattern`, a relative path in which "*" stands for anything within one part of it.
struct SocketName {
    std::string_view pattern;  ///< "tmux-*/*"; empty: the base itself
    HostSocket::Power power = HostSocket::Power::programs;
    ExactBind exact = ExactBind::asks;
};

/// Names of sockets below `base`, which is absolute and clean.
struct SocketPlace {
    std::string base;
    std::span<const SocketName> names;
};

/// All that are known, by the environment and the user id of the caller. The first name that a
/// socket has decides about it.
std::vector<SocketPlace> socket_places(const std::vector<std::string>& environment,
                                       std::uint32_t uid);

/// The names to look for in each directory that is bound: those of a directory of temporary files,
/// and every name at its top.
std::span<const SocketName> socket_names_in_binds();

/// Whether `name` is like `pattern`, in which "*" stands for any bytes.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace sbx::planning
