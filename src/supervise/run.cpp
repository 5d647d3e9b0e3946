// SPDX-License-Identifier: Apache-2.0
// The supervisor: builds what the child reads, makes init, and waits in one poll loop over descriptors.
#include <sbx/run.hpp>

#include "base/program_name.hpp"
#include "base/remedies.hpp"
#include "base/text.hpp"
#include "child/calls.hpp"
#include "child/clone.hpp"
#include "child/init.hpp"
#include "child/init_file.hpp"
#include "child/init_loop.hpp"
#include "child/input.hpp"
#include "child/report.hpp"
#include "explain/exec.hpp"
#include "explain/explain.hpp"
#include "plan/processes.hpp"
#include "plan/steps.hpp"
#include "supervise/cleaner.hpp"
#include "supervise/git_watch.hpp"
#include "supervise/input.hpp"
#include "supervise/json_status.hpp"
#include "supervise/signal_guard.hpp"
#include "supervise/start.hpp"
#include "supervise/terminal.hpp"
#include "system/fd.hpp"
#include "system/syscalls.hpp"
#include "system/wayland.hpp"

#include <linux/magic.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <variant>
#include <vector>

namespace sbx {
namespace {

using sys::call;
using sys::Fd;
using sys::Pipe;
using sys::Status;

constexpr std::uint64_t bit(int number) { return std::uint64_t{1} << (number - 1); }
constexpr std::uint64_t forwarded = bit(SIGHUP) | bit(SIGINT) | bit(SIGQUIT) | bit(SIGTERM) |
                                    bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGWINCH) | bit(SIGTSTP) |
                                    bit(SIGCONT);
// Stops of a background job, which the terminal sends to the command's group as well. They are
// taken away here: we stop when the command has stopped, not beside it.
constexpr std::uint64_t absorbed = bit(SIGTTIN) | bit(SIGTTOU);
constexpr std::uint64_t handled = forwarded | absorbed;
constexpr const char* unread_report = "reading how the start went: ";
constexpr std::uint64_t ending = bit(SIGHUP) | bit(SIGINT) | bit(SIGQUIT) | bit(SIGTERM);

Outcome refused(std::string message) {
    return {Outcome::End::refused, 0, Error{std::move(message)}};
}

Outcome not_prepared(const char* what, int error) {
    return {Outcome::End::refused, 0, sys::explain_preparation(what, error)};
}

std::chrono::microseconds duration(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

Usage usage_of(const rusage& used) {
    constexpr std::uint64_t kibibyte = 1024;
    return {duration(used.ru_utime), duration(used.ru_stime),
            static_cast<std::uint64_t>(used.ru_maxrss) * kibibyte};
}

// The host's procfs, and really procfs: ids are written through it.
Result<Fd> open_proc() {
    Fd proc = sys::above_standard(Fd(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)));
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

class Supervisor {
public:
    Supervisor(const Plan& plan, InitProgram program)
        : plan_(plan), program_(program), storage_(plan) {}

    Outcome run();

    /// Whether it ended because init could not execute its program. Nothing else has happened.
    bool needs_copy() const {
        return failure_ && failure_->detail == sys::Detail::init_program && aborted_by_ == 0;
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
    Outcome watch();
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
    sys::SignalGuard guard_;
    sys::InputStorage storage_;
    Fd proc_;
    Fd null_;
    Pipe ready_;
    Pipe report_;
    Pipe status_;
    Fd signals_;
    Fd child_;  // pidfd
    sys::Cleaner cleaner_;
    sys::TerminalGuard terminal_;
    Fd init_program_;
    Fd listener_;    // for --wayland
    Pipe lifetime_;  // of the sandbox: the compositor has the end that is read
    sys::WaylandClient compositor_;
    std::size_t wayland_step_ = 0;
    bool handed_over_ = false;
    sys::GitWatcher git_;
    bool reaped_ = false;  // init
    std::optional<Usage> usage_;
    pid_t pid_ = -1;
    bool shares_ = false;  // our memory is init's and the command's, until they execute something
    bool was_shown_ = false;      // who may trace us could before
    bool awaits_caller_ = false;  // --userns-block-fd is being waited for
    std::optional<sys::Report> failure_;
    std::optional<sys::Excerpt> excerpt_;
    int aborted_by_ = 0;      // a signal that came before the command was there
    bool continued_ = false;  // by a SIGCONT since the last look at the status pipe
};

std::optional<Outcome> Supervisor::prepare() {
    if (guard_.error() != 0) return refused("holding signals back: " + error_text(guard_.error()));
    auto proc = open_proc();
    if (!proc) return Outcome{Outcome::End::refused, 0, proc.error()};
    proc_ = std::move(*proc);
    ready_ = sys::make_socket_pipe();
    report_ = sys::make_pipe();
    status_ = sys::make_pipe();
    if (!ready_.read || !report_.read || !status_.read) {
        return not_prepared("making a pipe", errno);
    }
    if (plan_.signals == Signals::forward) {
        const long signals =
            call(SYS_signalfd4, -1, &handled, sizeof handled, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals < 0) {
            return not_prepared("making a signalfd", static_cast<int>(-signals));
        }
        signals_ = sys::above_standard(Fd(static_cast<int>(signals)));
        if (!signals_) return not_prepared("making a signalfd", errno);
    }
    sys::ChildInput& input = storage_.input();
    input.proc = proc_.get();
    if (needs_null(plan_)) {
        null_ = sys::above_standard(Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)));
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
        init_program_ = sys::open_init_program();
        input.init_program = init_program_.get();
    }
    input.mask = guard_.mask();
    input.ignore_sigchld = guard_.ignored_sigchld();
    return std::nullopt;
}

std::optional<Outcome> Supervisor::start() {
    const sys::Started started = sys::start_child(plan_, storage_.input());
    if (started.failed_at != sys::Started::Failed::nothing) {
        return Outcome{Outcome::End::refused, 0, sys::explain_start(plan_, started)};
    }
    child_ = Fd(started.pidfd);
    if (const int cleaner = cleaner_.start(child_); cleaner < 0) {
        return abandon(
            sys::explain_preparation("making a process that removes placeholders", -cleaner));
    }
    init_program_.reset();
    ready_.read.reset();
    report_.write.reset();
    status_.write.reset();
    for (const int fd : plan_.sync_fds) ::close(fd);  // its end of file: the sandbox is gone
    pid_ = started.pid;
    if (const int error = guard_.release(plan_.signals == Signals::forward ? handled : 0)) {
        return abandon({"letting signals through again: " + error_text(error)});
    }
    shares_ = storage_.input().init_program >= 0;
    // Not before init has executed its program: else another one needs what the command is given.
    return shares_ ? std::nullopt : close_others();
}

// The command makes its memory opaque, and so ours, until it is executed.
void Supervisor::show_again() {
    if (shares_ && was_shown_) call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
    shares_ = false;
}

std::optional<Outcome> Supervisor::close_others() {
    if (plan_.own_descriptors == OwnDescriptors::leave) return std::nullopt;
    std::vector<int> keep = {0, 1, 2};
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

// Init has said that the namespaces are there and waits. With --userns-block-fd it is the caller
// who lets it go on, when the ids of the process that --info-fd named are mapped.
std::optional<Outcome> Supervisor::announce() {
    // A number that is none would mean every process to a caller that ends the sandbox by it.
    if (pid_ <= 0) return abandon({"the process id of init cannot be found out"});
    for (const auto& fd : {plan_.info_fd, plan_.json_status_fd}) {
        if (fd && !has_room(*fd)) return std::nullopt;
    }
    const sys::JsonStatus json(plan_, proc_.get(), pid_);
    if (auto written = json.write_start(); !written) return abandon(written.error());
    awaits_caller_ = plan_.userns_block_fd.has_value();
    return awaits_caller_ ? std::nullopt : go_on();
}

// Waits until `fd`, which may be a pipe that nobody reads, takes what is written. False when a
// signal ended init first: signals are blocked here, and a write would not hear of them.
bool Supervisor::has_room(int fd) {
    while (aborted_by_ == 0) {
        std::array<pollfd, 2> polled = {{{fd, POLLOUT, 0}, {signals_.get(), POLLIN, 0}}};
        if (::poll(polled.data(), polled.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return true;  // the write will say what is wrong
        }
        if (polled[1].revents != 0) read_signals();
        if (aborted_by_ == 0 && polled[0].revents != 0) return true;
    }
    return false;
}

std::optional<Outcome> Supervisor::read_caller() {
    char byte = 0;
    const ssize_t got = ::read(*plan_.userns_block_fd, &byte, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
    if (got < 0) {
        return abandon({"reading the descriptor of --userns-block-fd: " + error_text(errno)});
    }
    awaits_caller_ = false;
    ::close(*plan_.userns_block_fd);
    return go_on();
}

// Init waits and shall not go on: ends it, and leaves nobody to be reaped.
Outcome Supervisor::abandon(const Error& error) {
    call(SYS_pidfd_send_signal, child_.get(), SIGKILL, nullptr, 0);
    reap_init();
    return {Outcome::End::refused, 0, error};
}

std::optional<Outcome> Supervisor::go_on() {
    ssize_t put = -1;
    do {
        put = ::send(ready_.write.get(), "", 1, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    // Init may have ended meanwhile; then there is nobody to tell.
    if (put == 1 || errno == EPIPE || errno == ECONNRESET) return std::nullopt;
    return abandon({"telling init to go on: " + error_text(errno)});
}

// 0 or errno.
int Supervisor::prepare_wayland() {
    if (!has_step<step::WaylandSocket>(plan_.setup)) return 0;
    listener_ = sys::above_standard(Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    if (!listener_) return errno;
    lifetime_ = sys::make_pipe();
    if (!lifetime_.read) return errno;
    storage_.input().listener = listener_.get();
    storage_.input().lifetime = lifetime_.write.get();
    return 0;
}

// Init has made the socket and waits: the compositor is to take it.
std::optional<Outcome> Supervisor::connect_wayland(std::int32_t step) {
    wayland_step_ = static_cast<std::size_t>(step);
    const auto* wanted = first_step<step::WaylandSocket>(plan_.setup);
    const int error = wanted == nullptr ? EPROTO : compositor_.connect(wanted->path);
    if (error != 0) return abandon_wayland("connecting to the compositor: " + error_text(error));
    return std::nullopt;
}

std::optional<Outcome> Supervisor::read_compositor() {
    const auto answered = compositor_.read();
    if (!answered) return abandon_wayland(answered.error().message);
    if (!*answered) return std::nullopt;
    if (handed_over_) {  // the compositor has the socket, and needs no connection for it
        compositor_.close();
        listener_.reset();
        lifetime_.read.reset();
        return go_on();
    }
    if (!compositor_.has_security_context()) {
        return abandon_wayland("the compositor has no security contexts any more; try again");
    }
    std::array<unsigned char, 16> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return abandon_wayland("getting a random number: " + error_text(errno));
    }
    std::string instance;
    for (const unsigned char byte : random) {
        constexpr std::string_view hexadecimal = "0123456789abcdef";
        instance += {hexadecimal[byte >> 4U], hexadecimal[byte & 0xfU]};
    }
    const auto& wanted = *first_step<step::WaylandSocket>(plan_.setup);
    handed_over_ = true;
    const int error = compositor_.hand_over(
        {listener_.get(), lifetime_.read.get(), wanted.app_id, std::move(instance)});
    if (error != 0) return abandon_wayland("telling the compositor: " + error_text(error));
    return std::nullopt;
}

Outcome Supervisor::abandon_wayland(const std::string& why) {
    Outcome out = abandon({"step " + std::to_string(wayland_step_ + 1) + ", " +
                           describe(plan_.setup[wayland_step_]) + ": " + why});
    out.step = wayland_step_;
    return out;
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
    if (failure_) return sys::explain_report(plan_, *failure_, excerpt_);
    // A filter may have kept the command's process from saying that it could not execute anything.
    if (kind == Status::Kind::signalled) {
        if (auto never = sys::explain_refused_exec(plan_)) return std::move(*never);
    }
    return {
        kind == Status::Kind::exited ? Outcome::End::exited : Outcome::End::signalled, code, {}};
}

// Reads what init or the command reported; end of file means that the command was executed. 0 or
// errno.
int Supervisor::read_report() {
    std::array<char, sizeof(sys::Excerpt)> buffer{};
    const ssize_t got = ::read(report_.read.get(), buffer.data(),
                               failure_ ? sizeof(sys::Excerpt) : sizeof(sys::Report));
    if (got < 0 && errno == EINTR) return 0;
    if (got <= 0) {
        const int error = got < 0 ? errno : 0;
        report_.read.reset();
        return error;
    }
    if (!failure_ && got == static_cast<ssize_t>(sizeof(sys::Report))) {
        std::memcpy(&failure_.emplace(), buffer.data(), sizeof(sys::Report));
    } else if (failure_ && got >= static_cast<ssize_t>(offsetof(sys::Excerpt, data))) {
        std::memcpy(&excerpt_.emplace(), buffer.data(), static_cast<std::size_t>(got));
        excerpt_->size = static_cast<std::int32_t>(got) -
                         static_cast<std::int32_t>(offsetof(sys::Excerpt, data));
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

// Init has ended, with the command or before it.
Outcome Supervisor::init_ended() {
    const auto reaped = reap_init();
    // ECHILD: somebody else in this program reaped it; its status is lost.
    if (!reaped) return refused("waiting for init: " + error_text(errno));
    const siginfo_t& info = *reaped;
    if (const int error = read_reports()) return refused(unread_report + error_text(error));
    if (aborted_by_ != 0) return {Outcome::End::signalled, aborted_by_, {}};
    if (failure_) return sys::explain_report(plan_, *failure_, excerpt_);
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
                   sys::killed_remedy(info.si_status));
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
    return sys::explain_lost_guard(plan_, lost);
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
        const std::uint64_t signal = bit(static_cast<int>(info.ssi_signo));
        if ((signal & absorbed) != 0) continue;
        if (info.ssi_signo == SIGCONT) continued_ = true;
        if (report_.read && (signal & ending) != 0) {
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

Outcome Supervisor::watch() {
    bool settled = false;
    while (true) {
        const int caller = awaits_caller_ ? *plan_.userns_block_fd : -1;
        std::array<pollfd, 8> polled = {{{child_.get(), POLLIN, 0},
                                         {signals_.get(), POLLIN, 0},
                                         {report_.read.get(), POLLIN, 0},
                                         {status_.read.get(), POLLIN, 0},
                                         {caller, POLLIN, 0},
                                         {cleaner_.lost().get(), POLLIN, 0},
                                         {compositor_.fd(), POLLIN, 0},
                                         {git_.changes().get(), POLLIN, 0}}};
        // The code is given back once the command has run for a while: see settling_time.
        const timespec* timeout = settled || report_.read ? nullptr : &sys::settling_time;
        const int events = ::ppoll(polled.data(), polled.size(), timeout, nullptr);
        if (events < 0) {
            if (errno == EINTR || errno == EAGAIN) continue;
            return abandon({"waiting for the sandbox: " + error_text(errno)});
        }
        if (events == 0) {
            sys::forget_code(storage_.input());
            settled = true;
            continue;
        }
        if (polled[5].revents != 0) {
            if (auto outcome = lose_guard()) return *outcome;
            continue;
        }
        if (polled[7].revents != 0 && git_.sees_trap()) return step_on_trap();
        const int unread = polled[2].revents != 0 ? read_report() : 0;
        if (unread != 0) return abandon({unread_report + error_text(unread)});
        if (shares_ && !report_.read && !failure_) {
            show_again();
            if (auto outcome = close_others()) return *outcome;
        }
        continued_ = false;
        if (polled[1].revents != 0) read_signals();
        if (polled[4].revents != 0) {
            if (auto outcome = read_caller()) return *outcome;
        }
        if (polled[6].revents != 0) {
            if (auto outcome = read_compositor()) return *outcome;
        }
        if (polled[3].revents != 0) {
            if (auto outcome = read_status()) return *outcome;
            continue;  // its end comes before the end of init
        }
        if (polled[0].revents != 0) return init_ended();
    }
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
    Outcome outcome = not_started ? *not_started : watch();
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
        for (const sys::LostGuard& left : cleaner_.wait()) {
            outcome.left.push_back(sys::explain_left(plan_, left));
        }
        outcome = with_git_traps(std::move(outcome));
    }
    if (restores) terminal_.restore(proc_.get());
    const bool ran = outcome.end == Outcome::End::exited || outcome.end == Outcome::End::signalled;
    if (plan_.json_status_fd) {
        // Nobody is inside any more: while a reader is waited for, a signal may end us.
        pollfd reader{*plan_.json_status_fd, POLLOUT, 0};
        if (ran && ::poll(&reader, 1, 0) == 0) guard_.release(0);
        if (ran) sys::write_exit_code(*plan_.json_status_fd, outcome);
        ::close(*plan_.json_status_fd);
    }
    return outcome;
}

}  // namespace

namespace {

Outcome supervise(const Plan& plan) {
    if (plan.init_program == InitProgram::own) {
        Supervisor supervisor(plan, InitProgram::own);
        Outcome outcome = supervisor.run();
        if (!supervisor.needs_copy()) return outcome;
    }
    return Supervisor(plan, InitProgram::copy).run();
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
