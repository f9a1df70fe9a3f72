/* Inside vm/: a block executed for what it would do. See trial.c. */
#ifndef ISOMORPH_VM_TRIAL_H
#define ISOMORPH_VM_TRIAL_H

#include "vm/vm_private.h"

/* A thread's state, and how an execution came to it. */
struct outcome {
    unsigned char *guest; /* registers: state_size bytes */
    uint64_t reserve_addr, reserve_value;
    struct trap trap;
    enum exit_kind kind;
    uint64_t n_insns;
};

void outcome_init(struct outcome *o, const struct guest *guest);
void outcome_free(struct outcome *o);
/* All but kind and n_insns: from t, and to it. */
void outcome_keep(struct outcome *o, const struct thread *t);
void outcome_put(const struct outcome *o, struct thread *t);

struct trial {
    struct store_log log;         /* what was stored; `accessed` may be set before a run */
    struct outcome before, after; /* of the last run */
    bool unrepeatable;            /* it read a clock */
};

struct trial *trial_create(struct vm *vm);
void trial_free(struct trial *trial); /* may be NULL */
/* Executes the block at t's pc as the reference does, once. Then t and guest memory are as they
 * were; what would have become of t is in trial->after, and of memory in trial->log. block may be
 * NULL: it cannot be fetched, and t->trap says why. In guest code. */
void trial_run(struct trial *trial, struct thread *t, struct decoded_block *block);
/* The same as long as next gives a block for t's pc, once the one before was left at its end. */
void trial_run_on(struct trial *trial, struct thread *t, struct decoded_block *block,
                  struct decoded_block *(*next)(void *arg, struct thread *t), void *arg);

#endif
