// SPDX-License-Identifier: Apache-2.0
// The parts of make_plan(), which are all pure: who the command is, the tree that it sees, and the
// process that it becomes.
#pragma once

#include <sbx/plan.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sbx::planning {

/// Ids, capabilities and namespaces, decided together because each depends on the others.
struct Privileges {
    NamespaceSet outer;  ///< made with init; they own the mounts
    NamespaceSet inner;  ///< made by the command with a second user namespace; empty: none
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t keep = 0;      ///< capabilities of the command
    std::uint64_t ambient = 0;   ///< those that it keeps across exec whatever its uid
    bool maps_ids = false;       ///< whether sbx writes the id maps of `outer`
    bool limits_userns = false;  ///< whether the kernel is told to make no more user namespaces
};

Result<Privileges> plan_privileges(const Spec& spec, const Host& host);

/// Whether something is to be masked or protected, if it is there.
bool has_guards(const Spec& spec);

/// What Landlock enforces behind the mounts of `plan.setup`; nothing where it is off or not to be
/// had. What is left out is added to the notes of `plan`, or refused when all was required. The
/// descriptors are the caller's to add.
Result<std::optional<step::EnforceLandlock>> plan_landlock(const Spec& spec, const Host& host,
                                                           const Privileges& privileges,
                                                           Plan& plan);

/// The steps that assemble the tree below the new root, and what was left out (`notes`).
struct Tree {
    std::vector<Step> steps;
    std::vector<std::string> notes;
};

Result<Tree> plan_tree(const Spec& spec, const Host& host);

/// What in `spec` is most often a mistake on this host, with the command's environment and the
/// working directories to try; an error for what is to be refused.
Result<std::vector<PlanWarning>> find_warnings(const Spec& spec, const Host& host,
                                               const std::vector<std::string>& environment,
                                               const std::vector<std::string>& directories);

/// A program of the desktop whose clients can do more than show a window or play a sound.
enum class DesktopService { wayland, x11, pipewire, pulseaudio, session_bus };

/// Where the services of a session listen, by the caller's environment.
class DesktopServices {
public:
    explicit DesktopServices(const std::vector<std::string>& environment);

    /// The service that listens on the host's `path`, or in that directory.
    std::optional<DesktopService> at(const std::string& path) const;

private:
    std::string bus_;  ///< paths; empty: not known
    std::string runtime_;
    std::string display_;  ///< a path, or a name below the former
};

/// A clause that says how a client of `service` reaches out of the sandbox.
std::string_view desktop_power(DesktopService service);

/// A small /dev at `destination`, but for the console, which only a terminal has.
std::vector<Step> dev_steps(const std::string& destination, const Spec& spec, const Host& host);

/// True when an entry of `spec` needs uid 0 and gid 0 in the namespace that owns the mounts.
bool has_devpts(const Spec& spec);

/// The environment after all changes, without PWD, which depends on the directory entered.
std::vector<std::string> plan_environment(const Spec& spec, const Host& host);

/// The working directories to try, the first that is there inside; "/" always is.
std::vector<std::string> plan_directories(const Spec& spec, const Host& host,
                                          const std::vector<std::string>& environment);

/// The files to try for a command's name: itself when it has a slash, else one for each entry of
/// PATH in `environment`. Without PATH they are those of a login, or in bubblewrap's wording those
/// that execvp(3) has.
std::vector<std::string> plan_executables(const std::string& command,
                                          const std::vector<std::string>& environment,
                                          Wording wording = Wording::sbx);

/// The value of `name` in `environment`, or nothing.
std::optional<std::string> variable(const std::vector<std::string>& environment,
                                    std::string_view name);

/// Names and values in `environment`: of `name`, or of all that begin like it before its "*".
std::vector<std::pair<std::string, std::string>> variables_like(
    const std::vector<std::string>& environment, std::string_view name);

/// A descriptor that an option reads, writes or enters, the option, and what bubblewrap says when
/// it is not open.
struct DescriptorUse {
    int fd = -1;
    std::string option;
    std::string bubblewrap_failure;
    enum class Use { read, other } use = Use::other;
};

/// All of them, in the order of the Spec.
std::vector<DescriptorUse> descriptor_uses(const Spec& spec);

/// Which descriptors the command gets. Refuses one descriptor used for two things.
Result<step::CloseDescriptors> plan_descriptors(const Spec& spec, const Host& host);

}  // namespace sbx::planning
