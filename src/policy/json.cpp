// SPDX-License-Identifier: Apache-2.0
#include "policy/json.hpp"

#include "base/text.hpp"
#include "policy/condition.hpp"
#include "policy/names.hpp"
#include "policy/tree.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace sbx {
namespace {

Error not_known(std::string_view what, const std::string& name) {
    return Error{"unknown " + std::string(what) + " " + quote(name)};
}

/// An errno as "errnoRet": 1, "errno": "EPERM", or both; they must then agree.
Result<std::optional<unsigned>> read_errno(const Tree& object, const char* number_key,
                                           const char* name_key) {
    constexpr std::uint64_t largest = 4094;  // libseccomp's limit; the kernel's is one more
    std::optional<unsigned> result;
    if (const Tree* node = member(object, number_key)) {
        const auto number = read_number(*node, number_key, largest);
        if (!number) return number.error();
        result = static_cast<unsigned>(*number);
    }
    if (const Tree* node = member(object, name_key)) {
        const auto name = read_text(*node, name_key);
        if (!name) return name.error();
        const auto named = errno_by_name(*name);
        if (!named) return not_known("errno", *name);
        if (result && *result != *named) {
            return Error{quote(number_key) + " is " + std::to_string(*result) + ", but " +
                         quote(name_key) + " is " + quote(*name) + " (" + std::to_string(*named) +
                         ")"};
        }
        result = named;
    }
    return result;
}

Result<std::uint32_t> read_action(const Tree& object, const char* key, const char* number_key,
                                  const char* name_key) {
    const Tree* node = member(object, key);
    if (node == nullptr) return Error{quote(key) + " is missing"};
    const auto name = read_text(*node, key);
    if (!name) return name.error();
    if (*name == "SCMP_ACT_NOTIFY" || *name == "SCMP_ACT_TRACE") {
        return Error{"action " + quote(*name) +
                     " is not supported: it needs another process that answers"};
    }
    const auto action = action_by_name(*name);
    if (!action) return not_known("action", *name);

    const auto answer = read_errno(object, number_key, name_key);
    if (!answer) return answer.error();
    if (*action == SCMP_ACT_ERRNO(0)) {
        constexpr unsigned eperm = 1;  // what the OCI runtime specification says
        return SCMP_ACT_ERRNO(answer->value_or(eperm));
    }
    // A default action may come with an errno that it does not use; a rule says what it does.
    if (*answer && key == std::string_view("action")) {
        return Error{"an errno has no meaning with " + quote(*name)};
    }
    return *action;
}

Result<scmp_arg_cmp> read_test(const Tree& object) {
    if (auto known = check_keys(object, {"index", "value", "valueTwo", "op", "comment"}); !known) {
        return known.error();
    }
    constexpr std::uint64_t last_argument = 5;
    const Tree* index_node = member(object, "index");
    const Tree* value_node = member(object, "value");
    const Tree* second_node = member(object, "valueTwo");
    const Tree* op_node = member(object, "op");
    if (index_node == nullptr) return Error{"an entry of \"args\" has no \"index\""};
    if (value_node == nullptr) return Error{"an entry of \"args\" has no \"value\""};
    if (op_node == nullptr) return Error{"an entry of \"args\" has no \"op\""};

    const auto index = read_number(*index_node, "index", last_argument);
    if (!index) return index.error();
    const auto value = read_number(*value_node, "value", UINT64_MAX);
    if (!value) return value.error();
    Result<std::uint64_t> second = std::uint64_t{0};
    if (second_node != nullptr) second = read_number(*second_node, "valueTwo", UINT64_MAX);
    if (!second) return second.error();
    const auto op_name = read_text(*op_node, "op");
    if (!op_name) return op_name.error();
    const auto op = comparison_by_name(*op_name);
    if (!op) return not_known("operator", *op_name);

    if (*op == SCMP_CMP_MASKED_EQ) {
        // The specification lets a profile leave "valueTwo" out; it is 0 then.
        if ((*second & ~*value) != 0) {
            return Error{"\"valueTwo\" " + std::to_string(*second) + " has bits that the mask " +
                         std::to_string(*value) + " has not: it can never match"};
        }
    } else if (*second != 0) {
        return Error{"\"valueTwo\" has no meaning with " + quote(*op_name)};
    }
    return scmp_arg_cmp{static_cast<unsigned>(*index), *op, *value, *second};
}

Result<std::vector<scmp_arg_cmp>> read_tests(const Tree& rule) {
    std::vector<scmp_arg_cmp> tests;
    const auto nodes = read_list(member(rule, "args"), "args");
    if (!nodes) return nodes.error();
    for (const Tree* node : *nodes) {
        const auto test = read_test(*node);
        if (!test) return test.error();
        for (const auto& earlier : tests) {
            // Others take this for "or", which a reader does not see; libseccomp refuses it.
            if (earlier.arg == test->arg) {
                return Error{"argument " + std::to_string(test->arg) +
                             " is tested twice in one rule; write two rules"};
            }
        }
        tests.push_back(*test);
    }
    return tests;
}

/// The rule has "names", or one "name", as in profiles of old versions of Docker.
Result<std::vector<std::string>> read_names(const Tree& rule) {
    auto names = read_texts(member(rule, "names"), "names");
    if (!names) return names;
    const Tree* node = member(rule, "name");
    const bool empty = node == nullptr || (node->members.empty() && node->text.empty());
    if (empty) return names;
    if (!names->empty()) return Error{"it has both \"name\" and \"names\""};
    auto name = read_text(*node, "name");
    if (!name) return name.error();
    return std::vector<std::string>{std::move(*name)};
}

Result<std::vector<int>> read_calls(const Tree& rule) {
    const auto names = read_names(rule);
    if (!names) return names.error();
    if (names->empty()) return Error{"it names no system call"};
    std::vector<int> calls;
    for (const auto& name : *names) {
        const auto number = system_call_by_name(name);
        if (!number) return not_known("system call", name);
        calls.push_back(*number);
    }
    return calls;
}

/// Checks the rule, and adds it unless it is one for other architectures.
Result<void> add_rule(const Tree& object, Architecture architecture, PolicyText& out) {
    if (auto known = check_keys(object, {"name", "names", "action", "args", "errnoRet", "errno",
                                         "comment", "includes", "excludes"});
        !known) {
        return known.error();
    }
    const auto calls = read_calls(object);
    if (!calls) return calls.error();
    const auto action = read_action(object, "action", "errnoRet", "errno");
    if (!action) return action.error();
    const auto tests = read_tests(object);
    if (!tests) return tests.error();
    const auto condition = read_condition(object, architecture);
    if (!condition) return condition.error();
    if (!*condition) return {};
    out.rules.push_back({*action, static_cast<std::uint32_t>(calls->size()),
                         static_cast<std::uint32_t>(tests->size()), **condition});
    out.calls.insert(out.calls.end(), calls->begin(), calls->end());
    out.tests.insert(out.tests.end(), tests->begin(), tests->end());
    return {};
}

/// Only the architecture that sbx runs on is let in, whatever a policy lists; so these are
/// checked for typing errors and otherwise left alone.
Result<void> check_architectures(const Tree& policy) {
    auto tokens = read_texts(member(policy, "architectures"), "architectures");
    if (!tokens) return tokens.error();
    const auto maps = read_list(member(policy, "archMap"), "archMap");
    if (!maps) return maps.error();
    for (const Tree* map : *maps) {
        if (auto known = check_keys(*map, {"architecture", "subArchitectures"}); !known) {
            return known.error();
        }
        const Tree* first = member(*map, "architecture");
        if (first == nullptr) return Error{"an entry of \"archMap\" has no \"architecture\""};
        const auto token = read_text(*first, "architecture");
        if (!token) return token.error();
        const auto others = read_texts(member(*map, "subArchitectures"), "subArchitectures");
        if (!others) return others.error();
        tokens->push_back(*token);
        tokens->insert(tokens->end(), others->begin(), others->end());
    }
    for (const auto& token : *tokens) {
        if (!architecture_by_token(token)) return not_known("architecture", token);
    }
    return {};
}

/// Flags belong to the loading of a filter, and none of these changes an answer. TSYNC has nothing
/// to do in a process with one thread, and WAIT_KILLABLE_RECV nothing without SCMP_ACT_NOTIFY.
/// Without LOG the kernel logs less, without SPEC_ALLOW it guards against more.
Result<void> check_flags(const Tree& policy) {
    static constexpr auto accepted = std::to_array<std::string_view>(
        {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
         "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"});
    const auto flags = read_texts(member(policy, "flags"), "flags");
    if (!flags) return flags.error();
    for (const auto& flag : *flags) {
        if (std::find(accepted.begin(), accepted.end(), flag) == accepted.end()) {
            return Error{"flag " + quote(flag) + " is not supported"};
        }
    }
    return {};
}

/// The one object of this name, and whether there are several: parsers of JSON differ in which of
/// them they take.
Result<const Tree*> only_member(const Tree& object, const char* key) {
    if (count(object, key) > 1) return Error{"key " + quote(key) + " is there twice"};
    return member(object, key);
}

/// The policy in a text: all of it, the part "linux.seccomp" of an OCI configuration, or "seccomp"
/// alone, as the specification shows it.
Result<const Tree*> find_policy(const Tree& text) {
    const bool configuration =
        member(text, "ociVersion") != nullptr || member(text, "linux") != nullptr;
    if (member(text, "defaultAction") != nullptr) return &text;
    if (!configuration) {
        const Tree* only = member(text, "seccomp");
        return only != nullptr && text.members.size() == 1 ? only : &text;
    }
    const auto system = only_member(text, "linux");
    if (!system) return system.error();
    const auto policy =
        *system != nullptr ? only_member(**system, "seccomp") : Result<const Tree*>(nullptr);
    if (!policy) return policy.error();
    if (is_null(*policy)) {
        return Error{"it is an OCI configuration without \"linux.seccomp\""};
    }
    return *policy;
}

Result<void> add_rules(const Tree& policy, Architecture architecture, PolicyText& out) {
    const auto nodes = read_list(member(policy, "syscalls"), "syscalls");
    if (!nodes) return nodes.error();
    for (std::size_t place = 0; place < nodes->size(); ++place) {
        if (auto added = add_rule(*(*nodes)[place], architecture, out); !added) {
            return Error{"rule " + std::to_string(place + 1) + ": " + added.error().message};
        }
    }
    return {};
}

Result<void> read_first(std::string_view json, Architecture architecture, PolicyText& out) {
    const auto text = parse_json(json);
    if (!text) return text.error();
    const auto found = find_policy(*text);
    if (!found) return found.error();
    const Tree* tree = *found;
    if (auto known =
            check_keys(*tree, {"defaultAction", "defaultErrnoRet", "defaultErrno", "architectures",
                               "archMap", "flags", "syscalls", "comment"});
        !known) {
        return known.error();
    }
    const auto action = read_action(*tree, "defaultAction", "defaultErrnoRet", "defaultErrno");
    if (!action) return action.error();
    out.default_action = *action;
    if (auto good = check_architectures(*tree); !good) return good.error();
    if (auto good = check_flags(*tree); !good) return good.error();
    return add_rules(*tree, architecture, out);
}

/// A text that only has rules.
Result<void> read_more(std::string_view json, Architecture architecture, PolicyText& out) {
    const auto tree = parse_json(json);
    if (!tree) return tree.error();
    if (auto known = check_keys(*tree, {"syscalls", "comment"}); !known) return known.error();
    return add_rules(*tree, architecture, out);
}

}  // namespace

Result<PolicyText> read_policy(std::span<const std::string_view> texts, Architecture architecture) {
    PolicyText out;
    if (auto read = read_first(texts.front(), architecture, out); !read) return read.error();
    for (const std::string_view text : texts.subspan(1)) {
        if (auto read = read_more(text, architecture, out); !read) return read.error();
    }
    return out;
}

}  // namespace sbx
