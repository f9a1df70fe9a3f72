/* Pass `mode`: where the rounding mode is looked at.
 *
 * A block looks once whether MXCSR has the guest's mode, before the first instruction that rounds
 * (fold.c). Nothing may be missing at home there, and no result may be a NaN that nobody has looked
 * at, so what is before it gets worse code. Here the check is moved up to where floating point
 * begins: over loads, moves and conversions, but not over what ends a stretch otherwise. If it
 * fails, the interpreter has a few instructions more to do.
 *
 * Comes right after pass `fold`: nodes name each other by their operands alone. */
#include "translate/block.h"

#include <string.h>

static bool is_float(const struct node *n)
{
    return (n->type == IR_F32 || n->type == IR_F64) && n->op != UOP_get && n->op != UOP_const;
}

/* Is the check to stay behind it? */
static bool ends_stretch(const struct node *n)
{
    return n->op == UOP_setrm || (n->may_leave && n->op != UOP_load && n->op != UOP_store);
}

/* Where the first instruction begins that makes floating-point values before the check; or the
 * check's own place. */
static size_t find_place(const struct work *w, size_t check)
{
    size_t place = check;
    bool floats = false;

    for (size_t i = check; i-- > 0 && !ends_stretch(&w->nodes.data[i]);) {
        const struct node *n = &w->nodes.data[i];
        floats |= is_float(n);
        if (n->op == UOP_insn && floats) {
            place = i + 1;
            floats = false;
        }
    }
    return place;
}

static void move_up(struct work *w, size_t from, size_t to)
{
    struct node *nodes = w->nodes.data, moved = nodes[from];

    memmove(&nodes[to + 1], &nodes[to], (from - to) * sizeof(*nodes));
    nodes[to] = moved;
    for (size_t i = to + 1; i < w->nodes.len; i++)
        for (unsigned k = 0; k < 3 && nodes[i].arg[k] != IR_NONE; k++)
            nodes[i].arg[k] += nodes[i].arg[k] >= to && nodes[i].arg[k] < from;
}

void pass_mode(struct work *w)
{
    if (!work_has(w, UOP_checkrm) || !pass_on(w, PASS_MODE))
        return;
    for (size_t i = 0; i < w->nodes.len; i++) {
        if (w->nodes.data[i].op != UOP_checkrm || w->nodes.data[i].state == NODE_DEAD)
            continue;
        size_t place = find_place(w, i);
        if (place < i)
            move_up(w, i, place);
    }
}
