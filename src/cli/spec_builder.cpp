// SPDX-License-Identifier: Apache-2.0
#include "cli/spec_builder.hpp"

#include "cli/input.hpp"
#include "cli/nearest.hpp"

#include <sbx/host.hpp>
#include <sbx/plan.hpp>
#include <sbx/policy.hpp>
#include <sbx/text.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

namespace sbx::cli {
namespace {

// The names of the capabilities that the command keeps, for policies that depend on them.
Result<std::vector<std::string>> kept_names(const Spec& spec) {
    const auto held = held_capabilities();
    if (!held) return held.error();
    const std::uint64_t kept = kept_capabilities(spec, *held);
    if (kept == 0) return std::vector<std::string>{};  // most starts: no names to be asked for
    const std::vector<std::string> names = capability_names();
    std::vector<std::string> out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if ((kept >> i & 1U) == 0) continue;
        std::string name = names[i];
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        out.push_back(std::move(name));
    }
    return out;
}

}  // namespace

Result<void> SpecBuilder::apply(const GivenOption& given) {
    const std::vector<std::string>& a = given.arguments;
    if (auto fits = check_modifiers(given.row->id); !fits) return fits;
    if (auto named = check_paths(given); !named) return named;
    note_repetition(given.row->id);
    switch (given.row->id) {
        case Option::help:
            mode_ = Mode::help;
            if (!a.empty()) help_topic_ = a[0];
            return {};
        case Option::version: mode_ = Mode::version; return {};
        case Option::dry_run: return apply_dry_run(given);
        case Option::doctor: return apply_doctor(given);
        case Option::level_prefix: prefix_ = Prefix::level; return {};
        case Option::args: {
            const auto fd = descriptor(given);  // what it gave stands behind it
            return fd ? Result<void>{} : fd.error();
        }
        case Option::list_profiles: mode_ = Mode::list_profiles; return {};
        case Option::show_profile: mode_ = Mode::show_profile; return {};
        case Option::save_profile:
            mode_ = Mode::save_profile;
            save_path_ = a[0];
            return {};
        case Option::profile:
        case Option::unset: break;  // read_command_line() leaves none
        case Option::argv0: return apply_argv0(a[0]);

        case Option::bind: add_bind(given, Access::read_write, IfMissing::refuse); return {};
        case Option::bind_try: add_bind(given, Access::read_write, IfMissing::skip); return {};
        case Option::ro_bind: add_bind(given, Access::read_only, IfMissing::refuse); return {};
        case Option::ro_bind_try: add_bind(given, Access::read_only, IfMissing::skip); return {};
        case Option::dev_bind: add_bind(given, Access::device, IfMissing::refuse); return {};
        case Option::dev_bind_try: add_bind(given, Access::device, IfMissing::skip); return {};
        case Option::tmpfs:
            spec_.entries.emplace_back(entry::Tmpfs{a[0], take_mode(0755), size_});
            size_.reset();
            return {};
        case Option::dir:
            spec_.entries.emplace_back(entry::Directory{a[0], take_mode(0755)});
            return {};
        case Option::symlink: spec_.entries.emplace_back(entry::Symlink{a[0], a[1]}); return {};
        case Option::file: return add_file(given);
        case Option::proc: spec_.entries.emplace_back(entry::Proc{a[0]}); return {};
        case Option::dev: spec_.entries.emplace_back(entry::Dev{a[0]}); return {};
        case Option::remount_ro:
            spec_.entries.emplace_back(entry::RemountReadOnly{a[0]});
            return {};
        case Option::bind_fd: return add_bind_fd(given, Access::read_write);
        case Option::ro_bind_fd: return add_bind_fd(given, Access::read_only);
        case Option::bind_data: return add_bind_data(given, Access::read_write);
        case Option::ro_bind_data: return add_bind_data(given, Access::read_only);
        case Option::overlay_src: overlay_sources_.push_back(a[0]); return {};
        case Option::overlay: return add_overlay(given, entry::Overlay::Changes::kept);
        case Option::tmp_overlay: return add_overlay(given, entry::Overlay::Changes::forgotten);
        case Option::ro_overlay: return add_overlay(given, entry::Overlay::Changes::refused);
        case Option::mqueue: spec_.entries.emplace_back(entry::Mqueue{a[0]}); return {};
        case Option::wayland: spec_.entries.emplace_back(entry::Wayland{a[0], a[1]}); return {};
        case Option::mask: add_guard(given, entry::Guard::Kind::mask, IfMissing::refuse); return {};
        case Option::mask_try:
            add_guard(given, entry::Guard::Kind::mask, IfMissing::skip);
            return {};
        case Option::protect:
            add_guard(given, entry::Guard::Kind::protect, IfMissing::refuse);
            return {};
        case Option::protect_try:
            add_guard(given, entry::Guard::Kind::protect, IfMissing::skip);
            return {};
        case Option::protect_unless:
            spec_.entries.emplace_back(entry::Guard{
                .kind = entry::Guard::Kind::protect, .destination = a[1], .unless = a[0]});
            return check_path_inside(a[0], given.place);
        case Option::watch_git: return apply_watch_git(a[0], a[1]);
        case Option::chmod: return apply_chmod(given);
        case Option::perms: return apply_perms(given);
        case Option::size: return apply_size(given);
        case Option::bare: spec_.given = GivenTree::none; return {};

        case Option::unshare_all:
            spec_.unshare.add(dialect_.unshare_all);
            spec_.unshare_try.add(dialect_.unshare_all_try);
            return {};
        case Option::unshare_user: spec_.unshare.add(Namespace::user); return {};
        case Option::unshare_user_try: spec_.unshare_try.add(Namespace::user); return {};
        case Option::unshare_mount: spec_.unshare.add(Namespace::mount); return {};
        case Option::unshare_pid: spec_.unshare.add(Namespace::pid); return {};
        case Option::unshare_ipc: spec_.unshare.add(Namespace::ipc); return {};
        case Option::unshare_uts: spec_.unshare.add(Namespace::uts); return {};
        case Option::unshare_net: spec_.unshare.add(Namespace::network); return {};
        case Option::unshare_cgroup: spec_.unshare.add(Namespace::cgroup); return {};
        case Option::unshare_cgroup_try: spec_.unshare_try.add(Namespace::cgroup); return {};
        case Option::unshare_time: spec_.unshare.add(Namespace::time); return {};
        case Option::share_user: share(Namespace::user); return {};
        case Option::share_mount:
            return Error{
                "the mount namespace cannot be shared: the new root lives in one of its "
                "own; bind what should be seen inside"};
        case Option::share_pid: share(Namespace::pid); return {};
        case Option::share_ipc: share(Namespace::ipc); return {};
        case Option::share_uts: share(Namespace::uts); return {};
        case Option::share_net: share(Namespace::network); return {};
        case Option::share_cgroup: share(Namespace::cgroup); return {};
        case Option::share_time: share(Namespace::time); return {};

        case Option::userns:
            // Where one is made by default, the one that is entered takes its place.
            if (dialect_.defaults.unshare.has(Namespace::user)) share(Namespace::user);
            return apply_descriptor(given, &Spec::userns_fd);
        case Option::userns2: return apply_descriptor(given, &Spec::userns2_fd);
        case Option::pidns: return apply_descriptor(given, &Spec::pidns_fd);
        case Option::disable_userns: spec_.disable_userns = true; return {};
        case Option::allow_userns: spec_.nested_userns = NestedUserns::allow; return {};
        case Option::assert_userns_disabled: spec_.assert_userns_disabled = true; return {};

        case Option::map_root_user: spec_.identity = Identity::root; return {};
        case Option::map_current_user: spec_.identity = Identity::current; return {};
        case Option::uid: return apply_id(given, &Spec::uid);
        case Option::gid: return apply_id(given, &Spec::gid);
        case Option::hostname: spec_.hostname = a[0]; return {};

        case Option::chdir: spec_.directory = a[0]; return check_path_inside(a[0], given.place);
        case Option::setenv: return apply_variable(EnvironmentChange::Kind::set, given);
        case Option::unsetenv: return apply_variable(EnvironmentChange::Kind::unset, given);
        case Option::clearenv: return apply_clearenv(given);
        case Option::keep_env: return apply_variable(EnvironmentChange::Kind::keep, given);
        case Option::keep_fd: return apply_keep_fd(given);

        case Option::cap_add: return apply_capability(CapabilityChange::Kind::add, a[0]);
        case Option::cap_drop: return apply_capability(CapabilityChange::Kind::drop, a[0]);
        case Option::seccomp_policy:
            policy_ = a[0];
            policy_place_ = given.place;
            return {};
        case Option::seccomp_edit: return apply_edit(a[0]);
        case Option::allow_setuid_files: return {};  // asked for when the policy is known
        case Option::seccomp:
        case Option::add_seccomp_fd: return apply_filter(given);
        case Option::landlock: return apply_landlock(a[0]);
        case Option::warning: return apply_warning(a[0], a[1]);
        case Option::exec_label:
        case Option::file_label: return apply_label(given);
        case Option::not_a_security_boundary: return {};

        case Option::die_with_parent: spec_.die_with_parent = true; return {};
        case Option::new_session: spec_.new_session = true; return {};
        case Option::as_pid_1: spec_.as_pid_1 = true; return {};
        case Option::lock_file: spec_.lock_files.push_back(a[0]); return {};
        case Option::sync_fd: return apply_sync_fd(given);
        case Option::block_fd: return apply_descriptor(given, &Spec::block_fd);
        case Option::userns_block_fd: return apply_descriptor(given, &Spec::userns_block_fd);
        case Option::info_fd: return apply_descriptor(given, &Spec::info_fd);
        case Option::result: return {};  // result_path() finds it, whatever else is wrong
        case Option::json_status_fd: return apply_descriptor(given, &Spec::json_status_fd);
    }
    return Error{"--" + std::string(given.row->name) +
                 " was not read as a part of the command line"};
}

Result<void> SpecBuilder::add_options(const std::vector<GivenOption>& options) {
    for (const GivenOption& given : options) {
        auto result = apply(given);
        spec_.entry_places.resize(spec_.entries.size(), given.place);
        if (!result) {
            if (given.place.empty()) return result;
            return Error{given.place + ": " + result.error().message};
        }
        if (mode_ == Mode::help || mode_ == Mode::version) return {};
    }
    return {};
}

Result<void> SpecBuilder::add(const CommandLine& line) {
    took_back_ = line.took_back;
    if (auto result = add_options(line.options); !result) return result;
    const bool ended = mode_ == Mode::help || mode_ == Mode::version;
    if (line.error && !ended) return *line.error;
    spec_.command = line.command;
    return {};
}

Result<void> SpecBuilder::add_policy() {
    const std::string wanted = policy_.value_or(dialect_.policy);
    if (wanted == "none") {
        if (edits_.empty()) return {};
        return Error{"--seccomp-edit has no policy to change; name one with --seccomp-policy"};
    }
    const auto capabilities = kept_names(spec_);
    if (!capabilities) return capabilities.error();
    const bool is_path = wanted.find_first_of("/.") != std::string::npos;
    if (is_path) {
        const auto json = read_file(wanted);
        if (!json) return json.error();
        auto filter = compile_policy(*json, wanted, *capabilities, edits_);
        if (!filter) return filter.error();
        spec_.filters.push_back(std::move(*filter));
        return {};
    }
    // Edits that were asked for come last, and win.
    std::vector<PolicyEdit> edits;
    if (given_.contains(Option::allow_userns)) edits = nested_sandbox_edits();
    edits.insert(edits.end(), edits_.begin(), edits_.end());
    auto filter = builtin_policy(wanted, *capabilities, edits);
    if (!filter) return filter.error();
    spec_.filters.push_back(std::move(*filter));
    // A sandbox inside needs openat2, which that filter closes.
    const bool opened =
        given_.contains(Option::allow_setuid_files) || given_.contains(Option::allow_userns);
    if (opened || dialect_.set_id_files == SetIdFiles::allow) return {};
    auto second = set_id_files_filter(edits_);
    if (!second) return second.error();
    spec_.filters.push_back(std::move(*second));
    return {};
}

// Whether `path` has "..", and as many as lead it up to the root.
bool comes_to_root(std::string_view path) {
    long depth = 0;
    bool goes_up = false;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        if (part.empty() || part == ".") continue;
        goes_up = goes_up || part == "..";
        depth = part == ".." ? std::max(depth - 1, 0L) : depth + 1;
    }
    return goes_up && depth == 0;
}

Result<void> SpecBuilder::check_paths(const GivenOption& given) const {
    for (std::size_t i = 0; i < given.arguments.size(); ++i) {
        if (!given.arguments[i].empty() || !given.row->takes_path(i)) continue;
        std::string text =
            "--" + std::string(given.row->name) + " does not take an empty path argument";
        if (spec_.wording == Wording::sbx) {
            const bool inside = given.row->argument_name(i) == "DEST";
            text += std::string("; an empty ") + (inside ? "destination" : "path") +
                    " is most often a variable that is not set";
            if (inside) text += ", write / for the root itself";
        }
        return Error{text};
    }
    return {};
}

// A relative path inside begins at "/", as bubblewrap has it. Who writes one most often means the
// caller's directory, and would not see that it is another one.
Result<void> SpecBuilder::check_path_inside(const std::string& path,
                                            const std::string& place) const {
    if (spec_.wording != Wording::sbx) return {};
    if (!path.empty() && path[0] == '/') {
        if (!comes_to_root(path)) return {};
        return Error{quote(path) +
                     " comes to \"/\" and would cover all that is there; write / where "
                     "the root itself is meant"};
    }
    std::string rest = path;
    while (rest.substr(0, 2) == "./") rest.erase(0, rest.find_first_not_of('/', 1));
    const bool here = rest.empty() || rest == ".";
    const bool below_root = !here && rest.substr(0, 2) != "..";
    return Error{quote(path) + " is relative, and a path inside begins with \"/\"; write " +
                 quote((place.empty() ? "$PWD" : "${CWD}") + (here ? "" : "/" + rest)) +
                 (below_root ? ", or " + quote("/" + rest) : "")};
}

Result<void> SpecBuilder::check_destinations() const {
    for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
        const std::string place = i < spec_.entry_places.size() ? spec_.entry_places[i] : "";
        const auto ok = check_path_inside(destination_of(spec_.entries[i]), place);
        if (!ok) return Error{(place.empty() ? "" : place + ": ") + ok.error().message};
    }
    return {};
}

Result<Spec> SpecBuilder::finish() {
    if (auto used = check_modifiers_used(); !used) return used.error();
    if (given_.contains(Option::disable_userns) && given_.contains(Option::allow_userns)) {
        return Error{"--disable-userns and --allow-userns say the opposite; leave one of them out"};
    }
    if (auto added = add_last_filter(); !added) return added.error();
    if (auto ok = check_destinations(); !ok) return ok.error();
    if (auto added = add_policy(); !added) {
        return Error{(policy_place_.empty() ? "" : policy_place_ + ": ") + added.error().message};
    }
    for (SeccompFilter& filter : filters_) spec_.filters.push_back(std::move(filter));
    filters_.clear();
    return spec_;
}

}  // namespace sbx::cli
