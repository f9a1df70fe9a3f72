/* vm/verify.c: the isomorphism check, `isomorph verify PROGRAM`. Every block is executed twice: by
 * the reference, which is the interpreter with its loads and stores going through a log
 * (space/store_log), and by the engine that is checked, which does what there is to do. Then
 * registers, flags, trap and every byte that was stored must agree. The first difference ends the
 * process with a report and EXIT_DIFFERS.
 *
 * The engine runs alone (vm->verify): no links and no look-ups inside translated code, so it comes
 * back after each block, and it counts instructions.
 *
 * A second look is taken where the two have to differ: the engine came back earlier (a poll, an
 * instruction for a lower engine); memory that is shared with another process changed in between;
 * or memory is mapped twice, which the log does not know. Then memory is put back as it was and the
 * plain interpreter executes in it as many instructions as the engine did. Only what differs even
 * then is a difference.
 *
 * System calls end a block and are made once. What reads a clock cannot be repeated: such blocks
 * are executed but not compared.
 *
 * One guest thread runs at a time. With --every=N one block in N is checked.
 *
 * What the check does not see: stores of the engine to places where the reference stores nothing;
 * links between fragments, since there are none; the order of two threads' accesses. */
#include "vm/verify.h"

#include <errno.h>
#include <string.h>

#include "vm/block_engine.h"

/* Eight aligned bytes of memory that the reference stored to. */
struct stored {
    uint64_t addr, mask; /* 0xff for each byte stored */
    uint64_t old, reference, engine;
};

/* What one execution of a block leaves. */
struct outcome {
    unsigned char *guest; /* registers: state_size bytes */
    uint64_t reserve_addr, reserve_value;
    struct trap trap;
    enum exit_kind kind;
    uint64_t n_insns;
};

struct verify {
    pthread_mutex_t turn; /* held for a block: of all that follows too */
    uint64_t every, turns;
    struct store_log log;
    struct outcome before, reference, engine;
    VEC(struct stored) stored;
};

struct verify *verify_create(struct vm *vm)
{
    struct verify *v = base_zalloc(sizeof(*v));

    pthread_mutex_init(&v->turn, NULL);
    v->every = vm->options->verify_every;
    store_log_init(&v->log, vm->space, NULL);
    v->before.guest = base_zalloc_aligned(vm->guest->state_size, 64);
    v->reference.guest = base_zalloc_aligned(vm->guest->state_size, 64);
    v->engine.guest = base_zalloc_aligned(vm->guest->state_size, 64);
    return v;
}

void verify_destroy(struct verify *v)
{
    store_log_free(&v->log);
    vec_free(&v->stored);
    free(v->before.guest);
    free(v->reference.guest);
    free(v->engine.guest);
    pthread_mutex_destroy(&v->turn);
    free(v);
}

void verify_forked(struct verify *v)
{
    pthread_mutex_init(&v->turn, NULL); /* a thread that the child lacks may hold it */
}

/* ---- states ---------------------------------------------------------------------------------- */

static void keep_state(struct outcome *o, const struct thread *t)
{
    memcpy(o->guest, t->guest, t->desc->state_size);
    o->reserve_addr = t->reserve_addr;
    o->reserve_value = t->reserve_value;
    o->trap = t->trap;
}

static void put_state(struct thread *t, const struct outcome *o)
{
    memcpy(t->guest, o->guest, t->desc->state_size);
    t->reserve_addr = o->reserve_addr;
    t->reserve_value = o->reserve_value;
    t->trap = o->trap;
}

/* ---- the two executions ---------------------------------------------------------------------- */

/* The reference, from v->before, with nothing but the log changed. t is as it was, in the end. */
static void run_reference(struct vm *vm, struct thread *t, struct verify *v)
{
    struct outcome *out = &v->reference;
    uint64_t counters[COUNTER_COUNT];

    memcpy(counters, t->counters, sizeof(counters));
    store_log_clear(&v->log);
    v->log.fault = &t->fault;
    struct decoded_block *block = vm_find_block(vm, t);
    if (block) {
        t->log = &v->log;
        out->kind = vm->guest->interpret_logged(t, block);
        t->log = NULL;
    } else {
        out->kind = EXIT_TRAP;
    }
    keep_state(out, t);
    out->n_insns = t->counters[COUNTER_GUEST_INSNS] - counters[COUNTER_GUEST_INSNS];
    memcpy(t->counters, counters, sizeof(counters));
    put_state(t, &v->before);
}

static void run_engine(struct vm *vm, struct thread *t, struct verify *v)
{
    uint64_t before = t->counters[COUNTER_GUEST_INSNS];

    v->engine.kind = vm->engine->run(vm, t);
    keep_state(&v->engine, t);
    v->engine.n_insns = t->counters[COUNTER_GUEST_INSNS] - before;
}

/* What memory holds where the reference has stored. */
static void keep_stored(struct vm *vm, struct verify *v)
{
    v->stored.len = 0;
    for (size_t i = 0; i < v->log.words.len; i++) {
        const struct store_log_word *word = &v->log.words.data[i];
        struct stored stored = {
            .addr = word->addr, .mask = word->mask, .old = word->old, .reference = word->value};
        if (!space_load_u64(vm->space, word->addr, &stored.engine))
            stored.engine = ~word->value;
        vec_push(&v->stored, stored);
    }
}

/* The plain interpreter from v->before, in memory, for as many instructions as the engine did. */
static void interpret_again(struct vm *vm, struct thread *t, struct verify *v)
{
    uint64_t counters[COUNTER_COUNT];
    union decoded_room decoded;

    memcpy(counters, t->counters, sizeof(counters));
    put_state(t, &v->before);
    v->reference.kind = EXIT_LOOKUP;
    if (v->engine.n_insns > 0 &&
        vm->guest->decode_block(vm->space, thread_pc(t),
                                (unsigned)MIN(v->engine.n_insns, (uint64_t)BLOCK_MAX_INSNS),
                                &decoded.block, &t->trap) < 0) {
        v->reference.kind = EXIT_TRAP;
    } else if (v->engine.n_insns > 0) {
        decoded_block_set_runs(&decoded.block, 0); /* do not repeat it */
        v->reference.kind = vm->guest->interpret(t, &decoded.block);
    }
    keep_state(&v->reference, t);
    v->reference.n_insns = t->counters[COUNTER_GUEST_INSNS] - counters[COUNTER_GUEST_INSNS];
    memcpy(t->counters, counters, sizeof(counters));
}

/* The second look. Memory and t are left as the engine had them. */
static void look_again(struct vm *vm, struct thread *t, struct verify *v)
{
    for (size_t i = 0; i < v->stored.len; i++)
        store_log_poke(&v->log, v->stored.data[i].addr, v->stored.data[i].mask,
                       v->stored.data[i].old);
    interpret_again(vm, t, v);
    for (size_t i = 0; i < v->stored.len; i++) {
        struct stored *stored = &v->stored.data[i];
        if (!space_load_u64(vm->space, stored->addr, &stored->reference))
            stored->reference = ~stored->engine;
        store_log_poke(&v->log, stored->addr, stored->mask, stored->engine);
    }
    put_state(t, &v->engine);
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Ways out of guest code that the outside can tell apart. */
static int exit_class(enum exit_kind kind)
{
    return kind == EXIT_TRAP || kind == EXIT_FLUSH ? (int)kind : -1;
}

static bool registers_agree(const struct guest_reg *reg, const struct outcome *a,
                            const struct outcome *b)
{
    const unsigned char *x = a->guest + reg->offset, *y = b->guest + reg->offset;

    if (reg->bits == 64)
        return reg->zero || *(const uint64_t *)x == *(const uint64_t *)y;
    return reg->zero || memcmp(x, y, reg->bits / 8) == 0;
}

static bool traps_agree(const struct trap *a, const struct trap *b)
{
    return a->kind == b->kind && a->reason == b->reason && a->addr.v == b->addr.v &&
           a->insn == b->insn;
}

static bool stores_agree(const struct stored *stored)
{
    return ((stored->reference ^ stored->engine) & stored->mask) == 0;
}

static bool outcomes_agree(const struct vm *vm, const struct verify *v)
{
    const struct outcome *a = &v->reference, *b = &v->engine;

    if (a->n_insns != b->n_insns || exit_class(a->kind) != exit_class(b->kind) ||
        a->reserve_addr != b->reserve_addr || a->reserve_value != b->reserve_value)
        return false;
    if (a->kind == EXIT_TRAP && !traps_agree(&a->trap, &b->trap))
        return false;
    for (unsigned i = 0; i < vm->guest->n_regs; i++) {
        if (!registers_agree(&vm->guest->regs[i], a, b))
            return false;
    }
    for (size_t i = 0; i < v->stored.len; i++) {
        if (!stores_agree(&v->stored.data[i]))
            return false;
    }
    return true;
}

/* ---- the report ------------------------------------------------------------------------------ */

/* The command line of this process, quoted for a shell. */
static void print_command(struct strbuf *out)
{
    char words[64 << 10];
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t n = file ? fread(words, 1, sizeof(words) - 1, file) : 0;

    words[n] = '\0';
    if (file)
        fclose(file);
    strbuf_printf(out, "  repeat with:");
    for (const char *word = words; word < words + n; word += strlen(word) + 1) {
        strbuf_printf(out, " '");
        for (const char *c = word; *c; c++)
            strbuf_printf(out, *c == '\'' ? "'\\''" : "%c", *c);
        strbuf_printf(out, "'");
    }
    strbuf_printf(out, "\n");
}

static void print_exit(struct strbuf *out, const char *who, const struct outcome *o)
{
    strbuf_printf(out, "  %-10s %lu instructions, then %s", who, (unsigned long)o->n_insns,
                  o->kind == EXIT_TRAP    ? vm_trap_name(o->trap.kind)
                  : o->kind == EXIT_FLUSH ? "fence.i"
                                          : "on");
    if (o->kind == EXIT_TRAP)
        strbuf_printf(out, " (reason %d, address %#lx, instruction %#x)", o->trap.reason,
                      (unsigned long)o->trap.addr.v, o->trap.insn);
    strbuf_printf(out, "; reservation %#lx\n", (unsigned long)o->reserve_addr);
}

/* A register of up to 64 bits; wider ones by their first bytes. */
static uint64_t register_value(const struct guest_reg *reg, const struct outcome *o)
{
    uint64_t value = 0;

    memcpy(&value, o->guest + reg->offset, MIN((size_t)reg->bits / 8, sizeof(value)));
    return value;
}

static void print_differences(const struct vm *vm, const struct verify *v, struct strbuf *out)
{
    print_exit(out, "reference:", &v->reference);
    print_exit(out, "engine:", &v->engine);
    for (unsigned i = 0; i < vm->guest->n_regs; i++) {
        const struct guest_reg *reg = &vm->guest->regs[i];
        if (registers_agree(reg, &v->reference, &v->engine))
            continue;
        strbuf_printf(out, "  %s: before %#lx, reference %#lx, engine %#lx\n",
                      reg->alias ? reg->alias : reg->name,
                      (unsigned long)register_value(reg, &v->before),
                      (unsigned long)register_value(reg, &v->reference),
                      (unsigned long)register_value(reg, &v->engine));
    }
    for (size_t i = 0; i < v->stored.len; i++) {
        const struct stored *stored = &v->stored.data[i];
        if (!stores_agree(stored))
            strbuf_printf(out,
                          "  memory %#lx: before %016lx, reference %016lx, engine %016lx, of bytes "
                          "%016lx\n",
                          (unsigned long)stored->addr, (unsigned long)stored->old,
                          (unsigned long)(stored->reference & stored->mask),
                          (unsigned long)(stored->engine & stored->mask),
                          (unsigned long)stored->mask);
    }
}

static _Noreturn void report_difference(struct vm *vm, const struct verify *v)
{
    gva pc = *(const gva *)(v->before.guest + vm->guest->pc_offset);
    struct strbuf text = {0};

    strbuf_printf(
        &text,
        "isomorph: verify: engine %s differs from the reference in the block at %#lx, number %lu\n",
        vm->engine->name, (unsigned long)pc.v, (unsigned long)v->turns);
    print_differences(vm, v, &text);
    print_command(&text);
    base_report(text.data, text.len);
    strbuf_free(&text);
    vm_report_block(stderr, vm, pc);
    _exit(EXIT_DIFFERS);
}

/* ---- a turn ---------------------------------------------------------------------------------- */

/* The engine may stop anywhere; also right before what the reference trapped at. */
static bool stopped_before(const struct outcome *engine, const struct outcome *reference)
{
    return engine->n_insns < reference->n_insns ||
           (engine->n_insns == reference->n_insns && exit_class(engine->kind) < 0 &&
            exit_class(reference->kind) >= 0);
}

static enum exit_kind check_block(struct vm *vm, struct thread *t, struct verify *v)
{
    keep_state(&v->before, t);
    t->unrepeatable = false;
    run_reference(vm, t, v);
    run_engine(vm, t, v);
    if (t->unrepeatable) {
        t->counters[COUNTER_VERIFY_SKIPPED]++;
        return v->engine.kind;
    }
    keep_stored(vm, v);
    bool early = stopped_before(&v->engine, &v->reference);
    if (early || !outcomes_agree(vm, v)) {
        look_again(vm, t, v);
        if (!outcomes_agree(vm, v))
            report_difference(vm, v);
        t->counters[COUNTER_VERIFY_DISTURBED] += !early;
    }
    t->counters[COUNTER_VERIFY_BLOCKS]++;
    t->counters[COUNTER_VERIFY_INSNS] += v->engine.n_insns;
    return v->engine.kind;
}

/* Whoever waits for the turn is not in guest code: the one that has it may need the others to be
 * out. */
static void take_turn(struct verify *v, struct thread *t)
{
    while (pthread_mutex_trylock(&v->turn) != 0) {
        vm_leave_code(t);
        pthread_mutex_lock(&v->turn);
        pthread_mutex_unlock(&v->turn);
        vm_enter_code(t);
    }
}

enum exit_kind verify_run(struct vm *vm, struct thread *t)
{
    struct verify *v = vm->verify;

    take_turn(v, t);
    v->turns++;
    enum exit_kind kind = v->turns % v->every == 0 ? check_block(vm, t, v) : vm->engine->run(vm, t);
    pthread_mutex_unlock(&v->turn);
    return kind;
}
