/* Host code of multiplications of double width and of divisions, which want rax and rdx. */
#include "translate/x86_64/emit.h"

static unsigned size_of(const struct node *n)
{
    return n->type == IR_I32 ? 4 : 8;
}

/* first = a, and operand b elsewhere. */
static struct x86_operand fetch(struct emitter *e, const struct node *n, unsigned first,
                                unsigned size)
{
    uint64_t locked = e->locked;
    if (node_is_const(e->w, n->arg[0]))
        x86_mov_imm(e->c, first,
                    size == 4 ? (uint32_t)node_at(e, n->arg[0])->imm : node_at(e, n->arg[0])->imm);
    else
        emit_set(e, first, size, regs_get_rm(e, n->arg[0], size));
    e->locked = locked; /* a has been read */
    if (node_is_const(e->w, n->arg[1]) || regs_in_register(e, n->arg[1]))
        return gpr(size, regs_get(e, n->arg[1]));
    return regs_get_rm(e, n->arg[1], size);
}

/* Both halves of a product, or one of them; the other is the node's pair. A negative factor of
 * mulhsu is mended by the other factor, taken from the upper half. */
static void emit_product(struct emitter *e, ir_val i, ir_val high)
{
    const struct node *n = node_at(e, i), *h = node_at(e, high);
    struct x86_operand a = {0}, b;
    regs_take(e, X86_RAX);
    regs_take(e, X86_RDX);
    if (h->op == UOP_mulhsu) {
        a = regs_get_aside(e, h->arg[0], 8);
        b = regs_get_aside(e, h->arg[1], 8);
        x86_emit(e->c, X86_mov, x86_r64(X86_RAX), a);
    } else {
        b = fetch(e, n, X86_RAX, 8);
    }
    x86_emit(e->c, h->op == UOP_mulhs ? X86_imul : X86_mul, b);
    if (h->op == UOP_mulhsu) {
        struct x86_operand sign = x86_r64(regs_scratch(e, false));
        x86_emit(e->c, X86_mov, sign, a);
        x86_emit(e->c, X86_sar, sign, x86_imm(63));
        x86_emit(e->c, X86_and, sign, b);
        x86_emit(e->c, X86_sub, x86_r64(X86_RDX), sign);
    }
    regs_release_operands(e);
    if (n->pair != IR_NONE)
        regs_def_early(e, n->pair, i == high ? X86_RAX : X86_RDX);
    regs_def_at(e, i, i == high ? X86_RDX : X86_RAX);
}

void emit_multiply(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    ir_val high = n->op == UOP_mul ? n->pair : i;
    if (node_at(e, high)->op != UOP_mulhu || !host_cpu_has(e->cpu, HOST_BMI2)) {
        emit_product(e, i, high);
        return;
    }
    regs_take(e, X86_RDX);
    struct x86_operand b = fetch(e, n, X86_RDX, 8);
    regs_release_operands(e);
    struct x86_operand d = x86_r64(regs_def(e, i)), other = d;
    if (n->pair != IR_NONE) {
        regs_def_early(e, n->pair, X86_RDX);
        other = x86_r64(X86_RDX);
    }
    x86_emit(e->c, X86_mulx, i == high ? d : other, i == high ? other : d, b);
}

/* ---- division -------------------------------------------------------------------------------- */

/* By 0, and for signed ones by 0 or -1. The dividend is in rax; args[0] is the divisor. Leaves
 * quotient and remainder, both: -1 and the dividend, or its opposite and 0. */
static void cold_division(struct emitter *e, const struct cold *c)
{
    const struct node *n = c->node;
    unsigned size = size_of(n);
    struct x86_operand a = gpr(size, X86_RAX), d = gpr(size, X86_RDX), b = c->args[0];
    host_label_bind(e->c, c->at);
    if (n->op == UOP_divs || n->op == UOP_rems) {
        x86_zero(e->c, X86_RDX);
        x86_emit(e->c, X86_neg, a);
        x86_emit(e->c, X86_cmp, b, x86_imm(0));
        x86_emit(e->c, X86_jnz, x86_label(c->back));
        x86_emit(e->c, X86_neg, a);
    }
    x86_emit(e->c, X86_mov, d, a);
    x86_mov_imm(e->c, X86_RAX, size == 4 ? UINT32_MAX : UINT64_MAX);
    x86_emit(e->c, X86_jmp, x86_label(c->back));
}

/* The divisor is a constant that needs no care. */
static bool is_harmless(struct emitter *e, const struct node *n)
{
    const struct node *b = node_at(e, n->arg[1]);
    uint64_t ones = size_of(n) == 4 ? UINT32_MAX : UINT64_MAX;
    return b->op == UOP_const && (b->imm & ones) != 0 && (b->imm & ones) != ones;
}

void emit_divide(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n);
    bool is_signed = n->op == UOP_divs || n->op == UOP_rems;
    regs_take(e, X86_RAX);
    regs_take(e, X86_RDX);
    struct x86_operand b = fetch(e, n, X86_RAX, size);
    struct cold *cold = NULL;
    if (!is_harmless(e, n)) {
        cold = emit_cold(e, cold_division, n);
        cold->args[0] = b;
        if (is_signed) {
            emit_set(e, X86_RDX, size, b);
            x86_emit(e->c, X86_add, gpr(size, X86_RDX), x86_imm(1));
            x86_emit(e->c, X86_cmp, gpr(size, X86_RDX), x86_imm(1));
        } else if (b.kind == X86_OPERAND_GPR) {
            x86_emit(e->c, X86_test, b, b);
        } else {
            x86_emit(e->c, X86_cmp, b, x86_imm(0));
        }
        x86_emit(e->c, x86_jcc(is_signed ? X86_BE : X86_E), x86_label(cold->at));
    }
    if (is_signed)
        x86_emit0(e->c, size == 4 ? X86_cdq : X86_cqo);
    else
        x86_zero(e->c, X86_RDX);
    x86_emit(e->c, is_signed ? X86_idiv : X86_div, b);
    if (cold)
        host_label_bind(e->c, cold->back);
    regs_release_operands(e);
    bool quotient = n->op == UOP_divs || n->op == UOP_divu;
    if (n->pair != IR_NONE)
        regs_def_early(e, n->pair, quotient ? X86_RDX : X86_RAX);
    regs_def_at(e, i, quotient ? X86_RAX : X86_RDX);
}
