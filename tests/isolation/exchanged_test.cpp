// SPDX-License-Identifier: Apache-2.0
// An attacker who may write above what sbx is told to show, such as another sandbox in the parent
// directory, gives its name to a link to the home. Sbx judges a source before it makes init, and
// init mounts it: the attacker acts between the two, and at every other moment.
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace integration {
namespace {

namespace fs = std::filesystem;
using Options = std::vector<std::string>;
constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

// A home with a project in it, where "sub" is what sbx is told to show and "link" leads to the
// home.
struct Exchanged {
    TemporaryDirectory place;
    std::string home = place.directory("home");
    std::string project = place.directory("home/project");
    std::string sub = place.directory("home/project/sub");

    Exchanged() {
        place.file("home/file", "home");
        place.file("home/project/sub/file", "project");
        place.directory("home/project/sub/deep");
        place.file("home/project/sub/deep/file", "deep");
        place.directory("home/deep");
        place.file("home/deep/file", "home");
        place.link("home/project/link", home);
    }
    // There is no moment without either.
    void exchange() const {
        ::renameat2(AT_FDCWD, sub.c_str(), AT_FDCWD, (project + "/link").c_str(), RENAME_EXCHANGE);
    }
    bool is_exchanged() const { return fs::is_symlink(sub); }
};

// Calls `act` when all is planned and init is not there yet.
Ended run_replaced(Start start, const std::function<void()>& act) {
    bool acted = false;
    Ended ended = run_stepwise(std::move(start), {SYS_clone3}, [&](const Moment&) {
        if (!acted) act();
        acted = true;
    });
    CHECK(acted);
    return ended;
}

bool is_refused(Name name, const Ended& ended) {
    return ended.status == (name == Name::sbx ? 125 : 1) && ended.out.empty() &&
           contains(ended.err, "was moved or replaced while");
}

TEST_CASE("a source whose name leads elsewhere by now is not shown", "[exchanged]") {
    for (const Name name : both) {
        for (const std::string option :
             {"--bind", "--ro-bind", "--dev-bind", "--bind-try", "--ro-bind-try"}) {
            for (const std::string below : {"", "/deep", "/file", "/."}) {
                const Exchanged there;
                const std::string inside = below == "/deep"   ? "/x/file"
                                           : below == "/file" ? "/x"
                                                              : "/x/file";
                INFO(option << " " << below);
                const Ended ended =
                    run_replaced(sandbox(name, {option, there.sub + below, "/x"},
                                         {"read", inside, ",", "write", inside, "taken"}),
                                 [&] { there.exchange(); });
                INFO(ended.out << ended.err);
                CHECK(is_refused(name, ended));
                CHECK(read_whole(there.home + "/file") == "home");
                CHECK(read_whole(there.home + "/deep/file") == "home");
            }
        }
    }
}

TEST_CASE("a source that is gone, or another file, is not shown", "[exchanged]") {
    for (const Name name : both) {
        for (const std::string how : {"gone", "link", "file", "directory"}) {
            const Exchanged there;
            const std::string source = there.sub + "/file";
            const Ended ended =
                run_replaced(sandbox(name, {"--bind", source, "/x"}, {"read", "/x"}), [&] {
                    fs::rename(source, there.sub + "/away");
                    if (how == "link") fs::create_symlink(there.home + "/file", source);
                    if (how == "file") fs::create_hard_link(there.home + "/file", source);
                    if (how == "directory") fs::create_directory(source);
                });
            INFO(how << ": " << ended.out << ended.err);
            CHECK(is_refused(name, ended));
        }
    }
}

TEST_CASE("the message names the source that was replaced", "[exchanged]") {
    const Exchanged there;
    const Ended ended =
        run_replaced(sandbox(Name::sbx, {"--ro-bind", there.sub, "/x"}, {"exit", "0"}),
                     [&] { there.exchange(); });
    CHECK(contains(ended.err, "bind \"" + there.sub + "\" on \"/x\" read-only: \"" + there.sub +
                                  "\" was moved or replaced while sbx made the sandbox; run sbx "
                                  "again"));
}

TEST_CASE("what is named from the working directory is found there, whatever its name leads to",
          "[exchanged]") {
    for (const Name name : both) {
        const Exchanged names;
        for (const std::string source : {"", ".", "./", "deep", "./deep", "/deep"}) {
            const Exchanged there;
            // Without a point it is the whole name, as a shell's $PWD has it.
            const bool whole = source.empty() || source[0] == '/';
            const bool deep = source.find("deep") != std::string::npos;
            Start start = sandbox(name, {"--bind", (whole ? there.sub : "") + source, "/x"},
                                  {"read", "/x/file"});
            start.directory = there.sub;
            const Ended ended = run_replaced(start, [&] { there.exchange(); });
            INFO(source << ": " << ended.out << ended.err);
            CHECK(ended.out == std::string("read ok ") + (deep ? "deep" : "project") + "\n");
        }
    }
}

TEST_CASE("a file system that is mounted on access is shown", "[exchanged]") {
    const std::string out = in_child([] {
        const TemporaryDirectory place;
        const bool root = is_root();  // and not in name only
        if (root) {
            if (::unshare(CLONE_NEWNS) != 0) return std::string("unshare");
            mount_or_throw(nullptr, "/", nullptr, MS_REC | MS_PRIVATE);
        } else {
            enter_own_namespaces(As::root);
        }
        // Its "tracing" is the one that every kernel has; a user may not mount it.
        if (::mount("debugfs", place.path().c_str(), "debugfs", 0, nullptr) != 0) {
            return std::string(root ? "no debugfs" : "shown shown ");
        }
        std::string shown;
        for (const Name name : both) {
            const std::string source = place.path() + "/tracing";
            const Ended ended = run(sandbox(name, {"--ro-bind", source, "/x"}, {"list", "/x"}));
            shown += contains(ended.out, "available_events") ? "shown " : ended.out + ended.err;
            ::umount2(source.c_str(), MNT_DETACH);
        }
        ::umount2(place.path().c_str(), MNT_DETACH);
        return shown;
    });
    CHECK(out == "shown shown ");
}

TEST_CASE("what is above the working directory is the one that was looked at, or nothing",
          "[exchanged]") {
    for (const Name name : both) {
        for (const std::string source : {"..", "../deep", "../../sub", "link/file"}) {
            const Exchanged there;
            there.place.link("home/project/sub/deep/link", "..");
            Start start = sandbox(name, {"--bind", source, "/x"}, {"list", "/x"});
            start.directory = there.sub + "/deep";
            const Ended ended = run_replaced(start, [&] { there.exchange(); });
            INFO(source << ": " << ended.out << ended.err);
            CHECK(is_refused(name, ended));
        }
    }
}

TEST_CASE("a descriptor whose name leads elsewhere by now is not shown", "[exchanged]") {
    for (const Name name : both) {
        const Exchanged there;
        const Descriptor fd(::open(there.sub.c_str(), O_PATH | O_CLOEXEC));
        Start start = sandbox(name, {"--bind-fd", "7", "/x"}, {"read", "/x/file"});
        start.descriptors = {{7, fd.get()}};
        const Ended ended = run_replaced(start, [&] { there.exchange(); });
        INFO(ended.err);
        CHECK(ended.status == (name == Name::sbx ? 125 : 1));
        CHECK(ended.out.empty());
    }
}

TEST_CASE("an overlay is of the directories that were looked at, or not made", "[exchanged]") {
    for (const Name name : both) {
        for (const std::string replaced : {"upper", "middle", "low", "changes", "work"}) {
            for (const std::string kind : {"--tmp-overlay", "--ro-overlay", "--overlay"}) {
                const bool kept = kind == "--overlay";
                if (!kept && (replaced == "changes" || replaced == "work")) continue;
                const Exchanged there;
                Options options;
                for (const char* layer : {"low", "middle", "upper"}) {
                    options.insert(options.end(), {"--overlay-src", there.place.directory(layer)});
                }
                options.push_back(kind);
                if (kept) {
                    options.push_back(there.place.directory("changes"));
                    options.push_back(there.place.directory("work"));
                }
                options.emplace_back("/x");
                const std::string before = there.place.path() + "/" + replaced;
                const std::string listing = read_whole(there.home + "/file");
                const Ended ended = run_replaced(
                    sandbox(name, options, {"read", "/x/file", ",", "write", "/x/new", "y"}), [&] {
                        fs::remove(before);
                        fs::create_directory_symlink(there.home, before);
                    });
                INFO(kind << " " << replaced << ": " << ended.out << ended.err);
                CHECK(is_refused(name, ended));
                CHECK(read_whole(there.home + "/file") == listing);
                CHECK_FALSE(fs::exists(there.home + "/new"));
                CHECK_FALSE(fs::exists(there.home + "/work"));
            }
        }
    }
}

TEST_CASE("an overlay of the working directory is of it, whatever its name leads to",
          "[exchanged]") {
    for (const Name name : both) {
        const Exchanged there;
        Start start =
            sandbox(name, {"--overlay-src", ".", "--tmp-overlay", "/x"}, {"read", "/x/file"});
        start.directory = there.sub;
        CHECK(run_replaced(start, [&] { there.exchange(); }).out == "read ok project\n");
    }
}

TEST_CASE("a device of the host that is something else by now is not shown", "[exchanged]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string secret = place.file("secret", "secret");
        const std::string out = in_child([&] {
            enter_own_namespaces(As::root);
            // A /dev whose names its owner can change.
            const std::string dev = place.directory("dev");
            for (const char* node : {"null", "zero", "full", "random", "urandom", "tty"}) {
                const std::string real = place.file(std::string("dev/real-") + node);
                mount_or_throw((std::string("/dev/") + node).c_str(), real, nullptr, MS_BIND);
                place.link(std::string("dev/") + node, std::string("real-") + node);
            }
            mount_or_throw(dev.c_str(), "/dev", nullptr, MS_BIND | MS_REC);
            Options options;
            if (name == Name::bwrap) options = {"--dev", "/dev"};
            const Ended ended = run_replaced(sandbox(name, options, {"read", "/dev/zero"}), [&] {
                fs::remove("/dev/zero");
                fs::create_symlink(secret, "/dev/zero");
            });
            return is_refused(name, ended) ? "refused" : ended.out + ended.err;
        });
        CHECK(out == "refused");
    }
}

// Exchanges once, before the system call number `when`; the end, and how many there were.
std::pair<Ended, unsigned> run_at(const Start& start, const Exchanged& there, unsigned when) {
    unsigned turns = 0;
    Ended ended = run_stepwise(start,
                               {SYS_openat, SYS_openat2, SYS_open_tree, SYS_newfstatat, SYS_stat,
                                SYS_lstat, SYS_readlink, SYS_getcwd, SYS_clone3},
                               [&](const Moment&) {
                                   if (++turns == when) there.exchange();
                               });
    return {ended, turns};
}

// The command reads the project's file, whenever the attacker acts, or sbx says what is wrong.
void check_project(const Exchanged& there, const Ended& ended) {
    INFO(ended.out << ended.err);
    CHECK(there.is_exchanged());
    CHECK_FALSE(contains(ended.out, "home"));
    CHECK((ended.out == "read ok project\n" || !ended.err.empty()));
}

void try_moments(const std::function<Start(const Exchanged&)>& start_in) {
    unsigned all = 0;
    {
        const Exchanged there;
        const auto [ended, turns] = run_at(start_in(there), there, 0);
        INFO(ended.err);
        REQUIRE(ended.out == "read ok project\n");
        all = turns;
    }
    {
        const Exchanged there;
        const Ended ended = run_replaced(start_in(there), [&] { there.exchange(); });
        check_project(there, ended);
        CHECK(ended.out == "read ok project\n");
    }
    // There are too many to try them all: real root's sbx looks at all of /proc.
    for (unsigned when = 1; when <= all; when += all / 15 + 1) {
        INFO(when << " of " << all);
        const Exchanged there;
        check_project(there, run_at(start_in(there), there, when).first);
    }
}

TEST_CASE("an agent never gets the home for its project", "[exchanged]") {
    try_moments([](const Exchanged& there) {
        Start start = sandbox(Name::sbx, {"--profile", "agent"}, {"read", "file"});
        start.directory = there.sub;
        start.prepare = [home = there.home] { ::setenv("HOME", home.c_str(), 1); };
        return start;
    });
}

TEST_CASE("a profile's ${CWD} is the working directory, whatever its name leads to",
          "[exchanged]") {
    const TemporaryDirectory profiles;
    const std::string profile = profiles.file("own.conf", "bind = ${CWD} ${CWD}\n");
    try_moments([&](const Exchanged& there) {
        Start start = sandbox(Name::sbx, {"--profile", profile}, {"read", "file"});
        start.directory = there.sub;
        return start;
    });
}

TEST_CASE("a guard for what is there is not left out because of another directory", "[exchanged]") {
    // Exchanges before the moment number `when`; gives the number of the one in which init is made.
    const auto run_once = [](unsigned when) {
        const Exchanged there;
        const std::string other = there.place.directory("home/project/other");
        Start start = sandbox(Name::sbx, {"--bind", ".", "/x", "--protect-try", "/x/file"},
                              {"write-existing", "/x/file", "taken"});
        start.directory = there.sub;
        unsigned turns = 0;
        unsigned planned = 0;
        const Ended ended = run_stepwise(
            start,
            {SYS_newfstatat, SYS_lstat, SYS_faccessat, SYS_faccessat2, SYS_openat2, SYS_clone3},
            [&](const Moment& moment) {
                ++turns;
                if (moment.data.nr == SYS_clone3 && planned == 0) planned = turns;
                if (turns != when) return;
                ::renameat2(AT_FDCWD, there.sub.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
            });
        INFO(when << ": " << ended.out << ended.err);
        const std::string real = fs::exists(other + "/file") ? other : there.sub;
        CHECK(read_whole(real + "/file") == "project");
        return planned;
    };
    // The guard is one of the last things that are looked at.
    const unsigned planned = run_once(0);
    REQUIRE(planned > 20);
    for (unsigned when = planned - 20; when <= planned; ++when) run_once(when);
}

TEST_CASE("a profile includes those beside it, whatever the directory is called by then",
          "[exchanged]") {
    const auto run_once = [](unsigned when) {
        const TemporaryDirectory place;
        for (const std::string which : {"ours", "theirs"}) {
            place.directory(which);
            place.file(which + "/one.conf", "include = ./two.conf\nsetenv = ONE " + which + "\n");
            place.file(which + "/two.conf", "setenv = TWO " + which + "\n");
        }
        unsigned turns = 0;
        const Start start =
            sandbox(Name::sbx, {"--profile", place.path() + "/ours/one.conf"}, {"environment"});
        const Ended ended = run_stepwise(start, {SYS_openat}, [&](const Moment&) {
            if (++turns != when) return;
            ::renameat2(AT_FDCWD, (place.path() + "/ours").c_str(), AT_FDCWD,
                        (place.path() + "/theirs").c_str(), RENAME_EXCHANGE);
        });
        INFO(when << ": " << ended.out << ended.err);
        REQUIRE(ended.status == 0);
        const std::string whose = has_line(ended.out, "env ONE=ours") ? "ours" : "theirs";
        CHECK(has_line(ended.out, "env ONE=" + whose));
        CHECK(has_line(ended.out, "env TWO=" + whose));
        return turns;
    };
    // Profiles are what is read first.
    const unsigned all = run_once(0);
    for (unsigned when = 1; when <= std::min(all, 20U); ++when) run_once(when);
}

}  // namespace
}  // namespace integration
