// SPDX-License-Identifier: Apache-2.0
// Whole command lines, made from the table of options: sound ones, ones with one thing in them that
// is nonsense, and wild ones. It must not make a line that hands in anything of the host writable
// but what is below World::writable().
#pragma once

#include "world.hpp"

#include "cli/dialect.hpp"
#include "cli/option_table.hpp"

#include <cstdint>
#include <optional>
#include <random>

namespace fuzz {

struct Line {
    integration::Name name = integration::Name::sbx;
    Words words;
    Words args;            ///< what --args reads
    std::string nonsense;  ///< what must not be accepted; empty: nobody knows
    /// The option that has it, if --unset could take that back.
    std::optional<sbx::cli::Option> nonsense_of;

    sbx::cli::Dialect dialect() const {
        return name == integration::Name::sbx ? sbx::cli::sbx_dialect() : sbx::cli::bwrap_dialect();
    }
    /// Whether the option stands in the words or in what --args reads.
    bool has(sbx::cli::Option id) const;
    /// Whether an --unset names the option of the nonsense, or may take it away with another one.
    bool takes_nonsense_back() const;
    /// Whether one of the words is `word`.
    bool says(std::string_view word) const;
};

class Generator {
public:
    Generator(const World& world, std::string payload)
        : world_(world), payload_(std::move(payload)) {}

    /// The line of `seed`, always the same; names option `seed` modulo their number first.
    Line line(std::uint64_t seed);

private:
    enum class Taste { sound, wild };

    std::size_t below(std::size_t limit) { return random_() % limit; }
    bool one_in(std::size_t n) { return below(n) == 0; }
    const std::string& any(const Words& words) { return words[below(words.size())]; }

    std::string value(const sbx::cli::OptionRow& row, std::string_view kind, Taste taste);
    std::string source(const sbx::cli::OptionRow& row);
    std::string descriptor(sbx::cli::Option id, Taste taste);
    Words option(const sbx::cli::OptionRow& row, Taste taste);
    Words item(const sbx::cli::OptionRow& row, Taste taste);
    Words misspelt(const sbx::cli::OptionRow& row);
    bool add_nonsense(const sbx::cli::OptionRow& row, std::vector<Words>& items, Line& line);
    void mutate(Words& words);
    Line attempt(const sbx::cli::OptionRow& first);

    const World& world_;
    std::string payload_;
    std::mt19937_64 random_;
};

}  // namespace fuzz
