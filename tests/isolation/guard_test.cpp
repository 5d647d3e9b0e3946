// SPDX-License-Identifier: Apache-2.0
// --mask and --protect, attacked from inside: by writing, renaming what is around it, replacing
// links, making what was missing; and from outside: by killing sbx.
#include "id_maps.hpp"
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>

namespace integration {
namespace {

using Words = std::vector<std::string>;

const Name both[] = {Name::sbx, Name::bwrap};

// Both dialects, with `place` writable at /p.
Start guarded(Name name, const TemporaryDirectory& place, Words options, Words sentence) {
    options.insert(options.begin(), {"--unshare-pid", "--bind", place.path(), "/p"});
    if (name == Name::bwrap) options.insert(options.begin(), "--unshare-user");
    return sandbox(name, options, std::move(sentence));
}

std::set<std::string> names_below(const TemporaryDirectory& place) {
    std::set<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place.path())) {
        out.insert(entry.path().string());
    }
    return out;
}

bool exists(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0;
}

// Waits until `path`, in the directory that `place` is, does not exist any more.
bool vanishes(const TemporaryDirectory& place, const std::string& path) {
    const Descriptor events(::inotify_init1(IN_CLOEXEC));
    REQUIRE(::inotify_add_watch(events.get(), place.path().c_str(), IN_DELETE) >= 0);
    while (exists(path)) {
        pollfd polled{events.get(), POLLIN, 0};
        if (::poll(&polled, 1, 20000) <= 0) return false;
        char buffer[4096];
        if (::read(events.get(), buffer, sizeof buffer) < 0) return false;
    }
    return true;
}

TEST_CASE("what is protected cannot be written, removed or exchanged", "[guard]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        place.directory("git");
        place.directory("git/hooks");
        place.file("git/hooks/old", "old");
        place.file("git/config", "config");
        const std::string before = place.listing();
        CHECK(
            output(guarded(name, place, {"--protect", "/p/git/hooks", "--protect", "/p/git/config"},
                           {"write",
                            "/p/git/hooks/new",
                            "x",
                            ",",
                            "write",
                            "/p/git/hooks/old",
                            "x",
                            ",",
                            "write",
                            "/p/git/config",
                            "x",
                            ",",
                            "unlink",
                            "/p/git/config",
                            ",",
                            "unlink",
                            "/p/git/hooks/old",
                            ",",
                            "rename",
                            "/p/git/hooks",
                            "/p/git/h",
                            ",",
                            "rename",
                            "/p/git",
                            "/p/other",
                            ",",
                            "rename",
                            "/p/git/config",
                            "/p/git/c",
                            ",",
                            "link",
                            "/p/git/config",
                            "/p/config",
                            ",",
                            "chmod",
                            "0777",
                            "/p/git/config",
                            ",",
                            "read",
                            "/p/git/hooks/old"})) ==
            "write EROFS\nwrite EROFS\nwrite EROFS\nunlink EBUSY\nunlink EROFS\n"
            "rename EBUSY\nrename EBUSY\nrename EBUSY\nlink EXDEV\nchmod EROFS\n"
            "read ok old\n");
        CHECK(place.listing() == before);
        // Beside it everything goes on; what is moved is moved within one directory tree.
        CHECK(output(guarded(
                  name, place, {"--protect", "/p/git/hooks"},
                  {"write", "/p/git/new", "x", ",", "rename", "/p/git/new", "/p/git/newer", ",",
                   "unlink", "/p/git/newer", ",", "write", "/p/f", "x", ",", "unlink", "/p/f"})) ==
              "write ok\nrename ok\nunlink ok\nwrite ok\nunlink ok\n");
    }
}

TEST_CASE("what is masked cannot be read or uncovered", "[guard]") {
    for (const Name name : both) {
        // Root in the bwrap dialect keeps capabilities that open everything: it finds nothing.
        const bool opens = name == Name::bwrap && is_root();
        const TemporaryDirectory place;
        place.file("secret", "key", 0644);
        place.directory("keys");
        place.file("keys/key", "key");
        const std::string before = place.listing();
        CHECK(output(guarded(
                  name, place, {"--mask", "/p/secret", "--mask", "/p/keys"},
                  {"open",        "/p/secret", ",",      "open",    "/p/keys",   ",", "open",
                   "/p/keys/key", ",",         "chmod",  "0777",    "/p/secret", ",", "chmod",
                   "0777",        "/p/keys",   ",",      "unlink",  "/p/secret", ",", "rmdir",
                   "/p/keys",     ",",         "rename", "/p/keys", "/p/k",      ",", "rename",
                   "/p/secret",   "/p/s",      ",",      "write",   "/p/secret", "x"})) ==
              std::string(opens ? "open ok\nopen ok\nopen ENOENT\n"
                                : "open EACCES\nopen EACCES\nopen EACCES\n") +
                  "chmod EROFS\nchmod EROFS\nunlink EBUSY\n"
                  "rmdir EBUSY\nrename EBUSY\nrename EBUSY\nwrite EROFS\n");
        CHECK(place.listing() == before);
    }
}

TEST_CASE("a mask holds against whoever keeps all capabilities", "[guard]") {
    const TemporaryDirectory place;
    place.file("secret", "key");
    place.directory("keys");
    place.file("keys/key", "key");
    for (const Name name : both) {
        Words options = {"--mask", "/p/secret", "--mask", "/p/keys", "--cap-add", "ALL"};
        if (name == Name::bwrap) options.insert(options.begin(), "--unshare-user");
        const std::string out = output(guarded(
            name, place, options,
            {"read", "/p/secret", ",", "list", "/p/keys", ",", "unmount", "/p/secret", ",",
             "unmount", "/p/keys", ",", "remount-rw", "/p/keys", ",", "read", "/p/secret"}));
        INFO(out);
        CHECK_FALSE(contains(out, "key\n"));
        CHECK(has_line(out, "unmount EINVAL"));
        CHECK_FALSE(contains(out, "unmount ok"));
        CHECK(has_line(out, "remount-rw EPERM"));
    }
}

TEST_CASE("nobody who has power over the mounts is held by guards, and that is refused",
          "[guard]") {
    if (!is_root()) return;  // who has none without a user namespace
    const TemporaryDirectory place;
    place.file("secret", "key");
    for (const Words& more :
         std::vector<Words>{{},
                            {"--cap-drop", "CAP_SYS_ADMIN"},
                            {"--cap-drop", "ALL", "--cap-add", "CAP_DAC_READ_SEARCH"}}) {
        Words options = {"--unshare-pid", "--bind", place.path(), "/p", "--mask", "/p/secret"};
        options.insert(options.end(), more.begin(), more.end());
        const Ended ended = run(bwrap(options, {"read", "/p/secret"}));
        CHECK(ended.status == 1);
        CHECK(contains(ended.err, "--mask and --protect could be undone by a command that keeps"));
    }
    CHECK(output(bwrap({"--unshare-pid", "--bind", place.path(), "/p", "--mask", "/p/secret",
                        "--cap-drop", "ALL"},
                       {"open", "/p/secret"})) == "open EACCES\n");
}

TEST_CASE("the command cannot keep its placeholder from being removed", "[guard]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        // Whoever opens it could hold a lock on it: it is another file that is seen.
        const std::string out = output(guarded(name, place, {"--protect", "/p/env"},
                                               {"look", "/p/env", ",", "read", "/p/env"}));
        INFO(out);
        CHECK(contains(out, "444"));
        CHECK(has_line(out, "read ok "));
        CHECK(std::filesystem::is_empty(place.path()));
    }
}

TEST_CASE("whatever the command does to the directory, the placeholders go", "[guard]") {
    for (const Name name : both) {
        for (const Words& attack : std::vector<Words>{
                 {"squat", "/p"},
                 {"squat", "/p", ",", "chmod", "0000", "/p"},
                 {"squat", "/p", ",", "chmod", "0555", "/p"},
                 {"squat", "/p", ",", "chmod", "01000", "/p"},
             }) {
            const TemporaryDirectory place;
            const Ended ended = run(guarded(
                name, place, {"--protect", "/p/env", "--mask", "/p/key", "--protect", "/p/dir/x"},
                attack));
            INFO(attack.back() << ended.err);
            CHECK(contains(ended.out, "squat ok"));
            CHECK_FALSE(contains(ended.err, "could not be removed"));
            REQUIRE(::chmod(place.path().c_str(), 0755) == 0);
            CHECK_FALSE(exists(place.path() + "/env"));
            CHECK_FALSE(exists(place.path() + "/key"));
            CHECK_FALSE(exists(place.path() + "/dir"));
        }
    }
}

TEST_CASE("a placeholder that cannot be removed is told of", "[guard]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string result = place.path() + "/result.json";
        Words options = {"--protect", "/p/env", "--mask", "/p/deep/key", "--result", result};
        Start start = guarded(name, place, options, {"exit", "3"});
        start.prepare = [] { deny_system_call(SYS_renameat2, EIO); };
        const Ended ended = run(start);
        INFO(ended.err);
        CHECK(ended.status == 3);  // of the command, which did its work
        CHECK(contains(ended.err, "warning: protect \"/p/env\": the empty placeholder \"" +
                                      place.path() + "/env\" could not be removed"));
        CHECK(contains(read_whole(result), "could not be removed"));
        CHECK(exists(place.path() + "/env"));
        CHECK_FALSE(exists(place.path() + "/deep"));  // a directory is removed by its name
    }
}

TEST_CASE("what only looks like a placeholder is guarded as what it is", "[guard]") {
    for (const char* option : {"--mask", "--protect"}) {
        for (const bool writable : {true, false}) {
            const TemporaryDirectory place;
            place.directory("late");
            const std::string file = place.file("late/x", "text");
            REQUIRE(::chmod((place.path() + "/late").c_str(), 01500) == 0);
            const std::string before = place.listing();
            const Ended ended =
                run(sbx({writable ? "--bind" : "--ro-bind", place.path(), "/p", option, "/p/late"},
                        {"chmod", "0700", "/p/late", ",", "read", "/p/late/x"}));
            INFO(option << writable << ended.out << ended.err);
            const bool masks = std::string(option) == "--mask";
            CHECK(ended.out ==
                  std::string("chmod EROFS\nread ") + (masks ? "EACCES" : "ok text") + "\n");
            CHECK(place.listing() == before);
            REQUIRE(::chmod((place.path() + "/late").c_str(), 0700) == 0);
        }
    }
}

TEST_CASE("what is missing cannot be made, and leaves nothing behind", "[guard]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const bool opens = name == Name::bwrap && is_root();
        CHECK(output(guarded(
                  name, place,
                  {"--protect", "/p/env", "--mask", "/p/key", "--protect", "/p/conf/", "--protect",
                   "/p/deep/er/still"},
                  {"write",   "/p/env",     "x",      ",",      "unlink",  "/p/env",  ",",
                   "write",   "/p/key",     "x",      ",",      "open",    "/p/key",  ",",
                   "write",   "/p/conf/x",  "x",      ",",      "rmdir",   "/p/conf", ",",
                   "mkdir",   "/p/deep/er", ",",      "rmdir",  "/p/deep", ",",       "write",
                   "/p/file", "x",          ",",      "rename", "/p/file", "/p/env",  ",",
                   "symlink", "/p/file",    "/p/env", ",",      "unlink",  "/p/file"})) ==
              std::string("write EROFS\nunlink EBUSY\nwrite EROFS\nopen ") +
                  (opens ? "ok" : "EACCES") +
                  "\nwrite EROFS\nrmdir EBUSY\n"
                  "mkdir EROFS\nrmdir EBUSY\nwrite ok\nrename EBUSY\nsymlink EEXIST\nunlink ok\n");
        CHECK(std::filesystem::is_empty(place.path()));
    }
}

TEST_CASE("nothing is made where nobody inside could make it", "[guard]") {
    const TemporaryDirectory place;
    const std::string before = place.listing();
    CHECK(output(sbx({"--ro-bind", place.path(), "/p", "--protect", "/p/x", "--mask", "/none/of"},
                     {"look", "/p/x", ",", "write", "/p/x", "y"})) == "look ENOENT\nwrite EROFS\n");
    // On a file system of the sandbox's own it is made there.
    CHECK(output(sbx({"--protect", "/tmp/x"}, {"write", "/tmp/x", "y", ",", "unlink", "/tmp/x"})) ==
          "write EROFS\nunlink EBUSY\n");
    CHECK(place.listing() == before);
}

TEST_CASE("a link to a file is fixed with what it leads to", "[guard]") {
    const TemporaryDirectory place;
    place.file("real", "text");
    place.link("link", "real");
    const std::string before = place.listing();
    CHECK(output(sbx({"--bind", place.path(), "/p", "--protect", "/p/link"},
                     {"write", "/p/link", "x", ",", "unlink", "/p/link", ",", "write", "/p/real",
                      "x", ",", "unlink", "/p/real", ",", "read", "/p/link"})) ==
          "write EROFS\nunlink EBUSY\nwrite EROFS\nunlink EBUSY\nread ok text\n");
    CHECK(output(sbx({"--bind", place.path(), "/p", "--protect", "/p/link", "--mask", "/p/real"},
                     {"open", "/p/link", ",", "open", "/p/real"})) == "open EACCES\nopen EACCES\n");
    CHECK(place.listing() == before);
}

TEST_CASE("what a protected link would lead to cannot be made either", "[guard]") {
    const TemporaryDirectory place;
    place.link("hangs", "no/where");
    place.link("other", "/elsewhere/x");
    const auto before = names_below(place);
    for (const Name name : both) {
        CHECK(
            output(guarded(name, place, {"--protect", "/p/hangs", "--protect", "/p/other"},
                           {"write",  "/p/no/where", "x",        ",", "mkdir", "/p/no/x",     ",",
                            "rename", "/p/no",       "/p/yes",   ",", "write", "/p/hangs",    "x",
                            ",",      "unlink",      "/p/hangs", ",", "write", "/p/other",    "x",
                            ",",      "unlink",      "/p/other", ",", "mkdir", "/elsewhere/x"})) ==
            std::string("write EROFS\nmkdir EROFS\nrename EBUSY\nwrite EROFS\nunlink EBUSY\n") +
                (name == Name::sbx ? "write ENOENT\nunlink EBUSY\nmkdir ENOENT\n"
                                   : "write EROFS\nunlink EBUSY\nmkdir EROFS\n"));
        CHECK(names_below(place) == before);
    }
}

TEST_CASE("a placeholder goes, too, when its directory is protected later", "[guard]") {
    for (Words options : std::vector<Words>{
             {"--protect", "/p/sub", "--mask", "/p/sub/new"},
             {"--protect", "/p/new", "--protect", "/p"},
             {"--protect", "/p/sub/n/m", "--protect", "/p/sub"},
             // With a mount of the host's below, which nobody inside may leave out.
             {"--ro-bind", "/usr", "/p/sub/usr", "--protect", "/p/sub/n", "--protect", "/p"}}) {
        INFO(options[1]);
        const TemporaryDirectory place;
        place.directory("sub/usr");
        const auto names = names_below(place);
        options.insert(options.begin(), {"--bind", place.path(), "/p"});
        CHECK(output(sbx(options, {"write", "/p/sub/x", "x"})) == "write EROFS\n");
        CHECK(names_below(place) == names);
    }
}

TEST_CASE("a guard names one place once or twice, and never none", "[guard]") {
    const TemporaryDirectory place;
    place.file("f", "key");
    place.link("l", "f");
    CHECK(output(sbx(
              {"--bind", place.path(), "/p", "--mask", "/p/f", "--mask", "/p/f", "--mask", "/p/l"},
              {"open", "/p/f", ",", "open", "/p/l"})) == "open EACCES\nopen EACCES\n");
    for (const char* option : {"--mask", "--protect"}) {
        const Ended ended = run(sbx({"--bind", place.path(), "/p", option, "f"}, {"exit", "0"}));
        CHECK(ended.status == 125);
        CHECK(contains(ended.err, "\"f\" is relative, and a path inside begins with \"/\""));
    }
}

// Whoever has a mount namespace without the guards can exchange what they cover by a directory that
// was opened before.
TEST_CASE("a guard holds against whoever makes namespaces of its own", "[guard]") {
    for (const Name name : both) {
        for (const Words& more :
             std::vector<Words>{{"--cap-add", "CAP_SYS_ADMIN"}, {"--map-current-user"}}) {
            INFO((name == Name::sbx ? "sbx " : "bwrap ") << more.front());
            const bool capable = more.size() == 2;
            const TemporaryDirectory place;
            place.file("file", "as it was");
            place.file("secret", "key");
            place.directory("sub");
            place.directory("old");
            const auto before = names_below(place);
            Words options = {"--protect", "/p/file", "--protect", "/p/sub", "--mask", "/p/secret"};
            if (name == Name::sbx && !capable) options.emplace_back("--allow-userns");
            options.insert(options.end(), more.begin(), more.end());
            const std::string out = output(
                guarded(name, place, options, {"exchange", "/p", capable ? "mount" : "user"}));
            INFO(out);
            CHECK(has_line(out, "namespace ok"));
            CHECK(has_line(out, "mount EPERM"));
            CHECK(has_line(out, "file EBUSY"));
            CHECK(has_line(out, "secret EBUSY"));
            CHECK(has_line(out, "sub EBUSY"));
            CHECK(names_below(place) == before);
        }
    }
    // Without Landlock nothing would keep it from that.
    const Ended ended =
        run(sbx({"--landlock=off", "--allow-userns", "--protect", "/tmp/x"}, {"exit", "0"}));
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "--mask and --protect could be undone by a command that may mount"));
}

TEST_CASE("what only the ids inside may write to is not taken for closed", "[guard]") {
    const TemporaryDirectory place;
    const std::string other = place.directory("other");
    Pipe ready = make_pipe();
    Pipe mapped = make_pipe();
    const pid_t keeper = ::fork();
    if (keeper == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whatever becomes of the test
        mapped.write.close();
        if (::unshare(CLONE_NEWUSER) != 0) ::_exit(1);
        if (::write(ready.write.get(), "x", 1) != 1) ::_exit(1);
        read_until(mapped.read, "x");
        if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) ::_exit(1);
        if (::chown(other.c_str(), 5, 5) != 0) ::_exit(1);
        if (::write(ready.write.get(), "y", 1) != 1) ::_exit(1);
        ::pause();
    }
    read_until(ready.read, "x");
    const std::string process = "/proc/" + std::to_string(keeper);
    REQUIRE(map_ids(process.substr(6)));
    REQUIRE(::write(mapped.write.get(), "x", 1) == 1);
    read_until(ready.read, "y");
    const Descriptor userns(::open((process + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    Start start = sbx({"--userns", "7", "--allow-userns", "--uid", "5", "--gid", "5", "--bind",
                       place.path(), "/p", "--protect", "/p/other/new"},
                      {"write", "/p/other/new", "x"});
    start.descriptors = {{7, userns.get()}};
    const Ended ended = run(start);
    ::kill(keeper, SIGKILL);
    ::waitpid(keeper, nullptr, 0);
    INFO(ended.out << ended.err);
    if (is_root()) {
        CHECK(ended.out == "write EROFS\n");  // root makes a placeholder there
    } else {
        CHECK(ended.status == 125);
        CHECK(contains(ended.err, "protect \"/p/other/new\""));
    }
    CHECK(std::filesystem::is_empty(other));
}

TEST_CASE("a lock that somebody else holds does not keep sbx waiting", "[guard]") {
    const TemporaryDirectory place;
    const std::string path = place.file("env", "");
    REQUIRE(::chmod(path.c_str(), 01400) == 0);
    const Descriptor held(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(::flock(held.get(), LOCK_EX) == 0);
    const Ended ended =
        run(sbx({"--bind", place.path(), "/p", "--protect", "/p/env"}, {"exit", "0"}));
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "protect \"/p/env\""));
}

TEST_CASE("a protected link stays the link that it is", "[guard]") {
    const TemporaryDirectory place;
    place.directory("real/sub");
    place.file("real/x", "text");
    place.file("file", "text");
    place.link("directory", "real");
    place.link("to-file", "file");
    place.link("chain", "directory");
    place.link("hangs", "missing");
    place.link("up", "real/../file");
    const auto before = names_below(place);
    for (const Name name : both) {
        for (const char* link : {"directory", "to-file", "chain", "hangs", "up"}) {
            const std::string path = std::string("/p/") + link;
            INFO(path);
            const std::string out =
                output(guarded(name, place, {"--protect", path},
                               {"look",    path,       ",",  "unlink", path,      ",",  "rename",
                                path,      "/p/other", ",",  "rename", "/p/file", path, ",",
                                "symlink", "/etc",     path, ",",      "write",   path, "x"}));
            char target[64] = {};
            REQUIRE(::readlink((place.path() + "/" + link).c_str(), target, sizeof target - 1) > 0);
            CHECK(out.rfind("look link 0777 " + std::string(target) +
                                "\nunlink EBUSY\nrename EBUSY\nrename EBUSY\nsymlink EEXIST\n"
                                "write E",
                            0) == 0);
        }
        CHECK(names_below(place) == before);
    }
}

TEST_CASE("a link to a directory is fixed with the directory", "[guard]") {
    const TemporaryDirectory place;
    place.directory("real");
    place.file("real/x", "text");
    place.link("link", "real");
    for (const Name name : both) {
        CHECK(output(guarded(name, place, {"--protect", "/p/link"},
                             {"write", "/p/real/x", "y", ",", "write", "/p/link/new", "y", ",",
                              "rename", "/p/real", "/p/moved", ",", "read", "/p/link/x"})) ==
              "write EROFS\nwrite EROFS\nrename EBUSY\nread ok text\n");
        // Below it: the way is fixed, the rest of the directory is not.
        CHECK(output(guarded(name, place, {"--protect", "/p/link/x"},
                             {"unlink", "/p/link", ",", "rename", "/p/real", "/p/moved", ",",
                              "write", "/p/real/x", "y", ",", "write", "/p/real/z", "y", ",",
                              "unlink", "/p/link/z"})) ==
              "unlink EBUSY\nrename EBUSY\nwrite EROFS\nwrite ok\nunlink ok\n");
    }
    CHECK(output(guarded(Name::sbx, place, {"--mask", "/p/link"},
                         {"open", "/p/link/x", ",", "open", "/p/real/x", ",", "unlink",
                          "/p/link"})) == "open EACCES\nopen EACCES\nunlink EBUSY\n");
    // Where it cannot be replaced it is followed.
    CHECK(output(sbx({"--ro-bind", place.path(), "/p", "--bind", place.path() + "/real", "/p/real",
                      "--protect", "/p/link/x"},
                     {"write", "/p/real/x", "y", ",", "write", "/p/real/z", "y", ",", "unlink",
                      "/p/real/z"})) == "write EROFS\nwrite ok\nunlink ok\n");
}

TEST_CASE("a guard that cannot be is refused, whatever the link to it says", "[guard]") {
    const TemporaryDirectory place;
    place.directory("real");
    place.file("real/key", "key");
    place.link("root", "/");
    place.link("up", "real/..");
    place.link("dot", "real/.");
    for (const char* link : {"/p/root", "/p/root/.", "/p/up"}) {
        INFO(link);
        const Ended ended =
            run(sbx({"--ro-bind", place.path(), "/p", "--mask", link}, {"read", "/p/real/key"}));
        CHECK(ended.status == 125);
        CHECK(contains(ended.err, "leads to \"/\" or ends in \"..\""));
    }
    for (const char* path : {"/p/dot", "/p/real/.", "/p/real/./"}) {
        INFO(path);
        CHECK(output(sbx({"--ro-bind", place.path(), "/p", "--mask", path},
                         {"open", "/p/real", ",", "open", "/p/real/key"})) ==
              "open EACCES\nopen EACCES\n");
    }
    CHECK(output(sbx({"--bind", place.path(), "/p", "--protect", "/p/new/."},
                     {"write", "/p/new/x", "x", ",", "write", "/p/new", "x"})) ==
          "write EROFS\nwrite EISDIR\n");
    const Ended later = run(sbx({"--mask", "/proc/nothing"}, {"exit", "0"}));
    CHECK(later.status == 125);
    CHECK(contains(later.err, "mask \"/proc/nothing\": it is not there, and procfs could show it"));
    const Descriptor data = file_with("key");
    Start start = sbx({"--ro-bind-data", "7", "/f", "--mask", "/f"}, {"read", "/f"});
    start.descriptors = {{7, data.get()}};
    const Ended nameless = run(start);
    CHECK(nameless.status == 125);
    CHECK(contains(nameless.err, "mask \"/f\": what is there is a file without a name"));
}

TEST_CASE("a guard comes last, wherever it stands", "[guard]") {
    const TemporaryDirectory place;
    place.file("secret", "key");
    CHECK(output(sbx({"--mask", "/p/secret", "--bind", place.path(), "/p"},
                     {"open", "/p/secret"})) == "open EACCES\n");
}

TEST_CASE("the end of one sandbox does not lift the guard of another", "[guard]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/env";
    Pipe go = make_pipe();
    Start first = sbx({"--bind", place.path(), "/p", "--protect", "/p/env", "--keep-fd", "7"},
                      {"echo", "ready", ",", "wait-end", "7", ",", "unlink", "/p/env", ",", "write",
                       "/p/env", "x"});
    first.descriptors = {{7, go.read.get()}};
    Running running(first);
    running.expect("ready\n");
    CHECK(exists(path));
    CHECK(output(sbx({"--bind", place.path(), "/p", "--protect", "/p/env"},
                     {"write", "/p/env", "x"})) == "write EROFS\n");
    CHECK(exists(path));  // still in use
    go.write.close();
    CHECK(running.wait().out == "ready\nunlink EBUSY\nwrite EROFS\n");
    CHECK_FALSE(exists(path));
}

TEST_CASE("a placeholder that was left behind is taken over and removed", "[guard]") {
    const TemporaryDirectory place;
    const std::string path = place.file("env", "");
    REQUIRE(::chmod(path.c_str(), 01400) == 0);
    CHECK(output(sbx({"--bind", place.path(), "/p", "--protect", "/p/env"},
                     {"write", "/p/env", "x"})) == "write EROFS\n");
    CHECK_FALSE(exists(path));
    // An empty file of the user's own is none.
    place.file("env", "");
    CHECK(output(sbx({"--bind", place.path(), "/p", "--protect", "/p/env"},
                     {"write", "/p/env", "x"})) == "write EROFS\n");
    CHECK(exists(path));
}

TEST_CASE("a placeholder that another sandbox makes meanwhile is shared with it", "[guard]") {
    // Between init's lookup, which finds nothing, and its second one, which confirms that.
    for (const bool directory : {true, false}) {
        INFO(directory);
        const TemporaryDirectory place;
        const std::string path = place.path() + "/env";
        int made = 0;
        const Start start =
            sbx({"--bind", place.path(), "/p", "--protect", directory ? "/p/env/" : "/p/env"},
                {"write", "/p/env", "x", ",", "rename", "/p/env", "/p/other"});
        const Ended ended = run_stepwise(start, {SYS_newfstatat}, [&](const Moment& moment) {
            if (made > 0 || text_of(moment, 1) != "env") return;
            ++made;
            const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600);
            if (!directory && file >= 0) ::fchmod(file, 01400);
            if (file >= 0) ::close(file);
            if (!directory) return;
            ::unlink(path.c_str());
            ::mkdir(path.c_str(), 0700);
            ::chmod(path.c_str(), 01500);
        });
        CHECK(made == 1);
        CHECK(ended.err == "");
        CHECK(ended.out ==
              (directory ? "write EISDIR\nrename EBUSY\n" : "write EROFS\nrename EBUSY\n"));
        CHECK_FALSE(exists(path));
    }
}

TEST_CASE("placeholders go when sbx is killed, and when set-up fails", "[guard]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/env";
    for (const Words& more : std::vector<Words>{{}, {"--share-pid"}}) {
        for (int i = 0; i < 20; ++i) {
            Words options = {"--bind", place.path(), "/p", "--protect", "/p/env"};
            options.insert(options.end(), more.begin(), more.end());
            Running running(sbx(options, {"echo", "ready", ",", "signals", "15"}));
            running.expect("ready\n");
            CHECK(exists(path));
            // Alone, and with all of the job that it is.
            ::kill(i % 2 == 0 ? running.pid() : -running.pid(), SIGKILL);
            running.wait();
            REQUIRE(vanishes(place, path));
        }
    }
    const Ended ended =
        run(sbx({"--bind", place.path(), "/p", "--protect", "/p/env", "--protect", "/payload/x"},
                {"exit", "0"}));
    CHECK(ended.status == 125);
    CHECK(std::filesystem::is_empty(place.path()));
}

TEST_CASE("what somebody outside has made of a placeholder stays", "[guard]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/env";
    for (const bool replaced : {true, false}) {
        INFO(replaced);
        Pipe go = make_pipe();
        Start start = sbx({"--bind", place.path(), "/p", "--protect", "/p/env", "--keep-fd", "7"},
                          {"echo", "ready", ",", "wait-end", "7"});
        start.descriptors = {{7, go.read.get()}};
        Running running(start);
        running.expect("ready\n");
        if (replaced) REQUIRE(::unlink(path.c_str()) == 0);
        if (!replaced) REQUIRE(::chmod(path.c_str(), 0644) == 0);
        place.file("env", "mine");
        go.write.close();
        running.wait();
        CHECK(read_whole(path) == "mine");
        ::unlink(path.c_str());
    }
}

TEST_CASE("a directory that the caller has closed could be opened again inside", "[guard]") {
    const TemporaryDirectory place;
    const std::string closed = place.directory("closed");
    REQUIRE(::chmod(closed.c_str(), 0555) == 0);
    const Ended ended =
        run(sbx({"--bind", place.path(), "/p", "--protect", "/p/closed/new"},
                {"chmod", "0755", "/p/closed", ",", "write", "/p/closed/new", "x"}));
    INFO(ended.out << ended.err);
    if (is_root()) {
        CHECK(ended.out == "chmod ok\nwrite EROFS\n");  // a placeholder was made there
    } else {
        CHECK(ended.status == 125);
        CHECK(contains(ended.err, "protect \"/p/closed/new\""));
    }
    CHECK(std::filesystem::is_empty(closed));
    REQUIRE(::chmod(closed.c_str(), 0755) == 0);
}

}  // namespace
}  // namespace integration
