// SPDX-License-Identifier: Apache-2.0
// The directories that a program of the caller's needs, by the way in which pipx, npm, nvm, cargo,
// rustup and pyenv install programs into a home. Reads only.
#pragma once

#include <string>
#include <vector>

namespace sbx::sys {

/// The directories that the program at the host's `path` needs besides those of the system: the one
/// that it is in, and those that a link or the layout of its installer leads to. Empty where no
/// installer is recognised.
std::vector<std::string> program_directories(const std::string& path);

/// The virtual environment of Python that the host's `path` is in, or empty.
std::string virtual_environment(const std::string& path);

}  // namespace sbx::sys
