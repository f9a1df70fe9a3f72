/* Host code of fclass (The RISC-V Instruction Set Manual I, "Floating-Point Classify"): which bit
 * of ten is set.
 *
 * Without the sign the bits of a number order like the numbers: zero, subnormal, normal, infinity,
 * signaling and quiet NaN, six ranges with five borders. The position among them is counted with
 * the borrow of each comparison. From 4 on it is the class of a positive number or a NaN; negative
 * numbers stand the other way round, 3 to 0, which is the same position with three bits flipped. */
#include "translate/x86_64/emit.h"

enum { FIRST_POSITIVE = 4, FIRST_NAN = 8, MIRROR = 7 };

/* The borders, of magnitudes shifted left by one. */
static const struct {
    uint64_t f64;
    uint32_t f32;
} borders[] = {
    {1, 1},                                 /* not zero */
    {UINT64_C(1) << 53, UINT32_C(1) << 24}, /* normal */
    {FP_INF_f64 << 1, FP_INF_f32 << 1},     /* infinity */
    {(FP_INF_f64 << 1) + 1, (FP_INF_f32 << 1) + 1},
    {FP_NAN_f64 << 1, FP_NAN_f32 << 1}, /* quiet */
};

void emit_classify(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = n->arg_type == IR_F32;
    unsigned size = single ? 4 : 8, a = regs_get(e, n->arg[0]);
    struct x86_operand magnitude = gpr(size, regs_scratch(e, false));
    struct x86_operand mirrored = x86_r32(regs_scratch(e, false)), d = x86_r32(regs_def(e, i));
    x86_emit(e->c, single ? X86_vmovd : X86_vmovq, magnitude, vec(a));
    x86_emit(e->c, X86_add, magnitude, magnitude);
    x86_emit(e->c, X86_sbb, mirrored, mirrored); /* all ones if negative */
    x86_mov_imm(e->c, d.reg, FIRST_POSITIVE);
    for (unsigned k = 0; k < ARRAY_LEN(borders); k++) {
        x86_emit(e->c, X86_cmp, magnitude,
                 single                ? x86_imm((int32_t)borders[k].f32)
                 : borders[k].f64 == 1 ? x86_imm(1)
                                       : host_constant_u64(e->c, borders[k].f64));
        x86_emit(e->c, X86_sbb, d, x86_imm(-1)); /* + 1 if not below */
    }
    x86_emit(e->c, X86_and, mirrored, x86_imm(MIRROR));
    x86_emit(e->c, X86_xor, mirrored, d);
    x86_emit(e->c, X86_cmp, d, x86_imm(FIRST_NAN));
    x86_emit(e->c, X86_cmovb, d, mirrored);
    x86_emit(e->c, X86_mov, mirrored, d);
    x86_zero(e->c, d.reg);
    x86_emit(e->c, X86_bts, d, mirrored);
    regs_release_operands(e);
}
