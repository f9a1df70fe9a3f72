/* linux/abi.h: where riscv64 Linux keeps the parts of a system call (FACTS of the machine; nothing
 * else in linux/ but the signal frame names a register). */
#ifndef ISOMORPH_LINUX_ABI_H
#define ISOMORPH_LINUX_ABI_H

#include "guest/rv64/rv64.h"

enum { ABI_ECALL_BYTES = 4, ABI_SP = 2, ABI_TP = 4, ABI_A0 = 10, ABI_A7 = 17 };

static inline struct rv64_state *abi_state(struct thread *t)
{
    return (struct rv64_state *)t->guest;
}

static inline uint64_t abi_syscall_number(struct thread *t)
{
    return abi_state(t)->x[ABI_A7];
}

static inline void abi_syscall_args(struct thread *t, uint64_t args[6])
{
    for (int i = 0; i < 6; i++)
        args[i] = abi_state(t)->x[ABI_A0 + i];
}

/* The call at pc is done: its result, and on to the next instruction. */
static inline void abi_syscall_return(struct thread *t, int64_t result)
{
    abi_state(t)->x[ABI_A0] = (uint64_t)result;
    thread_set_pc(t, GVA(thread_pc(t).v + ABI_ECALL_BYTES));
}

/* A pc that the guest names: sepc, from which the kernel returns, has no lowest bit (privileged
 * manual, "sepc"). Nothing in vm/ ever sees an odd pc. */
static inline void abi_set_pc(struct thread *t, uint64_t pc)
{
    thread_set_pc(t, GVA(pc & ~(uint64_t)1));
}

/* fcsr as the kernel shows it. The run loop's hooks find mode and flags in t->fp. */
static inline uint32_t abi_fcsr(const struct thread *t)
{
    return (t->fp.rm & 7) << 5 | (t->fp.flags & 31);
}

static inline void abi_set_fcsr(struct thread *t, uint32_t fcsr)
{
    t->fp.rm = fcsr >> 5 & 7;
    t->fp.flags = fcsr & 31;
    abi_state(t)->fcsr = fcsr & 0xff;
}

#endif
