// SPDX-License-Identifier: Apache-2.0
#include "base/devices.hpp"
#include "base/pattern.hpp"
#include "base/text.hpp"
#include "plan/planning.hpp"
#include "view/entries.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sbx::planning {
namespace {

// A file system that nobody asked for takes at most `size` of the memory for what is in its files,
// in 32nds, and holds one file for so many bytes of the memory. Each file takes about a kilobyte of
// the kernel's memory: of /tmp, 1/16 in all.
struct Share {
    std::uint64_t size;
    std::uint64_t bytes_per_inode;
};
constexpr Share tmp_share = {12, 16U << 10U};
constexpr Share dev_share = {1, 1U << 20U};
constexpr std::uint64_t least_inodes = 1024;

step::MountTmpfs limited_tmpfs(const Spec& spec, const Host& host, Share share,
                               const std::string& destination, unsigned mode) {
    step::MountTmpfs out{destination, mode};
    if (spec.tmpfs_limits == TmpfsLimits::kernel || host.memory == 0) return out;
    out.size = host.memory / 32 * share.size;
    out.inodes = std::max(host.memory / share.bytes_per_inode, least_inodes);
    return out;
}

// Turns entries into steps, in order.
class TreePlanner {
public:
    TreePlanner(const Spec& spec, const Host& host) : spec_(spec), host_(host), places_(spec) {}

    Result<Tree> plan();

private:
    std::optional<Error> add(const Entry& entry, std::size_t index);
    std::optional<Error> add_bind(const entry::Bind& bind, const Source& source);
    std::optional<Error> add_bind_fd(const entry::BindFd& bind, const Source& source);
    std::optional<Error> add_wayland(const entry::Wayland& wayland, const Source& source);
    std::optional<Error> add_overlay(const entry::Overlay& overlay, const Source& source);
    std::optional<Error> add_dev(const std::string& destination);
    void add_proc(const std::string& destination);
    std::optional<Error> check_guard(const entry::Guard& guard) const;
    std::optional<Error> check_pattern(const entry::Guard& guard) const;
    void add_guard(const entry::Guard& guard, std::size_t index);
    bool is_guarded(const std::string& path) const;
    std::optional<Error> add_given(std::size_t first);
    bool is_skipped(std::size_t index) const;
    bool declares(std::string_view clean_path) const;

    const Spec& spec_;
    const Host& host_;
    const Places places_;
    std::vector<std::string> declared_;  // where entries put something that nothing hides; clean
    Tree tree_;
    std::vector<step::Guard> guards_;  // come last
};

bool TreePlanner::is_skipped(std::size_t index) const {
    if (const auto* guard = std::get_if<entry::Guard>(&spec_.entries[index])) {
        if (!guard->unless.empty()) return host_.sources[index].error == EEXIST;
        if (pattern_of(guard->destination)) return host_.sources[index].more.empty();
        return guard->if_missing == IfMissing::skip && host_.sources[index].error != 0 &&
               !places_.may_be_elsewhere(host_, guard->destination);
    }
    return is_left_out(spec_.entries[index], host_.sources[index]);
}

bool TreePlanner::declares(std::string_view clean_path) const {
    return std::find(declared_.begin(), declared_.end(), clean_path) != declared_.end();
}

// "no such file or directory", and at which part of `path`.
std::string lookup_error(const std::string& path, const Source& source) {
    std::string text = error_text(source.error);
    const std::string part = quote(source.stops_at);
    if (source.stops_at.empty()) return text;
    if (!source.link.empty()) {
        return text + " (" + part + " is a link to " + quote(source.link) + ", which is not there)";
    }
    switch (source.error) {
        case ENOENT: return source.stops_at == path ? text : text + " (" + part + " is missing)";
        case ENOTDIR: return text + " (" + part + " is a file)";
        case EACCES: return text + " (" + part + " may not be searched by you)";
        case ELOOP: return text + " (at " + part + ")";
        default: return text;
    }
}

std::string bind_error(const entry::Bind& bind, const Source& source, const Host& host,
                       Wording wording) {
    if (wording == Wording::bubblewrap) {
        return "Can't find source path " + bind.source + ": " + strerrordesc_np(source.error);
    }
    const step::Bind step{bind.source, source.path, bind.destination, bind.access,
                          NodeKind::directory};
    std::string text = describe(Step(step)) + ": " + lookup_error(bind.source, source);
    if (source.error == ENOENT) {
        const bool relative = bind.source.empty() || bind.source[0] != '/';
        const bool pattern = bind.source.find_first_of("*?") != std::string::npos;
        text += std::string("; ") +
                (pattern ? "* and ? stand for themselves here, show the directory; " : "") +
                "check its spelling, or create " +
                quote(lexically_clean((relative ? host.cwd + "/" : "") + bind.source)) +
                " first; --" +
                (bind.access == Access::read_only ? "ro-"
                 : bind.access == Access::device  ? "dev-"
                                                  : "") +
                "bind-try leaves it out when it is missing";
    }
    return text;
}

std::optional<Error> TreePlanner::add_bind(const entry::Bind& bind, const Source& source) {
    if (source.error != 0) return Error{bind_error(bind, source, host_, spec_.wording)};
    tree_.steps.emplace_back(
        step::Bind{bind.source, source.path, bind.destination, bind.access,
                   source.kind == Source::Kind::directory ? NodeKind::directory : NodeKind::other,
                   source.found});
    return std::nullopt;
}

std::optional<Error> TreePlanner::add_bind_fd(const entry::BindFd& bind, const Source& source) {
    if (source.error != 0) {
        return Error{"bind descriptor " + std::to_string(bind.fd) + " on " +
                     quote(bind.destination) + ": " + error_text(source.error)};
    }
    // A pipe, a socket or a deleted file has no name by which it could be shown.
    const std::string by_number = "/proc/self/fd/" + std::to_string(bind.fd);
    if (source.path == by_number) {
        if (spec_.wording == Wording::bubblewrap) {
            return Error{"Can't find source path " + by_number + ": No such file or directory"};
        }
        return Error{"bind descriptor " + std::to_string(bind.fd) + " on " +
                     quote(bind.destination) + ": it is no directory or file that has a name"};
    }
    tree_.steps.emplace_back(step::BindFd{
        bind.fd, source.path, bind.destination, bind.access,
        source.kind == Source::Kind::directory ? NodeKind::directory : NodeKind::other});
    return std::nullopt;
}

// The name by which a compositor knows the command: that of its file, as long as the compositor and
// its logs can take it.
std::string app_id_of(const std::string& command) {
    constexpr std::size_t longest_name = 255;  // NAME_MAX of the kernel
    std::string name = command.substr(command.find_last_of('/') + 1);
    const bool plain =
        name.size() <= longest_name &&
        std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
    return plain ? name : "";
}

std::optional<Error> TreePlanner::add_wayland(const entry::Wayland& wayland, const Source& source) {
    const std::string option = "--wayland " + shell_words({wayland.source, wayland.destination});
    if (source.error == ENOENT) {
        return Error{option + ": " + lookup_error(wayland.source, source) +
                     "; check that the compositor runs, and WAYLAND_DISPLAY and XDG_RUNTIME_DIR"};
    }
    if (source.error != 0) {
        return Error{option + ": asking the compositor: " + lookup_error(wayland.source, source) +
                     "; name the socket of a Wayland compositor"};
    }
    if (!source.security_context) {
        tree_.notes.push_back("the compositor has no security contexts, so its own socket " +
                              quote(wayland.source) + " is shown");
        tree_.steps.emplace_back(step::Bind{wayland.source, source.path, wayland.destination,
                                            Access::read_only, NodeKind::other, source.found});
        return std::nullopt;
    }
    const bool twice = std::any_of(tree_.steps.begin(), tree_.steps.end(), [](const Step& step) {
        return std::holds_alternative<step::WaylandSocket>(step);
    });
    if (twice) return Error{option + ": --wayland was given before; leave one of them out"};
    tree_.steps.emplace_back(step::WaylandSocket{wayland.source, source.path, wayland.destination,
                                                 app_id_of(spec_.command.front())});
    return std::nullopt;
}

std::optional<Error> TreePlanner::add_overlay(const entry::Overlay& overlay, const Source& source) {
    std::vector<std::string> names = overlay.sources;
    if (overlay.changes == entry::Overlay::Changes::kept) {
        names.push_back(overlay.upper);
        names.push_back(overlay.work);
    }
    std::vector<std::string> paths;
    std::vector<Found> found;
    for (std::size_t i = 0; i < source.more.size() && i < names.size(); ++i) {
        const int error = source.more[i].error;
        if (error != 0) {
            const entry::Bind as_bind{names[i], overlay.destination, Access::read_write,
                                      IfMissing::refuse};
            if (spec_.wording == Wording::bubblewrap) {
                return Error{bind_error(as_bind, source.more[i], host_, spec_.wording)};
            }
            return Error{"overlay on " + quote(overlay.destination) + ": " + quote(names[i]) +
                         ": " + lookup_error(names[i], source.more[i])};
        }
        paths.push_back(source.more[i].path);
        if (source.more[i].found) found.push_back(*source.more[i].found);
    }
    step::MountOverlay step{overlay.changes, {}, {}, {}, overlay.destination};
    const std::size_t layers = overlay.sources.size();
    if (overlay.changes == entry::Overlay::Changes::kept) {
        step.work = paths.back();
        paths.pop_back();
        step.upper = paths.back();
        paths.pop_back();
    }
    step.sources.assign(paths.rbegin(), paths.rend());  // the kernel wants the topmost first
    if (found.size() == names.size()) {
        std::reverse(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(layers));
        step.found = std::move(found);
    }
    tree_.steps.emplace_back(std::move(step));
    return std::nullopt;
}

void TreePlanner::add_proc(const std::string& destination) {
    if (spec_.unshare.has(Namespace::pid) || spec_.pidns_fd) {
        tree_.steps.emplace_back(step::MountProc{destination});
    } else {
        tree_.steps.emplace_back(step::Bind{"/proc", "/proc", destination, Access::read_write,
                                            NodeKind::directory, host_.proc_found});
    }
    // The nice value of init's session could keep init from its turn. Where the command keeps
    // capabilities, init's files are root's; and where it may mount a procfs, a cover would forbid
    // it.
    const bool own_init =
        spec_.unshare.has(Namespace::pid) && !spec_.as_pid_1 && spec_.leftovers == Leftovers::kill;
    const bool reachable = host_.uid == 0 || kept_capabilities(spec_, host_.held_capabilities) == 0;
    if (host_.autogroups && own_init && reachable && spec_.nested_userns == NestedUserns::refuse) {
        tree_.steps.emplace_back(step::CoverReadOnly{destination + "/1/autogroup"});
    }
    // The kernel's checks on these files ask for the uid of the host's root, not for capabilities,
    // so a command without any could write what belongs to the whole machine.
    if (host_.uid != 0) return;
    for (const std::string& name : host_.proc_covers) {
        tree_.steps.emplace_back(step::CoverReadOnly{destination + "/" + name});
    }
    if (spec_.root_files == RootFiles::show) return;
    for (const std::string& name : host_.proc_root_files) {
        tree_.steps.emplace_back(step::Hide{destination + "/" + name});
    }
}

std::optional<Error> TreePlanner::add_dev(const std::string& destination) {
    for (const DeviceNode& node : device_nodes) {
        const auto is_node = [&](const HostDevice& device) { return device.name == node.name; };
        if (std::none_of(host_.devices.begin(), host_.devices.end(), is_node)) {
            return Error{"dev " + quote(destination) + ": the host has no device " +
                         quote(std::string("/dev/") + node.name) +
                         " to show inside; leave out /dev with --bare, or declare another"};
        }
    }
    for (Step& step : dev_steps(destination, spec_, host_)) tree_.steps.push_back(std::move(step));
    if (host_.terminal) {
        tree_.steps.emplace_back(step::Bind{host_.terminal->path, host_.terminal->path,
                                            destination + "/console", Access::device,
                                            NodeKind::other, host_.terminal->found});
    }
    return std::nullopt;
}

std::optional<Error> TreePlanner::add(const Entry& entry, std::size_t index) {
    struct Adder {
        TreePlanner& self;
        std::size_t index;
        std::optional<Error> operator()(const entry::Bind& e) const {
            if (!self.is_skipped(index)) return self.add_bind(e, self.host_.sources[index]);
            self.tree_.notes.push_back("left out: bind " + quote(e.source) + " on " +
                                       quote(e.destination) + ", which is not on this machine");
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::Tmpfs& e) const {
            self.tree_.steps.emplace_back(step::MountTmpfs{e.destination, e.mode, e.size});
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::Directory& e) const {
            self.tree_.steps.emplace_back(step::MakeDirectory{e.destination, e.mode});
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::Symlink& e) const {
            self.tree_.steps.emplace_back(step::MakeSymlink{e.target, e.destination});
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::File& e) const {
            self.tree_.steps.emplace_back(step::WriteFile{e.fd, e.destination, e.mode});
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::Proc& e) const {
            self.add_proc(e.destination);
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::Dev& e) const {
            return self.add_dev(e.destination);
        }
        std::optional<Error> operator()(const entry::BindFd& e) const {
            return self.add_bind_fd(e, self.host_.sources[index]);
        }
        std::optional<Error> operator()(const entry::BindData& e) const {
            self.tree_.steps.emplace_back(step::BindData{e.fd, e.destination, e.mode, e.access});
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::Overlay& e) const {
            return self.add_overlay(e, self.host_.sources[index]);
        }
        std::optional<Error> operator()(const entry::Chmod& e) const {
            self.tree_.steps.emplace_back(step::Chmod{e.mode, e.destination});
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::Mqueue& e) const {
            self.tree_.steps.emplace_back(step::MountMqueue{e.destination});
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::Wayland& e) const {
            return self.add_wayland(e, self.host_.sources[index]);
        }
        std::optional<Error> operator()(const entry::Guard& e) const {
            if (auto error = self.check_guard(e)) return error;
            self.add_guard(e, index);
            return std::nullopt;
        }
        std::optional<Error> operator()(const entry::RemountReadOnly& e) const {
            self.tree_.steps.emplace_back(step::RemountReadOnly{e.destination});
            return std::nullopt;
        }
    };
    return std::visit(Adder{*this, index}, entry);
}

void TreePlanner::add_guard(const entry::Guard& guard, std::size_t index) {
    const bool masks = guard.kind == entry::Guard::Kind::mask;
    const std::string what = (masks ? "mask " : "protect ") + quote(guard.destination);
    const bool pattern = pattern_of(guard.destination).has_value();
    if (pattern && host_.sources[index].error == EOVERFLOW) {
        tree_.notes.push_back(what + ": not all directories were searched");
    }
    if (is_skipped(index)) {
        tree_.notes.push_back("left out: " + what +
                              (pattern ? ", which nothing of the host matches"
                               : guard.unless.empty()
                                   ? ", where nothing of the host is"
                                   : ", since " + quote(guard.unless) + " is there"));
        return;
    }
    if (!pattern) {
        guards_.push_back({guard.kind, guard.destination});
        return;
    }
    for (const Source& found : host_.sources[index].more) {
        const bool twice = std::any_of(guards_.begin(), guards_.end(), [&](const auto& other) {
            return other.kind == guard.kind && other.destination == found.path;
        });
        if (!twice && (masks || !is_guarded(found.path))) {
            guards_.push_back({guard.kind, found.path});
        }
    }
}

// Whether a guard that names its path itself keeps `path` already.
bool TreePlanner::is_guarded(const std::string& path) const {
    for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
        const auto* guard = std::get_if<entry::Guard>(&spec_.entries[i]);
        if (guard != nullptr && is_at_or_below(path, places_[i]) &&
            !pattern_of(guard->destination) && !is_skipped(i)) {
            return true;
        }
    }
    return false;
}

// What cannot be made where it is missing needs a name.
std::optional<Error> TreePlanner::check_pattern(const entry::Guard& guard) const {
    const bool masks = guard.kind == entry::Guard::Kind::mask;
    const std::string option = masks ? "--mask" : "--protect";
    const auto pattern = pattern_of(guard.destination);
    if (pattern_of(guard.unless)) {
        return Error{"--protect-unless " + quote(guard.unless) + ": a path is wanted, no pattern"};
    }
    if (!pattern) return std::nullopt;
    if (!guard.unless.empty() || guard.if_missing != IfMissing::skip) {
        return Error{option + " " + quote(guard.destination) +
                     ": a path is wanted, since what a pattern matches may be made at any time; " +
                     option + "-try guards what matches when the sandbox is started"};
    }
    if (pattern->parts.back() == "**") {
        return Error{option + "-try " + quote(guard.destination) +
                     ": \"**\" stands for directories, and a name is wanted after it"};
    }
    return std::nullopt;
}

std::optional<Error> TreePlanner::check_guard(const entry::Guard& guard) const {
    if (auto error = check_pattern(guard)) return error;
    const char* option = guard.kind == entry::Guard::Kind::mask ? "--mask " : "--protect ";
    if (guard.destination.empty() || guard.destination.front() != '/') {
        return Error{option + quote(guard.destination) +
                     ": a path inside is wanted, which begins with \"/\""};
    }
    if (!guard.unless.empty() && guard.unless.front() != '/') {
        return Error{option + quote(guard.destination) + " unless " + quote(guard.unless) +
                     ": a path inside is wanted, which begins with \"/\""};
    }
    const std::string path = lexically_clean(guard.destination);
    if (path == "/") return Error{std::string(option) + "/ would leave nothing to run"};
    for (const std::string& each : {path, lexically_clean(guard.unless)}) {
        if ((each + "/").find("/../") == std::string::npos) continue;
        return Error{option + quote(guard.destination) +
                     ": write it without \"..\", whose meaning could be changed inside"};
    }
    // A placeholder goes when the sandbox has ended, and without one of these nobody knows when.
    const bool ends = spec_.unshare.has(Namespace::pid) || spec_.leftovers == Leftovers::kill;
    if (!ends) {
        return Error{option + quote(guard.destination) +
                     " needs a pid namespace, whose end can be seen; add --unshare-pid"};
    }
    return std::nullopt;
}

// What an entry declares itself at the same place is the user's; the rest is given.
std::optional<Error> TreePlanner::add_given(std::size_t first) {
    if (!declares("/proc")) add_proc("/proc");
    if (!declares("/dev")) {
        if (auto error = add_dev("/dev")) return error;
        // Whoever keeps a capability has an ipc namespace that is made later.
        const bool own_queues = spec_.unshare.has(Namespace::ipc) &&
                                kept_capabilities(spec_, host_.held_capabilities) == 0;
        if (own_queues && !declares("/dev/mqueue"))
            tree_.steps.emplace_back(step::MountMqueue{"/dev/mqueue"});
    }
    if (!declares("/tmp")) {
        tree_.steps.emplace_back(limited_tmpfs(spec_, host_, tmp_share, "/tmp", 01777));
    }
    if (!declares("/usr")) return std::nullopt;
    for (const UsrLink& link : host_.usr_links) {
        if (declares(link.path)) continue;
        tree_.steps.emplace_back(step::MakeSymlink{link.target, link.path});
    }
    for (Step& step : usr_part_steps(spec_, host_, places_, first)) {
        tree_.steps.push_back(std::move(step));
    }
    return std::nullopt;
}

Result<Tree> TreePlanner::plan() {
    // Entries up to the last one on "/" are hidden by it, and so would be what is given.
    std::size_t first = 0;
    for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
        if (!puts_something(spec_.entries[i]) || is_skipped(i)) continue;
        declared_.push_back(places_[i]);
        if (declared_.back() != "/") continue;
        first = i + 1;
        declared_.clear();
    }
    const bool own_root = first == 0;
    constexpr std::size_t most_given = 32;
    tree_.steps.reserve(spec_.entries.size() + most_given);
    for (std::size_t i = 0; i <= spec_.entries.size(); ++i) {
        if (i == first && spec_.given == GivenTree::standard) {
            if (auto error = add_given(first)) return *error;
        }
        if (i == spec_.entries.size()) break;
        if (auto error = add(spec_.entries[i], i)) {
            const bool known = i < spec_.entry_places.size() && !spec_.entry_places[i].empty();
            return known ? Error{spec_.entry_places[i] + ": " + error->message} : *error;
        }
    }
    if (own_root && spec_.root == RootAccess::read_only) {
        tree_.steps.emplace_back(step::RemountReadOnly{"/"});
    }
    // Where a link is protected, the file that it leads to is shown once more: hidden by then.
    std::stable_partition(guards_.begin(), guards_.end(), [](const step::Guard& guard) {
        return guard.kind == entry::Guard::Kind::mask;
    });
    for (step::Guard& guard : guards_) tree_.steps.emplace_back(std::move(guard));
    return std::move(tree_);
}

}  // namespace

std::vector<Step> dev_steps(const std::string& destination, const Spec& spec, const Host& host) {
    static constexpr std::array<std::array<const char*, 2>, 6> links = {{
        {"/proc/self/fd", "fd"},
        {"/proc/self/fd/0", "stdin"},
        {"/proc/self/fd/1", "stdout"},
        {"/proc/self/fd/2", "stderr"},
        {"/proc/kcore", "core"},
        {"pts/ptmx", "ptmx"},
    }};
    std::vector<Step> out;
    out.reserve(std::size(device_nodes) + links.size() + 3);
    out.emplace_back(limited_tmpfs(spec, host, dev_share, destination, 0755));
    for (const DeviceNode& node : device_nodes) {
        const std::string source = std::string("/dev/") + node.name;
        step::Bind bind{source, source, destination + "/" + node.name, Access::device,
                        NodeKind::other};
        for (const HostDevice& device : host.devices) {
            if (device.name == node.name) bind.found = device.found;
        }
        out.emplace_back(std::move(bind));
    }
    for (const auto& [target, name] : links) {
        out.emplace_back(step::MakeSymlink{target, destination + "/" + name});
    }
    // As on a machine, for programs that look whether others may write there; bubblewrap has 0755.
    const unsigned shm = spec.wording == Wording::bubblewrap ? 0755 : 01777;
    out.emplace_back(step::MakeDirectory{destination + "/shm", shm});
    out.emplace_back(step::MountDevpts{destination + "/pts"});
    return out;
}

bool has_devpts(const Spec& spec) {
    if (spec.given == GivenTree::standard) return true;
    return std::any_of(spec.entries.begin(), spec.entries.end(),
                       [](const Entry& e) { return std::holds_alternative<entry::Dev>(e); });
}

Result<Tree> plan_tree(const Spec& spec, const Host& host) {
    if (host.sources.size() != spec.entries.size()) {
        return Error{"the host was probed for another specification; call probe_host() again"};
    }
    return TreePlanner(spec, host).plan();
}

}  // namespace sbx::planning
