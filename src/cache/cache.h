/* cache: decoded blocks, kept by guest pc and context, bounded in bytes, dropped by guest page.
 * Knows no µop and no guest. Single-threaded today; the caller invalidates only from the run loop.
 */
#ifndef ISOMORPH_CACHE_H
#define ISOMORPH_CACHE_H

#include "code/code.h"

struct block_cache;

enum { BLOCK_CACHE_MIN_CAPACITY = 4 * BLOCK_MAX_BYTES };

/* capacity in bytes of decoded code, at least BLOCK_CACHE_MIN_CAPACITY; when it is full everything
 * is dropped. */
struct block_cache *block_cache_create(size_t capacity);
void block_cache_destroy(struct block_cache *c);
/* NULL if absent. */
const struct decoded_block *block_cache_find(const struct block_cache *c, gva pc, uint32_t context);
/* Copies *block in and returns the kept copy, valid until it is invalidated. *flushed is set if
 * others were dropped. */
const struct decoded_block *block_cache_insert(struct block_cache *c,
                                               const struct decoded_block *block, bool *flushed);
/* Drops every block with a byte in [start, end). Returns how many. The caller then empties the
 * threads' tables. */
size_t block_cache_invalidate(struct block_cache *c, gva start, gva end);
size_t block_cache_flush(struct block_cache *c);
size_t block_cache_count(const struct block_cache *c); /* blocks held */
/* Walks the tables: every block is found by its pc, stands on each of its pages' lists, and the
 * byte count agrees. NULL if so, else a message. */
const char *block_cache_verify(const struct block_cache *c);

#endif
