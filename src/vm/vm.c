/* vm/vm.c: the virtual machine of one guest process and its run loop.
 *
 * The loop is the one place where guest code starts and ends: an engine runs from a decoded block
 * until it has a reason to come back, the loop looks at the reason, and what concerns the world
 * outside goes to the hooks of the floor above. Guest state is exact whenever the loop has control.
 *
 * A pointer to a decoded block lives in three places: the cache, the threads' own look-up tables,
 * and what an engine made of it. vm_blocks_dropped() empties the latter two whenever the first has
 * let go of any.
 *
 * Not handled: several threads in one vm at the same time. */
#include "vm/vm_private.h"

#include <errno.h>
#include <string.h>

static __thread struct thread *current_thread;

/* ---- engines --------------------------------------------------------------------------------- */

static enum exit_kind interp_run(struct vm *vm, struct thread *t, const struct decoded_block *block)
{
    return vm->guest->interpret(t, block);
}

const struct vm_engine vm_engines[] = {
    {"interp", "interpreter over decoded blocks", interp_run, NULL},
    {"eval", "evaluator of the lifted micro-operations (slow; for tests)", vm_eval_run,
     vm_eval_forget},
    {0},
};

bool vm_list_engines(unsigned i, const char **name, const char **help)
{
    if (i >= ARRAY_LEN(vm_engines) || !vm_engines[i].name)
        return false;
    *name = vm_engines[i].name;
    *help = vm_engines[i].help;
    return true;
}

static const struct vm_engine *find_engine(const char *name)
{
    const struct vm_engine *engine = vm_engines;

    while (engine->name && strcmp(engine->name, name) != 0)
        engine++;
    CHECK(engine->name, "no engine is called %s", name);
    return engine;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void thread_forget_blocks(struct thread *t)
{
    for (unsigned i = 0; i < BLOCK_REF_COUNT; i++)
        t->blocks[i] = (struct block_ref){.pc = ~(uint64_t)0};
}

static void vm_blocks_dropped(struct vm *vm)
{
    for (size_t i = 0; i < vm->threads.len; i++)
        thread_forget_blocks(vm->threads.data[i]);
    if (vm->engine->blocks_dropped)
        vm->engine->blocks_dropped(vm);
}

void vm_invalidate(struct vm *vm, gva start, gva end)
{
    size_t dropped = block_cache_invalidate(vm->cache, start, end);

    if (dropped == 0)
        return;
    vm_blocks_dropped(vm);
    if (current_thread)
        current_thread->counters[COUNTER_BLOCKS_INVALIDATED] += dropped;
}

static void on_space_change(void *arg, gva start, gva end)
{
    vm_invalidate(arg, start, end);
}

static void vm_flush(struct vm *vm, struct thread *t)
{
    block_cache_flush(vm->cache);
    vm_blocks_dropped(vm);
    t->counters[COUNTER_BLOCK_FLUSHES]++;
}

/* Decodes the block at pc and keeps it. Returns NULL with t->trap if its first instruction cannot
 * be fetched. */
static const struct decoded_block *decode_block(struct vm *vm, struct thread *t, gva pc)
{
    union {
        struct decoded_block block;
        unsigned char room[sizeof(struct decoded_block) + BLOCK_MAX_BYTES];
    } fresh;
    bool flushed;

    if (vm->guest->decode_block(vm->space, pc, &fresh.block, &t->trap) < 0)
        return NULL;
    const struct decoded_block *block = block_cache_insert(vm->cache, &fresh.block, &flushed);
    if (flushed) {
        vm_blocks_dropped(vm);
        t->counters[COUNTER_BLOCK_FLUSHES]++;
    }
    t->counters[COUNTER_BLOCKS_DECODED]++;
    t->counters[COUNTER_INSNS_DECODED] += block->n_insns;
    vm_log_block(vm, block);
    return block;
}

/* The block at t's pc, decoded if need be and put into t's table. NULL with t->trap if it cannot be
 * fetched. */
static const struct decoded_block *find_block(struct vm *vm, struct thread *t)
{
    gva pc = thread_pc(t);
    const struct decoded_block *block = block_cache_find(vm->cache, pc, 0);

    t->counters[COUNTER_LOOKUPS]++;
    if (!block)
        block = decode_block(vm, t, pc);
    if (block)
        t->blocks[block_ref_index(pc.v)] = (struct block_ref){pc.v, block};
    return block;
}

/* ---- the run loop ---------------------------------------------------------------------------- */

static enum vm_next handle_trap(struct vm *vm, struct thread *t)
{
    struct trap trap = t->trap; /* the hook may run code that traps */

    if (trap.kind == TRAP_SYSCALL) {
        t->counters[COUNTER_SYSCALLS]++;
        return vm->hooks->syscall(t);
    }
    t->counters[COUNTER_TRAPS]++;
    return vm->hooks->trap(t, &trap);
}

/* One turn: a poll, or guest code until it comes back, and what it came back for. */
static enum vm_next vm_turn(struct vm *vm, struct thread *t)
{
    if (UNLIKELY(t->poll))
        return vm->hooks->poll(t);

    const struct decoded_block *block = find_block(vm, t);
    enum exit_kind kind = block ? vm->engine->run(vm, t, block) : EXIT_TRAP;
    if (log_on(LOG_EXIT))
        vm_log_exit(t, kind);

    switch (kind) {
    case EXIT_LOOKUP:
    case EXIT_POLL:
        return VM_CONTINUE;
    case EXIT_FLUSH:
        vm_flush(vm, t);
        return VM_CONTINUE;
    case EXIT_TRAP:
        return handle_trap(vm, t);
    }
    CHECK(false, "engine %s returned exit %d", vm->engine->name, (int)kind);
}

void vm_run(struct thread *t)
{
    struct thread *outer = current_thread;

    current_thread = t;
    while (vm_turn(t->vm, t) == VM_CONTINUE)
        ;
    current_thread = outer;
}

struct thread *vm_current(void)
{
    return current_thread;
}

/* ---- creation -------------------------------------------------------------------------------- */

struct vm *vm_create(const struct guest *guest, struct space *space, const struct options *options,
                     const struct vm_hooks *hooks)
{
    struct vm *vm = base_zalloc(sizeof(*vm));

    vm->guest = guest;
    vm->space = space;
    vm->options = options;
    vm->hooks = hooks;
    vm->engine = find_engine(options->engine);
    vm->cache = block_cache_create(MAX(options->cache_size, (uint64_t)BLOCK_CACHE_MIN_CAPACITY));
    space->on_change = on_space_change;
    space->on_change_arg = vm;
    return vm;
}

void vm_destroy(struct vm *vm)
{
    CHECK(vm->threads.len == 0, "a vm with %zu threads is destroyed", vm->threads.len);
    vm->space->on_change = NULL;
    vm_blocks_dropped(vm);
    hash_map_free(&vm->lifted);
    block_cache_destroy(vm->cache);
    vec_free(&vm->threads);
    free(vm);
}

struct thread *vm_thread_create(struct vm *vm)
{
    struct thread *t = base_zalloc_aligned(sizeof(*t) + vm->guest->state_size, 64);

    t->reserve_addr = ~(uint64_t)0;
    t->desc = vm->guest;
    t->space = vm->space;
    t->options = vm->options;
    t->vm = vm;
    thread_forget_blocks(t);
    vec_push(&vm->threads, t);
    return t;
}

void vm_thread_destroy(struct thread *t)
{
    struct vm *vm = t->vm;
    size_t i = 0;

    while (i < vm->threads.len && vm->threads.data[i] != t)
        i++;
    CHECK(i < vm->threads.len, "a thread is destroyed that its vm does not know");
    vm->threads.data[i] = vm->threads.data[--vm->threads.len];
    for (unsigned c = 0; c < COUNTER_COUNT; c++)
        vm->ended_counters[c] += t->counters[c];
    free(t);
}

void vm_sum_counters(const struct vm *vm, uint64_t sum[COUNTER_COUNT])
{
    memcpy(sum, vm->ended_counters, sizeof(vm->ended_counters));
    for (size_t i = 0; i < vm->threads.len; i++) {
        for (unsigned c = 0; c < COUNTER_COUNT; c++)
            sum[c] += vm->threads.data[i]->counters[c];
    }
}
