// SPDX-License-Identifier: Apache-2.0
// sbx --doctor on this machine, and in places that lack something: it says what, why, what to do,
// and whether the main job can run.
#include "json_tree.hpp"
#include "place.hpp"
#include "sandbox.hpp"

#include <catch2/catch.hpp>

#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace integration {
namespace {

using sbx::test::JsonTree;

// What it printed as JSON, with the exit status before it.
std::string answer(const Ended& ended) {
    return std::to_string(ended.status) + "\n" + ended.out + ended.err;
}

class Report {
public:
    explicit Report(const std::string& answer) : answer_(answer) {
        std::istringstream text(answer);
        if (!(text >> status_)) throw std::runtime_error("no report: " + answer);
        try {
            tree_ = JsonTree(std::string(std::istreambuf_iterator<char>(text), {}));
        } catch (const std::exception& error) {
            throw std::runtime_error(std::string(error.what()) + ": " + answer);
        }
    }

    const std::string& answer() const { return answer_; }
    int status() const { return status_; }
    bool can_run() const { return tree_.get<bool>("can_run"); }
    std::string kernel() const { return tree_.get<std::string>("kernel"); }
    const JsonTree& findings() const { return tree_.get_child("findings"); }
    std::string of(const std::string& name, const char* member) const {
        for (const auto& [key, finding] : findings()) {
            if (finding.get<std::string>("name") == name) {
                return finding.get<std::string>(member);
            }
        }
        throw std::runtime_error("no finding " + name + ": " + answer_);
    }
    std::string state(const std::string& name) const { return of(name, "state"); }
    std::string remedy(const std::string& name) const { return of(name, "remedy"); }

private:
    std::string answer_;
    int status_ = -1;
    JsonTree tree_;
};

Start doctor() { return plain(Name::sbx, {"--doctor=json"}); }

// What `start`, which runs sbx --doctor=json at its end, answers.
Report report_of(const Start& start) { return Report(answer(run(start))); }

// The answer in a place that `prepare` makes of a child of ours.
Report report_in(const std::function<void()>& prepare, const Start& start = doctor()) {
    return Report(in_child([&] {
        prepare();
        return answer(run(start));
    }));
}

// The status follows from the findings, and each of them says what it has to.
void check_coherent(const Report& report) {
    INFO(report.answer());
    CHECK(report.can_run() == (report.status() == 0));
    CHECK((report.status() == 0 || report.status() == 1));
    bool stopped = false;
    for (const auto& [key, finding] : report.findings()) {
        const auto text = [&finding = finding](const char* member) {
            return finding.get<std::string>(member);
        };
        INFO(text("name"));
        CHECK_FALSE(text("fact").empty());
        CHECK_FALSE(text("purpose").empty());
        CHECK(text("remedy").empty() == (text("state") == "good"));
        stopped = stopped || (finding.get<bool>("required") && text("state") == "missing");
    }
    CHECK(report.can_run() == !stopped);
}

void check_missing(const Report& report, const std::string& name, std::string_view remedy) {
    check_coherent(report);
    INFO(report.answer());
    CHECK_FALSE(report.can_run());
    CHECK(report.state(name) == "missing");
    CHECK(contains(report.remedy(name), remedy));
}

// Sandboxes can be built where the tests run.
void check_works(const Report& report) {
    check_coherent(report);
    INFO(report.answer());
    CHECK(report.can_run());
    for (const auto& [key, finding] : report.findings()) {
        INFO(finding.get<std::string>("name"));
        if (finding.get<bool>("required")) CHECK(finding.get<std::string>("state") == "good");
    }
}

TEST_CASE("doctor: this machine", "[doctor]") {
    const Report report = report_of(doctor());
    check_works(report);
    CHECK(report.kernel().rfind("Linux ", 0) == 0);
    CHECK(report.of("sandbox", "fact") == "sbx --ro-bind /usr /usr true did its work");
    CHECK(report.state("seccomp-around") == "good");
    CHECK(report.state("devices") == "good");
    CHECK(report.state("nested-sandboxes") == "good");
}

TEST_CASE("doctor: in words, under both names", "[doctor]") {
    for (const Name name : {Name::sbx, Name::bwrap}) {
        for (const char* option : {"--doctor", "--doctor=text"}) {
            const std::string out = output(plain(name, {option}));
            INFO(out);
            CHECK(out.rfind("sbx works here", 0) == 0);
            CHECK(contains(out, "\n  good     user-namespaces"));
            for (const std::string& line : lines_of(out)) CHECK(line.size() <= 100);
        }
        check_works(report_of(plain(name, {"--doctor=json"})));
    }
}

TEST_CASE("doctor: what it does not take", "[doctor]") {
    const Ended word = run(plain(Name::sbx, {"--doctor", "json"}));
    CHECK(word.status == 125);
    CHECK(word.out.empty());
    CHECK(contains(word.err, "a format follows an equals sign, as in --doctor=json"));
    const Ended format = run(plain(Name::sbx, {"--doctor=yaml"}));
    CHECK(format.status == 125);
    CHECK(contains(format.err, "--doctor takes text or json"));
    const std::vector<std::vector<std::string>> others = {
        {"--result", "-"}, {"--dry-run"}, {"--bind", "/", "/"}, {"--profile", "build"}};
    for (const auto& other : others) {
        std::vector<std::string> words = other;
        words.emplace_back("--doctor");
        const Ended ended = run(plain(Name::sbx, words));
        CHECK(ended.status == 125);
        CHECK(ended.out.empty());
        CHECK(contains(ended.err, "--doctor looks at the machine, for which " + other[0] +
                                      " has no meaning; leave it out"));
    }
}

TEST_CASE("doctor: nothing is left behind", "[doctor]") {
    const std::string out = in_child([] {
        // Whoever outlives sbx becomes our child.
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);
        const std::string mounts = read_whole("/proc/self/mountinfo");
        const Ended ended = run(doctor());
        if (ended.status != 0) return answer(ended);
        if (::waitpid(-1, nullptr, __WALL) >= 0 || errno != ECHILD) return std::string("a child");
        return read_whole("/proc/self/mountinfo") == mounts ? std::string("nothing")
                                                            : std::string("a mount");
    });
    CHECK(out == "nothing");
}

TEST_CASE("doctor: no user namespaces, by the sysctl of the user namespace", "[doctor]") {
    const Report report = report_in([] {
        enter_own_namespaces(As::root);
        write_to("/proc/sys/user/max_user_namespaces", "0");
    });
    check_missing(report, "user-namespaces", "sysctl -w user.max_user_namespaces=15000");
    CHECK(report.state("namespace-limits") == "limited");
    CHECK(report.state("seccomp-filters") == "good");
}

TEST_CASE("doctor: no namespaces of one kind, by its sysctl", "[doctor]") {
    const Report needed = report_in([] {
        enter_own_namespaces(As::root);
        write_to("/proc/sys/user/max_net_namespaces", "0");
    });
    check_missing(needed, "network-namespaces", "sysctl -w user.max_net_namespaces=15000");
    CHECK(contains(needed.remedy("network-namespaces"), "--share-net"));
    CHECK(needed.state("pid-namespaces") == "good");
    CHECK(needed.state("mount-calls") == "good");

    const Report unneeded = report_in([] {
        enter_own_namespaces(As::root);
        write_to("/proc/sys/user/max_time_namespaces", "0");
    });
    check_works(unneeded);
    CHECK(unneeded.state("time-namespaces") == "missing");
    CHECK(contains(unneeded.remedy("time-namespaces"), "user.max_time_namespaces=15000"));
}

TEST_CASE("doctor: nothing can be watched, by the sysctl", "[doctor]") {
    const Report report = report_in([] {
        enter_own_namespaces(As::root);
        write_to("/proc/sys/user/max_inotify_instances", "0");
    });
    check_works(report);
    CHECK(report.state("inotify") == "missing");
    CHECK(contains(report.remedy("inotify"), "fs.inotify.max_user_instances"));
}

TEST_CASE("doctor: a /proc that is partly covered", "[doctor]") {
    const Report report = report_in([] {
        enter_own_namespaces(As::itself);
        mount_or_throw("none", "/proc/sys", "tmpfs", 0);
    });
    check_missing(report, "new-proc", "--ro-bind /proc /proc");
    CHECK(contains(report.of("new-proc", "fact"), "upon \"/proc/sys\""));
    CHECK(report.state("mount-calls") == "good");
    CHECK(report.state("overlay") == "good");
}

TEST_CASE("doctor: no /proc", "[doctor]") {
    const std::string out = in_child([] {
        enter_own_namespaces(As::itself);
        mount_or_throw("none", "/proc", "tmpfs", 0);
        // The leak checker of a sanitizer's build fails without /proc: it says so, and has a status
        // of its own.
        const Ended ended = run(doctor());
        return std::to_string(ended.status) + "\n" + ended.out;
    });
    const Report report(out);
    INFO(out);
    CHECK(report.status() != 0);
    CHECK_FALSE(report.can_run());
    CHECK(report.state("procfs") == "missing");
    CHECK(report.remedy("procfs") == "mount proc on /proc");
}

TEST_CASE("doctor: a device that is something else", "[doctor]") {
    const TemporaryDirectory place;
    const std::string file = place.file("full");
    const Report report = report_in([&] {
        enter_own_namespaces(As::itself);
        mount_or_throw(file.c_str(), "/dev/full", nullptr, MS_BIND);
    });
    check_missing(report, "devices", "mknod -m 0666 /dev/full c 1 7");
    CHECK(contains(report.of("devices", "fact"), "/dev/full"));
    CHECK(contains(report.of("sandbox", "fact"), "the host has no device \"/dev/full\""));
}

TEST_CASE("doctor: a kernel that is too old", "[doctor]") {
    Start start = doctor();
    start.prepare = [] { ::personality(UNAME26); };  // the kernel says that it is 2.6
    check_missing(report_of(start), "kernel", "boot Linux 5.12 or later");
}

TEST_CASE("doctor: in a chroot", "[doctor]") {
    const TemporaryDirectory place;
    const Report report(in_child([&place] {
        // Where pid 1 is ours, and shows the root that the chroot differs from.
        enter_own_namespaces(As::root);
        ::unshare(CLONE_NEWPID);
        return in_child([&place] {
            mount_or_throw("none", place.path(), "tmpfs", 0);
            for (const char* name : {"/usr", "/dev", "/proc", "/sys", "/etc"}) {
                std::filesystem::create_directory(place.path() + name);
                if (std::string(name) == "/proc") {
                    mount_or_throw("proc", place.path() + name, "proc", 0);
                } else {
                    mount_or_throw(name, place.path() + name, nullptr, MS_BIND | MS_REC);
                }
            }
            for (const char* name : {"/bin", "/lib", "/lib64"}) {
                if (std::filesystem::is_symlink(name)) {
                    std::filesystem::copy_symlink(name, place.path() + name);
                }
            }
            std::filesystem::copy_file(sbx_path(), place.path() + "/sbx");
            Start start = doctor();
            start.program = "/sbx";
            start.prepare = [&place] {
                if (::chroot(place.path().c_str()) != 0) ::_exit(113);
            };
            return answer(run(start));
        });
    }));
    check_missing(report, "user-namespaces", "sbx runs in a chroot");
    CHECK(report.state("chroot") == "limited");
}

// sbx within what `outer` and its options make of the whole machine.
Start within(Start outer) {
    outer.words.insert(outer.words.end(), {sbx_path(), "--doctor=json"});
    return outer;
}

Start within_sbx(std::vector<std::string> options) {
    options.insert(options.begin(), {"--bare", "--ro-bind", "/", "/", "--proc", "/proc", "--dev",
                                     "/dev", "--warning", "agent-socket", "hide"});
    return within(plain(Name::sbx, std::move(options)));
}

TEST_CASE("doctor: in sbx", "[doctor]") {
    const Report report = report_of(within_sbx({}));
    check_missing(report, "user-namespaces", "--allow-userns");
    CHECK(report.state("seccomp-around") == "limited");
    CHECK(report.state("seccomp-filters") == "good");
}

TEST_CASE("doctor: in sbx that allows it", "[doctor]") {
    if (!is_root()) {
        const Report same = report_of(within_sbx({"--allow-userns", "--map-current-user"}));
        check_works(same);
        CHECK(contains(same.of("seccomp-around", "fact"), "let through"));
        CHECK(same.state("id-ranges") == "missing");
    } else {
        // uid 0 without capabilities, and where the caller is real root a /proc with covers.
        check_missing(report_of(within_sbx({"--allow-userns", "--map-current-user"})),
                      "user-namespaces", "--uid 1000 --gid 1000");
        check_missing(report_of(within_sbx({"--allow-userns", "--uid", "1000", "--gid", "1000"})),
                      "new-proc", "--ro-bind /proc /proc");
    }
}

Start within_bubblewrap(std::vector<std::string> options) {
    options.insert(options.end(), {"--dev-bind", "/", "/"});
    Start out = plain(Name::bwrap, std::move(options));
    out.program = "/usr/bin/bwrap";
    return within(std::move(out));
}

TEST_CASE("doctor: in bubblewrap", "[doctor]") {
    check_works(report_of(within_bubblewrap({})));
    check_works(report_of(within_bubblewrap({"--unshare-all"})));
    check_missing(report_of(within_bubblewrap({"--unshare-user", "--disable-userns"})),
                  "user-namespaces", "(--disable-userns)");
}

// As containers have it by default (Docker's profile, for a container without CAP_SYS_ADMIN).
constexpr const char* container_policy = R"({
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        {"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1,
         "args": [{"index": 0, "value": 268435456, "valueTwo": 268435456,
                   "op": "SCMP_CMP_MASKED_EQ"}]},
        {"names": ["mount", "setns", "umount2", "unshare"],
         "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
    ]
})";

Start within_filter(const std::string& policy) {
    return within(plain(Name::bwrap, {"--seccomp-policy", policy, "--dev-bind", "/", "/"}));
}

// What doctor says in a filter that answers one system call, with `args` where it has some, by
// `error`.
Report report_without(const std::string& call, int error, const std::string& args = "[]") {
    const TemporaryDirectory place;
    return report_of(within_filter(place.file(
        "policy.json", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [")" + call +
                           R"("], "action": "SCMP_ACT_ERRNO", "errnoRet": )" +
                           std::to_string(error) + R"(, "args": )" + args + "}]}")));
}

TEST_CASE("doctor: in a container's filter", "[doctor]") {
    const TemporaryDirectory place;
    const Report report = report_of(within_filter(place.file("policy.json", container_policy)));
    check_missing(report, "user-namespaces", "--security-opt seccomp=");
    CHECK(report.state("seccomp-around") == "limited");
    CHECK(report.state("seccomp-filters") == "good");
}

TEST_CASE("doctor: in a filter that knows no new mount calls", "[doctor]") {
    const Report report = report_without("open_tree", ENOSYS);
    check_missing(report, "mount-calls", "a seccomp filter is around sbx");
    CHECK(contains(report.of("mount-calls", "fact"), "open_tree failed"));
    CHECK(report.state("user-namespaces") == "good");
    CHECK(report.state("seccomp-around") == "limited");
}

TEST_CASE("doctor: each system call of set-up by itself", "[doctor]") {
    CHECK(report_of(doctor()).state("system-calls") == "good");
    for (const char* call : {"fsconfig", "fsmount", "fsopen", "mount_setattr", "move_mount",
                             "open_tree", "openat2", "pivot_root", "umount2"}) {
        for (const int error : {ENOSYS, EPERM}) {
            const Report report = report_without(call, error);
            check_missing(report, "system-calls", "/seccomp/container.json");
            CHECK(contains(report.of("system-calls", "fact"),
                           std::string("the system call ") + call +
                               (error == EPERM ? " (EPERM)" : " (ENOSYS)")));
        }
    }
    for (const char* call : {"clone3", "close_range", "keyctl", "pidfd_open", "sethostname"}) {
        const Report report = report_without(call, ENOSYS);
        check_coherent(report);
        INFO(report.answer());
        CHECK(report.can_run());
        const std::string name = call;
        const bool unneeded = name == "keyctl" || name == "pidfd_open";
        CHECK(report.state("system-calls") == (unneeded ? "good" : "limited"));
        CHECK(contains(report.of("system-calls", "fact"), name + " (ENOSYS)"));
    }
}

TEST_CASE("doctor: in a filter that lets no filter in", "[doctor]") {
    const std::string set_seccomp = std::to_string(PR_SET_SECCOMP);
    const Report report = report_without(
        "prctl", EINVAL, R"([{"index": 0, "op": "SCMP_CMP_EQ", "value": )" + set_seccomp + "}]");
    check_missing(report, "seccomp-filters", "--seccomp-policy none");
    CHECK(report.state("mount-calls") == "good");
}

TEST_CASE("doctor: in a filter that refuses what sbx does not use", "[doctor]") {
    const Report report = report_without("seccomp", ENOSYS);
    check_works(report);
    CHECK(report.state("seccomp-filters") == "good");
}

TEST_CASE("doctor: without Landlock", "[doctor]") {
    const Report report = report_without("landlock_create_ruleset", EOPNOTSUPP);
    check_works(report);
    CHECK(report.state("landlock") == "missing");
}

}  // namespace
}  // namespace integration
