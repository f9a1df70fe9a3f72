/* Inside tools/profile: what is kept of a run while it goes on. */
#ifndef ISOMORPH_PROFILE_COLLECT_H
#define ISOMORPH_PROFILE_COLLECT_H

#include <pthread.h>

#include "cache/cache.h"
#include "translate/translate.h"
#include "vm/vm.h"

enum { STACK_DEPTH = 48 };

/* How often a block's instructions name a guest register. */
struct register_use {
    uint16_t reg; /* row of the guest's table */
    uint16_t reads, writes;
};

/* A fragment, kept after it was dropped. */
struct profile_fragment {
    gva pc;
    hpc code;
    uint32_t n_code, n_insns, guest_bytes;
    uint64_t born, died; /* of the profile's clock; died is all ones while it lives */
    uint64_t made_ns;    /* CLOCK_MONOTONIC */
    int made_by;         /* thread id */
    uint8_t *bytes;      /* n_code: as it was made, before links */
    VEC(struct translate_line) lines;
    VEC(struct register_use) uses;     /* with --registers */
    uint64_t executed_insns, executed; /* with --registers */
    unsigned host_insns;               /* resolve_host_insns(), once it was asked for */
    uint64_t samples;                  /* resolve.c: periods of the timer */
    VEC(uint64_t) line_samples;        /* of each line, the last one being the rare cases */
};

/* A sample as the handler leaves it. */
struct raw_sample {
    uint32_t words; /* of 8 bytes, this header included; 0: no sample has been begun here */
    bool done;
    uint8_t doing; /* enum thread_doing */
    uint8_t n_frames;
    bool chained; /* frames are of a chain of frame pointers; else candidates from the stack */
    uint32_t weight;
    uint64_t host, pc; /* as in struct vm_sample */
    uint64_t clock;
    uint64_t frames[]; /* n_frames: the return-address register's, then the stack's */
};

struct profile {
    const struct options *options;
    bool on; /* false in children */
    pthread_mutex_t lock;
    VEC(struct profile_fragment *) fragments; /* by rising `born` */
    struct hash_map live;                     /* by host address */
    uint64_t clock;                           /* raised whenever a fragment comes or goes */
    uint64_t *words;                          /* of samples */
    size_t n_words;                           /* taken, which may be more than there are */
    uint64_t lost;                            /* periods that found no room */
    unsigned sp, fp, ra;                      /* offsets in the guest state; stacks.c */
};

extern struct profile profile;
extern const struct vm_observer profile_observer, profile_observer_counting, profile_observer_code;

/* Room for samples. Returns 0 or -errno. */
int collect_init(void);
/* The next sample from *pos on, NULL at the end. */
const struct raw_sample *collect_next(size_t *pos);
/* The fragment that lived at `host` at this time of the clock; NULL if none did. */
struct profile_fragment *collect_find(uint64_t host, uint64_t clock);

/* stacks.c: the return addresses that may belong to t's callers, innermost first. Returns how many;
 * *chained as in struct raw_sample. Async-signal-safe. */
unsigned stacks_walk(const struct thread *t, uint64_t frames[STACK_DEPTH], bool *chained);
void stacks_init(const struct guest *guest);
/* Does a call end at this address? In *to where that goes, 0 if it is not said in the instruction.
 */
bool stacks_follows_call(const struct space *space, uint64_t address, uint64_t *to);

#endif
