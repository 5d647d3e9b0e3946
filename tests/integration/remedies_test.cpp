// SPDX-License-Identifier: Apache-2.0
// Errors and warnings that name the true cause, and what helps.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace integration {
namespace {

using Words = std::vector<std::string>;
constexpr Name both[] = {Name::sbx, Name::bwrap};

std::string said(const Words& words, int status) {
    const Ended ended = run(plain(Name::sbx, words));
    INFO(ended.err);
    CHECK(ended.status == status);
    return ended.err;
}

TEST_CASE("a link to the loader that is missing is named, and not the bind", "[remedies]") {
    const std::string text = said({"--bare", "--ro-bind", "/usr", "/usr", "/usr/bin/true"}, 127);
    INFO(text);
    CHECK(contains(text, "needs the interpreter \"/lib"));
    CHECK(contains(text, "; --symlink usr/lib"));
    CHECK(contains(text, " leads to it"));
    CHECK_FALSE(contains(text, "--ro-bind"));
    // And it helps.
    const std::string target = std::filesystem::read_symlink("/lib64").string();
    CHECK(run(plain(Name::sbx, {"--bare", "--ro-bind", "/usr", "/usr", "--symlink", target,
                                "/lib64", "--symlink", "usr/lib", "/lib", "/usr/bin/true"}))
              .status == 0);
}

TEST_CASE("a command that is a link says where it leads", "[remedies]") {
    const TemporaryDirectory outside;
    const std::string tool = outside.file("tool", "#!/bin/sh\n", 0755);
    const TemporaryDirectory place;
    place.link("absolute", tool);
    place.link("relative", "../other/tool");
    place.link("twice", "absolute");
    place.directory("sub");
    place.link("sub/directory", outside.path());
    const auto run_it = [&](const std::string& command, const Words& more = {}) {
        Words words = {"--ro-bind", "/usr", "/usr", "--ro-bind", place.path(), "/p"};
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), {"--", command});
        return said(words, 127);
    };
    const std::string leads = "is a link to \"" + tool + "\", which is not inside";
    CHECK(contains(run_it("/p/absolute"), "\"/p/absolute\" " + leads));
    CHECK(contains(run_it("/p/twice"), "\"/p/absolute\" " + leads));
    CHECK(contains(run_it("absolute", {"--setenv", "PATH", "/p"}), "\"/p/absolute\" " + leads));
    CHECK(contains(run_it("/p/relative"),
                   "\"/p/relative\" is a link to \"/other/tool\", which is not inside"));
    CHECK(contains(run_it("/p/sub/directory/tool"),
                   "\"/p/sub/directory\" is a link to \"" + outside.path() + "\", which is not"));
    // A link that leads somewhere is not what is wrong.
    CHECK(contains(run_it("/bin/no-such-tool"), "is not there inside, nor on the host"));
    CHECK(contains(run_it("no-such-tool"), "was not found inside"));
}

TEST_CASE("a limit that is reached is named", "[remedies]") {
    for (const Name name : both) {
        for (const rlim_t most : {6U, 9U, 10U, 11U, 12U, 13U, 14U, 15U, 16U}) {
            Start start = sandbox(name, {"--ro-bind", "/usr", "/usr"}, {"exit", "0"});
            start.prepare = [most] {
                const rlimit limit{most, most};
                ::setrlimit(RLIMIT_NOFILE, &limit);
            };
            const Ended ended = run(start);
            INFO(most << ": " << ended.err);
            if (ended.status == 0) continue;
            CHECK_FALSE(contains(ended.err, "security module"));
            if (contains(ended.err, "oo many open files") && name == Name::sbx) {
                CHECK(contains(ended.err, "ulimit -n"));
            }
        }
    }
    Start few = sbx({}, {"exit", "0"});
    few.prepare = [] {
        const rlimit limit{6, 6};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    };
    const Ended ended = run(few);
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "too many open files; the limit on open files of a process"));
}

TEST_CASE("a limit on processes is named", "[remedies]") {
    if (is_root()) {
        WARN("the kernel limits the processes of ordinary users alone; they run this test");
        return;
    }
    Start start = sbx({}, {"exit", "0"});
    start.prepare = [] {
        const rlimit limit{1, 1};
        ::setrlimit(RLIMIT_NPROC, &limit);
    };
    const Ended ended = run(start);
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "see ulimit -u and the pids.max of the cgroup"));
}

TEST_CASE("words that are too long are measured", "[remedies]") {
    const std::string long_word(140'000, 'x');
    const auto with_args = [](const Words& words, const Words& command) {
        std::string text;
        for (const std::string& word : words) text += word + '\0';
        const Descriptor file = file_with(text);
        Words all = {"--args", "9", "--"};
        all.insert(all.end(), command.begin(), command.end());
        Start start = sbx({"--args", "9"}, command);
        start.descriptors = {{9, file.get()}};
        return run(start);
    };
    const Ended one = with_args({"--setenv", "LONG", long_word}, {"exit", "0"});
    INFO(one.err);
    CHECK(one.status == 126);
    CHECK(contains(one.err, "the variable \"LONG\" has 140005 bytes, and Linux takes 131071"));
    Words many;
    for (int i = 0; i < 100; ++i) {
        many.insert(many.end(),
                    {"--setenv", "LONG" + std::to_string(i), long_word.substr(0, 100'000)});
    }
    const Ended all = with_args(many, {"exit", "0"});
    CHECK(all.status == 126);
    CHECK(contains(all.err, "bytes together, and Linux takes a quarter of the stack's limit"));
    CHECK(contains(all.err, "ulimit -s"));
}

TEST_CASE("a command that is written as for a shell", "[remedies]") {
    const Words usr = {"--ro-bind", "/usr", "/usr"};
    const auto of = [&](const std::string& command, const Words& more = {}) {
        Words words = usr;
        words.push_back("--");
        words.push_back(command);
        words.insert(words.end(), more.begin(), more.end());
        return said(words, 127);
    };
    CHECK(contains(of("FOO=1", {"make"}),
                   "; a variable for the command is an option: --setenv FOO 1 "
                   "before the command"));
    CHECK(contains(of("_A=b c"), "sh -c '_A=b c'"));
    CHECK(contains(of("a|b"), "sh -c 'a|b'"));
    CHECK(contains(of("a&&b"), "sh -c 'a&&b'"));
    CHECK(of("") ==
          "sbx: the command is an empty word, as a shell makes one of \"$NAME\" if the variable is "
          "empty or not set; give the name of a program\n");
    CHECK(contains(of("1=2"), "nor on the host; check its spelling"));
}

TEST_CASE("a pipe as the source of a bind", "[remedies]") {
    const Pipe pipe = make_pipe();
    Start start = plain(
        Name::sbx, {"--ro-bind", "/usr", "/usr", "--ro-bind", "/dev/fd/63", "/n", "--", "true"});
    start.descriptors = {{63, pipe.read.get()}};
    const Ended ended = run(start);
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "--ro-bind-data 63 /n makes a file of what it gives"));
    CHECK_FALSE(contains(ended.err, "mount namespace"));
}

TEST_CASE("/dev/null on what is missing is meant as a mask", "[remedies]") {
    const TemporaryDirectory place;
    const std::string text = said({"--ro-bind", "/usr", "/usr", "--bind", place.path(), "/w",
                                   "--bind", "/dev/null", "/w/.env", "--", "true"},
                                  125);
    INFO(text);
    CHECK(contains(text, "; --mask /w/.env hides a path that may be missing"));
    CHECK(run(plain(Name::sbx, {"--ro-bind", "/usr", "/usr", "--bind", place.path(), "/w", "--mask",
                                "/w/.env", "--", "true"}))
              .status == 0);
}

TEST_CASE("a destination that comes to the root", "[remedies]") {
    const TemporaryDirectory place;
    for (const char* destination : {"/..", "/../..", "/a/..", "/a/b/../../..", "/./../"}) {
        INFO(destination);
        CHECK(contains(
            said({"--ro-bind", "/usr", "/usr", "--bind", place.path(), destination, "--", "true"},
                 125),
            "comes to \"/\" and would cover all that is there"));
    }
    said({"--ro-bind", "/usr", "/usr", "--bind", place.path(), "/a/../b", "--", "true"}, 0);
}

TEST_CASE("a device that is bound without devices gets a warning", "[remedies]") {
    for (const char* option : {"--bind", "--ro-bind"}) {
        const std::string text =
            said({"--ro-bind", "/usr", "/usr", option, "/dev/zero", "/z", "--", "true"}, 0);
        INFO(text);
        CHECK(contains(text,
                       "shows a device that cannot be opened (EACCES); --dev-bind /dev/zero "
                       "/z shows one that works [closed-device]\n"));
    }
    CHECK(
        contains(said({"--ro-bind", "/usr", "/usr", "--bind", "/dev/null", "/n", "--", "true"}, 0),
                 "--mask /n hides what is there"));
    CHECK(said({"--ro-bind", "/usr", "/usr", "--dev-bind", "/dev/zero", "/z", "--", "true"}, 0)
              .empty());
    CHECK(said({"--ro-bind", "/usr", "/usr", "--bind", "/dev/zero", "/z", "--warning",
                "closed-device", "hide", "--", "true"},
               0)
              .empty());
}

TEST_CASE("an argument that names a descriptor which is not passed on", "[remedies]") {
    const auto cat = [](const Words& options, int status) {
        const Descriptor file = file_with("content");
        Words words = {"--ro-bind", "/usr", "/usr"};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"--", "cat", "/dev/fd/63"});
        Start start = plain(Name::sbx, words);
        start.descriptors = {{63, file.get()}};
        const Ended ended = run(start);
        INFO(ended.err);
        CHECK(ended.status == status);
        return ended.err;
    };
    CHECK(contains(cat({}, 1), "--keep-fd 63 passes it on [closed-descriptor]"));
    CHECK(cat({"--keep-fd", "63"}, 0).empty());
    CHECK_FALSE(contains(cat({"--warning", "closed-descriptor", "hide"}, 1), "--keep-fd"));
}

TEST_CASE("TMPDIR that is not inside gets a warning when the command fails", "[remedies]") {
    const TemporaryDirectory place;
    const auto with = [&](const Words& options, const char* command) {
        Words words = {"--ro-bind", "/usr", "/usr"};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"--", command});
        Start start = plain(Name::sbx, words);
        start.prepare = [&place] { ::setenv("TMPDIR", place.path().c_str(), 1); };
        return run(start);
    };
    const Ended failed = with({}, "mktemp");
    INFO(failed.err);
    CHECK(failed.status == 1);
    CHECK(contains(failed.err, "TMPDIR is " + place.path() + ", which is not inside"));
    CHECK(
        contains(failed.err, "--setenv TMPDIR /tmp takes another directory [temporary-directory]"));
    CHECK(with({}, "true").err.empty());
    CHECK(with({"--setenv", "TMPDIR", "/tmp"}, "false").err.empty());
    CHECK(with({"--unsetenv", "TMPDIR"}, "false").err.empty());
    CHECK(with({"--bind", place.path(), place.path()}, "false").err.empty());
}

TEST_CASE("a cache that is bound where HOME is not", "[remedies]") {
    const TemporaryDirectory home;
    const std::string cache = home.directory(".ccache");
    const auto with = [&](const Words& options) {
        Words words = {"--profile", "build"};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {"--", "ls", "-a", "/home/build"});
        Start start = plain(Name::sbx, words);
        start.directory = home.directory("project");
        start.prepare = [&home] { ::setenv("HOME", home.path().c_str(), 1); };
        const Ended ended = run(start);
        CHECK(ended.status == 0);
        return ended.err + ended.out;
    };
    CHECK(contains(with({"--bind", cache, cache}), "; --bind " + cache +
                                                       " /home/build/.ccache shows it there "
                                                       "[other-home]\n"));
    CHECK(with({"--bind", cache, "/home/build/.ccache"}) == ".\n..\n.ccache\n");
    CHECK(with({"--bind", cache, cache, "--setenv", "CCACHE_DIR", cache}) == ".\n..\n");
    CHECK(with({}) == ".\n..\n");
}

TEST_CASE("/dev/shm is as on a machine", "[remedies]") {
    CHECK(output(plain(Name::sbx, {"--ro-bind", "/usr", "/usr", "--", "stat", "-c", "%a",
                                   "/dev/shm"})) == "1777\n");
}

TEST_CASE("in a root that nothing is mounted on the error says what helps", "[remedies]") {
    const TemporaryDirectory place;
    const auto in_chroot = [&](const std::string& called, const Words& words, bool mounted) {
        return in_child([&] {
            enter_own_namespaces(As::root);
            const std::string root = place.path();
            if (mounted) mount_or_throw(root.c_str(), root, nullptr, MS_BIND);
            for (const char* name : {"/usr", "/proc", "/dev"}) {
                std::filesystem::create_directory(root + name);
                mount_or_throw(name, root + name, nullptr, MS_BIND | MS_REC);
            }
            for (const char* name : {"/lib", "/lib64"}) {  // where the program is not a static one
                std::error_code error;
                const auto target = std::filesystem::read_symlink(name, error);
                if (!error) std::filesystem::create_symlink(target, root + name, error);
            }
            std::filesystem::copy_file(sbx_path(), root + "/sbx",
                                       std::filesystem::copy_options::overwrite_existing);
            std::filesystem::remove(root + "/bwrap");
            std::filesystem::create_symlink("sbx", root + "/bwrap");
            Start start = plain(Name::sbx, words);
            start.program = "/" + called;
            start.called = "/" + called;
            start.prepare = [root] {
                if (::chroot(root.c_str()) != 0 || ::chdir("/") != 0) ::_exit(113);
            };
            const Ended ended = run(start);
            return std::to_string(ended.status) + " " + ended.err;
        });
    };
    const std::string refused =
        in_chroot("bwrap", {"--ro-bind", "/", "/", "/sbx", "--version"}, false);
    INFO(refused);
    CHECK(refused.rfind("1 ", 0) == 0);
    CHECK(contains(refused, "as in a plain chroot"));
    CHECK(contains(refused, "; \"/\" is a directory that no file system is mounted on"));
    CHECK(contains(refused, "mount --bind DIR DIR before chroot DIR"));
    const std::string works =
        in_chroot("bwrap", {"--ro-bind", "/", "/", "/sbx", "--version"}, true);
    CHECK(works == "0 ");
    const std::string ours =
        in_chroot("sbx", {"--share-user", "--ro-bind", "/usr", "/usr", "true"}, false);
    INFO(ours);
    CHECK(contains(ours, "step 1, mount a tmpfs as the new root: invalid argument; \"/\" is"));
}

}  // namespace
}  // namespace integration
