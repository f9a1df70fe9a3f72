/* Pass `late`: registers that only a fault would show.
 *
 *     slliw t1,s3,26       ror ecx, 26
 *     srliw a7,s3,6
 *     or    t1,t1,a7
 *     lw    a7,0(a0)       may trap: then t1 and a7 are as the three instructions make them
 *     addw  a7,a7,t1
 *     lw    t1,4(a0)
 *
 * A put is late if its register is put again before the fragment may be left for anything but the
 * fault of a load or store, and its instruction can be done at each of these points in between. It
 * is not emitted; the reverse table has the instruction, and what reads the table does it. So
 * nothing is lost, and most of these values need no register and no store.
 *
 * The state at a point is what is at home, and on that the late instructions before the point whose
 * results are still to be seen, or are read by others of these, in their order. For that the home
 * of what such an instruction reads must not be written between it and the last of its points, but
 * by instructions that are late too. Then this holds: of all that put a register before the point,
 * the last one is either late and done there, or the last one that was emitted.
 *
 * The walk is that of pass `dead`, backward, so that what a late instruction needs is known when
 * those are met that make it. Points are counted on the way: a higher number is further up.
 *
 * Only for registers that are in memory: a result that goes to a pinned register is mostly made
 * there, so that it costs nothing to have it, and costs a register not to. Only instructions that
 * ir_pack takes. Not with --fence, where any access may leave for the interpreter. */
#include "translate/block.h"

#include <string.h>

void late_begin(struct work *w)
{
    struct late_walk *l = &w->late_walk;

    w->late.len = 0;
    l->on = BASE_PRECISE && !w->fence && pass_on(w, PASS_LATE) && pass_on(w, PASS_DEAD_PUTS) &&
            w->guest->n_regs <= REVERSE_REGS;
    l->insn = UINT64_MAX;
    late_leave(w);
}

/* Only the registers that a stretch had to do with: there are many stretches, and they are short.
 */
void late_leave(struct work *w)
{
    struct late_walk *l = &w->late_walk;

    l->n_points = 0;
    for (unsigned k = 0; k < ARRAY_LEN(l->fresh); k++) {
        for (uint64_t left = ~l->fresh[k]; left; left &= left - 1)
            l->regs[64 * k + (unsigned)__builtin_ctzll(left)] =
                (struct late_reg){.again = NO_POINT, .needed = NO_POINT};
        l->fresh[k] = ~UINT64_C(0);
    }
}

static struct late_reg *late_reg(struct work *w, unsigned row)
{
    w->late_walk.fresh[row / 64] &= ~(UINT64_C(1) << row % 64);
    return &w->late_walk.regs[row];
}

void late_insn(struct work *w, uint64_t pc)
{
    struct late_walk *l = &w->late_walk;

    for (unsigned k = l->n_points; k > 0 && l->points[k - 1] == POINT_HERE; k--)
        l->points[k - 1] = (uint32_t)(pc - w->pc.v);
    if (pc >= l->insn) /* nothing that a guest is lifted to */
        late_leave(w);
    l->insn = pc;
}

void late_point(struct work *w, const struct node *n)
{
    struct late_walk *l = &w->late_walk;

    if ((n->op == UOP_load || n->op == UOP_store) && !n->slow && l->n_points < LATE_POINTS)
        l->points[l->n_points++] = POINT_HERE;
    else
        late_leave(w);
}

/* ---- a put ----------------------------------------------------------------------------------- */

/* Is what the instruction from µop `first` on reads the same at the points from `end` up? */
static bool keeps_sources(const struct work *w, ir_val first, unsigned end)
{
    for (ir_val i = first; w->ir->uops.data[i].op != UOP_put; i++) {
        const struct ir_uop *u = &w->ir->uops.data[i];
        if (u->op == UOP_get &&
            (w->guest->regs[u->reg].zero || w->late_walk.regs[u->reg].stored > end))
            return false;
    }
    return true;
}

static void need_sources(struct work *w, ir_val first, unsigned end)
{
    for (ir_val i = first; w->ir->uops.data[i].op != UOP_put; i++) {
        const struct ir_uop *u = &w->ir->uops.data[i];
        if (u->op == UOP_get) {
            struct late_reg *r = late_reg(w, u->reg);
            r->needed = MIN(r->needed, end);
        }
    }
}

/* The instruction whose put is µop i can be done at all points from `end` up; and so it is noted.
 */
static bool put_off(struct work *w, ir_val i, unsigned end)
{
    struct late_insn_done late = {.until = w->late_walk.points[end]};
    ir_val first = i;

    if (w->in_register.data[w->ir->uops.data[i].reg])
        return false;
    while (first > 0 && w->ir->uops.data[first - 1].op != UOP_insn)
        first--;
    if (first == 0 || !keeps_sources(w, first, end))
        return false;
    late.pc = (uint32_t)(w->ir->uops.data[first - 1].imm - w->pc.v);
    late.n_bytes = (uint32_t)ir_pack(w->ir, first, late.bytes);
    if (late.n_bytes == 0 || late.pc >= late.until || late.until >= w->guest_bytes)
        return false;
    vec_push(&w->late, late);
    need_sources(w, first, end);
    return true;
}

bool late_put(struct work *w, struct node *put, bool overwritten)
{
    struct late_walk *l = &w->late_walk;
    struct late_reg *r;

    if (!l->on)
        return overwritten;
    r = late_reg(w, put->reg);
    if (overwritten && r->needed == NO_POINT)
        return true;
    unsigned end = MIN(r->again, r->needed);
    bool again = r->again != NO_POINT;
    put->again = again;
    r->again = l->n_points;
    r->needed = NO_POINT;
    if (again && end < l->n_points && put_off(w, put->number, end))
        return true;
    r->stored = l->n_points;
    return false;
}
