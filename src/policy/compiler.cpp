// SPDX-License-Identifier: Apache-2.0
// Run while sbx is built: policy_compiler OUTPUT.cpp POLICY...
// Writes the source file with the table of built-in policies. A POLICY is one file, or several with
// a comma between them, whose rules are added to those of the first; its name is the last one's. It
// is no part of sbx.
#include "policy/compile.hpp"

#include <seccomp.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

/// The text stands in a raw string literal, which this ends.
constexpr std::string_view mark = "builtin_policy";

struct Policy {
    std::string name;
    std::vector<std::string> json;
    std::vector<std::uint64_t> program;
};

int fail(const std::string& message) {
    std::fprintf(stderr, "policy_compiler: %s\n", message.c_str());
    return 1;
}

sbx::Result<Policy> load(const std::string& files) {
    Policy policy;
    for (std::size_t at = 0; at <= files.size();) {
        const std::size_t end = std::min(files.find(',', at), files.size());
        const std::filesystem::path path = files.substr(at, end - at);
        at = end + 1;
        std::ifstream file(path, std::ios::binary);
        policy.name = path.stem();
        policy.json.emplace_back(std::istreambuf_iterator<char>(file),
                                 std::istreambuf_iterator<char>());
        if (!file) return sbx::Error{"cannot read " + path.string()};
        if (policy.json.back().find(")" + std::string(mark) + "\"") != std::string::npos) {
            return sbx::Error{path.string() + " contains the mark that ends it"};
        }
    }
    const std::vector<std::string_view> texts(policy.json.begin(), policy.json.end());
    auto filter = sbx::compile_policies(texts, files, {}, {});
    if (!filter) return filter.error();
    policy.program = std::move(filter->program);
    return policy;
}

void write(std::ostream& out, const std::vector<Policy>& policies) {
    out << "// Written by policy_compiler; changes belong into policies/.\n"
           "#include \"policy/builtin_policies.hpp\"\n\n"
           "namespace sbx {\nnamespace {\n\n";
    for (std::size_t i = 0; i < policies.size(); ++i) {
        out << "constexpr std::uint64_t program_" << i << "[] = {";
        for (std::size_t word = 0; word < policies[i].program.size(); ++word) {
            out << (word % 4 == 0 ? "\n    " : " ") << "0x" << std::hex << policies[i].program[word]
                << std::dec << ",";
        }
        out << "\n};\n\nconstexpr std::string_view json_" << i << "[] = {\n";
        for (const std::string& text : policies[i].json) {
            out << "R\"" << mark << "(" << text << ")" << mark << "\",\n";
        }
        out << "};\n\n";
    }
    out << "constexpr BuiltinPolicy policies[] = {\n";
    for (std::size_t i = 0; i < policies.size(); ++i) {
        out << "    {\"" << policies[i].name << "\", json_" << i << ", program_" << i << "},\n";
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
