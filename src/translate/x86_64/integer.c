/* Host code of integer nodes: arithmetic, shifts, comparisons, choices. Multiplication of double
 * width and division are in multiply.c.
 *
 * The operands are fetched first, then released, then the result's register is chosen, so that it
 * may be that of an operand; all patterns here are right in that case. Nothing but the operation
 * itself changes flags: regs_* do not. */
#include "translate/x86_64/emit.h"

static bool fits_imm(uint64_t value, unsigned size)
{
    return size < 8 || (int64_t)value == (int32_t)value;
}

static unsigned size_of(unsigned type)
{
    return type == IR_I32 || type == IR_F32 || type == IR_B ? 4 : 8;
}

static bool is_reg(struct x86_operand o, unsigned reg)
{
    return o.kind == X86_OPERAND_GPR && o.reg == reg;
}

static struct x86_operand imm_operand(struct emitter *e, uint64_t value, unsigned size)
{
    if (fits_imm(value, size))
        return x86_imm(size == 4 ? (int32_t)value : (int64_t)value);
    return gpr(size, regs_get_imm(e, value));
}

struct x86_operand emit_operand(struct emitter *e, ir_val v, unsigned size)
{
    if (node_is_const(e->w, v))
        return imm_operand(e, node_at(e, v)->imm, size);
    return regs_get_rm(e, v, size);
}

/* The last operand of a node that may have an immediate. */
static struct x86_operand last_operand(struct emitter *e, const struct node *n, unsigned size)
{
    return n->has_imm ? imm_operand(e, n->imm, size) : emit_operand(e, n->arg[1], size);
}

void emit_set(struct emitter *e, unsigned reg, unsigned size, struct x86_operand from)
{
    if (from.kind == X86_OPERAND_IMM)
        x86_mov_imm(e->c, reg, size == 4 ? (uint32_t)from.value : (uint64_t)from.value);
    else if (!is_reg(from, reg))
        x86_emit(e->c, X86_mov, gpr(size, reg), from);
}

/* A copy in a scratch register. Not between the release of operands that are still to be read and
 * the result's choice. */
static struct x86_operand in_register(struct emitter *e, unsigned size, struct x86_operand from)
{
    unsigned reg = regs_scratch(e, false);
    emit_set(e, reg, size, from);
    return gpr(size, reg);
}

/* ---- patterns -------------------------------------------------------------------------------- */

static bool is_zero(struct x86_operand o)
{
    return o.kind == X86_OPERAND_IMM && o.value == 0;
}

static void emit_sub_reversed(struct emitter *e, unsigned d, unsigned size, struct x86_operand a)
{
    x86_emit(e->c, X86_neg, gpr(size, d));
    if (!is_zero(a))
        x86_emit(e->c, X86_add, gpr(size, d), a);
}

static void emit_alu_with(struct emitter *e, ir_val i, enum x86_insn insn, unsigned size,
                          struct x86_operand a, struct x86_operand b)
{
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    if (insn == X86_sub && is_zero(a))
        emit_set(e, d, size, b);
    if ((is_reg(b, d) || (insn == X86_sub && is_zero(a))) && !is_reg(a, d)) {
        if (insn == X86_sub) {
            emit_sub_reversed(e, d, size, a);
            return;
        }
        struct x86_operand swap = a;
        a = b;
        b = swap;
    }
    if (insn == X86_imul && b.kind == X86_OPERAND_IMM && a.kind != X86_OPERAND_IMM) {
        x86_emit(e->c, X86_imul, gpr(size, d), a, b);
        return;
    }
    emit_set(e, d, size, a);
    if (insn == X86_imul && b.kind == X86_OPERAND_IMM)
        x86_emit(e->c, X86_imul, gpr(size, d), gpr(size, d), b);
    else if (insn == X86_xor && b.kind == X86_OPERAND_IMM && b.value == -1)
        x86_emit(e->c, X86_not, gpr(size, d));
    else
        x86_emit(e->c, insn, gpr(size, d), b);
}

static void emit_extend(struct emitter *e, ir_val i, enum x86_insn insn, unsigned bytes)
{
    const struct node *n = node_at(e, i);
    struct x86_operand a = regs_get_rm(e, n->arg[0], bytes);
    unsigned size = n->op == UOP_sext || n->op == UOP_sext8 || n->op == UOP_sext16 ? 8 : 4;
    regs_release_operands(e);
    x86_emit(e->c, insn, gpr(size, regs_def(e, i)), a);
}

/* Masks that are extensions, or shorter as 32-bit operations. */
static bool emit_mask(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    if (n->op != UOP_and || !n->has_imm || n->imm >> 32 != 0)
        return false;
    if (n->imm == 0xff)
        emit_extend(e, i, X86_movzx, 1);
    else if (n->imm == 0xffff)
        emit_extend(e, i, X86_movzx, 2);
    else if (n->imm == 0xffffffff)
        emit_extend(e, i, X86_mov, 4);
    else
        emit_alu_with(e, i, X86_and, 4, emit_operand(e, n->arg[0], 4), x86_imm((int32_t)n->imm));
    return true;
}

/* A guest register that lives in memory is changed there. */
static bool emit_in_slot(struct emitter *e, ir_val i, enum x86_insn insn)
{
    const struct node *n = node_at(e, i);
    unsigned row = n->hint - 1u;
    bool fits = n->has_imm ? fits_imm(n->imm, 8)
                           : n->arg[1] != n->arg[0] && !node_is_const(e->w, n->arg[1]);
    if (n->type != IR_I64 || insn == X86_imul || n->scaled || !fits ||
        node_is_const(e->w, n->arg[0]) || !regs_def_in_slot(e, i, n->arg[0]))
        return false;
    if (n->has_imm) {
        x86_emit(e->c, insn, guest_slot(e, row, 8), x86_imm((int64_t)n->imm));
    } else {
        x86_emit(e->c, insn, guest_slot(e, row, 8), x86_r64(regs_get(e, n->arg[1])));
        regs_release(e, n->arg[1]);
    }
    return true;
}

static void emit_alu(struct emitter *e, ir_val i, enum x86_insn insn, unsigned more)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n->type);
    if (emit_bit_idiom(e, i) || emit_in_slot(e, i, insn) || emit_mask(e, i))
        return;
    struct x86_operand a = emit_operand(e, n->arg[0], size);
    emit_alu_with(e, i, insn, size, a, last_operand(e, n, size));
}

/* Additions: in place, or by lea from elsewhere. */
static void emit_add(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n->type);
    if (emit_in_slot(e, i, X86_add))
        return;
    if (n->scaled) {
        const struct node *shift = node_at(e, n->arg[1]);
        unsigned a = regs_get(e, n->arg[0]), index = regs_get(e, shift->arg[0]),
                 scale = (unsigned)shift->imm;
        regs_release_operands(e);
        x86_emit(e->c, X86_lea, gpr(size, regs_def(e, i)), x86_mem_index(0, a, index, scale, 0));
        return;
    }
    struct x86_operand a = emit_operand(e, n->arg[0], size), b = last_operand(e, n, size);
    if (a.kind != X86_OPERAND_GPR || (b.kind != X86_OPERAND_GPR && b.kind != X86_OPERAND_IMM)) {
        emit_alu_with(e, i, X86_add, size, a, b);
        return;
    }
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    if (is_reg(a, d))
        x86_emit(e->c, X86_add, gpr(size, d), b);
    else if (is_reg(b, d))
        x86_emit(e->c, X86_add, gpr(size, d), a);
    else if (b.kind == X86_OPERAND_GPR)
        x86_emit(e->c, X86_lea, gpr(size, d), x86_mem_index(0, a.reg, b.reg, 0, 0));
    else if (b.value == 0)
        emit_set(e, d, size, a);
    else
        x86_emit(e->c, X86_lea, gpr(size, d), x86_mem(0, a.reg, (int32_t)b.value));
}

/* Of a value shifted left just before, so that 8, 16 or 32 bits are left of it: these are extended,
 * and the difference is shifted. */
static void emit_shift_pair(struct emitter *e, ir_val i, enum x86_insn insn)
{
    const struct node *n = node_at(e, i), *left = node_at(e, n->arg[0]);
    unsigned bytes = (unsigned)(64 - left->imm) / 8;
    int count = (int)n->imm - (int)left->imm;
    struct x86_operand a = emit_operand(e, left->arg[0], bytes);
    enum x86_insn extend = insn == X86_shr ? (bytes == 4 ? X86_mov : X86_movzx)
                                           : (bytes == 4 ? X86_movsxd : X86_movsx);
    regs_release_operands(e);
    struct x86_operand d = gpr(8, regs_def(e, i));
    x86_emit(e->c, extend, insn == X86_shr ? gpr(4, d.reg) : d, a);
    if (count > 0 && insn == X86_shr)
        d.size = 4;
    x86_emit(e->c, count < 0 ? X86_shl : insn, d, x86_imm(count < 0 ? -count : count));
}

static void emit_shift_imm(struct emitter *e, ir_val i, enum x86_insn insn)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n->type), count = (unsigned)n->imm;
    if (node_at(e, n->arg[0])->state == NODE_FUSED && node_at(e, n->arg[0])->op == UOP_shl) {
        emit_shift_pair(e, i, insn);
        return;
    }
    struct x86_operand a = emit_operand(e, n->arg[0], size);
    bool rotates = insn == X86_rol || insn == X86_ror;
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    if (rotates && host_cpu_has(e->cpu, HOST_BMI2) && a.kind != X86_OPERAND_IMM && !is_reg(a, d)) {
        count = insn == X86_rol ? (8 * size - count) & (8 * size - 1) : count;
        x86_emit(e->c, X86_rorx, gpr(size, d), a, x86_imm(count));
        return;
    }
    emit_set(e, d, size, a);
    if (count > 0)
        x86_emit(e->c, insn, gpr(size, d), x86_imm(count));
    else if (size == 4 && is_reg(a, d))
        x86_emit(e->c, X86_mov, gpr(4, d), gpr(4, d)); /* cuts it */
}

static void emit_shift(struct emitter *e, ir_val i, enum x86_insn insn, unsigned bmi2)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n->type);
    if (n->has_imm) {
        emit_shift_imm(e, i, insn);
        return;
    }
    if (bmi2 && host_cpu_has(e->cpu, HOST_BMI2)) {
        struct x86_operand a = regs_get_rm(e, n->arg[0], size);
        unsigned count = regs_get(e, n->arg[1]);
        regs_release_operands(e);
        x86_emit(e->c, (enum x86_insn)bmi2, gpr(size, regs_def(e, i)), a, gpr(size, count));
        return;
    }
    regs_take(e, X86_RCX);
    uint64_t locked = e->locked;
    emit_set(e, X86_RCX, 4, regs_get_rm(e, n->arg[1], 4));
    e->locked = locked; /* the count was read */
    struct x86_operand a = emit_operand(e, n->arg[0], size);
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    emit_set(e, d, size, a);
    if (size == 4 && is_reg(a, d))
        x86_emit(e->c, X86_mov, gpr(4, d), gpr(4, d)); /* a shift by 0 does not cut it */
    x86_emit(e->c, insn, gpr(size, d), x86_r8(X86_RCX));
}

static void emit_count(struct emitter *e, ir_val i, enum x86_insn insn, unsigned feature)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n->type);
    if (!host_cpu_has(e->cpu, feature)) {
        emit_slow(e, i);
        return;
    }
    struct x86_operand a = regs_get_rm(e, n->arg[0], size);
    regs_release_operands(e);
    x86_emit(e->c, insn, gpr(size, regs_def(e, i)), a);
}

static void emit_choose(struct emitter *e, ir_val i, enum x86_insn insn, unsigned more)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n->type);
    struct x86_operand a = emit_operand(e, n->arg[0], size), b = last_operand(e, n, size);
    if (b.kind == X86_OPERAND_IMM)
        b = in_register(e, size, b);
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    if (is_reg(b, d)) {
        struct x86_operand swap = a;
        a = b;
        b = swap;
    }
    emit_set(e, d, size, a);
    if (b.kind == X86_OPERAND_IMM) /* the other one is in d */
        b = in_register(e, size, b);
    x86_emit(e->c, X86_cmp, gpr(size, d), b);
    x86_emit(e->c, insn, gpr(size, d), b);
}

static void emit_bswap(struct emitter *e, ir_val i)
{
    struct x86_operand a = regs_get_rm(e, node_at(e, i)->arg[0], 8);
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    emit_set(e, d, 8, a);
    x86_emit(e->c, X86_bswap, x86_r64(d));
}

/* Each byte is compared with 0, and the answer with 0 again. */
static void emit_orcb(struct emitter *e, ir_val i)
{
    if (!e->avx) {
        emit_slow(e, i);
        return;
    }
    struct x86_operand a = regs_get_rm(e, node_at(e, i)->arg[0], 8);
    struct x86_operand x = vec(regs_scratch(e, true)), zero = vec(regs_scratch(e, true));
    x86_emit(e->c, X86_vmovq, x, a);
    x86_emit(e->c, X86_vpxor, zero, zero, zero);
    x86_emit(e->c, X86_vpcmpeqb, x, x, zero);
    x86_emit(e->c, X86_vpcmpeqb, x, x, zero);
    regs_release_operands(e);
    x86_emit(e->c, X86_vmovq, x86_r64(regs_def(e, i)), x);
}

/* ---- conditions ------------------------------------------------------------------------------ */

struct compare {
    unsigned size;
    struct x86_operand a, b;
    enum x86_cond cond;
};

static enum x86_cond condition_of(unsigned op)
{
    static const uint8_t conds[] = {
        [UOP_eq - UOP_eq] = X86_E,  [UOP_ne - UOP_eq] = X86_NE,  [UOP_lts - UOP_eq] = X86_L,
        [UOP_ltu - UOP_eq] = X86_B, [UOP_ges - UOP_eq] = X86_GE, [UOP_geu - UOP_eq] = X86_AE,
    };
    return conds[op - UOP_eq];
}

/* The condition on (b, a) that is this one on (a, b). */
static enum x86_cond swapped(enum x86_cond cond)
{
    switch (cond) {
    case X86_L:
        return X86_G;
    case X86_GE:
        return X86_LE;
    case X86_B:
        return X86_A;
    case X86_AE:
        return X86_BE;
    default:
        return cond;
    }
}

/* Fetches the operands. */
static struct compare prepare_compare(struct emitter *e, const struct node *n)
{
    struct compare c = {.size = size_of(n->arg_type), .cond = condition_of(n->op)};
    c.a = emit_operand(e, n->arg[0], c.size);
    c.b = last_operand(e, n, c.size);
    if (c.a.kind == X86_OPERAND_IMM && c.b.kind != X86_OPERAND_IMM) {
        struct x86_operand swap = c.a;
        c.a = c.b;
        c.b = swap;
        c.cond = swapped(c.cond);
    }
    bool two_memories = c.a.kind == X86_OPERAND_MEM && c.b.kind == X86_OPERAND_MEM;
    if (c.a.kind == X86_OPERAND_IMM || two_memories)
        c.a = in_register(e, c.size, c.a);
    return c;
}

static void emit_compare(struct emitter *e, const struct compare *c)
{
    emit_flags_here(e);
    if (c->b.kind == X86_OPERAND_IMM && c->b.value == 0 && c->a.kind == X86_OPERAND_GPR)
        x86_emit(e->c, X86_test, c->a, c->a);
    else
        x86_emit(e->c, X86_cmp, c->a, c->b);
}

enum x86_cond emit_condition(struct emitter *e, ir_val v)
{
    const struct node *n = node_at(e, v);
    if (n->state == NODE_FUSED && node_is_compare(n)) {
        struct compare c = prepare_compare(e, n);
        emit_compare(e, &c);
        return c.cond;
    }
    if (n->state == NODE_FUSED && n->op == UOP_not)
        return x86_cond_not(emit_condition(e, n->arg[0]));
    if (n->state == NODE_FUSED && (n->op == UOP_flt || n->op == UOP_fle))
        return emit_float_flags(e, n);
    unsigned reg = regs_get(e, v);
    emit_flags_here(e);
    x86_emit(e->c, X86_test, gpr(4, reg), gpr(4, reg));
    return X86_NE;
}

/* A comparison whose truth value is wanted in a register. */
static void emit_truth(struct emitter *e, ir_val i)
{
    struct compare c = prepare_compare(e, node_at(e, i));
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    bool overlaps = is_reg(c.a, d) || is_reg(c.b, d);
    if (!overlaps)
        x86_zero(e->c, d);
    emit_compare(e, &c);
    x86_emit(e->c, x86_setcc(c.cond), x86_r8(d));
    if (overlaps)
        x86_emit(e->c, X86_movzx, gpr(4, d), x86_r8(d));
}

static void emit_not(struct emitter *e, ir_val i)
{
    unsigned a = regs_get(e, node_at(e, i)->arg[0]);
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    emit_set(e, d, 4, gpr(4, a));
    x86_emit(e->c, X86_xor, gpr(4, d), x86_imm(1));
}

static void emit_select_float(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    struct host_label done = host_label_new(e->c);
    enum x86_cond cond = emit_condition(e, n->arg[0]);
    regs_release_arg(e, n->arg[0]);
    regs_unlock(e);
    unsigned a = regs_get(e, n->arg[1]), b = regs_get(e, n->arg[2]);
    unsigned d = regs_def(e, i); /* not an operand's: they are not yet released */
    regs_move(e, d, a);
    x86_emit(e->c, x86_jcc(cond), x86_label(done));
    regs_move(e, d, b);
    host_label_bind(e->c, done);
    regs_release_arg(e, n->arg[1]);
    regs_release_arg(e, n->arg[2]);
}

static void emit_select(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n->type);
    enum x86_cond cond = emit_condition(e, n->arg[0]);
    regs_release_arg(e, n->arg[0]);
    regs_unlock(e);
    struct x86_operand a = emit_operand(e, n->arg[1], size), b = emit_operand(e, n->arg[2], size);
    if (a.kind == X86_OPERAND_IMM)
        a = in_register(e, size, a);
    regs_release_arg(e, n->arg[1]);
    regs_release_arg(e, n->arg[2]);
    unsigned d = regs_def(e, i);
    if (is_reg(a, d)) {
        struct x86_operand swap = a;
        a = b;
        b = swap;
        cond = x86_cond_not(cond);
    }
    if (a.kind == X86_OPERAND_IMM) /* the other one is in d */
        a = in_register(e, size, a);
    emit_set(e, d, size, b);
    x86_emit(e->c, x86_cmovcc(cond), gpr(size, d), a);
}

/* ---- dispatch -------------------------------------------------------------------------------- */

struct row {
    void (*pattern)(struct emitter *e, ir_val i, enum x86_insn insn, unsigned more);
    uint16_t insn, more;
};

static const struct row rows[UOP_COUNT] = {
#define ROW(uop, pattern, insn, more) [UOP_##uop] = {emit_##pattern, X86_##insn, more},
#include "translate/x86_64/rows.def"
#undef ROW
};

void emit_integer(struct emitter *e, ir_val i)
{
    const struct row *row = &rows[node_at(e, i)->op];
    if (row->pattern) {
        row->pattern(e, i, (enum x86_insn)row->insn, row->more);
        return;
    }
    switch ((enum uop)node_at(e, i)->op) {
    case UOP_add:
        emit_add(e, i);
        break;
    case UOP_eq:
    case UOP_ne:
    case UOP_lts:
    case UOP_ltu:
    case UOP_ges:
    case UOP_geu:
        emit_truth(e, i);
        break;
    case UOP_not:
        emit_not(e, i);
        break;
    case UOP_select:
        if (is_float_value(node_at(e, i)))
            emit_select_float(e, i);
        else
            emit_select(e, i);
        break;
    case UOP_bswap:
        emit_bswap(e, i);
        break;
    case UOP_orcb:
        emit_orcb(e, i);
        break;
    default:
        emit_slow(e, i);
    }
}
