// SPDX-License-Identifier: Apache-2.0
#include <sbx/plan.hpp>

#include "base/text.hpp"
#include "describe/words.hpp"
#include "view/tree_model.hpp"

#include <algorithm>

namespace sbx {
namespace {

using Index = TreeModel::Index;
using Kind = entry::Guard::Kind;
using Origin = TreeModel::Origin;
using Type = TreeModel::Type;

// Columns of a terminal, as far as one for each character is right.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

// What something is, apart from whether it can be written to.
struct Phrase {
    std::string what;
    std::string after = {};  ///< behind the access
    std::optional<unsigned> usual_mode = {};
};

// What a step has mounted.
struct MountPhrase {
    Type type;

    Phrase operator()(const step::Bind& s) const {
        const std::string path = quote(s.path.empty() ? s.source : s.path);
        if (s.access != Access::device)
            return {(type == Type::file ? "host file " : "host ") + path};
        if (type == Type::file) return {"host device " + path};
        return {"host " + path, ", devices work"};
    }
    Phrase operator()(const step::BindFd& s) const {
        return {(type == Type::file ? "host file " : "host ") + quote(s.path),
                ", by descriptor " + std::to_string(s.fd)};
    }
    Phrase operator()(const step::BindData& s) const {
        return {"data of descriptor " + std::to_string(s.fd), {}, 0600U};
    }
    Phrase operator()(const step::MountTmpfs& s) const {
        return {"tmpfs", s.size ? ", " + std::to_string(*s.size) + " bytes at most" : "", 0755U};
    }
    Phrase operator()(const step::MountProc&) const { return {"proc"}; }
    Phrase operator()(const step::MountDevpts&) const { return {"terminals"}; }
    Phrase operator()(const step::MountMqueue&) const { return {"message queues"}; }
    Phrase operator()(const step::WaylandSocket& s) const {
        return {"wayland socket of " + quote(s.path)};
    }
    Phrase operator()(const step::MountOverlay& s) const {
        std::string what = "overlay of ";
        for (std::size_t i = 0; i < s.sources.size(); ++i) {
            what += (i == 0 ? "" : " over ") + quote(s.sources[i]);
        }
        switch (s.changes) {
            case entry::Overlay::Changes::kept:
                return {what, ", changes kept in " + quote(s.upper)};
            case entry::Overlay::Changes::forgotten: return {what, ", changes forgotten"};
            case entry::Overlay::Changes::refused: break;
        }
        return {what};
    }
    template <typename T>
    Phrase operator()(const T& /*others*/) const {
        return {"mount"};
    }
};

class Picture {
public:
    explicit Picture(const TreeModel& model) : model_(model) {}

    std::string text();

private:
    struct Row {
        std::string head;
        std::string what;
    };
    struct Branch {
        Index node;
        std::string before;  ///< of its own line
        std::string below;   ///< of the lines below it
        std::string name;
    };

    std::string what(Index index) const;
    Phrase phrase(Index index) const;
    Phrase assumed(Index index) const;

    const TreeModel& model_;
};

// What must be there already, for the plan goes through it: by the name that the host has for it.
Phrase Picture::assumed(Index index) const {
    const TreeModel::Node& node = model_.node(index);
    const TreeModel::Mount& mount = model_.mount(node.mount);
    const auto* bind = mount.step != nullptr ? std::get_if<step::Bind>(mount.step) : nullptr;
    const auto* by_fd = mount.step != nullptr ? std::get_if<step::BindFd>(mount.step) : nullptr;
    if (bind != nullptr || by_fd != nullptr) {
        const std::string& source = by_fd != nullptr     ? by_fd->path
                                    : bind->path.empty() ? bind->source
                                                         : bind->path;
        return {"host " + quote((source == "/" ? "" : source) + "/" + model_.path_in_mount(index))};
    }
    if (mount.step != nullptr && std::holds_alternative<step::MountOverlay>(*mount.step)) {
        return {"part of the overlay"};
    }
    return {"part of " + phrase(mount.root).what};
}

Phrase Picture::phrase(Index index) const {
    const TreeModel::Node& node = model_.node(index);
    const TreeModel::Mount& mount = model_.mount(node.mount);
    if (model_.is_mount_root(index)) {
        if (mount.step == nullptr) return {"tmpfs", {}, 0755U};
        return std::visit(MountPhrase{node.type}, *mount.step);
    }
    if (node.fd >= 0) return {"data of descriptor " + std::to_string(node.fd), {}, 0666U};
    if (node.origin == Origin::assumed) return assumed(index);
    if (node.type == Type::directory) return {"directory", {}, 0755U};
    return {"file", {}, node.mode};
}

std::string Picture::what(Index index) const {
    const TreeModel::Node& node = model_.node(index);
    if (node.guard == Kind::mask) return "masked: empty, and cannot be opened";
    if (node.origin == Origin::placeholder) return "protected: nothing, and nothing can be made";
    const char* guarded = node.guard ? ", protected" : "";
    if (node.type == Type::link) return "link to " + quote_if_needed(node.target) + guarded;
    const Phrase phrase = this->phrase(index);
    std::string text = phrase.what + (model_.is_read_only(index) ? ", read-only" : ", writable");
    text += phrase.after;
    if (node.mode && node.mode != phrase.usual_mode) text += ", mode " + octal(*node.mode);
    return text + guarded;
}

std::string Picture::text() {
    std::vector<Row> rows;
    // No recursion: paths are as deep as somebody wants them to be.
    std::vector<Branch> todo;
    todo.push_back({model_.root(), "", "", "/"});
    while (!todo.empty()) {
        const Branch branch = std::move(todo.back());
        todo.pop_back();
        const auto& children = model_.node(branch.node).children;
        rows.push_back({branch.before + branch.name, what(branch.node)});
        const auto more = static_cast<std::ptrdiff_t>(todo.size());
        for (const auto& [name, child] : children) {
            const bool last = name == children.rbegin()->first;
            todo.push_back({model_.top(child),
                            branch.below + (last ? "\u2514\u2500\u2500 " : "\u251c\u2500\u2500 "),
                            branch.below + (last ? "    " : "\u2502   "), quote_if_needed(name)});
        }
        std::reverse(todo.begin() + more, todo.end());
    }
    // One long name must not push everything else out of sight.
    constexpr std::size_t widest = 40;
    std::size_t column = 0;
    for (const Row& row : rows) {
        if (width(row.head) <= widest) column = std::max(column, width(row.head));
    }
    std::string out;
    for (const Row& row : rows) {
        const std::size_t used = width(row.head);
        out +=
            row.head + std::string((used < column ? column - used : 0) + 2, ' ') + row.what + "\n";
    }
    return out;
}

}  // namespace

std::string describe_tree(const Plan& plan) {
    TreeModel model;
    std::string failures;
    std::size_t number = 0;
    for (const Step& step : plan.setup) {
        ++number;
        const std::string why = model.apply(step);
        if (why.empty()) continue;
        failures +=
            "will fail: step " + std::to_string(number) + ", " + describe(step) + ": " + why + "\n";
    }
    return Picture(model).text() + failures;
}

}  // namespace sbx
