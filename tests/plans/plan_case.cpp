// SPDX-License-Identifier: Apache-2.0
#include "plan_case.hpp"

#include "cli/dialect.hpp"
#include "cli/option_list.hpp"
#include "cli/spec_builder.hpp"
#include "fake_host.hpp"
#include "memory_file.hpp"

#include <sbx/plan.hpp>

#include <cstdlib>
#include <memory>
#include <sstream>

namespace sbx::test {
namespace {

// "fd 100 = a\0b\0"
Result<PlanCase::File> parse_file(const std::string& line) {
    std::istringstream in(line);
    std::string word;
    std::string equals;
    PlanCase::File out;
    if (!(in >> word >> out.fd >> equals) || equals != "=" || in.get() != ' ') {
        return Error{"this is not \"fd NUMBER = CONTENT\": " + line};
    }
    std::string content;
    std::getline(in, content);
    for (std::size_t i = 0; i < content.size(); ++i) {
        const bool nul = content.compare(i, 2, "\\0") == 0;
        out.content += nul ? '\0' : content[i];
        if (nul) ++i;
    }
    return out;
}

// What the words of a case come to.
struct Asked {
    Spec spec;
    cli::PlanFormat format = cli::PlanFormat::text;
};

Result<Asked> asked_by(const PlanCase& one) {
    const cli::Dialect dialect = one.dialect == "bwrap" ? cli::bwrap_dialect() : cli::sbx_dialect();
    const auto line = cli::read_command_line(one.words, dialect);
    cli::SpecBuilder builder(dialect);
    if (auto added = builder.add(line); !added) return added.error();
    if (builder.mode() == cli::Mode::help) return Error{"the case asks for --help"};
    if (builder.mode() == cli::Mode::doctor) return Error{"the case asks for --doctor"};
    if (builder.mode() == cli::Mode::version) return Error{"the case asks for --version"};
    auto spec = builder.finish();
    if (!spec) return spec.error();
    // What a policy compiles to depends on libseccomp and on the machine.
    for (SeccompFilter& filter : spec->filters) {
        if (filter.name.compare(0, 11, "descriptor ") != 0) filter.program = {0};
    }
    return Asked{std::move(*spec), builder.plan_format()};
}

}  // namespace

Host host_of(const PlanCase& one, const Spec& spec) {
    Host host = fake_host(spec, one.root ? Who::root : Who::user);
    if (one.terminal) {
        host.terminal = {1, "/dev/pts/3", {}};
        host.controlling_terminal = true;
    }
    if (one.old_kernel) host.kernel = {5, 4};
    if (one.landlock_abi) host.landlock_abi = *one.landlock_abi;
    if (one.limited) host.namespaces = {};
    return host;
}

Result<PlanCase> parse_case(const std::string& text) {
    PlanCase out;
    std::istringstream in(text);
    std::string line;
    while (std::getline(in, line)) {
        if (out.dialect.empty() && line.compare(0, 2, "# ") == 0) {
            out.purpose += line.substr(2) + "\n";
        } else if (out.dialect.empty()) {
            std::istringstream words(line);
            words >> out.dialect;
            for (std::string word; words >> word;) {
                if (word.compare(0, 8, "landlock") == 0) {
                    out.landlock_abi = static_cast<unsigned>(std::atoi(word.c_str() + 8));
                    continue;
                }
                if (word != "root" && word != "terminal" && word != "old" && word != "limited") {
                    return Error{"a host is not \"" + word + "\""};
                }
                out.root = out.root || word == "root";
                out.terminal = out.terminal || word == "terminal";
                out.old_kernel = out.old_kernel || word == "old";
                out.limited = out.limited || word == "limited";
            }
        } else if (out.words.empty() && line.compare(0, 3, "fd ") == 0) {
            auto file = parse_file(line);
            if (!file) return file.error();
            out.files.push_back(*file);
        } else {
            out.words.push_back(line);
        }
    }
    if (out.purpose.empty()) return Error{"it begins with \"# \" and what it is for"};
    if (out.dialect != "sbx" && out.dialect != "bwrap") {
        return Error{"the line after the comment names the dialect, sbx or bwrap"};
    }
    return out;
}

std::string plan_text(const PlanCase& one, std::optional<cli::PlanFormat> format) {
    std::vector<std::unique_ptr<MemoryFile>> files;
    for (const PlanCase::File& file : one.files) {
        files.push_back(std::make_unique<MemoryFile>(file.content, file.fd));
    }
    const auto asked = asked_by(one);
    if (!asked) return "error: " + asked.error().message + "\n";
    const Host host = host_of(one, asked->spec);
    const auto plan = make_plan(asked->spec, host);
    if (!plan) return "error: " + plan.error().message + "\n";
    if (auto checked = check(*plan); !checked) return "error: " + checked.error().message + "\n";
    const auto text = cli::describe_as(format.value_or(asked->format), asked->spec, host, *plan);
    return text ? *text : "error: " + text.error().message + "\n";
}

}  // namespace sbx::test
