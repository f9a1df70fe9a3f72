/* The interpreter's body, which interp.c and interp_logged.c include once each. They define how
 * memory is reached and how a block is followed by the next:
 *
 *   INTERPRET                      the function's name
 *   LOAD(v, mem, MEM, addr)        declares v, or FAULT(load, addr)
 *   STORE(mem, MEM, addr, v)       or FAULT(store, addr)
 *   ATOMIC(v, name, MEM, addr, operand, order)   declares v, or goes to `trap` with t->trap filled
 *   COUNTER(v, which)              declares v
 *   ENTER(target, slot, may_repeat)   counts the block and goes on with the one at `target`, or
 * leaves
 */
#include "guest/rv64/memory.h"

/* The block's records. The compiler shall not know that two calls have the same result: it would
 * keep it in memory, on the way from block to block. */
static inline const struct rv64_insn *first_insn(const struct decoded_block *block)
{
    __asm__ volatile("" : "+r"(block));
    return rv64_insns(block);
}

/* Leaves in front of the next block, which ENTER has counted. */
#define LEAVE_NEXT(exit)                                                                           \
    do {                                                                                           \
        kind = (exit);                                                                             \
        goto leave_next;                                                                           \
    } while (0)
#define INSN_PC    (block->pc.v + 2u * i->half)
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
#define GET_X(v, slot) uint64_t v = s->x[i->slot]
#define GET_F(v, slot) uint64_t v = s->f[i->slot]
#define PUT_X(slot, v) (s->x[i->slot] = (v))
#define PUT_F(slot, v) (s->f[i->slot] = (v))
#define CHECK_RM(slot)                                                                             \
    do {                                                                                           \
        if (UNLIKELY(i->slot == FP_DYN && FP_ENV()->rm > FP_RMM))                                  \
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
#define LOAD_RESERVED(v, MEM, addr, order) ATOMIC(v, lr, MEM, addr, 0, order)
#define FENCE(sets)                        rv64_fence(sets)
#define PAUSE()                            rv64_pause()
#define SYSCALL()                          goto trap_syscall
#define BREAKPOINT()                       goto trap_breakpoint
#define ILLEGAL()                          goto trap_illegal
#define FLUSHI(next)                                                                               \
    do {                                                                                           \
        next_pc = (next);                                                                          \
        goto leave_flush;                                                                          \
    } while (0)

#define EXIT_TAKEN(target) ENTER(target, block->taken, true)
#define EXIT_FALL(target)  ENTER(target, block->fall, false)
#define EXIT_TO(target)    ENTER(target, block_ref_index(next_pc), false)
#define BRANCH(condition, target, next)                                                            \
    do {                                                                                           \
        if (condition)                                                                             \
            EXIT_TAKEN(target);                                                                    \
        EXIT_FALL(next);                                                                           \
    } while (0)

/* The CSRs' own functions, which READ_CSR and WRITE_CSR call. */
#define CSR_READER static uint64_t csr_read(struct thread *t, unsigned number, uint64_t done)
#define CSR_WRITER static void csr_write(struct thread *t, unsigned number, uint64_t l_v)
#include "rv64_csrs.gen.h"

/* Most runs of the interpreter are of a few blocks without floating point, and to read and write
 * MXCSR takes as long as one: it is given to the guest by the first instruction that asks. */
#define FP_ENV()                                                                                   \
    (LIKELY(fp_entered) ? &t->fp : (fp_entered = true, fp_enter(&t->fp, s->fcsr), &t->fp))

#undef UOP_FP
#undef UOP_RM
#define UOP_FP(name, function, type, ...)      uop_##function(FP_ENV(), ##__VA_ARGS__)
#define UOP_RM(name, function, type, rm_, ...) uop_##function(FP_ENV(), __VA_ARGS__, rm_)
#define READ_CSR(slot)                         ((void)FP_ENV(), csr_read(t, (unsigned)i->slot, INSNS_DONE))
#define WRITE_CSR(slot, v)                     ((void)FP_ENV(), csr_write(t, (unsigned)i->slot, v))

enum exit_kind INTERPRET(struct thread *t, struct decoded_block *block)
{
#define LABEL(id) &&op_##id,
    static const void *const labels[RV64_OP_COUNT] = {RV64_OPS(LABEL)};
    struct rv64_state *const s = (struct rv64_state *)t->guest;
    const uint64_t base __attribute__((unused)) = t->space->base;
    unsigned char *const blocks_base __attribute__((unused)) = t->block_base;
    const struct rv64_insn *i = first_insn(block);
    uint64_t insns = 0, blocks = 1; /* executed, entered */
    uint64_t next_pc, fault_addr;
    enum exit_kind kind;
    bool fp_entered = false;

    goto *labels[i->op];

#include "rv64_semantics.gen.h"

op_hint:
    NEXT();

op_end:
    EXIT_FALL(block->pc.v + block->guest_bytes);

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
leave_next: /* kind is set */
    blocks--;
leave:
    t->counters[COUNTER_GUEST_INSNS] += insns;
    t->counters[COUNTER_BLOCKS_ENTERED] += blocks;
    s->pc = next_pc;
    if (fp_entered)
        s->fcsr = fp_leave(&t->fp);
    return kind;
}
