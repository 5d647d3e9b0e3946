// SPDX-License-Identifier: Apache-2.0
// The meaning of a program file's first bytes. Pure: bytes in, text out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sbx {

/// The first bytes of a file that are looked at; a shorter `head` is the whole file.
inline constexpr std::size_t excerpt_of_executable = 4000;

/// The interpreter that `head`, the first bytes of a file, asks for: the path of the dynamic loader
/// in an ELF file of this machine's byte order, or the program after "#!". Empty when there is none
/// or it lies beyond `head`.
std::string interpreter_of(std::string_view head);

/// Whether a file that the kernel does not execute (ENOEXEC), and that begins with `head`, is a
/// script for /bin/sh, as bash decides it: the file is not empty, does not begin as an ELF file
/// does, and has no NUL byte in its first line. A file whose "#!" line names an interpreter is not
/// for /bin/sh either: the kernel refused that interpreter. Runs in the child, so it must not
/// allocate.
[[gnu::always_inline]] inline bool is_for_shell(std::string_view head) {
    if (head.empty() || head[0] == '\x7f') return false;
    const bool has_interpreter_line = head.size() >= 2 && head[0] == '#' && head[1] == '!';
    for (std::size_t i = has_interpreter_line ? 2 : 0; i < head.size(); ++i) {
        if (head[i] == '\n') return true;
        if (head[i] == '\0') return false;
        if (has_interpreter_line && head[i] != ' ' && head[i] != '\t') return false;
    }
    return true;
}

/// Why the kernel of `machine` (uname(2)'s name) does not execute a file that begins with `head`:
/// "is for aarch64, this machine is x86_64", "is truncated", "is empty" and so on. Empty if `head`
/// does not say.
std::string misfit_of(std::string_view head, std::string_view machine);

}  // namespace sbx
