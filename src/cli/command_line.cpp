// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include "cli/nearest.hpp"
#include "cli/program_name.hpp"

#include <sbx/text.hpp>

#include <boost/program_options.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace sbx::cli {
namespace {

namespace po = boost::program_options;

// The command travels as an option of this name, which nobody can type: Boost would give a
// positional word to an option before it that takes several.
constexpr const char* command_key = "the command";

// Limits that sbx does not have yet, and the programs that set them today.
std::string_view limit_elsewhere(std::string_view name) {
    for (const auto& [names, program] : {
             std::pair{" memory mem memory-max rlimit-as ulimit ",
                       "prlimit --as=BYTES " SBX_NAME " ... (a "
                       "process) or systemd-run --user --scope -p MemoryMax=1G " SBX_NAME
                       " ... (all of it)"},
             std::pair{" timeout time-limit time_limit ", "timeout 60 " SBX_NAME " ..."},
             std::pair{" pids pids-limit nproc tasks rlimit-nproc ",
                       "systemd-run --user --scope -p TasksMax=100 " SBX_NAME " ..."},
             std::pair{" cpu cpus cpu-quota rlimit-cpu ",
                       "prlimit --cpu=SECONDS " SBX_NAME " ... (a process) "
                       "or systemd-run --user --scope -p CPUQuota=50% " SBX_NAME
                       " ... (all of it)"},
         }) {
        const std::string word = " " + std::string(name) + " ";
        if (std::string_view(names).find(word) != std::string_view::npos) return program;
    }
    return {};
}

std::string unknown_option(const std::string& word, const Dialect& dialect) {
    if (dialect.defaults.wording == Wording::bubblewrap) return "Unknown option " + word;
    std::string text = "unknown option " + quote(word);
    std::vector<std::string_view> names;
    for (const OptionRow& row : option_table) names.push_back(row.name);
    const std::size_t dashes = std::min(word.find_first_not_of('-'), word.size());
    const std::string_view name = std::string_view(word).substr(dashes);
    const std::string_view limit = limit_elsewhere(name.substr(0, name.find('=')));
    if (!limit.empty()) {
        return text +
               "; " SBX_NAME
               " has no such limit yet, and the command inherits those of its caller: " +
               std::string(limit);
    }
    const std::string_view close = nearest(known_elsewhere(name.substr(0, name.find('='))), names);
    if (!close.empty()) return text + "; did you mean --" + std::string(close) + "?";
    return text + "; " SBX_NAME " --help=all lists them all";
}

std::string lacks_arguments(const OptionRow& row) { return "--" + takes_words(row); }

// Boost.Program_options calls this for each option in turn; it takes all of them at once, since
// Boost moves the whole list of words up after each call.
class WordParser {
public:
    /// `error` is set when a word cannot be understood; what came before it is still given.
    WordParser(const Dialect& dialect, std::optional<Error>& error)
        : dialect_(dialect), error_(error) {}

    std::vector<po::option> operator()(std::vector<std::string>& words) const {
        std::vector<po::option> out;
        std::size_t at = 0;
        while (at < words.size()) {
            const std::string& word = words[at];
            if (word == "--") {
                ++at;
                break;
            }
            if (word.empty() || word[0] != '-') break;
            const std::optional<std::size_t> next = take_option(words, at, out);
            if (!next) {
                at = words.size();
                break;
            }
            at = *next;
            // These two act where they stand, and nothing after them is looked at.
            const Option last = find_option(out.back().string_key)->id;
            if (last == Option::help || last == Option::version) break;
        }
        if (at < words.size()) {
            po::option command;
            command.string_key = command_key;
            command.value.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
            out.push_back(std::move(command));
        }
        words.clear();
        return out;
    }

private:
    // A word that was left out makes the next option an argument.
    bool takes_option_for_path(const OptionRow& row, const std::string& argument) const {
        const bool takes_paths =
            row.first == Completion::host_path || row.first == Completion::inside_path;
        return dialect_.defaults.wording == Wording::sbx && takes_paths &&
               argument.compare(0, 2, "--") == 0 && find_option(argument.substr(2)) != nullptr;
    }

    std::nullopt_t refuse(std::string message) const {
        error_ = Error{std::move(message)};
        return std::nullopt;
    }

    // Where the next word is; nothing after an error.
    std::optional<std::size_t> take_option(const std::vector<std::string>& words, std::size_t at,
                                           std::vector<po::option>& out) const {
        const std::string& word = words[at];
        if (word.compare(0, 2, "--") != 0) return refuse(unknown_option(word, dialect_));
        std::size_t equals = word.find('=');
        const OptionRow* row = find_option(std::string_view(word).substr(2, equals - 2));
        // What bubblewrap has takes no equals sign there; an optional argument has no other way.
        const bool may_have = dialect_.equals_sign ||
                              (row != nullptr && row->takes_optional() && row->id != Option::help);
        if (equals != std::string::npos && !may_have) row = nullptr;
        if (row == nullptr) return refuse(unknown_option(word, dialect_));
        po::option option;
        option.string_key = row->name;
        std::size_t wanted = row->argument_count();
        if (equals != std::string::npos) {
            if (wanted != 1 && !row->takes_optional()) {
                return refuse(lacks_arguments(*row) + ", and none after an equals sign");
            }
            option.value.push_back(word.substr(equals + 1));
            wanted = 0;
        }
        if (words.size() - at - 1 < wanted) return refuse(lacks_arguments(*row));
        for (std::size_t i = 0; i < wanted; ++i) {
            const std::string& argument = words[at + 1 + i];
            if (takes_option_for_path(*row, argument)) {
                return refuse(lacks_arguments(*row) + ", and " + quote(argument) +
                              " is an option; a path of that name is written " +
                              shell_words({"./" + argument}));
            }
            option.value.push_back(argument);
        }
        out.push_back(std::move(option));
        return at + 1 + wanted;
    }

    const Dialect& dialect_;
    std::optional<Error>& error_;
};

// Only the options that the words may mean: to describe all of them takes longer than to build a
// sandbox's mounts, and Boost looks through what is described for each that it meets.
po::options_description description_for(const std::vector<std::string>& words) {
    std::set<const OptionRow*> rows;
    for (const std::string& word : words) {
        if (const OptionRow* row = option_named_by(word)) rows.insert(row);
    }
    po::options_description out;
    out.add_options()(command_key, po::value<std::vector<std::string>>()->multitoken(), "");
    for (const OptionRow* row : rows) {
        const std::string name(row->name);
        if (row->takes_optional()) {
            out.add_options()(name.c_str(), po::value<std::string>()->implicit_value(""), "");
        } else if (row->argument_count() == 0) {
            out.add_options()(name.c_str(), "");
        } else {
            out.add_options()(name.c_str(), po::value<std::vector<std::string>>()->multitoken(),
                              "");
        }
    }
    return out;
}

}  // namespace

const OptionRow* option_named_by(std::string_view word) {
    if (word.substr(0, 2) != "--") return nullptr;
    const std::string_view name = word.substr(2);
    return find_option(name.substr(0, name.find('=')));
}

std::string with_blanks(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

std::string takes_words(const OptionRow& row) {
    static constexpr std::array<const char*, 4> counts = {"no argument", "an argument",
                                                          "two arguments", "three arguments"};
    // What bubblewrap's callers look for differs for these two.
    const bool one = row.id == Option::chdir || row.id == Option::remount_ro;
    return std::string(row.name) + " takes " +
           (one ? "one argument" : counts.at(row.argument_count()));
}

CommandLine parse_words(const std::vector<std::string>& words, const Dialect& dialect) {
    CommandLine out;
    try {
        namespace style = po::command_line_style;
        const po::options_description description = description_for(words);
        po::parsed_options parsed =
            po::command_line_parser(words)
                .options(description)
                .style(style::allow_long | style::long_allow_next)  // and no guessing
                .extra_style_parser(WordParser(dialect, out.error))
                .run();
        out.options.reserve(parsed.options.size());
        for (po::option& option : parsed.options) {
            if (option.string_key == command_key) {
                out.command = std::move(option.value);
            } else {
                out.options.push_back(
                    {find_option(option.string_key), std::move(option.value), {}});
            }
        }
    } catch (const po::error& error) {
        out.error = Error{error.what()};
    }
    return out;
}

}  // namespace sbx::cli
