// SPDX-License-Identifier: Apache-2.0
// What cannot work is refused, in one sentence that names the thing and the remedy.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace integration {
namespace {

// What is said apart from warnings.
std::string without_warnings(const std::string& text) {
    std::string out;
    for (const std::string& line : lines_of(text)) {
        if (line.rfind("sbx: warning: ", 0) != 0) out += line + "\n";
    }
    return out;
}

// A refusal is one line, with the dialect's status, and without a full stop.
void check_refused(Name name, Ended ended, const std::string& sentence) {
    INFO(ended.err);
    ended.err = without_warnings(ended.err);
    CHECK(ended.status == (name == Name::sbx ? 125 : 1));
    CHECK(ended.out.empty());
    CHECK(contains(ended.err, sentence));
    REQUIRE(ended.err.size() > 2);
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
    CHECK(ended.err[ended.err.size() - 2] != '.');
}

constexpr Name both[] = {Name::sbx, Name::bwrap};

TEST_CASE("no command", "[errors]") {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{}, {"--ro-bind", "/usr", "/usr"}, {"--unshare-all", "--"}}) {
        check_refused(Name::sbx, run(plain(Name::sbx, words)), "no command given");
        const Ended usage = run(plain(Name::bwrap, words));
        CHECK(usage.status == 1);
        CHECK(usage.out.empty());
        CHECK(usage.err.rfind("usage: ", 0) == 0);
    }
}

TEST_CASE("an unknown option", "[errors]") {
    check_refused(Name::sbx, run(plain(Name::sbx, {"--ro-bnd", "/", "/", "ls"})),
                  "unknown option \"--ro-bnd\"; did you mean --ro-bind?");
    check_refused(Name::sbx, run(plain(Name::sbx, {"-x", "ls"})), "unknown option \"-x\"");
    check_refused(Name::sbx, run(plain(Name::sbx, {"--bin", "/", "/", "ls"})), "unknown option");
    for (const char* word : {"--nothing", "-x", "-", "--chdir=/", "--unshare"}) {
        check_refused(Name::bwrap, run(plain(Name::bwrap, {word, "ls"})),
                      std::string("Unknown option ") + word);
    }
}

TEST_CASE("options after the command are its own, and said where it cannot be run", "[errors]") {
    const Ended late = run(plain(Name::sbx, {"nowhere", "--ro-bind", "/usr", "/usr"}));
    CHECK(late.status == 127);
    CHECK(contains(
        late.err,
        "\"--ro-bind\" after the command is the command's, options of sbx come before it"));
    for (const char* own : {"--color=auto", "--version", "--help"}) {
        CHECK_FALSE(contains(run(plain(Name::sbx, {"nowhere", own})).err, "after the command"));
    }
    CHECK_FALSE(contains(run(plain(Name::bwrap, {"nowhere", "--bind"})).err, "after the command"));
}

TEST_CASE("a word that is meant for an option takes an equals sign", "[errors]") {
    const Ended format = run(plain(Name::sbx, {"--dry-run", "tree"}));
    CHECK(format.status == 125);
    CHECK(contains(format.err, "a format follows an equals sign, as in --dry-run=tree"));
    CHECK(run(plain(Name::sbx, {"--dry-run", "tree", "/"})).status == 0);
    CHECK(run(plain(Name::sbx, {"--dry-run", "tree", "--bare", "true"})).status == 125);
    const Ended name = run(plain(Name::sbx, {"--show-profile", "work"}));
    CHECK(name.status == 125);
    CHECK(contains(name.err, "--profile NAME takes those of a profile"));
    const Ended topic = run(plain(Name::sbx, {"--help", "all"}));
    CHECK(topic.status == 125);
    CHECK(contains(topic.err, "a topic follows an equals sign, as in --help=all"));
    CHECK(run(plain(Name::sbx, {"--help", "me"})).status == 0);
    CHECK(contains(run(plain(Name::sbx, {"--net", "x"})).err, "did you mean --share-net?"));
    CHECK(contains(run(plain(Name::sbx, {"-h"})).err, "did you mean --help?"));
}

TEST_CASE("where a command starts is said when it fails", "[errors]") {
    const TemporaryDirectory place;
    const auto said = [&](const std::string& status, const std::vector<std::string>& options = {}) {
        Start start = sbx(options, {"exit", status});
        start.directory = place.path();
        return run(start).err;
    };
    CHECK(said("0").empty());
    CHECK(
        contains(said("3"), "sbx: warning: the command starts in /, since the working directory " +
                                place.path() + " is not inside"));
    CHECK(said("3", {"--warning", "working-directory", "hide"}).empty());
    CHECK(said("3", {"--ro-bind", place.path(), place.path()}).empty());
    CHECK(
        contains(said("0", {"--warning", "working-directory", "refuse"}), "the command starts in"));
    // A command that is named by way of it is not found.
    Start missing = plain(Name::sbx, {"./x"});
    missing.directory = place.path();
    CHECK(contains(run(missing).err, "the command starts in /"));
    missing.words = {"x"};
    CHECK_FALSE(contains(run(missing).err, "the command starts in"));
}

TEST_CASE("too few arguments", "[errors]") {
    for (const Name name : both) {
        check_refused(name, run(plain(name, {"--bind", "/usr"})), "--bind takes two arguments");
        check_refused(name, run(plain(name, {"--chdir"})), "--chdir takes one argument");
        check_refused(name, run(plain(name, {"--tmpfs"})), "--tmpfs takes an argument");
    }
}

TEST_CASE("a missing source", "[errors]") {
    const TemporaryDirectory place;
    const std::string missing = place.path() + "/missing";
    for (const char* option : {"--bind", "--ro-bind", "--dev-bind"}) {
        check_refused(Name::sbx, run(sbx({option, missing, "/d"}, {"exit", "0"})),
                      "\"" + missing + "\" on \"/d\"");
        check_refused(Name::sbx, run(sbx({option, missing, "/d"}, {"exit", "0"})),
                      std::string("no such file or directory; check its spelling, or create \"") +
                          missing + "\" first; " + option + "-try leaves it out");
        check_refused(Name::bwrap, run(bwrap({option, missing, "/d"}, {"exit", "0"})),
                      "Can't find source path " + missing + ": No such file or directory");
    }
}

TEST_CASE("where the way to a source ends", "[errors]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file");
    const std::string link = place.link("link", "nowhere");
    const std::string circle = place.link("circle", "circle");
    struct Case {
        std::string source;
        std::string sentence;
    };
    const std::vector<Case> cases = {
        {file + "/below", "not a directory (\"" + file + "\" is a file)"},
        {place.path() + "/a/b/c", "no such file or directory (\"" + place.path() +
                                      "/a\" is missing); check its spelling, or create"},
        {link, "no such file or directory (\"" + link +
                   "\" is a link to \"nowhere\", which is not there)"},
        {link + "/x", "(\"" + link + "\" is a link to \"nowhere\", which is not there)"},
        {circle + "/x", "too many levels of symbolic links (at \"" + circle + "\")"},
    };
    for (const Case& each : cases) {
        check_refused(Name::sbx, run(sbx({"--bind", each.source, "/d"}, {"exit", "0"})),
                      each.sentence);
        check_refused(
            Name::sbx,
            run(sbx({"--overlay-src", each.source, "--tmp-overlay", "/d"}, {"exit", "0"})),
            each.sentence.substr(0, each.sentence.find(';')));
    }
    // Such a way is no missing source: -try takes only that.
    check_refused(Name::sbx, run(sbx({"--bind-try", file + "/below", "/d"}, {"exit", "0"})),
                  "is a file)");
    CHECK(run(sbx({"--bind-try", link, "/d"}, {"exit", "0"})).status == 0);
}

TEST_CASE("what is most often a mistake is said, and done", "[errors]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file", "text");
    const std::string warning = "sbx: warning: --bind " + file + " /file shows a single file: ";
    const Ended said = run(sbx({"--bind", file, "/file"}, {"read", "/file"}));
    CHECK(said.out == "read ok text\n");
    CHECK(said.err.rfind(warning, 0) == 0);
    CHECK(contains(said.err, " [file-bind]\n"));
    const Ended hidden =
        run(sbx({"--bind", file, "/file", "--warning", "file-bind", "hide"}, {"exit", "0"}));
    CHECK(hidden.status == 0);
    CHECK(hidden.err.empty());
    check_refused(
        Name::sbx,
        run(sbx({"--bind", file, "/file", "--warning", "file-bind", "refuse"}, {"exit", "0"})),
        "--warning file-bind hide allows it");
    // Bubblewrap's callers read every word.
    const Ended bubblewrap = run(bwrap({"--bind", file, "/file"}, {"exit", "0"}));
    CHECK(bubblewrap.status == 0);
    CHECK(bubblewrap.err.empty());
}

TEST_CASE("an agent's socket that comes in is said", "[errors]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/agent";
    const Descriptor agent{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(agent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const auto said = [&](std::vector<std::string> more) {
        std::vector<std::string> options = {"--ro-bind", place.path(), "/d"};
        options.insert(options.end(), more.begin(), more.end());
        Start start = sbx(options, {"exit", "0"});
        start.prepare = [&path] { ::setenv("SSH_AUTH_SOCK", path.c_str(), 1); };
        return run(start).err;
    };
    CHECK(contains(said({}), "brings in the socket \"" + path + "\""));
    CHECK(contains(said({}), "--mask /d/agent hides it [agent-socket]"));
    CHECK(said({"--mask", "/d/agent"}).empty());
    ::unlink(path.c_str());
    CHECK(said({}).empty());
}

TEST_CASE("no room for what is written into the sandbox", "[errors]") {
    const Descriptor content = file_with(std::string(100'000, 'x'));
    Start start = sbx({"--size", "4096", "--tmpfs", "/t", "--file", "7", "/t/x"}, {"exit", "0"});
    start.descriptors = {{7, content.get()}};
    check_refused(Name::sbx, run(start),
                  "no space left on device; the tmpfs that it is on is full: give it more with "
                  "--size");
}

TEST_CASE("a source that an overlay does not take", "[errors]") {
    check_refused(
        Name::sbx, run(sbx({"--overlay-src", "/proc", "--tmp-overlay", "/o"}, {"exit", "0"})),
        "invalid argument; the kernel takes no directory for an overlay below which other file "
        "systems are mounted");
}

TEST_CASE("a source that may not be read", "[errors]") {
    const TemporaryDirectory place;
    place.directory("closed/in");
    ::chmod((place.path() + "/closed").c_str(), 0);
    const std::string in = place.path() + "/closed/in";
    const Ended ended = run(sbx({"--bind-try", in, "/d"}, {"look", "/d"}));
    if (is_root()) {
        CHECK(ended.out == "look directory 0755\n");
    } else {
        check_refused(Name::sbx, ended,
                      "\"" + in + "\" on \"/d\" writable: permission denied (\"" + place.path() +
                          "/closed\" may not be searched by you)");
    }
    ::chmod((place.path() + "/closed").c_str(), 0755);
}

TEST_CASE("a source and a destination of different kinds", "[errors]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file", "x");
    const std::string directory = place.directory("directory");
    const std::string before = place.listing();
    struct Case {
        std::vector<std::string> options;
        const char* sbx;
        const char* bwrap;
    };
    const std::vector<Case> cases = {
        {{"--dir", "/d", "--bind", file, "/d"},
         "the source is a file and \"/d\" is a directory; name a file, as \"/d/file\"",
         "Destination is not a file /d"},
        {{"--bind", directory, "/payload"},
         "\"/payload\" is a file inside, not a directory; name a directory",
         "Destination is not a directory /payload"},
        {{"--tmpfs", "/payload"},
         "\"/payload\" is a file inside",
         "Destination is not a directory /payload"},
        {{"--proc", "/payload"},
         "\"/payload\" is a file inside",
         "Destination is not a directory /payload"},
        {{"--dir", "/payload"},
         "\"/payload\" is a file inside",
         "Destination is not a directory /payload"},
        {{"--tmpfs", "/payload/below"},
         "not a directory; \"/payload\" is a file inside, and nothing is below it",
         "Can't mkdir parents for /payload/below: Not a directory"},
        {{"--symlink", "x", "/payload/below"},
         "not a directory; \"/payload\" is a file inside, and nothing is below it",
         "Can't mkdir parents for /payload/below: Not a directory"},
        {{"--ro-bind", place.path(), "/d", "--tmpfs", "/d/file/a/b"},
         "not a directory; \"/d/file\" is a file inside, and nothing is below it",
         nullptr},
    };
    for (const Case& each : cases) {
        check_refused(Name::sbx, run(sbx(each.options, {"exit", "0"})), each.sbx);
        if (each.bwrap == nullptr) continue;
        check_refused(Name::bwrap, run(bwrap(each.options, {"exit", "0"})), each.bwrap);
    }
    CHECK(place.listing() == before);
}

TEST_CASE("a step that fails names the line of the profile that asked for it", "[errors]") {
    const TemporaryDirectory place;
    const std::string profile =
        place.file("p.conf", "dir = /d\n\nro-bind = " + place.file("file", "x") + " /d/\n");
    check_refused(Name::sbx, run(plain(Name::sbx, {"--profile", profile, "true"})),
                  "sbx: " + profile + ":3: step ");
    // What comes after it from the command line is nobody's line, also at the same place.
    check_refused(Name::sbx,
                  run(plain(Name::sbx, {"--profile", profile, "--unset", "ro-bind", "--ro-bind",
                                        place.path() + "/file", "/d", "true"})),
                  "sbx: step ");
    const Ended own = run(plain(
        Name::sbx, {"--profile", profile, "--unset", "ro-bind", "--dir", "/proc/new", "true"}));
    CHECK(contains(own.err, "\"/proc/new\" is not in procfs, where nothing can be made"));
    CHECK_FALSE(contains(own.err, ".conf"));
}

TEST_CASE("a file upon a directory", "[errors]") {
    const Descriptor content = file_with("x");
    for (const Name name : both) {
        Start start = sandbox(name, {"--dir", "/d", "--file", "7", "/d"}, {"exit", "0"});
        start.descriptors = {{7, content.get()}};
        check_refused(
            name, run(start),
            name == Name::sbx ? "\"/d\" is a directory" : "Can't create file /d: Is a directory");
    }
}

TEST_CASE("no user namespaces, by the sysctl", "[errors]") {
    for (const Name name : both) {
        const std::string out = in_child([name] {
            enter_own_namespaces(As::root);
            write_to("/proc/sys/user/max_user_namespaces", "0");
            const Ended ended = run(sandbox(name, {"--unshare-user"}, {"exit", "0"}));
            return std::to_string(ended.status) + " " + ended.err;
        });
        INFO(out);
        CHECK(out.rfind(name == Name::sbx ? "125 sbx: " : "1 bwrap: ", 0) == 0);
        CHECK(contains(out, "user.max_user_namespaces is 0"));
        CHECK(contains(out, "sysctl -w user.max_user_namespaces="));
    }
}

TEST_CASE("no /proc around sbx", "[errors]") {
    for (const Name name : both) {
        const std::string out = in_child([name] {
            enter_own_namespaces(As::itself);
            mount_or_throw("none", "/proc", "tmpfs", 0);
            const Ended ended = run(sandbox(name, {"--unshare-user"}, {"exit", "0"}));
            return ended.err + "status " + std::to_string(ended.status);
        });
        INFO(out);
        // The leak checker of a sanitizer's build fails without /proc, and has a status of its own.
        CHECK(value(out, "status") != "0");
        CHECK(contains(
            out, std::string(name == Name::sbx ? "sbx" : "bwrap") + ": /proc is not mounted here"));
        CHECK(contains(out, "mount proc on /proc"));
    }
}

TEST_CASE("a /proc that is partly covered", "[errors]") {
    const std::string out = in_child([] {
        enter_own_namespaces(As::itself);
        mount_or_throw("none", "/proc/sys", "tmpfs", 0);
        return run(sbx({}, {"exit", "0"})).err;
    });
    INFO(out);
    CHECK(contains(out, "the /proc around sbx is partly covered"));
    CHECK(contains(out, "--ro-bind /proc /proc"));
}

TEST_CASE("a kernel that is too old", "[errors]") {
    for (const Name name : both) {
        Start start = sandbox(name, {}, {"exit", "0"});
        start.prepare = [] { ::personality(UNAME26); };  // the kernel says that it is 2.6
        check_refused(name, run(start), "this kernel is Linux 2.6, and sbx needs 5.12 or later");
    }
}

// A directory with all that the root has.
void copy_root(const std::string& place) {
    mount_or_throw("none", place, "tmpfs", 0);
    for (const auto& entry : std::filesystem::directory_iterator("/")) {
        const std::string path = place + entry.path().string();
        if (entry.is_symlink()) {
            std::filesystem::copy_symlink(entry.path(), path);
        } else if (entry.is_directory()) {
            std::filesystem::create_directory(path);
            mount_or_throw(entry.path().c_str(), path, nullptr, MS_BIND | MS_REC);
        }
    }
}

TEST_CASE("a chroot around sbx", "[errors]") {
    const TemporaryDirectory place;
    const std::string out = in_child([&place] {
        // With a pid namespace, whose pid 1 has the root that the chroot differs from: the host's
        // pid 1 shows its root to few.
        enter_own_namespaces(As::root);
        ::unshare(CLONE_NEWPID);
        return in_child([&place] {
            copy_root(place.path());
            mount_or_throw("proc", place.path() + "/proc", "proc", 0);
            Start start = sbx({}, {"exit", "0"});
            start.prepare = [&place] {
                if (::chroot(place.path().c_str()) != 0) ::_exit(113);
            };
            return run(start).err;
        });
    });
    INFO(out);
    CHECK(contains(out, "making a user namespace: operation not permitted"));
    CHECK(contains(out, "sbx runs in a chroot"));
}

TEST_CASE("a policy or a filter that is none", "[errors]") {
    const TemporaryDirectory place;
    const std::string missing = place.path() + "/none.json";
    check_refused(Name::sbx, run(sbx({"--seccomp-policy", "defualt"}, {"exit", "0"})),
                  "\"defualt\"");
    check_refused(Name::sbx, run(sbx({"--seccomp-policy", missing}, {"exit", "0"})),
                  "\"" + missing + "\"");
    check_refused(Name::sbx,
                  run(sbx({"--seccomp-policy", place.file("x.json", "{\"a\": ")}, {"exit", "0"})),
                  "x.json");
}

TEST_CASE("a filter around sbx that forbids namespaces", "[errors]") {
    // The default policy itself: a sandbox within a sandbox.
    const Ended ended = run(sbx({"--ro-bind", "/usr", "/usr", "--ro-bind", sbx_path(), "/sbx"},
                                {"execute", "/sbx", "/usr/bin/true"}));
    INFO(ended.err);
    CHECK(ended.status == 125);
    CHECK(contains(ended.err, "a seccomp filter is around sbx"));
}

}  // namespace
}  // namespace integration
