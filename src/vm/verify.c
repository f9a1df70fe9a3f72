/* vm/verify.c: the isomorphism check, `isomorph verify PROGRAM`. Every block is executed twice: by
 * the reference, which is the interpreter with its loads and stores going through a log
 * (space/store_log), and by the engine that is checked, which does what there is to do. Then
 * registers, flags, trap and every byte that was stored must agree. The first difference ends the
 * process with a report and EXIT_DIFFERS.
 *
 * The engine runs alone (vm->alone): no links and no look-ups inside translated code, so it comes
 * back after each block, and it counts instructions. If it came back earlier than the reference did
 * (a poll, an instruction for a lower engine), the reference is run again for as many instructions
 * as the engine did, over memory put back as it was.
 *
 * System calls end a block and are made once, by nobody's engine. Atomics are executed by the
 * reference in the log and by the engine in memory. What reads a clock cannot be repeated: such
 * blocks are executed but not compared. Memory shared with another process may change between the
 * two; so a difference counts only if the reference, run once more, still sees it.
 *
 * One guest thread runs at a time. With --every=N one block in N is checked.
 *
 * What the check does not see: stores of the engine to places where the reference stores nothing;
 * links between fragments, since there are none; the order of two threads' accesses. */
#include "vm/verify.h"

#include <errno.h>
#include <string.h>

#include "vm/block_engine.h"

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

/* The block at t's pc, of at most max_insns. NULL if that is 0, or with t->trap if it cannot be
 * fetched. */
static struct decoded_block *decode_limited(struct vm *vm, struct thread *t, unsigned max_insns,
                                            union decoded_room *room)
{
    if (max_insns == BLOCK_MAX_INSNS)
        return vm_find_block(vm, t);
    if (max_insns == 0 ||
        vm->guest->decode_block(vm->space, thread_pc(t), max_insns, &room->block, &t->trap) < 0)
        return NULL;
    return &room->block;
}

/* The reference, from v->before, for one block or max_insns of it. */
static void run_reference(struct vm *vm, struct thread *t, struct verify *v, unsigned max_insns)
{
    struct outcome *out = &v->reference;
    uint64_t counters[COUNTER_COUNT];
    union decoded_room decoded;

    memcpy(counters, t->counters, sizeof(counters));
    put_state(t, &v->before);
    store_log_clear(&v->log);
    v->log.fault = &t->fault;
    struct decoded_block *block = decode_limited(vm, t, max_insns, &decoded);
    if (block) {
        t->log = &v->log;
        out->kind = vm->guest->interpret_logged(t, block);
        t->log = NULL;
    } else {
        out->kind = max_insns > 0 ? EXIT_TRAP : EXIT_LOOKUP;
    }
    keep_state(out, t);
    out->n_insns = t->counters[COUNTER_GUEST_INSNS] - counters[COUNTER_GUEST_INSNS];
    memcpy(t->counters, counters, sizeof(counters));
}

static void run_engine(struct vm *vm, struct thread *t, struct verify *v)
{
    uint64_t before = t->counters[COUNTER_GUEST_INSNS];

    put_state(t, &v->before);
    v->engine.kind = vm->engine->run(vm, t);
    keep_state(&v->engine, t);
    v->engine.n_insns = t->counters[COUNTER_GUEST_INSNS] - before;
}

/* Runs the reference once more after the engine has been in memory, for as many instructions as the
 * engine did. What the engine stored is put back in the end. */
static void repeat_reference(struct vm *vm, struct thread *t, struct verify *v, unsigned max_insns)
{
    VEC(struct store_log_word) words = {0};

    for (size_t i = 0; i < v->log.words.len; i++) {
        struct store_log_word word = v->log.words.data[i];
        uint64_t now;
        if (!space_load_u64(vm->space, word.addr, &now))
            continue;
        store_log_poke(&v->log, word.addr, word.mask, word.old);
        word.value = now;
        vec_push(&words, word);
    }
    run_reference(vm, t, v, max_insns);
    for (size_t i = 0; i < words.len; i++) {
        const struct store_log_word *word = &words.data[i];
        store_log_poke(&v->log, word->addr, word->mask, word->value);
    }
    vec_free(&words);
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

/* The logged bytes that memory holds otherwise: a bit for each. */
static uint64_t wrong_bits(const struct vm *vm, const struct store_log_word *word, uint64_t *now)
{
    if (!space_load_u64(vm->space, word->addr, now))
        return word->mask;
    return (*now ^ word->value) & word->mask;
}

static bool outcomes_agree(const struct vm *vm, const struct verify *v)
{
    const struct outcome *a = &v->reference, *b = &v->engine;
    uint64_t now;

    if (a->n_insns != b->n_insns || exit_class(a->kind) != exit_class(b->kind) ||
        a->reserve_addr != b->reserve_addr || a->reserve_value != b->reserve_value)
        return false;
    if (a->kind == EXIT_TRAP && !traps_agree(&a->trap, &b->trap))
        return false;
    for (unsigned i = 0; i < vm->guest->n_regs; i++) {
        if (!registers_agree(&vm->guest->regs[i], a, b))
            return false;
    }
    for (size_t i = 0; i < v->log.words.len; i++) {
        if (wrong_bits(vm, &v->log.words.data[i], &now))
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
    uint64_t now;

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
    for (size_t i = 0; i < v->log.words.len; i++) {
        const struct store_log_word *word = &v->log.words.data[i];
        if (wrong_bits(vm, word, &now))
            strbuf_printf(
                out,
                "  memory %#lx: before %016lx, reference %016lx, engine %016lx, of bytes %016lx\n",
                (unsigned long)word->addr, (unsigned long)word->old, (unsigned long)word->value,
                (unsigned long)(now & word->mask), (unsigned long)word->mask);
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
           (engine->n_insns == reference->n_insns && exit_class(engine->kind) < 0);
}

static enum exit_kind check_block(struct vm *vm, struct thread *t, struct verify *v)
{
    unsigned limit = BLOCK_MAX_INSNS;

    keep_state(&v->before, t);
    t->unrepeatable = false;
    run_reference(vm, t, v, limit);
    run_engine(vm, t, v);
    if (t->unrepeatable) {
        t->counters[COUNTER_VERIFY_SKIPPED]++;
        return v->engine.kind;
    }
    if (stopped_before(&v->engine, &v->reference)) {
        limit = (unsigned)v->engine.n_insns;
        repeat_reference(vm, t, v, limit);
    }
    if (!outcomes_agree(vm, v)) {
        repeat_reference(vm, t, v, limit);
        if (!outcomes_agree(vm, v))
            report_difference(vm, v);
        t->counters[COUNTER_VERIFY_DISTURBED]++;
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
