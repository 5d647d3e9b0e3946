// SPDX-License-Identifier: Apache-2.0
// Every way in which a policy can be wrong, and the words for it. A typing error must never pass.
#include <sbx/policy.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace {

/// The message without the name of the file, which every message begins with.
std::string refusal(const std::string& json, const std::vector<std::string>& capabilities = {}) {
    const auto filter = sbx::compile_policy(json, "dir/x.json", capabilities);
    if (filter) return "it compiles";
    const std::string start = "seccomp policy \"dir/x.json\": ";
    const std::string& message = filter.error().message;
    REQUIRE(message.substr(0, start.size()) == start);
    return message.substr(start.size());
}

/// The same for a policy with these keys besides the default action.
std::string of_policy(const std::string& keys) {
    return refusal(R"({"defaultAction": "SCMP_ACT_ALLOW", )" + keys + "}");
}

/// The same for one rule with these keys; its action is ERRNO unless they say another.
std::string of_rule(const std::string& keys) {
    const bool acts = keys.find("\"action\"") != std::string::npos;
    const std::string start = "rule 2: ";
    std::string message =
        of_policy(R"("syscalls": [{"names": ["read"], "action": "SCMP_ACT_LOG"}, {)" + keys +
                  (acts ? "}]" : R"(, "action": "SCMP_ACT_ERRNO"}])"));
    if (message == "it compiles") return message;
    REQUIRE(message.substr(0, start.size()) == start);
    return message.substr(start.size());
}

/// The same for the one test of a rule.
std::string of_test(const std::string& keys) {
    return of_rule(R"("names": ["write"], "args": [{)" + keys + "}]");
}

}  // namespace

TEST_CASE("the policies that the errors are made of are good without the error") {
    CHECK(of_policy(R"("comment": "")") == "it compiles");
    CHECK(of_rule(R"("names": ["write"])") == "it compiles");
    CHECK(of_test(R"("index": 0, "value": 1, "op": "SCMP_CMP_EQ")") == "it compiles");
}

TEST_CASE("what is no JSON") {
    CHECK(refusal("") == "line 1: expected value");
    CHECK(refusal("{\n\"defaultAction\": }") == "line 2: expected value");
    CHECK(refusal("{} x") == "line 1: garbage after data");
    CHECK(refusal("[1]") == "an array stands where an object must");
    CHECK(refusal("12") == "\"12\" stands where an object must");
    CHECK(refusal(std::string(100'000, '[')) == "its brackets nest too deep");
    CHECK(refusal("{\"comment\": \"\\\"" + std::string(99, '{') + "\"}") ==
          "\"defaultAction\" is missing");
    CHECK(refusal(std::string(1024 * 1024 + 1, ' ')) == "it is larger than a megabyte");
}

TEST_CASE("JSON is read strictly") {
    const std::string good = R"({"defaultAction": "SCMP_ACT_ALLOW", "comment": "\u00e9\/"})";
    REQUIRE(refusal(good) == "it compiles");
    CHECK(refusal(" \t\r\n" + good + "\n") == "it compiles");
    CHECK(refusal("\xef\xbb\xbf" + good) == "it compiles");  // a byte order mark

    CHECK(refusal("\xef\xbb" + good).starts_with("line 1: "));
    CHECK(refusal(good + '\0') == "line 1: unexpected NUL byte");
    CHECK(refusal(good + "\n" + '\0' + "x") == "line 2: unexpected NUL byte");
    CHECK(refusal(good + "\n// x") == "line 2: garbage after data");
    CHECK(refusal("/* x */" + good) == "line 1: expected value");
    CHECK(refusal(good + good) == "line 1: garbage after data");
    CHECK(of_policy("\n\"comment\": \"\",\n") == "line 3: expected key string");
    CHECK(of_policy(R"("comment" "")") == "line 1: expected ':'");
    CHECK(of_policy(R"("comment": "" "x": 1)") == "line 1: expected '}' or ','");
    CHECK(of_policy(R"("comment": [1, 2,])") == "line 1: expected value");
    CHECK(of_policy(R"("comment": [1 2])") == "line 1: expected ']' or ','");
    CHECK(of_policy("comment: 1") == "line 1: expected key string");
    CHECK(of_policy("'comment': 1") == "line 1: expected key string");
    CHECK(of_policy("\n\"comment\": nul") == "line 2: expected value");
    CHECK(of_policy("\n\"comment\": \"x") == "line 2: invalid string: missing closing quote");
    CHECK(of_policy("\"comment\": \"x\ny\"").starts_with("line 1: invalid string: control "));
    CHECK(of_policy("\"comment\": \"\xff\"") == "line 1: invalid string: ill-formed UTF-8 byte");
    CHECK(of_policy(R"("comment": "\ud800")").starts_with("line 1: invalid string: surrogate "));
    CHECK(of_policy(R"("comment": "\x")").starts_with("line 1: invalid string: "));
    CHECK(of_policy(R"("comment": "; last read: '}'; expected end of input)") ==
          "line 1: invalid string: missing closing quote");
}

TEST_CASE("numbers that JSON does not have, or that nothing holds") {
    for (const std::string bad : {"01", "+1", ".5", "0x1", "1_0", "NaN"}) {
        CHECK(of_policy("\"defaultErrnoRet\": " + bad).starts_with("line 1: "));
    }
    CHECK(of_policy(R"("defaultErrnoRet": -)") ==
          "line 1: invalid number; expected digit after '-'");
    CHECK(of_policy(R"("defaultErrnoRet": 1e999)") == "line 1: number overflow parsing '1e999'");
    for (const std::string bad : {"-0", "0.0", "1e0", "-9223372036854775808",
                                  "-9223372036854775809", "100000000000000000000"}) {
        CHECK(of_policy("\"defaultErrnoRet\": " + bad) ==
              "the value of \"defaultErrnoRet\" is \"" + bad +
                  "\", not a whole number from 0 to 4094");
    }
}

TEST_CASE("brackets nest sixteen levels deep at most") {
    const auto nested = [](std::size_t levels) {
        return of_policy("\"comment\": " + std::string(levels, '[') + std::string(levels, ']'));
    };
    CHECK(nested(15) == "it compiles");
    CHECK(nested(16) == "its brackets nest too deep");
    std::string wide = "0";
    for (int i = 0; i < 1000; ++i) wide += ", [[{\"x\": {}}]]";
    CHECK(of_policy("\"comment\": [" + wide + "]") == "it compiles");
}

TEST_CASE("wrong keys of a policy") {
    CHECK(refusal("{}") == "\"defaultAction\" is missing");
    CHECK(of_policy(R"("syscall": [])") == "unknown key \"syscall\"");
    CHECK(of_policy(R"("defaultAction": "SCMP_ACT_LOG")") ==
          "key \"defaultAction\" is there twice");
    CHECK(of_policy(R"("listenerPath": "/x")") == "unknown key \"listenerPath\"");
    CHECK(of_policy(R"("syscalls": {"names": []})") == "the value of \"syscalls\" is not an array");
    CHECK(of_policy(R"("syscalls": "read")") == "the value of \"syscalls\" is not an array");
    CHECK(of_policy(R"("architectures": ["SCMP_ARCH_X86_46"])") ==
          "unknown architecture \"SCMP_ARCH_X86_46\"");
    CHECK(of_policy(R"("architectures": ["SCMP_ARCH_x86"])") ==
          "unknown architecture \"SCMP_ARCH_x86\"");
    CHECK(of_policy(R"("architectures": ["x86"])") == "unknown architecture \"x86\"");
    CHECK(of_policy(R"("archMap": [{"subArchitectures": []}])") ==
          "an entry of \"archMap\" has no \"architecture\"");
    CHECK(of_policy(R"("archMap": [{"architecture": "SCMP_ARCH_ARM", "sub": []}])") ==
          "unknown key \"sub\"");
    CHECK(of_policy(R"("archMap": [{"architecture": "SCMP_ARCH_ARM",
                                    "subArchitectures": ["SCMP_ARCH_ARN"]}])") ==
          "unknown architecture \"SCMP_ARCH_ARN\"");
    for (const std::string bad : {"SECCOMP_FILTER_FLAG_NEW_LISTENER", "SECCOMP_FILTER_FLAG_LOGS",
                                  "LOG", "seccomp_filter_flag_log"}) {
        CHECK(of_policy("\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\", \"" + bad + "\"]") ==
              "flag \"" + bad + "\" is not supported");
    }
    CHECK(of_policy(R"("defaultErrnoRet": 4095)") ==
          "the value of \"defaultErrnoRet\" is \"4095\", not a whole number from 0 to 4094");
    CHECK(of_policy(R"("defaultErrno": "ENOSSY")") == "unknown errno \"ENOSSY\"");
    CHECK(refusal("{}", {"CAP_SYS_ADMN"}) == "unknown capability \"CAP_SYS_ADMN\"");
    CHECK(refusal("{}", {"cap_chown"}) == "unknown capability \"cap_chown\"");
    CHECK(refusal("{}", {"CAP_CHOWN,CAP_KILL"}) == "unknown capability \"CAP_CHOWN,CAP_KILL\"");
}

TEST_CASE("wrong OCI configurations") {
    const std::string none = "it is an OCI configuration without \"linux.seccomp\"";
    CHECK(refusal(R"({"ociVersion": "1.0.2"})") == none);
    CHECK(refusal(R"({"ociVersion": "1.0.2", "linux": {}})") == none);
    CHECK(refusal(R"({"ociVersion": "1.0.2", "linux": null})") == none);
    CHECK(refusal(R"({"linux": {"seccomp": null}})") == none);
    CHECK(refusal(R"({"linux": {"seccomp": {}}})") == "\"defaultAction\" is missing");
    CHECK(refusal(R"({"linux": {"seccomp": []}})") == "\"defaultAction\" is missing");
    CHECK(refusal(R"({"linux": {"seccomp": "x"}})") == "\"x\" stands where an object must");
    const std::string part = R"("seccomp": {"defaultAction": "SCMP_ACT_ALLOW"})";
    CHECK(refusal("{\"linux\": {" + part + "}}") == "it compiles");
    CHECK(refusal("{\"linux\": {" + part + ", " + part + "}}") == "key \"seccomp\" is there twice");
    CHECK(refusal("{\"linux\": {" + part + "}, \"linux\": {" + part + "}}") ==
          "key \"linux\" is there twice");
    CHECK(refusal(R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "x": 1}}})") ==
          "unknown key \"x\"");
    CHECK(of_policy("\"linux\": {" + part + "}") == "unknown key \"linux\"");
    CHECK(of_policy(part) == "unknown key \"seccomp\"");
    CHECK(refusal("{" + part + ", " + part + "}") == "unknown key \"seccomp\"");
    CHECK(refusal("{" + part + ", \"comment\": \"\"}") == "unknown key \"seccomp\"");
}

TEST_CASE("wrong rules") {
    CHECK(of_rule(R"("names": ["opne"])") == "unknown system call \"opne\"");
    CHECK(of_rule(R"("names": ["write", "Read"])") == "unknown system call \"Read\"");
    CHECK(of_rule(R"("names": ["a\nb"])") == "unknown system call \"a\\nb\"");
    CHECK(of_rule(R"("names": ["write "])") == "unknown system call \"write \"");
    CHECK(of_rule(R"("names": ["1"])") == "unknown system call \"1\"");
    CHECK(of_rule(R"("names": [])") == "it names no system call");
    CHECK(of_rule(R"("comment": "")") == "it names no system call");
    CHECK(of_rule(R"("names": "write")") == "the value of \"names\" is not an array");
    CHECK(of_rule(R"("names": [["write"]])") == "the value of \"names\" is not a word");
    CHECK(of_rule(R"("nmaes": ["write"])") == "unknown key \"nmaes\"");
    CHECK(of_rule(R"("name": "wriet")") == "unknown system call \"wriet\"");
    CHECK(of_rule(R"("name": ["write"])") == "the value of \"name\" is not a word");
    CHECK(of_rule(R"("name": "")") == "it names no system call");
    CHECK(of_rule(R"("name": "write", "names": ["open"])") == "it has both \"name\" and \"names\"");
    CHECK(of_rule(R"("name": "write", "name": "open")") == "key \"name\" is there twice");
    CHECK(of_rule(R"("names": ["write"], "names": ["open"])") == "key \"names\" is there twice");
    CHECK(of_policy(R"("syscalls": [{"names": ["write"]}])") == "rule 1: \"action\" is missing");
    CHECK(of_policy(R"("syscalls": ["write"])") == "rule 1: \"write\" stands where an object must");
    CHECK(of_rule(R"("names": ["write"], "action": "SCMP_ACT_ALOW")") ==
          "unknown action \"SCMP_ACT_ALOW\"");
    CHECK(of_rule(R"("names": ["write"], "action": "SCMP_ACT_NOTIFY")") ==
          "action \"SCMP_ACT_NOTIFY\" is not supported: it needs another process that answers");
    CHECK(of_rule(R"("names": ["write"], "action": "SCMP_ACT_TRACE")") ==
          "action \"SCMP_ACT_TRACE\" is not supported: it needs another process that answers");
    CHECK(of_rule(R"("names": ["write"], "action": "SCMP_ACT_LOG", "errnoRet": 1)") ==
          "an errno has no meaning with \"SCMP_ACT_LOG\"");
    CHECK(of_rule(R"("names": ["write"], "errnoRet": 1, "errno": "ENOENT")") ==
          "\"errnoRet\" is 1, but \"errno\" is \"ENOENT\" (2)");
    CHECK(of_rule(R"("names": ["write"], "errnoRet": -1)") ==
          "the value of \"errnoRet\" is \"-1\", not a whole number from 0 to 4094");
}

TEST_CASE("wrong arguments") {
    CHECK(of_test(R"("value": 1, "op": "SCMP_CMP_EQ")") == "an entry of \"args\" has no \"index\"");
    CHECK(of_test(R"("index": 0, "op": "SCMP_CMP_EQ")") == "an entry of \"args\" has no \"value\"");
    CHECK(of_test(R"("index": 0, "value": 1)") == "an entry of \"args\" has no \"op\"");
    CHECK(of_test(R"("index": 6, "value": 1, "op": "SCMP_CMP_EQ")") ==
          "the value of \"index\" is \"6\", not a whole number from 0 to 5");
    CHECK(of_test(R"("index": 4294967296, "value": 1, "op": "SCMP_CMP_EQ")") ==
          "the value of \"index\" is \"4294967296\", not a whole number from 0 to 5");
    for (const std::string bad : {"18446744073709551616", "1.5", "1e3", "-1"}) {
        CHECK(of_test(R"("index": 0, "op": "SCMP_CMP_EQ", "value": )" + bad) ==
              "the value of \"value\" is \"" + bad +
                  "\", not a whole number from 0 to 18446744073709551615");
    }
    CHECK(of_test(R"("index": 0, "value": "", "op": "SCMP_CMP_EQ")") ==
          "the value of \"value\" is \"\", not a whole number from 0 to 18446744073709551615");
    CHECK(of_test(R"("index": 0, "value": 1, "op": "SCMP_CMP_EG")") ==
          "unknown operator \"SCMP_CMP_EG\"");
    CHECK(of_test(R"("index": 0, "value": 1, "op": "SCMP_CMP_EQ", "valuetwo": 1)") ==
          "unknown key \"valuetwo\"");
    CHECK(of_test(R"("index": 0, "value": 1, "op": "SCMP_CMP_EQ", "valueTwo": 1)") ==
          "\"valueTwo\" has no meaning with \"SCMP_CMP_EQ\"");
    CHECK(of_test(R"("index": 0, "value": 1, "op": "SCMP_CMP_MASKED_EQ", "valueTwo": 3)") ==
          "\"valueTwo\" 3 has bits that the mask 1 has not: it can never match");
    CHECK(of_test(R"("index": 0, "value": 1, "op": "SCMP_CMP_NE"},
                     {"index": 0, "value": 2, "op": "SCMP_CMP_NE")") ==
          "argument 0 is tested twice in one rule; write two rules");
}

TEST_CASE("wrong conditions, also of rules that do not apply") {
    const std::string write = R"("names": ["write"], )";
    CHECK(of_rule(write + R"("includes": {"cap": []})") == "unknown key \"cap\"");
    CHECK(of_rule(write + R"("includes": ["CAP_CHOWN"])") ==
          "an array stands where an object must");
    CHECK(of_rule(write + R"("excludes": {"caps": ["CAP_SYS_ADMN"]})") ==
          "unknown capability \"CAP_SYS_ADMN\"");
    CHECK(of_rule(write + R"("excludes": {"arches": ["amd46"]})") ==
          "unknown architecture \"amd46\"");
    for (const std::string bad : {"5", "5.", "5.x", "x", "5.1.2", ""}) {
        CHECK(of_rule(write + R"("includes": {"minKernel": ")" + bad + "\"}") ==
              "the value of \"minKernel\" is \"" + bad + "\", not a version like \"5.12\"");
    }
    CHECK(of_rule(R"("names": ["wriet"], "includes": {"minKernel": "99.0"})") ==
          "unknown system call \"wriet\"");
}

TEST_CASE("a policy with too many rules is refused") {
    std::string rules;
    for (unsigned value = 0; value < 4200; ++value) {
        rules += (value == 0 ? "" : ",") +
                 std::string(R"({"names": ["read"], "action": "SCMP_ACT_ERRNO", "args":
                    [{"index": 0, "op": "SCMP_CMP_EQ", "value": )") +
                 std::to_string(value * 7919ULL) + "}]}";
    }
    const auto message = of_policy("\"syscalls\": [" + rules + "]");
    CHECK_THAT(message, Catch::Contains("instructions, and the kernel takes 4096"));
}

TEST_CASE("names of built-in policies") {
    CHECK(sbx::builtin_policy_names() == std::vector<std::string>{"default", "strict"});
    const auto filter = sbx::builtin_policy("defualt");
    REQUIRE_FALSE(filter);
    CHECK(filter.error().message ==
          "no built-in seccomp policy is called \"defualt\"; there is: default, strict, and none");
    const auto with = sbx::builtin_policy("default", std::vector<std::string>{"CAP_NONE"});
    REQUIRE_FALSE(with);
    CHECK(with.error().message == "seccomp policy \"default\": unknown capability \"CAP_NONE\"");
    REQUIRE(sbx::builtin_policy("default")->name == "default");
}
