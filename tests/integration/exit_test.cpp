// SPDX-License-Identifier: Apache-2.0
// Exit statuses, and what is said when the command cannot be executed.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <csignal>
#include <cstdlib>

namespace integration {
namespace {

TEST_CASE("a command that is a FIFO is no command, and nobody waits for a writer", "[exit]") {
    const TemporaryDirectory place;
    REQUIRE(::mkfifo((place.path() + "/fifo").c_str(), 0777) == 0);
    CHECK(run(sbx({"--bind", place.path(), "/d", "--", "/d/fifo"}, {})).status == 126);
}

struct Statuses {
    Name name;
    int failed;
    int not_executable;
    int not_found;
};
const std::vector<Statuses> dialects = {{Name::sbx, 125, 126, 127}, {Name::bwrap, 1, 1, 1}};

TEST_CASE("the exit status is the command's", "[exit]") {
    for (const Statuses& dialect : dialects) {
        for (const std::vector<std::string>& options :
             {std::vector<std::string>{}, {"--unshare-pid"}, {"--unshare-pid", "--as-pid-1"}}) {
            for (const char* status : {"0", "1", "42", "125", "126", "127", "255"}) {
                const Ended ended = run(sandbox(dialect.name, options, {"exit", status}));
                CHECK(std::to_string(ended.status) == status);
                CHECK(ended.err.empty());
            }
        }
    }
    CHECK(run(sbx({"--share-pid"}, {"exit", "42"})).status == 42);
}

TEST_CASE("a signal that kills the command is 128 more", "[exit]") {
    for (const Statuses& dialect : dialects) {
        for (const std::vector<std::string>& options :
             {std::vector<std::string>{}, {"--unshare-pid"}, {"--new-session"}}) {
            for (const auto& [signal, number] : std::vector<std::pair<const char*, int>>{
                     {"TERM", SIGTERM}, {"KILL", SIGKILL}, {"INT", SIGINT}, {"HUP", SIGHUP}}) {
                INFO(signal);
                const Ended ended = run(sandbox(dialect.name, options, {"raise", signal}));
                CHECK(ended.status == 128 + number);
                CHECK(ended.signal == 0);
                // Who interrupts it knows; of its own a shell would say the others.
                const bool said = dialect.name == Name::sbx && number != SIGINT;
                const std::string text = "sbx: the command was ended by signal " +
                                         std::to_string(number) + " (SIG" + signal + ")\n";
                CHECK(ended.err == (said ? text : ""));
            }
        }
    }
    CHECK(run(sbx({}, {"raise", "PIPE"})).err.empty());
}

// Runs `command` in a tree of `options` alone, searched in the directories of PATH.
Ended command(Name name, std::vector<std::string> options, const std::string& command) {
    options.push_back(command);
    Start start = plain(name, std::move(options));
    start.prepare = [] { ::setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1); };
    return run(start);
}

// What the message says: bubblewrap's callers look for its words and no others.
bool says(const Statuses& dialect, const Ended& ended, std::string_view sbx,
          std::string_view bwrap) {
    if (dialect.name == Name::sbx) return contains(ended.err, sbx);
    return ended.err == "bwrap: execvp " + std::string(bwrap) + "\n";
}

TEST_CASE("a command that is not found says what would show it", "[exit]") {
    for (const Statuses& dialect : dialects) {
        const Ended searched = command(dialect.name, {}, "ls");
        CHECK(searched.status == dialect.not_found);
        CHECK(says(dialect, searched, "\"ls\" was not found inside",
                   "ls: No such file or directory"));
        CHECK(says(dialect, searched, "--ro-bind /usr /usr shows it",
                   "ls: No such file or directory"));
        const Ended named = command(dialect.name, {}, "/usr/bin/ls");
        CHECK(named.status == dialect.not_found);
        CHECK(says(dialect, named, "\"/usr/bin/ls\" is not there inside; the host has",
                   "/usr/bin/ls: No such file or directory"));
        CHECK(says(dialect, named, "--ro-bind /usr /usr shows it",
                   "/usr/bin/ls: No such file or directory"));
        const Ended nowhere = command(dialect.name, {"--ro-bind", "/usr", "/usr"}, "no-such-tool");
        CHECK(nowhere.status == dialect.not_found);
        CHECK(says(dialect, nowhere, "\"no-such-tool\" was not found inside",
                   "no-such-tool: No such file or directory"));
        CHECK(says(dialect, nowhere, "nor on the host", "no-such-tool: No such file or directory"));
        CHECK(command(dialect.name, {}, "").status == dialect.not_found);
    }
}

TEST_CASE("a command that is on the caller's PATH says what would show it, and no more", "[exit]") {
    const TemporaryDirectory place;
    const std::string tool = place.file("tool", "#!/bin/sh\n", 0755);
    const auto said = [&](std::vector<std::string> options) {
        Start start = sbx(std::move(options), {});
        start.words.resize(start.words.size() - 1);  // not the payload
        start.words.emplace_back("tool");
        start.prepare = [&] { ::setenv("PATH", place.path().c_str(), 1); };
        return run(start).err;
    };
    CHECK(contains(said({"--clearenv"}),
                   "where PATH is not set (--keep-env PATH keeps yours); the host has \"" + tool +
                       "\", and --ro-bind " + tool + " " + tool + " shows it\n"));
    CHECK(contains(
        said({"--clearenv", "--ro-bind", place.path(), place.path()}),
        "; it is there as \"" + tool + "\", give that, or a PATH that has its directory\n"));
}

TEST_CASE("a command of an installer's says which directories show it", "[exit]") {
    const TemporaryDirectory place;
    const auto made = [&](const std::string& name) {
        const std::string file = place.path() + "/" + name;
        for (std::size_t at = name.find('/'); at != std::string::npos;
             at = name.find('/', at + 1)) {
            place.directory(name.substr(0, at));
        }
        return file;
    };
    const auto program = [&](const std::string& name, const std::string& text) {
        made(name);
        return place.file(name, text, 0755);
    };
    const auto link = [&](const std::string& name, const std::string& target) {
        made(name);
        return place.link(name, target);
    };
    const auto bind = [&](const std::string& name) {
        const std::string path = place.path() + "/" + name;
        return "--ro-bind " + path + " " + path;
    };
    // pipx: a link to a script, whose interpreter is a link.
    program("venvs/black/pyvenv.cfg", "");
    const std::string python = link("venvs/black/bin/python", "/usr/bin/true");
    const std::string black = program("venvs/black/bin/black", "#!" + python + "\n");
    link("local/bin/black", black);
    // npm with a prefix, and nvm.
    program("npm/lib/node_modules/cowsay/cli.js", "#!/usr/bin/env node\n");
    link("npm/bin/cowsay", "../lib/node_modules/cowsay/cli.js");
    program("h/.nvm/versions/node/v20/bin/node", "#!/bin/sh\n");
    // cargo, and rustup that stands for others.
    program("h/.cargo/bin/rg", "#!/bin/sh\n");
    program("h/.cargo/bin/rustup", "#!/bin/sh\n");
    link("h/.cargo/bin/rustc", "rustup");
    made("h/.rustup/toolchains/x");
    const auto said = [&](const std::string& directory, const std::string& command,
                          const std::vector<std::string>& options = {}) {
        std::vector<std::string> all = {"--ro-bind", "/usr", "/usr",
                                        "--setenv",  "PATH", "/usr/games"};
        all.insert(all.end(), options.begin(), options.end());
        Start start = sbx(all, {});
        start.words.back() = command;
        start.prepare = [&] { ::setenv("PATH", (place.path() + "/" + directory).c_str(), 1); };
        return run(start).err;
    };
    const std::string kept = " --keep-env PATH show it\n";
    CHECK(contains(said("local/bin", "black"),
                   "\", and " + bind("venvs/black") + " " + bind("local/bin") + kept));
    CHECK(contains(said("npm/bin", "cowsay"),
                   "\", and " + bind("npm/bin") + " " + bind("npm/lib/node_modules") + kept));
    CHECK(contains(said("h/.nvm/versions/node/v20/bin", "node"),
                   "\", and " + bind("h/.nvm/versions/node/v20") + kept));
    CHECK(contains(said("h/.cargo/bin", "rg"), "\", and " + bind("h/.cargo/bin") + kept));
    CHECK(contains(said("h/.cargo/bin", "rustc"),
                   "\", and " + bind("h/.cargo/bin") + " " + bind("h/.rustup") + kept));
    CHECK(contains(said("", black), "\", and " + bind("venvs/black") + " shows it\n"));
    // With one of them the other is named, and not /usr, which is there.
    const std::string bin = place.path() + "/venvs/black/bin/black";
    const std::string half = said("", "/black", {"--ro-bind", bin, "/black"});
    CHECK(contains(half, "\"/black\" needs the interpreter \"" + python +
                             "\", which is not in the sandbox: it is a link to "));
    CHECK(contains(half, "and the directory of the link is not inside; " + bind("venvs/black") +
                             " shows it\n"));
    // What they say is enough.
    const std::string all = place.path() + "/venvs/black";
    CHECK(said("local/bin", "black",
               {"--ro-bind", all, all, "--ro-bind", place.path() + "/local/bin",
                place.path() + "/local/bin", "--keep-env", "PATH"})
              .empty());
}

TEST_CASE("a command that is named from the working directory, or with its arguments", "[exit]") {
    const TemporaryDirectory place;
    place.directory("here");
    const std::string tool = place.file("tool", "#!/bin/sh\n", 0755);
    Start start = sbx({"--bind", place.path() + "/here", place.path() + "/here"}, {});
    start.directory = place.path() + "/here";
    start.words.back() = "../tool";
    CHECK(contains(run(start).err, "\"../tool\" is not there inside; the host has \"" + tool +
                                       "\", and --ro-bind " + tool + " " + tool + " shows it"));
    CHECK(contains(run(plain(Name::sbx, {"ls -l"})).err, "or sh -c 'ls -l'"));
}

TEST_CASE("a command that cannot be executed says so", "[exit]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file", "echo yes\n", 0644);
    for (const Statuses& dialect : dialects) {
        const Ended mode = command(dialect.name, {"--ro-bind", file, "/file"}, "/file");
        CHECK(mode.status == dialect.not_executable);
        CHECK(says(dialect, mode,
                   "\"/file\" cannot be executed: permission denied; it must be a file with the "
                   "execute permission",
                   "/file: Permission denied"));
        const Ended directory = command(dialect.name, {"--dir", "/d"}, "/d");
        CHECK(directory.status == dialect.not_executable);
        CHECK(says(dialect, directory, "\"/d\" cannot be executed", "/d: Permission denied"));
        // A file in the path where a directory should be.
        const Ended through = command(dialect.name, {"--ro-bind", file, "/file"}, "/file/x");
        CHECK((through.status == dialect.not_executable || through.status == dialect.not_found));
        CHECK(contains(through.err, "/file/x"));
    }
}

TEST_CASE("a program without its ELF interpreter names the file that is missing", "[exit]") {
    for (const Statuses& dialect : dialects) {
        const Ended ended = command(dialect.name, {"--ro-bind", "/usr/bin/true", "/true"}, "/true");
        INFO(ended.err);
        CHECK(ended.status == dialect.not_found);
        CHECK(says(dialect, ended, "\"/true\" needs the interpreter \"/lib",
                   "/true: No such file or directory"));
        CHECK(says(dialect, ended, "which is not in the sandbox; --ro-bind /usr /usr shows it",
                   "/true: No such file or directory"));
    }
}

TEST_CASE("no file recommends to show what is the caller's", "[exit]") {
    const TemporaryDirectory home;
    home.directory("keys");
    const std::string key = home.file("keys/id", "key", 0755);
    const TemporaryDirectory place;
    const std::string path = place.path();
    place.file("script", "#!" + key + "\n", 0755);
    place.file("shadow", "#!/etc/shadow\n", 0755);
    place.file("root", "#!/usr/../.." + key + "\n", 0755);
    place.link("link", key);
    place.link("a; rm -rf x", "/usr/bin/a; rm -rf $HOME");
    place.link("above", "/usr/.." + key);
    place.link("top", "/etc");
    for (const char* name : {"script", "shadow", "root", "link", "above", "top"}) {
        const Ended ended =
            run(plain(Name::sbx, {"--ro-bind", path, path, "--", path + "/" + name}));
        INFO(name << ": " << ended.err);
        CHECK(ended.status >= 126);
        CHECK_FALSE(contains(ended.err, "bind"));
    }
    // Where a link is what the caller's own word comes to.
    Start start = plain(Name::sbx, {"link"});
    start.prepare = [&path] { ::setenv("PATH", path.c_str(), 1); };
    const Ended found = run(start);
    INFO(found.err);
    CHECK(found.status == 127);
    CHECK_FALSE(contains(found.err, "bind"));
    // What is recommended is one word for a shell.
    const TemporaryDirectory odd;
    const std::string tool = odd.file("a; rm -rf x", "#!/bin/sh\n", 0755);
    CHECK(contains(run(plain(Name::sbx, {tool})).err,
                   "--ro-bind '" + tool + "' '" + tool + "' shows it"));
}

TEST_CASE("a script without its interpreter names it", "[exit]") {
    const TemporaryDirectory place;
    const std::string here = place.file("here", "#!/usr/bin/env sh\n", 0755);
    const std::string nowhere = place.file("nowhere", "#! /opt/none/interpreter -x\n", 0755);
    const std::string path = place.path();
    for (const Statuses& dialect : dialects) {
        const Ended missing = command(dialect.name, {"--ro-bind", path, "/d"}, "/d/here");
        CHECK(missing.status == dialect.not_found);
        CHECK(says(dialect, missing, "\"/d/here\" needs the interpreter \"/usr/bin/env\"",
                   "/d/here: No such file or directory"));
        CHECK(says(dialect, missing, "--ro-bind /usr /usr shows it",
                   "/d/here: No such file or directory"));
        const Ended none = command(dialect.name, {"--ro-bind", path, "/d"}, "/d/nowhere");
        CHECK(none.status == dialect.not_found);
        CHECK(
            says(dialect, none,
                 "\"/d/nowhere\" needs the interpreter \"/opt/none/interpreter\", which is not in "
                 "the sandbox, and not on this machine",
                 "/d/nowhere: No such file or directory"));
    }
}

TEST_CASE("a script without a first line is the shell's", "[exit]") {
    const TemporaryDirectory place;
    place.file("script", "echo \"$0 $1\"; exit 3\n", 0755);
    for (const Name name : {Name::sbx, Name::bwrap}) {
        std::vector<std::string> words = {"--ro-bind", "/usr",       "/usr",
                                          "--ro-bind", place.path(), "/d"};
        if (name == Name::bwrap) words.insert(words.end(), {"--symlink", "usr/bin", "/bin"});
        if (name == Name::bwrap) words.insert(words.end(), {"--symlink", "usr/lib", "/lib"});
        if (name == Name::bwrap) words.insert(words.end(), {"--symlink", "usr/lib64", "/lib64"});
        words.insert(words.end(), {"/d/script", "word"});
        const Ended ended = run(plain(name, words));
        CHECK(ended.status == 3);
        CHECK(ended.out == "/d/script word\n");
        // And where there is no shell either:
        const Ended none = command(name, {"--ro-bind", place.path(), "/d"}, "/d/script");
        CHECK(none.status == (name == Name::sbx ? 126 : 1));
        CHECK(contains(none.err, "/d/script"));
    }
}

TEST_CASE("a file that is no program says so", "[exit]") {
    const TemporaryDirectory place;
    // An ELF header for a machine that this is not.
    std::string elf(
        "\x7f"
        "ELF\x02\x01\x01",
        7);
    elf.resize(16);
    elf += std::string("\x02\x00\xff\xfe", 4);
    elf.resize(64);
    place.file("other", elf, 0755);
    for (const Statuses& dialect : dialects) {
        const Ended ended = command(dialect.name, {"--ro-bind", place.path(), "/d"}, "/d/other");
        CHECK(ended.status == dialect.not_executable);
        CHECK(says(dialect, ended, "\"/d/other\" is not a program of this machine",
                   "/d/other: Exec format error"));
    }
}

// A file for another machine, whose bytes are harmful lines for a shell.
std::string foreign_elf(std::string_view lines) {
    std::string elf(
        "\x7f"
        "ELF\x02\x01\x01",
        7);
    elf.resize(16);
    elf += std::string("\x02\x00\xb7\x00", 4);  // aarch64
    return elf + std::string(lines);
}

TEST_CASE("no file but a script is given to a shell", "[exit]") {
    const TemporaryDirectory place;
    const std::string harm = "\n>/d/important\n";
    const std::string own = read_whole("/proc/self/exe");
    place.file("foreign", foreign_elf(harm), 0755);
    place.file("short",
               "\x7f"
               "ELF" +
                   harm,
               0755);
    place.file("begun", "\x7f" + harm, 0755);
    place.file("cut", own.substr(0, 70), 0755);
    place.file("empty", "", 0755);
    place.file("windows", std::string("MZ\0", 3) + harm, 0755);
    place.file("zeros", std::string("a\0", 2) + harm, 0755);
    place.file("script", "#!/d/foreign\n>/d/important\n", 0755);
    place.file("long", "#!/" + std::string(300, 'x') + harm, 0755);
    place.file("secret", ">/d/important\n", 0111);
    place.file("windows-script", "#!/bin/sh\r\n>/d/important\r\n", 0755);
    place.file("important", "precious");
    struct Kind {
        const char* name;
        std::string words;
    };
    const Kind kinds[] = {
        {"foreign", "\"/d/foreign\" is for aarch64, this machine is "},
        {"short", "\"/d/short\" is truncated"},
        {"cut", "\"/d/cut\" is truncated"},
        {"empty", "\"/d/empty\" is empty"},
        {"begun", "\"/d/begun\" is not a program of this machine"},
        {"windows", "\"/d/windows\" is a program for Windows"},
        {"zeros", "\"/d/zeros\" is neither a program of this machine nor a script"},
        {"script",
         "\"/d/script\" needs the interpreter \"/d/foreign\", which is for aarch64, this machine "
         "is "},
        {"long", "\"/d/long\" names an interpreter in its first line that is too long"},
        {"secret", "\"/d/secret\" is not a program of this machine, and it cannot be read"},
    };
    for (const Name name : {Name::sbx, Name::bwrap}) {
        std::vector<std::string> words = {"--ro-bind", "/usr",       "/usr",
                                          "--bind",    place.path(), "/d"};
        if (name == Name::bwrap) {
            words.insert(words.end(), {"--symlink", "usr/bin", "/bin", "--symlink", "usr/lib",
                                       "/lib", "--symlink", "usr/lib64", "/lib64"});
        }
        for (const Kind& kind : kinds) {
            // Root of the other dialect keeps the capability to read it.
            if (name == Name::bwrap && is_root() && kind.name == std::string("secret")) continue;
            std::vector<std::string> all = words;
            const std::string file = "/d/" + std::string(kind.name);
            all.insert(all.end(), {"--", file});
            const Ended ended = run(plain(name, all));
            INFO(file << ": " << ended.err);
            CHECK(ended.status == (name == Name::sbx ? 126 : 1));
            CHECK(contains(ended.err, name == Name::sbx
                                          ? kind.words
                                          : "execvp " + file + ": Exec format error"));
            // As a word that is searched for, too; the first that could be executed counts.
            all.erase(all.end() - 2, all.end());
            all.insert(all.end(), {"--setenv", "PATH", "/nothing:/d", "--", kind.name});
            CHECK(run(plain(name, all)).status == ended.status);
        }
        CHECK(read_whole(place.path() + "/important") == "precious");
    }
    const Ended lines = run(plain(Name::sbx, {"--ro-bind", "/usr", "/usr", "--bind", place.path(),
                                              "/d", "--", "/d/windows-script"}));
    INFO(lines.err);
    CHECK(lines.status == 127);
    CHECK(contains(lines.err, "\"/d/windows-script\" has the line ends of Windows"));
    CHECK(contains(lines.err, "sed -i 's/\\r$//' /d/windows-script"));
}

TEST_CASE("a script is a shell's whatever follows its first line", "[exit]") {
    const TemporaryDirectory place;
    place.file("archive",
               std::string("echo unpacks; exit 4\n\0\1\2\x7f"
                           "ELF\0",
                           29),
               0755);
    const Ended ended = run(plain(Name::sbx, {"--ro-bind", "/usr", "/usr", "--ro-bind",
                                              place.path(), "/d", "--", "/d/archive"}));
    INFO(ended.err);
    CHECK(ended.status == 4);
    CHECK(ended.out == "unpacks\n");
    const Ended none = command(Name::sbx, {"--ro-bind", place.path(), "/d"}, "/d/archive");
    CHECK(none.status == 126);
    CHECK(contains(none.err, "is for /bin/sh, which is not inside; --ro-bind /usr /usr shows it"));
}

TEST_CASE("messages begin with the name that sbx was called by", "[exit]") {
    CHECK(run(plain(Name::sbx, {"--nothing"})).err.rfind("sbx: ", 0) == 0);
    CHECK(run(plain(Name::bwrap, {"--nothing"})).err.rfind("bwrap: ", 0) == 0);
}

TEST_CASE("help and version need nothing", "[exit]") {
    CHECK(run(plain(Name::bwrap, {"--version"})).out.rfind("bubblewrap 0.13.1", 0) == 0);
    CHECK(run(plain(Name::sbx, {"--version"})).out.rfind("sbx ", 0) == 0);
    for (const Name name : {Name::sbx, Name::bwrap}) {
        const Ended help = run(plain(name, {"--help"}));
        CHECK(help.status == 0);
        CHECK(help.err.empty());
        CHECK(contains(help.out, "[OPTIONS...] [--] COMMAND [ARGS...]"));
        CHECK(contains(help.out, "--ro-bind"));
    }
}

}  // namespace
}  // namespace integration
