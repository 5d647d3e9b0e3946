// SPDX-License-Identifier: Apache-2.0
#include "core/executable.hpp"

#include <catch2/catch.hpp>

#include <elf.h>

#include <cstring>

using sbx::interpreter_of;

namespace {

template <typename T>
void put(std::string& file, std::size_t at, const T& value) {
    if (file.size() < at + sizeof value) file.resize(at + sizeof value);
    std::memcpy(file.data() + at, &value, sizeof value);
}

// A program with a PT_LOAD and a PT_INTERP segment; the interpreter's name comes last.
template <typename Header, typename Segment, unsigned char file_class>
std::string elf_file(const std::string& interpreter) {
    Header header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = file_class;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Segment);
    header.e_phnum = 2;
    Segment load{};
    load.p_type = PT_LOAD;
    Segment interp{};
    interp.p_type = PT_INTERP;
    interp.p_offset = sizeof header + 2 * sizeof(Segment);
    interp.p_filesz = static_cast<decltype(interp.p_filesz)>(interpreter.size() + 1);
    std::string file;
    put(file, 0, header);
    put(file, sizeof header, load);
    put(file, sizeof header + sizeof load, interp);
    return file + interpreter + '\0';
}

std::string elf64(const std::string& interpreter) {
    return elf_file<Elf64_Ehdr, Elf64_Phdr, ELFCLASS64>(interpreter);
}

std::string elf32(const std::string& interpreter) {
    return elf_file<Elf32_Ehdr, Elf32_Phdr, ELFCLASS32>(interpreter);
}

}  // namespace

TEST_CASE("the interpreter of an ELF file") {
    CHECK(interpreter_of(elf64("/lib64/ld-linux-x86-64.so.2")) == "/lib64/ld-linux-x86-64.so.2");
    CHECK(interpreter_of(elf32("/lib/ld-linux.so.2")) == "/lib/ld-linux.so.2");
    CHECK(interpreter_of(elf64("/ld") + "what follows") == "/ld");
    CHECK(interpreter_of(elf64("")).empty());
}

TEST_CASE("an ELF file of which the first bytes are not enough") {
    for (const std::string& file : {elf64("/lib64/ld.so"), elf32("/lib/ld.so")}) {
        for (std::size_t size = 0; size < file.size(); ++size) {
            INFO(size);
            // On the heap, and of that size, so that a sanitizer sees a read behind its end.
            const std::string head(file.data(), size);
            CHECK(interpreter_of(head).empty());
        }
    }
}

TEST_CASE("ELF files that lie") {
    const std::string good = elf64("/ld.so");
    Elf64_Ehdr header{};
    std::memcpy(&header, good.data(), sizeof header);
    const auto with = [&](auto change) {
        Elf64_Ehdr changed = header;
        change(changed);
        std::string file = good;
        put(file, 0, changed);
        return interpreter_of(file);
    };
    CHECK(with([](Elf64_Ehdr&) {}) == "/ld.so");
    CHECK(with([](Elf64_Ehdr& h) { h.e_phentsize = 1; }).empty());
    CHECK(with([](Elf64_Ehdr& h) { h.e_phnum = 1; }).empty());
    CHECK(with([](Elf64_Ehdr& h) { h.e_phnum = 0; }).empty());
    CHECK(with([](Elf64_Ehdr& h) { h.e_phnum = 0xffff; }) == "/ld.so");
    CHECK(with([](Elf64_Ehdr& h) { h.e_phoff = ~0ULL; }).empty());
    CHECK(with([](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = 0; }).empty());
    CHECK(with([](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }).empty());
    CHECK(with([](Elf64_Ehdr& h) { h.e_ident[0] = 'x'; }).empty());

    const auto with_segment = [&](std::uint64_t offset, std::uint64_t size) {
        Elf64_Phdr segment{};
        segment.p_type = PT_INTERP;
        segment.p_offset = offset;
        segment.p_filesz = size;
        std::string file = good;
        put(file, sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), segment);
        return interpreter_of(file);
    };
    CHECK(with_segment(good.size() - 7, 7) == "/ld.so");
    CHECK(with_segment(good.size() - 7, 3) == "/ld");  // without a NUL byte
    CHECK(with_segment(good.size() - 7, 8).empty());
    CHECK(with_segment(good.size() - 7, ~0ULL).empty());
    CHECK(with_segment(~0ULL, 7).empty());
    CHECK(with_segment(good.size() + 1, 0).empty());
}

TEST_CASE("the interpreter of a script") {
    CHECK(interpreter_of("#!/bin/sh\necho\n") == "/bin/sh");
    CHECK(interpreter_of("#! \t /usr/bin/env  python3 -x\n") == "/usr/bin/env");
    CHECK(interpreter_of("#!/bin/sh\t-e\n") == "/bin/sh");
    CHECK(interpreter_of("#!/bin/sh ") == "/bin/sh");
    CHECK(interpreter_of("#!/bin/sh") == "/bin/sh");
    CHECK(interpreter_of("#!/bin/sh\r\n") == "/bin/sh\r");  // as the kernel looks for it
    CHECK(interpreter_of("#!\n/bin/sh\n").empty());
    CHECK(interpreter_of("#!  \t\n/bin/sh").empty());
    CHECK(interpreter_of("#!").empty());
    CHECK(interpreter_of(" #!/bin/sh\n").empty());
}

TEST_CASE("files without an interpreter") {
    CHECK(interpreter_of("").empty());
    CHECK(interpreter_of("#").empty());
    CHECK(interpreter_of("echo hello\n").empty());
    CHECK(interpreter_of(std::string(100, '\0')).empty());
    CHECK(interpreter_of("\x7f"
                         "ELF")
              .empty());
}
