/* The interpreter: handlers made by isagen from the stanzas (rv64_handlers.gen.h), one for each op,
 * joined by computed jumps, and what is around them: entry, the way from block to block, traps.
 *
 * While it runs, the pc is in `block` and `i`, the floating-point flags are in MXCSR and the count
 * of instructions lacks those of the block at hand; every way out makes the thread's record exact.
 * A block is left at its end only: there the poll word is read and the next block looked up in the
 * thread's own table.
 *
 * Only fault and trap paths leave a block midway; the instruction at fault then has changed
 * nothing. */
#include "guest/rv64/memory.h"

#include <stdatomic.h>

#include "rv64_csrs.gen.h"

/* The block's records. The compiler shall not know that two calls have the same result: it would
 * keep it in memory, on the way from block to block. */
static inline const struct rv64_insn *first_insn(const struct decoded_block *block)
{
    __asm__ volatile("" : "+r"(block));
    return rv64_insns(block);
}

#define INSN_PC    (block->pc.v + i->off)
#define INSNS_DONE (insns + (uint64_t)(i - first_insn(block))) /* since the last entry */
#define NEXT()     goto *labels[(++i)->op]
#define FAULT(kind, addr)                                                                          \
    do {                                                                                           \
        fault_addr = (addr);                                                                       \
        goto fault_##kind;                                                                         \
    } while (0)
/* Counts the block and goes on with the one at `target`, or leaves. `slot` is where that stands in
 * the table of blocks; a wrong one costs time only. These stand in every handler that ends a block,
 * so that each has a jump of its own for the host to predict.
 *
 * What the host cannot predict is `block`: each comes from a load whose address the last one gives.
 * So the slot of a known target is taken from the record instead of being computed from the pc, and
 * a block that goes on with itself, the innermost loop, loads nothing at all. */
#define ENTER(target, slot, may_repeat)                                                            \
    do {                                                                                           \
        next_pc = (target);                                                                        \
        insns += block->n_insns;                                                                   \
        blocks++;                                                                                  \
        if (UNLIKELY(atomic_load_explicit(&t->poll, memory_order_relaxed)))                        \
            goto leave_poll;                                                                       \
        if (!(may_repeat) || next_pc != block->pc.v) {                                             \
            const struct block_ref *ref = &t->blocks[slot];                                        \
            if (UNLIKELY(ref->pc != next_pc))                                                      \
                goto leave_lookup;                                                                 \
            block = ref->block;                                                                    \
        }                                                                                          \
        i = first_insn(block);                                                                     \
        goto *labels[i->op];                                                                       \
    } while (0)
#define EXIT_TAKEN(target) ENTER(target, i->taken, true)
#define EXIT_FALL(target)  ENTER(target, i->fall, false)
#define EXIT_TO(target)    ENTER(target, block_ref_index(next_pc), false)
#define FLUSH(target)                                                                              \
    do {                                                                                           \
        next_pc = (target);                                                                        \
        goto leave_flush;                                                                          \
    } while (0)

enum exit_kind rv64_interpret(struct thread *t, const struct decoded_block *block)
{
#define OP(id) &&op_##id,
    static const void *const labels[RV64_OP_COUNT] = {RV64_OPS(OP)};
#undef OP
    struct rv64_state *const s = (struct rv64_state *)t->guest;
    const uint64_t base = t->space->base;
    const struct rv64_insn *i = first_insn(block);
    uint64_t insns = 0, blocks = 1; /* executed, entered */
    uint64_t next_pc, fault_addr;
    enum exit_kind kind;

    fp_enter(&t->fp, s->fcsr);
    goto *labels[i->op];

#include "rv64_handlers.gen.h"

op_hint:
    NEXT();

op_end:
    EXIT_FALL(INSN_PC);

op_illegal:
    t->trap = (struct trap){.kind = TRAP_ILLEGAL, .insn = (uint32_t)i->imm};
    goto trap;

trap_illegal: /* a rounding mode that is not one */
    rv64_illegal(t, INSN_PC);
    goto trap;
trap_syscall:
    t->trap = (struct trap){.kind = TRAP_SYSCALL};
    goto trap;
trap_breakpoint:
    t->trap = (struct trap){.kind = TRAP_BREAKPOINT};
    goto trap;
fault_load:
    space_fault_trap(t, TRAP_LOAD, fault_addr);
    goto trap;
fault_store:
    space_fault_trap(t, TRAP_STORE, fault_addr);
    goto trap;
trap:
    insns = INSNS_DONE;
    next_pc = INSN_PC;
    kind = EXIT_TRAP;
    goto leave;

leave_flush:
    insns += block->n_insns;
    kind = EXIT_FLUSH;
    goto leave;
leave_poll:
    blocks--;
    kind = EXIT_POLL;
    goto leave;
leave_lookup:
    blocks--;
    kind = EXIT_LOOKUP;
leave:
    t->counters[COUNTER_GUEST_INSNS] += insns;
    t->counters[COUNTER_BLOCKS_ENTERED] += blocks;
    s->pc = next_pc;
    s->fcsr = fp_leave(&t->fp);
    return kind;
}
