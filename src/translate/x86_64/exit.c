/* Host code of exits: jumps to known pcs, which the cache links to their fragments; indirect jumps
 * through the thread's jump table; traps; and the ways to a lower engine.
 *
 * Every cycle of fragments goes through a poll: backward jumps and branches, all calls, and all
 * indirect jumps but returns look at the thread's poll word, or in loops at the page that is shut
 * while the word is set. A branch does so before it compares, and the fragment is then left at the
 * branch itself, which has done nothing yet.
 * Returns need none. Between two polls there is no call, so each return that somebody waits for
 * uses up an entry of the return stack as it was at the first poll, and the entries are finite in
 * number; one that no one waits for ends in a look-up, which polls; and all else goes forward.
 *
 * With counting, the instructions of the block are added at its end, and up to each branch in its
 * middle, whether taken or not; on other ways out, those that have been executed since. At a fault
 * of a load or store nothing is added: the fault handler knows the pc, and the branches before. */
#include "translate/x86_64/emit.h"

#include <string.h>

static void emit_count(struct emitter *e, uint32_t n)
{
    if (e->w->count && n > 0)
        x86_emit(e->c, X86_add, THREAD_FIELD(8, counters[COUNTER_GUEST_INSNS]), x86_imm(n));
}

/* Those executed when the instruction at hand is done, or when it has not begun; as many as have
 * not been counted yet. */
static uint32_t uncounted_with(const struct emitter *e)
{
    return e->insns_done + 1 - e->counted;
}

static uint32_t uncounted_before(const struct emitter *e)
{
    return e->insns_done - e->counted;
}

static void emit_count_insns(struct emitter *e)
{
    emit_count(e, uncounted_with(e));
    e->counted = e->insns_done + 1;
}

/* ---- the cold side --------------------------------------------------------------------------- */

/* A call that leaves before it is made is expected back like any other. */
static void cold_call(struct emitter *e, const struct cold *c)
{
    if (!c->calls)
        return;
    x86_emit(e->c, X86_lea, x86_r64(X86_RCX), x86_mem_label(0, c->back, 0));
    x86_emit(e->c, X86_push, x86_r64(X86_RCX));
}

static void cold_leave(struct emitter *e, const struct cold *c, enum code_target target)
{
    host_label_bind(e->c, c->at);
    lend_return(e);
    cold_call(e, c);
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
    cold_call(e, c);
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
    c->n_insns = uncounted_before(e);
    return c->at;
}

void emit_leave_for_interp(struct emitter *e)
{
    lend_return(e);
    emit_count(e, uncounted_before(e));
    x86_mov_imm(e->c, X86_RAX, e->insn_pc);
    emit_trampoline(e, X86_jmp, CODE_EXIT_INTERP);
}

/* ---- polls ----------------------------------------------------------------------------------- */

static void emit_poll_test(struct emitter *e, struct host_label poll)
{
    x86_emit(e->c, X86_cmp, THREAD_FIELD(4, poll), x86_imm(0));
    x86_emit(e->c, X86_jnz, x86_label(poll));
}

/* Leaves for pc if the poll word is set; n_insns are still to be counted then. */
static struct cold *emit_poll(struct emitter *e, uint64_t pc, uint32_t n_insns)
{
    struct cold *c = emit_cold(e, cold_poll, NULL);
    c->pc = pc;
    c->n_insns = n_insns;
    emit_poll_test(e, c->at);
    return c;
}

/* The same in a loop, for the instruction at hand: reads the thread's poll page, which is shut if
 * the poll word is set (vm/poll.c). Changes flags. */
static void emit_loop_poll(struct emitter *e)
{
    if (!BASE_PRECISE) {
        emit_poll(e, e->insn_pc, uncounted_before(e));
        return;
    }
    emit_reverse_point(e);
    x86_emit(e->c, X86_test, THREAD_FIELD(4, poll_page), x86_r32(X86_RAX));
}

/* ---- direct exits and calls ------------------------------------------------------------------ */

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

/* Of a branch that is taken while registers are lent. */
static void cold_side_exit(struct emitter *e, const struct cold *c)
{
    host_label_bind(e->c, c->at);
    lend_return(e);
    emit_link(e, X86_jmp, c->pc);
}

static void emit_branch(struct emitter *e, ir_val i)
{
    const struct node *n = node_at(e, i);
    if (n->imm <= e->insn_pc)
        emit_loop_poll(e);
    emit_count_insns(e);
    size_t fixups = e->c->fixups.len;
    enum x86_insn jcc = x86_jcc(emit_condition(e, n->arg[0]));
    if (e->n_lent > 0) {
        struct cold *c = emit_cold(e, cold_side_exit, NULL);
        c->pc = n->imm;
        x86_emit(e->c, jcc, x86_label(c->at));
    } else {
        align_branch(e, fixups, jcc);
        emit_link(e, jcc, n->imm);
    }
    regs_release_operands(e);
}

/* Where a call of the guest's is expected back, right behind the call of the host's: the return has
 * its pc in rax. If it is another one, somebody did not return (longjmp), or to somebody else (a
 * coroutine), and an entry further down the stack may be the right one: to that the next `ret`
 * leads, the last entry to a look-up. So an entry costs at most one wrong guess, however many calls
 * are forgotten. */
struct return_site {
    struct host_label at;
    uint8_t compare[2 * X86_MAX_INSN]; /* of rax with return_pc; changes rcx */
    unsigned n;
};

/* Takes back the code from offset `from` on, which must have neither labels nor records. */
static unsigned take_back(struct emitter *e, uint32_t from, uint8_t *bytes, size_t size)
{
    struct host_code *c = e->c;
    unsigned n = c->pos - from;
    CHECK(n <= size, "%u bytes are taken back", n);
    if (c->overflow)
        return 0;
    memcpy(bytes, c->write + from, n);
    c->pos = c->written = from;
    return n;
}

static void make_return_site(struct emitter *e, struct return_site *s, struct host_label at)
{
    uint32_t from = e->c->pos;
    bool fits = (int64_t)e->return_pc == (int32_t)e->return_pc;
    if (!fits)
        x86_mov_imm(e->c, X86_RCX, e->return_pc);
    x86_emit(e->c, X86_cmp, x86_r64(X86_RAX),
             fits ? x86_imm((int64_t)e->return_pc) : x86_r64(X86_RCX));
    s->at = at;
    s->n = take_back(e, from, s->compare, sizeof(s->compare));
}

static void emit_return_site(struct emitter *e, const struct return_site *s)
{
    host_label_bind(e->c, s->at);
    host_code_bytes(e->c, s->compare, s->n);
    emit_link(e, X86_jz, e->return_pc);
    x86_emit0(e->c, X86_ret);
}

enum { CALL_FIELD = 1, JCC_FIELD = 2 };

/* The site must follow the call without nops. */
static void emit_direct_call(struct emitter *e, uint64_t pc, struct host_label at)
{
    struct return_site site;
    make_return_site(e, &site, at);
    host_pad_patchable_pair(e->c, CALL_FIELD, CALL_BYTES + site.n + JCC_FIELD);
    emit_link(e, X86_call, pc);
    emit_return_site(e, &site);
}

static void emit_indirect_call(struct emitter *e, struct x86_operand goal, struct host_label at)
{
    struct return_site site;
    uint8_t call[X86_MAX_INSN];
    uint32_t from = e->c->pos;
    make_return_site(e, &site, at);
    x86_emit(e->c, X86_call, goal);
    unsigned n = take_back(e, from, call, sizeof(call));
    host_pad_patchable(e->c, X86_jz, n + site.n);
    host_code_bytes(e->c, call, n);
    emit_return_site(e, &site);
}

/* Calls always poll: see above. */
static void emit_jump(struct emitter *e, const struct node *n)
{
    struct host_label site = host_label_new(e->c);
    lend_return(e);
    if (e->calls) {
        struct cold *c = emit_poll(e, n->imm, uncounted_with(e));
        c->calls = true;
        c->back = site;
    } else if (n->imm <= e->insn_pc) {
        emit_loop_poll(e);
    }
    emit_count_insns(e);
    if (e->calls)
        emit_direct_call(e, n->imm, site);
    else
        emit_link(e, X86_jmp, n->imm);
}

void emit_stubs(struct emitter *e)
{
    for (size_t k = 0; k < e->exits.len; k++) {
        host_label_bind(e->c, e->stubs.data[k]);
        e->exits.data[k].stub = e->c->pos;
        emit_trampoline(e, X86_call, CODE_EXIT_LINK); /* which takes the address from the stack */
    }
}

/* ---- indirect exits -------------------------------------------------------------------------- */

/* jump_table_index is (pc >> 1) mod the size, and an entry has 16 bytes. An odd pc, whose lowest
 * bit is yet to be cleared, is in no entry, empty ones included. */
void emit_lookup(struct emitter *e, unsigned pc, unsigned index, struct host_label poll,
                 struct host_label miss)
{
    emit_poll_test(e, poll);
    x86_emit(e->c, X86_mov, x86_r32(index), x86_r32(pc));
    x86_emit(e->c, X86_and, x86_r32(index), x86_imm((JUMP_TABLE_COUNT - 1) << 1));
    x86_emit(e->c, X86_cmp, x86_r64(pc), jump_field(index, offsetof(struct jump_entry, pc)));
    x86_emit(e->c, X86_jnz, x86_label(miss));
}

_Static_assert(sizeof(struct jump_entry) == 16, "the look-up scales twice the index by 8");

/* The cold side of an indirect exit that has the next pc in a register. */
static struct host_label indirect_cold(struct emitter *e,
                                       void (*emit)(struct emitter *, const struct cold *),
                                       unsigned pc, bool mask, struct host_label site)
{
    struct cold *c = emit_cold(e, emit, NULL);
    c->args[0] = x86_r64(pc);
    if (mask)
        c->args[1] = x86_imm(-2);
    c->calls = e->calls;
    c->back = site;
    return c->at;
}

/* A return goes where the latest call waits, which looks whether it was meant. Whether the lowest
 * bit of the pc is cleared does not matter there. */
static void emit_return(struct emitter *e, unsigned pc)
{
    regs_move(e, X86_RAX, pc);
    x86_emit0(e->c, X86_ret);
}

/* The look-up is inlined, so that each jump has a prediction of its own. */
static void emit_jumpr(struct emitter *e, ir_val i)
{
    ir_val v = node_at(e, i)->arg[0];
    const struct node *target = node_at(e, v);
    bool mask = target->state == NODE_FUSED && target->op == UOP_and;
    struct host_label site = host_label_new(e->c);
    regs_return_lent(e);
    emit_count_insns(e);
    unsigned pc = regs_get(e, mask ? target->arg[0] : v), index;
    if (e->returns && !e->calls) {
        emit_return(e, pc);
    } else {
        index = regs_scratch(e, false);
        struct host_label poll = indirect_cold(e, cold_indirect_poll, pc, mask, site);
        struct host_label miss = indirect_cold(e, cold_lookup, pc, mask, site);
        struct x86_operand goal = jump_field(index, offsetof(struct jump_entry, host));
        emit_lookup(e, pc, index, poll, miss);
        if (e->calls)
            emit_indirect_call(e, goal, site);
        else
            x86_emit(e->c, X86_jmp, goal);
    }
    regs_release_operands(e);
}

/* ---- traps ----------------------------------------------------------------------------------- */

static void emit_trap(struct emitter *e, enum trap_kind kind)
{
    lend_return(e);
    emit_count(e, uncounted_before(e));
    x86_mov_imm(e->c, X86_RAX, e->insn_pc);
    x86_emit(e->c, X86_mov, guest_field(8, e->w->guest->pc_offset), x86_r64(X86_RAX));
    x86_emit(e->c, X86_mov, THREAD_FIELD(4, trap.kind), x86_imm(kind));
    x86_emit(e->c, X86_mov, THREAD_FIELD(4, trap.reason), x86_imm(FAULT_NONE));
    x86_emit(e->c, X86_mov, THREAD_FIELD(8, trap.addr), x86_imm(0));
    x86_emit(e->c, X86_mov, THREAD_FIELD(4, trap.insn), x86_imm(0));
    emit_trampoline(e, X86_jmp, CODE_EXIT_TRAP);
}

static void emit_flush(struct emitter *e, uint64_t pc)
{
    lend_return(e);
    emit_count_insns(e);
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
    if (n->op != UOP_branch)
        e->calls = e->returns = false;
}
