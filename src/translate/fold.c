/* Pass `fold`: µops to nodes, in one walk forward.
 *
 * Needs a verified block. Leaves nodes whose operands are nodes (through `alias`); of each guest
 * register at most one get, before its first put; no µop of constants; facts; and may_leave, slow
 * and check_rne. The checks that let code rely on something (a mode of rounding in MXCSR, a boxed
 * single in a register) are placed once per block, at the first instruction that needs them: if one
 * fails, the rest of the block is a lower engine's. */
#include "translate/block.h"

#include <string.h>

struct folding {
    struct work *w;
    bool mode_valid;  /* checkrm was passed: MXCSR holds the guest's own mode */
    bool mode_rne;    /* MXCSR holds nearest even */
    bool ended;       /* nothing after this is executed */
    ir_val box_check; /* the unbox that looks at all boxed_rows, or IR_NONE */
};

static struct node *at(struct folding *f, ir_val v)
{
    return &f->w->nodes.data[v];
}

static bool is_const(struct folding *f, ir_val v, uint64_t value)
{
    return v != IR_NONE && at(f, v)->op == UOP_const && at(f, v)->imm == value;
}

static uint64_t cut(enum ir_type type, uint64_t value)
{
    return type == IR_I32 || type == IR_F32 ? (uint32_t)value : type == IR_B ? value & 1 : value;
}

static uint8_t const_facts(uint64_t value)
{
    return (uint8_t)(((int64_t)value == (int32_t)value ? FACT_SX32 : 0) |
                     (value >> 32 == 0 ? FACT_ZX32 : 0));
}

static uint8_t const_width(uint64_t value)
{
    return (uint8_t)(value ? 64 - __builtin_clzll(value) : 0);
}

static ir_val become_const(struct folding *f, ir_val i, uint64_t value)
{
    struct node *n = at(f, i);
    n->op = UOP_const;
    n->imm = cut(n->type, value);
    n->has_imm = false;
    n->arg[0] = n->arg[1] = n->arg[2] = IR_NONE;
    n->facts = const_facts(n->imm);
    n->width = const_width(n->imm);
    return i;
}

/* ---- registers ------------------------------------------------------------------------------- */

static ir_val fold_get(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    ir_val *current = &f->w->current.data[n->reg];
    if (f->w->guest->regs[n->reg].zero)
        return become_const(f, i, 0);
    if (*current == IR_NONE)
        *current = i;
    else
        n->state = NODE_DEAD;
    return *current;
}

static void fold_put(struct folding *f, struct node *n)
{
    ir_val *current = &f->w->current.data[n->reg];
    if (f->w->guest->regs[n->reg].zero || *current == n->arg[0])
        n->state = NODE_DEAD;
    *current = n->arg[0];
}

/* ---- identities ------------------------------------------------------------------------------ */

static const uint8_t inverse[] = {
    [UOP_eq - UOP_eq] = UOP_ne,   [UOP_ne - UOP_eq] = UOP_eq,   [UOP_lts - UOP_eq] = UOP_ges,
    [UOP_ges - UOP_eq] = UOP_lts, [UOP_ltu - UOP_eq] = UOP_geu, [UOP_geu - UOP_eq] = UOP_ltu,
};

/* Node i becomes the truth value `not b`. */
static ir_val become_not(struct folding *f, ir_val i, ir_val b)
{
    struct node *n = at(f, i);
    const struct node *of = at(f, b);
    if (of->op == UOP_not)
        return of->arg[0];
    *n = node_is_compare(of)
             ? *of
             : (struct node){.op = UOP_not, .arg_type = IR_B, .arg = {b, IR_NONE, IR_NONE}};
    n->number = i;
    n->type = IR_B;
    n->width = 1;
    n->facts = FACT_SX32 | FACT_ZX32;
    if (node_is_compare(of))
        n->op = inverse[of->op - UOP_eq];
    return i;
}

/* eq and ne of a truth value and 0 or 1 (slt and bnez). */
static ir_val fold_truth(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    bool same = (n->op == UOP_ne) == (n->imm == 0);
    return same ? n->arg[0] : become_not(f, i, n->arg[0]);
}

/* For users of the lower half. */
static const struct node *skip_extension(struct folding *f, ir_val v)
{
    const struct node *n = at(f, v);
    return n->op == UOP_sext || n->op == UOP_zext ? at(f, n->arg[0]) : n;
}

/* The value that the `kept` lower bits of v are all of, as they are without an extension in
 * between, or IR_NONE. */
static ir_val find_whole(struct folding *f, ir_val v, unsigned kept)
{
    const struct node *n = at(f, v);
    if (kept <= 32 && (n->op == UOP_sext || n->op == UOP_zext))
        v = n->arg[0];
    return at(f, v)->width <= kept ? v : IR_NONE;
}

static bool is_shift(const struct node *n, unsigned op, unsigned type)
{
    return n->op == op && n->type == type && n->has_imm;
}

/* Node i shifts by a constant, which folding has moved into it. If no other µop has that constant,
 * its node becomes the lower half of x; else IR_NONE. */
static ir_val make_lower_half(struct folding *f, ir_val i, ir_val x)
{
    const struct ir_uop *uops = f->w->ir->uops.data;
    ir_val count = uops[i].arg[1];
    for (ir_val k = count + 1; k < (ir_val)f->w->ir->uops.len; k++)
        if (k != i &&
            (uops[k].arg[0] == count || uops[k].arg[1] == count || uops[k].arg[2] == count))
            return IR_NONE;
    struct node *n = at(f, count);
    if (count < x || n->op != UOP_const || n->type != IR_I64)
        return IR_NONE;
    n->op = UOP_and;
    n->arg_type = IR_I64;
    n->has_imm = true;
    n->imm = UINT32_MAX;
    n->arg[0] = x;
    n->width = 32;
    n->facts = FACT_ZX32;
    return count;
}

/* 32 bits to the left and back by less, as indexes are made of unsigned numbers: the lower half and
 * one shift, which may be part of an address. It does not wait for the first one. */
static void fold_index(struct folding *f, ir_val i, const struct node *left)
{
    struct node *n = at(f, i);
    ir_val half = left->imm == 32 && n->imm < 32 ? make_lower_half(f, i, left->arg[0]) : IR_NONE;
    if (half == IR_NONE)
        return;
    n->op = UOP_shl;
    n->imm = 32 - n->imm;
    n->arg[0] = half;
}

/* 64 bits to the left and back, by the same count or another one: a mask, or of what has no more
 * bits than are left, the difference. */
static ir_val fold_zero_extension(struct folding *f, ir_val i, const struct node *left)
{
    struct node *n = at(f, i);
    ir_val whole = find_whole(f, left->arg[0], 64 - (unsigned)left->imm);
    if (n->imm == left->imm) {
        if (whole != IR_NONE)
            return whole;
        n->op = UOP_and;
        n->imm = ~(uint64_t)0 >> n->imm;
        n->arg[0] = left->arg[0];
    } else if (whole != IR_NONE) {
        n->op = n->imm < left->imm ? UOP_shl : UOP_shr;
        n->imm = n->imm < left->imm ? left->imm - n->imm : n->imm - left->imm;
        n->arg[0] = whole;
    } else {
        fold_index(f, i, left);
    }
    return i;
}

/* Two shifts to and fro by the same count: an extension. Of 32 bits only the mask; fold_sext has
 * the others. */
static ir_val fold_shift_pair(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    const struct node *inner = at(f, n->arg[0]);
    if (n->type == IR_I32)
        inner = skip_extension(f, n->arg[0]);
    if (!is_shift(inner, UOP_shl, n->type))
        return i;
    if (n->op == UOP_shr && n->type == IR_I64)
        return fold_zero_extension(f, i, inner);
    if (inner->imm != n->imm)
        return i;
    ir_val x = inner->arg[0];
    if (n->type == IR_I32) {
        if (n->op == UOP_shr) {
            n->op = UOP_and;
            n->imm = UINT32_MAX >> n->imm;
            n->arg[0] = x;
        }
        return i;
    }
    unsigned kept = 64 - (unsigned)n->imm;
    if (kept == 8 || kept == 16 || kept == 32) {
        n->op = kept == 8 ? UOP_sext8 : kept == 16 ? UOP_sext16 : UOP_sext;
        n->has_imm = false;
        n->imm = 0;
    } else {
        return i;
    }
    n->arg[0] = x;
    return i;
}

/* Node i is the `kept` lower bits of its operand. */
static ir_val fold_whole(struct folding *f, ir_val i, unsigned kept)
{
    ir_val whole = find_whole(f, at(f, i)->arg[0], kept);
    return whole != IR_NONE ? whole : i;
}

/* x op constant. */
static ir_val fold_with_imm(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    const struct node *x = at(f, n->arg[0]);
    switch ((enum uop)n->op) {
    case UOP_add:
    case UOP_or:
    case UOP_xor:
    case UOP_shl:
    case UOP_shr:
    case UOP_sar:
    case UOP_rol:
    case UOP_ror:
        /* A 32-bit value that was cut from a longer one is not the longer one. */
        if (n->imm == 0 && (n->type == IR_I64 || x->facts & FACT_ZX32))
            return n->arg[0];
        if (n->op == UOP_xor && n->imm == 1 && x->type == IR_B && n->type == IR_I64)
            return become_not(f, i, n->arg[0]);
        return n->op == UOP_shr || n->op == UOP_sar ? fold_shift_pair(f, i) : i;
    case UOP_and:
        if (n->imm == 0)
            return become_const(f, i, 0);
        return n->imm & (n->imm + 1) ? i : fold_whole(f, i, const_width(n->imm));
    case UOP_mul:
        return n->imm == 0                        ? become_const(f, i, 0)
               : n->imm == 1 && n->type == IR_I64 ? n->arg[0]
                                                  : i;
    case UOP_eq:
    case UOP_ne:
        return x->type == IR_B && n->imm <= 1 ? fold_truth(f, i) : i;
    default:
        return i;
    }
}

static bool commutes(unsigned op)
{
    switch (op) {
    case UOP_add:
    case UOP_and:
    case UOP_or:
    case UOP_xor:
    case UOP_mul:
    case UOP_eq:
    case UOP_ne:
    case UOP_mins:
    case UOP_maxs:
    case UOP_minu:
    case UOP_maxu:
        return true;
    default:
        return false;
    }
}

/* Has host code with an immediate as its second operand. */
static bool takes_imm(unsigned op)
{
    return commutes(op) || op == UOP_sub || (op >= UOP_shl && op <= UOP_ror) ||
           (op >= UOP_lts && op <= UOP_geu);
}

/* Integer µops of two operands: a constant goes to the right and into the node. */
static ir_val fold_binary(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    if (commutes(n->op) && node_is_const(f->w, n->arg[0])) {
        ir_val swap = n->arg[0];
        n->arg[0] = n->arg[1];
        n->arg[1] = swap;
    }
    if (n->arg[0] == n->arg[1] && (n->op == UOP_sub || n->op == UOP_xor))
        return become_const(f, i, 0);
    if (!node_is_const(f->w, n->arg[1]))
        return i;
    n->imm = cut(n->arg_type, at(f, n->arg[1])->imm);
    n->arg[1] = IR_NONE;
    n->has_imm = true;
    if (n->op == UOP_sub) {
        n->op = UOP_add;
        n->imm = cut(n->arg_type, -n->imm);
    }
    if (n->op >= UOP_shl && n->op <= UOP_ror)
        n->imm &= n->arg_type == IR_I32 ? 31 : 63;
    return pass_on(f->w, PASS_IDENTITIES) ? fold_with_imm(f, i) : i;
}

/* ---- floating point -------------------------------------------------------------------------- */

/* Does node i, or the check of boxes before it, find in the register what it held when the block
 * was entered? */
static bool is_unwritten(struct folding *f, unsigned row, ir_val i)
{
    for (ir_val k = 0; k < i; k++)
        if (at(f, k)->op == UOP_put && at(f, k)->reg == row && at(f, k)->state != NODE_DEAD)
            return false;
    return true;
}

/* The value is boxed from here on, or the fragment is left. What was in registers from the start is
 * looked at all at once where the first of it is wanted: if a later one is not boxed, the lower
 * engine comes to that. So nothing must be at home between them. */
static ir_val fold_unbox(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    ir_val v = n->arg[0], check = f->box_check == IR_NONE ? i : f->box_check;
    struct node *x = at(f, v);
    if (x->type == IR_F32 || x->facts & FACT_BOXED) {
        n->state = NODE_DEAD;
        return v;
    }
    x->facts |= FACT_BOXED;
    n->may_leave = true;
    if (x->op != UOP_get || !is_unwritten(f, x->reg, check))
        return v;
    vec_push(&f->w->boxed_rows, x->reg);
    n->arg[0] = IR_NONE;
    n->may_leave = check == i;
    n->state = check == i ? NODE_EMIT : NODE_DEAD;
    f->box_check = check;
    return v;
}

static bool is_exact(const struct node *n)
{
    return (n->op == UOP_s2f || n->op == UOP_u2f) && n->type == IR_F64 && n->arg_type == IR_I32;
}

/* Where the host's code needs MXCSR in a certain mode. */
static void fold_rounding(struct folding *f, struct node *n)
{
    bool truncates = n->rm == FP_RTZ && (n->op == UOP_f2s || n->op == UOP_f2u);
    bool rounds_itself =
        f->w->float_code && ((n->op == UOP_f2s && n->rm != FP_RMM) ||
                             (n->op == UOP_s2f && n->rm != FP_RNE)); /* by code of its own */
    if (!(uop_infos[n->op].imms & UOP_HAS_rm) || n->rm == FP_DYN || is_exact(n) || truncates ||
        rounds_itself)
        return;
    if (n->rm != FP_RNE) {
        n->slow = true;
    } else if (!f->mode_rne) {
        n->check_rne = n->may_leave = true;
        f->mode_rne = true;
    }
}

static void fold_checkrm(struct folding *f, struct node *n)
{
    if (f->mode_valid)
        n->state = NODE_DEAD;
    else
        n->may_leave = true;
    f->mode_valid = true;
}

/* Moves between register files and back; signs of one operand. */
static ir_val fold_float(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    const struct node *x = at(f, n->arg[0]);
    switch ((enum uop)n->op) {
    case UOP_bits: /* what was loaded to a floating-point register is stored from there */
        return x->op == UOP_float && at(f, x->arg[0])->op != UOP_load ? x->arg[0] : i;
    case UOP_float:
        return x->op == UOP_bits ? x->arg[0] : i;
    case UOP_float32:
        return x->op == UOP_bits32 ? x->arg[0] : i;
    case UOP_fsgnj:
        return n->arg[0] == n->arg[1] ? n->arg[0] : i;
    case UOP_fsgnjn:
        if (n->arg[0] == n->arg[1]) {
            n->op = UOP_fneg;
            n->arg[1] = IR_NONE;
        }
        return i;
    default:
        return i;
    }
}

/* ---- facts ----------------------------------------------------------------------------------- */

static unsigned width_limit(unsigned type)
{
    return type == IR_B ? 1 : type == IR_I32 || type == IR_F32 ? 32 : 64;
}

/* Operand k; only its lower half counts if it is one of 32 bits. */
static unsigned arg_width(struct folding *f, const struct node *n, unsigned k)
{
    unsigned width = n->arg[k] != IR_NONE ? at(f, n->arg[k])->width : const_width(n->imm);
    return MIN(width, width_limit(n->arg_type));
}

static unsigned shift_width(const struct node *n, unsigned a, unsigned limit)
{
    unsigned count = n->has_imm ? (unsigned)n->imm : 0;
    if (n->op == UOP_shl)
        return n->has_imm ? a + count : limit;
    return n->op == UOP_sar && a == limit ? limit : a > count ? a - count : 0;
}

static unsigned width_of(struct folding *f, const struct node *n)
{
    unsigned limit = width_limit(n->type), a, b;
    if (n->op == UOP_getrm || n->op == UOP_getflags)
        return n->op == UOP_getrm ? 3 : 5;
    if (uop_infos[n->op].n_args == 0)
        return limit;
    a = arg_width(f, n, 0);
    b = uop_infos[n->op].n_args > 1 ? arg_width(f, n, 1) : 0;
    switch ((enum uop)n->op) {
    case UOP_load:
        return n->mem == IR_U8 ? 8 : n->mem == IR_U16 ? 16 : n->mem == IR_U32 ? 32 : 64;
    case UOP_and:
    case UOP_minu:
        return MIN(a, b);
    case UOP_or:
    case UOP_xor:
    case UOP_maxu:
        return MAX(a, b);
    case UOP_add:
        return MAX(a, b) + 1;
    case UOP_mul:
        return a + b;
    case UOP_shl:
    case UOP_shr:
    case UOP_sar:
        return shift_width(n, a, limit);
    case UOP_remu:
        return a;
    case UOP_select: /* the type of its operands is that of the condition */
        return MAX(at(f, n->arg[1])->width, at(f, n->arg[2])->width);
    case UOP_zext:
    case UOP_zext8:
    case UOP_zext16:
        return MIN(a, n->op == UOP_zext8 ? 8 : n->op == UOP_zext16 ? 16 : 32);
    case UOP_sc:
        return 1;
    case UOP_clz:
    case UOP_ctz:
    case UOP_popcnt:
        return 7;
    default:
        return limit;
    }
}

/* Is it the sign extension of its lower half, whatever its width? */
static bool is_sign_extended(struct folding *f, const struct node *n)
{
    uint8_t a = n->arg[0] != IR_NONE ? at(f, n->arg[0])->facts : 0;
    uint8_t b = n->has_imm             ? const_facts(n->imm)
                : n->arg[1] != IR_NONE ? at(f, n->arg[1])->facts
                                       : 0;
    if (n->type != IR_I64)
        return false;
    switch ((enum uop)n->op) {
    case UOP_load:
        return n->mem == IR_S8 || n->mem == IR_S16 || n->mem == IR_S32;
    case UOP_lr:
    case UOP_amoswap:
    case UOP_amoadd:
    case UOP_amoand:
    case UOP_amoor:
    case UOP_amoxor:
    case UOP_amomins:
    case UOP_amomaxs:
    case UOP_amominu:
    case UOP_amomaxu:
        return n->mem == IR_U32;
    case UOP_sext:
    case UOP_sext8:
    case UOP_sext16:
        return true;
    case UOP_and:
    case UOP_or:
    case UOP_xor:
        return a & b & FACT_SX32;
    case UOP_sar:
        return a & FACT_SX32 || (n->has_imm && n->imm >= 32);
    default:
        return false;
    }
}

static void find_facts(struct folding *f, struct node *n)
{
    n->width = (uint8_t)MIN(width_of(f, n), width_limit(n->type));
    n->facts |= (n->width <= 32 ? FACT_ZX32 : 0) |
                (n->width < 32 || is_sign_extended(f, n) ? FACT_SX32 : 0);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static bool all_const(struct folding *f, const struct node *n)
{
    const struct uop_info *row = &uop_infos[n->op];
    if (row->class != UOP_CLASS_pure || !row->has_eval || row->n_args == 0)
        return false;
    for (unsigned k = 0; k < row->n_args; k++)
        if (!node_is_const(f->w, n->arg[k]))
            return false;
    return true;
}

static uint64_t arg_imm(struct folding *f, const struct node *n, unsigned k)
{
    return n->arg[k] == IR_NONE ? 0 : at(f, n->arg[k])->imm;
}

/* For users of the lower half: a 32-bit addition of 0 (sext.w) is its operand. */
static ir_val skip_copy(struct folding *f, ir_val v)
{
    const struct node *n = at(f, v);
    return n->op == UOP_add && n->type == IR_I32 && n->has_imm && n->imm == 0 ? n->arg[0] : v;
}

/* The lower bits of a half, shifted to its top and back. */
static ir_val fold_sext_shifts(struct folding *f, ir_val i, const struct node *right)
{
    struct node *n = at(f, i);
    const struct node *left = skip_extension(f, right->arg[0]);
    if (!is_shift(left, UOP_shl, IR_I32) || left->imm != right->imm ||
        (left->imm != 16 && left->imm != 24) || !pass_on(f->w, PASS_IDENTITIES))
        return i;
    n->op = left->imm == 16 ? UOP_sext16 : UOP_sext8;
    n->arg_type = IR_I64;
    n->arg[0] = left->arg[0];
    return i;
}

/* A 32-bit sum or difference of numbers so small that it is the 64-bit one. */
static ir_val fold_sext(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    const struct node *of = at(f, n->arg[0]);
    int32_t imm = (int32_t)of->imm;
    unsigned a, b;
    if (is_shift(of, UOP_sar, IR_I32))
        return fold_sext_shifts(f, i, of);
    if ((of->op != UOP_add && of->op != UOP_sub) || of->type != IR_I32)
        return i;
    a = at(f, of->arg[0])->width;
    b = of->has_imm ? (imm < 0 ? 0 : const_width(of->imm)) : at(f, of->arg[1])->width;
    if (MAX(a, b) > (of->op == UOP_sub || (of->has_imm && imm < 0) ? 31 : 30))
        return i;
    n->op = of->op;
    n->has_imm = of->has_imm;
    n->imm = (uint64_t)(int64_t)imm;
    n->arg_type = IR_I64;
    n->facts |= FACT_SX32;
    n->arg[0] = of->arg[0];
    n->arg[1] = of->arg[1];
    return i;
}

/* A pure µop; returns the node that is its value. */
static ir_val fold_pure(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    ir_val a = n->arg[0];
    if (all_const(f, n))
        return become_const(f, i,
                            uop_eval_pure(n->op, n->type, n->arg_type, arg_imm(f, n, 0),
                                          arg_imm(f, n, 1), arg_imm(f, n, 2)));
    switch ((enum uop)n->op) {
    case UOP_low:
    case UOP_flag:
    case UOP_box:
        n->state = NODE_DEAD;
        return a;
    case UOP_sext:
        n->arg[0] = a = skip_copy(f, a);
        return at(f, a)->facts & FACT_SX32 ? a : fold_sext(f, i);
    case UOP_zext:
        n->arg[0] = skip_copy(f, a);
        return fold_whole(f, i, 32);
    case UOP_zext8:
    case UOP_zext16:
        return fold_whole(f, i, n->op == UOP_zext8 ? 8 : 16);
    case UOP_unbox:
        return fold_unbox(f, i);
    case UOP_not:
        return become_not(f, i, a);
    case UOP_select:
        return at(f, a)->op == UOP_const && n->type != IR_I32 ? n->arg[is_const(f, a, 0) ? 2 : 1]
                                                              : i;
    default:
        return takes_imm(n->op) ? fold_binary(f, i) : fold_float(f, i);
    }
}

/* Always or never. */
static void fold_branch(struct folding *f, struct node *n)
{
    n->may_leave = true;
    bool never = is_const(f, n->arg[0], 0);
    if (!node_is_const(f->w, n->arg[0]) || (never && f->w->count))
        return;
    if (never) {
        n->state = NODE_DEAD;
    } else {
        n->op = UOP_jump;
        f->ended = true;
    }
    n->arg[0] = IR_NONE;
}

static void fold_effect(struct folding *f, struct node *n)
{
    const struct uop_info *row = &uop_infos[n->op];
    switch ((enum uop)n->op) {
    case UOP_put:
        fold_put(f, n);
        return;
    case UOP_setrm:
        f->mode_valid = f->mode_rne = false;
        return;
    case UOP_checkrm:
        fold_checkrm(f, n);
        return;
    case UOP_branch:
        fold_branch(f, n);
        return;
    case UOP_jumpr: /* auipc and jalr */
        if (node_is_const(f->w, n->arg[0])) {
            n->op = UOP_jump;
            n->imm = at(f, n->arg[0])->imm;
            n->arg[0] = IR_NONE;
        }
        n->may_leave = true;
        return;
    default:
        fold_rounding(f, n);
        if (row->class == UOP_CLASS_load || row->class == UOP_CLASS_store)
            n->may_leave |= BASE_PRECISE;
        else if (row->class == UOP_CLASS_atomic || row->class == UOP_CLASS_exit ||
                 node_ends_here(n))
            n->may_leave = true;
    }
}

static bool is_vector(const struct ir_uop *u)
{
    _Static_assert(IR_M + 1 == IR_TYPE_COUNT, "all types from IR_V8 on are of vectors");
    return u->type >= IR_V8 || u->arg_type >= IR_V8;
}

static ir_val fold_uop(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    ir_val value = i;
    if (n->op == UOP_const) {
        n->facts = const_facts(n->imm);
        n->width = const_width(n->imm);
        return i;
    }
    if (n->op == UOP_get)
        return fold_get(f, i);
    if (uop_infos[n->op].class == UOP_CLASS_pure)
        value = fold_pure(f, i);
    else
        fold_effect(f, n);
    if (value == i && at(f, i)->op != UOP_const && at(f, i)->type != IR_VOID)
        find_facts(f, at(f, i));
    if (value != i && at(f, i)->op != UOP_unbox)
        at(f, i)->state = NODE_DEAD;
    return value;
}

static ir_val alias_of(const struct work *w, ir_val v)
{
    return v == IR_NONE ? IR_NONE : w->alias.data[v];
}

int pass_fold(struct work *w)
{
    struct folding f = {.w = w, .box_check = IR_NONE};
    memset(w->ops, 0, sizeof(w->ops));
    w->nodes.len = w->alias.len = w->current.len = w->boxed_rows.len = 0;
    vec_fill(&w->current, w->guest->n_regs, 0xff); /* IR_NONE */
    vec_reserve(&w->nodes, w->ir->uops.len);
    vec_reserve(&w->alias, w->ir->uops.len);
    for (size_t i = 0; i < w->ir->uops.len; i++) {
        const struct ir_uop *u = &w->ir->uops.data[i];
        if (is_vector(u))
            return -BAILOUT_VECTOR;
        struct node *n = &w->nodes.data[i]; /* made in its place, not copied to it */
        *n = (struct node){
            .op = u->op,
            .type = u->type,
            .arg_type = u->arg_type,
            .mem = u->mem,
            .rm = u->rm,
            .order = u->order,
            .reg = u->reg,
            .width = 64,
            .arg = {alias_of(w, u->arg[0]), alias_of(w, u->arg[1]), alias_of(w, u->arg[2])},
            .pair = IR_NONE,
            .number = (ir_val)i,
            .imm = u->imm};
        w->ops[u->op / 64] |= UINT64_C(1) << u->op % 64;
        w->nodes.len = w->alias.len = i + 1;
        w->alias.data[i] = (ir_val)i;
        w->alias.data[i] = fold_uop(&f, (ir_val)i);
        if (f.ended || node_ends_here(&w->nodes.data[i]))
            break;
    }
    return 0;
}
