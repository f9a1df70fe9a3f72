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
    ir_val root;            /* the or of all */
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

static bool add_piece(struct gather *g, ir_val v)
{
    ir_val load;
    int64_t displacement;
    unsigned k;
    bool sign;
    if (!is_piece(g->w, v, &load, &k, &sign) || g->load[k] != IR_NONE)
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

static bool is_undisturbed(const struct gather *g)
{
    for (ir_val i = g->first; i < g->last; i++) {
        const struct node *n = node_of(g->w, i);
        if (n->state == NODE_EMIT && node_is_ordered(n) && !is_own(g, i) && !reads_elsewhere(g, n))
            return false;
    }
    return true;
}

/* Room for n nodes: node `at` and what follows moves up. */
static void insert(struct gather *g, ir_val at, unsigned n)
{
    struct work *w = g->w;
    vec_reserve(&w->nodes, w->nodes.len + n);
    memmove(node_of(w, at) + n, node_of(w, at), (w->nodes.len - at) * sizeof(struct node));
    w->nodes.len += n;
    for (size_t i = at + n; i < w->nodes.len; i++)
        for (unsigned k = 0; k < 3; k++)
            if (w->nodes.data[i].arg[k] != IR_NONE && w->nodes.data[i].arg[k] >= at)
                w->nodes.data[i].arg[k] += n;
    for (unsigned k = 0; k < g->n; k++)
        g->load[k] += g->load[k] >= at ? n : 0;
    g->root += n;
}

/* Node i becomes v op constant; listings call it v`number`. */
static void make(struct gather *g, ir_val i, ir_val number, enum uop op, ir_val v, uint64_t imm)
{
    *node_of(g->w, i) = (struct node){.op = (uint8_t)op,
                                      .type = IR_I64,
                                      .arg_type = IR_I64,
                                      .arg = {v, IR_NONE, IR_NONE},
                                      .pair = IR_NONE,
                                      .imm = imm,
                                      .width = 64,
                                      .has_imm = true,
                                      .number = number};
}

/* The wide load and its address before the first byte's load. */
static void make_wide(struct gather *g)
{
    struct work *w = g->w;
    work_add_op(w, UOP_and);
    ir_val addr = g->base, at = g->first;
    /* That of a µop which is no node any more: its address's constant. */
    ir_val number = (ir_val)(node_of(w, at)->number - 2);
    insert(g, at, 1 + (g->displacement != 0));
    if (g->displacement) {
        make(g, at, (ir_val)(number - 1), UOP_add, g->base, (uint64_t)g->displacement);
        addr = at++;
    }
    make(g, at, number, UOP_load, addr, 0);
    g->wide = at;
    struct node *wide = node_of(w, at);
    wide->has_imm = false;
    wide->mem = g->n == 2 ? IR_U16 : g->n == 8 ? IR_U64 : g->sign ? IR_S32 : IR_U32;
    wide->width = g->sign ? 64 : (uint8_t)(8 * g->n);
    wide->facts = (g->n == 2 || g->sign ? FACT_SX32 : 0) | (g->n <= 4 && !g->sign ? FACT_ZX32 : 0);
    wide->may_leave = BASE_PRECISE;
    wide->again = true;
}

/* The loads of single bytes: what they gave, from the wide one. */
static void replace_loads(struct gather *g)
{
    for (unsigned k = 0; k < g->n; k++) {
        ir_val i = g->load[k], from = g->wide, number = node_of(g->w, i)->number;
        if (k > 0) {
            insert(g, i, 1);
            make(g, i, (ir_val)(number - 1), UOP_shr, g->wide, 8 * k);
            from = i++;
        }
        make(g, i, number, UOP_and, from, 0xff);
        node_of(g->w, i)->width = 8;
        node_of(g->w, i)->facts = FACT_SX32 | FACT_ZX32;
    }
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
    make(g, v, n->number, UOP_and, g->wide, bits);
    node_of(g->w, v)->width = (uint8_t)(64 - __builtin_clzll(bits));
    node_of(g->w, v)->facts = bits < UINT64_C(1) << 32 ? FACT_ZX32 : 0;
    return bits;
}

static void replace(struct gather *g)
{
    struct work *w = g->w;
    make_wide(g);
    replace_loads(g);
    replace_tree(g, g->root);
    node_of(w, g->root)->state = NODE_DEAD;
    for (size_t i = g->root + 1u; i < w->nodes.len; i++)
        for (unsigned k = 0; k < 3; k++)
            if (w->nodes.data[i].arg[k] == g->root)
                w->nodes.data[i].arg[k] = g->wide;
}

void pass_wide(struct work *w)
{
    if (!pass_on(w, PASS_WIDE) || !work_has(w, UOP_or))
        return;
    for (size_t i = w->nodes.len; i-- > 0;) {
        if (!is_or(&w->nodes.data[i]))
            continue;
        struct gather g = {.w = w, .root = (ir_val)i};
        memset(g.load, 0xff, sizeof(g.load)); /* IR_NONE */
        if (collect(&g, g.root) && is_whole(&g) && is_undisturbed(&g))
            replace(&g);
        i = g.root; /* it has moved up */
    }
}
