// SPDX-License-Identifier: Apache-2.0
// What can be done and is most often a mistake. Words only: nothing is changed for it.
#include "base/pattern.hpp"
#include "base/program_name.hpp"
#include "base/remedies.hpp"
#include "base/text.hpp"
#include "plan/exposure.hpp"
#include "plan/other_home.hpp"
#include "plan/outside_argument.hpp"
#include "plan/parent_directory.hpp"
#include "plan/planning.hpp"
#include "plan/warning_words.hpp"
#include "plan/worktree.hpp"
#include "view/entries.hpp"
#include "view/sight.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <unordered_map>

namespace sbx::planning {
namespace {

class Finder {
public:
    Finder(const Spec& spec, const Host& host, const std::vector<std::string>& environment,
           const std::vector<std::string>& directories)
        : spec_(spec),
          host_(host),
          environment_(environment),
          directories_(directories),
          sight_(spec, host) {}

    Result<std::vector<PlanWarning>> find() {
        if (asked(Warning::hidden_mount)) find_hidden();
        if (asked(Warning::file_bind)) find_files();
        if (asked(Warning::writable_root)) find_root();
        if (asked(Warning::writable_home)) find_home();
        if (asked(Warning::start_directory)) find_start(&Finder::exposed_start);
        if (asked(Warning::shared_directory)) find_shared();
        if (asked(Warning::start_directory)) find_start(&Finder::hides_own);
        if (asked(Warning::agent_socket)) find_sockets();
        if (asked(Warning::desktop_socket)) find_desktop_sockets();
        if (asked(Warning::misplaced_guard)) find_guards();
        if (asked(Warning::partial_search)) find_searches();
        if (asked(Warning::outside_argument)) find_arguments();
        if (asked(Warning::working_directory)) find_directory();
        if (asked(Warning::other_program)) find_other_program();
        if (asked(Warning::foreign_owner)) find_owners();
        if (asked(Warning::parent_directory)) find_parent();
        if (asked(Warning::closed_device)) find_devices();
        if (asked(Warning::closed_descriptor)) find_descriptors();
        if (asked(Warning::temporary_directory)) find_temporary();
        if (asked(Warning::git_worktree)) find_worktree();
        if (asked(Warning::other_home)) find_other_home();
        if (refused_) return *refused_;
        return std::move(found_);
    }

private:
    WarningMode mode(Warning kind) const { return spec_.warnings[static_cast<std::size_t>(kind)]; }
    bool asked(Warning kind) const { return mode(kind) != WarningMode::hide && !refused_; }

    // `index` is the entry that is to be changed.
    void add(Warning kind, std::size_t index, const std::string& text) {
        add(kind, (place_of(index).empty() ? "" : std::string(place_of(index)) + ": ") + text);
    }

    void add(Warning kind, const std::string& text, bool when_it_fails = false) {
        const std::string name(warning_names[static_cast<std::size_t>(kind)]);
        if (mode(kind) == WarningMode::refuse && !refused_) {
            refused_ = Error{text + "; --warning " + name + " hide allows it"};
        }
        found_.push_back({kind, text + " [" + name + "]", when_it_fails});
    }

    // Whether the later bind shows the same as the earlier one below it, in the same way.
    bool shows_the_same(std::size_t earlier, std::size_t later) const {
        const auto* one = std::get_if<entry::Bind>(&spec_.entries[earlier]);
        const auto* other = std::get_if<entry::Bind>(&spec_.entries[later]);
        if (one == nullptr || other == nullptr || one->access != other->access) return false;
        return rebased(places_[earlier], places_[later], host_.sources[later].path) ==
               host_.sources[earlier].path;
    }

    // Where the entry was asked for: a line of a profile, or empty for the command line.
    std::string_view place_of(std::size_t index) const {
        return index < spec_.entry_places.size() ? std::string_view(spec_.entry_places[index])
                                                 : std::string_view();
    }

    // The later mount that hides the entry at `index`, if there is one.
    std::optional<std::size_t> hidden_by(
        std::size_t index, const std::unordered_map<std::string_view, std::size_t>& later) const {
        const bool is_own = std::holds_alternative<entry::Tmpfs>(spec_.entries[index]);
        std::string_view path = places_[index];
        // From the place itself up to "/".
        for (bool same = true; !later.empty(); same = false) {
            const auto found = later.find(path);
            if (found != later.end() && !(same && is_own) &&
                !shows_the_same(index, found->second)) {
                return found->second;
            }
            if (path == "/") break;
            const std::size_t slash = path.find_last_of('/');
            path = slash == 0 ? "/" : path.substr(0, slash);
        }
        return std::nullopt;
    }

    // One warning for each mount that hides others, in the order of those.
    void find_hidden() {
        std::unordered_map<std::string_view, std::size_t> later;
        std::map<std::size_t, std::vector<std::size_t>> hidden;
        for (std::size_t i = spec_.entries.size(); i > 0; --i) {
            const std::size_t index = i - 1;
            if (!is_mount(spec_.entries[index]) || sight_.left_out(index)) continue;
            const auto by = hidden_by(index, later);
            // A command line comes after its profiles to win, place by place.
            const bool wins = by && !place_of(index).empty() && place_of(*by).empty() &&
                              places_[index] == places_[*by];
            if (by && !wins) {
                hidden[*by].push_back(index);
            }
            later.emplace(places_[index], index);
        }
        for (const auto& [by, earlier] : hidden) {
            add(Warning::hidden_mount, by, hidden_text(earlier, by));
        }
    }

    std::string hidden_text(const std::vector<std::size_t>& earlier, std::size_t later) const {
        const std::size_t first = earlier.back();
        const std::string others =
            earlier.size() == 1
                ? " is"
                : " and " + std::to_string(earlier.size() - 1) + " other mounts are";
        return option_of(spec_.entries[first]) + others + " hidden by " +
               option_of(spec_.entries[later]) + " after it; give " +
               option_of(spec_.entries[later]) + " first" +
               (places_[first] == places_[later] ? ", or leave one of them out" : "");
    }

    void find_files() {
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            if (!sight_.shows_writable(i) || host_.sources[i].kind != Source::Kind::file) continue;
            add(Warning::file_bind, i,
                option_of(spec_.entries[i]) +
                    " shows a single file: programs that replace it by renaming another one "
                    "(EBUSY), or make others beside it, fail; bind the directory that it is in");
        }
    }

    // Mounts of a sandbox have no devices (nodev) but for those that --dev-bind shows.
    void find_devices() {
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            const auto* bind = std::get_if<entry::Bind>(&spec_.entries[i]);
            if (bind == nullptr || bind->access == Access::device || sight_.left_out(i)) continue;
            if (!host_.sources[i].device || sight_.shows(places_[i]) != i) continue;
            const bool hides = host_.sources[i].path == "/dev/null";
            add(Warning::closed_device, i,
                option_of(spec_.entries[i]) + " shows a device that cannot be opened (EACCES); " +
                    (hides ? with("--mask", bind->destination) + " hides what is there, and "
                           : "") +
                    "--dev-bind " + shell_words({bind->source, bind->destination}) +
                    " shows one that works");
        }
    }

    void find_descriptors() {
        if (spec_.descriptors != Descriptors::standard) return;
        for (const std::string& word : spec_.command) {
            const auto fd = descriptor_in_path(word);
            const auto& kept = spec_.keep_fds;
            if (!fd || *fd < 3 || std::find(kept.begin(), kept.end(), *fd) != kept.end()) continue;
            add(Warning::closed_descriptor,
                "the argument " + shell_words({word}) +
                    ", as a shell's <(...) has it, names a descriptor that the command does not "
                    "get; --keep-fd " +
                    std::to_string(*fd) + " passes it on",
                true);
        }
    }

    void find_temporary() {
        const auto directory = variable(environment_, "TMPDIR");
        if (!directory || directory->substr(0, 1) != "/") return;
        const std::string path = lexically_clean(*directory);
        if (path == "/tmp" || sight_.may_be_inside(path)) return;
        add(Warning::temporary_directory,
            "TMPDIR is " + shell_words({path}) +
                ", which is not inside, so that programs cannot make temporary files; --setenv "
                "TMPDIR /tmp takes another directory",
            true);
    }

    void find_worktree() {
        const std::string text = missing_repository(spec_, host_, sight_);
        if (!text.empty()) {
            add(Warning::git_worktree, text, !wants_repository(spec_, host_, sight_));
        }
    }

    void find_other_home() {
        for (const auto& [index, text] : binds_in_other_home(spec_, host_, sight_, environment_)) {
            add(Warning::other_home, index, text);
        }
    }

    // Adds the texts that `texts_of` gives for each bind.
    template <typename Texts>
    void find_exposed(Warning kind, const Texts& texts_of) {
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            if (!sight_.is_bind(i) || sight_.left_out(i)) continue;
            for (const std::string& text : texts_of(i)) {
                if (!text.empty()) add(kind, i, option_of(spec_.entries[i]) + " " + text);
            }
        }
    }

    void find_home() {
        find_exposed(Warning::writable_home, [this](std::size_t i) {
            return std::vector{sight_.shows_writable(i) ? home_exposure(sight_, i) : ""};
        });
    }

    void find_shared() {
        find_exposed(Warning::shared_directory,
                     [this](std::size_t i) { return std::vector{shared_exposure(sight_, i)}; });
    }

    void find_sockets() {
        if (host_.agent_sockets.empty()) return;
        find_exposed(Warning::agent_socket, [this](std::size_t i) {
            return socket_exposures(sight_, i, host_.agent_sockets);
        });
    }

    void find_root() {
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            if (!sight_.shows_writable(i) || sight_.shows(places_[i]) != i) continue;
            const std::string exposed = system_exposure(sight_, i);
            if (exposed.empty()) continue;
            const bool start = binds_start(spec_, host_, i);
            add(Warning::writable_root, i,
                option_of(spec_.entries[i]) + " " + exposed + "; " +
                    (start ? start_elsewhere(spec_.entries[i])
                           : "use --ro-bind, and bind what is to be written to after it"));
        }
    }

    // A bind of the working directory is of whatever sbx is started in, by a service or a container
    // in "/".
    void find_start(std::string (Finder::*reason)(std::size_t) const) {
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            if (!binds_start(spec_, host_, i) || sight_.left_out(i)) continue;
            const std::string text = (this->*reason)(i);
            if (text.empty()) continue;
            add(Warning::start_directory, i,
                option_of(spec_.entries[i]) + " " + text + "; " +
                    start_elsewhere(spec_.entries[i]));
        }
    }

    std::string exposed_start(std::size_t index) const { return start_exposure(sight_, index); }

    // A mount of the profiles themselves that the bind of the working directory hides.
    std::string hides_own(std::size_t later) const {
        for (std::size_t i = 0; i < later; ++i) {
            if (!is_mount(spec_.entries[i]) || sight_.left_out(i) || place_of(i).empty()) continue;
            if (!is_at_or_below(places_[i], places_[later]) || shows_the_same(i, later)) continue;
            return "hides " + option_of(spec_.entries[i]) + " of the profile";
        }
        return {};
    }

    // A socket that was asked for by its name. That a directory brings one in is find_sockets()'s.
    void find_desktop_sockets() {
        const DesktopServices services(host_.environment);
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            const auto service = desktop_service_of(services, i);
            if (!service || sight_.shows(places_[i]) != i || sight_.is_masked(places_[i])) continue;
            const bool asked_compositor = std::holds_alternative<entry::Wayland>(spec_.entries[i]);
            add(Warning::desktop_socket, i,
                option_of(spec_.entries[i]) +
                    (asked_compositor ? ": this compositor has no security contexts, so " : ": ") +
                    std::string(desktop_power(*service)));
        }
    }

    std::optional<DesktopService> desktop_service_of(const DesktopServices& services,
                                                     std::size_t index) const {
        const Source& source = host_.sources[index];
        if (std::holds_alternative<entry::Wayland>(spec_.entries[index])) {
            return source.security_context ? std::nullopt : std::optional(DesktopService::wayland);
        }
        if (!sight_.is_bind(index) || source.error != 0) return std::nullopt;
        const auto* bind = std::get_if<entry::Bind>(&spec_.entries[index]);
        // By the name that was given, too: the variables may name it through a link.
        if (bind != nullptr && bind->source != source.path) {
            if (const auto given = services.at(lexically_clean(bind->source))) return given;
        }
        return services.at(source.path);
    }

    // A guard is for a path inside. Of the host's path that is written there something may be seen
    // elsewhere, and a mask of nothing hides nothing.
    void find_guards() {
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            const auto* guard = std::get_if<entry::Guard>(&spec_.entries[i]);
            if (guard == nullptr || guard->if_missing == IfMissing::skip) continue;
            if (host_.sources[i].error == 0 || host_.sources[i].error == EEXIST) continue;
            const bool masks = guard->kind == entry::Guard::Kind::mask;
            const auto elsewhere = shown_elsewhere(places_[i]);
            if (!elsewhere && !(masks && is_known_missing(places_[i]))) continue;
            add(Warning::misplaced_guard, i,
                with(masks ? "--mask" : "--protect", guard->destination) +
                    ": nothing of the host is there inside" +
                    (elsewhere ? "; what is there outside is shown as " + shell_words({*elsewhere})
                               : ", so nothing is hidden"));
        }
    }

    // Whether nothing can be at `path`: what the sandbox has of its own is not known here.
    bool is_known_missing(const std::string& path) const {
        const auto by = sight_.shows(path);
        return by ? std::holds_alternative<entry::Bind>(spec_.entries[*by])
                  : !sight_.is_given(path) && !sight_.may_be_part_of_usr(path);
    }

    // Where a bind shows the host's `path` under another name.
    std::optional<std::string> shown_elsewhere(const std::string& path) const {
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            if (!std::holds_alternative<entry::Bind>(spec_.entries[i])) continue;
            auto inside = sight_.seen_at(i, path);
            if (inside && *inside != path) return inside;
        }
        return std::nullopt;
    }

    void find_arguments() {
        for (const OutsideArguments& each : outside_arguments(spec_, host_)) {
            add(Warning::outside_argument, each.text, each.when_it_fails);
            named_directory_ = named_directory_ || each.working_directory;
        }
    }

    // The caller's working directory is known not to be there, so that the command is elsewhere.
    void find_directory() {
        if (spec_.directory || host_.cwd.empty() || host_.cwd == "/") return;
        if (named_directory_ && mode(Warning::working_directory) == WarningMode::show) return;
        for (const std::string& path : directories_) {
            if (!sight_.may_be_inside(path)) continue;
            if (path == host_.cwd || path == host_.real_cwd) return;
            const bool is_home = variable(host_.environment, "HOME") == host_.cwd;
            add(Warning::working_directory,
                "the command starts in " + shell_words({path}) + ", since the working directory " +
                    shell_words({host_.cwd}) + " is not inside; " +
                    (is_home ? "run " SBX_NAME " in the directory of the project"
                             : "--bind " + shell_words({".", host_.cwd}) +
                                   " brings it in (--ro-bind: to be read only)") +
                    ", --chdir DIR starts elsewhere",
                // What is written to "/" fails; to what is forgotten it does not.
                path == "/");
            return;
        }
    }

    // The profiles set PATH, so that the command's name may mean another program than in the
    // caller's shell: rustup's cargo, nvm's node.
    void find_other_program() {
        const HostProgram& callers = host_.programs.callers;
        for (const HostProgram& other : host_.programs.others) {
            if (!sight_.is_host_inside(other.path) && !sight_.is_host_inside(other.real)) continue;
            if (other.real == callers.real) return;
            std::vector<std::string> needs = host_.programs.needs;
            std::erase_if(needs, [this](const auto& path) { return sight_.is_host_inside(path); });
            add(Warning::other_program,
                quote(spec_.command.front()) + " is " + shell_words({other.path}) +
                    " inside, and " + shell_words({callers.path}) + " outside; " +
                    showing_directories(needs) + (needs.empty() ? "" : " ") +
                    "--keep-env PATH brings yours");
            return;
        }
    }

    // Root in a user namespace of one id has no power over the files of others.
    void find_owners() {
        if (!spec_.unshare.has(Namespace::user) && !spec_.capabilities.empty()) return;
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            const auto& owner = host_.sources[i].owner;
            if (!sight_.shows_writable(i) || !owner || sight_.shows(places_[i]) != i) continue;
            const std::string user = std::to_string(owner->first);
            add(Warning::foreign_owner, i,
                option_of(spec_.entries[i]) + " is of user " + user +
                    ", and root inside may not write to the files of others; run " SBX_NAME
                    " as their "
                    "owner: setpriv --reuid=" +
                    user + " --regid=" + std::to_string(owner->second) +
                    " --clear-groups " SBX_NAME " ...");
        }
    }

    void find_parent() {
        const auto parent = missing_parent(spec_, sight_, start_inside());
        if (parent) add(Warning::parent_directory, parent->text, parent->when_it_fails);
    }

    // Where the command starts, if that is the caller's working directory; else empty.
    std::string start_inside() const {
        if (spec_.directory) return {};
        for (const std::string& path : directories_) {
            if (!sight_.may_be_inside(path)) continue;
            return path == host_.cwd || path == host_.real_cwd ? path : std::string();
        }
        return {};
    }

    // One for each directory in which patterns begin.
    void find_searches() {
        std::map<std::string, std::pair<std::size_t, std::size_t>> partial;  // first, and how many
        for (std::size_t i = 0; i < spec_.entries.size(); ++i) {
            if (!std::holds_alternative<entry::Guard>(spec_.entries[i])) continue;
            const auto pattern = pattern_of(places_[i]);
            if (!pattern || host_.sources[i].error != EOVERFLOW) continue;
            ++partial.try_emplace(pattern->directory, i, 0).first->second.second;
        }
        for (const auto& [directory, guards] : partial) {
            const auto& guard = std::get<entry::Guard>(spec_.entries[guards.first]);
            const bool masks = guard.kind == entry::Guard::Kind::mask;
            const std::size_t others = guards.second - 1;
            add(Warning::partial_search, guards.first,
                with(masks ? "--mask-try" : "--protect-try", guard.destination) +
                    (others == 0 ? std::string() : " and " + std::to_string(others) + " more") +
                    ": not all directories in " + shell_words({directory}) +
                    " could be searched, and what matches in the others is not guarded; start in "
                    "a smaller directory, or name the paths");
        }
    }

    const Spec& spec_;
    const Host& host_;
    const std::vector<std::string>& environment_;
    const std::vector<std::string>& directories_;
    const Sight sight_;
    const Places& places_ = sight_.places();
    bool named_directory_ = false;  ///< find_arguments() said that the working directory is missing
    std::vector<PlanWarning> found_;
    std::optional<Error> refused_;
};

}  // namespace

Result<std::vector<PlanWarning>> find_warnings(const Spec& spec, const Host& host,
                                               const std::vector<std::string>& environment,
                                               const std::vector<std::string>& directories) {
    const bool none = std::all_of(spec.warnings.begin(), spec.warnings.end(),
                                  [](WarningMode mode) { return mode == WarningMode::hide; });
    if (none) return std::vector<PlanWarning>{};
    return Finder(spec, host, environment, directories).find();
}

}  // namespace sbx::planning
