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

#define INSN_PC    (block->pc.v + i->off)
#define INSNS_DONE ((uint64_t)(i - rv64_insns(block)))
#define NEXT()     goto *labels[(++i)->op]
#define FAULT(kind, addr)                                                                          \
    do {                                                                                           \
        fault_addr = (addr);                                                                       \
        goto fault_##kind;                                                                         \
    } while (0)
/* Counts the block and goes on with the one at `target`, or leaves. Stands in every handler that
 * ends a block, so that each has a jump of its own for the host to predict. */
#define EXIT_TO(target)                                                                            \
    do {                                                                                           \
        next_pc = (target);                                                                        \
        t->counters[COUNTER_GUEST_INSNS] += block->n_insns;                                        \
        t->counters[COUNTER_BLOCKS_ENTERED]++;                                                     \
        const struct block_ref *ref = &t->blocks[block_ref_index(next_pc)];                        \
        if (UNLIKELY(atomic_load_explicit(&t->poll, memory_order_relaxed)))                        \
            goto leave_poll;                                                                       \
        if (UNLIKELY(ref->pc != next_pc))                                                          \
            goto leave_lookup;                                                                     \
        block = ref->block;                                                                        \
        i = rv64_insns(block);                                                                     \
        goto *labels[i->op];                                                                       \
    } while (0)
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
    const struct rv64_insn *i = rv64_insns(block);
    uint64_t next_pc, fault_addr;
    enum exit_kind kind;

    fp_enter(&t->fp, s->fcsr);
    goto *labels[i->op];

#include "rv64_handlers.gen.h"

op_hint:
    NEXT();

op_end:
    EXIT_TO(INSN_PC);

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
    t->counters[COUNTER_GUEST_INSNS] += INSNS_DONE;
    t->counters[COUNTER_BLOCKS_ENTERED]++;
    next_pc = INSN_PC;
    kind = EXIT_TRAP;
    goto leave;

leave_flush:
    t->counters[COUNTER_GUEST_INSNS] += block->n_insns;
    t->counters[COUNTER_BLOCKS_ENTERED]++;
    kind = EXIT_FLUSH;
    goto leave;
leave_poll:
    kind = EXIT_POLL;
    goto leave;
leave_lookup:
    kind = EXIT_LOOKUP;
leave:
    s->pc = next_pc;
    s->fcsr = fp_leave(&t->fp);
    return kind;
}
