/* Host code of loads, stores and fences.
 *
 * Guest memory is at its own address, or at gs's base plus it. An access to what is not mapped, the
 * guest's address space above SPACE_TOP included, faults on the host, whose handler finds the
 * guest's pc in the reverse table. So nothing is checked, unless the guest is to be fenced off from
 * the runtime, which lives above SPACE_TOP too: then each address is compared, and the interpreter
 * makes what has a wrong one. One comparison serves all accesses of a block that are a constant
 * less than FENCE_REACH away from the same value. That far around the guest's addresses there is
 * nothing of the runtime's: it lies where the kernel puts it, near the top of the host's. */
#include "translate/x86_64/emit.h"

#include "space/space.h"

enum { FENCE_REACH = 1 << 30 };

struct x86_operand guest_memory(const struct emitter *e, struct x86_operand mem)
{
    return e->offset_space ? x86_segment(X86_GS, mem) : mem;
}

/* Has v been compared, or something near it? */
static bool is_fenced(struct emitter *e, ir_val v)
{
    int64_t distance = 0;

    while (!e->places.data[v].fenced) {
        const struct node *n = node_at(e, v);
        if (n->op == UOP_const)
            return n->imm < SPACE_TOP;
        if (n->op != UOP_add || n->type != IR_I64 || !n->has_imm ||
            (int64_t)n->imm != (int32_t)n->imm)
            return false;
        distance += (int64_t)n->imm;
        if (distance >= FENCE_REACH || distance <= -FENCE_REACH)
            return false;
        v = n->arg[0];
    }
    return true;
}

void emit_address_check(struct emitter *e, ir_val v)
{
    if (!e->w->fence || is_fenced(e, v))
        return;
    x86_emit(e->c, X86_cmp, x86_r64(regs_get(e, v)), THREAD_FIELD(8, space_top));
    x86_emit(e->c, x86_jcc(X86_NB), x86_label(emit_cold_interp(e)));
    e->places.data[v].fenced = true;
}

struct x86_operand emit_address(struct emitter *e, ir_val addr, unsigned size)
{
    const struct node *n = node_at(e, addr);
    struct x86_operand mem;
    unsigned reg;
    int32_t distance;
    bool outside = n->op == UOP_const && n->imm >= SPACE_TOP;
    bool displaced = n->state == NODE_FUSED && n->has_imm && n->op != UOP_const;
    emit_address_check(e, displaced ? n->arg[0] : addr);
    if (n->op == UOP_const && !(e->w->fence && outside) &&
        regs_near_constant(e, n->imm, &reg, &distance)) {
        mem = x86_mem(size, reg, distance);
    } else if (n->op == UOP_const && n->imm <= INT32_MAX) {
        mem = x86_mem(size, X86_NO_REG, (int32_t)n->imm);
    } else if (n->state != NODE_FUSED || n->op == UOP_const) {
        mem = x86_mem(size, regs_get(e, addr), 0);
    } else if (n->has_imm) {
        mem = x86_mem(size, regs_get(e, n->arg[0]), (int32_t)n->imm);
    } else if (n->scaled) {
        const struct node *shift = node_at(e, n->arg[1]);
        unsigned base = regs_get(e, n->arg[0]);
        mem = x86_mem_index(size, base, regs_get(e, shift->arg[0]), (unsigned)shift->imm, 0);
    } else {
        unsigned base = regs_get(e, n->arg[0]);
        mem = x86_mem_index(size, base, regs_get(e, n->arg[1]), 0, 0);
    }
    return guest_memory(e, mem);
}

/* The late instructions that stand before the one at hand and are to be done at its points. */
static void tell_late(struct emitter *e, uint32_t pc)
{
    for (; e->late_left > 0; e->late_left--) {
        const struct late_insn_done *late = &e->w->late.data[e->late_left - 1];
        if (late->pc >= pc)
            return;
        if (late->until >= pc)
            reverse_late(&e->reverse, late->until, late->bytes, late->n_bytes);
    }
}

void emit_reverse_point(struct emitter *e)
{
    uint32_t pc = (uint32_t)(e->insn_pc - e->w->pc.v);
    if (!BASE_PRECISE)
        return;
    tell_late(e, pc);
    reverse_add(&e->reverse, e->c->pos, pc);
}

/* Guest code goes on from `back` bytes before the instruction at hand. */
static void emit_again_point(struct emitter *e, unsigned back)
{
    uint32_t pc = (uint32_t)(e->insn_pc - e->w->pc.v);
    if (!BASE_PRECISE)
        return;
    tell_late(e, pc);
    reverse_add_again(&e->reverse, e->c->pos, pc - back);
}

static unsigned mem_bytes(unsigned mem)
{
    return 1u << mem / 2;
}

static void emit_load(struct emitter *e, ir_val i)
{
    static const struct {
        uint16_t insn;
        uint8_t size; /* of the register */
    } loads[] = {
        [IR_S8] = {X86_movsx, 8},  [IR_U8] = {X86_movzx, 4},   [IR_S16] = {X86_movsx, 8},
        [IR_U16] = {X86_movzx, 4}, [IR_S32] = {X86_movsxd, 8}, [IR_U32] = {X86_mov, 4},
        [IR_S64] = {X86_mov, 8},   [IR_U64] = {X86_mov, 8},
    };
    const struct node *n = node_at(e, i);
    struct x86_operand mem = emit_address(e, n->arg[0], mem_bytes(n->mem));
    regs_release_operands(e);
    unsigned d = regs_def(e, i);
    if (n->again)
        emit_again_point(e, n->back);
    else
        emit_reverse_point(e);
    x86_emit(e->c, (enum x86_insn)loads[n->mem].insn, gpr(loads[n->mem].size, d), mem);
}

static void emit_store(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i), *value = node_at(e, n->arg[1]);
    unsigned size = mem_bytes(n->mem);
    struct x86_operand mem = emit_address(e, n->arg[0], size), from;
    enum x86_insn insn = X86_mov;
    if (value->op == UOP_bits && value->state == NODE_FUSED) {
        from = vec(regs_get(e, value->arg[0]));
        insn = size == 4 ? (e->avx ? X86_vmovss : X86_movss) : (e->avx ? X86_vmovsd : X86_movsd);
    } else if (value->op == UOP_const && (size < 8 || (int64_t)value->imm == (int32_t)value->imm)) {
        from = x86_imm(size == 1   ? (int8_t)value->imm
                       : size == 2 ? (int16_t)value->imm
                                   : (int32_t)value->imm);
    } else {
        from = gpr(size, regs_get(e, n->arg[1]));
    }
    emit_reverse_point(e);
    x86_emit(e->c, insn, mem, from);
    regs_release_operands(e);
}

/* The host keeps all orders but that of a store and a later load. A locked operation is the
 * cheapest way to keep it. */
static void emit_fence(struct emitter *e, const struct node *n)
{
    if (n->imm & 0x50 && n->imm & 0x0a)
        x86_emit(e->c, X86_or | X86_LOCK, x86_mem(4, X86_RSP, 0), x86_imm(0));
}

void emit_memory(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    if (n->op == UOP_load)
        emit_load(e, i);
    else if (n->op == UOP_store)
        emit_store(e, i);
    else
        emit_fence(e, n);
}
