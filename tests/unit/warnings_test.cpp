// SPDX-License-Identifier: Apache-2.0
// What is most often a mistake is said, and what is not is left in peace.
#include "plan/planning.hpp"
#include "plan_support.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace sbx;
using namespace sbx::test;

namespace {

// The names of the warnings that `words` give on the fake host with the sockets `sockets`, to a
// caller in `cwd`.
Words warned(Words words, const Words& sockets = {}, const std::string& cwd = "/") {
    words.emplace_back("true");
    const auto spec = sbx_spec(words);
    INFO(error_of(spec));
    REQUIRE(spec);
    Host host = fake_host(*spec);
    for (const std::string& path : sockets) {
        host.agent_sockets.push_back({HostSocket::Power::keys, path, {}});
    }
    host.cwd = host.real_cwd = cwd;
    const Plan plan = planned(*spec, host);
    Words out;
    for (const PlanWarning& warning : plan.warnings) {
        out.emplace_back(warning_names[static_cast<std::size_t>(warning.kind)]);
        CHECK(warning.text.find(" [" + out.back() + "]") != std::string::npos);
    }
    return out;
}

std::string text(Words words) {
    words.emplace_back("true");
    const auto spec = sbx_spec(words);
    REQUIRE(spec);
    const auto plan = make_plan(*spec, fake_host(*spec));
    if (!plan) return "refused: " + plan.error().message;
    return plan->warnings.empty() ? "" : plan->warnings.front().text;
}

const Words none;

}  // namespace

TEST_CASE("a mount that a later one hides", "[warnings]") {
    const Words hidden = {"hidden-mount"};
    CHECK(warned({"--ro-bind", "/a", "/x/y", "--ro-bind", "/b", "/x"}) == hidden);
    CHECK(warned({"--ro-bind", "/a", "/x/y", "--tmpfs", "/x"}) == hidden);
    CHECK(warned({"--tmpfs", "/x/y", "--ro-bind", "/b", "/x"}) == hidden);
    CHECK(warned({"--dev-bind", "/dev/dri", "/dev/dri", "--dev", "/dev"}) == hidden);
    CHECK(warned({"--proc", "/proc", "--ro-bind", "/", "/"}) == hidden);
    CHECK(warned({"--ro-bind", "/a", "/x", "--ro-bind", "/b", "//x/."}) == hidden);
    // The usual order, and neighbours of a similar name.
    CHECK(warned({"--ro-bind", "/b", "/x", "--ro-bind", "/a", "/x/y"}) == none);
    CHECK(warned({"--ro-bind", "/a", "/xy", "--ro-bind", "/b", "/x"}) == none);
    // An empty place that something is put in, as a profile leaves one for it.
    CHECK(warned({"--tmpfs", "/x", "--ro-bind", "/b", "/x"}) == none);
    // What shows the same, in the same way.
    CHECK(warned({"--ro-bind", "/a/b", "/x/b", "--ro-bind", "/a", "/x"}) == none);
    CHECK(warned({"--ro-bind", "/a", "/a", "--ro-bind", "/", "/"}) == none);
    CHECK(warned({"--ro-bind", "/a/b", "/x/b", "--bind", "/a", "/x"}) == hidden);
    // What is left out hides nothing, and is not hidden.
    CHECK(warned({"--ro-bind", "/a", "/x/y", "--ro-bind-try", "/missing", "/x"}) == none);
    CHECK(warned({"--ro-bind-try", "/missing", "/x/y", "--ro-bind", "/a", "/x"}) == none);
    // Directories and links are no mounts.
    CHECK(warned({"--ro-bind", "/a", "/x/y", "--dir", "/x", "--chmod", "0700", "/x"}) == none);
    CHECK(text({"--ro-bind", "/a", "/x/y", "--bind", "/b c", "/x"}) ==
          "--ro-bind /a /x/y is hidden by --bind '/b c' /x after it; give --bind '/b c' /x "
          "first [hidden-mount]");
    CHECK(text({"--ro-bind", "/a", "/x", "--dev", "/x"}) ==
          "--ro-bind /a /x is hidden by --dev /x after it; give --dev /x first, or leave one of "
          "them out [hidden-mount]");
}

TEST_CASE("a single file that is writable", "[warnings]") {
    CHECK(warned({"--bind", "/a/file", "/file"}) == Words{"file-bind"});
    CHECK(warned({"--bind-try", "/a/file", "/file"}) == Words{"file-bind"});
    CHECK(warned({"--ro-bind", "/a/file", "/file"}) == none);
    CHECK(warned({"--bind", "/a/directory", "/d"}) == none);
    CHECK(warned({"--bind-try", "/missing/file", "/file"}) == none);
}

TEST_CASE("the caller's home, writable", "[warnings]") {
    const Words home = {"writable-home"};
    CHECK(warned({"--bind", "/home/user", "/home/user"}) == home);
    CHECK(warned({"--bind", "/home", "/other"}) == home);
    CHECK(warned({"--dev-bind", "/home/user", "/x"}) == home);
    CHECK(warned({"--ro-bind", "/home/user", "/home/user"}) == none);
    const auto by_fd = [](const std::string& path, Access access) {
        Spec spec = plain_spec();
        spec.entries = {entry::BindFd{5, "/h", access}};
        Host host = fake_host(spec);
        host.cwd = "/";
        host.sources[0] = {Source::Kind::directory, path, 0, {}};
        return planning::find_warnings(spec, host, {}, {"/"})->size();
    };
    CHECK(by_fd("/home", Access::read_write) == 1);
    CHECK(by_fd("/", Access::device) == 1);
    CHECK(by_fd("/home", Access::read_only) == 0);
    CHECK(warned({"--bind", "/home/user/project", "/home/user/project"}) == none);
    CHECK(warned({"--bind", "/home/username", "/x"}) == none);
    // Not what is covered afterwards.
    CHECK(warned({"--bind", "/home", "/home", "--tmpfs", "/home/user"}) == none);
    CHECK(warned({"--bind", "/home", "/home", "--tmpfs", "/home/user/x"}) == home);
}

TEST_CASE("a socket of the desktop that is asked for", "[warnings]") {
    const Words desktop = {"desktop-socket"};
    using planning::DesktopServices;
    using Service = planning::DesktopService;
    const Words session = {"XDG_RUNTIME_DIR=/run/user/7/", "WAYLAND_DISPLAY=kiosk",
                           "DBUS_SESSION_BUS_ADDRESS=unix:abstract=/a;unix:path=/b//us,guid=1"};
    const auto at = [&](const std::string& path) { return DesktopServices(session).at(path); };
    CHECK(at("/run/user/7/pulse/native") == Service::pulseaudio);
    CHECK(at("/run/user/7/pulse") == Service::pulseaudio);
    CHECK(at("/run/user/7/pipewire-0") == Service::pipewire);
    CHECK(at("/run/user/7/pipewire-0-manager") == Service::pipewire);
    CHECK(at("/run/user/7/bus") == Service::session_bus);
    CHECK(at("/b/us") == Service::session_bus);
    CHECK(at("/run/user/7/kiosk") == Service::wayland);
    CHECK(at("/run/user/7/wayland-1") == Service::wayland);
    CHECK(at("/tmp/.X11-unix") == Service::x11);
    CHECK(at("/tmp/.X11-unix/X1") == Service::x11);
    CHECK(DesktopServices({"WAYLAND_DISPLAY=/w"}).at("/w") == Service::wayland);
    for (const char* other : {"/run/user/7", "/run", "/run/user/8/bus", "/run/user/7/bus2", "/a",
                              "/tmp", "/run/user/7/proxy"}) {
        INFO(other);
        CHECK(!at(other));
    }
    CHECK(!DesktopServices({}).at("/bus"));
    CHECK(!DesktopServices({"XDG_RUNTIME_DIR=", "DBUS_SESSION_BUS_ADDRESS="}).at("/bus"));
    CHECK(!DesktopServices({"WAYLAND_DISPLAY="}).at(""));

    CHECK(warned({"--ro-bind", "/tmp/.X11-unix", "/x"}) == desktop);
    CHECK(warned({"--ro-bind", "/tmp/.X11-unix", "/x", "--warning", "desktop-socket", "hide"}) ==
          none);
    // Not where it is covered or hidden, nor in what is bound with much else.
    CHECK(warned({"--ro-bind", "/tmp/.X11-unix", "/x", "--mask", "/x"}) == none);
    CHECK(warned({"--ro-bind", "/tmp/.X11-unix", "/x/y", "--tmpfs", "/x", "--warning",
                  "hidden-mount", "hide"}) == none);
    CHECK(warned({"--ro-bind", "/tmp", "/x"}) == none);
    CHECK(warned({"--ro-bind-try", "/tmp/.X11-unix/missing", "/x"}) == none);
    CHECK(warned({"--wayland", "/plain", "/x"}) == desktop);
    CHECK(warned({"--wayland", "/wayland-0", "/x"}) == none);
    CHECK(text({"--wayland", "/plain", "/x", "--warning", "desktop-socket", "refuse"})
              .find("refused: --wayland /plain /x: this compositor has no security contexts") == 0);
}

TEST_CASE("the whole machine, writable", "[warnings]") {
    const Words root = {"writable-root"};
    CHECK(warned({"--bind", "/", "/"}) == root);
    CHECK(warned({"--dev-bind", "/", "/host"}) == root);
    CHECK(warned({"--ro-bind", "/", "/"}) == none);
    CHECK(warned({"--ro-bind", "/", "/", "--bind", "/src", "/src"}) == none);
    CHECK(warned({"--bind", "/", "/x", "--ro-bind", "/a", "/x", "--warning", "hidden-mount",
                  "hide"}) == none);
}

TEST_CASE("a directory of the system, writable", "[warnings]") {
    const Words root = {"writable-root"};
    for (const char* path : {"/etc",           "/etc/cron.d", "/usr",         "/usr/lib",
                             "/usr/local/bin", "/proc",       "/proc/sys",    "/sys",
                             "/sys/fs/cgroup", "/run",        "/run/systemd", "/run/user",
                             "/var",           "/var/lib",    "/var/log/apt", "/var/lib/dpkg/info",
                             "/boot",          "/boot/grub",  "/dev",         "/dev/pts",
                             "/opt",           "/nix/store",  "/lib64",       "/bin"}) {
        INFO(path);
        CHECK(warned({"--bind", path, "/x"}) == root);
        CHECK(warned({"--ro-bind", path, "/x"}) == none);
    }
    for (const char* path :
         {"/opt/project", "/usr/src/app", "/usr/app", "/usr/local/src/app", "/srv", "/srv/x",
          "/mnt", "/var/lib/jenkins", "/var/cache/pbuilder", "/var/www", "/run/user/1000/x",
          "/run/own", "/run/build/x", "/run/media/me/disk", "/dev/shm/x", "/etcetera", "/build",
          "/workspace", "/var/tmp/x"}) {
        INFO(path);
        CHECK(warned({"--bind", path, "/x"}) == none);
    }
    // Devices are given so, and what is covered is not seen.
    CHECK(warned({"--dev-bind", "/dev/dri", "/dev/dri"}) == none);
    CHECK(warned({"--bind", "/etc", "/x", "--ro-bind", "/a", "/x", "--warning", "hidden-mount",
                  "hide"}) == none);
    CHECK(text({"--bind", "/etc", "/x"}) ==
          "--bind /etc /x makes \"/etc\" writable inside, a directory of the system, as far as you "
          "may write to it; use --ro-bind, and bind what is to be written to after it "
          "[writable-root]");
}

TEST_CASE("the working directory of a profile, in the system or a home", "[warnings]") {
    // What is said of the bind of a profile that has another mount before it.
    const auto said = [](const std::string& path, Access access = Access::read_write,
                         const Exposed& exposed = {}, bool by_name = false) {
        Spec spec = plain_spec();
        spec.entries = {
            entry::Tmpfs{"/home/build"},
            entry::Bind{by_name ? path : ".", path, access, IfMissing::refuse},
        };
        spec.entry_places = {"p:1", "p:2"};
        spec.warnings.fill(WarningMode::hide);
        spec.warnings[static_cast<std::size_t>(Warning::start_directory)] = WarningMode::show;
        Host host = fake_host(spec);
        host.cwd = host.real_cwd = path;
        host.sources[1].path = path;
        host.exposed = exposed;
        const auto plan = make_plan(spec, host);
        REQUIRE(plan);
        return plan->warnings.empty() ? "" : plan->warnings.front().text;
    };
    const auto brings = [&](const std::string& path) {
        return said(path).find("p:2: --bind . " + path + " brings in \"" + path + "\"") == 0;
    };
    for (const char* path :
         {"/", "/etc", "/usr/lib", "/proc", "/sys", "/run", "/var", "/boot", "/dev", "/opt"}) {
        INFO(path);
        CHECK(brings(path));
        CHECK_FALSE(said(path, Access::read_write, {}, true).empty());
    }
    CHECK(said("/home").find("brings in the home directories in \"/home\"") != std::string::npos);
    // Programs may be looked at.
    CHECK_FALSE(said("/etc/ssl", Access::read_only).empty());
    CHECK_FALSE(said("/usr", Access::read_only).empty());
    CHECK(said("/usr/share", Access::read_only).empty());
    CHECK(said("/etc", Access::read_only, {}, true).empty());  // a line that names it by chance
    CHECK(said("/src").empty());
    Exposed exposed;
    exposed.homes = {"/h/me"};
    exposed.people = {"/h/you"};
    for (const Access access : {Access::read_write, Access::read_only}) {
        CHECK(said("/h/me", access, exposed).find("which is your home directory") !=
              std::string::npos);
        CHECK(said("/h/you", access, exposed).find("which is a home directory") !=
              std::string::npos);
        CHECK(said("/h", access, exposed).find("with the home directory \"/h/you\"") !=
              std::string::npos);
        CHECK(said("/h/me/src", access, exposed).empty());
    }
    // A variable may name a directory of the project.
    exposed.people.clear();
    CHECK(said("/h", Access::read_write, exposed).empty());
    CHECK(said("/home/build").find("hides --tmpfs /home/build of the profile; run sbx in") !=
          std::string::npos);
    CHECK(said("/home/build/src").empty());
    // It is refused unless somebody says otherwise.
    CHECK(Spec{}.warnings[static_cast<std::size_t>(Warning::start_directory)] ==
          WarningMode::refuse);
    // A command line says what it means.
    CHECK(warned({"--ro-bind", ".", "/home/user"}, {}, "/home/user") == none);
}

TEST_CASE("another program of the same name", "[warnings]") {
    const auto said = [](const HostPrograms& programs,
                         Words options = {"--ro-bind", "/usr", "/usr"}) {
        options.insert(options.end(), {"--setenv", "PATH", "/usr/bin", "cargo"});
        const auto spec = sbx_spec(options);
        REQUIRE(spec);
        Host host = fake_host(*spec);
        host.cwd = host.real_cwd = "/";
        host.programs = programs;
        const auto plan = make_plan(*spec, host);
        REQUIRE(plan);
        return plan->warnings.empty() ? "" : plan->warnings.front().text;
    };
    HostPrograms programs;
    programs.callers = {"/h/.cargo/bin/cargo", "/h/.cargo/bin/rustup"};
    programs.needs = {"/h/.cargo/bin", "/h/.rustup"};
    CHECK(said(programs).empty());
    programs.others = {{"/usr/bin/cargo", "/usr/bin/cargo"}};
    CHECK(
        said(programs) ==
        "\"cargo\" is /usr/bin/cargo inside, and /h/.cargo/bin/cargo outside; --ro-bind "
        "/h/.cargo/bin /h/.cargo/bin --ro-bind /h/.rustup /h/.rustup --keep-env PATH brings yours "
        "[other-program]");
    CHECK(said(programs, {"--ro-bind", "/usr", "/usr", "--ro-bind", "/h", "/h"})
              .find("outside; --keep-env PATH brings yours") != std::string::npos);
    // It is the same one by another name, or not there inside.
    programs.others.front().real = programs.callers.real;
    CHECK(said(programs).empty());
    programs.others = {{"/opt/cargo", "/opt/cargo"}};
    CHECK(said(programs).empty());
}

TEST_CASE("a writable bind of another user's, for root", "[warnings]") {
    const auto said = [](const Words& options) {
        Words words = options;
        words.emplace_back("true");
        const auto spec = sbx_spec(words);
        REQUIRE(spec);
        Host host = fake_host(*spec, Who::root);
        host.cwd = host.real_cwd = "/";
        host.sources[0].owner = std::pair{1000U, 100U};
        const auto plan = make_plan(*spec, host);
        REQUIRE(plan);
        return plan->warnings.empty() ? "" : plan->warnings.front().text;
    };
    CHECK(said({"--bind", "/a", "/a"}) ==
          "--bind /a /a is of user 1000, and root inside may not write to the files of others; run "
          "sbx as their owner: setpriv --reuid=1000 --regid=100 --clear-groups sbx ... "
          "[foreign-owner]");
    CHECK(said({"--ro-bind", "/a", "/a"}).empty());
}

TEST_CASE("the directory above, which is not inside", "[warnings]") {
    // The warning of a bind of the working directory and `more`, and whether it is early.
    const auto said = [](const Words& command, const Words& more = {},
                         const std::string& cwd = "/a/b") {
        Words words = {"--bind", ".", cwd};
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), command.begin(), command.end());
        const auto spec = sbx_spec(words);
        REQUIRE(spec);
        Host host = fake_host(*spec);
        host.cwd = host.real_cwd = cwd;
        host.sources[0].path = cwd;
        const auto plan = make_plan(*spec, host);
        REQUIRE(plan);
        if (plan->warnings.empty()) return std::string();
        REQUIRE(plan->warnings.size() == 1);
        const PlanWarning& one = plan->warnings.front();
        return (one.when_it_fails ? "late: " : "early: ") + one.text;
    };
    const std::string words =
        "the directory above, /a, is not inside but for the working directory; start there, or "
        "--bind .. /a brings it in [parent-directory]";
    CHECK(said({"make"}) == "late: " + words);
    CHECK(said({"cmake", ".."}) == "early: " + words);
    CHECK(said({"cc", "-c", "../lib/x.c"}) == "early: " + words);
    CHECK(said({"echo", "..."}) == "late: " + words);
    CHECK(
        said({"dpkg-buildpackage", "-b"}) ==
        "early: the directory above, /a, is not inside but for the working directory; start there, "
        "or --bind .. /a brings it in (--profile deb in the place of build does) "
        "[parent-directory]");
    // It is inside, or nothing is above, or what is meant is inside.
    CHECK(said({"cmake", ".."}, {"--ro-bind", "/a", "/a", "--warning", "hidden-mount", "hide"})
              .empty());
    CHECK(said({"cmake", ".."}, {"--warning", "parent-directory", "hide"}).empty());
    CHECK(said({"cc", "../lib/x.c"}, {"--ro-bind", "/lib2", "/a/lib"}) == "late: " + words);
    CHECK(said({"cmake", ".."}, {}, "/b").empty());
    // A home is not brought in for it.
    CHECK(said({"make"}, {}, "/home/project").empty());
    CHECK(
        said({"cmake", ".."}, {}, "/home/project") ==
        "early: the directory above, /home, is not inside but for the working directory; move that "
        "into a directory of its own, and start sbx in that one [parent-directory]");
    // A command that may only read has no results.
    CHECK(warned({"--ro-bind", "/a/b", "/a/b"}, {}, "/a/b") == none);
    CHECK(said({"cmake", ".."}, {"--chdir", "/"}).empty());
    CHECK(said({"make"}, {}, "/a b/c").find("--bind .. '/a b' brings") != std::string::npos);
}

TEST_CASE("a socket by which keys can be used", "[warnings]") {
    const Words socket = {"agent-socket"};
    const Words agent = {"/run/user/1000/agent"};
    CHECK(warned({"--ro-bind", "/run", "/run"}, agent) == socket);
    CHECK(warned({"--ro-bind", "/run/user/1000/agent", "/a"}, agent) == socket);
    CHECK(warned({"--ro-bind", "/", "/"}, agent) == socket);
    CHECK(warned({"--ro-bind", "/usr", "/usr"}, agent) == none);
    CHECK(warned({"--ro-bind", "/run", "/run", "--tmpfs", "/run/user"}, agent) == none);
    CHECK(warned({"--ro-bind", "/run", "/r", "--mask", "/r/user/1000"}, agent) == none);
    CHECK(warned({"--ro-bind", "/run", "/r", "--protect", "/r/user/1000"}, agent) == socket);
    // /tmp is another one inside.
    CHECK(warned({"--ro-bind", "/", "/"}, {"/tmp/agent"}) == none);
    CHECK(warned({"--bare", "--ro-bind", "/", "/"}, {"/tmp/agent"}) == socket);
}

TEST_CASE("a guard of what is not there", "[warnings]") {
    const Words misplaced = {"misplaced-guard"};
    CHECK(warned({"--bind", "/src", "/w", "--mask", "/src/file"}) == misplaced);
    CHECK(warned({"--bind", "/src", "/w", "--protect", "/src/file"}) == misplaced);
    CHECK(warned({"--bind", "/src", "/src", "--mask", "/src/missing"}) == misplaced);
    CHECK(warned({"--mask", "/nowhere"}) == misplaced);
    CHECK(warned({"--bind", "/src", "/src", "--mask", "/src/file"}) == none);
    CHECK(warned({"--bind", "/src", "/w", "--mask", "/w/file"}) == none);
    // It is kept from being made.
    CHECK(warned({"--bind", "/src", "/src", "--protect", "/src/missing"}) == none);
    CHECK(warned({"--bind", "/src", "/w", "--mask-try", "/src/file"}) == none);
    // What the sandbox has of its own.
    CHECK(warned({"--mask", "/proc/keys", "--mask", "/dev/shm", "--tmpfs", "/t", "--mask",
                  "/t/x"}) == none);
    CHECK(
        text({"--bind", "/src", "/w", "--mask", "/src/file"}) ==
        "--mask /src/file: nothing of the host is there inside; what is there outside is shown as "
        "/w/file [misplaced-guard]");
    CHECK(text({"--bind", "/src", "/src", "--mask", "/src/missing"}) ==
          "--mask /src/missing: nothing of the host is there inside, so nothing is hidden "
          "[misplaced-guard]");
}

TEST_CASE("many mounts that one hides are one warning", "[warnings]") {
    CHECK(text({"--ro-bind", "/a", "/x/1", "--ro-bind", "/b", "/x/2", "--ro-bind", "/c", "/x/3",
                "--tmpfs", "/x"}) ==
          "--ro-bind /a /x/1 and 2 other mounts are hidden by --tmpfs /x after it; give --tmpfs /x "
          "first [hidden-mount]");
}

TEST_CASE("a search for a pattern that did not come to its end", "[warnings]") {
    const Words partial = {"partial-search"};
    CHECK(warned({"--bind", "/src", "/src", "--protect-try", "/src/**/partial"}) == partial);
    CHECK(warned({"--bind", "/src", "/src", "--protect-try", "/src/**/.git"}) == none);
    CHECK(warned({"--bind", "/src", "/src", "--protect-try", "/src/**/missing"}) == none);
    // One for each directory in which patterns begin, since these are searched together.
    CHECK(warned({"--mask-try", "/a/**/partial", "--protect-try", "/a/*/**/partial"}) == partial);
    CHECK(warned({"--mask-try", "/a/**/partial", "--mask-try", "/b/**/partial"}).size() == 2);
    CHECK(text({"--protect-try", "/a b/**/partial", "--mask-try", "/a b/**/partial-too"}) ==
          "--protect-try '/a b/**/partial' and 1 more: not all directories in '/a b' could be "
          "searched, and what matches in the others is not guarded; start in a smaller directory, "
          "or name the paths [partial-search]");
    CHECK(text({"--warning", "partial-search", "refuse", "--mask-try", "/a/**/partial"})
              .find("refused: --mask-try") == 0);
}

TEST_CASE("a guard that may be missing is kept where nobody can tell", "[warnings]") {
    const auto kept = [](Words words, const std::string& guard) {
        words.insert(words.end(), {"--protect-try", guard, "true"});
        const auto spec = sbx_spec(words);
        REQUIRE(spec);
        const auto plan = make_plan(*spec, fake_host(*spec));
        INFO(error_of(plan));
        return plan && has_step<step::Guard>(plan->setup);
    };
    CHECK_FALSE(kept({"--bind", "/src", "/src"}, "/src/missing"));
    CHECK(kept({"--bind", "/src", "/src"}, "/src/file"));
    CHECK(kept({"--ro-bind", "/usr", "/usr"}, "/bin/missing"));  // a link that is given
    CHECK(kept({"--bind", "/src", "/src", "--symlink", "src", "/l"}, "/l/missing"));
    CHECK(kept({"--bind", "/src", "/x/../src"}, "/src/missing"));
    CHECK(kept({"--bind", "/src", "/src", "--bind", "/b", "/src/b"}, "/src/missing"));
    CHECK(kept({}, "/proc/keys"));
    CHECK(kept({}, "/dev/shm/missing"));
    const auto refused = [](const std::string& guard) {
        Spec spec = plain_spec();
        spec.entries = {entry::Guard{entry::Guard::Kind::mask, guard, IfMissing::skip}};
        return error_of(make_plan(spec, fake_host(spec)));
    };
    CHECK(refused("relative").find("a path inside is wanted") != std::string::npos);
    CHECK(refused("/").find("would leave nothing to run") != std::string::npos);
    CHECK(refused("/a/../b").find("write it without \"..\"") != std::string::npos);
}

TEST_CASE("warnings are silenced or refused one by one", "[warnings]") {
    const Words both = {"--bind", "/", "/x", "--bind", "/a/file", "/file"};
    const auto with = [&](const Words& more) {
        Words words = both;
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    CHECK(warned(both) == Words{"file-bind", "writable-root"});
    CHECK(warned(with({"--warning", "file-bind", "hide"})) == Words{"writable-root"});
    CHECK(warned(with({"--warning", "all", "hide"})) == none);
    CHECK(warned(with({"--warning", "all", "hide", "--warning", "file-bind", "show"})) ==
          Words{"file-bind"});
    CHECK(text(with({"--warning", "writable-root", "refuse"})) ==
          "refused: --bind / /x makes all of this machine writable inside that you may write to; "
          "use --ro-bind, and bind what is to be written to after it; --warning writable-root hide "
          "allows it");
    CHECK(text(with({"--warning", "all", "refuse", "--warning", "all", "hide"})) == "");
    // Bubblewrap says nothing of these.
    const auto spec = bwrap_spec({"--bind", "/", "/", "true"});
    REQUIRE(spec);
    CHECK(make_plan(*spec, fake_host(*spec))->warnings.empty());
    const auto shown = bwrap_spec({"--bind", "/", "/", "--warning", "all", "show", "true"});
    REQUIRE(shown);
    CHECK(make_plan(*shown, fake_host(*shown))->warnings.size() == 1);
    CHECK(sbx_error({"--warning", "nonsense", "hide"}) ==
          "there is no warning \"nonsense\"; there are all, hidden-mount, file-bind, "
          "writable-home, writable-root, misplaced-guard, agent-socket, working-directory, "
          "desktop-socket, shared-directory, partial-search, start-directory, other-program, "
          "foreign-owner, parent-directory, closed-device, closed-descriptor, temporary-directory, "
          "git-worktree, outside-argument, other-home");
    CHECK(sbx_error({"--warning", "writable-hme", "hide"}) ==
          "there is no warning \"writable-hme\"; did you mean writable-home?");
    CHECK(sbx_error({"--warning", "all", "off"}) ==
          "--warning takes show, hide or refuse after the name, and not \"off\"");
}

TEST_CASE("a command line covers what a profile has at the same place, and no more", "[warnings]") {
    const auto found = [](const char* destination) {
        auto spec = sbx_spec({"--bind", "/a", "/h/project", "--tmpfs", destination, "true"});
        REQUIRE(spec);
        spec->entry_places = {"p.conf:1", ""};
        Host host = fake_host(*spec);
        host.cwd = host.real_cwd = "/";
        const auto plan = make_plan(*spec, host);
        REQUIRE(plan);
        return plan->warnings.size();
    };
    CHECK(found("/h/project") == 0);
    CHECK(found("/h") == 1);
    CHECK(found("/other") == 0);
}

TEST_CASE("a warning of a profile's line names it", "[warnings]") {
    auto spec = sbx_spec({"--bind", "/a", "/a", "--bind", "/", "/x", "true"});
    REQUIRE(spec);
    spec->entry_places = {"", "p.conf:3"};
    const auto plan = make_plan(*spec, fake_host(*spec));
    REQUIRE(plan);
    REQUIRE(plan->warnings.size() == 2);
    CHECK(plan->warnings.front().text.find("p.conf:3: --bind / /x makes all of this machine") == 0);
}

TEST_CASE("a working directory that is not inside", "[warnings]") {
    const Words elsewhere = {"working-directory"};
    const auto in_w = [](const Words& words) { return warned(words, {}, "/w/d"); };
    CHECK(in_w({}) == elsewhere);
    CHECK(in_w({"--ro-bind", "/usr", "/usr"}) == elsewhere);
    CHECK(in_w({"--bind", "/w/d", "/elsewhere"}) == elsewhere);
    CHECK(in_w({"--ro-bind", "/w/d2", "/w/d2"}) == elsewhere);
    CHECK(in_w({"--tmpfs", "/w"}) == elsewhere);
    CHECK(in_w({"--ro-bind-try", "/missing", "/w/d"}) == elsewhere);
    CHECK(warned({}, {}, "/tmp/d") == elsewhere);
    CHECK(warned({"--ro-bind", "/", "/"}, {}, "/tmp/d") == elsewhere);
    CHECK(warned({"--ro-bind", "/", "/", "--ro-bind", "/tmp", "/tmp"}, {}, "/tmp/d") == none);
    // It is there, or what is there is not known here.
    CHECK(in_w({"--ro-bind", "/", "/"}) == none);
    CHECK(in_w({"--bind", "/w", "/w"}) == none);
    CHECK(in_w({"--ro-bind", "/usr", "/w/d/deeper"}) == none);
    CHECK(in_w({"--dir", "/w/d"}) == none);
    CHECK(in_w({"--tmpfs", "/w/d"}) == none);
    CHECK(in_w({"--symlink", "v", "/w"}) == none);
    CHECK(in_w({"--overlay-src", "/o", "--tmp-overlay", "/w"}) == none);
    for (const char* given : {"/", "/tmp", "/dev/shm", "/proc/self"}) {
        INFO(given);
        CHECK(warned({}, {}, given) == none);
    }
    CHECK(warned({"--bare"}, {}, "/tmp") == elsewhere);
    // Who says where to start knows.
    CHECK(in_w({"--chdir", "/"}) == none);
    CHECK(text({"--warning", "working-directory", "refuse"}) ==
          "refused: the command starts in /, since the working directory /home/user is not inside; "
          "run sbx in the directory of the project, --chdir DIR starts elsewhere; --warning "
          "working-directory hide allows it");
}

TEST_CASE("a working directory is brought in, but for a home", "[warnings]") {
    const auto spec = sbx_spec({"true"});
    REQUIRE(spec);
    Host host = fake_host(*spec);
    host.cwd = host.real_cwd = "/w/a b";
    const auto plan = make_plan(*spec, host);
    REQUIRE(plan);
    REQUIRE(plan->warnings.size() == 1);
    CHECK(plan->warnings.front().text ==
          "the command starts in /, since the working directory '/w/a b' is not inside; --bind . "
          "'/w/a "
          "b' brings it in (--ro-bind: to be read only), --chdir DIR starts elsewhere "
          "[working-directory]");
}

TEST_CASE("a command that starts in what is forgotten is told of before it runs", "[warnings]") {
    const auto late = [](const Words& words) {
        const auto spec = sbx_spec(words);
        REQUIRE(spec);
        const auto plan = make_plan(*spec, fake_host(*spec));
        REQUIRE(plan);
        REQUIRE(plan->warnings.size() == 1);
        return plan->warnings.front().when_it_fails;
    };
    CHECK(late({"true"}));
    CHECK_FALSE(late({"--tmpfs", "/h", "--setenv", "HOME", "/h", "true"}));
    CHECK_FALSE(late({"--chdir", "/", "--bind", "/", "/x", "true"}));
}

TEST_CASE("a command that starts in its home, for lack of the working directory", "[warnings]") {
    const auto spec = sbx_spec({"--setenv", "HOME", "/h", "--dir", "/h", "true"});
    REQUIRE(spec);
    const auto plan = make_plan(*spec, fake_host(*spec));
    REQUIRE(plan);
    REQUIRE(plan->warnings.size() == 1);
    CHECK(plan->warnings.front().text.substr(0, 28) == "the command starts in /h, si");
}
