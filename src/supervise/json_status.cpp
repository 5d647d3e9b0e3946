// SPDX-License-Identifier: Apache-2.0
#include "supervise/json_status.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace sbx::sys {
namespace {

// For as long as it lives, writing to a pipe that nobody reads gives EPIPE and no signal.
class NoPipeSignal {
public:
    NoPipeSignal() {
        sigset_t pending;
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    NoPipeSignal(const NoPipeSignal&) = delete;
    NoPipeSignal& operator=(const NoPipeSignal&) = delete;
    ~NoPipeSignal() {
        const timespec now{0, 0};
        if (!was_pending_) sigtimedwait(&pipe_, nullptr, &now);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    sigset_t pipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

// 0 or errno.
int write_all(int fd, const std::string& text) {
    const NoPipeSignal quiet;
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t put = ::write(fd, text.data() + done, text.size() - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno;
        done += static_cast<std::size_t>(put);
    }
    return 0;
}

}  // namespace

JsonStatus::JsonStatus(const Plan& plan, int proc, pid_t pid) : plan_(plan) {
    struct Row {
        Namespace kind;
        const char* key;
        const char* file;
    };
    static constexpr std::array<Row, 6> rows = {{
        {Namespace::cgroup, "cgroup-namespace", "cgroup"},
        {Namespace::ipc, "ipc-namespace", "ipc"},
        {Namespace::mount, "mnt-namespace", "mnt"},
        {Namespace::network, "net-namespace", "net"},
        {Namespace::pid, "pid-namespace", "pid"},
        {Namespace::uts, "uts-namespace", "uts"},
    }};
    NamespaceSet made = plan.namespaces;
    for (const Step& step : plan.setup) {
        if (const auto* s = std::get_if<step::EnterUserNamespace>(&step)) made.add(s->also);
    }
    members_.push_back("\"child-pid\": " + std::to_string(pid));
    for (const Row& row : rows) {
        if (!made.has(row.kind)) continue;
        const std::string path = std::to_string(pid) + "/ns/" + row.file;
        struct stat status {};
        if (::fstatat(proc, path.c_str(), &status, 0) != 0) continue;  // it has ended already
        members_.push_back("\"" + std::string(row.key) + "\": " + std::to_string(status.st_ino));
    }
}

std::string JsonStatus::text(const char* begin, const char* between, const char* end) const {
    std::string out = begin;
    for (std::size_t i = 0; i < members_.size(); ++i) out += (i == 0 ? "" : between) + members_[i];
    return out + end;
}

Result<void> JsonStatus::write_start() const {
    const auto failure = [&](const char* option, int fd, int error) {
        if (plan_.wording == Wording::bubblewrap) {
            return Error{std::string("Write to info_fd: ") + std::strerror(error)};
        }
        return Error{std::string(option) + ": writing to descriptor " + std::to_string(fd) + ": " +
                     error_text(error)};
    };
    if (plan_.info_fd) {
        const int error = write_all(*plan_.info_fd, text("{\n    ", ",\n    ", "\n}\n"));
        if (error != 0) return failure("--info-fd", *plan_.info_fd, error);
        ::close(*plan_.info_fd);
    }
    if (!plan_.json_status_fd) return {};
    const int error = write_all(*plan_.json_status_fd, text("{ ", ", ", " }\n"));
    if (error != 0) return failure("--json-status-fd", *plan_.json_status_fd, error);
    return {};
}

void write_exit_code(int fd, const Outcome& outcome) {
    const int code = outcome.end == Outcome::End::exited ? outcome.code : 128 + outcome.code;
    [[maybe_unused]] const int error =
        write_all(fd, "{ \"exit-code\": " + std::to_string(code) + " }\n");
}

}  // namespace sbx::sys
