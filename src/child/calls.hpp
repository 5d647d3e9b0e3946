// SPDX-License-Identifier: Apache-2.0
// What all parts of the child are made of: how a call went, descriptors, and the ends of processes.
#pragma once

#include "child/report.hpp"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sbx::sys {

/// fstat(2), of an O_PATH descriptor too.
Failure stat_of(int fd, struct stat& status);

/// Whether another call, newfstatat(2) with `flags`, fails with `error` for the same name: asked
/// before something is left undone because of an error.
bool is_confirmed(int directory, const char* name, int flags, int error);

/// Waits for one byte: 1, 0 at the end of file, or -errno.
long read_byte(int fd, char& byte);

/// Waits for the end of our child `child` and gives its exit status.
Failure exit_status_of(long child, int& status);

/// Kills `pid`, a child of ours, and waits until it is gone, with all that it held open.
void end_child(int pid);

/// The digits of `value`, ending at `end` with a NUL; gives their beginning.
char* digits(std::uint64_t value, unsigned base, char* end);

/// The name of the entry at `at` in what getdents64(2) gave; `at` goes on to the next one.
[[gnu::always_inline]] inline const char* next_name(const char* entries, long& at) {
    constexpr std::size_t length_at = 16;  // of struct linux_dirent64: see getdents(2)
    constexpr std::size_t name_at = 19;
    const char* entry = entries + at;
    std::uint16_t length = 0;
    std::memcpy(&length, entry + length_at, sizeof length);
    at += length;
    return entry + name_at;
}

/// A path of procfs: `directory`, which ends with a slash, and the number of a descriptor.
struct FdPath {
    FdPath(const char* directory, int fd);
    char text[48];
};

/// A list of descriptors that stay open.
struct KeptList {
    const int* numbers = nullptr;
    std::size_t count = 0;
};

/// Closes everything but the `count` descriptors at `keep`, which it sorts. `proc` is the host's
/// procfs, for where close_range(2) is not to be had.
Failure close_others(int proc, int* keep, std::size_t count);

/// Where close_range(2) gave `error`, closes what procfs lists as open, but for what is in one of
/// the two lists. Gives `error` if that is not an answer of filters and old kernels, or if the list
/// cannot be had.
Failure close_listed(int error, int proc, KeptList keep, KeptList also = {});

}  // namespace sbx::sys
