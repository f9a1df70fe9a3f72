/* Inside vm/: which engine a block is worth. See tier.c. */
#ifndef ISOMORPH_VM_TIER_H
#define ISOMORPH_VM_TIER_H

#include "vm/vm.h"

#include "cache/cache.h"

enum {
    /* Decoded blocks that engine block keeps for the interpreter, bytes. They are what it lives on
     * when the code cache is tiny; when they are full, the counts of what is not hot begin anew. */
    TIER_DECODED_BYTES = 16 << 20,
};

/* Under the vm's lock, all of it. */
struct tier {
    int32_t hot;  /* --hot */
    int32_t runs; /* by the interpreter, before a block is translated: hot or more; 0: none */
    bool fixed;   /* it stays so */
    /* what translation costs */
    uint64_t insn_ns;        /* processor time for a guest instruction: a moving mean */
    uint64_t n_begun, begun; /* translations, and the time when the one at hand was; 0: not timed */
    /* since the last change of runs */
    uint64_t spent_ns;        /* on translation */
    uint64_t cpu_ns, evicted; /* as they were then: of the process, and of the cache */
    uint64_t look_at;         /* when so many were inserted */
};

void tier_start(struct tier *tier, const struct options *options);
/* The run loop is at a block that has no fragment: is it time for one? */
bool tier_is_hot(const struct decoded_block *block);
/* Is it run nearly as often as what is hot, so that a fragment of the block before may hold it,
 * or be translated with it? */
bool tier_is_warm(const struct tier *tier, const struct decoded_block *block);
/* The interpreter runs it once more; block->runs_left says for how long it may do so by itself. */
void tier_run(const struct tier *tier, struct decoded_block *block);
/* Around a translation, of n_insns guest instructions. */
void tier_begin(struct tier *tier);
void tier_end(struct tier *tier, unsigned n_insns);
/* After a translation that has a place: adapts the number of runs. */
void tier_adapt(struct tier *tier, struct thread *t, const struct code_cache *code);
/* The block was translated since it was hot, or warm. It starts anew, should the fragment be
 * dropped. */
void tier_promoted(const struct tier *tier, struct thread *t, struct decoded_block *block);

#endif
