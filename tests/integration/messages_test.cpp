// SPDX-License-Identifier: Apache-2.0
// Names that an attacker chooses, everywhere: nothing of them reaches a terminal as it is.
#include "fuzz/fuzz.hpp"
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace integration {
namespace {

using Words = std::vector<std::string>;

// A title, a colour by C1 (as UTF-8 and as a byte), changes of direction, no width, separators, no
// UTF-8, a line that looks like a message, and what could be read as a remedy.
const std::string hostile =
    "\x1b]0;t\x07\u009b31m\x9b\u202e\u2066\u200b\u2028\ufeff\xff\r\nsbx: fine\"; --ro-bind ~ ~";

void check_printable(const Ended& ended) {
    for (const std::string& text : {ended.out, ended.err}) {
        for (const std::string& line : lines_of(text)) {
            INFO(line);
            CHECK_FALSE(sbx::test::has_control(line));
            CHECK(line.rfind("sbx: fine", 0) == std::string::npos);
        }
    }
}

TEST_CASE("whatever a name is, what is printed is printable", "[messages]") {
    const TemporaryDirectory place;
    const std::string path = place.path() + "/" + hostile;
    place.directory(hostile);
    place.file(hostile + "/file", "");
    place.link(hostile + "/link", hostile);
    place.file(hostile + "/script", "#!/" + hostile, 0755);
    place.file(hostile + "/p.conf", "setenv = X \"" + hostile + "\"\n");
    place.file(hostile + "/key.conf", hostile + "\n");
    place.file(hostile + "/line.conf", "bind = '" + hostile.substr(0, 20) + "'\n");
    place.file(hostile + "/include.conf", "include = ./\"\\x1b\\xc2\\x9b; x\"\n");
    place.file(hostile + "/policy.json", "{\"defaultAction\": \"" + hostile + "\"}");
    place.file(hostile + "/words.json",
               "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"\\u009b\\u202e\"]}");
    const std::vector<Words> all = {
        {},
        {"--bind", path, "/" + hostile},
        {"--ro-bind", path + "/file", "/x", "--symlink", hostile, "/l", "--tmpfs", "/" + hostile},
        {"--bind", path + "/nothing", "/x"},
        {"--bind", path, "/d", "--symlink", "other", "/d/link"},
        {"--bind", path, "/d", "--tmpfs", "/d/file/" + hostile},
        {"--bind", path, "/d", "--protect", "/d/" + hostile, "--mask", "/d/" + hostile + "x"},
        {"--bind", path, hostile},
        {"--setenv", "X", hostile, "--chdir", "/" + hostile},
        {"--setenv", hostile, "x"},
        {"--setenv", hostile + "=", "x"},
        {"--hostname", hostile},
        {"--" + hostile, "x"},
        {"--uid", hostile},
        {"--cap-add", hostile},
        {"--unset", hostile},
        {"--unset", "bind " + hostile},
        {"--warning", hostile, "hide"},
        {"--landlock", hostile},
        {"--seccomp-edit", hostile},
        {"--seccomp-edit", "allow:" + hostile},
        {"--seccomp-policy", hostile},
        {"--seccomp-policy", path + "/policy.json"},
        {"--seccomp-policy", path + "/words.json"},
        {"--profile", hostile},
        {"--profile", path + "/p.conf"},
        {"--profile", path + "/key.conf"},
        {"--profile", path + "/line.conf"},
        {"--profile", path + "/include.conf"},
        {"--result", path},
        {"--help=" + hostile},
        {"--dry-run=" + hostile},
        {"--doctor=" + hostile},
        {"--doctor"},
        {"--doctor=json"},
        {"--save-profile", path + "/file"},
        {"--save-profile", path + "/nothing/x"},
        {"--argv0", hostile},
        {"--lock-file", "/" + hostile},
        {"--bind-data", "0", "/" + hostile},
    };
    for (const Words& options : all) {
        for (const char* mode : {"", "--dry-run", "--dry-run=json", "--dry-run=bwrap",
                                 "--dry-run=tree", "--show-profile", "--save-profile"}) {
            if (options.size() == 1 && *mode != '\0') continue;  // it is what was asked for already
            for (const Words& command : std::vector<Words>{
                     {"/payload", "exit", "0"}, {hostile}, {path + "/script"}, {path + "/link"}}) {
                // All with all would take minutes.
                if (*mode != '\0' && command[0] != "/payload") continue;
                for (const Name name : {Name::sbx, Name::bwrap}) {
                    if (name == Name::bwrap && command[0] != "/payload") continue;
                    Words words = {"--ro-bind", payload_path(), "/payload"};
                    if (*mode != '\0') words.emplace_back(mode);
                    if (std::string(mode) == "--save-profile") words.emplace_back("-");
                    words.insert(words.end(), options.begin(), options.end());
                    words.emplace_back("--");
                    words.insert(words.end(), command.begin(), command.end());
                    Start start = plain(name, words);
                    start.prepare = [&path] {
                        ::setenv("PATH", path.c_str(), 1);
                        if (::chdir(path.c_str()) != 0) ::_exit(113);
                    };
                    INFO(mode << " " << (options.empty() ? "" : options[0]));
                    Ended ended = run(start);
                    REQUIRE(ended.status != 113);
                    if (command[0] == "/payload" && ended.status == 0 && *mode == '\0' &&
                        options.size() != 1) {
                        ended.out.clear();  // that is the command's
                    }
                    check_printable(ended);
                }
            }
        }
    }
}

TEST_CASE("the name that sbx is called by is printable, too", "[messages]") {
    for (const Words& words : {Words{"--nonsense"}, Words{"--help"}, Words{"--version"}, Words{}}) {
        for (const char* name : {"/sbx", "/bwrap"}) {
            Start start = plain(Name::sbx, words);
            start.called = hostile + name;
            check_printable(run(start));
            start.called = "/x/" + hostile;
            check_printable(run(start));
        }
    }
}

TEST_CASE("what --show-profile and --save-profile print can be read again", "[messages]") {
    const TemporaryDirectory place;
    const Words words = {"--setenv", "X", hostile, "--setenv", "Y", "$\\x41 \t'\"#~"};
    Words shows = words;
    shows.emplace_back("--show-profile");
    const Ended shown = run(plain(Name::sbx, shows));
    CHECK(shown.status == 0);
    const std::string file = place.file("shown.conf", shown.out);
    const std::string saved = place.path() + "/saved.conf";
    Words saves = words;
    saves.insert(saves.end(), {"--save-profile", saved});
    CHECK(run(plain(Name::sbx, saves)).status == 0);
    for (const std::string& profile : {file, saved}) {
        INFO(read_whole(profile));
        for (const std::string& line : lines_of(read_whole(profile))) {
            CHECK_FALSE(sbx::test::has_control(line));
        }
        // What the environment comes to, as JSON, is the same.
        const auto plan = [](Words options) {
            options.insert(options.begin(), "--dry-run=json");
            options.insert(options.end(), {"--", "/x"});
            return output(plain(Name::sbx, options));
        };
        CHECK(contains(plan(words), "sbx: fine"));
        CHECK(plan({"--profile", profile}) == plan(words));
    }
    const Ended wrong = run(
        plain(Name::sbx, {"--profile", place.file("wrong.conf", "setenv = X \"\\x0\"\n"), "x"}));
    CHECK(wrong.status == 125);
    CHECK(contains(wrong.err, "wrong.conf:1: a byte is written as"));
}

TEST_CASE("nothing in a name becomes the remedy", "[messages]") {
    const TemporaryDirectory place;
    const std::string result = place.path() + "/result.json";
    const TemporaryDirectory project;
    const std::string target = "a; --ro-bind ~/.ssh ~/.ssh";
    project.link("link", target);
    for (const Name name : {Name::sbx, Name::bwrap}) {
        run(sandbox(
            name, {"--result", result, "--bind", project.path(), "/p", "--symlink", "x", "/p/link"},
            {"exit", "0"}));
        const std::string text = read_whole(result);
        INFO(text);
        CHECK(contains(text, "a; --ro-bind"));
        CHECK(contains(text, "\"remedy\": null"));
    }
    const std::string profile = place.file("a; --ro-bind x.conf", "nonsense = 1\n");
    run(sbx({"--result", result, "--profile", profile}, {"exit", "0"}));
    INFO(read_whole(result));
    CHECK_FALSE(contains(read_whole(result), "\"remedy\": \"--ro-bind x"));
}

}  // namespace
}  // namespace integration
