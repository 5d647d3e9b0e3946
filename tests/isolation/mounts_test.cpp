// SPDX-License-Identifier: Apache-2.0
// What mounts inside allow: read-only and the other flags hold for everything below, are there
// before the mount is, and take nothing back that the host's mounts forbid.
#include "place.hpp"
#include "sandbox.hpp"
#include "stepper.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <filesystem>

namespace integration {
namespace {

namespace fs = std::filesystem;
using Options = std::vector<std::string>;
constexpr std::array<Name, 2> both = {Name::sbx, Name::bwrap};
constexpr unsigned long no_symlinks = 0x100;  // MS_NOSYMFOLLOW, Linux 5.10

// Names that a parser of the mount table would stumble over.
const std::array<std::string, 5> odd = {"plain", "two words", "new\nline", "back\\040slash",
                                        "\xff\x80 \t"};

// Below `place`, in namespaces of its own: a mount of each odd name, each with a second one inside
// it, and one that is mounted over.
void make_submounts(const std::string& place) {
    enter_own_namespaces(As::itself);
    for (const std::string& name : odd) {
        const std::string point = place + "/" + name;
        fs::create_directory(point);
        mount_or_throw("none", point, "tmpfs", MS_NOEXEC | no_symlinks);
        fs::create_directory(point + "/in");
        mount_or_throw("none", point + "/in", "tmpfs", 0);
    }
    fs::create_directory(place + "/stacked");
    mount_or_throw("none", place + "/stacked", "tmpfs", 0);
    mount_or_throw("none", place + "/stacked", "tmpfs", MS_NOATIME);
}

TEST_CASE("read-only, nosuid and nodev reach every mount below, whatever its name", "[mounts]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string out = in_child([&] {
            make_submounts(place.path());
            Options sentence = {"mount-flags", "/ro", "/ro/stacked"};
            for (const std::string& point : odd) {
                sentence.push_back("/ro/" + point);
                sentence.push_back("/ro/" + point + "/in");
                sentence.push_back("/rw/" + point);
                sentence.push_back("/rw/" + point + "/in");
            }
            for (const std::string& point : odd) {
                sentence.insert(sentence.end(), {",", "write", "/ro/" + point + "/x", "y"});
                sentence.insert(sentence.end(), {",", "write", "/ro/" + point + "/in/x", "y"});
            }
            return output(sandbox(
                name, {"--ro-bind", place.path(), "/ro", "--bind", place.path(), "/rw"}, sentence));
        });
        INFO(out);
        REQUIRE_FALSE(contains(out, "threw"));
        int seen = 0;
        for (const std::string& line : lines_of(out)) {
            if (line.rfind("flags ", 0) != 0) {
                CHECK(line == "write EROFS");
                continue;
            }
            ++seen;
            INFO(line);
            const bool outer = line.rfind("flags /rw", 0) == 0 || line.rfind("flags /ro", 0) == 0;
            CHECK(outer);
            CHECK(contains(line, " ro") == (line.rfind("flags /ro", 0) == 0));
            CHECK(contains(line, " nosuid nodev"));
            // The host's own flags stay.
            const bool flagged = line.find("/in ") == std::string::npos &&
                                 !contains(line, "stacked") &&
                                 line.find('/', 7) < line.find(' ', 7);
            CHECK(contains(line, " noexec nosymfollow") == flagged);
        }
        CHECK(seen == 2 + 4 * static_cast<int>(odd.size()));
    }
}

TEST_CASE("a symbolic link on a mount that follows none is followed by nobody inside", "[mounts]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string out = in_child([&] {
            enter_own_namespaces(As::itself);
            mount_or_throw("none", place.path(), "tmpfs", no_symlinks);
            place.file("file", "x");
            place.link("link", "file");
            return output(sandbox(name, {"--bind", place.path(), "/d"},
                                  {"read", "/d/file", ",", "read", "/d/link"}));
        });
        CHECK(out == "read ok x\nread ELOOP\n");
    }
}

// Every mount of every kind: no set-user-id bit, and no device node but the declared ones, counts.
TEST_CASE("nothing inside is without nosuid, nor without nodev but what is for devices",
          "[mounts]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        for (const char* sub : {"lower", "upper", "work", "other"}) place.directory(sub);
        place.file("file", "x");
        const Descriptor directory(::open(place.path().c_str(), O_PATH | O_CLOEXEC));
        const Descriptor first = file_with("1");
        const Descriptor second = file_with("2");
        const std::string lower = place.path() + "/lower";
        const std::string other = place.path() + "/other";
        Start start = sandbox(name,
                              {"--unshare-ipc",
                               "--unshare-pid",
                               "--proc",
                               "/proc",
                               "--dev",
                               "/dev",
                               "--tmpfs",
                               "/t",
                               "--mqueue",
                               "/q",
                               "--bind",
                               place.path(),
                               "/rw",
                               "--ro-bind",
                               place.path(),
                               "/ro",
                               "--bind",
                               place.path() + "/file",
                               "/one",
                               "--bind-fd",
                               "7",
                               "/by-fd",
                               "--ro-bind-data",
                               "8",
                               "/data",
                               "--bind-data",
                               "9",
                               "/data-rw",
                               "--overlay-src",
                               lower,
                               "--overlay",
                               place.path() + "/upper",
                               place.path() + "/work",
                               "/overlay",
                               "--overlay-src",
                               lower,
                               "--tmp-overlay",
                               "/tmp-overlay",
                               "--overlay-src",
                               lower,
                               "--overlay-src",
                               other,
                               "--ro-overlay",
                               "/ro-overlay"},
                              {"mounts"});
        start.descriptors = {{7, directory.get()}, {8, first.get()}, {9, second.get()}};
        const std::string out = output(start);
        INFO(out);
        int seen = 0;
        for (const std::string& line : lines_of(out)) {
            INFO(line);
            ++seen;
            const std::string point = line.substr(6, line.find(' ', 6) - 6);
            CHECK(contains(line, ",nosuid"));
            const bool for_devices = point.rfind("/dev/", 0) == 0;
            CHECK((for_devices || contains(line, ",nodev")));
            // The ones below /dev are single nodes, and the terminals of a namespace's own.
            if (for_devices) {
                CHECK((point == "/dev/pts" || contains(out, "mount " + point + " ")));
            }
        }
        CHECK(seen > 18);
    }
}

TEST_CASE("a set-user-id program has no effect inside", "[mounts]") {
    const TemporaryDirectory place;
    const std::string program = place.path() + "/program";
    fs::copy_file(payload_path(), program);
    fs::permissions(program, fs::perms(06755));
    // As root the file can be another's; an ordinary user's can be its own only, and what counts
    // is the mount.
    if (is_root()) REQUIRE(::chown(program.c_str(), 65534, 65534) == 0);
    if (is_root()) fs::permissions(program, fs::perms(06755));
    for (const Name name : both) {
        for (const char* how : {"--bind", "--ro-bind", "--dev-bind"}) {
            const std::string usual = output(sandbox(name, {}, {"ids"}));
            const std::string out =
                output(sandbox(name, {how, place.path(), "/d"}, {"execute", "/d/program", "ids"}));
            CHECK(out == usual);
        }
    }
}

TEST_CASE("a mount is read-only before it is there, with all below it", "[mounts]") {
    for (const Name name : both) {
        const TemporaryDirectory place;
        const std::string out = in_child([&] {
            enter_own_namespaces(As::itself);
            place.directory("sub");
            mount_or_throw("none", place.path() + "/sub", "tmpfs", 0);
            place.file("mark");
            place.file("sub/mark");
            std::string seen;
            const Descriptor fd(::open(place.path().c_str(), O_PATH | O_CLOEXEC));
            Start start =
                sandbox(name, {"--ro-bind", place.path(), "/ro", "--ro-bind-fd", "7", "/by-fd"},
                        {"echo", "ran"});
            start.descriptors = {{7, fd.get()}};
            const Ended ended = run_stepwise(start, {SYS_move_mount}, [&](const Moment& moment) {
                const std::string tree = path_of(moment, 0);
                for (const std::string& mount : {tree, tree + "/sub"}) {
                    struct statvfs status {};
                    if (!fs::exists(tree + "/mark") || ::statvfs(mount.c_str(), &status) != 0) {
                        continue;
                    }
                    constexpr unsigned long wanted = ST_RDONLY | ST_NOSUID | ST_NODEV;
                    seen += (status.f_flag & wanted) == wanted ? "closed\n" : "open\n";
                    const Descriptor write(::open((mount + "/mark").c_str(), O_WRONLY | O_CLOEXEC));
                    if (write.get() >= 0) seen += "written\n";
                }
            });
            return seen + ended.out + ended.err;
        });
        // Two binds, each with a mount below it.
        CHECK(out == "closed\nclosed\nclosed\nclosed\nran\n");
    }
}

TEST_CASE("a device of the host that is another than its name says is not shown", "[mounts]") {
    const TemporaryDirectory place;
    const std::string file = place.file("file", "x");
    for (const Name name : both) {
        for (const std::string& other : {std::string("/dev/full"), file}) {
            const std::string out = in_child([&] {
                enter_own_namespaces(As::itself);
                mount_or_throw(other.c_str(), "/dev/zero", nullptr, MS_BIND);
                const Ended ended = run(sandbox(name, {"--dev", "/dev"}, {"echo", "ran"}));
                return ended.out + ended.err;
            });
            INFO(out);
            CHECK(contains(out, "the host has no device"));
            CHECK(contains(out, "/dev/zero"));
            CHECK_FALSE(contains(out, "ran"));
        }
    }
}

}  // namespace
}  // namespace integration
