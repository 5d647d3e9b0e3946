// SPDX-License-Identifier: Apache-2.0
// The flow of the child: set-up, the fork of the command, its seal and its exec.
#include "child/child.hpp"

#include "child/calls.hpp"
#include "child/clone.hpp"
#include "child/guard.hpp"
#include "child/init.hpp"
#include "child/init_loop.hpp"
#include "child/input.hpp"
#include "child/report.hpp"
#include "child/seal.hpp"
#include "child/setup.hpp"
#include "plan/processes.hpp"
#include "system/syscalls.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstring>

namespace sbx::sys {

Failure exit_status_of(long child, int& status) {
    siginfo_t info{};
    long waited = -EINTR;
    while (waited == -EINTR) waited = call(SYS_waitid, P_PID, child, &info, WEXITED, nullptr);
    status = info.si_status;
    return failed(waited);
}

void end_child(int pid) {
    call(SYS_kill, pid, SIGKILL);
    int status = 0;
    exit_status_of(pid, status);
}

long read_byte(int fd, char& byte) {
    long got = -EINTR;
    while (got == -EINTR) got = call(SYS_read, fd, &byte, 1);
    return got;
}

namespace {

void send(const ChildInput& input, const Excerpt& excerpt) {
    call(SYS_write, input.report_write, &excerpt,
         offsetof(Excerpt, data) + static_cast<std::size_t>(excerpt.size));
}

constexpr auto no_step = static_cast<std::size_t>(-1);

[[noreturn]] void fail(const ChildInput& input, std::size_t step, Failure failure,
                       const Excerpt* excerpt = nullptr) {
    const Report report{static_cast<std::int32_t>(step), failure.error, failure.detail};
    call(SYS_write, input.report_write, &report, sizeof report);
    if (excerpt != nullptr && excerpt->size > 0) send(input, *excerpt);
    leave(1);
}

// CLONE_CLEAR_SIGHAND clears handlers but leaves what is ignored, and an ignored SIGCHLD makes
// children vanish without a status.
Failure set_sigchld(void (*handler)(int)) {
    const KernelAction action{handler, 0, nullptr, 0};
    return failed(call(SYS_rt_sigaction, SIGCHLD, &action, nullptr, sizeof action.mask));
}

Failure load_filter(const step::LoadFilter& s) {
    static_assert(sizeof(sock_filter) == sizeof(std::uint64_t));
    // The kernel only reads the program; its structure has no const.
    auto* program =
        reinterpret_cast<sock_filter*>(const_cast<std::uint64_t*>(s.filter.program.data()));
    const sock_fprog description{static_cast<unsigned short>(s.filter.program.size()), program};
    // prctl(2), not seccomp(2): a filter that a client wrote for bubblewrap allows the former.
    return {static_cast<int>(
        -call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &description, 0, 0))};
}

// Reads the first bytes of the file `candidate` of the list; their number, or -errno.
long read_head(const ChildInput& input, std::int32_t candidate, Excerpt& head) {
    const int fd =
        open_at(AT_FDCWD, input.executables[candidate], O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return fd;
    struct stat status {};
    const long known = call(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH);
    const bool is_file = known >= 0 && S_ISREG(status.st_mode);
    const long got = is_file ? call(SYS_read, fd, head.data, sizeof head.data) : -EINVAL;
    close_fd(fd);
    head.candidate = candidate;
    head.size = got < 0 ? 0 : static_cast<std::int32_t>(got);
    return got;
}

// After the report: the first bytes of the file that is there and yet could not be executed, so
// that the supervisor can say what it is.
void send_head(const ChildInput& input, std::int32_t failed, int error) {
    const bool searches = error == ENOENT;  // an interpreter is missing, or all candidates are
    Excerpt head;
    for (std::int32_t i = searches ? 0 : failed; input.executables[i] != nullptr; ++i) {
        if (read_head(input, i, head) >= 0) return send(input, head);
        if (!searches) return;
    }
}

// As execvp(3) does it, from a list that was made before, but for files that are no scripts: the
// kernel refuses a program for another machine as it refuses a script without "#!", and a shell
// would carry out what the bytes of that program happen to say.
[[noreturn]] void execute(const ChildInput& input) {
    Failure failure{ENOENT, Detail::executable};
    std::int32_t which = 0;
    for (std::int32_t i = 0; input.executables[i] != nullptr; ++i) {
        char* file = input.executables[i];
        long result = call(SYS_execve, file, input.argv, input.envp);
        Excerpt head;
        if (result == -ENOEXEC && read_head(input, i, head) >= 0 &&
            is_for_shell({head.data, static_cast<std::size_t>(head.size)})) {
            char shell[] = "/bin/sh";
            input.argv[-1] = shell;
            char* name = input.argv[0];
            input.argv[0] = file;
            result = call(SYS_execve, shell, input.argv - 1, input.envp);
            input.argv[0] = name;
            if (result == -ENOENT) result = -ENOEXEC;
        }
        const int error = static_cast<int>(-result);
        if (error == ENOENT || error == ENOTDIR || error == ESTALE || error == ENODEV ||
            error == ETIMEDOUT) {
            if (input.executables[1] == nullptr) failure.error = error;  // nothing was searched
            continue;
        }
        if (error != EACCES || failure.error != EACCES) {
            failure.error = error;
            which = i;
        }
        if (error != EACCES) break;
    }
    const Report report{which, failure.error, Detail::executable};
    call(SYS_write, input.report_write, &report, sizeof report);
    send_head(input, which, failure.error);
    leave(127);
}

}  // namespace

void await_setup(const ChildInput& input, int hold) {
    char ready = 0;
    const long got = read_byte(hold, ready);
    if (got == 0) leave(1);  // init is gone
    Failure failure = failed(got);
    // Root and working directory were init's until here, so that the pivot was this process's, too.
    if (!failure) failure = failed(call(SYS_unshare, CLONE_FS));
    if (failure) fail(input, no_step, {failure.error, Detail::start_command});
}

void command_main(ChildInput& input, int hold) {
    const Plan& plan = *input.plan;
    input.hold = hold;
    std::size_t i = 0;
    for (; i < plan.seal.size(); ++i) {
        if (std::get_if<step::LoadFilter>(&plan.seal[i]) != nullptr) break;
        const std::size_t step = plan.setup.size() + i;
        if (Failure failure = do_seal_step(input, plan.seal[i])) fail(input, step, failure);
        if (std::get_if<step::DieWithParent>(&plan.seal[i]) == nullptr) continue;
        if (Failure failure = leave_without_supervisor(input)) fail(input, step, failure);
    }
    Failure start;
    if (hold >= 0) {
        char go = 0;
        const long got = read_byte(hold, go);
        if (got == 0) leave(1);  // init is gone
        start = failed(got);
    }
    // For the supervisor, which looks at it when all is over: from here on the command may have
    // run.
    if (!start) start = failed(call(SYS_write, input.ready_read, "", 1));
    if (!start && input.ignore_sigchld) start = set_sigchld(SIG_IGN);
    if (!start) start = failed(signal_mask(SIG_SETMASK, &input.mask, nullptr));
    if (start) fail(input, no_step, {start.error, Detail::start_command});
    // Nothing but filters and exec from here on: a client's filter may allow no more.
    for (; i < plan.seal.size(); ++i) {
        const auto* filter = std::get_if<step::LoadFilter>(&plan.seal[i]);
        Failure failure{EINVAL, Detail::unknown_step};
        if (filter != nullptr) failure = load_filter(*filter);
        if (failure) fail(input, plan.setup.size() + i, failure);
    }
    execute(input);
}

namespace {

// Without a pid namespace init must find what it has to kill: a file of procfs, opened while the
// host's is at hand, that lists its children.
int open_children(const ChildInput& input) {
    const Plan& plan = *input.plan;
    if (plan.namespaces.has(Namespace::pid) || plan.leftovers != Leftovers::kill ||
        plan.init != Init::reaper) {
        return -1;
    }
    const int fd = open_at(input.proc, "thread-self/children", O_RDONLY);
    if (fd < 0) fail(input, plan.setup.size(), {-fd, Detail::start_command});
    const long set = call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (set < 0) fail(input, plan.setup.size(), {static_cast<int>(-set), Detail::start_command});
    return fd;
}

}  // namespace

Failure leave_without_supervisor(const ChildInput& input) {
    pollfd line{input.ready_read, 0, 0};
    const timespec now{0, 0};
    const long ended = call(SYS_ppoll, &line, 1, &now, nullptr, sizeof(std::uint64_t));
    if (ended > 0) leave(1);
    return failed(ended);
}

namespace {

// Whether init leaves the last step of set-up for the time in which the command seals itself.
bool ends_beside_seal(const Plan& plan) {
    return plan.init == Init::reaper && !plan.setup.empty() &&
           std::get_if<step::BringUpLoopback>(&plan.setup.back()) != nullptr;
}

}  // namespace

Failure tie_to_supervisor(const ChildInput& input) {
    if (Failure f = failed(call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))) return f;
    return leave_without_supervisor(input);  // the signal is not sent for one that died before
}

void child_main(ChildInput& input) {
    const Plan& plan = *input.plan;
    close_fd(input.ready_write);
    if (input.cleaner_far >= 0) close_fd(input.cleaner_far);
    Failure begun = tie_to_supervisor(input);
    if (!begun) begun = set_sigchld(SIG_DFL);
    const long umask = call(SYS_umask, 0);
    if (!begun) begun = failed(umask);
    if (begun) fail(input, no_step, begun);

    const bool beside = ends_beside_seal(plan);
    int command = -1;
    int go = -1;
    const bool early = begins_early(plan) && !make_command(input, true, go);
    Setup setup{input};
    for (std::size_t i = 0; i < plan.setup.size() - (beside ? 1 : 0); ++i) {
        setup.step = static_cast<std::int32_t>(i);
        const Failure failure = do_setup_step(setup, plan.setup[i]);
        if (failure) fail(input, i, failure, &setup.excerpt);
    }
    Failure done = failed(call(SYS_umask, umask));
    end_guards(setup);
    if (input.cleaner >= 0) close_fd(input.cleaner);
    // The death signal was for set-up; the command's own is a step of its seal.
    if (!done && plan.init == Init::command) {
        done = failed(call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0));
    }
    if (done) fail(input, no_step, {done.error, Detail::start_command});
    if (plan.init == Init::command) command_main(input, -1);
    const int children = open_children(input);
    const bool late = !early || begin_early_command(input, command);
    Failure made = late ? make_command(input, false, go) : Failure{};
    const Failure up = beside && !made ? bring_up_loopback() : Failure{};
    if (late && !made) made = await_command(input, command);
    if (made) fail(input, plan.setup.size(), {made.error, Detail::start_command});
    if (up) {
        // It may be waiting for somebody else (--block-fd), and nobody waits for it after us.
        end_child(command);
        fail(input, plan.setup.size() - 1, up);
    }
    if (input.init_program >= 0) {
        const Failure f = execute_init(input, go, command, has_own_group(plan));
        end_child(command);
        fail(input, no_step, {f.error, Detail::init_program});
    }
    init_main(input, go, command, has_own_group(plan), children);
}

}  // namespace sbx::sys
