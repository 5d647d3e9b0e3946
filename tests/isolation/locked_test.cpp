// SPDX-License-Identifier: Apache-2.0
// With every capability that a sandbox gives, its mounts stay as they are: they belong to a user
// namespace that the command is not in (MNT_LOCKED, mount_namespaces(7)).
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace integration {
namespace {

using Options = std::vector<std::string>;
constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};

Options with_everything(Name name, Options options) {
    options.insert(options.end(), {"--unshare-user", "--cap-add", "ALL", "--tmpfs", "/tmp"});
    if (name == Name::sbx) options.insert(options.end(), {"--seccomp-policy", "none"});
    return options;
}

// Every line "WHO HOW ENAME" tells of a failure, but for those of `allowed`.
int check_undone(const std::string& out, const Options& allowed) {
    int seen = 0;
    for (const std::string& line : lines_of(out)) {
        if (line.rfind("as-is ", 0) != 0 && line.rfind("deeper ", 0) != 0) continue;
        ++seen;
        INFO(line);
        bool fine = line.substr(line.size() - 3) != " ok";
        for (const std::string& one : allowed) fine = fine || line == one;
        CHECK(fine);
    }
    return seen;
}

TEST_CASE("no way to mount makes a read-only bind writable or takes it away", "[locked]") {
    const TemporaryDirectory place;
    place.file("file", "x");
    place.directory("sub");
    const std::string before = place.listing();
    for (const Name name : both) {
        for (const Options& more :
             std::vector<Options>{{}, {"--unshare-all"}, {"--uid", "7", "--gid", "7"}}) {
            Options options = with_everything(name, more);
            options.insert(options.end(), {"--ro-bind", place.path(), "/ro", "--ro-bind",
                                           place.path(), "/ro/sub"});
            const std::string out =
                output(sandbox(name, options,
                               {"undo", "/ro", ",", "undo", "/ro/sub", ",", "write", "/ro/file",
                                "y", ",", "capabilities"}));
            INFO(out);
            // A user namespace below may be made; it owns a copy of the mounts, locked again.
            CHECK(check_undone(out, {"deeper unshare ok"}) == 42);
            CHECK(has_line(out, "write EROFS"));
            CHECK(value(out, "effective") != "0");
            CHECK(place.listing() == before);
        }
    }
}

TEST_CASE("what a mount covers stays covered", "[locked]") {
    const TemporaryDirectory place;
    place.file("secret", "covered");
    place.directory("sub");
    place.file("sub/secret", "covered");
    for (const Name name : both) {
        Options options = with_everything(name, {});
        options.insert(options.end(),
                       {"--bind", place.path(), "/d", "--tmpfs", "/d/sub", "--remount-ro", "/d/sub",
                        "--ro-bind", "/dev/null", "/d/secret"});
        // A bind of what is above the covers takes them along, or is refused.
        const std::string out = output(
            sandbox(name, options,
                    {"undo", "/d/sub", ",", "undo", "/d/secret", ",", "uncover", "/d", "secret",
                     ",", "uncover", "/d", "sub/secret", ",", "read", "/d/sub/secret"}));
        INFO(out);
        CHECK(check_undone(out, {"deeper unshare ok"}) == 42);
        CHECK_FALSE(contains(out, "covered"));
        CHECK(has_line(out, "uncover EINVAL"));
        CHECK(has_line(out, "read ENOENT"));
    }
}

TEST_CASE("the old root is nowhere, also for who may chroot and mount", "[locked]") {
    const TemporaryDirectory place;
    for (const Name name : both) {
        Options options = with_everything(name, {"--dir", "/marker"});
        Start start = sandbox(name, options, {"climb", "marker"});
        const std::string out = output(start);
        CHECK(out == "climb inside\nclimb-chroot inside\n");
    }
}

}  // namespace
}  // namespace integration
