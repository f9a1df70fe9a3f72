/* The interpreter: handlers made by isagen from the stanzas (rv64_semantics.gen.h), one for each
 * op, joined by computed jumps, and what is around them: entry, the way from block to block, traps.
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

#define INTERPRET rv64_interpret

#define LOAD(v, mem, MEM, addr)                                                                    \
    uint64_t v;                                                                                    \
    if (UNLIKELY(!rv64_load_##mem(base, addr, &v)))                                                \
    FAULT(load, addr)
#define STORE(mem, MEM, addr, v)                                                                   \
    if (UNLIKELY(!rv64_store_##mem(base, addr, v)))                                                \
    FAULT(store, addr)
#define ATOMIC(v, name, MEM, addr, operand, order)                                                 \
    uint64_t v;                                                                                    \
    if (!rv64_atomic(t, UOP_##name, IR_##MEM, addr, operand, order, &v))                           \
    goto trap
#define COUNTER(v, which) uint64_t v = rv64_counter(t, which, done)

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
            LEAVE_NEXT(EXIT_POLL);                                                                 \
        if (!(may_repeat) || next_pc != block->pc.v) {                                             \
            block = block_ref_get(blocks_base, t->blocks[slot]);                                   \
            if (UNLIKELY(block->pc.v != next_pc))                                                  \
                LEAVE_NEXT(EXIT_LOOKUP);                                                           \
        }                                                                                          \
        if (UNLIKELY(decoded_block_count_run(block)))                                              \
            LEAVE_NEXT(EXIT_HOT);                                                                  \
        i = first_insn(block);                                                                     \
        goto *labels[i->op];                                                                       \
    } while (0)

#include "guest/rv64/interp_body.h"
