/* vm/tier.c: when a block is worth a translation.
 *
 * A translation costs as much as dozens of runs of a block by the interpreter, and most blocks of
 * a program that only starts are run a few times. So a block is interpreted first, and
 * translated when the interpreter has run it `runs` times (--hot=N). The interpreter goes from
 * block to block by itself and counts (decoded_block.runs_left); it comes back when it gets to a
 * block that is hot, or has a fragment.
 *
 * When the code cache is too small for what is hot, blocks are dropped before their translation has
 * paid. That shows in the share of the time that goes to translation: when as many fragments have
 * gone as the cache holds and the share is above THRASHING, it takes twice as many runs from then
 * on, and half as many when the share is below THRIVING, down to --hot, be that 0. In the end most
 * of the time is the interpreter's, and what is in the cache is what is run most. The share is that
 * of the instructions translated, at what one has cost of late: one translation in SAMPLE is timed.
 *
 * bench/run startup measures --hot. Not handled: blocks that never come back from a run, like long
 * system calls, are as cold as others; the processor time of all threads counts as one. */
#include "vm/tier.h"

#include <time.h>

enum {
    GUESSED_NS = 1000, /* of a guest instruction's translation, before the first is timed */
    SAMPLE = 16,       /* translations */
    SAMPLE_WEIGHT = 8, /* a sample moves the mean by one part in so many */
    THRASHING = 8,     /* one part in so many of the time */
    THRIVING = 64,
    LOOK_AFTER = 64, /* translations, when it takes more runs than --hot */
};

void tier_start(struct tier *tier, const struct options *options)
{
    CHECK(options->hot <= VM_HOT_MAX, "--hot is out of its range");
    *tier = (struct tier){.hot = options->verify ? 0 : (int32_t)options->hot,
                          .fixed = options->verify,
                          .insn_ns = GUESSED_NS};
    tier->runs = tier->hot;
}

bool tier_is_hot(const struct decoded_block *block)
{
    return decoded_block_runs(block) <= 0;
}

/* Half as often: a branch that goes either way equally often has this on its likelier side. */
bool tier_is_warm(const struct tier *tier, const struct decoded_block *block)
{
    return tier->runs == 0 || decoded_block_runs(block) <= tier->runs / 2;
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

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- what translation costs ------------------------------------------------------------------ */

void tier_begin(struct tier *tier)
{
    tier->begun = tier->n_begun++ % SAMPLE == 0 ? now_ns(CLOCK_THREAD_CPUTIME_ID) : 0;
}

void tier_end(struct tier *tier, unsigned n_insns)
{
    if (tier->begun) {
        uint64_t ns = (now_ns(CLOCK_THREAD_CPUTIME_ID) - tier->begun) / n_insns;
        tier->insn_ns = (tier->insn_ns * (SAMPLE_WEIGHT - 1) + ns) / SAMPLE_WEIGHT;
    }
    tier->spent_ns += n_insns * tier->insn_ns;
}

/* ---- how many runs it takes ------------------------------------------------------------------ */

static void set_runs(struct tier *tier, int32_t runs)
{
    if (log_on(LOG_TIER) && runs != tier->runs)
        log_print("tier: %d runs instead of %d until a block is translated\n", runs, tier->runs);
    tier->runs = runs;
}

/* A while is over, in which the cache was turned over or not. */
static bool judge(struct tier *tier, struct thread *t, bool turned_over, uint64_t cpu_ns)
{
    if (turned_over && tier->spent_ns > cpu_ns / THRASHING) {
        t->counters[COUNTER_HOT_RAISED] += tier->runs < VM_HOT_MAX;
        set_runs(tier, MIN(MAX(tier->runs * 2, 1), VM_HOT_MAX));
    } else if (tier->spent_ns < cpu_ns / THRIVING) {
        set_runs(tier, MAX(tier->runs / 2, tier->hot));
    } else {
        return turned_over;
    }
    return true;
}

void tier_adapt(struct tier *tier, struct thread *t, const struct code_cache *code)
{
    struct code_cache_stats now;

    code_cache_get_stats(code, &now);
    bool turned_over = now.evicted - tier->evicted >= MAX(now.fragments, (size_t)1);
    if (tier->fixed || (!turned_over && (tier->runs == tier->hot || now.inserted < tier->look_at)))
        return;
    uint64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    tier->look_at = now.inserted + LOOK_AFTER;
    if (!judge(tier, t, turned_over, cpu - tier->cpu_ns))
        return;
    tier->evicted = now.evicted;
    tier->spent_ns = 0;
    tier->cpu_ns = cpu;
}

void tier_promoted(const struct tier *tier, struct thread *t, struct decoded_block *block)
{
    int32_t left = MAX(decoded_block_runs(block), 0);

    t->counters[COUNTER_PROMOTED]++;
    decoded_block_set_runs(block, tier->runs);
    if (log_on(LOG_TIER))
        log_print("tier: %#lx is translated after %d runs\n", (unsigned long)block->pc.v,
                  tier->runs - left);
}
