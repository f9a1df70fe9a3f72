/* Pass `hints`: what the allocation of registers wants to know beforehand.
 *
 * Needs what is fused. Leaves in each node: how many emitted users it has and the last of them; and
 * the guest register that it goes to next, itself or through a chain of nodes that have no other
 * operand to keep, so that it can be made in that register's place. */
#include "translate/block.h"

struct counting {
    struct work *w;
    uint32_t user;
};

static void count_use(void *arg, ir_val v)
{
    struct counting *c = arg;
    struct node *n = &c->w->nodes.data[v];
    n->uses++;
    n->last = c->user;
}

static void count_uses(struct work *w)
{
    for (size_t i = 0; i < w->nodes.len; i++)
        w->nodes.data[i].uses = 0;
    for (size_t i = 0; i < w->nodes.len; i++) {
        struct counting c = {w, (uint32_t)i};
        if (w->nodes.data[i].state == NODE_EMIT)
            node_each_operand(w, &w->nodes.data[i], count_use, &c);
    }
}

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
    struct node *of = &w->nodes.data[v];
    if (of->uses == 1 && of->hint == 0 && is_float_type(of->type) == is_float_type(n->type)) {
        of->hint = n->hint;
        of->hint_at = n->hint_at;
    }
}

void pass_hints(struct work *w)
{
    uint32_t leave = (uint32_t)w->nodes.len;
    count_uses(w);
    w->next_leave.len = 0;
    vec_reserve(&w->next_leave, w->nodes.len + 1);
    w->next_leave.len = w->nodes.len + 1;
    w->next_leave.data[w->nodes.len] = leave;
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct node *n = &w->nodes.data[i];
        if (n->state == NODE_EMIT && n->may_leave)
            leave = (uint32_t)i;
        w->next_leave.data[i] = leave;
        if (n->state != NODE_EMIT || !pass_on(w, PASS_HINTS))
            continue;
        if (n->op == UOP_put) {
            w->nodes.data[n->arg[0]].hint = (uint16_t)(n->reg + 1);
            w->nodes.data[n->arg[0]].hint_at = (uint32_t)i;
        } else if (n->hint) {
            hint_operand(w, n);
        }
    }
}
