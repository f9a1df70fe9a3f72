/* What the files of vm/ share. */
#ifndef ISOMORPH_VM_PRIVATE_H
#define ISOMORPH_VM_PRIVATE_H

#include "vm/vm.h"

#include "cache/cache.h"

struct block_engine;

/* A way to execute guest code. Hooks that an engine does not need are NULL. */
struct vm_engine {
    const char *name, *help;
    void (*start)(struct vm *vm);
    void (*stop)(struct vm *vm);
    /* Runs t from its pc until an exit. Takes and leaves exact guest state. */
    enum exit_kind (*run)(struct vm *vm, struct thread *t);
    /* Some or all decoded blocks are gone: forget what was made from them. */
    void (*blocks_dropped)(struct vm *vm);
    /* Forget what was made from guest bytes [start, end), or all. */
    void (*invalidate)(struct vm *vm, gva start, gva end);
    void (*flush)(struct vm *vm);
    /* Adds what is not counted by thread. */
    void (*add_counters)(const struct vm *vm, uint64_t sum[COUNTER_COUNT]);
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
    struct block_engine *block;             /* engine block; else NULL */
};

/* A decoded block on the stack. */
union decoded_room {
    struct decoded_block block;
    unsigned char room[sizeof(struct decoded_block) + BLOCK_MAX_BYTES];
};

extern const struct vm_engine vm_engine_eval, vm_engine_block;

/* Decodes the block at pc into *out, which no one keeps. False with t->trap if its first
 * instruction cannot be fetched. */
bool vm_decode_block(struct vm *vm, struct thread *t, gva pc, union decoded_room *out);
/* The decoded block at t's pc, decoded and kept if need be. NULL with t->trap if it cannot be
 * fetched. */
const struct decoded_block *vm_find_block(struct vm *vm, struct thread *t);

/* state.c: the guest pc that is due at a host pc in translated code; false if the host pc is none
 * that may trap. The only reader of reverse tables. Async-signal-safe while no one changes the
 * cache. */
bool vm_state_at(const struct vm *vm, hpc host, gva *pc);

/* log.c: what -d shows of a block that was just decoded, and of an exit. */
void vm_log_block(struct vm *vm, const struct decoded_block *block);
void vm_log_exit(const struct thread *t, enum exit_kind kind);

#endif
