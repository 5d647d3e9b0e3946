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
        {"VALUE", "value"}, {"SRC", "/src"},     {"DEST", "/dest"},   {"TARGET", "target"},
        {"OCTAL", "0700"},  {"BYTES", "4096"},   {"UID", "123"},      {"GID", "123"},
        {"NAME", "name"},   {"DIR", "/dir"},     {"FILE", "file"},    {"CAP", "cap_kill"},
        {"PATH", "/path"},  {"OTHER", "/other"}, {"UPPER", "/upper"}, {"WORK", "/work"},
        {"LABEL", "label"}};
    if (variable == "FD") {
        const bool words = row.id == Option::args;
        const std::string content = words ? std::string("--dir\0/dir\0", 11) : "12345678";
        files.push_back(std::make_unique<MemoryFile>(content));
        return files.back()->text();
    }
    if (variable == "POLICY") return "strict";
    if (variable == "PROFILE") return "network";
    if (variable == "OPTION") return "dir /gone";
    // What the caller has, whoever that is.
    if (row.id == Option::keep_env) return "PATH";
    if (row.id == Option::warning) return variable == "NAME" ? "file-bind" : "refuse";
    if (row.id == Option::watch_git && variable == "MODE") return "tell";
    if (variable == "MODE") return "require";
    if (variable == "EDIT") return "deny:ioctl";
    const auto found = by_variable.find(variable);
    INFO("no example for the metavariable " << variable);
    REQUIRE(found != by_variable.end());
    return found->second;
}

Words words_for(const OptionRow& row, std::vector<std::unique_ptr<MemoryFile>>& files) {
    Words out = {"--" + std::string(row.name)};
    if (row.takes_optional()) return out;
    std::istringstream variables{std::string(row.arguments)};
    for (std::string variable; variables >> variable;) out.push_back(example(row, variable, files));
    return out;
}

// What an option cannot do without, before and after it; the same for all others.
struct Context {
    Words before = {};
    Words after = {"--tmpfs", "/t", "command"};
};

Context context_of(const OptionRow& row) {
    switch (row.id) {
        case Option::overlay_src:
            return {{"--overlay-src", "/one"}, {"--tmp-overlay", "/o", "command"}};
        case Option::overlay:
        case Option::tmp_overlay:
        case Option::ro_overlay:
            return {.before = {"--overlay-src", "/one", "--overlay-src", "/two"}};
        case Option::unset: return {.before = {"--dir", "/gone"}};
        case Option::share_time: return {.before = {"--unshare-time"}};
        case Option::keep_env: return {.before = {"--clearenv"}};
        case Option::allow_setuid_files:
        case Option::seccomp_edit: return {.before = {"--seccomp-policy", "default"}};
        default: return {};
    }
}

Words around(const Context& context, const Words& words) {
    Words out = context.before;
    out.insert(out.end(), words.begin(), words.end());
    out.insert(out.end(), context.after.begin(), context.after.end());
    return out;
}

// What `words` come to: the mode, how messages begin, and the Spec or the error.
std::string effect(const Words& words, const Dialect& dialect) {
    const auto line = read_command_line(words, dialect);
    SpecBuilder builder(dialect);
    if (auto added = builder.add(line); !added) return added.error().message;
    const std::string result = result_path(line) ? "result " + *result_path(line) : "";
    const std::string mode = "mode " + std::to_string(static_cast<int>(builder.mode())) + " " +
                             std::to_string(static_cast<int>(builder.prefix())) + "\n";
    const auto spec = builder.finish();
    return mode + result + (spec ? test::text_of(*spec) : spec.error().message);
}

bool has_effect(const OptionRow& row, const Dialect& dialect) {
    std::vector<std::unique_ptr<MemoryFile>> files;
    const Context context = context_of(row);
    const std::string changed = effect(around(context, words_for(row, files)), dialect);
    INFO(changed);
    CHECK(changed.substr(0, 5) == "mode ");  // and no error
    return changed != effect(around(context, {}), dialect);
}

}  // namespace

TEST_CASE("every option has an effect") {
    // Always done, always refused, or accepted without a meaning, as their help says.
    const std::set<Option> none = {Option::unshare_mount, Option::share_mount, Option::exec_label,
                                   Option::file_label, Option::not_a_security_boundary};
    for (const OptionRow& row : option_table) {
        if (none.contains(row.id)) continue;
        INFO(row.name);
        CHECK((has_effect(row, test::sbx_without_policy()) || has_effect(row, bwrap_dialect())));
    }
}

TEST_CASE("what has no effect changes nothing, and what is refused says so") {
    for (const Dialect& dialect : {test::sbx_without_policy(), bwrap_dialect()}) {
        const std::string usual = effect({"--tmpfs", "/t", "command"}, dialect);
        CHECK(effect({"--not-a-security-boundary", "--tmpfs", "/t", "command"}, dialect) == usual);
        CHECK(effect({"--unshare-mount", "--tmpfs", "/t", "command"}, dialect) == usual);
    }
    for (const std::string option : {"--exec-label", "--file-label"}) {
        CHECK(effect({option, "x", "command"}, bwrap_dialect()) ==
              "labeling not supported on this system");
        CHECK(effect({option, "x", "command"}, test::sbx_without_policy()) ==
              option + ": SELinux labels are not supported; leave it out");
    }
}

TEST_CASE("no two options are the same") {
    const std::set<Option> aside = {Option::args, Option::unset, Option::unshare_mount,
                                    Option::not_a_security_boundary};
    std::map<std::string, std::string> seen;
    for (const OptionRow& row : option_table) {
        if (aside.contains(row.id)) continue;
        std::string all;
        for (const Dialect& dialect : {test::sbx_without_policy(), bwrap_dialect()}) {
            std::vector<std::unique_ptr<MemoryFile>> files;
            all += effect(around(context_of(row), words_for(row, files)), dialect);
        }
        INFO("--" << row.name << " does what --" << seen[all] << " does");
        const bool one_filter = row.id == Option::add_seccomp_fd;  // as --seccomp, once
        CHECK((seen[all].empty() || one_filter));
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
        CHECK((row.first == Completion::none || row.argument_count() > 0 || row.takes_optional()));
    }
    CHECK(find_option("") == nullptr);
    CHECK(find_option("bin") == nullptr);
    CHECK(find_option("binds") == nullptr);
}
