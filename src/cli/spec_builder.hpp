// SPDX-License-Identifier: Apache-2.0
// From options to a Spec: each option's meaning, in the order given.
#pragma once

#include "cli/command_line.hpp"
#include "cli/plan_format.hpp"

#include <sbx/policy.hpp>
#include <sbx/spec.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sbx::cli {

/// What the command line asks for, besides running the command.
enum class Mode {
    run,
    help,
    version,
    dry_run,
    doctor,
    list_profiles,
    show_profile,
    save_profile,
};

/// In which form it is printed.
enum class Format { text, json };

/// Whether a message begins with its syslog level (--level-prefix).
enum class Prefix { none, level };

struct Notice {
    std::string text;
    Prefix prefix = Prefix::none;
};

class SpecBuilder {
public:
    explicit SpecBuilder(const Dialect& dialect) : dialect_(dialect), spec_(dialect.defaults) {}

    /// Takes a line over that read_command_line() made; reads what --seccomp names. The error that
    /// ended the line comes after those of the options before it.
    Result<void> add(const CommandLine& line);

    /// The Spec, once everything was added.
    Result<Spec> finish();

    Mode mode() const { return mode_; }
    /// What --help is asked about.
    const std::string& help_topic() const { return help_topic_; }
    /// Where --save-profile writes to.
    const std::string& save_path() const { return save_path_; }
    /// What a dry run prints.
    PlanFormat plan_format() const { return plan_format_; }
    /// Whether an option so far names descriptor `fd`.
    bool uses(int fd) const {
        return taken_.contains(fd) ||
               std::find(spec_.keep_fds.begin(), spec_.keep_fds.end(), fd) != spec_.keep_fds.end();
    }
    Format format() const { return format_; }
    /// What is said of options that were understood and have no effect, in their order.
    const std::vector<Notice>& notices() const { return notices_; }
    /// How messages begin from here on.
    Prefix prefix() const { return prefix_; }

private:
    Result<void> add_options(const std::vector<GivenOption>& options);
    Result<void> apply(const GivenOption& given);
    Result<void> apply_sync_fd(const GivenOption& given);
    Result<void> apply_dry_run(const GivenOption& given);
    Result<void> apply_doctor(const GivenOption& given);
    Result<void> apply_filter(const GivenOption& given);
    Result<unsigned> mode_of(const GivenOption& given) const;
    Result<void> apply_perms(const GivenOption& given);
    Result<void> apply_size(const GivenOption& given);
    Result<void> apply_chmod(const GivenOption& given);
    Result<void> apply_id(const GivenOption& given, std::optional<std::uint32_t> Spec::*field);
    Result<void> apply_descriptor(const GivenOption& given, std::optional<int> Spec::*field);
    Result<void> check_paths(const GivenOption& given) const;
    Result<void> check_path_inside(const std::string& path, const std::string& place) const;
    Result<void> check_destinations() const;
    Result<void> apply_keep_fd(const GivenOption& given);
    Result<void> apply_label(const GivenOption& given) const;
    void change_environment(EnvironmentChange::Kind kind, const GivenOption& given);
    Result<void> apply_variable(EnvironmentChange::Kind kind, const GivenOption& given);
    Result<void> apply_clearenv(const GivenOption& given);
    Result<void> apply_argv0(const std::string& value);
    Result<void> apply_capability(CapabilityChange::Kind kind, const std::string& name);
    Result<void> check_modifiers(Option next) const;
    Result<void> check_modifiers_used() const;
    Result<void> read_filter_of(const GivenOption& given);
    Result<void> add_last_filter();
    void note_repetition(Option option);
    Result<void> apply_edit(const std::string& text);
    Result<void> apply_warning(const std::string& name, const std::string& mode);
    Result<void> apply_landlock(const std::string& mode);
    Result<void> apply_watch_git(const std::string& directory, const std::string& mode);
    Result<void> add_policy();
    Result<int> descriptor(const GivenOption& given);
    void share(Namespace kind);
    void add_bind(const GivenOption& given, Access access, IfMissing if_missing);
    void add_guard(const GivenOption& given, entry::Guard::Kind kind, IfMissing if_missing);
    Result<void> add_bind_fd(const GivenOption& given, Access access);
    Result<void> add_bind_data(const GivenOption& given, Access access);
    Result<void> add_file(const GivenOption& given);
    Result<void> add_overlay(const GivenOption& given, entry::Overlay::Changes changes);
    unsigned take_mode(unsigned otherwise);

    const Dialect& dialect_;
    Spec spec_;
    Mode mode_ = Mode::run;
    std::string help_topic_;
    std::string save_path_;
    PlanFormat plan_format_ = PlanFormat::text;
    Format format_ = Format::text;
    std::optional<std::string> policy_;
    std::string policy_place_;  ///< of a profile that named it
    std::vector<PolicyEdit> edits_;
    bool took_back_ = false;                       ///< as CommandLine has it
    std::vector<std::string> environment_places_;  ///< of Spec::environment, as of its entries
    std::vector<SeccompFilter> filters_;
    std::optional<GivenOption> last_filter_;  ///< the --seccomp that counts
    std::optional<unsigned> perms_;
    std::optional<std::uint64_t> size_;
    std::vector<std::string> overlay_sources_;
    std::set<Option> given_;                 ///< of those that can be in conflict with another
    std::map<int, const OptionRow*> taken_;  ///< descriptors, and the option that takes each
    std::vector<Notice> notices_;
    Prefix prefix_ = Prefix::none;
};

}  // namespace sbx::cli
