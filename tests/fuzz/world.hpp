// SPDX-License-Identifier: Apache-2.0
// What generated command lines may name: a directory with sources and hostile names, and
// descriptors. Only what is below writable() may be handed in writable.
#pragma once

#include "place.hpp"
#include "sandbox.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

using Words = std::vector<std::string>;

class World {
public:
    explicit World(const std::string& directory);

    const std::string& directory() const { return directory_; }
    std::string writable() const { return directory_ + "/writable"; }
    const Words& sources() const { return sources_; }

    /// Names, kinds, modes and contents of all below the directory, or only of what is not below
    /// writable().
    enum class What { everything, fixed };
    std::string listing(What what) const;
    /// Makes what is below writable() as it was in the beginning.
    void renew() const;

private:
    std::string directory_;
    Words sources_;
};

/// The descriptors of one command line by number; `args` is what --args reads.
struct Descriptors {
    explicit Descriptors(const World& world, const Words& args);

    /// By number for Start::descriptors.
    std::vector<std::pair<int, int>> numbers() const;
    /// What was written to the descriptor of --json-status-fd.
    std::string status();

    std::map<int, integration::Descriptor> all;
    integration::Pipe status_pipe;
    integration::Pipe other_pipe;
};

// Their numbers.
inline constexpr int text_fd = 10;        ///< gives a text and ends
inline constexpr int args_fd = 11;        ///< gives options for --args
inline constexpr int filter_fd = 12;      ///< gives a filter that allows everything
inline constexpr int bad_filter_fd = 13;  ///< gives no filter
inline constexpr int directory_fd = 14;   ///< a directory below writable()
inline constexpr int ended_fd = 15;       ///< a pipe at its end
inline constexpr int status_fd = 16;      ///< a pipe that is read
inline constexpr int pipe_fd = 17;        ///< another one
inline constexpr int unread_fd = 18;      ///< a pipe that nobody reads
inline constexpr int userns_fd = 19;
inline constexpr int pidns_fd = 20;

}  // namespace fuzz
