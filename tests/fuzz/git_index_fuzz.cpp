// SPDX-License-Identifier: Apache-2.0
// The index of a repository, which the command may have written.
#include "fuzz.hpp"

#include "supervise/git_index.hpp"

#include <memory>

using namespace sbx;
using namespace sbx::test;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A copy of its own size, so that a byte too far is seen.
    const std::unique_ptr<char[]> copy(new char[size]);
    for (std::size_t i = 0; i < size; ++i) copy[i] = static_cast<char>(data[i]);
    const std::string_view bytes(copy.get(), size);
    for (const GitHash hash : {GitHash::sha1, GitHash::sha256}) {
        const IndexPaths paths = index_paths(bytes, hash);
        require(paths == index_paths(bytes, hash), "it is the same each time");
        if (paths == IndexPaths::unreadable) continue;
        require(bytes.substr(0, 4) == "DIRC", "an index begins with its name");
        // The end of it, with a signature that nobody looks at here, says nothing of paths.
        require(index_paths(std::string(bytes) + std::string(64, '\0'), hash) == paths ||
                    paths == IndexPaths::outside || bytes.find("IEOT") != std::string_view::npos,
                "bytes after the paths are of no matter");
    }
    return 0;
}
