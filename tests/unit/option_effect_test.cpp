// SPDX-License-Identifier: Apache-2.0
// Every row of the option table does something, in a dialect where that is not the default already.
// A new row is tried too: it fails here until it has an effect.
#include "memory_file.hpp"
#include "spec_text.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <set>
#include <sstream>

using namespace sbx;
using namespace sbx::cli;
using sbx::test::MemoryFile;
using sbx::test::Words;

namespace {

// An argument that is good for a metavariable of the table. Files live as long as `files`.
std::string example(const OptionRow& row, const std::string& variable,
                    std::vector<std::unique_ptr<MemoryFile>>& files) {
    static const std::map<std::string, std::string> by_variable = {
        {"VALUE", "value"}, {"SRC", "/src"},   {"DEST", "/dest"},  {"TARGET", "target"},
        {"OCTAL", "0700"},  {"BYTES", "4096"}, {"UID", "123"},     {"GID", "123"},
        {"NAME", "name"},   {"DIR", "/dir"},   {"CAP", "cap_kill"}};
    if (variable == "FD") {
        const bool words = row.id == Option::args;
        const std::string content = words ? std::string("--dir\0/dir\0", 11) : "12345678";
        files.push_back(std::make_unique<MemoryFile>(content));
        return files.back()->text();
    }
    if (variable == "POLICY") return "default";
    const auto found = by_variable.find(variable);
    INFO("no example for the metavariable " << variable);
    REQUIRE(found != by_variable.end());
    return found->second;
}

Words words_for(const OptionRow& row, std::vector<std::unique_ptr<MemoryFile>>& files) {
    Words out = {"--" + std::string(row.name)};
    std::istringstream variables{std::string(row.arguments)};
    for (std::string variable; variables >> variable;) out.push_back(example(row, variable, files));
    return out;
}

// What `words` come to: the mode, and the Spec or the error.
std::string effect(const Words& words, const Dialect& dialect) {
    const auto line = parse_words(words, dialect);
    if (!line) return line.error().message;
    SpecBuilder builder(dialect);
    if (auto added = builder.add(*line); !added) return added.error().message;
    const std::string mode = "mode " + std::to_string(static_cast<int>(builder.mode())) + "\n";
    const auto spec = builder.finish();
    return mode + (spec ? test::text_of(*spec) : spec.error().message);
}

bool has_effect(const OptionRow& row, const Dialect& dialect, const Words& before) {
    std::vector<std::unique_ptr<MemoryFile>> files;
    Words with = before;
    const Words words = words_for(row, files);
    with.insert(with.end(), words.begin(), words.end());
    Words without = before;
    for (Words* both : {&with, &without}) both->insert(both->end(), {"--tmpfs", "/t", "command"});
    const std::string changed = effect(with, dialect);
    INFO(changed);
    CHECK(changed.substr(0, 5) == "mode ");  // and no error
    return changed != effect(without, dialect);
}

}  // namespace

TEST_CASE("every option has an effect") {
    // Always done, and always refused, as their help says.
    const std::set<Option> none = {Option::unshare_mount, Option::share_mount};
    for (const OptionRow& row : option_table) {
        if (none.contains(row.id)) continue;
        INFO(row.name);
        CHECK((has_effect(row, test::sbx_without_policy(), {}) ||
               has_effect(row, test::sbx_without_policy(), {"--unshare-time"}) ||
               has_effect(row, bwrap_dialect(), {})));
    }
}

TEST_CASE("no two options are the same") {
    std::map<std::string, std::string> seen;
    for (const OptionRow& row : option_table) {
        if (row.id == Option::args || row.id == Option::unshare_mount) continue;
        std::vector<std::unique_ptr<MemoryFile>> files;
        std::string all;
        for (const Dialect& dialect : {test::sbx_without_policy(), bwrap_dialect()}) {
            files.clear();
            Words words = words_for(row, files);
            words.insert(words.end(), {"--tmpfs", "/t", "command"});
            all += effect(words, dialect);
        }
        INFO("--" << row.name << " does what --" << seen[all] << " does");
        const bool one_filter = row.id == Option::add_seccomp_fd;  // as --seccomp, once
        const bool stays = row.id == Option::share_time;           // as it is anyway
        CHECK((seen[all].empty() || one_filter || stays));
        seen[all] = row.name;
    }
}

TEST_CASE("rows of the table are well made") {
    std::set<std::string_view> names;
    for (const OptionRow& row : option_table) {
        INFO(row.name);
        CHECK(names.insert(row.name).second);
        CHECK(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
              std::string_view::npos);
        CHECK(find_option(row.name) == &row);
        CHECK_FALSE(row.help.empty());
        CHECK(row.help.back() != '.');
        CHECK((row.first == Completion::none || row.argument_count() > 0));
    }
    CHECK(find_option("") == nullptr);
    CHECK(find_option("bin") == nullptr);
    CHECK(find_option("binds") == nullptr);
}
