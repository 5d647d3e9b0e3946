// SPDX-License-Identifier: Apache-2.0
// The beginning and the end of a sandbox: builds what the child reads, makes init, and undoes what
// was done on the host.
#include "supervise/supervisor.hpp"

#include "base/remedies.hpp"
#include "base/text.hpp"
#include "child/calls.hpp"
#include "child/clone.hpp"
#include "child/init_file.hpp"
#include "explain/explain.hpp"
#include "plan/steps.hpp"
#include "supervise/json_status.hpp"
#include "supervise/start.hpp"
#include "system/syscalls.hpp"

#include <linux/magic.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/vfs.h>

#include <algorithm>
#include <optional>
#include <variant>
#include <vector>

namespace sbx::sys {
namespace {

Outcome not_prepared(const char* what, int error) {
    return {Outcome::End::refused, 0, explain_preparation(what, error)};
}

// The host's procfs, and really procfs: ids are written through it.
Result<Fd> open_proc() {
    Fd proc = above_standard(Fd(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)));
    struct statfs status {};
    if (!proc || ::fstatfs(proc.get(), &status) != 0 || status.f_type != PROC_SUPER_MAGIC) {
        return Error{no_proc()};
    }
    return proc;
}

bool needs_null(const Plan& plan) {
    if (plan.info_fd.value_or(3) < 3 || plan.json_status_fd.value_or(3) < 3) return true;
    return std::any_of(plan.seal.begin(), plan.seal.end(), [](const Step& step) {
        const auto* close = std::get_if<step::CloseDescriptors>(&step);
        return close != nullptr && !close->null.empty();
    });
}

}  // namespace

Outcome refused(std::string message) {
    return {Outcome::End::refused, 0, Error{std::move(message)}};
}

std::optional<Outcome> Supervisor::prepare() {
    if (guard_.error() != 0) return refused("holding signals back: " + error_text(guard_.error()));
    auto proc = open_proc();
    if (!proc) return Outcome{Outcome::End::refused, 0, proc.error()};
    proc_ = std::move(*proc);
    ready_ = make_socket_pipe();
    report_ = make_pipe();
    status_ = make_pipe();
    if (!ready_.read || !report_.read || !status_.read) {
        return not_prepared("making a pipe", errno);
    }
    if (plan_.signals == Signals::forward) {
        const long signals = call(SYS_signalfd4, -1, &handled_signals, sizeof handled_signals,
                                  SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals < 0) {
            return not_prepared("making a signalfd", static_cast<int>(-signals));
        }
        signals_ = above_standard(Fd(static_cast<int>(signals)));
        if (!signals_) return not_prepared("making a signalfd", errno);
    }
    ChildInput& input = storage_.input();
    input.proc = proc_.get();
    if (needs_null(plan_)) {
        null_ = above_standard(Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)));
        if (!null_) return not_prepared("opening /dev/null", errno);
        input.null = null_.get();
    }
    input.ready_read = ready_.read.get();
    input.ready_write = ready_.write.get();
    input.report_write = report_.write.get();
    input.status_write = status_.write.get();
    if (const int made = cleaner_.prepare(plan_, input); made < 0) {
        return not_prepared("making a socket", -made);
    }
    if (const int error = prepare_wayland()) {
        return not_prepared("making a socket for the compositor", error);
    }
    if (auto watched = git_.prepare(plan_.git_watches); !watched) {
        return Outcome{Outcome::End::refused, 0, watched.error()};
    }
    if (program_ == InitProgram::own) {
        was_shown_ = call(SYS_prctl, PR_GET_DUMPABLE) == 1;
        init_program_ = open_init_program();
        input.init_program = init_program_.get();
    }
    input.mask = guard_.mask();
    input.ignore_sigchld = guard_.ignored_sigchld();
    return std::nullopt;
}

std::optional<Outcome> Supervisor::start() {
    const Started started = start_child(plan_, storage_.input());
    if (started.failed_at != Started::Failed::nothing) {
        return Outcome{Outcome::End::refused, 0, explain_start(plan_, started)};
    }
    child_ = Fd(started.pidfd);
    if (const int cleaner = cleaner_.start(child_); cleaner < 0) {
        return abandon(explain_preparation("making a process that removes placeholders", -cleaner));
    }
    init_program_.reset();
    ready_.read.reset();
    report_.write.reset();
    status_.write.reset();
    for (const int fd : plan_.sync_fds) ::close(fd);  // its end of file: the sandbox is gone
    pid_ = started.pid;
    if (const int error = guard_.release(plan_.signals == Signals::forward ? handled_signals : 0)) {
        return abandon({"letting signals through again: " + error_text(error)});
    }
    shares_ = storage_.input().init_program >= 0;
    return close_others();
}

// The command makes its memory opaque, and so ours, until it is executed.
void Supervisor::show_again() {
    if (shares_ && was_shown_) call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
    shares_ = false;
}

// Whether the command is given more than the standard ones.
bool Supervisor::gives_descriptors() const {
    const auto* close = first_step<step::CloseDescriptors>(plan_.seal);
    return close != nullptr && close->keep.size() > 3;
}

// Before the command is executed. What it is given stays until init has executed its program: else
// another init needs it.
std::optional<Outcome> Supervisor::close_others() {
    if (plan_.own_descriptors == OwnDescriptors::leave) return std::nullopt;
    std::vector<int> keep = {0, 1, 2};
    const auto* given = shares_ ? first_step<step::CloseDescriptors>(plan_.seal) : nullptr;
    if (given != nullptr) keep.insert(keep.end(), given->keep.begin(), given->keep.end());
    const std::initializer_list<const Fd*> own = {
        &proc_,          &ready_.write,    &report_.read,    &status_.read,
        &signals_,       &child_,          &listener_,       &cleaner_.process(),
        &lifetime_.read, &lifetime_.write, &cleaner_.lost(), &terminal_.descriptor()};
    for (const Fd* fd : own) {
        if (*fd) keep.push_back(fd->get());
    }
    for (const auto& fd :
         {plan_.info_fd, plan_.json_status_fd, plan_.userns_block_fd, plan_.result_fd}) {
        if (fd) keep.push_back(*fd);
    }
    for (const int fd : git_.descriptors()) keep.push_back(fd);
    const int error = sys::close_others(proc_.get(), keep.data(), keep.size()).error;
    if (error == 0) return std::nullopt;
    return abandon({"closing descriptors: " + error_text(error)});
}

Outcome Supervisor::run() {
    if (plan_.die_with_parent) {
        const pid_t parent = ::getppid();
        if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
            return refused("asking to die with the parent: " + error_text(errno));
        }
        // The signal is not sent for a parent that died before it was asked for.
        if (::getppid() != parent) return refused("the parent died while the sandbox was started");
    }
    if (auto outcome = prepare()) return *outcome;
    const bool restores = plan_.terminal == TerminalState::restore;
    if (restores) terminal_.save(plan_, proc_.get());
    const auto not_started = start();
    Outcome outcome = not_started ? *not_started : wait();
    show_again();
    outcome.usage = usage_;
    const bool never =
        outcome.end == Outcome::End::not_executable || outcome.end == Outcome::End::not_found;
    outcome.started = outcome.end == Outcome::End::exited || (!never && has_started());
    // A caller may run the command in another way if the sandbox was refused: not a second time.
    if (outcome.end == Outcome::End::refused && outcome.started) {
        outcome.end = Outcome::End::aborted;
    }
    if (reaped_) {  // else init stays with what the command left
        for (const LostGuard& left : cleaner_.wait()) {
            outcome.left.push_back(explain_left(plan_, left));
        }
        outcome = with_git_traps(std::move(outcome));
    }
    if (restores) terminal_.restore(proc_.get());
    const bool ran = outcome.end == Outcome::End::exited || outcome.end == Outcome::End::signalled;
    if (plan_.json_status_fd) {
        // Nobody is inside any more: while a reader is waited for, a signal may end us.
        pollfd reader{*plan_.json_status_fd, POLLOUT, 0};
        if (ran && ::poll(&reader, 1, 0) == 0) guard_.release(0);
        if (ran) write_exit_code(*plan_.json_status_fd, outcome);
        ::close(*plan_.json_status_fd);
    }
    return outcome;
}

}  // namespace sbx::sys

namespace sbx {
namespace {

Outcome supervise(const Plan& plan) {
    if (plan.init_program == InitProgram::own) {
        sys::Supervisor supervisor(plan, InitProgram::own);
        Outcome outcome = supervisor.run();
        if (!supervisor.needs_copy()) return outcome;
    }
    return sys::Supervisor(plan, InitProgram::copy).run();
}

}  // namespace

Outcome run(const Plan& plan) {
    const auto start = std::chrono::steady_clock::now();
    const auto checked = check(plan);
    Outcome outcome =
        checked ? supervise(plan) : Outcome{Outcome::End::refused, 0, checked.error()};
    outcome.wall = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start);
    return outcome;
}

}  // namespace sbx
