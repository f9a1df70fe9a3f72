/* Pass `lend`: more registers for values in a long fragment that has more values than registers.
 *
 * A guest register that is pinned and that no code of the fragment names gives its host register
 * away: it is kept in a slot beside the spilled values, from the fragment's entry until control
 * leaves it, and loaded again on each way out, on the cold side where that is a branch in the
 * middle. To the rest of emission the host register is one for values like others; to the reverse
 * table the guest register is in that slot, so that all points are as exact as they were.
 *
 *     mov [rbp-0x88], r13      ra is kept
 *     ...                      code that has r13 too
 *     mov r13, [rbp-0x88]
 *     jmp exit
 *
 * It pays if spilling is saved by it: where a value is made while all registers hold others that
 * are still wanted, one of these goes to memory and comes back. That is counted before anything is
 * emitted, as if all values that will not be at home stayed in registers; and a fragment must be
 * long, for most have few values at a time. */
#include "translate/x86_64/emit.h"

enum {
    LEND_INSNS = 32,  /* shorter fragments are not looked at */
    LEND_MISSING = 6, /* so often at least is a register missed that is lent */
    ALWAYS_FREE = 3   /* registers for integers, in each fragment */
};

/* Does the value take up a register for values? One that is made where it is pinned does not, and
 * what a register in memory had at the entry is read from there if it is read once. */
static bool takes_register(const struct emitter *e, const struct node *n)
{
    if (n->state != NODE_EMIT || n->uses == 0 || n->op == UOP_const || is_float_value(n) ||
        n->type == IR_VOID)
        return false;
    if (n->op == UOP_get)
        return e->pin_of.data[n->reg] == NO_REG && n->uses > 1;
    return !n->hint || e->pin_of.data[n->hint - 1] == NO_REG;
}

/* missing[k]: how often a value is made while k more registers than there always are would hold
 * others. */
static void count_missing(struct emitter *e, unsigned missing[LENT_MAX])
{
    size_t n_nodes = e->w->nodes.len;
    unsigned live = 0;
    vec_fill(&e->ends, n_nodes, 0);
    for (size_t i = 0; i < n_nodes; i++) {
        const struct node *n = node_at(e, (ir_val)i);
        live -= e->ends.data[i];
        if (!takes_register(e, n) || n->last >= n_nodes)
            continue;
        for (unsigned k = 0; k < LENT_MAX && live >= ALWAYS_FREE + k; k++)
            missing[k]++;
        live++;
        e->ends.data[n->last]++;
    }
}

/* The integer registers that are pinned and that the fragment does not name. */
static unsigned find_idle(struct emitter *e, const struct pinned *idle[LENT_MAX])
{
    uint64_t named = 0;
    unsigned n = 0;
    for (size_t i = 0; i < e->w->nodes.len; i++) {
        const struct node *of = node_at(e, (ir_val)i);
        if ((of->op == UOP_get || of->op == UOP_put) && e->pin_of.data[of->reg] != NO_REG)
            named |= reg_bit(e->pin_of.data[of->reg]);
    }
    for (unsigned k = 0; k < e->n_pins && n < LENT_MAX; k++)
        if (!is_vector_reg(e->pins[k].reg) && !(named & reg_bit(e->pins[k].reg)))
            idle[n++] = &e->pins[k];
    return n;
}

static void lend(struct emitter *e, const struct pinned *p)
{
    unsigned slot = SPILL_LENT + e->n_lent;
    e->lent[e->n_lent++] = *p;
    e->temps |= reg_bit(p->reg);
    regs_store(e, spill_slot(slot), p->reg);
    if (BASE_PRECISE)
        reverse_set(&e->reverse, p->row,
                    (struct recipe){.kind = RECIPE_SLOT, .where = (uint8_t)slot});
}

void lend_begin(struct emitter *e)
{
    const struct pinned *idle[LENT_MAX];
    unsigned missing[LENT_MAX] = {0};
    for (; e->n_lent > 0; e->n_lent--)
        e->temps &= ~reg_bit(e->lent[e->n_lent - 1].reg);
    bool chance = e->random && regs_random(e, 2);
    if (!pass_on(e->w, PASS_LEND) || (e->w->n_insns < LEND_INSNS && !chance))
        return;
    count_missing(e, missing);
    if (missing[0] < LEND_MISSING && !chance)
        return;
    unsigned n_idle = find_idle(e, idle);
    for (unsigned k = 0; k < n_idle && (missing[k] >= LEND_MISSING || chance); k++)
        lend(e, idle[k]);
}

void lend_return(struct emitter *e)
{
    for (unsigned k = 0; k < e->n_lent; k++)
        regs_load(e, e->lent[k].reg, spill_slot(SPILL_LENT + k));
}
