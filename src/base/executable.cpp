// SPDX-License-Identifier: Apache-2.0
#include "base/executable.hpp"

#include <elf.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
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

constexpr std::size_t kernel_buffer = 256;  // BINPRM_BUF_SIZE

// The names that uname(2) has for what ELF files are built for. The variants of a family are told
// apart by class and byte order.
struct Machine {
    unsigned number;
    std::string_view name;        // of 64 bits, or the only one
    std::string_view small = {};  // of 32 bits
    std::string_view other = {};  // of the less common byte order
};
constexpr Machine machines[] = {
    {EM_386, "i386"},
    {EM_X86_64, "x86_64", "x32"},
    {EM_ARM, "arm"},
    {EM_AARCH64, "aarch64", "aarch64 (ILP32)", "aarch64_be"},
    {EM_PPC, "ppc"},
    {EM_PPC64, "ppc64le", {}, "ppc64"},
    {EM_S390, "s390x", "s390"},
    {EM_RISCV, "riscv64", "riscv32"},
    {EM_MIPS, "mips64", "mips"},
    {EM_SPARC, "sparc"},
    {EM_SPARCV9, "sparc64"},
    {EM_IA_64, "ia64"},
    {EM_68K, "m68k"},
    {EM_PARISC, "parisc"},
    {258, "loongarch64", "loongarch32"},  // EM_LOONGARCH, since glibc 2.36
    {0x9026, "alpha"},                    // EM_ALPHA, which Linux uses
};

// The machine that the ELF file is for; empty if it has no name here.
std::string elf_machine(std::string_view head, unsigned number) {
    const bool big = head[EI_DATA] == ELFDATA2MSB;
    for (const Machine& one : machines) {
        if (one.number != number) continue;
        if (head[EI_CLASS] == ELFCLASS32 && !one.small.empty()) return std::string(one.small);
        const bool usual_order = one.number == EM_PPC64 || one.number == EM_AARCH64 ? !big : true;
        return std::string(usual_order || one.other.empty() ? one.name : one.other);
    }
    return {};
}

bool is_same_machine(std::string_view file, std::string_view machine) {
    const auto is_intel = [](std::string_view name) {
        return name == "i386" || name == "i486" || name == "i586" || name == "i686";
    };
    return file == machine || (is_intel(file) && is_intel(machine)) ||
           (file == "arm" && machine.substr(0, 4) == "armv") ||
           (file == "mips" && machine == "mips64") || (file == "sparc" && machine == "sparc64");
}

// Whether the table of segments goes beyond the end of the file, which `head` is all of.
template <typename Header, typename Segment>
bool is_elf_cut(std::string_view head) {
    Header header{};
    return !read_at(head, 0, header) ||
           header.e_phoff + std::uint64_t{header.e_phnum} * sizeof(Segment) > head.size();
}

// One of the numbers of 16 bits that stand at the same place in both classes.
unsigned elf_number(std::string_view head, std::size_t at) {
    const bool big = head[EI_DATA] == ELFDATA2MSB;
    const auto low = static_cast<unsigned char>(head[at + (big ? 1 : 0)]);
    const auto high = static_cast<unsigned char>(head[at + (big ? 0 : 1)]);
    return low | unsigned{high} << 8U;
}

std::string elf_misfit(std::string_view head, std::string_view machine) {
    constexpr std::size_t machine_at = offsetof(Elf64_Ehdr, e_machine);
    if (head.size() < machine_at + 2) return "is truncated";
    const unsigned number = elf_number(head, machine_at);
    const std::string file = elf_machine(head, number);
    if (file.empty()) {
        return "is not a program of this machine, which is " + std::string(machine) +
               ", but of machine " + std::to_string(number) + " of ELF";
    }
    if (!is_same_machine(file, machine)) {
        return "is for " + file + ", this machine is " + std::string(machine);
    }
    const bool whole = head.size() < excerpt_of_executable;
    const bool small = head[EI_CLASS] == ELFCLASS32;
    if (whole && (small ? is_elf_cut<Elf32_Ehdr, Elf32_Phdr>(head)
                        : is_elf_cut<Elf64_Ehdr, Elf64_Phdr>(head))) {
        return "is truncated";
    }
    const unsigned type = elf_number(head, offsetof(Elf64_Ehdr, e_type));
    if (type == ET_REL) return "is an object file; link it to a program first";
    if (type == ET_CORE) return "is a core dump, not a program";
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
        if (end == std::string_view::npos && head.size() >= kernel_buffer) return {};
        return std::string(line.substr(start, end - start));
    }
    if (head.size() <= EI_CLASS || head.substr(0, SELFMAG) != ELFMAG) return {};
    if (head[EI_CLASS] == ELFCLASS64) return elf_interpreter<Elf64_Ehdr, Elf64_Phdr>(head);
    if (head[EI_CLASS] == ELFCLASS32) return elf_interpreter<Elf32_Ehdr, Elf32_Phdr>(head);
    return {};
}

std::string misfit_of(std::string_view head, std::string_view machine) {
    constexpr std::string_view elf(ELFMAG, SELFMAG);
    if (head.empty()) return "is empty";
    if (head.substr(0, elf.size()) == elf) return elf_misfit(head, machine);
    if (elf.substr(0, head.size()) == head) return "is truncated";
    if (head.substr(0, 2) == "MZ") {
        return "is a program for Windows or DOS, this machine is Linux on " + std::string(machine);
    }
    for (const std::string_view magic :
         {"\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xca\xfe\xba\xbe"}) {
        if (head.substr(0, magic.size()) != magic) continue;
        return "is a program for macOS or a class of Java, this machine is Linux on " +
               std::string(machine);
    }
    const std::string_view line = head.substr(0, head.find('\n'));
    if (line.substr(0, 2) == "#!" && line.size() >= kernel_buffer &&
        line.find_first_of(" \t", line.find_first_not_of(" \t", 2)) >= kernel_buffer) {
        return "names an interpreter in its first line that is too long: Linux reads " +
               std::to_string(kernel_buffer - 1) + " bytes of that line";
    }
    if (line.find('\0') != std::string_view::npos) {
        return "is neither a program of this machine nor a script: its first line has NUL bytes";
    }
    return {};
}

}  // namespace sbx
