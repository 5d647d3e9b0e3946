// SPDX-License-Identifier: Apache-2.0
// usage: command_lines [--seed N] [--runs N] [--only SEED]
//
// Gives generated command lines to the real sbx, under both of its names, and judges what comes of
// each: no crash, no hang, no report of a sanitizer, a documented exit status, and nothing left.
// What is known to be nonsense fails with one line that says so, and its command never runs. A
// finding is printed with its seed, for --only, and as words for a shell.
//
// It must not harm the machine: see grammar.hpp; and root gets a mount namespace in which nothing
// can be written but the temporary directory.
#include "fuzz.hpp"
#include "grammar.hpp"

#include "base/text.hpp"
#include "cli/input.hpp"
#include "place.hpp"
#include "policy/tree.hpp"
#include "sandbox.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <system_error>

namespace fuzz {
namespace {

using integration::contains;
using integration::Ended;
using integration::Name;
using sbx::cli::Option;

struct Asked {
    std::uint64_t seed = 1;
    std::uint64_t runs = 300;
    bool tells = false;  ///< what comes of each line, too
};

void must(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

// From here on root can write to nothing of the host but `directory`.
void protect_host(const std::string& directory) {
    if (!integration::is_root()) return;
    must(::unshare(CLONE_NEWNS), "unshare");
    must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    const auto apply = [&](const char* path) {
        must(::mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attributes, sizeof attributes), path);
    };
    apply("/");
    attributes = {};
    attributes.attr_clr = MOUNT_ATTR_RDONLY;
    apply("/proc");  // id maps are written there
    must(::mount(directory.c_str(), directory.c_str(), nullptr, MS_BIND, nullptr), "bind");
    apply(directory.c_str());
}

// Waits until no child is left, sbx having ended; false when one stays.
class Leftovers {
public:
    Leftovers() {
        must(::prctl(PR_SET_CHILD_SUBREAPER, 1), "subreaper");
        sigset_t child{};
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        sigprocmask(SIG_BLOCK, &child, nullptr);
        ended_ = integration::Descriptor(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
        must(ended_.get(), "signalfd");
    }
    bool none() const {
        while (true) {
            const pid_t got = ::waitpid(-1, nullptr, WNOHANG);
            if (got < 0) return errno == ECHILD;
            if (got == 0 && !integration::ends(ended_)) return end_all();
            signalfd_siginfo all[16];
            while (::read(ended_.get(), all, sizeof all) > 0) {
            }
        }
    }

private:
    // So that a finding does not stay on the machine.
    static bool end_all() {
        std::ifstream children("/proc/thread-self/children");
        for (pid_t pid = 0; children >> pid;) ::kill(pid, SIGKILL);
        return false;
    }

    integration::Descriptor ended_;
};

class Judge {
public:
    Judge(const Line& line, const Ended& ended) : line_(line), ended_(ended) {}

    /// What is wrong; empty: nothing.
    std::string verdict() const;
    bool ran() const { return contains(ended_.out, "the payload ran:"); }

private:
    bool is_bwrap() const { return line_.name == Name::bwrap; }
    bool prints() const {
        return line_.has(Option::help) || line_.has(Option::version) ||
               line_.has(Option::dry_run) || line_.has(Option::list_profiles) ||
               line_.has(Option::show_profile) || line_.has(Option::save_profile) ||
               line_.has(Option::doctor);
    }
    std::string about_status() const;
    std::string about_messages() const;

    const Line& line_;
    const Ended& ended_;
};

std::string Judge::about_status() const {
    const int status = ended_.status;
    const bool fits =
        is_bwrap() ? status == 0 || status == 1 : status == 0 || (status >= 125 && status <= 127);
    if (!fits) return "status " + std::to_string(status) + " means nothing";
    const bool shows = line_.has(Option::list_profiles) || line_.has(Option::show_profile) ||
                       line_.has(Option::save_profile);
    // What is shown needs no command, nor the file of a policy.
    const bool overlooked =
        (shows && (line_.nonsense == "no command" || line_.nonsense == "a wrong POLICY")) ||
        line_.takes_nonsense_back();
    const bool is_nonsense = !line_.nonsense.empty() && !overlooked;
    if (is_nonsense && status != (is_bwrap() ? 1 : 125)) {
        return line_.nonsense + " gives status " + std::to_string(status);
    }
    // Standard output is another one's when an option has it.
    if (status == 0 && !prints() && !line_.says("1") && !ran())
        return "0, and the payload never ran";
    if (status != 0 && ran()) return "the payload ran, and the status is " + std::to_string(status);
    if (prints() && ran()) return "the payload ran, and nothing should";
    return {};
}

std::string Judge::about_messages() const {
    if (line_.says("2")) return {};
    const bool usage = is_bwrap() && contains(ended_.err, "usage: ");  // without a command
    if (usage && ended_.status == 1) return {};
    const std::string begin = is_bwrap() ? "bwrap: " : "sbx: ";
    const Words lines = integration::lines_of(ended_.err);
    for (const std::string& text : lines) {
        const std::string plain =
            line_.has(Option::level_prefix) && text[0] == '<' ? text.substr(3) : text;
        if (plain.rfind(begin, 0) != 0 || plain == begin) return "it says \"" + text + "\"";
        if (sbx::test::has_control(plain)) return "it prints a control byte";
    }
    if (ended_.status != 0 && lines.empty()) return "it fails and says nothing";
    // Bubblewrap's dialect warns of options that are repeated.
    const auto said = std::count_if(lines.begin(), lines.end(), [](const std::string& text) {
        return !contains(text, "sbx: warning: ");
    });
    if (!is_bwrap() && said > 1) return "it says more than one line";
    return {};
}

std::string Judge::verdict() const {
    if (ended_.signal != 0) return "sbx died of signal " + std::to_string(ended_.signal);
    if (contains(ended_.err, "Sanitizer") || contains(ended_.err, "runtime error:")) {
        return "a sanitizer reports";
    }
    const std::string status = about_status();
    return status.empty() ? about_messages() : status;
}

// --info-fd gives one object of several lines, --json-status-fd one a line.
std::string about_json(const std::string& status) {
    if (sbx::parse_json(status)) return {};
    for (const std::string& text : integration::lines_of(status)) {
        if (const auto json = sbx::parse_json(text); !json) {
            return "--json-status-fd gives no JSON: " + text;
        }
    }
    return {};
}

class Fuzzer {
public:
    explicit Fuzzer(const std::string& directory)
        : world_(directory),
          generator_(world_, integration::payload_path()),
          fixed_(world_.listing(World::What::fixed)),
          all_(world_.listing(World::What::everything)) {}

    int run(const Asked& asked);

private:
    std::string one(const Line& line);
    std::string about_files(const Line& line);

    World world_;
    Generator generator_;
    Leftovers leftovers_;
    std::string fixed_;
    std::string all_;
    std::uint64_t ran_ = 0;
    std::uint64_t refused_ = 0;
    std::string outcome_;  ///< of the last line, for people
};

std::string Fuzzer::about_files(const Line& line) {
    if (world_.listing(World::What::fixed) != fixed_) return "it changed what it must not";
    if (world_.listing(World::What::everything) == all_) return {};
    world_.renew();
    if (world_.listing(World::What::everything) != all_) return "the directory cannot be renewed";
    // An overlay is asked to keep changes; and as bubblewrap does, destinations are made in binds.
    const bool asked = line.has(Option::overlay) || line.name == Name::bwrap;
    return asked ? "" : "it left something in a writable bind";
}

// What is wrong with what comes of the line; empty: nothing. Throws when there is no end to it.
std::string Fuzzer::one(const Line& line) {
    Descriptors descriptors(world_, line.args);
    const Ended ended = integration::run({.name = line.name,
                                          .words = line.words,
                                          .descriptors = descriptors.numbers(),
                                          .directory = world_.directory(),
                                          .program = integration::sbx_path(),
                                          .called = line.name == Name::bwrap ? "bwrap" : "sbx"});
    const Judge judge(line, ended);
    ran_ += judge.ran() ? 1U : 0U;
    refused_ += ended.status != 0 ? 1U : 0U;
    outcome_ = "  status " + std::to_string(ended.status) + "\n  out: " + ended.out.substr(0, 500) +
               "\n  err: " + ended.err + "\n";
    if (!leftovers_.none()) throw std::runtime_error("a process is left");
    for (const std::string& wrong :
         {judge.verdict(), about_json(descriptors.status()), about_files(line)}) {
        if (!wrong.empty()) return wrong;
    }
    return {};
}

int Fuzzer::run(const Asked& asked) {
    constexpr std::uint64_t most_findings = 10;
    std::uint64_t findings = 0;
    std::uint64_t i = 0;
    for (; i < asked.runs && findings < most_findings; ++i) {
        const std::uint64_t seed = asked.seed + i;
        const Line line = generator_.line(seed);
        std::string wrong;
        try {
            wrong = one(line);
            findings += wrong.empty() ? 0U : 1U;
        } catch (const std::exception& error) {
            wrong = error.what();
            findings = most_findings;  // what comes after it could not be judged
        }
        if (wrong.empty() && !asked.tells) continue;
        std::cout << "--only " << seed << ": " << (wrong.empty() ? "nothing wrong" : wrong)
                  << "\n  " << (line.name == Name::bwrap ? "bwrap " : "sbx ")
                  << sbx::shell_words(line.words)
                  << "\n  what --args reads: " << sbx::shell_words(line.args) << "\n"
                  << outcome_ << std::flush;
    }
    std::cout << i << " command lines, " << ran_ << " ran, " << refused_ << " were refused, "
              << findings << " findings\n";
    // A generator of nothing but refusals, or of nothing but lines that run, finds nothing.
    const bool both = asked.runs < 100 || (ran_ > i / 10 && refused_ > i / 10);
    if (!both) std::cout << "too few of one kind\n";
    return findings == 0 && both ? EXIT_SUCCESS : EXIT_FAILURE;
}

std::optional<Asked> asked_for(const Words& words) {
    Asked out;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const auto number = i + 1 < words.size()
                                ? sbx::cli::parse_number(words[i + 1], 10, 1'000'000'000)
                                : std::nullopt;
        if (!number) return std::nullopt;
        if (words[i] == "--seed" || words[i] == "--only") {
            out.seed = *number;
        } else if (words[i] != "--runs") {
            return std::nullopt;
        }
        if (words[i] != "--seed") out.runs = words[i] == "--only" ? 1 : *number;
        out.tells = out.tells || words[i] == "--only";
    }
    return out;
}

int run_in(const std::string& directory, const Asked& asked) {
    try {
        protect_host(directory);
        must(::chdir(directory.c_str()), "chdir");
        return Fuzzer(directory).run(asked);
    } catch (const std::exception& error) {
        std::cout << error.what() << std::endl;
        return EXIT_FAILURE;
    }
}

}  // namespace
}  // namespace fuzz

int main(int argc, char** argv) {
    const auto asked = fuzz::asked_for({argv + 1, argv + argc});
    if (!asked) {
        std::cout << "usage: command_lines [--seed N] [--runs N] [--only SEED]\n";
        return EXIT_FAILURE;
    }
    // The directory is removed outside of the namespace, by the process that made it.
    const integration::TemporaryDirectory directory;
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int status = fuzz::run_in(directory.path(), *asked);
        std::cout.flush();
        ::_exit(status);
    }
    int status = 0;
    if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return EXIT_FAILURE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
