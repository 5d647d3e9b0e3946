// SPDX-License-Identifier: Apache-2.0
// What runs between clone and exec: init, and the command's own process until it execs. It reads
// what the parent built before and reports numbers. It must not allocate, lock, throw, use stdio
// or call into libseccomp or libcap: the caller may have threads whose locks were copied in a
// locked state. tests/lint holds it to a list of symbols.
//
// Theory of operation. Three processes:
//
//   supervisor (the caller)      init (pid 1)                     command (pid 2)
//   clone3 --------------------> Plan::setup, step by step
//                                clone3 ------------------------> Plan::seal, step by step
//                                closes all but four descriptors  waits on `hold`
//                                executes a program of its own
//                                drops capabilities
//                                writes a byte to `hold` -------> filters, execve
//   poll loop                    poll loop: reaps, passes on
//
// and what ties them, all of it close-on-exec, where an end of file means something:
//
//   ready   supervisor -> init     signal numbers to pass on (0: go on). End of file: that one is
//                                  gone, and init leaves: the kernel kills all that is inside.
//                                  Back comes one byte, from the command just before exec.
//   report  init, command -> sup.  one Report if anything fails, or one of each. End of file: exec
//                                  worked.
//   status  init -> supervisor     how the command stopped or ended. End of file: init was killed.
//                                  Before that, if the plan says so, that the namespaces or the
//                                  socket for Wayland are there.
//   hold    init -> command        one byte: init holds nothing of the host any more.
//
// With InitProgram::own all three have one memory, the supervisor's, until each executes something
// else, and nobody else is inside until the command has. So nobody can look into set-up, and
// init_program.cpp, which is init from then on, has nothing of the host: no memory, no environment,
// no command line. With InitProgram::copy, and where exec or a file in memory is refused, init is a
// copy of the supervisor and stays one; what it remembers is hidden from inside.
//
// With Init::command there is no init: the first process seals itself and execs. Where the plan
// enters namespaces of others (--userns, --pidns), a helper enters them and makes init as its
// sibling; from then on until exec nobody in them may look at what sees the host.
//
// Who protects what, when: as long as a process has capabilities, the kernel keeps those without
// them from tracing it. So the command closes what is the host's, then drops its own, and is opaque
// (PR_SET_DUMPABLE) until exec; init closes all, then keeps one in reserve or becomes opaque, and
// only then lets the command go. Where nobody else can be inside yet, the command has init's memory
// until exec (ChildImage::beside), and init is opaque as long, as is the supervisor where the
// memory is its own. The command may be made before set-up then, and waits for it, with init's root
// and working directory for its own: see plan/processes.hpp.
#pragma once

#include <sbx/plan.hpp>

#include "base/executable.hpp"
#include "base/modes.hpp"
#include "child/init_loop.hpp"

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sbx::sys {

/// Why a step failed, where errno alone does not say it.
enum class Detail : std::int32_t {
    none,
    would_write_on_host,    ///< the destination is below a bind of the host
    destination_directory,  ///< it is a directory, the source is not
    destination_file,       ///< it is no directory, the source is one
    making_parents,         ///< finding or making a directory on the way to the destination
    making_destination,     ///< making the place itself
    copying,                ///< reading a descriptor, or writing what it gave
    not_a_mount_point,
    other_symlink,  ///< a link that says something else is there; Excerpt has what
    not_a_symlink,
    unreachable_directory,    ///< the working directory is outside of the new root
    id_map,                   ///< writing uid_map or gid_map
    unknown_step,             ///< a step of the other half of the plan
    start_command,            ///< making the command's process
    overlay_loop,             ///< overlay directories overlap
    other_file,               ///< a descriptor's name is another file's by now
    other_source,             ///< the name of a source is another file's by now; Excerpt has which
    too_many_layers,          ///< more overlay sources than one option string holds
    link_upwards,             ///< a guarded link that leads to "/", or ends in ".."
    nameless_file,            ///< a file without a name, upon which nothing can be mounted
    missing_in_procfs,        ///< what is guarded is not in procfs, and could come later
    watching,                 ///< watching a name on the way to what is guarded
    placeholder,              ///< making the placeholder of what is guarded and missing
    too_many_domains,         ///< Landlock's limit on nesting
    user_namespaces_allowed,  ///< a user namespace could be made
    locked,                   ///< taking a file lock
    executable,               ///< exec itself; `step` is the index in Plan::executables
    init_program,             ///< init's own exec, or what it needs for it
};

/// What the child writes into the report pipe when something fails. An Excerpt may follow.
struct Report {
    std::int32_t step;   ///< index over setup and seal together; -1: none
    std::int32_t error;  ///< errno
    Detail detail;
};

/// What the machine has that explains a failure: after Detail::executable the first bytes of a file
/// that exists but could not be executed, after Detail::other_symlink what the link says.
struct Excerpt {
    std::int32_t candidate = 0;        ///< index in Plan::executables
    std::int32_t size = 0;             ///< bytes of `data`
    char data[excerpt_of_executable];  ///< with the two numbers less than PIPE_BUF: written in one
                                       ///< piece
};

/// A mount of the sandbox's own file system: files may be made there. In an overlay the files of a
/// lower layer have another device than the overlay, and the same mount.
struct OwnMount {
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    std::uint64_t mount = 0;
};

/// A part of our memory.
struct Range {
    void* begin = nullptr;
    std::size_t size = 0;
};

/// Everything that the child reads, built before clone. Pointers stay valid until exec.
struct ChildImage {
    const Plan* plan = nullptr;
    char* const* executables = nullptr;  ///< ends with nullptr
    char** argv = nullptr;               ///< ends with nullptr; argv[-1] is free for a shell's name
    char** envp = nullptr;               ///< ends with nullptr; slot `pwd` is filled by the child
    std::size_t pwd = 0;
    char* const* pwd_entries = nullptr;  ///< "PWD=..." for each candidate of ChangeDirectory
    char* listen_pid = nullptr;  ///< zeros in envp that the child fills with its pid; none: nullptr
    OwnMount* own_mounts = nullptr;  ///< room for the file systems that the child mounts
    std::size_t own_count = 0;
    std::size_t own_room = 0;
    int* init_fds = nullptr;  ///< room for what init keeps open: see init_fds_needed()
    std::size_t init_count = 0;
    int proc = -1;           ///< /proc of the host (O_PATH)
    int null = -1;           ///< /dev/null, where the plan puts it on a descriptor
    int ready_read = -1;     ///< life line; end of file: the supervisor is gone. Carries signals.
    int ready_write = -1;    ///< the supervisor's end
    int report_write = -1;   ///< Report; end of file: exec worked
    int status_write = -1;   ///< Status; end of file: init was killed
    int hold = -1;           ///< in the command: what init says go by
    int listener = -1;       ///< a socket without a name for step::WaylandSocket
    int lifetime = -1;       ///< its end of file tells the compositor of init's end
    int cleaner = -1;        ///< init's end of the way to the cleaner, where there is one
    int cleaner_far = -1;    ///< the cleaner's end, which init must not hold open
    int init_program = -1;   ///< what init executes; else -1, and it has a memory of its own
    bool beside = false;     ///< the command begins in init's memory
    bool scoped = false;     ///< init's signals are known to stay inside: see scope_signals()
    std::uint64_t mask = 0;  ///< the caller's signal mask, for the command
    bool ignore_sigchld = false;  ///< the caller ignored SIGCHLD; so does the command
    Range code[4];                ///< what forget_code() unmaps; nothing in a caller's program
};

/// How making init went.
struct Started {
    enum class Failed {
        nothing,
        prepare,
        clone,
        join_user_namespace,
        join_pid_namespace
    } failed_at = Failed::nothing;
    int error = 0;   ///< errno of what failed
    pid_t pid = -1;  ///< of the child, a child of the caller; -1: it is not known
    int pidfd = -1;
    pid_t helper = 0;  ///< from a helper: another one, a child of the caller, goes on
};

/// Makes init; comes back in the parent only. With CLONE_PARENT in `more_flags` it becomes a child
/// of the calling process's parent. `out.pidfd` is set by the kernel, before init does anything.
void clone_child(const Plan& plan, ChildImage& image, std::uint64_t more_flags, Started& out);

/// The body of a helper: enters the namespaces of the plan, makes init as its sibling, and says in
/// `answer`, which it shares with the supervisor, how that went.
[[noreturn]] void helper_main(const Plan& plan, ChildImage& image, Started& answer);

/// The body of the process that clone3 made. All signals are blocked when it is called.
[[noreturn]] void child_main(ChildImage& image);

// ---- the parts of it ----

/// 0, or what to report.
struct Failure {
    int error = 0;
    Detail detail = Detail::none;
    explicit operator bool() const { return error != 0; }
};

/// What a system call's result, -errno or not, means.
[[gnu::always_inline]] inline Failure failed(long result) {
    return {result < 0 ? static_cast<int>(-result) : 0};
}

/// fstat(2), of an O_PATH descriptor too.
Failure stat_of(int fd, struct stat& status);

/// Whether another call, newfstatat(2) with `flags`, fails with `error` for the same name: asked
/// before something is left undone because of an error.
bool is_confirmed(int directory, const char* name, int flags, int error);

/// Waits for one byte: 1, 0 at the end of file, or -errno.
long read_byte(int fd, char& byte);

/// Waits for the end of our child `child` and gives its exit status.
Failure exit_status_of(long child, int& status);

/// Kills `pid`, a child of ours, and waits until it is gone, with all that it held open.
void end_child(int pid);

/// A place in the mount tree: a mount, and an inode of its file system.
struct Place {
    std::uint64_t mount = 0;
    std::uint64_t inode = 0;
    bool operator==(const Place&) const = default;
};

/// The directory of the sandbox's own, other than the root, in which something was made last:
/// mostly the next thing is made there, too.
struct OwnDirectory {
    int fd = -1;
    std::size_t length = 0;
    char text[256];  ///< how it was called, with the last slash
};

/// The directory that the last guard was in, when the way to it has no links: the next guard is
/// mostly in it, too.
struct GuardedDirectory {
    int fd = -1;    ///< fixed and watched already
    int view = -1;  ///< the cleaner's view of it
    std::size_t length = 0;
    char text[PATH_MAX];  ///< its path, with the last slash
};

/// What set-up steps share. Most of it is room, which is not cleared: it is pages.
struct Setup {
    explicit Setup(ChildImage& of) : image(of) {}

    ChildImage& image;
    int root = -1;  ///< the top of the new root, where destinations are resolved
    int base = -1;  ///< the tmpfs at the bottom of it, with room for files that are bound
    Place root_place{};
    int top = -1;  ///< the root again, once it was found to be one of the sandbox's own mounts
    std::int32_t step = 0;  ///< index in Plan::setup of the one that is carried out
    OwnDirectory last;
    bool guarding = false;  ///< guards are the last: nothing is bound any more
    GuardedDirectory guarded;
    int inert = -1;    ///< a mount of a device that cannot be opened: see hide()
    int nothing = -1;  ///< a mount of an empty directory (0555), which covers what is missing
    Excerpt excerpt;   ///< goes with the report when `size` is not 0
};

/// What is made when a destination is missing: the place itself, and directories on the way to it.
struct Modes {
    unsigned place;
    unsigned parents = 0755;
};

/// For a place whose mode was asked for.
constexpr Modes modes_for(unsigned asked) { return {asked, parents_mode(asked)}; }

/// Opens (O_PATH) the place that a mount goes on, made as `kind` when it is missing. Symbolic
/// links, dangling ones included, mean the new root.
Failure open_destination(const Setup& setup, const char* path, NodeKind kind, Modes modes, int& fd);

/// Something that is new in a directory of the sandbox's own, where nobody else can be.
struct NewPlace {
    int directory = -1;          ///< borrowed
    const char* name = nullptr;  ///< within `path`
};

/// Where something new at `path` could be made, by a call that fails when it is there: the short
/// way, without a lookup of its own. Makes the directory that it is in (mode `parents`) if that
/// alone is missing. Nothing (-1) when more is, when it leads through a link, or to the host.
NewPlace new_place(Setup& setup, const char* path, unsigned parents);

/// Makes the new place itself. False: take open_destination(), which finds what is there, makes
/// parents, follows links, and says what is wrong.
bool make_new(Setup& setup, const char* path, NodeKind kind, Modes modes, NewPlace& place);

/// To be called where a mount covers what could be on the way to the last directory.
void forget_last(Setup& setup);

/// Opens (O_PATH) the place that is at `path` already; the descriptor or -errno.
int open_existing(const Setup& setup, const char* path);

/// Opens (O_PATH) the directory that `path` is in and copies its last component into `name`
/// (at least 256 bytes).
Failure open_parent(const Setup& setup, const char* path, int& fd, char* name);

/// Whether files may be made where `fd` is: on a file system of the sandbox, or, when the plan
/// allows it, on the host's.
Failure may_create_in(const Setup& setup, int fd);

/// The digits of `value`, ending at `end` with a NUL; gives their beginning.
char* digits(std::uint64_t value, unsigned base, char* end);

/// The name of the entry at `at` in what getdents64(2) gave; `at` goes on to the next one.
[[gnu::always_inline]] inline const char* next_name(const char* entries, long& at) {
    constexpr std::size_t length_at = 16;  // of struct linux_dirent64: see getdents(2)
    constexpr std::size_t name_at = 19;
    const char* entry = entries + at;
    std::uint16_t length = 0;
    std::memcpy(&length, entry + length_at, sizeof length);
    at += length;
    return entry + name_at;
}

/// A path of procfs: `directory`, which ends with a slash, and the number of a descriptor.
struct FdPath {
    FdPath(const char* directory, int fd);
    char text[48];
};

/// Brings up the loopback device of our network namespace.
Failure bring_up_loopback();

/// Attaches the detached tree `mount` at `path` and takes the descriptor over. A place that is made
/// for it is seen by nobody; its parents get their mode from `parents`.
Failure attach(Setup& setup, int mount, const char* path, NodeKind kind, unsigned parents = 0755);

/// Clones what is at `place` with everything mounted below it, private, and with `attributes` set
/// (MOUNT_ATTR_*); the detached tree or -errno.
int clone_tree(int place, std::uint64_t attributes);

/// Attaches `tree` upon what `place` refers to, be it a link, and takes it over; a negative one is
/// the errno of making it.
Failure cover_with(int tree, int place);

/// Makes a detached mount of an empty directory, read-only and with `mode`, in octal.
Failure mount_empty_directory(const char* mode, int& mount);

/// Covers the directory that `place` refers to with an empty one that cannot be changed.
Failure cover_with_empty_directory(int place, const char* mode);

/// Gives the detached tree `tree` the flags of `access`, all its mounts, and attaches it.
Failure attach_bind(Setup& setup, int tree, Access access, const char* path, NodeKind kind,
                    unsigned parents = 0755);

struct FileSystem {
    const char* type;
    const char* options[3][2];  // unused ones are {nullptr, nullptr}
    unsigned attributes;
};

/// What statx(2) with `flags` says is at `path` in `dir`.
Failure place_of(int dir, const char* path, unsigned flags, Place& out);

/// Takes `mount` as the directory in which destinations are looked up from now on.
Failure use_as_root(Setup& setup, int mount);

/// The tmpfs at the bottom of the new root.
Failure mount_root(Setup& setup);

/// Makes the new root "/", and leaves nothing of the old one.
Failure enter_root(Setup& setup);

/// Makes a detached mount of a new file system.
Failure make_mount(const FileSystem& wanted, int& mount);

/// Takes note that files may be made on the file system of `mount`.
Failure remember_mount(Setup& setup, int mount);

/// Opens for writing the very file that `fd` (O_PATH) refers to.
int reopen(const ChildImage& image, int fd, int flags);

/// Copies all that `from` gives to `to`; leaves when the supervisor is gone meanwhile.
Failure copy(const ChildImage& image, int from, int to);

/// The path by which a source is opened; `found` may be null.
const char* path_to_open(const Found* found, const std::string& path);

/// Whether `opened`, a descriptor or -errno, is the source that was found at `path`. A name that
/// leads nowhere by now was given to another file, too. With null for `found` any file is right.
Failure check_source(Setup& setup, int opened, const Found* found, const std::string& path);

Failure mount_overlay(Setup& setup, const step::MountOverlay& s);
Failure bind_fd(Setup& setup, const step::BindFd& s);
Failure bind_data(Setup& setup, const step::BindData& s);
Failure make_wayland_socket(Setup& setup, const step::WaylandSocket& s);
Failure change_mode(const Setup& setup, const step::Chmod& s);

/// Mounts an empty file with `mode`, read-only, on what `place` refers to, be it a link.
Failure cover_with_empty_file(const Setup& setup, int place, unsigned mode);

/// Hides what is at a destination or makes it read-only, and fixes the way to it.
Failure guard(Setup& setup, const step::Guard& s);

/// Closes what guards share: to be called after the last one.
void end_guards(Setup& setup);

/// A path with room to be rewritten while links are followed.
struct Path {
    char text[2 * PATH_MAX];
    std::size_t length = 0;
};

/// Fills `path`; fails when `text` is longer than the kernel takes.
Failure load(Path& path, const char* text);

/// Opens (O_PATH) the part of `path` before `end`, inside the root `root`.
int open_prefix(int root, Path& path, std::size_t end);

/// Puts what the link `name` in `parent` says in the place of path[start, end).
Failure splice_link(Path& path, int parent, const char* name, std::size_t start, std::size_t end);

Failure make_node(int parent, const char* name, NodeKind kind, unsigned mode);

/// Whether `fd` is on a file system that the sandbox has for itself.
Failure is_own(const Setup& setup, int fd, bool& own);

/// How a single component is opened: no link, nothing outside of its directory.
inline constexpr std::uint64_t plain_component =
    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;

/// Closes everything but the `count` descriptors at `keep`, which it sorts. `proc` is the host's
/// procfs, for where close_range(2) is not to be had.
Failure close_others(int proc, int* keep, std::size_t count);

/// A list of descriptors that stay open.
struct KeptList {
    const int* numbers = nullptr;
    std::size_t count = 0;
};

/// Where close_range(2) gave `error`, closes what procfs lists as open, but for what is in one of
/// the two lists. Gives `error` if that is not an answer of filters and old kernels, or if the list
/// cannot be had.
Failure close_listed(int error, int proc, KeptList keep, KeptList also = {});

/// Carries out one step of Plan::setup.
Failure do_setup_step(Setup& setup, const Step& step);

/// Asks for the parent-death signal (SIGKILL); leaves when the supervisor is gone already.
Failure tie_to_supervisor(const ChildImage& image);

/// Tells the supervisor, and waits until it says to go on.
Failure await_supervisor(const ChildImage& image, const Status& status);

/// Leaves when the supervisor's end of the life line is closed.
Failure leave_without_supervisor(const ChildImage& image);

/// Carries out a step of Plan::setup that is about namespaces or ids.
Failure do_namespace_step(const ChildImage& image, const Step& step);

/// Carries out one step of Plan::seal, except filters.
Failure do_seal_step(ChildImage& image, const Step& step);

/// Restricts the calling process, and all that it starts, by Landlock.
Failure enforce_landlock(const step::EnforceLandlock& s);

/// Keeps the signals of the calling process, and of all that it starts, from everybody else.
/// `verified`: this was seen, so that kill(-1, ...) ends what it has started and nothing else.
Failure scope_signals(const step::ScopeSignals& s, bool& verified);

/// Drops every capability of the calling process, the bounding set included, but those to keep.
Failure limit_capabilities(const step::LimitCapabilities& s);

/// Unmaps the pages of sbx's executable that cannot be written: they are most of the memory of a
/// process that waits, and what it still uses comes back from the page cache.
void forget_code(const ChildImage& image);

/// How long a command has run when its supervisor and init forget their code. What is used again is
/// a page fault each, which a command that ends at once should not pay for.
inline constexpr timespec settling_time = {0, 50'000'000};

/// Begins to make the command's process, in a session of its own where the plan says so. It goes on
/// when a byte is written to `go`; one that is made `early`, after begin_early_command().
Failure make_command(const ChildImage& image, bool early, int& go);

/// At the end of set-up: it seals itself. If it cannot, it is gone, and may be made as others are.
Failure begin_early_command(ChildImage& image, int& command);

/// The second half, for which init need not wait at once: gives the process.
Failure await_command(ChildImage& image, int& command);

/// In a command's process that was made before set-up: waits for its end.
void await_setup(const ChildImage& image, int hold);

/// The command's process: seals itself, waits for a byte from `hold` where there is an init (else
/// -1), executes.
[[noreturn]] void command_main(ChildImage& image, int hold);

/// Init's life: lets the command go by `go`, tells the supervisor of it, reaps, passes signals on.
[[noreturn]] void init_main(ChildImage& image, int go, int command, bool own_group, int children);

/// The same by a program of its own, which has no part of this memory: comes back only to fail.
Failure execute_init(const ChildImage& image, int go, int command, bool own_group);

/// How many descriptors init may have to keep open, its own included.
std::size_t init_fds_needed(const Plan& plan);

/// How many file systems of its own the plan may mount: the room that own_mounts needs.
std::size_t own_mounts_needed(const Plan& plan);

}  // namespace sbx::sys
