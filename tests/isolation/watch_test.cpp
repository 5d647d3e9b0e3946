// SPDX-License-Identifier: Apache-2.0
// --mask and --protect where somebody outside replaces what is guarded, as editors do that save by
// renaming: the kernel takes the guard away then, and so the sandbox is ended.
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace integration {
namespace {

using Words = std::vector<std::string>;

const std::array<Name, 2> both = {Name::sbx, Name::bwrap};

void replace(const std::string& path, const std::string& by) {
    REQUIRE(::rename(by.c_str(), path.c_str()) == 0);
}

void rename_to(const std::string& path, const std::string& from) {
    REQUIRE(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0);
}

// A project: "git/config" that holds text, "link" to it, "hangs" to what is not there.
void fill(const TemporaryDirectory& place) {
    place.directory("git");
    place.file("git/config", "text");
    place.link("link", "git/config");
    place.link("hangs", "git/nothing");
    place.file("other", "other");
    place.directory("empty");
    // What has the modes of placeholders, and is none, or is not for ever.
    place.directory("full");
    place.file("full/x", "secret");
    REQUIRE(::chmod((place.path() + "/full").c_str(), 01500) == 0);
    place.file("before", "");
    REQUIRE(::chmod((place.path() + "/before").c_str(), 01400) == 0);
}

// A sandbox that says that it is ready and stays until its descriptor 7 ends; nobody has 9 when
// all of it has ended.
struct Waiting {
    Waiting(Name name, const TemporaryDirectory& place, Words options) {
        options.insert(options.begin(), {"--bind", place.path(), "/p", "--keep-fd", "7"});
        options.insert(options.begin(), {"--keep-fd", "9"});
        if (name == Name::bwrap) options.insert(options.begin(), "--unshare-user");
        Start start =
            sandbox(name, options, {"linger", ",", "echo", "ready", ",", "wait-end", "7"});
        start.descriptors = {{7, go.read.get()}, {9, life.write.get()}};
        running.emplace(start);
        running->expect("ready\n");
        life.write.close();
    }
    Pipe go = make_pipe();
    Pipe life = make_pipe();
    std::optional<Running> running;
};

struct Change {
    Words options;
    std::string told;  // which name
    std::function<void(const std::string& place)> make;
};

const std::vector<Change>& changes() {
    static const std::vector<Change> all = {
        {{"--protect", "/p/git/config"},
         "config",
         [](const std::string& p) { replace(p + "/git/config", p + "/other"); }},
        {{"--mask", "/p/git/config"},
         "config",
         [](const std::string& p) { replace(p + "/git/config", p + "/other"); }},
        {{"--protect", "/p/git/config"},
         "config",
         [](const std::string& p) { REQUIRE(::unlink((p + "/git/config").c_str()) == 0); }},
        {{"--protect", "/p/git/config"},
         "config",
         [](const std::string& p) {
             REQUIRE(::renameat2(AT_FDCWD, (p + "/git/config").c_str(), AT_FDCWD,
                                 (p + "/other").c_str(), RENAME_EXCHANGE) == 0);
         }},
        // The very same file comes back, and a new one with the same number.
        {{"--protect", "/p/git/config"},
         "config",
         [](const std::string& p) {
             const std::string path = p + "/git/config";
             REQUIRE(::link(path.c_str(), (p + "/again").c_str()) == 0);
             REQUIRE(::unlink(path.c_str()) == 0);
             REQUIRE(::link((p + "/again").c_str(), path.c_str()) == 0);
         }},
        {{"--mask", "/p/git/config"},
         "config",
         [](const std::string& p) {
             REQUIRE(::unlink((p + "/git/config").c_str()) == 0);
             std::ofstream(p + "/git/config") << "new";
         }},
        // With two guards below what is exchanged.
        {{"--protect", "/p/git/config", "--protect", "/p/git/more"},
         "git",
         [](const std::string& p) { replace(p + "/away", p + "/git"); }},
        {{"--protect", "/p/git/config"},
         "git",
         [](const std::string& p) { replace(p + "/away", p + "/git"); }},
        {{"--mask", "/p/git"},
         "git",
         [](const std::string& p) { replace(p + "/away", p + "/git"); }},
        {{"--mask", "/p/empty"},
         "empty",
         [](const std::string& p) { REQUIRE(::rmdir((p + "/empty").c_str()) == 0); }},
        // A placeholder.
        {{"--protect", "/p/new"},
         "new",
         [](const std::string& p) { replace(p + "/new", p + "/other"); }},
        // A link: itself, and what it leads to.
        {{"--protect", "/p/link"},
         "link",
         [](const std::string& p) { replace(p + "/link", p + "/other"); }},
        {{"--protect", "/p/link"},
         "config",
         [](const std::string& p) { replace(p + "/git/config", p + "/other"); }},
        {{"--protect", "/p/hangs"},
         "nothing",
         [](const std::string& p) { replace(p + "/git/nothing", p + "/other"); }},
        // What was not there, and nobody inside could make.
        {{"--remount-ro", "/p", "--mask", "/p/late"},
         "late",
         [](const std::string& p) { std::ofstream(p + "/late") << "secret"; }},
        {{"--remount-ro", "/p", "--mask", "/p/late/deep"},
         "late",
         [](const std::string& p) { REQUIRE(::mkdir((p + "/late").c_str(), 0755) == 0); }},
        {{"--remount-ro", "/p", "--mask", "/p/hangs"},
         "nothing",
         [](const std::string& p) { replace(p + "/git/nothing", p + "/other"); }},
        // It looks like another sandbox's placeholder at first.
        {{"--remount-ro", "/p", "--mask", "/p/late"},
         "late",
         [](const std::string& p) { rename_to(p + "/late", p + "/full"); }},
        {{"--remount-ro", "/p", "--mask", "/p/late/deep"},
         "late",
         [](const std::string& p) { rename_to(p + "/late", p + "/full"); }},
        {{"--remount-ro", "/p", "--mask", "/p/late"},
         "late",
         [](const std::string& p) {
             const std::string late = p + "/late";
             REQUIRE(::mkdir(late.c_str(), 01500) == 0);
             REQUIRE(::chmod(late.c_str(), 01700) == 0);
             std::ofstream(late + "/x") << "secret";
             REQUIRE(::chmod(late.c_str(), 01500) == 0);
         }},
        {{"--remount-ro", "/p", "--mask", "/p/late"},
         "late",
         [](const std::string& p) {
             const Descriptor fd(
                 ::open((p + "/aside").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
             REQUIRE(::fchmod(fd.get(), 01400) == 0);
             rename_to(p + "/late", p + "/aside");
             REQUIRE(::write(fd.get(), "secret", 6) == 6);
         }},
        // The same file has another name.
        {{"--remount-ro", "/p", "--mask", "/p/late"},
         "late",
         [](const std::string& p) {
             const Descriptor fd(
                 ::open((p + "/aside").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
             REQUIRE(::link((p + "/aside").c_str(), (p + "/git/aside").c_str()) == 0);
             REQUIRE(::fchmod(fd.get(), 01400) == 0);
             rename_to(p + "/late", p + "/aside");
             REQUIRE(::ftruncate(fd.get(), 6) == 0);
         }},
        {{"--remount-ro", "/p", "--mask", "/p/late"},
         "late",
         [](const std::string& p) {
             const std::string late = p + "/late";
             const Descriptor fd(::open(late.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 01400));
             REQUIRE(::fchmod(fd.get(), 0600) == 0);
         }},
        // Such a one is there from the beginning.
        {{"--remount-ro", "/p", "--mask", "/p/before"},
         "before",
         [](const std::string& p) {
             REQUIRE(::chmod((p + "/before").c_str(), 0600) == 0);
             std::ofstream(p + "/before") << "secret";
         }},
        // Nobody inside could replace it, and what takes its place could be read.
        {{"--remount-ro", "/p", "--mask", "/p/git/config"},
         "config",
         [](const std::string& p) { replace(p + "/git/config", p + "/other"); }},
    };
    return all;
}

TEST_CASE("a guard that is lost to a change outside ends the sandbox", "[watch]") {
    for (const Name name : both) {
        for (const Words& more : {Words{"--unshare-pid"}, Words{"--share-pid"}}) {
            if (name == Name::bwrap && more[0] == "--share-pid")
                continue;  // it wants --unshare-pid
            for (const Change& change : changes()) {
                INFO(more[0] << " " << change.options.back() << " " << change.told);
                const TemporaryDirectory place;
                fill(place);
                Words options = change.options;
                options.insert(options.end(), more.begin(), more.end());
                Waiting waiting(name, place, options);
                change.make(place.path());
                const Ended ended = waiting.running->wait();
                CHECK(ended.status == (name == Name::sbx ? 123 : 1));
                CHECK(contains(ended.err, change.options[0] == "--remount-ro"
                                              ? "mask"
                                              : change.options[0].substr(2)));
                CHECK(contains(ended.err,
                               "\"" + change.told + "\" was replaced, moved or removed outside"));
                CHECK(ends(waiting.life.read));
            }
        }
    }
}

TEST_CASE("changes beside a guard are nobody's business", "[watch]") {
    const TemporaryDirectory place;
    fill(place);
    Waiting waiting(Name::sbx, place, {"--protect", "/p/git/config", "--mask", "/p/new"});
    place.file("git/more", "x");
    replace(place.path() + "/git/less", place.path() + "/git/more");
    REQUIRE(::unlink((place.path() + "/git/less").c_str()) == 0);
    place.file("git/config", "new text");  // written in place: it is the same file
    REQUIRE(::chmod((place.path() + "/git/config").c_str(), 0600) == 0);
    // Another sandbox takes the placeholder over, and leaves it.
    CHECK(output(sbx({"--bind", place.path(), "/p", "--mask", "/p/new"}, {"open", "/p/new"})) ==
          "open EACCES\n");
    waiting.go.write.close();
    CHECK(waiting.running->wait().status == 0);
}

TEST_CASE("another sandbox's placeholder may come and go", "[watch]") {
    for (const Words& options :
         std::vector<Words>{{"--remount-ro", "/p", "--mask", "/p/new"},
                            {"--remount-ro", "/p", "--protect", "/p/new"},
                            {"--remount-ro", "/p", "--mask", "/p/new/deep"},
                            {"--protect", "/p/empty", "--protect", "/p/empty/new"}}) {
        INFO(options.back());
        const TemporaryDirectory place;
        fill(place);
        const std::string made = options[0] == "--remount-ro" ? "/p/new" : "/p/empty/new";
        const Words other = {"--bind", place.path(), "/p", "--mask", made};
        Waiting waiting(Name::sbx, place, options);
        CHECK(output(sbx(other, {"open", made})) == "open EACCES\n");
        {
            Pipe go = make_pipe();
            Words words = other;
            words.insert(words.end(), {"--keep-fd", "7"});
            Start start = sbx(words, {"echo", "there", ",", "wait-end", "7"});
            start.descriptors = {{7, go.read.get()}};
            Running maker(start);
            maker.expect("there\n");
            Waiting later(Name::sbx, place, options);
            go.write.close();
            CHECK(maker.wait().status == 0);
            later.go.write.close();
            CHECK(later.running->wait().status == 0);
        }
        waiting.go.write.close();
        CHECK(waiting.running->wait().status == 0);
    }
}

// The processes that `pid` has made and that live.
std::vector<pid_t> children_of(pid_t pid) {
    const std::string process = std::to_string(pid);
    std::ifstream file("/proc/" + process + "/task/" + process + "/children");
    std::vector<pid_t> out;
    for (pid_t child = 0; file >> child;) out.push_back(child);
    return out;
}

// The cleaner watches, and has made nothing for itself but a session.
pid_t cleaner_of(const Running& running) {
    for (const pid_t child : children_of(running.pid())) {
        if (children_of(child).empty()) return child;
    }
    throw std::runtime_error("there is no cleaner");
}

TEST_CASE("more changes than the kernel remembers hide no change, and are none", "[watch]") {
    std::ifstream file("/proc/sys/fs/inotify/max_queued_events");
    int most = 0;
    REQUIRE(file >> most);
    for (const bool changes : {false, true}) {
        const TemporaryDirectory place;
        fill(place);
        Waiting waiting(Name::sbx, place, {"--protect", "/p/git/config"});
        const pid_t cleaner = cleaner_of(*waiting.running);
        REQUIRE(::kill(cleaner, SIGSTOP) == 0);
        // Two names in turn: events that are alike are one.
        const std::array<std::string, 2> names = {place.path() + "/git/a", place.path() + "/git/b"};
        for (int i = 0; i <= most; ++i) {
            const std::string& path = names[static_cast<std::size_t>(i % 2)];
            REQUIRE(::mkdir(path.c_str(), 0700) == 0);
            REQUIRE(::rmdir(path.c_str()) == 0);
        }
        if (changes) replace(place.path() + "/git/config", place.path() + "/other");
        REQUIRE(::kill(cleaner, SIGCONT) == 0);
        if (!changes) waiting.go.write.close();
        const Ended ended = waiting.running->wait();
        CHECK(ended.status == (changes ? 123 : 0));
        CHECK(contains(ended.err, "\"config\" was replaced") == changes);
    }
}

TEST_CASE("a sandbox whose guards nobody watches any more ends", "[watch]") {
    for (const char* share : {"--unshare-pid", "--share-pid"}) {
        const TemporaryDirectory place;
        fill(place);
        Waiting waiting(Name::sbx, place, {"--protect", "/p/git/config", share});
        REQUIRE(::kill(cleaner_of(*waiting.running), SIGKILL) == 0);
        const Ended ended = waiting.running->wait();
        CHECK(ended.status == 123);
        CHECK(contains(ended.err, "watches over --mask and --protect was killed"));
        CHECK(ends(waiting.life.read));
    }
}

TEST_CASE("a file that takes a placeholder's place while it is removed is kept", "[watch]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/new";
    place.file("user", "text");
    int turns = 0;
    const Ended ended =
        run_stepwise(sbx({"--bind", place.path(), "/p", "--mask", "/p/new"}, {"exit", "0"}),
                     {SYS_unlinkat, SYS_renameat2}, [&](const Moment&) {
                         // Init has removed a file of its own before.
                         if (turns++ == 1) replace(path, place.path() + "/user");
                     });
    INFO(ended.err);
    CHECK(ended.status == 0);
    CHECK(turns > 1);
    CHECK(read_whole(path) == "text");
    CHECK(place.listing().find(".sbx-") == std::string::npos);
}

TEST_CASE("what cannot be watched is refused, and leaves nothing", "[watch]") {
    for (const bool missing : {true, false}) {
        const TemporaryDirectory place;
        Words options = {"--bind", place.path(), "/p"};
        for (int i = 0; i < 30; ++i) {
            const std::string name = "d" + std::to_string(i);
            place.directory(name);
            if (!missing) place.file(name + "/f", "");
            options.insert(options.end(), {"--protect", "/p/" + name + "/f"});
        }
        const auto names = [&place] {
            const std::filesystem::recursive_directory_iterator all(place.path());
            return std::distance(begin(all), end(all));
        };
        const auto before = names();
        Start start = sbx(options, {"exit", "0"});
        for (const rlim_t most : {64U, 1024U}) {
            start.prepare = [most] {
                const rlimit limit{64, most};
                if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(113);
            };
            const Ended ended = run(start);
            INFO(missing << ended.err);
            CHECK(ended.status == (most == 64 ? 125 : 0));
            CHECK(contains(ended.err, "too many open files") == (most == 64));
            CHECK(names() == before);
        }
    }
    const TemporaryDirectory place;
    if (!is_root()) {  // who cannot make a directory that is somebody else's
        place.directory("shut");
        place.file("shut/file", "");
        REQUIRE(::chmod((place.path() + "/shut").c_str(), 0600) == 0);
        for (const char* name : {"/p/shut/file", "/p/shut/new"}) {
            const Ended ended =
                run(sbx({"--bind", place.path(), "/p", "--protect", name}, {"exit", "0"}));
            INFO(ended.err);
            CHECK(ended.status == 125);
            CHECK(contains(ended.err, "on the host"));
            CHECK(contains(ended.err, "permission denied"));
        }
        REQUIRE(::chmod((place.path() + "/shut").c_str(), 0700) == 0);
        return;
    }
    place.file("secret", "key");
    for (const mode_t mode : {0711U, 0733U}) {
        REQUIRE(::chmod(place.path().c_str(), mode) == 0);
        Start start =
            sbx({"--bind", place.path(), "/p", "--mask", "/p/secret"}, {"open", "/p/secret"});
        start.prepare = [] {
            constexpr uid_t nobody = 65534;
            if (::setresgid(nobody, nobody, nobody) != 0 ||
                ::setresuid(nobody, nobody, nobody) != 0) {
                ::_exit(113);
            }
        };
        const Ended ended = run(start);
        INFO(mode << ended.err);
        CHECK(ended.status == (mode == 0711 ? 0 : 125));
        CHECK(contains(ended.err, "watching on the host whether it is replaced") == (mode == 0733));
    }
}

TEST_CASE("it ends without sbx, too", "[watch]") {
    const TemporaryDirectory place;
    fill(place);
    Waiting waiting(Name::bwrap, place, {"--unshare-pid", "--protect", "/p/git/config"});
    waiting.running->send(SIGKILL);
    waiting.running->wait();
    CHECK_FALSE(has_ended(waiting.life.read));  // in this dialect the command goes on
    replace(place.path() + "/git/config", place.path() + "/other");
    CHECK(ends(waiting.life.read));
}

TEST_CASE("without an inotify instance left a guard fails, and says which limit it is", "[watch]") {
    // All programs of a user share them (inotify(7)), so a command can use up its caller's.
    const TemporaryDirectory place;
    place.file("kept", "text");
    for (const Name name : both) {
        const std::string out = in_child([&] {
            enter_own_namespaces(As::root);
            write_to("/proc/sys/user/max_inotify_instances", "2");
            std::vector<Descriptor> others;
            Words options = {"--bind", place.path(), "/p", "--protect", "/p/kept"};
            options.insert(options.begin(), {"--unshare-user", "--unshare-pid"});
            const auto started = [&] {
                const Ended ended = run(sandbox(name, options, {"echo", "ran"}));
                return std::to_string(ended.status) + " " + ended.out + ended.err;
            };
            std::string said;
            for (int i = 0; i < 2; ++i) {
                said += started() + "|";
                others.emplace_back(::inotify_init1(IN_CLOEXEC));
            }
            return said + started();
        });
        INFO(out);
        const std::size_t second = out.find('|');
        REQUIRE(second != std::string::npos);
        const std::size_t last = out.find('|', second + 1);
        REQUIRE(last != std::string::npos);
        CHECK(out.rfind("0 ran\n", 0) == 0);
        CHECK(out.compare(second + 1, 6, "0 ran\n") == 0);
        const std::string failed = out.substr(last + 1);
        CHECK(failed.rfind(name == Name::sbx ? "125 " : "1 ", 0) == 0);
        CHECK(contains(failed, "fs.inotify.max_user_instances may be raised"));
        CHECK_FALSE(contains(failed, "ran"));
    }
}

}  // namespace
}  // namespace integration
