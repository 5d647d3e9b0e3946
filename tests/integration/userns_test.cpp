// SPDX-License-Identifier: Apache-2.0
// User namespaces: ids that the caller maps (--userns-block-fd), and none that the command can make
// (--disable-userns, --assert-userns-disabled); and those that may be left out (-try).
#include "id_maps.hpp"
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};
using Options = std::vector<std::string>;

int failed(Name name) { return name == Name::sbx ? 125 : 1; }

std::string child_pid(const std::string& info) {
    const std::string key = "\"child-pid\": ";
    const std::size_t at = info.find(key);
    REQUIRE(at != std::string::npos);
    return std::to_string(std::atoi(info.c_str() + at + key.size()));
}

// A sandbox whose ids this test maps, as container tools do it.
struct Mapped {
    Ended ended;
    bool more = false;
};

Mapped run_mapped(Name name, Options options, const Options& sentence) {
    Pipe info = make_pipe();
    Pipe go = make_pipe();
    options.insert(options.end(), {"--unshare-user", "--userns-block-fd", "7", "--info-fd", "8"});
    Start start = sandbox(name, options, sentence);
    start.descriptors = {{7, go.read.get()}, {8, info.write.get()}};
    Running running(start);
    info.write.close();
    go.read.close();
    Mapped out;
    const std::string told = read_until(info.read, "}\n");
    // Clients read to the end of file before they map anything.
    char byte = 0;
    REQUIRE(ends(info.read));
    REQUIRE(::read(info.read.get(), &byte, 1) == 0);
    out.more = map_ids(child_pid(told));
    REQUIRE(::write(go.write.get(), "x", 1) == 1);
    out.ended = running.wait();
    return out;
}

TEST_CASE("--userns-block-fd: the ids are those that the caller maps", "[userns]") {
    for (const Name name : both) {
        for (const Options& options :
             {Options{}, {"--dev", "/dev"}, {"--unshare-pid"}, {"--unshare-all"}}) {
            INFO((options.empty() ? "" : options[0]));
            const TemporaryDirectory place;
            Options all = options;
            all.insert(all.end(), {"--bind", place.path(), "/d"});
            const Mapped mapped = run_mapped(name, all,
                                             {"ids", ",", "write", "/d/x", "y", ",", "read",
                                              "/proc/self/uid_map", ",", "descriptors"});
            INFO(mapped.ended.out << mapped.ended.err);
            REQUIRE(mapped.ended.status == 0);
            CHECK(value(mapped.ended.out, "uid") == "0 0 0");
            CHECK(value(mapped.ended.out, "gid") == "0 0 0");
            CHECK(has_line(mapped.ended.out, "write ok"));
            CHECK(contains(value(mapped.ended.out, "read ok"), "\\x0a"));
            CHECK_FALSE(contains(mapped.ended.out, "fd 7"));
            CHECK_FALSE(contains(mapped.ended.out, "fd 8"));
        }
    }
}

TEST_CASE("a range of ids that the caller maps is there, in the second namespace too", "[userns]") {
    for (const Name name : both) {
        for (const Options& options : {Options{}, {"--cap-add", "CAP_CHOWN"}}) {
            const Mapped mapped = run_mapped(
                name, options,
                {"read", "/proc/self/uid_map", ",", "read", "/proc/self/gid_map", ",", "ids"});
            INFO(mapped.ended.out << mapped.ended.err);
            REQUIRE(mapped.ended.status == 0);
            CHECK(value(mapped.ended.out, "uid") == "0 0 0");
            const std::string map = lines_of(mapped.ended.out).at(0);
            // Two lines of the map where the caller may have a range.
            CHECK(contains(map, "10\\x0a") == mapped.more);
        }
    }
}

TEST_CASE("with ids of the caller's a kept capability undoes no bind", "[userns]") {
    const TemporaryDirectory place;
    place.file("file", "x");
    const std::string before = place.listing();
    for (const Name name : both) {
        for (const char* which : {"ALL", "CAP_SYS_ADMIN"}) {
            Options options = {"--cap-add", which,     "--ro-bind", place.path(),
                               "/ro",       "--tmpfs", "/hidden",   "--dir",
                               "/hidden/t", "--tmpfs", "/hidden/t"};
            if (name == Name::sbx)
                options.insert(options.end(), {"--seccomp-policy", "none", "--allow-userns"});
            const Mapped mapped =
                run_mapped(name, options,
                           {"remount-rw", "/ro", ",", "unmount", "/ro", ",", "unmount", "/hidden/t",
                            ",", "write", "/ro/file", "y", ",", "mount", "/hidden/t"});
            INFO(mapped.ended.err);
            CHECK(mapped.ended.out ==
                  "remount-rw EPERM\nunmount EINVAL\nunmount EINVAL\nwrite EROFS\nmount ok\n");
        }
    }
    CHECK(place.listing() == before);
}

TEST_CASE("without capabilities the command has none, whoever mapped its ids", "[userns]") {
    for (const Name name : both) {
        const Mapped mapped = run_mapped(name, {"--cap-drop", "ALL"}, {"capabilities"});
        for (const char* set : {"permitted", "effective", "bounding", "ambient", "inheritable"}) {
            CHECK(value(mapped.ended.out, set) == "0");
        }
    }
}

TEST_CASE("ids that nobody maps", "[userns]") {
    for (const Name name : both) {
        Pipe info = make_pipe();
        Pipe go = make_pipe();
        Start start =
            sandbox(name, {"--unshare-user", "--userns-block-fd", "7", "--info-fd", "8"}, {"ids"});
        start.descriptors = {{7, go.read.get()}, {8, info.write.get()}};
        Running running(start);
        info.write.close();
        go.read.close();
        read_until(info.read, "}\n");
        go.write.close();  // an end of file lets it go on as a byte does
        const Ended ended = running.wait();
        INFO(ended.err);
        CHECK(ended.signal == 0);
        CHECK(ended.status == failed(name));
        CHECK_FALSE(ended.err.empty());
    }
}

TEST_CASE("sbx ends by a signal while it waits for ids", "[userns]") {
    for (const int signal : {SIGTERM, SIGINT}) {
        Pipe info = make_pipe();
        const Pipe go = make_pipe();
        Start start = sbx({"--userns-block-fd", "7", "--info-fd", "8"}, {"ids"});
        start.descriptors = {{7, go.read.get()}, {8, info.write.get()}};
        Running running(start);
        info.write.close();
        read_until(info.read, "}\n");
        running.send(signal);
        CHECK(running.wait().status == 128 + signal);
    }
}

TEST_CASE("what --userns-block-fd needs", "[userns]") {
    const Descriptor fd = file_with("");
    const auto refused = [&](const Options& options) {
        Start start = bwrap(options, {"exit", "0"});
        start.descriptors = {{7, fd.get()}, {8, fd.get()}};
        return run(start).err;
    };
    CHECK(refused({"--unshare-user", "--userns-block-fd", "7"}) ==
          "bwrap: --userns-block-fd requires --info-fd\n");
    CHECK(refused({"--userns-block-fd", "7", "--info-fd", "8"}) ==
          "bwrap: --userns-block-fd requires --unshare-user\n");
    CHECK(refused({"--unshare-user", "--disable-userns", "--userns-block-fd", "7", "--info-fd",
                   "8"}) == "bwrap: --disable-userns is not compatible with --userns-block-fd\n");
}

TEST_CASE("--disable-userns: no user namespace can be made inside", "[userns]") {
    for (const Name name : both) {
        for (const Options& more : {Options{},
                                    {"--dev", "/dev"},
                                    {"--cap-add", "ALL"},
                                    {"--cap-add", "CAP_SYS_ADMIN", "--dev", "/dev"},
                                    {"--uid", "7", "--gid", "8"},
                                    {"--unshare-all"},
                                    {"--cap-drop", "ALL"}}) {
            INFO((more.empty() ? "" : more[0]));
            Options options = {"--unshare-user", "--disable-userns"};
            options.insert(options.end(), more.begin(), more.end());
            if (name == Name::sbx) options.insert(options.end(), {"--seccomp-policy", "none"});
            const Ended ended =
                run(sandbox(name, options, {"unshare-user", ",", "clone3-user", ",", "ids"}));
            INFO(ended.err);
            CHECK(ended.status == 0);
            CHECK(ended.out.rfind("unshare-user ENOSPC\nclone3-user ENOSPC\n", 0) == 0);
            if (more.size() == 4 && more[0] == "--uid") {
                CHECK(value(ended.out, "uid") == "7 7 7");
                CHECK(value(ended.out, "gid") == "8 8 8");
            }
        }
    }
}

TEST_CASE("without it they can", "[userns]") {
    CHECK(output(bwrap({"--unshare-user"}, {"unshare-user"})) == "unshare-user ok\n");
    CHECK(output(bwrap({"--unshare-user"}, {"clone3-user"})) == "clone3-user ok\n");
}

TEST_CASE("the command cannot raise the limit again", "[userns]") {
    for (const Name name : both) {
        Options options = {"--unshare-user", "--disable-userns", "--cap-add", "ALL"};
        if (name == Name::sbx) options.insert(options.end(), {"--seccomp-policy", "none"});
        const std::string out = output(
            sandbox(name, options,
                    {"write", "/proc/sys/user/max_user_namespaces", "100", ",", "unshare-user"}));
        // Its own namespace's limit is not the one that is used up.
        CHECK(contains(out, "unshare-user ENOSPC\n"));
    }
}

TEST_CASE("--disable-userns needs --unshare-user by name", "[userns]") {
    for (const Options& options : {Options{}, {"--unshare-all"}, {"--unshare-user-try"}}) {
        Options all = options;
        all.emplace_back("--disable-userns");
        const Ended ended = run(bwrap(all, {"exit", "0"}));
        CHECK(ended.status == 1);
        CHECK(ended.err == "bwrap: --disable-userns requires --unshare-user\n");
    }
    CHECK(run(sbx({"--disable-userns"}, {"exit", "0"})).status == 0);
}

TEST_CASE("--assert-userns-disabled fails where user namespaces can be made", "[userns]") {
    for (const Name name : both) {
        for (const Options& more : {Options{}, {"--unshare-user"}, {"--unshare-pid"}}) {
            Options options = more;
            options.emplace_back("--assert-userns-disabled");
            const Ended ended = run(sandbox(name, options, {"echo", "ran"}));
            CHECK(ended.status == failed(name));
            CHECK(ended.out.empty());
            CHECK(contains(ended.err,
                           "creation of new user namespaces was not disabled as requested"));
        }
        Options disabled = {"--unshare-user", "--disable-userns", "--assert-userns-disabled"};
        CHECK(output(sandbox(name, disabled, {"echo", "ran"})) == "ran\n");
        // A limit of the machine will do as well.
        const std::string out = in_child([name] {
            enter_own_namespaces(As::root);
            write_to("/proc/sys/user/max_user_namespaces", "1");
            return output(
                sandbox(name, {"--unshare-user", "--cap-drop", "ALL", "--assert-userns-disabled"},
                        {"echo", "ran"}));
        });
        CHECK(out == "ran\n");
    }
}

TEST_CASE("--unshare-user-try and --unshare-cgroup-try make what can be made", "[userns]") {
    const auto name_of = [](const std::string& out, const char* kind) {
        return value(out, std::string("ns ") + kind);
    };
    const std::string mine = output(bwrap({}, {"namespaces"}));
    const std::string tried =
        output(bwrap({"--unshare-user-try", "--unshare-cgroup-try"}, {"namespaces"}));
    CHECK(name_of(tried, "cgroup") != name_of(mine, "cgroup"));
    const std::string out = in_child([] {
        // Root of a namespace in which no other can be made: what is tried is left out.
        enter_own_namespaces(As::root);
        write_to("/proc/sys/user/max_user_namespaces", "0");
        const Ended tried_here = run(bwrap({"--unshare-user-try"}, {"ids"}));
        const Ended all = run(bwrap({"--unshare-all"}, {"ids"}));
        const Ended wanted = run(bwrap({"--unshare-user"}, {"ids"}));
        return std::to_string(tried_here.status) + std::to_string(all.status) +
               std::to_string(wanted.status) + " " + wanted.err;
    });
    INFO(out);
    CHECK(out.rfind("001 bwrap: ", 0) == 0);
}

TEST_CASE("sbx killed while set-up waits, with other ids, leaves nothing", "[userns]") {
    // A namespace with more than one id, which the first sandbox holds open.
    Pipe told = make_pipe();
    Pipe go = make_pipe();
    Pipe control = make_pipe();
    Start first = bwrap({"--unshare-user", "--userns-block-fd", "7", "--info-fd", "8"},
                        {"echo", "up", ",", "wait-end", "0"});
    first.descriptors = {{0, control.read.get()}, {7, go.read.get()}, {8, told.write.get()}};
    Running holder(first);
    told.write.close();
    const std::string pid = child_pid(read_until(told.read, "}\n"));
    REQUIRE(map_ids(pid));
    REQUIRE(::write(go.write.get(), "x", 1) == 1);
    holder.expect("up\n");
    const Descriptor user(::open(("/proc/" + pid + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(user.get() >= 0);

    Pipe life = make_pipe();
    Pipe info = make_pipe();
    Pipe never = make_pipe();
    Start start = sbx({"--userns", "5", "--uid", "5", "--gid", "5", "--info-fd", "6", "--file", "7",
                       "/x", "--keep-fd", "9"},
                      {"exit", "0"});
    start.descriptors = {
        {5, user.get()}, {6, info.write.get()}, {7, never.read.get()}, {9, life.write.get()}};
    Running running(start);
    info.write.close();
    life.write.close();
    read_until(info.read, "}\n");  // the ids are taken
    running.send(SIGKILL);
    CHECK(running.wait().signal == SIGKILL);
    CHECK(ends(life.read));
    control.write.close();
    holder.wait();
}

}  // namespace
}  // namespace integration
