// SPDX-License-Identifier: Apache-2.0
// The flow of the child: set-up, the fork of the command, its seal and its exec.
#include "child/child.hpp"

#include "child/calls.hpp"
#include "child/clone.hpp"
#include "child/guard.hpp"
#include "child/image.hpp"
#include "child/init.hpp"
#include "child/init_loop.hpp"
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

void send(const ChildImage& image, const Excerpt& excerpt) {
    call(SYS_write, image.report_write, &excerpt,
         offsetof(Excerpt, data) + static_cast<std::size_t>(excerpt.size));
}

constexpr auto no_step = static_cast<std::size_t>(-1);

[[noreturn]] void fail(const ChildImage& image, std::size_t step, Failure failure,
                       const Excerpt* excerpt = nullptr) {
    const Report report{static_cast<std::int32_t>(step), failure.error, failure.detail};
    call(SYS_write, image.report_write, &report, sizeof report);
    if (excerpt != nullptr && excerpt->size > 0) send(image, *excerpt);
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
long read_head(const ChildImage& image, std::int32_t candidate, Excerpt& head) {
    const int fd =
        open_at(AT_FDCWD, image.executables[candidate], O_RDONLY | O_NONBLOCK | O_NOCTTY);
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
void send_head(const ChildImage& image, std::int32_t failed, int error) {
    const bool searches = error == ENOENT;  // an interpreter is missing, or all candidates are
    Excerpt head;
    for (std::int32_t i = searches ? 0 : failed; image.executables[i] != nullptr; ++i) {
        if (read_head(image, i, head) >= 0) return send(image, head);
        if (!searches) return;
    }
}

// As execvp(3) does it, from a list that was made before, but for files that are no scripts: the
// kernel refuses a program for another machine as it refuses a script without "#!", and a shell
// would carry out what the bytes of that program happen to say.
[[noreturn]] void execute(const ChildImage& image) {
    Failure failure{ENOENT, Detail::executable};
    std::int32_t which = 0;
    for (std::int32_t i = 0; image.executables[i] != nullptr; ++i) {
        char* file = image.executables[i];
        long result = call(SYS_execve, file, image.argv, image.envp);
        Excerpt head;
        if (result == -ENOEXEC && read_head(image, i, head) >= 0 &&
            is_for_shell({head.data, static_cast<std::size_t>(head.size)})) {
            char shell[] = "/bin/sh";
            image.argv[-1] = shell;
            char* name = image.argv[0];
            image.argv[0] = file;
            result = call(SYS_execve, shell, image.argv - 1, image.envp);
            image.argv[0] = name;
            if (result == -ENOENT) result = -ENOEXEC;
        }
        const int error = static_cast<int>(-result);
        if (error == ENOENT || error == ENOTDIR || error == ESTALE || error == ENODEV ||
            error == ETIMEDOUT) {
            if (image.executables[1] == nullptr) failure.error = error;  // nothing was searched
            continue;
        }
        if (error != EACCES || failure.error != EACCES) {
            failure.error = error;
            which = i;
        }
        if (error != EACCES) break;
    }
    const Report report{which, failure.error, Detail::executable};
    call(SYS_write, image.report_write, &report, sizeof report);
    send_head(image, which, failure.error);
    leave(127);
}

}  // namespace

void await_setup(const ChildImage& image, int hold) {
    char ready = 0;
    const long got = read_byte(hold, ready);
    if (got == 0) leave(1);  // init is gone
    Failure failure = failed(got);
    // Root and working directory were init's until here, so that the pivot was this process's, too.
    if (!failure) failure = failed(call(SYS_unshare, CLONE_FS));
    if (failure) fail(image, no_step, {failure.error, Detail::start_command});
}

void command_main(ChildImage& image, int hold) {
    const Plan& plan = *image.plan;
    image.hold = hold;
    std::size_t i = 0;
    for (; i < plan.seal.size(); ++i) {
        if (std::get_if<step::LoadFilter>(&plan.seal[i]) != nullptr) break;
        const std::size_t step = plan.setup.size() + i;
        if (Failure failure = do_seal_step(image, plan.seal[i])) fail(image, step, failure);
        if (std::get_if<step::DieWithParent>(&plan.seal[i]) == nullptr) continue;
        if (Failure failure = leave_without_supervisor(image)) fail(image, step, failure);
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
    if (!start) start = failed(call(SYS_write, image.ready_read, "", 1));
    if (!start && image.ignore_sigchld) start = set_sigchld(SIG_IGN);
    if (!start) start = failed(signal_mask(SIG_SETMASK, &image.mask, nullptr));
    if (start) fail(image, no_step, {start.error, Detail::start_command});
    // Nothing but filters and exec from here on: a client's filter may allow no more.
    for (; i < plan.seal.size(); ++i) {
        const auto* filter = std::get_if<step::LoadFilter>(&plan.seal[i]);
        Failure failure{EINVAL, Detail::unknown_step};
        if (filter != nullptr) failure = load_filter(*filter);
        if (failure) fail(image, plan.setup.size() + i, failure);
    }
    execute(image);
}

namespace {

// Without a pid namespace init must find what it has to kill: a file of procfs, opened while the
// host's is at hand, that lists its children.
int open_children(const ChildImage& image) {
    const Plan& plan = *image.plan;
    if (plan.namespaces.has(Namespace::pid) || plan.leftovers != Leftovers::kill ||
        plan.init != Init::reaper) {
        return -1;
    }
    const int fd = open_at(image.proc, "thread-self/children", O_RDONLY);
    if (fd < 0) fail(image, plan.setup.size(), {-fd, Detail::start_command});
    const long set = call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (set < 0) fail(image, plan.setup.size(), {static_cast<int>(-set), Detail::start_command});
    return fd;
}

}  // namespace

Failure leave_without_supervisor(const ChildImage& image) {
    pollfd line{image.ready_read, 0, 0};
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

Failure tie_to_supervisor(const ChildImage& image) {
    if (Failure f = failed(call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))) return f;
    return leave_without_supervisor(image);  // the signal is not sent for one that died before
}

void child_main(ChildImage& image) {
    const Plan& plan = *image.plan;
    close_fd(image.ready_write);
    if (image.cleaner_far >= 0) close_fd(image.cleaner_far);
    Failure begun = tie_to_supervisor(image);
    if (!begun) begun = set_sigchld(SIG_DFL);
    const long umask = call(SYS_umask, 0);
    if (!begun) begun = failed(umask);
    if (begun) fail(image, no_step, begun);

    const bool beside = ends_beside_seal(plan);
    int command = -1;
    int go = -1;
    const bool early = begins_early(plan) && !make_command(image, true, go);
    Setup setup{image};
    for (std::size_t i = 0; i < plan.setup.size() - (beside ? 1 : 0); ++i) {
        setup.step = static_cast<std::int32_t>(i);
        const Failure failure = do_setup_step(setup, plan.setup[i]);
        if (failure) fail(image, i, failure, &setup.excerpt);
    }
    Failure done = failed(call(SYS_umask, umask));
    end_guards(setup);
    if (image.cleaner >= 0) close_fd(image.cleaner);
    // The death signal was for set-up; the command's own is a step of its seal.
    if (!done && plan.init == Init::command) {
        done = failed(call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0));
    }
    if (done) fail(image, no_step, {done.error, Detail::start_command});
    if (plan.init == Init::command) command_main(image, -1);
    const int children = open_children(image);
    const bool late = !early || begin_early_command(image, command);
    Failure made = late ? make_command(image, false, go) : Failure{};
    const Failure up = beside && !made ? bring_up_loopback() : Failure{};
    if (late && !made) made = await_command(image, command);
    if (made) fail(image, plan.setup.size(), {made.error, Detail::start_command});
    if (up) {
        // It may be waiting for somebody else (--block-fd), and nobody waits for it after us.
        end_child(command);
        fail(image, plan.setup.size() - 1, up);
    }
    if (image.init_program >= 0) {
        const Failure f = execute_init(image, go, command, has_own_group(plan));
        end_child(command);
        fail(image, no_step, {f.error, Detail::init_program});
    }
    init_main(image, go, command, has_own_group(plan), children);
}

}  // namespace sbx::sys
