// SPDX-License-Identifier: Apache-2.0
// Fills the option list into a template while sbx is built: the man page and the completions of
// bash, zsh and fish come from the option table and cannot drift from it.
//   option_docs man|bash|zsh|fish TEMPLATE OUTPUT
// The line "@OPTIONS@" of the template is replaced, "@PROFILE name@" by a built-in profile, and
// lists of names within lines.
#include "cli/option_table.hpp"
#include "cli/plan_format.hpp"
#include "cli/profile.hpp"
#include "cli/profile_list.hpp"
#include "cli/program_name.hpp"

#include <sbx/spec.hpp>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace sbx::cli {
namespace {

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : " ") + name;
    return out;
}

template <typename Names>
std::vector<std::string> names_of(const Names& names) {
    return std::vector<std::string>(names.begin(), names.end());
}

std::string help_topics() {
    std::string out = "all profiles";
    for (const GroupRow& group : group_table) out += " " + std::string(group.name);
    return out;
}

std::string replace_all(std::string_view text, char from, std::string_view to) {
    std::string out;
    for (const char c : text) {
        if (c == from) {
            out += to;
        } else {
            out += c;
        }
    }
    return out;
}

std::string_view kind(Completion completion) {
    switch (completion) {
        case Completion::none: return "none";
        case Completion::host_path: return "host_path";
        case Completion::inside_path: return "inside_path";
        case Completion::descriptor: return "descriptor";
        case Completion::number: return "number";
        case Completion::capability: return "capability";
        case Completion::policy: return "policy";
        case Completion::edit: return "edit";
        case Completion::landlock_mode: return "landlock_mode";
        case Completion::plan_format: return "plan_format";
        case Completion::profile: return "profile";
        case Completion::variable: return "variable";
        case Completion::warning: return "warning";
        case Completion::option_name: return "option_name";
        case Completion::report_format: return "report_format";
        case Completion::help_topic: return "help_topic";
    }
    return "none";
}

// A sentence as lines of roff, which mandoc's lint wants to be short.
std::string man_lines(const std::string& text) {
    constexpr std::size_t width = 76;
    std::string out;
    std::string line;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        // A dot or an apostrophe at the beginning of a line would be a request.
        if (!line.empty() && line.size() + 1 + word.size() > width) {
            out += line + "\n";
            line.clear();
        }
        const bool request = word[0] == '.' || word[0] == '\'';
        line += (line.empty() ? (request ? "\\&" : "") : " ") + replace_all(word, '-', "\\-");
    }
    return out + line + "\n";
}

// A built-in profile, as it is.
std::string man_profile(const std::string& name) {
    std::string out = ".Bd -literal\n";
    for (const BuiltinProfile& profile : builtin_profiles()) {
        if (profile.name != name) continue;
        std::istringstream lines{std::string(profile.text)};
        for (std::string line; std::getline(lines, line);) {
            const bool request = !line.empty() && (line[0] == '.' || line[0] == '\'');
            out += (request ? "\\&" : "") +
                   replace_all(replace_all(line, '\\', "\\e"), '-', "\\-") + "\n";
        }
        return out + ".Ed\n";
    }
    return {};
}

std::string man() {
    std::string out;
    for (const GroupRow& group : group_table) {
        out += ".Ss " + std::string(group.title) + "\n.Bl -tag -width Ds\n";
        for (const OptionRow& row : option_table) {
            if (row.group != group.id) continue;
            out += ".It Fl Fl " + replace_all(row.name, '-', "\\-");
            if (row.takes_optional()) {
                out += " Ns Op = Ns Ar " + std::string(row.optional_name());
            } else if (!row.arguments.empty()) {
                out += " Ar " + std::string(row.arguments);
            }
            out += "\n" + man_lines(std::string(row.help) + ".");
        }
        out += ".El\n";
    }
    return out;
}

std::string bash() {
    std::string out;
    for (const OptionRow& row : option_table) {
        out += "        [--" + std::string(row.name) + "]=\"" +
               std::to_string(row.argument_count()) + " " + std::string(kind(row.first)) + "\"\n";
    }
    return out;
}

std::string zsh_action(Completion completion) {
    switch (completion) {
        case Completion::host_path:
        case Completion::inside_path: return "_files";
        case Completion::policy: return "_sbx_policies";
        case Completion::capability: return "_sbx_capabilities";
        case Completion::edit: return "_sbx_edits";
        case Completion::landlock_mode: return "(auto require off)";
        case Completion::plan_format: return "(" + joined(names_of(plan_formats)) + ")";
        case Completion::report_format: return "(text json)";
        case Completion::help_topic: return "(" + help_topics() + ")";
        case Completion::profile: return "_sbx_profiles";
        case Completion::variable: return "_parameters -g \"*export*\"";
        case Completion::warning: return "(all " + joined(names_of(warning_names)) + ")";
        case Completion::option_name: return "_sbx_option_names";
        case Completion::none:
        case Completion::descriptor:
        case Completion::number: return " ";
    }
    return " ";
}

std::string zsh() {
    std::string out;
    for (const OptionRow& row : option_table) {
        std::string help = replace_all(row.help, '\'', "'\\''");
        help = replace_all(replace_all(help, '[', "\\["), ']', "\\]");
        out += "        '*--" + std::string(row.name);
        if (row.takes_optional()) {
            out += "=-[" + help + "]::" + std::string(row.optional_name()) + ":" +
                   zsh_action(row.first) + "' \\\n";
            continue;
        }
        out += "[" + help + "]";
        std::string_view rest = row.arguments;
        bool first = true;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find(' '), rest.size());
            const bool is_path = row.first == Completion::host_path ||
                                 (!first && row.id != Option::setenv && row.id != Option::warning);
            out += ":" + std::string(rest.substr(0, end)) + ":" +
                   (first                       ? zsh_action(row.first)
                    : is_path                   ? "_files"
                    : row.id == Option::warning ? "(show hide refuse)"
                                                : " ");
            first = false;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        out += "' \\\n";
    }
    return out;
}

std::string fish_values(Completion completion) {
    switch (completion) {
        case Completion::policy: return "(__sbx_policies)";
        case Completion::capability: return "(__sbx_capabilities)";
        case Completion::edit: return "(__sbx_edits)";
        case Completion::profile: return "(__sbx_profiles)";
        case Completion::option_name: return "(__sbx_option_names)";
        case Completion::variable: return "(set -nx)";
        case Completion::warning: return "all " + joined(names_of(warning_names));
        case Completion::landlock_mode: return "auto require off";
        case Completion::plan_format: return joined(names_of(plan_formats));
        case Completion::report_format: return "text json";
        case Completion::help_topic: return help_topics();
        case Completion::none:
        case Completion::host_path:
        case Completion::inside_path:
        case Completion::descriptor:
        case Completion::number: return "";
    }
    return "";
}

std::string fish() {
    std::string out;
    for (const OptionRow& row : option_table) {
        out += "complete -c sbx -n __sbx_in_options -l " + std::string(row.name);
        const std::string values = fish_values(row.first);
        if (row.takes_optional()) {
            out += " -f -a '" + values + "'";
        } else if (row.argument_count() > 0) {
            const bool is_path =
                row.first == Completion::host_path || row.first == Completion::inside_path;
            out += is_path ? " -r -F" : " -x" + (values.empty() ? "" : " -a '" + values + "'");
        }
        out += " -d '" + replace_all(row.help, '\'', "\\'") + "'\n";
    }
    return out;
}

// Pairs of a name and a description, as words of fish.
std::string profile_descriptions() {
    std::string out;
    for (const BuiltinProfile& profile : builtin_profiles()) {
        out += (out.empty() ? "'" : " '") + std::string(profile.name) + "' '" +
               replace_all(profile_description(profile.text), '\'', "\\'") + "'";
    }
    return out;
}

// What stands for a list of names within a line of a template.
std::string replaced(std::string line) {
    std::vector<std::string> profiles;
    for (const BuiltinProfile& profile : builtin_profiles()) profiles.emplace_back(profile.name);
    std::vector<std::string> options;
    for (const OptionRow& row : option_table) {
        if (describes_sandbox(row.id)) options.emplace_back(row.name);
    }
    std::vector<std::string> counts;
    for (const OptionRow& row : option_table) {
        if (row.argument_count() == 0) continue;
        counts.push_back("--" + std::string(row.name) + "=" + std::to_string(row.argument_count()));
    }
    const std::vector<std::pair<std::string, std::string>> names = {
        {"@OPTION_COUNTS@", joined(counts)},
        {"@PROFILES@", joined(profiles)},
        {"@PROFILE_DESCRIPTIONS@", profile_descriptions()},
        {"@PROFILE_DIRECTORY@", SBX_PROFILE_DIRECTORY},
        {"@OPTION_NAMES@", joined(options)},
        {"@HELP_TOPICS@", help_topics()},
        {"@WARNINGS@", joined(names_of(warning_names))},
        {"@PLAN_FORMATS@", joined(names_of(plan_formats))}};
    for (const auto& [from, to] : names) {
        for (auto at = line.find(from); at != std::string::npos; at = line.find(from)) {
            line.replace(at, from.size(), to);
        }
    }
    return line;
}

bool is_word_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// The text under the name that the program is installed as. A path keeps the project's name, and so
// does the one that compositors are told.
std::string renamed(std::string text) {
    const std::string ours = "sbx";
    const std::string name = SBX_NAME;
    if (name == ours) return text;
    for (auto at = text.find(ours); at != std::string::npos; at = text.find(ours, at)) {
        const std::size_t end = at + ours.size();
        const bool in_path =
            (at > 0 && text[at - 1] == '/') || (end < text.size() && text[end] == '/');
        const bool engine = at > 4 && text.compare(at - 4, 4, ".Ql ") == 0;
        const bool in_word = (at > 0 && is_word_part(text[at - 1])) ||
                             (end < text.size() && is_word_part(text[end]));
        if (!in_path && !engine && !in_word) text.replace(at, ours.size(), name);
        at += in_path || engine || in_word ? ours.size() : name.size();
    }
    const std::string title = ".Dt SBX";
    if (text.starts_with(title)) {
        std::string upper = name;
        std::transform(upper.begin(), upper.end(), upper.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        text.replace(4, 3, upper);
    }
    return text;
}

// Line by line, since a title counts at the beginning of one.
std::string renamed_lines(const std::string& text) {
    std::string out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) out += renamed(line) + "\n";
    return out;
}

int fill(const std::string& format, const char* from, const char* to) {
    std::ifstream in(from);
    std::ofstream out(to);
    bool filled = false;
    for (std::string line; std::getline(in, line);) {
        const std::string begin = "@PROFILE ";
        if (line.compare(0, begin.size(), begin) == 0) {
            const std::string text =
                man_profile(line.substr(begin.size(), line.size() - begin.size() - 1));
            filled = !text.empty();
            out << renamed_lines(text);
            continue;
        }
        if (line != "@OPTIONS@") {
            const std::string whole = replaced(line);
            filled = filled || whole != line;
            out << renamed(whole) << '\n';
            continue;
        }
        filled = true;
        out << renamed_lines(format == "man"    ? man()
                             : format == "bash" ? bash()
                             : format == "zsh"  ? zsh()
                                                : fish());
    }
    if (!filled || !out.flush()) {
        std::cerr << "option_docs: nothing to fill in in " << from << ", or writing " << to
                  << " failed\n";
        return 1;
    }
    return 0;
}

}  // namespace
}  // namespace sbx::cli

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: option_docs man|bash|zsh|fish TEMPLATE OUTPUT\n";
        return 2;
    }
    return sbx::cli::fill(argv[1], argv[2], argv[3]);
}
