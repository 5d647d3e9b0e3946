// SPDX-License-Identifier: Apache-2.0
#include "describe/words.hpp"

#include <cstdio>

namespace sbx {

std::vector<std::string> namespace_names(NamespaceSet set) {
    static constexpr WordTable<Namespace, 8> names = {{
        {Namespace::user, "user"},
        {Namespace::mount, "mount"},
        {Namespace::pid, "pid"},
        {Namespace::ipc, "ipc"},
        {Namespace::uts, "uts"},
        {Namespace::network, "network"},
        {Namespace::cgroup, "cgroup"},
        {Namespace::time, "time"},
    }};
    std::vector<std::string> words;
    for (const auto& [one, name] : names) {
        if (set.has(one)) words.emplace_back(name);
    }
    return words;
}

std::string octal(unsigned mode) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04o", mode);
    return text.data();
}

std::string list(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
    return out;
}

}  // namespace sbx
