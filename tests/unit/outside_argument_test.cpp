// SPDX-License-Identifier: Apache-2.0
// Arguments of the command that name a file for which nothing is inside, and those that do not.
#include "plan/outside_argument.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace sbx;
using namespace sbx::test;

namespace {

// The paths of `arguments` that would be looked at, by a caller in /w/d.
Words looked_at(Words options, const Words& arguments, const std::string& cwd = "/w/d") {
    options.insert(options.end(), {"--", "cat"});
    options.insert(options.end(), arguments.begin(), arguments.end());
    const auto spec = sbx_spec(options);
    INFO(error_of(spec));
    REQUIRE(spec);
    Host host = fake_host(*spec);
    host.cwd = host.real_cwd = cwd;
    Words out;
    for (const HostArgument& argument : planning::arguments_not_inside(*spec, host)) {
        const bool same = argument.inside == argument.path;
        out.push_back(argument.path + (same ? "" : " " + argument.inside) +
                      (argument.form == HostArgument::Form::value ? "=" : ""));
    }
    return out;
}

const Words none;
const Words usr = {"--ro-bind", "/usr", "/usr"};

Words with_usr(const Words& more) {
    Words out = usr;
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

// The warnings, where the host has the files of `arguments`, from the first one on.
Words texts(Words options, const Words& arguments, const std::string& cwd = "/w/d") {
    options.insert(options.end(), {"--", "cat"});
    options.insert(options.end(), arguments.begin(), arguments.end());
    const auto spec = sbx_spec(options);
    REQUIRE(spec);
    Host host = fake_host(*spec);
    host.cwd = host.real_cwd = cwd;
    host.outside_arguments = planning::arguments_not_inside(*spec, host);
    for (HostArgument& one : host.outside_arguments) one.directory = one.path.ends_with(".d");
    const auto plan = make_plan(*spec, host);
    if (!plan) return {"refused: " + plan.error().message};
    Words out;
    for (const PlanWarning& warning : plan->warnings) {
        out.push_back((warning.when_it_fails ? "late: " : "") + warning.text);
    }
    return out;
}

}  // namespace

TEST_CASE("an argument for which nothing is inside", "[outside_argument]") {
    CHECK(looked_at(usr, {"/data/in"}) == Words{"/data/in"});
    CHECK(looked_at(usr, {"/data//./in/"}) == Words{"/data/in"});
    CHECK(looked_at(usr, {"/etc/passwd", "/data/in"}) == Words{"/etc/passwd", "/data/in"});
    // In an empty directory that is given, or asked for.
    CHECK(looked_at(usr, {"/tmp/in"}) == Words{"/tmp/in"});
    CHECK(looked_at({"--ro-bind", "/", "/"}, {"/tmp/in"}) == Words{"/tmp/in"});
    CHECK(looked_at(with_usr({"--tmpfs", "/home"}), {"/home/in"}) == Words{"/home/in"});
    CHECK(looked_at(with_usr({"--dir", "/a"}), {"/a/in"}) == Words{"/a/in"});
    CHECK(looked_at(with_usr({"--bind", "/a", "/a", "--tmpfs", "/a/b"}), {"/a/b/c"}) ==
          Words{"/a/b/c"});
    CHECK(looked_at(with_usr({"--bind", "/data", "/elsewhere"}), {"/data/in"}) ==
          Words{"/data/in"});
    CHECK(looked_at(with_usr({"--bind-try", "/missing", "/missing"}), {"/missing/in"}) ==
          Words{"/missing/in"});
}

TEST_CASE("few arguments are looked at, each of them once", "[outside_argument]") {
    CHECK(looked_at(usr, {"/a", "/b", "/a", "/a/", "x=/a"}) == Words{"/a", "/b", "/a="});
    Words many;
    for (int i = 0; i < 1000; ++i) many.push_back("/a/" + std::to_string(i));
    CHECK(looked_at(usr, many).size() == 64);
}

TEST_CASE("an argument that may be inside is not looked at", "[outside_argument]") {
    for (const char* path :
         {"/", "/usr", "/usr/lib/x", "/bin/sh", "/lib64/ld.so", "/etc", "/etc/alternatives/cc",
          "/etc/ld.so.cache", "/tmp", "/dev/null", "/dev/fd/63", "/proc/1/maps"}) {
        INFO(path);
        CHECK(looked_at(usr, {path}) == none);
    }
    const auto in = [](const Words& options) { return looked_at(with_usr(options), {"/a/b/c"}); };
    REQUIRE(in({}) == Words{"/a/b/c"});
    CHECK(in({"--ro-bind", "/a", "/a"}) == none);
    CHECK(in({"--bind", "/other", "/a/b"}) == none);
    CHECK(in({"--ro-bind", "/image", "/"}) == none);
    CHECK(in({"--dir", "/a/b/c"}) == none);
    CHECK(in({"--dir", "/a/b/c/d"}) == none);
    CHECK(in({"--tmpfs", "/a", "--dir", "/a/b/c"}) == none);
    CHECK(in({"--tmpfs", "/a/b/c"}) == none);
    CHECK(in({"--symlink", "/usr", "/a"}) == none);
    CHECK(in({"--symlink", "/usr", "/a/b/c"}) == none);
    CHECK(in({"--overlay-src", "/x", "--tmp-overlay", "/a"}) == none);
    CHECK(in({"--file", "5", "/a/b/c"}) == none);
    CHECK(in({"--ro-bind-data", "5", "/a/b/c"}) == none);
    CHECK(in({"--ro-bind-fd", "5", "/a/b"}) == none);
    CHECK(in({"--proc", "/a"}) == none);
    CHECK(in({"--dev", "/a"}) == none);
    CHECK(looked_at({"--ro-bind", "/", "/"}, {"/data/in"}) == none);
    // Only the file system knows where this leads.
    CHECK(looked_at(usr, {"/usr/../data/in", "/a/.."}) == none);
    CHECK(looked_at({"--ro-bind", "/bin", "/usr", "--bare"}, {"/bin/sh"}) == Words{"/bin/sh"});
}

TEST_CASE("options are no paths, and their values may be", "[outside_argument]") {
    CHECK(looked_at(usr, {"-", "--", "-n", "-x/data/in", "--file", ""}) == none);
    CHECK(looked_at(usr, {"--file=/data/in"}) == Words{"/data/in="});
    CHECK(looked_at(usr, {"-DX=/data/in"}) == Words{"/data/in="});
    CHECK(looked_at(usr, {"if=/data/in"}) == Words{"/data/in="});
    CHECK(looked_at(usr, {"--file=/usr/x", "--file=in", "--file="}) == none);
    CHECK(looked_at(usr, {"/data/a=/b"}) == Words{"/data/a=/b"});
    // Of a script only the file system can tell that no file has the name.
    CHECK(looked_at(usr, {"A=1 B=/data/in"}) == Words{"/w/d/A=1 B=/data/in "});
}

TEST_CASE("relative arguments count from where the command starts", "[outside_argument]") {
    CHECK(looked_at(usr, {"in", "a/in", "./in"}) == Words{"/w/d/in ", "/w/d/a/in "});
    CHECK(looked_at(with_usr({"--bind", ".", "/w/d"}), {"in", "a/in"}) == none);
    CHECK(looked_at(with_usr({"--bind", "/w", "/w"}), {"in", "a/in"}) == none);
    CHECK(looked_at(with_usr({"--bind", "/w", "/w", "--tmpfs", "/w/d/a"}), {"in", "a", "a/in"}) ==
          Words{"/w/d/a/in"});
    // What is above is another warning's.
    CHECK(looked_at(usr, {"..", "../in", "a/../in", "a/.."}) == none);
    CHECK(looked_at(usr, {"in"}, "") == none);
    CHECK(looked_at({"--chdir", "/s"}, {"in"}) == Words{"/w/d/in /s/in"});
    CHECK(looked_at({"--chdir", "/s", "--bind", "/x", "/s"}, {"in"}) == none);
    // A home is not to be bound for a file in it.
    CHECK(looked_at(usr, {"in"}, "/home/user") == Words{"/home/user/in"});
    CHECK(looked_at(usr, {"in"}, "/etc") == Words{"/etc/in"});
    CHECK(looked_at(usr, {"usr/x", "data/in"}, "/") == Words{"/data/in"});
}

TEST_CASE("the warning names the arguments, and what shows them", "[outside_argument]") {
    CHECK(texts(with_usr({"--ro-bind", "/w/d", "/w/d"}), {"/data/in"}) ==
          Words{"the argument /data/in names a file that is not inside; --ro-bind /data/in "
                "/data/in shows it (--bind: to be written to) [outside-argument]"});
    CHECK(texts(with_usr({"--ro-bind", "/w/d", "/w/d"}), {"/data/my data.d"}) ==
          Words{"the argument '/data/my data.d' names a directory that is not inside; --ro-bind "
                "'/data/my data.d' '/data/my data.d' shows it (--bind: to be written to) "
                "[outside-argument]"});
    CHECK(texts(with_usr({"--ro-bind", "/w/d", "/w/d"}), {"/1", "/2", "/3", "/4", "/5"}) ==
          Words{"the arguments /1, /2, /3 and 2 more name files that are not inside; --ro-bind /1 "
                "/1 --ro-bind /2 /2 --ro-bind /3 /3 show them (--bind: to be written to) "
                "[outside-argument]"});
    CHECK(texts(with_usr({"--ro-bind", "/w/d", "/w/d"}), {"--in=/data/in", "/1", "/2"}) ==
          Words{"the arguments /1 and /2 name files that are not inside; --ro-bind /1 /1 "
                "--ro-bind /2 /2 show them (--bind: to be written to) [outside-argument]",
                "late: the argument --in=/data/in names a file that is not inside; --ro-bind "
                "/data/in /data/in shows it (--bind: to be written to) [outside-argument]"});
    CHECK(texts({"--chdir", "/s"}, {"in"}) ==
          Words{"the argument in names a file that is not inside; --ro-bind /w/d/in /s/in shows it "
                "(--bind: to be written to) [outside-argument]"});
    // Says all that the warning about the working directory would say.
    const Words directory = {
        "the arguments a and in.d name files of the working directory /w/d, which is not inside; "
        "--bind . /w/d brings it in (--ro-bind: to be read only) [outside-argument]"};
    CHECK(texts(usr, {"a", "in.d"}) == directory);
    CHECK(texts(with_usr({"--warning", "outside-argument", "hide"}), {"in"}).size() == 1);
    CHECK(texts(with_usr({"--warning", "working-directory", "refuse"}), {"in"})
              .front()
              .find("refused: the command starts in /") == 0);
    CHECK(texts(with_usr({"--warning", "outside-argument", "refuse"}), {"/data/in"})
              .front()
              .find("refused: the argument /data/in names a file") == 0);
    CHECK(texts(with_usr({"--ro-bind", "/w/d", "/w/d"}), {"/usr/x", "in"}) == none);
}
