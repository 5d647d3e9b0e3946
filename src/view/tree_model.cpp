// SPDX-License-Identifier: Apache-2.0
#include "view/tree_model.hpp"

#include "base/modes.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>

namespace sbx {
namespace {

using Kind = entry::Guard::Kind;

// The kernel's (path_resolution(7), limits.h).
constexpr int most_links = 40;
constexpr std::size_t longest_path = 4096;
constexpr std::size_t longest_name = 255;

// The components of `path`, the first one last, upon those that are ahead already.
void put_before(std::vector<std::string>& ahead, std::string_view path) {
    std::size_t end = path.size();
    while (end > 0) {
        const std::size_t slash = path.rfind('/', end - 1);
        const std::size_t start = slash == std::string_view::npos ? 0 : slash + 1;
        const std::string_view part = path.substr(start, end - start);
        if (!part.empty() && part != ".") ahead.emplace_back(part);
        end = start == 0 ? 0 : start - 1;
    }
}

TreeModel::Type type_of(NodeKind kind) {
    return kind == NodeKind::directory ? TreeModel::Type::directory : TreeModel::Type::file;
}

}  // namespace

TreeModel::TreeModel() {
    mounts_.push_back({});
    Node root;
    root.mode = 0755;
    nodes_.push_back(std::move(root));
}

TreeModel::Index TreeModel::top(Index index) const {
    while (nodes_[index].covered != none) index = mounts_[nodes_[index].covered].root;
    return index;
}

bool TreeModel::is_complete(Index index) const {
    if (nodes_[index].guard == Kind::mask) return true;
    const Step* step = mounts_[nodes_[index].mount].step;
    return step == nullptr || std::holds_alternative<step::MountTmpfs>(*step);
}

bool TreeModel::is_read_only(Index index) const {
    for (Index at = index; at != none; at = nodes_[at].parent) {
        if (nodes_[at].read_only) return true;
    }
    return mounts_[nodes_[index].mount].read_only;
}

std::string TreeModel::path_in_mount(Index index) const {
    std::vector<const std::string*> names;
    for (Index at = index; nodes_[at].parent != none; at = nodes_[at].parent) {
        names.push_back(&nodes_[at].name);
    }
    std::string out;
    std::reverse(names.begin(), names.end());
    for (const std::string* name : names) out += (out.empty() ? "" : "/") + *name;
    return out;
}

std::string TreeModel::path_of(Index index) const {
    std::string out;
    while (true) {
        const std::string part = path_in_mount(index);
        if (!part.empty()) out = "/" + part + out;
        index = mounts_[nodes_[index].mount].place;
        if (index == none) return out.empty() ? "/" : out;
    }
}

std::vector<TreeModel::Index> TreeModel::mounts_below(Index index) const {
    std::vector<Index> out;
    std::vector<Index> todo = {index};
    while (!todo.empty()) {
        const Index at = top(todo.back());
        todo.pop_back();
        if (is_mount_root(at)) out.push_back(nodes_[at].mount);
        const auto more = static_cast<std::ptrdiff_t>(todo.size());
        for (const auto& [name, child] : nodes_[at].children) todo.push_back(child);
        std::reverse(todo.begin() + more, todo.end());
    }
    return out;
}

TreeModel::Index TreeModel::parent_of(Index index) const {
    while (nodes_[index].parent == none) {
        const Index place = mounts_[nodes_[index].mount].place;
        if (place == none) return root();
        index = place;
    }
    return top(nodes_[index].parent);
}

TreeModel::Index TreeModel::add_node(Index parent, const std::string& name, Type type) {
    Node made;
    made.name = name;
    made.parent = parent;
    made.mount = nodes_[parent].mount;
    made.type = type;
    nodes_.push_back(std::move(made));
    nodes_[parent].children[name] = nodes_.size() - 1;
    return nodes_.size() - 1;
}

// Makes one component below `at.node`, where it is not known, and steps on it.
int TreeModel::make(Place& at, const std::string& name, Type type, std::optional<unsigned> mode) {
    const bool complete = is_complete(at.node);
    if (complete && is_read_only(at.node)) return EROFS;
    at.node = add_node(at.node, name, type);
    // What is not complete may have it already, and surely has what was declared to be there.
    nodes_[at.node].origin = complete ? Origin::made : Origin::assumed;
    if (complete) nodes_[at.node].mode = mode;
    return 0;
}

TreeModel::Place TreeModel::walk(const std::string& path, const Wanted* wanted) {
    Place at;
    at.node = root();
    if (path.size() >= longest_path) at.error = ENAMETOOLONG;
    std::vector<std::string> ahead;
    put_before(ahead, path);
    for (int links = 0; !ahead.empty() && at.error == 0;) {
        const std::string name = std::move(ahead.back());
        ahead.pop_back();
        if (name == "..") {
            if (at.rest.empty()) {
                at.guessed = at.guessed || nodes_[at.node].origin == Origin::assumed;
                at.node = parent_of(at.node);
            } else {
                at.guessed = true;
                at.rest.pop_back();
            }
            continue;
        }
        if (name.size() > longest_name) {
            at.error = ENAMETOOLONG;
        } else if (nodes_[at.node].type == Type::file) {
            at.error = ENOTDIR;
        } else if (!at.rest.empty()) {
            at.rest.push_back(name);
        } else if (const auto found = nodes_[at.node].children.find(name);
                   found == nodes_[at.node].children.end()) {
            const bool last = ahead.empty();
            if (wanted == nullptr) {
                at.rest.push_back(name);
            } else {
                at.error = make(at, name, last ? wanted->type : Type::directory,
                                last ? wanted->mode : wanted->parents);
            }
        } else if (const Index next = top(found->second); nodes_[next].type != Type::link) {
            at.node = next;
        } else {
            if (!is_read_only(at.node)) {
                at.link = next;
            }
            const std::string& target = nodes_[next].target;
            if (++links > most_links) at.error = ELOOP;
            if (target.empty()) at.error = ENOENT;
            if (!target.empty() && target.front() == '/') at.node = root();
            put_before(ahead, target);
            if (ahead.size() > longest_path) at.error = ENAMETOOLONG;
        }
    }
    return at;
}

std::string TreeModel::attach(const Step& step, const std::string& destination, Wanted wanted) {
    const Type type = wanted.type;
    const std::optional<unsigned> mode = wanted.mode;
    wanted.mode = type == Type::directory ? 0755 : 0444;  // of the mount point
    const Place at = walk(destination, &wanted);
    if (at.error != 0) return error_text(at.error);
    Node& place = nodes_[at.node];
    if (place.type == Type::unknown) place.type = type;
    if (place.type != type) return error_text(type == Type::directory ? ENOTDIR : EISDIR);
    mounts_.push_back({&step, nodes_.size(), at.node});
    place.covered = mounts_.size() - 1;
    Node root;
    root.mount = mounts_.size() - 1;
    root.type = type;
    root.mode = mode;
    nodes_.push_back(std::move(root));
    return {};
}

// What must be there: in what is complete it is, or it is missing.
std::string TreeModel::find(const std::string& path, Index& found) {
    Place at = walk(path, nullptr);
    if (at.error != 0) return error_text(at.error);
    if (!at.rest.empty() && is_complete(at.node)) return error_text(ENOENT);
    for (const std::string& name : at.rest) {
        const bool last = &name == &at.rest.back();
        make(at, name, last ? Type::unknown : Type::directory, std::nullopt);
    }
    found = at.node;
    return {};
}

// With all that is mounted below it.
void TreeModel::close(Index index) {
    nodes_[index].read_only = true;
    for (const Index mount : mounts_below(index)) mounts_[mount].read_only = true;
}

std::string TreeModel::guard(const step::Guard& s) {
    Place at = walk(s.destination, nullptr);
    if (at.error != 0) return error_text(at.error);
    if (at.link != none) nodes_[at.link].guard = Kind::protect;  // what it leads to is masked
    if (!at.rest.empty() && is_complete(at.node)) {
        if (is_read_only(at.node)) return {};  // nobody can make it
        const bool file = at.rest.size() == 1 && !names_directory(s.destination);
        const Index made = add_node(at.node, at.rest.front(), file ? Type::file : Type::directory);
        nodes_[made].origin = Origin::placeholder;
        nodes_[made].read_only = true;
        nodes_[made].guard = s.kind;
        return {};
    }
    Index found = at.node;
    if (std::string why = find(s.destination, found); !why.empty()) return why;
    if (nodes_[found].guard == Kind::mask) return {};
    nodes_[found].guard = s.kind;
    close(found);
    if (s.kind == Kind::mask) nodes_[found].children.clear();
    return {};
}

// A step's part in the tree, as words for why it will fail.
struct TreeModel::Maker {
    TreeModel& self;
    const Step& step;

    std::string mount(const std::string& destination, Wanted wanted = {}) const {
        return self.attach(step, destination, wanted);
    }
    std::string mount(const std::string& destination, Wanted wanted, Access access) const {
        std::string why = mount(destination, wanted);
        if (why.empty()) self.mounts_.back().read_only = access == Access::read_only;
        return why;
    }

    std::string operator()(const step::Bind& s) const {
        return mount(s.destination, {type_of(s.kind), {}}, s.access);
    }
    std::string operator()(const step::BindFd& s) const {
        return mount(s.destination, {type_of(s.kind), {}}, s.access);
    }
    std::string operator()(const step::BindData& s) const {
        return mount(s.destination, {Type::file, s.mode, parents_mode(s.mode)}, s.access);
    }
    std::string operator()(const step::MountTmpfs& s) const {
        return mount(s.destination, {Type::directory, s.mode, parents_mode(s.mode)});
    }
    std::string operator()(const step::MountOverlay& s) const {
        const bool refused = s.changes == entry::Overlay::Changes::refused;
        return mount(s.destination, {}, refused ? Access::read_only : Access::read_write);
    }
    std::string operator()(const step::MountProc& s) const { return mount(s.destination); }
    std::string operator()(const step::MountDevpts& s) const { return mount(s.destination); }
    std::string operator()(const step::MountMqueue& s) const { return mount(s.destination); }

    std::string operator()(const step::WaylandSocket& s) const {
        return mount(s.destination, {Type::file, {}}, Access::read_only);
    }

    std::string operator()(const step::MakeDirectory& s) const {
        const Wanted wanted{Type::directory, s.mode, parents_mode(s.mode)};
        const Place at = self.walk(s.destination, &wanted);
        if (at.error != 0) return error_text(at.error);
        return self.nodes_[at.node].type == Type::file ? error_text(ENOTDIR) : "";
    }
    std::string operator()(const step::WriteFile& s) const {
        const Wanted wanted{Type::file, s.mode, parents_mode(s.mode)};
        const Place at = self.walk(s.destination, &wanted);
        if (at.error != 0) return error_text(at.error);
        Node& node = self.nodes_[at.node];
        if (node.type == Type::directory) return error_text(EISDIR);
        if (self.is_read_only(at.node)) return error_text(EROFS);
        node.fd = s.fd;
        return {};
    }
    std::string operator()(const step::MakeSymlink& s) const {
        std::string parent = s.destination;
        while (!parent.empty() && parent.back() == '/') parent.pop_back();
        const std::size_t slash = parent.rfind('/');
        const std::string name = parent.substr(slash + 1);  // npos + 1 is 0
        parent.resize(slash == std::string::npos ? 0 : slash);
        if (name.empty() || name == "." || name == "..") return error_text(EEXIST);
        const Wanted wanted;
        Place at = self.walk(parent, &wanted);
        if (at.error != 0) return error_text(at.error);
        if (self.nodes_[at.node].type == Type::file) return error_text(ENOTDIR);
        const auto found = self.nodes_[at.node].children.find(name);
        if (found != self.nodes_[at.node].children.end()) {
            const Node& there = self.nodes_[self.top(found->second)];
            const bool same = there.type == Type::link && there.target == s.target;
            const bool unknown = there.origin == Origin::assumed && there.type != Type::link;
            return same || unknown ? "" : error_text(EEXIST);
        }
        if (name.size() > longest_name) return error_text(ENAMETOOLONG);
        if (s.target.empty()) return error_text(ENOENT);
        if (const int error = self.make(at, name, Type::link, {})) return error_text(error);
        self.nodes_[at.node].target = s.target;
        return {};
    }
    std::string operator()(const step::Chmod& s) const {
        Index found = 0;
        if (std::string why = self.find(s.destination, found); !why.empty()) return why;
        if (self.is_complete(found) && self.is_read_only(found)) return error_text(EROFS);
        self.nodes_[found].mode = s.mode;
        return {};
    }
    std::string close(const std::string& destination) const {
        Index found = 0;
        if (std::string why = self.find(destination, found); !why.empty()) return why;
        self.close(found);
        return {};
    }
    std::string operator()(const step::CoverReadOnly& s) const { return close(s.destination); }
    std::string operator()(const step::Hide& s) const { return close(s.destination); }
    std::string operator()(const step::RemountReadOnly& s) const {
        Index found = 0;
        if (std::string why = self.find(s.destination, found); !why.empty()) return why;
        Node& node = self.nodes_[found];
        if (self.is_mount_root(found)) {
            self.mounts_[node.mount].read_only = true;
        } else if (node.origin == Origin::assumed) {
            node.read_only = true;  // something of the host's is mounted there, or it will fail
        } else {
            return "it is no mount point";
        }
        return {};
    }
    std::string operator()(const step::Guard& s) const { return self.guard(s); }
    template <typename T>
    std::string operator()(const T& /*others*/) const {
        return {};
    }
};

std::string TreeModel::apply(const Step& step) { return std::visit(Maker{*this, step}, step); }

}  // namespace sbx
