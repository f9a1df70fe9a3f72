/* Lifting: decoded instructions to µops, by the stanzas' semantics (rv64_semantics.gen.h) with
 * macros that call the builder. x0 becomes a constant and writes to it vanish; a dynamic rounding
 * mode is checked first. */
#include "guest/rv64/rv64.h"

static ir_val get_x(struct ir_block *b, unsigned reg)
{
    return reg ? ir_get(b, IR_I64, RV64_REG_x0 + reg) : ir_const(b, IR_I64, 0);
}

static void put_x(struct ir_block *b, unsigned reg, ir_val v)
{
    if (reg != RV64_SINK)
        ir_put(b, RV64_REG_x0 + reg, v);
}

/* The µop counts instructions up to the block's start: the `done` ones of the block are added here.
 */
static ir_val read_counter(struct ir_block *b, uint64_t which, uint64_t done)
{
    ir_val v = ir_op_imm(b, UOP_counter, which);
    if (which == 2 && done > 0)
        v = ir_op(b, UOP_add, IR_I64, v, ir_const(b, IR_I64, done), IR_NONE);
    return v;
}

/* ---- what the macros of the semantics mean here: make µops (tools/isagen/out_semantics.c)
 * ---------- */

#define OP(id) case RV64_OP_##id: {
#define END_OP()                                                                                   \
    break;                                                                                         \
    }
#define GET_X(v, slot)     ir_val v = get_x(b, i->slot)
#define GET_F(v, slot)     ir_val v = ir_get(b, IR_F64, RV64_REG_f0 + i->slot)
#define PUT_X(slot, v)     put_x(b, i->slot, v)
#define PUT_F(slot, v)     ir_put(b, RV64_REG_f0 + i->slot, v)
#define READ_CSR(slot)     csr_read(b, (unsigned)i->slot, done)
#define WRITE_CSR(slot, v) csr_write(b, (unsigned)i->slot, v)
#define CHECK_RM(slot)                                                                             \
    do {                                                                                           \
        if (i->slot == FP_DYN)                                                                     \
            MAKE(checkrm, IR_VOID);                                                                \
    } while (0)

/* The first three of a list that begins with `_`; padding comes after them. */
#define THREE(_, x, y, z, ...) x, y, z
#define MAKE(name, type, ...)                                                                      \
    ir_op(b, UOP_##name, type, THREE(_, ##__VA_ARGS__, IR_NONE, IR_NONE, IR_NONE))
#define VALUE(type)                       ir_val
#define CONST(type, c)                    ir_const(b, type, c)
#define UOP(name, function, type, ...)    MAKE(name, type, __VA_ARGS__)
#define UOP_FP(name, function, type, ...) MAKE(name, type, ##__VA_ARGS__)
#define UOP_RM(name, function, type, rm_, ...)                                                     \
    ir_op_rm(b, UOP_##name, type, THREE(_, __VA_ARGS__, IR_NONE, IR_NONE, IR_NONE), rm_)

#define LOAD(v, mem, MEM, addr)  ir_val v = ir_load(b, IR_##MEM, addr)
#define STORE(mem, MEM, addr, v) ir_store(b, IR_##MEM, addr, v)
#define ATOMIC(v, name, MEM, addr, operand, order)                                                 \
    ir_val v = ir_atomic(b, UOP_##name, IR_##MEM, addr, operand, order)
#define LOAD_RESERVED(v, MEM, addr, order) ATOMIC(v, lr, MEM, addr, IR_NONE, order)
#define FENCE(sets)                        ir_op_imm(b, UOP_fence, sets)
#define PAUSE()                            MAKE(pause, IR_VOID)
#define COUNTER(v, which)                  ir_val v = read_counter(b, which, done)
#define SYSCALL()                          MAKE(syscall, IR_VOID)
#define BREAKPOINT()                       MAKE(breakpoint, IR_VOID)
#define ILLEGAL()                          MAKE(illegal, IR_VOID)
#define FLUSHI(next)                       ir_op_imm(b, UOP_flushi, next)

#define EXIT_TO(v)    ir_exit_to(b, v)
#define EXIT_TAKEN(c) ir_exit_to(b, ir_const(b, IR_I64, c))
#define EXIT_FALL(c)  EXIT_TAKEN(c)
#define BRANCH(condition, target, next)                                                            \
    ir_exit_to(b, ir_op(b, UOP_select, IR_I64, condition, ir_const(b, IR_I64, target),             \
                        ir_const(b, IR_I64, next)))

#define CSR_READER static ir_val csr_read(struct ir_block *b, unsigned number, uint64_t done)
#define CSR_WRITER static void csr_write(struct ir_block *b, unsigned number, ir_val l_v)
#include "rv64_csrs.gen.h"

/* Which jumps call and which return is a convention (manual I, "Unconditional Jumps", the table of
 * return-address stack hints): x1 and x5 are the link registers, jal and jalr that write one call,
 * jalr that reads one returns; with two different ones it does both, with the same one it calls. */
static bool is_link(unsigned reg)
{
    return reg == 1 || reg == 5;
}

static void lift_hints(struct ir_block *b, const struct rv64_insn *i, uint64_t pc)
{
    bool jalr = i->op == RV64_OP_jalr;
    bool pushes = is_link(i->rd), pops = jalr && is_link(i->rs1) && !(pushes && i->rs1 == i->rd);

    if (!jalr && i->op != RV64_OP_jal)
        return;
    if (pops)
        MAKE(return, IR_VOID);
    if (pushes)
        ir_op_imm(b, UOP_call, pc + i->len);
}

/* Appends the µops of one instruction at pc; done: instructions of the block before it. */
static void lift_insn(struct ir_block *b, const struct rv64_insn *i, uint64_t pc, uint64_t done)
{
    switch (i->op) {
#include "rv64_semantics.gen.h"
    case RV64_OP_hint:
        break;
    default:
        ILLEGAL();
    }
}

void rv64_lift_block(const struct decoded_block *block, struct ir_block *b)
{
    const struct rv64_insn *insns = rv64_insns(block);
    for (uint32_t n = 0; n < block->n_insns; n++) {
        uint64_t pc = rv64_insn_pc(block, n);
        ir_op_imm(b, UOP_insn, pc);
        lift_hints(b, &insns[n], pc);
        lift_insn(b, &insns[n], pc, n);
    }
    if (!rv64_op_ends_block[insns[block->n_insns - 1].op])
        ir_exit_to(b, ir_const(b, IR_I64, block->pc.v + block->guest_bytes));
}
