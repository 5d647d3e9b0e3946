// SPDX-License-Identifier: Apache-2.0
// What the sbx dialect gives without being asked, looked at from inside.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace integration {
namespace {

namespace fs = std::filesystem;
using Options = std::vector<std::string>;

TEST_CASE("the links of a merged /usr are there when /usr is", "[defaults]") {
    const std::string with = output(sbx({"--ro-bind", "/usr", "/usr"}, {"list", "/"}));
    const std::string without = output(sbx({}, {"list", "/"}));
    int links = 0;
    for (const char* name : {"bin", "lib", "lib32", "lib64", "libx32", "sbin"}) {
        const std::string path = std::string("/") + name;
        const std::string entry = std::string("entry ") + name + " link 0777 ";
        if (!fs::is_symlink(path)) continue;
        ++links;
        CHECK(has_line(with, entry + fs::read_symlink(path).string()));
        CHECK_FALSE(contains(without, entry));
    }
    CHECK(links > 0);
    INFO(with);
    CHECK(has_line(with, "entry usr directory 0755"));
}

// The host's /etc in a child of the test's own.
std::string with_etc(const std::function<void()>& fill, const Start& start) {
    return in_child([&] {
        enter_own_namespaces(As::itself);
        mount_or_throw("none", "/etc", "tmpfs", 0);
        fill();
        const Ended ended = run(start);
        return ended.out + ended.err;
    });
}

void fill_with_parts_of_usr() {
    fs::create_directory("/etc/alternatives");
    fs::create_symlink("/usr/bin/true", "/etc/alternatives/tool");
    std::ofstream("/etc/ld.so.cache") << "cache";
    std::ofstream("/etc/shadow") << "secret";
}

TEST_CASE("the parts of /usr that lie outside of it are there when /usr is", "[defaults]") {
    const Options usr = {"--ro-bind", "/usr", "/usr", "--warning", "outside-argument", "hide"};
    const Options look = {"list",
                          "/etc",
                          ",",
                          "list",
                          "/etc/alternatives",
                          ",",
                          "read",
                          "/etc/ld.so.cache",
                          ",",
                          "write",
                          "/etc/ld.so.cache",
                          "x",
                          ",",
                          "write",
                          "/etc/alternatives/x",
                          "x"};
    CHECK(with_etc(fill_with_parts_of_usr, sbx(usr, look)) ==
          "entry alternatives directory 0755\n"
          "entry ld.so.cache file 0644 5\n"
          "entry tool link 0777 /usr/bin/true\n"
          "read ok cache\nwrite EROFS\nwrite EROFS\n");
    const Options list = {"list", "/etc", ",", "look", "/etc"};
    const Options hide = {"--warning", "outside-argument", "hide"};
    const std::string nothing = with_etc(fill_with_parts_of_usr, sbx(hide, list));
    CHECK(nothing == "look ENOENT\n");
    CHECK(with_etc([] {}, sbx(usr, list)) == nothing);
    CHECK(with_etc(fill_with_parts_of_usr, sbx({"--bare", "--ro-bind", "/usr", "/usr", "--warning",
                                                "outside-argument", "hide"},
                                               list)) == nothing);
    CHECK(with_etc(fill_with_parts_of_usr, bwrap(usr, list)) == nothing);
    // Another /usr than the host's.
    CHECK(with_etc(fill_with_parts_of_usr,
                   sbx({"--ro-bind", "/usr/bin", "/usr", "--warning", "outside-argument", "hide"},
                       list)) == nothing);
}

TEST_CASE("programs of /usr that lead through /etc/alternatives are there", "[defaults]") {
    Options command = {"--ro-bind", "/usr", "/usr",
                       "sh",        "-c",   R"(for f; do test -e "$f" || echo "$f"; done)",
                       "sh"};
    for (const auto& file : fs::directory_iterator("/usr/bin")) {
        if (!file.is_symlink()) continue;
        const std::string target = fs::read_symlink(file.path());
        std::error_code missing;
        const std::string real = fs::canonical(file.path(), missing);
        const bool counts =
            target.rfind("/etc/alternatives/", 0) == 0 && real.rfind("/usr/", 0) == 0;
        if (counts) command.push_back(file.path());
    }
    const Ended ended = run(plain(Name::sbx, command));
    CHECK(ended.out + ended.err == "");
    CHECK(ended.status == 0);
}

TEST_CASE("what is declared in /etc comes beside the parts of /usr, or in their place",
          "[defaults]") {
    const TemporaryDirectory place;
    const std::string mark = place.file("mark", "own");
    const auto listed = [&](Options options) {
        options.insert(options.begin(), {"--ro-bind", "/usr", "/usr"});
        return with_etc(fill_with_parts_of_usr,
                        sbx(std::move(options), {"list", "/etc", ",", "list", "/etc/alternatives",
                                                 ",", "look", "/etc"}));
    };
    const std::string both = "entry alternatives directory 0755\nentry ld.so.cache file 0644 5\n";
    const std::string links = "entry tool link 0777 /usr/bin/true\n";
    CHECK(listed({"--ro-bind", mark, "/etc/mark"}) ==
          both + "entry mark file 0644 3\n" + links + "look directory 0755\n");
    CHECK(listed({"--perms", "0711", "--dir", "/etc"}) == both + links + "look directory 0711\n");
    CHECK(listed({"--ro-bind", place.path(), "/etc"}) ==
          "entry mark file 0644 3\nlook directory 0755\n");
    CHECK(listed({"--symlink", "/tmp/x", "/etc/alternatives/tool"}) ==
          both + "entry tool link 0777 /tmp/x\nlook directory 0755\n");
    for (const char* mask : {"--mask", "--mask-try"}) {
        CHECK(listed({mask, "/etc/alternatives"}) ==
              "entry alternatives directory 0000\nentry ld.so.cache file 0644 5\n"
              "look directory 0755\n");
    }
    // The command starts in the caller's directory, also where that is there for them alone.
    Start start = sbx({"--ro-bind", "/usr", "/usr"}, {"directory"});
    start.directory = "/etc";
    CHECK(output(start) == "cwd /etc\nPWD /etc\n");
}

TEST_CASE("nothing of the host is in the root but what was declared", "[defaults]") {
    const std::string out = output(sbx({}, {"list", "/"}));
    INFO(out);
    std::vector<std::string> names;
    for (const std::string& line : lines_of(out)) {
        names.push_back(line.substr(6, line.find(' ', 6) - 6));
    }
    CHECK(names == std::vector<std::string>{"dev", "payload", "proc", "tmp"});
}

TEST_CASE("the root is read-only and /tmp is writable", "[defaults]") {
    const std::string out =
        output(sbx({}, {"write", "/x", "y", ",", "mkdir", "/proc-2", ",", "look", "/tmp", ",",
                        "write", "/tmp/x", "y", ",", "read", "/tmp/x", ",", "list", "/tmp"}));
    CHECK(lines_of(out) == std::vector<std::string>{"write EROFS", "mkdir EROFS",
                                                    "look directory 1777", "write ok", "read ok y",
                                                    "entry x file 0644 1"});
}

TEST_CASE("/proc shows the processes of the sandbox and no others", "[defaults]") {
    CHECK(output(sbx({}, {"running"})) == "running 1 2\n");
}

TEST_CASE("the nodes of /dev work", "[defaults]") {
    const std::string out =
        output(sbx({}, {"write",       "/dev/null",  "x",         ",",
                        "fill",        "/dev/full",  "1",         ",",
                        "open-rw",     "/dev/zero",  ",",         "open",
                        "/dev/random", ",",          "open",      "/dev/urandom",
                        ",",           "open-rw",    "/dev/ptmx", ",",
                        "write",       "/dev/shm/x", "y",         ",",
                        "mkdir",       "/dev/shm/d"}));
    CHECK(lines_of(out) == std::vector<std::string>{"write ok", "fill ENOSPC", "open-rw ok",
                                                    "open ok", "open ok", "open-rw ok", "write ok",
                                                    "mkdir ok"});
    const std::string list = output(sbx({}, {"list", "/dev"}));
    INFO(list);
    CHECK(has_line(list, "entry fd link 0777 /proc/self/fd"));
    CHECK(has_line(list, "entry stdin link 0777 /proc/self/fd/0"));
    CHECK(has_line(list, "entry stdout link 0777 /proc/self/fd/1"));
    CHECK(has_line(list, "entry stderr link 0777 /proc/self/fd/2"));
    CHECK(has_line(list, "entry ptmx link 0777 pts/ptmx"));
    CHECK(contains(list, "entry tty character "));
    CHECK_FALSE(contains(list, "console"));  // nothing is a terminal here
    // Nothing of the host's own /dev.
    CHECK(has_line(list, "entry mqueue directory 1777"));
    CHECK(lines_of(list).size() == 15);
}

TEST_CASE("the caller is root inside, without any right", "[defaults]") {
    const std::string out = output(sbx({}, {"ids", ",", "capabilities"}));
    CHECK(value(out, "uid") == "0 0 0");
    CHECK(value(out, "gid") == "0 0 0");
    for (const char* set : {"inheritable", "permitted", "effective", "bounding", "ambient"}) {
        INFO(set);
        CHECK(value(out, set) == "0");
    }
    CHECK(value(out, "no_new_privs") == "1");
    CHECK(value(out, "seccomp") == "2");
}

TEST_CASE("what belongs to others stays closed to the root inside", "[defaults]") {
    const TemporaryDirectory place;
    place.file("closed", "secret", 0000);
    const std::string out = output(
        sbx({"--bind", place.path(), "/d"}, {"open", "/d/closed", ",", "write", "/d/new", "x"}));
    // No capability overrides the mode, whoever the caller is.
    CHECK(lines_of(out) == std::vector<std::string>{"open EACCES", "write ok"});
}

TEST_CASE("the network is a loopback device that is up", "[defaults]") {
    const std::string out = output(sbx({}, {"interfaces", ",", "loopback", ",", "connect-out"}));
    CHECK(lines_of(out) ==
          std::vector<std::string>{"interfaces lo", "loopback ok", "connect-out ENETUNREACH"});
    const std::string shared = output(sbx({"--share-net"}, {"loopback"}));
    CHECK(shared == "loopback ok\n");
}

TEST_CASE("the working directory is kept when it exists inside", "[defaults]") {
    const TemporaryDirectory place;
    const std::string here = place.directory("here");
    Start start = sbx({"--bind", here, here}, {"directory"});
    start.directory = here;
    CHECK(output(start) == "cwd " + here + "\nPWD " + here + "\n");
}

TEST_CASE("the working directory keeps the name that the shell has for it", "[defaults]") {
    const TemporaryDirectory place;
    const std::string real = place.directory("real");
    const std::string link = place.link("link", "real");
    Start start = sbx({"--bind", place.path(), place.path()}, {"directory"});
    start.directory = link;
    CHECK(output(start) == "cwd " + real + "\nPWD " + link + "\n");
    start.prepare = [] { ::setenv("PWD", "/usr", 1); };  // a lie is not repeated
    CHECK(output(start) == "cwd " + real + "\nPWD " + real + "\n");
}

TEST_CASE("without its working directory the command starts at home, else at the root",
          "[defaults]") {
    const TemporaryDirectory place;
    Start start = sbx({"--dir", "/home/somebody"}, {"directory"});
    start.directory = place.path();
    start.prepare = [] { ::setenv("HOME", "/home/somebody", 1); };
    CHECK(output(start) == "cwd /home/somebody\nPWD /home/somebody\n");
    start.prepare = [] { ::setenv("HOME", "/home/nobody", 1); };
    CHECK(output(start) == "cwd /\nPWD /\n");
}

TEST_CASE("nothing is given when nothing is wanted", "[defaults]") {
    const std::string out = output(
        sbx({"--bare", "--ro-bind", "/usr", "/usr"}, {"list", "/", ",", "write", "/x", "y"}));
    CHECK(lines_of(out) ==
          std::vector<std::string>{
              "entry payload file 0755 " + std::to_string(fs::file_size(payload_path())),
              "entry usr directory 0755", "write EROFS"});
}

TEST_CASE("what is declared takes the place of what is given", "[defaults]") {
    const TemporaryDirectory place;
    place.file("mark");
    const std::string out = output(sbx({"--bind", place.path(), "/tmp", "--tmpfs", "/dev"},
                                       {"list", "/tmp", ",", "list", "/dev"}));
    CHECK(out == "entry mark file 0644 0\n");
}

TEST_CASE("what is given takes half of the memory at most", "[defaults]") {
    struct sysinfo machine {};
    REQUIRE(::sysinfo(&machine) == 0);
    const std::uint64_t memory = std::uint64_t{machine.totalram} * machine.mem_unit;
    const auto held = [](const std::string& line) {
        std::istringstream words(line);
        std::string verb;
        std::uint64_t bytes = 0;
        std::uint64_t files = 0;
        words >> verb >> bytes >> files;
        CHECK(files > 0);
        return bytes + files * 1024;
    };
    const auto sizes = [](const Start& start) { return lines_of(output(start)); };
    const Options ask = {"holds", "/tmp", ",", "holds", "/dev", ",", "holds", "/dev/shm"};
    const auto given = sizes(sbx({}, ask));
    REQUIRE(given.size() == 3);
    CHECK(given[1] == given[2]);  // one file system
    CHECK(held(given[0]) + held(given[1]) <= memory / 2);
    const auto chosen = sizes(sbx({"--size", "8192", "--tmpfs", "/tmp", "--dev", "/dev"}, ask));
    REQUIRE(chosen.size() == 3);
    CHECK(chosen[0].rfind("holds 8192 ", 0) == 0);
    CHECK(chosen[1] == given[1]);
    const auto usual = sizes(bwrap({"--dev", "/dev", "--tmpfs", "/tmp"}, ask));
    CHECK(held(usual[0]) + held(usual[1]) > memory / 2);
    // Enough of it to write more than one of the pages that it is made of.
    CHECK(output(sbx({}, {"fill", "/dev/shm/x", "1000", ",", "fill", "/tmp/x", "1000"})) ==
          "fill ok\nfill ok\n");
}

TEST_CASE("no core dump leaves the sandbox", "[defaults]") {
    std::ifstream file("/proc/sys/kernel/core_pattern");
    std::string pattern;
    std::getline(file, pattern);
    rlimit mine{};
    REQUIRE(::getrlimit(RLIMIT_CORE, &mine) == 0);
    const std::string own = std::to_string(mine.rlim_cur) + " " + std::to_string(mine.rlim_max);
    const bool leaves = !pattern.empty() && (pattern[0] == '|' || pattern[0] == '/');
    const std::string out = output(sbx({}, {"core-limit"}));
    INFO(pattern << "\n" << out);
    CHECK(value(out, "core-limit") == (leaves && mine.rlim_max != 0 ? "1 1" : own));
    if (leaves) CHECK(has_line(out, "core-raise EPERM"));
    CHECK(value(output(bwrap({}, {"core-limit"})), "core-limit") == own);
    const bool has_room = mine.rlim_max >= 8192;  // RLIM_INFINITY is the largest number
    // With a pattern of the test's own, in the place of the machine's, which others need.
    struct Case {
        const char* pattern;
        bool may_be_raised;
        const char* limit;
    };
    for (const Case& c :
         {Case{"|/usr/bin/apport %p", true, "1 1"}, Case{"/var/crash/core.%p", true, "1 1"},
          Case{"core", true, "4096 8192"}, Case{"%e/core", true, "4096 8192"},
          Case{"@/run/coredump", true, "4096 8192"}, Case{"", true, "1 1"},
          Case{"|/usr/bin/apport %p", false, "0 0"}}) {
        INFO(c.pattern);
        const TemporaryDirectory place;
        const std::string other = place.file("pattern", c.pattern);
        const std::string inside = in_child([&] {
            enter_own_namespaces(As::itself);
            mount_or_throw(other.c_str(), "/proc/sys/kernel/core_pattern", nullptr, MS_BIND);
            Start start =
                sbx({"--landlock=off", "--bare", "--seccomp-policy", "none", "--allow-userns"},
                    {"core-limit"});
            start.prepare = [&] {
                const rlimit some = has_room && c.may_be_raised ? rlimit{4096, 8192} : rlimit{0, 0};
                if (::setrlimit(RLIMIT_CORE, &some) != 0) ::_exit(112);
            };
            const Ended ended = run(start);
            return ended.out + ended.err;
        });
        CHECK(value(inside, "core-limit") == (has_room ? c.limit : "0 0"));
        CHECK(has_line(inside, "core-raise EPERM"));
    }
}

TEST_CASE("the bwrap dialect gives nothing", "[defaults]") {
    const std::string out =
        output(bwrap({"--ro-bind", "/usr", "/usr"},
                     {"list", "/", ",", "ids", ",", "capabilities", ",", "write", "/x", "y"}));
    INFO(out);
    CHECK(contains(out, "entry payload file "));
    CHECK(has_line(out, "entry usr directory 0755"));
    CHECK_FALSE(contains(out, "entry dev"));
    CHECK_FALSE(contains(out, "entry tmp"));
    CHECK_FALSE(contains(out, "entry bin"));
    const std::string uid = std::to_string(::geteuid());
    CHECK(value(out, "uid") == uid + " " + uid + " " + uid);
    CHECK(value(out, "seccomp") == "0");
    CHECK(value(out, "no_new_privs") == "1");
    CHECK(has_line(out, "write ok"));
}

}  // namespace
}  // namespace integration
