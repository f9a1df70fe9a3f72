/* Pass `hints`: what the allocation of registers wants to know beforehand.
 *
 * Needs what is fused. Leaves in each node: how many emitted users it has and the last of them; and
 * the guest register that it goes to next, itself or through a chain of nodes that have no other
 * operand to keep, so that it can be made in that register's place. */
#include "translate/block.h"

static bool is_float_type(unsigned type)
{
    return type == IR_F32 || type == IR_F64;
}

/* Which operand is made into the result, step by step? */
static ir_val chained_operand(const struct work *w, const struct node *n)
{
    if (n->op == UOP_sub && node_is_const(w, n->arg[0])) /* a negation */
        return n->arg[1];
    return n->op == UOP_fma ? n->arg[2] : n->op == UOP_select ? n->arg[2] : n->arg[0];
}

static void hint_operand(struct work *w, const struct node *n)
{
    ir_val v = chained_operand(w, n);
    if (v == IR_NONE)
        return;
    struct node *of = node_of(w, v);
    if (of->state != NODE_FUSED && of->hint == 0 &&
        is_float_type(of->type) == is_float_type(n->type)) {
        of->hint = n->hint;
        of->hint_at = n->hint_at;
        of->chained = true;
    }
}

/* Of a node all users of which have been looked at. */
static void hint(struct work *w, struct node *n, size_t i)
{
    if (n->chained && n->uses != 1)
        n->hint = 0; /* somebody else reads it too */
    if (n->state != NODE_EMIT)
        return;
    if (n->op == UOP_put) {
        struct node *of = node_of(w, n->arg[0]);
        of->hint = (uint16_t)(n->reg + 1);
        of->hint_at = (uint16_t)i;
        of->chained = false;
    } else if (n->hint) {
        hint_operand(w, n);
    }
}

/* Node i reads its operands; if it is fused, all its users do instead. */
static void count_uses(struct work *w, struct node *n, size_t i)
{
    bool fused = n->state == NODE_FUSED;
    uint16_t uses = fused ? n->uses : 1, last = fused ? n->last : (uint16_t)i;
    for (unsigned k = 0; k < 3 && n->arg[k] != IR_NONE; k++) {
        struct node *of = node_of(w, n->arg[k]);
        of->uses += uses;
        of->last = MAX(of->last, last);
    }
    if (fused)
        n->uses = 0;
}

/* Backward, so that all users of a node are seen before it. */
void pass_hints(struct work *w)
{
    uint32_t leave = (uint32_t)w->nodes.len;
    vec_reserve(&w->next_leave, w->nodes.len + 1);
    w->next_leave.data[w->nodes.len] = (uint16_t)leave;
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct node *n = &w->nodes.data[i];
        if (n->state == NODE_EMIT && n->may_leave)
            leave = (uint32_t)i;
        w->next_leave.data[i] = (uint16_t)leave;
        if (n->op == UOP_insn)
            continue;
        if (n->state == NODE_EMIT || n->state == NODE_FUSED)
            count_uses(w, n, i);
        if (pass_on(w, PASS_HINTS))
            hint(w, n, i);
    }
}
