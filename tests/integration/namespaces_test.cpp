// SPDX-License-Identifier: Apache-2.0
// Which namespaces are new, and what can be set in them.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <set>

namespace integration {
namespace {

struct Kind {
    const char* file;    // in /proc/PID/ns
    const char* option;  // after --share- or --unshare-
};
constexpr std::array<Kind, 8> kinds = {{{"user", "user"},
                                        {"mnt", "mount"},
                                        {"pid", "pid"},
                                        {"ipc", "ipc"},
                                        {"uts", "uts"},
                                        {"net", "net"},
                                        {"cgroup", "cgroup"},
                                        {"time", "time"}}};

// The names of those that differ from the test's own.
std::set<std::string> new_ones(const std::string& out) {
    std::set<std::string> differing;
    for (const Kind& kind : kinds) {
        const std::string mine =
            std::filesystem::read_symlink(std::string("/proc/self/ns/") + kind.file).string();
        const std::string theirs = value(out, std::string("ns ") + kind.file);
        REQUIRE(theirs.size() > 5);
        if (theirs != mine) differing.insert(kind.file);
    }
    return differing;
}

const std::set<std::string> usual = {"user", "mnt", "pid", "ipc", "uts", "net", "cgroup"};

TEST_CASE("sbx makes every namespace new but that of time", "[namespaces]") {
    CHECK(new_ones(output(sbx({}, {"namespaces"}))) == usual);
    CHECK(new_ones(output(sbx({"--share-net", "--unshare-all"}, {"namespaces"}))) == usual);
    std::set<std::string> all = usual;
    all.insert("time");
    CHECK(new_ones(output(sbx({"--unshare-time"}, {"namespaces"}))) == all);
    CHECK(new_ones(output(sbx({"--unshare-time", "--share-time"}, {"namespaces"}))) == usual);
}

TEST_CASE("each namespace can be shared", "[namespaces]") {
    for (const Kind& kind : kinds) {
        const std::string option = std::string("--share-") + kind.option;
        INFO(option);
        const Ended ended = run(sbx({option}, {"namespaces"}));
        INFO(ended.err);
        if (kind.file == std::string("mnt")) {
            CHECK(ended.status == 125);
            CHECK(contains(ended.err, "the mount namespace cannot be shared"));
        } else if (kind.file == std::string("user") && !is_root()) {
            CHECK(ended.status == 125);
            CHECK(contains(ended.err, "only root can share the user namespace"));
        } else {
            REQUIRE(ended.status == 0);
            std::set<std::string> rest = usual;
            rest.erase(kind.file);
            CHECK(new_ones(ended.out) == rest);
        }
    }
}

TEST_CASE("bwrap makes only those that are asked for", "[namespaces]") {
    std::set<std::string> always = {"mnt"};
    if (!is_root()) always.insert("user");
    CHECK(new_ones(output(bwrap({}, {"namespaces"}))) == always);
    for (const Kind& kind : kinds) {
        const std::string option = std::string("--unshare-") + kind.option;
        INFO(option);
        std::set<std::string> expected = always;
        expected.insert(kind.file);
        CHECK(new_ones(output(bwrap({option}, {"namespaces"}))) == expected);
    }
    CHECK(new_ones(output(bwrap({"--unshare-all"}, {"namespaces"}))) == usual);
    std::set<std::string> but_net = usual;
    but_net.erase("net");
    CHECK(new_ones(output(bwrap({"--unshare-all", "--share-net"}, {"namespaces"}))) == but_net);
    // Only what was made before it is undone.
    CHECK(new_ones(output(bwrap({"--share-net", "--unshare-all"}, {"namespaces"}))) == usual);
}

TEST_CASE("a network namespace of bwrap has its loopback device up", "[namespaces]") {
    CHECK(output(bwrap({"--unshare-net"}, {"interfaces", ",", "loopback", ",", "connect-out"})) ==
          "interfaces lo\nloopback ok\nconnect-out ENETUNREACH\n");
}

TEST_CASE("the network's files in procfs are nobody's", "[namespaces]") {
    // Some are for root alone, and a uid 0 inside, which is the caller, is not meant by that: but
    // where the caller is the machine's root, whose they are.
    if (is_root()) return;
    const std::vector<std::string> look = {"owner", "/proc/net/dev", ",", "loopback"};
    const std::string nobody = "owner 65534 65534\nloopback ok\n";
    for (const std::vector<std::string>& options : {std::vector<std::string>{},
                                                    {"--uid", "1000", "--gid", "1000"},
                                                    {"--map-current-user"},
                                                    {"--share-pid", "--ro-bind", "/proc", "/proc"},
                                                    {"--cap-add", "CAP_NET_ADMIN"},
                                                    {"--disable-userns"}}) {
        INFO((options.empty() ? "" : options.front()));
        CHECK(output(sbx(options, look)) == nobody);
    }
    CHECK(output(bwrap({"--unshare-user", "--unshare-net"}, look)) == nobody);
    // Not by luck, as where the network is made while ids are being mapped.
    for (int i = 0; i < 20; ++i) CHECK(output(sbx({}, look)) == nobody);
}

TEST_CASE("sharing the pid namespace shows the processes of the host", "[namespaces]") {
    const auto shows_us = [](std::string text) {
        std::replace(text.begin(), text.end(), '\n', ' ');
        return contains(text, " " + std::to_string(::getpid()) + " ");
    };
    CHECK(shows_us(output(sbx({"--share-pid"}, {"running"}))));
    CHECK(shows_us(output(bwrap({}, {"running"}))));
    CHECK(output(bwrap({"--unshare-pid"}, {"running"})) == "running 1 2\n");
}

TEST_CASE("abstract sockets are those of the network namespace", "[namespaces]") {
    // A socket with a name of the kernel's choice.
    const std::string out = in_child([] {
        const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socklen_t size = sizeof(sa_family_t);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(server, generic, size) != 0 || ::listen(server, 8) != 0) return std::string();
        size = sizeof address;
        ::getsockname(server, generic, &size);
        const std::string name(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
        return output(sbx({}, {"connect-abstract", name})) +
               output(sbx({"--share-net", "--landlock", "off"}, {"connect-abstract", name}));
    });
    CHECK(out == "connect-abstract ECONNREFUSED\nconnect-abstract ok\n");
}

TEST_CASE("the host name inside is the sandbox's own", "[namespaces]") {
    const std::string before = value(output(bwrap({}, {"hostname"})), "hostname");
    CHECK(value(output(sbx({}, {"hostname"})), "hostname") == before);
    CHECK(output(sbx({"--hostname", "box"}, {"hostname"})) == "hostname box\n");
    CHECK(output(bwrap({"--unshare-uts", "--hostname", "box"}, {"hostname"})) == "hostname box\n");
    CHECK(value(output(bwrap({}, {"hostname"})), "hostname") == before);
    const Ended shared = run(sbx({"--share-uts", "--hostname", "box"}, {"hostname"}));
    CHECK(shared.status == 125);
    CHECK(contains(shared.err, "--hostname requires --unshare-uts"));
    CHECK(run(bwrap({"--hostname", "box"}, {"hostname"})).status == 1);
}

std::string thrice(const std::string& id) { return id + " " + id + " " + id; }

TEST_CASE("ids inside are the ones that were asked for", "[namespaces]") {
    const std::string uid = std::to_string(::geteuid());
    const std::string gid = std::to_string(::getegid());
    struct Case {
        Name name;
        std::vector<std::string> options;
        std::string uid;
        std::string gid;
    };
    const std::vector<Case> cases = {
        {Name::sbx, {"--map-current-user"}, uid, gid},
        {Name::sbx, {"--map-current-user", "--map-root-user"}, "0", "0"},
        {Name::sbx, {"--uid", "7", "--gid", "8"}, "7", "8"},
        {Name::sbx, {"--uid", "7"}, "7", "0"},
        {Name::sbx, {"--bare", "--uid", "7", "--gid", "4294967294"}, "7", "4294967294"},
        {Name::bwrap, {}, uid, gid},
        {Name::bwrap, {"--unshare-user"}, uid, gid},
        {Name::bwrap, {"--unshare-user", "--uid", "7", "--gid", "8"}, "7", "8"},
        {Name::bwrap, {"--unshare-user", "--map-root-user"}, "0", "0"},
        {Name::bwrap, {"--unshare-user", "--dev", "/dev", "--uid", "7"}, "7", gid},
    };
    for (const Case& each : cases) {
        const std::string out = output(sandbox(each.name, each.options, {"ids"}));
        CHECK(value(out, "uid") == thrice(each.uid));
        CHECK(value(out, "gid") == thrice(each.gid));
    }
}

TEST_CASE("an id that is no number of 32 bits is refused", "[namespaces]") {
    for (const char* wrong : {"4294967296", "4294967295", "-1", "x", "", "1x"}) {
        INFO(wrong);
        const Ended ended = run(sbx({"--uid", wrong}, {"ids"}));
        CHECK(ended.status == 125);
        CHECK(contains(ended.err, "--uid takes a number from 0 to 4294967294"));
    }
}

TEST_CASE("files written inside belong to the caller outside", "[namespaces]") {
    const TemporaryDirectory place;
    for (const Name name : {Name::sbx, Name::bwrap}) {
        output(sandbox(name, {"--unshare-user", "--uid", "77", "--bind", place.path(), "/d"},
                       {"write", "/d/x", "y"}));
        struct stat status {};
        REQUIRE(::stat((place.path() + "/x").c_str(), &status) == 0);
        CHECK(status.st_uid == ::geteuid());
    }
}

}  // namespace
}  // namespace integration
