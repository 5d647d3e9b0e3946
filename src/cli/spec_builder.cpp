// SPDX-License-Identifier: Apache-2.0
#include "cli/spec_builder.hpp"

#include "cli/input.hpp"
#include "cli/nearest.hpp"

#include <sbx/host.hpp>
#include <sbx/policy.hpp>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

namespace sbx::cli {
namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// The names of the capabilities that the command keeps, for policies that depend on them.
std::vector<std::string> kept_names(const Spec& spec) {
    const bool keeps = ::geteuid() == 0 && spec.root_capabilities == RootCapabilities::keep;
    if (!keeps && spec.capabilities.empty()) return {};  // most starts: no names to be asked for
    const std::vector<std::string> names = capability_names();
    std::vector<bool> kept(names.size(), keeps);
    for (const CapabilityChange& change : spec.capabilities) {
        const bool adds = change.kind == CapabilityChange::Kind::add;
        if (change.capability) {
            kept[*change.capability] = adds;
        } else {
            kept.assign(names.size(), adds);
        }
    }
    std::vector<std::string> out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!kept[i]) continue;
        std::string name = names[i];
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        out.push_back(std::move(name));
    }
    return out;
}

}  // namespace

Result<int> SpecBuilder::descriptor(const std::string& text) const {
    const auto number = parse_number(text, 10, std::numeric_limits<int>::max());
    if (!number) return Error{"Invalid fd: " + text};
    return static_cast<int>(*number);
}

Result<std::uint32_t> SpecBuilder::id(const char* what, const std::string& text) const {
    // 4294967295 is (uid_t)-1, which means "no id" to the kernel.
    const auto number = parse_number(text, 10, std::numeric_limits<std::uint32_t>::max() - 1);
    if (!number) return Error{std::string("Invalid ") + what + ": " + text};
    return static_cast<std::uint32_t>(*number);
}

unsigned SpecBuilder::take_mode(unsigned otherwise) {
    const unsigned mode = perms_.value_or(otherwise);
    perms_.reset();
    return mode;
}

void SpecBuilder::add_bind(const GivenOption& given, Access access, IfMissing if_missing) {
    spec_.entries.emplace_back(
        entry::Bind{given.arguments[0], given.arguments[1], access, if_missing});
}

// --perms and --size are for the option that follows them.
Result<void> SpecBuilder::check_modifiers(Option next) const {
    const bool makes = next == Option::dir || next == Option::file || next == Option::tmpfs;
    if (next == Option::perms && perms_) {
        return Error{"--perms given twice for the same action"};
    }
    if (perms_ && !makes && next != Option::size && next != Option::perms) {
        return Error{"--perms must be followed by an option that creates a file"};
    }
    if (next == Option::size && size_) return Error{"--size given twice for the same action"};
    if (size_ && next != Option::tmpfs && next != Option::perms && next != Option::size) {
        return Error{"--size must be followed by --tmpfs"};
    }
    return {};
}

Result<void> SpecBuilder::apply_perms(const std::string& text) {
    const auto mode = parse_number(text, 8, 07777);
    if (!mode) return Error{"--perms takes an octal argument <= 07777"};
    perms_ = static_cast<unsigned>(*mode);
    return {};
}

Result<void> SpecBuilder::apply_size(const std::string& text) {
    const bool hexadecimal =
        text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const bool octal = !hexadecimal && text.size() > 1 && text[0] == '0';
    const auto size = parse_number(hexadecimal ? text.substr(2) : text,
                                   hexadecimal ? 16
                                   : octal     ? 8
                                               : 10,
                                   std::numeric_limits<std::uint64_t>::max() / 2);
    if (!size || *size == 0) return Error{"--size takes a non-zero number of bytes"};
    size_ = *size;
    return {};
}

Result<void> SpecBuilder::apply_variable(EnvironmentChange::Kind kind, const std::string& name,
                                         const std::string& value) {
    if (name.empty() || name.find('=') != std::string::npos) {
        const char* what = kind == EnvironmentChange::Kind::set ? "setenv" : "unsetenv";
        return Error{std::string(what) + " failed: \"" + name + "\" is not a name for a variable"};
    }
    spec_.environment.push_back({kind, name, value});
    return {};
}

Result<void> SpecBuilder::apply_argv0(const std::string& value) {
    if (spec_.argv0 && dialect_.defaults.wording == Wording::bubblewrap) {
        return Error{"--argv0 used multiple times"};
    }
    spec_.argv0 = value;
    return {};
}

Result<void> SpecBuilder::apply_capability(CapabilityChange::Kind kind, const std::string& name) {
    if (lower(name) == "all") {
        spec_.capabilities.push_back({kind, std::nullopt});
        return {};
    }
    const std::vector<std::string> names = capability_names();
    const auto found = std::find(names.begin(), names.end(), lower(name));
    if (found != names.end()) {
        spec_.capabilities.push_back({kind, static_cast<unsigned>(found - names.begin())});
        return {};
    }
    std::string text = "unknown cap: " + name;
    const std::vector<std::string_view> views(names.begin(), names.end());
    std::string_view close = nearest(lower(name), views);
    if (close.empty()) close = nearest("cap_" + lower(name), views);
    if (!close.empty()) text += "; did you mean " + std::string(close) + "?";
    if (name.find(',') != std::string::npos) text += "; give the option once for each capability";
    return Error{text};
}

Result<void> SpecBuilder::apply_filter(const GivenOption& given) {
    if (filter_option_ && (*filter_option_ != given.row->id)) {
        return Error{"--seccomp cannot be combined with --add-seccomp-fd"};
    }
    filter_option_ = given.row->id;
    if (given.row->id == Option::seccomp) filters_.clear();
    const auto fd = descriptor(given.arguments[0]);
    if (!fd) return fd.error();
    auto program = read_filter(*fd, "--" + std::string(given.row->name));
    if (!program) return program.error();
    filters_.push_back({"descriptor " + given.arguments[0], std::move(*program)});
    return {};
}

Result<void> SpecBuilder::apply_args(const std::string& text) {
    if (in_args_file_) return Error{"--args not supported in arguments file"};
    const auto fd = descriptor(text);
    if (!fd) return fd.error();
    const auto content = read_all(*fd, "--args");
    if (!content) return content.error();
    const auto line = parse_words(split_at_nul(*content), dialect_);
    if (!line) return line.error();
    if (!line->command.empty()) {
        return Error{"--args " + text + ": \"" + line->command.front() +
                     "\" is no option; the command cannot come from descriptor " + text +
                     ", put it on the command line"};
    }
    in_args_file_ = true;
    auto result = add_options(line->options);
    in_args_file_ = false;
    return result;
}

Result<void> SpecBuilder::apply(const GivenOption& given) {
    const std::vector<std::string>& a = given.arguments;
    if (auto fits = check_modifiers(given.row->id); !fits) return fits;
    switch (given.row->id) {
        case Option::help: mode_ = Mode::help; return {};
        case Option::version: mode_ = Mode::version; return {};
        case Option::dry_run: mode_ = Mode::dry_run; return {};
        case Option::args: return apply_args(a[0]);
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
        case Option::file: {
            const auto fd = descriptor(a[0]);
            if (!fd) return fd.error();
            spec_.entries.emplace_back(entry::File{*fd, a[1], take_mode(0666)});
            return {};
        }
        case Option::proc: spec_.entries.emplace_back(entry::Proc{a[0]}); return {};
        case Option::dev: spec_.entries.emplace_back(entry::Dev{a[0]}); return {};
        case Option::remount_ro:
            spec_.entries.emplace_back(entry::RemountReadOnly{a[0]});
            return {};
        case Option::perms: return apply_perms(a[0]);
        case Option::size: return apply_size(a[0]);
        case Option::bare: spec_.given = GivenTree::none; return {};

        case Option::unshare_all: {
            NamespaceSet all(0xffU);
            all.remove(Namespace::time);
            spec_.unshare.add(all);
            return {};
        }
        case Option::unshare_user: spec_.unshare.add(Namespace::user); return {};
        case Option::unshare_mount: spec_.unshare.add(Namespace::mount); return {};
        case Option::unshare_pid: spec_.unshare.add(Namespace::pid); return {};
        case Option::unshare_ipc: spec_.unshare.add(Namespace::ipc); return {};
        case Option::unshare_uts: spec_.unshare.add(Namespace::uts); return {};
        case Option::unshare_net: spec_.unshare.add(Namespace::network); return {};
        case Option::unshare_cgroup: spec_.unshare.add(Namespace::cgroup); return {};
        case Option::unshare_time: spec_.unshare.add(Namespace::time); return {};
        case Option::share_user: spec_.unshare.remove(Namespace::user); return {};
        case Option::share_mount:
            return Error{
                "the mount namespace cannot be shared: the new root lives in one of its "
                "own; bind what should be seen inside"};
        case Option::share_pid: spec_.unshare.remove(Namespace::pid); return {};
        case Option::share_ipc: spec_.unshare.remove(Namespace::ipc); return {};
        case Option::share_uts: spec_.unshare.remove(Namespace::uts); return {};
        case Option::share_net: spec_.unshare.remove(Namespace::network); return {};
        case Option::share_cgroup: spec_.unshare.remove(Namespace::cgroup); return {};
        case Option::share_time: spec_.unshare.remove(Namespace::time); return {};

        case Option::map_root_user: spec_.identity = Identity::root; return {};
        case Option::map_current_user: spec_.identity = Identity::current; return {};
        case Option::uid: {
            const auto uid = id("uid", a[0]);
            if (!uid) return uid.error();
            spec_.uid = *uid;
            return {};
        }
        case Option::gid: {
            const auto gid = id("gid", a[0]);
            if (!gid) return gid.error();
            spec_.gid = *gid;
            return {};
        }
        case Option::hostname: spec_.hostname = a[0]; return {};

        case Option::chdir: spec_.directory = a[0]; return {};
        case Option::setenv: return apply_variable(EnvironmentChange::Kind::set, a[0], a[1]);
        case Option::unsetenv: return apply_variable(EnvironmentChange::Kind::unset, a[0], "");
        case Option::clearenv:
            spec_.environment.push_back({EnvironmentChange::Kind::clear, "", ""});
            return {};
        case Option::keep_fd: {
            const auto fd = descriptor(a[0]);
            if (!fd) return fd.error();
            spec_.keep_fds.push_back(*fd);
            return {};
        }

        case Option::cap_add: return apply_capability(CapabilityChange::Kind::add, a[0]);
        case Option::cap_drop: return apply_capability(CapabilityChange::Kind::drop, a[0]);
        case Option::seccomp_policy: policy_ = a[0]; return {};
        case Option::seccomp:
        case Option::add_seccomp_fd: return apply_filter(given);

        case Option::die_with_parent: spec_.die_with_parent = true; return {};
        case Option::new_session: spec_.new_session = true; return {};
        case Option::as_pid_1: spec_.as_pid_1 = true; return {};
    }
    return Error{"--" + std::string(given.row->name) + " is in the table and does nothing"};
}

Result<void> SpecBuilder::add_options(const std::vector<GivenOption>& options) {
    for (const GivenOption& given : options) {
        if (auto result = apply(given); !result) return result;
        if (mode_ == Mode::help || mode_ == Mode::version) return {};
    }
    return {};
}

Result<void> SpecBuilder::add(const CommandLine& line) {
    if (auto result = add_options(line.options); !result) return result;
    spec_.command = line.command;
    return {};
}

Result<void> SpecBuilder::add_policy() {
    const std::string wanted = policy_.value_or(dialect_.policy);
    if (wanted == "none") return {};
    const std::vector<std::string> capabilities = kept_names(spec_);
    const bool is_path = wanted.find_first_of("/.") != std::string::npos;
    if (is_path) {
        const auto json = read_file(wanted);
        if (!json) return json.error();
        auto filter = compile_policy(*json, wanted, capabilities);
        if (!filter) return filter.error();
        spec_.filters.push_back(std::move(*filter));
        return {};
    }
    auto filter = builtin_policy(wanted, capabilities);
    if (!filter) return filter.error();
    spec_.filters.push_back(std::move(*filter));
    return {};
}

Result<Spec> SpecBuilder::finish() {
    if (perms_) return Error{"--perms must be followed by an option that creates a file"};
    if (size_) return Error{"--size must be followed by --tmpfs"};
    for (const Entry& entry : spec_.entries) {
        const bool empty = std::visit([](const auto& e) { return e.destination.empty(); }, entry);
        if (empty && spec_.wording == Wording::sbx) {
            return Error{
                "an empty destination is most often a variable that is not set; write / "
                "for the root itself"};
        }
    }
    if (auto added = add_policy(); !added) return added.error();
    for (SeccompFilter& filter : filters_) spec_.filters.push_back(std::move(filter));
    filters_.clear();
    return spec_;
}

}  // namespace sbx::cli
