// SPDX-License-Identifier: Apache-2.0
// The parts of the host that the binds of a Spec show at the end, as far as names tell. Warnings
// ask.
#pragma once

#include "view/entries.hpp"

#include <sbx/host.hpp>
#include <sbx/spec.hpp>

#include <optional>
#include <string>

namespace sbx::planning {

/// Whether an entry mounts something.
bool is_mount(const Entry& entry);

/// Of a Spec and its Host, which must outlive this. Entries are named by their index.
class Sight {
public:
    Sight(const Spec& spec, const Host& host) : spec_(spec), host_(host), places_(spec) {}

    const Places& places() const { return places_; }
    const Source& source(std::size_t index) const { return host_.sources[index]; }
    const Exposed& exposed() const { return host_.exposed; }

    bool left_out(std::size_t index) const {
        return is_left_out(spec_.entries[index], host_.sources[index]);
    }

    /// Whether the entry shows something of the host, by name or by descriptor.
    bool is_bind(std::size_t index) const;

    /// Whether the entry is a bind in which device nodes work.
    bool binds_devices(std::size_t index) const;

    bool shows_writable(std::size_t index) const {
        return is_writable_bind(spec_.entries[index]) && !left_out(index);
    }

    /// The last entry that is mounted at `path` or above it; nothing: the sandbox's own root.
    std::optional<std::size_t> shows(const std::string& path) const;

    /// Whether what is mounted at `path` or above it is of the host.
    bool is_host_inside(const std::string& path) const;

    /// Whether `path` is in what is given without being asked.
    bool is_given(const std::string& path) const;

    /// False only where nothing can be at `path`.
    bool may_be_inside(const std::string& path) const;

    /// Whether `path` is in, or contains, a part of /usr that is shown without being asked.
    bool may_be_part_of_usr(const std::string& path) const;

    /// Whether the host's `directory` is of the system, or a home that the look at the host found:
    /// not to be bound for the sake of what is in it.
    bool is_home_or_system(const std::string& directory) const;

    /// Where a bind shows the host's `path`, if it is seen at the end.
    std::optional<std::string> seen_at(std::size_t index, const std::string& path) const {
        return seen_at(index, path, host_.sources[index].path);
    }

    /// The same, where the host has what is bound at `source`.
    std::optional<std::string> seen_at(std::size_t index, const std::string& path,
                                       const std::string& source) const;

    /// Whether a mask hides `path`.
    bool is_masked(const std::string& path) const;

    /// Whether a guard keeps all that is at `path` from being changed.
    bool is_guarded(const std::string& path) const;

private:
    const Spec& spec_;
    const Host& host_;
    const Places places_;
};

}  // namespace sbx::planning
