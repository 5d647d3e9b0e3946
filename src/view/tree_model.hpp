// SPDX-License-Identifier: Apache-2.0
// What the new root holds after each step of a plan: the kernel's rules for mounts, links and what
// is read-only, followed upon values. Of what comes from the host it knows nothing but what the
// plan goes through, so a link of the host is taken for a directory. Pure.
#pragma once

#include <sbx/plan.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sbx {

class TreeModel {
public:
    using Index = std::size_t;
    static constexpr Index none = static_cast<Index>(-1);

    enum class Type { directory, file, link, unknown };
    enum class Origin {
        made,         ///< by a step, or the root of a mount
        assumed,      ///< in what comes from elsewhere; something goes through it, or to it
        placeholder,  ///< stands where nothing is, so that nothing can be made there
    };

    struct Node {
        std::string name;      ///< empty: the root of a mount
        Index parent = none;   ///< in the same mount
        Index mount = 0;       ///< that it is in
        Index covered = none;  ///< by this mount
        Type type = Type::directory;
        Origin origin = Origin::made;
        std::string target;            ///< of a link
        std::optional<unsigned> mode;  ///< as far as it is known
        int fd = -1;                   ///< of a file that was made: where its content is from
        bool read_only = false;        ///< it and all below it, whatever its mount is
        std::optional<entry::Guard::Kind> guard;
        std::map<std::string, Index> children;
    };
    struct Mount {
        const Step* step = nullptr;  ///< what has mounted it; null: the tmpfs that everything is in
        Index root = 0;
        Index place = none;  ///< that it covers
        bool read_only = false;
    };

    TreeModel();

    /// Does what `step`, which must outlive this, does to the tree. Why it will fail; empty: it
    /// will not, as far as can be told. Steps that are not about the tree do nothing.
    std::string apply(const Step& step);

    /// Where a path leads, links followed.
    struct Place {
        Index node = 0;                 ///< the last component that is known
        std::vector<std::string> rest;  ///< below it: missing, or nobody knows
        Index link = none;              ///< one on the way that could be replaced inside
        bool guessed = false;           ///< by a ".." behind what nobody knows
        int error = 0;                  ///< errno
    };
    Place look(const std::string& path) { return walk(path, nullptr); }

    const Node& node(Index index) const { return nodes_[index]; }
    const Mount& mount(Index index) const { return mounts_[index]; }
    /// The directory that "/" means.
    Index root() const { return top(0); }
    /// What is seen at a node: itself, or what covers it.
    Index top(Index index) const;
    /// Whether all that is in a node is known: a tmpfs, into which only the plan puts something.
    bool is_complete(Index index) const;
    bool is_read_only(Index index) const;
    bool is_mount_root(Index index) const { return mounts_[nodes_[index].mount].root == index; }
    /// The path from the root of its mount, without a slash in front; empty: that root.
    std::string path_in_mount(Index index) const;
    /// The path inside, without links.
    std::string path_of(Index index) const;
    /// The mounts that are seen at or below a node, in the order of their paths.
    std::vector<Index> mounts_below(Index index) const;

private:
    struct Maker;
    struct Wanted {
        Type type = Type::directory;
        std::optional<unsigned> mode;
        unsigned parents = 0755;
    };

    Place walk(const std::string& path, const Wanted* wanted);
    Index parent_of(Index index) const;
    Index add_node(Index parent, const std::string& name, Type type);
    int make(Place& at, const std::string& name, Type type, std::optional<unsigned> mode);
    std::string attach(const Step& step, const std::string& destination, Wanted wanted);
    std::string find(const std::string& path, Index& found);
    std::string guard(const step::Guard& s);
    void close(Index index);

    std::vector<Node> nodes_;
    std::vector<Mount> mounts_;
};

}  // namespace sbx
