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

/* ---- what the macros of the semantics mean here: compute (tools/isagen/out_semantics.c)
 * ------------ */

#define OP(id)                                                                                     \
    op_##id:                                                                                       \
    {                                                                                              \
        uint64_t pc __attribute__((unused)) = INSN_PC;
#define END_OP()                                                                                   \
    NEXT();                                                                                        \
    }
#define GET_X(v, slot)     uint64_t v = s->x[i->slot]
#define GET_F(v, slot)     uint64_t v = s->f[i->slot]
#define PUT_X(slot, v)     (s->x[i->slot] = (v))
#define PUT_F(slot, v)     (s->f[i->slot] = (v))
#define READ_CSR(slot)     csr_read(t, (unsigned)i->slot, INSNS_DONE)
#define WRITE_CSR(slot, v) csr_write(t, (unsigned)i->slot, v)
#define CHECK_RM(slot)                                                                             \
    do {                                                                                           \
        if (UNLIKELY(i->slot == FP_DYN && t->fp.rm > FP_RMM))                                      \
            goto trap_illegal;                                                                     \
    } while (0)

#define TYPE_IR_B                              bool
#define TYPE_IR_I32                            uint32_t
#define TYPE_IR_I64                            uint64_t
#define TYPE_IR_F32                            uint32_t
#define TYPE_IR_F64                            uint64_t
#define VALUE(type)                            TYPE_##type
#define CONST(type, c)                         (c)
#define UOP(name, function, type, ...)         uop_##function(__VA_ARGS__)
#define UOP_FP(name, function, type, ...)      uop_##function(&t->fp, ##__VA_ARGS__)
#define UOP_RM(name, function, type, rm_, ...) uop_##function(&t->fp, __VA_ARGS__, rm_)

#define FAULT(kind, addr)                                                                          \
    do {                                                                                           \
        fault_addr = (addr);                                                                       \
        goto fault_##kind;                                                                         \
    } while (0)
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
#define LOAD_RESERVED(v, MEM, addr, order) ATOMIC(v, lr, MEM, addr, 0, order)
#define FENCE(sets)                        rv64_fence(sets)
#define PAUSE()                            rv64_pause()
#define COUNTER(v, which)                  uint64_t v = rv64_counter(t, which, done)
#define SYSCALL()                          goto trap_syscall
#define BREAKPOINT()                       goto trap_breakpoint
#define ILLEGAL()                          goto trap_illegal
#define FLUSHI(next)                                                                               \
    do {                                                                                           \
        next_pc = (next);                                                                          \
        goto leave_flush;                                                                          \
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
        if (UNLIKELY(decoded_block_count_run(block)))                                              \
            goto leave_hot;                                                                        \
        i = first_insn(block);                                                                     \
        goto *labels[i->op];                                                                       \
    } while (0)
#define EXIT_TAKEN(target) ENTER(target, i->taken, true)
#define EXIT_FALL(target)  ENTER(target, i->fall, false)
#define EXIT_TO(target)    ENTER(target, block_ref_index(next_pc), false)
#define BRANCH(condition, target, next)                                                            \
    do {                                                                                           \
        if (condition)                                                                             \
            EXIT_TAKEN(target);                                                                    \
        EXIT_FALL(next);                                                                           \
    } while (0)

#define CSR_READER static uint64_t csr_read(struct thread *t, unsigned number, uint64_t done)
#define CSR_WRITER static void csr_write(struct thread *t, unsigned number, uint64_t l_v)
#include "rv64_csrs.gen.h"

enum exit_kind rv64_interpret(struct thread *t, struct decoded_block *block)
{
#define LABEL(id) &&op_##id,
    static const void *const labels[RV64_OP_COUNT] = {RV64_OPS(LABEL)};
    struct rv64_state *const s = (struct rv64_state *)t->guest;
    const uint64_t base = t->space->base;
    const struct rv64_insn *i = first_insn(block);
    uint64_t insns = 0, blocks = 1; /* executed, entered */
    uint64_t next_pc, fault_addr;
    enum exit_kind kind;

    fp_enter(&t->fp, s->fcsr);
    goto *labels[i->op];

#include "rv64_semantics.gen.h"

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
leave_hot:
    blocks--;
    kind = EXIT_HOT;
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
