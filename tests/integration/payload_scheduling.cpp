// SPDX-License-Identifier: Apache-2.0
// Verbs about scheduling, limits and sessions. An attempt asks for the value that is there already:
// nothing changes if the kernel allows it.
#include "payload.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>

namespace payload {
namespace {

constexpr int io_process = 1;
constexpr int io_group = 2;
constexpr int io_user = 3;
constexpr std::uint64_t high = 1ULL << 32U;  // the kernel does not look at it

// As the kernel takes it; glibc 2.36 has no sched_setattr(2).
struct SchedulingAttributes {
    std::uint32_t size = sizeof(SchedulingAttributes);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::array<std::uint64_t, 3> deadline{};
};

// Every call that changes how process PID is scheduled: "reschedule HOW ok" or the error.
void reschedule(Context& context, const Words& words) {
    const pid_t pid = std::atoi(words[0].c_str());
    const sched_param none{};
    cpu_set_t processors;
    CPU_ZERO(&processors);
    ::sched_getaffinity(0, sizeof processors, &processors);
    const SchedulingAttributes attributes;
    tell(context, "reschedule scheduler", ::sched_setscheduler(pid, SCHED_OTHER, &none));
    tell(context, "reschedule parameter", ::sched_setparam(pid, &none));
    tell(context, "reschedule affinity", ::sched_setaffinity(pid, sizeof processors, &processors));
    tell(context, "reschedule attributes", ::syscall(SYS_sched_setattr, pid, &attributes, 0));
    tell(context, "reschedule nice", ::syscall(SYS_setpriority, PRIO_PROCESS, pid, 0));
    tell(context, "reschedule io", ::syscall(SYS_ioprio_set, io_process, pid, 0));
}

// Limits of process PID: they are read, and set to the same.
void limit(Context& context, const Words& words) {
    const auto pid = static_cast<std::uint64_t>(std::atoi(words[0].c_str()));
    rlimit values{RLIM_INFINITY, RLIM_INFINITY};
    ::getrlimit(RLIMIT_CPU, &values);
    for (const std::uint64_t number : {pid, pid | high}) {
        tell(context, "limit", ::syscall(SYS_prlimit64, number, RLIMIT_CPU, &values, nullptr));
    }
}

// Priorities of a group and of all processes of a user: "prioritise HOW ok" or the error.
void prioritise(Context& context, const Words&) {
    for (const std::uint64_t more : {std::uint64_t{0}, high}) {
        tell(context, "prioritise group", ::syscall(SYS_setpriority, PRIO_PGRP | more, 0, 0));
        tell(context, "prioritise user", ::syscall(SYS_setpriority, PRIO_USER | more, 0, 0));
        tell(context, "prioritise io-group", ::syscall(SYS_ioprio_set, io_group | more, 0, 0));
        tell(context, "prioritise io-user",
             ::syscall(SYS_ioprio_set, io_user | more, ::getuid(), 0));
    }
    tell(context, "prioritise itself", ::setpriority(PRIO_PROCESS, 0, 0));
    tell(context, "prioritise io-itself", ::syscall(SYS_ioprio_set, io_process, 0, 0));
}

}  // namespace

std::span<const Verb> scheduling() {
    static constexpr auto verbs = std::to_array<Verb>({
        {"reschedule", 1, reschedule},
        {"limit", 1, limit},
        {"prioritise", 0, prioritise},
    });
    return verbs;
}

}  // namespace payload
