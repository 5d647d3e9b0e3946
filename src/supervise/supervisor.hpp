// SPDX-License-Identifier: Apache-2.0
// The supervisor of one sandbox, whose parts are in run.cpp (its beginning and its end), events.cpp
// (what it waits for) and announce.cpp (what it tells others while init waits). Private to this
// room.
#pragma once

#include <sbx/plan.hpp>
#include <sbx/run.hpp>

#include "child/init_loop.hpp"
#include "child/report.hpp"
#include "supervise/cleaner.hpp"
#include "supervise/git_watch.hpp"
#include "supervise/input.hpp"
#include "supervise/signal_guard.hpp"
#include "supervise/terminal.hpp"
#include "system/fd.hpp"
#include "system/wayland.hpp"

#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sbx::sys {

constexpr std::uint64_t signal_bit(int number) { return std::uint64_t{1} << (number - 1); }

/// Signals that are passed on to the command.
inline constexpr std::uint64_t forwarded_signals =
    signal_bit(SIGHUP) | signal_bit(SIGINT) | signal_bit(SIGQUIT) | signal_bit(SIGTERM) |
    signal_bit(SIGUSR1) | signal_bit(SIGUSR2) | signal_bit(SIGWINCH) | signal_bit(SIGTSTP) |
    signal_bit(SIGCONT);
/// Stops of a background job, which the terminal sends to the command's group as well. They are
/// taken away here: we stop when the command has stopped, not beside it.
inline constexpr std::uint64_t absorbed_signals = signal_bit(SIGTTIN) | signal_bit(SIGTTOU);
inline constexpr std::uint64_t handled_signals = forwarded_signals | absorbed_signals;

Outcome refused(std::string message);

class Supervisor {
public:
    /// Init is what `program` says, whatever the plan says.
    Supervisor(const Plan& plan, InitProgram program)
        : plan_(plan), program_(program), storage_(plan) {}

    Outcome run();

    /// Whether it ended because init could not execute its program. Nothing else has happened.
    bool needs_copy() const {
        return aborted_by_ == 0 &&
               (program_killed_ || (failure_ && failure_->detail == Detail::init_program));
    }

private:
    std::optional<Outcome> prepare();
    std::optional<Outcome> start();
    std::optional<Outcome> announce();
    bool has_room(int fd);
    std::optional<Outcome> read_caller();
    std::optional<siginfo_t> reap_init();
    Outcome abandon(const Error& error);
    std::optional<Outcome> go_on();
    void show_again();
    std::optional<Outcome> close_others();
    bool gives_descriptors() const;
    Outcome wait();
    std::optional<Outcome> hear_of_start();
    int read_report();
    int read_reports();
    std::optional<Outcome> read_status();
    void read_signals();
    void pass_on(unsigned number) const;
    void stop_with_command() const;
    bool has_started();
    Outcome ended(Status::Kind kind, int code) const;
    Outcome init_ended();
    void end_sandbox();
    std::optional<Outcome> lose_guard();
    int prepare_wayland();
    std::optional<Outcome> connect_wayland(std::int32_t step);
    std::optional<Outcome> read_compositor();
    Outcome abandon_wayland(const std::string& why);
    Outcome step_on_trap();
    Outcome with_git_traps(Outcome outcome);

    const Plan& plan_;
    const InitProgram program_;
    SignalGuard guard_;
    InputStorage storage_;
    Fd proc_;
    Fd null_;
    Pipe ready_;
    Pipe report_;
    Pipe status_;
    Fd signals_;
    Fd child_;  // pidfd
    Cleaner cleaner_;
    TerminalGuard terminal_;
    Fd init_program_;
    Fd listener_;    // for --wayland
    Pipe lifetime_;  // of the sandbox: the compositor has the end that is read
    WaylandClient compositor_;
    std::size_t wayland_step_ = 0;
    bool handed_over_ = false;
    GitWatcher git_;
    bool reaped_ = false;  // init
    std::optional<Usage> usage_;
    pid_t pid_ = -1;
    bool shares_ = false;  // our memory is init's and the command's, until they execute something
    bool program_killed_ = false;  // by a filter around us, for the exec of init's program
    bool was_shown_ = false;       // who may trace us could before
    bool awaits_caller_ = false;   // --userns-block-fd is being waited for
    std::optional<Report> failure_;
    std::optional<Excerpt> excerpt_;
    int aborted_by_ = 0;      // a signal that came before the command was there
    bool continued_ = false;  // by a SIGCONT since the last look at the status pipe
};

}  // namespace sbx::sys
