/* Host code of what guests do with fcsr: the rounding mode is a field of the thread, the flags are
 * those of MXCSR (ir/fp.c). Quiet comparisons and the C library's mathematical functions do it all
 * the time. Only a rounding mode that changes goes through CODE_HELPER_UOP. */
#include "translate/x86_64/emit.h"

/* RISC-V's NX 1, UF 2, OF 4, DZ 8, NV 16 are MXCSR's 32, 16, 8, 4, 1: four bits in the opposite
 * order, and one. */
enum { MXCSR_FLAGS = 0x3f, FOUR = 0x3c };

/* Nibble k is k with its bits in the opposite order. */
#define MIRRORED_NIBBLES UINT64_C(0xf7b3d591e6a2c480)

/* d = the nibble that stands at bit `rcx & 0x3c`. */
static void emit_mirror(struct emitter *e, unsigned d)
{
    x86_emit(e->c, X86_and, x86_r32(X86_RCX), x86_imm(FOUR));
    x86_mov_imm(e->c, d, MIRRORED_NIBBLES);
    x86_emit(e->c, X86_shr, x86_r64(d), x86_r8(X86_RCX));
    x86_emit(e->c, X86_and, x86_r32(d), x86_imm(15));
}

static struct x86_operand mxcsr_slot(void)
{
    struct x86_operand slot = spill_slot(SPILL_ARGS);
    slot.size = 4;
    return slot;
}

static void emit_getflags(struct emitter *e, ir_val i)
{
    struct x86_operand slot = mxcsr_slot();
    regs_take(e, X86_RCX);
    unsigned nv = regs_scratch(e, false), d = regs_def(e, i);
    x86_emit(e->c, X86_stmxcsr, slot);
    x86_emit(e->c, X86_mov, x86_r32(X86_RCX), slot);
    x86_emit(e->c, X86_mov, x86_r32(nv), x86_r32(X86_RCX));
    emit_mirror(e, d);
    x86_emit(e->c, X86_and, x86_r32(nv), x86_imm(1));
    x86_emit(e->c, X86_shl, x86_r32(nv), x86_imm(4));
    x86_emit(e->c, X86_or, x86_r32(d), x86_r32(nv));
}

/* The rest of MXCSR stays. */
static void emit_setflags(struct emitter *e, ir_val i)
{
    struct x86_operand slot = mxcsr_slot();
    regs_take(e, X86_RCX);
    uint64_t locked = e->locked;
    emit_set(e, X86_RCX, 4, emit_operand(e, node_at(e, i)->arg[0], 4));
    e->locked = locked; /* it was read */
    regs_release_operands(e);
    unsigned nv = regs_scratch(e, false), d = regs_scratch(e, false);
    x86_emit(e->c, X86_stmxcsr, slot);
    x86_emit(e->c, X86_and, slot, x86_imm(~MXCSR_FLAGS));
    x86_emit(e->c, X86_mov, x86_r32(nv), x86_r32(X86_RCX));
    x86_emit(e->c, X86_shl, x86_r32(X86_RCX), x86_imm(2));
    emit_mirror(e, d);
    x86_emit(e->c, X86_shl, x86_r32(d), x86_imm(2));
    x86_emit(e->c, X86_shr, x86_r32(nv), x86_imm(4));
    x86_emit(e->c, X86_and, x86_r32(nv), x86_imm(1));
    x86_emit(e->c, X86_or, x86_r32(d), x86_r32(nv));
    x86_emit(e->c, X86_or, slot, x86_r32(d));
    x86_emit(e->c, X86_ldmxcsr, slot);
}

void emit_fcsr(struct emitter *e, ir_val i)
{
    switch ((enum uop)node_at(e, i)->op) {
    case UOP_getrm:
        x86_emit(e->c, X86_mov, x86_r32(regs_def(e, i)), THREAD_FIELD(4, fp.rm));
        break;
    case UOP_getflags:
        emit_getflags(e, i);
        break;
    case UOP_setflags:
        emit_setflags(e, i);
        break;
    default:
        emit_slow(e, i);
    }
}
