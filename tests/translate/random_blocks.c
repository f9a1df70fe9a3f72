/* The kinds of random blocks. See random_blocks.h. */
#include "random_blocks.h"

/* One µop on fresh operands. */
void make_single(struct gen *g, uint64_t seed)
{
    enum uop op = (enum uop)(seed % UOP_COUNT);
    begin_insn(g);
    if (is_evaluated(op))
        random_uop(g, op);
    else
        random_memory(g);
    random_put(g);
    random_exit(g);
}

void make_many(struct gen *g, uint64_t seed)
{
    for (unsigned k = 1 + below(g, 24); k > 0; k--) {
        random_insn(g);
        if (below(g, 12))
            continue;
        begin_insn(g); /* a branch in the middle: a block that goes on where it is not taken */
        struct ir_uop branch = {.op = UOP_branch,
                                .arg_type = IR_B,
                                .arg = {random_operand(g, IR_B), IR_NONE, IR_NONE},
                                .imm = g->pc + 512 - below(g, 1024)};
        ir_append(g->b, &branch);
    }
    random_exit(g);
}

/* Arithmetic of doubles and moves of their bits: NaNs go from one to the next and meet those who
 * look. */
void make_floats(struct gen *g, uint64_t seed)
{
    static const uint8_t ops[] = {UOP_fadd,  UOP_fsub,   UOP_fmul,   UOP_fdiv,    UOP_fsqrt,
                                  UOP_fma,   UOP_fmin,   UOP_fmax,   UOP_feq,     UOP_flt,
                                  UOP_fsgnj, UOP_fsgnjx, UOP_fneg,   UOP_bits,    UOP_f2s,
                                  UOP_f2u,   UOP_fclass, UOP_fwiden, UOP_fnarrow, UOP_select};
    for (unsigned k = 2 + below(g, 40); k > 0; k--) {
        begin_insn(g);
        if (below(g, 20) == 0)
            random_memory(g);
        else
            random_uop(g,
                       (enum uop)(below(g, 2) ? ops[below(g, 5)] : ops[below(g, ARRAY_LEN(ops))]));
        if (below(g, 6))
            random_put(g);
    }
    random_exit(g);
}

/* Integers in few registers, each written again soon, between loads and stores, of which some
 * fault: what is late by then, and what is not, must be there. */
void make_late(struct gen *g, uint64_t seed)
{
    static const uint8_t ops[] = {UOP_add,  UOP_sub, UOP_and,  UOP_or,     UOP_xor,   UOP_mul,
                                  UOP_shl,  UOP_shr, UOP_sar,  UOP_rol,    UOP_ror,   UOP_divs,
                                  UOP_mins, UOP_eq,  UOP_lts,  UOP_ltu,    UOP_geu,   UOP_mulhu,
                                  UOP_clz,  UOP_ctz, UOP_orcb, UOP_zext16, UOP_sext8, UOP_bswap};
    unsigned first = 5 + below(g, 22), n_regs = 2 + below(g, 4);
    for (unsigned k = 4 + below(g, 40); k > 0; k--) {
        uint16_t x = (uint16_t)(RV64_REG_x0 + first + below(g, n_regs));
        uint16_t y = (uint16_t)(RV64_REG_x0 + first + below(g, n_regs));
        uint16_t to = (uint16_t)(RV64_REG_x0 + first + below(g, n_regs));
        uint64_t at =
            g->m->scratch + 8 * below(g, SCRATCH_BYTES / 8) + (below(g, 8) ? 0 : SCRATCH_BYTES);
        const struct uop_info *row = &uop_infos[ops[below(g, ARRAY_LEN(ops))]];
        enum uop op = (enum uop)(row - uop_infos);
        begin_insn(g);
        if (below(g, 30) == 0) {
            random_insn(g);
        } else if (below(g, 4) == 0) {
            if (below(g, 2))
                ir_put(g->b, to, ir_load(g->b, IR_S32, ir_const(g->b, IR_I64, at)));
            else
                ir_store(g->b, IR_U64, ir_const(g->b, IR_I64, at), ir_get(g->b, IR_I64, x));
        } else {
            bool half = row->var_types[0] >> IR_I32 & 1 && below(g, 2);
            ir_val a = ir_get(g->b, IR_I64, x), b = IR_NONE;
            if (row->n_args > 1)
                b = below(g, 3) ? ir_get(g->b, IR_I64, y)
                                : ir_const(g->b, IR_I64, random_integer(g));
            if (half)
                a = ir_op(g->b, UOP_low, IR_VOID, a, IR_NONE, IR_NONE);
            if (half && b != IR_NONE)
                b = ir_op(g->b, UOP_low, IR_VOID, b, IR_NONE, IR_NONE);
            ir_val v = ir_op(g->b, op, IR_VOID, a, b, IR_NONE);
            unsigned type = g->b->uops.data[v].type;
            if (type == IR_B)
                v = ir_op(g->b, UOP_flag, IR_VOID, v, IR_NONE, IR_NONE);
            else if (type == IR_I32)
                v = ir_op(g->b, UOP_sext, IR_VOID, v, IR_NONE, IR_NONE);
            ir_put(g->b, to, v);
        }
    }
    random_exit(g);
}

/* flw and fsw, or fsd of a single, to a register and from another. */
static void random_transfer(struct gen *g, unsigned to, unsigned from)
{
    uint64_t at =
        g->m->scratch + 4 * below(g, SCRATCH_BYTES / 4) + (below(g, 8) ? 0 : SCRATCH_BYTES);
    ir_val address = ir_const(g->b, IR_I64, at), v;
    if (below(g, 5) < 3) {
        v = ir_op(g->b, UOP_low, IR_VOID, ir_load(g->b, IR_U32, address), IR_NONE, IR_NONE);
        v = ir_op(g->b, UOP_float32, IR_VOID, v, IR_NONE, IR_NONE);
        ir_put(g->b, to, ir_op(g->b, UOP_box, IR_VOID, v, IR_NONE, IR_NONE));
    } else {
        v = ir_op(g->b, UOP_bits, IR_VOID, ir_get(g->b, IR_F64, from), IR_NONE, IR_NONE);
        ir_store(g->b, below(g, 4) ? IR_U32 : IR_U64, address, v);
    }
}

/* A result to a register of its kind: singles to `to`, and some of the doubles. Who takes such a
 * double for a single goes on in the interpreter. */
static void put_result(struct gen *g, unsigned to, ir_val v)
{
    switch (g->b->uops.data[v].type) {
    case IR_F32:
        ir_put(g->b, to, ir_op(g->b, UOP_box, IR_VOID, v, IR_NONE, IR_NONE));
        return;
    case IR_F64:
        ir_put(g->b, below(g, 4) ? RV64_REG_f0 : to, v);
        return;
    case IR_B:
        v = ir_op(g->b, UOP_flag, IR_VOID, v, IR_NONE, IR_NONE);
        break;
    case IR_I32:
        v = ir_op(g->b, UOP_sext, IR_VOID, v, IR_NONE, IR_NONE);
        break;
    default:
        break;
    }
    ir_put(g->b, random_x(g), v);
}

/* An operation on singles in n_regs registers from `first` on. */
static void random_of_singles(struct gen *g, unsigned first, unsigned n_regs)
{
    static const uint8_t ops[] = {UOP_fadd,   UOP_fsub,   UOP_fmul,   UOP_fdiv,   UOP_fsqrt,
                                  UOP_fma,    UOP_fmin,   UOP_fsgnj,  UOP_fneg,   UOP_fsgnjx,
                                  UOP_feq,    UOP_flt,    UOP_fle,    UOP_fclass, UOP_f2s,
                                  UOP_bits32, UOP_fwiden, UOP_fwiden, UOP_fwiden};
    enum uop op = (enum uop)ops[below(g, ARRAY_LEN(ops))];
    const struct uop_info *row = &uop_infos[op];
    ir_val arg[3] = {IR_NONE, IR_NONE, IR_NONE};
    for (unsigned k = 0; k < row->n_args; k++)
        arg[k] = ir_op(g->b, UOP_unbox, IR_VOID, ir_get(g->b, IR_F64, first + below(g, n_regs)),
                       IR_NONE, IR_NONE);
    unsigned type = op == UOP_f2s ? IR_I64 : row->result < UOP_VAR0 ? IR_VOID : IR_F32;
    if (row->imms & UOP_HAS_rm)
        ir_op(g->b, UOP_checkrm, IR_VOID, IR_NONE, IR_NONE, IR_NONE);
    put_result(g, first + below(g, n_regs),
               row->imms & UOP_HAS_rm ? ir_op_rm(g->b, op, type, arg[0], arg[1], arg[2], FP_DYN)
                                      : ir_op(g->b, op, type, arg[0], arg[1], arg[2]));
}

/* Singles and doubles in few registers, each written again soon, as guests have them: boxed and
 * unboxed, loaded and stored, and some loads and stores fault. */
void make_singles(struct gen *g, uint64_t seed)
{
    unsigned first = RV64_REG_f0 + 16 + below(g, 12), n_regs = 2 + below(g, 4);
    for (unsigned k = 4 + below(g, 40); k > 0; k--) {
        begin_insn(g);
        if (below(g, 60) == 0)
            random_insn(g);
        else if (below(g, 2))
            random_transfer(g, first + below(g, n_regs), first + below(g, n_regs));
        else
            random_of_singles(g, first, n_regs);
    }
    random_exit(g);
}
