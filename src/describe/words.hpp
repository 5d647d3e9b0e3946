// SPDX-License-Identifier: Apache-2.0
// The words that every form of a plan has for the same thing: names of namespaces, modes, and one
// table for each enumeration. Pure; sentences are made by who uses them.
#pragma once

#include <sbx/plan.hpp>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sbx {

/// The names of what is in `set`, in the order of the enumeration: "user", "mount", ...
std::vector<std::string> namespace_names(NamespaceSet set);

/// Four octal digits, or more where there are.
std::string octal(unsigned mode);

/// "a, b, c".
std::string list(const std::vector<std::string>& words);

template <typename E, std::size_t count>
using WordTable = std::array<std::pair<E, std::string_view>, count>;

inline constexpr WordTable<Access, 3> access_table = {{
    {Access::read_write, "read-write"},
    {Access::read_only, "read-only"},
    {Access::device, "device"},
}};
inline constexpr WordTable<NodeKind, 2> node_kind_table = {{
    {NodeKind::directory, "directory"},
    {NodeKind::other, "other"},
}};
inline constexpr WordTable<entry::Guard::Kind, 2> guard_table = {{
    {entry::Guard::Kind::mask, "mask"},
    {entry::Guard::Kind::protect, "protect"},
}};
inline constexpr WordTable<entry::Overlay::Changes, 3> changes_table = {{
    {entry::Overlay::Changes::kept, "kept"},
    {entry::Overlay::Changes::forgotten, "forgotten"},
    {entry::Overlay::Changes::refused, "refused"},
}};
inline constexpr WordTable<Wording, 2> wording_table = {{
    {Wording::sbx, "sbx"},
    {Wording::bubblewrap, "bubblewrap"},
}};
inline constexpr WordTable<Init, 2> init_table = {{
    {Init::reaper, "reaper"},
    {Init::command, "command"},
}};
inline constexpr WordTable<InitProgram, 2> init_program_table = {{
    {InitProgram::copy, "copy"},
    {InitProgram::own, "own"},
}};
inline constexpr WordTable<Leftovers, 2> leftovers_table = {{
    {Leftovers::kill, "kill"},
    {Leftovers::keep, "keep"},
}};
inline constexpr WordTable<Signals, 2> signals_table = {{
    {Signals::forward, "forward"},
    {Signals::ignore, "ignore"},
}};
inline constexpr WordTable<TerminalState, 2> terminal_table = {{
    {TerminalState::restore, "restore"},
    {TerminalState::leave, "leave"},
}};
inline constexpr WordTable<HostWrites, 2> host_writes_table = {{
    {HostWrites::refuse, "refuse"},
    {HostWrites::allow, "allow"},
}};
inline constexpr WordTable<NestedUserns, 2> nested_userns_table = {{
    {NestedUserns::refuse, "refuse"},
    {NestedUserns::allow, "allow"},
}};
inline constexpr WordTable<OwnDescriptors, 2> own_descriptors_table = {{
    {OwnDescriptors::leave, "leave"},
    {OwnDescriptors::close, "close"},
}};
inline constexpr WordTable<GitWatch::Mode, 3> git_watch_table = {{
    {GitWatch::Mode::off, "off"},
    {GitWatch::Mode::tell, "tell"},
    {GitWatch::Mode::end, "end"},
}};

/// The word that `table` has for `value`.
template <typename E, std::size_t count>
constexpr std::string_view word(const WordTable<E, count>& table, E value) {
    for (const auto& [one, text] : table) {
        if (one == value) return text;
    }
    return "unknown";
}

}  // namespace sbx
