/* Host code of atomic nodes. Everything locked is a full fence, which satisfies every order; lr is
 * a plain load, which has acquire order anyway, behind a fence if it has release order too.
 *
 * A misaligned address is the interpreter's, which traps. All memory instructions write, also the
 * first one of a loop, so that a fault is a store's as it must be. */
#include "translate/x86_64/emit.h"

static unsigned size_of(const struct node *n)
{
    return n->mem == IR_U32 ? 4 : 8;
}

/* The register of the address, checked. */
static unsigned emit_checked_address(struct emitter *e, const struct node *n)
{
    unsigned addr = regs_get(e, n->arg[0]);
    emit_address_check(e, n->arg[0]);
    x86_emit(e->c, X86_test, x86_r8(addr), x86_imm(size_of(n) - 1));
    x86_emit(e->c, x86_jcc(X86_NE), x86_label(emit_cold_interp(e)));
    return addr;
}

/* The old value is in a scratch register; of 32 bits it is sign-extended. */
static void emit_result(struct emitter *e, ir_val i, unsigned reg)
{
    if (size_of(node_at(e, i)) == 4)
        x86_emit(e->c, X86_movsxd, x86_r64(reg), x86_r32(reg));
    regs_release_operands(e);
    regs_def_at(e, i, reg);
}

/* The reservation is noted unless nobody will ask for it (reserve.c). */
static void emit_lr(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n), addr = emit_checked_address(e, n);
    struct x86_operand mem = guest_memory(e, x86_mem(size, addr, 0));
    if (n->order & 1)
        x86_emit(e->c, X86_or | X86_LOCK, x86_mem(4, X86_RSP, 0), x86_imm(0));
    if (n->pair != IR_NONE) {
        regs_release_operands(e);
        struct x86_operand d = x86_r64(regs_def(e, i));
        emit_reverse_point(e);
        x86_emit(e->c, size == 4 ? X86_movsxd : X86_mov, d, mem);
        return;
    }
    unsigned value = regs_scratch(e, false);
    emit_reverse_point(e);
    x86_emit(e->c, X86_mov, gpr(size, value), mem);
    x86_emit(e->c, X86_mov, THREAD_FIELD(8, reserve_addr), x86_r64(addr));
    x86_emit(e->c, X86_mov, THREAD_FIELD(8, reserve_value), x86_r64(value));
    emit_result(e, i, value);
}

/* rax is compared with memory. The reservation goes either way; the result is whether it failed. */
static void emit_exchange_if(struct emitter *e, ir_val i, unsigned addr, unsigned value,
                             const struct host_label *other)
{
    unsigned size = size_of(node_at(e, i));
    emit_reverse_point(e);
    x86_emit(e->c, X86_cmpxchg | X86_LOCK, guest_memory(e, x86_mem(size, addr, 0)),
             gpr(size, value));
    if (other)
        host_label_bind(e->c, *other);
    x86_emit(e->c, X86_mov, THREAD_FIELD(8, reserve_addr), x86_imm(-1));
    x86_emit(e->c, X86_setnz, x86_r8(X86_RAX));
    x86_emit(e->c, X86_movzx, x86_r32(X86_RAX), x86_r8(X86_RAX));
    regs_release_operands(e);
    regs_def_at(e, i, X86_RAX);
}

/* Of an LR in this block: the address was checked there, and the value is at hand. */
static void emit_sc_of_block(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    regs_take(e, X86_RAX);
    uint64_t locked = e->locked;
    emit_set(e, X86_RAX, size_of(n), regs_get_rm(e, n->arg[2], size_of(n)));
    e->locked = locked; /* it was read */
    unsigned addr = regs_get(e, n->arg[0]);
    emit_exchange_if(e, i, addr, regs_get(e, n->arg[1]), NULL);
}

/* Fails without touching memory if the address is another; else if memory has changed. */
static void emit_sc(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    regs_take(e, X86_RAX);
    unsigned addr = emit_checked_address(e, n), value = regs_get(e, n->arg[1]);
    struct host_label other = host_label_new(e->c);
    x86_emit(e->c, X86_cmp, x86_r64(addr), THREAD_FIELD(8, reserve_addr));
    x86_emit(e->c, X86_jnz, x86_label_near(other));
    x86_emit(e->c, X86_mov, x86_r64(X86_RAX), THREAD_FIELD(8, reserve_value));
    emit_exchange_if(e, i, addr, value, &other);
}

/* amoadd, amoswap: one instruction. */
static void emit_exchange(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n), addr = emit_checked_address(e, n), value = regs_scratch(e, false);
    struct x86_operand mem = guest_memory(e, x86_mem(size, addr, 0));
    emit_set(e, value, size,
             node_is_const(e->w, n->arg[1]) ? gpr(size, regs_get(e, n->arg[1]))
                                            : regs_get_rm(e, n->arg[1], size));
    emit_reverse_point(e);
    x86_emit(e->c, n->op == UOP_amoswap ? X86_xchg : (enum x86_insn)(X86_xadd | X86_LOCK), mem,
             gpr(size, value));
    emit_result(e, i, value);
}

static enum x86_insn plain_insn(unsigned op)
{
    switch (op) {
    case UOP_amoadd:
        return X86_add;
    case UOP_amoand:
        return X86_and;
    case UOP_amoor:
        return X86_or;
    default:
        return X86_xor;
    }
}

/* Nobody wants the old value. */
static void emit_plain(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n), addr = emit_checked_address(e, n);
    struct x86_operand value = emit_operand(e, n->arg[1], size);
    if (value.kind == X86_OPERAND_MEM)
        value = gpr(size, regs_get(e, n->arg[1]));
    emit_reverse_point(e);
    x86_emit(e->c, (enum x86_insn)(plain_insn(n->op) | X86_LOCK),
             guest_memory(e, x86_mem(size, addr, 0)), value);
    regs_release_operands(e);
}

/* tmp = op(tmp, value) */
static void emit_update(struct emitter *e, const struct node *n, unsigned tmp,
                        struct x86_operand value)
{
    unsigned size = size_of(n);
    enum x86_insn choose;
    switch ((enum uop)n->op) {
    case UOP_amomins:
        choose = X86_cmovnle;
        break;
    case UOP_amomaxs:
        choose = X86_cmovl;
        break;
    case UOP_amominu:
        choose = X86_cmovnbe;
        break;
    case UOP_amomaxu:
        choose = X86_cmovb;
        break;
    default:
        x86_emit(e->c, plain_insn(n->op), gpr(size, tmp), value);
        return;
    }
    x86_emit(e->c, X86_cmp, gpr(size, tmp), value);
    x86_emit(e->c, choose, gpr(size, tmp), value);
}

/* The rest: compare and exchange until nobody came between. The first round, which expects and
 * leaves 0, is to learn the old value with an instruction that writes. */
static void emit_loop(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    unsigned size = size_of(n);
    struct host_label again = host_label_new(e->c);
    regs_take(e, X86_RAX);
    unsigned addr = emit_checked_address(e, n), tmp = regs_scratch(e, false);
    struct x86_operand mem = guest_memory(e, x86_mem(size, addr, 0));
    struct x86_operand value = regs_get_aside(e, n->arg[1], size);
    x86_zero(e->c, X86_RAX);
    x86_zero(e->c, tmp);
    emit_reverse_point(e);
    x86_emit(e->c, X86_cmpxchg | X86_LOCK, mem, gpr(size, tmp));
    host_label_bind(e->c, again);
    x86_emit(e->c, X86_mov, gpr(size, tmp), gpr(size, X86_RAX));
    emit_update(e, n, tmp, value);
    emit_reverse_point(e);
    x86_emit(e->c, X86_cmpxchg | X86_LOCK, mem, gpr(size, tmp));
    x86_emit(e->c, X86_jnz, x86_label(again));
    emit_result(e, i, X86_RAX);
}

void emit_atomic(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    bool has_plain =
        n->op == UOP_amoadd || n->op == UOP_amoand || n->op == UOP_amoor || n->op == UOP_amoxor;
    if (n->op == UOP_lr)
        emit_lr(e, i);
    else if (n->op == UOP_sc && n->pair != IR_NONE)
        emit_sc_of_block(e, i);
    else if (n->op == UOP_sc)
        emit_sc(e, i);
    else if (n->uses == 0 && has_plain)
        emit_plain(e, i);
    else if (n->op == UOP_amoadd || n->op == UOP_amoswap)
        emit_exchange(e, i);
    else
        emit_loop(e, i);
}
