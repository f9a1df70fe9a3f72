/* guest/rv64, private: what both engines do alike outside the registers. Memory, atomics, fences,
 * counters. */
#ifndef ISOMORPH_RV64_MEMORY_H
#define ISOMORPH_RV64_MEMORY_H

#include "guest/rv64/rv64.h"

/* Single accesses. base is the space's. They return false after a fault (space/space_access.h).
 * Loads extend to 64 bits, stores write the low bits; any alignment. */
#define RV64_LOAD(name, bits, type)                                                                \
    static inline bool rv64_load_##name(uint64_t base, uint64_t addr, uint64_t *value)             \
    {                                                                                              \
        uint##bits##_t raw;                                                                        \
        bool ok = space_at_load_u##bits(base, addr, &raw);                                         \
        *value = (uint64_t)(type)raw;                                                              \
        return ok;                                                                                 \
    }
#define RV64_STORE(name, bits)                                                                     \
    static inline bool rv64_store_##name(uint64_t base, uint64_t addr, uint64_t value)             \
    {                                                                                              \
        return space_at_store_u##bits(base, addr, (uint##bits##_t)value);                          \
    }

RV64_LOAD(s8, 8, int8_t)
RV64_LOAD(u8, 8, uint8_t)
RV64_LOAD(s16, 16, int16_t)
RV64_LOAD(u16, 16, uint16_t)
RV64_LOAD(s32, 32, int32_t)
RV64_LOAD(u32, 32, uint32_t)
RV64_LOAD(u64, 64, uint64_t)
RV64_STORE(u8, 8)
RV64_STORE(u16, 16)
RV64_STORE(u32, 32)
RV64_STORE(u64, 64)

#undef RV64_LOAD
#undef RV64_STORE

/* As those, through t->log. */
bool rv64_logged_load(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t *value);
bool rv64_logged_store(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t value);
/* What rv64_atomic does where t->log is set, to the zero-extended result. Returns false after a
 * fault. */
bool rv64_logged_atomic(struct thread *t, enum uop op, enum ir_mem mem, uint64_t addr,
                        uint64_t operand, uint64_t *result);

/* lr, sc and amo. mem is IR_U32 or IR_U64; 32-bit results are sign-extended. Returns false with
 * t->trap filled: misaligned, or a fault; then memory is as before. A reservation is the address
 * and the value that lr read: sc succeeds if memory still holds that value (so a change there and
 * back goes unseen, as it does in every emulator that has compare-and-swap only), and clears it
 * whatever it does. Everything that writes is sequentially consistent, which satisfies every order.
 */
bool rv64_atomic(struct thread *t, enum uop op, enum ir_mem mem, uint64_t addr, uint64_t operand,
                 unsigned order, uint64_t *result);

/* 0 cycles: the host's time stamp; 1 time: CLOCK_MONOTONIC in units of 100 ns; 2 instructions
 * retired: those counted plus `done` of the block at hand. */
uint64_t rv64_counter(struct thread *t, unsigned which, uint64_t done);

/* sets: bits 7..4 before, 3..0 after (i 8, o 4, r 2, w 1). The host keeps all orders but store
 * before load. */
static inline void rv64_fence(uint64_t sets)
{
    if (sets & 0x50 && sets & 0x0a)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    else
        __asm__ volatile("" ::: "memory");
}

static inline void rv64_pause(void)
{
    __builtin_ia32_pause();
}

/* Fills t->trap for an illegal instruction at pc. The encoding is read again: the record does not
 * keep it. */
void rv64_illegal(struct thread *t, uint64_t pc);

/* The instruction word at pc, or an error. *fault_addr is the half that cannot be fetched. *page:
 * of the instruction before, which is not looked up again; RV64_NO_PAGE at first. */
#define RV64_NO_PAGE (~(uint64_t)0)
enum fault_reason rv64_fetch(struct space *space, uint64_t *page, uint64_t pc, uint32_t *word,
                             uint64_t *fault_addr);

#endif
