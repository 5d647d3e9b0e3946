// SPDX-License-Identifier: Apache-2.0
#include "policy/tree.hpp"

#include "base/text.hpp"

#include <boost/property_tree/json_parser.hpp>

#include <algorithm>
#include <charconv>
#include <sstream>

namespace sbx {
namespace {

constexpr std::size_t max_size = 1024UL * 1024UL;

/// A policy needs six levels. Boost's parser and its tree call themselves for each level, so a
/// text of nothing but brackets would use up the stack.
constexpr int max_depth = 16;

bool nests_too_deep(std::string_view json) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max_depth) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

bool is_null(const Tree& node) { return node.empty() && node.data() == "null"; }

}  // namespace

Result<Tree> parse_json(std::string_view json) {
    if (json.size() > max_size) return Error{"it is larger than a megabyte"};
    if (nests_too_deep(json)) return Error{"its brackets nest too deep"};
    std::istringstream stream{std::string(json)};
    Tree tree;
    try {
        boost::property_tree::read_json(stream, tree);
    } catch (const boost::property_tree::json_parser_error& error) {
        return Error{"line " + std::to_string(error.line()) + ": " + error.message()};
    }
    return tree;
}

Result<void> check_keys(const Tree& object, std::initializer_list<std::string_view> known) {
    if (!object.data().empty()) return Error{quote(object.data()) + " stands where an object must"};
    for (auto entry = object.begin(); entry != object.end(); ++entry) {
        if (entry->first.empty()) return Error{"an array stands where an object must"};
        if (std::find(known.begin(), known.end(), entry->first) == known.end()) {
            return Error{"unknown key " + quote(entry->first)};
        }
        const bool twice = std::any_of(object.begin(), entry, [&](const auto& earlier) {
            return earlier.first == entry->first;
        });
        if (twice) return Error{"key " + quote(entry->first) + " is there twice"};
    }
    return {};
}

const Tree* member(const Tree& object, std::string_view key) {
    for (const auto& [name, node] : object) {
        if (name == key) return &node;
    }
    return nullptr;
}

Result<std::string> read_text(const Tree& node, std::string_view key) {
    if (!node.empty() || node.data().empty()) {
        return Error{"the value of " + quote(key) + " is not a word"};
    }
    return node.data();
}

Result<std::uint64_t> read_number(const Tree& node, std::string_view key, std::uint64_t largest) {
    const std::string& text = node.data();
    const char* end = text.data() + text.size();
    std::uint64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc() || stop != end || number > largest) {
        return Error{"the value of " + quote(key) + " is " + quote(text) +
                     ", not a whole number from 0 to " + std::to_string(largest)};
    }
    return number;
}

Result<std::vector<const Tree*>> read_list(const Tree* node, std::string_view key) {
    std::vector<const Tree*> elements;
    if (node == nullptr || is_null(*node)) return elements;
    bool is_array = node->data().empty();
    for (const auto& [name, element] : *node) {
        is_array = is_array && name.empty();
        elements.push_back(&element);
    }
    if (!is_array) return Error{"the value of " + quote(key) + " is not an array"};
    return elements;
}

Result<std::vector<std::string>> read_texts(const Tree* node, std::string_view key) {
    const auto elements = read_list(node, key);
    if (!elements) return elements.error();
    std::vector<std::string> texts;
    for (const Tree* element : *elements) {
        auto text = read_text(*element, key);
        if (!text) return text.error();
        texts.push_back(std::move(*text));
    }
    return texts;
}

}  // namespace sbx
