/* Private to cache/: what decides which fragments make room for a new one. A policy chooses and
 * never patches: the cache evicts whatever lies in the span that make_room returns, and places the
 * new fragment at its start. */
#ifndef ISOMORPH_CACHE_POLICY_H
#define ISOMORPH_CACHE_POLICY_H

#include "cache/fragments.h"

struct cache_request {
    size_t bytes;  /* a multiple of FRAGMENT_ALIGN, at most a fragment's share of the arena */
    unsigned tier; /* 0 today */
};

/* Rates over the fragments entered since the last tick. */
struct cache_rates {
    uint64_t entered, inserted, evicted;
};

/* Hooks that a policy does not need are NULL. */
struct cache_policy {
    const char *name, *help;
    /* Called once c->room is known. 0 or -errno. */
    int (*init)(struct code_cache *c, const struct code_cache_config *config);
    /* A span inside c->room of at least request->bytes, its start a multiple of FRAGMENT_ALIGN. */
    struct span (*make_room)(struct code_cache *c, const struct cache_request *request);
    void (*inserted)(struct code_cache *c, struct kept_fragment *k);
    void (*used)(struct code_cache *c, struct kept_fragment *k);           /* sampled */
    struct span (*promote)(struct code_cache *c, struct kept_fragment *k); /* generational moves */
    void (*removed)(struct code_cache *c, struct kept_fragment *k);
    void (*tick)(struct code_cache *c, const struct cache_rates *rates); /* per fragments entered */
};

extern const struct cache_policy cache_policy_flush;

#endif
