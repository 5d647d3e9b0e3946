// SPDX-License-Identifier: Apache-2.0
// What the sandbox tells by --info-fd and --json-status-fd: to the byte, and that it is true.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>

namespace integration {
namespace {

constexpr Name both[] = {Name::sbx, Name::bwrap};
using Options = std::vector<std::string>;

// Reads to the end of file.
std::string read_all(const Descriptor& fd) {
    std::string out;
    char buffer[4096];
    while (ends(fd)) {
        const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
        if (got <= 0) return out;
        out.append(buffer, static_cast<std::size_t>(got));
    }
    return out + "(and no end)";
}

// The number of a member; throws when there is none.
std::string member(const std::string& json, const std::string& key) {
    const std::string quoted = "\"" + key + "\": ";
    const std::size_t at = json.find(quoted);
    if (at == std::string::npos) throw std::runtime_error("no " + key + " in " + json);
    const std::size_t begin = at + quoted.size();
    return json.substr(begin, json.find_first_not_of("0123456789", begin) - begin);
}

// "net:[4026531840]" without all but the number.
std::string inode(const std::string& link) {
    const std::size_t begin = link.find('[') + 1;
    return link.substr(begin, link.find(']') - begin);
}

const std::map<std::string, std::string> keys = {
    {"cgroup", "cgroup-namespace"}, {"ipc", "ipc-namespace"}, {"mnt", "mnt-namespace"},
    {"net", "net-namespace"},       {"pid", "pid-namespace"}, {"uts", "uts-namespace"}};

struct Told {
    std::string info;
    std::string status;
    Ended ended;
};

Told tell(Name name, Options options, const Options& sentence) {
    Pipe info = make_pipe();
    Pipe status = make_pipe();
    options.insert(options.end(), {"--info-fd", "7", "--json-status-fd", "8"});
    Start start = sandbox(name, options, sentence);
    start.descriptors = {{7, info.write.get()}, {8, status.write.get()}};
    Running running(start);
    info.write.close();
    status.write.close();
    Told out;
    out.ended = running.wait();
    out.info = read_all(info.read);
    out.status = read_all(status.read);
    return out;
}

TEST_CASE("what is told is what the command is in", "[status]") {
    for (const Name name : both) {
        for (const Options& options :
             {Options{},
              {"--unshare-all"},
              {"--unshare-net", "--unshare-uts"},
              {"--unshare-all", "--unshare-user", "--cap-add", "CAP_NET_ADMIN"},
              {"--unshare-all", "--share-net", "--cap-drop", "ALL"},
              {"--unshare-pid", "--as-pid-1"}}) {
            const Told told = tell(name, options, {"namespaces"});
            INFO(told.ended.out << told.ended.err << told.info << told.status);
            REQUIRE(told.ended.status == 0);
            std::string info = "{\n    \"child-pid\": " + member(told.info, "child-pid");
            std::string status = "{ \"child-pid\": " + member(told.info, "child-pid");
            for (const auto& [file, key] : keys) {
                const std::string inside = inode(value(told.ended.out, "ns " + file));
                struct stat mine {};
                REQUIRE(::stat(("/proc/self/ns/" + file).c_str(), &mine) == 0);
                if (inside == std::to_string(mine.st_ino)) continue;  // shared, and not told
                info += ",\n    \"" + key + "\": " + inside;
                status += ", \"" + key + "\": " + inside;
            }
            CHECK(told.info == info + "\n}\n");
            CHECK(told.status == status + " }\n{ \"exit-code\": 0 }\n");
        }
    }
}

TEST_CASE("child-pid is the process that is pid 1 inside", "[status]") {
    for (const Name name : both) {
        Pipe info = make_pipe();
        Pipe control = make_pipe();
        Start start = sandbox(name, {"--unshare-pid", "--info-fd", "7"},
                              {"echo", "up", ",", "wait-end", "0"});
        start.descriptors = {{0, control.read.get()}, {7, info.write.get()}};
        Running running(start);
        info.write.close();
        const std::string told = read_all(info.read);
        running.expect("up\n");
        const std::string pid = member(told, "child-pid");
        const std::string status = read_whole("/proc/" + pid + "/status");
        INFO(status);
        CHECK(contains(status, "\t1\n"));  // NSpid
        CHECK(contains(status, "PPid:\t" + std::to_string(running.pid()) + "\n"));
        control.write.close();
        CHECK(running.wait().status == 0);
    }
}

TEST_CASE("--info-fd ends before the command does; the last line comes after it", "[status]") {
    for (const Name name : both) {
        Pipe info = make_pipe();
        Pipe status = make_pipe();
        Pipe control = make_pipe();
        Start start =
            sandbox(name, {"--info-fd", "7", "--json-status-fd", "8"},
                    {"descriptors", ",", "echo", "up", ",", "wait-end", "0", ",", "exit", "7"});
        start.descriptors = {
            {0, control.read.get()}, {7, info.write.get()}, {8, status.write.get()}};
        Running running(start);
        info.write.close();
        status.write.close();
        running.expect("up\n");
        CHECK(contains(read_all(info.read), "\n}\n"));
        const std::string begin = read_until(status.read, "}\n");
        CHECK_FALSE(contains(begin, "exit-code"));
        CHECK_FALSE(has_ended(status.read));
        control.write.close();
        const Ended ended = running.wait();
        CHECK(ended.status == 7);
        CHECK_FALSE(contains(ended.out, "fd 7"));
        CHECK_FALSE(contains(ended.out, "fd 8"));
        CHECK(read_all(status.read) == "{ \"exit-code\": 7 }\n");
    }
}

TEST_CASE("the exit code is sbx's own", "[status]") {
    for (const Name name : both) {
        for (const Options& more :
             {Options{}, {"--unshare-pid"}, {"--unshare-pid", "--as-pid-1"}}) {
            const Told killed = tell(name, more, {"raise", "KILL"});
            // A pid 1 cannot kill itself.
            const std::string code = std::to_string(killed.ended.status);
            CHECK(contains(killed.status, "{ \"exit-code\": " + code + " }\n"));
            const Told left = tell(name, more, {"exit", "255"});
            CHECK(contains(left.status, "{ \"exit-code\": 255 }\n"));
        }
    }
}

TEST_CASE("there is no exit code where the command was not executed", "[status]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file");
    for (const Name name : both) {
        for (const Options& options :
             {Options{"--ro-bind", file, "/f", "--", "/f"},
              {"--", "/nowhere"},
              {"--chdir", "/nowhere", "--ro-bind", payload_path(), "/p", "--", "/p"}}) {
            Pipe status = make_pipe();
            Options all = {"--json-status-fd", "8"};
            all.insert(all.end(), options.begin(), options.end());
            Start start = plain(name, all);
            start.descriptors = {{8, status.write.get()}};
            Running running(start);
            status.write.close();
            CHECK(running.wait().status != 0);
            const std::string told = read_all(status.read);
            INFO(told);
            CHECK(std::count(told.begin(), told.end(), '\n') == 1);
            CHECK(contains(told, "{ \"child-pid\": "));
            CHECK_FALSE(contains(told, "exit-code"));
        }
    }
}

TEST_CASE("nothing is told of a sandbox that is refused", "[status]") {
    for (const Name name : both) {
        const Told told = tell(name, {"--ro-bind", "/nowhere/at/all", "/x"}, {"exit", "0"});
        CHECK(told.ended.status != 0);
        CHECK(told.info.empty());
        CHECK(told.status.empty());
    }
}

TEST_CASE("the command does not run when nobody can be told", "[status]") {
    for (const Name name : both) {
        for (const char* option : {"--info-fd", "--json-status-fd"}) {
            const TemporaryDirectory place;
            const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
            Start start = sandbox(name, {"--bind", place.path(), "/d", option, "7"},
                                  {"write", "/d/ran", "x"});
            start.descriptors = {{7, full.get()}};
            Pipe life = make_pipe();
            start.descriptors.emplace_back(9, life.write.get());
            start.words.insert(start.words.begin(), {"--keep-fd", "9"});
            Running running(start);
            life.write.close();
            const Ended ended = running.wait();
            INFO(ended.err);
            CHECK(ended.status == (name == Name::sbx ? 125 : 1));
            CHECK_FALSE(ended.err.empty());
            CHECK(ends(life.read));  // whatever was there is gone
            CHECK(::access((place.path() + "/ran").c_str(), F_OK) != 0);
        }
    }
}

TEST_CASE("a reader that has gone is no reason to die of a signal", "[status]") {
    for (const Name name : both) {
        Pipe status = make_pipe();
        Pipe control = make_pipe();
        Start start = sandbox(name, {"--json-status-fd", "8"},
                              {"echo", "up", ",", "wait-end", "0", ",", "exit", "7"});
        start.descriptors = {{0, control.read.get()}, {8, status.write.get()}};
        Running running(start);
        status.write.close();
        running.expect("up\n");
        status.read.close();
        control.write.close();
        const Ended ended = running.wait();
        CHECK(ended.signal == 0);
        CHECK(ended.status == 7);
    }
}

TEST_CASE("a killed pid 1 is the end of the command", "[status]") {
    Pipe info = make_pipe();
    Pipe control = make_pipe();
    Start start = bwrap({"--unshare-pid", "--info-fd", "7"}, {"echo", "up", ",", "wait-end", "0"});
    start.descriptors = {{0, control.read.get()}, {7, info.write.get()}};
    Running running(start);
    info.write.close();
    const std::string told = read_all(info.read);
    running.expect("up\n");
    // As Flatpak does it: what is inside dies with it.
    REQUIRE(::kill(std::atoi(member(told, "child-pid").c_str()), SIGKILL) == 0);
    CHECK(running.wait().status == 128 + SIGKILL);
}

TEST_CASE("who reads --info-fd to its end does not wait for the sandbox", "[status]") {
    for (const Name name : both) {
        for (const Options& options : {Options{}, {"--unshare-pid"}, {"--cap-add", "CAP_CHOWN"}}) {
            Pipe info = make_pipe();
            Pipe block = make_pipe();
            Options all = {"--info-fd", "7", "--block-fd", "8"};
            all.insert(all.end(), options.begin(), options.end());
            Start start = sandbox(name, all, {"exit", "3"});
            start.descriptors = {{7, info.write.get()}, {8, block.read.get()}};
            Running running(start);
            info.write.close();
            block.read.close();
            const std::string told = read_all(info.read);
            CHECK(contains(told, "child-pid"));
            CHECK_FALSE(contains(told, "(and no end)"));
            block.write.close();
            CHECK(running.wait().status == 3);
        }
    }
}

TEST_CASE("sbx holds no descriptor that it has passed on or not", "[status]") {
    Pipe life = make_pipe();
    Pipe control = make_pipe();
    Start start = sbx({}, {"echo", "up", ",", "wait-end", "0"});  // does not get number 9
    start.descriptors = {{0, control.read.get()}, {9, life.write.get()}};
    Running running(start);
    life.write.close();
    running.expect("up\n");
    CHECK(ends(life.read));
    control.write.close();
    CHECK(running.wait().status == 0);
}

TEST_CASE("a standard descriptor that an option uses is not the command's", "[status]") {
    const Ended closed = run(bwrap({"--json-status-fd", "1"}, {"exit", "2"}));
    CHECK(closed.out.find("{ \"exit-code\": 2 }") != std::string::npos);
    for (const char* option : {"--json-status-fd", "--info-fd", "--sync-fd"}) {
        INFO(option);
        const Ended null = run(sbx({option, "1"}, {"echo", "forged"}));
        CHECK(null.status == 0);
        CHECK_FALSE(contains(null.out, "forged"));
        const Ended inside = run(bwrap({option, "1"}, {"echo", "forged"}));
        CHECK_FALSE(contains(inside.out, "forged"));
    }
}

TEST_CASE("a directory as a standard descriptor does not leave its number free", "[status]") {
    const Descriptor root(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    Start start = bwrap({}, {"descriptors"});
    start.descriptors = {{0, root.get()}};
    CHECK(output(start) == "fd 0 character\nfd 1 pipe\nfd 2 pipe\n");
}

}  // namespace
}  // namespace integration
