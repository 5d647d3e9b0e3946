// SPDX-License-Identifier: Apache-2.0
// JSON as a tree of texts, and the few questions that policies ask of it. It must not know what a
// policy is, and must not let a key pass that nobody asked for.
#pragma once

#include <sbx/result.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sbx {

/// A value of JSON: its shape, and the text of what is neither an array nor an object. Types are
/// not kept: "1" and 1 are the same, and so are "", [] and {}. Both kinds of words are checked for
/// what they say.
struct Tree {
    struct Member;

    std::string text;             ///< empty for arrays and objects
    std::vector<Member> members;  ///< in the order of the text, with keys that are there twice
};

struct Tree::Member {
    std::string key;  ///< empty in an array
    Tree value;
};

/// The text may be a megabyte long and nest a few levels deep.
Result<Tree> parse_json(std::string_view json);

/// Fails for an unknown key, a key that is there twice, and for what is no object.
Result<void> check_keys(const Tree& object, std::initializer_list<std::string_view> known);

/// The value of a key, or null.
const Tree* member(const Tree& object, std::string_view key);

/// How often the key is there.
std::size_t count(const Tree& object, std::string_view key);

/// Whether there is no value: no node, or one that says null.
bool is_null(const Tree* node);

/// `key` is for the message.
Result<std::string> read_text(const Tree& node, std::string_view key);
Result<std::uint64_t> read_number(const Tree& node, std::string_view key, std::uint64_t largest);

/// The elements of an array; none when it is not there or null.
Result<std::vector<const Tree*>> read_list(const Tree* node, std::string_view key);
Result<std::vector<std::string>> read_texts(const Tree* node, std::string_view key);

}  // namespace sbx
