/* What the files of vm/ share. */
#ifndef ISOMORPH_VM_PRIVATE_H
#define ISOMORPH_VM_PRIVATE_H

#include <pthread.h>

#include "cache/cache.h"
#include "vm/vm.h"

struct block_engine;

/* A way to execute guest code. Hooks that an engine does not need are NULL. */
struct vm_engine {
    const char *name, *help;
    void (*start)(struct vm *vm);
    void (*stop)(struct vm *vm);
    /* What it keeps for a thread, in its record. */
    void (*thread_start)(struct vm *vm, struct thread *t);
    void (*thread_stop)(struct vm *vm, struct thread *t);
    /* Runs t from its pc until an exit; with vm->one_block, for one block or fragment. With
     * vm->verify it counts instructions. Takes and leaves exact guest state. In guest code
     * (quiesce.c), without the lock. */
    enum exit_kind (*run)(struct vm *vm, struct thread *t);
    /* How far run goes from t's pc with vm->one_block if no branch is taken: to the end of the
     * block if NULL or GVA(0). In guest code, without the lock; pointers from before are stale. */
    gva (*reach)(struct vm *vm, struct thread *t);
    /* Some or all decoded blocks are gone: forget what was made from them. In an exclusive section,
     * like the one below. */
    void (*blocks_dropped)(struct vm *vm);
    /* Forget what was made from guest bytes [start, end). */
    void (*invalidate)(struct vm *vm, gva start, gva end);
    /* Was anything made from guest bytes [start, end)? Under the lock. */
    bool (*has_code)(const struct vm *vm, gva start, gva end);
    /* Around fork, with all other threads stopped. fork_begin returns 0 or -errno. */
    int (*fork_begin)(struct vm *vm);
    void (*fork_end)(struct vm *vm, bool child);
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
    pthread_mutex_t lock; /* of all that follows and of both caches: quiesce.c */
    pthread_cond_t changed;
    _Atomic uint32_t stop; /* what sections are asked for */
    bool exclusive;        /* one has begun: things may be dropped */
    bool shared;           /* has had a second thread */
    VEC(struct thread *) threads;
    uint64_t ended_counters[COUNTER_COUNT]; /* of threads that are gone */
    struct hash_map lifted;                 /* engine eval: decoded block to struct ir_block */
    struct block_engine *block;             /* engine block; else NULL */
    struct verify *verify;                  /* --verify; else NULL */
    struct vm_debug *debug;                 /* while there is a debugger; else NULL */
    bool one_block;        /* each turn of the run loop runs one block or fragment: for --verify,
                            * --force-signals, and an observer of each execution */
    unsigned max_insns;    /* of a block */
    uint64_t code_changes; /* how often the guest has said, or done, that code is another one */
};

/* A decoded block on the stack. */
union decoded_room {
    struct decoded_block block;
    unsigned char room[sizeof(struct decoded_block) + BLOCK_MAX_BYTES];
};

/* quiesce.c. The lock is held for changes of the caches and look-ups in them; guest memory may be
 * read under it, since a fault there takes no lock. */
void quiesce_init(struct vm *vm);
void vm_lock(struct vm *vm);
void vm_unlock(struct vm *vm);
/* Into guest code and out. What was looked up before is stale after vm_enter_code. */
void vm_enter_code(struct thread *t);
void vm_leave_code(struct thread *t);
/* In guest code, with no pointer into the caches: lets those pass who want it. */
void vm_step_aside(struct thread *t);
/* In between the lock is held, no other thread is in guest code, and all may be dropped. The caller
 * is not in guest code either, and does not hold the lock. */
void vm_exclusive_begin(struct vm *vm);
void vm_exclusive_end(struct vm *vm);
/* Under the lock: is this an exclusive section, or as good as one? */
bool vm_may_drop(const struct vm *vm);
/* The same for fork: other threads are not in the runtime either. _alone: in the child. */
void vm_stop_all_begin(struct vm *vm);
void vm_stop_all_end(struct vm *vm);
void vm_stop_all_end_alone(struct vm *vm);

extern const struct vm_engine vm_engine_eval, vm_engine_block;

/* Decodes the block at pc into *out, which no one keeps. False with t->trap if its first
 * instruction cannot be fetched. Under the lock. */
bool vm_decode_block(struct vm *vm, struct thread *t, gva pc, union decoded_room *out);
/* The decoded block at t's pc, decoded and kept if need be. NULL with t->trap if it cannot be
 * fetched. In guest code, without the lock; pointers from before are stale afterwards. */
struct decoded_block *vm_find_block(struct vm *vm, struct thread *t);

/* state.c: what the guest's state is while the host stands at a pc in translated code. */
enum vm_state {
    VM_STATE_NONE,  /* the pc is in no fragment */
    VM_STATE_NEAR,  /* it is at no point of the reverse table: only the pc is known, roughly */
    VM_STATE_EXACT, /* all instructions before the pc have taken effect, none from it on */
    VM_STATE_AGAIN, /* the same, but host code behind the pc may have been done too: guest code must
                     * go on one by one from here */
};
/* Puts all guest registers, fcsr and the pc into guest (t->desc->state_size bytes; may be t->guest)
 * if the state is exact, only the pc if it is near. *block, if wanted, is where the fragment's
 * guest code starts. regs are the host's registers at that pc, and t the thread that has them. The
 * only reader of reverse tables. Async-signal-safe; under the lock, but for a handler in its own
 * thread's translated code, which takes it. */
enum vm_state vm_state_at(const struct thread *t, hpc host, const struct host_regs *regs,
                          unsigned char *guest, gva *block);
/* The registers at any pc of a fragment, roughly: as at the next point, or else the last one. The
 * guest's pc stays. For samples; otherwise as vm_state_at. */
void vm_registers_near(const struct thread *t, hpc host, const struct host_regs *regs,
                       unsigned char *guest);

/* vm->guest->interpret, with t->doing. */
enum exit_kind vm_interpret(struct vm *vm, struct thread *t, struct decoded_block *block);
/* This block and no other, whatever stands in t's table. */
enum exit_kind vm_interpret_once(struct vm *vm, struct thread *t, struct decoded_block *block);
/* At most max_insns instructions from t's pc on, and none behind the end of their block. */
enum exit_kind vm_interpret_some(struct vm *vm, struct thread *t, unsigned max_insns);
/* poll.c: the poll page of a new thread. Returns 0 or -errno. */
int vm_poll_create(struct thread *t);
/* poll.c: sets a bit of t's poll word that translated code must see too. From any thread;
 * async-signal-safe. */
void vm_raise_poll(struct thread *t, uint32_t bit);
/* sample.c: samples are due that the handler could not take: POLL_SAMPLE. State is exact. */
void vm_take_due_samples(struct thread *t);
/* Does the observer want every execution of a fragment? */
static inline bool vm_observes_executions(void)
{
    return UNLIKELY(vm_observer && vm_observer->executed);
}

/* log.c: what -d shows of a block that was just decoded, and of an exit. */
void vm_log_block(struct vm *vm, const struct decoded_block *block);
void vm_log_exit(const struct thread *t, enum exit_kind kind);
const char *vm_trap_name(enum trap_kind kind);
/* Guest code and µops of the fragment as guest memory has it now. */
void vm_print_fragment_code(const struct vm *vm, const struct fragment *f, struct strbuf *out);
/* Prints guest code, µops and host code of the block at pc, as far as there are any. */
void vm_report_block(FILE *out, const struct vm *vm, gva pc);

#endif
