/* The RISC-V guest as the floors above see it: struct guest. Decoding, lifting, printing and
 * evaluating of blocks. */
#include "guest/rv64/memory.h"

#include <elf.h>
#include <errno.h>

/* ---- blocks ---------------------------------------------------------------------------------- */

_Static_assert(RV64_OP_COUNT <= UINT8_MAX + 1, "struct rv64_insn has 8 bits for an op");
_Static_assert(2 * (BLOCK_MAX_INSNS - 1) <= UINT8_MAX, "and 8 bits for its place in the block");

/* A page boundary that an instruction straddles ends the block if its second half cannot be
 * fetched; the next block starts with that instruction and traps. */
static int decode_block(struct space *space, gva pc, unsigned max_insns, struct decoded_block *out,
                        struct trap *trap)
{
    struct rv64_insn *insns = (struct rv64_insn *)out->code;
    const unsigned max = MIN(max_insns, (unsigned)BLOCK_MAX_INSNS);
    uint64_t at = pc.v, page = RV64_NO_PAGE, fault_addr;
    unsigned n = 0;
    bool ended = false;
    out->taken = 0;
    while (!ended && n < max) {
        uint32_t word;
        enum fault_reason reason = rv64_fetch(space, &page, at, &word, &fault_addr);
        if (reason != FAULT_NONE && n == 0) {
            *trap = (struct trap){TRAP_FETCH, reason, GVA(fault_addr), 0};
            return -EFAULT;
        }
        if (reason != FAULT_NONE)
            break;
        rv64_decode(word, &insns[n]);
        insns[n].half = (uint8_t)((at - pc.v) / 2);
        ended = rv64_op_ends_block[insns[n].op];
        if (ended)
            out->taken = (uint16_t)block_ref_index(at + (uint64_t)insns[n].imm);
        at += insns[n].len;
        n++;
    }
    if (!ended)
        insns[n++] = (struct rv64_insn){.op = RV64_OP_end};
    out->fall = (uint16_t)block_ref_index(at);
    out->pc = pc;
    out->context = 0;
    out->runs_left = INT32_MAX;
    out->n_insns = (uint16_t)(n - !ended);
    out->guest_bytes = (uint16_t)(at - pc.v);
    out->n_bytes = (uint16_t)(n * sizeof *insns);
    return 0;
}

static void print_block(const struct decoded_block *block, struct space *space, struct strbuf *out)
{
    const struct rv64_insn *insns = rv64_insns(block);
    for (uint32_t n = 0; n < block->n_insns; n++) {
        uint64_t pc = rv64_insn_pc(block, n), page = RV64_NO_PAGE, fault_addr;
        uint32_t word;
        if (rv64_fetch(space, &page, pc, &word, &fault_addr) != FAULT_NONE) {
            strbuf_printf(out, "%#10llx:  (cannot be read any more)\n", (unsigned long long)pc);
            return;
        }
        strbuf_printf(out, "%#10llx:  %*s%0*x  ", (unsigned long long)pc, 8 - 2 * insns[n].len, "",
                      2 * insns[n].len, word);
        rv64_disasm(word, pc, out);
        strbuf_printf(out, "\n");
    }
}

/* ---- evaluation ------------------------------------------------------------------------------ */

static bool eval_load(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t *value)
{
    static bool (*const loads[])(uint64_t, uint64_t, uint64_t *) = {
        [IR_S8] = rv64_load_s8,   [IR_U8] = rv64_load_u8,   [IR_S16] = rv64_load_s16,
        [IR_U16] = rv64_load_u16, [IR_S32] = rv64_load_s32, [IR_U32] = rv64_load_u32,
        [IR_S64] = rv64_load_u64, [IR_U64] = rv64_load_u64,
    };
    bool ok = loads[mem](t->space->base, addr, value);
    if (!ok)
        space_fault_trap(t, TRAP_LOAD, addr);
    return ok;
}

static bool eval_store(struct thread *t, enum ir_mem mem, uint64_t addr, uint64_t value)
{
    static bool (*const stores[])(uint64_t, uint64_t, uint64_t) = {
        [IR_S8] = rv64_store_u8,   [IR_U8] = rv64_store_u8,   [IR_S16] = rv64_store_u16,
        [IR_U16] = rv64_store_u16, [IR_S32] = rv64_store_u32, [IR_U32] = rv64_store_u32,
        [IR_S64] = rv64_store_u64, [IR_U64] = rv64_store_u64,
    };
    bool ok = stores[mem](t->space->base, addr, value);
    if (!ok)
        space_fault_trap(t, TRAP_STORE, addr);
    return ok;
}

/* Instructions of the block are added by the lifted code. */
static uint64_t eval_counter(struct thread *t, unsigned which)
{
    return rv64_counter(t, which, 0);
}

static enum exit_kind evaluate(struct thread *t, const struct ir_block *b)
{
    static const struct ir_eval_ops ops = {eval_load, eval_store, rv64_atomic, eval_counter};
    struct rv64_state *s = (struct rv64_state *)t->guest;
    fp_enter(&t->fp, s->fcsr);
    uint64_t n_insns;
    enum exit_kind kind = ir_eval(b, t, &ops, &n_insns);
    s->fcsr = fp_leave(&t->fp);
    t->counters[COUNTER_GUEST_INSNS] += n_insns;
    t->counters[COUNTER_BLOCKS_ENTERED]++;
    if (kind == EXIT_TRAP && t->trap.kind == TRAP_ILLEGAL)
        rv64_illegal(t, s->pc);
    return kind;
}

const struct guest guest_rv64 = {
    .name = "riscv64",
    .elf_machine = EM_RISCV,
    .elf_class = ELFCLASS64,
    .insn_align = 2,
    .regs = rv64_regs,
    .n_regs = RV64_REG_COUNT,
    .state_size = sizeof(struct rv64_state),
    .pc_offset = offsetof(struct rv64_state, pc),
    .decode_block = decode_block,
    .interpret = rv64_interpret,
    .interpret_logged = rv64_interpret_logged,
    .lift_block = rv64_lift_block,
    .evaluate = evaluate,
    .print_block = print_block,
};
