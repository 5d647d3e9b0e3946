// SPDX-License-Identifier: Apache-2.0
// run(): carries a Plan out and waits for its end. It neither prints nor exits.
#pragma once

#include <sbx/plan.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sbx {

/// What all processes of the sandbox took together, as far as they were waited for (getrusage(2)).
struct Usage {
    std::chrono::microseconds user{};    ///< CPU time in the programs
    std::chrono::microseconds system{};  ///< CPU time in the kernel
    std::uint64_t max_rss = 0;  ///< bytes that the largest one of them had in memory at once
};

/// Something new below a GitWatch::directory since the start of the sandbox that makes an ordinary
/// git command outside write or run something. Git itself leaves none of the first four behind.
struct GitTrap {
    /// The kinds of traps.
    enum class Kind {
        link,                ///< a symbolic link in .git, through which git writes
        settings,            ///< .git/commondir, which makes git take settings from elsewhere
        index,               ///< an index with paths outside of the working tree, or in .git
        bare,                ///< the working tree is a repository itself
        repository,          ///< a repository below, or in the place of .git
        operation,           ///< a rebase or the like that was begun, with commands in its list
        broken,              ///< .git is no repository any more
        unseen,              ///< it could not be looked at
    } kind = Kind::link;     ///< which one
    std::string path = {};   ///< of the host, absolute
    std::string aside = {};  ///< where it has been moved to, or empty
    bool is_deliberate() const { return kind <= Kind::bare; }  ///< whether it is one of those four
};

/// The one sentence for a trap, with the remedy. Pure.
std::string describe(const GitTrap& trap);

/// How it ended.
struct Outcome {
    /// Which of the others says more.
    enum class End {
        exited,            ///< the command ended by itself; `code` is its exit status
        signalled,         ///< the command died of signal number `code`
        refused,           ///< the sandbox could not be built: nothing was executed; `error`
        aborted,           ///< the sandbox ended before the command did; `error` says why
        not_executable,    ///< the command is there but cannot be executed; `error`
        not_found,         ///< the command is not there; `error`
    } end = End::refused;  ///< how it ended
    int code = 0;          ///< 0 to 255 for exited, signal(7) for signalled, else 0
    Error error = {};      ///< empty for exited and signalled
    /// Whether the command was executed. True also if a process outside killed the sandbox at the
    /// very moment of exec, where sbx cannot tell. Never with `refused`.
    bool started = false;
    /// The step of the plan that failed, counted from 0 through setup and seal; describe(Plan) and
    /// messages count from 1. None when no step is to blame.
    std::optional<std::size_t> step = std::nullopt;
    int error_number = 0;  ///< errno of what failed in the sandbox; 0: none, or not known
    std::chrono::microseconds wall{};  ///< from the beginning of run() to its end
    /// None when nothing was started, or when something goes on (Leftovers::keep).
    std::optional<Usage> usage = std::nullopt;
    /// Placeholders that sbx could not remove from the host, a message for each.
    std::vector<Error> left = {};
    /// Findings of Plan::git_watches after the end of all processes; a hundred of each at most.
    std::vector<GitTrap> git_traps = {};
};

/// One JSON object (a line feed at its end) that says how it went: what was run, how it ended,
/// which step failed and why, what it took, and what protected the machine. Without a plan (null)
/// `command` is what was to be run. `exit_status` is that of the program which writes it. Times are
/// in seconds, sizes in bytes. Pure.
std::string describe_result(const Outcome& outcome, const Plan* plan,
                            const std::vector<std::string>& command, int exit_status);

/// Runs `plan` and waits for the command's end: how that went is the Outcome. A plan that check()
/// refuses is refused. It writes to no descriptor but those that the plan names for it.
///
/// Can be called from any thread, from several at once, and while others do whatever they do:
/// between clone and exec nothing is allocated, and nothing of the program's is locked. `plan` must
/// not change meanwhile. What it does to the program that it is called in:
///
/// * Signals. With Signals::forward the calling thread blocks those that are passed on (SIGHUP,
///   SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT) and SIGTTIN and
///   SIGTTOU, and gets its own mask back at the end. A signal that is sent to the program comes to
///   any thread that does not block it, so the other threads must block those that are to be passed
///   on; of several run() at once, one gets it. During the start all are held back. When the
///   command is stopped as a job of a terminal, the whole program stops with it, as a shell
///   expects. Signals::ignore does none of this.
/// * Children. It has some while it runs, and none is left at the end but with Leftovers::keep. The
///   program must not reap children that it does not know (waitpid(-1)): the outcome would be lost,
///   and refused. A SIGCHLD that the program ignores has its default action meanwhile; since one
///   run() would undo that under another, whoever ignores it runs one at a time.
/// * Terminals. With TerminalState::restore it puts back the settings of the terminals that the
///   command has, their process group in the foreground, and the nice value of the program's
///   session, if they are others at the end. One that several run() at once share is for the caller
///   to look after: TerminalState::leave.
/// * Descriptors. It opens some, close-on-exec, and closes them. Of those that the plan names it
///   closes these when it is done with them, and each is for nobody else from then on: sync_fds
///   once the sandbox holds them, info_fd and userns_block_fd once they are used, json_status_fd at
///   the end. Before that, when all is refused, they are still open. All others stay the caller's.
/// * Parents. With die_with_parent the calling thread asks the kernel for PR_SET_PDEATHSIG
///   (prctl(2)), which goes on to hold afterwards.
///
/// Children have copies of all descriptors of the program until they have closed what is not the
/// sandbox's. So the end of a pipe whose other end is open in the program does not come to a plan
/// that waits for it: see entry::File and Spec::block_fd.
Outcome run(const Plan& plan);

}  // namespace sbx
