// SPDX-License-Identifier: Apache-2.0
#include "cli/spec_builder.hpp"

#include "memory_file.hpp"
#include "spec_support.hpp"

#include <catch2/catch.hpp>

using namespace sbx;
using namespace sbx::cli;
using sbx::test::bwrap_spec;
using sbx::test::check_wrong_argument;
using sbx::test::error_of;
using sbx::test::good;
using sbx::test::joined;
using sbx::test::MemoryFile;
using sbx::test::only_entry;
using sbx::test::sbx_error;
using sbx::test::Words;

TEST_CASE("without options a Spec is the dialect's defaults") {
    const Spec spec = good({"true", "--bind"});
    CHECK(spec.command == Words{"true", "--bind"});
    CHECK(spec.wording == Wording::sbx);
    CHECK_FALSE(spec.unshare.has(Namespace::time));
    CHECK(spec.unshare.has(Namespace::network));
    CHECK(spec.given == GivenTree::standard);
    CHECK(spec.entries.empty());
    const Spec other = good(bwrap_spec({"true"}));
    CHECK(other.wording == Wording::bubblewrap);
    CHECK(other.unshare == NamespaceSet(Namespace::mount));
    CHECK(other.given == GivenTree::none);
    CHECK(other.filters.empty());
}

TEST_CASE("entries keep their order") {
    const Spec spec = good({"--proc", "/p", "--ro-bind", "/a", "/b", "--dir", "/d", "--bind-try",
                            "/e", "/f", "--symlink", "t", "/l"});
    REQUIRE(spec.entries.size() == 5);
    CHECK(std::get<entry::Proc>(spec.entries[0]).destination == "/p");
    const auto& bind = std::get<entry::Bind>(spec.entries[1]);
    CHECK(bind.source == "/a");
    CHECK(bind.destination == "/b");
    CHECK(bind.access == Access::read_only);
    CHECK(bind.if_missing == IfMissing::refuse);
    CHECK(std::get<entry::Directory>(spec.entries[2]).destination == "/d");
    CHECK(std::get<entry::Bind>(spec.entries[3]).if_missing == IfMissing::skip);
    CHECK(std::get<entry::Symlink>(spec.entries[4]).target == "t");
    CHECK(std::get<entry::Symlink>(spec.entries[4]).destination == "/l");
}

TEST_CASE("--perms and --size are for the next option that makes something") {
    CHECK(only_entry<entry::Tmpfs>({"--tmpfs", "/t"}).mode == 0755);
    CHECK_FALSE(only_entry<entry::Tmpfs>({"--tmpfs", "/t"}).size);
    CHECK(only_entry<entry::Directory>({"--dir", "/d"}).mode == 0755);
    CHECK(only_entry<entry::File>({"--file", "0", "/f"}).mode == 0666);

    CHECK(only_entry<entry::Directory>({"--perms", "1777", "--dir", "/d"}).mode == 01777);
    CHECK(only_entry<entry::File>({"--perms", "0", "--file", "0", "/f"}).mode == 0);
    for (const Words& words : {Words{"--perms", "7777", "--size", "10", "--tmpfs", "/t"},
                               Words{"--size", "10", "--perms", "07777", "--tmpfs", "/t"}}) {
        CHECK(only_entry<entry::Tmpfs>(words).mode == 07777);
        CHECK(only_entry<entry::Tmpfs>(words).size == 10U);
    }

    const Spec spec = good({"--perms", "700", "--size", "1", "--tmpfs", "/a", "--tmpfs", "/b"});
    CHECK(std::get<entry::Tmpfs>(spec.entries[1]).mode == 0755);
    CHECK_FALSE(std::get<entry::Tmpfs>(spec.entries[1]).size);
}

TEST_CASE("--perms and --size where they do not belong") {
    const std::string perms = "--perms must be followed by an option that creates a file";
    const std::string size = "--size must be followed by --tmpfs";
    CHECK(sbx_error({"--perms", "700", "--bind", "/a", "/b"}) == perms);
    CHECK(sbx_error({"--perms", "700", "--bare", "--dir", "/a"}) == perms);
    CHECK(sbx_error({"--perms", "700", "true"}) == perms);
    CHECK(sbx_error({"--perms", "700"}) == perms);
    CHECK(sbx_error({"--perms", "7", "--perms", "7", "--dir", "/a"}) ==
          "--perms given twice for the same action");
    CHECK(sbx_error({"--size", "1", "--dir", "/a"}) == size);
    CHECK(sbx_error({"--size", "1", "--perms", "7", "--dir", "/a"}) == size);
    CHECK(sbx_error({"--size", "1", "true"}) == size);
    CHECK(sbx_error({"--size", "1", "--size", "1", "--tmpfs", "/a"}) ==
          "--size given twice for the same action");
}

TEST_CASE("numbers of --perms") {
    for (const char* text : {"", "8", "10000", "-1", "0x7", " 7", "7 ", "rwx", "4294967296"}) {
        check_wrong_argument({"--perms", text, "--dir", "/d"}, text, "an octal mode up to 07777",
                             "--perms takes an octal argument <= 07777");
    }
}

TEST_CASE("numbers of --size") {
    const auto size = [](const char* text) {
        return only_entry<entry::Tmpfs>({"--size", text, "--tmpfs", "/t"}).size;
    };
    CHECK(size("1") == 1U);
    CHECK(size("4294967296") == 4294967296U);
    CHECK(size("010") == 8U);
    CHECK(size("0x10") == 16U);
    CHECK(size("0XfF") == 255U);
    CHECK(size("9223372036854775807") == 9223372036854775807U);
    for (const char* text : {"", "0", "00", "0x", "0x0", "09", "-1", "+1", " 1", "1k", "1 ", "0x1g",
                             "18446744073709551616", "18446744073709551617"}) {
        check_wrong_argument({"--size", text, "--tmpfs", "/t"}, text, "a number of bytes above 0",
                             "--size takes a non-zero number of bytes");
    }
    for (const char* text : {"9223372036854775808", "18446744073709551615", "0xffffffffffffffff"}) {
        check_wrong_argument({"--size", text, "--tmpfs", "/t"}, text,
                             "at most 9223372036854775807 bytes",
                             "--size (for tmpfs) is limited to 9223372036854775807");
    }
}

TEST_CASE("numbers of --uid and --gid") {
    CHECK(good({"--uid", "007"}).uid == 7U);
    CHECK(good({"--gid", "4294967294"}).gid == 4294967294U);
    CHECK(good({"--uid", "0"}).uid == 0U);
    CHECK_FALSE(good({"--uid", "0"}).gid);
    CHECK_FALSE(good({"--gid", "0"}).uid);
    CHECK(good({"--uid", "1", "--uid", "2"}).uid == 2U);
    for (const char* text : {"", "-1", "0x10", " 1", "1 ", "+1", "root", "4294967295", "4294967296",
                             "18446744073709551616"}) {
        const std::string takes = "a number from 0 to 4294967294";
        check_wrong_argument({"--uid", text}, text, takes, std::string("Invalid uid: ") + text);
        check_wrong_argument({"--gid", text}, text, takes, std::string("Invalid gid: ") + text);
    }
}

TEST_CASE("numbers of descriptors") {
    CHECK(good({"--keep-fd", "0", "--keep-fd", "2147483647"}).keep_fds ==
          std::vector<int>{0, 2147483647});
    for (const char* text : {"", "-1", "0x10", " 1", "stdin", "2147483648", "4294967296"}) {
        for (const char* option :
             {"--keep-fd", "--args", "--file", "--seccomp", "--add-seccomp-fd"}) {
            Words words = {option, text};
            if (words[0] == "--file") words.emplace_back("/f");
            check_wrong_argument(words, text, "the number of an open descriptor",
                                 std::string("Invalid fd: ") + text);
        }
    }
}

TEST_CASE("namespaces: all at once, one by one, and the last one wins") {
    const NamespaceSet usual = Spec{}.unshare;
    CHECK(good({"--unshare-all"}).unshare == usual);
    CHECK(good({"--unshare-all"}).unshare_try.empty());
    // bubblewrap makes two of them only if it can.
    const NamespaceSet tried = Namespace::user | Namespace::cgroup;
    NamespaceSet made = usual;
    made.remove(tried);
    CHECK(good(bwrap_spec({"--unshare-all"})).unshare == made);
    CHECK(good(bwrap_spec({"--unshare-all"})).unshare_try == tried);
    CHECK(good(bwrap_spec({"--share-net", "--unshare-all"})).unshare == made);
    made.remove(Namespace::network);
    CHECK(good(bwrap_spec({"--unshare-all", "--share-net"})).unshare == made);
    CHECK(good(bwrap_spec({"--unshare-all", "--share-user"})).unshare_try ==
          NamespaceSet(Namespace::cgroup));
    CHECK(good(bwrap_spec({"--unshare-user-try"})).unshare_try == NamespaceSet(Namespace::user));
    CHECK(good(bwrap_spec({"--unshare-cgroup-try"})).unshare_try ==
          NamespaceSet(Namespace::cgroup));
    CHECK(good({"--unshare-time"}).unshare == NamespaceSet(0xffU));
    CHECK(good({"--unshare-time", "--unshare-all"}).unshare == NamespaceSet(0xffU));
    CHECK(good({"--unshare-time", "--share-time"}).unshare == usual);

    const struct {
        const char* name;
        Namespace one;
    } each[] = {{"user", Namespace::user},   {"pid", Namespace::pid},
                {"ipc", Namespace::ipc},     {"uts", Namespace::uts},
                {"net", Namespace::network}, {"cgroup", Namespace::cgroup},
                {"time", Namespace::time}};
    for (const auto& [name, one] : each) {
        INFO(name);
        CHECK(good(bwrap_spec({std::string("--unshare-") + name})).unshare ==
              (Namespace::mount | one));
        NamespaceSet rest = usual | Namespace::time;
        rest.remove(one);
        CHECK(good({"--unshare-time", std::string("--share-") + name}).unshare == rest);
    }
}

TEST_CASE("the mount namespace is always made") {
    CHECK(sbx_error({"--share-mount"}) ==
          "the mount namespace cannot be shared: the new root lives in one of its own; bind what "
          "should be seen inside");
    CHECK(good(bwrap_spec({"--unshare-mount"})).unshare == NamespaceSet(Namespace::mount));
}

TEST_CASE("changes of the environment keep their order") {
    const auto spec = bwrap_spec({"--setenv", "A", "b=c", "--clearenv", "--unsetenv", "A"});
    REQUIRE(spec);
    REQUIRE(spec->environment.size() == 3);
    CHECK(spec->environment[0].kind == EnvironmentChange::Kind::set);
    CHECK(spec->environment[0].name == "A");
    CHECK(spec->environment[0].value == "b=c");
    CHECK(spec->environment[1].kind == EnvironmentChange::Kind::clear);
    CHECK(spec->environment[2].kind == EnvironmentChange::Kind::unset);
    CHECK(spec->environment[2].name == "A");
    CHECK(sbx_error({"--setenv", "", "x"}) == "setenv failed; \"\" is not a name for a variable");
    CHECK(
        sbx_error({"--setenv", "A=B", "x"}) ==
        "setenv failed; \"A=B\" is not a name for a variable, and the value is a word of its own: "
        "setenv NAME VALUE");
    CHECK(error_of(bwrap_spec({"--setenv", "A=B", "x"})) ==
          "setenv failed; \"A=B\" is not a name for a variable");
    CHECK(sbx_error({"--unsetenv", ""}) != "no error");
    CHECK(sbx_error({"--unsetenv", "A=B"}) != "no error");
}

TEST_CASE("changes of the environment that do nothing are mistakes in the sbx dialect") {
    const auto undone = [](const std::string& what) {
        return "clearenv undoes " + what + ", which is before it; give that one after it";
    };
    CHECK(sbx_error({"--setenv", "A", "1", "--clearenv"}) == undone("setenv A"));
    CHECK(sbx_error({"--setenv", "A", "1", "--unsetenv", "B", "--clearenv"}) == undone("setenv A"));
    CHECK(sbx_error({"--clearenv", "--keep-env", "A", "--clearenv"}) == undone("keep-env A"));
    CHECK(sbx_error({"--unsetenv", "A", "--clearenv", "--setenv", "A", "1"}) == "no error");
    CHECK(error_of(bwrap_spec({"--setenv", "A", "1", "--clearenv"})) == "no error");
    CHECK(sbx_error({"--keep-env", "A", "--clearenv"}) ==
          "keep-env A keeps nothing, since all of the environment is there without clearenv; give "
          "that before it");
    CHECK(sbx_error({"--unsetenv", "A", "--keep-env", "A"}) == "no error");
    // A pattern, a list and a value where a name belongs.
    CHECK(sbx_error({"--unsetenv", "API_*"}).find("unsetenv \"API_*\": a * stands for itself") ==
          0);
    CHECK(error_of(bwrap_spec({"--unsetenv", "API_*"})) == "no error");
    for (const char* name : {"A,B", "A:B", "C.UTF-8", "$A"}) {
        CHECK(sbx_error({"--clearenv", "--keep-env", name}).find("one name, or the beginning") !=
              std::string::npos);
    }
}

TEST_CASE("an empty destination is a mistake in the sbx dialect") {
    CHECK(sbx_error({"--dir", ""}) != "no error");
    CHECK(sbx_error({"--ro-bind", "/usr", ""}) != "no error");
    CHECK(error_of(bwrap_spec({"--dir", ""})) == "--dir does not take an empty path argument");
}

TEST_CASE("a relative destination is a mistake in the sbx dialect") {
    const auto says = [](const Words& words, const std::string& path, const std::string& remedy) {
        INFO(words[0]);
        CHECK(sbx_error(words) == "\"" + path +
                                      "\" is relative, and a path inside begins with \"/\"; " +
                                      "write " + remedy);
        CHECK(error_of(bwrap_spec(words)) == "no error");
    };
    const std::string out = R"("$PWD/out", or "/out")";
    says({"--bind", "/a", "out"}, "out", out);
    says({"--bind", "/a", "./out"}, "./out", out);
    says({"--bind", "/a", ".//./out"}, ".//./out", out);
    says({"--tmpfs", "out"}, "out", out);
    says({"--dir", "out"}, "out", out);
    says({"--symlink", "t", "out"}, "out", out);
    says({"--chmod", "0700", "out"}, "out", out);
    says({"--remount-ro", "out"}, "out", out);
    says({"--chdir", "out"}, "out", out);
    says({"--protect", "out"}, "out", out);
    says({"--bind", ".", "."}, ".", "\"$PWD\"");
    says({"--bind", ".", "./"}, "./", "\"$PWD\"");
    says({"--bind", "..", "../x"}, "../x", "\"$PWD/../x\"");
}

TEST_CASE("of options that are given twice the last one wins; bubblewrap refuses --argv0 twice") {
    const Spec spec =
        good({"--chdir", "/a", "--chdir", "/b", "--hostname", "a", "--hostname", "b"});
    CHECK(spec.directory == "/b");
    CHECK(spec.hostname == "b");
    CHECK(error_of(bwrap_spec({"--argv0", "a", "--argv0", "b"})) != "no error");
}

TEST_CASE("capabilities: by name, in any letters, in order") {
    const Spec spec = good({"--cap-add", "all", "--cap-drop", "cap_sys_admin", "--cap-add",
                            "CAP_CHOWN", "--cap-drop", "ALL"});
    REQUIRE(spec.capabilities.size() == 4);
    CHECK(spec.capabilities[0].kind == CapabilityChange::Kind::add);
    CHECK_FALSE(spec.capabilities[0].capability);
    CHECK(spec.capabilities[1].kind == CapabilityChange::Kind::drop);
    CHECK(spec.capabilities[1].capability == 21U);
    CHECK(spec.capabilities[2].capability == 0U);
    CHECK(spec.capabilities[3].kind == CapabilityChange::Kind::drop);
    // As libcap reads them: a number too, for those that it has no name for.
    CHECK(good({"--cap-add", "21"}).capabilities.at(0).capability == 21U);
    CHECK(good({"--cap-drop", "0"}).capabilities.at(0).capability == 0U);
}

TEST_CASE("capabilities that there are not") {
    CHECK(sbx_error({"--cap-add", "cap_sys_admni"}) ==
          "unknown cap: cap_sys_admni; did you mean cap_sys_admin?");
    CHECK(sbx_error({"--cap-drop", "SYS_ADMIN"}) ==
          "unknown cap: SYS_ADMIN; did you mean cap_sys_admin?");
    CHECK(sbx_error({"--cap-add", "bogus"}) == "unknown cap: bogus");
    CHECK(sbx_error({"--cap-add", ""}) == "unknown cap: ");
    CHECK(sbx_error({"--cap-add", "64"}) == "unknown cap: 64");
    CHECK(sbx_error({"--cap-add", "+1"}) == "unknown cap: +1");
    CHECK(sbx_error({"--cap-add", "-1"}) == "unknown cap: -1");
    CHECK(sbx_error({"--cap-add", "4294967317"}) == "unknown cap: 4294967317");
    CHECK(sbx_error({"--cap-add", "cap_chown,cap_kill"}) ==
          "unknown cap: cap_chown,cap_kill; give the option once for each capability");
}

TEST_CASE("--args puts options in their place") {
    const MemoryFile file(joined({"--dir", "/b", "--bind", "/x", "/y"}));
    const Spec spec = good({"--dir", "/a", "--args", file.text(), "--dir", "/c", "true"});
    REQUIRE(spec.entries.size() == 4);
    CHECK(std::get<entry::Directory>(spec.entries[0]).destination == "/a");
    CHECK(std::get<entry::Directory>(spec.entries[1]).destination == "/b");
    CHECK(std::get<entry::Bind>(spec.entries[2]).source == "/x");
    CHECK(std::get<entry::Directory>(spec.entries[3]).destination == "/c");
    CHECK(spec.command == Words{"true"});
}

TEST_CASE("--args: the last NUL byte may lack, and empty words may end it") {
    const MemoryFile file(std::string("--dir\0/d", 8));
    CHECK(only_entry<entry::Directory>({"--args", file.text()}).destination == "/d");
    const MemoryFile doubled(joined({"--dir", "/d", "", ""}));
    CHECK(only_entry<entry::Directory>({"--args", doubled.text()}).destination == "/d");
    const MemoryFile nul(std::string("\0", 1));
    CHECK(good({"--args", nul.text()}).entries.empty());
    const MemoryFile empty("");
    CHECK(good({"--args", empty.text()}).entries.empty());
    const MemoryFile ended(joined({"--dir", "/a", "--"}));
    CHECK(good({"--args", ended.text()}).entries.size() == 1);
}

TEST_CASE("--args more than once, one after the other") {
    const MemoryFile first(joined({"--dir", "/a"}));
    const MemoryFile second(joined({"--dir", "/b"}));
    CHECK(good({"--args", first.text(), "--args", second.text()}).entries.size() == 2);
}

TEST_CASE("--args refuses what cannot come from a file") {
    const MemoryFile inner(joined({"--dir", "/a"}));
    const MemoryFile outer(joined({"--args", inner.text()}));
    CHECK(sbx_error({"--args", outer.text()}) == "--args not supported in arguments file");

    for (const Words& words : {Words{"--dir", "/a", "make"}, Words{"--dir", "/a", "--", "make"}}) {
        const MemoryFile command(joined(words));
        CHECK(sbx_error({"--args", command.text()}) ==
              "--args " + command.text() +
                  ": \"make\" is no option; the command cannot come from "
                  "descriptor " +
                  command.text() + ", put it on the command line");
    }
    const MemoryFile typo(joined({"--bnd", "/a", "/b"}));
    CHECK(sbx_error({"--args", typo.text()}) == "unknown option \"--bnd\"; did you mean --bind?");
    const MemoryFile half(joined({"--bind", "/a"}));
    CHECK(sbx_error({"--args", half.text(), "/b"}) == "--bind takes two arguments");

    std::string closed;
    {
        const MemoryFile gone("");
        closed = gone.text();
    }
    CHECK(sbx_error({"--args", closed}) ==
          "reading descriptor " + closed + " of --args: Bad file descriptor; descriptor " + closed +
              " is not open, open it first, as in " + closed + "<file");
    CHECK(error_of(bwrap_spec({"--args", closed})).find("Can't read --args data: Bad file d") == 0);
}

TEST_CASE("seccomp filters from descriptors") {
    const MemoryFile one(std::string("\1\0\0\0\0\0\0\0", 8));
    const Spec spec = good({"--seccomp", one.text()});
    REQUIRE(spec.filters.size() == 1);
    CHECK(spec.filters[0].name == "descriptor " + one.text());
    CHECK(spec.filters[0].program.size() == 1);

    const MemoryFile a("12345678");
    const MemoryFile b("1234567812345678");
    const Spec last = good({"--seccomp", a.text(), "--seccomp", b.text()});
    REQUIRE(last.filters.size() == 1);
    CHECK(last.filters[0].program.size() == 2);

    const MemoryFile c("12345678");
    const MemoryFile d("1234567812345678");
    const Spec both = good({"--add-seccomp-fd", c.text(), "--add-seccomp-fd", d.text()});
    REQUIRE(both.filters.size() == 2);
    CHECK(both.filters[0].program.size() == 1);
    CHECK(both.filters[1].program.size() == 2);
}

TEST_CASE("seccomp filters that are refused") {
    const MemoryFile odd("1234567");
    CHECK(sbx_error({"--seccomp", odd.text()}) ==
          "--seccomp: what descriptor " + odd.text() +
              " gives is no compiled filter, whose instructions have 8 bytes each; "
              "--seccomp-policy takes one in words");
    const MemoryFile empty("");
    Spec spec = good(test::sbx_spec({"--add-seccomp-fd", empty.text()}));
    spec.command = {"true"};
    CHECK(error_of(make_plan(spec, test::fake_host(spec))) ==
          "the seccomp filter of descriptor " + empty.text() + " is empty");
    const MemoryFile a("12345678");
    const MemoryFile b("12345678");
    CHECK(sbx_error({"--seccomp", a.text(), "--add-seccomp-fd", b.text()}) ==
          "--add-seccomp-fd cannot be combined with --seccomp");
    const MemoryFile c("12345678");
    CHECK(sbx_error({"--add-seccomp-fd", b.text(), "--seccomp", c.text()}) ==
          "--seccomp cannot be combined with --add-seccomp-fd");
}

TEST_CASE("a descriptor that is closed is named with its option") {
    std::string closed;
    {
        const MemoryFile gone("");
        closed = gone.text();
    }
    for (const char* option : {"--seccomp", "--add-seccomp-fd"}) {
        CHECK(sbx_error({option, closed}) == "reading descriptor " + closed + " of " + option +
                                                 ": Bad file descriptor; descriptor " + closed +
                                                 " is not open, open it first, as in " + closed +
                                                 "<file");
        CHECK(error_of(bwrap_spec({option, closed}))
                  .find("Can't read seccomp data: Bad file descriptor; ") == 0);
    }
}

TEST_CASE("a policy comes before the filters of descriptors, which may forbid loading it") {
    const MemoryFile file("12345678");
    const Dialect dialect = sbx_dialect();
    const Spec spec = good(test::spec_of({"--seccomp", file.text()}, dialect));
    REQUIRE(spec.filters.size() == 3);
    CHECK(spec.filters[0].name == "default");
    CHECK(spec.filters[1].name == "set-id-files");
    CHECK(good(test::spec_of({"--seccomp-policy", "none"}, dialect)).filters.empty());
    const Spec other = good(bwrap_spec({"--seccomp-policy", "default"}));
    REQUIRE(other.filters.size() == 1);
    CHECK(error_of(test::spec_of({"--seccomp-policy", "defualt"}, dialect)).find("default") !=
          std::string::npos);
    CHECK(error_of(test::spec_of({"--seccomp-policy", "/nowhere/x.json"}, dialect)) ==
          "\"/nowhere/x.json\": No such file or directory");
}

TEST_CASE("a policy from a file") {
    const MemoryFile json(R"({"defaultAction": "SCMP_ACT_ALLOW"})");
    const std::string path = "/proc/self/fd/" + json.text();
    const Spec spec = good({"--seccomp-policy", path});
    REQUIRE(spec.filters.size() == 1);
    CHECK(spec.filters[0].name == path);
    CHECK_FALSE(spec.filters[0].program.empty());
}

TEST_CASE("the default policy knows of capabilities that are kept") {
    const Dialect dialect = sbx_dialect();
    const Spec without = good(test::spec_of({}, dialect));
    const Spec with = good(test::spec_of({"--cap-add", "cap_sys_admin"}, dialect));
    const Spec dropped =
        good(test::spec_of({"--cap-add", "cap_sys_admin", "--cap-drop", "all"}, dialect));
    REQUIRE(with.filters.size() == 2);
    CHECK(with.filters[0].program != without.filters[0].program);
    CHECK(dropped.filters[0].program == without.filters[0].program);
}

TEST_CASE("the form of a report") {
    const auto format = [](const Words& words, const Dialect& dialect) {
        SpecBuilder builder(dialect);
        REQUIRE(builder.add(parse_words(words, dialect)));
        return builder.format();
    };
    for (const Dialect& dialect : {sbx_dialect(), bwrap_dialect()}) {
        CHECK(format({"--doctor"}, dialect) == Format::text);
        CHECK(format({"--doctor=text"}, dialect) == Format::text);
        CHECK(format({"--doctor=json"}, dialect) == Format::json);
        CHECK(format({"--doctor=json", "--doctor"}, dialect) == Format::text);
    }
}

TEST_CASE("what is asked for besides running a command") {
    const Dialect dialect = sbx_dialect();
    const auto mode = [&](const Words& words) {
        SpecBuilder builder(dialect);
        const auto line = read_command_line(words, dialect);
        REQUIRE(builder.add(line));
        return builder.mode();
    };
    CHECK(mode({"true"}) == Mode::run);
    CHECK(mode({"--dry-run", "true"}) == Mode::dry_run);
    CHECK(mode({"--dry-run=text", "true"}) == Mode::dry_run);
    CHECK(sbx_error({"--dry-run=yaml", "true"}) ==
          "--dry-run takes text, json, bwrap or tree, and not \"yaml\"");
    CHECK(error_of(bwrap_spec({"--dry-run=jso", "true"})) ==
          "--dry-run takes text, json, bwrap or tree, and not \"jso\"; did you mean json?");
    CHECK(mode({"--doctor"}) == Mode::doctor);
    CHECK(mode({"--doctor=text"}) == Mode::doctor);
    CHECK(mode({"--doctor", "--help"}) == Mode::help);
    CHECK(sbx_error({"--doctor=yaml"}) == "--doctor takes text or json, and not \"yaml\"");
    CHECK(error_of(bwrap_spec({"--doctor="})) == "--doctor takes text or json, and not \"\"");
    CHECK(mode({"--help"}) == Mode::help);
    CHECK(mode({"--version"}) == Mode::version);
    CHECK(mode({"--dry-run", "--version", "true"}) == Mode::version);
    CHECK(mode({"--help", "--uid", "nonsense"}) == Mode::help);
    const auto format = [&](const Words& words) {
        SpecBuilder builder(dialect);
        REQUIRE(builder.add(parse_words(words, dialect)));
        return builder.plan_format();
    };
    CHECK(format({"--dry-run", "true"}) == PlanFormat::text);
    CHECK(format({"--dry-run", "--dry-run=json", "true"}) == PlanFormat::json);
    CHECK(format({"--dry-run=json", "--dry-run", "true"}) == PlanFormat::text);
    const MemoryFile file(joined({"--version"}));
    CHECK(mode({"--args", file.text(), "--uid", "nonsense"}) == Mode::version);
}
