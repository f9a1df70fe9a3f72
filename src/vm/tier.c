/* vm/tier.c: when a block is worth a translation.
 *
 * A translation costs as much as some two hundred runs of a block by the interpreter, and most
 * blocks of a program that only starts are run a few times. So a block is interpreted first, and
 * translated when the interpreter has run it `runs` times (--hot=N). The interpreter goes from
 * block to block by itself and counts (decoded_block.runs_left); it comes back when it gets to a
 * block that is hot, or has a fragment.
 *
 * When the code cache is too small for what is hot, blocks are dropped before their translation has
 * paid. That shows in the share of the time that goes to translation: when the cache was dropped
 * and the share is above THRASHING, it takes twice as many runs from then on, and half as many when
 * the share is below THRIVING, down to --hot. In the end most of the time is the interpreter's, and
 * what is in the cache is what is run most.
 *
 * bench/startup measures --hot. Not handled: blocks that never come back from a run, like long
 * system calls, are as cold as others; the processor time of all threads counts as one. */
#include "vm/tier.h"

#include <time.h>

enum {
    TRANSLATION_NS = 2500, /* of a block: about, on machines of today */
    THRASHING = 8,         /* one part in so many of the time */
    THRIVING = 64,
    MOST_RUNS = 1 << 16,
    LOOK_AFTER = 64, /* translations, when it takes more runs than --hot */
};

void tier_start(struct tier *tier, const struct options *options)
{
    int32_t hot = (int32_t)MIN(options->hot, (uint64_t)MOST_RUNS);

    *tier = (struct tier){.hot = hot, .runs = hot};
}

bool tier_is_hot(const struct decoded_block *block)
{
    return decoded_block_runs(block) <= 0;
}

/* A block with more runs than that is new, or the number was lowered. One with none left is not for
 * the translator. */
void tier_run(const struct tier *tier, struct decoded_block *block)
{
    int32_t left = decoded_block_runs(block);

    if (left > tier->runs || left <= 0)
        decoded_block_set_runs(block, tier->runs);
    decoded_block_count_run(block);
}

static uint64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void set_runs(struct tier *tier, int32_t runs)
{
    if (log_on(LOG_TIER) && runs != tier->runs)
        log_print("tier: %d runs instead of %d until a block is translated\n", runs, tier->runs);
    tier->runs = runs;
}

void tier_translated(struct tier *tier, struct thread *t, struct decoded_block *block,
                     const struct code_cache *code)
{
    struct code_cache_stats now;

    t->counters[COUNTER_PROMOTED]++;
    decoded_block_set_runs(block, tier->runs);
    if (log_on(LOG_TIER))
        log_print("tier: %#lx is translated after %d runs\n", (unsigned long)block->pc.v,
                  tier->runs);
    code_cache_get_stats(code, &now);
    bool flushed = now.flushes != tier->flushes;
    if (!flushed && (tier->runs == tier->hot || now.inserted - tier->inserted < LOOK_AFTER))
        return;
    uint64_t cpu = cpu_ns(), spent = (now.inserted - tier->inserted) * TRANSLATION_NS;
    if (flushed && spent > (cpu - tier->cpu_ns) / THRASHING && tier->runs < MOST_RUNS) {
        t->counters[COUNTER_HOT_RAISED]++;
        set_runs(tier, tier->runs * 2);
    } else if (spent < (cpu - tier->cpu_ns) / THRIVING) {
        set_runs(tier, MAX(tier->runs / 2, tier->hot));
    }
    tier->flushes = now.flushes;
    tier->inserted = now.inserted;
    tier->cpu_ns = cpu;
}
