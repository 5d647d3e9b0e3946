// SPDX-License-Identifier: Apache-2.0
// A command line of either dialect, with what its descriptors give, from words to the text of its
// plan on a machine that is the same everywhere. The input is a case of tests/plans. It must read
// no descriptor and no file but those of the case.
#include "fuzz.hpp"

#include "cli/input.hpp"
#include "cli/option_list.hpp"
#include "cli/spec_builder.hpp"
#include "memory_file.hpp"
#include "plans/plan_case.hpp"

#include <sbx/plan.hpp>
#include <sbx/text.hpp>

#include <algorithm>
#include <memory>

using namespace sbx;
using namespace sbx::test;

namespace {

using Words = std::vector<std::string>;
using Files = std::vector<PlanCase::File>;

cli::Dialect dialect_of(const PlanCase& one) { return cli::dialect_for(one.dialect); }

void check_message(const Error& error) {
    require(!error.message.empty(), "an error says something");
    require(!has_control(printable(error.message)), "it is one line", error.message);
}

bool is_reader(cli::Option id) {
    return id == cli::Option::args || id == cli::Option::seccomp ||
           id == cli::Option::add_seccomp_fd;
}

// Whether `words` make SpecBuilder read what is not in `files`.
bool reads_others(const Words& words, const cli::Dialect& dialect, const Files& files) {
    for (const cli::GivenOption& given : cli::parse_words(words, dialect).options) {
        const std::string& first = given.arguments.empty() ? "" : given.arguments[0];
        if (given.row->id == cli::Option::seccomp_policy &&
            first.find_first_of("/.") != std::string::npos) {
            return true;
        }
        if (given.row->id == cli::Option::profile && cli::is_profile_path(first)) return true;
        const auto number = cli::parse_number(first, 10, 1'000'000);
        if (!is_reader(given.row->id) || !number) continue;
        const bool ours = std::any_of(files.begin(), files.end(), [&](const PlanCase::File& file) {
            return file.fd == static_cast<int>(*number);
        });
        if (!ours) return true;
    }
    return false;
}

bool fits(const PlanCase& one) {
    const cli::Dialect dialect = dialect_of(one);
    for (const PlanCase::File& file : one.files) {
        if (file.fd < 100 || file.fd > 109) return false;
        if (reads_others(cli::split_at_nul(file.content), dialect, one.files)) return false;
    }
    return !reads_others(one.words, dialect, one.files);
}

// The options of `line` as words, each in the form that both dialects know.
Words rejoined(const cli::CommandLine& line) {
    Words out;
    for (const cli::GivenOption& given : line.options) {
        out.push_back("--" + std::string(given.row->name));
        if (given.row->takes_optional()) {
            if (!given.arguments.empty()) out.back() += "=" + given.arguments[0];
            continue;
        }
        out.insert(out.end(), given.arguments.begin(), given.arguments.end());
    }
    return out;
}

Words with_command(Words words, const cli::CommandLine& line) {
    words.emplace_back("--");
    words.insert(words.end(), line.command.begin(), line.command.end());
    return words;
}

bool has(const cli::CommandLine& line, std::initializer_list<cli::Option> ids) {
    return std::any_of(line.options.begin(), line.options.end(), [&](const auto& given) {
        return std::find(ids.begin(), ids.end(), given.row->id) != ids.end();
    });
}

void check_again(const cli::CommandLine& line, const cli::Dialect& dialect) {
    if (has(line, {cli::Option::help, cli::Option::version})) return;  // nothing after it is read
    const Words words = rejoined(line);
    const cli::CommandLine again = cli::parse_words(with_command(words, line), dialect);
    require(!again.error, "what was understood is understood again");
    require(rejoined(again) == words && again.command == line.command, "and means the same");
}

// The text of the plan; empty when there is none.
std::string planned(const PlanCase& one, const Words& words) {
    std::vector<std::unique_ptr<MemoryFile>> files;
    for (const PlanCase::File& file : one.files) {
        files.push_back(std::make_unique<MemoryFile>(file.content, file.fd));
    }
    const cli::Dialect dialect = dialect_of(one);
    cli::SpecBuilder builder(dialect);
    if (const auto added = builder.add(cli::read_command_line(words, dialect)); !added) {
        check_message(added.error());
        return {};
    }
    if (builder.mode() == cli::Mode::help || builder.mode() == cli::Mode::version) return {};
    const auto spec = builder.finish();
    if (!spec) {
        check_message(spec.error());
        return {};
    }
    const Host host = host_of(one, *spec);
    const auto plan = make_plan(*spec, host);
    if (!plan) {
        check_message(plan.error());
        return {};
    }
    const auto checked = check(*plan);
    require(checked.has_value(), "every plan is safe", checked ? "" : checked.error().message);
    for (const auto* steps : {&plan->setup, &plan->seal}) {
        for (const Step& step : *steps) {
            const std::string sentence = describe(step);
            require(!sentence.empty() && !has_control(sentence), "a step is a line", sentence);
        }
    }
    for (std::size_t i = 0; i < cli::plan_formats.size(); ++i) {
        const auto format = static_cast<cli::PlanFormat>(i);
        const auto text = cli::describe_as(format, *spec, host, *plan);
        if (!text) {
            require(format == cli::PlanFormat::bwrap, "only bubblewrap lacks something");
            check_message(text.error());
            continue;
        }
        std::string lines = *text;
        std::erase(lines, '\n');
        require(!text->empty() && !has_control(lines), "a plan can be printed", *text);
    }
    return describe(*plan);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text = text_of(data, size);
    std::erase(text, '\0');  // no word of a command line can have one
    auto one = parse_case("# fuzz\n" + text);
    if (!one) return 0;
    // A line of the case cannot hold the end of one, a word can.
    for (std::string& word : one->words) std::replace(word.begin(), word.end(), '\x01', '\n');
    if (!fits(*one)) return 0;

    const cli::Dialect dialect = dialect_of(*one);
    const cli::CommandLine line = cli::parse_words(one->words, dialect);
    if (line.error) check_message(*line.error);
    check_again(line, dialect);
    const std::string plan = planned(*one, one->words);
    if (plan.empty() || has(line, {cli::Option::args})) return 0;

    // The same words by way of --args. 99 is no descriptor of any word.
    const bool named = std::any_of(one->words.begin(), one->words.end(), [](const auto& word) {
        return word.find("99") != std::string::npos;
    });
    if (named) return 0;
    std::string content;
    for (const std::string& word : rejoined(line)) content += word + '\0';
    one->files.push_back({99, content});
    require(planned(*one, with_command({"--args", "99"}, line)) == plan,
            "options mean the same when --args gives them", plan);
    return 0;
}
