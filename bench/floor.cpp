// SPDX-License-Identifier: Apache-2.0
// The physical limit that the benchmarks measure against: the least that the kernel must be asked
// for to build such a sandbox, with nothing checked, reported or undone. It protects nobody.
//   floor [--init [--duties]] [--binds FILE] [--ro-bind SOURCE DESTINATION]...
//         [--tmpfs DESTINATION]... [--symlink TARGET LINK]... COMMAND [ARGUMENT...]
// FILE holds the words of further options, each ended by a zero byte. With --init the command is a
// child of pid 1, else pid 1 itself; with --duties the kernel is also asked for what sbx gives
// without being asked: loopback, /tmp and /dev/mqueue, a new keyring, Landlock, no capabilities,
// and a filter as long as the policy `default`. Destinations are one or two components deep.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

namespace {

int root = -1;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "floor: %s: %s\n", what, std::strerror(errno));
    std::_Exit(1);
}

long must(long result, const char* what) {
    if (result < 0) fail(what);
    return result;
}

void write_file(const char* path, const std::string& text) {
    const auto fd = static_cast<int>(must(::open(path, O_WRONLY | O_CLOEXEC), path));
    must(::write(fd, text.data(), text.size()), path);
    ::close(fd);
}

struct Parameter {
    const char* key;
    const char* value;
};

int make_file_system(const char* type, std::initializer_list<Parameter> parameters,
                     unsigned attributes) {
    const auto context = static_cast<int>(must(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), type));
    for (const Parameter& p : parameters) {
        must(::syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, p.key, p.value, 0), p.key);
    }
    must(::syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), type);
    const long mount = ::syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
    ::close(context);
    return static_cast<int>(must(mount, type));
}

void attach(int mount, const char* at) {
    must(::syscall(SYS_move_mount, mount, "", root, at, MOVE_MOUNT_F_EMPTY_PATH), at);
    ::close(mount);
}

// What is beneath the new root, for *at() calls.
const char* inside(const char* destination) { return destination + 1; }

void make_directory(const char* destination) {
    if (::mkdirat(root, inside(destination), 0755) == 0 || errno == EEXIST) return;
    std::string parent = destination;
    parent.resize(parent.rfind('/'));
    ::mkdirat(root, inside(parent.c_str()), 0755);
    must(::mkdirat(root, inside(destination), 0755), destination);
}

void bind(const char* source, const char* destination, std::uint64_t attributes) {
    const auto tree =
        static_cast<int>(must(::syscall(SYS_open_tree, AT_FDCWD, source,
                                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE),
                              source));
    mount_attr wanted{};
    wanted.attr_set = attributes;
    wanted.propagation = MS_PRIVATE;
    must(::syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted,
                   sizeof wanted),
         source);
    attach(tree, inside(destination));
}

void make_dev() {
    make_directory("/dev");
    attach(make_file_system("tmpfs", {{"mode", "0755"}}, MOUNT_ATTR_NOSUID), "dev");
    for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
        const std::string path = std::string("/dev/") + name;
        ::close(static_cast<int>(must(
            ::openat(root, inside(path.c_str()), O_CREAT | O_WRONLY | O_CLOEXEC, 0444), name)));
        bind(path.c_str(), path.c_str(), MOUNT_ATTR_NOSUID);
    }
    const char* links[][2] = {{"/proc/self/fd", "dev/fd"}, {"fd/0", "dev/stdin"},
                              {"fd/1", "dev/stdout"},      {"fd/2", "dev/stderr"},
                              {"/proc/kcore", "dev/core"}, {"pts/ptmx", "dev/ptmx"}};
    for (const auto& link : links) must(::symlinkat(link[0], root, link[1]), link[1]);
    must(::mkdirat(root, "dev/shm", 01777), "shm");
    must(::mkdirat(root, "dev/pts", 0755), "pts");
    attach(make_file_system("devpts", {{"ptmxmode", "0666"}, {"mode", "620"}},
                            MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC),
           "dev/pts");
}

std::vector<std::string> words_of(const char* path) {
    std::string text;
    const auto fd = static_cast<int>(must(::open(path, O_RDONLY | O_CLOEXEC), path));
    struct stat status {};
    must(::fstat(fd, &status), path);
    text.resize(static_cast<std::size_t>(status.st_size));
    must(::read(fd, text.data(), text.size()), path);
    ::close(fd);
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text.size(); at += words.back().size() + 1) {
        words.emplace_back(text.c_str() + at);
    }
    return words;
}

// One option; gives how many words it has, or 0 when it is none.
std::size_t apply(const char* const* words) {
    const std::string option = words[0];
    if (option == "--ro-bind") {
        make_directory(words[2]);
        bind(words[1], words[2], MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        return 3;
    }
    if (option == "--symlink") {
        must(::symlinkat(words[1], root, inside(words[2])), words[2]);
        return 3;
    }
    if (option == "--tmpfs") {
        make_directory(words[1]);
        attach(make_file_system("tmpfs", {{"mode", "0755"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV),
               inside(words[1]));
        return 2;
    }
    return 0;
}

void give() {
    make_directory("/tmp");
    attach(make_file_system("tmpfs", {{"mode", "1777"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV),
           "tmp");
    must(::mkdirat(root, "dev/mqueue", 0755), "mqueue");
    attach(make_file_system("mqueue", {}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
           "dev/mqueue");
    const auto fd =
        static_cast<int>(must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    must(::ioctl(fd, SIOCSIFFLAGS, &request), "lo");
    ::close(fd);
}

void enforce_landlock() {
    constexpr std::uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;  // of the first version
    const landlock_ruleset_attr attributes{all};
    const auto ruleset = static_cast<int>(must(
        ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0), "landlock"));
    for (const char* path : {"/", "/dev", "/proc", "/run", "/tmp", "/dev/mqueue"}) {
        landlock_path_beneath_attr rule{all, -1};
        rule.parent_fd = static_cast<int>(must(::open(path, O_PATH | O_CLOEXEC), path));
        must(::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0), path);
        ::close(rule.parent_fd);
    }
    must(::syscall(SYS_landlock_restrict_self, ruleset, 0), "landlock");
    ::close(ruleset);
}

// The kernel compiles all of it and tries it with each system call, whatever it allows.
void load_filter() {
    constexpr unsigned short length = 259;
    std::vector<sock_filter> program = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}};
    while (program.size() + 1 < length) {
        program.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1000});  // no system call
    }
    program.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
    const sock_fprog filter{length, program.data()};
    must(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "seccomp");
}

void seal() {
    must(::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr), "keyctl");
    must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    enforce_landlock();
    for (int i = 0; ::prctl(PR_CAPBSET_READ, i) >= 0; ++i)
        must(::prctl(PR_CAPBSET_DROP, i), "drop");
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2]{};
    must(::syscall(SYS_capset, &header, &none[0]), "capset");
    load_filter();
}

enum class Kind { plain, with_init, with_duties };

[[noreturn]] void execute(char** words, Kind kind) {
    if (kind == Kind::with_duties) seal();
    ::execv(words[0], words);
    std::_Exit(127);
}

[[noreturn]] void wait_for_command(char** words, Kind kind) {
    const pid_t command = ::vfork();
    if (command == 0) execute(words, kind);
    int status = 0;
    ::waitpid(command, &status, 0);
    std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

[[noreturn]] void build_and_run(char** words, Kind kind, uid_t uid, gid_t gid) {
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1\n");
    write_file("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1\n");
    mount_attr private_tree{};
    private_tree.propagation = MS_PRIVATE;
    must(::syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private_tree,
                   sizeof private_tree),
         "/");
    root = make_file_system("tmpfs", {{"mode", "0755"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    must(::syscall(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "root");
    make_directory("/proc");
    attach(make_file_system("proc", {}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
           "proc");
    make_dev();
    if (kind == Kind::with_duties) give();
    while (true) {
        if (std::strcmp(words[0], "--binds") == 0) {
            const std::vector<std::string> more = words_of(words[1]);
            std::vector<const char*> pointers;
            for (const std::string& word : more) pointers.push_back(word.c_str());
            for (std::size_t at = 0; at < pointers.size();) at += apply(&pointers[at]);
            words += 2;
            continue;
        }
        const std::size_t count = apply(words);
        if (count == 0) break;
        words += count;
    }
    must(::fchdir(root), "fchdir");
    must(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(::umount2(".", MNT_DETACH), "umount2");
    must(::chdir("/"), "chdir");
    if (kind == Kind::plain) execute(words, kind);
    wait_for_command(words, kind);
}

}  // namespace

int main(int argc, char** argv) {
    char** words = argv + 1;
    Kind kind = Kind::plain;
    if (argc > 1 && std::strcmp(words[0], "--init") == 0) {
        kind = Kind::with_init;
        ++words;
    }
    if (words[0] != nullptr && kind == Kind::with_init && std::strcmp(words[0], "--duties") == 0) {
        kind = Kind::with_duties;
        ++words;
    }
    if (words[0] == nullptr) return 2;
    const uid_t uid = ::getuid();
    const gid_t gid = ::getgid();
    clone_args arguments{};
    arguments.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
                      CLONE_NEWNET | CLONE_NEWCGROUP;
    arguments.exit_signal = SIGCHLD;
    const long pid = must(::syscall(SYS_clone3, &arguments, sizeof arguments), "clone3");
    if (pid == 0) build_and_run(words, kind, uid, gid);
    int status = 0;
    ::waitpid(static_cast<pid_t>(pid), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
