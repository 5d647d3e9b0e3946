// SPDX-License-Identifier: Apache-2.0
#include "core/json.hpp"

#include <array>
#include <cstdio>

namespace sbx {
namespace {

constexpr std::size_t widest = 96;  // columns that an array or object on one line may end in

// The length of the UTF-8 sequence at the start of `text`, by table 3-7 of the Unicode standard; 0
// when it is none.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t at) {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const auto continues = [&](std::size_t from, std::size_t until) {
        for (std::size_t i = from; i < until; ++i) {
            if ((byte(i) & 0xc0U) != 0x80U) return false;
        }
        return true;
    };
    const unsigned first = byte(0);
    const unsigned second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1, 2) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const bool overlong = first == 0xe0 && second < 0xa0;
        const bool surrogate = first == 0xed && second > 0x9f;
        return !overlong && !surrogate && continues(1, 3) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool overlong = first == 0xf0 && second < 0x90;
        const bool too_large = first == 0xf4 && second > 0x8f;
        return !overlong && !too_large && continues(1, 4) ? 4 : 0;
    }
    return 0;
}

void append_escape(std::string& out, unsigned code) {
    static constexpr char digits[] = "0123456789abcdef";
    out += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) out += digits[code >> shift & 0xfU];
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text[0]);
        std::size_t length = sequence_length(text);
        if (byte == '"' || byte == '\\') {
            out += '\\';
            out += text[0];
        } else if (byte == '\n') {
            out += "\\n";
        } else if (byte == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            append_escape(out, byte);
        } else if (length == 0) {
            append_escape(out, 0xdc00U + byte);
            length = 1;
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
