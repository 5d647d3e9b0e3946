// SPDX-License-Identifier: Apache-2.0
#include "core/executable.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>

namespace sbx {
namespace {

// Copies a structure out of `head` if all of it is there.
template <typename T>
bool read_at(std::string_view head, std::uint64_t offset, T& out) {
    if (offset > head.size() || head.size() - offset < sizeof(T)) return false;
    std::memcpy(&out, head.data() + offset, sizeof(T));
    return true;
}

template <typename Header, typename Segment>
std::string elf_interpreter(std::string_view head) {
    Header header{};
    if (!read_at(head, 0, header) || header.e_phentsize != sizeof(Segment)) return {};
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Segment segment{};
        if (!read_at(head, std::uint64_t{header.e_phoff} + std::uint64_t{i} * sizeof(Segment),
                     segment)) {
            return {};
        }
        if (segment.p_type != PT_INTERP) continue;
        if (segment.p_offset > head.size() || head.size() - segment.p_offset < segment.p_filesz) {
            return {};
        }
        const std::string_view text = head.substr(segment.p_offset, segment.p_filesz);
        return std::string(text.substr(0, text.find('\0')));
    }
    return {};
}

}  // namespace

std::string interpreter_of(std::string_view head) {
    if (head.substr(0, 2) == "#!") {
        // As the kernel reads it (fs/binfmt_script.c): blanks, then a name up to a blank, the end
        // of the line, or a NUL byte.
        const std::string_view line = head.substr(2);
        const std::size_t start = std::min(line.find_first_not_of(" \t"), line.size());
        const std::size_t end = line.find_first_of(std::string_view(" \t\n\0", 4), start);
        // A name without an end is a whole one only when the file ends, too.
        constexpr std::size_t kernel_buffer = 256;  // BINPRM_BUF_SIZE
        if (end == std::string_view::npos && head.size() >= kernel_buffer) return {};
        return std::string(line.substr(start, end - start));
    }
    if (head.size() <= EI_CLASS || head.substr(0, SELFMAG) != ELFMAG) return {};
    if (head[EI_CLASS] == ELFCLASS64) return elf_interpreter<Elf64_Ehdr, Elf64_Phdr>(head);
    if (head[EI_CLASS] == ELFCLASS32) return elf_interpreter<Elf32_Ehdr, Elf32_Phdr>(head);
    return {};
}

}  // namespace sbx
