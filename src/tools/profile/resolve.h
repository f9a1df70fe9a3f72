/* Inside tools/profile: samples with names. */
#ifndef ISOMORPH_PROFILE_RESOLVE_H
#define ISOMORPH_PROFILE_RESOLVE_H

#include "tools/profile/collect.h"
#include "tools/profile/symbols.h"

/* A function in a call tree; the root's symbol is NULL. */
struct flame_node {
    struct profile_symbol *symbol;
    enum thread_doing doing; /* of a leaf that is not guest code; else DOING_GUEST.. */
    bool is_activity;
    uint64_t weight; /* with everything below */
    VEC(struct flame_node *) below;
};

/* What a profile comes to. Weights are periods of the timer. */
struct profile_sums {
    uint64_t samples, weight; /* signals, and the periods that they stand for */
    uint64_t doing[THREAD_DOINGS];
    uint64_t unresolved; /* in code that was not found */
    struct flame_node root;
};

extern const char *const activity_names[THREAD_DOINGS];

/* Adds all samples up: into *out, the symbols and the fragments. */
void resolve_samples(const struct space *space, struct profile_sums *out);
/* The line of a fragment that holds an offset of its code. */
size_t resolve_line(const struct profile_fragment *k, uint32_t host);
/* The fragments with the most samples first: *n of them with any. The caller frees the array. */
struct profile_fragment **resolve_hottest(size_t *n);
/* Host instructions of the part that is run in a straight line; 0 without a disassembler. */
unsigned resolve_host_insns(struct profile_fragment *k);

#endif
