// SPDX-License-Identifier: Apache-2.0
#include "base/executable.hpp"

#include <catch2/catch.hpp>

#include <elf.h>

#include <cstring>

using sbx::interpreter_of;
using sbx::is_for_shell;
using sbx::misfit_of;

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

TEST_CASE("what a shell may be given") {
    CHECK(is_for_shell("echo hello\n"));
    CHECK(is_for_shell("echo hello"));
    CHECK(is_for_shell("\n"));
    CHECK(is_for_shell("#!\necho\n"));
    CHECK(is_for_shell("#! \t\necho\n"));
    CHECK(is_for_shell("#\n"));
    CHECK(is_for_shell(std::string("exec tail -c +20 $0\n\0\1\2", 23)));  // an archive of its own
    CHECK(is_for_shell("\xc3\xa4()\n"));
    CHECK_FALSE(is_for_shell(""));
    CHECK_FALSE(is_for_shell(elf64("/ld.so")));
    for (const char* beginning : {"\x7f",
                                  "\x7f"
                                  "E",
                                  "\x7f"
                                  "ELF",
                                  "\x7f"
                                  "ELF\n>important.txt\n"}) {
        CHECK_FALSE(is_for_shell(beginning));
    }
    CHECK_FALSE(is_for_shell(std::string("MZ\0\n", 4)));
    CHECK_FALSE(is_for_shell(std::string("a\0", 2)));
    CHECK_FALSE(is_for_shell(std::string(3000, 'a') + '\0'));
    CHECK_FALSE(is_for_shell("#!/opt/other/python\nimport os\n"));
    CHECK_FALSE(is_for_shell("#! /opt/other/python"));
}

TEST_CASE("why a file is no program here") {
    const auto with_machine = [](unsigned number, unsigned char order = ELFDATA2LSB) {
        std::string file = elf64("/ld.so");
        const bool big = order == ELFDATA2MSB;
        file[EI_DATA] = static_cast<char>(order);
        file[18] = static_cast<char>(big ? number >> 8U : number);
        file[19] = static_cast<char>(big ? number : number >> 8U);
        return file;
    };
    CHECK(misfit_of(with_machine(EM_AARCH64), "x86_64") ==
          "is for aarch64, this machine is x86_64");
    CHECK(misfit_of(with_machine(EM_X86_64), "aarch64") ==
          "is for x86_64, this machine is aarch64");
    CHECK(misfit_of(with_machine(EM_386), "x86_64") == "is for i386, this machine is x86_64");
    CHECK(misfit_of(with_machine(EM_386), "i686").empty());
    CHECK(misfit_of(with_machine(EM_ARM), "armv7l").empty());
    CHECK(misfit_of(with_machine(EM_PPC64, ELFDATA2MSB), "x86_64") ==
          "is for ppc64, this machine is x86_64");
    CHECK(misfit_of(with_machine(EM_PPC64), "x86_64") == "is for ppc64le, this machine is x86_64");
    CHECK(misfit_of(with_machine(EM_S390, ELFDATA2MSB), "x86_64") ==
          "is for s390x, this machine is x86_64");
    CHECK(misfit_of(with_machine(EM_RISCV), "x86_64") == "is for riscv64, this machine is x86_64");
    CHECK(misfit_of(with_machine(258), "x86_64") == "is for loongarch64, this machine is x86_64");
    CHECK(misfit_of(with_machine(0xfeff), "x86_64") ==
          "is not a program of this machine, which is x86_64, but of machine 65279 of ELF");
    std::string x32 = elf32("/ld.so");
    x32[18] = EM_X86_64;
    CHECK(misfit_of(x32, "x86_64") == "is for x32, this machine is x86_64");

    const std::string own = with_machine(EM_X86_64);
    CHECK(misfit_of(own, "x86_64").empty());
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{4}, std::size_t{19}, std::size_t{63}, std::size_t{100}}) {
        INFO(size);
        CHECK(misfit_of(std::string(own.data(), size), "x86_64") == "is truncated");
    }
    std::string typed = own;
    typed[16] = ET_REL;
    CHECK(misfit_of(typed, "x86_64").rfind("is an object file", 0) == 0);
    typed[16] = ET_CORE;
    CHECK(misfit_of(typed, "x86_64").rfind("is a core dump", 0) == 0);
    CHECK(misfit_of("", "x86_64") == "is empty");
    CHECK(misfit_of("MZ and more", "x86_64").rfind("is a program for Windows", 0) == 0);
    CHECK(misfit_of("\xcf\xfa\xed\xfe and more", "x86_64").rfind("is a program for macOS", 0) == 0);
    CHECK(misfit_of(std::string("a\0b\n", 4), "x86_64").find("NUL bytes") != std::string::npos);
    CHECK(misfit_of("#!/" + std::string(300, 'a') + "\n", "x86_64").find("too long") !=
          std::string::npos);
    CHECK(misfit_of("#!/bin/sh\n", "x86_64").empty());
    CHECK(misfit_of("echo\n", "x86_64").empty());
}
