// SPDX-License-Identifier: Apache-2.0
// Profiles as files: where they are found, what they take in, and what becomes of the command line.
#include "cli/profile.hpp"
#include "cli/option_list.hpp"
#include "memory_file.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace sbx;
using namespace sbx::cli;
using sbx::test::contains;
using sbx::test::error_of;
using sbx::test::MemoryFile;
using sbx::test::Words;

namespace fs = std::filesystem;

namespace {

// A directory with two places to look in, "user" and "system".
class Profiles {
public:
    Profiles() {
        std::string name = (fs::temp_directory_path() / "sbx-profiles-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        top_ = name;
        fs::create_directories(top_ / "user");
        fs::create_directories(top_ / "system");
    }
    ~Profiles() {
        std::error_code ignored;
        fs::remove_all(top_, ignored);
    }
    Profiles(const Profiles&) = delete;
    Profiles& operator=(const Profiles&) = delete;

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(top_ / name) << text;
    }
    std::string path(const std::string& name) const { return (top_ / name).string(); }

    ProfileSearch search() const {
        return {{path("user"), path("system")}, [](const std::string& name) {
                    return name == "CWD" ? std::optional<std::string>("/work") : std::nullopt;
                }};
    }

private:
    fs::path top_;
};

// The options as lines, without their places.
Words lines_of(const std::vector<GivenOption>& options) {
    Words out;
    for (const GivenOption& given : options) {
        out.push_back(profile_line(given.row->name, given.arguments));
    }
    return out;
}

Words options_of(const Profiles& profiles, const std::string& name) {
    const auto options = read_profile(name, profiles.search());
    INFO(error_of(options));
    REQUIRE(options);
    return lines_of(*options);
}

std::string error_in(const Profiles& profiles, const std::string& name) {
    return error_of(read_profile(name, profiles.search()));
}

CommandLine line_of(const Words& words, const Profiles& profiles) {
    const Dialect dialect = sbx_dialect();
    return with_profiles(with_arguments_read(parse_words(words, dialect), dialect),
                         profiles.search());
}

std::string error_of_line(const Words& words, const Profiles& profiles) {
    const CommandLine line = line_of(words, profiles);
    return line.error ? line.error->message : "no error";
}

}  // namespace

TEST_CASE("the first profile of a name is taken", "[profile]") {
    const Profiles profiles;
    profiles.write("system/one.conf", "dir = /system\n");
    CHECK(options_of(profiles, "one") == Words{"dir = /system"});
    profiles.write("user/one.conf", "dir = /user\n");
    CHECK(options_of(profiles, "one") == Words{"dir = /user"});
    CHECK(options_of(profiles, "network").front() == "share-net");  // a built-in one
    profiles.write("system/network.conf", "dir = /instead\n");
    CHECK(options_of(profiles, "network") == Words{"dir = /instead"});
    CHECK(options_of(profiles, profiles.path("system/one.conf")) == Words{"dir = /system"});
}

TEST_CASE("a profile that is not there is named, with the places and the nearest", "[profile]") {
    const Profiles profiles;
    const std::string text = error_in(profiles, "bild");
    CHECK(text == "there is no profile \"bild\"; did you mean build?");
    CHECK(error_in(profiles, "something")
              .find("there is no profile \"something\"; looked for " +
                    profiles.path("user/something.conf") + ", " +
                    profiles.path("system/something.conf") +
                    ", and among the built-in ones: agent, app, autorun, build,") == 0);
    CHECK(error_in(profiles, "./none.conf") ==
          "profile \"./none.conf\": No such file or directory");
    // A name and a file are told apart by a dot or a slash, which is easily got wrong.
    CHECK(error_in(profiles, "build.conf") ==
          "profile \"build.conf\": No such file or directory; a name has no dot: build would be a "
          "profile of that name");
    CHECK(error_in(profiles, profiles.path("user")) ==
          "profile \"" + profiles.path("user") + "\": Is a directory");
}

TEST_CASE("profiles include others, where they stand", "[profile]") {
    const Profiles profiles;
    profiles.write("user/a.conf", "dir = /1\ninclude = b\ndir = /4\ninclude = ../c.conf\n");
    profiles.write("system/b.conf", "dir = /2\ninclude = d\n");
    profiles.write("system/d.conf", "dir = /3\n");
    profiles.write("c.conf", "dir = /5\n");
    CHECK(options_of(profiles, profiles.path("user/a.conf")) ==
          Words{"dir = /1", "dir = /2", "dir = /3", "dir = /4", "dir = /5"});
    const auto options = read_profile("a", profiles.search());
    REQUIRE(options);
    CHECK(options->at(2).place == profiles.path("system/d.conf") + ":1");
    profiles.write("system/d.conf", "\nnonsense\n");
    CHECK(error_in(profiles, "a") == profiles.path("user/a.conf") +
                                         ":2: " + profiles.path("system/b.conf") +
                                         ":2: " + profiles.path("system/d.conf") +
                                         ":2: unknown option \"nonsense\"; sbx --help=all lists "
                                         "them all");
}

TEST_CASE("a profile can add to the next one of its name", "[profile]") {
    const Profiles profiles;
    profiles.write("user/network.conf", "include = network\ndir = /user\n");
    profiles.write("system/network.conf", "include = network\ndir = /system\n");
    const Words all = options_of(profiles, "network");
    CHECK(all.front() == "share-net");
    CHECK(Words(all.end() - 2, all.end()) == Words{"dir = /system", "dir = /user"});
}

TEST_CASE("profiles that include themselves are refused", "[profile]") {
    const Profiles profiles;
    profiles.write("user/a.conf", "include = b\n");
    profiles.write("user/b.conf", "include = a\n");
    CHECK(error_in(profiles, "a")
              .find("profile \"" + profiles.path("user/a.conf") +
                    "\" includes itself: there is no other one that is called "
                    "\"a\"") != std::string::npos);
    profiles.write("p.conf", "include = p.conf\n");
    CHECK(error_in(profiles, profiles.path("p.conf")) ==
          profiles.path("p.conf") + ":1: profile \"" + profiles.path("p.conf") +
              "\" includes itself");
    profiles.write("q.conf", "include = ./././q.conf\n");
    CHECK(error_in(profiles, profiles.path("q.conf")).find("includes itself") != std::string::npos);
    profiles.write("r.conf",
                   "include = ../" +
                       profiles.path("").substr(
                           profiles.path("").rfind('/', profiles.path("").size() - 2) + 1) +
                       "r.conf\n");
    const std::string endless = error_in(profiles, profiles.path("r.conf"));
    CHECK(endless.find("more than 100 are included, it may include itself") != std::string::npos);
    CHECK(endless.size() < 10'000);
}

TEST_CASE("what does not belong into a profile is refused", "[profile]") {
    const Profiles profiles;
    const auto error = [&](const std::string& text) {
        profiles.write("user/x.conf", text);
        const std::string all = error_in(profiles, "x");
        const std::string place = profiles.path("user/x.conf") + ":1: ";
        return all.substr(0, place.size()) == place ? all.substr(place.size()) : all;
    };
    CHECK(error("ro-bnd = /a /b") == "unknown option \"ro-bnd\"; did you mean ro-bind?");
    CHECK(error("inclde = a") == "unknown option \"inclde\"; did you mean include?");
    CHECK(error("profile = a") == "a profile takes another one in by: include = NAME");
    for (const std::string option : {"help", "version", "dry-run", "args", "show-profile"}) {
        CHECK(error(option) ==
              "\"" + option + "\" belongs on the command line, not into a profile");
    }
    CHECK(error("bind = /a") == "bind takes two arguments (SRC DEST), and here is 1");
    CHECK(error("clearenv = yes") ==
          "clearenv takes no argument; write just clearenv, or leave the line out");
    CHECK(error("bind") == "bind takes two arguments (SRC DEST), and there is none");
    CHECK(
        error("keep-env = A B") ==
        "keep-env takes an argument, and here are 2; give the option once for each, or write what "
        "has blanks in it in quotes");
    CHECK(error("network") == "\"network\" is a profile; write: include = network");
    CHECK(error("net") == "unknown option \"net\"; did you mean share-net?");
    CHECK(error("env = A B") == "unknown option \"env\"; did you mean setenv?");
    CHECK(error("include = a b") == "include takes the name of one profile");
    CHECK(error("include") == "include takes the name of one profile");
}

TEST_CASE("the options of profiles come before those of the command line", "[profile]") {
    const Profiles profiles;
    profiles.write("user/a.conf", "chdir = /profile\n");
    profiles.write("user/b.conf", "dir = ${CWD}\n");
    const CommandLine line =
        line_of({"--chdir", "/line", "--profile", "a", "--profile=b", "make", "-j"}, profiles);
    CHECK(lines_of(line.options) == Words{"chdir = /profile", "dir = /work", "chdir = /line"});
    CHECK(line.command == Words{"make", "-j"});
    CHECK_FALSE(line.error);
    // --args may name profiles, too.
    const MemoryFile file(std::string("--profile\0a\0", 12));
    CHECK(lines_of(line_of({"--dir", "/d", "--args", file.text()}, profiles).options) ==
          Words{"chdir = /profile", "dir = /d", "args = " + file.text()});
}

TEST_CASE("a later option takes an earlier one back", "[profile]") {
    const Profiles profiles;
    profiles.write("user/a.conf",
                   "bind = /s /x\nbind = /s /y\nro-bind = /s /x\nclearenv\nsetenv = A 1\n"
                   "perms = 0700\nsize = 4096\ntmpfs = /t\noverlay-src = /l\ntmp-overlay = /o\n");
    const auto left = [&](const Words& unset) {
        Words words = {"--profile", "a"};
        for (const std::string& one : unset) {
            words.push_back("--unset");
            words.push_back(one);
        }
        const CommandLine line = line_of(words, profiles);
        INFO((line.error ? line.error->message : ""));
        CHECK_FALSE(line.error);
        return lines_of(line.options);
    };
    const Words all = left({});
    CHECK(all.size() == 10);
    CHECK_FALSE(contains(left({"bind /x"}), "bind = /s /x"));
    CHECK(contains(left({"bind /x"}), "ro-bind = /s /x"));
    CHECK(left({"bind"}).size() == 8);
    CHECK_FALSE(contains(left({"ro-bind /s /x"}), "ro-bind = /s /x"));  // as it is shown
    CHECK(contains(left({"ro-bind /s /x"}), "bind = /s /x"));
    CHECK(left({"clearenv"}).size() == 9);
    CHECK_FALSE(contains(left({"setenv A"}), "setenv = A 1"));
    CHECK(left({"tmpfs /t"}).size() == 7);        // and what changes it
    CHECK(left({"tmp-overlay /o"}).size() == 8);  // and its layer
    CHECK(error_of_line({"--profile", "a", "--unset", "bind /z"}, profiles) ==
          "--unset \"bind /z\": there is no such option before it to take back; bind is there for "
          "/x, /y");
    CHECK(error_of_line({"--unset", "tmpfs"}, profiles) ==
          "--unset \"tmpfs\": there is no such option before it to take back");
    CHECK(error_of_line({"--unset", "bnd /x"}, profiles) ==
          "--unset takes the name of an option without dashes, and an argument of it, as in \"bind "
          "/src\"; there is no option \"bnd\"");
    // Only what stands before it.
    CHECK(error_of_line({"--unset", "dir /d", "--dir", "/d"}, profiles) ==
          "--unset \"dir /d\": there is no such option before it to take back");
    profiles.write("user/b.conf", "include = a\nunset = bind \"/x\"\nunset = \"bind /y\"\n");
    CHECK(lines_of(line_of({"--profile", "b"}, profiles).options).size() == 8);
    profiles.write("user/b.conf", "\nunset = bind /x\n");
    CHECK(error_of_line({"--profile", "b"}, profiles) ==
          profiles.path("user/b.conf") +
              ":2: unset = bind /x: there is no such option before it to take back; if another "
              "profile has it, give this one after it");
}

TEST_CASE("an option of a profile that is wrong is named by its line", "[profile]") {
    const Profiles profiles;
    profiles.write("user/a.conf", "\nuid = many\n");
    const Dialect dialect = sbx_dialect();
    SpecBuilder builder(dialect);
    CHECK(error_of(builder.add(line_of({"--profile", "a", "true"}, profiles))) ==
          profiles.path("user/a.conf") +
              ":2: --uid takes a number from 0 to 4294967294, and not \"many\"");
}

TEST_CASE("a path inside that a profile has wrong is named by its line, in its terms",
          "[profile]") {
    const Profiles profiles;
    const auto said = [&](const std::string& text) {
        profiles.write("user/a.conf", text);
        const Dialect dialect = sbx_dialect();
        SpecBuilder builder(dialect);
        const auto added = builder.add(line_of({"--profile", "a", "true"}, profiles));
        return added ? error_of(builder.finish()) : added.error().message;
    };
    const std::string place = profiles.path("user/a.conf") + ":2: ";
    CHECK(said("\nbind = /a out\n") ==
          place +
              "\"out\" is relative, and a path inside begins with \"/\"; write \"${CWD}/out\", or "
              "\"/out\"");
    CHECK(said("\nchdir = .\n") ==
          place + "\".\" is relative, and a path inside begins with \"/\"; write \"${CWD}\"");
}

TEST_CASE("what a profile sets before it clears is lost, and refused", "[profile]") {
    const Profiles profiles;
    const auto said = [&](const std::string& text, const Words& words = {}) {
        profiles.write("user/a.conf", text);
        Words all = words;
        all.insert(all.end(), {"--profile", "a", "true"});
        const Dialect dialect = sbx_dialect();
        SpecBuilder builder(dialect);
        return error_of(builder.add(line_of(all, profiles)));
    };
    const std::string place = profiles.path("user/a.conf");
    CHECK(said("setenv = A 1\nclearenv\n") ==
          place + ":2: clearenv undoes setenv A, which is before it; give that one after it");
    CHECK(said("clearenv\nsetenv = A 1\n") == "no error");
    CHECK(said("clearenv\nsetenv = A 1\n", {"--setenv", "B", "2"}) == "no error");
    // Twice the same, and what is cleared on purpose.
    CHECK(said("clearenv\nsetenv = A 1\n", {"--profile", "a"}) == "no error");
    CHECK(said("include = build\nclearenv\n") == "no error");
    CHECK(said("keep-env = A\n") ==
          place +
              ":1: keep-env A keeps nothing, since all of the environment is there without "
              "clearenv; give that before it");
    CHECK(said("clearenv\nkeep-env = A\n", {"--unset", "clearenv"}) == "no error");
}

TEST_CASE("a policy that a profile has wrong is named by its line", "[profile]") {
    const Profiles profiles;
    profiles.write("user/a.conf", "\nseccomp-policy = strictt\n");
    const Dialect dialect = sbx_dialect();
    SpecBuilder builder(dialect);
    REQUIRE(builder.add(line_of({"--profile", "a", "true"}, profiles)));
    CHECK(error_of(builder.finish()).find(profiles.path("user/a.conf") + ":2: no built-in") == 0);
}

TEST_CASE("a saved profile is called by its name where it is looked for, else by its path",
          "[profile]") {
    const ProfileSearch search{{"/home/user/.config/sbx", "/etc/sbx"}, {}};
    CHECK(profile_argument("/home/user/.config/sbx/work.conf", search) == "work");
    CHECK(profile_argument("/etc/sbx/work.conf", search) == "work");
    CHECK(profile_argument("/etc/sbx/work", search) == "/etc/sbx/work");
    CHECK(profile_argument("/etc/sbx/my.tool.conf", search) == "/etc/sbx/my.tool.conf");
    CHECK(profile_argument("/etc/sbx/.conf", search) == "/etc/sbx/.conf");
    CHECK(profile_argument("/etc/sbx/sub/work.conf", search) == "/etc/sbx/sub/work.conf");
    CHECK(profile_argument("work.conf", search) == "./work.conf");
    CHECK(profile_argument("sub/work.conf", search) == "sub/work.conf");
}

TEST_CASE("the options in effect are shown with their places", "[profile]") {
    const Profiles profiles;
    profiles.write("user/a.conf", "ro-bind = /usr /usr\n\nchdir = /\n");
    const CommandLine line =
        line_of({"--profile", "a", "--setenv", "A", "b c", "--show-profile"}, profiles);
    const std::string text = effective_text(line);
    const auto row = [](const std::string& option, const std::string& place) {
        return option + std::string(56 - option.size(), ' ') + " # " + place + "\n";
    };
    CHECK(text == row("ro-bind = /usr /usr", profiles.path("user/a.conf") + ":1") +
                      row("chdir = /", profiles.path("user/a.conf") + ":3") +
                      row("setenv = A \"b c\"", "the command line"));
    // It is a profile itself.
    profiles.write("user/again.conf", text);
    Words same = lines_of(line.options);
    same.pop_back();  // --show-profile
    CHECK(options_of(profiles, "again") == same);
}

TEST_CASE("a command line is written as a profile that asks for the same", "[profile]") {
    const Profiles profiles;
    profiles.write("user/a.conf", "dir = /1\ndir = /2\n");
    const Dialect dialect = sbx_dialect();
    const MemoryFile file(std::string("--dir\0/3\0", 9));
    const Words words = {"--dir",  "/x y",      "--profile", "a",        "--unset", "dir /1",
                         "--args", file.text(), "--dry-run", "--setenv", "A",       "$b"};
    const CommandLine line = with_arguments_read(parse_words(words, dialect), dialect);
    const std::string text = profile_of(line, "/cwd");
    CHECK(text ==
          "include = a\ndir = \"/x y\"\nunset = \"dir /1\"\ndir = /3\nsetenv = A \"$$b\"\n");
    profiles.write("user/saved.conf", text);
    CHECK(lines_of(line_of({"--profile", "saved"}, profiles).options) ==
          Words{"dir = /2", "dir = \"/x y\"", "dir = /3", "setenv = A \"$$b\""});
    CHECK(profile_of(parse_words({"--profile", "./p.conf"}, dialect), "/cwd") ==
          "include = /cwd/./p.conf\n");
    CHECK(profile_of(parse_words({"--profile", "/p.conf"}, dialect), "/cwd") ==
          "include = /p.conf\n");
}

TEST_CASE("every built-in profile is one", "[profile]") {
    ProfileSearch search;
    search.variables = [](const std::string& name) {
        return std::optional<std::string>("/" + name);
    };
    std::string before;
    for (const BuiltinProfile& profile : builtin_profiles()) {
        INFO(profile.name);
        CHECK(std::string(profile.name) > before);
        before = profile.name;
        CHECK(profile.text.substr(0, 2) == "# ");  // it begins with what it is for
        if (profile.name == "git") continue;       // for use after another one
        const auto options = read_profile(std::string(profile.name), search);
        INFO(error_of(options));
        REQUIRE(options);
        CommandLine line;
        line.options = *options;
        line.command = {"true"};
        const Dialect dialect = test::sbx_without_policy();
        SpecBuilder builder(dialect);
        REQUIRE(builder.add(line));
        CHECK(builder.finish());
    }
}
