/* Host code of exits: jumps to known pcs, which the cache links to their fragments; indirect jumps
 * through the thread's jump table; traps; and the ways to a lower engine.
 *
 * Every cycle of fragments goes through a poll: backward jumps and branches, and all indirect
 * jumps, look at the thread's poll word. A branch does so before it compares, and if the word is
 * set the fragment is left at the branch itself, which has done nothing yet.
 *
 * With counting, the instructions of the block are added once at its end; on ways out before that,
 * those that have been executed. At a fault of a load or store nothing is added: the fault handler
 * knows the pc. */
#include "translate/x86_64/emit.h"

#include <string.h>

static void emit_count(struct emitter *e, uint32_t n)
{
    if (e->count && n > 0)
        x86_emit(e->c, X86_add, THREAD_FIELD(8, counters[COUNTER_GUEST_INSNS]), x86_imm(n));
}

static void emit_count_block(struct emitter *e)
{
    if (!e->counted)
        emit_count(e, e->w->n_insns);
    e->counted = true;
}

/* ---- the cold side
 * --------------------------------------------------------------------------------------------------
 */

static void cold_leave(struct emitter *e, const struct cold *c, enum code_target target)
{
    host_label_bind(e->c, c->at);
    emit_count(e, c->n_insns);
    x86_mov_imm(e->c, X86_RAX, c->pc);
    emit_trampoline(e, X86_jmp, target);
}

static void cold_interp(struct emitter *e, const struct cold *c)
{
    cold_leave(e, c, CODE_EXIT_INTERP);
}

static void cold_poll(struct emitter *e, const struct cold *c)
{
    cold_leave(e, c, CODE_EXIT_POLL);
}

/* The next pc is in args[0]; args[1] is an immediate if the lowest bit is still to be cleared. */
static void cold_indirect(struct emitter *e, const struct cold *c, enum code_target target)
{
    host_label_bind(e->c, c->at);
    regs_move(e, X86_RAX, c->args[0].reg);
    if (c->args[1].kind == X86_OPERAND_IMM)
        x86_emit(e->c, X86_and, x86_r64(X86_RAX), c->args[1]);
    emit_trampoline(e, X86_jmp, target);
}

static void cold_indirect_poll(struct emitter *e, const struct cold *c)
{
    cold_indirect(e, c, CODE_EXIT_POLL);
}

static void cold_lookup(struct emitter *e, const struct cold *c)
{
    cold_indirect(e, c, CODE_EXIT_LOOKUP);
}

struct host_label emit_cold_interp(struct emitter *e)
{
    const struct cold *last = e->cold.len ? &e->cold.data[e->cold.len - 1] : NULL;
    if (last && last->emit == cold_interp && last->pc == e->insn_pc)
        return last->at;
    struct cold *c = emit_cold(e, cold_interp, NULL);
    c->pc = e->insn_pc;
    c->n_insns = e->insns_done;
    return c->at;
}

void emit_leave_for_interp(struct emitter *e)
{
    emit_count(e, e->insns_done);
    x86_mov_imm(e->c, X86_RAX, e->insn_pc);
    emit_trampoline(e, X86_jmp, CODE_EXIT_INTERP);
}

/* ---- polls
 * ----------------------------------------------------------------------------------------------------------
 */

/* Leaves for pc if the poll word is set; n_insns are still to be counted then. */
static void emit_poll(struct emitter *e, uint64_t pc, uint32_t n_insns)
{
    struct cold *c = emit_cold(e, cold_poll, NULL);
    c->pc = pc;
    c->n_insns = n_insns;
    x86_emit(e->c, X86_cmp, THREAD_FIELD(4, poll), x86_imm(0));
    x86_emit(e->c, X86_jnz, x86_label(c->at));
}

/* ---- direct exits
 * ---------------------------------------------------------------------------------------------------
 */

static void emit_link(struct emitter *e, enum x86_insn insn, uint64_t pc)
{
    struct host_label stub = host_label_new(e->c);
    uint32_t field = host_emit_patchable(e->c, insn, x86_label_far(stub));
    vec_push(&e->exits, ((struct fragment_exit){.jump = field, .pc = GVA(pc)}));
    vec_push(&e->stubs, stub);
}

/* Compare and branch are one operation of the host if they stand side by side: what aligns the
 * branch goes before the compare, which moves up. */
static void align_branch(struct emitter *e, size_t fixups, enum x86_insn jcc)
{
    struct host_code *c = e->c;
    uint32_t from = e->flags_at, n = c->pos - from;
    uint8_t bytes[X86_MAX_INSN];
    if (c->overflow || n > sizeof(bytes) || c->fixups.len != fixups)
        return;
    memcpy(bytes, c->write + from, n);
    c->pos = c->written = from;
    host_pad_patchable(c, jcc, n);
    host_code_bytes(c, bytes, n);
}

static void emit_branch(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    if (n->imm <= e->insn_pc)
        emit_poll(e, e->insn_pc, e->insns_done);
    emit_count_block(e);
    size_t fixups = e->c->fixups.len;
    enum x86_insn jcc = x86_jcc(emit_condition(e, n->arg[0]));
    align_branch(e, fixups, jcc);
    emit_link(e, jcc, n->imm);
    regs_release_operands(e);
}

static void emit_jump(struct emitter *e, const struct node *n)
{
    bool backward = n->imm <= e->insn_pc;
    if (backward)
        emit_poll(e, n->imm, e->counted ? 0 : e->w->n_insns);
    emit_count_block(e);
    emit_link(e, X86_jmp, n->imm);
}

void emit_stubs(struct emitter *e)
{
    for (size_t k = 0; k < e->exits.len; k++) {
        host_label_bind(e->c, e->stubs.data[k]);
        e->exits.data[k].stub = e->c->pos;
        x86_emit(e->c, X86_lea, x86_r64(X86_RAX), x86_mem_label(0, e->stubs.data[k], 0));
        emit_trampoline(e, X86_jmp, CODE_EXIT_LINK);
    }
}

/* ---- indirect exits
 * -------------------------------------------------------------------------------------------------
 */

#define JUMP_FIELD(index, field)                                                                   \
    x86_mem_index(8, X86_RBP, (index), 3,                                                          \
                  (int32_t)(offsetof(struct thread, jumps) + offsetof(struct jump_entry, field) -  \
                            offsetof(struct thread, guest)))

static void emit_indirect_cold(struct emitter *e,
                               void (*emit)(struct emitter *, const struct cold *), unsigned pc,
                               bool mask)
{
    struct cold *c = emit_cold(e, emit, NULL);
    c->args[0] = x86_r64(pc);
    if (mask)
        c->args[1] = x86_imm(-2);
    x86_emit(e->c, X86_jnz, x86_label(c->at));
}

/* The look-up is inlined, so that each jump has a prediction of its own. jump_table_index is (pc >>
 * 1) mod the size, and an entry has 16 bytes. An odd pc, whose lowest bit is yet to be cleared, is
 * in no entry, empty ones included. */
static void emit_jumpr(struct emitter *e, ir_val i)
{
    ir_val v = node_at(e, i)->arg[0];
    const struct node *target = node_at(e, v);
    bool mask = target->state == NODE_FUSED && target->op == UOP_and;
    emit_count_block(e);
    unsigned pc = regs_get(e, mask ? target->arg[0] : v), index = regs_scratch(e, false);
    x86_emit(e->c, X86_cmp, THREAD_FIELD(4, poll), x86_imm(0));
    emit_indirect_cold(e, cold_indirect_poll, pc, mask);
    x86_emit(e->c, X86_mov, x86_r32(index), x86_r32(pc));
    x86_emit(e->c, X86_and, x86_r32(index), x86_imm((JUMP_TABLE_COUNT - 1) << 1));
    x86_emit(e->c, X86_cmp, x86_r64(pc), JUMP_FIELD(index, pc));
    emit_indirect_cold(e, cold_lookup, pc, mask);
    regs_release_operands(e);
    x86_emit(e->c, X86_jmp, JUMP_FIELD(index, host));
}

_Static_assert(sizeof(struct jump_entry) == 16, "the look-up scales twice the index by 8");

/* ---- traps
 * ----------------------------------------------------------------------------------------------------------
 */

static void emit_trap(struct emitter *e, enum trap_kind kind)
{
    emit_count(e, e->insns_done);
    x86_mov_imm(e->c, X86_RAX, e->insn_pc);
    x86_emit(e->c, X86_mov, x86_mem(8, X86_RBP, (int32_t)e->w->guest->pc_offset), x86_r64(X86_RAX));
    x86_emit(e->c, X86_mov, THREAD_FIELD(4, trap.kind), x86_imm(kind));
    x86_emit(e->c, X86_mov, THREAD_FIELD(4, trap.reason), x86_imm(FAULT_NONE));
    x86_emit(e->c, X86_mov, THREAD_FIELD(8, trap.addr), x86_imm(0));
    x86_emit(e->c, X86_mov, THREAD_FIELD(4, trap.insn), x86_imm(0));
    emit_trampoline(e, X86_jmp, CODE_EXIT_TRAP);
}

static void emit_flush(struct emitter *e, uint64_t pc)
{
    emit_count_block(e);
    x86_mov_imm(e->c, X86_RAX, pc);
    emit_trampoline(e, X86_jmp, CODE_EXIT_FLUSH);
}

void emit_exit(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    switch ((enum uop)n->op) {
    case UOP_branch:
        emit_branch(e, i);
        break;
    case UOP_jump:
        emit_jump(e, n);
        break;
    case UOP_jumpr:
        emit_jumpr(e, i);
        break;
    case UOP_syscall:
        emit_trap(e, TRAP_SYSCALL);
        break;
    case UOP_breakpoint:
        emit_trap(e, TRAP_BREAKPOINT);
        break;
    case UOP_flushi:
        emit_flush(e, n->imm);
        break;
    default:
        emit_leave_for_interp(e);
    }
}
