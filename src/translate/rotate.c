/* Pass `rotate`: two shifts of a value, to the left and to the right, that or, xor or add joins.
 *
 * Needs what lives (NODE_EMIT) and how many use it, and leaves both so. One of the shifts at least
 * must die of it: with both wanted in their registers nothing would be saved, and the value would
 * live on to the rotation. Of the halves of two registers the left one is sign-extended, as the
 * result is; the right one has nothing to extend. */
#include "translate/block.h"

/* For users of the lower half. */
static ir_val skip_extension(struct work *w, ir_val v)
{
    const struct node *n = node_of(w, v);
    return n->op == UOP_sext || n->op == UOP_zext ? n->arg[0] : v;
}

static bool is_shift(const struct node *n, unsigned op, unsigned type)
{
    return n->op == op && n->type == type && n->has_imm;
}

/* One use less. */
static void drop(struct work *w, ir_val v)
{
    struct node *n = node_of(w, v);
    if (--n->uses > 0)
        return;
    n->state = NODE_DEAD;
    for (unsigned k = 0; k < 3; k++)
        if (n->arg[k] != IR_NONE)
            drop(w, n->arg[k]);
}

/* Node n becomes `of`, shifted round. */
static void become_rotation(struct node *n, ir_val of, unsigned count)
{
    n->op = UOP_rol;
    n->arg[0] = of;
    n->arg[1] = IR_NONE;
    n->has_imm = true;
    n->imm = count;
}

/* One of the shifts becomes the rotation, and n its sign extension. */
static void rotate_half(struct work *w, struct node *n, ir_val extended, ir_val right)
{
    ir_val left = node_of(w, extended)->arg[0];
    struct node *l = node_of(w, left), *r = node_of(w, right);
    ir_val rotation = r->uses == 1 ? right : left;
    if (r->uses > 1 && (l->uses > 1 || node_of(w, extended)->uses > 1))
        return;
    become_rotation(node_of(w, rotation), l->arg[0], (unsigned)l->imm);
    node_of(w, rotation)->uses++;
    n->op = UOP_sext;
    n->arg_type = IR_I32;
    n->arg[0] = rotation;
    n->arg[1] = IR_NONE;
    drop(w, extended);
    drop(w, right);
}

/* With the left shift in operand k? */
static bool rotate_node(struct work *w, struct node *n, unsigned k)
{
    ir_val a = n->arg[k], b = n->arg[1 - k];
    bool half = n->type == IR_I64 && node_of(w, a)->op == UOP_sext;
    unsigned type = half ? IR_I32 : n->type;
    const struct node *left = node_of(w, type == IR_I32 ? skip_extension(w, a) : a);
    const struct node *right = node_of(w, n->type == IR_I32 ? skip_extension(w, b) : b);
    if (!is_shift(left, UOP_shl, type) || !is_shift(right, UOP_shr, type) ||
        left->arg[0] != right->arg[0] || left->imm + right->imm != (type == IR_I32 ? 32 : 64) ||
        (node_of(w, a)->uses > 1 && node_of(w, b)->uses > 1))
        return false;
    if (half) {
        rotate_half(w, n, a, b);
        return true;
    }
    node_of(w, left->arg[0])->uses++;
    become_rotation(n, left->arg[0], (unsigned)left->imm);
    drop(w, a);
    drop(w, b);
    return true;
}

void pass_rotate(struct work *w)
{
    if (!pass_on(w, PASS_ROTATE) || !work_has(w, UOP_shl) || !work_has(w, UOP_shr))
        return;
    for (size_t i = 0; i < w->nodes.len; i++) {
        struct node *n = node_of(w, (ir_val)i);
        if (n->state == NODE_EMIT && (n->op == UOP_or || n->op == UOP_xor || n->op == UOP_add) &&
            !n->has_imm && n->arg[0] != n->arg[1] && !rotate_node(w, n, 0))
            rotate_node(w, n, 1);
    }
}
