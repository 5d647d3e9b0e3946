// SPDX-License-Identifier: Apache-2.0
#include "explain/explain.hpp"

#include "base/program_name.hpp"
#include "base/text.hpp"
#include "explain/bubblewrap.hpp"
#include "explain/exec.hpp"
#include "explain/refused_calls.hpp"
#include "plan/steps.hpp"
#include "probe/worktree.hpp"
#include "system/machine.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace sbx::sys {
namespace {

Outcome refused(std::string message) {
    return {.end = Outcome::End::refused, .error = Error{std::move(message)}};
}

const Step* step_at(const Plan& plan, std::int32_t index) {
    if (index < 0) return nullptr;
    auto at = static_cast<std::size_t>(index);
    if (at < plan.setup.size()) return &plan.setup[at];
    at -= plan.setup.size();
    return at < plan.seal.size() ? &plan.seal[at] : nullptr;
}

// Where in the directory a source that is a file may be meant to be.
std::string below_of(const Step& step) {
    const auto* bind = std::get_if<step::Bind>(&step);
    if (bind == nullptr) return {};
    const std::string name = bind->path.substr(bind->path.find_last_of('/') + 1);
    return ", as " + quote(lexically_clean(destination_of(step) + "/" + name));
}

// Whether what was mounted last above `path`, before the step `end`, is a procfs.
bool is_in_procfs(const Plan& plan, std::size_t end, const std::string& path) {
    for (const StepAt& at : steps_around(plan, end, path)) {
        if (std::holds_alternative<step::RemountReadOnly>(*at.step)) continue;
        return std::holds_alternative<step::MountProc>(*at.step);
    }
    return false;
}

// As "--bind /dev/null PATH", by which people mean to hide PATH.
bool binds_device(const Step& step) {
    const auto* bind = std::get_if<step::Bind>(&step);
    return bind != nullptr && (bind->path == "/dev/null" || bind->path == "/dev/zero");
}

std::string detail_text(const Plan& plan, const Step& step, const Report& report,
                        const std::optional<Excerpt>& excerpt) {
    const std::string there = quote(destination_of(step));
    switch (report.detail) {
        case Detail::would_write_on_host:
            if (is_in_procfs(plan, static_cast<std::size_t>(report.step),
                             lexically_clean(destination_of(step)))) {
                return there + " is not in procfs, where nothing can be made; mount it elsewhere";
            }
            return there +
                   " is in a directory of the host, where " SBX_NAME
                   " creates and changes nothing; " +
                   (binds_device(step) ? "--mask " + shell_words({destination_of(step)}) +
                                             " hides a path that may be missing, and keeps it so"
                                       : "create it there first, or mount it elsewhere");
        case Detail::destination_directory:
            return "the source is a file and " + there + " is a directory; name a file" +
                   below_of(step);
        case Detail::destination_file:
            return there + " is a file inside, not a directory; name a directory";
        case Detail::not_a_mount_point:
            return "nothing is mounted at " + there +
                   "; only a mount can be made read-only, so bind or mount something there first";
        case Detail::other_symlink:
            return "there is a link at " + there + " already that says " +
                   (excerpt ? quote({excerpt->data, static_cast<std::size_t>(excerpt->size)})
                            : "something else");
        case Detail::not_a_symlink: return there + " is there already and is not a symbolic link";
        case Detail::unreachable_directory: return "the directory is outside of the new root";
        case Detail::overlay_loop: return "Overlay directories may not overlap";
        case Detail::other_file:
            return "another file has taken the name of the one that the descriptor is open on; "
                   "open it again";
        case Detail::other_source:
            return (excerpt ? quote({excerpt->data, static_cast<std::size_t>(excerpt->size)})
                            : "the source") +
                   " was moved or replaced while " SBX_NAME " made the sandbox; run " SBX_NAME
                   " again";
        case Detail::too_many_layers:
            return "these are too many sources for an overlay: Linux takes 500 since 6.8, and 50 "
                   "before";
        case Detail::user_namespaces_allowed:
            return "creation of new user namespaces was not disabled as requested";
        case Detail::link_upwards:
            return "a symbolic link on the way leads to \"/\" or ends in \"..\"; name "
                   "what it leads to";
        case Detail::nameless_file:
            return "what is there is a file without a name, upon which nothing can be mounted; "
                   "leave out the option that puts it there";
        case Detail::missing_in_procfs:
            return "it is not there, and procfs could show it later; leave the option out, or keep "
                   "procfs out with --bare";
        case Detail::watching:
            return "watching on the host whether it is replaced: " + error_text(report.error) +
                   (report.error == EMFILE   ? "; fs.inotify.max_user_instances may be raised"
                    : report.error == ENOSPC ? "; fs.inotify.max_user_watches may be raised"
                                             : "");
        case Detail::placeholder:
            return "making an empty placeholder for it on the host: " + error_text(report.error) +
                   "; create it there, or let its directory be written to";
        case Detail::too_many_domains:
            return "16 sandboxes within each other are the most for Landlock; leave it out of this "
                   "one with --landlock=off";
        case Detail::locked: return "Unable to lock file: " + error_text(report.error);
        default: return {};
    }
}

bool is_file(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode) &&
           !S_ISLNK(status.st_mode);
}

// Whether what the last step of `plan` before `end` puts at `path` is a file.
bool is_file_inside(const Plan& plan, std::size_t end, const std::string& path) {
    for (const auto& [step, place] : steps_around(plan, end, path)) {
        if (std::holds_alternative<step::WriteFile>(*step) ||
            std::holds_alternative<step::BindData>(*step)) {
            if (place == path) return true;
            continue;
        }
        if (const auto* bind = std::get_if<step::Bind>(step)) {
            return is_file(rebased(path, place, bind->path));
        }
        if (const auto* bind = std::get_if<step::BindFd>(step)) {
            return is_file(rebased(path, place, bind->path));
        }
        if (std::holds_alternative<step::MountTmpfs>(*step)) return false;
    }
    return false;
}

// The part of the way to `destination` that is a file; empty: not known.
std::string file_on_the_way(const Plan& plan, std::size_t step, const std::string& destination) {
    const std::string path = lexically_clean(destination);
    for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
        std::string part = path.substr(0, at);
        if (is_file_inside(plan, step, part)) return part;
    }
    return {};
}

// ENOSPC of a step that is not about namespaces: the kernel has several limits by that name.
std::string no_space_remedy(const Step& step) {
    if (std::holds_alternative<step::WriteFile>(step) ||
        std::holds_alternative<step::BindData>(step)) {
        return "; the tmpfs that it is on is full: give it more with --size, or free memory";
    }
    return "; the number of mounts in a namespace is limited by the sysctl fs.mount-max, and "
           "memory "
           "by the cgroup: raise the one that is reached";
}

// The kind of what is at the host's `path`, as S_IFIFO; 0: not known.
mode_t kind_at(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & S_IFMT : 0;
}

// What to do where `step` binds something that has no place in a file system; empty: it does not.
std::string nameless_remedy(const Step& step) {
    const auto* bind = std::get_if<step::Bind>(&step);
    if (bind == nullptr) return {};
    const std::string& source = bind->source.empty() ? bind->path : bind->source;
    // The caller's descriptor may be closed by now. A pipe of mkfifo(3) has a place, and is bound.
    const mode_t kind = kind_at(bind->path);
    if (bind->kind != NodeKind::other || (kind != 0 && kind != S_IFIFO && kind != S_IFSOCK)) {
        return {};
    }
    const auto fd = descriptor_in_path(source);
    return "; a pipe or a socket without a name of its own, as of a shell's <(...), cannot be "
           "bound: --ro-bind-data " +
           (fd ? std::to_string(*fd) : "FD") + " " + shell_words({bind->destination}) +
           " makes a file of what it gives";
}

// EINVAL of a bind or an overlay.
std::string invalid_remedy(const Step& step) {
    if (std::string remedy = nameless_remedy(step); !remedy.empty()) return remedy;
    if (std::holds_alternative<step::MountOverlay>(step)) {
        return "; the kernel takes no directory for an overlay below which other file systems are "
               "mounted, nor a file system without what it needs for changes (another overlay, "
               "FAT, NFS): name directories below those mounts, on a file system such as ext4, xfs "
               "or tmpfs";
    }
    return "; the source belongs to another mount namespace, as what is below /proc/PID/root or "
           "behind a descriptor may: name it by a path of this one";
}

// The calls that one step makes beside those of every sandbox.
std::string_view further_calls_of(const Step& step) {
    if (std::holds_alternative<step::JoinSessionKeyring>(step)) return "keyctl";
    if (std::holds_alternative<step::SetHostname>(step)) return "sethostname";
    if (std::holds_alternative<step::JoinUserNamespace>(step)) return "setns";
    if (std::holds_alternative<step::CloseDescriptors>(step)) return "close_range";
    if (std::holds_alternative<step::EnterUserNamespace>(step)) return "clone clone3 setns unshare";
    return {};
}

// The limit that is reached, or the calls that are always refused, and what to do, as the end of a
// message; empty: nothing of these.
std::string with_refusal(int error, std::string_view also) {
    if (const std::string limit = limit_remedy(error); !limit.empty()) return "; " + limit;
    const std::string refusal = refusal_text(error, also);
    return refusal.empty() ? refusal : ": " + refusal;
}

// For a guard of what the directory .git has, where `file` is in its place.
std::string worktree_remedy(const Step& step, const std::string& file) {
    if (!std::holds_alternative<step::Guard>(step) || !file.ends_with("/.git")) return {};
    const std::string directory = file.substr(0, file.find_last_of('/'));
    const auto linked = linked_worktree(directory);
    const std::string otherwise =
        "or leave out --profile git, which is for a repository in the working directory";
    if (!linked) {
        return "; " + quote(file) +
               " is a file, as in a submodule, and its repository is elsewhere: start where that "
               "is, " +
               otherwise;
    }
    const std::string& named = linked->named;
    const bool has_main = named.ends_with("/.git");
    return "; " + quote(directory) + " is a linked worktree of the repository " + quote(named) +
           ": start " +
           (has_main ? "in the main working tree, " + quote(named.substr(0, named.size() - 5))
                     : "in a clone of its own") +
           ", " + otherwise;
}

std::string remedy(const Plan& plan, const Step& step, const Report& report) {
    const std::string destination = destination_of(step);
    const std::string there = quote(destination);
    if (report.detail == Detail::id_map) {
        return "; " + user_namespace_remedy(report.error);
    }
    if (std::string refusal = with_refusal(report.error, further_calls_of(step));
        !refusal.empty()) {
        return refusal;
    }
    if (std::holds_alternative<step::MountRoot>(step) && report.error == EINVAL &&
        look_up_restrictions().chrooted) {
        return "; " + chroot_remedy();
    }
    if (std::holds_alternative<step::MountProc>(step) && report.error == EPERM) {
        return "; " + proc_remedy();
    }
    if (std::holds_alternative<step::ChangeDirectory>(step) && report.error == ENOENT) {
        return " inside; bind it, or name another directory with --chdir";
    }
    if (report.error == EROFS && !destination.empty()) {
        return "; " + there +
               " is below a read-only mount, where no mount point can be made: "
               "mount it before that one, or create the place on the host";
    }
    if (report.error == ENOTDIR && !destination.empty()) {
        const std::string file =
            file_on_the_way(plan, static_cast<std::size_t>(report.step), destination);
        if (std::string text = worktree_remedy(step, file); !text.empty()) return text;
        return file.empty() ? "; a part of " + there + " is a file inside"
                            : "; " + quote(file) + " is a file inside, and nothing is below it";
    }
    if (report.error == ENOSPC) return no_space_remedy(step);
    const bool mounts_source = std::holds_alternative<step::Bind>(step) ||
                               std::holds_alternative<step::BindFd>(step) ||
                               std::holds_alternative<step::MountOverlay>(step);
    if (report.error == EINVAL && mounts_source) return invalid_remedy(step);
    if (report.error == EBUSY && std::holds_alternative<step::MountOverlay>(step)) {
        return "; another overlay uses its upper or work directory: each needs its own";
    }
    if (std::holds_alternative<step::Bind>(step) && report.error == EACCES) {
        return "; every directory on the way must be searchable for the caller's own user id: root "
               "inside has no power over the files of others";
    }
    if (report.error == ELOOP) {
        return "; the symbolic links inside lead in a circle, or go through procfs, whose own "
               "links are not followed";
    }
    return {};
}

// "FILE:LINE: " of the profile that asked for the step, or nothing.
std::string place_of(const Plan& plan, const Step& step) {
    const std::string destination = destination_of(step);
    if (destination.empty()) return {};
    const std::string path = lexically_clean(destination);
    const auto found =
        std::find_if(plan.places.rbegin(), plan.places.rend(),
                     [&](const auto& place) { return lexically_clean(place.first) == path; });
    return found == plan.places.rend() || found->second.empty() ? "" : found->second + ": ";
}

std::string step_text(const Plan& plan, const Report& report,
                      const std::optional<Excerpt>& excerpt) {
    const Step* step = step_at(plan, report.step);
    if (step == nullptr) {
        return "setting up the sandbox: " + error_text(report.error) +
               with_refusal(report.error, {});
    }
    if (plan.wording == Wording::bubblewrap) {
        std::string text = bubblewrap_step_text(*step, report, excerpt);
        const bool has_remedy = text.find("; ") != std::string::npos;
        if (!text.empty())
            return text + (has_remedy ? "" : with_refusal(report.error, further_calls_of(*step)));
    }
    std::string text = place_of(plan, *step) + "step " + std::to_string(report.step + 1) + ", " +
                       describe(*step) + ": ";
    const std::string detail = detail_text(plan, *step, report, excerpt);
    if (!detail.empty()) return text + detail;
    return text + error_text(report.error) + remedy(plan, *step, report);
}

}  // namespace

Error explain_start(const Plan& plan, const Started& started) {
    if (plan.wording == Wording::bubblewrap) return Error{bubblewrap_start_text(plan, started)};
    const int error = started.error;
    if (started.failed_at == Started::Failed::prepare) {
        return Error{"preparing to enter namespaces: " + error_text(error)};
    }
    if (started.failed_at == Started::Failed::join_user_namespace) {
        std::string text = "joining the specified user namespace failed: " + error_text(error);
        if (error == EINVAL) {
            text += "; the one that descriptor " + std::to_string(*plan.userns_fd) +
                    " refers to might not be a descendant of this user namespace";
        }
        return Error{text};
    }
    if (started.failed_at == Started::Failed::join_pid_namespace) {
        return Error{"joining the specified pid namespace failed: " + error_text(error)};
    }
    const bool user = plan.namespaces.has(Namespace::user);
    const std::string refused = refused_ways_to_clone(error);
    return Error{(user ? "making a user namespace: " : "making namespaces: ") + error_text(error) +
                 (refused.empty() ? "" : ", and always refused here: " + refused) + "; " +
                 (user ? new_user_namespace_remedy(error)
                       : "this needs root with CAP_SYS_ADMIN; use --unshare-user")};
}

Error explain_preparation(const std::string& what, int error) {
    const std::string limit = limit_remedy(error);
    return Error{what + ": " + error_text(error) + (limit.empty() ? "" : "; " + limit)};
}

std::string killed_remedy(int signal) {
    const std::string text = killed_text(signal);
    return text.empty() ? text : ": " + text;
}

Outcome explain_lost_guard(const Plan& plan, const std::optional<LostGuard>& lost) {
    const Step* step = lost ? step_at(plan, lost->step) : nullptr;
    if (step == nullptr) {
        return refused(
            "the process that watches over --mask and --protect was killed, and the "
            "sandbox with it");
    }
    return refused(describe(*step) + ": " + quote(lost->name) +
                   " was replaced, moved or removed outside, which lifts the guard, so the "
                   "sandbox was ended; guard the directory that it is in, or change it later");
}

Error explain_left(const Plan& plan, const LostGuard& left) {
    const Step* step = step_at(plan, left.step);
    const std::string name = left.name;
    std::string place = name;
    // The placeholder stands for the guarded path or for a directory on the way; a link may have
    // led elsewhere, where only the name is known.
    const std::string path = step == nullptr ? "" : lexically_clean(destination_of(*step)) + "/";
    if (const std::size_t at = path.find("/" + name + "/"); at != std::string::npos) {
        const std::string inside = path.substr(0, at + 1 + name.size());
        const auto around = steps_around(plan, plan.setup.size(), inside);
        const auto mount = std::find_if(around.begin(), around.end(), [](const StepAt& one) {
            return std::holds_alternative<step::Bind>(*one.step);
        });
        if (mount != around.end()) {
            place = rebased(inside, mount->place, std::get<step::Bind>(*mount->step).path);
        }
    }
    return Error{(step == nullptr ? "" : describe(*step) + ": ") + "the empty placeholder " +
                 quote(place) + " could not be removed from the host: " + error_text(left.left) +
                 "; remove it there"};
}

Outcome explain_report(const Plan& plan, const Report& report, const std::optional<Excerpt>& head) {
    Outcome out;
    if (report.detail == Detail::executable) {
        out = explain_exec(plan, report, head);
    } else if (report.detail == Detail::start_command) {
        out = refused("starting the command's process: " + error_text(report.error) +
                      with_refusal(report.error, "clone clone3"));
    } else {
        out = refused(step_text(plan, report, head));
        if (step_at(plan, report.step) != nullptr) out.step = static_cast<std::size_t>(report.step);
    }
    out.error_number = report.error;
    return out;
}

}  // namespace sbx::sys
