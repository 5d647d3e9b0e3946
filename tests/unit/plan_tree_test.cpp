// SPDX-License-Identifier: Apache-2.0
// make_plan: the tree that the command sees.
#include "plan_support.hpp"

#include <catch2/catch.hpp>

using namespace sbx;
using namespace sbx::test;

namespace {

Spec with(std::vector<Entry> entries, Spec spec = plain_spec()) {
    spec.entries = std::move(entries);
    return spec;
}

Spec bare(std::vector<Entry> entries) { return nothing_given(with(std::move(entries))); }

}  // namespace

TEST_CASE("entries become steps in the order given") {
    CHECK(tree(bare({bind("/a", "/x"), entry::Tmpfs{"/t", 01777, 4096},
                     bind("/b-file", "/y", Access::read_only), entry::Directory{"/d", 0700},
                     entry::Symlink{"t", "/l"}, entry::File{5, "/f", 0600},
                     bind("/c", "/z", Access::device), entry::RemountReadOnly{"/x"}})) ==
          Words{"bind \"/a\" on \"/x\" writable", "tmpfs on \"/t\" mode 1777 size 4096",
                "bind \"/b-file\" on \"/y\" read-only", "directory \"/d\" mode 0700",
                "symlink \"/l\" to \"t\"", "file \"/f\" from descriptor 5 mode 0600",
                "bind \"/c\" on \"/z\" with devices", "remount \"/x\" read-only"});
}

TEST_CASE("what is given takes half of the memory at most, with its files") {
    constexpr std::uint64_t per_file = 1024;  // of the kernel's memory, and more than it takes
    for (const unsigned gibibytes : {1U, 2U, 8U, 24U, 4096U}) {
        Spec spec = plain_spec();
        spec.tmpfs_limits = TmpfsLimits::half;
        Host host = fake_host(spec);
        host.memory = std::uint64_t{gibibytes} << 30U;
        const auto plan = make_plan(spec, host);
        REQUIRE(plan);
        const auto mounts = steps_of<step::MountTmpfs>(plan->setup);
        REQUIRE(mounts.size() == 2);
        std::uint64_t all = 0;
        for (const step::MountTmpfs& mount : mounts) {
            INFO(describe(Step(mount)));
            REQUIRE(mount.size);
            REQUIRE(mount.inodes);
            CHECK(*mount.size % 4096 == 0);
            CHECK(*mount.size >= host.memory / 32);
            CHECK(*mount.inodes >= 1024);
            all += *mount.size + *mount.inodes * per_file;
        }
        CHECK(all <= host.memory / 2);
        CHECK(all >= host.memory / 5 * 2);
    }
}

TEST_CASE("a size that was asked for, an unknown memory and the bwrap dialect") {
    Spec spec = with({entry::Tmpfs{"/tmp", 01777, 4096}, entry::Tmpfs{"/t", 0755, {}}});
    spec.tmpfs_limits = TmpfsLimits::half;
    for (const step::MountTmpfs& mount : steps_of<step::MountTmpfs>(planned(spec).setup)) {
        if (mount.destination == "/tmp") CHECK(mount.size == 4096U);
        if (mount.destination == "/t") CHECK_FALSE(mount.size);
        CHECK(mount.inodes.has_value() == (mount.destination == "/dev"));
    }
    Host host = fake_host(spec);
    host.memory = 0;
    const auto plan = make_plan(spec, host);
    REQUIRE(plan);
    const auto mounts = steps_of<step::MountTmpfs>(plan->setup);
    CHECK(std::none_of(mounts.begin(), mounts.end(), [](const auto& m) { return m.inodes; }));
    spec = with({entry::Dev{"/dev"}}, plain_bwrap_spec());
    for (const step::MountTmpfs& mount : steps_of<step::MountTmpfs>(planned(spec).setup)) {
        CHECK_FALSE(mount.size);
        CHECK_FALSE(mount.inodes);
    }
}

TEST_CASE("what only the host's root may read in /proc is hidden from root") {
    const auto hidden = [](Spec spec, Who who, RootFiles files = RootFiles::hide) {
        spec.root_files = files;
        Words out;
        for (const auto& hide : steps_of<step::Hide>(planned(spec, who).setup)) {
            out.push_back(hide.destination);
        }
        return out;
    };
    CHECK(hidden(plain_spec(), Who::root) ==
          Words{"/proc/kpageflags", "/proc/slabinfo", "/proc/tty/driver/"});
    CHECK(hidden(with({entry::Proc{"/p"}}), Who::root).back() == "/p/tty/driver/");
    CHECK(hidden(bare({entry::Proc{"/proc"}}), Who::root).size() == 3);
    Spec shared = plain_spec();
    shared.unshare.remove(Namespace::pid);
    CHECK(hidden(shared, Who::root).size() == 3);
    CHECK(hidden(plain_spec(), Who::root, RootFiles::show).empty());
    CHECK(plain_bwrap_spec().root_files == RootFiles::show);
}

TEST_CASE("a bind knows what its source is, and opens the real path") {
    const Plan plan = planned(bare({bind("/link", "/x"), bind("rel/file", "/y")}));
    const auto binds = steps_of<step::Bind>(plan.setup);
    REQUIRE(binds.size() == 2);
    CHECK(binds[0].source == "/link");
    CHECK(binds[0].path == "/real");
    CHECK(binds[0].kind == NodeKind::directory);
    CHECK(binds[1].path == "/home/user/rel/file");
    CHECK(binds[1].kind == NodeKind::other);
    CHECK(describe(Step(binds[0])) == "bind \"/link\" (\"/real\") on \"/x\" writable");
}

TEST_CASE("the other path of a guard is one as its own") {
    const auto said = [](const std::string& other) {
        return refused(bare({entry::Guard{
            .kind = entry::Guard::Kind::protect, .destination = "/x", .unless = other}}));
    };
    CHECK(said("rel").find("a path inside is wanted") != std::string::npos);
    CHECK(said("/a/../b").find("write it without \"..\"") != std::string::npos);
}

TEST_CASE("a source that is missing") {
    CHECK(refused(bare({bind("/missing", "/x")})) ==
          "bind \"/missing\" on \"/x\" writable: no such file or directory; check its spelling, or "
          "create \"/missing\" first; --bind-try leaves it out when it is missing");
    CHECK(refused(bare({bind("/missing/*.csv", "/x")})).find("* and ? stand for themselves") !=
          std::string::npos);
    CHECK(refused(bare({bind("missing", "/x")})).find("create \"/home/user/missing\" first") !=
          std::string::npos);
    CHECK(refused(bare({bind("/missing", "/x", Access::read_only)})).find("--ro-bind-try") !=
          std::string::npos);
    CHECK(refused(bare({bind("/missing", "/x", Access::device)})).find("--dev-bind-try") !=
          std::string::npos);
    Spec spec = bare({bind("/missing", "/x")});
    spec.wording = Wording::bubblewrap;
    CHECK(refused(spec) == "Can't find source path /missing: No such file or directory");
}

TEST_CASE("-try leaves out what is missing, says so, and nothing else") {
    const Spec spec = bare({bind("/missing", "/x", Access::read_only, IfMissing::skip),
                            bind("/a", "/y", Access::read_only, IfMissing::skip)});
    CHECK(tree(spec) == Words{"bind \"/a\" on \"/y\" read-only"});
    CHECK(planned(spec).notes ==
          Words{"left out: bind \"/missing\" on \"/x\", which is not on this machine"});
    CHECK(refused(bare({bind("/secret", "/x", Access::read_only, IfMissing::skip)})) ==
          "bind \"/secret\" on \"/x\" read-only: permission denied");
}

TEST_CASE("what is given unasked comes first, and the root is closed last") {
    const Words steps = tree(with({entry::Directory{"/x", 0755}}));
    CHECK(steps.front() == "proc on \"/proc\"");
    CHECK(contains(steps, "tmpfs on \"/dev\" mode 0755"));
    CHECK(contains(steps, "devpts on \"/dev/pts\""));
    CHECK(contains(steps, "tmpfs on \"/tmp\" mode 1777"));
    CHECK(steps[steps.size() - 2] == "directory \"/x\" mode 0755");
    CHECK(steps.back() == "remount \"/\" read-only");
    CHECK_FALSE(contains(steps, "symlink \"/bin\" to \"usr/bin\""));
}

TEST_CASE("--bare gives nothing") {
    Spec spec = with({bind("/usr", "/usr")});
    spec.given = GivenTree::none;
    CHECK(tree(spec) == Words{"bind \"/usr\" on \"/usr\" writable", "remount \"/\" read-only"});
}

TEST_CASE("the links of a merged /usr come with /usr") {
    for (const char* usr : {"/usr", "usr", "/usr/", "//./usr"}) {
        INFO(usr);
        const Words steps = tree(with({bind("/usr", usr, Access::read_only)}));
        for (const char* name : {"bin", "lib", "lib64", "sbin"}) {
            CHECK(
                contains(steps, std::string("symlink \"/") + name + "\" to \"usr/" + name + "\""));
        }
    }
    CHECK_FALSE(contains(tree(with({bind("/usr", "/usr2")})), "symlink \"/bin\" to \"usr/bin\""));
    CHECK_FALSE(contains(tree(with({bind("/missing", "/usr", Access::read_only, IfMissing::skip)})),
                         "symlink \"/bin\" to \"usr/bin\""));
}

TEST_CASE("what is declared is not given") {
    const Words steps = tree(with({bind("/usr", "/usr"), bind("/x", "/bin/"), bind("/etc", "/etc/"),
                                   entry::Proc{"/proc"}, bind("/dev", "/dev", Access::device),
                                   entry::Tmpfs{"tmp", 0700, {}}}));
    CHECK(steps == Words{"symlink \"/lib\" to \"usr/lib\"", "symlink \"/lib64\" to \"usr/lib64\"",
                         "symlink \"/sbin\" to \"usr/sbin\"", "bind \"/usr\" on \"/usr\" writable",
                         "bind \"/x\" on \"/bin/\" writable", "bind \"/etc\" on \"/etc/\" writable",
                         "proc on \"/proc\"", "bind \"/dev\" on \"/dev\" with devices",
                         "tmpfs on \"tmp\" mode 0700", "remount \"/\" read-only"});
}

TEST_CASE("a directory that is asked for where one is given leaves it as it is") {
    const Words steps = tree(with({entry::Directory{"/tmp", 0700}}));
    CHECK(contains(steps, "tmpfs on \"/tmp\" mode 1777"));
    CHECK(contains(steps, "directory \"/tmp\" mode 0700"));
}

TEST_CASE("--dir makes sure of what is given, and does not take its place") {
    const Words steps =
        tree(with({entry::Directory{"/tmp", 0755}, entry::Directory{"/usr", 0755}}));
    CHECK(contains(steps, "tmpfs on \"/tmp\" mode 1777"));
    CHECK(contains(steps, "directory \"/tmp\" mode 0755"));
    CHECK_FALSE(contains(steps, "symlink \"/bin\" to \"usr/bin\""));
}

TEST_CASE("below what is given the user's own is on top") {
    const Words steps = tree(with({bind("/a", "/tmp/x"), bind("/b", "/proc/y")}));
    CHECK(steps.front() == "proc on \"/proc\"");
    CHECK(contains(steps, "tmpfs on \"/tmp\" mode 1777"));
    CHECK(steps[steps.size() - 3] == "bind \"/a\" on \"/tmp/x\" writable");
}

TEST_CASE("a bind on / is the root: what is given goes on top of it, and it is not closed") {
    const Words steps =
        tree(with({bind("/os", "/", Access::read_only), entry::Directory{"/x", 0755}}));
    CHECK(steps.front() == "bind \"/os\" on \"/\" read-only");
    CHECK(steps[1] == "proc on \"/proc\"");
    CHECK(contains(steps, "tmpfs on \"/tmp\" mode 1777"));
    CHECK_FALSE(contains(steps, "symlink \"/bin\" to \"usr/bin\""));
    CHECK(steps.back() == "directory \"/x\" mode 0755");
    for (const char* root : {"", "//", "/.", "."}) {
        INFO(root);
        CHECK(tree(with({bind("/os", root)})).back() != "remount \"/\" read-only");
    }
}

TEST_CASE("a bind on / that is left out is no root") {
    const Words steps = tree(with({bind("/missing", "/", Access::read_only, IfMissing::skip)}));
    CHECK(steps.front() == "proc on \"/proc\"");
    CHECK(steps.back() == "remount \"/\" read-only");
}

TEST_CASE("directories and --remount-ro of / leave the root what it is") {
    const Words steps = tree(with({entry::Directory{"/", 0755}, entry::RemountReadOnly{"/"}}));
    CHECK(steps.front() == "proc on \"/proc\"");
    CHECK(steps.back() == "remount \"/\" read-only");
}

TEST_CASE("what the user puts on / hides what was declared before") {
    const Words steps = tree(with({entry::Tmpfs{"/tmp", 0700, {}}, bind("/os", "/")}));
    CHECK(contains(steps, "tmpfs on \"/tmp\" mode 1777"));
}

TEST_CASE("--remount-ro of what is given") {
    const Words steps = tree(with({entry::RemountReadOnly{"/tmp"}}));
    CHECK(contains(steps, "tmpfs on \"/tmp\" mode 1777"));
    CHECK(contains(steps, "remount \"/tmp\" read-only"));
}

TEST_CASE("/proc of a new pid namespace, or the caller's") {
    Spec spec = bare({entry::Proc{"/p"}});
    CHECK(tree(spec) == Words{"proc on \"/p\""});
    spec.unshare.remove(Namespace::pid);
    CHECK(tree(spec) == Words{"bind \"/proc\" on \"/p\" writable"});
}

TEST_CASE("for root the files of /proc that change the machine are covered") {
    const Spec spec = bare({entry::Proc{"/p"}});
    CHECK(tree(spec, Who::root) == Words{"proc on \"/p\"", "cover \"/p/bus\" read-only",
                                         "cover \"/p/irq\" read-only", "cover \"/p/sys\" read-only",
                                         "cover \"/p/sysrq-trigger\" read-only"});
    Spec shared = spec;
    shared.unshare.remove(Namespace::pid);
    CHECK(tree(shared, Who::root).size() == 5);
}

TEST_CASE("--dev is a small /dev of its own") {
    const Words expected = {"tmpfs on \"/d\" mode 0755",
                            "bind \"/dev/null\" on \"/d/null\" with devices",
                            "bind \"/dev/zero\" on \"/d/zero\" with devices",
                            "bind \"/dev/full\" on \"/d/full\" with devices",
                            "bind \"/dev/random\" on \"/d/random\" with devices",
                            "bind \"/dev/urandom\" on \"/d/urandom\" with devices",
                            "bind \"/dev/tty\" on \"/d/tty\" with devices",
                            "symlink \"/d/fd\" to \"/proc/self/fd\"",
                            "symlink \"/d/stdin\" to \"/proc/self/fd/0\"",
                            "symlink \"/d/stdout\" to \"/proc/self/fd/1\"",
                            "symlink \"/d/stderr\" to \"/proc/self/fd/2\"",
                            "symlink \"/d/core\" to \"/proc/kcore\"",
                            "symlink \"/d/ptmx\" to \"pts/ptmx\"",
                            "directory \"/d/shm\" mode 1777",
                            "devpts on \"/d/pts\""};
    const Spec spec = bare({entry::Dev{"/d"}});
    CHECK(tree(spec) == expected);
    Host host = fake_host(spec);
    host.terminal = {1, "/dev/pts/3", {}};
    const auto plan = make_plan(spec, host);
    REQUIRE(plan);
    CHECK(contains(sentences(plan->setup), "bind \"/dev/pts/3\" on \"/d/console\" with devices"));
}

TEST_CASE("a host without a device says which") {
    const Spec spec = bare({entry::Dev{"/d"}});
    Host host = fake_host(spec);
    std::erase_if(host.devices, [](const HostDevice& device) { return device.name == "random"; });
    CHECK(error_of(make_plan(spec, host)) ==
          "dev \"/d\": the host has no device \"/dev/random\" to show inside; leave out /dev with "
          "--bare, or declare another");
}

TEST_CASE("a host that was probed for another Spec") {
    const Spec spec = bare({entry::Directory{"/d", 0755}});
    Host host = fake_host(spec);
    host.sources.clear();
    CHECK(error_of(make_plan(spec, host)) ==
          "the host was probed for another specification; call probe_host() again");
}

TEST_CASE("a bind says which file its source is") {
    Spec spec = with({bind("/a", "/b"), bind("rel", "/c"), entry::Proc{"/proc"}});
    spec.unshare.remove(Namespace::pid);
    Host host = fake_host(spec);
    host.proc_found = Found{"", 7, 1};
    host.terminal = {0, "/dev/pts/3", Found{"", 8, 6}};
    const auto plan = make_plan(spec, host);
    INFO(error_of(plan));
    REQUIRE(plan);
    for (const step::Bind& step : steps_of<step::Bind>(plan->setup)) {
        INFO(step.source);
        REQUIRE(step.found);
        const Found wanted = step.source == "/proc"        ? *host.proc_found
                             : step.source == "/dev/pts/3" ? *host.terminal->found
                                                           : fake_found(step.path);
        CHECK(step.found->device == wanted.device);
        CHECK(step.found->inode == wanted.inode);
        CHECK(step.found->relative == (step.source == "rel" ? "rel" : ""));
    }
}

TEST_CASE("the bwrap dialect: nothing unasked, and a root that can be written") {
    CHECK(tree(with({bind("/usr", "/usr")}, plain_bwrap_spec())) ==
          Words{"bind \"/usr\" on \"/usr\" writable"});
    CHECK(planned(plain_bwrap_spec()).host_writes == HostWrites::allow);
    CHECK(planned(plain_spec()).host_writes == HostWrites::refuse);
}

namespace {

entry::Overlay overlay(entry::Overlay::Changes changes, std::string destination = "/d") {
    return {changes, {"/low", "/link", "rel"}, {}, {}, std::move(destination)};
}

using Changes = entry::Overlay::Changes;

}  // namespace

TEST_CASE("an overlay has its topmost source first, and real paths") {
    entry::Overlay kept = overlay(Changes::kept);
    kept.upper = "/link";
    kept.work = "work";
    const auto steps =
        steps_of<step::MountOverlay>(planned(bare({kept, overlay(Changes::refused)})).setup);
    REQUIRE(steps.size() == 2);
    CHECK(steps[0].sources == Words{"/home/user/rel", "/real", "/low"});
    CHECK(steps[0].upper == "/real");
    CHECK(steps[0].work == "/home/user/work");
    CHECK(steps[0].changes == Changes::kept);
    // And which they are, in the same order.
    const Words found_as = {"/home/user/rel", "/real", "/low", "/real", "/home/user/work"};
    REQUIRE(steps[0].found.size() == found_as.size());
    for (std::size_t i = 0; i < found_as.size(); ++i) {
        CHECK(steps[0].found[i].inode == fake_found(found_as[i]).inode);
    }
    CHECK(steps[0].found[0].relative == "rel");
    CHECK(steps[0].found[2].relative.empty());
    CHECK(steps[1].found.size() == 3);
    CHECK(steps[1].sources == Words{"/home/user/rel", "/real", "/low"});
    CHECK(steps[1].upper.empty());
    CHECK(steps[1].work.empty());
    CHECK(steps[1].changes == Changes::refused);
    CHECK(tree(bare({overlay(Changes::forgotten)})) ==
          Words{"overlay of \"/home/user/rel\" over \"/real\" over \"/low\" on \"/d\", changes "
                "forgotten"});
}

TEST_CASE("an overlay without one of its directories") {
    for (const char* path : {"/missing", "/secret"}) {
        const std::string why =
            path == std::string("/missing") ? "no such file or directory" : "permission denied";
        entry::Overlay source = overlay(Changes::refused);
        source.sources[1] = path;
        entry::Overlay upper = overlay(Changes::kept);
        upper.upper = path;
        upper.work = "/work";
        entry::Overlay work = overlay(Changes::kept);
        work.upper = "/upper";
        work.work = path;
        for (const entry::Overlay& one : {source, upper, work}) {
            Spec spec = bare({one});
            CHECK(refused(spec) == "overlay on \"/d\": \"" + std::string(path) + "\": " + why);
            spec.wording = Wording::bubblewrap;
            CHECK(refused(spec).find("Can't find source path " + std::string(path) + ": ") == 0);
        }
    }
}

TEST_CASE("an overlay takes the place of what is given, as a bind does") {
    CHECK(tree(with({overlay(Changes::forgotten, "/")})).back() != "remount \"/\" read-only");
    CHECK(contains(tree(with({overlay(Changes::forgotten, "/usr")})),
                   "symlink \"/bin\" to \"usr/bin\""));
    CHECK_FALSE(
        contains(tree(with({overlay(Changes::forgotten, "/tmp")})), "tmpfs on \"/tmp\" mode 1777"));
}

TEST_CASE("a bind by descriptor opens the name that the descriptor has") {
    const auto binds = steps_of<step::BindFd>(
        planned(bare({entry::BindFd{7, "/d", Access::read_only}, entry::BindFd{8, "/e"}})).setup);
    REQUIRE(binds.size() == 2);
    CHECK(binds[0].fd == 7);
    CHECK(binds[0].path == "/opened/7");
    CHECK(binds[0].destination == "/d");
    CHECK(binds[0].access == Access::read_only);
    CHECK(binds[0].kind == NodeKind::directory);
    CHECK(binds[1].access == Access::read_write);

    const Spec spec = bare({entry::BindFd{7, "/d"}});
    Host host = fake_host(spec);
    host.sources[0] = {Source::Kind::other, "/a file", 0, {}};
    const auto file = make_plan(spec, host);
    REQUIRE(file);
    CHECK(steps_of<step::BindFd>(file->setup).at(0).kind == NodeKind::other);
    host.sources[0] = {Source::Kind::none, "", ENOENT, {}};
    CHECK(error_of(make_plan(spec, host)) ==
          "bind descriptor 7 on \"/d\": no such file or directory");
}

TEST_CASE("data, permissions and message queues keep their place in the order") {
    CHECK(tree(bare({entry::BindData{7, "/a"}, entry::Chmod{01777, "/a"},
                     entry::BindData{8, "/b", 0644, Access::read_only}, entry::Mqueue{"/q"},
                     entry::Chmod{0, "/q"}})) ==
          Words{"bind data of descriptor 7 on \"/a\" writable mode 0600", "chmod 1777 \"/a\"",
                "bind data of descriptor 8 on \"/b\" read-only mode 0644", "mqueue on \"/q\"",
                "chmod 0000 \"/q\""});
}

TEST_CASE("a socket of a compositor, with a security context where there are some") {
    const Spec spec = bare({entry::Wayland{"/run/w", "/w"}});
    Host host = fake_host(spec);
    host.sources[0].path = "/run/real";
    const auto first = [&](const Spec& asked) {
        const auto plan = make_plan(asked, host);
        REQUIRE(plan);
        CHECK(check(*plan));
        return describe(plan->setup.at(2));
    };
    const std::string wayland = "wayland socket of \"/run/w\" (\"/run/real\") on \"/w\" ";
    CHECK(first(spec) == wayland + "with a security context for \"true\"");
    // A name that is no name is not told.
    for (const std::string& command :
         {std::string("/"), std::string("/bin/\x1b[2J"), std::string("two words"),
          std::string("/bin/") + std::string(256, 'a'), std::string("\xff")}) {
        Spec other = spec;
        other.command = {command};
        CHECK(first(other) == wayland + "with a security context");
    }
    host.sources[0].security_context = false;
    CHECK(first(spec) == "bind \"/run/w\" (\"/run/real\") on \"/w\" read-only");
    CHECK(contains(make_plan(spec, host)->notes,
                   "the compositor has no security contexts, so its own socket \"/run/w\" is "
                   "shown"));
    // What is not known is not taken for a compositor without them.
    for (const int error : {EPROTO, ECONNREFUSED, ENOTSOCK, ETIMEDOUT, EACCES}) {
        host.sources[0].error = error;
        CHECK(error_of(make_plan(spec, host)).find("asking the compositor: ") != std::string::npos);
    }
}

TEST_CASE("--chmod changes what is given, and does not take its place") {
    const Words steps = tree(with({entry::Chmod{0700, "/tmp"}, entry::Chmod{0700, "/"}}));
    CHECK(contains(steps, "tmpfs on \"/tmp\" mode 1777"));
    CHECK(steps.back() == "remount \"/\" read-only");
    CHECK(steps[steps.size() - 2] == "chmod 0700 \"/\"");
}
