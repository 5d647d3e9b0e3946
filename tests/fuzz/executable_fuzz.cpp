// SPDX-License-Identifier: Apache-2.0
// The first bytes of a program file, in which its interpreter is looked for.
#include "fuzz.hpp"

#include "base/executable.hpp"

using namespace sbx::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string head = text_of(data, size);
    const std::string name = sbx::interpreter_of(head);
    require(head.find(name) != std::string::npos, "the interpreter stands in the file", name);
    require(name.find('\0') == std::string::npos, "its name ends at a NUL byte");
    if (head.compare(0, 2, "#!") == 0) {
        require(name.find_first_of(" \t\n") == std::string::npos, "its name ends at a blank", name);
    } else if (head.compare(0, 4, "\177ELF") != 0) {
        require(name.empty(), "only scripts and ELF files name one", name);
    }
    return 0;
}
