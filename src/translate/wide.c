/* Pass `wide`: a number that is put together from bytes in memory by loads, shifts and ors is one
 * load. (Compilers do so for what may be misaligned.)
 *
 * Needs nodes as fold leaves them. The wide load stands where the first of the bytes was loaded. If
 * it faults, the interpreter goes on from there and comes to the byte that is due: `again`. All
 * partial results are made from the wide one; most of them are dead then.
 *
 * Bytes are loaded earlier than in the program, so no other access, fence or exit may lie between;
 * but for loads of other bytes off the same register, which have no order among themselves (manual
 * I, "RVWMO": loads of the same byte have). */
#include "translate/block.h"

#include <string.h>

enum { BYTES_MAX = 8 };

struct gather {
    struct work *w;
    ir_val base;            /* address of byte 0: a value and a displacement */
    int64_t displacement;   /* of byte 0 */
    ir_val load[BYTES_MAX]; /* of each byte, or IR_NONE */
    unsigned n;             /* how many */
    bool sign;              /* the last of four is the sign of all above */
    ir_val first, last;     /* of the loads */
    ir_val wide;
};

/* The address as a value and a displacement. */
static ir_val split_address(const struct work *w, ir_val addr, int64_t *displacement)
{
    const struct node *a = &w->nodes.data[addr];
    bool displaced = a->op == UOP_add && a->type == IR_I64 && a->has_imm;
    *displacement = displaced ? (int64_t)a->imm : 0;
    return displaced ? a->arg[0] : addr;
}

/* Which byte of a number does node v give, in its place? */
static bool is_piece(const struct work *w, ir_val v, ir_val *load, unsigned *k, bool *sign)
{
    const struct node *n = &w->nodes.data[v];
    *sign = n->op == UOP_sext && n->arg_type == IR_I32;
    *k = 0;
    if (*sign)
        n = &w->nodes.data[v = n->arg[0]];
    if (n->op == UOP_shl && n->has_imm && n->imm % 8 == 0 && n->type == (*sign ? IR_I32 : IR_I64)) {
        *k = (unsigned)n->imm / 8;
        v = n->arg[0];
    }
    *load = v;
    n = &w->nodes.data[v];
    return n->op == UOP_load && n->mem == IR_U8 && n->state == NODE_EMIT && (!*sign || *k == 3);
}

/* The nodes of its address become others: they must be there (is_private: and be no one else's). */
static bool has_room(const struct work *w, ir_val load)
{
    const struct ir_uop *u = w->ir->uops.data;
    return load >= 3 && u[load].arg[0] == load - 1 && u[load - 1].op == UOP_add &&
           u[load - 1].arg[1] == load - 2 && u[load - 2].op == UOP_const;
}

static bool add_piece(struct gather *g, ir_val v)
{
    ir_val load;
    int64_t displacement;
    unsigned k;
    bool sign;
    if (!is_piece(g->w, v, &load, &k, &sign) || g->load[k] != IR_NONE || !has_room(g->w, load))
        return false;
    ir_val base = split_address(g->w, node_of(g->w, load)->arg[0], &displacement);
    displacement -= (int64_t)k;
    if (node_is_const(g->w, base) ||
        (g->n > 0 && (base != g->base || displacement != g->displacement)))
        return false;
    g->base = base;
    g->displacement = displacement;
    g->sign |= sign;
    g->first = g->n ? MIN(g->first, load) : load;
    g->last = g->n ? MAX(g->last, load) : load;
    g->load[k] = load;
    g->n++;
    return true;
}

static bool is_or(const struct node *n)
{
    return n->op == UOP_or && n->type == IR_I64 && !n->has_imm && n->state == NODE_EMIT;
}

static bool collect(struct gather *g, ir_val v)
{
    const struct node *n = node_of(g->w, v);
    if (g->n == BYTES_MAX)
        return false;
    return is_or(n) ? collect(g, n->arg[0]) && collect(g, n->arg[1]) : add_piece(g, v);
}

/* Bytes 0 to n - 1? */
static bool is_whole(const struct gather *g)
{
    for (unsigned k = 0; k < g->n; k++)
        if (g->load[k] == IR_NONE)
            return false;
    return g->n == 2 || g->n == 4 || (g->n == 8 && !g->sign);
}

static bool is_own(const struct gather *g, ir_val v)
{
    for (unsigned k = 0; k < g->n; k++)
        if (g->load[k] == v)
            return true;
    return false;
}

/* Does the load read none of the number's bytes, for certain? */
static bool reads_elsewhere(const struct gather *g, const struct node *n)
{
    int64_t displacement, bytes = 1 << n->mem / 2;
    return n->op == UOP_load && split_address(g->w, n->arg[0], &displacement) == g->base &&
           (displacement + bytes <= g->displacement ||
            displacement >= g->displacement + (int64_t)g->n);
}

/* Is node v of a load's address an operand of something else? */
static bool is_shared(const struct gather *g, ir_val v, ir_val user)
{
    for (unsigned k = 0; k < g->n; k++)
        if ((v == g->load[k] - 1 && user != g->load[k]) || v == g->load[k] - 2)
            return true;
    return false;
}

static bool is_private(const struct gather *g)
{
    for (ir_val i = g->first; i < g->w->nodes.len; i++) {
        const struct node *n = node_of(g->w, i);
        for (unsigned k = 0; k < 3 && n->state == NODE_EMIT; k++)
            if (n->arg[k] != IR_NONE && n->arg[k] + 2 >= g->first && n->arg[k] < g->last &&
                is_shared(g, n->arg[k], i))
                return false;
    }
    return true;
}

static bool is_undisturbed(const struct gather *g)
{
    for (ir_val i = g->first; i < g->last; i++) {
        const struct node *n = node_of(g->w, i);
        if (n->state == NODE_EMIT && node_is_ordered(n) && !is_own(g, i) && !reads_elsewhere(g, n))
            return false;
    }
    return true;
}

/* Node i becomes v op constant. */
static ir_val make(struct gather *g, ir_val i, enum uop op, ir_val v, uint64_t imm)
{
    *node_of(g->w, i) = (struct node){.op = (uint8_t)op,
                                      .type = IR_I64,
                                      .arg_type = IR_I64,
                                      .width = 64,
                                      .has_imm = true,
                                      .pair = IR_NONE,
                                      .number = i,
                                      .imm = imm,
                                      .arg = {v, IR_NONE, IR_NONE}};
    return i;
}

/* The wide load and its address among the nodes of the first byte's load, before node `end`. */
static bool make_wide(struct gather *g, ir_val end)
{
    struct work *w = g->w;
    ir_val addr = g->base;
    g->wide = end - 1;
    if (g->displacement) {
        addr = g->wide - 1;
        if (addr + 3 == g->first && /* not of a constant, but of the register */
            (node_of(w, addr)->op != UOP_get || node_of(w, addr)->state != NODE_DEAD))
            return false;
        make(g, addr, UOP_add, g->base, (uint64_t)g->displacement);
    }
    make(g, g->wide, UOP_load, addr, 0);
    struct node *wide = node_of(w, g->wide);
    wide->has_imm = false;
    wide->mem = g->n == 2 ? IR_U16 : g->n == 8 ? IR_U64 : g->sign ? IR_S32 : IR_U32;
    wide->width = g->sign ? 64 : (uint8_t)(8 * g->n);
    wide->facts = (g->n == 2 || g->sign ? FACT_SX32 : 0) | (g->n <= 4 && !g->sign ? FACT_ZX32 : 0);
    wide->may_leave = BASE_PRECISE;
    wide->again = true;
    return true;
}

/* The loads of single bytes: what they gave, from the wide one. */
static bool replace_loads(struct gather *g)
{
    bool lowest = g->load[0] == g->first;
    if (!make_wide(g, g->first - !lowest))
        return false;
    for (unsigned k = 0; k < g->n; k++) {
        ir_val i = g->load[k];
        make(g, i, UOP_and, k ? make(g, i - 1, UOP_shr, g->wide, 8 * k) : g->wide, 0xff);
        node_of(g->w, i)->width = 8;
        node_of(g->w, i)->facts = FACT_SX32 | FACT_ZX32;
    }
    return true;
}

/* Node v of the tree: the bits of the wide load that it has. Returns them. */
static uint64_t replace_tree(struct gather *g, ir_val v)
{
    const struct node *n = node_of(g->w, v);
    uint64_t bits;
    if (is_or(n)) {
        ir_val other = n->arg[1];
        bits = replace_tree(g, n->arg[0]);
        bits |= replace_tree(g, other);
    } else if (n->op == UOP_sext) {
        bits = ~UINT64_C(0) << 24;
    } else if (n->op == UOP_shl) {
        bits = UINT64_C(0xff) << n->imm;
    } else {
        return 0xff; /* the lowest byte itself */
    }
    make(g, v, UOP_and, g->wide, bits);
    node_of(g->w, v)->width = (uint8_t)(64 - __builtin_clzll(bits));
    node_of(g->w, v)->facts = bits < UINT64_C(1) << 32 ? FACT_ZX32 : 0;
    return bits;
}

static void replace(struct gather *g, ir_val root)
{
    struct work *w = g->w;
    if (!replace_loads(g))
        return;
    replace_tree(g, root);
    node_of(w, root)->state = NODE_DEAD;
    for (ir_val i = root + 1; i < w->nodes.len; i++)
        for (unsigned k = 0; k < 3; k++)
            if (node_of(w, i)->arg[k] == root)
                node_of(w, i)->arg[k] = g->wide;
}

void pass_wide(struct work *w)
{
    if (!pass_on(w, PASS_WIDE) || !work_has(w, UOP_or))
        return;
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct gather g = {.w = w};
        if (!is_or(node_of(w, (ir_val)i)))
            continue;
        memset(g.load, 0xff, sizeof(g.load)); /* IR_NONE */
        if (collect(&g, (ir_val)i) && is_whole(&g) && is_undisturbed(&g) && is_private(&g))
            replace(&g, (ir_val)i);
    }
}
