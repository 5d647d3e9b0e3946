// SPDX-License-Identifier: Apache-2.0
// A program of its own for init: no library, no variable, no constructor. It is a part of sbx's
// executable, and begins when set-up is over. It lets the command go, which waits until then.
#include "child/init_program.hpp"

#include "system/capability_sets.hpp"

#include <sys/prctl.h>

#ifndef __x86_64__
#error "the instructions of x86-64"
#endif

namespace sbx::sys {

// The kernel does it: there is a pid namespace.
void kill_children(const InitState& /*init*/) {}

namespace {

unsigned number_in(const char* word) {
    unsigned value = 0;
    for (; *word >= '0' && *word <= '9'; ++word) {
        value = 10 * value + static_cast<unsigned>(*word - '0');
    }
    return value;
}

[[noreturn]] void live(const char* const* words) {
    const unsigned bits = number_in(words[init_program::bits]);
    InitState init{
        .command = static_cast<int>(number_in(words[init_program::command])),
        .own_group = (bits & init_program::own_group) != 0,
        .kills_leftovers = (bits & init_program::kills_leftovers) != 0,
        .dies_with_supervisor = (bits & init_program::dies_with_supervisor) != 0,
        .ready = init_program::ready,
        .status = init_program::status,
        .signals = init_program::signals,
    };
    CapabilitySets sets;
    sets.set_permitted(std::uint64_t{1} << number_in(words[init_program::reserve]));
    const bool ready = sets.write() == 0 && call(SYS_prctl, PR_SET_NAME, words[0], 0, 0, 0) == 0 &&
                       call(SYS_write, init_program::go, "", 1) == 1;
    if (!ready) leave(1);
    close_fd(init_program::go);
    while (true) {
        pollfd polled[2] = {{init.signals, POLLIN, 0}, {init.ready, POLLIN, 0}};
        call(SYS_ppoll, polled, 2, nullptr, nullptr, sizeof(std::uint64_t));
        attend(init, polled[0].revents, polled[1].revents);
    }
}

}  // namespace

extern "C" {

// `block` is the argument block of the process: how many words, and they.
[[noreturn, gnu::used]] void sbx_init_main(const long* block) {
    if (block[0] != init_program::end) leave(1);
    live(reinterpret_cast<const char* const*>(block + 1));
}

[[gnu::naked, gnu::used]] void sbx_init_entry() {
    __asm__(
        "xor %ebp, %ebp\n\t"
        "mov %rsp, %rdi\n\t"
        "and $-16, %rsp\n\t"
        "call sbx_init_main\n\t"
        "hlt");
}
}

}  // namespace sbx::sys

extern "C" {

// Compilers ask for these two.
void* memset(void* to, int value, unsigned long size) {
    auto* at = static_cast<unsigned char*>(to);
    for (unsigned long i = 0; i < size; ++i) at[i] = static_cast<unsigned char>(value);
    return to;
}
void* memcpy(void* to, const void* from, unsigned long size) {
    auto* at = static_cast<unsigned char*>(to);
    for (unsigned long i = 0; i < size; ++i) at[i] = static_cast<const unsigned char*>(from)[i];
    return to;
}
}
