// SPDX-License-Identifier: Apache-2.0
#include <sbx/plan.hpp>

#include "base/json.hpp"
#include "base/landlock.hpp"
#include "describe/words.hpp"
#include "plan/steps.hpp"

#include <array>
#include <optional>
#include <sstream>

namespace sbx {
namespace {

// uid_map(5)'s lines, "inside outside count".
Json json_of_map(const std::string& map) {
    Json out = Json::array();
    std::istringstream in(map);
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 0;
    while (in >> inside >> outside >> count) {
        out.add(Json::object({{"inside", inside}, {"outside", outside}, {"count", count}}));
    }
    return out;
}

template <typename T>
Json json_of(const std::optional<T>& value) {
    return value ? Json(*value) : Json();
}

Json json_of(const std::vector<PlanWarning>& warnings) {
    Json out = Json::array();
    for (const PlanWarning& warning : warnings) {
        const std::string_view name = warning_names[static_cast<std::size_t>(warning.kind)];
        out.add(Json::object({{"name", name}, {"text", warning.text}}));
    }
    return out;
}

Json json_of(NamespaceSet set) { return Json::array_of(namespace_names(set)); }

Json json_of(const Found& found) {
    return Json::object({{"relative", found.relative.empty() ? Json() : Json(found.relative)},
                         {"device", found.device},
                         {"inode", found.inode}});
}

Json json_of(const std::optional<Found>& found) { return found ? json_of(*found) : Json(); }

Json json_of(const std::vector<Found>& found) {
    Json out = Json::array();
    for (const Found& one : found) out.add(json_of(one));
    return out;
}

// By bit, as linux/landlock.h names them.
constexpr std::array<const char*, 16> landlock_rights = {
    "execute",   "write_file", "read_file", "read_dir",  "remove_dir", "remove_file",
    "make_char", "make_dir",   "make_reg",  "make_sock", "make_fifo",  "make_block",
    "make_sym",  "refer",      "truncate",  "ioctl_dev"};
constexpr std::array<const char*, 2> landlock_scopes = {"abstract_unix_socket", "signal"};

template <std::size_t count>
Json json_of_bits(std::uint64_t bits, const std::array<const char*, count>& names) {
    Json out = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
        if ((bits >> i & 1U) != 0) out.add(names[i]);
    }
    return out;
}

// A step by its kind and its fields. There is no form for any step: a new kind of step must be
// written here, or nothing compiles.
struct Form {
    using Members = std::vector<Json::Member>;
    std::string_view kind;
    Members fields = {};
};

struct Former {
    Form operator()(const step::MapIds& s) const {
        return {"map-ids",
                {{"uid_map", json_of_map(s.uid_map)}, {"gid_map", json_of_map(s.gid_map)}}};
    }
    Form operator()(const step::MountRoot&) const { return {"root"}; }
    Form operator()(const step::Bind& s) const {
        return {"bind",
                {{"source", s.source},
                 {"path", s.path},
                 {"destination", s.destination},
                 {"access", word(access_table, s.access)},
                 {"node", word(node_kind_table, s.kind)},
                 {"found", json_of(s.found)}}};
    }
    Form operator()(const step::MountTmpfs& s) const {
        return {"tmpfs",
                {{"destination", s.destination},
                 {"mode", octal(s.mode)},
                 {"size", json_of(s.size)},
                 {"inodes", json_of(s.inodes)}}};
    }
    Form operator()(const step::MountProc& s) const {
        return {"proc", {{"destination", s.destination}}};
    }
    Form operator()(const step::MountDevpts& s) const {
        return {"devpts", {{"destination", s.destination}}};
    }
    Form operator()(const step::MakeDirectory& s) const {
        return {"directory", {{"destination", s.destination}, {"mode", octal(s.mode)}}};
    }
    Form operator()(const step::MakeSymlink& s) const {
        return {"symlink", {{"target", s.target}, {"destination", s.destination}}};
    }
    Form operator()(const step::WriteFile& s) const {
        return {"file", {{"fd", s.fd}, {"destination", s.destination}, {"mode", octal(s.mode)}}};
    }
    Form operator()(const step::CoverReadOnly& s) const {
        return {"cover-read-only", {{"destination", s.destination}}};
    }
    Form operator()(const step::Hide& s) const {
        return {"hide", {{"destination", s.destination}}};
    }
    Form operator()(const step::RemountReadOnly& s) const {
        return {"remount-read-only", {{"destination", s.destination}}};
    }
    Form operator()(const step::BindFd& s) const {
        return {"bind-fd",
                {{"fd", s.fd},
                 {"path", s.path},
                 {"destination", s.destination},
                 {"access", word(access_table, s.access)},
                 {"node", word(node_kind_table, s.kind)}}};
    }
    Form operator()(const step::BindData& s) const {
        return {"bind-data",
                {{"fd", s.fd},
                 {"destination", s.destination},
                 {"mode", octal(s.mode)},
                 {"access", word(access_table, s.access)}}};
    }
    Form operator()(const step::MountOverlay& s) const {
        const bool kept = s.changes == entry::Overlay::Changes::kept;
        return {"overlay",
                {{"changes", word(changes_table, s.changes)},
                 {"sources", Json::array_of(s.sources)},  // the topmost first
                 {"upper", kept ? Json(s.upper) : Json()},
                 {"work", kept ? Json(s.work) : Json()},
                 {"destination", s.destination},
                 {"found", json_of(s.found)}}};
    }
    Form operator()(const step::Chmod& s) const {
        return {"chmod", {{"mode", octal(s.mode)}, {"destination", s.destination}}};
    }
    Form operator()(const step::MountMqueue& s) const {
        return {"mqueue", {{"destination", s.destination}}};
    }
    Form operator()(const step::WaylandSocket& s) const {
        return {"wayland-socket",
                {{"source", s.source},
                 {"path", s.path},
                 {"destination", s.destination},
                 {"app_id", s.app_id.empty() ? Json() : Json(s.app_id)}}};
    }
    Form operator()(const step::Guard& s) const {
        return {word(guard_table, s.kind), {{"destination", s.destination}}};
    }
    Form operator()(const step::SetIds& s) const {
        return {"set-ids", {{"uid", json_of(s.uid)}, {"gid", json_of(s.gid)}}};
    }
    Form operator()(const step::Announce& s) const {
        return {"announce", {{"awaits_ids", s.awaits_ids}}};
    }
    Form operator()(const step::LockFile& s) const { return {"lock-file", {{"path", s.path}}}; }
    Form operator()(const step::BringUpLoopback&) const { return {"loopback"}; }
    Form operator()(const step::SetHostname& s) const { return {"hostname", {{"name", s.name}}}; }
    Form operator()(const step::EnterRoot&) const { return {"enter-root"}; }
    Form operator()(const step::EnterUserNamespace& s) const {
        return {"enter-user-namespace",
                {{"also", json_of(s.also)},
                 {"uid_map", json_of_map(s.uid_map)},
                 {"gid_map", json_of_map(s.gid_map)}}};
    }
    Form operator()(const step::JoinUserNamespace& s) const {
        return {"join-user-namespace", {{"fd", s.fd}}};
    }
    Form operator()(const step::LimitUserNamespaces&) const { return {"limit-user-namespaces"}; }
    Form operator()(const step::AssertNoUserNamespaces&) const {
        return {"assert-no-user-namespaces"};
    }
    Form operator()(const step::ScopeSignals& s) const {
        return {"scope-signals", {{"files", s.files}}};
    }
    Form operator()(const step::NewSession&) const { return {"session"}; }
    Form operator()(const step::JoinSessionKeyring&) const { return {"session-keyring"}; }
    Form operator()(const step::DieWithParent&) const { return {"die-with-parent"}; }
    Form operator()(const step::AwaitDescriptor& s) const {
        return {"await-descriptor", {{"fd", s.fd}}};
    }
    Form operator()(const step::CloseDescriptors& s) const {
        return {"close-descriptors",
                {{"keep", Json::array_of(s.keep)}, {"null", Json::array_of(s.null)}}};
    }
    Form operator()(const step::LimitCapabilities& s) const {
        std::vector<std::string> ambient;
        for (std::size_t i = 0, at = 0; i < 64 && at < s.names.size(); ++i) {
            if ((s.keep >> i & 1U) == 0) continue;
            if ((s.ambient >> i & 1U) != 0) ambient.push_back(s.names[at]);
            ++at;
        }
        return {"limit-capabilities",
                {{"keep", Json::array_of(s.names)}, {"ambient", Json::array_of(ambient)}}};
    }
    Form operator()(const step::ChangeDirectory& s) const {
        return {"enter-directory", {{"candidates", Json::array_of(s.candidates)}}};
    }
    Form operator()(const step::LimitCoreDumps&) const { return {"limit-core-dumps"}; }
    Form operator()(const step::NoNewPrivileges&) const { return {"no-new-privileges"}; }
    Form operator()(const step::EnforceLandlock& s) const {
        Json rules = Json::array();
        for (const auto& rule : s.rules) {
            rules.add(Json::object(
                {{"path", rule.path}, {"access", json_of_bits(rule.access, landlock_rights)}}));
        }
        return {"landlock",
                {{"files", json_of_bits(s.files, landlock_rights)},
                 {"scopes", json_of_bits(s.scopes, landlock_scopes)},
                 {"rules", std::move(rules)},
                 {"descriptors", Json::array_of(s.descriptors)}}};
    }
    // How the filter is named and how long it is; not the program, which is not for reading.
    Form operator()(const step::LoadFilter& s) const {
        return {"seccomp",
                {{"name", s.filter.name},
                 {"instructions", std::uint64_t{s.filter.program.size()}},
                 {"fd", json_of(s.filter.fd)},
                 {"denies_user_namespaces", s.filter.denies_user_namespaces}}};
    }
};

Json json_of(const std::vector<GitWatch>& watches) {
    Json out = Json::array();
    for (const GitWatch& watch : watches) {
        out.add(Json::object(
            {{"directory", watch.directory}, {"mode", word(git_watch_table, watch.mode)}}));
    }
    return out;
}

Json json_of(const Step& step, std::size_t number) {
    Form form = std::visit(Former{}, step);
    std::vector<Json::Member> members = {
        {"step", std::uint64_t{number}}, {"kind", form.kind}, {"text", describe(step)}};
    for (Json::Member& field : form.fields) members.push_back(std::move(field));
    return Json::object(std::move(members));
}

}  // namespace

std::string describe_json(const Plan& plan) {
    Json setup = Json::array();
    Json seal = Json::array();
    std::size_t number = 0;
    for (const Step& step : plan.setup) setup.add(json_of(step, ++number));
    for (const Step& step : plan.seal) seal.add(json_of(step, ++number));
    return Json::object(
               {{"wording", word(wording_table, plan.wording)},
                {"warnings", json_of(plan.warnings)},
                {"notes", Json::array_of(plan.notes)},
                {"namespaces", json_of(plan.namespaces)},
                {"network", network_word(plan)},
                {"init", word(init_table, plan.init)},
                {"init_program", word(init_program_table, plan.init_program)},
                {"setup", std::move(setup)},
                {"seal", std::move(seal)},
                {"command", plan.command},
                {"argv", Json::array_of(plan.argv)},
                {"executables", Json::array_of(plan.executables)},
                {"environment", Json::array_of(plan.environment)},
                {"signals", word(signals_table, plan.signals)},
                {"terminal", word(terminal_table, plan.terminal)},
                {"leftovers", word(leftovers_table, plan.leftovers)},
                {"die_with_parent", plan.die_with_parent},
                {"host_writes", word(host_writes_table, plan.host_writes)},
                {"git_watches", json_of(plan.git_watches)},
                {"nested_userns", word(nested_userns_table, plan.nested_userns)},
                {"own_descriptors", word(own_descriptors_table, plan.own_descriptors)},
                {"descriptors", Json::object({{"userns", json_of(plan.userns_fd)},
                                              {"pidns", json_of(plan.pidns_fd)},
                                              {"sync", Json::array_of(plan.sync_fds)},
                                              {"userns_block", json_of(plan.userns_block_fd)},
                                              {"info", json_of(plan.info_fd)},
                                              {"json_status", json_of(plan.json_status_fd)}})}})
        .text();
}

}  // namespace sbx
