// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"

#include "base/text.hpp"

#include <array>
#include <cstdio>

namespace sbx {
namespace {

constexpr std::size_t widest = 96;  // columns that an array or object on one line may end in

void append_escape(std::string& out, unsigned code) {
    static constexpr char digits[] = "0123456789abcdef";
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) out += digits[code >> shift & 0xfU];
}

// Beyond the first 65536 characters as two surrogates, as JSON wants it.
void append_character(std::string& out, std::uint32_t code) {
    if (code < 0x10000) return append_escape(out, code);
    append_escape(out, 0xd800U + ((code - 0x10000) >> 10U));
    append_escape(out, 0xdc00U + ((code - 0x10000) & 0x3ffU));
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text[0]);
        std::size_t length = utf8_length(text);
        if (byte == '"' || byte == '\\') {
            out += '\\';
            out += text[0];
        } else if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (length == 0) {
            append_escape(out, 0xdc00U + byte);
            length = 1;
        } else if (printable_length(text) == 0) {
            append_character(out, code_point(text.substr(0, length)));
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out + "\"";
}

}  // namespace

Json Json::array(std::vector<Json> items) {
    Json out;
    out.value_ = Array{std::move(items)};
    return out;
}

Json Json::object(std::vector<Member> members) {
    Json out;
    out.value_ = Object{std::move(members)};
    return out;
}

void Json::add(std::string key, Json value) {
    std::get<Object>(value_).members.emplace_back(std::move(key), std::move(value));
}

void Json::add(Json value) { std::get<Array>(value_).items.push_back(std::move(value)); }

std::string Json::compact() const {
    struct Printer {
        std::string operator()(std::monostate) const { return "null"; }
        std::string operator()(bool value) const { return value ? "true" : "false"; }
        std::string operator()(std::int64_t value) const { return std::to_string(value); }
        std::string operator()(std::uint64_t value) const { return std::to_string(value); }
        std::string operator()(double value) const {
            std::array<char, 64> text{};
            std::snprintf(text.data(), text.size(), "%.6f", value);
            return text.data();
        }
        std::string operator()(const std::string& value) const { return quoted(value); }
        std::string operator()(const Array& array) const {
            std::string out = "[";
            for (const Json& item : array.items) {
                out += (out.size() > 1 ? ", " : "") + item.compact();
            }
            return out + "]";
        }
        std::string operator()(const Object& object) const {
            if (object.members.empty()) return "{}";
            std::string out = "{ ";
            for (const auto& [key, value] : object.members) {
                out += (out.size() > 2 ? ", " : "") + quoted(key) + ": " + value.compact();
            }
            return out + " }";
        }
    };
    return std::visit(Printer{}, value_);
}

void Json::print(std::string& out, std::size_t indentation) const {
    const auto* array = std::get_if<Array>(&value_);
    const auto* object = std::get_if<Object>(&value_);
    const std::string line = compact();
    if ((array == nullptr && object == nullptr) || line.size() + indentation <= widest) {
        out += line;
        return;
    }
    const std::string inner(indentation + 2, ' ');
    const char* separator = "\n";
    out += array != nullptr ? '[' : '{';
    if (array != nullptr) {
        for (const Json& item : array->items) {
            out += separator + inner;
            item.print(out, indentation + 2);
            separator = ",\n";
        }
    } else {
        for (const auto& [key, value] : object->members) {
            out += separator + inner + quoted(key) + ": ";
            value.print(out, indentation + 2);
            separator = ",\n";
        }
    }
    out += "\n" + std::string(indentation, ' ') + (array != nullptr ? "]" : "}");
}

std::string Json::text() const {
    std::string out;
    print(out, 0);
    return out + "\n";
}

}  // namespace sbx
