// SPDX-License-Identifier: Apache-2.0
// The index of a git repository (gitformat-index(5)): where its paths lead. Git checks a path when
// it is added, and not when it is read: "git checkout ." writes to each path of a forged index, be
// it "../.bashrc" or ".git/hooks/post-commit". Pure; it must not believe any number in the file.
#pragma once

#include <string_view>

namespace sbx {

enum class IndexPaths {
    inside,      ///< all of them are in the working tree, and outside of .git
    outside,     ///< one of them is not
    unreadable,  ///< it is no index that git 2.x writes
};

/// How the objects of a repository are named.
enum class GitHash { sha1, sha256 };

/// Looks at the bytes of an index, of any version that git has.
IndexPaths index_paths(std::string_view bytes, GitHash hash);

}  // namespace sbx
