// SPDX-License-Identifier: Apache-2.0
#include "child/init_file.hpp"

#include "base/program_name.hpp"

#include <sys/mman.h>

#include <utility>

namespace sbx::sys {
namespace {

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

}  // namespace

Fd open_init_program() {
    const auto program = init_bytes();
    // To be executed has to be asked for since Linux 6.3, which older ones do not know.
    int made = ::memfd_create(SBX_NAME "-init", MFD_CLOEXEC | MFD_EXEC);
    if (made < 0 && errno == EINVAL) made = ::memfd_create(SBX_NAME "-init", MFD_CLOEXEC);
    Fd file = above_standard(Fd(made));
    if (!file) return {};
    const ssize_t put = ::write(file.get(), program.data(), program.size());
    return put == static_cast<ssize_t>(program.size()) ? std::move(file) : Fd();
}

}  // namespace sbx::sys
