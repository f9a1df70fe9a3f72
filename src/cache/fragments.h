/* Private to cache/: what the code cache keeps. */
#ifndef ISOMORPH_CACHE_FRAGMENTS_H
#define ISOMORPH_CACHE_FRAGMENTS_H

#include "cache/cache.h"
#include "cache/index.h"
#include "host/x86_64/host.h"

enum {
    CHUNK_BYTES = 128, /* of the arena, for the way from a host address to its fragment */
};

/* Bytes [start, end) of the arena. */
struct span {
    size_t start, end;
};

struct kept_fragment;

/* An exit and where it goes. */
struct fragment_link {
    struct fragment_exit exit;
    struct kept_fragment *from;
    struct kept_fragment *to;                            /* NULL: to its stub */
    struct fragment_link *prev_incoming, *next_incoming; /* of `to` */
};

struct kept_fragment {
    struct fragment f; /* first: they are the same to others */
    struct index_item item;
    struct kept_fragment *prev, *next; /* by address */
    struct fragment_link *incoming;
    struct fragment_link links[]; /* f.n_exits of them, then the reverse table */
};

struct code_cache {
    struct code_cache_config config;
    struct host_memory memory;
    const struct cache_policy *policy;
    void *policy_state;                     /* of the policy; freed with free() */
    struct span room;                       /* for fragments: what the trampolines leave */
    uint32_t trampolines[CODE_TRAMPOLINES]; /* offsets in the arena */
    bool has_trampolines;
    struct guest_index index;
    struct kept_fragment *first, *last; /* by address */
    /* For each CHUNK_BYTES of the arena the lowest fragment with a byte in it, or NULL. */
    struct kept_fragment **chunks;
    struct hash_map names; /* of all fragments that ever were dropped */
    struct code_cache_stats stats;
    uint64_t changes;
    uint64_t verify_next; /* verify.c: how many changes until all is looked at */
    size_t verify_chunk;  /* the chunk of the latest sample */
};

static inline struct kept_fragment *kept_fragment(const struct fragment *f)
{
    return (struct kept_fragment *)f;
}

/* The arena's bytes that a fragment takes. */
static inline struct span fragment_span(const struct code_cache *c, const struct kept_fragment *k)
{
    size_t start = k->f.code.v - c->memory.exec.v;

    return (struct span){start, ALIGN_UP(start + k->f.n_code, FRAGMENT_ALIGN)};
}

/* link.c */
void link_reset_exits(struct code_cache *c, struct kept_fragment *k);
void link_undo_all(struct code_cache *c, struct kept_fragment *k);
hpc link_jump_field(const struct fragment_link *link);
hpc link_stub(const struct fragment_link *link);

/* verify.c: called after each change, of fragment k if it is one that stays; CHECKs the invariants,
 * all or some of them. */
void code_cache_changed(struct code_cache *c, const struct kept_fragment *k);

#endif
