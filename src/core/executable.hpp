// SPDX-License-Identifier: Apache-2.0
// What a program file says about itself in its first bytes. Pure: bytes in, text out.
#pragma once

#include <string>
#include <string_view>

namespace sbx {

/// The interpreter that `head`, the first bytes of a file, asks for: the path of the dynamic loader
/// in an ELF file of this machine's byte order, or the program after "#!". Empty when there is none
/// or it lies beyond `head`.
std::string interpreter_of(std::string_view head);

}  // namespace sbx
