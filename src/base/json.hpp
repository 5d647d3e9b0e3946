// SPDX-License-Identifier: Apache-2.0
// Values to be printed as JSON (RFC 8259). Pure; it does not read JSON, which libraries do.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sbx {

class Json {
public:
    using Member = std::pair<std::string, Json>;

    Json() = default;  ///< null
    Json(bool value) : value_(value) {}
    Json(std::signed_integral auto value) : value_(std::int64_t{value}) {}
    Json(std::unsigned_integral auto value) : value_(std::uint64_t{value}) {}
    Json(double value) : value_(value) {}  ///< finite; printed with six decimals at most
    Json(std::string value) : value_(std::move(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(const char* value) : value_(std::string(value)) {}

    static Json array(std::vector<Json> items = {});
    static Json object(std::vector<Member> members = {});
    /// Strings or numbers, in their order.
    template <typename T>
    static Json array_of(const std::vector<T>& items) {
        return array(std::vector<Json>(items.begin(), items.end()));
    }

    /// Appends to an object, or to an array.
    void add(std::string key, Json value);
    void add(Json value);

    /// Indented by two spaces, members in the order in which they were added, a line feed at the
    /// end; small arrays and objects stay on one line. Bytes that are not UTF-8 are escaped as
    /// \udc80 to \udcff, as Python's "surrogateescape" has it, so that no path is lost.
    std::string text() const;

private:
    struct Array {
        std::vector<Json> items;
    };
    struct Object {
        std::vector<Member> members;
    };

    std::string compact() const;
    void print(std::string& out, std::size_t indentation) const;

    std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array,
                 Object>
        value_;
};

}  // namespace sbx
