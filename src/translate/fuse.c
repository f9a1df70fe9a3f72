/* Pass `fuse`: values that need no instruction of their own, because their users' instructions can
 * do their work: constants, comparisons under branches and choices, addresses, scaled indexes,
 * signs of a fused multiplication, loads and stores of floating-point registers.
 *
 * Needs what lives (NODE_EMIT) and how many use it. Leaves NODE_FUSED nodes; their operands must
 * then live on to the users. */
#include "translate/block.h"

void node_each_fused(const struct work *w, const struct node *n, void (*visit)(void *arg, ir_val v),
                     void *arg)
{
    node_each_operand(w, n, visit, arg);
}

/* Nothing between i and its user that shows registers, flags or memory. (A put shows when i is a
 * load that faults, and so does an instruction that the user is behind.) */
static bool is_adjacent(struct work *w, ir_val i, ir_val user)
{
    bool loads = node_of(w, i)->op == UOP_load, puts_show = BASE_PRECISE || !loads;
    for (ir_val k = i + 1; k < user; k++) {
        const struct node *n = node_of(w, k);
        bool shows = (n->op == UOP_put && puts_show) || (n->op == UOP_insn && loads && puts_show);
        if (n->state != NODE_DEAD && (shows || node_is_ordered(n)))
            return false;
    }
    return true;
}

static bool is_access(const struct node *n)
{
    return n->op == UOP_load || n->op == UOP_store;
}

/* Does the displacement fit, and would it not be shortened by being an operand of its own? */
static bool fits_displacement(const struct work *w, const struct node *n)
{
    if (!n->has_imm)
        return !w->fence;
    return (int64_t)n->imm == (int32_t)n->imm;
}

static bool fuses_load(struct work *w, ir_val i, const struct node *n, ir_val user)
{
    struct node *u = node_of(w, user);
    bool fits = (u->op == UOP_float && n->mem == IR_U64) ||
                (u->op == UOP_float32 && (n->mem == IR_U32 || n->mem == IR_S32));
    if (!fits || n->again || !is_adjacent(w, i, user))
        return false;
    u->may_leave |= BASE_PRECISE;
    return true;
}

static bool fuses_index(const struct node *n, ir_val i, struct node *user)
{
    if (!n->has_imm || n->imm < 1 || n->imm > 3 || user->op != UOP_add || user->type != IR_I64 ||
        user->has_imm || user->scaled)
        return false;
    if (user->arg[0] == i) {
        user->arg[0] = user->arg[1];
        user->arg[1] = i;
    }
    user->scaled = true;
    return true;
}

/* The first of two shifts: it leaves as many bits as an extension does. */
static bool fuses_shift(const struct node *n, const struct node *user)
{
    return (user->op == UOP_shr || user->op == UOP_sar) && user->type == IR_I64 && user->has_imm &&
           n->has_imm && (n->imm == 32 || n->imm == 48 || n->imm == 56) && n->imm != user->imm;
}

static bool is_const(const struct work *w, ir_val v, uint64_t value)
{
    return v != IR_NONE && node_is_const(w, v) && w->nodes.data[v].imm == value;
}

static bool is_complement(const struct node *n)
{
    return n->op == UOP_xor && n->type == IR_I64 && n->has_imm && n->imm == ~UINT64_C(0);
}

/* Pass `bits`: x & ~y; x & (x - 1); x & -x; x with bit y set, flipped or cleared (x & ~(1 << y)).
 * The user has the fused one as its second operand (bits.c). */
static bool fuses_bits(struct work *w, ir_val i, const struct node *n, struct node *user)
{
    bool one_bit = n->op == UOP_shl && !n->has_imm && is_const(w, n->arg[0], 1), fits;
    if (!pass_on(w, PASS_BITS) || n->type != IR_I64 || user->type != IR_I64)
        return false;
    if (one_bit && is_complement(user) && user->state == NODE_FUSED)
        return true;
    ir_val x = user->arg[user->arg[0] == i];
    if (user->has_imm || user->arg[1] == IR_NONE || x == i || node_of(w, x)->state == NODE_FUSED)
        return false;
    if (user->op == UOP_and)
        fits = w->bmi1 && (is_complement(n) ||
                           (n->op == UOP_add && n->has_imm && !~n->imm && n->arg[0] == x) ||
                           (n->op == UOP_sub && is_const(w, n->arg[0], 0) && n->arg[1] == x));
    else
        fits = one_bit && (user->op == UOP_or || user->op == UOP_xor);
    if (fits) {
        user->arg[0] = x;
        user->arg[1] = i;
    }
    return fits;
}

/* n has one user. */
static bool fuses_into(struct work *w, ir_val i, struct node *n)
{
    ir_val user = n->last;
    struct node *u = node_of(w, user);
    switch ((enum uop)n->op) {
    case UOP_sub:
    case UOP_xor:
        return fuses_bits(w, i, n, u);
    case UOP_add:
        return fuses_bits(w, i, n, u) ||
               (n->type == IR_I64 && is_access(u) && u->arg[0] == i && fits_displacement(w, n));
    case UOP_shl:
        return fuses_bits(w, i, n, u) ||
               (n->type == IR_I64 && (fuses_shift(n, u) || fuses_index(n, i, u)));
    case UOP_fneg:
        return u->op == UOP_fma && !u->slow && w->fma;
    case UOP_and: /* jalr clears the lowest bit: left to the look-up */
        return u->op == UOP_jumpr && n->has_imm && n->imm == ~(uint64_t)1;
    case UOP_bits:
        return u->op == UOP_store && u->arg[1] == i && (u->mem == IR_U64 || u->mem == IR_U32);
    case UOP_load:
        return fuses_load(w, i, n, user);
    default:
        return false;
    }
}

static bool is_float_compare(const struct work *w, const struct node *n)
{
    return w->float_code && (n->op == UOP_flt || n->op == UOP_fle); /* feq takes two flags */
}

static void decide(struct work *w, ir_val i)
{
    struct node *n = node_of(w, i);
    bool fused = n->op == UOP_const;
    if (n->uses > 0 && !fused && pass_on(w, PASS_FUSE)) {
        if (node_is_compare(n) || n->op == UOP_not)
            fused = n->cond_uses == n->uses;
        else if (is_float_compare(w, n))
            fused = n->cond_uses && n->uses == 1 && is_adjacent(w, i, n->last);
        else
            fused = n->uses == 1 && fuses_into(w, i, n);
    }
    if (fused)
        n->state = NODE_FUSED;
}

/* ---- pairs */

/* One instruction of the host gives both. */
static bool is_other_result(unsigned a, unsigned b)
{
    switch (a) {
    case UOP_divs:
        return b == UOP_rems;
    case UOP_divu:
        return b == UOP_remu;
    case UOP_rems:
        return b == UOP_divs;
    case UOP_remu:
        return b == UOP_divu;
    case UOP_mul: /* the lower half is the same for all signs */
        return b == UOP_mulhs || b == UOP_mulhu || b == UOP_mulhsu;
    case UOP_mulhs:
    case UOP_mulhu:
    case UOP_mulhsu:
        return b == UOP_mul;
    default:
        return false;
    }
}

static bool is_product(const struct node *n)
{
    return n->op >= UOP_mul && n->op <= UOP_mulhsu;
}

static bool has_same_operands(const struct node *n, const struct node *m)
{
    return (m->arg[0] == n->arg[0] && m->arg[1] == n->arg[1]) ||
           (is_product(n) && m->arg[0] == n->arg[1] && m->arg[1] == n->arg[0]);
}

/* Two results of the same operands, the later one soon enough that its register is not wanted in
 * between. */
static void find_pair(struct work *w, size_t i)
{
    enum { NEAR = 24 };
    struct node *n = node_of(w, (ir_val)i);
    if (n->state != NODE_EMIT || n->has_imm || n->op < UOP_mul || n->op > UOP_remu)
        return;
    for (size_t k = i + 1; k < w->nodes.len && k <= i + NEAR; k++) {
        struct node *m = node_of(w, (ir_val)k);
        if (m->state == NODE_EMIT && is_other_result(n->op, m->op) && m->type == n->type &&
            !m->has_imm && has_same_operands(n, m)) {
            m->state = NODE_PAIRED;
            node_of(w, m->arg[0])->uses--;
            node_of(w, m->arg[1])->uses--;
            n->pair = (ir_val)k;
            return;
        }
    }
}

static bool has_pairs(const struct work *w)
{
    for (unsigned op = UOP_mul; op <= UOP_remu; op++)
        if (work_has(w, op))
            return true;
    return false;
}

/* Backward, so that all users of a node are decided before it. */
void pass_fuse(struct work *w)
{
    if (pass_on(w, PASS_PAIRS) && has_pairs(w))
        for (size_t i = 0; i < w->nodes.len; i++)
            find_pair(w, i);
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct node *n = node_of(w, (ir_val)i);
        if (n->op == UOP_insn)
            continue;
        if (n->state != NODE_DEAD && n->state != NODE_PAIRED)
            decide(w, (ir_val)i);
        n->uses = n->last = 0; /* pass `hints` counts anew */
        if (n->state == NODE_DEAD || n->state == NODE_PAIRED)
            continue;
        for (unsigned k = 0; k < 3 && n->arg[k] != IR_NONE; k++) {
            struct node *of = node_of(w, n->arg[k]);
            of->last = (uint32_t)i;
            if (k == 0 && (n->op == UOP_branch || n->op == UOP_select ||
                           (n->op == UOP_not && n->state == NODE_FUSED)))
                of->cond_uses++;
        }
    }
}
