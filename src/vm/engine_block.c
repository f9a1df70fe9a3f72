/* vm/engine_block.c: engine `block`. Guest code is translated a basic block at a time, or a few
 * that follow each other (superblock.c), into fragments of host code, which run into each other
 * once they are linked.
 *
 * A turn: find the fragment for the thread's pc, or make it; enter it through the trampoline; look
 * why it was left. An exit that was not linked is, once the fragment that it leads to is there. An
 * indirect jump finds its goal in the thread's table, which is filled at each entry from here.
 *
 * What is not hot (tier.c) and what the translator does not do the interpreter does: blocks that it
 * gives back (a bail-out, remembered until code changes), and single instructions for which a
 * fragment is left. In the thread's table of decoded blocks, by which the interpreter goes on by
 * itself, stand only blocks without a fragment; so it comes back as soon as it gets to one that has
 * one, or is hot.
 *
 * Guest code that changes is the space's to find out (space/watch.c): it is told which pages code
 * is made from, and says what must be dropped.
 *
 * With several threads (quiesce.c) all of this but running is done under the vm's lock. What would
 * drop fragments is given up at first, and done again in an exclusive section. */
#include "vm/block_engine.h"
#include "vm/debug_private.h"

#include <errno.h>
#include <string.h>

/* ---- start and end --------------------------------------------------------------------------- */

/* The cache lets go of a fragment: no thread's table or return stack may lead to it. In an
 * exclusive section. */
static void on_dropped(void *arg, const struct fragment *f)
{
    const struct vm *vm = arg;
    unsigned slot = jump_table_index(f->pc.v);

    vm->block->n_dropped++;
    for (size_t i = 0; i < vm->threads.len; i++) {
        struct jump_entry *entry = &vm->threads.data[i]->jumps[slot];
        if (entry->host == f->code.v)
            *entry = jump_entry_empty(slot);
        return_stack_forget(&vm->threads.data[i]->returns);
    }
    block_log_drop(f);
    if (vm_observer && vm_observer->dropped)
        vm_observer->dropped(f);
}

static bool may_drop(void *arg)
{
    return promote_may_drop(arg);
}

static struct code_cache *make_code_cache(struct vm *vm)
{
    const struct options *options = vm->options;
    const struct code_cache_config config = {
        .size = options->cache_size,
        .split = strcmp(options->wx, "split") == 0,
        .policy = options->cache_policy,
        .beside = (const void *)(uintptr_t)translate_block,
        .target = translate_target,
        .dropped = on_dropped,
        .may_drop = may_drop,
        .arg = vm,
    };
    const char *why;
    struct code_cache *code = code_cache_create(&config, &why);

    if (!code)
        base_fail(EXIT_USAGE, "%s", why);
    return code;
}

static void place_trampolines(struct block_engine *e)
{
    uint32_t offsets[CODE_TRAMPOLINES];
    const struct host_reloc *relocs;
    const uint8_t *code;
    size_t n, n_relocs;

    translate_trampolines(e->translator, &code, &n, &relocs, &n_relocs, offsets);
    e->trampoline_bytes = n;
    int error = code_cache_set_trampolines(e->code, code, n, relocs, n_relocs, offsets);
    CHECK(error != -ENOSPC, "%zu bytes of trampolines leave no room for fragments", n);
    if (error)
        base_fail(EXIT_USAGE, "no room for the code cache near the runtime; make it smaller "
                              "(--cache-size) or use --engine=interp");
    for (unsigned id = 0; id < CODE_TARGETS; id++)
        e->names.targets[id] = code_cache_target(e->code, id).v;
    e->names.tr = e->translator;
}

static void block_start(struct vm *vm)
{
    struct block_engine *e = base_zalloc(sizeof(*e));

    vm->block = e;
    e->timed = vm->options->stats != NULL;
    e->config = (struct translate_config){.guest = vm->guest,
                                          .space_base = vm->space->base,
                                          .fence = vm->options->fence,
                                          .count = e->timed || vm->options->verify ||
                                                   vm_observes_executions(),
                                          .random_registers = vm->options->random_registers,
                                          .lines = vm_observer && vm_observer->made};
    for (size_t i = 0; i < vm->options->without.len; i++)
        e->config.passes_off |= translate_pass_bit(vm->options->without.data[i]);
    host_cpu_detect(&e->config.cpu);
    e->code = make_code_cache(vm);
    e->translator = translator_create(&e->config);
    tier_start(&e->tier, vm->options);
    superblock_start(vm);
    e->alone = e->config.passes_off & translate_pass_bit("neighbours");
    ir_block_init(&e->lifted, vm->guest->regs, vm->guest->n_regs);
    place_trampolines(e);
}

static void block_stop(struct vm *vm)
{
    struct block_engine *e = vm->block;

    code_cache_destroy(e->code);
    translator_destroy(e->translator);
    ir_block_free(&e->lifted);
    hash_map_free(&e->bailed);
    free(e);
    vm->block = NULL;
}

/* The fragment for t's pc; NULL: it is the interpreter's turn (on *cold, if that is not NULL), or
 * e->wants_alone. Under the lock. */
static struct fragment *find_fragment(struct vm *vm, struct thread *t, struct decoded_block **cold)
{
    gva pc = thread_pc(t);

    /* What is looked at next, if there is no fragment, each far from the others. */
    block_cache_prefetch(vm->cache, pc, 0);
    space_prefetch(vm->space, pc);
    struct fragment *f = code_cache_find(vm->block->code, pc, 0);
    *cold = NULL;
    vm->block->wants_alone = false;
    t->counters[COUNTER_LOOKUPS]++;
    if (debug_breaks_at(vm, pc)) /* the next turn will see */
        return NULL;
    if (f || hash_map_get(&vm->block->bailed, pc.v))
        return f;
    return vm->block->tier.runs > 0 ? promote_if_hot(vm, t, cold) : promote_at_once(vm, t);
}

/* ---- running --------------------------------------------------------------------------------- */

/* What remains of a block from t's pc on, by the interpreter. With vm->one_block the turn must end
 * where the block does; a single instruction does. */
static enum exit_kind interpret_rest(struct vm *vm, struct thread *t)
{
    t->counters[COUNTER_INTERPRETED]++;
    if (vm->one_block)
        return vm_interpret_some(vm, t, 1);
    struct decoded_block *block = vm_find_block(vm, t);
    return block ? vm_interpret(vm, t, block) : EXIT_TRAP;
}

/* A block that has no fragment, and others of the kind that follow. block: the one at t's pc, or
 * NULL. */
static enum exit_kind interpret_block(struct vm *vm, struct thread *t, struct decoded_block *block)
{
    if (!block && !(block = vm_find_block(vm, t)))
        return EXIT_TRAP;
    if (vm->block->tier.runs > 0) {
        tier_run(&vm->block->tier, block);
        thread_put_block(t, block);
    }
    t->counters[COUNTER_INTERPRETED]++;
    return vm->one_block ? vm_interpret_once(vm, t, block) : vm_interpret(vm, t, block);
}

/* A block that the interpreter has run before and that is not hot yet, without looking further;
 * else NULL. */
static struct decoded_block *find_cold(const struct thread *t)
{
    gva pc = thread_pc(t);
    struct decoded_block *block = thread_block_at(t, pc);

    return block->pc.v == pc.v && !tier_is_hot(block) ? block : NULL;
}

/* What was entered or linked from the run loop once, indirect jumps and the run loop find in t's
 * table. Under vm->one_block every block comes back to the run loop. */
static void remember(const struct vm *vm, struct thread *t, const struct fragment *f)
{
    unsigned slot = jump_table_index(f->pc.v), page = slot / JUMPS_OF_A_PAGE;

    promote_forget_ref(t, f->pc);
    if (vm->one_block)
        return;
    t->jumps[slot] = (struct jump_entry){f->pc.v, f->code.v};
    t->jump_pages[page / 64] |= (uint64_t)1 << page % 64;
}

/* The code for t's pc, if it stands in t's table; else 0. Needs no lock: only t itself writes
 * there, or an exclusive section. */
static hpc find_known(const struct vm *vm, const struct thread *t)
{
    gva pc = thread_pc(t);
    unsigned slot = jump_table_index(pc.v), page = slot / JUMPS_OF_A_PAGE;

    if (!(t->jump_pages[page / 64] >> page % 64 & 1) || vm->debug)
        return HPC(0); /* without a look at the entry, which would cost a page fault */
    return t->jumps[slot].pc == pc.v ? HPC(t->jumps[slot].host) : HPC(0);
}

/* t has left through an exit that is not linked: links it to the fragment that it leads to, if
 * there is one now and it did not push the other out. False: it is the interpreter's turn, on
 * *cold if that is not NULL. Under the lock. */
static bool follow_exit(struct vm *vm, struct thread *t, struct decoded_block **cold)
{
    struct code_cache *code = vm->block->code;
    uint64_t dropped = vm->block->n_dropped;
    unsigned exit;
    struct fragment *from = code_cache_find_exit(code, HPC(t->exit_stub), &exit);

    /* t has been in guest code since: the fragment that it left is still there. */
    CHECK(from, "guest code was left by a stub at %#lx, where none is",
          (unsigned long)t->exit_stub);
    gva pc = fragment_exit_of(from, exit)->pc;
    thread_set_pc(t, pc);
    if ((*cold = find_cold(t)) != NULL)
        return false;
    struct fragment *to = find_fragment(vm, t, cold);
    if (!to)
        return vm->block->wants_alone;
    remember(vm, t, to);
    /* Another thread may have linked it meanwhile. */
    if (!vm->one_block && vm->block->n_dropped == dropped && !fragment_exit_goal(from, exit)) {
        code_cache_link(code, from, exit, to);
        block_log_link(from, exit, to);
    }
    return true;
}

/* The block of a fragment that pc is in; the fragment starts at start. False: it can no longer be
 * read, since it has been changed after it was translated. */
static bool decode_around(struct vm *vm, gva start, gva pc, union decoded_room *decoded)
{
    struct decoded_block *block = &decoded->block;
    struct trap unused;
    int error = 0;

    for (; start.v <= pc.v && error == 0; start.v += block->guest_bytes) {
        error = vm->guest->decode_block(vm->space, start, vm->max_insns, block, &unused);
        if (error == 0 && pc.v - start.v < block->guest_bytes)
            return true;
    }
    return false;
}

/* Guest instructions before pc, from the start of its block on. */
static uint64_t count_insns(struct vm *vm, gva start, gva pc)
{
    struct ir_block *lifted = &vm->block->lifted;
    union decoded_room decoded;
    uint64_t n = 0;

    if (!decode_around(vm, start, pc, &decoded))
        return 0;
    ir_block_reset(lifted);
    vm->guest->lift_block(&decoded.block, lifted);
    for (size_t i = 0; i < lifted->uops.len; i++)
        n += lifted->uops.data[i].op == UOP_insn && lifted->uops.data[i].imm < pc.v;
    return n;
}

/* A fragment counts its instructions, if at all, as it is left or goes over a branch: those before
 * one that has faulted are added here. */
static void count_before_fault(struct vm *vm, struct thread *t)
{
    vm_lock(vm);
    if (vm->block->config.count)
        t->counters[COUNTER_GUEST_INSNS] += count_insns(vm, t->fault_block, thread_pc(t));
    vm_unlock(vm);
}

/* A load or store has faulted. Where the processor did not say at which address, the interpreter
 * does the instruction again and finds out. */
static enum exit_kind raise_fault(struct vm *vm, struct thread *t)
{
    t->faulted = false;
    t->counters[COUNTER_FAULTS]++;
    count_before_fault(vm, t);
    return t->trap.kind == TRAP_NONE ? interpret_rest(vm, t) : EXIT_TRAP;
}

static enum exit_kind leave_by_poll(struct vm *vm, struct thread *t)
{
    t->polled = false;
    count_before_fault(vm, t);
    return EXIT_POLL;
}

static enum translate_exit enter(struct vm *vm, struct thread *t, hpc code)
{
    hpc trampoline = code_cache_target(vm->block->code, CODE_ENTER);

    t->counters[COUNTER_ENTRIES]++;
    if (UNLIKELY(atomic_load_explicit(&t->polls_shut, memory_order_relaxed)))
        poll_open(t);
    t->doing = DOING_TRANSLATED;
    enum translate_exit exit = (enum translate_exit)host_code_function(trampoline)(
        (uint64_t)(uintptr_t)t, code.v, 0, 0, 0, 0);
    t->doing = DOING_GUEST;
    return exit;
}

/* Makes the fragment for t's pc when others must go for it; the next turn finds it. */
static enum exit_kind translate_alone(struct vm *vm, struct thread *t)
{
    struct decoded_block *cold;

    vm_leave_code(t);
    vm_exclusive_begin(vm);
    find_fragment(vm, t, &cold);
    vm_exclusive_end(vm);
    vm_enter_code(t);
    return EXIT_LOOKUP;
}

/* The interpreter has seen an instruction that reads the counter. */
static enum exit_kind count_from_now_on(struct vm *vm, struct thread *t)
{
    vm_leave_code(t);
    vm_exclusive_begin(vm);
    if (!vm->block->config.count)
        block_start_counting(vm->block);
    vm_exclusive_end(vm);
    vm_enter_code(t);
    return EXIT_LOOKUP;
}

/* Follows an exit that is not linked, and goes on with the interpreter if that is due. */
static enum exit_kind leave_by_link(struct vm *vm, struct thread *t)
{
    struct decoded_block *cold;

    t->counters[COUNTER_LINK_EXITS]++;
    vm_lock(vm);
    bool translated = follow_exit(vm, t, &cold);
    vm_unlock(vm);
    return translated || vm->one_block || vm->debug ? EXIT_LOOKUP : interpret_block(vm, t, cold);
}

/* Runs translated code until it comes back, and what it came back for that concerns the engine. */
static enum exit_kind run_code(struct vm *vm, struct thread *t, hpc code, const struct fragment *f)
{
    uint64_t insns = t->counters[COUNTER_GUEST_INSNS];
    enum translate_exit exit = enter(vm, t, code);

    if (vm_observes_executions())
        vm_observer->executed(f, t->counters[COUNTER_GUEST_INSNS] - insns);
    switch (exit) {
    case TRANSLATE_EXIT_LINK:
        return leave_by_link(vm, t);
    case TRANSLATE_EXIT_LOOKUP:
        t->counters[COUNTER_JUMP_MISSES]++;
        return EXIT_LOOKUP;
    case TRANSLATE_EXIT_INTERP:
        t->counters[COUNTER_INTERP_EXITS]++;
        return interpret_rest(vm, t);
    case TRANSLATE_EXIT_POLL:
        return EXIT_POLL;
    case TRANSLATE_EXIT_FLUSH:
        return EXIT_FLUSH;
    case TRANSLATE_EXIT_TRAP:
        return t->polled ? leave_by_poll(vm, t) : t->faulted ? raise_fault(vm, t) : EXIT_TRAP;
    }
    CHECK(false, "guest code was left for reason %d", (int)exit);
}

static enum exit_kind block_run(struct vm *vm, struct thread *t)
{
    struct decoded_block *cold = find_cold(t);

    if (UNLIKELY(t->reads_instret && !vm->block->config.count))
        return count_from_now_on(vm, t);
    if (cold)
        return interpret_block(vm, t, cold);
    hpc known = find_known(vm, t);
    if (known.v)
        return run_code(vm, t, known, NULL);
    vm_lock(vm);
    const struct fragment *f = find_fragment(vm, t, &cold);
    bool wants_alone = vm->block->wants_alone;
    vm_unlock(vm);
    if (!f)
        return wants_alone ? translate_alone(vm, t) : interpret_block(vm, t, cold);
    remember(vm, t, f);
    return run_code(vm, t, f->code, f);
}

/* The code that block_run will enter is made here if it is not there yet. */
static gva block_reach(struct vm *vm, struct thread *t)
{
    struct decoded_block *cold;
    const struct fragment *f;
    bool wants_alone;

    do {
        vm_lock(vm);
        f = find_fragment(vm, t, &cold);
        wants_alone = vm->block->wants_alone;
        vm_unlock(vm);
        if (wants_alone)
            translate_alone(vm, t);
    } while (wants_alone);
    return f ? GVA(f->pc.v + f->guest_bytes) : GVA(0);
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static void block_invalidate(struct vm *vm, gva start, gva end)
{
    code_cache_invalidate(vm->block->code, start, end);
    hash_map_clear(&vm->block->bailed);
}

static bool block_has_code(const struct vm *vm, gva start, gva end)
{
    /* What bailed out is forgotten whenever any code changes. */
    return vm->block->bailed.len > 0 || code_cache_has(vm->block->code, start, end);
}

static void block_add_counters(const struct vm *vm, uint64_t sum[COUNTER_COUNT])
{
    struct code_cache_stats stats;

    code_cache_get_stats(vm->block->code, &stats);
    sum[COUNTER_LINKS] += stats.linked;
    sum[COUNTER_UNLINKED] += stats.unlinked;
    sum[COUNTER_FRAGMENTS_DROPPED] += stats.evicted;
    sum[COUNTER_CODE_FLUSHES] += stats.flushes;
    sum[COUNTER_RETRANSLATED] += stats.retranslated;
}

/* ---- fork ------------------------------------------------------------------------------------ */

static int block_fork_begin(struct vm *vm)
{
    return code_cache_fork_begin(vm->block->code);
}

static void block_fork_end(struct vm *vm, bool child)
{
    int error = code_cache_fork_end(vm->block->code, child);

    if (error)
        base_fail(EXIT_USAGE, "a forked child has no memory for its code cache: %s; try --wx=rwx",
                  strerror(-error));
}

const struct vm_engine vm_engine_block = {
    .name = "block",
    .help = "translator to host code, a basic block at a time",
    .start = block_start,
    .stop = block_stop,
    .thread_start = block_thread_start,
    .thread_stop = block_thread_stop,
    .run = block_run,
    .reach = block_reach,
    .invalidate = block_invalidate,
    .has_code = block_has_code,
    .fork_begin = block_fork_begin,
    .fork_end = block_fork_end,
    .add_counters = block_add_counters,
};
