/* Pass `fold`: µops to nodes, in one walk forward.
 *
 * Needs a verified block. Leaves nodes whose operands are nodes (through `alias`); of each guest
 * register at most one get, before its first put; constants only where a user cannot have them in
 * its own node; no µop of constants; facts; and may_leave, slow and check_rne. What is superfluous
 * here is no node at all, as the passes that follow walk over all of them. The checks that let code
 * rely on something (a mode of rounding in MXCSR, a boxed single in a register) are placed once per
 * block, at the first instruction that needs them: if one fails, the rest of the block is a lower
 * engine's. */
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
    ir_val number = n->number;
    *n = node_is_compare(of)
             ? *of
             : (struct node){
                   .op = UOP_not, .arg_type = IR_B, .arg = {b, IR_NONE, IR_NONE}, .pair = IR_NONE};
    n->number = number;
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

/* 32 bits to the left and back by less, as indexes are made of unsigned numbers: the lower half and
 * one shift, which may be part of an address. It does not wait for the first one. Node i becomes
 * the half, and its value the one behind it. */
static ir_val fold_index(struct folding *f, ir_val i, const struct node *left)
{
    struct node *half = at(f, i), *index = half + 1;
    if (left->imm != 32 || half->imm >= 32)
        return i;
    f->w->nodes.len++;
    *index = *half;
    index->op = UOP_shl;
    index->imm = 32 - half->imm;
    index->arg[0] = i;
    half->op = UOP_and;
    half->imm = UINT32_MAX;
    half->arg[0] = left->arg[0];
    half->width = 32;
    half->facts = FACT_ZX32;
    half->number = f->w->ir->uops.data[half->number].arg[1]; /* the constant's: it is not its own */
    return i + 1;
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
        return fold_index(f, i, left);
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

enum { TAKES_IMM = 1, COMMUTES = 2 };

/* Integer µops of two operands. */
static const uint8_t binary[UOP_COUNT] = {
    [UOP_add] = TAKES_IMM | COMMUTES,
    [UOP_sub] = TAKES_IMM,
    [UOP_and] = TAKES_IMM | COMMUTES,
    [UOP_or] = TAKES_IMM | COMMUTES,
    [UOP_xor] = TAKES_IMM | COMMUTES,
    [UOP_mul] = TAKES_IMM | COMMUTES,
    [UOP_shl] = TAKES_IMM,
    [UOP_shr] = TAKES_IMM,
    [UOP_sar] = TAKES_IMM,
    [UOP_rol] = TAKES_IMM,
    [UOP_ror] = TAKES_IMM,
    [UOP_mins] = TAKES_IMM | COMMUTES,
    [UOP_maxs] = TAKES_IMM | COMMUTES,
    [UOP_minu] = TAKES_IMM | COMMUTES,
    [UOP_maxu] = TAKES_IMM | COMMUTES,
    [UOP_eq] = TAKES_IMM | COMMUTES,
    [UOP_ne] = TAKES_IMM | COMMUTES,
    [UOP_lts] = TAKES_IMM,
    [UOP_ges] = TAKES_IMM,
    [UOP_ltu] = TAKES_IMM,
    [UOP_geu] = TAKES_IMM,
};

static bool commutes(unsigned op)
{
    return binary[op] & COMMUTES;
}

/* Has host code with an immediate as its second operand. */
static bool takes_imm(unsigned op)
{
    return binary[op] & TAKES_IMM;
}

/* A constant goes to the right and into the node. Is there one? */
static bool fold_operands(struct folding *f, struct node *n)
{
    if (commutes(n->op) && node_is_const(f->w, n->arg[0])) {
        ir_val swap = n->arg[0];
        n->arg[0] = n->arg[1];
        n->arg[1] = swap;
    }
    if (!node_is_const(f->w, n->arg[1]))
        return false;
    n->imm = at(f, n->arg[1])->imm;
    n->arg[1] = IR_NONE;
    n->has_imm = true;
    return true;
}

/* Integer µops of two operands. */
static ir_val fold_binary(struct folding *f, ir_val i)
{
    struct node *n = at(f, i);
    if (!n->has_imm && !fold_operands(f, n))
        return n->arg[0] == n->arg[1] && (n->op == UOP_sub || n->op == UOP_xor)
                   ? become_const(f, i, 0)
                   : i;
    n->imm = cut(n->arg_type, n->imm);
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
        f->w->float_code &&
        (n->op == UOP_f2s || (n->op == UOP_s2f && n->rm != FP_RNE)); /* by code of its own */
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

static unsigned load_width(unsigned mem)
{
    return mem == IR_U8 ? 8 : mem == IR_U16 ? 16 : mem == IR_U32 ? 32 : 64;
}

/* Of operand k: is it the sign extension of its lower half? */
static bool arg_is_extended(struct folding *f, const struct node *n, unsigned k)
{
    return (n->arg[k] != IR_NONE ? at(f, n->arg[k])->facts : const_facts(n->imm)) & FACT_SX32;
}

/* Results that have a width of their own at most; else it is the type's. */
static const uint8_t widths[UOP_COUNT] = {
    [UOP_sc] = 1,     [UOP_getrm] = 3, [UOP_getflags] = 5, [UOP_clz] = 7,   [UOP_ctz] = 7,
    [UOP_popcnt] = 7, [UOP_zext8] = 8, [UOP_zext16] = 16,  [UOP_zext] = 32,
};

static void find_facts(struct folding *f, struct node *n)
{
    const unsigned limit = widths[n->op] ? widths[n->op] : width_limit(n->type);
    unsigned width = limit;
    bool extended = false; /* the sign extension of its lower half, whatever its width */
    switch ((enum uop)n->op) {
    case UOP_load:
        width = load_width(n->mem);
        extended = n->mem == IR_S8 || n->mem == IR_S16 || n->mem == IR_S32;
        break;
    case UOP_and:
    case UOP_minu:
        width = MIN(arg_width(f, n, 0), arg_width(f, n, 1));
        extended = n->op == UOP_and && arg_is_extended(f, n, 0) && arg_is_extended(f, n, 1);
        break;
    case UOP_or:
    case UOP_xor:
    case UOP_maxu:
        width = MAX(arg_width(f, n, 0), arg_width(f, n, 1));
        extended = n->op != UOP_maxu && arg_is_extended(f, n, 0) && arg_is_extended(f, n, 1);
        break;
    case UOP_add:
        width = MAX(arg_width(f, n, 0), arg_width(f, n, 1)) + 1;
        break;
    case UOP_mul:
        width = arg_width(f, n, 0) + arg_width(f, n, 1);
        break;
    case UOP_shl:
    case UOP_shr:
    case UOP_sar:
        width = shift_width(n, arg_width(f, n, 0), limit);
        extended = n->op == UOP_sar && (arg_is_extended(f, n, 0) || (n->has_imm && n->imm >= 32));
        break;
    case UOP_remu:
    case UOP_zext:
    case UOP_zext8:
    case UOP_zext16:
        width = arg_width(f, n, 0);
        break;
    case UOP_select: /* the type of its operands is that of the condition */
        width = MAX(at(f, n->arg[1])->width, at(f, n->arg[2])->width);
        break;
    case UOP_sext:
    case UOP_sext8:
    case UOP_sext16:
        extended = true;
        break;
    default:
        extended = uop_infos[n->op].class == UOP_CLASS_atomic && n->mem == IR_U32;
        break;
    }
    n->width = (uint8_t)MIN(width, limit);
    n->facts |= (n->width <= 32 ? FACT_ZX32 : 0) |
                (n->width < 32 || (extended && n->type == IR_I64) ? FACT_SX32 : 0);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static bool all_const(struct folding *f, const struct node *n)
{
    for (unsigned k = 0; k < 3 && n->arg[k] != IR_NONE; k++)
        if (!node_is_const(f->w, n->arg[k]))
            return false;
    return uop_infos[n->op].has_eval && n->arg[0] != IR_NONE;
}

static uint64_t arg_imm(struct folding *f, const struct node *n, unsigned k)
{
    return n->arg[k] != IR_NONE ? at(f, n->arg[k])->imm : k == 1 && n->has_imm ? n->imm : 0;
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
        else if (row->class == UOP_CLASS_atomic || row->class == UOP_CLASS_exit)
            n->may_leave = true;
        if (node_ends_here(n))
            n->may_leave = f->ended = true;
    }
}

static bool is_vector(const struct ir_uop *u)
{
    _Static_assert(IR_M + 1 == IR_TYPE_COUNT, "all types from IR_V8 on are of vectors");
    return u->type >= IR_V8 || u->arg_type >= IR_V8;
}

/* A constant that is no node yet: the most are never asked for, but become part of their users. */
static bool is_unmade(const struct folding *f, ir_val uop)
{
    return uop != IR_NONE && f->w->alias.data[uop] == IR_NONE;
}

/* The node of µop `number`, next in line, made in its place. */
static ir_val push_node(struct folding *f, ir_val number, ir_val a, ir_val b, ir_val c)
{
    const struct ir_uop *u = &f->w->ir->uops.data[number];
    struct node *n = &f->w->nodes.data[f->w->nodes.len];
    *n = (struct node){.op = u->op,
                       .type = u->type,
                       .arg_type = u->arg_type,
                       .mem = u->mem,
                       .reg = u->reg,
                       .rm = u->rm,
                       .order = u->order,
                       .arg = {a, b, c},
                       .pair = IR_NONE,
                       .imm = u->imm,
                       .width = 64,
                       .number = number};
    return (ir_val)f->w->nodes.len++;
}

static __attribute__((noinline)) ir_val make_const(struct folding *f, ir_val uop)
{
    ir_val v = push_node(f, uop, IR_NONE, IR_NONE, IR_NONE);
    return f->w->alias.data[uop] = become_const(f, v, at(f, v)->imm);
}

/* The node that is the value of a µop; a constant is made one. */
static inline ir_val value_of(struct folding *f, ir_val uop)
{
    ir_val v = uop == IR_NONE ? IR_NONE : f->w->alias.data[uop];
    return v != IR_NONE || uop == IR_NONE ? v : make_const(f, uop);
}

/* With a constant on the right in the node at once. */
static ir_val push_binary(struct folding *f, ir_val number)
{
    const struct ir_uop *u = &f->w->ir->uops.data[number];
    ir_val a = u->arg[0], b = u->arg[1];
    if (is_unmade(f, a) && !is_unmade(f, b) && commutes(u->op)) {
        a = b;
        b = u->arg[0];
    }
    if (!is_unmade(f, b)) {
        a = value_of(f, a);
        return push_node(f, number, a, value_of(f, b), IR_NONE);
    }
    ir_val i = push_node(f, number, value_of(f, a), IR_NONE, IR_NONE);
    at(f, i)->has_imm = true;
    at(f, i)->imm = f->w->ir->uops.data[b].imm;
    return i;
}

static ir_val push_uop(struct folding *f, ir_val number)
{
    const struct ir_uop *u = &f->w->ir->uops.data[number];
    if (takes_imm(u->op))
        return push_binary(f, number);
    ir_val a = value_of(f, u->arg[0]), b = value_of(f, u->arg[1]), c = value_of(f, u->arg[2]);
    return push_node(f, number, a, b, c);
}

/* Of a register that was read or put before, the value; else it is read here. */
static ir_val fold_get(struct folding *f, ir_val number, unsigned reg)
{
    ir_val *current = &f->w->current.data[reg];
    if (*current == IR_NONE || f->w->guest->regs[reg].zero)
        *current = push_node(f, number, IR_NONE, IR_NONE, IR_NONE);
    return f->w->guest->regs[reg].zero ? become_const(f, *current, 0) : *current;
}

static void finish_node(struct folding *f, struct node *n)
{
    work_add_op(f->w, n->op);
    if (n->op != UOP_const && n->type != IR_VOID)
        find_facts(f, n);
}

/* Any other µop: its node, unless that turns out to be superfluous. Returns its value. */
static ir_val fold_uop(struct folding *f, ir_val number)
{
    ir_val i = push_uop(f, number), value = i;
    struct node *n = at(f, i);
    if (uop_infos[n->op].class == UOP_CLASS_pure)
        value = fold_pure(f, i);
    else
        fold_effect(f, n);
    if (n->state == NODE_DEAD || (value < i && n->op != UOP_unbox))
        f->w->nodes.len = i;
    else
        finish_node(f, at(f, MAX(value, i)));
    return value;
}

/* The value of µop `number`. The commonest need less than the others. */
static ir_val fold_any(struct folding *f, ir_val number, const struct ir_uop *u)
{
    switch ((enum uop)u->op) {
    case UOP_const:
        return IR_NONE;
    case UOP_insn:
        return push_node(f, number, IR_NONE, IR_NONE, IR_NONE);
    case UOP_get:
        return fold_get(f, number, u->reg);
    default:
        return fold_uop(f, number);
    }
}

static void begin(struct work *w)
{
    size_t room =
        2 * w->ir->uops.len; /* a µop is a node, or one and half of another (fold_index) */
    memset(w->ops, 0, sizeof(w->ops));
    w->nodes.len = w->boxed_rows.len = 0;
    vec_fill(&w->current, w->guest->n_regs, 0xff); /* IR_NONE */
    vec_reserve(&w->nodes, room);
    vec_reserve(&w->alias, room);
}

int pass_fold(struct work *w)
{
    struct folding f = {.w = w, .box_check = IR_NONE};
    begin(w);
    for (size_t i = 0; i < w->ir->uops.len && !f.ended; i++) {
        const struct ir_uop *u = &w->ir->uops.data[i];
        if (is_vector(u))
            return -BAILOUT_VECTOR;
        w->alias.data[i] = fold_any(&f, (ir_val)i, u);
    }
    return 0;
}
