// SPDX-License-Identifier: Apache-2.0
// sbx within sbx, and sbx where it must not run at all.
#include "id_maps.hpp"
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace integration {
namespace {

// The outer sandbox shows sbx and what it may be linked to.
Start around(std::vector<std::string> options, std::vector<std::string> inner) {
    std::vector<std::string> words = {"--allow-userns", "--ro-bind",    "/usr",     "/usr",
                                      "--ro-bind",      payload_path(), "/payload", "--ro-bind",
                                      sbx_path(),       "/sbx"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("/sbx");
    words.insert(words.end(), inner.begin(), inner.end());
    return plain(Name::sbx, words);
}

// A uid 0 without CAP_SETFCAP cannot be mapped into another user namespace (user_namespaces(7)).
const std::vector<std::string> somebody = {"--uid", "1000", "--gid", "1000"};

TEST_CASE("sbx runs inside sbx", "[nesting]") {
    // Where the outer caller is real root, its /proc has covers, and the kernel shows no fresh
    // procfs beside one that is covered: the inner sandbox shows the outer's.
    std::vector<std::string> inner = {
        "--ro-bind", "/payload", "/payload", "/payload", "running",  ",", "ids",         ",",
        "write",     "/x",       "y",        ",",        "loopback", ",", "capabilities"};
    if (is_root()) {
        const Ended fresh = run(around(somebody, inner));
        CHECK(fresh.status == 125);
        CHECK(contains(fresh.err, "the /proc around sbx is partly covered"));
        inner.insert(inner.begin(), {"--ro-bind", "/proc", "/proc"});
    }
    const std::string out = output(around(somebody, inner));
    INFO(out);
    if (is_root()) {
        // Of each of the two, an init and a command.
        const std::string running = value(out, "running");
        CHECK(std::count(running.begin(), running.end(), ' ') == 3);
    } else {
        CHECK(has_line(out, "running 1 2"));
    }
    CHECK(has_line(out, "uid 0 0 0"));
    CHECK(has_line(out, "write EROFS"));
    CHECK(has_line(out, "loopback ok"));
    CHECK(has_line(out, "effective 0"));
    CHECK(has_line(out, "seccomp 2"));
}

TEST_CASE("uid 0 without capabilities cannot be mapped, and sbx says so", "[nesting]") {
    const Ended ended = run(around({}, {"/usr/bin/true"}));
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "lacks CAP_SETFCAP"));
}

TEST_CASE("the inner sandbox cannot show more than the outer one", "[nesting]") {
    const TemporaryDirectory place;
    place.file("file", "x");
    std::vector<std::string> inner = {"--bare",    "--bind",   "/ro",      "/rw",
                                      "--ro-bind", "/payload", "/payload", "/payload",
                                      "write",     "/rw/file", "y"};
    const std::string before = place.listing();
    std::vector<std::string> outer = somebody;
    outer.insert(outer.end(), {"--ro-bind", place.path(), "/ro"});
    CHECK(output(around(outer, inner)) == "write EROFS\n");
    CHECK(place.listing() == before);
}

TEST_CASE("sbx in the bwrap dialect's sandbox, started as /proc/self/exe would be", "[nesting]") {
    std::vector<std::string> words = {
        "--unshare-user", "--ro-bind", "/usr",      "/usr",         "--proc",     "/proc",
        "--dev",          "/dev",      "--ro-bind", payload_path(), "/payload",   "--ro-bind",
        sbx_path(),       "/bin/sbx",  "--symlink", "sbx",          "/bin/bwrap", "--symlink",
        "usr/lib64",      "/lib64",    "--symlink", "usr/lib",      "/lib"};
    words.insert(words.end(), {"/bin/bwrap", "--unshare-user", "--ro-bind", "/payload", "/payload",
                               "/payload", "capabilities"});
    const Ended ended = run(plain(Name::bwrap, words));
    INFO(ended.err);
    REQUIRE(ended.status == 0);
    // Real root keeps what it has in both; an ordinary user has nothing in either.
    CHECK((value(ended.out, "effective") == "0") == !is_root());
    CHECK(value(ended.out, "no_new_privs") == "1");
}

// A copy of sbx that somebody made privileged.
std::string copy_of_sbx(const TemporaryDirectory& place) {
    std::string path = place.path() + "/sbx";
    std::filesystem::copy_file(sbx_path(), path);
    return path;
}

// The exit status, and what it said. The status of a refusal is not looked at: a sanitizer's leak
// checker, which cannot work in a privileged program, has one of its own.
std::string run_path(const std::string& path) {
    Start start = plain(Name::sbx, {"--version"});
    start.prepare = [&path] {
        std::array<char*, 3> argv = {const_cast<char*>("sbx"), const_cast<char*>("--version"),
                                     nullptr};
        ::execv(path.c_str(), argv.data());
        ::_exit(112);
    };
    const Ended ended = run(start);
    return std::to_string(ended.status) + " " + ended.out + ended.err;
}

TEST_CASE("sbx refuses to run setuid or setgid", "[nesting]") {
    const TemporaryDirectory place;
    const std::string copy = copy_of_sbx(place);
    CHECK(run_path(copy).rfind("0 sbx ", 0) == 0);
    if (is_root()) {
        const unsigned other = 65534;
        REQUIRE(::chown(copy.c_str(), other, 0) == 0);
        REQUIRE(::chmod(copy.c_str(), 04755) == 0);
        CHECK(contains(run_path(copy), "sbx: installed setuid"));
        REQUIRE(::chown(copy.c_str(), 0, other) == 0);
        REQUIRE(::chmod(copy.c_str(), 02755) == 0);
        CHECK(contains(run_path(copy), "sbx: installed setuid"));
    } else {
        // Set to the caller's own ids they give nothing, and there is nothing to refuse.
        REQUIRE(::chmod(copy.c_str(), 06755) == 0);
        CHECK(run_path(copy).rfind("0 sbx ", 0) == 0);
    }
}

// In a user namespace with ids besides the caller's the caller is its root, and can make a program
// somebody else's.
TEST_CASE("sbx refuses to run setuid or setgid for an ordinary user", "[nesting]") {
    for (const unsigned mode : {04755U, 02755U, 06755U}) {
        const TemporaryDirectory place;
        const std::string copy = copy_of_sbx(place);
        Pipe ready = make_pipe();
        Pipe mapped = make_pipe();
        const std::string out = in_child([&] {
            const std::string pid = std::to_string(::getpid()) + "\n";
            // Who stays outside maps the ids.
            const pid_t mapper = ::fork();
            if (mapper == 0) {
                ready.write.close();
                read_until(ready.read, "x");
                const bool more = map_ids(pid.substr(0, pid.size() - 1));
                ::_exit(more && ::write(mapped.write.get(), "x", 1) == 1 ? 0 : 1);
            }
            mapped.write.close();
            if (::unshare(CLONE_NEWUSER) != 0) return std::string("unshare");
            if (::write(ready.write.get(), "x", 1) != 1) return std::string("write");
            read_until(mapped.read, "x");
            if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) return std::string("ids");
            const std::string plain = run_path(copy);
            if (plain.rfind("0 sbx ", 0) != 0) return "plain: " + plain;
            if (::chown(copy.c_str(), (mode & 04000U) != 0 ? 5 : 0, (mode & 02000U) != 0 ? 5 : 0) !=
                    0 ||
                ::chmod(copy.c_str(), mode) != 0) {
                return std::string("chown");
            }
            return run_path(copy);
        });
        INFO(out);
        CHECK_FALSE(out.rfind("0 ", 0) == 0);
        CHECK(contains(out, "sbx: installed setuid, setgid or with file capabilities"));
    }
}

// Gives `path` a file capability that counts in the caller's user namespace and those below.
bool give_capability(const std::string& path) {
    vfs_cap_data data{};
    data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
    data.data[0].permitted = 1U << CAP_NET_RAW;
    return ::setxattr(path.c_str(), "security.capability", &data, sizeof data, 0) == 0;
}

TEST_CASE("sbx refuses to run with file capabilities", "[nesting]") {
    const TemporaryDirectory place;
    const std::string copy = copy_of_sbx(place);
    const std::string out = in_child([&copy] {
        // As root of a namespace the caller may give file capabilities, and in one below, as
        // somebody else, it gains them.
        enter_own_namespaces(As::root);
        if (!give_capability(copy)) return std::string("setxattr: ") + std::strerror(errno);
        if (::unshare(CLONE_NEWUSER) != 0) return std::string("unshare");
        write_to("/proc/self/setgroups", "deny");
        write_to("/proc/self/uid_map", "5 0 1\n");
        write_to("/proc/self/gid_map", "5 0 1\n");
        return run_path(copy);
    });
    INFO(out);
    CHECK_FALSE(out.rfind("0 ", 0) == 0);
    CHECK(contains(out, "sbx: installed setuid, setgid or with file capabilities"));
}

}  // namespace
}  // namespace integration
