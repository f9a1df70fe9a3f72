/* Pass `boxes`: singles whose upper halves nobody reads.
 *
 * A single is boxed in its 64-bit register: the upper half is all ones (The RISC-V Instruction Set
 * Manual I, "NaN Boxing of Narrower Values"). What is loaded must be boxed by an instruction of its
 * own; results of arithmetic have the upper half of their first operand. Most are converted or used
 * up and overwritten before anybody can look at the upper half but at the fault of a load or store:
 * there the reverse table says that the register is to be boxed (RECIPE_BOX).
 *
 * Needs what lives (NODE_EMIT), and of puts whether only faults show them (node.again, of pass
 * `late`). Leaves node.read of singles: 32 if nobody wants more. */
#include "translate/block.h"

enum { NOT_BOXED = 32, BOXED = 64 };

/* Does the code of n want the upper half of operand k, `of`, or hand it on to one who does? */
static bool wants_box(const struct node *n, unsigned k, const struct node *of)
{
    if (n->slow)
        return true;
    bool of_singles = n->type == IR_F32; /* and not of the 64 bits of a register that has one */
    switch ((enum uop)n->op) {
    case UOP_put:
        return !n->again || of->type != IR_F32;
    case UOP_store: /* of the bits of a register, or where they say */
        return k == 0 || (n->mem != IR_U32 && n->mem != IR_S32);
    case UOP_feq:
    case UOP_flt:
    case UOP_fle:
    case UOP_f2s:
    case UOP_f2u:
    case UOP_fclass:
        return n->arg_type != IR_F32;
    case UOP_fwiden:
    case UOP_bits32:
        return false;
    case UOP_fadd:
    case UOP_fsub:
    case UOP_fmul:
    case UOP_fdiv:
    case UOP_fsqrt:
        return !of_singles || (k == 0 && n->read == BOXED);
    case UOP_fma:
        return !of_singles || (k == 2 && n->read == BOXED);
    case UOP_fmin:
    case UOP_fmax:
    case UOP_fneg:
        return !of_singles || n->read == BOXED;
    case UOP_bits:
        return n->read == BOXED;
    default:
        return true;
    }
}

static bool is_asked(const struct node *n)
{
    return n->type == IR_F32 || n->op == UOP_bits;
}

void pass_boxes(struct work *w)
{
    if (!work_has(w, UOP_float32))
        return;
    bool on = pass_on(w, PASS_BOXES) && w->float_code && w->fma;
    for (size_t i = 0; i < w->nodes.len; i++)
        if (is_asked(&w->nodes.data[i]))
            w->nodes.data[i].read = on ? NOT_BOXED : BOXED;
    for (size_t i = w->nodes.len; i-- > 0;) {
        const struct node *n = &w->nodes.data[i];
        for (unsigned k = 0; k < 3 && n->arg[k] != IR_NONE && n->state != NODE_DEAD; k++) {
            struct node *of = node_of(w, n->arg[k]);
            if (is_asked(of) && wants_box(n, k, of))
                of->read = BOXED;
        }
    }
}
