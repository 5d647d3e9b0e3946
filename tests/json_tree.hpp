// SPDX-License-Identifier: Apache-2.0
// JSON that sbx wrote, read back. A test asks for values by their path, "found.device", and gets
// them as text or as a number. This must not repair JSON: a text that is none, and a path that is
// not there, are exceptions.
#pragma once

#include <nlohmann/json.hpp>

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace sbx::test {

class JsonTree {
public:
    JsonTree() = default;
    explicit JsonTree(std::string_view json) { fill(nlohmann::ordered_json::parse(json)); }

    std::size_t size() const { return members_.size(); }
    auto begin() const { return members_.begin(); }
    auto end() const { return members_.end(); }
    const auto& front() const { return members_.at(0); }
    const auto& back() const { return members_.at(members_.size() - 1); }
    const std::string& data() const { return text_; }

    const JsonTree& get_child(std::string_view path) const {
        const std::size_t end = path.find('.');
        for (const auto& [key, child] : members_) {
            if (key != path.substr(0, end)) continue;
            return end == std::string_view::npos ? child : child.get_child(path.substr(end + 1));
        }
        throw std::runtime_error("no " + std::string(path));
    }

    template <typename T>
    T get(std::string_view path) const {
        const std::string& text = get_child(path).text_;
        if constexpr (std::is_same_v<T, std::string>) {
            return text;
        } else {
            std::istringstream in(text);
            T value{};
            if (!(in >> std::boolalpha >> value) || in.peek() != EOF) {
                throw std::runtime_error(std::string(path) + " is " + text);
            }
            return value;
        }
    }

private:
    void fill(const nlohmann::ordered_json& json) {
        if (!json.is_structured()) {
            text_ = json.is_string() ? json.get<std::string>() : json.dump();
            return;
        }
        for (const auto& [key, value] : json.items()) {
            members_.emplace_back(json.is_object() ? key : std::string(), JsonTree());
            members_.back().second.fill(value);
        }
    }

    std::string text_;
    std::vector<std::pair<std::string, JsonTree>> members_;
};

}  // namespace sbx::test
