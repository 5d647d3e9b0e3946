// SPDX-License-Identifier: Apache-2.0
// Places of the host that tests work in: directories that are gone afterwards, and processes with
// namespaces of their own, whose mounts nobody else sees.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace integration {

/// A new empty directory that everybody may enter; it is removed with all that is in it.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory();

    const std::string& path() const { return path_; }

    // Each makes something at `name` below the directory and gives its whole path.
    std::string file(const std::string& name, std::string_view content = "",
                     unsigned mode = 0644) const;
    std::string directory(const std::string& name) const;
    std::string link(const std::string& name, const std::string& target) const;

    /// Everything below it, with types, modes, times and contents: what must not change.
    std::string listing() const;

private:
    std::string path_;
};

/// Runs `work` in a process of its own and gives what it returns; when it throws, what it threw,
/// after "threw: ".
std::string in_child(const std::function<std::string()>& work);

/// Who the caller is in a user namespace of its own.
enum class As { itself, root };

/// For in_child(): enters a new user namespace and a new mount namespace, where the caller may
/// mount; what it mounts stays there.
void enter_own_namespaces(As as);

/// mount(2); throws.
void mount_or_throw(const char* source, const std::string& target, const char* type,
                    unsigned long flags);

/// Writes to an existing file; throws.
void write_to(const std::string& path, std::string_view text);

std::string read_whole(const std::string& path);

/// Removes the directory `path` with all that is in it, closed directories too; what cannot be
/// removed stays.
void remove_tree(const std::string& path);

bool is_root();

}  // namespace integration
