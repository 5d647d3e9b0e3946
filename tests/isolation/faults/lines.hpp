// SPDX-License-Identifier: Apache-2.0
// The command lines that are tried with faults. Together they have every kind of step in them.
#pragma once

#include <string>
#include <vector>

namespace faults {

/// A descriptor that the line is given, new for each run.
struct Given {
    enum class What {
        content,          ///< a file of its own that says `text`
        path,             ///< what is at `text`
        user_namespace,   ///< prepared by the caller
        child_namespace,  ///< a user namespace below that
        pid_namespace,
    } what = What::content;
    int number = -1;
    std::string text;
};

/// What the caller does to itself before.
enum class Caller {
    plain,
    odd,  ///< blocks SIGUSR1, ignores SIGCHLD and SIGHUP
};

struct Line {
    std::string name;
    std::string called;  ///< "sbx" or "bwrap"
    std::vector<std::string>
        options;  ///< "@" is the directory that is shown, "&" one for changes, and
                  ///< "%" one with the socket of a compositor, "wayland"
    std::vector<Given> given;
    std::vector<std::string> looks;  ///< paths that the command looks at
    Caller caller = Caller::plain;
};

const std::vector<Line>& lines();

}  // namespace faults
