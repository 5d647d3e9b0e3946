// SPDX-License-Identifier: Apache-2.0
// JSON as Boost.PropertyTree reads it, and the few questions that policies ask of it. It must not
// know what a policy is, and must not let a key pass that nobody asked for.
#pragma once

#include <sbx/result.hpp>

#include <boost/property_tree/ptree.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sbx {

using Tree = boost::property_tree::ptree;

/// A JSON object; its text may be a megabyte long and nest a few levels deep.
Result<Tree> parse_json(std::string_view json);

/// Fails for an unknown key, a key that is there twice, and for what is no object.
Result<void> check_keys(const Tree& object, std::initializer_list<std::string_view> known);

/// The value of a key, or null.
const Tree* member(const Tree& object, std::string_view key);

/// `key` is for the message.
Result<std::string> read_text(const Tree& node, std::string_view key);
Result<std::uint64_t> read_number(const Tree& node, std::string_view key, std::uint64_t largest);

/// The elements of an array; none when it is not there or null.
Result<std::vector<const Tree*>> read_list(const Tree* node, std::string_view key);
Result<std::vector<std::string>> read_texts(const Tree* node, std::string_view key);

}  // namespace sbx
