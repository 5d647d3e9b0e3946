// SPDX-License-Identifier: Apache-2.0
// What --info-fd and --json-status-fd write, in bubblewrap's form.
#pragma once

#include <sbx/plan.hpp>
#include <sbx/run.hpp>

#include <sys/types.h>

#include <string>
#include <vector>

namespace sbx::sys {

class JsonStatus {
public:
    /// `proc` is the host's /proc (O_PATH), `pid` that of init as the host sees it.
    JsonStatus(const Plan& plan, int proc, pid_t pid);

    /// Writes what is known once init is there; closes the descriptor of --info-fd.
    Result<void> write_start() const;

private:
    std::string text(const char* begin, const char* between, const char* end) const;

    const Plan& plan_;
    std::vector<std::string> members_;  // "\"child-pid\": 42"
};

/// The last line of --json-status-fd. Nobody may be reading any more, which is no failure.
void write_exit_code(int fd, const Outcome& outcome);

}  // namespace sbx::sys
