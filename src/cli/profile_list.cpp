// SPDX-License-Identifier: Apache-2.0
#include "cli/profile_list.hpp"

#include "cli/input.hpp"

#include <sbx/text.hpp>

#include <dirent.h>

#include <memory>
#include <set>

namespace sbx::cli {
namespace {

// The names of the profiles in a directory, sorted.
std::set<std::string> names_in(const std::string& directory) {
    constexpr std::string_view extension = ".conf";
    std::set<std::string> out;
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
    while (open) {
        const dirent* entry = ::readdir(open.get());
        if (entry == nullptr) break;
        const std::string_view file = entry->d_name;
        if (!file.ends_with(extension)) continue;
        std::string name(file.substr(0, file.size() - extension.size()));
        if (!name.empty() && !is_profile_path(name)) out.insert(std::move(name));
    }
    return out;
}

std::string line_of(const std::string& name, const std::string& description,
                    const std::string& place) {
    constexpr std::size_t column = 14;
    std::string out = printable(name);
    out += out.size() + 1 < column ? std::string(column - out.size(), ' ') : "  ";
    if (!description.empty()) out += printable(description) + " ";
    return out + "(" + printable(place) + ")\n";
}

}  // namespace

std::string profile_list(const ProfileSearch& search) {
    std::string out;
    for (const std::string& directory : search.directories) {
        for (const std::string& name : names_in(directory)) {
            const std::string path = directory + "/" + name + ".conf";
            const auto text = read_file(path);
            out += line_of(name, text ? profile_description(*text) : text.error().message, path);
        }
    }
    for (const BuiltinProfile& builtin : builtin_profiles()) {
        out += line_of(std::string(builtin.name), profile_description(builtin.text), "built in");
    }
    return out;
}

}  // namespace sbx::cli
