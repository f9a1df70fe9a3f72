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

struct tier {
    int32_t hot;  /* --hot */
    int32_t runs; /* by the interpreter, before a block is translated: hot or more; 0: none */
    /* as of the last look at the rate of translations */
    uint64_t flushes, inserted, cpu_ns;
};

void tier_start(struct tier *tier, const struct options *options);
/* The run loop is at a block that has no fragment: is it time for one? */
bool tier_is_hot(const struct decoded_block *block);
/* The interpreter runs it once more; block->runs_left says for how long it may do so by itself. */
void tier_run(const struct tier *tier, struct decoded_block *block);
/* The block was translated: it starts anew, should the fragment be dropped. Adapts the number of
 * runs. Under the vm's lock. */
void tier_translated(struct tier *tier, struct thread *t, struct decoded_block *block,
                     const struct code_cache *code);

#endif
