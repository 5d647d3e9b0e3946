// SPDX-License-Identifier: Apache-2.0
// Looking at the entries of a Spec: what they put where, as far as they tell by themselves. Private
// to core, and to who looks at the host for them.
#pragma once

#include <sbx/host.hpp>
#include <sbx/plan.hpp>
#include <sbx/spec.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sbx::planning {

/// Whether an entry puts something at its destination, rather than making sure of or changing what
/// is there (as Directory does, which leaves one that is there as it is).
bool puts_something(const Entry& entry);

/// Whether a bind is left out because nothing is there.
bool is_left_out(const Entry& entry, const Source& source);

/// How an entry shows something of the host, by name or by descriptor; nothing: it does not.
std::optional<Access> access_of(const Entry& entry);

/// Whether an entry shows something of the host, by name or by descriptor, writable.
bool is_writable_bind(const Entry& entry);

/// Whether a line of a profile binds the working directory, or the directory above: what it shows
/// depends on where sbx is started.
bool binds_start(const Spec& spec, const Host& host, std::size_t index);

/// Whether an entry puts something at /usr.
bool declares_usr(const Spec& spec);

/// Where the entries of a Spec, which must outlive this, put things: worked out once for all that
/// is asked of them.
class Places {
public:
    explicit Places(const Spec& spec);

    /// The destination of an entry, clean.
    const std::string& operator[](std::size_t index) const { return places_[index]; }

    /// The host's paths of which one is shown at `destination`, as far as the entries with
    /// `sources` tell: none where the sandbox has its own.
    std::vector<std::string> shown_at(const std::vector<Source>& sources,
                                      const std::string& destination) const;

    /// Whether what is at `path` inside cannot be told from the entries alone: links, "..", and
    /// what is given or made inside. A guard there is never left out.
    bool may_be_elsewhere(const Host& host, const std::string& path) const;

private:
    const Spec& spec_;
    std::vector<std::string> places_;
};

/// Binds of Host::usr_parts, if the entries from `first` on show the host's /usr in a root of the
/// sandbox's own, and leave their places free.
std::vector<Step> usr_part_steps(const Spec& spec, const Host& host, const Places& places,
                                 std::size_t first);

}  // namespace sbx::planning
