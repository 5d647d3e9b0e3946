// SPDX-License-Identifier: Apache-2.0
// The caller's terminals and session: what a command can change of them is put back at the end. It
// must not touch a terminal that another program may be using by then.
#pragma once

#include "system/fd.hpp"

#include <sbx/plan.hpp>

#include <termios.h>

#include <optional>
#include <vector>

namespace sbx::sys {

class TerminalGuard {
public:
    /// Notes the state of the terminals that the command of `plan` will have, and of the session
    /// that it shares. `proc` is the host's procfs.
    void save(const Plan& plan, int proc);
    /// Puts back what has changed, once nobody inside is left.
    void restore(int proc) const;

    /// Held open between the two; empty: none.
    const Fd& descriptor() const { return own_; }

private:
    struct Saved {
        int fd;
        termios settings;
        bool exclusive;
        pid_t front;  ///< process group in the foreground; -1: it is not our session's terminal
    };

    void save_terminal(int fd);
    void restore_terminal(const Saved& saved, int proc) const;

    std::vector<Saved> terminals_;
    Fd own_;  ///< /dev/tty, where no descriptor of the command is open on a terminal
    std::optional<int> nice_;  ///< of the session's autogroup (sched(7))
};

}  // namespace sbx::sys
