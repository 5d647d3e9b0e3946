// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include "cli/option_table.hpp"

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

}  // namespace

std::string help_text(const std::string& program) {
    std::string out = "usage: " + program + " [OPTIONS...] [--] COMMAND [ARGS...]\n";
    for (const GroupRow& group : group_table) {
        out += "\n" + std::string(group.title) + ":\n";
        for (const OptionRow& row : option_table) {
            if (row.group != group.id) continue;
            std::string left = "    --" + std::string(row.name);
            if (row.takes_optional()) {
                left += "[=" + std::string(row.optional_name()) + "]";
            } else if (!row.arguments.empty()) {
                left += " " + std::string(row.arguments);
            }
            left += left.size() + 1 < column ? std::string(column - left.size(), ' ')
                                             : "\n" + std::string(column, ' ');
            out += left + wrapped(row.help) + "\n";
        }
    }
    return out;
}

}  // namespace sbx::cli
