/* Pass `narrow`: extensions and masks whose bits nobody reads.
 *
 * Needs what lives (NODE_EMIT) and how many use it, and leaves both so. A node that reads only the
 * lower bits of an operand reads past an extension or a mask that leaves those bits alone, if it is
 * the only reader: the extension is dead then. (With other readers nothing would be saved, and the
 * value would want a register longer.) */
#include "translate/block.h"

static unsigned width_of(uint64_t value)
{
    return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

/* How many bits of operand k count. */
static unsigned bits_read(const struct node *n, unsigned k)
{
    if (n->arg_type == IR_I32 && uop_infos[n->op].class == UOP_CLASS_pure && n->op != UOP_select)
        return 32;
    switch ((enum uop)n->op) {
    case UOP_sext8:
    case UOP_zext8:
        return 8;
    case UOP_sext16:
    case UOP_zext16:
        return 16;
    case UOP_and:
        return n->has_imm && n->imm ? width_of(n->imm) : 64;
    case UOP_shl:
        return n->has_imm && n->type == IR_I64 ? 64 - (unsigned)n->imm : 64;
    case UOP_store:
        return k == 1 ? 8u << n->mem / 2 : 64;
    default:
        return 64;
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

void pass_narrow(struct work *w)
{
    if (!pass_on(w, PASS_NARROW))
        return;
    /* Backward: what is read past is dead before it is looked at itself. */
    for (size_t i = w->nodes.len; i-- > 0;) {
        struct node *n = node_of(w, (ir_val)i);
        if (n->state != NODE_EMIT)
            continue;
        for (unsigned k = 0; k < 2; k++) {
            unsigned bits = bits_read(n, k);
            while (n->arg[k] != IR_NONE && node_of(w, n->arg[k])->uses == 1 &&
                   bits_kept(node_of(w, n->arg[k])) >= bits) {
                struct node *past = node_of(w, n->arg[k]);
                past->state = NODE_DEAD;
                n->arg[k] = past->arg[0];
            }
        }
    }
}
