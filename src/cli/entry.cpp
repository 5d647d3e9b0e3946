// SPDX-License-Identifier: Apache-2.0
// The first instructions of sbx. Each page that a process touches costs it a fault, a microsecond
// or, where a hypervisor shadows the page tables, ten. A start touches some hundred pages of code
// (src/start.ld lays them side by side) and all that hold relocations, before main() as well, so
// they are mapped here, by two calls. A kernel before Linux 5.14 refuses both: then they come one
// by one.
#include <sys/syscall.h>

#ifndef __x86_64__
#error "the instructions of x86-64"
#endif

namespace {

// As madvise(2) has them; sys/mman.h only since glibc 2.35.
constexpr int populate_read = 22;
constexpr int populate_write = 23;

}  // namespace

extern "C" {

// The argument block of the process is at the stack pointer, and what libc is to register at its
// end would be in rdx: nothing, since there is no dynamic linker.
[[gnu::naked, gnu::used, gnu::section(".text.sbx_entry")]] void sbx_entry() {
    __asm__(
        ".hidden sbx_start_code, sbx_start_code_end, __init_array_start, _edata\n\t"
        "lea sbx_start_code(%%rip), %%rdi\n\t"
        "lea sbx_start_code_end(%%rip), %%rsi\n\t"
        "mov %[read], %%edx\n\t"
        "call 1f\n\t"
        "lea __init_array_start(%%rip), %%rdi\n\t"
        "lea _edata(%%rip), %%rsi\n\t"
        "mov %[write], %%edx\n\t"
        "call 1f\n\t"
        "xor %%edx, %%edx\n\t"
        "jmp _start\n"
        // madvise(rdi, rsi - rdi, edx), from the beginning of a page on
        "1:\n\t"
        "and $-4096, %%rdi\n\t"
        "sub %%rdi, %%rsi\n\t"
        "mov %[madvise], %%eax\n\t"
        "syscall\n\t"
        "ret"
        :
        : [read] "i"(populate_read), [write] "i"(populate_write), [madvise] "i"(SYS_madvise));
}
}
