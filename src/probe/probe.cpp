// SPDX-License-Identifier: Apache-2.0
#include <sbx/host.hpp>

#include "base/devices.hpp"
#include "base/kernel.hpp"
#include "base/program_name.hpp"
#include "base/remedies.hpp"
#include "base/text.hpp"
#include "child/init_file.hpp"
#include "plan/planning.hpp"
#include "probe/probe.hpp"
#include "probe/source.hpp"
#include "probe/warnings.hpp"
#include "system/fd.hpp"
#include "system/machine.hpp"
#include "system/syscalls.hpp"
#include "view/entries.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace sbx {
namespace {

using sys::Fd;

bool same_file(const char* a, const char* b) {
    struct stat first {};
    struct stat second {};
    return ::stat(a, &first) == 0 && ::stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

// The shell's name for the directory, links and all, when it is true.
std::string logical_directory() {
    const char* logical = std::getenv("PWD");
    return logical != nullptr && logical[0] == '/' && same_file(logical, ".") ? logical : "";
}

// The error of a look at the machine that has to succeed.
Error failure(const std::string& what, int error) { return {what + ": " + error_text(error)}; }

// Empty when there is no path: it is removed, outside of our root, or above it we may not look.
Result<std::string> real_current_directory() {
    std::array<char, PATH_MAX> path{};
    if (::getcwd(path.data(), path.size()) != nullptr) {
        return std::string(path[0] == '/' ? path.data() : "");
    }
    if (errno == ENOENT || errno == EACCES || errno == ENAMETOOLONG || errno == ERANGE) {
        return std::string();
    }
    return failure("looking up the working directory", errno);
}

// Whether `path` is there. What is left out because it is not is left out for good, so only that
// is taken for an answer, and only when a second call gives it, too: a filter around us, or a
// security module, may answer one of them by itself.
Result<bool> is_there(const std::string& path) {
    struct stat status {};
    if (::access(path.c_str(), F_OK) == 0) return true;
    if (errno != ENOENT) return failure(quote(path), errno);
    if (::lstat(path.c_str(), &status) == 0) return true;
    if (errno != ENOENT) return failure(quote(path), errno);
    return false;
}

// Whether sessions have a nice value that procfs shows (sched(7)). The kernel that has the one file
// has the other; that of the process is the dearer one to ask for, and asked for where the first is
// hidden.
Result<bool> has_autogroups() {
    if (::access("/proc/sys/kernel/sched_autogroup_enabled", F_OK) == 0) return true;
    return is_there("/proc/self/autogroup");
}

// What --unshare-user-try and --unshare-cgroup-try ask: whether the kernel has them, and whether
// user namespaces are not switched off.
Result<NamespaceSet> available_namespaces() {
    NamespaceSet out;
    int allowed = 1;
    if (std::FILE* file = std::fopen("/proc/sys/user/max_user_namespaces", "re")) {
        if (std::fscanf(file, "%d", &allowed) != 1) allowed = 1;
        std::fclose(file);
    }
    const auto user = is_there("/proc/self/ns/user");
    const auto cgroup = is_there("/proc/self/ns/cgroup");
    if (!user) return user.error();
    if (!cgroup) return cgroup.error();
    if (allowed != 0 && *user) out.add(Namespace::user);
    if (*cgroup) out.add(Namespace::cgroup);
    return out;
}

Result<std::vector<UsrLink>> usr_links() {
    std::vector<UsrLink> out;
    for (const char* name : {"/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"}) {
        errno = 0;
        std::string target = sys::read_link(name);
        if (target.empty() && errno != 0 && errno != ENOENT && errno != EINVAL) {
            return failure(quote(name), errno);
        }
        if (is_at_or_below(lexically_clean(target), "/usr")) {
            out.push_back({name, std::move(target)});
        }
    }
    return out;
}

Result<std::vector<std::string>> names_in(const char* path) {
    struct CloseListing {
        void operator()(DIR* open) const { ::closedir(open); }
    };
    const std::unique_ptr<DIR, CloseListing> listing(::opendir(path));
    if (!listing && errno == ENOENT) return Error{no_proc()};
    if (!listing) return failure(quote(path), errno);
    std::vector<std::string> out;
    errno = 0;
    while (const dirent* entry = ::readdir(listing.get())) {
        if (entry->d_name[0] != '.') out.emplace_back(entry->d_name);
        errno = 0;
    }
    if (errno != 0) return failure(quote(path), errno);
    return out;
}

// The names at the top of procfs but for those of processes, which come last, after "self" and
// "thread-self": a machine may have thousands, and each costs as much as a file's look.
Result<std::vector<std::string>> names_of_proc(int proc) {
    std::vector<std::string> out;
    int selves = 0;
    alignas(dirent64) std::array<char, 2048> buffer{};
    while (true) {
        const long got = sys::call(SYS_getdents64, proc, buffer.data(), buffer.size());
        if (got < 0) return failure(quote("/proc"), static_cast<int>(-got));
        if (got == 0) return out;
        for (long at = 0; at < got;) {
            const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
            at += entry->d_reclen;
            const std::string_view name = &entry->d_name[0];
            const bool process = std::isdigit(static_cast<unsigned char>(name[0])) != 0;
            if (process && selves == 2) return out;
            if (name == "self" || name == "thread-self") ++selves;
            if (!process && name[0] != '.' && entry->d_type != DT_LNK) out.emplace_back(name);
        }
    }
}

// What the host's root can write to in procfs: sysctls, the SysRq trigger, interrupts, and whatever
// drivers and modules add. Every directory but those of processes, since no list of names is whole.
// And the files that nobody else can read: they tell of the kernel's memory, and of other users.
Result<void> look_at_proc(Host& host) {
    const sys::Fd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!proc && errno == ENOENT) return Error{no_proc()};
    if (!proc) return failure(quote("/proc"), errno);
    auto names = names_of_proc(proc.get());
    if (!names) return names.error();
    names->emplace_back("tty/driver");  // the one directory further down that is root's alone
    for (const std::string& name : *names) {
        struct stat status {};
        if (::fstatat(proc.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            const int error = errno;
            const bool may_miss = error == ENOENT && name == names->back();
            if (may_miss && ::faccessat(proc.get(), name.c_str(), F_OK, 0) != 0 &&
                errno == ENOENT) {
                continue;
            }
            return failure(quote("/proc/" + name), error);
        }
        const bool regular = S_ISREG(status.st_mode);
        const bool directory = S_ISDIR(status.st_mode);
        const bool below = name.find('/') != std::string::npos;
        // A device is what a container around us has put upon a file to hide it.
        const bool roots = (regular || directory) && (status.st_mode & 0404U) == 0400;
        if (roots || S_ISCHR(status.st_mode)) {
            host.proc_root_files.push_back(directory ? name + "/" : name);
        }
        const bool writable = regular && (status.st_mode & 0222U) != 0;
        if ((directory && !below) || writable) host.proc_covers.push_back(name);
    }
    std::sort(host.proc_covers.begin(), host.proc_covers.end());
    std::sort(host.proc_root_files.begin(), host.proc_root_files.end());
    // The one that is always there; not to see it is not to see procfs.
    if (std::find(host.proc_covers.begin(), host.proc_covers.end(), "sys") ==
        host.proc_covers.end()) {
        return Error{no_proc()};
    }
    return {};
}

Result<OpenDescriptor> open_descriptor(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) {
        return failure("looking at descriptor " + std::to_string(fd), errno);
    }
    constexpr unsigned memory_devices = 1;  // of which /dev/null is one
    const bool device = S_ISCHR(status.st_mode) && ::major(status.st_rdev) != memory_devices;
    return OpenDescriptor{fd, S_ISDIR(status.st_mode), device};
}

Result<std::vector<OpenDescriptor>> inherited_descriptors() {
    const auto names = names_in("/proc/self/fd");
    if (!names) return names.error();
    std::vector<OpenDescriptor> out;
    for (const std::string& name : *names) {
        const int fd = std::atoi(name.c_str());
        const int flags = ::fcntl(fd, F_GETFD);
        if (flags < 0 && errno == EBADF) continue;  // that of the listing itself
        if (flags < 0) return failure("looking at descriptor " + name, errno);
        if ((flags & FD_CLOEXEC) != 0) continue;
        const auto one = open_descriptor(fd);
        if (!one) return one.error();
        out.push_back(*one);
    }
    std::sort(out.begin(), out.end(),
              [](const OpenDescriptor& a, const OpenDescriptor& b) { return a.fd < b.fd; });
    return out;
}

// Whoever waits for something to read would wait for ever where nothing can be read.
Result<void> require_open(const planning::DescriptorUse& use, Wording wording) {
    const int flags = ::fcntl(use.fd, F_GETFL);
    const bool open = flags >= 0;
    const bool reads = use.use == planning::DescriptorUse::Use::read;
    if (open && (!reads || ((flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0))) return {};
    const std::string number = std::to_string(use.fd);
    const std::string text =
        "descriptor " + number + (open ? " cannot be read from" : " is not open");
    if (wording == Wording::bubblewrap) {
        return Error{open ? use.bubblewrap_failure : use.bubblewrap_failure + "; " + text};
    }
    return Error{use.option + ": " + text + "; open it first, as in " + number + "<file"};
}

template <typename T>
Result<void> take(Result<T> from, T& to) {
    if (!from) return from.error();
    to = std::move(*from);
    return {};
}

// The name of the terminal that `fd` is open on.
std::optional<HostTerminal> terminal_of(int fd) {
    std::array<char, PATH_MAX> name{};  // ttyname(3) has one for all threads
    if (::ttyname_r(fd, name.data(), name.size()) != 0) return std::nullopt;
    // The name is that of the very file that the descriptor is open on.
    struct stat status {};
    if (::fstat(fd, &status) != 0) return std::nullopt;
    return HostTerminal{fd, name.data(), Found{"", status.st_dev, status.st_ino}};
}

void add_terminal(const Spec& spec, Host& host) {
    for (const int fd : {STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO}) {
        for (const OpenDescriptor& open : host.descriptors) {
            if (open.fd == fd && open.device) host.terminal = terminal_of(fd);
        }
        if (host.terminal || spec.console == Console::output) return;
    }
}

// Where the sandbox gets the host's /proc.
Result<void> add_proc(const Spec& spec, Host& host) {
    if (spec.unshare.has(Namespace::pid) || spec.pidns_fd) return {};
    struct stat status {};
    if (::stat("/proc", &status) != 0) return Error{no_proc()};
    host.proc_found = Found{"", status.st_dev, status.st_ino};
    return {};
}

Result<std::uint64_t> memory() {
    struct sysinfo status {};
    if (::sysinfo(&status) != 0) return failure("looking at the size of the memory", errno);
    return std::uint64_t{status.totalram} * status.mem_unit;
}

// A relative pattern is a file where the process is that dies, in its own root. All else leads to
// the host: a program, a socket, or a path that the kernel may take from the host's root, for a
// process of which nobody may take a dump (fs.suid_dumpable in proc(5)). What cannot be read is
// taken for that, too.
CoreTarget core_target() {
    char first = '|';
    const Fd pattern(::open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC));
    if (pattern && ::read(pattern.get(), &first, 1) < 0) first = '|';
    if (first == '@') return CoreTarget::socket;
    if (first != '|' && first != '/') return CoreTarget::inside;
    rlimit limit{};
    const bool fixed = ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0;
    return fixed ? CoreTarget::fixed : CoreTarget::host;
}

}  // namespace

namespace sys {

std::vector<HostDevice> real_devices() {
    std::vector<HostDevice> out;
    for (const DeviceNode& node : device_nodes) {
        struct stat status {};
        // A /dev/null that is something else (CVE-2025-31133) is not shown.
        if (::stat((std::string("/dev/") + node.name).c_str(), &status) == 0 &&
            S_ISCHR(status.st_mode) &&
            status.st_rdev == ::makedev(node.major_number, node.minor_number)) {
            out.push_back({node.name, Found{"", status.st_dev, status.st_ino}});
        }
    }
    return out;
}

// ENOSYS may also come from a filter around us, which nobody can tell from an older kernel.
Result<unsigned> landlock_abi() {
    const long version =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version >= 0) return static_cast<unsigned>(version);
    if (errno == ENOSYS || errno == EOPNOTSUPP) return 0U;
    return Error{"asking for the version of landlock: " + error_text(errno) +
                 "; --landlock=off goes without it"};
}

}  // namespace sys

std::vector<std::string> capability_names() {
    std::vector<std::string> out;
    for (cap_value_t i = 0; i < cap_max_bits(); ++i) {
        char* name = cap_to_name(i);
        out.emplace_back(name != nullptr ? name : "");
        cap_free(name);
    }
    return out;
}

Result<std::uint64_t> held_capabilities() {
    uid_t ids[3]{};
    if (::getresuid(&ids[0], &ids[1], &ids[2]) != 0) return failure("looking at user ids", errno);
    if (ids[1] != 0) return std::uint64_t{0};
    cap_t mine = cap_get_proc();
    if (mine == nullptr) return failure("looking at the caller's capabilities", errno);
    std::uint64_t out = 0;
    for (cap_value_t i = 0; i < cap_max_bits(); ++i) {
        cap_flag_value_t held = CAP_CLEAR;
        if (cap_get_flag(mine, i, CAP_PERMITTED, &held) == 0 && held == CAP_SET) {
            out |= std::uint64_t{1} << static_cast<unsigned>(i);
        }
    }
    cap_free(mine);
    return out;
}

Result<std::string> current_directory() {
    if (std::string logical = logical_directory(); !logical.empty()) return logical;
    auto real = real_current_directory();
    if (real && real->empty()) return Error{"the working directory has no path; go to another one"};
    return real;
}

Result<Host> probe_host(const Spec& spec) {
    Host host;
    // Not geteuid(2), which could not say that a filter around us refuses it.
    uid_t ids[3]{};
    if (::getresuid(&ids[0], &ids[1], &ids[2]) != 0) return failure("looking at user ids", errno);
    host.uid = ids[1];
    if (::getresgid(&ids[0], &ids[1], &ids[2]) != 0) return failure("looking at group ids", errno);
    host.gid = ids[1];
    if (auto got = take(held_capabilities(), host.held_capabilities); !got) return got.error();
    utsname system{};
    if (::uname(&system) != 0) return failure("looking at the kernel's version", errno);
    host.kernel = kernel_version(system.release);
    host.init_program = !sys::init_bytes().empty();
    if (spec.landlock != Landlock::off) {
        if (auto got = take(sys::landlock_abi(), host.landlock_abi); !got) return got.error();
    } else if (planning::has_guards(spec)) {
        // Needed where the command may mount, which a plan refuses if there is none.
        if (const auto abi = sys::landlock_abi()) host.landlock_abi = *abi;
    }
    if (!spec.unshare_try.empty()) {
        if (auto got = take(available_namespaces(), host.namespaces); !got) return got.error();
    }
    if (auto got = take(real_current_directory(), host.real_cwd); !got) return got.error();
    host.cwd = logical_directory();
    if (host.cwd.empty()) host.cwd = host.real_cwd;
    if (!spec.working_directory.empty() && spec.working_directory != host.cwd) {
        return Error{"the working directory, " + quote(spec.working_directory) +
                     ", was moved or replaced while " SBX_NAME " started; run " SBX_NAME " again"};
    }
    char** end = environ;
    while (*end != nullptr) ++end;
    host.environment.assign(environ, end);
    // libcap's names are a tenth of what a plan costs, and mostly nobody asks for them.
    if (kept_capabilities(spec, host.held_capabilities) != 0) {
        host.capability_names = capability_names();
    } else {
        host.capability_names.resize(static_cast<std::size_t>(cap_max_bits()));
    }
    if (auto got = take(usr_links(), host.usr_links); !got) return got.error();
    if (spec.given == GivenTree::standard && planning::declares_usr(spec)) {
        host.usr_parts = sys::usr_parts(host);
    }
    if (host.uid == 0) {
        if (auto looked = look_at_proc(host); !looked) return looked.error();
    }
    if (spec.tmpfs_limits == TmpfsLimits::half) {
        if (auto got = take(memory(), host.memory); !got) return got.error();
    }
    if (spec.core_dumps == CoreDumps::inside) host.core_target = core_target();
    if (auto got = take(has_autogroups(), host.autogroups); !got) return got.error();
    if (spec.descriptors == Descriptors::inherited) {
        if (auto got = take(inherited_descriptors(), host.descriptors); !got) return got.error();
    } else {
        for (const int fd : {0, 1, 2}) {
            const auto one = open_descriptor(fd);
            if (!one) return one.error();
            host.descriptors.push_back(*one);
        }
    }
    host.devices = sys::real_devices();
    add_terminal(spec, host);
    if (auto got = add_proc(spec, host); !got) return got.error();
    host.controlling_terminal =
        static_cast<bool>(Fd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)));

    std::vector<planning::DescriptorUse> uses = planning::descriptor_uses(spec);
    for (const int fd : spec.keep_fds) uses.push_back({fd, "--keep-fd", "Bad file descriptor"});
    for (const planning::DescriptorUse& use : uses) {
        if (auto open = require_open(use, spec.wording); !open) return open.error();
    }
    if (auto got = take(sys::sources_of(spec, host), host.sources); !got) return got.error();
    sys::look_for_mistakes(spec, host);
    return host;
}

}  // namespace sbx
