/* cache/blocks.c: the decoded blocks of one guest address space.
 *
 * Blocks are copied one after the other into an arena of fixed size; when the next one does not
 * fit, the owner drops all and the arena starts anew. A dropped block keeps its bytes until then,
 * so a pointer to it goes stale but the arena can always be walked from its start.
 *
 * What must hold (block_cache_verify): every live block of the arena is in the index, nothing else
 * is, and the counts agree.
 *
 * Not handled: eviction of single blocks to make room. */
#include "cache/cache.h"

#include <string.h>

#include "cache/index.h"

enum { KEPT_ALIGN = 16 };

struct kept_block {
    struct index_item item;
    size_t size; /* of this record in the arena */
    bool live;
    struct decoded_block block; /* last: its code follows */
};

struct block_cache {
    unsigned char *arena;
    size_t capacity, used; /* bytes */
    void (*dropped)(void *arg, const struct decoded_block *block);
    void *arg;
    struct guest_index index;
};

static struct kept_block *kept_of(struct index_item *item)
{
    return item ? (struct kept_block *)((char *)item - offsetof(struct kept_block, item)) : NULL;
}

struct decoded_block *block_cache_find(const struct block_cache *c, gva pc, uint32_t context)
{
    struct kept_block *kept = kept_of(index_find(&c->index, pc, context));

    return kept ? &kept->block : NULL;
}

/* ---- the arena ------------------------------------------------------------------------------- */

/* Walks the arena's records, live or not: start with NULL; NULL at the end. */
static struct kept_block *next_kept(const struct block_cache *c, const struct kept_block *kept)
{
    const unsigned char *at = kept ? (const unsigned char *)kept + kept->size : c->arena;

    return at == c->arena + c->used ? NULL : (struct kept_block *)at;
}

static size_t kept_size(const struct decoded_block *block)
{
    return ALIGN_UP(sizeof(struct kept_block) + block->n_bytes, KEPT_ALIGN);
}

struct block_cache *
block_cache_create(size_t capacity, void (*dropped)(void *arg, const struct decoded_block *block),
                   void *arg)
{
    struct block_cache *c = base_zalloc(sizeof(*c));

    CHECK(capacity >= BLOCK_CACHE_MIN_CAPACITY, "a cache of %zu bytes holds no block", capacity);
    c->capacity = ALIGN_DOWN(capacity, KEPT_ALIGN);
    c->arena = base_alloc(c->capacity);
    c->dropped = dropped;
    c->arg = arg;
    index_init(&c->index);
    return c;
}

void block_cache_destroy(struct block_cache *c)
{
    if (!c)
        return;
    index_free(&c->index);
    free(c->arena);
    free(c);
}

bool block_cache_fits(const struct block_cache *c, const struct decoded_block *block)
{
    return kept_size(block) <= c->capacity - c->used;
}

struct decoded_block *block_cache_insert(struct block_cache *c, const struct decoded_block *block)
{
    size_t size = kept_size(block);

    CHECK(block->n_bytes <= BLOCK_MAX_BYTES, "block of %u bytes of code", block->n_bytes);
    CHECK(block_cache_fits(c, block), "a block of %zu bytes where there is no room", size);

    struct kept_block *kept = (struct kept_block *)(c->arena + c->used);
    kept->size = size;
    kept->live = true;
    memcpy(&kept->block, block, sizeof(*block) + block->n_bytes);
    c->used += size;
    index_add(&c->index, &kept->item, block->pc, block->context, block->guest_bytes);
    return &kept->block;
}

/* ---- dropping -------------------------------------------------------------------------------- */

static void drop_block(void *arg, struct index_item *item)
{
    struct block_cache *c = arg;

    if (c->dropped)
        c->dropped(c->arg, &kept_of(item)->block);
    index_remove(&c->index, item);
    kept_of(item)->live = false;
}

bool block_cache_has(const struct block_cache *c, gva start, gva end)
{
    return index_has_range(&c->index, start, end);
}

size_t block_cache_invalidate(struct block_cache *c, gva start, gva end)
{
    return index_drop_range(&c->index, start, end, drop_block, c);
}

size_t block_cache_flush(struct block_cache *c)
{
    size_t dropped = c->index.n;

    index_clear(&c->index);
    c->used = 0;
    return dropped;
}

size_t block_cache_count(const struct block_cache *c)
{
    return c->index.n;
}

/* ---- the invariants -------------------------------------------------------------------------- */

const char *block_cache_verify(const struct block_cache *c)
{
    size_t live = 0, bytes = 0;

    for (const struct kept_block *kept = next_kept(c, NULL); kept; kept = next_kept(c, kept)) {
        if (kept->size != kept_size(&kept->block))
            return "a record's size is not its block's";
        bytes += kept->size;
        if (!kept->live)
            continue;
        if (index_find(&c->index, kept->block.pc, kept->block.context) != &kept->item ||
            kept->item.guest_bytes != kept->block.guest_bytes)
            return "a live block is not in the index";
        live++;
    }
    if (bytes != c->used || c->used > c->capacity)
        return "the byte count does not agree with the blocks";
    if (live != c->index.n)
        return "the index holds a dropped block";
    return index_verify(&c->index);
}
