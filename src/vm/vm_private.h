/* What the files of vm/ share. */
#ifndef ISOMORPH_VM_PRIVATE_H
#define ISOMORPH_VM_PRIVATE_H

#include "vm/vm.h"

#include "cache/cache.h"

/* A way to execute a decoded block. */
struct vm_engine {
    const char *name, *help;
    /* Runs t from block until an exit. Takes and leaves exact guest state. */
    enum exit_kind (*run)(struct vm *vm, struct thread *t, const struct decoded_block *block);
    /* Some or all decoded blocks are gone: forget what was made from them. NULL if nothing is kept.
     */
    void (*blocks_dropped)(struct vm *vm);
};

struct vm {
    const struct guest *guest;
    struct space *space;
    const struct options *options;
    const struct vm_hooks *hooks;
    const struct vm_engine *engine;
    struct block_cache *cache;
    VEC(struct thread *) threads;
    uint64_t ended_counters[COUNTER_COUNT]; /* of threads that are gone */
    struct hash_map lifted;                 /* engine eval: decoded block to struct ir_block */
};

extern const struct vm_engine vm_engines[];

enum exit_kind vm_eval_run(struct vm *vm, struct thread *t, const struct decoded_block *block);
void vm_eval_forget(struct vm *vm);

/* log.c: what -d shows of a block that was just decoded, and of an exit. */
void vm_log_block(struct vm *vm, const struct decoded_block *block);
void vm_log_exit(const struct thread *t, enum exit_kind kind);

#endif
