// SPDX-License-Identifier: Apache-2.0
// sbx is killed with SIGKILL, at any moment of its life, and nothing is left: no process, no mount,
// no file. What survived it would come to the test as its subreaper, and be waited for in vain.
#include "id_maps.hpp"
#include "keeper.hpp"
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <optional>
#include <random>
#include <utility>

namespace integration {
namespace {

using Options = std::vector<std::string>;

struct Case {
    Name name;
    Options options;
};

// Waits so long; there is no event for the middle of something.
void wait_microseconds(long microseconds) {
    const timespec span{0, microseconds * 1000};
    ::ppoll(nullptr, 0, &span, nullptr);
}

// Everything that set-up can be at: each kind of mount, files, descriptors, an identity.
Options rich(const TemporaryDirectory& place) {
    return {"--dev",
            "/dev",
            "--tmpfs",
            "/t",
            "--bind",
            place.path(),
            "/b",
            "--file",
            "7",
            "/t/file",
            "--ro-bind-data",
            "8",
            "/data",
            "--overlay-src",
            place.path(),
            "--tmp-overlay",
            "/o",
            "--dir",
            "/t/one/two/three",
            "--symlink",
            "target",
            "/t/link",
            "--chmod",
            "0700",
            "/t/one",
            "--uid",
            "1000",
            "--gid",
            "1000"};
}

// Starts sbx, kills it after `microseconds`, and waits until it and all that it left are gone:
// orphans come to the calling process, which is their subreaper.
void kill_once(const Start& start, long microseconds) {
    Running running(start);
    wait_microseconds(microseconds);
    running.send(SIGKILL);
    running.wait();
    while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
    }
}

// `times` kills at moments of the first `most` microseconds.
void kill_at_random(const Case& c, int times, long most) {
    const TemporaryDirectory place;
    place.file("file", "x");
    Pipe life = make_pipe();
    const std::string before = place.listing();
    const std::string mounts = read_whole("/proc/self/mountinfo");
    const std::string out = in_child([&] {
        ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        std::mt19937 random(20'250'101);  // the same moments each time
        std::uniform_int_distribution<long> moment(0, most);
        const Pipe input = make_pipe();
        for (int i = 0; i < times; ++i) {
            const Descriptor content = file_with("content");
            const Descriptor data = file_with("data");
            Options options = rich(place);
            options.insert(options.end(), c.options.begin(), c.options.end());
            // Half of them leave processes that heed no signal, the other half wait.
            Start start = sandbox(
                c.name, options,
                i % 2 == 0 ? Options{"wait-end", "0"} : Options{"linger", ",", "wait-end", "0"});
            start.descriptors = {
                {0, input.read.get()}, {7, content.get()}, {8, data.get()}, {9, life.write.get()}};
            kill_once(start, moment(random));
        }
        return std::string("none left");
    });
    life.write.close();
    INFO((c.options.empty() ? "" : c.options[0]));
    CHECK(out == "none left");
    // Nobody has it any more, wherever it may be.
    CHECK(has_ended(life.read));
    CHECK(place.listing() == before);
    CHECK(read_whole("/proc/self/mountinfo") == mounts);
}

constexpr int content_fd = 78;  // a number that none of sbx's own descriptors has

const Options kept = {"--keep-fd", "9"};

TEST_CASE("nothing is left of an sbx that is killed at a random moment", "[killed]") {
    constexpr long most = 12'000;  // twice as long as it takes the command to run
    kill_at_random({Name::sbx, kept}, 60, most);
    kill_at_random({Name::sbx, {"--keep-fd", "9", "--cap-add", "ALL"}}, 30, most);
    kill_at_random({Name::sbx, {"--keep-fd", "9", "--share-pid"}}, 30, most);
    kill_at_random({Name::sbx, {"--keep-fd", "9", "--disable-userns"}}, 20, most);
    kill_at_random({Name::sbx, {"--keep-fd", "9", "--new-session"}}, 20, most);
    kill_at_random({Name::bwrap,
                    {"--unshare-user", "--unshare-pid", "--die-with-parent", "--cap-drop", "ALL"}},
                   60, most);
    kill_at_random(
        {Name::bwrap, {"--unshare-all", "--die-with-parent", "--cap-add", "CAP_SYS_ADMIN"}}, 30,
        most);
}

// Kills sbx in the worst moment: before init has asked for the signal of its parent's death, which
// is not sent for one that died before. With --pidns a helper that shares sbx's descriptors is
// still there at that time, and holds the life line open.
void kill_before_tie(Start start, const Descriptor& written) {
    REQUIRE(::write(written.get(), "x", 1) == 1);
    const bool helped = start.name == Name::bwrap;
    Stepper stepper(std::move(start), {SYS_prctl, SYS_exit_group, SYS_read});
    std::optional<Moment> helper;
    std::optional<Moment> init;
    bool killed = false;
    while (const auto moment = stepper.next()) {
        const auto& call = moment->data;
        if (call.nr == SYS_exit_group && helped && !helper && !killed) {
            helper = moment;
        } else if (call.nr == SYS_prctl && call.args[0] == PR_SET_PDEATHSIG && !init &&
                   static_cast<pid_t>(moment->pid) != stepper.pid()) {
            init = moment;
        } else {
            // Set-up reads: whoever was to be looked for by then has been.
            const bool reads = call.nr == SYS_read && call.args[0] == content_fd;
            if (reads && helper) stepper.go_on(*helper);
            stepper.go_on(*moment);
            continue;
        }
        if (killed || !init || (helped && !helper)) continue;
        ::kill(stepper.pid(), SIGKILL);
        CHECK(stepper.wait().signal == SIGKILL);
        killed = true;
        stepper.go_on(*init);
    }
    CHECK(killed);
}

TEST_CASE("nothing is left of an sbx that is killed before init can know", "[killed]") {
    const std::string number = std::to_string(content_fd);
    for (const char* option : {"--file", "--ro-bind-data"}) {
        const Pipe endless = make_pipe();
        Start start = sbx({option, number, "/x"}, {"exit", "0"});
        start.descriptors = {{content_fd, endless.read.get()}};
        kill_before_tie(start, endless.write);

        const Keeper keeper(Keeper::With::pid);
        const Pipe more = make_pipe();
        Start joining = bwrap({"--userns", "7", "--pidns", "8", "--uid", "0", "--gid", "0",
                               "--die-with-parent", option, number, "/x"},
                              {"exit", "0"});
        joining.descriptors = {
            {7, keeper.user()}, {8, keeper.pid_namespace()}, {content_fd, more.read.get()}};
        kill_before_tie(joining, more.write);
    }
}

// A user namespace with more ids than the caller's, held open by a process.
class ManyIds {
public:
    ManyIds() {
        Pipe ready = make_pipe();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whatever becomes of the test
            if (::unshare(CLONE_NEWUSER) != 0) ::_exit(1);
            if (::write(ready.write.get(), "x", 1) != 1) ::_exit(1);
            ::pause();
        }
        read_until(ready.read, "x");
        const std::string pid = std::to_string(pid_);
        mapped_ = map_ids(pid);
        user_ = Descriptor(::open(("/proc/" + pid + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    }
    ManyIds(const ManyIds&) = delete;
    ManyIds& operator=(const ManyIds&) = delete;
    ~ManyIds() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    bool mapped() const { return mapped_; }
    int user() const { return user_.get(); }

private:
    pid_t pid_ = -1;
    bool mapped_ = false;
    Descriptor user_;
};

// It does not look: it is stopped in the middle of a system call, and is not let go.
TEST_CASE("init dies with sbx wherever set-up is, whatever its ids have become", "[killed]") {
    const ManyIds ids;
    REQUIRE(ids.mapped());
    for (const Name name : {Name::sbx, Name::bwrap}) {
        for (Options options :
             std::vector<Options>{{"--unshare-user"},
                                  {"--userns", "7", "--uid", "0", "--gid", "0"},
                                  // The kernel forgets the death signal where ids change.
                                  {"--userns", "7", "--uid", "5", "--gid", "5"}}) {
            INFO((name == Name::sbx ? "sbx " : "bwrap ") << options.front() << options.back());
            options.emplace_back("--unshare-pid");
            Start start = sandbox(name, options, {"exit", "0"});
            start.descriptors = {{7, ids.user()}};
            Stepper stepper(start, {SYS_pivot_root});
            REQUIRE(stepper.next());
            ::kill(stepper.pid(), SIGKILL);
            CHECK(stepper.wait().signal == SIGKILL);
            CHECK_FALSE(stepper.next());
        }
    }
}

bool asks_for_death(const Moment& moment, int signal) {
    return moment.data.nr == SYS_prctl && moment.data.args[0] == PR_SET_PDEATHSIG &&
           moment.data.args[1] == static_cast<unsigned>(signal);
}

TEST_CASE("nothing is left of an sbx that is killed before the command can know", "[killed]") {
    // Where there is no init that would: set-up has given up its death signal, and the command asks
    // for its own.
    for (const auto& [name, options] : std::vector<std::pair<Name, Options>>{
             {Name::sbx, {"--as-pid-1"}},
             {Name::bwrap, {"--die-with-parent"}},
             {Name::bwrap, {"--die-with-parent", "--unshare-pid", "--as-pid-1"}}}) {
        INFO(options.front());
        const Pipe input = make_pipe();
        Start start = sandbox(name, options, {"wait-end", "0"});
        start.descriptors = {{0, input.read.get()}};
        Stepper stepper(start, {SYS_prctl});
        bool given_up = false;
        bool killed = false;
        while (const auto moment = stepper.next()) {
            if (static_cast<pid_t>(moment->pid) != stepper.pid()) {
                given_up = given_up || asks_for_death(*moment, 0);
                if (given_up && !killed && asks_for_death(*moment, SIGKILL)) {
                    killed = true;
                    ::kill(stepper.pid(), SIGKILL);
                    CHECK(stepper.wait().signal == SIGKILL);
                }
            }
            stepper.go_on(*moment);
        }
        CHECK(killed);
    }
}

TEST_CASE("nothing is left by --die-with-parent when the parent dies before sbx can know",
          "[killed]") {
    for (const Name name : {Name::sbx, Name::bwrap}) {
        const std::string out = in_reaped_child([&] {
            const Pipe input = make_pipe();
            Start start = sandbox(name, {"--unshare-pid", "--die-with-parent"}, {"wait-end", "0"});
            start.descriptors = {{0, input.read.get()}};
            // What is started here is the parent, and sbx its child.
            start.prepare = [] {
                if (::fork() == 0) return;
                for (int fd = 0; fd < 3; ++fd) ::close(fd);
                while (true) ::pause();
            };
            Stepper stepper(start, {SYS_prctl});
            bool killed = false;
            while (const auto moment = stepper.next()) {
                if (!killed && asks_for_death(*moment, SIGKILL)) {
                    killed = true;
                    ::kill(stepper.pid(), SIGKILL);
                    stepper.wait();
                }
                stepper.go_on(*moment);
            }
            return std::string(killed ? "none left" : "never asked");
        });
        CHECK(out == "none left\n");
    }
}

}  // namespace
}  // namespace integration
