// SPDX-License-Identifier: Apache-2.0
// describe_bwrap(): what there is an option for, and what is refused. Whole lines are in
// tests/plans, and are given to the real bubblewrap in tests/compat.
#include "base/text.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

using namespace sbx;
using namespace sbx::test;

namespace {

Result<std::string> described(Words options, Who who = Who::user) {
    options.insert(options.begin(), "--bare");
    options.push_back("true");
    const auto spec = sbx_spec(options);
    if (!spec) return spec.error();
    return describe_bwrap(*spec, fake_host(*spec, who));
}

std::string line_of(const Words& options, Who who = Who::user) {
    const auto text = described(options, who);
    INFO(error_of(text));
    REQUIRE(text);
    return *text;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what would show or allow more in bubblewrap is refused, and named") {
    struct Row {
        Words options;
        const char* message;
    };
    const std::vector<Row> rows = {
        {{"--bind", "/src", "/src", "--symlink", "src", "/l", "--mask", "/l/key"},
         "--mask \"/src/key\" has no equivalent"},
        {{"--bind", "/src", "/src", "--tmpfs", "/src/a/b", "--mask", "/src/key"},
         "--mask \"/src/key\" has no equivalent"},
        {{"--proc", "/proc", "--mask", "/proc/kcore"}, "--mask \"/proc/kcore\" has no equivalent"},
        {{"--bind", "/src", "/src", "--tmpfs", "/src/a", "--protect", "/src"},
         "--protect \"/src\" has no equivalent"},
        {{"--bind", "/src", "/src", "--tmpfs", "/src/a/b", "--protect", "/src/a"},
         "--protect \"/src/a\" has no equivalent"},
        {{"--tmpfs", "/t", "--dir", "/t/d", "--protect", "/t/d"},
         "--protect \"/t/d\" has no equivalent"},
        {{"--dev-bind", "/dev", "/dev", "--protect", "/dev"},
         "--protect \"/dev\" has no equivalent"},
        {{"--bind", "/src", "/src", "--tmpfs", "/src/a/../b"},
         "\"/src/a/../b\": \"..\" behind what may not be there"},
        {{"--bind", "/src", "/src", "--file", "9", "/src/x"},
         "--file \"/src/x\": bubblewrap would"},
        {{"--bind", "/src", "/src", "--chmod", "0700", "/src"}, "--chmod \"/src\": bubblewrap"},
        {{"--symlink", "a", "/a", "--tmpfs", "/a"}, "\"/a\": too many levels of symbolic links"},
        {{"--ro-bind", "/etc/file", "/f", "--tmpfs", "/f"},
         ", tmpfs on \"/f\" mode 0755: not a directory"},
        {{"--bind", "/missing", "/m"}, "create \"/missing\" first"},  // make_plan's own
    };
    for (const Row& row : rows) {
        const std::string message = error_of(described(row.options));
        INFO(message);
        CHECK(has(message, row.message));
    }
}

TEST_CASE("what is masked is hidden where it is known what it is") {
    const std::string text =
        line_of({"--tmpfs", "/t", "--bind", "/etc/file", "/f", "--bind", "/src", "/src", "--tmpfs",
                 "/src/a/b", "--mask", "/t", "--mask", "/f", "--mask", "/src/a", "--mask", "/src"});
    CHECK(has(text, "--perms 0000 --tmpfs /t \\\n    --remount-ro /t \\\n"));
    CHECK(has(text, "--ro-bind /dev/null /f \\\n"));
    CHECK(has(text, "--perms 0000 --tmpfs /src/a \\\n"));  // something is below: a directory
    CHECK(has(text, "--perms 0000 --tmpfs /src \\\n"));
}

TEST_CASE("what is missing is a directory where its path says so, and not for a dot in its name") {
    const std::string text = line_of({"--tmpfs", "/t", "--mask", "/t/d/", "--mask", "/t/f."});
    CHECK(has(text, "--perms 0000 --tmpfs /t/d \\\n"));
    CHECK(has(text, "--ro-bind /dev/null /t/f. \\\n"));
}

TEST_CASE("what is protected and read-only anyway needs nothing") {
    CHECK_FALSE(has(line_of({"--ro-bind", "/src", "/src", "--protect", "/src/a"}), "/src/a"));
    CHECK_FALSE(has(line_of({"--dir", "/d", "--protect", "/d/x"}), "/d/x"));
    // A remount leaves the mounts of the host below it as they are.
    CHECK(has(line_of({"--bind", "/src", "/s", "--remount-ro", "/s", "--protect", "/s/a"}),
              "--ro-bind /src/a /s/a"));
    CHECK(
        has(line_of({"--bind", "/src", "/s", "--protect", "/s/a"}), "--ro-bind /src/a /s/a \\\n"));
    CHECK(has(line_of({"--bind", "/", "/", "--protect", "/a/b"}), "--ro-bind /a/b /a/b \\\n"));
    CHECK(has(line_of({"--tmpfs", "/t", "--bind", "/src", "/t/s", "--protect", "/t"}),
              "--remount-ro /t \\\n    --ro-bind /src /t/s \\\n"));
}

TEST_CASE("parents are made where bubblewrap would let nobody in") {
    CHECK(has(line_of({"--bind", "/src", "/a/b/c"}), "--dir /a/b \\\n    --bind /src /a/b/c"));
    CHECK(has(line_of({"--symlink", "x", "/a/l"}), "--dir /a \\\n    --symlink x /a/l"));
    CHECK_FALSE(has(line_of({"--bind", "/src", "/a"}), "--dir"));
    CHECK_FALSE(has(line_of({"--tmpfs", "/a/b"}), "--dir"));  // there they are as in sbx
    CHECK_FALSE(has(line_of({"--ro-bind", "/src", "/s", "--bind", "/x", "/s/a/b"}), "--dir"));
}

TEST_CASE("root drops what it would keep, and covers what would change the host") {
    const std::string user = line_of({"--proc", "/proc"});
    CHECK_FALSE(has(user, "--cap-drop"));
    CHECK_FALSE(has(user, "/proc/sys"));
    const std::string root = line_of({"--proc", "/p"}, Who::root);
    CHECK(has(root, "--cap-drop ALL"));
    CHECK(has(root, "--ro-bind /proc/sys /p/sys"));
    CHECK_FALSE(has(root, "--uid"));  // 0 is its own
    CHECK(has(user, "--uid 0 \\\n    --gid 0 \\\n"));
    CHECK(has(line_of({"--cap-add", "ALL"}, Who::root), "--cap-drop ALL \\\n    --cap-add ALL"));
}

TEST_CASE("a console that bubblewrap does not make is named") {
    const auto spec = sbx_spec({"--dev", "/dev", "true"});
    REQUIRE(spec);
    Host host = fake_host(*spec);
    const auto told = [&](int fd) {
        host.terminal = {fd, "/dev/pts/3", {}};
        const auto text = describe_bwrap(*spec, host);
        INFO(error_of(text));
        REQUIRE(text);
        return has(*text, "/dev/console where standard output is no terminal");
    };
    CHECK(told(0));
    CHECK(told(2));
    CHECK_FALSE(told(1));
}

TEST_CASE("what bubblewrap lacks is said once each, and only then") {
    const std::string all = line_of({});
    CHECK(has(all, "# not in bubblewrap: signals that reach sbx"));
    CHECK(has(all, "# not in bubblewrap: Landlock behind the mounts\n"));
    CHECK_FALSE(has(all, "time namespace"));
    CHECK_FALSE(has(all, "seccomp"));
    CHECK(has(line_of({"--unshare-time"}), "# not in bubblewrap: a time namespace\n"));
    CHECK_FALSE(has(line_of({"--landlock", "off"}), "Landlock"));
    CHECK(has(line_of({"--share-pid"}), "what the command leaves behind is killed"));
    CHECK_FALSE(has(line_of({"--die-with-parent"}), "the end of sbx's caller"));
    CHECK(has(line_of({"--keep-fd", "5"}), "all descriptors but 0, 1, 2, 5 are closed"));
    CHECK(has(line_of({"--allow-userns", "--share-user"}, Who::root), "an empty bounding set"));
    CHECK_FALSE(has(line_of({"--allow-userns"}), "--disable-userns"));
    Spec spec = plain_spec();
    spec.filters = {{"a\nb", {1}}};
    const auto text = describe_bwrap(spec, fake_host(spec));
    REQUIRE(text);
    CHECK(has(*text, "# not in bubblewrap: the seccomp filter \"a\\nb\"\n"));
}

TEST_CASE("where the real name of the directory is tried, bubblewrap does not") {
    Spec spec = plain_spec();
    Host host = fake_host(spec);
    host.real_cwd = host.cwd;
    CHECK_FALSE(has(*describe_bwrap(spec, host), "working directory"));
    host.real_cwd = "/real";
    CHECK(has(*describe_bwrap(spec, host), "\"/real\" is tried as the working directory"));
    spec.directory = "/there";
    CHECK_FALSE(has(*describe_bwrap(spec, host), "working directory"));
    CHECK(has(*describe_bwrap(spec, host), "--chdir /there"));
}

TEST_CASE("words are for any shell of POSIX") {
    CHECK(posix_words({"a", "b c", "", "it's"}) == "a 'b c' '' 'it'\\''s'");
    CHECK(posix_words({"-%\x01\\'\x7f"}) == "\"$(printf '\\055%%\\001\\134\\047\\177')\"");
    CHECK(posix_words({"a\nb"}) == "\"$(printf 'a\\012b')\"");
    CHECK(posix_words({"a\n\n"}) == "\"$(printf 'a')\"'\n\n'");
    CHECK(posix_words({"\n"}) == "'\n'");
    CHECK(posix_words({"\xff\t"}) == "\"$(printf '\\377\\011')\"");
}
