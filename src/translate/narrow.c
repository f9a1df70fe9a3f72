/* Pass `narrow`: extensions and masks whose bits nobody reads.
 *
 * Needs what lives (NODE_EMIT) and how many use it, and leaves both so. Of each node it is found
 * how many of its lower bits count for anybody: sums and the like hand the question on to their
 * operands. An extension or a mask that leaves alone all that counts of it is dead, and its users
 * read past it. What was known of the upper bits of values (facts, width) holds no longer. */
#include "translate/block.h"

static unsigned width_of(uint64_t value)
{
    return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

static unsigned shift_bits_read(const struct node *n, unsigned k, unsigned size)
{
    unsigned count = n->has_imm ? (unsigned)n->imm : 0;
    if (k == 1)
        return size == 32 ? 5 : 6;
    if (n->op == UOP_shl)
        return n->read > count ? n->read - count : 0;
    return n->has_imm ? MIN(size, n->read + count) : size;
}

/* How many bits of operand k count. */
static unsigned bits_read(const struct node *n, unsigned k)
{
    unsigned size = n->type == IR_I32 ? 32 : 64, read = MIN(n->read, size);
    if (n->type != IR_I32 && n->type != IR_I64 && n->op != UOP_store)
        return n->arg_type == IR_I32 && uop_infos[n->op].class == UOP_CLASS_pure ? 32 : 64;
    switch ((enum uop)n->op) {
    case UOP_add:
    case UOP_sub:
    case UOP_mul:
    case UOP_or:
    case UOP_xor:
        return read;
    case UOP_and:
        return n->has_imm && n->imm ? MIN(read, width_of(n->imm)) : read;
    case UOP_select:
        return k == 0 ? 64 : read;
    case UOP_shl:
    case UOP_shr:
    case UOP_sar:
        return MIN(size, shift_bits_read(n, k, size));
    case UOP_sext8:
    case UOP_zext8:
        return MIN(read, 8);
    case UOP_sext16:
    case UOP_zext16:
        return MIN(read, 16);
    case UOP_sext:
    case UOP_zext:
        return MIN(read, 32);
    case UOP_store:
        return k == 1 ? 8u << n->mem / 2 : 64;
    default:
        return n->arg_type == IR_I32 && uop_infos[n->op].class == UOP_CLASS_pure ? 32 : 64;
    }
}

/* How many of its operand's lower bits does the node hand on? */
static unsigned bits_kept(const struct node *n)
{
    switch ((enum uop)n->op) {
    case UOP_sext:
    case UOP_zext:
        return 32;
    case UOP_sext8:
    case UOP_zext8:
        return 8;
    case UOP_sext16:
    case UOP_zext16:
        return 16;
    case UOP_and: /* ones from the lowest on */
        return n->has_imm ? (unsigned)__builtin_ctzll(~n->imm | UINT64_C(1) << 63) : 0;
    default:
        return 0;
    }
}

/* Backward: all who read a node are seen before it. Has one of them died? */
static bool narrow_reads(struct work *w)
{
    bool died = false;
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct node *n = node_of(w, (ir_val)i);
        if (n->state == NODE_DEAD)
            continue;
        if (bits_kept(n) && n->read <= bits_kept(n)) {
            n->state = NODE_DEAD;
            died = true;
            node_of(w, n->arg[0])->uses += n->uses - 1;
        }
        for (unsigned k = 0; k < 3 && n->arg[k] != IR_NONE; k++) {
            struct node *of = node_of(w, n->arg[k]);
            of->read = (uint8_t)MAX(of->read, n->state == NODE_DEAD ? n->read : bits_read(n, k));
        }
    }
    return died;
}

static bool has_any(const struct work *w)
{
    bool any = work_has(w, UOP_and);
    for (unsigned op = UOP_low; op <= UOP_zext16; op++)
        any |= work_has(w, op);
    return any;
}

void pass_narrow(struct work *w)
{
    if (!pass_on(w, PASS_NARROW) || !has_any(w) || !narrow_reads(w))
        return;
    for (size_t i = 0; i < w->nodes.len; i++) {
        struct node *n = node_of(w, (ir_val)i);
        for (unsigned k = 0; k < 3 && n->state != NODE_DEAD; k++)
            while (n->arg[k] != IR_NONE && node_of(w, n->arg[k])->state == NODE_DEAD)
                n->arg[k] = node_of(w, n->arg[k])->arg[0];
    }
}
