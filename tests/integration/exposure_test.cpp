// SPDX-License-Identifier: Apache-2.0
// Warnings of a real machine: homes by /etc/passwd and under other names,
// settings, directories of PATH and of profiles, sockets by their places and by their kind.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>

namespace integration {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;
using Words = std::vector<std::string>;

// A home, a directory of the session and one of temporary files, which the environment names.
class Caller {
public:
    Caller() : home(place.directory("home")), runtime(place.directory("run")) {
        set("HOME", home);
        set("XDG_RUNTIME_DIR", runtime);
        set("XDG_CONFIG_HOME", place.path() + "/config");
        set("PATH", "/usr/bin:/bin");
        for (const char* name : {"SSH_AUTH_SOCK", "TMUX", "TMPDIR", "TMUX_TMPDIR", "SCREENDIR",
                                 "DBUS_SESSION_BUS_ADDRESS"}) {
            set(name, "");
        }
    }

    void set(const std::string& name, const std::string& value) {
        variables_.emplace_back(name, value);
    }

    // The warnings of a sandbox with these options; `prepare` is called before sbx is started.
    std::string said(const Words& options, const std::function<void()>& prepare = {}) const {
        Words all = {"--warning", "file-bind", "hide"};
        all.insert(all.end(), options.begin(), options.end());
        Start start = sbx(all, {"exit", "0"});
        start.directory = directory;
        start.prepare = [this, prepare] {
            for (const auto& [name, value] : variables_) {
                ::setenv(name.c_str(), value.c_str(), 1);
                if (value.empty()) ::unsetenv(name.c_str());
            }
            if (prepare) prepare();
        };
        const Ended ended = run(start);
        INFO(ended.err);
        CHECK(ended.status == 0);
        return ended.err;
    }

    // The same for a writable bind of `path`.
    std::string bound(const std::string& path) const { return said({"--bind", path, "/x"}); }

    const TemporaryDirectory place;
    const std::string home;
    const std::string runtime;
    std::string directory = "/";

private:
    Variables variables_;
};

// Somebody listens there, as a server would.
class Listener {
public:
    explicit Listener(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        if (::bind(fd_.get(), generic, sizeof address) != 0 || ::listen(fd_.get(), 1) != 0) {
            throw std::runtime_error("cannot listen on " + path);
        }
    }

private:
    Descriptor fd_;
};

constexpr const char* is_home = "makes your home directory writable inside";
constexpr const char* is_home_name = "[writable-home]";

}  // namespace

TEST_CASE("a home is known by /etc/passwd, whatever HOME says", "[exposure]") {
    Caller caller;
    const std::string other = caller.place.directory("passwd-home");
    caller.place.directory("passwd-home/.config");
    const std::string users = caller.place.file(
        "passwd", "other:x:4242:1::/:/bin/sh\nme:x:" + std::to_string(::getuid()) + ":1::" + other +
                      ":/bin/sh\n");
    const auto with_users = [&] {
        enter_own_namespaces(As::itself);
        mount_or_throw(users.c_str(), "/etc/passwd", nullptr, MS_BIND);
    };
    CHECK(contains(caller.said({"--bind", other, "/x"}, with_users), is_home));
    CHECK(contains(caller.said({"--bind", caller.place.path(), "/x"}, with_users), is_home));
    CHECK(contains(caller.said({"--bind", other + "/.config", "/x"}, with_users), is_home_name));
    // HOME is one as well, and a file without the caller leaves that.
    CHECK(contains(caller.said({"--bind", caller.home, "/x"}, with_users), is_home));
    CHECK(caller.said({"--bind", caller.place.directory("project"), "/x"}, with_users).empty());
    CHECK(caller.said({"--ro-bind", other, "/x"}, with_users).empty());
    CHECK(caller.bound(other).empty());
}

TEST_CASE("a home is known under the name of a bind mount of the host", "[exposure]") {
    Caller caller;
    const std::string mounted = caller.place.directory("mnt/mounted");
    caller.place.directory("home/.config/tool");
    caller.place.directory("home/project");
    const auto as = [&](const std::string& source) {
        return [&, source] {
            enter_own_namespaces(As::itself);
            mount_or_throw(source.c_str(), mounted, nullptr, MS_BIND);
        };
    };
    const auto said = [&](const std::string& path, const std::string& source) {
        return caller.said({"--bind", path, "/x"}, as(source));
    };
    CHECK(contains(said(mounted, caller.home), is_home));
    CHECK(contains(said(mounted, caller.place.path()), is_home));
    CHECK(contains(said(mounted + "/home", caller.place.path()), is_home));
    CHECK(contains(said(mounted, caller.home + "/.config/tool"), is_home_name) == false);
    CHECK(contains(said(mounted + "/.config", caller.home), is_home_name));
    CHECK(contains(said(mounted + "/.config/tool", caller.home), is_home_name));
    CHECK(contains(said(mounted + "/home/.config/tool", caller.place.path()), is_home_name));
    CHECK(said(mounted + "/project", caller.home).empty());
    CHECK(said(mounted, caller.home + "/project").empty());
    CHECK(said(caller.home + "/project", caller.home).empty());
}

TEST_CASE("settings below the home are known behind links", "[exposure]") {
    Caller caller;
    caller.place.directory("home/.config/tool");
    caller.place.directory("home/.ccache");
    caller.place.directory("home/.cache/tool");
    caller.place.directory("home/project/.config");
    const std::string link = caller.place.link("link", caller.home + "/.config");
    CHECK(contains(caller.bound(caller.home + "/.config"), is_home_name));
    CHECK(contains(caller.bound(link), is_home_name));
    CHECK(contains(caller.bound(link + "/tool"), is_home_name));
    CHECK(contains(caller.bound(caller.home + "/.cache"), is_home_name));
    CHECK(caller.bound(caller.home + "/.ccache").empty());
    CHECK(caller.bound(caller.home + "/.cache/tool").empty());
    CHECK(caller.bound(caller.home + "/project/.config").empty());
    caller.place.file("home/.bashrc");
    CHECK(contains(caller.bound(caller.home + "/.bashrc"), is_home_name));
    // The home by a link, and in the directory above.
    caller.set("HOME", caller.place.link("other", caller.home));
    CHECK(contains(caller.bound(caller.home + "/.config"), is_home_name));
}

TEST_CASE("a directory of PATH is known, also one that is to be made", "[exposure]") {
    Caller caller;
    caller.place.directory("project/bin");
    const std::string project = caller.place.path() + "/project";
    const auto said = [&](const std::string& path, const Words& more = {}) {
        caller.set("PATH", path);
        Words options = {"--bind", project, "/x"};
        options.insert(options.end(), more.begin(), more.end());
        return caller.said(options);
    };
    CHECK(said("/usr/bin:/bin").empty());
    for (const std::string& path :
         {project + "/bin", project, "/usr/bin:" + project + "//bin/", project + "/missing/bin",
          caller.place.link("link", project + "/bin"), project + "/bin/../bin"}) {
        INFO(path);
        CHECK(contains(said(path), "which is in your PATH"));
    }
    CHECK(said(project + "/bin", {"--protect", "/x/bin"}).empty());
    CHECK(said(project + "/missing", {"--protect", "/x/missing"}).empty());
    CHECK(said(project + "2:relative:").empty());
    // The caller cannot write to this one, unless it is root.
    ::chmod((project + "/bin").c_str(), 0555);
    CHECK(said(project + "/bin").empty() == !is_root());
    ::chmod((project + "/bin").c_str(), 0755);
    caller.set("PATH", "");  // unset
    CHECK(caller.said({"--bind", project, "/x"}).empty());
    // Relative ones mean the working directory.
    caller.directory = project;
    const std::string in_project = said(":/usr/bin");
    CHECK(contains(in_project, "makes \"" + project + "\" writable inside, which is in your PATH"));
    CHECK(contains(said("bin"), "\"" + project + "/bin\" writable inside"));
}

TEST_CASE("a directory of profiles is known", "[exposure]") {
    Caller caller;
    const std::string config = caller.place.path() + "/config";
    caller.place.directory("config/sbx");
    caller.place.directory("config/other");
    CHECK(contains(caller.bound(config), "where sbx looks for profiles"));
    CHECK(contains(caller.bound(config + "/sbx"), "where sbx looks for profiles"));
    CHECK(caller.bound(config + "/other").empty());
    CHECK(caller.said({"--bind", config, "/x", "--protect", "/x/sbx"}).empty());
    caller.place.file("config/sbx/tool.conf");
    CHECK(contains(caller.bound(config + "/sbx/tool.conf"), "where sbx looks for profiles"));
}

TEST_CASE("a directory that everybody may write to is known by its mode", "[exposure]") {
    Caller caller;
    const std::string shared = caller.place.directory("shared");
    constexpr const char* says = "[shared-directory]";
    CHECK(caller.bound(shared).empty());
    ::chmod(shared.c_str(), 0777);
    CHECK(caller.bound(shared).empty());
    ::chmod(shared.c_str(), 01777);
    CHECK(contains(caller.bound(shared), says));
    CHECK(contains(caller.said({"--ro-bind", shared, "/x"}), says));
    caller.place.directory("shared/project");
    CHECK(caller.bound(shared + "/project").empty());
    CHECK(contains(caller.bound(caller.runtime), says));
    CHECK(contains(caller.said({"--ro-bind", caller.runtime, "/x"}), says));
    CHECK(contains(caller.bound("/dev/shm"), says));
    // A writable bind of a directory that contains one.
    caller.set("HOME", "/nonexistent");
    CHECK(contains(caller.bound(caller.place.path()), says));
    CHECK(caller.said({"--ro-bind", caller.place.path(), "/x"}).empty());
    CHECK(caller
              .said({"--bind", caller.place.path(), "/x", "--tmpfs",
                     "/x" + caller.runtime.substr(caller.place.path().size()), "--warning",
                     "writable-home", "hide"})
              .empty());
}

TEST_CASE("a session's directory is known under the name of a bind mount", "[exposure]") {
    Caller caller;
    const std::string mounted = caller.place.directory("mounted");
    const std::string said = caller.said({"--ro-bind", mounted, "/x"}, [&] {
        enter_own_namespaces(As::itself);
        mount_or_throw(caller.runtime.c_str(), mounted, nullptr, MS_BIND);
    });
    CHECK(contains(said, "[shared-directory]"));
}

TEST_CASE("sockets that start programs are known by their places", "[exposure]") {
    Caller caller;
    const std::string temporary = caller.place.directory("tmp");
    caller.set("TMPDIR", temporary);
    const std::string uid = std::to_string(::getuid());
    const auto said = [&](const std::string& path) {
        return caller.said({"--ro-bind", path, "/x", "--warning", "shared-directory", "hide"});
    };
    CHECK(said(temporary).empty());
    for (const std::string& name :
         {"tmux-" + uid + "/default", std::string("nvim.me/abc/nvim.1.0"), std::string("kitty-1"),
          std::string(".X11-unix/X0"), std::string("emacs1/server")}) {
        const std::string path = temporary + "/" + name;
        INFO(path);
        const Listener listener(path);
        const std::string warning = "brings in the socket \"" + path +
                                    "\", by which a program inside can start others outside; "
                                    "--mask /x/" +
                                    name + " hides it [agent-socket]";
        CHECK(contains(said(temporary), warning));
        CHECK(caller
                  .said({"--ro-bind", temporary, "/x", "--mask", "/x/" + name, "--warning",
                         "shared-directory", "hide"})
                  .empty());
        // Exactly the socket is asked for.
        CHECK_FALSE(contains(said(path), "[agent-socket]"));
        ::unlink(path.c_str());
    }
    // In the runtime directory all are the session's, three directories down.
    for (const char* name : {"bus", "systemd/private", "wayland-0", "hypr/1/.socket.sock"}) {
        const Listener listener(caller.runtime + "/" + name);
        CHECK(contains(said(caller.runtime), "start others outside"));
        CHECK_FALSE(contains(said(caller.runtime + "/" + name), "[agent-socket]"));
        ::unlink((caller.runtime + "/" + name).c_str());
    }
    CHECK(said(caller.runtime).empty());
    const Listener keys(caller.runtime + "/gcr/ssh");
    CHECK(contains(said(caller.runtime), "can use your keys or this machine"));
}

TEST_CASE("a socket is known by the variable that names it", "[exposure]") {
    Caller caller;
    const std::string project = caller.place.directory("project");
    const std::string path = project + "/deep/er/socket";
    const Listener listener(path);
    CHECK(caller.bound(project).empty());
    for (const auto& [name, value] : Variables{{"TMUX", path + ",12,0"},
                                               {"DBUS_SESSION_BUS_ADDRESS", "unix:path=" + path},
                                               {"KITTY_LISTEN_ON", "unix:" + path},
                                               {"VSCODE_IPC_HOOK_CLI", path},
                                               {"NVIM", path},
                                               {"SCREENDIR", project + "/deep/er"}}) {
        INFO(name);
        caller.set(name, value);
        CHECK(contains(caller.bound(project), "start others outside"));
        caller.set(name, "");
    }
    // By a link that leads there.
    caller.set("TMUX", caller.place.link("link", path) + ",12,0");
    CHECK(contains(caller.bound(project), "brings in the socket \"" + path + "\""));
}

TEST_CASE("a socket of the caller's is known by its kind", "[exposure]") {
    Caller caller;
    const std::string project = caller.place.directory("project");
    const Listener listener(project + "/any");
    const std::string says = "--bind " + project + " /x brings in the socket \"" + project +
                             "/any\", by which a program inside can talk to one of yours outside; "
                             "--mask /x/any hides it [agent-socket]";
    CHECK(contains(caller.bound(project), says));
    CHECK(contains(caller.said({"--ro-bind", project, "/x"}), "[agent-socket]"));
    CHECK(caller.bound(project + "/any").empty());
    CHECK(caller.said({"--bind", project, "/x", "--mask", "/x/any"}).empty());
    // Below is not looked at: it is the project's own.
    const std::string above = caller.place.directory("above/project");
    const Listener below(above + "/any");
    CHECK(caller.bound(caller.place.path() + "/above").empty());
    // A pipe, a file, and the socket of somebody else are not such a one.
    const std::string other = caller.place.directory("other");
    caller.place.file("other/file");
    REQUIRE(::mkfifo((other + "/pipe").c_str(), 0666) == 0);
    if (is_root()) {
        const Listener theirs(other + "/theirs");
        REQUIRE(::chown((other + "/theirs").c_str(), 4242, 4242) == 0);
        CHECK(caller.bound(other).empty());
    }
    CHECK(caller.bound(other).empty());
}

TEST_CASE("a known place is found among more names than are looked at", "[exposure]") {
    Caller caller;
    const std::string many = caller.place.directory("many");
    for (int i = 0; i < 5000; ++i) caller.place.file("many/" + std::to_string(i));
    CHECK(caller.bound(many).empty());
    const Listener listener(many + "/screens/S-me/1");
    CHECK(contains(caller.bound(many), "start others outside"));
}

TEST_CASE("a program that PATH leads to only outside is known", "[exposure]") {
    Caller caller;
    caller.place.directory("bin");
    const std::string own = caller.place.file("bin/env", "#!/bin/sh\n", 0755);
    const auto said = [&](const Words& more) {
        Words options = {"--ro-bind", "/usr", "/usr"};
        options.insert(options.end(), more.begin(), more.end());
        Start start = sbx(options, {});
        start.words.back() = "env";
        start.directory = "/";
        start.prepare = [&] {
            ::setenv("PATH", (caller.place.path() + "/bin:/usr/bin").c_str(), 1);
        };
        return run(start).err;
    };
    const std::string directory = caller.place.path() + "/bin";
    const std::string bind = "--ro-bind " + directory + " " + directory;
    CHECK(contains(said({"--setenv", "PATH", "/usr/bin"}),
                   "\"env\" is /usr/bin/env inside, and " + own + " outside; " + bind +
                       " --keep-env PATH brings yours [other-program]"));
    CHECK(said({"--setenv", "PATH", "/usr/bin", "--ro-bind", directory, directory, "--keep-env",
                "PATH"})
              .empty());
    CHECK(said({"--setenv", "OTHER", "x", "--ro-bind", directory, directory}).empty());
}

TEST_CASE("root over the tree of another user is told whose it is", "[exposure]") {
    Caller caller;
    const std::string tree = caller.place.directory("tree");
    CHECK(caller.bound(tree).empty());
    if (!is_root()) return;  // nobody else can give it away
    REQUIRE(::chown(tree.c_str(), 4242, 4243) == 0);
    CHECK(contains(caller.bound(tree),
                   "--bind " + tree +
                       " /x is of user 4242, and root inside may not write to the files of others; "
                       "run sbx as their owner: setpriv --reuid=4242 --regid=4243 --clear-groups"));
    REQUIRE(::chmod(tree.c_str(), 0777) == 0);
    CHECK(caller.bound(tree).empty());
    REQUIRE(::chown(caller.home.c_str(), 4242, 4243) == 0);
    CHECK(contains(caller.bound(caller.home),
                   "the home directory of another user, which HOME names"));
}

}  // namespace integration
