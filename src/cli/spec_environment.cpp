// SPDX-License-Identifier: Apache-2.0
// The options for variables: what is no name for one, and, in sbx's own dialect, what does nothing.
#include "cli/profile.hpp"
#include "cli/spec_builder.hpp"

#include <sbx/text.hpp>

#include <string>

namespace sbx::cli {
namespace {

using Kind = EnvironmentChange::Kind;

Result<void> check_name(Kind kind, const GivenOption& given, Wording wording) {
    const std::string& name = given.arguments[0];
    const std::string option(given.row->name);
    const bool ours = wording == Wording::sbx;
    const std::size_t equals = name.find('=');
    if (name.empty() || equals != std::string::npos) {
        const bool has_both = ours && kind == Kind::set && !name.empty() && equals != 0;
        return Error{
            option + " failed; " + quote(name) + " is not a name for a variable" +
            (has_both ? ", and the value is a word of its own: " + option + " NAME VALUE" : "")};
    }
    const std::size_t star = name.find('*');
    if (kind != Kind::keep) {
        if (!ours || star == std::string::npos) return {};
        return Error{option + " " + quote(name) +
                     ": a * stands for itself here; clearenv and then keep-env leave out all but "
                     "what is named"};
    }
    // Other names are possible, and a list or a value most often.
    if (star >= name.size() - 1 && name.find_first_of(" \t\n,;:$.") == std::string::npos) return {};
    return Error{"--keep-env " + quote(name) +
                 ": one name, or the beginning of names with a * at its end; give it once for "
                 "each"};
}

// Whether the line of `place` is above that of `other` in the same profile, which may be included
// twice.
bool is_above(const std::string& place, const std::string& other) {
    const std::size_t colon = place.rfind(':');
    return place.substr(0, colon) == other.substr(0, other.rfind(':')) &&
           std::stoul(place.substr(colon + 1)) < std::stoul(other.substr(other.rfind(':') + 1));
}

}  // namespace

void SpecBuilder::change_environment(Kind kind, const GivenOption& given) {
    const auto& words = given.arguments;
    spec_.environment.push_back(
        {kind, kind == Kind::clear ? "" : words[0], kind == Kind::set ? words[1] : ""});
    environment_places_.push_back(given.place);
}

Result<void> SpecBuilder::apply_variable(Kind kind, const GivenOption& given) {
    if (auto ok = check_name(kind, given, spec_.wording); !ok) return ok;
    // A built-in profile is to go with others, and with none; and what clears may be taken back.
    const bool builtin = !given.place.empty() && !is_profile_path(given.place);
    const bool clears = builtin || took_back_ || !spec_.environment.empty();
    if (kind == Kind::keep && spec_.wording == Wording::sbx && !clears) {
        return Error{"keep-env " + given.arguments[0] +
                     " keeps nothing, since all of the environment is there without clearenv; give "
                     "that before it"};
    }
    change_environment(kind, given);
    return {};
}

// What it undoes on the same command line, or in the same profile, is a mistake. A profile that is
// included may set what the one around it clears.
Result<void> SpecBuilder::apply_clearenv(const GivenOption& given) {
    const bool ours = spec_.wording == Wording::sbx;
    for (std::size_t i = ours ? spec_.environment.size() : 0; i > 0; --i) {
        const EnvironmentChange& change = spec_.environment[i - 1];
        const std::string& place = environment_places_[i - 1];
        if (change.kind == Kind::clear) break;
        if (change.kind == Kind::unset || (!place.empty() && !is_above(place, given.place)))
            continue;
        return Error{std::string("clearenv undoes ") +
                     (change.kind == Kind::set ? "setenv " : "keep-env ") + change.name +
                     ", which is before it; give that one after it"};
    }
    change_environment(Kind::clear, given);
    return {};
}

}  // namespace sbx::cli
