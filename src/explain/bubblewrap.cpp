// SPDX-License-Identifier: Apache-2.0
#include "explain/bubblewrap.hpp"

#include "base/text.hpp"
#include "explain/refused_calls.hpp"
#include "system/machine.hpp"

#include <cerrno>
#include <cstring>
#include <iomanip>
#include <sstream>
#include <string_view>

namespace sbx::sys {
namespace {

// strerror(3) without translations: what scripts look for.
std::string text_of(int error) {
    const char* text = strerrordesc_np(error);
    return text != nullptr ? text : "Unknown error " + std::to_string(error);
}

// Where bubblewrap assembles the root; its messages name destinations by that.
std::string staged(const std::string& destination) {
    const std::size_t start = destination.find_first_not_of('/');
    return "/newroot/" + (start == std::string::npos ? "" : destination.substr(start));
}

std::string octal(unsigned mode) {
    std::ostringstream out;
    out << std::showbase << std::oct << mode;
    return out.str();
}

// A destination that could not be found or made, or is of the wrong kind.
std::string place_text(const std::string& destination, bool is_directory, std::string_view file,
                       const Report& report) {
    const std::string cause = ": " + text_of(report.error);
    switch (report.detail) {
        case Detail::making_parents: return "Can't mkdir parents for " + destination + cause;
        case Detail::destination_file: return "Destination is not a directory " + destination;
        case Detail::destination_directory: return "Destination is not a file " + destination;
        case Detail::making_destination:
            return (is_directory ? "Can't mkdir " : std::string(file)) + destination + cause;
        default: return {};
    }
}

// What stands between the name of a destination and the cause, for each step.
struct StepText {
    const Report& report;
    const std::optional<Excerpt>& excerpt;

    std::string cause() const {
        return ": " + text_of(report.error) +
               (report.detail == Detail::other_source
                    ? "; the source was moved or replaced while the sandbox was made, run it again"
                    : "");
    }

    std::string mounted(const char* what, const std::string& destination) const {
        std::string place = place_text(destination, true, "", report);
        if (!place.empty()) return place;
        return "Can't mount " + std::string(what) + " on " + staged(destination) + cause();
    }

    std::string operator()(const step::Bind& s) const {
        std::string place = place_text(s.destination, s.kind == NodeKind::directory,
                                       "Can't create file at ", report);
        if (!place.empty()) return place;
        return "Can't bind mount /oldroot" + s.path + " on " + staged(s.destination) + cause();
    }
    std::string operator()(const step::BindFd& s) const {
        if (report.detail == Detail::other_file) return "Race condition binding dirfd";
        return (*this)(step::Bind{s.path, s.path, s.destination, s.access, s.kind});
    }
    std::string operator()(const step::BindData& s) const {
        if (report.detail == Detail::copying) {
            return "Can't write data to file " + s.destination + cause();
        }
        std::string place = place_text(s.destination, false, "Can't create file at ", report);
        if (!place.empty()) return place;
        return "Can't bind mount data on " + staged(s.destination) + cause();
    }
    std::string operator()(const step::WriteFile& s) const {
        if (report.detail == Detail::copying) {
            return "Can't write data to file " + s.destination + cause();
        }
        if (report.detail == Detail::destination_directory) {
            return "Can't create file " + s.destination + cause();
        }
        std::string place = place_text(s.destination, false, "Can't create file ", report);
        return place.empty() ? "Can't create file " + s.destination + cause() : place;
    }
    std::string operator()(const step::MountRoot&) const {
        if (report.error != EINVAL || !look_up_restrictions().chrooted) return {};
        return "Failed to mount tmpfs" + cause() + "; " + chroot_remedy();
    }
    std::string operator()(const step::MountTmpfs& s) const {
        return mounted("tmpfs", s.destination);
    }
    std::string operator()(const step::MountProc& s) const {
        std::string out = mounted("proc", s.destination);
        // A call that is refused to every step is named by the caller of this.
        if (report.error == EPERM && refusal_text(EPERM).empty()) out += "; " + proc_remedy();
        return out;
    }
    std::string operator()(const step::MountDevpts& s) const {
        return mounted("devpts", s.destination);
    }
    std::string operator()(const step::MountMqueue& s) const {
        return mounted("mqueue", s.destination);
    }
    std::string operator()(const step::MountOverlay& s) const {
        std::string place = place_text(s.destination, true, "", report);
        if (!place.empty()) return place;
        return "Can't make overlay mount on " + staged(s.destination) +
               (report.detail == Detail::overlay_loop ? ": Overlay directories may not overlap"
                : report.detail == Detail::too_many_layers
                    ? ": these are too many sources for an overlay: Linux takes 500 since 6.8, and "
                      "50 before"
                    : cause());
    }
    std::string operator()(const step::MakeDirectory& s) const {
        std::string place = place_text(s.destination, true, "", report);
        return place.empty() ? "Can't mkdir " + s.destination + cause() : place;
    }
    std::string operator()(const step::MakeSymlink& s) const {
        if (report.detail == Detail::making_parents) {
            return place_text(s.destination, true, "", report);
        }
        const std::string what = "Can't make symlink at " + s.destination + ": ";
        if (report.detail == Detail::other_symlink && excerpt) {
            const auto size = static_cast<std::size_t>(excerpt->size);
            return what + "existing destination is " + quote_if_needed({excerpt->data, size});
        }
        if (report.detail == Detail::not_a_symlink) {
            return what + "destination exists and is not a symlink";
        }
        return what + text_of(report.error);
    }
    std::string operator()(const step::RemountReadOnly& s) const {
        const std::string place = staged(s.destination);
        const std::string what = "Can't remount readonly on " + place;
        if (report.detail == Detail::not_a_mount_point) {
            return what + ": Unable to find \"" + place + "\" in mount table";
        }
        if (report.error == ENOENT) return what + ": realpath(destination)" + cause();
        return what + cause();
    }
    std::string operator()(const step::Chmod& s) const {
        return "Can't chmod " + octal(s.mode) + " " + s.destination + cause();
    }
    std::string operator()(const step::MapIds&) const {
        return "setting up uid map" + cause() + "; " + user_namespace_remedy(report.error);
    }
    std::string operator()(const step::SetIds& s) const {
        return "unable to switch to uid " + (s.uid ? std::to_string(*s.uid) : "of the caller") +
               (s.gid ? ", gid " + std::to_string(*s.gid) : "") + cause();
    }
    std::string operator()(const step::SetHostname& s) const {
        return "Can't set hostname to " + s.name + cause();
    }
    std::string operator()(const step::LockFile& s) const {
        const bool opened = report.detail == Detail::locked;
        return std::string(opened ? "Unable to lock file " : "Unable to open lock file ") + s.path +
               cause();
    }
    std::string operator()(const step::JoinUserNamespace&) const {
        return "Setting userns2 failed" + cause();
    }
    std::string operator()(const step::AssertNoUserNamespaces&) const {
        return report.detail == Detail::user_namespaces_allowed
                   ? "creation of new user namespaces was not disabled as requested"
                   : "";
    }
    std::string operator()(const step::ChangeDirectory& s) const {
        return "Can't chdir to " + s.candidates.back() + cause();
    }
    std::string operator()(const step::LoadFilter&) const {
        if (report.error != EINVAL) return "prctl(PR_SET_SECCOMP)" + cause();
        return std::string(bubblewrap_refused_filter);
    }
    template <typename Other>
    std::string operator()(const Other&) const {
        return {};
    }
};

}  // namespace

std::string bubblewrap_start_text(const Plan& plan, const Started& started) {
    const std::string cause = ": " + text_of(started.error);
    if (started.failed_at == Started::Failed::prepare)
        return "Preparing to enter namespaces" + cause;
    if (started.failed_at == Started::Failed::join_user_namespace) {
        if (started.error != EINVAL) return "Joining specified user namespace failed" + cause;
        return "Joining the specified user namespace failed, it might not be a descendant of the "
               "current user namespace.";
    }
    if (started.failed_at == Started::Failed::join_pid_namespace) {
        return "Setting pidns failed" + cause;
    }
    if (!plan.namespaces.has(Namespace::user)) return "Creating new namespace failed" + cause;
    const std::string remedy = "; " + new_user_namespace_remedy(started.error);
    switch (started.error) {
        case EINVAL:
            return "Creating new namespace failed, likely because the kernel does not support "
                   "user namespaces" +
                   remedy;
        case EPERM:
            return "No permissions to create a new namespace, likely because the kernel does not "
                   "allow non-privileged user namespaces. On e.g. debian this can be enabled with "
                   "'sysctl kernel.unprivileged_userns_clone=1'" +
                   remedy;
        case ENOSPC:
            return "Creating new namespace failed: nesting depth or "
                   "/proc/sys/user/max_*_namespaces exceeded (ENOSPC)" +
                   remedy;
        default: return "Creating new namespace failed" + cause + remedy;
    }
}

std::string bubblewrap_step_text(const Step& step, const Report& report,
                                 const std::optional<Excerpt>& excerpt) {
    return std::visit(StepText{report, excerpt}, step);
}

std::string bubblewrap_exec_text(const Plan& plan, int error) {
    return "execvp " + plan.command + ": " + text_of(error);
}

}  // namespace sbx::sys
