// SPDX-License-Identifier: Apache-2.0
// plan_runner DIRECTORY [all-forms]: plans each NAME.args there and compares with the golden text
// NAME.txt. SBX_ACCEPT=1 in the environment rewrites the texts. It fails for a text without a case,
// too, and for an option that no case uses.
#include "plan_case.hpp"

#include "cli/option_table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <set>
#include <sstream>

namespace sbx::test {
namespace {

namespace fs = std::filesystem;

enum class Golden { compare, accept };

// Whether each plan is printed as JSON, too, and must be some.
enum class Forms { asked, all };

std::string read_text(const fs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
}

std::vector<fs::path> files_of(const fs::path& directory, const std::string& extension) {
    std::vector<fs::path> out;
    for (const fs::directory_entry& file : fs::directory_iterator(directory)) {
        if (file.path().extension() == extension) out.push_back(file.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

// The first line in which the two differ.
std::string first_difference(const std::string& golden, const std::string& now) {
    std::istringstream a(golden);
    std::istringstream b(now);
    std::string old_line;
    std::string new_line;
    for (int line = 1;; ++line) {
        const bool more_old = static_cast<bool>(std::getline(a, old_line));
        const bool more_new = static_cast<bool>(std::getline(b, new_line));
        if (!more_old) old_line = "(the end)";
        if (!more_new) new_line = "(the end)";
        if (old_line != new_line || !more_old || !more_new) {
            return "line " + std::to_string(line) + "\n  was: " + old_line + "\n  is:  " + new_line;
        }
    }
}

class Runner {
public:
    Runner(fs::path directory, Golden golden, Forms forms)
        : directory_(std::move(directory)), golden_(golden), forms_(forms) {}

    int run() {
        const std::vector<fs::path> cases = files_of(directory_, ".args");
        if (cases.empty()) fail(directory_, "no cases there");
        for (const fs::path& path : cases) run_case(path);
        for (const fs::path& path : files_of(directory_, ".txt")) look_for_case(path);
        for (const cli::OptionRow& row : cli::option_table) {
            if (!used_.contains("--" + std::string(row.name))) {
                fail(directory_, "no case uses --" + std::string(row.name));
            }
        }
        std::cout << cases.size() << " cases, " << failures_ << " failures\n";
        return failures_ == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }

private:
    void fail(const fs::path& path, const std::string& why) {
        ++failures_;
        std::cout << path.filename().string() << ": " << why << "\n";
    }

    void run_case(const fs::path& path) {
        const auto one = parse_case(read_text(path));
        if (!one) return fail(path, one.error().message);
        for (const std::string& word : one->words) used_.insert(word.substr(0, word.find('=')));
        const std::string now = plan_text(*one);
        if (forms_ == Forms::all) check_json(path, plan_text(*one, cli::PlanFormat::json));
        const fs::path golden = fs::path(path).replace_extension(".txt");
        const bool there = fs::exists(golden);
        const std::string before = read_text(golden);
        if (there && before == now) return;
        if (golden_ == Golden::accept) return accept(golden, now);
        if (!there) return fail(path, "no golden text; SBX_ACCEPT=1 writes it:\n" + now);
        fail(golden, "the plan is another: " + first_difference(before, now) +
                         "\n  if that is wanted, SBX_ACCEPT=1 writes it");
    }

    // Whatever the case is for, programs can read its plan. The reader wants characters, and
    // refuses the escapes for bytes that are none.
    void check_json(const fs::path& path, const std::string& text) {
        if (text.compare(0, 7, "error: ") == 0) return;
        try {
            const auto json = nlohmann::json::parse(
                std::regex_replace(text, std::regex(R"(\\udc[89a-f])"), R"(\u00a)"));
            if (!json.is_object()) fail(path, "its plan as JSON is not an object");
        } catch (const nlohmann::json::exception& error) {
            fail(path, "its plan as JSON cannot be read: " + std::string(error.what()));
        }
    }

    void accept(const fs::path& golden, const std::string& now) {
        std::ofstream out(golden);
        out << now;
        out.close();
        if (!out) return fail(golden, "cannot be written");
        std::cout << golden.filename().string() << ": accepted\n";
    }

    void look_for_case(const fs::path& golden) {
        if (fs::exists(fs::path(golden).replace_extension(".args"))) return;
        fail(golden, "no case has this text; remove it");
    }

    fs::path directory_;
    Golden golden_;
    Forms forms_;
    std::set<std::string> used_;
    int failures_ = 0;
};

}  // namespace
}  // namespace sbx::test

int main(int argc, char** argv) {
    using sbx::test::Forms;
    using sbx::test::Golden;
    const bool all = argc == 3 && std::string(argv[2]) == "all-forms";
    if (argc != 2 && !all) {
        std::cout << "usage: plan_runner DIRECTORY [all-forms]\n";
        return EXIT_FAILURE;
    }
    const char* accept = std::getenv("SBX_ACCEPT");
    const bool accepts = accept != nullptr && std::string(accept) == "1";
    return sbx::test::Runner(argv[1], accepts ? Golden::accept : Golden::compare,
                             all ? Forms::all : Forms::asked)
        .run();
}
