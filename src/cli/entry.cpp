// SPDX-License-Identifier: Apache-2.0
// The first instructions of sbx. Each page that a process writes to costs it a fault and a copy, a
// microsecond or, where a hypervisor shadows the page tables, thirty. All that hold relocations are
// written before main(), so they are mapped here, by one call. A kernel before Linux 5.14 refuses
// it: then they come one by one. Code is not mapped ahead: the kernel maps sixteen pages of it with
// each fault, and src/start.ld lays what a start runs side by side.
#include <sys/syscall.h>

#ifndef __x86_64__
#error "the instructions of x86-64"
#endif

namespace {

// As madvise(2) has them; sys/mman.h only since glibc 2.35.
constexpr int populate_write = 23;

}  // namespace

extern "C" {

// The argument block of the process is at the stack pointer, and what libc is to register at its
// end would be in rdx: nothing, since there is no dynamic linker.
[[gnu::naked, gnu::used, gnu::section(".text.sbx_entry")]] void sbx_entry() {
    __asm__(
        ".hidden __init_array_start, _edata\n\t"
        // madvise(begin, size, populate_write), from the beginning of a page on
        "lea __init_array_start(%%rip), %%rdi\n\t"
        "lea _edata(%%rip), %%rsi\n\t"
        "and $-4096, %%rdi\n\t"
        "sub %%rdi, %%rsi\n\t"
        "mov %[write], %%edx\n\t"
        "mov %[madvise], %%eax\n\t"
        "syscall\n\t"
        "xor %%edx, %%edx\n\t"
        "jmp _start"
        :
        : [write] "i"(populate_write), [madvise] "i"(SYS_madvise));
}
}
