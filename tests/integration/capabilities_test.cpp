// SPDX-License-Identifier: Apache-2.0
// Which capabilities the command has, and that those it keeps never own what the sandbox is made
// of.
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <sstream>

namespace integration {
namespace {

constexpr std::array<const char*, 5> sets = {"inheritable", "permitted", "effective", "bounding",
                                             "ambient"};

std::string hexadecimal(std::uint64_t number) {
    std::ostringstream text;
    text << std::hex << number;
    return text.str();
}

std::string bit(unsigned number) { return hexadecimal(std::uint64_t{1} << number); }

// Every capability that the kernel knows.
std::string all() {
    std::uint64_t known = 0;
    for (unsigned i = 0; i < 64; ++i) {
        if (::prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0) known |= std::uint64_t{1} << i;
    }
    return hexadecimal(known);
}

void check_sets(const std::string& out, const std::string& wanted) {
    for (const char* set : sets) {
        INFO(set);
        CHECK(value(out, set) == wanted);
    }
}

TEST_CASE("no capability is left unless it is asked for", "[capabilities]") {
    check_sets(output(sbx({"--map-current-user"}, {"capabilities"})), "0");
    check_sets(output(sbx({"--uid", "7"}, {"capabilities"})), "0");
    check_sets(output(sbx({"--as-pid-1"}, {"capabilities"})), "0");
    if (is_root()) check_sets(output(sbx({"--share-user"}, {"capabilities"})), "0");
}

TEST_CASE("capabilities are added and dropped in order", "[capabilities]") {
    for (const Name name : {Name::sbx, Name::bwrap}) {
        // An ordinary user's bwrap has none to begin with; root's keeps its own, and drops them.
        const std::vector<std::string> start = {"--unshare-user", "--cap-drop", "ALL"};
        const auto with = [&](std::vector<std::string> options) {
            options.insert(options.begin(), start.begin(), start.end());
            return output(sandbox(name, options, {"capabilities"}));
        };
        check_sets(with({}), "0");
        check_sets(with({"--cap-add", "CAP_NET_RAW"}), bit(CAP_NET_RAW));
        check_sets(with({"--cap-add", "cap_net_raw", "--cap-add", "cap_chown"}),
                   hexadecimal((1U << CAP_NET_RAW) | (1U << CAP_CHOWN)));
        check_sets(with({"--cap-add", "cap_chown", "--cap-drop", "cap_chown"}), "0");
        check_sets(with({"--cap-drop", "cap_chown", "--cap-add", "cap_chown"}), bit(CAP_CHOWN));
        check_sets(with({"--cap-add", "ALL"}), all());
        check_sets(with({"--uid", "7", "--cap-add", "CAP_NET_RAW"}), bit(CAP_NET_RAW));
    }
}

TEST_CASE("bwrap keeps root's own capabilities and nobody else's", "[capabilities]") {
    const std::string out = output(bwrap({}, {"capabilities"}));
    if (!is_root()) {
        check_sets(out, "0");
        return;
    }
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> mine{};
    ::syscall(SYS_capget, &header, mine.data());
    const std::string permitted =
        hexadecimal(std::uint64_t{mine[1].permitted} << 32U | mine[0].permitted);
    CHECK(value(out, "permitted") == permitted);
    CHECK(value(out, "effective") == permitted);
    // Without a user namespace too, what is dropped leaves the bounding set.
    const std::string dropped = output(bwrap({"--cap-drop", "ALL"}, {"capabilities"}));
    check_sets(dropped, "0");
    const std::string one =
        output(bwrap({"--cap-drop", "ALL", "--cap-add", "CAP_CHOWN"}, {"capabilities"}));
    check_sets(one, bit(CAP_CHOWN));
}

TEST_CASE("a kept capability undoes no mount of the sandbox", "[capabilities]") {
    const TemporaryDirectory place;
    place.file("file", "x");
    const std::string before = place.listing();
    for (const Name name : {Name::sbx, Name::bwrap}) {
        for (const char* which : {"ALL", "CAP_SYS_ADMIN"}) {
            std::vector<std::string> options = {
                "--unshare-user", "--cap-add", which,   "--ro-bind", place.path(), "/ro",
                "--tmpfs",        "/hidden",   "--dir", "/hidden/t", "--tmpfs",    "/hidden/t"};
            if (name == Name::sbx) options.insert(options.end(), {"--seccomp-policy", "none"});
            const std::string out = output(
                sandbox(name, options,
                        {"remount-rw", "/ro", ",", "unmount", "/ro", ",", "unmount", "/hidden/t",
                         ",", "write", "/ro/file", "y", ",", "mount", "/hidden/t"}));
            // The last is what such a capability is for: a mount of its own.
            CHECK(out ==
                  "remount-rw EPERM\nunmount EINVAL\nunmount EINVAL\nwrite EROFS\nmount ok\n");
        }
    }
    CHECK(place.listing() == before);
}

TEST_CASE("a kept capability is of use in the sandbox's own namespaces", "[capabilities]") {
    for (const Name name : {Name::sbx, Name::bwrap}) {
        const std::string out =
            output(sandbox(name, {"--unshare-all", "--cap-add", "ALL", "--hostname", "box"},
                           {"hostname", ",", "loopback", ",", "interfaces", ",", "running", ",",
                            "process", ",", "ids"}));
        INFO(out);
        CHECK(has_line(out, "hostname box"));
        CHECK(has_line(out, "loopback ok"));
        CHECK(has_line(out, "interfaces lo"));
        CHECK(value(out, "running") == "1 " + value(out, "pid"));
    }
}

TEST_CASE("a capability that does not exist is an error", "[capabilities]") {
    for (const char* wrong : {"CAP_NOTHING", "CAP_CHOWN,CAP_KILL", "", "all,"}) {
        INFO(wrong);
        const Ended ended = run(sbx({"--cap-drop", wrong}, {"exit", "0"}));
        CHECK(ended.status == 125);
        CHECK(contains(ended.err, std::string("unknown cap: ") + wrong));
    }
    CHECK(contains(run(sbx({"--cap-add", "CAP_CHWON"}, {"exit", "0"})).err,
                   "did you mean cap_chown?"));
}

TEST_CASE("processes of the host are out of reach", "[capabilities]") {
    // Even with every capability that can be had and with the host's pids in sight.
    const std::string pid = std::to_string(::getpid());
    const std::string out = output(
        sbx({"--share-pid", "--cap-add", "ALL", "--seccomp-policy", "none"}, {"ptrace", pid}));
    CHECK(out == "ptrace EPERM\n");
    const std::string init =
        output(sbx({"--seccomp-policy", "none", "--landlock", "off"},
                   {"ptrace", "1", ",", "kill", "1", "9", ",", "running", ",", "process"}));
    // Signals from inside reach pid 1 only where it has a handler: the kill does nothing.
    CHECK(has_line(init, "ptrace EPERM"));
    CHECK(has_line(init, "kill ok"));
    CHECK(value(init, "running") == "1 " + value(init, "pid"));
}

TEST_CASE("init is out of reach whichever capability is kept", "[capabilities]") {
    for (unsigned number = 0; number <= 40; ++number) {
        INFO(number);
        const std::string out =
            output(sbx({"--cap-add", std::to_string(number), "--seccomp-policy", "none"},
                       {"ptrace", "1", ",", "open", "/proc/1/environ"}));
        CHECK(out == "ptrace EPERM\nopen EACCES\n");
    }
    CHECK(output(sbx(
              {"--cap-add", "ALL", "--cap-drop", "CAP_BLOCK_SUSPEND", "--seccomp-policy", "none"},
              {"ptrace", "1"})) == "ptrace EPERM\n");
}

}  // namespace
}  // namespace integration
