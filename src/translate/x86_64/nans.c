/* When results are looked at for NaNs.
 *
 * The host's NaNs carry a sign and a payload; RISC-V wants the canonical one wherever its bits can
 * be seen: in a register when the fragment is left, in memory, by an instruction that moves bits or
 * signs. (If it is left by the fault of a load or store, the reverse table says which registers may
 * hold such a NaN.) Until then arithmetic gives the same flags and the same numbers with any quiet
 * NaN. So results are noted here as unchecked, and checked all together before the first node that
 * may show them.
 *
 * A NaN operand makes the result a NaN. If a result is none, then none of its operands is: of a
 * tree of arithmetic only the roots are compared, two by one comparison. On the cold side all
 * unchecked results that are proven by the comparison and still somewhere are looked at one by one.
 *
 * Of an fma that may be a NaN the factors are wanted, for a flag: they are held, like a value with
 * one more user, and so is its result, or one that was made of it and proves it. What is held is
 * checked before a load or store, which may show flags, and where it would take room.
 *
 * Not here: min and max, which give the canonical NaN themselves.
 */
#include "translate/x86_64/emit.h"

#define BOX_BITS UINT64_C(0xffffffff00000000)

static bool is_single(struct emitter *e, ir_val v)
{
    return node_at(e, v)->type == IR_F32;
}

static uint64_t canonical_nan(unsigned type)
{
    return type == IR_F32 ? BOX_BITS | FP_NAN_f32 : FP_NAN_f64;
}

/* ---- which nodes let bits be seen */

static bool is_arithmetic(const struct node *n)
{
    switch ((enum uop)n->op) {
    case UOP_fadd:
    case UOP_fsub:
    case UOP_fmul:
    case UOP_fdiv:
    case UOP_fsqrt:
    case UOP_fma:
    case UOP_fwiden:
    case UOP_fnarrow:
        return true;
    default:
        return false;
    }
}

/* Does the node give the same for all quiet NaNs? */
static bool is_blind(const struct node *n)
{
    switch ((enum uop)n->op) {
    case UOP_fmin:
    case UOP_fmax:
    case UOP_feq:
    case UOP_flt:
    case UOP_fle:
    case UOP_f2s:
    case UOP_f2u:
    case UOP_s2f:
    case UOP_u2f:
    case UOP_fclass:
    case UOP_put:
        return true;
    default:
        return is_arithmetic(n);
    }
}

static bool is_unchecked(struct emitter *e, ir_val v)
{
    for (unsigned k = 0; k < e->n_unchecked; k++)
        if (e->pending >> k & 1 && e->unchecked[k].v == v)
            return true;
    return false;
}

/* Must v stay until some result is checked? */
static bool is_held(struct emitter *e, ir_val v)
{
    for (unsigned k = 0; k < e->n_unchecked; k++) {
        const struct unchecked *u = &e->unchecked[k];
        if (e->pending >> k & 1 &&
            ((u->held && u->v == v) || u->factors[0] == v || u->factors[1] == v))
            return true;
    }
    return false;
}

/* A load or store that leaves the fragment by a fault or not at all. */
static bool is_access(struct emitter *e, const struct node *n)
{
    return !e->w->fence && (n->op == UOP_load || n->op == UOP_store ||
                            ((n->op == UOP_float || n->op == UOP_float32) &&
                             node_at(e, n->arg[0])->state == NODE_FUSED));
}

static bool shows(struct emitter *e, const struct node *n)
{
    if (is_access(e, n)) {
        const struct node *of = n->op == UOP_store ? node_at(e, n->arg[1]) : n;
        return of->op == UOP_bits && of->state == NODE_FUSED && is_unchecked(e, of->arg[0]);
    }
    if (n->may_leave)
        return true;
    if (is_blind(n))
        return false;
    for (unsigned k = 0; k < 3; k++)
        if (n->arg[k] != IR_NONE && is_unchecked(e, n->arg[k]))
            return true;
    return node_is_ordered(n);
}

/* ---- the cold side */

static void mend_place(struct emitter *e, struct x86_operand where, uint64_t canonical)
{
    if (where.kind == X86_OPERAND_VECTOR) {
        regs_load(e, where.reg + REG_VECTOR, host_constant_u64(e->c, canonical));
        return;
    }
    for (unsigned half = 0; half < 2; half++) {
        where.size = 4;
        x86_emit(e->c, X86_mov, where, x86_imm((int32_t)(canonical >> 32 * half)));
        where.value += 4;
    }
}

/* Is the value at p a number? Then to the label. */
static void emit_number_check(struct emitter *e, const struct nan_place *p,
                              struct host_label number)
{
    bool borrow = p->where.kind != X86_OPERAND_VECTOR;
    unsigned reg = borrow ? REG_VECTOR : p->where.reg + REG_VECTOR;
    if (borrow) {
        regs_store(e, spill_slot(SPILL_ARGS), reg);
        regs_load(e, reg, p->where);
    }
    x86_emit(e->c, is_single(e, p->v) ? X86_vucomiss : X86_vucomisd, vec(reg), vec(reg));
    if (borrow)
        regs_load(e, reg, spill_slot(SPILL_ARGS));
    x86_emit(e->c, X86_jnp, x86_label(number));
}

/* Infinity times zero is invalid whatever is added; the host's instruction does not say so if that
 * is a quiet NaN. The sum is nobody's: a NaN, so that nothing else is raised. */
static void raise_of_product(struct emitter *e, const struct nan_place *p)
{
    struct x86_operand nan = x86_imm(is_single(e, p->v) ? (int64_t)FP_NAN_f32 : INT32_MIN);
    const struct x86_operand args[3] = {p->where, p->factor, nan};
    emit_slow_call(e, node_at(e, p->v), args, NO_REG);
}

/* The n places of one value. Of one alone it is known that it is a NaN. What is no longer anywhere
 * may have been one. */
static void mend(struct emitter *e, const struct nan_place *p, size_t n, bool alone)
{
    struct host_label done = host_label_new(e->c);
    const struct nan_place *product = p->is_product ? p : NULL;
    p += product != NULL;
    n -= product != NULL;
    if (!alone && n > 0)
        emit_number_check(e, p, done);
    if (product)
        raise_of_product(e, product);
    for (size_t k = 0; k < n; k++)
        mend_place(e, p[k].where, canonical_nan(node_at(e, p->v)->type));
    host_label_bind(e->c, done);
}

static void cold_nans(struct emitter *e, const struct cold *c)
{
    const struct nan_place *p = e->nan_places.data + c->first_nan, *end = p + c->n_nans;
    host_label_bind(e->c, c->at);
    while (p < end) {
        const struct nan_place *next = p + 1;
        while (next < end && next->v == p->v)
            next++;
        mend(e, p, (size_t)(next - p), (size_t)(next - p) == c->n_nans);
        p = next;
    }
    x86_emit(e->c, X86_jmp, x86_label(c->back));
}

/* ---- checks */

/* Unchecked results that are numbers if those of the set are. */
static uint32_t find_proven(struct emitter *e, uint32_t set)
{
    for (unsigned k = e->n_unchecked; k-- > 0;)
        set |= set >> k & 1 ? e->unchecked[k].operands & e->pending : 0;
    return set;
}

static void list_places(struct emitter *e, const struct unchecked *u)
{
    if (u->factors[0] != IR_NONE)
        vec_push(&e->nan_places, ((struct nan_place){u->v, regs_where(e, u->factors[0]),
                                                     regs_where(e, u->factors[1]), true}));
    regs_list_places(e, u->v);
}

/* Unchecked results a and b (or one, twice) are compared. If neither is a NaN, none of the results
 * that they were made of is; else all of these are looked at. */
static void emit_check(struct emitter *e, unsigned a, unsigned b)
{
    ir_val va = e->unchecked[a].v, vb = e->unchecked[b].v;
    struct cold *cold;
    unsigned x = regs_get(e, va), y = regs_get(e, vb);
    x86_emit(e->c, is_single(e, va) ? X86_vucomiss : X86_vucomisd, vec(x), vec(y));
    cold = emit_cold(e, cold_nans, node_at(e, va));
    cold->first_nan = e->nan_places.len;
    for (uint32_t set = find_proven(e, 1u << a | 1u << b); set; set &= set - 1)
        list_places(e, &e->unchecked[__builtin_ctz(set)]);
    cold->n_nans = e->nan_places.len - cold->first_nan;
    emit_cold_branch(e, X86_P, cold);
    regs_unlock(e);
}

/* Of the unchecked results, those that must be compared: that are somewhere and no operand of one
 * that is compared or proven by another. */
static uint32_t find_roots(struct emitter *e)
{
    uint32_t roots = 0, proven = 0;
    for (unsigned k = e->n_unchecked; k-- > 0;) {
        if (!(e->pending >> k & 1))
            continue;
        if (!(proven >> k & 1) && regs_is_somewhere(e, e->unchecked[k].v))
            roots |= 1u << k;
        if ((roots | proven) >> k & 1)
            proven |= e->unchecked[k].operands;
    }
    return roots;
}

/* Those that fmas wait for. No other is made of one of them. */
static uint32_t find_held(struct emitter *e)
{
    uint32_t held = 0;
    for (unsigned k = 0; k < e->n_unchecked; k++)
        if (e->pending >> k & 1 && e->unchecked[k].held)
            held |= 1u << k;
    return held;
}

static void give_up(struct emitter *e, uint32_t set)
{
    for (; set; set &= set - 1) {
        const struct unchecked *u = &e->unchecked[__builtin_ctz(set)];
        if (u->held)
            regs_release(e, u->v);
        if (u->factors[0] != IR_NONE) {
            regs_release(e, u->factors[0]);
            regs_release(e, u->factors[1]);
        }
    }
    e->freed = NO_REG;
}

static void check(struct emitter *e, uint32_t roots)
{
    uint32_t proven = find_proven(e, roots);
    while (roots) {
        unsigned a = (unsigned)__builtin_ctz(roots), b = a;
        roots &= roots - 1;
        for (unsigned k = a + 1; k < e->n_unchecked && b == a; k++) {
            if (roots >> k & 1 &&
                is_single(e, e->unchecked[k].v) == is_single(e, e->unchecked[a].v)) {
                b = k;
                roots &= ~(1u << k);
            }
        }
        emit_check(e, a, b);
    }
    give_up(e, proven);
    e->pending &= ~proven;
}

/* What is nowhere any more needs no check, and was held by nobody. */
static void check_all(struct emitter *e)
{
    check(e, find_roots(e));
    e->pending = e->n_unchecked = 0;
}

/* Must the fmas be checked now? At a point of the reverse table their flags must be there; and
 * where it would cost as much to keep a value. */
static bool is_time_for_fmas(struct emitter *e, const struct node *n)
{
    enum { FEW = 2 };
    if (n->may_leave)
        return true;
    if (n->op == UOP_put) {
        ir_val old = regs_at_home(e, n->reg);
        if (old != IR_NONE && old != n->arg[0] && is_held(e, old))
            return true;
    }
    return regs_count_held(e, is_held) >= FEW;
}

/* ---- recipes */

static void tell(struct emitter *e, unsigned row, enum recipe_kind kind)
{
    reverse_set(&e->reverse, row, (struct recipe){.kind = (uint8_t)kind});
}

/* What the next point of the reverse table is to do with the value that a register has. */
static enum recipe_kind recipe_of(struct emitter *e, ir_val v)
{
    if (is_unchecked(e, v))
        return is_single(e, v) ? RECIPE_NAN32 : RECIPE_NAN64;
    return v != IR_NONE && is_single(e, v) && !node_is_boxed(node_at(e, v)) ? RECIPE_BOX
                                                                            : RECIPE_HOME;
}

/* Which registers may have a NaN of any kind at the next point, or a single that is not boxed. */
static void tell_all(struct emitter *e)
{
    uint32_t now = 0;
    for (unsigned row = e->fpr_rows; (e->pending || e->unboxed) && row < e->fpr_end; row++) {
        enum recipe_kind kind = recipe_of(e, regs_at_home(e, row));
        if (kind == RECIPE_HOME)
            continue;
        tell(e, row, kind);
        now |= 1u << (row - e->fpr_rows);
    }
    for (uint32_t left = e->told_floats & ~now; left; left &= left - 1)
        tell(e, e->fpr_rows + (unsigned)__builtin_ctz(left), RECIPE_HOME);
    e->told_floats = now;
}

void nans_begin(struct emitter *e)
{
    e->pending = e->n_unchecked = 0;
    e->told_floats = 0;
    e->unboxed = false;
    e->nan_places.len = 0;
}

static bool is_noted(const struct emitter *e, const struct node *n)
{
    return is_arithmetic(n) && !n->slow && e->avx &&
           (n->op != UOP_fma || host_cpu_has(e->cpu, HOST_FMA));
}

/* The result at hand is going to prove what its operands were to prove. */
static void pass_on_held(struct emitter *e, const struct node *n)
{
    bool sign;
    e->holds = n->op == UOP_fma;
    for (unsigned a = 0; a < 3 && n->arg[a] != IR_NONE; a++) {
        ir_val v = emit_strip_sign(e, n->arg[a], &sign);
        for (unsigned k = 0; k < e->n_unchecked; k++) {
            struct unchecked *u = &e->unchecked[k];
            if (!(e->pending >> k & 1) || !u->held || u->v != v)
                continue;
            u->held = false;
            e->holds = true;
            regs_release(e, v);
        }
    }
    e->freed = NO_REG;
}

void nans_before(struct emitter *e, const struct node *n)
{
    if (e->n_unchecked > 0) {
        if (e->n_unchecked == NANS_MAX || !pass_on(e->w, PASS_NANS) || shows(e, n))
            check_all(e);
        else if (find_held(e) && is_time_for_fmas(e, n))
            check(e, find_held(e));
    }
    if (BASE_PRECISE && n->may_leave && (e->n_unchecked > 0 || e->told_floats != 0 || e->unboxed))
        tell_all(e);
    if (is_noted(e, n))
        pass_on_held(e, n);
}

static struct unchecked *note(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    struct unchecked *new = &e->unchecked[e->n_unchecked];
    bool sign;
    *new = (struct unchecked){.v = i, .factors = {IR_NONE, IR_NONE}, .held = e->holds};
    for (unsigned a = 0; a < 3 && n->arg[a] != IR_NONE; a++) {
        ir_val v = emit_strip_sign(e, n->arg[a], &sign);
        for (unsigned k = 0; k < e->n_unchecked; k++)
            if (e->pending >> k & 1 && v == e->unchecked[k].v)
                new->operands |= 1u << k;
    }
    if (new->held)
        regs_hold(e, i);
    e->pending |= 1u << e->n_unchecked++;
    return new;
}

void nans_note(struct emitter *e, ir_val i)
{
    note(e, i);
}

void nans_note_fma(struct emitter *e, ir_val i, ir_val a, ir_val b)
{
    struct unchecked *new = note(e, i);
    new->factors[0] = a;
    new->factors[1] = b;
    regs_hold(e, a);
    regs_hold(e, b);
}
