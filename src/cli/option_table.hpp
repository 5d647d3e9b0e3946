// SPDX-License-Identifier: Apache-2.0
// The one table of options. The parser, --help, the man page and the completions are all fed by
// it. A row needs a value of Option and a case in SpecBuilder::apply(), or nothing compiles.
#pragma once

#include "cli/program_name.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace sbx::cli {

enum class Option {
    help,
    version,
    dry_run,
    profile,
    unset,
    list_profiles,
    show_profile,
    save_profile,
    doctor,
    args,
    argv0,
    bind,
    bind_try,
    ro_bind,
    ro_bind_try,
    dev_bind,
    dev_bind_try,
    tmpfs,
    dir,
    symlink,
    file,
    proc,
    dev,
    remount_ro,
    bind_fd,
    ro_bind_fd,
    bind_data,
    ro_bind_data,
    overlay_src,
    overlay,
    tmp_overlay,
    ro_overlay,
    mqueue,
    wayland,
    chmod,
    mask,
    mask_try,
    protect,
    protect_try,
    protect_unless,
    watch_git,
    perms,
    size,
    bare,
    unshare_all,
    unshare_user,
    unshare_user_try,
    unshare_mount,
    unshare_pid,
    unshare_ipc,
    unshare_uts,
    unshare_net,
    unshare_cgroup,
    unshare_cgroup_try,
    unshare_time,
    share_user,
    share_mount,
    share_pid,
    share_ipc,
    share_uts,
    share_net,
    share_cgroup,
    share_time,
    userns,
    userns2,
    pidns,
    disable_userns,
    allow_userns,
    assert_userns_disabled,
    map_root_user,
    map_current_user,
    uid,
    gid,
    hostname,
    chdir,
    setenv,
    unsetenv,
    clearenv,
    keep_env,
    keep_fd,
    cap_add,
    cap_drop,
    seccomp_policy,
    seccomp_edit,
    allow_setuid_files,
    seccomp,
    add_seccomp_fd,
    landlock,
    warning,
    exec_label,
    file_label,
    not_a_security_boundary,
    die_with_parent,
    new_session,
    as_pid_1,
    lock_file,
    sync_fd,
    block_fd,
    userns_block_fd,
    info_fd,
    json_status_fd,
    result,
    level_prefix,
};

enum class Group { general, tree, namespaces, identity, environment, security, process };

/// What a shell may offer for an argument.
enum class Completion {
    none,
    host_path,
    inside_path,
    descriptor,
    number,
    capability,
    policy,
    edit,
    landlock_mode,
    plan_format,
    profile,
    option_name,
    variable,
    warning,
    help_topic,
    report_format,
};

struct OptionRow {
    Option id;
    std::string_view name;       ///< without the two dashes
    std::string_view arguments;  ///< metavariables, separated by a space; empty: none; "[X]": one
                                 ///< that may be left out, and follows an equals sign
    Completion first;            ///< of the first argument
    std::string_view help;       ///< one sentence without a full stop
    Group group;

    constexpr bool takes_optional() const { return !arguments.empty() && arguments[0] == '['; }

    /// The metavariable of an optional argument.
    constexpr std::string_view optional_name() const {
        return arguments.substr(1, arguments.size() - 2);
    }

    /// The metavariable of an argument, counted from 0.
    constexpr std::string_view argument_name(std::size_t index) const {
        std::string_view rest = arguments;
        for (; index > 0; --index) rest.remove_prefix(rest.find(' ') + 1);
        return rest.substr(0, rest.find(' '));
    }

    /// Whether an argument is a path, which cannot be empty.
    constexpr bool takes_path(std::size_t index) const {
        constexpr std::string_view paths[] = {"SRC",   "DEST", "PATH",   "DIR",  "OTHER",
                                              "UPPER", "WORK", "TARGET", "FILE", "PROFILE"};
        if (takes_optional()) return false;
        const std::string_view kind = argument_name(index);
        for (const std::string_view path : paths) {
            if (path == kind) return true;
        }
        return false;
    }

    /// How many words after it are its own.
    constexpr std::size_t argument_count() const {
        if (arguments.empty() || takes_optional()) return 0;
        std::size_t count = 1;
        for (const char c : arguments) count += c == ' ' ? 1U : 0U;
        return count;
    }
};

struct GroupRow {
    Group id;
    std::string_view name;  ///< for --help=NAME
    std::string_view title;
};

inline constexpr std::array<GroupRow, 7> group_table = {{
    {Group::general, "general", "General"},
    {Group::tree, "files", "What the command sees (in the order given; later covers earlier)"},
    {Group::namespaces, "namespaces", "Namespaces"},
    {Group::identity, "ids", "Ids"},
    {Group::environment, "environment", "Environment"},
    {Group::security, "security", "Privileges, system calls, warnings"},
    {Group::process, "processes", "Processes"},
}};

inline constexpr auto option_table = std::to_array<OptionRow>({
    {Option::help, "help", "[GROUP]", Completion::help_topic,
     "Print the options that most people need, those of GROUP, or all, and exit", Group::general},
    {Option::version, "version", "", Completion::none, "Print the version and exit",
     Group::general},
    {Option::dry_run, "dry-run", "[FORMAT]", Completion::plan_format,
     "Print the plan and exit without running anything (FORMAT: text, json, bwrap or tree)",
     Group::general},
    {Option::profile, "profile", "PROFILE", Completion::profile,
     "Take the options of a profile, by name or by file, before all others", Group::general},
    {Option::unset, "unset", "OPTION", Completion::option_name,
     "Take back what was said before, as in --unset 'bind /src' or --unset clearenv",
     Group::general},
    {Option::list_profiles, "list-profiles", "", Completion::none,
     "Print the profiles that there are, with what each is for, and exit", Group::general},
    {Option::show_profile, "show-profile", "", Completion::none,
     "Print the options that are in effect, and where each comes from, and exit", Group::general},
    {Option::save_profile, "save-profile", "FILE", Completion::host_path,
     "Write the options given as a profile to FILE (- for standard output) and exit",
     Group::general},
    {Option::doctor, "doctor", "[FORMAT]", Completion::report_format,
     "Print what this machine allows, with remedies (FORMAT: text, json)", Group::general},
    {Option::args, "args", "FD", Completion::descriptor,
     "Read more options from descriptor FD, each ended by a NUL byte", Group::general},
    {Option::argv0, "argv0", "VALUE", Completion::none,
     "What the command sees as its own name (argv[0])", Group::general},

    {Option::bind, "bind", "SRC DEST", Completion::host_path,
     "Show host path SRC at DEST, writable, with all that is mounted below it", Group::tree},
    {Option::bind_try, "bind-try", "SRC DEST", Completion::host_path,
     "As --bind, but left out when SRC does not exist", Group::tree},
    {Option::ro_bind, "ro-bind", "SRC DEST", Completion::host_path,
     "Show host path SRC at DEST, read-only", Group::tree},
    {Option::ro_bind_try, "ro-bind-try", "SRC DEST", Completion::host_path,
     "As --ro-bind, but left out when SRC does not exist", Group::tree},
    {Option::dev_bind, "dev-bind", "SRC DEST", Completion::host_path,
     "As --bind, and device nodes work", Group::tree},
    {Option::dev_bind_try, "dev-bind-try", "SRC DEST", Completion::host_path,
     "As --dev-bind, but left out when SRC does not exist", Group::tree},
    {Option::tmpfs, "tmpfs", "DEST", Completion::inside_path,
     "Mount an empty tmpfs on DEST (see --perms and --size)", Group::tree},
    {Option::dir, "dir", "DEST", Completion::inside_path,
     "Make directory DEST (see --perms); one that is there is left as it is", Group::tree},
    {Option::symlink, "symlink", "TARGET DEST", Completion::none,
     "Make a symbolic link at DEST that says TARGET", Group::tree},
    {Option::file, "file", "FD DEST", Completion::descriptor,
     "Make file DEST with what descriptor FD gives (see --perms)", Group::tree},
    {Option::proc, "proc", "DEST", Completion::inside_path, "Mount procfs on DEST", Group::tree},
    {Option::dev, "dev", "DEST", Completion::inside_path, "Mount a small /dev of its own on DEST",
     Group::tree},
    {Option::remount_ro, "remount-ro", "DEST", Completion::inside_path,
     "Make the mount at DEST read-only; mounts below it stay as they are", Group::tree},
    {Option::bind_fd, "bind-fd", "FD DEST", Completion::descriptor,
     "Show the directory or file that descriptor FD is open on, writable", Group::tree},
    {Option::ro_bind_fd, "ro-bind-fd", "FD DEST", Completion::descriptor, "As --bind-fd, read-only",
     Group::tree},
    {Option::bind_data, "bind-data", "FD DEST", Completion::descriptor,
     "Mount a file with what descriptor FD gives on DEST (see --perms)", Group::tree},
    {Option::ro_bind_data, "ro-bind-data", "FD DEST", Completion::descriptor,
     "As --bind-data, read-only", Group::tree},
    {Option::overlay_src, "overlay-src", "SRC", Completion::host_path,
     "A layer of the overlay that follows; the first one is the lowest", Group::tree},
    {Option::overlay, "overlay", "UPPER WORK DEST", Completion::host_path,
     "Mount an overlay; changes are kept in UPPER (WORK is on the same file system)", Group::tree},
    {Option::tmp_overlay, "tmp-overlay", "DEST", Completion::inside_path,
     "Mount an overlay whose changes are forgotten", Group::tree},
    {Option::ro_overlay, "ro-overlay", "DEST", Completion::inside_path,
     "Mount a read-only overlay of two layers or more", Group::tree},
    {Option::mqueue, "mqueue", "DEST", Completion::inside_path,
     "Mount the POSIX message queues of the ipc namespace on DEST", Group::tree},
    {Option::wayland, "wayland", "SRC DEST", Completion::host_path,
     "Show the socket SRC of a Wayland compositor at DEST, restricted if the compositor can",
     Group::tree},
    {Option::chmod, "chmod", "OCTAL PATH", Completion::number,
     "Change the permissions of PATH, which is there already", Group::tree},
    {Option::mask, "mask", "PATH", Completion::inside_path,
     "Hide PATH: empty, and cannot be opened, whatever else is mounted", Group::tree},
    {Option::mask_try, "mask-try", "PATH", Completion::inside_path,
     "As --mask, for what is there when the sandbox starts; PATH may be a pattern, as in "
     "/src/**/.env",
     Group::tree},
    {Option::protect, "protect", "PATH", Completion::inside_path,
     "Keep PATH as it is, or missing, although it is below something writable", Group::tree},
    {Option::protect_try, "protect-try", "PATH", Completion::inside_path,
     "As --protect, for what is there when the sandbox starts; PATH may be a pattern, as in "
     "/src/**/.git",
     Group::tree},
    {Option::protect_unless, "protect-unless", "OTHER PATH", Completion::inside_path,
     "As --protect PATH, but left out when something of the host is at OTHER", Group::tree},
    {Option::watch_git, "watch-git", "DIR MODE", Completion::host_path,
     "Look in host directory DIR for traps that git would step into later: tell (at the end), end "
     "(the sandbox, when there is one) or off",
     Group::tree},
    {Option::perms, "perms", "OCTAL", Completion::number,
     "Permissions of what the next option makes (--dir, --file, --bind-data, --tmpfs)",
     Group::tree},
    {Option::size, "size", "BYTES", Completion::number,
     "Size of the tmpfs that the next option mounts", Group::tree},
    {Option::bare, "bare", "", Completion::none,
     "Give nothing unasked: no /proc, /dev, /tmp, links into /usr and parts of /usr in /etc",
     Group::tree},

    {Option::unshare_all, "unshare-all", "", Completion::none,
     "Make every namespace new but the time namespace", Group::namespaces},
    {Option::unshare_user, "unshare-user", "", Completion::none, "Make a user namespace",
     Group::namespaces},
    {Option::unshare_user_try, "unshare-user-try", "", Completion::none,
     "Make a user namespace if this machine can", Group::namespaces},
    {Option::unshare_mount, "unshare-mount", "", Completion::none,
     "Make a mount namespace (always done)", Group::namespaces},
    {Option::unshare_pid, "unshare-pid", "", Completion::none, "Make a pid namespace",
     Group::namespaces},
    {Option::unshare_ipc, "unshare-ipc", "", Completion::none, "Make an ipc namespace",
     Group::namespaces},
    {Option::unshare_uts, "unshare-uts", "", Completion::none, "Make a uts namespace",
     Group::namespaces},
    {Option::unshare_net, "unshare-net", "", Completion::none,
     "Make a network namespace with nothing but a loopback device", Group::namespaces},
    {Option::unshare_cgroup, "unshare-cgroup", "", Completion::none, "Make a cgroup namespace",
     Group::namespaces},
    {Option::unshare_cgroup_try, "unshare-cgroup-try", "", Completion::none,
     "Make a cgroup namespace if this machine can", Group::namespaces},
    {Option::unshare_time, "unshare-time", "", Completion::none, "Make a time namespace",
     Group::namespaces},
    {Option::share_user, "share-user", "", Completion::none, "Make no user namespace (root only)",
     Group::namespaces},
    {Option::share_mount, "share-mount", "", Completion::none,
     "Refused: the new root lives in a mount namespace of its own", Group::namespaces},
    {Option::share_pid, "share-pid", "", Completion::none, "Stay in the caller's pid namespace",
     Group::namespaces},
    {Option::share_ipc, "share-ipc", "", Completion::none, "Stay in the caller's ipc namespace",
     Group::namespaces},
    {Option::share_uts, "share-uts", "", Completion::none, "Stay in the caller's uts namespace",
     Group::namespaces},
    {Option::share_net, "share-net", "", Completion::none, "Stay in the caller's network namespace",
     Group::namespaces},
    {Option::share_cgroup, "share-cgroup", "", Completion::none,
     "Stay in the caller's cgroup namespace", Group::namespaces},
    {Option::share_time, "share-time", "", Completion::none, "Stay in the caller's time namespace",
     Group::namespaces},
    {Option::userns, "userns", "FD", Completion::descriptor,
     "Enter the user namespace of descriptor FD instead of making one", Group::namespaces},
    {Option::userns2, "userns2", "FD", Completion::descriptor,
     "Let the command enter the user namespace of descriptor FD after set-up", Group::namespaces},
    {Option::pidns, "pidns", "FD", Completion::descriptor,
     "Enter the pid namespace of descriptor FD", Group::namespaces},
    {Option::disable_userns, "disable-userns", "", Completion::none,
     "Let no user namespace be made inside", Group::namespaces},
    {Option::allow_userns, "allow-userns", "", Completion::none,
     "Let sandboxes and containers be made inside, which opens more of the kernel",
     Group::namespaces},
    {Option::assert_userns_disabled, "assert-userns-disabled", "", Completion::none,
     "Fail when a user namespace can be made inside", Group::namespaces},

    {Option::map_root_user, "map-root-user", "", Completion::none,
     "The caller is uid 0 and gid 0 inside", Group::identity},
    {Option::map_current_user, "map-current-user", "", Completion::none,
     "The caller keeps its own ids inside", Group::identity},
    {Option::uid, "uid", "UID", Completion::number, "The caller is UID inside", Group::identity},
    {Option::gid, "gid", "GID", Completion::number, "The caller is GID inside", Group::identity},
    {Option::hostname, "hostname", "NAME", Completion::none, "The host name inside",
     Group::identity},

    {Option::chdir, "chdir", "DIR", Completion::inside_path,
     "Run the command in DIR (else: where the caller is, if that is there inside)",
     Group::environment},
    {Option::setenv, "setenv", "NAME VALUE", Completion::none, "Set an environment variable",
     Group::environment},
    {Option::unsetenv, "unsetenv", "NAME", Completion::variable, "Unset an environment variable",
     Group::environment},
    {Option::clearenv, "clearenv", "", Completion::none, "Unset all environment variables",
     Group::environment},
    {Option::keep_env, "keep-env", "NAME", Completion::variable,
     "Keep the caller's variable NAME, if there is one, after --clearenv; NAME may end in *",
     Group::environment},
    {Option::keep_fd, "keep-fd", "FD", Completion::descriptor,
     "Pass descriptor FD on to the command", Group::environment},

    {Option::cap_add, "cap-add", "CAP", Completion::capability,
     "Keep capability CAP, or ALL, within the sandbox", Group::security},
    {Option::cap_drop, "cap-drop", "CAP", Completion::capability, "Drop capability CAP, or ALL",
     Group::security},
    {Option::seccomp_policy, "seccomp-policy", "POLICY", Completion::policy,
     "Filter system calls by a built-in policy, a file of OCI seccomp JSON, or none",
     Group::security},
    {Option::seccomp_edit, "seccomp-edit", "EDIT", Completion::edit,
     "Change the policy: allow:CALL or deny:CALL, whatever it says of that system call, or "
     "allow:socket:FAMILY for one family of sockets",
     Group::security},
    {Option::allow_setuid_files, "allow-setuid-files", "", Completion::none,
     "As root: let the command set set-user-id and set-group-id bits of files", Group::security},
    {Option::seccomp, "seccomp", "FD", Completion::descriptor,
     "Load the compiled seccomp filter (BPF) that descriptor FD gives", Group::security},
    {Option::add_seccomp_fd, "add-seccomp-fd", "FD", Completion::descriptor,
     "As --seccomp, and can be given more than once", Group::security},
    {Option::landlock, "landlock", "MODE", Completion::landlock_mode,
     "Landlock behind the mounts: auto (what this kernel has), require (all of it) or off",
     Group::security},
    {Option::warning, "warning", "NAME MODE", Completion::warning,
     "What becomes of the warning NAME, or all: show, hide, or refuse to run", Group::security},
    {Option::exec_label, "exec-label", "LABEL", Completion::none,
     "Refused: SELinux labels are not supported", Group::security},
    {Option::file_label, "file-label", "LABEL", Completion::none,
     "Refused: SELinux labels are not supported", Group::security},
    {Option::not_a_security_boundary, "not-a-security-boundary", "", Completion::none,
     "Accepted as bubblewrap 0.12 has it; changes nothing, since no protection depends on it",
     Group::security},

    {Option::die_with_parent, "die-with-parent", "", Completion::none,
     "Kill the sandbox when the caller of " SBX_NAME " dies", Group::process},
    {Option::new_session, "new-session", "", Completion::none,
     "Run the command in a session without a terminal", Group::process},
    {Option::as_pid_1, "as-pid-1", "", Completion::none,
     "Run the command as pid 1, without an init that reaps", Group::process},
    {Option::lock_file, "lock-file", "PATH", Completion::inside_path,
     "Hold a read lock on the file PATH, inside, until the sandbox ends", Group::process},
    {Option::sync_fd, "sync-fd", "FD", Completion::descriptor,
     "Keep descriptor FD open until the sandbox ends; may be given more than once", Group::process},
    {Option::block_fd, "block-fd", "FD", Completion::descriptor,
     "Wait for a byte or the end of descriptor FD before the command is run", Group::process},
    {Option::userns_block_fd, "userns-block-fd", "FD", Completion::descriptor,
     "Wait for descriptor FD before the ids are used, which the caller maps", Group::process},
    {Option::info_fd, "info-fd", "FD", Completion::descriptor,
     "Write what is known of the sandbox to descriptor FD, as JSON", Group::process},
    {Option::json_status_fd, "json-status-fd", "FD", Completion::descriptor,
     "Write the start and the exit status to descriptor FD, a line of JSON each", Group::process},
    {Option::result, "result", "FILE", Completion::host_path,
     "Write how it went to FILE at the end (- for standard output), as one JSON object",
     Group::process},
    {Option::level_prefix, "level-prefix", "", Completion::none,
     "Begin messages with their syslog level, as in <3>", Group::process},
});

namespace detail {
constexpr bool rows_are_complete() {
    for (std::size_t i = 0; i < option_table.size(); ++i) {
        if (option_table[i].id != static_cast<Option>(i)) return false;
    }
    return option_table.back().id == Option::level_prefix;
}
}  // namespace detail
static_assert(detail::rows_are_complete(), "a row for each Option, in the same order");

/// What --help shows when no group is asked for: what a first sandbox is made of.
inline constexpr std::array common_options = {
    Option::help,    Option::profile,        Option::list_profiles, Option::dry_run,
    Option::doctor,  Option::ro_bind,        Option::bind,          Option::tmpfs,
    Option::mask,    Option::protect,        Option::share_net,     Option::map_current_user,
    Option::chdir,   Option::setenv,         Option::clearenv,      Option::keep_env,
    Option::cap_add, Option::seccomp_policy, Option::result,
};

/// Whether an option says something of the sandbox, and not what to do instead of running it or
/// where other options are: only then it has a place in a profile.
constexpr bool describes_sandbox(Option option) {
    switch (option) {
        case Option::help:
        case Option::version:
        case Option::dry_run:
        case Option::doctor:
        case Option::args:
        case Option::profile:
        case Option::list_profiles:
        case Option::show_profile:
        case Option::save_profile: return false;
        default: return true;
    }
}

/// The row of an option by its name without dashes; nullptr when there is none.
constexpr const OptionRow* find_option(std::string_view name) {
    for (const OptionRow& row : option_table) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

}  // namespace sbx::cli
