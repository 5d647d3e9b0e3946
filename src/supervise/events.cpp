// SPDX-License-Identifier: Apache-2.0
// What the supervisor waits for, and what it does then.
#include "supervise/supervisor.hpp"

#include "base/program_name.hpp"
#include "base/text.hpp"
#include "child/init.hpp"
#include "explain/exec.hpp"
#include "explain/explain.hpp"
#include "plan/processes.hpp"
#include "supervise/loop.hpp"
#include "system/syscalls.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace sbx::sys {
namespace {

constexpr const char* unread_report = "reading how the start went: ";
constexpr std::uint64_t ending_signals =
    signal_bit(SIGHUP) | signal_bit(SIGINT) | signal_bit(SIGQUIT) | signal_bit(SIGTERM);

std::chrono::microseconds duration(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

Usage usage_of(const rusage& used) {
    constexpr std::uint64_t kibibyte = 1024;
    return {duration(used.ru_utime), duration(used.ru_stime),
            static_cast<std::uint64_t>(used.ru_maxrss) * kibibyte};
}

}  // namespace

// Init waits and shall not go on: ends it, and leaves nobody to be reaped.
Outcome Supervisor::abandon(const Error& error) {
    call(SYS_pidfd_send_signal, child_.get(), SIGKILL, nullptr, 0);
    reap_init();
    return {Outcome::End::refused, 0, error};
}

// Waits for init's end, which adds the CPU time of all that it waited for to ours. Nothing when
// that fails, with errno.
std::optional<siginfo_t> Supervisor::reap_init() {
    siginfo_t info{};
    rusage used{};
    // Not waitid(3), which does not give what was used.
    long waited = 0;
    do {
        waited = call(SYS_waitid, P_PIDFD, child_.get(), &info, WEXITED, &used);
    } while (waited == -EINTR);
    if (waited < 0) {
        errno = static_cast<int>(-waited);
        return std::nullopt;
    }
    reaped_ = true;
    usage_ = usage_of(used);
    return info;
}

// Whether the command was executed, once it is over. Its process has left a byte on the life line
// just before, which nobody reads until now.
bool Supervisor::has_started() {
    read_reports();
    char byte = 0;
    return !failure_ && ready_.write &&
           ::recv(ready_.write.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
}

Outcome Supervisor::ended(Status::Kind kind, int code) const {
    if (failure_) return explain_report(plan_, *failure_, excerpt_);
    // A filter may have kept the command's process from saying that it could not execute anything.
    if (kind == Status::Kind::signalled) {
        if (auto never = explain_refused_exec(plan_)) return std::move(*never);
    }
    return {
        kind == Status::Kind::exited ? Outcome::End::exited : Outcome::End::signalled, code, {}};
}

// Reads what init or the command reported; end of file means that the command was executed. 0 or
// errno.
int Supervisor::read_report() {
    std::array<char, sizeof(Excerpt)> buffer{};
    const ssize_t got =
        ::read(report_.read.get(), buffer.data(), failure_ ? sizeof(Excerpt) : sizeof(Report));
    if (got < 0 && errno == EINTR) return 0;
    if (got <= 0) {
        const int error = got < 0 ? errno : 0;
        report_.read.reset();
        return error;
    }
    if (!failure_ && got == static_cast<ssize_t>(sizeof(Report))) {
        std::memcpy(&failure_.emplace(), buffer.data(), sizeof(Report));
    } else if (failure_ && got >= static_cast<ssize_t>(offsetof(Excerpt, data))) {
        std::memcpy(&excerpt_.emplace(), buffer.data(), static_cast<std::size_t>(got));
        excerpt_->size =
            static_cast<std::int32_t>(got) - static_cast<std::int32_t>(offsetof(Excerpt, data));
    }
    return 0;
}

// Reads what was reported before who did so ended; 0 or errno. The end of the file may come later:
// what another thread of this program makes meanwhile, a sandbox that waits for something even,
// holds a copy of the other end until it has closed what is not its own.
int Supervisor::read_reports() {
    while (report_.read) {
        pollfd report{report_.read.get(), POLLIN, 0};
        const int ready = ::poll(&report, 1, 0);
        if (ready == 0) return 0;
        if (ready < 0 && errno != EINTR) return errno;
        const int error = ready > 0 ? read_report() : 0;
        if (error != 0) return error;
    }
    return 0;
}

// Of what failed, or of exec. Then the sandbox has what it is to be given, and nobody else needs
// it.
std::optional<Outcome> Supervisor::hear_of_start() {
    if (const int error = read_report()) return abandon({unread_report + error_text(error)});
    if (!shares_ || report_.read || failure_) return std::nullopt;
    show_again();
    return gives_descriptors() && has_started() ? close_others() : std::nullopt;
}

// Init has ended, with the command or before it.
Outcome Supervisor::init_ended() {
    const auto reaped = reap_init();
    // ECHILD: somebody else in this program reaped it; its status is lost.
    if (!reaped) return refused("waiting for init: " + error_text(errno));
    const siginfo_t& info = *reaped;
    if (const int error = read_reports()) return refused(unread_report + error_text(error));
    if (aborted_by_ != 0) return {Outcome::End::signalled, aborted_by_, {}};
    program_killed_ = storage_.input().init_program >= 0 && info.si_code != CLD_EXITED &&
                      info.si_status == SIGSYS && !has_started() && !failure_;
    if (needs_copy()) return refused("init could not execute its program");  // nobody reads it
    if (failure_) return explain_report(plan_, *failure_, excerpt_);
    if (plan_.init == Init::command) {
        return ended(info.si_code == CLD_EXITED ? Status::Kind::exited : Status::Kind::signalled,
                     info.si_status);
    }
    if (info.si_code == CLD_EXITED) {
        return refused("init ended before the command did, with status " +
                       std::to_string(info.si_status));
    }
    // As bubblewrap's callers expect who kill the process that --info-fd named.
    if (plan_.wording == Wording::bubblewrap) return ended(Status::Kind::signalled, info.si_status);
    return refused("init was killed by signal " + std::to_string(info.si_status) + " (" +
                   sigabbrev_np(info.si_status) +
                   (plan_.namespaces.has(Namespace::pid)
                        ? "), and all processes inside with it"
                        : "); without a pid namespace, what the command left may still run") +
                   killed_remedy(info.si_status));
}

// Kills all that is inside, and waits for its end.
void Supervisor::end_sandbox() {
    if (plan_.namespaces.has(Namespace::pid)) {
        call(SYS_pidfd_send_signal, child_.get(), SIGKILL, nullptr, 0);
    } else {
        // Init ends all that there is, as for a supervisor that is gone.
        ::shutdown(ready_.write.get(), SHUT_WR);
    }
    reap_init();
}

Outcome Supervisor::step_on_trap() {
    end_sandbox();
    return refused(quote(git_.deadly()) +
                   " is a trap for git, so the sandbox was ended; see --watch-git in " SBX_NAME
                   "(1)");
}

// The traps for git that are left, now that nobody can change them any more.
Outcome Supervisor::with_git_traps(Outcome outcome) {
    outcome.git_traps = git_.look_again();
    const bool ran = outcome.end == Outcome::End::exited || outcome.end == Outcome::End::signalled;
    if (!ran || git_.deadly().empty()) return outcome;
    outcome.end = Outcome::End::aborted;
    outcome.code = 0;
    outcome.error = {quote(git_.deadly()) +
                     " is a trap for git that the command left, so it counts as failed; see "
                     "--watch-git in " SBX_NAME "(1)"};
    return outcome;
}

// What is guarded is so no longer, and the sandbox ends: a command without its guards is not what
// was asked for.
std::optional<Outcome> Supervisor::lose_guard() {
    const auto lost = cleaner_.read_lost();
    pollfd init{child_.get(), POLLIN, 0};
    if (!lost && ::poll(&init, 1, 0) == 1) return std::nullopt;  // it went after init, as it should
    end_sandbox();
    return explain_lost_guard(plan_, lost);
}

std::optional<Outcome> Supervisor::read_status() {
    Status status{};
    const ssize_t got = ::read(status_.read.get(), &status, sizeof status);
    if (got < 0 && errno == EINTR) return std::nullopt;
    if (got < 0) return abandon({"reading what init says: " + error_text(errno)});
    if (got != static_cast<ssize_t>(sizeof status)) {
        status_.read.reset();
        return std::nullopt;
    }
    if (status.kind == Status::Kind::announced) return announce();
    if (status.kind == Status::Kind::listening) return connect_wayland(status.code);
    if (status.kind == Status::Kind::stopped) {
        stop_with_command();
        return std::nullopt;
    }
    if (const int error = read_reports()) return abandon({unread_report + error_text(error)});
    if (status.lingers == 0) reap_init();
    return ended(status.kind, status.code);
}

// So that the shell that started us sees its job stop, and can continue it.
void Supervisor::stop_with_command() const {
    // What stopped the whole group (SIGSTOP) has stopped us before we heard of the command, and the
    // SIGCONT that woke us has continued it: its stop is an old story.
    if (continued_) return;
    if (plan_.signals == Signals::forward && !has_own_group(plan_)) ::kill(::getpid(), SIGSTOP);
}

void Supervisor::pass_on(unsigned number) const {
    if (plan_.init == Init::command) {
        call(SYS_pidfd_send_signal, child_.get(), number, nullptr, 0);
        return;
    }
    const auto byte = static_cast<unsigned char>(number);
    // Init may have ended meanwhile; then there is nobody to tell.
    [[maybe_unused]] const ssize_t put = ::send(ready_.write.get(), &byte, 1, MSG_NOSIGNAL);
}

void Supervisor::read_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        const std::uint64_t signal = signal_bit(static_cast<int>(info.ssi_signo));
        if ((signal & absorbed_signals) != 0) continue;
        if (info.ssi_signo == SIGCONT) continued_ = true;
        if (report_.read && (signal & ending_signals) != 0) {
            // Set-up may be waiting for a pipe that nobody writes to, and there is no command yet.
            aborted_by_ = static_cast<int>(info.ssi_signo);
            call(SYS_pidfd_send_signal, child_.get(), SIGKILL, nullptr, 0);
            continue;
        }
        // What the terminal sends, it sends to the command's group too.
        if (info.ssi_code == SI_KERNEL && !has_own_group(plan_)) continue;
        pass_on(info.ssi_signo);
    }
}

// Sources are in the order in which they matter: a guard that is lost before all else, the end of
// the command before that of init.
Outcome Supervisor::wait() {
    using Turn = Loop<Outcome>::Turn;
    const auto nothing = [] { return std::optional<Outcome>(); };
    Loop<Outcome> loop;
    loop.add_beginning([this] { continued_ = false; });
    loop.add([this] { return cleaner_.lost().get(); }, [this] { return lose_guard(); },
             Turn::alone);
    loop.add([this] { return git_.changes().get(); },
             [this, nothing] { return git_.sees_trap() ? step_on_trap() : nothing(); });
    loop.add([this] { return report_.read.get(); }, [this] { return hear_of_start(); });
    loop.add([this] { return signals_.get(); },
             [this, nothing] {
                 read_signals();
                 return nothing();
             });
    loop.add([this] { return awaits_caller_ ? *plan_.userns_block_fd : -1; },
             [this] { return read_caller(); });
    loop.add([this] { return compositor_.fd(); }, [this] { return read_compositor(); });
    loop.add([this] { return status_.read.get(); }, [this] { return read_status(); }, Turn::alone);
    loop.add([this] { return child_.get(); }, [this] { return std::optional(init_ended()); });
    // The code is given back once the command has run for a while.
    loop.add_timer(
        settling_time, [this] { return bool(report_.read); },
        [this] { forget_code(storage_.input()); });
    auto outcome = loop.run();
    return outcome ? std::move(*outcome)
                   : abandon({"waiting for the sandbox: " + error_text(errno)});
}

}  // namespace sbx::sys
