// SPDX-License-Identifier: Apache-2.0
#include <sbx/host.hpp>

#include "core/planning.hpp"
#include "core/text.hpp"
#include "sys/fd.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>

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
std::string current_directory() {
    const char* logical = std::getenv("PWD");
    return logical != nullptr && logical[0] == '/' && same_file(logical, ".") ? logical : "";
}

std::string real_current_directory() {
    std::array<char, PATH_MAX> path{};
    return ::getcwd(path.data(), path.size()) != nullptr && path[0] == '/' ? path.data() : "";
}

std::string read_link(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t got = ::readlink(path.c_str(), target.data(), target.size());
    if (got <= 0 || static_cast<std::size_t>(got) == target.size()) return {};
    return {target.data(), static_cast<std::size_t>(got)};
}

Source look_up(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    Source source;
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
        source.error = errno;
        return source;
    }
    source.kind = S_ISDIR(status.st_mode) ? Source::Kind::directory : Source::Kind::other;
    // Free of links and "..", so that the child's lookup, which begins below the new root that
    // covers "/", does not depend on what "/.." is. What has no path of its own (a namespace, a
    // deleted file) is opened by the name that was given.
    const std::string real = read_link("/proc/self/fd/" + std::to_string(fd.get()));
    struct stat again {};
    const bool true_name = !real.empty() && real[0] == '/' && ::lstat(real.c_str(), &again) == 0 &&
                           again.st_dev == status.st_dev && again.st_ino == status.st_ino;
    source.path = true_name ? real : path;
    return source;
}

// What --unshare-user-try and --unshare-cgroup-try ask: whether the kernel has them, and whether
// user namespaces are not switched off.
NamespaceSet available_namespaces() {
    NamespaceSet out;
    int allowed = 1;
    if (std::FILE* file = std::fopen("/proc/sys/user/max_user_namespaces", "re")) {
        if (std::fscanf(file, "%d", &allowed) != 1) allowed = 1;
        std::fclose(file);
    }
    if (allowed != 0 && ::access("/proc/self/ns/user", F_OK) == 0) out.add(Namespace::user);
    if (::access("/proc/self/ns/cgroup", F_OK) == 0) out.add(Namespace::cgroup);
    return out;
}

std::vector<UsrLink> usr_links() {
    std::vector<UsrLink> out;
    for (const char* name : {"/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"}) {
        std::string target = read_link(name);
        if (is_at_or_below(lexically_clean(target), "/usr")) {
            out.push_back({name, std::move(target)});
        }
    }
    return out;
}

// Names and numbers from the kernel's Documentation/admin-guide/devices.txt: a /dev/null that is
// something else (CVE-2025-31133) is not shown.
std::vector<std::string> devices() {
    struct Node {
        const char* name;
        unsigned major_number;
        unsigned minor_number;
    };
    static constexpr std::array<Node, 6> nodes = {{{"null", 1, 3},
                                                   {"zero", 1, 5},
                                                   {"full", 1, 7},
                                                   {"random", 1, 8},
                                                   {"urandom", 1, 9},
                                                   {"tty", 5, 0}}};
    std::vector<std::string> out;
    for (const Node& node : nodes) {
        struct stat status {};
        if (::stat((std::string("/dev/") + node.name).c_str(), &status) == 0 &&
            S_ISCHR(status.st_mode) &&
            status.st_rdev == ::makedev(node.major_number, node.minor_number)) {
            out.emplace_back(node.name);
        }
    }
    return out;
}

// What runc and the kernel's own documentation name as writable by the host's root: sysctls,
// the SysRq trigger, interrupts, buses and drivers.
std::vector<std::string> proc_covers() {
    std::vector<std::string> out;
    for (const char* name : {"acpi", "asound", "bus", "fs", "irq", "mtrr", "pressure", "scsi",
                             "sys", "sysrq-trigger"}) {
        if (::access((std::string("/proc/") + name).c_str(), F_OK) == 0) out.emplace_back(name);
    }
    return out;
}

// Landlock may be closed by a filter around us as well as not be there.
unsigned landlock_abi() {
    const long version =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : static_cast<unsigned>(version);
}

bool is_directory(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

std::vector<OpenDescriptor> inherited_descriptors() {
    std::vector<OpenDescriptor> out;
    DIR* listing = ::opendir("/proc/self/fd");
    if (listing == nullptr) return out;
    while (const dirent* entry = ::readdir(listing)) {
        if (entry->d_name[0] == '.') continue;
        const int fd = std::atoi(entry->d_name);
        const int flags = ::fcntl(fd, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) out.push_back({fd, is_directory(fd)});
    }
    ::closedir(listing);
    std::sort(out.begin(), out.end(),
              [](const OpenDescriptor& a, const OpenDescriptor& b) { return a.fd < b.fd; });
    return out;
}

Result<void> require_open(const planning::DescriptorUse& use, Wording wording) {
    if (::fcntl(use.fd, F_GETFD) >= 0) return {};
    const std::string number = std::to_string(use.fd);
    const std::string text = "descriptor " + number + " is not open";
    if (wording == Wording::bubblewrap) {
        return Error{use.bubblewrap_failure + "; " + text};
    }
    return Error{use.option + ": " + text + "; open it first, as in " + number + "<file"};
}

Source source_of(const Entry& entry) {
    if (const auto* bind = std::get_if<entry::Bind>(&entry)) return look_up(bind->source);
    if (const auto* bind = std::get_if<entry::BindFd>(&entry)) {
        return look_up("/proc/self/fd/" + std::to_string(bind->fd));
    }
    Source source;
    if (const auto* overlay = std::get_if<entry::Overlay>(&entry)) {
        for (const std::string& path : overlay->sources) source.more.push_back(look_up(path));
        if (overlay->changes == entry::Overlay::Changes::kept) {
            source.more.push_back(look_up(overlay->upper));
            source.more.push_back(look_up(overlay->work));
        }
    }
    return source;
}

std::string output_terminal() {
    if (::isatty(STDOUT_FILENO) == 0) return {};
    const char* name = ::ttyname(STDOUT_FILENO);
    return name != nullptr ? name : "";
}

}  // namespace

std::vector<std::string> capability_names() {
    std::vector<std::string> out;
    for (cap_value_t i = 0; i < cap_max_bits(); ++i) {
        char* name = cap_to_name(i);
        out.emplace_back(name != nullptr ? name : "");
        cap_free(name);
    }
    return out;
}

std::uint64_t held_capabilities() {
    if (::geteuid() != 0) return 0;
    cap_t mine = cap_get_proc();
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

Result<Host> probe_host(const Spec& spec) {
    Host host;
    host.uid = ::geteuid();
    host.gid = ::getegid();
    host.held_capabilities = held_capabilities();
    utsname system{};
    ::uname(&system);
    std::sscanf(system.release, "%u.%u", &host.kernel.major, &host.kernel.minor);
    if (spec.landlock != Landlock::off) host.landlock_abi = landlock_abi();
    if (!spec.unshare_try.empty()) host.namespaces = available_namespaces();
    host.real_cwd = real_current_directory();
    host.cwd = current_directory();
    if (host.cwd.empty()) host.cwd = host.real_cwd;
    for (char** entry = environ; *entry != nullptr; ++entry) host.environment.emplace_back(*entry);
    host.capability_names = capability_names();
    host.usr_links = usr_links();
    if (host.uid == 0) host.proc_covers = proc_covers();
    if (spec.descriptors == Descriptors::inherited) {
        host.descriptors = inherited_descriptors();
    } else {
        for (const int fd : {0, 1, 2}) host.descriptors.push_back({fd, is_directory(fd)});
    }
    host.devices = devices();
    host.output_terminal = output_terminal();
    host.controlling_terminal =
        static_cast<bool>(Fd(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)));

    std::vector<planning::DescriptorUse> uses = planning::descriptor_uses(spec);
    for (const int fd : spec.keep_fds) uses.push_back({fd, "--keep-fd", "Bad file descriptor"});
    for (const planning::DescriptorUse& use : uses) {
        if (auto open = require_open(use, spec.wording); !open) return open.error();
    }
    host.sources.reserve(spec.entries.size());
    for (const Entry& entry : spec.entries) host.sources.push_back(source_of(entry));
    return host;
}

}  // namespace sbx
