// SPDX-License-Identifier: Apache-2.0
#include "cli/option_list.hpp"

#include "cli/input.hpp"

#include <sbx/text.hpp>

#include <algorithm>

namespace sbx::cli {
namespace {

bool is_modifier(Option option) {
    return option == Option::perms || option == Option::size || option == Option::overlay_src;
}

// What is left at the end of a file of --args would change an option of the command line's.
Result<void> check_end(const std::vector<GivenOption>& options) {
    const auto last =
        std::find_if_not(options.rbegin(), options.rend(),
                         [](const GivenOption& given) { return is_modifier(given.row->id); });
    struct Modifier {
        Option option;
        const char* message;
    };
    for (const Modifier& modifier :
         {Modifier{Option::perms, perms_alone}, Modifier{Option::size, size_alone},
          Modifier{Option::overlay_src, overlay_source_alone}}) {
        const bool left = std::any_of(options.rbegin(), last, [&](const GivenOption& given) {
            return given.row->id == modifier.option;
        });
        if (left) return Error{modifier.message};
    }
    return {};
}

// An empty last word is what is left of words that were joined by NUL bytes.
Result<void> check_no_command(const CommandLine& line, const std::string& number) {
    const bool none = std::all_of(line.command.begin(), line.command.end(),
                                  [](const std::string& word) { return word.empty(); });
    if (none) return {};
    return Error{"--args " + number + ": " + quote(line.command.front()) +
                 " is no option; the command cannot come from descriptor " + number +
                 ", put it on the command line"};
}

bool ends_line(Option option) { return option == Option::help || option == Option::version; }

bool ends_line(const std::vector<GivenOption>& options) {
    return !options.empty() && ends_line(options.back().row->id);
}

// The argument by which an option is told from others of its kind: of a mount its destination.
const std::string& handle_of(const GivenOption& given) {
    const bool first = given.row->id == Option::setenv;
    return first ? given.arguments.front() : given.arguments.back();
}

// Whether `words` tell the option from others: by its handle, or by all of its arguments.
bool is_meant(const GivenOption& given, const std::string& words) {
    return handle_of(given) == words || with_blanks(given.arguments) == words;
}

// As it stands in a profile, unless it could be taken for something else.
std::string as_words(const std::string& text) {
    const std::string::size_type odd = text.find_first_of(";\"\\");
    return odd == std::string::npos && printable(text) == text ? text : quote(text);
}

// The first built-in profile, by name, that has the option; empty: none.
std::string profile_with(const OptionRow& row, const std::string& words,
                         const ProfileSearch& search) {
    for (const BuiltinProfile& builtin : builtin_profiles()) {
        const auto options = read_profile(std::string(builtin.name), search);
        const bool has =
            options && std::any_of(options->begin(), options->end(), [&](const auto& one) {
                return one.row == &row && (one.arguments.empty() || is_meant(one, words));
            });
        if (has) return std::string(builtin.name);
    }
    return {};
}

// Takes back what `unset` names of the options before it.
Result<void> take_back(const GivenOption& unset, std::vector<GivenOption>& options,
                       const ProfileSearch& search) {
    const std::string& what = unset.arguments[0];
    const std::size_t blank = what.find(' ');
    const std::string name = what.substr(0, blank);
    const OptionRow* row = find_option(name);
    if (row == nullptr) {
        return Error{
            "--unset takes the name of an option without dashes, and an argument of it, "
            "as in \"bind /src\"; there is no option " +
            quote(name)};
    }
    std::vector<GivenOption> kept;
    std::string others;
    bool found = false;
    for (GivenOption& given : options) {
        const bool same = given.row == row;
        const bool all = blank == std::string::npos || given.arguments.empty();
        if (same && (all || is_meant(given, what.substr(blank + 1)))) {
            found = true;
            // With it goes what would change the option after it.
            while (!is_modifier(row->id) && !kept.empty() && is_modifier(kept.back().row->id)) {
                kept.pop_back();
            }
            continue;
        }
        if (same) others += (others.empty() ? "" : ", ") + quote_if_needed(handle_of(given));
        kept.push_back(std::move(given));
    }
    options = std::move(kept);
    if (found) return {};
    const bool in_profile = !unset.place.empty();
    std::string text = (in_profile ? "unset = " + as_words(what) : "--unset " + quote(what)) +
                       ": there is no such option before it to take back";
    if (!others.empty()) return Error{text + "; " + name + " is there for " + others};
    if (!in_profile) return Error{text};
    const std::string other =
        profile_with(*row, what.substr(std::min(blank, what.size() - 1) + 1), search);
    text += other.empty() ? "; if another profile has it, give this one after it"
                          : "; give --profile " + other + " before it";
    return Error{text};
}

}  // namespace

CommandLine with_arguments_read(CommandLine line, const Dialect& dialect) {
    const bool any = std::any_of(line.options.begin(), line.options.end(),
                                 [](const auto& given) { return given.row->id == Option::args; });
    if (!any) return line;
    CommandLine out;
    out.command = std::move(line.command);
    const auto end_with = [&](const Error& error) {
        out.error = error;
        return std::move(out);
    };
    for (GivenOption& given : line.options) {
        const bool is_file = given.row->id == Option::args;
        out.options.push_back(std::move(given));
        if (!is_file) continue;
        const std::string number = out.options.back().arguments[0];
        const OptionRow& row = *out.options.back().row;
        const auto fd = parse_descriptor(row, number, dialect.defaults.wording);
        if (!fd) return end_with(fd.error());
        const auto content = read_all(*fd, reading_words(row, number, dialect.defaults.wording));
        if (!content) return end_with(content.error());
        CommandLine inner = parse_words(split_at_nul(*content), dialect);
        for (GivenOption& one : inner.options) {
            if (one.row->id == Option::args) {
                return end_with({"--args not supported in arguments file"});
            }
            out.options.push_back(std::move(one));
        }
        if (ends_line(out.options)) return out;
        if (inner.error) return end_with(*inner.error);
        if (auto ok = check_end(out.options); !ok) return end_with(ok.error());
        if (auto ok = check_no_command(inner, number); !ok) return end_with(ok.error());
    }
    out.error = line.error;
    return out;
}

CommandLine with_profiles(CommandLine line, const ProfileSearch& search) {
    CommandLine out;
    out.command = std::move(line.command);
    for (const GivenOption& given : line.options) {
        if (given.row->id != Option::profile) continue;
        auto profile = read_profile(given.arguments[0], search);
        if (!profile) {
            out.error = profile.error();
            return out;
        }
        std::move(profile->begin(), profile->end(), std::back_inserter(out.options));
    }
    std::move(line.options.begin(), line.options.end(), std::back_inserter(out.options));
    std::vector<GivenOption> all = std::move(out.options);
    out.options.clear();
    for (GivenOption& given : all) {
        if (given.row->id == Option::profile) continue;
        if (given.row->id != Option::unset) {
            out.options.push_back(std::move(given));
            continue;
        }
        if (auto taken = take_back(given, out.options, search); !taken) {
            const std::string place = given.place.empty() ? "" : given.place + ": ";
            out.error = Error{place + taken.error().message};
            return out;
        }
        out.took_back = true;
    }
    out.error = line.error;
    return out;
}

std::optional<std::string> result_path(const CommandLine& line) {
    std::optional<std::string> out;
    for (const GivenOption& given : line.options) {
        if (given.row->id == Option::result) out = given.arguments[0];
    }
    return out;
}

bool has_profiles(const CommandLine& line) {
    return std::any_of(line.options.begin(), line.options.end(), [](const auto& given) {
        return given.row->id == Option::profile || given.row->id == Option::unset;
    });
}

CommandLine read_command_line(const std::vector<std::string>& words, const Dialect& dialect) {
    CommandLine line = with_arguments_read(parse_words(words, dialect), dialect);
    return has_profiles(line) ? with_profiles(std::move(line), profile_search()) : line;
}

std::string effective_text(const CommandLine& line) {
    constexpr std::size_t column = 56;
    std::string out;
    for (const GivenOption& given : line.options) {
        if (!describes_sandbox(given.row->id)) continue;
        std::string text = profile_line(given.row->name, given.arguments);
        if (text.size() < column) text += std::string(column - text.size(), ' ');
        out += text + " # " + (given.place.empty() ? "the command line" : given.place) + "\n";
    }
    return out;
}

std::string profile_of(const CommandLine& line, const std::string& directory) {
    std::string out;
    for (const GivenOption& given : line.options) {
        if (given.row->id != Option::profile) continue;
        const std::string& name = given.arguments[0];
        const bool relative = is_profile_path(name) && name[0] != '/';
        out += profile_line("include", {relative ? directory + "/" + name : name}) + "\n";
    }
    for (const GivenOption& given : line.options) {
        if (!describes_sandbox(given.row->id)) continue;
        out += profile_line(given.row->name, given.arguments) + "\n";
    }
    return out;
}

}  // namespace sbx::cli
