// SPDX-License-Identifier: Apache-2.0
#include "base/program_name.hpp"
#include "base/text.hpp"
#include "describe/bwrap_line.hpp"
#include "describe/words.hpp"
#include "plan/planning.hpp"
#include "view/entries.hpp"
#include "view/tree_model.hpp"

#include <algorithm>
#include <cerrno>

namespace sbx::bwrap_line {
namespace {

using Index = TreeModel::Index;
using Kind = entry::Guard::Kind;
using Type = TreeModel::Type;
using Words = std::vector<std::string>;

std::string joined(const std::string& directory, const std::string& name) {
    return (directory == "/" ? "" : directory) + "/" + name;
}

std::string path_of(const TreeModel& model, const TreeModel::Place& place) {
    std::string out = model.path_of(place.node);
    for (const std::string& name : place.rest) out = joined(out, name);
    return out;
}

// How a bind is called whose source does not depend on where the line is run.
const std::string& source_of(const step::Bind& s) {
    return s.path.empty() || (!s.source.empty() && s.source.front() == '/') ? s.source : s.path;
}

const char* bind_option(Access access) {
    switch (access) {
        case Access::read_only: return "--ro-bind";
        case Access::device: return "--dev-bind";
        case Access::read_write: break;
    }
    return "--bind";
}

// Goes through the steps and adds what makes the same tree at the same places. Destinations are
// given without links and "..", which bubblewrap follows in its own way, up to the host.
class Translator {
public:
    Translator(const Spec& spec, const Plan& plan, const Host& host, Line& line)
        : spec_(spec), plan_(plan), host_(host), line_(line), places_(spec) {}

    std::optional<Error> translate();

private:
    struct Adder;
    enum class Parents { with_them, made_here };  ///< who makes directories on the way

    std::size_t dev_length(std::size_t at) const;
    Result<TreeModel::Place> look(const std::string& destination);
    Result<std::string> aim(const std::string& destination, Parents parents);
    std::optional<Error> put(Words before, const std::string& destination,
                             Parents parents = Parents::made_here);
    std::optional<Error> refuse_host_write(const char* option, const std::string& destination);
    std::optional<Error> guard(const step::Guard& s);
    std::optional<Error> mask(const std::string& path, const TreeModel::Place& place,
                              const Source* source);
    std::optional<Error> protect(const std::string& path, const TreeModel::Place& place);
    bool protect_mounts(Index node);
    const Source* found(const step::Guard& s) const;
    void put_empty(Kind kind, const std::string& path, bool directory);
    Error no_option(const step::Guard& s, const std::string& remedy) const;
    bool is_host(Index node) const { return !model_.is_complete(node); }

    const Spec& spec_;
    const Plan& plan_;
    const Host& host_;
    Line& line_;
    const planning::Places places_;
    TreeModel model_;
};

// How many steps from `at` on are one --dev; 0: they are none.
std::size_t Translator::dev_length(std::size_t at) const {
    const auto* tmpfs = std::get_if<step::MountTmpfs>(&plan_.setup[at]);
    if (tmpfs == nullptr) return 0;
    const std::vector<Step> dev = planning::dev_steps(tmpfs->destination, spec_, host_);
    if (plan_.setup.size() - at < dev.size()) return 0;
    for (std::size_t i = 0; i < dev.size(); ++i) {
        if (describe(dev[i]) != describe(plan_.setup[at + i])) return 0;
    }
    std::size_t length = dev.size();
    const auto* console = at + length < plan_.setup.size()
                              ? std::get_if<step::Bind>(&plan_.setup[at + length])
                              : nullptr;
    const bool terminal = console != nullptr && host_.terminal &&
                          console->source == host_.terminal->path &&
                          console->destination == tmpfs->destination + "/console";
    return terminal ? length + 1 : length;
}

Result<TreeModel::Place> Translator::look(const std::string& destination) {
    TreeModel::Place place = model_.look(destination);
    if (place.error != 0) return Error{quote(destination) + ": " + error_text(place.error)};
    if (place.guessed) {
        return Error{quote(destination) +
                     ": \"..\" behind what may not be there, or be a link, which bubblewrap may "
                     "follow out of the sandbox; write it without"};
    }
    return place;
}

// The destination as bubblewrap must get it.
Result<std::string> Translator::aim(const std::string& destination, Parents parents) {
    const auto place = look(destination);
    if (!place) return place.error();
    const std::string path = path_of(model_, *place);
    if (place->rest.empty()) return path;
    if (is_host(place->node)) {
        if (plan_.host_writes == HostWrites::refuse && !model_.is_read_only(place->node)) {
            line_.lack(
                "what is missing below a writable bind is refused, and not made on the host");
        }
    } else if (parents == Parents::made_here && place->rest.size() > 1) {
        // Bubblewrap would let nobody else into them.
        line_.add({"--dir", path.substr(0, path.rfind('/'))});
    }
    return path;
}

std::optional<Error> Translator::put(Words before, const std::string& destination,
                                     Parents parents) {
    const auto path = aim(destination, parents);
    if (!path) return path.error();
    before.push_back(*path);
    line_.add(std::move(before));
    return std::nullopt;
}

std::optional<Error> Translator::refuse_host_write(const char* option,
                                                   const std::string& destination) {
    const TreeModel::Place place = model_.look(destination);
    if (plan_.host_writes == HostWrites::allow || place.error != 0 || !is_host(place.node)) {
        return std::nullopt;
    }
    return Error{option + quote(destination) +
                 ": bubblewrap would change a file of the host, where " SBX_NAME " refuses"};
}

// Options before an option whose mode is not the usual one.
Words perms(unsigned mode, unsigned usual) {
    if (mode == usual) return {};
    return {"--perms", octal(mode)};
}

Words operator+(Words a, const Words& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

struct Translator::Adder {
    Translator& self;

    std::optional<Error> operator()(const step::Bind& s) const {
        return self.put({bind_option(s.access), source_of(s)}, s.destination);
    }
    std::optional<Error> operator()(const step::BindFd& s) const {
        const bool read_only = s.access == Access::read_only;
        return self.put({read_only ? "--ro-bind-fd" : "--bind-fd", std::to_string(s.fd)},
                        s.destination);
    }
    std::optional<Error> operator()(const step::BindData& s) const {
        const bool read_only = s.access == Access::read_only;
        return self.put(perms(s.mode, 0600) + Words{read_only ? "--ro-bind-data" : "--bind-data",
                                                    std::to_string(s.fd)},
                        s.destination, Parents::with_them);
    }
    std::optional<Error> operator()(const step::MountTmpfs& s) const {
        Words words = perms(s.mode, 0755);
        if (s.size) words = words + Words{"--size", std::to_string(*s.size)};
        if (s.inodes) self.line_.lack("a limit on the number of files in a tmpfs");
        return self.put(words + Words{"--tmpfs"}, s.destination, Parents::with_them);
    }
    std::optional<Error> operator()(const step::MountProc& s) const {
        return self.put({"--proc"}, s.destination);
    }
    std::optional<Error> operator()(const step::MountDevpts& s) const {
        return Error{"devpts on " + quote(s.destination) +
                     " alone: bubblewrap has it as a part of --dev only"};
    }
    std::optional<Error> operator()(const step::MountMqueue& s) const {
        return self.put({"--mqueue"}, s.destination);
    }
    std::optional<Error> operator()(const step::WaylandSocket& s) const {
        return Error{"--wayland " + quote(s.source) +
                     " has no equivalent in bubblewrap, which would show the compositor's own "
                     "socket; --ro-bind shows it, too"};
    }
    std::optional<Error> operator()(const step::MountOverlay& s) const {
        self.line_.lack(
            "device nodes and set-user-id bits in the directories of an overlay are off");
        Words words;
        const Words lowest_first(s.sources.rbegin(), s.sources.rend());
        for (const std::string& source : lowest_first) {
            words = words + Words{"--overlay-src", source};
        }
        switch (s.changes) {
            case entry::Overlay::Changes::kept:
                return self.put(words + Words{"--overlay", s.upper, s.work}, s.destination);
            case entry::Overlay::Changes::forgotten:
                return self.put(words + Words{"--tmp-overlay"}, s.destination);
            case entry::Overlay::Changes::refused: break;
        }
        return self.put(words + Words{"--ro-overlay"}, s.destination);
    }
    std::optional<Error> operator()(const step::MakeDirectory& s) const {
        return self.put(perms(s.mode, 0755) + Words{"--dir"}, s.destination, Parents::with_them);
    }
    std::optional<Error> operator()(const step::MakeSymlink& s) const {
        std::string parent = s.destination;
        while (!parent.empty() && parent.back() == '/') parent.pop_back();
        const std::size_t slash = parent.rfind('/');
        const std::string name = parent.substr(slash + 1);  // npos + 1 is 0
        parent.resize(slash == std::string::npos ? 0 : slash);
        const TreeModel::Place place = self.model_.look(parent);
        const auto path = self.aim(parent, Parents::with_them);
        if (!path) return path.error();
        if (!place.rest.empty() && !self.is_host(place.node)) self.line_.add({"--dir", *path});
        self.line_.add({"--symlink", s.target, joined(*path, name)});
        return std::nullopt;
    }
    std::optional<Error> operator()(const step::WriteFile& s) const {
        if (auto error = self.refuse_host_write("--file ", s.destination)) return error;
        return self.put(perms(s.mode, 0666) + Words{"--file", std::to_string(s.fd)}, s.destination,
                        Parents::with_them);
    }
    std::optional<Error> operator()(const step::Chmod& s) const {
        if (auto error = self.refuse_host_write("--chmod ", s.destination)) return error;
        return self.put({"--chmod", octal(s.mode)}, s.destination);
    }
    // Of the /proc that was mounted there. The host's shows the same in these places.
    std::optional<Error> operator()(const step::CoverReadOnly& s) const {
        const std::string name = s.destination.substr(s.destination.rfind('/') + 1);
        if (name == "autogroup") {
            self.line_.lack("the nice value of init's session can be changed");
            return std::nullopt;
        }
        return self.put({"--ro-bind", "/proc/" + name}, s.destination);
    }
    std::optional<Error> operator()(const step::Hide& s) const {
        if (!names_directory(s.destination)) {
            return self.put({"--ro-bind", "/dev/null"}, s.destination);
        }
        if (auto error = self.put({"--perms", "0000", "--tmpfs"}, s.destination)) return error;
        return self.put({"--remount-ro"}, s.destination);
    }
    std::optional<Error> operator()(const step::RemountReadOnly& s) const {
        const TreeModel::Place place = self.model_.look(s.destination);
        const Step* step = self.model_.mount(self.model_.node(place.node).mount).step;
        const auto* bind = step != nullptr ? std::get_if<step::Bind>(step) : nullptr;
        if (bind != nullptr && bind->access == Access::device) {
            self.line_.lack("devices keep working where --remount-ro has made them read-only");
        }
        return self.put({"--remount-ro"}, s.destination);
    }
    std::optional<Error> operator()(const step::Guard& s) const { return self.guard(s); }
    // What is not about the tree is said elsewhere.
    template <typename T>
    std::optional<Error> operator()(const T& /*others*/) const {
        return std::nullopt;
    }
};

Error Translator::no_option(const step::Guard& s, const std::string& remedy) const {
    const bool masks = s.kind == Kind::mask;
    return Error{std::string(masks ? "--mask " : "--protect ") + quote(s.destination) +
                 " has no equivalent in bubblewrap, which would " +
                 (masks ? "show what is there" : "let the command change it") + "; " + remedy};
}

// What the host was seen to have where the guard is; null: not known.
const Source* Translator::found(const step::Guard& s) const {
    if (places_.may_be_elsewhere(host_, s.destination)) return nullptr;
    for (std::size_t i = 0; i < spec_.entries.size() && i < host_.sources.size(); ++i) {
        const auto* guard = std::get_if<entry::Guard>(&spec_.entries[i]);
        const bool same =
            guard != nullptr && guard->kind == s.kind && guard->destination == s.destination;
        if (same) return &host_.sources[i];
        if (guard == nullptr || guard->kind != s.kind) continue;
        for (const Source& match : host_.sources[i].more) {
            if (match.path == s.destination) return &match;
        }
    }
    return nullptr;
}

// Something empty upon what is masked, or where something is missing and cannot be made so.
void Translator::put_empty(Kind kind, const std::string& path, bool directory) {
    if (!directory) {
        // Below a mount that allows no devices, so it cannot be opened.
        line_.add({"--ro-bind", "/dev/null", path});
        return;
    }
    line_.add({"--perms", kind == Kind::mask ? "0000" : "0555", "--tmpfs", path});
    line_.add({"--remount-ro", path});
}

// `source` is what found() says.
std::optional<Error> Translator::mask(const std::string& path, const TreeModel::Place& place,
                                      const Source* source) {
    const TreeModel::Node& node = model_.node(place.node);
    if (node.guard == Kind::mask) return std::nullopt;
    std::optional<bool> directory;
    if (place.rest.empty() && node.type != Type::unknown) {
        directory = node.type == Type::directory;
    } else if (source != nullptr && source->kind == Source::Kind::directory) {
        directory = true;
    } else if (source != nullptr && source->kind == Source::Kind::file) {
        directory = false;
    }
    if (directory) {
        put_empty(Kind::mask, path, *directory);
        return std::nullopt;
    }
    return no_option({Kind::mask, path},
                     "whether it is a file or a directory is seen while the sandbox is made; take "
                     "--tmpfs for a directory, or --ro-bind /dev/null for a file");
}

// Each mount that is seen there, by itself. Whether there is an option for all of them.
bool Translator::protect_mounts(Index node) {
    for (const Index index : model_.mounts_below(node)) {
        const TreeModel::Mount& mount = model_.mount(index);
        const std::string path = model_.path_of(mount.root);
        const auto* bind = mount.step != nullptr ? std::get_if<step::Bind>(mount.step) : nullptr;
        const bool remounted = bind != nullptr && bind->access != Access::read_only;
        if (mount.read_only && !remounted) continue;
        if (mount.step != nullptr && std::holds_alternative<step::MountTmpfs>(*mount.step)) {
            line_.add({"--remount-ro", path});
        } else if (bind != nullptr && bind->access == Access::read_write &&
                   model_.mounts_below(mount.root).size() == 1) {
            line_.add({"--ro-bind", source_of(*bind), path});
        } else {
            return false;
        }
    }
    return true;
}

std::optional<Error> Translator::protect(const std::string& path, const TreeModel::Place& place) {
    const step::Guard guard{Kind::protect, path};
    const bool there = place.rest.empty();
    if (there && model_.node(place.node).guard == Kind::mask) return std::nullopt;
    const std::vector<Index> below = there ? model_.mounts_below(place.node) : std::vector<Index>{};
    const bool open = std::any_of(below.begin(), below.end(),
                                  [&](Index index) { return !model_.mount(index).read_only; });
    const TreeModel::Mount& mount = model_.mount(model_.node(place.node).mount);
    const auto* bind = mount.step != nullptr ? std::get_if<step::Bind>(mount.step) : nullptr;
    // A --remount-ro does not reach what the host has mounted below.
    const bool remounted = bind != nullptr && bind->access != Access::read_only;
    if (model_.is_read_only(place.node) && !open && !remounted) return std::nullopt;
    if (there && model_.is_mount_root(place.node)) {
        if (protect_mounts(place.node)) return std::nullopt;
        return no_option(guard, "take read-only options for what is mounted there");
    }
    if (bind == nullptr || !below.empty()) {
        return no_option(guard, "take read-only options for what is mounted there");
    }
    // The host's once more. Where nothing is there, bubblewrap refuses.
    std::string source = source_of(*bind);
    if (const std::string rest = model_.path_in_mount(place.node); !rest.empty()) {
        source = joined(source, rest);
    }
    for (const std::string& name : place.rest) source = joined(source, name);
    line_.lack("what is protected may be missing, and stays so");
    line_.add({"--ro-bind", source, path});
    return std::nullopt;
}

std::optional<Error> Translator::guard(const step::Guard& s) {
    line_.lack(
        "what is masked or protected stays so when the way to it is renamed, or replaced outside");
    const auto place = look(s.destination);
    if (!place) return place.error();
    const bool directory = names_directory(s.destination);
    if (!place->rest.empty() && model_.is_complete(place->node)) {
        if (model_.is_read_only(place->node)) return std::nullopt;
        put_empty(s.kind, joined(model_.path_of(place->node), place->rest.front()),
                  place->rest.size() > 1 || directory);
        return std::nullopt;
    }
    const std::string path = path_of(model_, *place);
    const Source* source = found(s);
    if (!place->rest.empty() && source != nullptr && source->error == ENOENT) {
        if (model_.is_read_only(place->node)) return std::nullopt;
        line_.lack("what stands on the host where something is missing is removed at the end");
        put_empty(s.kind, path, directory);
        return std::nullopt;
    }
    return s.kind == Kind::mask ? mask(path, *place, source) : protect(path, *place);
}

std::optional<Error> Translator::translate() {
    for (std::size_t i = 0; i < plan_.setup.size(); ++i) {
        std::optional<Error> error;
        std::string open_shm;
        std::size_t length = dev_length(i);
        if (length == 0) {
            length = 1;
            error = std::visit(Adder{*this}, plan_.setup[i]);
        } else {
            const auto& tmpfs = std::get<step::MountTmpfs>(plan_.setup[i]);
            if (tmpfs.size) line_.lack("a limit on the size of /dev");
            if (host_.terminal && host_.terminal->fd != 1) {
                line_.lack("/dev/console where standard output is no terminal");
            }
            error = put({"--dev"}, tmpfs.destination);
            // bubblewrap lets nobody but the owner write there.
            if (plan_.wording == Wording::sbx) open_shm = tmpfs.destination + "/shm";
        }
        if (error) return error;
        for (std::size_t end = i + length; i < end; ++i) {
            const std::string why = model_.apply(plan_.setup[i]);
            if (!why.empty()) {
                return Error{"step " + std::to_string(i + 1) + ", " + describe(plan_.setup[i]) +
                             ": " + why};
            }
        }
        --i;
        if (open_shm.empty()) continue;
        if (auto failed = put({"--chmod", octal(01777)}, open_shm)) return failed;
    }
    return std::nullopt;
}

}  // namespace

void Line::lack(const std::string& what) {
    if (std::find(lacking.begin(), lacking.end(), what) == lacking.end()) lacking.push_back(what);
}

std::optional<Error> add_tree(const Spec& spec, const Plan& plan, const Host& host, Line& line) {
    return Translator(spec, plan, host, line).translate();
}

}  // namespace sbx::bwrap_line
