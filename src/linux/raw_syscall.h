/* linux/raw_syscall.h: host system calls without glibc's wrappers (raw_syscall.S has the story). */
#ifndef ISOMORPH_LINUX_RAW_SYSCALL_H
#define ISOMORPH_LINUX_RAW_SYSCALL_H

#include <stdint.h>

/* *pending not 0: answers SYS_RESTART without making the call. */
int64_t linux_raw_syscall(const uint32_t *pending, long number, const uint64_t args[6]);
extern const char linux_raw_start[], linux_raw_insn[], linux_raw_abort[];
void linux_raw_sigreturn(void);

int64_t linux_raw_lend(const uint64_t args[6], void (*child)(void *), void *arg, uint32_t *answer);

/* For the runtime's own purposes: cannot be aborted. Async-signal-safe, leaves errno alone. */
static inline int64_t raw_syscall4(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t r10 __asm__("r10") = d;
    int64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

#endif
