// SPDX-License-Identifier: Apache-2.0
#include <sbx/plan.hpp>

#include "base/landlock.hpp"
#include "base/program_name.hpp"
#include "base/text.hpp"
#include "describe/words.hpp"
#include "plan/steps.hpp"

#include <algorithm>

namespace sbx {
namespace {

// "0 1000 1\n" as "1000 as 0"
std::string map_words(const std::string& map) {
    const std::size_t inside_end = map.find(' ');
    const std::size_t outside_end = map.find(' ', inside_end + 1);
    if (inside_end == std::string::npos || outside_end == std::string::npos) return quote(map);
    return map.substr(inside_end + 1, outside_end - inside_end - 1) + " as " +
           map.substr(0, inside_end);
}

std::string namespace_words(NamespaceSet set) { return list(namespace_names(set)); }

std::string access_words(Access access) {
    switch (access) {
        case Access::read_only: return " read-only";
        case Access::device: return " with devices";
        case Access::read_write: return " writable";
    }
    return {};
}

struct Sentence {
    std::string operator()(const step::MapIds& s) const {
        return "map user " + map_words(s.uid_map) + ", group " + map_words(s.gid_map);
    }
    std::string operator()(const step::MountRoot&) const { return "mount a tmpfs as the new root"; }
    std::string operator()(const step::Bind& s) const {
        std::string text = "bind " + quote(s.source);
        // A different path behind the name matters to whoever reads a plan.
        if (!s.path.empty() && s.path != lexically_clean(s.source)) {
            text += " (" + quote(s.path) + ")";
        }
        return text + " on " + quote(s.destination) + access_words(s.access);
    }
    std::string operator()(const step::BindFd& s) const {
        return "bind descriptor " + std::to_string(s.fd) + " (" + quote(s.path) + ") on " +
               quote(s.destination) + access_words(s.access);
    }
    std::string operator()(const step::BindData& s) const {
        return "bind data of descriptor " + std::to_string(s.fd) + " on " + quote(s.destination) +
               access_words(s.access) + " mode " + octal(s.mode);
    }
    std::string operator()(const step::MountOverlay& s) const {
        std::string text = "overlay of ";
        for (std::size_t i = 0; i < s.sources.size(); ++i) {
            text += (i == 0 ? "" : " over ") + quote(s.sources[i]);
        }
        text += " on " + quote(s.destination);
        switch (s.changes) {
            case entry::Overlay::Changes::kept:
                return text + ", changes kept in " + quote(s.upper) + " (work " + quote(s.work) +
                       ")";
            case entry::Overlay::Changes::forgotten: return text + ", changes forgotten";
            case entry::Overlay::Changes::refused: return text + " read-only";
        }
        return text;
    }
    std::string operator()(const step::Chmod& s) const {
        return "chmod " + octal(s.mode) + " " + quote(s.destination);
    }
    std::string operator()(const step::MountMqueue& s) const {
        return "mqueue on " + quote(s.destination);
    }
    std::string operator()(const step::WaylandSocket& s) const {
        std::string text = "wayland socket of " + quote(s.source);
        if (s.path != lexically_clean(s.source)) text += " (" + quote(s.path) + ")";
        text += " on " + quote(s.destination) + " with a security context";
        return s.app_id.empty() ? text : text + " for " + quote(s.app_id);
    }
    std::string operator()(const step::Guard& s) const {
        return (s.kind == entry::Guard::Kind::mask ? "mask " : "protect ") + quote(s.destination);
    }
    std::string operator()(const step::SetIds& s) const {
        const auto id = [](const std::optional<std::uint32_t>& given) {
            return given ? std::to_string(*given) : "as before";
        };
        return "become user " + id(s.uid) + ", group " + id(s.gid);
    }
    std::string operator()(const step::Announce& s) const {
        return std::string("tell the caller of the sandbox") +
               (s.awaits_ids ? ", and wait until it has mapped the ids" : "");
    }
    std::string operator()(const step::LockFile& s) const { return "lock " + quote(s.path); }
    std::string operator()(const step::JoinUserNamespace& s) const {
        return "enter the user namespace of descriptor " + std::to_string(s.fd);
    }
    std::string operator()(const step::LimitUserNamespaces&) const {
        return "allow one more user namespace and none after it";
    }
    std::string operator()(const step::AssertNoUserNamespaces&) const {
        return "see that no user namespace can be made";
    }
    std::string operator()(const step::AwaitDescriptor& s) const {
        return "wait for descriptor " + std::to_string(s.fd);
    }
    std::string operator()(const step::MountTmpfs& s) const {
        std::string text = "tmpfs on " + quote(s.destination) + " mode " + octal(s.mode);
        if (s.size) text += " size " + std::to_string(*s.size);
        if (s.inodes) text += ", " + std::to_string(*s.inodes) + " files at most";
        return text;
    }
    std::string operator()(const step::MountProc& s) const {
        return "proc on " + quote(s.destination);
    }
    std::string operator()(const step::MountDevpts& s) const {
        return "devpts on " + quote(s.destination);
    }
    std::string operator()(const step::MakeDirectory& s) const {
        return "directory " + quote(s.destination) + " mode " + octal(s.mode);
    }
    std::string operator()(const step::MakeSymlink& s) const {
        return "symlink " + quote(s.destination) + " to " + quote(s.target);
    }
    std::string operator()(const step::WriteFile& s) const {
        return "file " + quote(s.destination) + " from descriptor " + std::to_string(s.fd) +
               " mode " + octal(s.mode);
    }
    std::string operator()(const step::CoverReadOnly& s) const {
        return "cover " + quote(s.destination) + " read-only";
    }
    std::string operator()(const step::Hide& s) const { return "hide " + quote(s.destination); }
    std::string operator()(const step::RemountReadOnly& s) const {
        return "remount " + quote(s.destination) + " read-only";
    }
    std::string operator()(const step::BringUpLoopback&) const {
        return "bring up the loopback device";
    }
    std::string operator()(const step::SetHostname& s) const {
        return "set hostname " + quote(s.name);
    }
    std::string operator()(const step::EnterRoot&) const {
        return "enter the new root and detach the old one";
    }
    std::string operator()(const step::EnterUserNamespace& s) const {
        std::string text = "enter a second user namespace";
        if (!s.also.empty()) text += " with a new " + namespace_words(s.also) + " namespace";
        if (s.uid_map.empty()) return text + ", with the ids of the first one";
        return text + ", user " + map_words(s.uid_map) + ", group " + map_words(s.gid_map);
    }
    std::string operator()(const step::ScopeSignals&) const {
        return "keep init's signals inside, so that one ends everything";
    }
    std::string operator()(const step::NewSession&) const {
        return "make a session without a terminal";
    }
    std::string operator()(const step::JoinSessionKeyring&) const {
        return "join an empty session keyring";
    }
    std::string operator()(const step::ChangeDirectory& s) const {
        std::vector<std::string> quoted;
        quoted.reserve(s.candidates.size());
        for (const std::string& path : s.candidates) quoted.push_back(quote(path));
        return std::string(quoted.size() > 1 ? "enter the first directory of "
                                             : "enter directory ") +
               list(quoted);
    }
    std::string operator()(const step::DieWithParent&) const {
        return "die when the supervisor dies";
    }
    std::string operator()(const step::CloseDescriptors& s) const {
        std::vector<std::string> numbers;
        numbers.reserve(s.keep.size());
        for (const int fd : s.keep) numbers.push_back(std::to_string(fd));
        std::string text = "close all descriptors but " + list(numbers);
        for (const int fd : s.null) text += "; " + std::to_string(fd) + " is /dev/null";
        return text;
    }
    std::string operator()(const step::LimitCapabilities& s) const {
        if (s.names.empty()) return "drop all capabilities";
        if (s.names.size() == s.count && s.ambient == 0) return "keep root's capabilities";
        return "drop all capabilities but " + list(s.names) +
               (s.ambient == 0 ? ", which only uid 0 keeps across exec" : "");
    }
    std::string operator()(const step::LimitCoreDumps&) const {
        return "allow no core dumps, which would leave the sandbox";
    }
    std::string operator()(const step::NoNewPrivileges&) const { return "set no_new_privs"; }
    std::string operator()(const step::EnforceLandlock& s) const {
        std::string text = "enforce landlock: ";
        if (s.files != 0) {
            std::vector<std::string> read;
            std::vector<std::string> write;
            for (const auto& rule : s.rules) {
                ((rule.access & landlock::write_file) != 0 ? write : read)
                    .push_back(quote(rule.path));
            }
            text += "files";
            if (!read.empty()) text += " to read below " + list(read);
            if (!read.empty() && !write.empty()) text += ",";
            if (!write.empty()) text += " to write below " + list(write);
        }
        if (s.scopes != 0) {
            text += (s.files != 0 ? "; " : "") +
                    std::string("no signals and no abstract sockets ") + "to the outside";
        }
        return text;
    }
    std::string operator()(const step::LoadFilter& s) const {
        return "load seccomp filter " + quote(s.filter.name) + " (" +
               std::to_string(s.filter.program.size()) + " instructions)";
    }
};

}  // namespace

std::string describe(const Step& step) { return std::visit(Sentence{}, step); }

std::string describe(const Plan& plan) {
    std::string out;
    for (const PlanWarning& warning : plan.warnings) out += "warning: " + warning.text + "\n";
    if (plan.userns_fd) {
        out += "enter the user namespace of descriptor " + std::to_string(*plan.userns_fd) + "\n";
    }
    if (plan.pidns_fd) {
        out += "enter the pid namespace of descriptor " + std::to_string(*plan.pidns_fd) + "\n";
    }
    out += "new namespaces: " + namespace_words(plan.namespaces) + "\n";
    out += std::string("network: ") +
           (has_own_network(plan) ? "nothing but loopback" : "the one around " SBX_NAME) + "\n";
    out += "setup:\n";
    std::size_t number = 0;
    for (const Step& step : plan.setup) {
        out += "  " + std::to_string(++number) + ". " + describe(step) + "\n";
    }
    out += plan.init == Init::reaper ? "command, below an init that reaps:\n"
                                     : "command, without an init:\n";
    for (const Step& step : plan.seal) {
        out += "  " + std::to_string(++number) + ". " + describe(step) + "\n";
    }
    out += "run: " + shell_words(plan.argv) + "\n";
    out += "looked for at: " + shell_words(plan.executables) + "\n";
    out += "environment:\n";
    for (const std::string& entry : plan.environment) out += "  " + shell_words({entry}) + "\n";
    out += std::string("signals: ") +
           (plan.signals == Signals::forward ? "passed on to the command" : "not passed on") + "\n";
    out += std::string("terminal: ") +
           (plan.terminal == TerminalState::restore ? "its settings are put back at the end"
                                                    : "left as it is") +
           "\n";
    out += std::string("leftovers: ") +
           (plan.leftovers == Leftovers::kill ? "killed at the end, and when " SBX_NAME " dies"
                                              : "kept") +
           "\n";
    if (plan.init == Init::reaper) {
        out += std::string("init: ") +
               (plan.init_program == InitProgram::own ? "a small program of its own"
                                                      : "a copy of " SBX_NAME) +
               "\n";
    }
    const bool guarded = has_step<step::Guard>(plan.setup);
    if (guarded) {
        out +=
            "on the host: what is masked or protected and missing has a placeholder until the "
            "end\n";
    }
    out += std::string("on the host: ") +
           (plan.host_writes == HostWrites::refuse
                ? (guarded ? "nothing else is made or changed by " SBX_NAME
                           : "nothing is made or changed by " SBX_NAME)
                : "mount points may be made below writable binds") +
           "\n";
    for (const GitWatch& watch : plan.git_watches) {
        out += "on the host: " SBX_NAME " looks for traps for git in " + quote(watch.directory) +
               ", " +
               (watch.mode == GitWatch::Mode::end ? "moves them aside, and ends the sandbox"
                                                  : "and tells of them at the end") +
               "\n";
    }
    if (plan.nested_userns == NestedUserns::allow && plan.wording == Wording::sbx) {
        out += "user namespaces: the command may make its own\n";
    }
    if (plan.die_with_parent) out += "dies with its parent\n";
    for (const int fd : plan.sync_fds) {
        out += "held open until the sandbox is gone: descriptor " + std::to_string(fd) + "\n";
    }
    struct Row {
        std::optional<int> fd;
        const char* text;
    };
    const std::initializer_list<Row> rows = {
        {plan.info_fd, "written to when the namespaces are there: descriptor "},
        {plan.json_status_fd, "written to then and at the end: descriptor "},
        {plan.userns_block_fd, "tells that the ids are mapped: descriptor "},
    };
    for (const Row& row : rows) {
        if (row.fd) out += row.text + std::to_string(*row.fd) + "\n";
    }
    for (const std::string& note : plan.notes) out += "note: " + note + "\n";
    return out;
}

}  // namespace sbx
