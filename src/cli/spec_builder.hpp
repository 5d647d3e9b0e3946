// SPDX-License-Identifier: Apache-2.0
// From options to a Spec: each option's meaning, in the order given.
#pragma once

#include "cli/command_line.hpp"

#include <sbx/spec.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sbx::cli {

/// What the command line asks for, besides running the command.
enum class Mode { run, help, version, dry_run };

class SpecBuilder {
public:
    explicit SpecBuilder(const Dialect& dialect) : dialect_(dialect), spec_(dialect.defaults) {}

    /// Takes a parsed command line over; reads what --args and --seccomp name.
    Result<void> add(const CommandLine& line);

    /// The Spec, once everything was added.
    Result<Spec> finish();

    Mode mode() const { return mode_; }

private:
    Result<void> add_options(const std::vector<GivenOption>& options);
    Result<void> apply(const GivenOption& given);
    Result<void> apply_args(const std::string& text);
    Result<void> apply_filter(const GivenOption& given);
    Result<void> apply_perms(const std::string& text);
    Result<void> apply_size(const std::string& text);
    Result<void> apply_variable(EnvironmentChange::Kind kind, const std::string& name,
                                const std::string& value);
    Result<void> apply_argv0(const std::string& value);
    Result<void> apply_capability(CapabilityChange::Kind kind, const std::string& name);
    Result<void> check_modifiers(Option next) const;
    Result<void> add_policy();
    Result<int> descriptor(const std::string& text) const;
    Result<std::uint32_t> id(const char* what, const std::string& text) const;
    void add_bind(const GivenOption& given, Access access, IfMissing if_missing);
    unsigned take_mode(unsigned otherwise);

    const Dialect& dialect_;
    Spec spec_;
    Mode mode_ = Mode::run;
    std::optional<std::string> policy_;
    std::vector<SeccompFilter> filters_;
    std::optional<Option> filter_option_;
    std::optional<unsigned> perms_;
    std::optional<std::uint64_t> size_;
    bool in_args_file_ = false;
};

}  // namespace sbx::cli
