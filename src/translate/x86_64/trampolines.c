/* The code between the run loop and fragments: CODE_ENTER, a C function that loads the pinned
 * registers and jumps to a fragment; the exits, which store them and return from that function; the
 * way to a helper in C; and where the last return address of a return stack leads. Emitted once.
 *
 * Fragments run on the thread's return stack, C code on the run loop's: the trampolines change
 * over.
 *
 * They call the runtime through addresses in their constants, since the arena may be out of a
 * displacement's reach. */
#include "translate/x86_64/emit.h"

static const uint8_t callee_saved[] = {X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15};
static const uint8_t caller_saved[] = {X86_RAX, X86_RCX, X86_RDX, X86_RSI, X86_RDI,
                                       X86_R8,  X86_R9,  X86_R10, X86_R11};

enum { VECTOR_BYTES = 16 };

static void emit_runtime_call(struct emitter *e, enum code_target target)
{
    x86_emit(e->c, X86_call, host_constant_address(e->c, 0, target));
}

/* rdi = the thread, esi = where its fcsr is. */
static void emit_fp_call(struct emitter *e, enum code_target target, uint32_t fcsr)
{
    x86_emit(e->c, X86_lea, x86_r64(X86_RDI), x86_mem(0, X86_RBP, frame_of_thread(0)));
    x86_mov_imm(e->c, X86_RSI, fcsr);
    emit_runtime_call(e, target);
}

static void emit_pins(struct emitter *e, bool load)
{
    for (unsigned k = 0; k < e->n_pins; k++) {
        struct x86_operand slot = guest_field(8, (uint32_t)e->pins[k].offset);
        if (load)
            regs_load(e, e->pins[k].reg, slot);
        else
            regs_store(e, slot, e->pins[k].reg);
    }
}

/* uint64_t (struct thread *, uint64_t host pc). Six registers and 8 bytes: the stack is aligned
 * then. */
static void emit_enter(struct emitter *e, uint32_t fcsr)
{
    for (unsigned k = 0; k < ARRAY_LEN(callee_saved); k++)
        x86_emit(e->c, X86_push, x86_r64(callee_saved[k]));
    x86_emit(e->c, X86_sub, x86_r64(X86_RSP), x86_imm(8));
    x86_emit(e->c, X86_lea, x86_r64(X86_RBP), x86_mem(0, X86_RDI, -frame_of_thread(0)));
    x86_emit(e->c, X86_mov, THREAD_FIELD(8, host_sp), x86_r64(X86_RSP));
    x86_emit(e->c, X86_mov, spill_slot(0), x86_r64(X86_RSI));
    emit_fp_call(e, CODE_HELPER_FP_ENTER, fcsr);
    emit_pins(e, true);
    x86_emit(e->c, X86_mov, x86_r64(X86_RSP), THREAD_FIELD(8, returns.sp));
    x86_emit(e->c, X86_jmp, spill_slot(0));
}

/* From the return stack to the run loop's. */
static void emit_to_c_stack(struct emitter *e)
{
    x86_emit(e->c, X86_mov, THREAD_FIELD(8, returns.sp), x86_r64(X86_RSP));
    x86_emit(e->c, X86_mov, x86_r64(X86_RSP), THREAD_FIELD(8, host_sp));
}

static void emit_leave(struct emitter *e, uint32_t fcsr)
{
    emit_to_c_stack(e);
    emit_fp_call(e, CODE_HELPER_FP_LEAVE, fcsr);
    x86_emit(e->c, X86_mov, x86_r32(X86_RAX), x86_r32(X86_RBX));
    x86_emit(e->c, X86_add, x86_r64(X86_RSP), x86_imm(8));
    for (unsigned k = ARRAY_LEN(callee_saved); k-- > 0;)
        x86_emit(e->c, X86_pop, x86_r64(callee_saved[k]));
    x86_emit0(e->c, X86_ret);
}

/* All registers are as before but for rflags. The run loop's stack is aligned; nine registers and 8
 * bytes. */
static void emit_call_slow(struct emitter *e)
{
    unsigned n_vectors = e->upper_vectors ? 32 : 16;
    int32_t room = (int32_t)(n_vectors * VECTOR_BYTES + 8);
    emit_to_c_stack(e);
    for (unsigned k = 0; k < ARRAY_LEN(caller_saved); k++)
        x86_emit(e->c, X86_push, x86_r64(caller_saved[k]));
    x86_emit(e->c, X86_sub, x86_r64(X86_RSP), x86_imm(room));
    for (unsigned k = 0; k < n_vectors; k++)
        x86_emit(e->c, e->avx ? X86_vmovaps : X86_movaps,
                 x86_mem(VECTOR_BYTES, X86_RSP, (int32_t)k * VECTOR_BYTES), x86_xmm(k));
    x86_emit(e->c, X86_lea, x86_r64(X86_RDI), x86_mem(0, X86_RBP, frame_of_thread(0)));
    emit_runtime_call(e, CODE_HELPER_UOP);
    for (unsigned k = 0; k < n_vectors; k++)
        x86_emit(e->c, e->avx ? X86_vmovaps : X86_movaps, x86_xmm(k),
                 x86_mem(VECTOR_BYTES, X86_RSP, (int32_t)k * VECTOR_BYTES));
    x86_emit(e->c, X86_add, x86_r64(X86_RSP), x86_imm(room));
    for (unsigned k = ARRAY_LEN(caller_saved); k-- > 0;)
        x86_emit(e->c, X86_pop, x86_r64(caller_saved[k]));
    x86_emit(e->c, X86_mov, x86_r64(X86_RSP), THREAD_FIELD(8, returns.sp));
    x86_emit0(e->c, X86_ret);
}

/* A return has found no one who waits for the pc in rax: an indirect jump like others, and a place
 * that many share. The entry that led here stays. The lowest bit of the pc may yet be to be
 * cleared. */
static void emit_return_empty(struct emitter *e)
{
    static const enum code_target cold[] = {CODE_EXIT_POLL, CODE_EXIT_LOOKUP};
    struct host_label at[] = {host_label_new(e->c), host_label_new(e->c)};
    x86_emit(e->c, X86_sub, x86_r64(X86_RSP), x86_imm(8));
    emit_lookup(e, X86_RAX, X86_RCX, at[0], at[1]);
    x86_emit(e->c, X86_jmp, jump_field(X86_RCX, offsetof(struct jump_entry, host)));
    for (unsigned k = 0; k < ARRAY_LEN(cold); k++) {
        host_label_bind(e->c, at[k]);
        if (e->w->guest->insn_align > 1)
            x86_emit(e->c, X86_and, x86_r64(X86_RAX), x86_imm(-2));
        emit_trampoline(e, X86_jmp, cold[k]);
    }
}

/* A stub has called: it begins where the call does. */
static void emit_stub_address(struct emitter *e)
{
    x86_emit(e->c, X86_pop, x86_r64(X86_RAX));
    x86_emit(e->c, X86_sub, x86_r64(X86_RAX), x86_imm(CALL_BYTES));
    x86_emit(e->c, X86_mov, THREAD_FIELD(8, exit_stub), x86_r64(X86_RAX));
}

/* Of each exit: what it returns, and what is to be noted. */
static const struct {
    uint8_t target, code;
    enum { NOTHING, PC_IN_RAX, STUB_ON_STACK } note;
} exits[] = {
    {CODE_EXIT_LINK, TRANSLATE_EXIT_LINK, STUB_ON_STACK},
    {CODE_EXIT_LOOKUP, TRANSLATE_EXIT_LOOKUP, PC_IN_RAX},
    {CODE_EXIT_POLL, TRANSLATE_EXIT_POLL, PC_IN_RAX},
    {CODE_EXIT_TRAP, TRANSLATE_EXIT_TRAP, NOTHING},
    {CODE_EXIT_FLUSH, TRANSLATE_EXIT_FLUSH, PC_IN_RAX},
    {CODE_EXIT_INTERP, TRANSLATE_EXIT_INTERP, PC_IN_RAX},
    {CODE_EXIT_FAULT, TRANSLATE_EXIT_TRAP, NOTHING},
};

uint32_t emit_fcsr_offset(const struct guest *guest)
{
    for (unsigned r = 0; r < guest->n_regs; r++)
        if (guest->regs[r].kind == REG_CSR && guest->regs[r].bits == 32)
            return guest->regs[r].offset;
    return UINT32_MAX; /* a guest without floating point */
}

void emit_trampolines(struct emitter *e, uint32_t offsets[CODE_TRAMPOLINES])
{
    uint32_t fcsr = emit_fcsr_offset(e->w->guest);
    struct host_label save = host_label_new(e->c), leave = host_label_new(e->c);
    offsets[CODE_ENTER] = e->c->pos;
    emit_enter(e, fcsr);
    for (unsigned k = 0; k < ARRAY_LEN(exits); k++) {
        host_code_align(e->c, 16);
        offsets[exits[k].target] = e->c->pos;
        if (exits[k].note == PC_IN_RAX)
            x86_emit(e->c, X86_mov, guest_field(8, e->w->guest->pc_offset), x86_r64(X86_RAX));
        else if (exits[k].note == STUB_ON_STACK)
            emit_stub_address(e);
        x86_mov_imm(e->c, X86_RCX, exits[k].code);
        x86_emit(e->c, X86_jmp, x86_label(exits[k].target == CODE_EXIT_FAULT ? leave : save));
    }
    host_label_bind(e->c, save);
    emit_pins(e, false);
    host_label_bind(e->c, leave);
    x86_emit(e->c, X86_mov, x86_r32(X86_RBX), x86_r32(X86_RCX));
    emit_leave(e, fcsr);
    host_code_align(e->c, 16);
    offsets[CODE_CALL_SLOW] = e->c->pos;
    emit_call_slow(e);
    host_code_align(e->c, 16);
    offsets[CODE_RETURN_EMPTY] = e->c->pos;
    emit_return_empty(e);
}
