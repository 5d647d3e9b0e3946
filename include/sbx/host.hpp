// SPDX-License-Identifier: Apache-2.0
// Host: what planning must know of the machine, probed once and then a value. Tests write their
// own. It must not be asked again later: what is not in it does not influence a plan.
//
// The functions here can be called from any thread; they open descriptors close-on-exec and close
// them. They read the environment, so nobody may change it meanwhile (setenv(3)), and look from the
// working directory.
#pragma once

#include <sbx/result.hpp>
#include <sbx/spec.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sbx {

/// The file that a look at a host path found. run() opens the path again, and fails if it leads to
/// another file by then: a name can be given to another file between two looks.
struct Found {
    /// The path from the working directory, if the file is in or below that and neither a link nor
    /// ".." is on the way: run() begins there, whatever the directory is called by then. Else
    /// empty.
    std::string relative = {};
    std::uint64_t device = 0;  ///< st_dev (stat(2))
    std::uint64_t inode = 0;   ///< st_ino (stat(2)); not 0
};

/// What is known of the host path that an entry names as its source; of a Guard, what the entries
/// before it show there.
struct Source {
    /// What it is.
    enum class Kind {
        none,               ///< not there, or not looked for
        directory,          ///< a directory
        file,               ///< a regular file
        other,              ///< a device, a socket, ...
    } kind = Kind::none;    ///< what it is
    std::string path = {};  ///< absolute, free of symbolic links where the kernel can tell
    /// errno of looking it up; 0 when it is there. EEXIST for a guard whose Guard::unless is there;
    /// EOVERFLOW for a pattern when not all was searched.
    int error = 0;
    /// Of an overlay: its sources, then upper and work if it has them. Of a guard with a pattern:
    /// what matches, by its path inside, sorted.
    std::vector<Source> more = {};
    std::string stops_at = {};  ///< on an error: the part of the path at which the lookup ends
    std::string link = {};      ///< what that one says, when it is a link that leads nowhere
    /// Of an entry::Wayland: the compositor has security-context-v1. `error` is then also that of
    /// asking it.
    bool security_context = false;
    /// The file that is there. None for a name below /proc/sys or /proc/self/ns: it leads init to
    /// another file, that of its own namespaces, and nobody can replace it.
    std::optional<Found> found = std::nullopt;
    /// Of a writable bind: the path by which the caller's home has the same directory, where the
    /// host shows (a part of) that home under another name (a bind mount); else empty.
    std::string home_name = {};
    /// For Warning::shared_directory: a directory that is sticky and that everyone may write to, or
    /// the runtime directory of the caller's session.
    bool shared = false;
    /// For Warning::foreign_owner: the user and group of a file or directory that the caller, as
    /// root, does not own, and that not everybody may write to.
    std::optional<std::pair<std::uint32_t, std::uint32_t>> owner = std::nullopt;
    bool device = false;  ///< a device, of the kind `other`
};

/// A program of the host that a PATH leads to.
struct HostProgram {
    std::string path = {};  ///< a directory of PATH, and the name
    std::string real = {};  ///< the same without symbolic links
};

/// For Warning::other_program, where the command's PATH is not the caller's; else empty.
struct HostPrograms {
    HostProgram callers = {};              ///< the one that the caller's PATH leads to
    std::vector<std::string> needs = {};   ///< directories that show the caller's one inside
    std::vector<HostProgram> others = {};  ///< those in the directories of the command's PATH
};

/// An argument of the command that names a file of the host, which is not inside.
struct HostArgument {
    std::size_t index = 0;  ///< in Spec::command
    /// How it names the file.
    enum class Form {
        word,                 ///< it is the path
        value,                ///< after an equals sign, as in "--file=/a"
    } form = Form::word;      ///< of the argument
    std::string path = {};    ///< on the host, absolute
    std::string inside = {};  ///< where the command looks; empty: the working directory is missing
    bool directory = false;   ///< no file, but a directory
};

/// A socket of the host, for Warning::agent_socket.
struct HostSocket {
    /// The power that a program has outside once it is connected.
    enum class Power {
        keys,               ///< the caller's keys, or the machine, are used
        programs,           ///< programs are started
        unknown,            ///< not known: it is a socket of the caller's
    } power = Power::keys;  ///< of the program that listens
    std::string path = {};  ///< free of symbolic links
    /// A bind of exactly this path (or of `path`) asks for the socket, and is no mistake; empty:
    /// every bind is one.
    std::string asked_by = {};
};

/// Directories of the caller from which programs run, or which other programs trust: for
/// Warning::writable_home and Warning::shared_directory. Paths without symbolic links; all empty
/// where no bind can show one.
struct Exposed {
    std::vector<std::string> homes = {};     ///< $HOME, and the home of the caller in /etc/passwd
    std::vector<std::string> profiles = {};  ///< of Spec::profile_directories; some may be missing
    std::vector<std::string> programs = {};  ///< of $PATH, that the caller may write to or make
    std::vector<std::string> shared = {};    ///< /tmp and the like, and $XDG_RUNTIME_DIR
    /// The homes of people in /etc/passwd that a profile's bind of the working directory brings in.
    std::vector<std::string> people = {};
    std::string foreign_home = {};  ///< $HOME, without links, where it belongs to another user
};

/// The repository of a working directory that is a linked working tree (git-worktree(1)).
struct LinkedWorktree {
    std::string named = {};  ///< as the file .git has it, absolute: "/p/.git"
    std::string real = {};   ///< the same without symbolic links
};

/// A descriptor that was open when sbx began and that exec passes on; 0, 1 and 2 at least.
struct OpenDescriptor {
    int fd = -1;             ///< its number
    bool directory = false;  ///< whether it is open on one
    bool device = false;     ///< on a character device that is none of the memory (mem(4), null(4))
};

/// A terminal that a standard descriptor is open on.
struct HostTerminal {
    int fd = 1;                                 ///< its number
    std::string path = {};                      ///< "/dev/pts/3"
    std::optional<Found> found = std::nullopt;  ///< the file that is there
};

/// A device node of the host's /dev.
struct HostDevice {
    std::string name = {};                      ///< "null"
    std::optional<Found> found = std::nullopt;  ///< the file that is there
};

/// A link at the top of a merged-/usr host: {"/bin", "usr/bin"}.
struct UsrLink {
    std::string path = {};    ///< absolute
    std::string target = {};  ///< what the link says
};

/// Something outside of /usr that the programs of /usr are found by: {"/etc/alternatives", ...}.
struct UsrPart {
    std::string path = {};  ///< absolute
    Source source = {};     ///< what is there
};

/// The first two numbers of the kernel's version (uname(2)); 6.1.
struct KernelVersion {
    unsigned major = 0;  ///< 6
    unsigned minor = 0;  ///< 1
    /// Which one is older.
    constexpr auto operator<=>(const KernelVersion&) const = default;
};

/// Where the kernel puts core dumps: /proc/sys/kernel/core_pattern (core(5)).
enum class CoreTarget {
    inside,  ///< a file in the working directory of the process that dies
    host,    ///< a program of the host, or a file with an absolute path; a limit of 1 prevents it
    fixed,   ///< the same, and the caller's hard limit of 0 cannot be raised to that
    socket,  ///< a socket of the host, which no limit prevents
};

/// What planning must know of the machine. A value: make_plan() asks for nothing else.
struct Host {
    std::uint32_t uid = 0;                ///< the caller's effective user id
    std::uint32_t gid = 0;                ///< the caller's effective group id
    std::uint64_t held_capabilities = 0;  ///< see held_capabilities()
    KernelVersion kernel = {};            ///< the one that runs; at least 5.12 is needed
    unsigned landlock_abi = 0;            ///< landlock(7); 0: not there, as far as can be told
    bool init_program = false;            ///< there is a program for InitProgram::own
    NamespaceSet namespaces = {};  ///< of user and cgroup, which can be made here, if any is tried
    std::string cwd = {};          ///< as $PWD says it when that is true; empty: it has no path
    std::string real_cwd = {};     ///< the same without symbolic links
    std::vector<std::string> environment = {};  ///< "NAME=value", in order
    /// One for each capability that the kernel has, by number: "cap_chown", ...; each is empty
    /// where the command keeps none.
    std::vector<std::string> capability_names = {};
    std::vector<UsrLink> usr_links = {};        ///< of /, sorted
    std::vector<UsrPart> usr_parts = {};        ///< that are there, if an entry is on /usr
    std::vector<std::string> proc_covers = {};  ///< what can change the host: "sys", "irq", ...
    /// For root: what only the host's root can read: "kpageflags", ...; a directory ends with "/".
    std::vector<std::string> proc_root_files = {};
    std::uint64_t memory = 0;                     ///< of the machine, in bytes
    CoreTarget core_target = CoreTarget::inside;  ///< where core dumps go
    bool autogroups = false;  ///< sessions have a nice value, which procfs shows (sched(7))
    std::vector<OpenDescriptor> descriptors = {};  ///< sorted by number
    std::vector<Source> sources = {};              ///< one for each of Spec::entries
    std::vector<HostDevice> devices = {};          ///< device nodes of the host's /dev
    std::optional<HostTerminal> terminal = {};     ///< as Spec::console says
    std::optional<Found> proc_found = {};          ///< /proc, if the sandbox shares the pids
    bool controlling_terminal = false;             ///< /dev/tty can be opened
    Exposed exposed = {};                          ///< no writable bind should show these
    std::vector<HostSocket> agent_sockets = {};    ///< those that a bind shows
    HostPrograms programs = {};                    ///< of the command's name
    std::vector<HostArgument> outside_arguments =
        {};                                       ///< for Warning::outside_argument; 64 at most
    std::optional<LinkedWorktree> worktree = {};  ///< if a guard is for the .git of `cwd`
};

/// The working directory: as $PWD has it when that is true, which keeps the links that a shell went
/// through, else without symbolic links. Fails when it has no path.
Result<std::string> current_directory();

/// The kernel's capabilities by number, in libcap's spelling ("cap_chown"), up to the last one
/// that the running kernel knows.
std::vector<std::string> capability_names();

/// What the caller may hand on, a bit for each capability by number: root's permitted set; nothing
/// for other users, whose capabilities come from a user namespace. Fails when they cannot be seen.
Result<std::uint64_t> held_capabilities();

/// Looks at the machine for what planning `spec` needs. Reads only, and nothing of what descriptors
/// give. Fails when /proc is not there, when a descriptor that `spec` names is not open, or cannot
/// be read where it has to be (the message names it), and when a look at the machine fails that
/// must not. A source that is missing is no failure here: make_plan() decides. What it gives is for
/// this `spec` alone, in the process that it looked at, and for the working directory that this
/// process has: run() fails if a relative source leads elsewhere by then.
Result<Host> probe_host(const Spec& spec);

}  // namespace sbx
