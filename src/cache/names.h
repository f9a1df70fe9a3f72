/* cache/names.h, private: how the tables of blocks and of fragments place a name, which is a guest
 * pc and a context. Both are open, with linear probing, and keep a part of the hash in each slot;
 * they differ in what a slot holds. */
#ifndef ISOMORPH_CACHE_NAMES_H
#define ISOMORPH_CACHE_NAMES_H

#include "code/code.h"

/* The upper half says the slot; the lower half is for tags. */
static inline uint64_t name_hash(gva pc, uint32_t context)
{
    return (pc.v ^ (uint64_t)context << 32) * 0x9e3779b97f4a7c15u;
}

/* The slot where the search for a name begins. n_slots: a power of two. */
static inline size_t name_home(uint64_t hash, size_t n_slots)
{
    return (size_t)(hash >> 32) & (n_slots - 1);
}

/* Slot `hole` was emptied, and of those behind it none up to i is empty. May what stands in i, for
 * which the search begins at home, move there? */
static inline bool name_may_move(size_t i, size_t home, size_t hole, size_t n_slots)
{
    return ((i - home) & (n_slots - 1)) >= ((i - hole) & (n_slots - 1));
}

#endif
