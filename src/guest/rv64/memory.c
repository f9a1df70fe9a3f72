/* Atomics, counters and instruction fetch of the RISC-V guest (manual I, chapters A and Zicntr). */
#include "guest/rv64/memory.h"

#include <sys/mman.h>
#include <time.h>

/* ---- atomics --------------------------------------------------------------------------------- */

/* Old value of one read-modify-write, zero-extended. */
#define AMO(op, bits)                                                                              \
    do {                                                                                           \
        uint##bits##_t old;                                                                        \
        bool ok = space_amo_##op##_u##bits(t->space, addr, (uint##bits##_t)operand, &old);         \
        *result = old;                                                                             \
        return ok;                                                                                 \
    } while (0)
#define AMO_CASE(op)                                                                               \
    case UOP_amo##op:                                                                              \
        if (mem == IR_U32)                                                                         \
            AMO(op, 32);                                                                           \
        else                                                                                       \
            AMO(op, 64)

static bool access_amo(struct thread *t, enum uop op, enum ir_mem mem, uint64_t addr,
                       uint64_t operand, uint64_t *result)
{
    switch (op) {
        AMO_CASE(swap);
        AMO_CASE(add);
        AMO_CASE(and);
        AMO_CASE(or);
        AMO_CASE(xor);
        AMO_CASE(mins);
        AMO_CASE(maxs);
        AMO_CASE(minu);
        AMO_CASE(maxu);
    default:
        CHECK(false, "µop %d is no atomic", op);
        return false;
    }
}

#undef AMO
#undef AMO_CASE

/* A load has acquire order on the host; to be behind the stores before it, it needs a fence. */
static bool access_lr(struct thread *t, enum ir_mem mem, uint64_t addr, unsigned order,
                      uint64_t *result)
{
    uint32_t word = 0;

    if (order & 1)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    bool ok = mem == IR_U32 ? space_load_u32(t->space, addr, &word)
                            : space_load_u64(t->space, addr, result);
    if (!ok)
        return false;
    if (mem == IR_U32)
        *result = word;
    t->reserve_addr = addr;
    t->reserve_value = *result;
    return true;
}

static bool access_sc(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t operand,
                      uint64_t *result)
{
    bool done = false, ok = true;
    if (t->reserve_addr == addr && mem == IR_U32)
        ok =
            space_cmpxchg_u32(t->space, addr, (uint32_t)t->reserve_value, (uint32_t)operand, &done);
    else if (t->reserve_addr == addr)
        ok = space_cmpxchg_u64(t->space, addr, t->reserve_value, operand, &done);
    if (ok)
        t->reserve_addr = ~UINT64_C(0);
    *result = !done;
    return ok;
}

bool rv64_atomic(struct thread *t, enum uop op, enum ir_mem mem, uint64_t addr, uint64_t operand,
                 unsigned order, uint64_t *result)
{
    if (addr & (mem == IR_U32 ? 3 : 7)) {
        t->trap = (struct trap){TRAP_MISALIGNED, FAULT_ALIGN, GVA(addr), 0};
        return false;
    }
    bool ok;
    if (t->log)
        ok = rv64_logged_atomic(t, op, mem, addr, operand, result);
    else if (op == UOP_lr)
        ok = access_lr(t, mem, addr, order, result);
    else if (op == UOP_sc)
        ok = access_sc(t, mem, addr, operand, result);
    else
        ok = access_amo(t, op, mem, addr, operand, result);
    if (!ok)
        space_fault_trap(t, op == UOP_lr ? TRAP_LOAD : TRAP_STORE, addr);
    else if (mem == IR_U32 && op != UOP_sc)
        *result = (uint64_t)(int64_t)(int32_t)*result;
    return ok;
}

/* ---- counters -------------------------------------------------------------------------------- */

enum { NS_PER_TICK = 100 };

uint64_t rv64_counter(struct thread *t, unsigned which, uint64_t done)
{
    struct timespec now;
    switch (which) {
    case 0:
        return __builtin_ia32_rdtsc();
    case 1:
        clock_gettime(CLOCK_MONOTONIC, &now);
        return ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec) / NS_PER_TICK;
    default:
        t->reads_instret = true;
        return t->counters[COUNTER_GUEST_INSNS] + done;
    }
}

/* ---- instruction fetch ----------------------------------------------------------------------- */

/* One half of an instruction; addr is even, so it lies in one page. A page that may be executed but
 * cannot be read lies beyond the end of its file. */
static enum fault_reason fetch_half(struct space *space, uint64_t *page, uint64_t addr,
                                    uint16_t *half)
{
    if (*page != addr / SPACE_PAGE_SIZE) {
        enum fault_reason reason = space_check(space, GVA(addr), PROT_EXEC);
        if (reason != FAULT_NONE)
            return reason;
        *page = addr / SPACE_PAGE_SIZE;
    }
    return space_load_u16(space, addr, half) ? FAULT_NONE : FAULT_BUS;
}

/* Both halves at once, on the page that the instruction before stands on. False: to be done half by
 * half, which finds out what is wrong. */
static bool fetch_whole(const struct space *space, uint64_t page, uint64_t pc, uint32_t *word)
{
    if (pc / SPACE_PAGE_SIZE != page || (pc + 3) / SPACE_PAGE_SIZE != page ||
        !space_load_u32(space, pc, word))
        return false;
    if (rv64_insn_len((uint16_t)*word) == 2)
        *word = (uint16_t)*word;
    return true;
}

enum fault_reason rv64_fetch(struct space *space, uint64_t *page, uint64_t pc, uint32_t *word,
                             uint64_t *fault_addr)
{
    if (LIKELY(fetch_whole(space, *page, pc, word)))
        return FAULT_NONE;
    uint16_t low = 0, high = 0;
    *fault_addr = pc;
    enum fault_reason reason = fetch_half(space, page, pc, &low);
    if (reason == FAULT_NONE && rv64_insn_len(low) == 4) {
        *fault_addr = pc + 2;
        reason = fetch_half(space, page, pc + 2, &high);
    }
    *word = low | (uint32_t)high << 16;
    return reason;
}

void rv64_illegal(struct thread *t, uint64_t pc)
{
    uint32_t word;
    uint64_t page = RV64_NO_PAGE, fault_addr;
    if (rv64_fetch(t->space, &page, pc, &word, &fault_addr) != FAULT_NONE)
        word = 0; /* gone since it was decoded */
    t->trap = (struct trap){.kind = TRAP_ILLEGAL, .insn = word};
}
