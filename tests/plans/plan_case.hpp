// SPDX-License-Identifier: Apache-2.0
// One case of tests/plans: a file of arguments, planned on a machine that is the same everywhere.
//
//     # what the case is for
//     bwrap root terminal          dialect (sbx or bwrap), then what the host is, see below
//     fd 100 = --dir\0/x\0         what descriptor 100 gives; \0 is a NUL byte
//     --ro-bind                    from here on the arguments, one a line
//     /usr
//
// The host is user 1000's; `root` makes it root's, `terminal` gives it a terminal, `old` the kernel
// 5.4, `limited` can make neither user nor cgroup namespaces, and `landlock2` has Landlock's ABI 2.
// A --dry-run=FORMAT among the arguments gives the text in that format.
#pragma once

#include "cli/plan_format.hpp"

#include <sbx/host.hpp>
#include <sbx/result.hpp>
#include <sbx/spec.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sbx::test {

struct PlanCase {
    struct File {
        int fd = -1;
        std::string content;
    };
    std::string purpose;
    std::string dialect;
    bool root = false;
    bool terminal = false;
    bool old_kernel = false;
    bool limited = false;
    std::optional<unsigned> landlock_abi;
    std::vector<File> files;
    std::vector<std::string> words;
};

/// Reads the text of a case; the error says what it lacks.
Result<PlanCase> parse_case(const std::string& text);

/// The machine that a case describes, with the sources of `spec`.
Host host_of(const PlanCase& one, const Spec& spec);

/// The plan of a case in `format`, or in the one that its --dry-run names, which is text without
/// one; or "error: " and the sentence.
std::string plan_text(const PlanCase& one, std::optional<cli::PlanFormat> format = {});

}  // namespace sbx::test
