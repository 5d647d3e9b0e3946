// SPDX-License-Identifier: Apache-2.0
// How it went, as JSON.
#include <sbx/run.hpp>

#include "base/json.hpp"
#include "base/landlock.hpp"
#include "base/program_name.hpp"
#include "base/text.hpp"
#include "describe/words.hpp"
#include "plan/steps.hpp"

#include <cstring>

namespace sbx {
namespace {

constexpr WordTable<GitTrap::Kind, 8> trap_table = {{
    {GitTrap::Kind::link, "link"},
    {GitTrap::Kind::settings, "settings"},
    {GitTrap::Kind::index, "index"},
    {GitTrap::Kind::bare, "bare"},
    {GitTrap::Kind::repository, "repository"},
    {GitTrap::Kind::operation, "operation"},
    {GitTrap::Kind::broken, "broken"},
    {GitTrap::Kind::unseen, "unseen"},
}};

const char* word_of(Outcome::End end) {
    switch (end) {
        case Outcome::End::exited: return "exited";
        case Outcome::End::signalled: return "signalled";
        case Outcome::End::refused: return "refused";
        case Outcome::End::aborted: return "aborted";
        case Outcome::End::not_executable: return "not-executable";
        case Outcome::End::not_found: return "not-found";
    }
    return "refused";
}

Json step_of(const Outcome& outcome, const Plan* plan) {
    if (plan == nullptr || !outcome.step) return {};
    const std::size_t index = *outcome.step;
    const std::size_t first = plan->setup.size();
    if (index >= first + plan->seal.size()) return {};
    const Step& step = index < first ? plan->setup[index] : plan->seal[index - first];
    return Json::object({{"number", index + 1}, {"text", describe(step)}});
}

Json error_of(const Outcome& outcome, const Plan* plan) {
    if (outcome.error.message.empty()) return {};
    const std::string remedy = split_sentence(outcome.error.message).second;
    const char* name = outcome.error_number != 0 ? strerrorname_np(outcome.error_number) : nullptr;
    return Json::object({{"message", outcome.error.message},
                         {"step", step_of(outcome, plan)},
                         {"errno", name != nullptr ? Json(name) : Json()},
                         {"remedy", remedy.empty() ? Json() : Json(remedy)}});
}

// Who is to blame: sbx for a sandbox that could not be made or did not last, the command for how it
// ended.
Json failed_of(const Outcome& outcome) {
    switch (outcome.end) {
        case Outcome::End::exited: return outcome.code == 0 ? Json() : Json("command");
        case Outcome::End::signalled: return "command";
        case Outcome::End::refused:
        case Outcome::End::aborted: return "sandbox";
        case Outcome::End::not_executable:
        case Outcome::End::not_found: return "execution";
    }
    return {};
}

Json traps_of(const Outcome& outcome) {
    Json out = Json::array();
    for (const GitTrap& trap : outcome.git_traps) {
        out.add(Json::object({{"kind", word(trap_table, trap.kind)},
                              {"path", trap.path},
                              {"aside", trap.aside.empty() ? Json() : Json(trap.aside)},
                              {"text", describe(trap)}}));
    }
    return out;
}

double seconds(std::chrono::microseconds time) {
    return std::chrono::duration<double>(time).count();
}

Json protections_of(const Plan& plan) {
    Json out = Json::object();
    out.add("namespaces", Json::array_of(namespace_names(all_namespaces(plan))));
    out.add("network", network_word(plan));
    Json filters = Json::array();
    for (const Step& step : plan.seal) {
        if (const auto* load = std::get_if<step::LoadFilter>(&step)) filters.add(load->filter.name);
    }
    out.add("seccomp", filters);
    const auto* landlock = first_step<step::EnforceLandlock>(plan.seal);
    Json walls = Json::array();
    if (landlock != nullptr && landlock->files != 0) walls.add("files");
    if (landlock != nullptr && (landlock->scopes & landlock::scope_signals) != 0) {
        walls.add("signals");
    }
    if (landlock != nullptr && (landlock->scopes & landlock::scope_abstract_sockets) != 0) {
        walls.add("abstract-sockets");
    }
    out.add("landlock", walls);
    out.add("no_new_privs", has_step<step::NoNewPrivileges>(plan.seal));
    const auto* limit = first_step<step::LimitCapabilities>(plan.seal);
    out.add("capabilities", limit != nullptr ? Json::array_of(limit->names) : Json());
    out.add("nested_user_namespaces", plan.nested_userns == NestedUserns::allow);
    Json masked = Json::array();
    Json guarded = Json::array();
    for (const Step& step : plan.setup) {
        if (const auto* guard = std::get_if<step::Guard>(&step)) {
            (guard->kind == entry::Guard::Kind::mask ? masked : guarded).add(guard->destination);
        }
    }
    out.add("masked", masked);
    out.add("protected", guarded);
    out.add("leftovers_killed", plan.leftovers == Leftovers::kill);
    return out;
}

}  // namespace

std::string describe(const GitTrap& trap) {
    std::string path = quote(trap.path);
    const bool moved = !trap.aside.empty();
    const std::string away = moved ? "; " SBX_NAME " moved it to " + quote(trap.aside)
                                   : "; remove it before you use git there";
    switch (trap.kind) {
        case GitTrap::Kind::link:
            return path + " is a new symbolic link in .git, and git would write to its target" +
                   away;
        case GitTrap::Kind::settings:
            return path + " is new, and git would take settings from another directory" + away;
        case GitTrap::Kind::index:
            return path + " names files outside of the working tree or in .git, and git checkout " +
                   "would write to them" + away +
                   (moved ? ", and git reset makes a new one" : " (git reset makes a new one)");
        case GitTrap::Kind::bare:
            return path + " makes the project a repository itself, whose settings git would take" +
                   away;
        case GitTrap::Kind::repository:
            return path +
                   " is a repository that is new or changed, and git would use its settings and "
                   "hooks" +
                   "; look at them before you use git there or commit it, or remove it";
        case GitTrap::Kind::operation:
            return path + " is an operation of git that is not finished, and git would run the " +
                   "commands in its list; look at it before you continue or abort it, or remove it";
        case GitTrap::Kind::broken:
            return path + " was a repository, and is none any more; restore it from a clone";
        case GitTrap::Kind::unseen:
            return path +
                   " could not be searched for traps for git; look at it before you use git "
                   "there";
    }
    return path;
}

std::string describe_result(const Outcome& outcome, const Plan* plan,
                            const std::vector<std::string>& command, int exit_status) {
    const bool exited = outcome.end == Outcome::End::exited;
    const bool signalled = outcome.end == Outcome::End::signalled;
    Json out = Json::object();
    out.add("command", Json::array_of(plan != nullptr ? plan->argv : command));
    out.add("started", outcome.started);
    out.add("end", word_of(outcome.end));
    out.add("exit_code", exited ? Json(outcome.code) : Json());
    const char* signal = signalled ? sigabbrev_np(outcome.code) : nullptr;
    out.add("signal", signal != nullptr ? Json("SIG" + std::string(signal))
                      : signalled       ? Json(outcome.code)
                                        : Json());
    out.add("status", exit_status);
    out.add("failed", failed_of(outcome));
    out.add("error", error_of(outcome, plan));
    out.add("wall_seconds", seconds(outcome.wall));
    out.add("user_seconds", outcome.usage ? Json(seconds(outcome.usage->user)) : Json());
    out.add("system_seconds", outcome.usage ? Json(seconds(outcome.usage->system)) : Json());
    out.add("max_rss_bytes", outcome.usage ? Json(outcome.usage->max_rss) : Json());
    Json left = Json::array();
    for (const Error& one : outcome.left) left.add(one.message);
    out.add("left", left);
    const bool watched = plan != nullptr && !plan->git_watches.empty();
    out.add("git_traps", watched ? traps_of(outcome) : Json());
    out.add("protections", plan != nullptr ? protections_of(*plan) : Json());
    return out.text();
}

}  // namespace sbx
