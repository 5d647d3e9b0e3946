// SPDX-License-Identifier: Apache-2.0
// Run while sbx is built: policy_compiler OUTPUT.cpp POLICY...
// Writes the source file with the tables of built-in policies: their rules and programs. A POLICY
// is one file, or several with a comma between them, whose rules are added to those of the first;
// its name is the last one's. It is no part of sbx.
#include "policy/compile.hpp"
#include "policy/json.hpp"

#include <seccomp.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Policy {
    std::string name;
    sbx::PolicyText rules;
    std::vector<std::uint64_t> program;
};

int fail(const std::string& message) {
    std::fprintf(stderr, "policy_compiler: %s\n", message.c_str());
    return 1;
}

sbx::Result<Policy> load(const std::string& files) {
    Policy policy;
    std::vector<std::string> texts;
    for (std::size_t at = 0; at <= files.size();) {
        const std::size_t end = std::min(files.find(',', at), files.size());
        const std::filesystem::path path = files.substr(at, end - at);
        at = end + 1;
        std::ifstream file(path, std::ios::binary);
        policy.name = path.stem();
        texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
        if (!file) return sbx::Error{"cannot read " + path.string()};
    }
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    auto rules = sbx::read_policy(views, seccomp_arch_native());
    if (!rules) return sbx::Error{files + ": " + rules.error().message};
    policy.rules = std::move(*rules);
    auto filter = sbx::compile_table(policy.rules.table(), files, {}, {});
    if (!filter) return filter.error();
    policy.program = std::move(filter->program);
    return policy;
}

/// One array of static data.
template <typename T, typename WriteElement>
void write_array(std::ostream& out, const std::string& name, std::string_view type,
                 const std::vector<T>& elements, const WriteElement& write_element) {
    constexpr std::size_t in_a_line = 4;
    out << "constexpr std::array<" << type << ", " << elements.size() << "> " << name << " = {{";
    for (std::size_t i = 0; i < elements.size(); ++i) {
        out << (i % in_a_line == 0 ? "\n    " : " ");
        write_element(elements[i]);
        out << ",";
    }
    out << "\n}};\n\n";
}

void write(std::ostream& out, const std::vector<Policy>& policies) {
    out << "// Written by policy_compiler; changes belong into policies/.\n"
           "#include \"policy/builtin_policies.hpp\"\n\n"
           "#include <array>\n\n"
           "namespace sbx {\nnamespace {\n\n";
    const auto write_number = [&](auto number) { out << number; };
    const auto write_version = [&](const sbx::KernelVersion& version) {
        out << "{" << version.major << "U, " << version.minor << "U}";
    };
    for (std::size_t i = 0; i < policies.size(); ++i) {
        const std::string end = "_" + std::to_string(i);
        const sbx::PolicyText& rules = policies[i].rules;
        write_array(out, "program" + end, "std::uint64_t", policies[i].program,
                    [&](std::uint64_t word) { out << "0x" << std::hex << word << std::dec; });
        write_array(out, "rules" + end, "RuleRow", rules.rules, [&](const sbx::RuleRow& row) {
            out << "{" << row.action << ", " << row.calls << ", " << row.tests << ", {"
                << row.condition.kept << ", " << row.condition.dropped << ", ";
            write_version(row.condition.since);
            out << ", ";
            write_version(row.condition.before);
            out << "}}";
        });
        write_array(out, "calls" + end, "int", rules.calls, write_number);
        write_array(out, "tests" + end, "scmp_arg_cmp", rules.tests, [&](const scmp_arg_cmp& test) {
            out << "{" << test.arg << ", static_cast<scmp_compare>(" << test.op << "), "
                << test.datum_a << "U, " << test.datum_b << "U}";
        });
    }
    out << "constexpr BuiltinPolicy policies[] = {\n";
    for (std::size_t i = 0; i < policies.size(); ++i) {
        out << "    {\"" << policies[i].name << "\", {" << policies[i].rules.default_action
            << ", rules_" << i << ", calls_" << i << ", tests_" << i << "}, program_" << i
            << "},\n";
    }
    out << "};\n\n}  // namespace\n\n"
           "std::span<const BuiltinPolicy> builtin_policies() { return policies; }\n\n"
           "}  // namespace sbx\n";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return fail("usage: policy_compiler OUTPUT.cpp POLICY...");
    // The machine that builds may not let libseccomp ask the kernel what it can do; sbx itself
    // needs a kernel that has all of level 3.
    constexpr unsigned level = 3;
    seccomp_api_set(level);

    std::vector<Policy> policies;
    for (int i = 2; i < argc; ++i) {
        auto policy = load(argv[i]);
        if (!policy) return fail(policy.error().message);
        policies.push_back(std::move(*policy));
    }
    std::sort(policies.begin(), policies.end(),
              [](const Policy& left, const Policy& right) { return left.name < right.name; });

    std::ofstream out(argv[1], std::ios::binary);
    write(out, policies);
    out.close();
    return out ? 0 : fail(std::string("cannot write ") + argv[1]);
}
