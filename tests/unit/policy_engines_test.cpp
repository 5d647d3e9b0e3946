// SPDX-License-Identifier: Apache-2.0
// The forms in which container engines write their profiles. These are small and written for this
// test, so that it needs no file of an engine.
#include "policy_questions.hpp"

#include <sbx/policy.hpp>

#include <cerrno>
#include <string>
#include <vector>

namespace {

using sbx::test::allow;
using sbx::test::answer;
using sbx::test::error;

sbx::SeccompFilter policy(const std::string& json,
                          const std::vector<std::string>& capabilities = {}) {
    auto filter = sbx::compile_policy(json, "engine.json", capabilities);
    INFO((filter ? "" : filter.error().message));
    REQUIRE(filter);
    return *filter;
}

constexpr std::uint64_t namespaces = 0x7e020000;  // all CLONE_NEW* flags of clone(2)

}  // namespace

TEST_CASE("a profile in Podman's form") {
    const std::string json = R"({
        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "defaultErrno": "ENOSYS",
        "archMap": [{"architecture": "SCMP_ARCH_X86_64",
                     "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}],
        "syscalls": [
        {"names": ["bpf", "fanotify_init"], "action": "SCMP_ACT_ERRNO", "args": [], "comment": "",
         "includes": {}, "excludes": {}, "errnoRet": 1, "errno": "EPERM"},
        {"names": ["read", "write", "openat2"], "action": "SCMP_ACT_ALLOW", "args": [],
         "comment": "", "includes": {}, "excludes": {}},
        {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": [
            {"index": 0, "value": 16, "valueTwo": 0, "op": "SCMP_CMP_EQ"},
            {"index": 2, "value": 9, "valueTwo": 0, "op": "SCMP_CMP_EQ"}],
         "comment": "", "includes": {}, "excludes": {"caps": ["CAP_AUDIT_WRITE"]},
         "errnoRet": 22, "errno": "EINVAL"},
        {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": 2, "value": 9, "valueTwo": 0, "op": "SCMP_CMP_NE"}],
         "comment": "", "includes": {}, "excludes": {"caps": ["CAP_AUDIT_WRITE"]}},
        {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": 0, "value": 16, "valueTwo": 0, "op": "SCMP_CMP_NE"}],
         "comment": "", "includes": {}, "excludes": {"caps": ["CAP_AUDIT_WRITE"]}},
        {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": null, "comment": "",
         "includes": {"caps": ["CAP_AUDIT_WRITE"]}, "excludes": {}}]})";
    const auto filter = policy(json);
    CHECK(answer(filter, "read") == allow);
    CHECK(answer(filter, "bpf") == error(EPERM));
    CHECK(answer(filter, "kexec_load") == error(ENOSYS));
    CHECK(answer(filter, "socket", {2, 1, 0}) == allow);
    CHECK(answer(filter, "socket", {2, 1, 9}) == allow);
    CHECK(answer(filter, "socket", {16, 3, 0}) == allow);
    CHECK(answer(filter, "socket", {16, 3, 9}) == error(EINVAL));
    CHECK(answer(policy(json, {"CAP_AUDIT_WRITE"}), "socket", {16, 3, 9}) == allow);
}

TEST_CASE("a profile in Docker's form: a masked comparison without a second value is with 0") {
    const std::string json = R"({
        "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
        "archMap": [{"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}],
        "syscalls": [
        {"names": ["read", "uretprobe", "riscv_hwprobe"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["process_vm_readv"], "action": "SCMP_ACT_ALLOW",
         "includes": {"minKernel": "4.8"}},
        {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}]},
        {"names": ["clone", "clone3"], "action": "SCMP_ACT_ALLOW",
         "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 2114060288, "op": "SCMP_CMP_MASKED_EQ"}],
         "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390", "s390x"]}},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
         "excludes": {"caps": ["CAP_SYS_ADMIN"],
                      "arches": ["mips3l64n32", "mips64", "mips64n32", "mipsel", "mipsel64"]}},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 89,
         "includes": {"arches": ["mips3l64n32", "mips64", "mips64n32", "mipsel", "mipsel64"]},
         "excludes": {"caps": ["CAP_SYS_ADMIN"]}}]})";
    REQUIRE(namespaces == 2114060288);
    const auto filter = policy(json);
    CHECK(answer(filter, "read") == allow);
    CHECK(answer(filter, "process_vm_readv") == allow);
    CHECK(answer(filter, "socket", {1}) == allow);
    CHECK(answer(filter, "socket", {40}) == error(EPERM));
    CHECK(answer(filter, "clone3") == error(ENOSYS));  // what is 89 on MIPS
    CHECK(answer(policy(json, {"CAP_SYS_ADMIN"}), "clone", {namespaces}) == allow);
#ifndef __s390__
    CHECK(answer(filter, "clone", {0}) == allow);
    CHECK(answer(filter, "clone", {~namespaces}) == allow);
    CHECK(answer(filter, "clone", {namespaces}) == error(EPERM));
    for (std::uint64_t bit = 1; bit != 0; bit <<= 1) {
        CHECK(answer(filter, "clone", {bit}) == ((bit & namespaces) != 0 ? error(EPERM) : allow));
    }
#endif
}

TEST_CASE("a profile in the form of old versions of Docker: one name for each rule") {
    const auto filter = policy(R"({
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [
        {"name": "read", "action": "SCMP_ACT_ALLOW", "args": []},
        {"name": "", "names": ["write"], "action": "SCMP_ACT_ALLOW", "args": null},
        {"names": [], "name": "close", "action": "SCMP_ACT_ALLOW"},
        {"name": "personality", "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 0, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]},
        {"name": "personality", "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 8, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]}]})");
    CHECK(answer(filter, "read") == allow);
    CHECK(answer(filter, "write") == allow);
    CHECK(answer(filter, "close") == allow);
    CHECK(answer(filter, "personality", {0}) == allow);
    CHECK(answer(filter, "personality", {8}) == allow);
    CHECK(answer(filter, "personality", {1}) == error(EPERM));
    CHECK(answer(filter, "getpid") == error(EPERM));
}

TEST_CASE("a profile's flags change no answer") {
    const std::string start = R"({"defaultAction": "SCMP_ACT_ERRNO", "flags": [)";
    const std::string rules =
        R"(], "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]})";
    const auto plain = policy(start + rules);
    std::string all;
    for (const std::string name : {"TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"}) {
        const std::string flag = "\"SECCOMP_FILTER_FLAG_" + name + "\"";
        CHECK(policy(start + flag + rules).program == plain.program);
        all += (all.empty() ? "" : ", ") + flag;
    }
    CHECK(policy(start + all + rules).program == plain.program);
}

TEST_CASE("of a whole OCI configuration the part linux.seccomp is the profile") {
    const std::string part = R"({
        "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [{"names": ["getcwd", "chmod"], "action": "SCMP_ACT_ERRNO"}]})";
    const auto plain = policy(part);
    const auto whole = policy(R"({
        "ociVersion": "1.0.2", "root": {"path": "rootfs", "readonly": true}, "hostname": "x",
        "process": {"terminal": true, "user": {"uid": 1, "gid": 1}, "args": ["sh"], "cwd": "/",
                    "capabilities": {"bounding": ["CAP_KILL"]}},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [{"type": "pid"}], "maskedPaths": ["/proc/kcore"],
                  "resources": {"devices": [{"allow": false, "access": "rwm"}]},
                  "seccomp": )" +
                              part + "}, \"annotations\": {\"syscalls\": \"none\"}}");
    CHECK(whole.program == plain.program);
    CHECK(policy("{\"seccomp\": " + part + "}").program == plain.program);
    CHECK(answer(whole, "chmod") == error(EPERM));
    CHECK(answer(whole, "read") == allow);
}
