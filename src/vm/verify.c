/* vm/verify.c: the isomorphism check, `isomorph verify PROGRAM`. Every block, or as many as the
 * engine has made one fragment of, is executed twice: by
 * the reference, which is the interpreter with its loads and stores going through a log
 * (space/store_log), and by the engine that is checked, which does what there is to do. Then
 * registers, flags, trap and every byte that was stored must agree. The first difference ends the
 * process with a report and EXIT_DIFFERS.
 *
 * The engine runs alone (vm->verify): no links and no look-ups inside translated code, so it comes
 * back after each fragment, and it counts instructions.
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
 * Stores of the engine where the reference stores nothing are looked for too (space/stray.c): not
 * in each turn, since that costs more than all the rest. And the first time that a program of one
 * thread reaches a block after code may have changed, the reference executes what memory holds, not
 * what was decoded from it: so stale code is seen, of whomever.
 *
 * A store-conditional would hardly ever fail, as threads take turns and the reservation is there.
 * So it is taken now and then before the two executions, as a machine may do at any time.
 *
 * What the check does not see: links between fragments, since there are none; the order of two
 * threads' accesses; what only the next fragment would show (a rounding mode of MXCSR that is not
 * the guest's); stray stores in turns that are not looked at, or of programs with threads; stale
 * code of programs with threads. */
#include "vm/trial.h"
#include "vm/verify.h"

#include <string.h>

/* In how many turns, and in each block's first one, the engine's stores are looked for around those
 * of the reference, and everywhere. */
enum { AROUND_EVERY = 8, GUARD_EVERY = 4096 };

/* Before how many of the blocks that begin with a reservation it is taken. */
enum { TAKE_EVERY = 64 };

/* Eight aligned bytes of memory that the reference stored to. */
struct stored {
    uint64_t addr, mask; /* 0xff for each byte stored */
    uint64_t old, reference, engine;
};

struct verify {
    pthread_mutex_t turn;            /* held for a block: of all that follows too */
    uint64_t every, turns, reserved; /* of the turns: begun with a reservation */
    struct trial *trial;
    struct outcome again; /* of the second look */
    struct outcome engine;
    VEC(struct stored) stored;
    const struct thread *idle; /* it has done nothing for n_idle turns */
    unsigned n_idle;
    bool strayed; /* the engine stored where the reference did not: */
    gva stray;
    struct hash_map seen;    /* pc of a block that was checked: vm->code_changes + 1 then */
    gva reach;               /* how far the engine goes if no branch is taken */
    bool from_memory;        /* what the reference executes is decoded anew: */
    union decoded_room anew; /* the block at hand. Last, for its size varies */
};

struct verify *verify_create(struct vm *vm)
{
    struct verify *v = base_zalloc(sizeof(*v));

    pthread_mutex_init(&v->turn, NULL);
    v->every = vm->options->verify_every;
    v->trial = trial_create(vm);
    outcome_init(&v->again, vm->guest);
    outcome_init(&v->engine, vm->guest);
    return v;
}

void verify_destroy(struct verify *v)
{
    trial_free(v->trial);
    vec_free(&v->stored);
    hash_map_free(&v->seen);
    outcome_free(&v->again);
    outcome_free(&v->engine);
    pthread_mutex_destroy(&v->turn);
    free(v);
}

void verify_forked(struct verify *v)
{
    pthread_mutex_init(&v->turn, NULL); /* a thread that the child lacks may hold it */
}

/* ---- the two executions ---------------------------------------------------------------------- */

/* Whatever memory has from now on, the block at t's pc is kept as it is now. What was decoded
 * before may be as stale as what was translated: the first time after code may have changed the
 * reference is what memory has now. But what another thread has stored there need not be seen
 * before a fence.
 */
static void begin_reference(struct vm *vm, struct thread *t, struct verify *v, bool *first)
{
    gva pc = thread_pc(t);
    uint64_t now = vm->code_changes + 1;
    uint64_t seen = (uint64_t)(uintptr_t)hash_map_get(&v->seen, pc.v);

    vm_find_block(vm, t);
    v->reach = vm->engine->reach ? vm->engine->reach(vm, t) : GVA(0);
    v->from_memory = seen != now && vm->threads.len == 1;
    if (seen != now)
        hash_map_put(&v->seen, pc.v, (void *)(uintptr_t)now);
    *first = seen == 0;
}

/* The block at t's pc for the reference. NULL: it cannot be read. */
static struct decoded_block *find_reference(struct vm *vm, struct thread *t)
{
    struct verify *v = vm->verify;
    struct decoded_block *block = NULL;

    if (!v->from_memory) {
        vm_lock(vm);
        block = block_cache_find(vm->cache, thread_pc(t), 0);
        vm_unlock(vm);
    }
    if (!block && vm->guest->decode_block(vm->space, thread_pc(t), vm->max_insns, &v->anew.block,
                                          &t->trap) == 0)
        block = &v->anew.block;
    return block;
}

/* The next one, if the engine goes on with it. */
static struct decoded_block *find_next(void *vm, struct thread *t)
{
    return thread_pc(t).v < ((struct vm *)vm)->verify->reach.v ? find_reference(vm, t) : NULL;
}

static void run_reference(struct vm *vm, struct thread *t)
{
    trial_run_on(vm->verify->trial, t, find_reference(vm, t), find_next, vm);
}

/* How t stands after an execution. */
static void note_outcome(struct outcome *out, const struct thread *t, enum exit_kind kind,
                         uint64_t insns_before)
{
    outcome_keep(out, t);
    out->kind = kind;
    out->n_insns = t->counters[COUNTER_GUEST_INSNS] - insns_before;
}

/* Stray stores are looked for where nobody else can have made them. Not with the guard if a store
 * is to fault: one beyond the end of a file would seem to be to guarded memory. */
static void run_engine(struct vm *vm, struct thread *t, struct verify *v, bool first)
{
    struct store_log *log = &v->trial->log;
    const struct outcome *after = &v->trial->after;
    uint64_t before = t->counters[COUNTER_GUEST_INSNS];
    bool look =
        (first || v->turns % AROUND_EVERY == 0) && log->words.len > 0 && vm->threads.len == 1;
    bool faults = after->kind == EXIT_TRAP && after->trap.kind == TRAP_STORE;

    if (look)
        store_log_expect(log, !faults && (first || v->turns % GUARD_EVERY == 0));
    enum exit_kind kind = vm->engine->run(vm, t);
    v->strayed = look && store_log_stray(log, &v->stray);
    note_outcome(&v->engine, t, kind, before);
}

/* What memory holds where the reference has stored. */
static void keep_stored(struct vm *vm, struct verify *v)
{
    const struct store_log *log = &v->trial->log;

    v->stored.len = 0;
    for (size_t i = 0; i < log->words.len; i++) {
        const struct store_log_word *word = &log->words.data[i];
        struct stored stored = {
            .addr = word->addr, .mask = word->mask, .old = word->old, .reference = word->value};
        if (!space_load_u64(vm->space, word->addr, &stored.engine))
            stored.engine = ~word->value;
        vec_push(&v->stored, stored);
    }
}

/* Ways out of guest code that the outside can tell apart. */
static int exit_class(enum exit_kind kind)
{
    return kind == EXIT_TRAP || kind == EXIT_FLUSH ? (int)kind : -1;
}

/* The plain interpreter from the state before, in memory, for as many instructions as the engine
 * did, and the one at which that trapped. */
static void interpret_again(struct vm *vm, struct thread *t, struct verify *v)
{
    uint64_t counters[COUNTER_COUNT];
    enum exit_kind kind = EXIT_LOOKUP;

    memcpy(counters, t->counters, sizeof(counters));
    outcome_put(&v->trial->before, t);
    uint64_t end = counters[COUNTER_GUEST_INSNS] + MIN(v->engine.n_insns, (uint64_t)UINT16_MAX) +
                   (v->engine.kind == EXIT_TRAP);
    while (t->counters[COUNTER_GUEST_INSNS] < end && exit_class(kind) < 0)
        kind = vm_interpret_some(vm, t, (unsigned)(end - t->counters[COUNTER_GUEST_INSNS]));
    note_outcome(&v->again, t, kind, counters[COUNTER_GUEST_INSNS]);
    memcpy(t->counters, counters, sizeof(counters));
}

/* The second look. Memory and t are left as the engine had them. */
static void look_again(struct vm *vm, struct thread *t, struct verify *v)
{
    const struct store_log *log = &v->trial->log;

    for (size_t i = 0; i < v->stored.len; i++)
        store_log_poke(log, v->stored.data[i].addr, v->stored.data[i].mask, v->stored.data[i].old);
    interpret_again(vm, t, v);
    for (size_t i = 0; i < v->stored.len; i++) {
        struct stored *stored = &v->stored.data[i];
        if (!space_load_u64(vm->space, stored->addr, &stored->reference))
            stored->reference = ~stored->engine;
        store_log_poke(log, stored->addr, stored->mask, stored->engine);
    }
    outcome_put(&v->engine, t);
}

/* ---- comparing ------------------------------------------------------------------------------- */

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

/* A trap takes the reservation (handle_trap), so whoever comes after it cannot tell which there
 * was: with pass `reserve` of the translator a store-conditional that faults has none, or an older
 * one. */
static bool reservations_agree(const struct outcome *reference, const struct outcome *engine)
{
    if (engine->kind == EXIT_TRAP)
        return true;
    return reference->reserve_addr == engine->reserve_addr &&
           (engine->reserve_addr == ~(uint64_t)0 ||
            reference->reserve_value == engine->reserve_value);
}

static bool stores_agree(const struct stored *stored)
{
    return ((stored->reference ^ stored->engine) & stored->mask) == 0;
}

static bool outcomes_agree(const struct vm *vm, const struct verify *v,
                           const struct outcome *reference)
{
    const struct outcome *a = reference, *b = &v->engine;

    if (v->strayed || a->n_insns != b->n_insns || exit_class(a->kind) != exit_class(b->kind) ||
        !reservations_agree(a, b))
        return false;
    if (a->kind == EXIT_TRAP && !traps_agree(&a->trap, &b->trap))
        return false;
    /* Mostly all bytes agree, those that are no register's too. */
    bool same = memcmp(a->guest, b->guest, vm->guest->state_size) == 0;
    for (unsigned i = 0; i < vm->guest->n_regs && !same; i++) {
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

static void print_differences(const struct vm *vm, const struct verify *v,
                              const struct outcome *reference, struct strbuf *out)
{
    print_exit(out, "reference:", reference);
    print_exit(out, "engine:", &v->engine);
    for (unsigned i = 0; i < vm->guest->n_regs; i++) {
        const struct guest_reg *reg = &vm->guest->regs[i];
        if (registers_agree(reg, reference, &v->engine))
            continue;
        strbuf_printf(out, "  %s: before %#lx, reference %#lx, engine %#lx\n",
                      reg->alias ? reg->alias : reg->name,
                      (unsigned long)register_value(reg, &v->trial->before),
                      (unsigned long)register_value(reg, reference),
                      (unsigned long)register_value(reg, &v->engine));
    }
    if (v->strayed)
        strbuf_printf(out, "  memory %#lx: the engine stores there, the reference does not\n",
                      (unsigned long)v->stray.v);
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

static _Noreturn void report_difference(struct vm *vm, const struct verify *v,
                                        const struct outcome *reference)
{
    gva pc = *(const gva *)(v->trial->before.guest + vm->guest->pc_offset);
    struct strbuf text = {0};

    strbuf_printf(
        &text,
        "isomorph: verify: engine %s differs from the reference in the block at %#lx, number %lu\n",
        vm->engine->name, (unsigned long)pc.v, (unsigned long)v->turns);
    print_differences(vm, v, reference, &text);
    print_command(&text);
    base_report(text.data, text.len);
    strbuf_free(&text);
    vm_report_block(stderr, vm, pc);
    _exit(EXIT_DIFFERS);
}

/* ---- a turn ---------------------------------------------------------------------------------- */

static void take_reservation(struct verify *v, struct thread *t)
{
    const uint64_t none = ~(uint64_t)0;

    if (t->reserve_addr != none && ++v->reserved % TAKE_EVERY == 0)
        t->reserve_addr = none;
}

/* The engine may stop anywhere; also right before what the reference trapped at. */
static bool stopped_before(const struct outcome *engine, const struct outcome *reference)
{
    return engine->n_insns < reference->n_insns ||
           (engine->n_insns == reference->n_insns && exit_class(engine->kind) < 0 &&
            exit_class(reference->kind) >= 0);
}

/* Did the reference trap where the engine went on, and would it go on too by now? Then another
 * thread has changed a mapping in between. What the engine has stored since no log knows. */
static bool mapping_came(struct vm *vm, struct thread *t, struct verify *v)
{
    struct outcome *first = &v->trial->after;
    uint64_t n_insns = first->n_insns;

    if (first->kind != EXIT_TRAP || v->engine.n_insns <= n_insns || vm->threads.len == 1)
        return false;
    outcome_put(&v->trial->before, t);
    run_reference(vm, t);
    bool traps = first->kind == EXIT_TRAP && first->n_insns == n_insns;
    outcome_put(&v->engine, t);
    return !traps;
}

/* An engine may come back without having done anything, for a reason that is gone the next time;
 * but not again and again. */
static bool is_stuck(struct verify *v, const struct thread *t)
{
    enum { PATIENCE = 100 };
    bool idle =
        v->engine.n_insns == 0 && exit_class(v->engine.kind) < 0 && atomic_load(&t->poll) == 0;

    v->n_idle = idle && v->idle == t ? v->n_idle + 1 : idle;
    v->idle = t;
    return v->n_idle > PATIENCE;
}

/* Reports a difference. False: they could not be compared. */
static bool compare(struct vm *vm, struct thread *t, struct verify *v)
{
    bool early = stopped_before(&v->engine, &v->trial->after);

    if (!early && outcomes_agree(vm, v, &v->trial->after))
        return true;
    if (mapping_came(vm, t, v))
        return false;
    look_again(vm, t, v);
    if (!outcomes_agree(vm, v, &v->again))
        report_difference(vm, v, &v->again);
    t->counters[COUNTER_VERIFY_DISTURBED] += !early;
    return true;
}

static enum exit_kind check_block(struct vm *vm, struct thread *t, struct verify *v)
{
    bool first;

    begin_reference(vm, t, v, &first);
    take_reservation(v, t);
    run_reference(vm, t);
    run_engine(vm, t, v, first);
    keep_stored(vm, v);
    if (v->trial->unrepeatable || !compare(vm, t, v)) {
        t->counters[COUNTER_VERIFY_SKIPPED]++;
        return v->engine.kind;
    }
    if (is_stuck(v, t))
        report_difference(vm, v, &v->trial->after);
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
