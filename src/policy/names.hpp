// SPDX-License-Identifier: Apache-2.0
// The words of OCI seccomp JSON and what libseccomp calls them. Each function knows its words
// exactly: it must not guess, and must not take a word it does not know for something harmless.
#pragma once

#include <sbx/host.hpp>
#include <sbx/result.hpp>

#include <seccomp.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sbx {

/// "SCMP_ACT_ALLOW" and the others that need nobody outside the filter; ERRNO with errno 0.
std::optional<std::uint32_t> action_by_name(std::string_view name);

/// "SCMP_CMP_EQ", ...
std::optional<scmp_compare> comparison_by_name(std::string_view name);

/// An architecture of the kernel: libseccomp's token; 0 for one that is newer than libseccomp.
using Architecture = std::uint32_t;

/// "SCMP_ARCH_X86_64", ...
std::optional<Architecture> architecture_by_token(std::string_view name);

/// What includes and excludes say: "amd64", "arm64", "x86", "s390x", ...
std::optional<Architecture> architecture_by_short_name(std::string_view name);

/// "EPERM", ...
std::optional<unsigned> errno_by_name(std::string_view name);

/// A set of capabilities, one bit for each: "CAP_SYS_ADMIN", in these letters. The error names the
/// first word that is none.
Result<std::uint64_t> capability_bits(std::span<const std::string> names);

/// The number of a family of sockets: "AF_VSOCK", ...
std::optional<unsigned> family_by_name(std::string_view name);

/// The number of a system call on this architecture. One that only other architectures have gets
/// libseccomp's pseudo number, below -1.
std::optional<int> system_call_by_name(std::string_view name);

/// Whether something may follow the version, as in what uname(2) gives ("6.1.0-18-amd64").
enum class VersionRest { refuse, allow };

/// "6.1"
std::optional<KernelVersion> kernel_version(std::string_view text, VersionRest rest);

}  // namespace sbx
