/* vm: the run loop. Finds or decodes blocks, runs an engine, and hands system calls, traps and
 * polls to the floor above through hooks. */
#ifndef ISOMORPH_VM_H
#define ISOMORPH_VM_H

#include "code/code.h"
#include "space/space.h"
#include "vm/debug.h"

enum vm_next {
    VM_CONTINUE, /* go on at the thread's pc */
    VM_STOP,     /* leave vm_run */
};

/* Installed by main/, implemented by linux/. Called on the guest's thread with exact state, no lock
 * held. */
struct vm_hooks {
    enum vm_next (*syscall)(struct thread *t);
    enum vm_next (*trap)(struct thread *t, const struct trap *trap);
    enum vm_next (*poll)(struct thread *t); /* POLL_SIGNAL was set; the hook clears it */
    /* --force-signals: would a signal be delivered now? If now, it is. May be NULL. */
    bool (*force)(struct thread *t, bool now);
};

enum { VM_HOT_MAX = 1 << 16 }; /* options->hot */

struct vm;
struct fragment;
struct ir_block;
struct translate_lines;

/* The engines that options->engine can name: the i-th one's name and a line of help, or false past
 * the last. */
bool vm_list_engines(unsigned i, const char **name, const char **help);

/* Everything given must outlive the vm. options->engine must be one of the list. Sets
 * space->on_change. */
struct vm *vm_create(const struct guest *guest, struct space *space, const struct options *options,
                     const struct vm_hooks *hooks);
void vm_destroy(struct vm *vm);
struct thread *vm_thread_create(struct vm *vm);
void vm_thread_destroy(struct thread *t);
/* The guest thread that runs on this host thread, or NULL. Async-signal-safe. */
struct thread *vm_current(void);
/* Around what a hook does that may take long: a system call for the guest. The caller holds no lock
 * and, until the second has returned, calls nothing of libc. */
void vm_enter_kernel(struct thread *t);
void vm_leave_kernel(struct thread *t);
/* Runs t on the calling host thread until a hook says VM_STOP. */
void vm_run(struct thread *t);
/* In the host's handler of SIGSEGV and SIGBUS, which has a stack of its own (SA_ONSTACK: translated
 * code has none to spare): was it a store to a page whose writing is watched? Then the context goes
 * on with it, t will leave guest code at its next poll, and the answer is true. Was the thread's
 * return stack full? Then there is room again, and the answer is true. Was it a load or store of
 * translated code on behalf of the guest? Then t gets the guest state as it is at this instruction,
 * with the pc and the trap, the context goes on where the run loop takes over, and the answer is
 * true. Else nothing has changed. Async-signal-safe. */
bool vm_handle_fault(struct thread *t, int sig, const siginfo_t *info, ucontext_t *context);
/* Around the host's fork(), from a hook: begin in the parent, end in both (child false also where
 * fork failed). In between all other threads are in the kernel or wait, and hold no lock; in the
 * child they are gone from the vm, and what linux/ keeps of them is its own to free. begin returns
 * 0 or -errno, and then the guest's fork fails; end does not return to a child that cannot go on.
 * vfork needs neither. */
int vm_fork_begin(struct vm *vm);
void vm_fork_end(struct vm *vm, bool child);
/* Stops all other threads for good: from a hook, before the process ends. */
void vm_stop_others(struct vm *vm);
/* For the end of one of several processes that share the vm: its threads are to die where they hold
 * nothing. t is to stay, from its next such place on, until it is let go by vm_unpark. vm_is_parked
 * says that it has come there, if vm_park was called before, which works only then: whoever waits
 * for it to leave guest code may not know yet, so vm_tell must follow each look. */
void vm_park(struct thread *t);
void vm_unpark(struct thread *t);
bool vm_is_parked(const struct thread *t);
void vm_tell(struct vm *vm);
/* Forgets decoded and translated code of guest addresses [start, end). From hooks only. When it
 * returns no thread executes any of it. */
void vm_invalidate(struct vm *vm, gva start, gva end);
/* riscv_flush_icache(start, end): forgets what was made from code that has changed since. From
 * hooks only. */
void vm_flush_icache(struct vm *vm, gva start, gva end);
/* ---- profiles (sample.c) ---- */

/* Where a thread was. */
struct vm_sample {
    enum thread_doing doing;
    uint32_t weight; /* periods of the timer */
    hpc host;        /* a place in a fragment; 0: pc says where */
    gva pc;          /* 0 if host says where */
    bool exact;      /* t->guest holds the guest registers, of the instruction at hand or near it,
                      * and guest memory may be read */
};

/* Sees fragments come and go, and samples. Members that are not needed are NULL. */
struct vm_observer {
    /* Under the vm's lock, which must not wait for the space's. f's code is at bytes; lines is
     * translate_lines()'s table; lifted its block before the passes. */
    void (*made)(struct thread *t, const struct fragment *f, const uint8_t *bytes,
                 const struct translate_lines *lines, const struct ir_block *lifted);
    void (*dropped)(const struct fragment *f); /* under the lock */
    /* f was entered and left, and n instructions were executed. Wanted (not NULL), fragments run
     * one at a time, without links, and count. */
    void (*executed)(const struct fragment *f, uint64_t n);
    void (*sample)(struct thread *t, const struct vm_sample *s); /* async-signal-safe */
    void (*forked)(void); /* in the child, which has one thread */
};
/* Set before vm_create; may stay NULL. */
extern const struct vm_observer *vm_observer;
/* In the handler of the profile's signal, on the thread that it interrupted: tells the observer
 * where t is, or, if that cannot be said from here (in the interpreter), has it told at the
 * end of the block. t->guest may get the values of pinned registers, as in vm_handle_fault.
 * Async-signal-safe. */
void vm_take_sample(struct thread *t, const ucontext_t *context, uint32_t weight);
/* The code that fragments call and jump to: a host_namer for listings; arg is the vm. */
const char *vm_name_host(void *arg, uint64_t address);

/* Adds up the counters of all threads, of those that have ended too. */
void vm_sum_counters(struct vm *vm, uint64_t sum[COUNTER_COUNT]);
/* For the report of a fault: if the host pc is in the code cache, says into out (from a comma on)
 * in which fragment. Takes no lock. */
void vm_describe_host_pc(struct thread *t, hpc host, char *out, size_t size);
/* Prints what the current thread was doing: for base_set_bug_reporter. */
void vm_report(FILE *out);
/* Asks t to leave guest code at its next poll, and to call the hook. Async-signal-safe. */
void vm_request_poll(struct thread *t);

#endif
