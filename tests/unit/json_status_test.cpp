// SPDX-License-Identifier: Apache-2.0
// What --info-fd and --json-status-fd get, to the byte: clients read it with less than a parser.
#include "supervise/json_status.hpp"

#include "memory_file.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

using namespace sbx;
using namespace sbx::sys;
using sbx::test::MemoryFile;

namespace {

// All that was written, by another description of the same file: the descriptor may be closed.
class Written {
public:
    Written() : file_(""), again_(::open(("/proc/self/fd/" + file_.text()).c_str(), O_RDONLY)) {}
    Written(const Written&) = delete;
    Written& operator=(const Written&) = delete;
    ~Written() { ::close(again_); }

    int fd() const { return file_.fd(); }
    bool is_open() const { return ::fcntl(file_.fd(), F_GETFD) >= 0; }
    std::string text() const {
        char buffer[4096];
        const ssize_t got = ::pread(again_, buffer, sizeof buffer, 0);
        return got < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(got));
    }

private:
    MemoryFile file_;
    int again_;
};

std::string inode_of(const char* name) {
    struct stat status {};
    REQUIRE(::stat((std::string("/proc/self/ns/") + name).c_str(), &status) == 0);
    return std::to_string(status.st_ino);
}

// Tells of this very process.
Result<void> write_start(const Plan& plan) {
    const int proc = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    auto out = JsonStatus(plan, proc, ::getpid()).write_start();
    ::close(proc);
    return out;
}

Plan plan_with(NamespaceSet namespaces) {
    Plan plan;
    plan.namespaces = namespaces;
    return plan;
}

}  // namespace

TEST_CASE("--info-fd: one object, a member for each namespace that was made") {
    const std::string pid = std::to_string(::getpid());
    const Written few;
    Plan plan = plan_with(Namespace::user | Namespace::mount);
    plan.info_fd = few.fd();
    REQUIRE(write_start(plan));
    CHECK(few.text() == "{\n    \"child-pid\": " + pid +
                            ",\n    \"mnt-namespace\": " + inode_of("mnt") + "\n}\n");
    CHECK_FALSE(few.is_open());

    const Written all;
    plan = plan_with(NamespaceSet(0xffU));
    plan.info_fd = all.fd();
    REQUIRE(write_start(plan));
    // Neither the user nor the time namespace: bubblewrap tells of six.
    CHECK(all.text() == "{\n    \"child-pid\": " + pid +                            //
                            ",\n    \"cgroup-namespace\": " + inode_of("cgroup") +  //
                            ",\n    \"ipc-namespace\": " + inode_of("ipc") +        //
                            ",\n    \"mnt-namespace\": " + inode_of("mnt") +        //
                            ",\n    \"net-namespace\": " + inode_of("net") +        //
                            ",\n    \"pid-namespace\": " + inode_of("pid") +        //
                            ",\n    \"uts-namespace\": " + inode_of("uts") + "\n}\n");
}

TEST_CASE("namespaces that are made with the second user namespace are told of, too") {
    const Written info;
    Plan plan = plan_with(Namespace::user | Namespace::mount);
    plan.setup = {step::EnterUserNamespace{Namespace::mount | Namespace::network, "", ""}};
    plan.info_fd = info.fd();
    REQUIRE(write_start(plan));
    CHECK(info.text().find("\"net-namespace\": " + inode_of("net")) != std::string::npos);
}

TEST_CASE("--json-status-fd: a line at the start, and one at the end") {
    const Written status;
    Plan plan = plan_with(Namespace::mount | Namespace::uts);
    plan.json_status_fd = status.fd();
    REQUIRE(write_start(plan));
    const std::string start = "{ \"child-pid\": " + std::to_string(::getpid()) +
                              ", \"mnt-namespace\": " + inode_of("mnt") +
                              ", \"uts-namespace\": " + inode_of("uts") + " }\n";
    CHECK(status.text() == start);
    REQUIRE(status.is_open());
    write_exit_code(status.fd(), {Outcome::End::exited, 7, {}});
    CHECK(status.text() == start + "{ \"exit-code\": 7 }\n");
}

TEST_CASE("the exit code is the one that sbx ends with") {
    const Written exited;
    write_exit_code(exited.fd(), {Outcome::End::exited, 0, {}});
    CHECK(exited.text() == "{ \"exit-code\": 0 }\n");
    const Written killed;
    write_exit_code(killed.fd(), {Outcome::End::signalled, 9, {}});
    CHECK(killed.text() == "{ \"exit-code\": 137 }\n");
}

TEST_CASE("both at once get the same members") {
    const Written info;
    const Written status;
    Plan plan = plan_with(Namespace::mount);
    plan.info_fd = info.fd();
    plan.json_status_fd = status.fd();
    REQUIRE(write_start(plan));
    CHECK(info.text().find("\"mnt-namespace\": " + inode_of("mnt")) != std::string::npos);
    CHECK(status.text().find("\"mnt-namespace\": " + inode_of("mnt")) != std::string::npos);
}

TEST_CASE("what cannot be written is an error that names the descriptor") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    Plan plan = plan_with(Namespace::mount);
    plan.json_status_fd = full;
    const auto written = write_start(plan);
    CHECK(test::error_of(written).find(std::to_string(full)) != std::string::npos);
    CHECK(test::error_of(written).find("o space left on device") != std::string::npos);
    // At the end there is nobody to be told, and nothing to be undone.
    write_exit_code(full, {Outcome::End::exited, 0, {}});
    ::close(full);
}
