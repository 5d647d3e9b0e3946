// SPDX-License-Identifier: Apache-2.0
#include "supervise/git_index.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace sbx {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t sha1_size = 20;
constexpr std::size_t sha256_size = 32;

std::optional<std::uint32_t> number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    if (at > bytes.size() || bytes.size() - at < size) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

bool is_git_directory(std::string_view component) {
    constexpr std::string_view name = ".git";
    return component.size() == name.size() &&
           std::equal(component.begin(), component.end(), name.begin(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
           });
}

// A directory of a sparse index ends in a slash; an entry of a split index may have no name.
bool is_inside(std::string_view path) {
    if (!path.empty() && path.back() == '/') path.remove_suffix(1);
    for (std::size_t start = 0; start < path.size();) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        const std::string_view part = path.substr(start, end - start);
        if (part.empty() || part == "." || part == ".." || is_git_directory(part)) return false;
        start = end + 1;
    }
    return path.find('\0') == std::string_view::npos && (path.empty() || path.front() != '/');
}

class Reader {
public:
    Reader(std::string_view bytes, std::uint32_t version, std::size_t hash_size)
        : bytes_(bytes), version_(version), hash_size_(hash_size) {}

    /// The first of them is at `at`, and its name stands by itself.
    IndexPaths read(std::size_t at, std::uint32_t count);

private:
    bool read_entry(std::size_t& at, std::string& path) const;
    std::optional<std::uint64_t> read_prefix(std::size_t& at) const;

    std::string_view bytes_;
    std::uint32_t version_;
    std::size_t hash_size_;
};

IndexPaths Reader::read(std::size_t at, std::uint32_t count) {
    std::string path;
    bool inside = true;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (!read_entry(at, path)) return IndexPaths::unreadable;
        inside = inside && is_inside(path);
    }
    return inside ? IndexPaths::inside : IndexPaths::outside;
}

// Version 4 leaves out how the path before begins, and says how many of its bytes do not count.
std::optional<std::uint64_t> Reader::read_prefix(std::size_t& at) const {
    std::uint64_t strip = 0;
    for (bool first = true;; first = false) {
        const auto byte = number_at(bytes_, at, 1);
        if (!byte || strip > bytes_.size()) return std::nullopt;
        ++at;
        strip = (first ? 0 : (strip + 1) << 7U) | (*byte & 0x7fU);
        if ((*byte & 0x80U) == 0) return strip;
    }
}

bool Reader::read_entry(std::size_t& at, std::string& path) const {
    constexpr std::size_t stat_size = 40;
    constexpr std::uint32_t extended = 0x4000;
    constexpr std::uint32_t longest = 0xfff;  // that the flags can say
    const std::size_t start = at;
    const auto flags = number_at(bytes_, at + stat_size + hash_size_, 2);
    if (!flags) return false;
    at += stat_size + hash_size_ + 2 + ((*flags & extended) != 0 ? 2 : 0);
    if (at > bytes_.size()) return false;
    if (version_ == 4) {
        const auto strip = read_prefix(at);
        // The first one of a block stands by itself, whatever it says of the one before.
        if (!strip || (!path.empty() && *strip > path.size())) return false;
        if (!path.empty()) path.resize(path.size() - *strip);
        const std::size_t end = bytes_.find('\0', at);
        if (end == std::string_view::npos) return false;
        path += bytes_.substr(at, end - at);
        at = end + 1;
        return true;
    }
    std::size_t length = *flags & longest;
    if (length == longest) length = bytes_.substr(at).find('\0');
    if (length == std::string_view::npos || bytes_.size() - at < length) return false;
    path = bytes_.substr(at, length);
    at = start + ((at + length - start + 8) & ~std::size_t{7});
    return at <= bytes_.size();
}

// Git reads a large index in several threads, each from an offset that an extension names. The
// entries there need not be those that a reader from the beginning sees. The extension is looked
// for everywhere, since git finds it by another way.
bool blocks_lead_outside(std::string_view bytes, std::uint32_t version, std::size_t hash_size) {
    constexpr std::string_view name = "IEOT";
    for (std::size_t at = bytes.find(name); at != std::string_view::npos;
         at = bytes.find(name, at + 1)) {
        const auto size = number_at(bytes, at + 4, 4);
        if (!size) continue;
        const std::size_t end = std::min<std::size_t>(bytes.size(), at + 8 + *size);
        std::uint64_t work = 0;
        for (std::size_t pair = at + 12; pair + 8 <= end; pair += 8) {
            const std::uint32_t offset = *number_at(bytes, pair, 4);
            const std::uint32_t count = *number_at(bytes, pair + 4, 4);
            if (offset > bytes.size() || (work += count) > bytes.size()) break;
            Reader reader(bytes, version, hash_size);
            if (reader.read(offset, count) == IndexPaths::outside) return true;
        }
    }
    return false;
}

}  // namespace

IndexPaths index_paths(std::string_view bytes, GitHash hash) {
    const std::size_t hash_size = hash == GitHash::sha1 ? sha1_size : sha256_size;
    const auto version = number_at(bytes, 4, 4);
    const auto count = number_at(bytes, 8, 4);
    const bool known = version && *version >= 2 && *version <= 4;
    if (!known || !count || bytes.substr(0, 4) != "DIRC") return IndexPaths::unreadable;
    const IndexPaths all = Reader(bytes, *version, hash_size).read(header_size, *count);
    if (all != IndexPaths::inside) return all;
    return blocks_lead_outside(bytes, *version, hash_size) ? IndexPaths::outside : all;
}

}  // namespace sbx
