/* vm/trial.c: what would this block do? The interpreter runs it with its loads and stores going
 * through a log (space/store_log), and everything is put back. `verify` compares what an engine
 * does with it, and a debugger's watchpoints look at its accesses.
 *
 * Not taken back: decoding, and what a read of a file mapping costs the host. */
#include "vm/trial.h"

#include <string.h>

void outcome_init(struct outcome *o, const struct guest *guest)
{
    *o = (struct outcome){.guest = base_zalloc_aligned(guest->state_size, 64)};
}

void outcome_free(struct outcome *o)
{
    free(o->guest);
}

void outcome_keep(struct outcome *o, const struct thread *t)
{
    memcpy(o->guest, t->guest, t->desc->state_size);
    o->reserve_addr = t->reserve_addr;
    o->reserve_value = t->reserve_value;
    o->trap = t->trap;
}

void outcome_put(const struct outcome *o, struct thread *t)
{
    memcpy(t->guest, o->guest, t->desc->state_size);
    t->reserve_addr = o->reserve_addr;
    t->reserve_value = o->reserve_value;
    t->trap = o->trap;
}

struct trial *trial_create(struct vm *vm)
{
    struct trial *trial = base_zalloc(sizeof(*trial));

    store_log_init(&trial->log, vm->space, NULL);
    outcome_init(&trial->before, vm->guest);
    outcome_init(&trial->after, vm->guest);
    return trial;
}

void trial_free(struct trial *trial)
{
    if (!trial)
        return;
    store_log_free(&trial->log);
    outcome_free(&trial->before);
    outcome_free(&trial->after);
    free(trial);
}

static enum exit_kind interpret_logged(struct trial *trial, struct thread *t,
                                       struct decoded_block *block)
{
    trial->log.fault = &t->fault;
    t->log = &trial->log;
    enum exit_kind kind = t->desc->interpret_logged(t, block);
    t->log = NULL;
    return kind;
}

void trial_run_on(struct trial *trial, struct thread *t, struct decoded_block *block,
                  struct decoded_block *(*next)(void *arg, struct thread *t), void *arg)
{
    bool unrepeatable = t->unrepeatable;
    uint64_t counters[COUNTER_COUNT];

    memcpy(counters, t->counters, sizeof(counters));
    outcome_keep(&trial->before, t);
    store_log_clear(&trial->log);
    t->unrepeatable = false;
    trial->after.kind = EXIT_TRAP;
    while (block) {
        uint64_t end = block->pc.v + block->guest_bytes;
        trial->after.kind = interpret_logged(trial, t, block);
        bool goes_on = trial->after.kind == EXIT_LOOKUP && thread_pc(t).v == end;
        block = goes_on && next ? next(arg, t) : NULL;
    }
    outcome_keep(&trial->after, t);
    trial->after.n_insns = t->counters[COUNTER_GUEST_INSNS] - counters[COUNTER_GUEST_INSNS];
    trial->unrepeatable = t->unrepeatable;
    memcpy(t->counters, counters, sizeof(counters));
    outcome_put(&trial->before, t);
    t->unrepeatable = unrepeatable;
}

void trial_run(struct trial *trial, struct thread *t, struct decoded_block *block)
{
    trial_run_on(trial, t, block, NULL, NULL);
}
