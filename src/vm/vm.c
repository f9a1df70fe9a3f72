/* vm/vm.c: the virtual machine of one guest process and its run loop.
 *
 * The loop is the one place where guest code starts and ends: an engine runs from the thread's pc
 * until it has a reason to come back, the loop looks at the reason, and what concerns the world
 * outside goes to the hooks of the floor above. Guest state is exact whenever the loop has control.
 *
 * A pointer to a decoded block lives in three places: the cache, the threads' own look-up tables,
 * and what an engine made of it. on_block_dropped() and the engine's blocks_dropped() see to the
 * latter two when the first lets go of any.
 *
 * Guest threads run here side by side, each in the loop of its own host thread. quiesce.c has the
 * rules: a thread is "in guest code" for the whole of a turn but for the hooks. */
#include "vm/debug_private.h"
#include "vm/tier.h"
#include "vm/verify.h"

#include <asm/prctl.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static __thread struct thread *current_thread;

/* ---- engines --------------------------------------------------------------------------------- */

enum exit_kind vm_interpret(struct vm *vm, struct thread *t, struct decoded_block *block)
{
    t->doing = DOING_INTERPRET;
    enum exit_kind kind = vm->guest->interpret(t, block);
    t->doing = DOING_GUEST;
    return kind;
}

/* The poll word makes the interpreter come back at the block's end. */
enum exit_kind vm_interpret_once(struct vm *vm, struct thread *t, struct decoded_block *block)
{
    atomic_fetch_or(&t->poll, POLL_STEP);
    enum exit_kind kind = vm_interpret(vm, t, block);
    atomic_fetch_and(&t->poll, ~(uint32_t)POLL_STEP);
    return kind == EXIT_POLL ? EXIT_LOOKUP : kind;
}

enum exit_kind vm_interpret_some(struct vm *vm, struct thread *t, unsigned max_insns)
{
    union decoded_room decoded;

    if (vm->guest->decode_block(vm->space, thread_pc(t), MIN(max_insns, (unsigned)BLOCK_MAX_INSNS),
                                &decoded.block, &t->trap) < 0)
        return EXIT_TRAP;
    return vm_interpret_once(vm, t, &decoded.block);
}

/* What it ran stands in the thread's table: from there it goes on by itself. No block gets too hot
 * for it. */
static enum exit_kind interp_run(struct vm *vm, struct thread *t)
{
    struct decoded_block *block = vm_find_block(vm, t);

    if (!block)
        return EXIT_TRAP;
    if (vm->one_block)
        return vm_interpret_once(vm, t, block);
    decoded_block_set_runs(block, INT32_MAX);
    thread_put_block(t, block);
    return vm_interpret(vm, t, block);
}

static const struct vm_engine vm_engine_interp = {
    .name = "interp",
    .help = "interpreter over decoded blocks",
    .run = interp_run,
};

static const struct vm_engine *const engines[] = {&vm_engine_interp, &vm_engine_block,
                                                  &vm_engine_eval};

bool vm_list_engines(unsigned i, const char **name, const char **help)
{
    if (i >= ARRAY_LEN(engines))
        return false;
    *name = engines[i]->name;
    *help = engines[i]->help;
    return true;
}

static const struct vm_engine *find_engine(const char *name)
{
    unsigned i = 0;

    while (i < ARRAY_LEN(engines) && strcmp(engines[i]->name, name) != 0)
        i++;
    CHECK(i < ARRAY_LEN(engines), "no engine is called %s", name);
    return engines[i];
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void thread_forget_blocks(struct thread *t)
{
    memset(t->blocks, 0, sizeof(t->blocks));
}

/* Other threads' tables too: none of them is in guest code. */
static void on_block_dropped(void *arg, const struct decoded_block *block)
{
    const struct vm *vm = arg;
    for (size_t i = 0; i < vm->threads.len; i++) {
        struct thread *t = vm->threads.data[i];
        if (thread_block_at(t, block->pc) == block)
            t->blocks[block_ref_index(block->pc.v)] = 0;
    }
}

static void vm_all_blocks_dropped(struct vm *vm)
{
    for (size_t i = 0; i < vm->threads.len; i++)
        thread_forget_blocks(vm->threads.data[i]);
    if (vm->engine->blocks_dropped)
        vm->engine->blocks_dropped(vm);
}

static bool holds_code(const struct vm *vm, gva start, gva end)
{
    return block_cache_has(vm->cache, start, end) ||
           (vm->engine->has_code && vm->engine->has_code(vm, start, end));
}

/* For the space (struct space_dropper), and under the lock: most ranges hold no code, and then
 * nobody need be stopped. */
static bool drop_code(void *arg, gva start, gva end)
{
    struct vm *vm = arg;

    if (!holds_code(vm, start, end))
        return true;
    if (!vm_may_drop(vm))
        return false;
    size_t dropped = block_cache_invalidate(vm->cache, start, end);
    if (vm->engine->invalidate)
        vm->engine->invalidate(vm, start, end);
    if (dropped > 0 && vm->engine->blocks_dropped)
        vm->engine->blocks_dropped(vm);
    if (current_thread)
        current_thread->counters[COUNTER_BLOCKS_INVALIDATED] += dropped;
    return true;
}

void vm_invalidate(struct vm *vm, gva start, gva end)
{
    vm_lock(vm);
    bool done = drop_code(vm, start, end);
    vm->code_changes++;
    vm_unlock(vm);
    if (done)
        return;
    vm_exclusive_begin(vm);
    drop_code(vm, start, end);
    vm_exclusive_end(vm);
}

static void on_space_change(void *arg, gva start, gva end)
{
    vm_invalidate(arg, start, end);
}

static void on_space_changed(void *arg, gva start, gva end)
{
    struct vm *vm = arg;

    if (vm->shared)
        vm_invalidate(vm, start, end);
}

enum code_change { CODE_SYNC, CODE_FENCE, CODE_FLUSH };

/* Lets the space find out what has changed; false if other threads must be stopped for it. Under
 * the lock, which makes a fence wait for what another one is dropping. */
static bool find_changes(struct vm *vm, enum code_change what, gva start, gva end)
{
    const struct space_dropper dropper = {drop_code, vm};

    switch (what) {
    case CODE_SYNC:
        return space_code_sync(vm->space, &dropper);
    case CODE_FENCE:
        return space_code_fence(vm->space, &dropper);
    case CODE_FLUSH:
        return space_code_flush(vm->space, start, end, &dropper);
    }
    return true;
}

/* Drops what was made from code that has changed. Not in guest code. */
static void drop_changed(struct vm *vm, enum code_change what, gva start, gva end)
{
    vm_lock(vm);
    bool done = find_changes(vm, what, start, end);
    vm->code_changes += what != CODE_SYNC;
    vm_unlock(vm);
    if (!done) {
        vm_exclusive_begin(vm);
        done = find_changes(vm, what, start, end);
        vm_exclusive_end(vm);
    }
    CHECK(done, "changed code cannot be dropped");
    if (what != CODE_SYNC && current_thread)
        current_thread->counters[COUNTER_FENCES]++;
}

void vm_flush_icache(struct vm *vm, gva start, gva end)
{
    drop_changed(vm, CODE_FLUSH, start, end);
}

/* Code is read when its page is tracked: so too the second page, which is known only when the block
 * has been read. */
static int decode_tracked(struct vm *vm, gva pc, struct decoded_block *out, struct trap *trap)
{
    space_code_begin(vm->space, pc);
    unsigned most = debug_limit_block(vm, pc, vm->max_insns);
    int error = vm->guest->decode_block(vm->space, pc, most, out, trap);
    if (error)
        return error;
    gva last = GVA(pc.v + out->guest_bytes - 1);
    bool crosses = last.v / SPACE_PAGE_SIZE != pc.v / SPACE_PAGE_SIZE;
    return crosses && space_code_begin(vm->space, last)
               ? vm->guest->decode_block(vm->space, pc, most, out, trap)
               : 0;
}

bool vm_decode_block(struct vm *vm, struct thread *t, gva pc, union decoded_room *out)
{
    if (decode_tracked(vm, pc, &out->block, &t->trap) < 0)
        return false;
    t->counters[COUNTER_BLOCKS_DECODED]++;
    t->counters[COUNTER_INSNS_DECODED] += out->block.n_insns;
    vm_log_block(vm, &out->block);
    return true;
}

/* Under the lock. *full: the block could be decoded but has no room. */
static struct decoded_block *find_or_decode(struct vm *vm, struct thread *t, bool *full)
{
    gva pc = thread_pc(t);
    struct decoded_block *block = block_cache_find(vm->cache, pc, 0);
    union decoded_room fresh;

    *full = false;
    if (block || !vm_decode_block(vm, t, pc, &fresh))
        return block;
    *full = !block_cache_fits(vm->cache, &fresh.block);
    return *full ? NULL : block_cache_insert(vm->cache, &fresh.block);
}

static void make_room_for_blocks(struct vm *vm, struct thread *t)
{
    vm_leave_code(t);
    vm_exclusive_begin(vm);
    block_cache_flush(vm->cache);
    vm_all_blocks_dropped(vm);
    vm_exclusive_end(vm);
    vm_enter_code(t);
    t->counters[COUNTER_BLOCK_FLUSHES]++;
}

struct decoded_block *vm_find_block(struct vm *vm, struct thread *t)
{
    struct decoded_block *block;
    bool full;

    t->counters[COUNTER_LOOKUPS]++;
    do {
        vm_lock(vm);
        block = find_or_decode(vm, t, &full);
        vm_unlock(vm);
        if (full)
            make_room_for_blocks(vm, t);
    } while (full);
    return block;
}

/* ---- the run loop ---------------------------------------------------------------------------- */

static enum vm_next handle_trap(struct vm *vm, struct thread *t)
{
    struct trap trap = t->trap; /* the hook may run code that traps */

    /* Linux takes the reservation on the way back from each one (arch/riscv/kernel/entry.S). */
    t->reserve_addr = ~(uint64_t)0;
    if (trap.kind == TRAP_SYSCALL) {
        t->counters[COUNTER_SYSCALLS]++;
        return vm->hooks->syscall(t);
    }
    t->counters[COUNTER_TRAPS]++;
    return vm->hooks->trap(t, &trap);
}

/* What is done outside of guest code. */
static enum vm_next handle_exit(struct vm *vm, struct thread *t, enum exit_kind kind)
{
    enum vm_next next = VM_CONTINUE;

    vm_leave_code(t);
    if (kind == EXIT_POLL) {
        t->doing = DOING_POLL;
        next = vm->hooks->poll(t);
    } else if (kind == EXIT_FLUSH) {
        t->doing = DOING_FENCE;
        drop_changed(vm, CODE_FENCE, GVA(0), GVA(0));
    } else if (kind == EXIT_TRAP) {
        t->doing = t->trap.kind == TRAP_SYSCALL ? DOING_SYSCALL : DOING_TRAP;
        next = handle_trap(vm, t);
    }
    if (UNLIKELY(space_code_written(vm->space)))
        drop_changed(vm, CODE_SYNC, GVA(0), GVA(0));
    t->doing = DOING_GUEST;
    vm_enter_code(t);
    return next;
}

/* --force-signals: so that every border of blocks, of single instructions with
 * --one-insn-per-block, is seen by a handler. */
static void force_signal(struct vm *vm, struct thread *t)
{
    if (!vm->hooks->force)
        return;
    vm_leave_code(t);
    t->doing = DOING_POLL;
    /* The handler returns to where it came from: there guest code goes on for N turns. */
    bool open = vm->hooks->force(t, t->turns >= vm->options->force_signals);
    t->turns = open && t->turns < vm->options->force_signals ? t->turns + 1 : 0;
    t->doing = DOING_GUEST;
    vm_enter_code(t);
}

/* One turn: a poll, or guest code until it comes back, and what it came back for. */
static enum vm_next vm_turn(struct vm *vm, struct thread *t)
{
    uint32_t poll = atomic_load_explicit(&t->poll, memory_order_relaxed);

    if (UNLIKELY(poll & (POLL_STOP | POLL_PARK)))
        vm_step_aside(t);
    if (UNLIKELY(poll & POLL_SAMPLE))
        vm_take_due_samples(t);
    if (UNLIKELY(vm->debug != NULL) && debug_before_turn(vm, t))
        return VM_CONTINUE;
    if (UNLIKELY(poll & POLL_SIGNAL))
        return handle_exit(vm, t, EXIT_POLL);

    if (UNLIKELY(vm->options->force_signals > 0))
        force_signal(vm, t);
    enum exit_kind kind = vm->verify  ? verify_run(vm, t)
                          : vm->debug ? debug_run(vm, t)
                                      : vm->engine->run(vm, t);
    if (log_on(LOG_EXIT))
        vm_log_exit(t, kind);

    switch (kind) {
    case EXIT_LOOKUP:
    case EXIT_HOT:
    case EXIT_POLL: /* at the next turn */
        return VM_CONTINUE;
    case EXIT_FLUSH:
    case EXIT_TRAP:
        return handle_exit(vm, t, kind);
    }
    CHECK(false, "engine %s returned exit %d", vm->engine->name, (int)kind);
}

/* Translated code reaches an offset mapping through gs, which nothing else in the process uses. */
static void set_gs_base(uint64_t base)
{
    CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, base) == 0, "gs cannot be set to %#lx",
          (unsigned long)base);
}

void vm_run(struct thread *t)
{
    struct thread *outer = current_thread;

    current_thread = t;
    if (((struct vm *)t->vm)->block)
        set_gs_base(t->space->base);
    t->doing = DOING_GUEST;
    vm_enter_code(t);
    while (vm_turn(t->vm, t) == VM_CONTINUE)
        ;
    vm_leave_code(t);
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
    quiesce_init(vm);
    vm->one_block = options->verify || options->force_signals > 0 || vm_observes_executions();
    vm->max_insns = options->one_insn ? 1 : BLOCK_MAX_INSNS;
    vm->engine = find_engine(options->engine);
    if (vm->engine->start)
        vm->engine->start(vm);
    vm->cache =
        block_cache_create(vm->block ? TIER_DECODED_BYTES
                                     : MAX(options->cache_size, (uint64_t)BLOCK_CACHE_MIN_CAPACITY),
                           on_block_dropped, vm);
    if (options->verify)
        vm->verify = verify_create(vm);
    space->on_change = on_space_change;
    space->on_changed = on_space_changed;
    space->on_change_arg = vm;
    return vm;
}

void vm_destroy(struct vm *vm)
{
    CHECK(vm->threads.len == 0, "a vm with %zu threads is destroyed", vm->threads.len);
    vm->space->on_change = vm->space->on_changed = NULL;
    vm_all_blocks_dropped(vm);
    if (vm->engine->stop)
        vm->engine->stop(vm);
    if (vm->verify)
        verify_destroy(vm->verify);
    hash_map_free(&vm->lifted);
    block_cache_destroy(vm->cache);
    vec_free(&vm->threads);
    free(vm);
}

/* Whole pages, zero: most of a thread's jump table is never touched. */
static size_t thread_size(const struct vm *vm)
{
    return ALIGN_UP(sizeof(struct thread) + vm->guest->state_size, SPACE_PAGE_SIZE);
}

static struct thread *thread_alloc(const struct vm *vm)
{
    void *memory =
        mmap(NULL, thread_size(vm), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        base_fail(EXIT_USAGE, "no memory for a thread: %s", strerror(errno));
    int error = vm_poll_create(memory);
    if (error)
        base_fail(EXIT_USAGE, "no memory for a thread's poll page: %s", strerror(-error));
    return memory;
}

static void thread_free(const struct vm *vm, struct thread *t)
{
    free(t->debug);
    munmap(t, thread_size(vm));
}

struct thread *vm_thread_create(struct vm *vm)
{
    struct thread *t = thread_alloc(vm);

    t->reserve_addr = ~(uint64_t)0;
    t->space_top = SPACE_TOP;
    t->desc = vm->guest;
    t->space = vm->space;
    t->options = vm->options;
    t->vm = vm;
    t->block_base = block_cache_base(vm->cache);
    t->jumps[0] = jump_entry_empty(0);
    if (vm->engine->thread_start)
        vm->engine->thread_start(vm, t);
    /* From the second thread on the lock counts; whoever makes it is in the runtime, and alone. */
    if (!vm->shared && vm->threads.len > 0)
        vm->shared = true;
    vm_lock(vm);
    vec_push(&vm->threads, t);
    debug_thread_create(t);
    vm_unlock(vm);
    return t;
}

/* Under the lock. */
static void forget_thread(struct vm *vm, struct thread *t)
{
    size_t i = 0;

    while (i < vm->threads.len && vm->threads.data[i] != t)
        i++;
    CHECK(i < vm->threads.len, "a thread is destroyed that its vm does not know");
    vm->threads.data[i] = vm->threads.data[--vm->threads.len];
    for (unsigned c = 0; c < COUNTER_COUNT; c++)
        vm->ended_counters[c] += t->counters[c];
    if (vm->engine->thread_stop)
        vm->engine->thread_stop(vm, t);
    pthread_cond_broadcast(&vm->changed);
}

void vm_thread_destroy(struct thread *t)
{
    struct vm *vm = t->vm;

    vm_lock(vm);
    forget_thread(vm, t);
    vm_unlock(vm);
    thread_free(vm, t);
}

/* Threads that still run count on meanwhile. */
void vm_sum_counters(struct vm *vm, uint64_t sum[COUNTER_COUNT])
{
    vm_lock(vm);
    memcpy(sum, vm->ended_counters, sizeof(vm->ended_counters));
    for (size_t i = 0; i < vm->threads.len; i++) {
        for (unsigned c = 0; c < COUNTER_COUNT; c++)
            sum[c] += __atomic_load_n(&vm->threads.data[i]->counters[c], __ATOMIC_RELAXED);
    }
    if (vm->engine->add_counters)
        vm->engine->add_counters(vm, sum);
    vm_unlock(vm);
}

/* ---- fork ------------------------------------------------------------------------------------ */

int vm_fork_begin(struct vm *vm)
{
    vm_stop_all_begin(vm);
    int error = vm->engine->fork_begin ? vm->engine->fork_begin(vm) : 0;
    if (error)
        vm_stop_all_end(vm);
    return error;
}

void vm_stop_others(struct vm *vm)
{
    vm_stop_all_begin(vm);
}

/* The child goes on with the thread that forked. */
static void keep_current_thread(struct vm *vm)
{
    for (size_t i = vm->threads.len; i-- > 0;) {
        struct thread *t = vm->threads.data[i];
        if (t == current_thread)
            continue;
        forget_thread(vm, t);
        thread_free(vm, t);
    }
}

void vm_fork_end(struct vm *vm, bool child)
{
    if (child) {
        vm_stop_all_end_alone(vm);
        debug_forked(vm);
        keep_current_thread(vm);
        if (vm->verify)
            verify_forked(vm->verify);
        if (vm_observer && vm_observer->forked)
            vm_observer->forked();
    }
    if (vm->engine->fork_end)
        vm->engine->fork_end(vm, child);
    if (!child)
        vm_stop_all_end(vm);
}
