// SPDX-License-Identifier: Apache-2.0
// Verbs of an attacker: what a hostile command tries against init and against the mounts. None of
// them changes anything outside when it succeeds.
#include "payload.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace payload {
namespace {

// Opens, and reads where that is what is asked for: some files of procfs ask at the reading only.
void try_open(const Context& context, const std::string& what, const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    long result = fd;
    char byte = 0;
    if (fd >= 0 && flags == O_RDONLY) result = ::read(fd, &byte, 1);
    tell(context, what, result);
    if (fd >= 0) ::close(fd);
}

// All that leads into a process of somebody else: "attack WHAT ok" or "attack WHAT ENAME".
void attack(Context& context, const Words& words) {
    const pid_t pid = std::atoi(words[0].c_str());
    const std::string process = "/proc/" + words[0] + "/";
    tell(context, "attack attach", ::ptrace(PTRACE_ATTACH, pid, nullptr, nullptr));
    tell(context, "attack seize", ::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr));
    std::array<char, 16> bytes{};
    const iovec here{bytes.data(), bytes.size()};
    const iovec there{&bytes, bytes.size()};  // init is a fork: its stack is near ours
    tell(context, "attack read-memory", ::process_vm_readv(pid, &here, 1, &there, 1, 0));
    tell(context, "attack write-memory", ::process_vm_writev(pid, &here, 1, &there, 1, 0));
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    for (int fd = 0; fd < 32; ++fd) {
        const long got = ::syscall(SYS_pidfd_getfd, pidfd, fd, 0);
        if (got >= 0 || errno != EPERM) tell(context, "attack take-" + std::to_string(fd), got);
    }
    tell(context, "attack enter",
         ::setns(pidfd, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC));
    for (const char* name :
         {"environ", "auxv", "maps", "smaps", "pagemap", "syscall", "stack", "io", "personality"}) {
        try_open(context, std::string("attack read-") + name, process + name, O_RDONLY);
    }
    for (const char* name : {"exe", "root", "cwd", "fd/0", "fd/1", "fd/2", "fd/3", "fd/4", "fd/5",
                             "fd/6", "fd/7", "fd/8", "ns/mnt", "ns/user"}) {
        try_open(context, std::string("attack open-") + name, process + name, O_PATH);
    }
    try_open(context, "attack open-mem", process + "mem", O_RDWR);
    const std::string thread = process + "task/" + words[0] + "/";
    try_open(context, "attack open-thread-mem", thread + "mem", O_RDWR);
    try_open(context, "attack open-thread-root", thread + "root", O_PATH | O_DIRECTORY);
    if (pidfd >= 0) ::close(pidfd);
}

// Says "which" and attacks the processes whose numbers then come on descriptor WORD.
void attack_told(Context& context, const Words& words) {
    say(context, "which");
    std::string text;
    std::array<char, 256> buffer{};
    ssize_t got = 1;
    while ((got = ::read(std::atoi(words[0].c_str()), buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    std::istringstream numbers(text);
    for (std::string number; numbers >> number;) attack(context, {number});
}

// Every signal there is, in every way to send one.
void bombard(Context& context, const Words& words) {
    const pid_t pid = std::atoi(words[0].c_str());
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    for (int number = 1; number <= SIGRTMAX; ++number) {
        if (number == 32 || number == 33) continue;  // the C library's
        ::kill(pid, number);
        ::syscall(SYS_tgkill, pid, pid, number);
        ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0);
        sigval value{};
        ::sigqueue(pid, number, value);
    }
    if (pidfd >= 0) ::close(pidfd);
    say(context, "bombarded");
}

// Whether a process is at work or waits, or was stopped or traced or has died (proc(5)).
void state(Context& context, const Words& words) {
    std::ifstream file("/proc/" + words[0] + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t at = text.rfind(") ");
    const char letter = at == std::string::npos ? 'X' : text[at + 2];
    const bool goes = letter == 'R' || letter == 'S' || letter == 'D';
    say(context, std::string("state ") + (goes ? "going" : std::string(1, letter)));
}

int clear_attributes(const char* path, unsigned flags) {
    mount_attr attributes{};
    attributes.attr_clr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    return static_cast<int>(
        ::syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attributes, sizeof attributes));
}

// A clone of the mount, whose flags are cleared before it is attached.
int clone_writable(const char* path, unsigned more) {
    const int tree =
        static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | more));
    if (tree < 0) return tree;
    mount_attr attributes{};
    attributes.attr_clr = MOUNT_ATTR_RDONLY;
    const long cleared = ::syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | more, &attributes,
                                   sizeof attributes);
    const int error = errno;
    ::close(tree);
    errno = error;
    return static_cast<int>(cleared);
}

int move_away(const char* path, const char* to) {
    return static_cast<int>(::syscall(SYS_move_mount, AT_FDCWD, path, AT_FDCWD, to, 0));
}

void undo_mount(Context& context, const std::string& who, const char* path) {
    const auto report = [&](const char* how, long result) {
        tell(context, who + " " + how, result);
    };
    report("remount", ::mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND, nullptr));
    report("remount-all", ::mount(nullptr, path, nullptr, MS_REMOUNT, nullptr));
    report("setattr", clear_attributes(path, 0));
    report("setattr-all", clear_attributes(path, AT_RECURSIVE));
    report("clone", clone_writable(path, 0));
    report("clone-all", clone_writable(path, AT_RECURSIVE));
    report("move", move_away(path, "/tmp"));
    report("unmount", ::umount2(path, MNT_DETACH));
    report("unmount-plain", ::umount2(path, 0));
    report("unmount-expire", ::umount2(path, MNT_EXPIRE));
}

// Everything that would make the read-only mount at WORD writable or take it away, as it is and in
// new namespaces: "as-is HOW ENAME", then "deeper HOW ENAME".
void undo(Context& context, const Words& words) {
    undo_mount(context, "as-is", words[0].c_str());
    // A child: what it enters must not outlast the verb.
    const pid_t pid = ::fork();
    if (pid == 0) {
        tell(context, "deeper unshare", ::unshare(CLONE_NEWUSER | CLONE_NEWNS));
        undo_mount(context, "deeper", words[0].c_str());
        ::_exit(0);
    }
    ::waitpid(pid, nullptr, 0);
}

// Shows the directory WORD elsewhere without what is mounted below it, and reads the file NAME
// there: what a cover hides.
void uncover(Context& context, const Words& words) {
    const int tree = static_cast<int>(
        ::syscall(SYS_open_tree, AT_FDCWD, words[0].c_str(), OPEN_TREE_CLONE | O_CLOEXEC));
    long result = tree;
    if (tree >= 0) result = ::openat(tree, words[1].c_str(), O_RDONLY | O_CLOEXEC);
    std::array<char, 64> content{};
    if (result >= 0) {
        const ssize_t got = ::read(static_cast<int>(result), content.data(), content.size() - 1);
        if (got > 0) say(context, std::string("uncovered ") + content.data());
    }
    tell(context, "uncover", result);
    if (::mount(words[0].c_str(), "/tmp", nullptr, MS_BIND, nullptr) == 0) {
        say(context, "uncover-bind ok");
        ::umount2("/tmp", MNT_DETACH);
    }
}

// Climbs out of the working directory, and out of one that was left outside by chroot(2), and says
// whether the top is the sandbox's own: the file WORD is there.
void climb(Context& context, const Words& words) {
    const auto top = [&]() -> std::string {
        for (int i = 0; i < 64; ++i) {
            if (::chdir("..") != 0) return strerrorname_np(errno);
        }
        struct stat status {};
        return ::stat(words[0].c_str(), &status) == 0 ? "inside" : "outside";
    };
    say(context, "climb " + top());
    if (::chroot("/tmp") == 0) say(context, "climb-chroot " + top());
}

// Takes the names by which sbx could call what is in the directory WORD aside, by the numbers of
// the inodes, which reading the directory tells even of what is covered.
void squat(Context& context, const Words& words) {
    DIR* directory = ::opendir(words[0].c_str());
    if (directory == nullptr) return tell(context, "squat", -1);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory)) {
        names.push_back(".sbx-" + std::to_string(entry->d_ino));
        std::array<char, 24> hex{};
        std::snprintf(hex.data(), hex.size(), "%lx", static_cast<unsigned long>(entry->d_ino));
        names.push_back(".sbx-" + std::string(hex.data()));
    }
    ::closedir(directory);
    for (const std::string& name : names) {
        const std::string path = words[0] + "/" + name;
        ::close(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    say(context, "squat " + std::string(names.empty() ? "nothing" : "ok"));
}

// Every call that could make a file with `bit` of its mode in directory WORD: "set-id CALL ok".
void set_id_files(const Context& context, const std::string& place, unsigned bit) {
    const unsigned mode = bit | 0755U;
    const auto path = [&](const char* name) {
        return place + "/" + name + (bit == S_ISUID ? "-u" : "-g");
    };
    const auto fresh = [&](const char* name) {
        const std::string made = path(name);
        ::close(::open(made.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
        return made;
    };
    tell(context, "set-id chmod", ::syscall(SYS_chmod, fresh("chmod").c_str(), mode));
    const int file = ::open(fresh("fchmod").c_str(), O_RDONLY | O_CLOEXEC);
    tell(context, "set-id fchmod", ::syscall(SYS_fchmod, file, mode));
    tell(context, "set-id fchmodat",
         ::syscall(SYS_fchmodat, AT_FDCWD, fresh("fchmodat").c_str(), mode));
    constexpr long fchmodat2 = 452;  // Linux 6.6; on all architectures
    tell(context, "set-id fchmodat2",
         ::syscall(fchmodat2, AT_FDCWD, fresh("fchmodat2").c_str(), mode, 0));
    // The upper half of a word is not looked at by the kernel.
    const std::uint64_t high = 1ULL << 32U | mode;
    tell(context, "set-id high", ::syscall(SYS_chmod, fresh("high").c_str(), high));
    constexpr int create = O_WRONLY | O_CREAT | O_CLOEXEC;
    tell(context, "set-id open", ::syscall(SYS_open, path("open").c_str(), create, mode));
    tell(context, "set-id creat", ::syscall(SYS_creat, path("creat").c_str(), mode));
    tell(context, "set-id openat",
         ::syscall(SYS_openat, AT_FDCWD, path("openat").c_str(), create, mode));
    open_how how{};
    how.flags = create;
    how.mode = mode;
    tell(context, "set-id openat2",
         ::syscall(SYS_openat2, AT_FDCWD, path("openat2").c_str(), &how, sizeof how));
    constexpr int unnamed = O_WRONLY | O_TMPFILE | O_CLOEXEC;
    for (const bool old : {true, false}) {
        const long made = old ? ::syscall(SYS_open, place.c_str(), unnamed, mode)
                              : ::syscall(SYS_openat, AT_FDCWD, place.c_str(), unnamed, mode);
        tell(context, old ? "set-id open-unnamed" : "set-id openat-unnamed", made);
        const std::string link = "/proc/self/fd/" + std::to_string(made);
        ::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, path(old ? "unnamed" : "unnamed-at").c_str(),
                 AT_SYMLINK_FOLLOW);
    }
    tell(context, "set-id mknod", ::syscall(SYS_mknod, path("mknod").c_str(), S_IFREG | mode, 0));
    tell(context, "set-id mknodat",
         ::syscall(SYS_mknodat, AT_FDCWD, path("mknodat").c_str(), S_IFREG | mode, 0));
    // The kernel leaves these bits out by itself.
    say(context,
        std::string("mkdir ") + (::mkdir(path("mkdir").c_str(), mode) == 0 ? "ok" : "failed"));
    // Other bits are not touched, nor is a mode that nobody looks at.
    say(context, std::string("plain ") + (::chmod(fresh("plain").c_str(), 01755) == 0 &&
                                                  ::syscall(SYS_openat, AT_FDCWD, place.c_str(),
                                                            O_RDONLY | O_CLOEXEC, mode) >= 0
                                              ? "ok"
                                              : "failed"));
}

void set_id(Context& context, const Words& words) {
    ::umask(0);
    set_id_files(context, words[0], S_ISUID);
    set_id_files(context, words[0], S_ISGID);
}

}  // namespace

std::span<const Verb> attacks() {
    static constexpr auto verbs = std::to_array<Verb>({
        {"attack", 1, attack},
        {"attack-told", 1, attack_told},
        {"bombard", 1, bombard},
        {"state", 1, state},
        {"undo", 1, undo},
        {"uncover", 2, uncover},
        {"climb", 1, climb},
        {"set-id", 1, set_id},
        {"squat", 1, squat},
    });
    return verbs;
}

}  // namespace payload
