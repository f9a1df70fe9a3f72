/* Host code of floating-point nodes, for processors with AVX; without it all of them go through
 * CODE_HELPER_UOP.
 *
 * MXCSR is the guest's: its flags are set by the operations themselves, and its mode is the guest's
 * dynamic one as long as that is one of the host's (frm 0 to 3). A fragment leaves for the
 * interpreter when it is not; a static mode is RNE, which is checked likewise, or slow. Results
 * that are NaNs become the canonical one before anybody can see them (nans.c).
 *
 * Singles are boxed in their registers all the time: scalar operations copy the upper part of their
 * first source. */
#include "translate/x86_64/emit.h"

#define BOX_BITS UINT64_C(0xffffffff00000000)

static bool is_single(unsigned type)
{
    return type == IR_F32;
}

static unsigned bytes_of(unsigned type)
{
    return type == IR_F32 || type == IR_I32 ? 4 : 8;
}

/* The same 64 bits twice. */
static struct x86_operand pair(struct emitter *e, uint64_t bits)
{
    uint64_t two[2] = {bits, bits};
    return host_constant(e->c, two, sizeof(two));
}

static uint64_t sign_bit(unsigned type)
{
    return is_single(type) ? 0x80000000u : FP_SIGN_f64;
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

static enum x86_insn arithmetic_insn(unsigned op, bool single)
{
    switch (op) {
    case UOP_fadd:
        return single ? X86_vaddss : X86_vaddsd;
    case UOP_fsub:
        return single ? X86_vsubss : X86_vsubsd;
    case UOP_fmul:
        return single ? X86_vmulss : X86_vmulsd;
    case UOP_fdiv:
        return single ? X86_vdivss : X86_vdivsd;
    default:
        return single ? X86_vsqrtss : X86_vsqrtsd;
    }
}

static void emit_arithmetic(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = is_single(n->type);
    struct x86_operand a = vec(regs_get(e, n->arg[0]));
    struct x86_operand b = n->op == UOP_fsqrt ? a : regs_get_rm(e, n->arg[1], bytes_of(n->type));
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    x86_emit(e->c, arithmetic_insn(n->op, single), vec(d), a, b);
    nans_note(e, i);
}

ir_val emit_strip_sign(struct emitter *e, ir_val v, bool *negative)
{
    const struct node *n = node_at(e, v);
    if (n->op != UOP_fneg || n->state != NODE_FUSED)
        return v;
    *negative = !*negative;
    return emit_strip_sign(e, n->arg[0], negative);
}

static enum x86_insn fma_insn(bool single, bool negative_product, bool negative_sum)
{
    if (negative_product)
        return negative_sum ? (single ? X86_vfnmsub231ss : X86_vfnmsub231sd)
                            : (single ? X86_vfnmadd231ss : X86_vfnmadd231sd);
    return negative_sum ? (single ? X86_vfmsub231ss : X86_vfmsub231sd)
                        : (single ? X86_vfmadd231ss : X86_vfmadd231sd);
}

/* An operand of a node that wants more registers than may be left: in one if `spare` are, else in
 * memory. */
static struct x86_operand get_spare(struct emitter *e, ir_val v, unsigned spare, unsigned size)
{
    return node_is_const(e->w, v) || regs_available(e, true) >= spare ? regs_get_rm(e, v, size)
                                                                      : regs_get_aside(e, v, size);
}

static void set_vector(struct emitter *e, unsigned d, struct x86_operand from)
{
    if (from.kind == X86_OPERAND_VECTOR) {
        regs_move(e, d, from.reg + REG_VECTOR);
    } else {
        from.size = 8;
        regs_load(e, d, from);
    }
}

/* d = c; d += a * b. The result must not overwrite a or b: they are wanted if it is a NaN. */
static void emit_fma(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = is_single(n->type), product = false, sum = false;
    ir_val va = emit_strip_sign(e, n->arg[0], &product),
           vb = emit_strip_sign(e, n->arg[1], &product), vc = emit_strip_sign(e, n->arg[2], &sum);
    unsigned size = bytes_of(n->type), a = regs_get(e, va);
    struct x86_operand b = get_spare(e, vb, 2, size);
    struct x86_operand c = get_spare(e, vc, node_at(e, vc)->uses == 1 ? 0 : 2, size);
    regs_release(e, vc);
    unsigned d = regs_def(e, i);
    set_vector(e, d, c);
    x86_emit(e->c, fma_insn(single, product, sum), vec(d), vec(a), b);
    nans_note_fma(e, i, va, vb);
    regs_release(e, va);
    regs_release(e, vb);
}

/* Of two numbers min and max give either if they are equal, so both orders are asked and their
 * signs joined. */
static void emit_min_max(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = is_single(n->type), min = n->op == UOP_fmin;
    unsigned a = regs_get(e, n->arg[0]);
    struct x86_operand b = get_spare(e, n->arg[1], 3, bytes_of(n->type));
    unsigned x = regs_scratch(e, true);
    enum x86_insn insn =
        min ? (single ? X86_vminss : X86_vminsd) : (single ? X86_vmaxss : X86_vmaxsd);
    regs_release_arg(e, n->arg[1]);
    unsigned d = regs_def(e, i); /* maybe b's. Before the branch: a spill must be on both sides */
    x86_emit(e->c, single ? X86_vucomiss : X86_vucomisd, vec(a), b);
    struct cold *cold = emit_cold(e, cold_slow, n);
    cold->args[0] = vec(a);
    cold->args[1] = b;
    cold->dst = (uint8_t)d;
    x86_emit(e->c, x86_jcc(X86_P), x86_label(cold->at));
    x86_emit(e->c, insn, vec(x), vec(a), b);
    if (b.kind != X86_OPERAND_VECTOR) {
        set_vector(e, d, b);
        b = vec(d);
    }
    x86_emit(e->c, insn, vec(d), b, vec(a));
    x86_emit(e->c, min ? X86_vorps : X86_vandps, vec(d), vec(d), vec(x));
    host_label_bind(e->c, cold->back);
    regs_release_arg(e, n->arg[0]);
}

/* ---- comparisons ----------------------------------------------------------------------------- */

enum x86_cond emit_float_flags(struct emitter *e, const struct node *n)
{
    bool single = is_single(n->arg_type);
    unsigned b = regs_get(e, n->arg[1]);
    struct x86_operand a = regs_get_rm(e, n->arg[0], bytes_of(n->arg_type));
    emit_flags_here(e);
    x86_emit(e->c, single ? X86_vcomiss : X86_vcomisd, vec(b), a);
    return n->op == UOP_flt ? X86_A : X86_AE;
}

static void emit_float_truth(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned d = regs_def(e, i); /* a general register: no operand's */
    x86_zero(e->c, d);
    if (n->op != UOP_feq) {
        x86_emit(e->c, x86_setcc(emit_float_flags(e, n)), x86_r8(d));
    } else {
        unsigned zero = regs_scratch(e, false);
        unsigned a = regs_get(e, n->arg[0]);
        x86_zero(e->c, zero);
        x86_emit(e->c, is_single(n->arg_type) ? X86_vucomiss : X86_vucomisd, vec(a),
                 regs_get_rm(e, n->arg[1], bytes_of(n->arg_type)));
        x86_emit(e->c, X86_setnp, x86_r8(d));
        x86_emit(e->c, X86_cmovnz, x86_r32(d), x86_r32(zero));
    }
    regs_release_operands(e);
}

/* ---- signs ----------------------------------------------------------------------------------- */

/* The sign of one operand (or its opposite), the rest of another, or both signs combined. */
static void emit_sign_of_two(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    uint64_t sign = sign_bit(n->type);
    unsigned b = regs_get(e, n->arg[1]), x = regs_scratch(e, true);
    x86_emit(e->c, n->op == UOP_fsgnjn ? X86_vandnps : X86_vandps, vec(x), vec(b), pair(e, sign));
    uint64_t locked = reg_bit(x);
    regs_release_arg(e, n->arg[1]);
    e->locked = locked; /* b was read */
    unsigned a = regs_get(e, n->arg[0]);
    regs_release_arg(e, n->arg[0]);
    unsigned d = regs_def(e, i);
    if (n->op == UOP_fsgnjx) {
        x86_emit(e->c, X86_vxorps, vec(d), vec(a), vec(x));
    } else {
        x86_emit(e->c, X86_vandps, vec(d), vec(a), pair(e, ~sign));
        x86_emit(e->c, X86_vorps, vec(d), vec(d), vec(x));
    }
}

static void emit_sign(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    uint64_t sign = sign_bit(n->type);
    bool absolute = n->op == UOP_fsgnjx && n->arg[0] == n->arg[1];
    if (n->op != UOP_fneg && !absolute) {
        emit_sign_of_two(e, i);
        return;
    }
    unsigned a = regs_get(e, n->arg[0]);
    regs_release_operands(e);
    x86_emit(e->c, absolute ? X86_vandps : X86_vxorps, vec(regs_def(e, i)), vec(a),
             pair(e, absolute ? ~sign : sign));
}

/* ---- conversions ----------------------------------------------------------------------------- */

static void cold_convert(struct emitter *e, struct cold *cold, unsigned a, unsigned d,
                         enum x86_cond cond)
{
    cold->args[0] = vec(a);
    cold->dst = (uint8_t)d;
    emit_cold_branch(e, cond, cold);
}

enum { TRUNCATE = 3, SILENT = 8 }; /* in the immediate of roundsd */

/* x = a rounded to nearest, ties away from zero, and no flag raised: truncated, and what that took
 * away, twice, is truncated too and added. All of it is exact. */
static void emit_round_away(struct emitter *e, bool single, struct x86_operand x,
                            struct x86_operand a)
{
    enum x86_insn round = single ? X86_vroundss : X86_vroundsd;
    enum x86_insn add = single ? X86_vaddss : X86_vaddsd;
    struct x86_operand rest = vec(regs_scratch(e, true));
    x86_emit(e->c, round, x, a, a, x86_imm(TRUNCATE | SILENT));
    x86_emit(e->c, single ? X86_vsubss : X86_vsubsd, rest, a, x);
    x86_emit(e->c, add, rest, rest, rest);
    x86_emit(e->c, round, rest, rest, rest, x86_imm(TRUNCATE | SILENT));
    x86_emit(e->c, add, x, x, rest);
}

/* In a mode of its own. It is rounded twice: silently first, for what does not fit is not inexact,
 * then for the flag, which any mode gives. */
static void emit_round_to_signed(struct emitter *e, const struct node *n, unsigned a, unsigned d)
{
    static const uint8_t modes[] = {[FP_RNE] = 0, [FP_RDN] = 1, [FP_RUP] = 2};
    bool single = is_single(n->arg_type);
    enum x86_insn round = single ? X86_vroundss : X86_vroundsd;
    unsigned size = bytes_of(n->type);
    struct x86_operand x = vec(regs_scratch(e, true));
    struct x86_operand from = vec(is_upper_vector(a) ? regs_scratch(e, true) : a);
    if (is_upper_vector(a)) /* these instructions have no EVEX form */
        regs_move(e, from.reg + REG_VECTOR, a);
    if (n->rm == FP_RMM)
        emit_round_away(e, single, x, from);
    else
        x86_emit(e->c, round, x, from, from, x86_imm(modes[n->rm] | SILENT));
    x86_emit(e->c, single ? X86_vcvttss2si : X86_vcvttsd2si, gpr(size, d), x);
    x86_emit(e->c, X86_cmp, gpr(size, d), x86_imm(1));
    struct cold *cold = emit_cold(e, cold_slow, n);
    cold->args[0] = vec(a);
    cold->dst = (uint8_t)d;
    x86_emit(e->c, X86_jo, x86_label(cold->at));
    x86_emit(e->c, round, x, from, from, x86_imm(TRUNCATE));
    host_label_bind(e->c, cold->back);
    regs_release_operands(e);
}

/* Signed: the smallest integer stands for everything that does not fit. */
static void emit_to_signed(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = is_single(n->arg_type), truncates = n->rm == FP_RTZ;
    unsigned size = bytes_of(n->type), a = regs_get(e, n->arg[0]);
    enum x86_insn insn = truncates ? (single ? X86_vcvttss2si : X86_vcvttsd2si)
                                   : (single ? X86_vcvtss2si : X86_vcvtsd2si);
    unsigned d = regs_def(e, i);
    if (n->rm != FP_DYN && !truncates) {
        emit_round_to_signed(e, n, a, d);
        return;
    }
    x86_emit(e->c, insn, gpr(size, d), vec(a));
    x86_emit(e->c, X86_cmp, gpr(size, d), x86_imm(1));
    cold_convert(e, emit_cold(e, cold_slow, n), a, d, X86_O);
    regs_release_operands(e);
}

/* The power of two as a constant of a type. */
static struct x86_operand power(struct emitter *e, bool single, unsigned exponent)
{
    struct x86_operand mem = host_constant_u64(e->c, single ? (uint64_t)(127 + exponent) << 23
                                                            : (uint64_t)(1023 + exponent) << 52);
    mem.size = single ? 4 : 8;
    return mem;
}

/* Truncation without AVX-512: what lies strictly between -1 and the first number that is too large,
 * or too large for a signed conversion, is converted as a signed number. The rest is the helper's:
 * nothing must have raised a flag by then, so the comparisons come first. */
static void emit_truncate_unsigned(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = is_single(n->arg_type);
    enum x86_insn compare = single ? X86_vucomiss : X86_vucomisd;
    unsigned a = regs_get(e, n->arg[0]), d = regs_def(e, i);
    struct x86_operand minus_one =
        host_constant_u64(e->c, single ? UINT32_C(0xbf800000) : UINT64_C(0xbff0000000000000));
    minus_one.size = single ? 4 : 8;
    struct cold *cold = emit_cold(e, cold_slow, n);
    cold->args[0] = vec(a);
    cold->dst = (uint8_t)d;
    x86_emit(e->c, compare, vec(a), power(e, single, n->type == IR_I32 ? 32 : 63));
    x86_emit(e->c, x86_jcc(X86_AE), x86_label(cold->at));
    x86_emit(e->c, compare, vec(a), minus_one);
    x86_emit(e->c, x86_jcc(X86_BE), x86_label(cold->at)); /* NaNs too */
    x86_emit(e->c, single ? X86_vcvttss2si : X86_vcvttsd2si, gpr(8, d), vec(a));
    host_label_bind(e->c, cold->back);
    regs_release_operands(e);
}

/* Unsigned: all ones stand for everything that does not fit. */
static void emit_to_unsigned(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = is_single(n->arg_type), truncates = n->rm == FP_RTZ;
    if (!host_cpu_has(e->cpu, HOST_AVX512F)) {
        if (truncates)
            emit_truncate_unsigned(e, i);
        else
            emit_slow(e, i);
        return;
    }
    unsigned size = bytes_of(n->type), a = regs_get(e, n->arg[0]);
    enum x86_insn insn = truncates ? (single ? X86_vcvttss2usi : X86_vcvttsd2usi)
                                   : (single ? X86_vcvtss2usi : X86_vcvtsd2usi);
    unsigned d = regs_def(e, i);
    x86_emit(e->c, insn, gpr(size, d), vec(a));
    x86_emit(e->c, X86_cmp, gpr(size, d), x86_imm(-1));
    cold_convert(e, emit_cold(e, cold_slow, n), a, d, X86_E);
    regs_release_operands(e);
}

/* The register is written whole first: a single is boxed by it, and the conversion waits for
 * nothing. */
static void prepare_conversion(struct emitter *e, unsigned d, bool single)
{
    if (single && is_upper_vector(d))
        x86_emit(e->c, X86_vpternlogd, vec(d), vec(d), vec(d), x86_imm(-1));
    else
        x86_emit(e->c, single ? X86_vpcmpeqd : X86_vxorps, vec(d), vec(d), vec(d));
}

/* 64 unsigned bits without AVX-512: as a signed number if they are one, else by the helper. */
static void emit_from_unsigned(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = is_single(n->type);
    unsigned a = regs_get(e, n->arg[0]), d = regs_def(e, i);
    struct cold *cold = emit_cold(e, cold_slow, n);
    cold->args[0] = x86_r64(a);
    cold->dst = (uint8_t)d;
    x86_emit(e->c, X86_test, x86_r64(a), x86_r64(a));
    x86_emit(e->c, X86_js, x86_label(cold->at));
    prepare_conversion(e, d, single);
    x86_emit(e->c, single ? X86_vcvtsi2ss : X86_vcvtsi2sd, vec(d), vec(d), x86_r64(a));
    host_label_bind(e->c, cold->back);
    regs_release_operands(e);
}

/* In a mode of its own: no matter if the number has few enough bits to be exact. */
static void emit_from_small(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = is_single(n->type);
    unsigned size = bytes_of(n->arg_type), a = regs_get(e, n->arg[0]), d = regs_def(e, i);
    struct x86_operand top = gpr(size, regs_scratch(e, false));
    struct cold *cold = emit_cold(e, cold_slow, n);
    cold->args[0] = x86_r64(a);
    cold->dst = (uint8_t)d;
    x86_emit(e->c, X86_mov, top, gpr(size, a));
    x86_emit(e->c, X86_sar, top, x86_imm(single ? 24 : 53));
    x86_emit(e->c, X86_add, top, x86_imm(1));
    x86_emit(e->c, X86_cmp, top, x86_imm(1));
    x86_emit(e->c, x86_jcc(X86_A), x86_label(cold->at));
    prepare_conversion(e, d, single);
    x86_emit(e->c, single ? X86_vcvtsi2ss : X86_vcvtsi2sd, vec(d), vec(d), gpr(size, a));
    host_label_bind(e->c, cold->back);
    regs_release_operands(e);
}

static void emit_from_integer(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = is_single(n->type), is_signed = n->op == UOP_s2f;
    unsigned size = bytes_of(n->arg_type);
    if (is_signed && n->rm != FP_DYN && n->rm != FP_RNE && (single || size == 8)) {
        emit_from_small(e, i);
        return;
    }
    if (!is_signed && size == 8 && !host_cpu_has(e->cpu, HOST_AVX512F)) {
        emit_from_unsigned(e, i);
        return;
    }
    struct x86_operand a = emit_operand(e, n->arg[0], size);
    if (a.kind == X86_OPERAND_IMM ||
        (!is_signed && size == 4)) { /* 32 unsigned bits are 64 signed ones */
        unsigned reg = regs_scratch(e, false);
        emit_set(e, reg, size, a);
        a = gpr(size, reg);
    }
    if (!is_signed && size == 4)
        a.size = 8;
    enum x86_insn insn = is_signed || size == 4 ? (single ? X86_vcvtsi2ss : X86_vcvtsi2sd)
                                                : (single ? X86_vcvtusi2ss : X86_vcvtusi2sd);
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    prepare_conversion(e, d, single);
    x86_emit(e->c, insn, vec(d), vec(d), a);
}

static void emit_widen(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned a = regs_get(e, n->arg[0]);
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    x86_emit(e->c, X86_vcvtss2sd, vec(d), vec(a), vec(a));
    nans_note(e, i);
}

static void emit_narrow(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    struct x86_operand a = regs_get_rm(e, n->arg[0], 8), x = vec(regs_scratch(e, true));
    x86_emit(e->c, X86_vpcmpeqd, x, x, x);
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    x86_emit(e->c, X86_vcvtsd2ss, vec(d), x, a);
    nans_note(e, i);
}

/* ---- moves ----------------------------------------------------------------------------------- */

static void emit_bits(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned size = n->op == UOP_bits ? 8 : 4;
    struct x86_operand a = regs_get_rm(e, n->arg[0], size);
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    if (a.kind != X86_OPERAND_VECTOR)
        x86_emit(e->c, X86_mov, gpr(size, d), a);
    else if (size == 8)
        x86_emit(e->c, e->avx ? X86_vmovq : X86_movq, x86_r64(d), a);
    else
        x86_emit(e->c, e->avx ? X86_vmovd : X86_movd, x86_r32(d), a);
}

static struct x86_operand float_source(struct emitter *e, const struct node *n, unsigned size)
{
    const struct node *load = node_at(e, n->arg[0]);
    if (load->state != NODE_FUSED || load->op != UOP_load) {
        struct x86_operand a = emit_operand(e, n->arg[0], size);
        if (a.kind == X86_OPERAND_IMM) {
            unsigned reg = regs_scratch(e, false);
            emit_set(e, reg, size, a);
            a = gpr(size, reg);
        }
        return a;
    }
    return emit_address(e, load->arg[0], size);
}

static void emit_from_bits(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool single = n->op == UOP_float32;
    struct x86_operand a = float_source(e, n, single ? 4 : 8);
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    if (node_at(e, n->arg[0])->state == NODE_FUSED)
        emit_reverse_point(e);
    if (a.kind == X86_OPERAND_GPR)
        x86_emit(e->c, single ? (e->avx ? X86_vmovd : X86_movd) : (e->avx ? X86_vmovq : X86_movq),
                 vec(d), a);
    else
        x86_emit(e->c,
                 single ? (e->avx ? X86_vmovss : X86_movss) : (e->avx ? X86_vmovsd : X86_movsd),
                 vec(d), a);
    if (single && !node_is_boxed(n))
        e->unboxed = true;
    else if (single && e->avx)
        x86_emit(e->c, X86_vorps, vec(d), vec(d), pair(e, BOX_BITS));
    else if (single)
        x86_emit(e->c, X86_orps, vec(d), pair(e, BOX_BITS));
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* Register `all` of 4 bytes = (unless this is the first) itself and another. */
static void join(struct emitter *e, struct x86_operand all, struct x86_operand with, bool *first)
{
    x86_emit(e->c, *first ? X86_mov : X86_and, all, with);
    *first = false;
}

/* The registers of boxed_rows where they are at home: of those in memory the upper halves (what was
 * written there a moment ago is forwarded to them), of those in host registers all bits, and then
 * the upper half. All together are all ones. */
static void emit_box_check(struct emitter *e)
{
    struct x86_operand all = gpr(4, regs_scratch(e, false));
    enum { ALL_THREE = -128 }; /* the truth table of a & b & c */
    unsigned joined = NO_REG, x = NO_REG, third = NO_REG;
    bool first = true;
    for (size_t k = 0; k < e->w->boxed_rows.len; k++) {
        unsigned row = e->w->boxed_rows.data[k], pin = e->pin_of.data[row];
        struct x86_operand slot = guest_slot(e, row, 4);
        if (pin != NO_REG && e->avx) {
            if (joined != NO_REG) {
                bool waits = third == NO_REG && x != NO_REG && e->upper_vectors;
                x = x == NO_REG ? regs_scratch(e, true) : x;
                if (third != NO_REG)
                    x86_emit(e->c, X86_vpternlogd, vec(x), vec(third), vec(pin),
                             x86_imm(ALL_THREE));
                else if (!waits)
                    x86_emit(e->c, X86_vandps, vec(x), vec(joined), vec(pin));
                third = waits ? pin : NO_REG;
            }
            joined = joined == NO_REG ? pin : x;
            continue;
        }
        if (pin != NO_REG) {
            regs_store(e, spill_slot(SPILL_ARGS), pin);
            slot = spill_slot(SPILL_ARGS);
            slot.size = 4;
        }
        slot.value += 4;
        join(e, all, slot, &first);
    }
    if (third != NO_REG)
        x86_emit(e->c, X86_vandps, vec(x), vec(x), vec(third));
    if (joined != NO_REG) {
        struct x86_operand upper = first ? all : gpr(4, regs_scratch(e, false));
        x86_emit(e->c, X86_vpextrd, upper, vec(joined), x86_imm(1));
        if (!first)
            join(e, all, upper, &first);
    }
    x86_emit(e->c, X86_cmp, all, x86_imm(-1));
    x86_emit(e->c, x86_jcc(X86_NE), x86_label(emit_cold_interp(e)));
}

/* Of one value that the block has made. */
static void emit_unbox_check(struct emitter *e, ir_val i)
{
    ir_val v = node_at(e, i)->arg[0];
    struct x86_operand upper;
    if (regs_in_register(e, v) && e->avx) {
        upper = gpr(4, regs_scratch(e, false));
        x86_emit(e->c, X86_vpextrd, upper, vec(regs_get(e, v)), x86_imm(1));
    } else {
        struct x86_operand slot = regs_get_rm(e, v, 8);
        if (slot.kind != X86_OPERAND_MEM) {
            regs_store(e, spill_slot(SPILL_ARGS), slot.reg + REG_VECTOR);
            slot = spill_slot(SPILL_ARGS);
        }
        upper = slot;
        upper.size = 4;
        upper.value += 4;
    }
    x86_emit(e->c, X86_cmp, upper, x86_imm(-1));
    x86_emit(e->c, x86_jcc(X86_NE), x86_label(emit_cold_interp(e)));
    regs_release_operands(e);
}

static void emit_mode_check(struct emitter *e, struct x86_operand field, int64_t value,
                            enum x86_cond leave)
{
    x86_emit(e->c, X86_cmp, field, x86_imm(value));
    x86_emit(e->c, x86_jcc(leave), x86_label(emit_cold_interp(e)));
}

/* ---- dispatch -------------------------------------------------------------------------------- */

static void (*emitter_of(struct emitter *e, const struct node *n))(struct emitter *, ir_val)
{
    switch ((enum uop)n->op) {
    case UOP_fadd:
    case UOP_fsub:
    case UOP_fmul:
    case UOP_fdiv:
    case UOP_fsqrt:
        return emit_arithmetic;
    case UOP_fma:
        return host_cpu_has(e->cpu, HOST_FMA) ? emit_fma : emit_slow;
    case UOP_fmin:
    case UOP_fmax:
        return emit_min_max;
    case UOP_feq:
    case UOP_flt:
    case UOP_fle:
        return emit_float_truth;
    case UOP_fneg:
    case UOP_fsgnj:
    case UOP_fsgnjn:
    case UOP_fsgnjx:
        return emit_sign;
    case UOP_f2s:
        return emit_to_signed;
    case UOP_f2u:
        return emit_to_unsigned;
    case UOP_s2f:
    case UOP_u2f:
        return emit_from_integer;
    case UOP_fwiden:
        return emit_widen;
    case UOP_fnarrow:
        return emit_narrow;
    case UOP_fclass:
        return emit_classify;
    default:
        return emit_slow;
    }
}

void emit_float(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    switch ((enum uop)n->op) {
    case UOP_bits:
    case UOP_bits32:
        emit_bits(e, i);
        return;
    case UOP_float:
    case UOP_float32:
        emit_from_bits(e, i);
        return;
    case UOP_unbox:
        if (n->arg[0] == IR_NONE)
            emit_box_check(e);
        else
            emit_unbox_check(e, i);
        return;
    case UOP_checkrm:
        emit_mode_check(e, THREAD_FIELD(4, fp.rm), FP_RUP, X86_A);
        return;
    default:
        break;
    }
    if (n->check_rne)
        emit_mode_check(e, THREAD_FIELD(4, fp.host_rm), FP_RNE, X86_NE);
    if (n->slow || !e->avx)
        emit_slow(e, i);
    else
        emitter_of(e, n)(e, i);
}
