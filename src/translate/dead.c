/* Pass `dead`: what nobody will miss.
 *
 * Needs may_leave. A put is dead if its register is put again with nothing between that may leave
 * the fragment: a trap or an exit shows all registers. A pure node or a get is dead if nobody uses
 * it. Floating-point nodes raise flags and loads may fault, so they stay. Leaves the rest in
 * NODE_EMIT, with how many of them use it. */
#include "translate/block.h"

#include <string.h>

static void dead_puts(struct work *w)
{
    vec_fill(&w->overwritten, w->guest->n_regs, 0);
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct node *n = &w->nodes.data[i];
        if (n->state == NODE_DEAD)
            continue;
        if (n->may_leave)
            memset(w->overwritten.data, 0, w->overwritten.len);
        if (n->op != UOP_put)
            continue;
        if (w->overwritten.data[n->reg])
            n->state = NODE_DEAD;
        w->overwritten.data[n->reg] = 1;
    }
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

void pass_dead(struct work *w)
{
    if (pass_on(w, PASS_DEAD_PUTS))
        dead_puts(w);
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct node *n = &w->nodes.data[i];
        if (n->state == NODE_DEAD || n->op == UOP_insn)
            continue;
        if (!n->uses && !is_root(n)) {
            n->state = NODE_DEAD;
            continue;
        }
        for (unsigned k = 0; k < 3; k++)
            if (n->arg[k] != IR_NONE)
                w->nodes.data[n->arg[k]].uses++;
    }
}
