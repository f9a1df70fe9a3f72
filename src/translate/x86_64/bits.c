/* Host code of operations on single bits that pass `bits` (fuse.c) has joined: the node's second
 * operand is fused.
 *
 *   x & ~y          andn         x | 1 << y       bts
 *   x & (x - 1)     blsr         x ^ 1 << y       btc
 *   x & -x          blsi         x & ~(1 << y)    btr
 *
 * bts and its like take the bit's number modulo 64 where the operand is a register. */
#include "translate/x86_64/emit.h"

/* andn, blsr, blsi: without a copy of x. other: y, or IR_NONE. */
static void emit_mask_bits(struct emitter *e, ir_val i, enum x86_insn insn, ir_val other)
{
    struct x86_operand y = {0}, x;
    if (other != IR_NONE)
        y = x86_r64(regs_get(e, other));
    x = regs_get_rm(e, node_at(e, i)->arg[0], 8);
    regs_release_operands(e);
    struct x86_operand d = x86_r64(regs_def(e, i));
    if (other == IR_NONE)
        x86_emit(e->c, insn, d, x);
    else
        x86_emit(e->c, insn, d, y, x);
}

/* d = x; op d, y. The number of the bit must survive the copy: it is released last. */
static void emit_one_bit(struct emitter *e, ir_val i, enum x86_insn insn, ir_val number)
{
    unsigned y = regs_get(e, number);
    const struct node *n = node_at(e, i);
    struct x86_operand x = regs_get_rm(e, n->arg[0], 8);
    regs_release_arg(e, n->arg[0]);
    unsigned d = regs_def(e, i);
    emit_set(e, d, 8, x);
    x86_emit(e->c, insn, x86_r64(d), x86_r64(y));
    regs_release_arg(e, n->arg[1]);
}

static bool is_fused(struct emitter *e, ir_val v, enum uop op)
{
    return v != IR_NONE && node_at(e, v)->state == NODE_FUSED && node_at(e, v)->op == op;
}

bool emit_bit_idiom(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    if (n->has_imm || n->type != IR_I64 || n->arg[1] == IR_NONE)
        return false;
    const struct node *fused = node_at(e, n->arg[1]);
    if (n->op != UOP_and) {
        bool joined = (n->op == UOP_or || n->op == UOP_xor) && is_fused(e, n->arg[1], UOP_shl);
        if (joined)
            emit_one_bit(e, i, n->op == UOP_or ? X86_bts : X86_btc, fused->arg[1]);
        return joined;
    }
    if (is_fused(e, n->arg[1], UOP_add))
        emit_mask_bits(e, i, X86_blsr, IR_NONE);
    else if (is_fused(e, n->arg[1], UOP_sub))
        emit_mask_bits(e, i, X86_blsi, IR_NONE);
    else if (is_fused(e, n->arg[1], UOP_xor) && is_fused(e, fused->arg[0], UOP_shl))
        emit_one_bit(e, i, X86_btr, node_at(e, fused->arg[0])->arg[1]);
    else if (is_fused(e, n->arg[1], UOP_xor))
        emit_mask_bits(e, i, X86_andn, fused->arg[0]);
    else
        return false;
    return true;
}
