// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include "cli/nearest.hpp"
#include "cli/option_table.hpp"
#include "cli/program_name.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace sbx::cli {
namespace {

constexpr std::size_t column = 28;  // where the sentences begin
constexpr std::size_t width = 80;   // of a terminal that nobody widened

std::string wrapped(std::string_view text) {
    std::string out;
    std::size_t used = column;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (used + 1 + end > width && used > column) {
            out += "\n" + std::string(column, ' ');
            used = column;
        }
        if (used > column) {
            out += ' ';
            ++used;
        }
        out += text.substr(0, end);
        used += end;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string usage(const std::string& program) {
    return "usage: " + program + " [OPTIONS...] [--] COMMAND [ARGS...]\n";
}

std::string row_text(const OptionRow& row) {
    std::string left = "    --" + std::string(row.name);
    if (row.takes_optional()) {
        left += "[=" + std::string(row.optional_name()) + "]";
    } else if (!row.arguments.empty()) {
        left += " " + std::string(row.arguments);
    }
    left += left.size() + 1 < column ? std::string(column - left.size(), ' ')
                                     : "\n" + std::string(column, ' ');
    return left + wrapped(row.help) + "\n";
}

bool is_common(Option option) {
    return std::find(common_options.begin(), common_options.end(), option) != common_options.end();
}

enum class Which { common, all };

std::string group_text(const GroupRow& group, Which which) {
    std::string out;
    for (const OptionRow& row : option_table) {
        if (row.group != group.id || (which == Which::common && !is_common(row.id))) continue;
        out += row_text(row);
    }
    return out.empty() ? out : "\n" + std::string(group.title) + ":\n" + out;
}

std::string short_help(const std::string& program) {
    std::string out = usage(program) +
                      "\n"
                      "Runs COMMAND where only what the options declare exists:\n"
                      "\n"
                      "    " SBX_NAME
                      " --ro-bind /usr /usr --bind \"$PWD\" \"$PWD\" make\n"
                      "    " SBX_NAME " --profile build make\n";
    for (const GroupRow& group : group_table) out += group_text(group, Which::common);
    out += "\nThere are more; --help=all lists them, and --help=GROUP those of a group:\n   ";
    for (const GroupRow& group : group_table) out += " " + std::string(group.name);
    return out + "\n--help=profiles lists the profiles, as --list-profiles does.\n";
}

std::string full_help(const std::string& program) {
    std::string out = usage(program);
    for (const GroupRow& group : group_table) out += group_text(group, Which::all);
    return out;
}

}  // namespace

std::string bubblewrap_help(const std::string& program) {
    std::string out = full_help(program);
    const std::string with_group = "--help[=GROUP]";
    const std::string alone = "--help";
    const std::size_t at = out.find(with_group);
    return out.replace(at, with_group.size(),
                       alone + std::string(with_group.size() - alone.size(), ' '));
}

Result<std::string> help_text(const std::string& program, const std::string& topic) {
    if (topic.empty()) return short_help(program);
    if (topic == "all") return full_help(program);
    std::vector<std::string_view> names = {"all", "profiles"};
    for (const GroupRow& group : group_table) {
        if (group.name == topic) return usage(program) + group_text(group, Which::all);
        names.push_back(group.name);
    }
    std::string text = "--help=" + topic + ": there is no such group";
    const std::string_view close = nearest(topic, names);
    if (!close.empty()) return Error{text + "; did you mean " + std::string(close) + "?"};
    text += "; there are";
    const char* separator = " ";
    for (const std::string_view name : names) {
        text += separator + std::string(name);
        separator = ", ";
    }
    return Error{text};
}

}  // namespace sbx::cli
