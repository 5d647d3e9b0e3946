// SPDX-License-Identifier: Apache-2.0
#include "policy/tree.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace sbx {
namespace {

using Json = nlohmann::json;

constexpr std::size_t max_size = 1024UL * 1024UL;

/// A policy needs six levels. The functions of a tree call themselves for each level, so a text of
/// nothing but brackets would use up the stack.
constexpr std::size_t max_depth = 16;

/// The library's message without its own name, the position and the input that it repeats:
///   [...] parse error at line 2, column 5: syntax error while parsing value - REASON
/// where REASON is one of
///   unexpected TOKEN; expected TOKEN
///   PROBLEM; last read: 'INPUT'; expected TOKEN
/// and the last part may be missing. `input` is that input.
std::string reason_of(std::string_view message, const std::string& input) {
    constexpr std::string_view expected = "; expected ";
    static constexpr auto sentences = std::to_array<std::array<std::string_view, 2>>({
        {"", "expected value"},
        {"'[', '{', or a literal", "expected value"},
        {"end of input", "garbage after data"},
        {"string literal", "expected key string"},
        {"':'", "expected ':'"},
        {"'}'", "expected '}' or ','"},
        {"']'", "expected ']' or ','"},
    });
    const auto part_behind = [](std::string_view text, std::string_view mark) {
        const std::size_t at = text.find(mark);
        return at == std::string_view::npos ? text : text.substr(at + mark.size());
    };
    const std::string_view reason = part_behind(part_behind(message, "] "), " - ");
    const std::string repeated = "; last read: '" + input + "'";
    std::size_t end = reason.find(repeated);
    std::string_view rest;
    if (end != std::string_view::npos) {
        rest = reason.substr(end + repeated.size());
    } else {
        end = std::min(reason.find(expected), reason.size());
        rest = reason.substr(end);
    }
    const std::string_view problem = reason.substr(0, end);
    if (problem == "invalid literal" || problem.starts_with("unexpected ")) {
        for (const auto& [token, sentence] : sentences) {
            if (part_behind(rest, expected) == token) return std::string(sentence);
        }
    }
    return std::string(problem);
}

/// Receives each part of a text from the library's parser, which does not call itself for each
/// level.
class Builder {
public:
    explicit Builder(std::string_view json) : json_(json) {}

    Result<Tree> take() {
        if (!error_.empty()) return Error{error_};
        return std::move(root_);
    }

    bool null() { return add_text("null"); }
    bool boolean(bool value) { return add_text(value ? "true" : "false"); }
    bool number_unsigned(std::uint64_t value) { return add_text(std::to_string(value)); }
    // Only called for a number that begins with "-".
    bool number_integer(std::int64_t value) {
        return add_text(value == 0 ? "-0" : std::to_string(value));
    }
    bool number_float(double /*value*/, const std::string& text) { return add_text(text); }
    bool string(const std::string& value) { return add_text(value); }
    bool binary(const Json::binary_t& /*value*/) { return false; }  // not in JSON

    bool start_object(std::size_t /*size*/) { return open(); }
    bool start_array(std::size_t /*size*/) { return open(); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(std::string& name) {
        key_ = std::move(name);
        return true;
    }

    bool parse_error(std::size_t position, const std::string& last, const Json::exception& error) {
        // `position` counts the character that was too much.
        const auto before = json_.substr(0, position > 0 ? position - 1 : 0);
        const auto lines = std::count(before.begin(), before.end(), '\n');
        error_ = "line " + std::to_string(lines + 1) + ": " + reason_of(error.what(), last);
        return false;
    }

private:
    /// Where the next value is to be.
    Tree& add() {
        if (open_.empty()) return root_;
        open_.back()->members.push_back({std::move(key_), {}});
        key_.clear();
        return open_.back()->members.back().value;
    }
    bool add_text(std::string text) {
        add().text = std::move(text);
        return true;
    }
    bool open() {
        if (open_.size() == max_depth) {
            error_ = "its brackets nest too deep";
            return false;
        }
        open_.push_back(&add());
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    std::string_view json_;
    Tree root_;
    std::vector<Tree*> open_;  // each is the last member of the one before
    std::string key_;
    std::string error_;
};

}  // namespace

Result<Tree> parse_json(std::string_view json) {
    if (json.size() > max_size) return Error{"it is larger than a megabyte"};
    // The library takes it for the end.
    if (const auto at = json.find('\0'); at != std::string_view::npos) {
        const auto lines = std::count(json.begin(), json.begin() + at, '\n');
        return Error{"line " + std::to_string(lines + 1) + ": unexpected NUL byte"};
    }
    Builder builder(json);
    Json::sax_parse(json.begin(), json.end(), &builder);
    return builder.take();
}

Result<void> check_keys(const Tree& object, std::initializer_list<std::string_view> known) {
    if (!object.text.empty()) return Error{quote(object.text) + " stands where an object must"};
    const auto& members = object.members;
    for (auto entry = members.begin(); entry != members.end(); ++entry) {
        if (entry->key.empty()) return Error{"an array stands where an object must"};
        if (std::find(known.begin(), known.end(), entry->key) == known.end()) {
            return Error{"unknown key " + quote(entry->key)};
        }
        const bool twice = std::any_of(members.begin(), entry, [&](const Tree::Member& earlier) {
            return earlier.key == entry->key;
        });
        if (twice) return Error{"key " + quote(entry->key) + " is there twice"};
    }
    return {};
}

const Tree* member(const Tree& object, std::string_view key) {
    for (const auto& [name, node] : object.members) {
        if (name == key) return &node;
    }
    return nullptr;
}

std::size_t count(const Tree& object, std::string_view key) {
    return static_cast<std::size_t>(
        std::count_if(object.members.begin(), object.members.end(),
                      [&](const Tree::Member& each) { return each.key == key; }));
}

bool is_null(const Tree* node) {
    return node == nullptr || (node->members.empty() && node->text == "null");
}

Result<std::string> read_text(const Tree& node, std::string_view key) {
    if (!node.members.empty() || node.text.empty()) {
        return Error{"the value of " + quote(key) + " is not a word"};
    }
    return node.text;
}

Result<std::uint64_t> read_number(const Tree& node, std::string_view key, std::uint64_t largest) {
    const std::string& text = node.text;
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
    if (is_null(node)) return elements;
    bool is_array = node->text.empty();
    for (const auto& [name, element] : node->members) {
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
