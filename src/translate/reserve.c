/* Pass `reserve`: a store-conditional whose load-reserved stands in the same block, at the same
 * address and of the same size, with no other atomic between: a compare-and-exchange that expects
 * what was loaded. Whether the reservation is for this address need not be asked, nor whether the
 * address is aligned; compilers' loops around LR and SC then have one atomic instruction of the
 * host and nothing else.
 *
 * Needs nodes as fold leaves them. Leaves in the store-conditional the
 * load-reserved as its pair and its third operand; and in the load-reserved the pair if nobody can
 * see the reservation in between, so that it need not be noted. A store-conditional that faults has
 * lost it then, as after any trap (manual I, "Zalrsc": implementations may do so; Linux does). */
#include "translate/block.h"

static void join(struct work *w, ir_val lr, ir_val sc)
{
    bool seen = false;
    for (ir_val k = lr + 1; k < sc; k++)
        seen |= node_of(w, k)->state == NODE_EMIT && node_of(w, k)->may_leave;
    node_of(w, sc)->arg[2] = lr;
    node_of(w, sc)->pair = lr;
    if (!seen)
        node_of(w, lr)->pair = sc;
}

void pass_reserve(struct work *w)
{
    ir_val latest = IR_NONE; /* load-reserved, and no atomic since */
    if (!pass_on(w, PASS_RESERVE) || !work_has(w, UOP_sc))
        return;
    for (size_t i = 0; i < w->nodes.len; i++) {
        const struct node *n = node_of(w, (ir_val)i);
        if (uop_infos[n->op].class != UOP_CLASS_atomic || n->state != NODE_EMIT)
            continue;
        if (n->op == UOP_sc && latest != IR_NONE && n->arg[0] == node_of(w, latest)->arg[0] &&
            n->mem == node_of(w, latest)->mem)
            join(w, latest, (ir_val)i);
        latest = n->op == UOP_lr ? (ir_val)i : IR_NONE;
    }
}
