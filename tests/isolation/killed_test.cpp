// SPDX-License-Identifier: Apache-2.0
// sbx is killed with SIGKILL, at any moment of its life, and nothing is left: no process, no mount,
// no file. What survived it would come to the test as its subreaper, and be waited for in vain.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <random>

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

}  // namespace
}  // namespace integration
