// SPDX-License-Identifier: Apache-2.0
// What this machine allows: each thing that sandboxes need, found out by trying it, with what it is
// needed for and what to do where it is not to be had. Nothing is changed, and nothing is left.
#pragma once

#include <string>
#include <vector>

namespace sbx {

/// One thing that was looked at, or tried.
struct Finding {
    /// How it is.
    enum class State {
        good,     ///< as sbx wants it
        limited,  ///< there in part, or it stands in the way of something else
        missing,  ///< not there
    };
    std::string name = {};      ///< does not change between versions: "user-namespaces"
    State state = State::good;  ///< how it is
    std::string fact = {};      ///< what was found
    std::string purpose = {};   ///< what it is needed for, to be read after "for"
    std::string remedy = {};    ///< the command, or what else to do; empty when all is good
    bool required = false;      ///< `sbx --ro-bind /usr /usr true` cannot run without it
};

/// Looks at this machine as the calling process sees it, and tries what sandboxes are made of in
/// children, the last of which is a whole sandbox. In the order in which one thing needs another.
/// What run() asks of programs with other threads it asks, too. What cannot be found out is a
/// finding and not an error; throws std::bad_alloc when there is no memory.
std::vector<Finding> examine_machine();

/// Whether nothing that is required is missing.
bool can_run(const std::vector<Finding>& findings);

/// For people: a verdict in one line, then the findings, in lines of 96 columns at most where
/// words allow it.
std::string describe(const std::vector<Finding>& findings);

/// For programs: {"can_run": ..., "kernel": ..., "findings": [...]}, where the kernel is the fact
/// of the finding of that name, and each finding has its members by their names, with the state in
/// the words of Finding::State.
std::string describe_json(const std::vector<Finding>& findings);

}  // namespace sbx
