// SPDX-License-Identifier: Apache-2.0
// SpecBuilder: what depends on the order of options. Warnings, errors, descriptors that two options
// name, and when something is read.
#include "memory_file.hpp"
#include "spec_support.hpp"

#include <fcntl.h>
#include <unistd.h>

using namespace sbx;
using namespace sbx::cli;
using sbx::test::bwrap_spec;
using sbx::test::check_wrong_argument;
using sbx::test::error_of;
using sbx::test::good;
using sbx::test::joined;
using sbx::test::MemoryFile;
using sbx::test::sbx_error;
using sbx::test::Words;

namespace {

// Warnings as they are printed, the level as "<4>".
Words warnings(const Words& words, const Dialect& dialect = bwrap_dialect()) {
    SpecBuilder builder(dialect);
    const auto added = builder.add(read_command_line(words, dialect));
    INFO(error_of(added));
    CHECK(added);
    Words out;
    for (const Notice& warning : builder.notices()) {
        out.push_back((warning.prefix == Prefix::level ? "<4>" : "") + warning.text);
    }
    return out;
}

std::string last_only(const std::string& option) {
    return "Only the last " + option + " option will take effect";
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// What the builder comes to: a mode, or an error; and how messages begin then.
struct End {
    std::string text;
    Prefix prefix;
};

End end_of(const Words& words, const Dialect& dialect = bwrap_dialect()) {
    SpecBuilder builder(dialect);
    const auto added = builder.add(read_command_line(words, dialect));
    static constexpr const char* modes[] = {"run", "help", "version", "dry run"};
    return {added ? modes[static_cast<int>(builder.mode())] : added.error().message,
            builder.prefix()};
}

}  // namespace

TEST_CASE("bubblewrap's callers are told of options of which the last one counts") {
    const struct {
        const char* option;
        const char* argument;
    } each[] = {{"--chdir", "/"},
                {"--uid", "0"},
                {"--gid", "0"},
                {"--hostname", "x"},
                {"--userns", "71"},
                {"--userns2", "71"},
                {"--pidns", "71"},
                {"--block-fd", "71"},
                {"--info-fd", "71"},
                {"--json-status-fd", "71"},
                {"--userns-block-fd", "71"},
                {"--seccomp", "71"}};
    for (const auto& [option, argument] : each) {
        INFO(option);
        CHECK(warnings({option, argument}).empty());
        CHECK(warnings({"--sync-fd", "81", "--sync-fd", "82"}).empty());  // all of these count
        CHECK(warnings({option, argument, option, argument}) == Words{last_only(option)});
        CHECK(warnings({option, argument, "--dir", "/", option, argument, option, argument}) ==
              Words{last_only(option), last_only(option)});
        CHECK(warnings({option, argument, option, argument}, test::sbx_without_policy()).empty());
    }
}

TEST_CASE("options that may come more than once are not warned of") {
    CHECK(warnings({"--dir",
                    "/a",
                    "--dir",
                    "/a",
                    "--unshare-pid",
                    "--unshare-pid",
                    "--lock-file",
                    "/a",
                    "--lock-file",
                    "/a",
                    "--setenv",
                    "A",
                    "1",
                    "--setenv",
                    "A",
                    "2",
                    "--cap-add",
                    "ALL",
                    "--cap-add",
                    "ALL",
                    "--die-with-parent",
                    "--die-with-parent",
                    "--unshare-all",
                    "--unshare-all",
                    "--keep-fd",
                    "0",
                    "--keep-fd",
                    "0",
                    "--level-prefix",
                    "--level-prefix"})
              .empty());
}

TEST_CASE("an option in a file of --args counts with those around it") {
    const MemoryFile file(joined({"--chdir", "/b"}));
    CHECK(warnings({"--chdir", "/a", "--args", file.text()}) == Words{last_only("--chdir")});
}

TEST_CASE("messages have their level from --level-prefix on") {
    const Words twice = {"--chdir", "/", "--chdir", "/"};
    Words before = {"--level-prefix"};
    before.insert(before.end(), twice.begin(), twice.end());
    CHECK(warnings(before) == Words{"<4>" + last_only("--chdir")});
    Words after = twice;
    after.insert(after.end(), {"--level-prefix", "--uid", "0", "--uid", "0"});
    CHECK(warnings(after) == Words{last_only("--chdir"), "<4>" + last_only("--uid")});

    CHECK(end_of({"--level-prefix", "--uid", "x"}).prefix == Prefix::level);
    CHECK(end_of({"--uid", "x", "--level-prefix"}).prefix == Prefix::none);
    CHECK(end_of({"--level-prefix", "--nonsense"}).prefix == Prefix::level);
    CHECK(end_of({"--nonsense", "--level-prefix"}).prefix == Prefix::none);
    CHECK(end_of({"true"}).prefix == Prefix::none);
    const MemoryFile file(joined({"--level-prefix"}));
    CHECK(end_of({"--args", file.text(), "true"}).prefix == Prefix::level);
}

TEST_CASE("the first error is the one that is told, wherever it was found") {
    for (const Dialect& dialect : {test::sbx_without_policy(), bwrap_dialect()}) {
        const bool ours = dialect.defaults.wording == Wording::sbx;
        const std::string wrong_id =
            ours ? "--uid takes a number from 0 to 4294967294, and not \"x\"" : "Invalid uid: x";
        CHECK(end_of({"--uid", "x", "--nonsense"}, dialect).text == wrong_id);
        CHECK(end_of({"--uid", "x", "--bind", "/a"}, dialect).text == wrong_id);
        CHECK(end_of({"--bind", "/a"}, dialect).text == "--bind takes two arguments");
        CHECK(end_of({"--perms", "x", "--perms", "y"}, dialect).text ==
              (ours ? "--perms takes an octal mode up to 07777, and not \"x\""
                    : "--perms takes an octal argument <= 07777"));
        CHECK(end_of({"--perms", "7", "--nonsense"}, dialect).text.find("nknown option") == 1);
        const MemoryFile file(joined({"--uid", "x", "--nonsense"}));
        CHECK(end_of({"--args", file.text(), "--gid", "x"}, dialect).text == wrong_id);
    }
    CHECK(end_of({"--nonsense", "--uid", "x"}).text == "Unknown option --nonsense");
}

TEST_CASE("--help and --version act where they stand") {
    for (const Dialect& dialect : {test::sbx_without_policy(), bwrap_dialect()}) {
        for (const auto& [option, mode] : {std::pair{"--help", "help"}, {"--version", "version"}}) {
            INFO(option);
            CHECK(end_of({"--dir", "/d", option}, dialect).text == mode);
            CHECK(end_of({option, "--nonsense"}, dialect).text == mode);
            CHECK(end_of({option, "--uid", "x"}, dialect).text == mode);
            CHECK(end_of({option, "--bind"}, dialect).text == mode);
            CHECK(end_of({"--uid", "x", option}, dialect).text.find("uid") != std::string::npos);
            CHECK(end_of({"--nonsense", option}, dialect).text.find("nknown option") == 1);
            // A modifier without its option is not an option's own error.
            CHECK(end_of({"--perms", "0700", option}, dialect).text == mode);
            CHECK(end_of({"--size", "1", option}, dialect).text == mode);
            CHECK(end_of({"--overlay-src", "/a", option}, dialect).text == mode);
            const MemoryFile file(joined({option, "--nonsense"}));
            CHECK(end_of({"--args", file.text(), "--nonsense"}, dialect).text == mode);
        }
    }
}

TEST_CASE("a descriptor that two options name is refused, and both are named") {
    const auto text = [](const char* first, const char* second) {
        return std::string("descriptor 71 is used by ") + first + " and by " + second +
               "; what one reads is gone for the other";
    };
    const struct {
        Words words;
        std::string message;
    } cases[] = {
        {{"--file", "71", "/a", "--file", "71", "/b"}, text("--file", "another --file")},
        {{"--ro-bind-data", "71", "/a", "--ro-bind-data", "71", "/b"},
         text("--ro-bind-data", "another --ro-bind-data")},
        {{"--bind-data", "71", "/a", "--file", "71", "/b"}, text("--bind-data", "--file")},
        {{"--bind-fd", "71", "/a", "--ro-bind-fd", "71", "/b"}, text("--bind-fd", "--ro-bind-fd")},
        {{"--sync-fd", "71", "--block-fd", "71"}, text("--sync-fd", "--block-fd")},
        {{"--info-fd", "71", "--json-status-fd", "71"}, text("--info-fd", "--json-status-fd")},
        {{"--seccomp", "71", "--file", "71", "/a"}, text("--seccomp", "--file")},
        {{"--userns", "71", "--userns2", "71"}, text("--userns", "--userns2")},
        {{"--block-fd", "71", "--args", "71"}, text("--block-fd", "--args")},
    };
    for (const auto& [words, message] : cases) {
        CHECK(sbx_error(words) == message);
        // What bubblewrap says of a descriptor that was closed may stand before it.
        const std::string got = error_of(bwrap_spec(words));
        CHECK(got.substr(got.size() - std::min(got.size(), message.size())) == message);
    }
    // What was read is closed, and its number is another's; it stays spent all the same.
    const MemoryFile file(joined({"--dir", "/d"}));
    CHECK(sbx_error({"--args", file.text(), "--file", file.text(), "/a"}) ==
          "descriptor " + file.text() +
              " is used by --args and by --file; what one reads is gone for the other");
}

TEST_CASE("the same number again for an option of which the last one counts") {
    for (const char* option : {"--block-fd", "--info-fd", "--json-status-fd", "--userns",
                               "--userns2", "--pidns", "--userns-block-fd"}) {
        INFO(option);
        CHECK(sbx_error({option, "71", option, "71"}) == "no error");
        // The first one is given up, and free for another.
        CHECK(sbx_error({option, "71", option, "72", "--file", "71", "/f"}) == "no error");
        CHECK(sbx_error({option, "71", option, "72", "--file", "72", "/f"}) != "no error");
    }
    const MemoryFile program("12345678");
    const Spec spec = good({"--seccomp", program.text(), "--seccomp", program.text()});
    CHECK(spec.filters.size() == 1);
}

TEST_CASE("--seccomp is read when all options are known, --add-seccomp-fd at once") {
    const MemoryFile late("12345678");
    CHECK(end_of({"--seccomp", late.text(), "--uid", "x"}).text == "Invalid uid: x");
    CHECK(is_open(late.fd()));
    CHECK(end_of({"--seccomp", late.text(), "true"}).text == "run");
    CHECK(is_open(late.fd()));
    CHECK(error_of(bwrap_spec({"--seccomp", late.text(), "true"})) == "no error");
    CHECK_FALSE(is_open(late.fd()));

    const MemoryFile early("12345678");
    CHECK(end_of({"--add-seccomp-fd", early.text(), "--uid", "x"}).text == "Invalid uid: x");
    CHECK_FALSE(is_open(early.fd()));

    // A filter that is no program is not looked at when another one counts.
    const MemoryFile wrong("1234567");
    const MemoryFile right("12345678");
    CHECK(error_of(bwrap_spec({"--seccomp", wrong.text(), "--seccomp", right.text()})) ==
          "no error");
    CHECK(is_open(wrong.fd()));
    const MemoryFile first("12345678");
    CHECK(error_of(bwrap_spec({"--seccomp", first.text(), "--seccomp", wrong.text()})) ==
          "Invalid seccomp data, must be multiple of 8");
}
