// SPDX-License-Identifier: Apache-2.0
// Steps whose content comes by descriptor or from several directories, and the files that were
// judged.
#pragma once

#include <sbx/plan.hpp>

#include "child/setup.hpp"

#include <string>

namespace sbx::sys {

/// Opens for writing the very file that `fd` (O_PATH) refers to.
int reopen(const ChildInput& input, int fd, int flags);

/// Copies all that `from` gives to `to`; leaves when the supervisor is gone meanwhile.
Failure copy(const ChildInput& input, int from, int to);

/// The path by which a source is opened; `found` may be null.
const char* path_to_open(const Found* found, const std::string& path);

/// Whether `opened`, a descriptor or -errno, is the source that was found at `path`. A name that
/// leads nowhere by now was given to another file, too. With null for `found` any file is right.
Failure check_source(Setup& setup, int opened, const Found* found, const std::string& path);

Failure mount_overlay(Setup& setup, const step::MountOverlay& s);

Failure bind_fd(Setup& setup, const step::BindFd& s);

Failure bind_data(Setup& setup, const step::BindData& s);

Failure make_wayland_socket(Setup& setup, const step::WaylandSocket& s);

}  // namespace sbx::sys
