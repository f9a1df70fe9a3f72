/* Pass `dead`: what nobody will miss.
 *
 * Needs may_leave. A put is dead if its register is put again with nothing between that may leave
 * the fragment: a trap or an exit shows all registers. A pure node or a get is dead if nobody uses
 * it. Floating-point nodes raise flags and loads may fault, so they stay. Leaves the rest, in
 * NODE_EMIT, with how many of them use it; what is dead is gone. */
#include "translate/block.h"

#include <string.h>

/* Of a put, on the way backward. */
static bool is_overwritten(struct work *w, const struct node *n)
{
    bool before = w->overwritten.data[n->reg];
    w->overwritten.data[n->reg] = 1;
    return before && pass_on(w, PASS_DEAD_PUTS);
}

static bool is_root(const struct node *n)
{
    switch (n->op) {
    case UOP_getflags:
    case UOP_getrm:
        return false;
    case UOP_unbox: /* a check */
    case UOP_put:
        return true;
    case UOP_load:
        return BASE_PRECISE;
    default:
        return node_is_ordered(n);
    }
}

static void find_dead(struct work *w)
{
    vec_fill(&w->overwritten, w->guest->n_regs, 0);
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct node *n = &w->nodes.data[i];
        if (n->state == NODE_DEAD || n->op == UOP_insn)
            continue;
        if (n->may_leave)
            memset(w->overwritten.data, 0, w->overwritten.len);
        if (n->op == UOP_put ? is_overwritten(w, n) : !n->uses && !is_root(n)) {
            n->state = NODE_DEAD;
            continue;
        }
        for (unsigned k = 0; k < 3; k++)
            if (n->arg[k] != IR_NONE)
                w->nodes.data[n->arg[k]].uses++;
    }
}

/* Moves the others up: the passes that follow walk over half as many. */
static void close_up(struct work *w)
{
    struct node *nodes = w->nodes.data;
    ir_val *place = w->alias.data; /* of each that lives */
    size_t len = 0;
    for (size_t i = 0; i < w->nodes.len; i++) {
        if (nodes[i].state == NODE_DEAD)
            continue;
        struct node *n = &nodes[len];
        if (len != i)
            *n = nodes[i];
        place[i] = (ir_val)len++;
        for (unsigned k = 0; k < 3; k++)
            if (n->arg[k] != IR_NONE)
                n->arg[k] = place[n->arg[k]];
    }
    w->nodes.len = len;
    for (size_t i = 0; i < len && work_has(w, UOP_sc); i++)
        if (nodes[i].pair != IR_NONE)
            nodes[i].pair = place[nodes[i].pair];
}

void pass_dead(struct work *w)
{
    find_dead(w);
    close_up(w);
}
