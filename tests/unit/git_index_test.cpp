// SPDX-License-Identifier: Apache-2.0
// index_paths() against indexes that are written here, entry by entry, as gitformat-index(5) has
// it.
#include "supervise/git_index.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace sbx;

namespace {

using Paths = std::vector<std::string>;

std::string number(std::uint32_t value, std::size_t bytes = 4) {
    std::string out;
    for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xffU);
    return out;
}

std::string entry(const std::string& path, std::uint32_t version, GitHash hash,
                  const std::string& before) {
    const bool extended = version == 3;
    const std::uint32_t length =
        path.size() < 0xfff ? static_cast<std::uint32_t>(path.size()) : 0xfffU;
    std::string out(40, 's');
    out += std::string(hash == GitHash::sha1 ? 20 : 32, 'h');
    out += number(length | (extended ? 0x4000U : 0U), 2);
    if (extended) out += number(0x2000, 2);
    if (version == 4) {
        std::size_t shared = 0;
        while (shared < before.size() && shared < path.size() && before[shared] == path[shared]) {
            ++shared;
        }
        const std::size_t strip = before.size() - shared;
        if (strip >= 128) out += static_cast<char>(0x80 | ((strip >> 7U) - 1));
        out += static_cast<char>(strip & 0x7fU);
        return out + path.substr(shared) + '\0';
    }
    out += path + '\0';
    while (out.size() % 8 != 0) out += '\0';
    return out;
}

std::string index_of(const Paths& paths, std::uint32_t version = 2, GitHash hash = GitHash::sha1,
                     const std::string& extensions = "") {
    std::string out = "DIRC" + number(version) + number(static_cast<std::uint32_t>(paths.size()));
    std::string before;
    for (const std::string& path : paths) {
        out += entry(path, version, hash, before);
        before = path;
    }
    return out + extensions + std::string(hash == GitHash::sha1 ? 20 : 32, '#');
}

}  // namespace

TEST_CASE("paths of an index that lead nowhere else", "[git_index]") {
    const Paths paths = {"",
                         "a",
                         "a/.github/x",
                         "a/..b",
                         "a/...",
                         ".gi/t",
                         ".gitignore",
                         "dir/",
                         std::string(300, 'x'),
                         std::string(5000, 'y') + "/z"};
    for (const GitHash hash : {GitHash::sha1, GitHash::sha256}) {
        for (const std::uint32_t version : {2U, 3U, 4U}) {
            CHECK(index_paths(index_of({}, version, hash), hash) == IndexPaths::inside);
            CHECK(index_paths(index_of(paths, version, hash), hash) == IndexPaths::inside);
        }
    }
}

TEST_CASE("paths of an index that lead elsewhere, or into .git", "[git_index]") {
    for (const std::string path :
         {"/etc/x", "../x", "a/../../x", "a/..", "..", ".", "./x", "a//x", ".git/hooks/x", ".git",
          "sub/.git/config", "sub/.GiT/config", ".git/", "//"}) {
        INFO(path);
        for (const GitHash hash : {GitHash::sha1, GitHash::sha256}) {
            for (const std::uint32_t version : {2U, 3U, 4U}) {
                for (const Paths& paths :
                     {Paths{path}, Paths{"a", path, "b"}, Paths{path.substr(0, 1) + "z", path}}) {
                    CHECK(index_paths(index_of(paths, version, hash), hash) == IndexPaths::outside);
                }
            }
        }
    }
    CHECK(index_paths(index_of({std::string("a\0/..", 5)}), GitHash::sha1) == IndexPaths::outside);
}

TEST_CASE("paths that only a thread of git's would read", "[git_index]") {
    // Other readers take them for an extension, and an extension leads to them.
    for (const std::uint32_t version : {2U, 4U}) {
        const std::string good = index_of({"a"}, version);
        const std::string hidden = entry("../x", version, GitHash::sha1, "");
        const auto at = static_cast<std::uint32_t>(good.size() - 20 + 8);
        const std::string extensions = "xxxx" + number(static_cast<std::uint32_t>(hidden.size())) +
                                       hidden + "IEOT" + number(12) + number(1) + number(at) +
                                       number(1);
        CHECK(index_paths(index_of({"a"}, version, GitHash::sha1, extensions), GitHash::sha1) ==
              IndexPaths::outside);
        const std::string true_one = "IEOT" + number(12) + number(1) + number(12) + number(1);
        CHECK(index_paths(index_of({"a"}, version, GitHash::sha1, true_one), GitHash::sha1) ==
              IndexPaths::inside);
    }
}

TEST_CASE("bytes that are no index", "[git_index]") {
    const std::string good = index_of({"a", "b/c"});
    for (std::size_t size = 0; size < good.size() - 20; ++size) {
        CHECK(index_paths(good.substr(0, size), GitHash::sha1) == IndexPaths::unreadable);
    }
    for (const std::uint32_t version : {0U, 1U, 5U, 0x02000000U}) {
        CHECK(index_paths(index_of({"a"}, version), GitHash::sha1) == IndexPaths::unreadable);
    }
    std::string many = good;
    many.replace(8, 4, number(0xffffffff));
    CHECK(index_paths(many, GitHash::sha1) == IndexPaths::unreadable);
}
