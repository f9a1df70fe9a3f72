/* Pass `dead`: what nobody will miss.
 *
 * Needs may_leave. A put is dead if its register is put again with nothing between that may leave
 * the fragment: a trap or an exit shows all registers. (Pass `late` finds others on the same walk.)
 *
 * Pass `redo`: nor is a put missed if the instruction that comes next to change anything is a load
 * to the same register. If that faults, guest code goes on from the put's instruction, one by one.
 *
 *     slli a5,a5,3
 *     add  a5,a5,a4
 *     ld   a5,0(a5)        mov rbx, [r8+rbx*8]
 *
 * A pure node or a get is dead if nobody uses
 * it. Floating-point nodes raise flags and loads may fault, so they stay. Leaves the rest, in
 * NODE_EMIT, with how many of them use it; what is dead is gone. */
#include "translate/block.h"

#include <string.h>

/* The walk, backward, is between a load and the node before it that changes more than the load's
 * register. */
struct redo {
    struct node *load;      /* or NULL */
    uint16_t reg;           /* that it writes */
    uint64_t pc;            /* of its instruction, 0 if that is not known yet */
    const struct node *put; /* the first of the nodes behind, in the same instruction, that changes
                               anything */
};

static bool changes(const struct node *n)
{
    return n->state != NODE_DEAD && (n->op == UOP_put || n->may_leave || node_is_ordered(n));
}

/* The mark of node i's instruction, if nothing before it in that changes anything; else NULL. */
static const struct node *insn_of_first(struct work *w, size_t i)
{
    while (i-- > 0) {
        const struct node *n = &w->nodes.data[i];
        if (n->op == UOP_insn)
            return n;
        if (changes(n))
            return NULL;
    }
    return NULL;
}

static void redo_insn(struct redo *r, const struct node *insn)
{
    r->put = NULL;
    if (r->pc == 0)
        r->pc = insn->imm;
}

/* Is node i a put that the load makes superfluous? */
static bool redo_drops(struct work *w, struct redo *r, size_t i, bool changing)
{
    const struct node *n = &w->nodes.data[i];
    if (r->load && n->op == UOP_put && r->reg == n->reg && r->pc != 0) {
        const struct node *insn = insn_of_first(w, i);
        if (insn && r->pc - insn->imm <= UINT8_MAX) {
            r->load->again = true;
            r->load->back = (uint8_t)(r->pc - insn->imm);
            return true;
        }
    }
    if (changing)
        r->load = NULL;
    return false;
}

/* A load whose put is all that its instruction changes. */
static void redo_begin(struct work *w, struct redo *r, size_t i, bool changing)
{
    struct node *n = &w->nodes.data[i];
    if (n->op == UOP_load && n->may_leave && !n->again && r->put && r->put->op == UOP_put &&
        r->put->arg[0] == (ir_val)i && pass_on(w, PASS_REDO) && !w->fence && insn_of_first(w, i))
        *r = (struct redo){.load = n, .reg = r->put->reg};
    if (changing)
        r->put = n;
}

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

/* Returns the first of them. */
static size_t find_dead(struct work *w)
{
    size_t first = w->nodes.len;
    vec_fill(&w->overwritten, w->guest->n_regs, 0);
    struct redo redo = {0};
    late_begin(w);
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct node *n = &w->nodes.data[i];
        if (n->state == NODE_DEAD) {
            first = i;
            continue;
        }
        if (n->op == UOP_insn) {
            redo_insn(&redo, n);
            late_insn(w, n->imm);
            continue;
        }
        if (n->may_leave) {
            memset(w->overwritten.data, 0, w->overwritten.len);
            late_point(w, n);
        }
        bool changing = changes(n);
        if (redo_drops(w, &redo, i, changing) ||
            (n->op == UOP_put ? late_put(w, n, is_overwritten(w, n)) : !n->uses && !is_root(n))) {
            n->state = NODE_DEAD;
            first = i;
            continue;
        }
        redo_begin(w, &redo, i, changing);
        for (unsigned k = 0; k < 3 && n->arg[k] != IR_NONE; k++)
            w->nodes.data[n->arg[k]].uses++;
    }
    return first;
}

/* Moves the others up, from the first dead one on. */
static void close_up(struct work *w, size_t dead)
{
    struct node *nodes = w->nodes.data;
    size_t len = dead;
    vec_reserve(&w->alias, w->nodes.len);
    ir_val *place = w->alias.data; /* of each that lives */
    for (size_t i = 0; i < dead; i++)
        place[i] = (ir_val)i;
    for (size_t i = dead; i < w->nodes.len; i++) {
        const struct node *from = &nodes[i];
        if (from->state == NODE_DEAD)
            continue;
        struct node *n = &nodes[len];
        *n = *from;
        for (unsigned k = 0; k < 3 && from->arg[k] != IR_NONE; k++)
            n->arg[k] = place[from->arg[k]];
        place[i] = (ir_val)len++;
    }
    w->nodes.len = len;
    for (size_t i = 0; i < len && work_has(w, UOP_sc); i++)
        if (nodes[i].pair != IR_NONE)
            nodes[i].pair = place[nodes[i].pair];
}

void pass_dead(struct work *w)
{
    close_up(w, find_dead(w));
}
