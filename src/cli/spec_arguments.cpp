// SPDX-License-Identifier: Apache-2.0
// The arguments of options: numbers, descriptors, names, and the modifiers that wait for an option.
#include "cli/input.hpp"
#include "cli/nearest.hpp"
#include "cli/spec_builder.hpp"

#include <sbx/host.hpp>
#include <sbx/text.hpp>

#include <algorithm>
#include <cctype>
#include <limits>

namespace sbx::cli {
namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

constexpr bool last_wins(Option option) {
    switch (option) {
        case Option::chdir:
        case Option::exec_label:
        case Option::file_label:
        case Option::block_fd:
        case Option::userns_block_fd:
        case Option::info_fd:
        case Option::json_status_fd:
        case Option::seccomp:
        case Option::userns:
        case Option::userns2:
        case Option::pidns:
        case Option::uid:
        case Option::gid:
        case Option::hostname: return true;
        default: return false;
    }
}

}  // namespace

// What an option reads, writes or holds is gone for every other one.
Result<int> SpecBuilder::descriptor(const GivenOption& given) {
    const auto fd = parse_descriptor(*given.row, given.arguments[0], spec_.wording);
    if (!fd) return fd.error();
    if (last_wins(given.row->id)) {
        std::erase_if(taken_, [&](const auto& taken) { return taken.second == given.row; });
    }
    const auto [at, fresh] = taken_.emplace(*fd, given.row);
    if (fresh) return *fd;
    const std::string first(at->second->name);
    const std::string second(given.row->name);
    const bool reads = given.row->id == Option::args || given.row->id == Option::add_seccomp_fd;
    const std::string begin = reads && spec_.wording == Wording::bubblewrap
                                  ? reading_words(*given.row, given.arguments[0], spec_.wording) +
                                        ": Bad file descriptor; "
                                  : "";
    return Error{begin + "descriptor " + given.arguments[0] + " is used by --" + first +
                 " and by " + (first == second ? "another --" : "--") + second +
                 "; what one reads is gone for the other"};
}

Result<void> SpecBuilder::apply_descriptor(const GivenOption& given,
                                           std::optional<int> Spec::*field) {
    const auto fd = descriptor(given);
    if (!fd) return fd.error();
    spec_.*field = *fd;
    return {};
}

// One that is given again is the same one.
Result<void> SpecBuilder::apply_sync_fd(const GivenOption& given) {
    std::erase_if(taken_, [&](const auto& taken) {
        return taken.second == given.row && std::to_string(taken.first) == given.arguments[0];
    });
    const auto fd = descriptor(given);
    if (!fd) return fd.error();
    std::erase(spec_.sync_fds, *fd);
    spec_.sync_fds.push_back(*fd);
    return {};
}

Result<void> SpecBuilder::apply_dry_run(const GivenOption& given) {
    const auto format = parse_plan_format(given.arguments.empty() ? "text" : given.arguments[0]);
    if (!format) return format.error();
    plan_format_ = *format;
    mode_ = Mode::dry_run;
    return {};
}

Result<void> SpecBuilder::apply_doctor(const GivenOption& given) {
    const std::string format = given.arguments.empty() ? "text" : given.arguments[0];
    if (format != "text" && format != "json") {
        return Error{"--doctor takes text or json, and not " + quote(format)};
    }
    mode_ = Mode::doctor;
    format_ = format == "json" ? Format::json : Format::text;
    return {};
}

Result<void> SpecBuilder::apply_keep_fd(const GivenOption& given) {
    const auto fd = parse_descriptor(*given.row, given.arguments[0], spec_.wording);
    if (!fd) return fd.error();
    spec_.keep_fds.push_back(*fd);
    return {};
}

Result<void> SpecBuilder::apply_id(const GivenOption& given,
                                   std::optional<std::uint32_t> Spec::*field) {
    // 4294967295 is (uid_t)-1, which means "no id" to the kernel.
    const std::string& text = given.arguments[0];
    const auto number = parse_number(text, 10, std::numeric_limits<std::uint32_t>::max() - 1);
    if (!number) {
        return wrong_argument(*given.row, "a number from 0 to 4294967294", text, spec_.wording,
                              "Invalid " + std::string(given.row->name) + ": " + text);
    }
    spec_.*field = static_cast<std::uint32_t>(*number);
    return {};
}

Result<void> SpecBuilder::apply_label(const GivenOption& given) const {
    if (spec_.wording == Wording::bubblewrap) {
        return Error{"labeling not supported on this system"};
    }
    return Error{"--" + std::string(given.row->name) +
                 ": SELinux labels are not supported; leave it out"};
}

// Of these options the last one counts. Bubblewrap's callers are told, as bubblewrap does it; in
// sbx's own dialect a later option is how one overrides an earlier one.
void SpecBuilder::note_repetition(Option option) {
    const bool repeated = !given_.insert(option).second;
    if (!repeated || !last_wins(option) || spec_.wording != Wording::bubblewrap) return;
    const std::string name(option_table[static_cast<std::size_t>(option)].name);
    notices_.push_back({"Only the last --" + name + " option will take effect", prefix_});
}

void SpecBuilder::share(Namespace kind) {
    spec_.unshare.remove(kind);
    spec_.unshare_try.remove(kind);
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

void SpecBuilder::add_guard(const GivenOption& given, entry::Guard::Kind kind,
                            IfMissing if_missing) {
    spec_.entries.emplace_back(entry::Guard{kind, given.arguments[0], if_missing});
}

Result<void> SpecBuilder::add_bind_fd(const GivenOption& given, Access access) {
    const auto fd = descriptor(given);
    if (!fd) return fd.error();
    spec_.entries.emplace_back(entry::BindFd{*fd, given.arguments[1], access});
    return {};
}

Result<void> SpecBuilder::add_bind_data(const GivenOption& given, Access access) {
    const auto fd = descriptor(given);
    if (!fd) return fd.error();
    spec_.entries.emplace_back(
        entry::BindData{*fd, given.arguments[1], take_mode(entry::BindData{}.mode), access});
    return {};
}

Result<void> SpecBuilder::add_file(const GivenOption& given) {
    const auto fd = descriptor(given);
    if (!fd) return fd.error();
    spec_.entries.emplace_back(entry::File{*fd, given.arguments[1], take_mode(entry::File{}.mode)});
    return {};
}

Result<void> SpecBuilder::add_overlay(const GivenOption& given, entry::Overlay::Changes changes) {
    const bool two = changes == entry::Overlay::Changes::refused;
    if (overlay_sources_.size() < (two ? 2U : 1U)) {
        return Error{"--" + std::string(given.row->name) + " requires at least " +
                     (two ? "two" : "one") + " --overlay-src"};
    }
    entry::Overlay overlay{changes, std::move(overlay_sources_), {}, {}, given.arguments.back()};
    overlay_sources_.clear();
    if (changes == entry::Overlay::Changes::kept) {
        overlay.upper = given.arguments[0];
        overlay.work = given.arguments[1];
    }
    spec_.entries.emplace_back(std::move(overlay));
    return {};
}

// --perms, --size and --overlay-src are for the option that follows them.
Result<void> SpecBuilder::check_modifiers(Option next) const {
    const bool makes = next == Option::dir || next == Option::file || next == Option::tmpfs ||
                       next == Option::bind_data || next == Option::ro_bind_data;
    const bool overlay = next == Option::overlay_src || next == Option::overlay ||
                         next == Option::tmp_overlay || next == Option::ro_overlay;
    if (next == Option::help || next == Option::version) return {};
    if (!overlay_sources_.empty() && !overlay) return Error{overlay_source_alone};
    if (next == Option::perms && perms_) {
        return Error{"--perms given twice for the same action"};
    }
    if (perms_ && !makes && next != Option::size && next != Option::perms) {
        return Error{perms_alone};
    }
    if (next == Option::size && size_) return Error{"--size given twice for the same action"};
    if (size_ && next != Option::tmpfs && next != Option::perms && next != Option::size) {
        return Error{size_alone};
    }
    return {};
}

// At the end of the command line.
Result<void> SpecBuilder::check_modifiers_used() const {
    if (perms_) return Error{perms_alone};
    if (size_) return Error{size_alone};
    if (!overlay_sources_.empty()) return Error{overlay_source_alone};
    return {};
}

// The first argument as a mode.
Result<unsigned> SpecBuilder::mode_of(const GivenOption& given) const {
    const std::string& text = given.arguments[0];
    if (const auto mode = parse_number(text, 8, 07777)) return static_cast<unsigned>(*mode);
    return wrong_argument(
        *given.row, "an octal mode up to 07777", text, spec_.wording,
        "--" + std::string(given.row->name) + " takes an octal argument <= 07777");
}

Result<void> SpecBuilder::apply_perms(const GivenOption& given) {
    const auto mode = mode_of(given);
    if (!mode) return mode.error();
    perms_ = *mode;
    return {};
}

Result<void> SpecBuilder::apply_chmod(const GivenOption& given) {
    const auto mode = mode_of(given);
    if (!mode) return mode.error();
    spec_.entries.emplace_back(entry::Chmod{*mode, given.arguments[1]});
    return {};
}

Result<void> SpecBuilder::apply_size(const GivenOption& given) {
    const std::string& text = given.arguments[0];
    const bool hexadecimal =
        text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const bool octal = !hexadecimal && text.size() > 1 && text[0] == '0';
    const auto size = parse_number(hexadecimal ? text.substr(2) : text,
                                   hexadecimal ? 16
                                   : octal     ? 8
                                               : 10,
                                   std::numeric_limits<std::uint64_t>::max());
    if (!size || *size == 0) {
        return wrong_argument(*given.row, "a number of bytes above 0", text, spec_.wording,
                              "--size takes a non-zero number of bytes");
    }
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max() / 2;
    if (*size > most) {
        return wrong_argument(*given.row, "at most " + std::to_string(most) + " bytes", text,
                              spec_.wording,
                              "--size (for tmpfs) is limited to " + std::to_string(most));
    }
    size_ = *size;
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
    // Capabilities that libcap has no name for yet are given by number.
    const auto number = parse_number(name, 10, names.size() - 1);
    if (number) {
        spec_.capabilities.push_back({kind, static_cast<unsigned>(*number)});
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

// The name itself is the policy's to judge, when it is compiled.
Result<void> SpecBuilder::apply_edit(const std::string& text) {
    constexpr std::string_view allow = "allow:";
    constexpr std::string_view deny = "deny:";
    for (const auto& [word, answer] :
         {std::pair{allow, PolicyEdit::Answer::allow}, std::pair{deny, PolicyEdit::Answer::deny}}) {
        if (text.compare(0, word.size(), word) != 0) continue;
        edits_.push_back({answer, text.substr(word.size())});
        return {};
    }
    return Error{
        "--seccomp-edit takes allow:CALL or deny:CALL, as in allow:ptrace or "
        "allow:socket:AF_VSOCK, and not " +
        quote(text)};
}

Result<void> SpecBuilder::apply_landlock(const std::string& mode) {
    if (mode != "auto" && mode != "require" && mode != "off") {
        return Error{"--landlock takes auto, require or off, and not " + quote(mode)};
    }
    spec_.landlock = mode == "auto"      ? Landlock::automatic
                     : mode == "require" ? Landlock::require
                                         : Landlock::off;
    return {};
}

Result<void> SpecBuilder::apply_watch_git(const std::string& directory, const std::string& mode) {
    if (mode != "tell" && mode != "end" && mode != "off") {
        return Error{"--watch-git takes tell, end or off after the directory, and not " +
                     quote(mode)};
    }
    spec_.git_watches.push_back({directory, mode == "tell"  ? GitWatch::Mode::tell
                                            : mode == "end" ? GitWatch::Mode::end
                                                            : GitWatch::Mode::off});
    return {};
}

Result<void> SpecBuilder::apply_warning(const std::string& name, const std::string& mode) {
    if (mode != "show" && mode != "hide" && mode != "refuse") {
        return Error{"--warning takes show, hide or refuse after the name, and not " + quote(mode)};
    }
    const WarningMode value = mode == "show"   ? WarningMode::show
                              : mode == "hide" ? WarningMode::hide
                                               : WarningMode::refuse;
    if (name == "all") {
        spec_.warnings.fill(value);
        return {};
    }
    for (std::size_t i = 0; i < warning_names.size(); ++i) {
        if (warning_names[i] != name) continue;
        spec_.warnings[i] = value;
        return {};
    }
    const std::string_view close = nearest(name, warning_names);
    std::string text = "there is no warning " + quote(name);
    if (!close.empty()) return Error{text + "; did you mean " + std::string(close) + "?"};
    text += "; there are all";
    for (const std::string_view one : warning_names) text += ", " + std::string(one);
    return Error{text};
}

Result<void> SpecBuilder::apply_filter(const GivenOption& given) {
    const bool only = given.row->id == Option::seccomp;
    if (given_.contains(only ? Option::add_seccomp_fd : Option::seccomp)) {
        return Error{only ? "--seccomp cannot be combined with --add-seccomp-fd"
                          : "--add-seccomp-fd cannot be combined with --seccomp"};
    }
    const auto fd = descriptor(given);
    if (!fd) return fd.error();
    if (!only) return read_filter_of(given);
    last_filter_ = given;  // read when it is certain that it is the last one
    return {};
}

Result<void> SpecBuilder::read_filter_of(const GivenOption& given) {
    const int fd = *parse_descriptor(*given.row, given.arguments[0], spec_.wording);
    auto program = read_filter(*given.row, fd, spec_.wording);
    if (!program) return program.error();
    filters_.push_back(
        {.name = "descriptor " + std::to_string(fd), .program = std::move(*program), .fd = fd});
    return {};
}

Result<void> SpecBuilder::add_last_filter() {
    return last_filter_ ? read_filter_of(*last_filter_) : Result<void>{};
}

}  // namespace sbx::cli
