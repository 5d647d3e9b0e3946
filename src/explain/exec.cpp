// SPDX-License-Identifier: Apache-2.0
#include "explain/exec.hpp"

#include "base/executable.hpp"
#include "base/remedies.hpp"
#include "base/text.hpp"
#include "explain/bubblewrap.hpp"
#include "explain/links_inside.hpp"
#include "plan/planning.hpp"
#include "plan/steps.hpp"
#include "policy/filter_answer.hpp"
#include "probe/program_places.hpp"
#include "system/fd.hpp"
#include "system/machine.hpp"

#include <sbx/host.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sbx::sys {
namespace {

Outcome outcome(Outcome::End end, std::string message) {
    return {.end = end, .error = Error{std::move(message)}};
}

// How the host's `path`, of which a file says the name, could be shown inside; empty: not to be
// recommended. The file may be the attacker's, and the name that of the caller's keys.
std::string showing_option(const std::string& path) {
    const std::string real = real_path(path);
    if (is_at_or_below(real, "/usr")) return "--ro-bind /usr /usr";
    return is_of_system(real) ? "--ro-bind " + shell_words({real, real}) : "";
}

// The same of a path that is the caller's own word, unless a link on its way says otherwise.
std::string showing_own(const std::string& path) {
    std::string option = showing_option(path);
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    const Fd open(
        static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
    if (!option.empty() || !open) return option;
    // No more than that: a program in a home would bring the home with it.
    const std::string real = real_path(path);
    return "--ro-bind " + shell_words({real, real});
}

// Whether PATH inside has the directory of the host's program `path`.
bool is_in_path(const Plan& plan, const std::string& path) {
    return std::find(plan.executables.begin(), plan.executables.end(), path) !=
           plan.executables.end();
}

std::string host_has(const Plan& plan, const std::string& path) {
    if (const auto directories = program_directories(path); !directories.empty()) {
        const bool searched = plan.command.find('/') == std::string::npos;
        const bool keeps = searched && !is_in_path(plan, path);
        return "; the host has " + quote(path) + ", and " + showing_directories(directories) +
               (keeps                     ? " --keep-env PATH show it"
                : directories.size() == 1 ? " shows it"
                                          : " show it");
    }
    const std::string option = showing_own(path);
    return "; the host has " + quote(path) +
           (option.empty() ? ", which is or leads outside of the system's directories"
                           : ", and " + option + " shows it");
}

// The interpreter is a link to something that is inside, and the link itself is not: pipx and venv
// make such ones. A file names it, so nothing but an environment of Python is recommended.
std::string missing_link(const std::string& interpreter) {
    const std::string environment = virtual_environment(interpreter);
    std::string text = ": it is a link to " + quote(real_path(interpreter)) +
                       ", and the directory " + "of the link is not inside";
    if (environment.empty()) return text;
    return text + "; " + showing_directories({environment}) + " shows it";
}

std::string machine() {
    utsname system{};
    return ::uname(&system) == 0 ? system.machine : "unknown";
}

// The first bytes of the file that is `path` inside, where a bind of the host shows it.
std::string head_of(const Plan& plan, const std::string& path) {
    const std::string host = shown_as(plan, path);
    const Fd file(
        host.empty() ? -1 : ::open(host.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    std::array<char, excerpt_of_executable> data{};
    const ssize_t got = file ? ::read(file.get(), data.data(), data.size()) : 0;
    return {data.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

// Why the kernel did not execute a file that begins with `head`, or its interpreter.
std::string misfit_text(const Plan& plan, int error, std::string_view head) {
    const std::string interpreter = interpreter_of(head);
    const bool is_script = head.substr(0, 2) == "#!";
    std::string misfit = misfit_of(head, machine());
    if (misfit.empty() && error == EIO && !is_script) misfit = "is truncated";
    if (!misfit.empty()) return misfit;
    if (!interpreter.empty() && (is_script || error == ELIBBAD)) {
        misfit = misfit_of(head_of(plan, interpreter), machine());
        if (misfit.empty() || misfit == "is empty") misfit = "is not a program of this machine";
        return "needs the interpreter " + quote(interpreter) + ", which " + misfit;
    }
    if (error == ENOEXEC && is_for_shell(head)) {
        return "has no \"#!\" line, so it is for /bin/sh, which is not inside; --ro-bind /usr /usr "
               "shows it";
    }
    return "is not a program of this machine: " + error_text(error);
}

// exec refused a file that is there: its interpreter is missing, or it is of another kind.
Outcome explain_head(const Plan& plan, int error, const Excerpt& head) {
    const auto index = static_cast<std::size_t>(head.candidate);
    const std::string file =
        index < plan.executables.size() ? plan.executables[index] : plan.argv.front();
    const std::string_view bytes(head.data, static_cast<std::size_t>(std::max(head.size, 0)));
    const std::string interpreter = interpreter_of(bytes);
    if (interpreter.ends_with('\r')) {
        return outcome(error == ENOENT ? Outcome::End::not_found : Outcome::End::not_executable,
                       quote(file) + " has the line ends of Windows, so that its interpreter is " +
                           quote(interpreter) + "; sed -i 's/\\r$//' " + shell_words({file}) +
                           " gives it those of Linux");
    }
    if (error == ENOENT && !interpreter.empty()) {
        std::string text = quote(file) + " needs the interpreter " + quote(interpreter) +
                           ", which is not in the sandbox";
        const std::string link = broken_link(plan, interpreter);
        if (!link.empty()) {
            text += ": " + link;
        } else if (const std::string made = missing_links(plan, interpreter); !made.empty()) {
            text += "; " + made + " leads to it";
        } else if (is_shown(plan, real_path(interpreter))) {
            text += missing_link(interpreter);
        } else if (on_host(interpreter)) {
            const std::string option = showing_option(interpreter);
            text += option.empty() ? "; this machine has it, outside of the system's directories"
                                   : "; " + option + " shows it";
            const std::string real = real_path(interpreter);
            if (real != lexically_clean(interpreter) && is_at_or_below(real, "/usr")) {
                text += " (" + quote(interpreter) + " is a link to " + quote(real) + ")";
            }
        } else {
            text += ", and not on this machine either: install what brings it";
        }
        return outcome(Outcome::End::not_found, text);
    }
    return outcome(Outcome::End::not_executable,
                   quote(file) + " " + misfit_text(plan, error, bytes));
}

// Where the command may be: where it was looked for, and where the caller's shell would have found
// it.
std::vector<std::string> candidates(const Plan& plan) {
    std::vector<std::string> out = plan.executables;
    const auto more = planning::plan_executables(plan.command, {"PATH=" + plan.callers_path});
    out.insert(out.end(), more.begin(), more.end());
    std::erase_if(out, [](const std::string& path) { return path.substr(0, 1) != "/"; });
    return out;
}

Outcome::End end_of_exec(const Report& report) {
    return report.error == ENOENT ? Outcome::End::not_found : Outcome::End::not_executable;
}

bool has_mask(const Plan& plan) {
    return std::any_of(plan.setup.begin(), plan.setup.end(), [](const Step& step) {
        const auto* guard = std::get_if<step::Guard>(&step);
        return guard != nullptr && guard->kind == entry::Guard::Kind::mask;
    });
}

// For a command that is written as for a shell: how to give it. Empty: it is not.
std::string words_of_shell(const Plan& plan, bool searched) {
    const std::string& command = plan.command;
    const std::size_t equals = command.find('=');
    const bool is_name =
        equals != std::string::npos && equals > 0 &&
        std::all_of(command.begin(), command.begin() + static_cast<long>(equals),
                    [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (is_name && std::isdigit(static_cast<unsigned char>(command.front())) == 0) {
        return "a variable for the command is an option: --setenv " +
               shell_words({command.substr(0, equals), command.substr(equals + 1)}) +
               " before the command";
    }
    if (searched && command.find_first_of("|&;<>()$`*?") != std::string::npos) {
        return "it has characters that mean something to a shell alone: sh -c " +
               shell_words({command});
    }
    return {};
}

// Which limit of execve(2) the words are beyond (E2BIG).
std::string size_text(const Plan& plan) {
    constexpr std::size_t most = 131071;  // MAX_ARG_STRLEN, 32 pages, less the NUL byte
    std::size_t total = 0;
    for (const auto* words : {&plan.argv, &plan.environment}) {
        for (const std::string& word : *words) {
            total += word.size() + 1 + sizeof(char*);
            if (word.size() <= most) continue;
            const std::string name = words == &plan.argv
                                         ? "an argument"
                                         : "the variable " + quote(word.substr(0, word.find('=')));
            return name + " has " + std::to_string(word.size()) +
                   " bytes, and Linux takes 131071 in one word; give the text as a file "
                   "(--ro-bind-data FD DEST)";
        }
    }
    return "the arguments and the environment have " + std::to_string(total) +
           " bytes together, and Linux takes a quarter of the stack's limit, 6 MiB at most; raise "
           "it with ulimit -s, or give less (--clearenv leaves out the environment)";
}

}  // namespace

std::optional<Outcome> explain_refused_exec(const Plan& plan) {
    if (plan.wording == Wording::bubblewrap) return std::nullopt;
    for (const Step& step : plan.seal) {
        const auto* loaded = std::get_if<step::LoadFilter>(&step);
        if (loaded == nullptr || !refuses_call(loaded->filter, SYS_execve)) continue;
        const bool given = loaded->filter.fd.has_value();
        return outcome(
            Outcome::End::not_executable,
            (given ? "the filter of " + loaded->filter.name
                   : "the seccomp policy " + quote(loaded->filter.name)) +
                " refuses execve, so that no command can be executed; " +
                (given ? "allow execve there" : "--seccomp-edit allow:execve allows it"));
    }
    return std::nullopt;
}

Outcome explain_exec(const Plan& plan, const Report& report, const std::optional<Excerpt>& head) {
    if (plan.wording == Wording::bubblewrap) {
        return outcome(end_of_exec(report), bubblewrap_exec_text(plan, report.error));
    }
    if (auto refused = explain_refused_exec(plan)) return std::move(*refused);
    if (plan.command.empty() && report.error == ENOENT) {
        return outcome(Outcome::End::not_found,
                       "the command is an empty word, as a shell makes one of \"$NAME\" if the "
                       "variable is empty or not set; give the name of a program");
    }
    const auto index = static_cast<std::size_t>(std::max(report.step, 0));
    const std::string file =
        index < plan.executables.size() ? plan.executables[index] : plan.command;
    const bool searched = plan.command.find('/') == std::string::npos;
    if (report.error == ENOENT && head) return explain_head(plan, report.error, *head);
    if (report.error == EACCES) {
        return outcome(Outcome::End::not_executable,
                       quote(file) +
                           " cannot be executed: permission denied; it must be a file "
                           "with the execute permission, on a mount without noexec" +
                           (has_mask(plan) ? ", and not below a --mask" : ""));
    }
    const bool tells = report.error == ENOEXEC || report.error == EIO || report.error == ELIBBAD;
    if (tells && head) return explain_head(plan, report.error, *head);
    if (report.error == ENOEXEC) {
        return outcome(Outcome::End::not_executable,
                       quote(file) +
                           " is not a program of this machine, and it cannot be read, as "
                           "a script must be");
    }
    if (report.error == E2BIG) {
        return outcome(Outcome::End::not_executable,
                       quote(file) + ": " + error_text(E2BIG) + ": " + size_text(plan));
    }
    if (report.error != ENOENT) {
        return outcome(Outcome::End::not_executable, quote(file) + ": " + error_text(report.error));
    }
    for (const std::string& candidate : plan.executables) {
        if (std::string link = broken_link(plan, candidate); !link.empty()) {
            return outcome(Outcome::End::not_found, std::move(link));
        }
    }
    std::string text;
    const bool has_path = planning::variable(plan.environment, "PATH").has_value();
    if (searched) {
        text = quote(plan.command) + " was not found inside, " +
               (has_path ? "in none of the directories of PATH"
                         : "where PATH is not set (--keep-env PATH keeps yours)");
    } else {
        text = quote(file) + " is not there inside";
    }
    for (const std::string& candidate : candidates(plan)) {
        if (!on_host(candidate)) continue;
        if (is_shown(plan, candidate) || is_shown(plan, real_path(candidate))) {
            return outcome(Outcome::End::not_found,
                           text + "; it is there as " + quote(candidate) +
                               ", give that, or a PATH that has its directory");
        }
        return outcome(Outcome::End::not_found, text + host_has(plan, candidate));
    }
    if (!searched && file.front() != '/' && on_host(file)) {
        const auto directory = current_directory();
        if (directory && is_shown(plan, *directory)) {
            return outcome(Outcome::End::not_found, text + host_has(plan, real_path(file)));
        }
        return outcome(
            Outcome::End::not_found,
            text + ", since the working directory" + (directory ? " " + quote(*directory) : "") +
                " is not inside; show that, or give the whole path of something that is");
    }
    if (searched && plan.command.find(' ') != std::string::npos) {
        return outcome(Outcome::End::not_found,
                       text +
                           ", nor on the host; it is one word with blanks in it: give a command "
                           "and its arguments as words of their own, or sh -c " +
                           shell_words({plan.command}));
    }
    if (const std::string meant = words_of_shell(plan, searched); !meant.empty()) {
        return outcome(Outcome::End::not_found, text + ", nor on the host; " + meant);
    }
    return outcome(Outcome::End::not_found,
                   text + ", nor on the host" +
                       (searched ? "; check its spelling and PATH" : "; check its spelling"));
}

}  // namespace sbx::sys
