// SPDX-License-Identifier: Apache-2.0
// Which Landlock rules follow from the mounts of a plan.
#include "base/landlock.hpp"
#include "base/program_name.hpp"
#include "base/text.hpp"
#include "plan/planning.hpp"
#include "plan/steps.hpp"

#include <algorithm>
#include <set>

namespace sbx::planning {
namespace {

constexpr std::uint64_t cap_dac_read_search = std::uint64_t{1} << 2U;
constexpr std::uint64_t cap_sys_admin = std::uint64_t{1} << 21U;

// Where something writable is mounted last. What is read-only, but in the middle of something
// writable, is left to its mount: rights given to a directory hold for all below it.
class Writable {
public:
    void operator()(const step::Bind& s) { set_tree(s.destination, s.access != Access::read_only); }
    void operator()(const step::BindFd& s) {
        set_tree(s.destination, s.access != Access::read_only);
    }
    void operator()(const step::BindData& s) { set(s.destination, s.access != Access::read_only); }
    void operator()(const step::WaylandSocket& s) { set(s.destination, false); }
    void operator()(const step::MountRoot&) { set("/", true); }
    void operator()(const step::MountTmpfs& s) { set(s.destination, true); }
    void operator()(const step::MountProc& s) { set(s.destination, true); }
    void operator()(const step::MountDevpts& s) { set(s.destination, true); }
    // mq_open(3) goes to the queues by a mount of the kernel's own, which is below nothing: only a
    // rule for their root itself covers it.
    void operator()(const step::MountMqueue& s) { queues_.insert(lexically_clean(s.destination)); }
    void operator()(const step::MountOverlay& s) {
        set_tree(s.destination, s.changes != entry::Overlay::Changes::refused);
    }
    void operator()(const step::MakeSymlink& s) { links_.insert(lexically_clean(s.destination)); }
    void operator()(const step::RemountReadOnly& s) { set(s.destination, false); }
    template <typename T>
    void operator()(const T& /*others*/) {}

    const std::set<std::string>& paths() const { return paths_; }
    const std::set<std::string>& queues() const { return queues_; }

    /// Whether `path`, which begins with `above`, can be somewhere else by a link on the way.
    bool may_lead_away(const std::string& path, const std::string& above) const {
        if (links_.count(path) != 0) return true;
        for (std::string place = path; place != above;) {
            place.resize(std::max(place.rfind('/'), std::size_t{1}));
            if (links_.count(place) != 0 || trees_.count(place) != 0) return true;
        }
        return false;
    }

private:
    // What comes from the host may have links in it.
    void set_tree(const std::string& destination, bool writable) {
        trees_.insert(lexically_clean(destination));
        set(destination, writable);
    }

    void set(const std::string& destination, bool writable) {
        const std::string path = lexically_clean(destination);
        if (writable) {
            paths_.insert(path);
        } else {
            paths_.erase(path);
        }
    }

    std::set<std::string> paths_;
    std::set<std::string> queues_;
    std::set<std::string> trees_;
    std::set<std::string> links_;
};

std::vector<step::EnforceLandlock::Rule> rules_for(const std::vector<Step>& setup,
                                                   std::uint64_t files) {
    Writable writable;
    for (const Step& step : setup) std::visit(writable, step);
    std::vector<step::EnforceLandlock::Rule> rules;
    for (const std::string& path : writable.paths()) {
        const bool covered =
            !rules.empty() && is_at_or_below(path, rules.back().path) &&
            (rules.back().path == "/" || !writable.may_lead_away(path, rules.back().path));
        if (!covered) rules.push_back({path, files});
    }
    for (const std::string& path : writable.queues()) rules.push_back({path, files});
    if (rules.empty() || rules.front().path != "/") {
        // All that is inside can be read and executed, where its permissions say so.
        constexpr auto read = landlock::execute | landlock::read_file | landlock::read_directory;
        rules.insert(rules.begin(), {"/", files & read});
    }
    return rules;
}

// The parts that cannot be had, in words that follow "landlock ".
std::string missing(const Spec& spec, const Host& host, bool may_mount) {
    if (host.landlock_abi == 0) {
        return "is not to be had: this kernel was built or started without it, or a filter "
               "around " SBX_NAME " closes it";
    }
    std::string text;
    if (may_mount) {
        text =
            std::string("leaves files to the mounts, since whom it restricts cannot mount, and ") +
            (spec.nested_userns == NestedUserns::allow && !spec.disable_userns
                 ? "the command may make sandboxes of its own"
                 : "the command keeps CAP_SYS_ADMIN");
    } else if (host.landlock_abi < landlock::files_abi) {
        text =
            "leaves files to the mounts: before Linux 5.19 it forbids every rename between "
            "directories";
    }
    if (host.landlock_abi < landlock::scopes_abi) {
        text += (text.empty() ? "" : "; it ");
        text +=
            "leaves signals and abstract sockets to the namespaces: it can keep them inside "
            "since Linux 6.12";
    }
    return text;
}

// Whoever has a mount namespace in which nothing is mounted upon what is guarded can exchange it,
// by a directory that was opened before. Only Landlock keeps a command that may mount from making
// one.
std::optional<Error> refuse_mounting(const Spec& spec, const Host& host, bool nested) {
    const bool bubblewrap = spec.wording == Wording::bubblewrap;  // off is its default
    const bool off = spec.landlock == Landlock::off && !bubblewrap;
    if (!off && host.landlock_abi >= landlock::files_abi) return std::nullopt;
    std::string text = "--mask and --protect could be undone by a command that may mount; ";
    if (!nested) {
        text += "leave out CAP_SYS_ADMIN, as by --cap-drop CAP_SYS_ADMIN";
    } else {
        text += bubblewrap ? "add --unshare-user --disable-userns" : "leave out --allow-userns";
    }
    return Error{text + (off ? ", or --landlock=off"
                             : ": there is no Landlock of Linux 5.19 here to keep it from that")};
}

// Landlock sees neither mount_setattr(2), which takes the flags of a mount away, nor
// open_by_handle_at(2), which needs no name: a second user namespace does, or not to have the
// capability.
std::optional<Error> refuse_owner(const Spec& spec, const Privileges& privileges) {
    constexpr std::uint64_t undoing = cap_sys_admin | cap_dac_read_search;
    const bool owns = !privileges.inner.has(Namespace::mount) && !spec.userns2_fd;
    if ((privileges.keep & undoing) == 0 || !owns) return std::nullopt;
    return Error{std::string("--mask and --protect could be undone by a command that keeps "
                             "CAP_SYS_ADMIN or CAP_DAC_READ_SEARCH where the mounts are; ") +
                 (spec.userns_fd ? "" : "add --unshare-user, or ") + "drop them with --cap-drop"};
}

}  // namespace

bool has_guards(const Spec& spec) {
    return std::any_of(spec.entries.begin(), spec.entries.end(), [](const Entry& entry) {
        return std::holds_alternative<entry::Guard>(entry);
    });
}

Result<std::optional<step::EnforceLandlock>> plan_landlock(const Spec& spec, const Host& host,
                                                           const Privileges& privileges,
                                                           Plan& plan) {
    std::optional<step::EnforceLandlock> none;
    const bool guarded = has_step<step::Guard>(plan.setup);
    if (guarded) {
        if (auto error = refuse_owner(spec, privileges)) return *error;
    }
    const bool nested = spec.nested_userns == NestedUserns::allow && !privileges.limits_userns;
    bool may_mount = nested || (privileges.keep & cap_sys_admin) != 0;
    const bool holds_guards = may_mount && guarded;
    if (holds_guards) {
        if (auto error = refuse_mounting(spec, host, nested)) return *error;
        plan.notes.emplace_back(
            "landlock keeps the command from mounting, for else it could undo --mask and "
            "--protect");
        may_mount = false;
    }
    const bool wanted = spec.landlock != Landlock::off;
    if (!wanted && !holds_guards) return none;
    const std::string lacks = missing(spec, host, may_mount);
    if (wanted && !lacks.empty()) {
        if (spec.landlock == Landlock::require) {
            return Error{"landlock " + lacks + "; --landlock=auto takes what there is"};
        }
        plan.notes.push_back("landlock " + lacks);
    }
    step::EnforceLandlock out;
    if (!may_mount) out.files = landlock::files_of(host.landlock_abi);
    if (wanted && host.landlock_abi >= landlock::scopes_abi) {
        out.scopes = landlock::scope_abstract_sockets | landlock::scope_signals;
    }
    if (out.files == 0 && out.scopes == 0) return none;
    if (out.files != 0) out.rules = rules_for(plan.setup, out.files);
    return std::optional(std::move(out));
}

}  // namespace sbx::planning
