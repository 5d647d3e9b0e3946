// SPDX-License-Identifier: Apache-2.0
// main: words in, exit status out. The only place that exits.
#include "cli/command_line.hpp"
#include "cli/dialect.hpp"
#include "cli/help.hpp"
#include "cli/input.hpp"
#include "cli/option_list.hpp"
#include "cli/output.hpp"
#include "cli/profile_list.hpp"
#include "cli/program_name.hpp"
#include "cli/spec_builder.hpp"

#include <sbx/doctor.hpp>
#include <sbx/host.hpp>
#include <sbx/plan.hpp>
#include <sbx/run.hpp>
#include <sbx/text.hpp>

#include <fcntl.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace sbx::cli {
namespace {

class Program {
public:
    Program(std::string called, std::vector<std::string> words)
        : called_(std::move(called)), words_(std::move(words)), dialect_(dialect_for(called_)) {}

    int run();
    /// Once the command may have run, its caller must not take the status for a sandbox that could
    /// not be made.
    int fail(const std::string& message) const {
        return fail(message, ran_ ? dialect_.aborted : dialect_.failed);
    }

private:
    enum class Level { error = 3, warning = 4 };  // as syslog(3) numbers them

    void say(Level level, Prefix prefix, const std::string& message) const;
    int fail(const std::string& message, int status) const;
    int fail_usage(const CommandLine& line) const;
    int status_of(const Outcome& outcome) const;
    void say_end(const Outcome& outcome) const;
    bool failed_inside(const Outcome& outcome) const;
    std::string late_option() const;
    void say_warnings(const Plan& plan, bool late) const;
    int end(const Plan* plan, const Outcome& outcome) const;
    int print(const std::string& text) const;
    int help(const std::string& topic, const CommandLine& line) const;
    int save(const std::string& path, const CommandLine& line) const;
    int examine(Format format, const CommandLine& line) const;

    std::string called_;
    std::vector<std::string> words_;
    Dialect dialect_;
    Prefix prefix_ = Prefix::none;
    std::optional<int> result_fd_;  ///< of --result, once it is open
    std::string result_path_;       ///< what it was opened as
    std::vector<std::string> command_;
    bool ran_ = false;  ///< the command was executed, or may have been
};

void Program::say(Level level, Prefix prefix, const std::string& message) const {
    const auto slash = called_.find_last_of('/');
    const std::string name = slash == std::string::npos ? called_ : called_.substr(slash + 1);
    const std::string number =
        prefix == Prefix::level ? "<" + std::to_string(static_cast<int>(level)) + ">" : "";
    write_error(number + printable(name) + ": " + printable(message) + "\n");
}

int Program::fail(const std::string& message, int status) const {
    say(Level::error, prefix_, message);
    return status;
}

Outcome refused(const Error& error) { return {.end = Outcome::End::refused, .error = error}; }

int Program::fail_usage(const CommandLine& line) const {
    if (dialect_.defaults.wording == Wording::sbx) {
        // An option that lacks an argument takes the command for it.
        const bool took = !line.options.empty() && line.options.back().arguments.size() > 1;
        return end(
            nullptr,
            refused(Error{
                "no command given" +
                (took ? ", and the last option took " + quote(line.options.back().arguments.back())
                      : "") +
                "; " SBX_NAME " [OPTIONS] COMMAND [ARGS...], and " SBX_NAME " --help for more"}));
    }
    write_error(bubblewrap_help(printable(called_)));
    return dialect_.failed;
}

// Whether "--dry-run json" was written for "--dry-run=json".
bool is_format(const CommandLine& line) {
    if (line.options.empty() || line.command.empty()) return false;
    const GivenOption& last = line.options.back();
    const bool alone = line.command.size() == 1 || option_named_by(line.command[1]) != nullptr;
    return last.row->id == Option::dry_run && last.arguments.empty() && alone &&
           static_cast<bool>(parse_plan_format(line.command[0]));
}

// Bubblewrap's callers look for its options there, all of them.
int Program::help(const std::string& topic, const CommandLine& line) const {
    if (dialect_.defaults.wording == Wording::bubblewrap)
        return print(bubblewrap_help(printable(called_)));
    if (topic.empty() && line.command.size() == 1 &&
        (line.command[0] == "profiles" || help_text(printable(called_), line.command[0]))) {
        return fail("a topic follows an equals sign, as in --help=" + line.command[0]);
    }
    if (topic == "profiles") return print(profile_list(profile_search()));
    const auto text = help_text(printable(called_), topic);
    return text ? print(*text) : fail(text.error().message);
}

int Program::print(const std::string& text) const {
    const int error = write_output(text);
    if (error == 0) return 0;
    return fail("writing to standard output failed: " + std::string(std::strerror(error)));
}

// Nothing is overwritten: what is there may be the work of an hour.
int Program::save(const std::string& path, const CommandLine& line) const {
    const auto directory = current_directory();
    if (!directory) return fail(directory.error().message);
    const std::string text = profile_of(line, *directory);
    if (path == "-") return print(text);
    if (auto written = write_new_file(path, text); !written) return fail(written.error().message);
    const std::string use =
        shell_words({called_, "--profile", profile_argument(path, profile_search())});
    return print("use it as: " + use + " COMMAND\n");
}

int Program::examine(Format format, const CommandLine& line) const {
    if (!line.command.empty()) {
        return fail("--doctor runs no command, and " + quote(line.command[0]) +
                    " is one; a format follows an equals sign, as in --doctor=json");
    }
    for (const GivenOption& option : line.options) {
        if (option.row->id == Option::doctor || option.row->id == Option::level_prefix) continue;
        return fail("--doctor looks at the machine, for which --" + std::string(option.row->name) +
                    " has no meaning; leave it out");
    }
    const std::vector<Finding> findings = examine_machine();
    const int failed = print(format == Format::json ? describe_json(findings) : describe(findings));
    if (failed != 0) return failed;
    return can_run(findings) ? 0 : 1;
}

// What is said of an option among the command's words, of a command that could not be run.
std::string Program::late_option() const {
    for (std::size_t i = 1; i < command_.size() && dialect_.defaults.wording == Wording::sbx; ++i) {
        const OptionRow* row = option_named_by(command_[i]);
        // These two every command has.
        const bool common =
            row != nullptr && (row->id == Option::help || row->id == Option::version);
        if (row == nullptr || common) continue;
        return "; " + quote(command_[i]) + " after the command is the command's, options of " +
               SBX_NAME " come before it";
    }
    return {};
}

int Program::status_of(const Outcome& outcome) const {
    constexpr int signal_base = 128;  // as shells report a death by signal
    switch (outcome.end) {
        case Outcome::End::exited: return outcome.code;
        case Outcome::End::signalled: return signal_base + outcome.code;
        case Outcome::End::refused: return dialect_.failed;
        case Outcome::End::aborted: return dialect_.aborted;
        case Outcome::End::not_executable: return dialect_.not_executable;
        case Outcome::End::not_found: return dialect_.not_found;
    }
    return dialect_.failed;
}

// What there is to say of how it ended, which of a command that exited is nothing.
void Program::say_end(const Outcome& outcome) const {
    const bool ours = dialect_.defaults.wording == Wording::sbx;
    switch (outcome.end) {
        case Outcome::End::exited: return;
        case Outcome::End::signalled:
            // A shell says so of its own children, and sees an exit status here. As there, who
            // interrupts it knows, and a reader that has enough is no news.
            if (ours && outcome.code != SIGINT && outcome.code != SIGPIPE) {
                const char* name = ::sigabbrev_np(outcome.code);
                say(Level::error, prefix_,
                    "the command was ended by signal " + std::to_string(outcome.code) +
                        (name == nullptr ? "" : std::string(" (SIG") + name + ")"));
            }
            return;
        case Outcome::End::refused:
        case Outcome::End::aborted: return say(Level::error, prefix_, outcome.error.message);
        case Outcome::End::not_executable:
        case Outcome::End::not_found:
            return say(Level::error, prefix_, outcome.error.message + late_option());
    }
}

void Program::say_warnings(const Plan& plan, bool late) const {
    for (const PlanWarning& warning : plan.warnings) {
        if (late != warning.when_it_fails) continue;
        say(Level::warning, prefix_, "warning: " + warning.text);
    }
}

// Whether where the command started may be why it failed.
bool Program::failed_inside(const Outcome& outcome) const {
    if (outcome.end == Outcome::End::exited) return outcome.code != 0;
    const std::size_t slash = command_.empty() ? 0 : command_[0].find('/');
    const bool relative = slash != 0 && slash != std::string::npos;
    return outcome.end == Outcome::End::not_found && relative;
}

// The exit status, once it is written and said how it ended. Written first: nobody may be there to
// be told.
int Program::end(const Plan* plan, const Outcome& outcome) const {
    const int status = status_of(outcome);
    Result<void> written;
    if (result_fd_) {
        written = write_result(*result_fd_, result_path_,
                               describe_result(outcome, plan, command_, status));
    }
    if (plan != nullptr && failed_inside(outcome)) say_warnings(*plan, true);
    for (const Error& left : outcome.left) {
        say(Level::warning, prefix_, "warning: " + left.message);
    }
    for (const GitTrap& trap : outcome.git_traps) {
        say(Level::warning, prefix_, "warning: " + describe(trap));
    }
    say_end(outcome);
    return written ? status : fail(written.error().message);
}

// Whether a line that has an error somewhere asks for nothing but to run a command.
bool wants_run(const CommandLine& line) {
    return std::all_of(line.options.begin(), line.options.end(), [](const GivenOption& given) {
        const Option id = given.row->id;
        return describes_sandbox(id) || id == Option::args || id == Option::profile;
    });
}

int Program::run() {
    CommandLine line = with_arguments_read(parse_words(words_, dialect_), dialect_);
    // What it says itself is what is saved, and where --result is, when profiles are what is wrong.
    std::optional<CommandLine> before;
    std::string working_directory;
    if (has_profiles(line)) {
        before = line;
        const ProfileSearch search = profile_search();
        line = with_profiles(std::move(line), search);
        working_directory = search.working_directory;
    }
    const CommandLine& given = before ? *before : line;
    command_ = line.command;
    SpecBuilder builder(dialect_);
    const auto added = builder.add(line);
    for (const Notice& notice : builder.notices()) {
        say(Level::warning, notice.prefix, notice.text);
    }
    prefix_ = builder.prefix();
    // Before anything else can be wrong, so that nobody takes an earlier result for this one's.
    const bool runs = added ? builder.mode() == Mode::run : wants_run(given);
    if (const auto path = result_path(added ? line : given); path && runs) {
        auto fd = open_result(*path);
        if (!fd) return fail(fd.error().message);
        // Not under a number that an option takes for a descriptor of the caller's.
        while (*fd > STDERR_FILENO && builder.uses(*fd)) {
            const int other = ::fcntl(*fd, F_DUPFD_CLOEXEC, *fd + 1);
            ::close(*fd);
            if (other < 0) return fail("--result: " + std::string(std::strerror(errno)));
            fd = other;
        }
        result_fd_ = *fd;
        result_path_ = *path;
    }
    if (!added) return end(nullptr, refused(added.error()));
    switch (builder.mode()) {
        case Mode::help: return help(builder.help_topic(), line);
        case Mode::version:
            return print(dialect_.version_before + SBX_NAME " " SBX_VERSION +
                         dialect_.version_after + "\n");
        case Mode::list_profiles: return print(profile_list(profile_search()));
        case Mode::show_profile:
            if (line.options.size() > 1) return print(effective_text(line));
            return fail(
                "there are no options to be shown; --profile NAME takes those of a profile");
        case Mode::save_profile: return save(builder.save_path(), given);
        case Mode::doctor: return examine(builder.format(), given);
        case Mode::run:
        case Mode::dry_run: break;
    }
    if (line.command.empty()) return fail_usage(given);
    if (builder.mode() == Mode::dry_run && is_format(given)) {
        return fail("a format follows an equals sign, as in --dry-run=" + command_[0] +
                    "; a command of that name needs another word or its whole path");
    }
    auto spec = builder.finish();
    if (!spec) return end(nullptr, refused(spec.error()));
    spec->result_fd = result_fd_;
    spec->working_directory = std::move(working_directory);
    spec->profile_directories = profile_directories();
    const auto host = probe_host(*spec);
    if (!host) return end(nullptr, refused(host.error()));
    const auto plan = make_plan(*spec, *host);
    if (!plan) return end(nullptr, refused(plan.error()));
    if (builder.mode() == Mode::dry_run) {
        const auto text = describe_as(builder.plan_format(), *spec, *host, *plan);
        return text ? print(*text) : fail(text.error().message);
    }
    say_warnings(*plan, false);
    ran_ = true;  // as far as an exception tells
    const Outcome outcome = sbx::run(*plan);
    ran_ = outcome.started;
    const int status = end(&*plan, outcome);
    // At once: to take apart what was built, and the library's locales, is a good part of what the
    // caller would wait for. Standard error has no buffer, and nothing was printed.
    ::_exit(status);
}

// A caller may have closed 0, 1 or 2; then a descriptor of ours would become the command's.
bool open_standard_descriptors() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        if (::open("/dev/null", O_RDWR) != fd) return false;
    }
    return true;
}

// The name that the program was called by. A caller may leave it empty, or out: then the kernel
// knows what was executed, unless that was a descriptor.
std::string name_called(int argc, char** argv) {
    std::string given = argc > 0 ? argv[0] : "";
    if (!given.empty() && given.back() != '/') return given;
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    const auto* path = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
    const std::string executed = path == nullptr ? "" : path;
    return executed.empty() || executed.starts_with("/dev/fd/") ? SBX_NAME : executed;
}

}  // namespace
}  // namespace sbx::cli

int main(int argc, char** argv) {
    const std::string called = sbx::cli::name_called(argc, argv);
    sbx::cli::Program program(called,
                              std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
    if (::getauxval(AT_SECURE) != 0) {
        return program.fail(
            "installed setuid, setgid or with file capabilities, which would give "
            "its caller more than it has; remove them (chmod a-s, setcap -r)");
    }
    if (!sbx::cli::open_standard_descriptors()) {
        return program.fail(
            "one of the descriptors 0, 1 and 2 is closed, and /dev/null cannot be "
            "opened in its place");
    }
    try {
        return program.run();
    } catch (const std::exception& error) {
        return program.fail(error.what());
    }
}
