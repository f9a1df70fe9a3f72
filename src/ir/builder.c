/* The builder: appends µops to a block, infers their types, folds constants. */
#include "ir/ir.h"

#include <stdlib.h>

void ir_block_init(struct ir_block *b, const struct guest_reg *regs, unsigned n_regs)
{
    *b = (struct ir_block){.regs = regs, .n_regs = n_regs};
}

void ir_block_reset(struct ir_block *b)
{
    b->uops.len = 0;
}

void ir_block_free(struct ir_block *b)
{
    vec_free(&b->uops);
}

static void ir_grow(struct ir_block *b)
{
    CHECK(b->uops.len < IR_UOPS_MAX, "a block of more than %u µops", IR_UOPS_MAX);
    vec_reserve(&b->uops, b->uops.len + 1);
}

/* The place of the next µop, which is made there: made elsewhere and copied, its bytes would be
 * stored one by one and loaded together at once, and the processor waits then. */
static struct ir_uop *ir_next(struct ir_block *b)
{
    if (UNLIKELY(b->uops.len == b->uops.cap))
        ir_grow(b);
    return &b->uops.data[b->uops.len];
}

ir_val ir_append(struct ir_block *b, const struct ir_uop *u)
{
    *ir_next(b) = *u;
    b->uops.len++;
    return uop_infos[u->op].result == IR_VOID ? IR_NONE : (ir_val)(b->uops.len - 1);
}

/* The µop at ir_next() is complete. */
static ir_val ir_made(struct ir_block *b)
{
    ir_val v = (ir_val)b->uops.len++;
    return b->uops.data[v].type == IR_VOID ? IR_NONE : v;
}

static const struct ir_uop *ir_at(const struct ir_block *b, ir_val v)
{
    CHECK(v < b->uops.len, "operand v%u of a block of %zu", v, b->uops.len);
    return &b->uops.data[v];
}

static bool ir_is_const(const struct ir_block *b, ir_val v)
{
    return ir_at(b, v)->op == UOP_const;
}

/* Cuts a value to its type's width. */
static uint64_t ir_cut(enum ir_type type, uint64_t value)
{
    switch (type) {
    case IR_B:
        return value & 1;
    case IR_I32:
    case IR_F32:
        return (uint32_t)value;
    default:
        return value;
    }
}

ir_val ir_const(struct ir_block *b, enum ir_type type, uint64_t value)
{
    CHECK(!BASE_CAREFUL || uop_infos[UOP_const].var_types[0] >> type & 1, "constant of type %s",
          ir_type_names[type]);
    *ir_next(b) = (struct ir_uop){.op = UOP_const,
                                  .type = type,
                                  .arg = {IR_NONE, IR_NONE, IR_NONE},
                                  .imm = ir_cut(type, value)};
    return (ir_val)b->uops.len++;
}

/* Has it the operands that its row says? (ir_verify looks too: at a sample of what is translated.)
 */
static void ir_check_operands(const struct ir_block *b, const struct ir_uop *u)
{
    const struct uop_info *row = &uop_infos[u->op];
    for (unsigned i = 0; i < 3; i++) {
        if (i >= row->n_args) {
            CHECK(u->arg[i] == IR_NONE, "%s takes %u operands", row->name, row->n_args);
            continue;
        }
        enum ir_type want = ir_row_type(u, row->arg[i]), got = ir_at(b, u->arg[i])->type;
        CHECK(got == want && got != IR_VOID, "%s: operand %u is %s, not %s", row->name, i + 1,
              ir_type_names[got], ir_type_names[want]);
    }
}

/* Starts a µop at ir_next(): operands in place, types inferred. type may be IR_VOID where the
 * operands tell. */
static struct ir_uop *ir_prepare(struct ir_block *b, enum uop op, enum ir_type type, ir_val a,
                                 ir_val c, ir_val d)
{
    const struct uop_info *row = &uop_infos[op];
    struct ir_uop *u = ir_next(b);
    *u = (struct ir_uop){.op = op, .type = type, .arg = {a, c, d}};
    if (row->n_args > 0)
        u->arg_type = ir_at(b, a)->type;
    if (row->result < UOP_VAR0) {
        u->type = row->result;
    } else if (type == IR_VOID) {
        for (unsigned i = 0; i < row->n_args; i++)
            if (row->arg[i] == row->result)
                u->type = ir_at(b, u->arg[i])->type;
        CHECK(u->type != IR_VOID, "%s needs a type", row->name);
    }
    if (BASE_CAREFUL)
        ir_check_operands(b, u);
    return u;
}

/* Folds a pure µop whose operands are all constant; returns IR_NONE if it is not one. */
static ir_val ir_fold(struct ir_block *b, const struct ir_uop *u)
{
    const struct uop_info *row = &uop_infos[u->op];
    uint64_t v[3] = {0, 0, 0};
    if (u->arg[0] == IR_NONE || !ir_is_const(b, u->arg[0]) || row->class != UOP_CLASS_pure ||
        !row->has_eval)
        return IR_NONE;
    for (unsigned i = 0; i < row->n_args; i++) {
        if (!ir_is_const(b, u->arg[i]))
            return IR_NONE;
        v[i] = ir_at(b, u->arg[i])->imm;
    }
    return ir_const(b, u->type, uop_eval_pure(u->op, u->type, u->arg_type, v[0], v[1], v[2]));
}

ir_val ir_op(struct ir_block *b, enum uop op, enum ir_type type, ir_val a, ir_val c, ir_val d)
{
    CHECK(uop_infos[op].imms == 0, "%s needs an immediate", uop_infos[op].name);
    struct ir_uop *u = ir_prepare(b, op, type, a, c, d);
    ir_val folded = ir_fold(b, u);
    return folded != IR_NONE ? folded : ir_made(b);
}

ir_val ir_op_rm(struct ir_block *b, enum uop op, enum ir_type type, ir_val a, ir_val c, ir_val d,
                unsigned rm)
{
    CHECK(uop_infos[op].imms == UOP_HAS_rm, "%s has no rounding mode", uop_infos[op].name);
    CHECK(rm <= FP_RMM || rm == FP_DYN, "rounding mode %u", rm);
    struct ir_uop *u = ir_prepare(b, op, type, a, c, d);
    u->rm = (uint8_t)rm;
    return ir_made(b);
}

ir_val ir_op_imm(struct ir_block *b, enum uop op, uint64_t imm)
{
    const struct uop_info *row = &uop_infos[op];
    CHECK(row->imms == UOP_HAS_imm && row->n_args == 0 && op != UOP_const,
          "%s has no immediate alone", row->name);
    *ir_next(b) = (struct ir_uop){
        .op = op, .type = row->result, .arg = {IR_NONE, IR_NONE, IR_NONE}, .imm = imm};
    return ir_made(b);
}

ir_val ir_get(struct ir_block *b, enum ir_type type, unsigned reg)
{
    *ir_next(b) = (struct ir_uop){
        .op = UOP_get, .type = type, .reg = (uint16_t)reg, .arg = {IR_NONE, IR_NONE, IR_NONE}};
    return (ir_val)b->uops.len++;
}

void ir_put(struct ir_block *b, unsigned reg, ir_val v)
{
    enum ir_type type = ir_at(b, v)->type;
    *ir_next(b) = (struct ir_uop){
        .op = UOP_put, .arg_type = type, .reg = (uint16_t)reg, .arg = {v, IR_NONE, IR_NONE}};
    b->uops.len++;
}

ir_val ir_load(struct ir_block *b, enum ir_mem mem, ir_val addr)
{
    struct ir_uop *u = ir_prepare(b, UOP_load, IR_VOID, addr, IR_NONE, IR_NONE);
    u->mem = mem;
    return ir_made(b);
}

void ir_store(struct ir_block *b, enum ir_mem mem, ir_val addr, ir_val v)
{
    struct ir_uop *u = ir_prepare(b, UOP_store, IR_VOID, addr, v, IR_NONE);
    u->mem = mem;
    ir_made(b);
}

ir_val ir_atomic(struct ir_block *b, enum uop op, enum ir_mem mem, ir_val addr, ir_val v,
                 unsigned order)
{
    CHECK(uop_infos[op].class == UOP_CLASS_atomic, "%s is not atomic", uop_infos[op].name);
    struct ir_uop *u = ir_prepare(b, op, IR_VOID, addr, v, IR_NONE);
    u->mem = mem;
    u->order = (uint8_t)order;
    return ir_made(b);
}

/* Drops the constants at the block's end: nothing can use them any more. */
static void ir_drop_constants(struct ir_block *b)
{
    while (b->uops.len > 0 && b->uops.data[b->uops.len - 1].op == UOP_const)
        b->uops.len--;
}

void ir_exit_to(struct ir_block *b, ir_val v)
{
    const struct ir_uop *u = ir_at(b, v);
    CHECK(u->type == IR_I64, "exit to a value of type %s", ir_type_names[u->type]);
    if (u->op == UOP_const) {
        uint64_t to = u->imm;
        ir_drop_constants(b);
        ir_op_imm(b, UOP_jump, to);
        return;
    }
    if (u->op != UOP_select || !ir_is_const(b, u->arg[1]) || !ir_is_const(b, u->arg[2])) {
        ir_op(b, UOP_jumpr, IR_VOID, v, IR_NONE, IR_NONE);
        return;
    }
    ir_val condition = u->arg[0];
    uint64_t taken = ir_at(b, u->arg[1])->imm, other = ir_at(b, u->arg[2])->imm;
    if (v == b->uops.len - 1) {
        b->uops.len--;
        if (!ir_is_const(b, condition))
            ir_drop_constants(b);
    }
    ir_prepare(b, UOP_branch, IR_VOID, condition, IR_NONE, IR_NONE)->imm = taken;
    ir_made(b);
    ir_op_imm(b, UOP_jump, other);
}

bool ir_falls_through_to(const struct ir_block *b, uint64_t pc)
{
    const struct ir_uop *end = b->uops.data + b->uops.len;
    return b->uops.len >= 2 && end[-1].op == UOP_jump && end[-1].imm == pc &&
           end[-2].op == UOP_branch;
}

void ir_drop_last(struct ir_block *b)
{
    b->uops.len--;
}

uint64_t ir_keep_first(struct ir_block *b, unsigned n)
{
    size_t i = 0;

    for (unsigned before = 0; i < b->uops.len; i++)
        if (b->uops.data[i].op == UOP_insn && before++ == n)
            break;
    CHECK(i < b->uops.len, "a block of no more than %u instructions is cut", n);
    uint64_t pc = b->uops.data[i].imm;
    b->uops.len = i;
    ir_exit_to(b, ir_const(b, IR_I64, pc));
    return pc;
}
