// SPDX-License-Identifier: Apache-2.0
// The two dialects as data: what differs between being called sbx and being called bwrap, apart
// from what the command line says. Nothing else asks for the name.
#pragma once

#include <sbx/spec.hpp>

#include <string>

namespace sbx::cli {

/// Whether the command of a caller that is root may make files with set-user-id or set-group-id
/// bits, as far as a built-in policy is in force.
enum class SetIdFiles { refuse, allow };

struct Dialect {
    Spec defaults;
    std::string policy;  ///< built-in seccomp policy unless another is asked for
    SetIdFiles set_id_files = SetIdFiles::allow;  ///< of root's sandboxes
    int failed = 125;  ///< exit status when the sandbox could not be built
    int not_executable = 126;
    int not_found = 127;
    int aborted = 123;             ///< when the sandbox ended before the command did
    bool equals_sign = true;       ///< --option=ARGUMENT is understood
    NamespaceSet unshare_all;      ///< what --unshare-all makes
    NamespaceSet unshare_all_try;  ///< what it makes if the machine can
    std::string version_before;    ///< what --version says around sbx's own
    std::string version_after;
};

inline Dialect sbx_dialect() {
    Spec spec;
    spec.own_descriptors = OwnDescriptors::close;
    return {spec, "default", SetIdFiles::refuse, 125, 126, 127,
            123,  true,      spec.unshare,       {},  "",  ""};
}

/// As bubblewrap 0.13.1 behaves (the version that clients parse).
inline Dialect bwrap_dialect() {
    Spec spec;
    spec.wording = Wording::bubblewrap;
    spec.unshare = Namespace::mount;
    spec.identity = Identity::current;
    spec.root_capabilities = RootCapabilities::keep;
    spec.root = RootAccess::read_write;
    spec.given = GivenTree::none;
    spec.host_writes = HostWrites::allow;
    spec.descriptors = Descriptors::inherited;
    spec.own_descriptors = OwnDescriptors::close;
    spec.leftovers = Leftovers::keep;
    spec.nested_userns = NestedUserns::allow;
    spec.landlock = Landlock::off;
    spec.tmpfs_limits = TmpfsLimits::kernel;
    spec.core_dumps = CoreDumps::host;
    spec.root_files = RootFiles::show;
    spec.signals = Signals::ignore;
    spec.console = Console::output;
    spec.terminal = TerminalState::leave;
    spec.warnings.fill(WarningMode::hide);
    const NamespaceSet all = Namespace::ipc | Namespace::pid | Namespace::network | Namespace::uts;
    const NamespaceSet tried = Namespace::user | Namespace::cgroup;
    return {spec, "none", SetIdFiles::allow,     1,  1, 1, 1, false,
            all,  tried,  "bubblewrap 0.13.1 (", ")"};
}

/// The dialect for the name that the program was called by (argv[0], with or without a path).
inline Dialect dialect_for(const std::string& called) {
    const auto slash = called.find_last_of('/');
    const std::string name = slash == std::string::npos ? called : called.substr(slash + 1);
    return name == "bwrap" ? bwrap_dialect() : sbx_dialect();
}

}  // namespace sbx::cli
