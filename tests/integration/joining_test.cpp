// SPDX-License-Identifier: Apache-2.0
// Namespaces that somebody else made: --userns, --userns2, --pidns.
#include "keeper.hpp"
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};
using Options = std::vector<std::string>;
using With = Keeper::With;

int failed(Name name) { return name == Name::sbx ? 125 : 1; }

std::string user_of(const std::string& out) { return value(out, "ns user"); }

TEST_CASE("--userns enters the user namespace of the descriptor", "[joining]") {
    for (const Name name : both) {
        const Keeper keeper(With::nothing);
        Start start = sandbox(name, {"--userns", "7", "--uid", "0", "--gid", "0"},
                              {"namespaces", ",", "ids", ",", "capabilities", ",", "descriptors"});
        start.descriptors = {{7, keeper.user()}};
        const std::string out = output(start);
        INFO(out);
        CHECK(user_of(out) == Keeper::name_of(keeper.user()));
        CHECK(value(out, "uid") == "0 0 0");
        CHECK(value(out, "gid") == "0 0 0");
        if (name == Name::sbx || !is_root()) {
            CHECK(value(out, "permitted") == "0");
            CHECK(value(out, "bounding") == "0");
        }
        CHECK_FALSE(contains(out, "fd 7"));
    }
}

TEST_CASE("an id that the namespace does not have cannot be taken", "[joining]") {
    for (const Name name : both) {
        const Keeper keeper(With::nothing);
        Start start =
            sandbox(name, {"--userns", "7", "--uid", "12345", "--gid", "0"}, {"exit", "0"});
        start.descriptors = {{7, keeper.user()}};
        const Ended ended = run(start);
        CHECK(ended.status == failed(name));
        CHECK_FALSE(ended.err.empty());
    }
}

TEST_CASE("a capability that is kept in it does not own the mounts", "[joining]") {
    const TemporaryDirectory place;
    place.file("file", "x");
    for (const Name name : both) {
        const Keeper keeper(With::nothing);
        Options options = {"--userns",  "7",          "--uid",     "0",
                           "--gid",     "0",          "--cap-add", "CAP_SYS_ADMIN",
                           "--ro-bind", place.path(), "/ro"};
        if (name == Name::sbx)
            options.insert(options.end(), {"--seccomp-policy", "none", "--allow-userns"});
        Start start = sandbox(name, options,
                              {"remount-rw", "/ro", ",", "unmount", "/ro", ",", "write", "/ro/file",
                               "y", ",", "ids", ",", "capabilities"});
        start.descriptors = {{7, keeper.user()}};
        const std::string out = output(start);
        INFO(out);
        CHECK(out.rfind("remount-rw EPERM\nunmount EINVAL\nwrite EROFS\n", 0) == 0);
        CHECK(value(out, "uid") == "0 0 0");
        CHECK(value(out, "permitted") != "0");
    }
    CHECK(read_whole(place.path() + "/file") == "x");
}

TEST_CASE("what --userns cannot enter", "[joining]") {
    for (const Name name : both) {
        // The caller's own: nobody can enter what it is in.
        const Descriptor own(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
        Start start = sandbox(name, {"--userns", "7"}, {"exit", "0"});
        start.descriptors = {{7, own.get()}};
        const Ended ended = run(start);
        INFO(ended.err);
        CHECK(ended.status == failed(name));
        CHECK(contains(ended.err, name == Name::sbx
                                      ? "joining the specified user namespace failed: invalid "
                                        "argument"
                                      : "bwrap: Joining the specified user namespace failed, it "
                                        "might not be a descendant of the current user "
                                        "namespace"));
        CHECK(contains(ended.err, "might not be a descendant"));
        // No namespace at all.
        const Descriptor file = file_with("x");
        start.descriptors = {{7, file.get()}};
        CHECK(run(start).status == failed(name));
        const Descriptor net(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
        start.descriptors = {{7, net.get()}};
        CHECK(run(start).status == failed(name));
    }
}

TEST_CASE("--userns goes with no option that makes a user namespace", "[joining]") {
    const Keeper keeper(With::nothing);
    for (const char* option : {"--unshare-user", "--unshare-user-try"}) {
        Start start = bwrap({"--userns", "7", option}, {"exit", "0"});
        start.descriptors = {{7, keeper.user()}};
        const Ended ended = run(start);
        CHECK(ended.status == 1);
        CHECK(ended.err == std::string("bwrap: --userns not compatible ") + option + "\n");
    }
}

TEST_CASE("--userns2 is entered when all is set up", "[joining]") {
    for (const Name name : both) {
        const Keeper keeper(With::child);
        const TemporaryDirectory place;
        Start start = sandbox(name,
                              {"--userns", "7", "--userns2", "8", "--uid", "0", "--gid", "0",
                               "--bind", place.path(), "/d"},
                              {"namespaces", ",", "ids", ",", "write", "/d/x", "y"});
        start.descriptors = {{7, keeper.user()}, {8, keeper.child()}};
        const std::string out = output(start);
        INFO(out);
        CHECK(user_of(out) == Keeper::name_of(keeper.child()));
        CHECK(value(out, "uid") == "0 0 0");
        CHECK(has_line(out, "write ok"));
    }
}

TEST_CASE("--userns2 and a kept capability: the mounts are not its own", "[joining]") {
    for (const Name name : both) {
        const Keeper keeper(With::child);
        const TemporaryDirectory place;
        Options options = {"--userns",  "7",          "--userns2", "8",         "--uid",
                           "0",         "--gid",      "0",         "--cap-add", "CAP_SYS_ADMIN",
                           "--ro-bind", place.path(), "/ro"};
        if (name == Name::sbx)
            options.insert(options.end(), {"--seccomp-policy", "none", "--allow-userns"});
        Start start = sandbox(name, options, {"remount-rw", "/ro", ",", "unmount", "/ro"});
        start.descriptors = {{7, keeper.user()}, {8, keeper.child()}};
        CHECK(output(start) == "remount-rw EPERM\nunmount EPERM\n");
    }
}

TEST_CASE("a user namespace that is not below the sandbox's is no --userns2", "[joining]") {
    const Keeper keeper(With::nothing);
    for (const Name name : both) {
        Start start = sandbox(name, {"--unshare-user", "--userns2", "8"}, {"exit", "0"});
        start.descriptors = {{8, keeper.user()}};
        const Ended ended = run(start);
        INFO(ended.err);
        CHECK(ended.status == failed(name));
        CHECK(contains(ended.err, name == Name::sbx
                                      ? "enter the user namespace of descriptor 8: "
                                      : "bwrap: Setting userns2 failed: Operation not permitted"));
    }
}

// Options and descriptors for the namespaces of a keeper.
Start in_pid_namespace(Name name, const Keeper& keeper, Options options, const Options& sentence) {
    options.insert(options.end(), {"--userns", "7", "--uid", "0", "--gid", "0", "--pidns", "8"});
    Start start = sandbox(name, options, sentence);
    start.descriptors = {{7, keeper.user()}, {8, keeper.pid_namespace()}};
    return start;
}

TEST_CASE("--pidns enters the pid namespace of the descriptor", "[joining]") {
    const Keeper keeper(With::pid);
    const std::string out = output(
        in_pid_namespace(Name::bwrap, keeper, {}, {"namespaces", ",", "running", ",", "process"}));
    INFO(out);
    CHECK(value(out, "ns pid") == Keeper::name_of(keeper.pid_namespace()));
    CHECK(contains(value(out, "running") + " ", "1 "));
    CHECK(value(out, "pid") != "1");
}

TEST_CASE("--pidns with --unshare-pid is a namespace below it", "[joining]") {
    for (const Name name : both) {
        const Keeper keeper(With::pid);
        const std::string out = output(in_pid_namespace(
            name, keeper, {"--unshare-pid"}, {"namespaces", ",", "running", ",", "process"}));
        INFO(out);
        CHECK(value(out, "ns pid") != Keeper::name_of(keeper.pid_namespace()));
        CHECK(value(out, "running") == "1 2");
        CHECK(value(out, "pid") == "2");
    }
}

TEST_CASE("statuses, signals and leftovers in a pid namespace of the caller's", "[joining]") {
    for (const Name name : both) {
        const Keeper keeper(With::pid);
        const Options options =
            name == Name::sbx ? Options{} : Options{"--unshare-pid", "--die-with-parent"};
        CHECK(run(in_pid_namespace(name, keeper, options, {"exit", "7"})).status == 7);
        CHECK(run(in_pid_namespace(name, keeper, options, {"raise", "TERM"})).status == 143);
        Pipe life = make_pipe();
        Options all = options;
        all.insert(all.end(), {"--keep-fd", "9"});
        Start start = in_pid_namespace(name, keeper, all, {"linger", ",", "exit", "5"});
        start.descriptors.emplace_back(9, life.write.get());
        Running running(start);
        life.write.close();
        CHECK(running.wait().status == 5);
        CHECK(ends(life.read));
    }
    const Keeper keeper(With::pid);
    CHECK(run(in_pid_namespace(Name::bwrap, keeper, {}, {"exit", "7"})).status == 7);
    CHECK(run(in_pid_namespace(Name::bwrap, keeper, {}, {"raise", "KILL"})).status == 137);
}

TEST_CASE("child-pid is a number of the caller's, whatever the pid namespace", "[joining]") {
    const Keeper keeper(With::pid);
    Pipe info = make_pipe();
    Pipe control = make_pipe();
    Start start = in_pid_namespace(Name::bwrap, keeper, {"--unshare-pid", "--info-fd", "9"},
                                   {"echo", "up", ",", "wait-end", "0"});
    start.descriptors.emplace_back(9, info.write.get());
    start.descriptors.emplace_back(0, control.read.get());
    Running running(start);
    info.write.close();
    running.expect("up\n");
    const std::string told = read_until(info.read, "}\n");
    const std::string key = "\"child-pid\": ";
    const std::string pid = std::to_string(std::atoi(told.c_str() + told.find(key) + key.size()));
    const std::string status = read_whole("/proc/" + pid + "/status");
    INFO(status);
    CHECK(contains(status, "PPid:\t" + std::to_string(running.pid()) + "\n"));
    control.write.close();
    CHECK(running.wait().status == 0);
}

}  // namespace
}  // namespace integration
