/* vm/log.c: what -d shows of blocks and exits, and the report of a bug. */
#include "vm/block_engine.h"
#include "vm/debug_private.h"

/* Prints the block's µops. NULL if they are well-formed, else what is wrong. */
static const char *print_uops(const struct vm *vm, const struct decoded_block *block,
                              struct strbuf *out)
{
    struct ir_block lifted;

    ir_block_init(&lifted, vm->guest->regs, vm->guest->n_regs);
    vm->guest->lift_block(block, &lifted);
    ir_print(&lifted, out);
    const char *wrong = ir_verify(&lifted);
    ir_block_free(&lifted);
    return wrong;
}

void vm_log_block(struct vm *vm, const struct decoded_block *block)
{
    struct strbuf text = {0};
    const char *wrong = NULL;

    if (!log_on(LOG_GUEST) && !log_on(LOG_UOPS))
        return;
    strbuf_printf(&text, "block %#lx: %u instructions, %u bytes\n", (unsigned long)block->pc.v,
                  block->n_insns, block->guest_bytes);
    if (log_on(LOG_GUEST))
        vm->guest->print_block(block, vm->space, &text);
    if (log_on(LOG_UOPS))
        wrong = print_uops(vm, block, &text);
    log_write(text.data, text.len);
    CHECK(!wrong, "the block at %#lx lifts to wrong µops: %s", (unsigned long)block->pc.v, wrong);
    strbuf_free(&text);
}

const char *vm_trap_name(enum trap_kind kind)
{
    static const char *const names[] = {
        [TRAP_NONE] = "none",
        [TRAP_SYSCALL] = "syscall",
        [TRAP_BREAKPOINT] = "breakpoint",
        [TRAP_ILLEGAL] = "illegal",
        [TRAP_FETCH] = "fetch",
        [TRAP_LOAD] = "load",
        [TRAP_STORE] = "store",
        [TRAP_MISALIGNED] = "misaligned",
    };

    return (unsigned)kind < ARRAY_LEN(names) ? names[kind] : "unknown";
}

void vm_log_exit(const struct thread *t, enum exit_kind kind)
{
    static const char *const names[] = {[EXIT_LOOKUP] = "lookup",
                                        [EXIT_POLL] = "poll",
                                        [EXIT_TRAP] = "trap",
                                        [EXIT_FLUSH] = "flush",
                                        [EXIT_HOT] = "hot"};
    unsigned long pc = (unsigned long)thread_pc(t).v;

    if (kind != EXIT_TRAP) {
        log_print("exit %s pc=%#lx\n", names[kind], pc);
        return;
    }
    switch (t->trap.kind) {
    case TRAP_ILLEGAL:
        log_print("exit trap illegal pc=%#lx insn=%#x\n", pc, t->trap.insn);
        break;
    case TRAP_FETCH:
    case TRAP_LOAD:
    case TRAP_STORE:
    case TRAP_MISALIGNED:
        log_print("exit trap %s pc=%#lx addr=%#lx\n", vm_trap_name(t->trap.kind), pc,
                  (unsigned long)t->trap.addr.v);
        break;
    default:
        log_print("exit trap %s pc=%#lx\n", vm_trap_name(t->trap.kind), pc);
    }
}

/* ---- the report of a bug --------------------------------------------------------------------- */

static void report_registers(FILE *out, const struct thread *t)
{
    unsigned column = 0;

    for (unsigned i = 0; i < t->desc->n_regs; i++) {
        const struct guest_reg *reg = &t->desc->regs[i];
        if (reg->bits != 64 || reg->kind == REG_FPR)
            continue;
        uint64_t value = *(const uint64_t *)(t->guest + reg->offset);
        fprintf(out, "  %-4s %016lx%s", reg->alias ? reg->alias : reg->name, (unsigned long)value,
                ++column % 4 == 0 ? "\n" : "");
    }
    if (column % 4 != 0)
        fputc('\n', out);
}

/* Each part is out before the next is tried: what is being reported may be in the way. */
static void report_part(FILE *out, struct strbuf *text)
{
    fprintf(out, "%s", text->data ? text->data : "");
    fflush(out);
    strbuf_free(text);
}

void vm_print_fragment_code(const struct vm *vm, const struct fragment *f, struct strbuf *out)
{
    union decoded_room decoded;
    struct decoded_block *block = &decoded.block;
    unsigned left = f->n_insns;
    struct trap unused;

    for (gva pc = f->pc; left > 0; pc.v += block->guest_bytes, left -= block->n_insns) {
        unsigned most = debug_limit_block(vm, pc, MIN(vm->max_insns, left));
        if (vm->guest->decode_block(vm->space, pc, most, block, &unused) < 0)
            return;
        vm->guest->print_block(block, vm->space, out);
        print_uops(vm, block, out);
    }
}

/* The block as it was decoded, or as it would be now: engine block does not keep all. Returns how
 * many bytes it has, 0 if it cannot be read. */
static uint32_t report_code(FILE *out, const struct vm *vm, gva pc)
{
    const struct decoded_block *block = block_cache_find(vm->cache, pc, 0);
    union decoded_room decoded;
    struct strbuf text = {0};
    struct trap unused;

    if (!block && vm->block &&
        vm->guest->decode_block(vm->space, pc, vm->max_insns, &decoded.block, &unused) == 0)
        block = &decoded.block;
    if (!block)
        return 0;
    vm->guest->print_block(block, vm->space, &text);
    report_part(out, &text);
    print_uops(vm, block, &text);
    report_part(out, &text);
    return block->guest_bytes;
}

void vm_report_block(FILE *out, const struct vm *vm, gva pc)
{
    const struct fragment *f = vm->block ? code_cache_find(vm->block->code, pc, 0) : NULL;
    uint32_t bytes = report_code(out, vm, pc), at = bytes;
    struct strbuf text = {0};

    for (; f && bytes > 0 && at < f->guest_bytes; at += bytes)
        bytes = report_code(out, vm, GVA(pc.v + at));
    if (!f || at == 0)
        return;
    block_print_host(vm->block, f, &text);
    report_part(out, &text);
}

void vm_describe_host_pc(struct thread *t, hpc host, char *out, size_t size)
{
    const struct block_engine *e = ((const struct vm *)t->vm)->block;
    struct fragment *f;

    *out = '\0';
    if (!e || !code_cache_contains(e->code, host))
        return;
    f = code_cache_find_host(e->code, host);
    if (f)
        snprintf(out, size, ", byte %u of the fragment of guest code at %#lx",
                 (unsigned)(host.v - f->code.v), (unsigned long)f->pc.v);
    else
        snprintf(out, size, ", in the code cache outside of all fragments");
}

void vm_report(FILE *out)
{
    const struct thread *t = vm_current();

    if (!t) {
        fprintf(out, "  no guest code was running\n");
        return;
    }
    const struct vm *vm = t->vm;
    gva pc = thread_pc(t);
    fprintf(out, "  engine: %s, guest pc at the last exit or entry: %#lx\n", vm->engine->name,
            (unsigned long)pc.v);
    report_registers(out, t);
    fflush(out);
    vm_report_block(out, vm, pc);
}
