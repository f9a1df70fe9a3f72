/* vm/promote.c: a block gets a fragment: decoded, lifted, translated, placed.
 *
 * With a block that is hot (tier.c) go its neighbours: what its exits lead to, if that is warm, and
 * what theirs lead to, up to TOGETHER fragments in one go. Most of them would be hot soon. That
 * saves the runs that they lack, each of which leaves translated code, and the way out by which
 * each would be linked; and the translator is in the processor's caches already. Exits that lead to
 * fragments are linked at once.
 *
 * A neighbour pushes nothing out of the code cache: what does not fit waits until it is hot itself.
 *
 * Not with --hot=0, where all is translated when it is reached. Not under vm->one_block, where
 * nothing is linked, and not while a debugger is there, which may have a breakpoint anywhere. */
#include "vm/block_engine.h"
#include "vm/debug_private.h"

#include <errno.h>
#include <time.h>

enum {
    TOGETHER = 64,    /* fragments made in one go */
    LIFT_SAMPLE = 64, /* blocks, of which one is verified in builds with optimisation */
};

/* ---- counting instructions ------------------------------------------------------------------- */

/* Counting costs each block an addition to memory, a tenth of the time of small loops. It is done
 * for --stats and for programs that ask: once a block that reads the counter is translated or
 * interpreted, all count, from the next entry on at the latest. The counter starts anywhere (manual
 * I, "Zicntr"), so what ran before is not missed. */
static bool reads_instret(const struct ir_block *lifted)
{
    for (size_t i = 0; i < lifted->uops.len; i++) {
        if (lifted->uops.data[i].op == UOP_counter && lifted->uops.data[i].imm == 2)
            return true;
    }
    return false;
}

void block_start_counting(struct block_engine *e)
{
    code_cache_flush(e->code);
    translator_destroy(e->translator);
    e->config.count = true;
    e->translator = translator_create(&e->config);
    e->names.tr = e->translator;
}

/* ---- translating ----------------------------------------------------------------------------- */

static const enum counter bailout_counters[BAILOUT_COUNT] = {
#define BAILOUT(id, help) [BAILOUT_##id] = COUNTER_BAILOUT_##id,
#include "translate/bailouts.def"
#undef BAILOUT
};

static void bail_out(struct block_engine *e, struct thread *t, gva pc, int why)
{
    hash_map_put(&e->bailed, pc.v, (void *)(uintptr_t)why);
    t->counters[bailout_counters[why]]++;
}

static uint64_t now_ns(const struct block_engine *e)
{
    struct timespec now;

    if (!e->timed)
        return 0;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void count_fragment(struct thread *t, const struct fragment *f)
{
    t->counters[COUNTER_FRAGMENTS]++;
    t->counters[COUNTER_FRAGMENT_INSNS] += f->n_insns;
    t->counters[COUNTER_FRAGMENT_GUEST_BYTES] += f->guest_bytes;
    t->counters[COUNTER_HOST_BYTES] += f->n_code;
    t->counters[COUNTER_REVERSE_BYTES] += f->n_reverse;
}

/* Translates e->lifted, the µops of *code, and places it. Returns NULL with *why, a BAILOUT_*, if
 * that cannot be, or with e->wants_alone. */
static struct fragment *translate_lifted(struct block_engine *e, const struct guest_code *code,
                                         int *why)
{
    struct fragment_image image;

    *why =
        -translate_block(e->translator, &e->lifted, code->pc, code->n_bytes, code->n_insns, &image);
    if (*why != TRANSLATE_OK)
        return NULL;
    struct fragment *f = code_cache_insert(e->code, &image);
    if (!f && errno == EAGAIN)
        e->wants_alone = true;
    else if (!f)
        *why = errno == E2BIG ? BAILOUT_TOO_LARGE : BAILOUT_OUT_OF_REACH;
    return f;
}

static void lift(struct vm *vm, const struct decoded_block *block, struct guest_code *code)
{
    struct block_engine *e = vm->block;

    ir_block_reset(&e->lifted);
    vm->guest->lift_block(block, &e->lifted);
    *code = (struct guest_code){block->pc, block->guest_bytes, block->n_insns};
}

/* What is too large is made in parts: the second half is another fragment's. */
static void halve(struct block_engine *e, struct guest_code *code)
{
    code->n_insns /= 2;
    code->n_bytes = (uint32_t)(ir_keep_first(&e->lifted, code->n_insns) - code->pc.v);
}

/* Lifting is checked by tests; here a sample is. */
static void check_lifted(struct block_engine *e, gva pc)
{
    if (!BASE_CAREFUL && e->n_lifted++ % LIFT_SAMPLE != 0)
        return;
    const char *wrong = ir_verify(&e->lifted);
    CHECK(!wrong, "the block at %#lx lifts to wrong µops: %s", (unsigned long)pc.v, wrong);
}

/* False: e->wants_alone. */
static bool count_if_read(struct vm *vm)
{
    struct block_engine *e = vm->block;

    if (e->config.count || !reads_instret(&e->lifted))
        return true;
    e->wants_alone = !promote_may_drop(vm);
    if (!e->wants_alone)
        block_start_counting(e);
    return !e->wants_alone;
}

/* The life of a block: decoded, lifted, translated, placed, perhaps with others behind it, or
 * only a part of it. NULL if it bailed out, or e->wants_alone. *code: what was translated. */
static struct fragment *make_fragment(struct vm *vm, struct thread *t,
                                      const struct decoded_block *block, struct guest_code *code)
{
    struct block_engine *e = vm->block;
    uint64_t start = now_ns(e);
    int why;

    lift(vm, block, code);
    bool extended = superblock_extend(vm, t, code);
    check_lifted(e, block->pc);
    if (!count_if_read(vm))
        return NULL;
    struct fragment *f = translate_lifted(e, code, &why);
    if (!f && extended && !e->wants_alone) {
        lift(vm, block, code);
        f = translate_lifted(e, code, &why);
    }
    while (!f && why == BAILOUT_TOO_LARGE && code->n_insns > 1 && !e->wants_alone) {
        halve(e, code);
        f = translate_lifted(e, code, &why);
    }
    if (f) {
        count_fragment(t, f);
        block_log_fragment(vm, f);
        if (vm_observer && vm_observer->made)
            vm_observer->made(t, f, code_cache_bytes(e->code, f), translate_lines(e->translator),
                              &e->lifted);
    } else if (!e->wants_alone) {
        bail_out(e, t, block->pc, why);
    }
    t->counters[COUNTER_TRANSLATE_NS] += now_ns(e) - start;
    return f;
}

static struct fragment *translate(struct vm *vm, struct thread *t,
                                  const struct decoded_block *block)
{
    struct guest_code code;

    t->doing = DOING_TRANSLATE;
    tier_begin(&vm->block->tier);
    struct fragment *f = make_fragment(vm, t, block, &code);
    tier_end(&vm->block->tier, code.n_insns);
    if (f)
        tier_adapt(&vm->block->tier, t, vm->block->code);
    t->doing = DOING_GUEST;
    return f;
}

struct fragment *promote_at_once(struct vm *vm, struct thread *t)
{
    union decoded_room decoded;

    return vm_decode_block(vm, t, thread_pc(t), &decoded) ? translate(vm, t, &decoded.block) : NULL;
}

/* Other threads may go on interpreting the block for a while. */
void promote_forget_ref(struct thread *t, gva pc)
{
    if (thread_block_at(t, pc)->pc.v == pc.v)
        t->blocks[block_ref_index(pc.v)] = 0;
}

static struct fragment *promote(struct vm *vm, struct thread *t, struct decoded_block *block)
{
    struct fragment *f = translate(vm, t, block);

    if (!f)
        return NULL;
    tier_promoted(&vm->block->tier, t, block);
    promote_forget_ref(t, f->pc);
    return f;
}

/* ---- neighbours ------------------------------------------------------------------------------ */

bool promote_may_drop(const struct vm *vm)
{
    return !vm->block->neighbours && vm_may_drop(vm);
}

/* The fragment at pc, which is made if what is there is warm and *room of them are left; or NULL.
 */
static struct fragment *find_neighbour(struct vm *vm, struct thread *t, gva pc, unsigned *room)
{
    struct block_engine *e = vm->block;
    struct fragment *f = code_cache_find(e->code, pc, 0);

    if (f || *room == 0 || hash_map_get(&e->bailed, pc.v))
        return f;
    struct decoded_block *block = block_cache_find(vm->cache, pc, 0);
    if (!block || !tier_is_warm(&e->tier, block))
        return NULL;
    f = promote(vm, t, block);
    *room = e->wants_alone ? 0 : *room - 1;
    return f;
}

/* hot has just been made. */
static void add_neighbours(struct vm *vm, struct thread *t, struct fragment *hot)
{
    struct block_engine *e = vm->block;
    struct fragment *made[TOGETHER] = {hot};
    unsigned room = TOGETHER - 1;

    e->neighbours = true;
    for (unsigned i = 0, n = 1; i < n; i++) {
        for (unsigned exit = 0; exit < made[i]->n_exits; exit++) {
            unsigned before = room;
            gva pc = fragment_exit_of(made[i], exit)->pc;
            struct fragment *to = find_neighbour(vm, t, pc, &room);
            if (!to)
                continue;
            if (room < before)
                made[n++] = to;
            code_cache_link(e->code, made[i], exit, to);
            block_log_link(made[i], exit, to);
        }
    }
    e->neighbours = false;
    e->wants_alone = false;
}

struct fragment *promote_if_hot(struct vm *vm, struct thread *t, struct decoded_block **cold)
{
    struct block_engine *e = vm->block;
    struct decoded_block *block = block_cache_find(vm->cache, thread_pc(t), 0);

    if (!block || !tier_is_hot(block)) {
        *cold = block;
        return NULL;
    }
    struct fragment *f = promote(vm, t, block);
    if (f && !e->alone && !vm->one_block && !vm->debug)
        add_neighbours(vm, t, f);
    return f;
}
