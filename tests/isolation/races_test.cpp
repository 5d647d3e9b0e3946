// SPDX-License-Identifier: Apache-2.0
// An attacker outside who shares a directory with the sandbox changes it while set-up goes on: at
// the moment of every system call that set-up looks something up with.
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

namespace integration {
namespace {

namespace fs = std::filesystem;
using Options = std::vector<std::string>;

constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};
constexpr std::initializer_list<int> lookups = {
    SYS_openat2,   SYS_openat,     SYS_mkdirat,    SYS_symlinkat, SYS_readlinkat,
    SYS_open_tree, SYS_move_mount, SYS_newfstatat, SYS_fchmodat,  SYS_statx};

// A directory that is bound writable, in which "d" is a directory and then a link to what is the
// host's, in turn.
struct Swapped {
    TemporaryDirectory bound;
    TemporaryDirectory outside;

    Swapped() {
        outside.file("file", "precious");
        outside.directory("sub");
        bound.directory("d/sub");
        bound.file("d/file", "shared");
        bound.link("link", outside.path());
    }
    // rename(2) with RENAME_EXCHANGE: there is no moment without either.
    void swap() const {
        ::renameat2(AT_FDCWD, (bound.path() + "/d").c_str(), AT_FDCWD,
                    (bound.path() + "/link").c_str(), RENAME_EXCHANGE);
    }
};

// Swaps at every `every`th moment, beginning with the one after `skipped` of them; how many there
// were is how often the attacker had a turn.
int run_swapping(const Swapped& place, Start start, unsigned every, unsigned skipped = 0) {
    unsigned turns = 0;
    run_stepwise(std::move(start), lookups, [&](const Moment&) {
        if (turns >= skipped && (turns - skipped) % every == 0) place.swap();
        ++turns;
    });
    if (fs::is_symlink(place.bound.path() + "/d")) place.swap();  // as it was before
    return static_cast<int>(turns);
}

// What a lookup finds depends on how many moments came before, and those are not the same for every
// caller. So an attacker who acts at every one, every second, ... begins at each of the beats.
std::vector<std::pair<unsigned, unsigned>> rhythms(unsigned slowest) {
    std::vector<std::pair<unsigned, unsigned>> out;
    for (unsigned every = 1; every <= slowest; ++every) {
        for (unsigned skipped = 0; skipped < 2 * every; ++skipped) out.emplace_back(every, skipped);
    }
    return out;
}

TEST_CASE("a directory that becomes a link during set-up leads nothing to the host", "[races]") {
    for (const Name name : both) {
        for (const auto& [every, skipped] : rhythms(2)) {
            const Swapped place;
            const std::string before = place.outside.listing();
            const std::string own = place.bound.path();
            const Descriptor content = file_with("overwritten");
            const std::vector<Options> attempts = {
                {"--tmpfs", "/b/d/sub"},
                {"--dir", "/b/d/new/deep"},
                {"--ro-bind", payload_path(), "/b/d/file"},
                {"--bind", own, "/b/d/sub"},
                {"--file", "7", "/b/d/file"},
                {"--file", "7", "/b/d/new-file"},
                {"--symlink", "target", "/b/d/new-link"},
                {"--chmod", "0777", "/b/d/sub"},
                {"--ro-bind-data", "7", "/b/d/new-data"},
            };
            for (Options options : attempts) {
                INFO(options[0] << " " << options.back() << " " << every << " " << skipped);
                options.insert(options.begin(), {"--bind", own, "/b"});
                Start start = sandbox(name, options, {"exit", "0"});
                start.descriptors = {{7, content.get()}};
                CHECK(run_swapping(place, start, every, skipped) > 5);
                CHECK(place.outside.listing() == before);
            }
        }
    }
}

TEST_CASE("a link that appears where something is to be made is not followed", "[races]") {
    for (const Name name : both) {
        for (const auto& [every, skipped] : rhythms(3)) {
            const TemporaryDirectory bound;
            const TemporaryDirectory outside;
            bound.link("aside", outside.path() + "/made");
            const std::string before = outside.listing();
            const std::string aside = bound.path() + "/aside";
            const std::string there = bound.path() + "/new";
            const Descriptor content = file_with("content");
            for (Options options : std::vector<Options>{{"--file", "7", "/b/new"},
                                                        {"--ro-bind-data", "7", "/b/new"},
                                                        {"--ro-bind", payload_path(), "/b/new"},
                                                        {"--tmpfs", "/b/new"},
                                                        {"--dir", "/b/new/deep"},
                                                        {"--symlink", "x", "/b/new"},
                                                        {"--protect", "/b/new"}}) {
                INFO(options[0] << " " << every << " " << skipped);
                options.insert(options.begin(), {"--unshare-pid", "--bind", bound.path(), "/b"});
                Start start = sandbox(name, options, {"exit", "0"});
                start.descriptors = {{7, content.get()}};
                unsigned turns = 0;
                run_stepwise(start, lookups, [&, every = every, skipped = skipped](const Moment&) {
                    // Where set-up has made something itself the link stays aside.
                    if ((turns++ + skipped) / every % 2 == 0) {
                        ::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, there.c_str(),
                                    RENAME_NOREPLACE);
                    } else if (fs::is_symlink(there)) {
                        ::renameat2(AT_FDCWD, there.c_str(), AT_FDCWD, aside.c_str(),
                                    RENAME_NOREPLACE);
                    }
                });
                CHECK(turns > 5);
                CHECK(outside.listing() == before);
                if (!fs::is_symlink(aside)) fs::rename(there, aside);
                fs::remove_all(there);
            }
        }
    }
}

TEST_CASE("a directory that is moved out of the bind during set-up is not left by ..", "[races]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string deep = place.directory("bound/a/b");
        place.directory("aside");
        place.directory("secret");
        const std::string before = place.listing();
        bool away = false;
        run_stepwise(sandbox(name,
                             {"--bind", place.path() + "/bound", "/b", "--dir",
                              "/b/a/b/../../../secret/new", "--tmpfs", "/b/a/b/../../../secret"},
                             {"exit", "0"}),
                     lookups, [&](const Moment&) {
                         const std::string from = place.path() + (away ? "/aside/b" : "/bound/a/b");
                         const std::string to = place.path() + (away ? "/bound/a/b" : "/aside/b");
                         away = !away;
                         fs::rename(from, to);
                     });
        CHECK(fs::is_empty(place.path() + "/secret"));
        CHECK(fs::is_empty(place.path() + (away ? "/aside/b" : "/bound/a/b")));
    }
}

TEST_CASE("a working directory that is another's name by now is refused", "[races]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string entered = place.directory("d");
        unsigned changes = 0;  // the process that changes its directory
        bool asked = false;
        bool swapped = false;
        const Ended ended = run_stepwise(
            sandbox(name, {"--bind", place.path(), "/b", "--chdir", "/b/d"}, {"directory"}),
            {SYS_chdir, SYS_getcwd, SYS_newfstatat}, [&](const Moment& moment) {
                // The name that getcwd(2) has given is compared with the directory.
                if (moment.data.nr == SYS_chdir) changes = moment.pid;
                if (moment.pid != changes || swapped) return;
                if (moment.data.nr == SYS_getcwd) asked = true;
                if (!asked || moment.data.nr != SYS_newfstatat) return;
                swapped = true;
                fs::rename(entered, place.path() + "/away");
                fs::create_directory(entered);
            });
        INFO(ended.out << ended.err);
        CHECK(swapped);
        CHECK(ended.status == (name == Name::sbx ? 125 : 1));
        CHECK(ended.out.empty());
    }
}

// Sources: at every moment of set-up what the name of the source leads to is another file; what is
// shown must be the one that was opened.
struct Replaced {
    TemporaryDirectory place;
    std::string path;
    bool directory;
    Descriptor fd;

    explicit Replaced(const char* what)
        : path(place.path() + "/" + what), directory(what != std::string("good")) {
        place.file("good", "good");
        place.file("bad-file", "bad");
        place.directory("good-directory");
        place.file("good-directory/file", "good");
        place.directory("bad");
        place.file("bad/file", "bad");
        fd = Descriptor(::open(path.c_str(), O_PATH | O_CLOEXEC));
    }
    void replace() const {
        fs::rename(path, place.path() + "/elsewhere");
        if (directory) {
            fs::create_directory_symlink(place.path() + "/bad", path);
        } else {
            fs::create_hard_link(place.path() + "/bad-file", path);
        }
    }
    // Replaces it before the lookup number `when`; gives the end, and how many lookups there were.
    std::pair<Ended, unsigned> run(Name name, const char* option, unsigned when) const {
        Start start = sandbox(name, {option, "7", "/x"}, {"read", directory ? "/x/file" : "/x"});
        start.descriptors = {{7, fd.get()}};
        unsigned turns = 0;
        Ended ended =
            run_stepwise(start, {SYS_openat, SYS_open, SYS_readlink, SYS_open_tree, SYS_newfstatat},
                         [&](const Moment&) {
                             if (++turns == when) replace();
                         });
        return {ended, turns};
    }
};

TEST_CASE("--bind-fd shows what the descriptor is open on, or nothing", "[races]") {
    for (const Name name : both) {
        for (const char* option : {"--bind-fd", "--ro-bind-fd"}) {
            for (const char* what : {"good", "good-directory"}) {
                // The source is looked up last: what comes before is not the same for every caller
                // (real root's sbx looks at all of /proc).
                const unsigned all = Replaced(what).run(name, option, 0).second;
                constexpr unsigned enough = 60;
                const unsigned step = what[4] == '\0' ? 1 : 7;
                for (unsigned when = all > enough ? all - enough : 1; when <= all; when += step) {
                    const Ended ended = Replaced(what).run(name, option, when).first;
                    INFO(option << " " << what << " " << when << ": " << ended.out << ended.err);
                    CHECK_FALSE(contains(ended.out, "bad"));
                    CHECK((ended.out == "read ok good\n" || !ended.err.empty()));
                }
            }
        }
    }
}

TEST_CASE("--bind-fd of a file that is another's name by now is refused", "[races]") {
    for (const Name name : both) {
        for (const char* how : {"replaced", "gone"}) {
            const TemporaryDirectory place;
            const std::string path = place.file("good", "good");
            const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
            fs::remove(path);
            // The name that the kernel gives to a file without one.
            if (how[0] == 'r') place.file("good (deleted)", "bad");
            place.file("good", "bad");
            Start start = sandbox(name, {"--bind-fd", "7", "/x"}, {"read", "/x"});
            start.descriptors = {{7, fd.get()}};
            const Ended ended = run(start);
            INFO(ended.err);
            CHECK(ended.status == (name == Name::sbx ? 125 : 1));
            CHECK(ended.out.empty());
        }
    }
}

TEST_CASE("a source that becomes a link during set-up is the old one, the new one, or an error",
          "[races]") {
    // Who may change the source says what is shown; but it is one or the other, read-only at once.
    for (const Name name : both) {
        const Swapped place;
        const std::string outside = place.outside.listing();
        for (unsigned every = 1; every <= 3; ++every) {
            Start start = sandbox(name, {"--ro-bind", place.bound.path() + "/d", "/x"},
                                  {"read", "/x/file", ",", "write", "/x/file", "z"});
            const int turns = run_swapping(place, start, every);
            CHECK(turns > 5);
        }
        CHECK(place.outside.listing() == outside);
    }
}

TEST_CASE("a profile that is replaced while sbx writes it is an error", "[races]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/new.conf";
    const Start start =
        plain(Name::sbx, {"--save-profile", path, "--ro-bind", "/usr", "/usr", "true"});
    bool replaced = false;
    const Ended ended = run_stepwise(start, {SYS_write}, [&](const Moment& moment) {
        std::error_code error;
        if (replaced || fs::read_symlink(path_of(moment, 0), error) != path) return;
        fs::rename(place.file("other", "bind = / /\n"), path);
        replaced = true;
    });
    REQUIRE(replaced);
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "was replaced meanwhile"));
    CHECK(ended.out.empty());
}

}  // namespace
}  // namespace integration
