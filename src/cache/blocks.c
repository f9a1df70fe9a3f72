/* cache/blocks.c: the decoded blocks of one guest address space.
 *
 * Blocks are copied one after the other into an arena of fixed size; when the next one does not
 * fit, all are dropped and the arena starts anew. A dropped block keeps its bytes until then, so a
 * pointer to it goes stale but the arena can always be walked from its start.
 *
 * What must hold (block_cache_verify): every live block stands on the chain of its (pc, context)
 * bucket and on the list of each guest page it has bytes on, nothing else does, and the counts
 * agree.
 *
 * Not handled: threads (the caller is alone), and eviction of single blocks to make room. */
#include "cache/cache.h"

#include <string.h>

enum {
    CODE_PAGE = 4096,    /* the unit in which guest code is invalidated */
    PAGES_PER_BLOCK = 2, /* BLOCK_MAX_INSNS instructions cross one page border at most */
    KEPT_ALIGN = 16,
    BYTES_PER_BUCKET = 512, /* arena bytes for each bucket: about one block */
};

/* A block's place on the list of one guest page. */
struct page_link {
    struct page_link *prev, *next;
    struct kept_block *owner;
    uint64_t page; /* guest address / CODE_PAGE */
};

struct kept_block {
    struct kept_block *next_in_bucket;
    size_t size; /* of this record in the arena */
    bool live;
    unsigned n_links;
    struct page_link links[PAGES_PER_BLOCK];
    struct decoded_block block; /* last: its code follows */
};

struct block_cache {
    unsigned char *arena;
    size_t capacity, used; /* bytes */
    size_t n_live;
    struct kept_block **buckets;
    size_t n_buckets;      /* a power of two */
    struct hash_map pages; /* page number to the first struct page_link of its list */
};

/* ---- look-up --------------------------------------------------------------------------------- */

static struct kept_block **bucket_of(const struct block_cache *c, gva pc, uint32_t context)
{
    uint64_t h = ((pc.v >> 1) ^ ((uint64_t)context << 40)) * 0x9e3779b97f4a7c15u;

    return &c->buckets[(h >> 32) & (c->n_buckets - 1)];
}

static struct kept_block *find_kept(const struct block_cache *c, gva pc, uint32_t context)
{
    struct kept_block *kept = *bucket_of(c, pc, context);

    while (kept && (kept->block.pc.v != pc.v || kept->block.context != context))
        kept = kept->next_in_bucket;
    return kept;
}

const struct decoded_block *block_cache_find(const struct block_cache *c, gva pc, uint32_t context)
{
    const struct kept_block *kept = find_kept(c, pc, context);

    return kept ? &kept->block : NULL;
}

/* ---- links ----------------------------------------------------------------------------------- */

static void link_page(struct block_cache *c, struct kept_block *kept, uint64_t page)
{
    CHECK(kept->n_links < PAGES_PER_BLOCK, "block at %#lx has %u bytes, on too many pages",
          (unsigned long)kept->block.pc.v, kept->block.guest_bytes);
    struct page_link *link = &kept->links[kept->n_links++];
    struct page_link *first = hash_map_get(&c->pages, page);

    *link = (struct page_link){.next = first, .owner = kept, .page = page};
    if (first)
        first->prev = link;
    hash_map_put(&c->pages, page, link);
}

static void unlink_page(struct block_cache *c, struct page_link *link)
{
    if (link->next)
        link->next->prev = link->prev;
    if (link->prev)
        link->prev->next = link->next;
    else if (link->next)
        hash_map_put(&c->pages, link->page, link->next);
    else
        hash_map_remove(&c->pages, link->page);
}

static void link_block(struct block_cache *c, struct kept_block *kept)
{
    const struct decoded_block *block = &kept->block;
    struct kept_block **bucket = bucket_of(c, block->pc, block->context);
    uint64_t last_page = (block->pc.v + block->guest_bytes - 1) / CODE_PAGE;

    kept->next_in_bucket = *bucket;
    *bucket = kept;
    for (uint64_t page = block->pc.v / CODE_PAGE; page <= last_page; page++)
        link_page(c, kept, page);
    kept->live = true;
    c->n_live++;
}

static void unlink_block(struct block_cache *c, struct kept_block *kept)
{
    struct kept_block **at = bucket_of(c, kept->block.pc, kept->block.context);

    while (*at != kept)
        at = &(*at)->next_in_bucket;
    *at = kept->next_in_bucket;
    for (unsigned i = 0; i < kept->n_links; i++)
        unlink_page(c, &kept->links[i]);
    kept->live = false;
    c->n_live--;
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

struct block_cache *block_cache_create(size_t capacity)
{
    struct block_cache *c = base_zalloc(sizeof(*c));

    CHECK(capacity >= BLOCK_CACHE_MIN_CAPACITY, "a cache of %zu bytes holds no block", capacity);
    c->capacity = ALIGN_DOWN(capacity, KEPT_ALIGN);
    c->arena = base_alloc(c->capacity);
    c->n_buckets = 16;
    while (c->n_buckets < capacity / BYTES_PER_BUCKET)
        c->n_buckets *= 2;
    c->buckets = base_zalloc(c->n_buckets * sizeof(struct kept_block *));
    return c;
}

void block_cache_destroy(struct block_cache *c)
{
    if (!c)
        return;
    hash_map_free(&c->pages);
    free(c->buckets);
    free(c->arena);
    free(c);
}

const struct decoded_block *block_cache_insert(struct block_cache *c,
                                               const struct decoded_block *block, bool *flushed)
{
    size_t size = kept_size(block);

    CHECK(block->guest_bytes > 0 && block->n_bytes <= BLOCK_MAX_BYTES,
          "block of %u guest bytes and %u of code", block->guest_bytes, block->n_bytes);
    CHECK(!find_kept(c, block->pc, block->context), "block at %#lx is in the cache already",
          (unsigned long)block->pc.v);
    *flushed = false;
    if (size > c->capacity - c->used)
        *flushed = block_cache_flush(c) > 0;

    struct kept_block *kept = (struct kept_block *)(c->arena + c->used);
    memset(kept, 0, sizeof(*kept));
    kept->size = size;
    memcpy(&kept->block, block, sizeof(*block) + block->n_bytes);
    c->used += size;
    link_block(c, kept);
    return &kept->block;
}

/* ---- dropping -------------------------------------------------------------------------------- */

static bool block_overlaps(const struct decoded_block *block, gva start, gva end)
{
    return block->pc.v < end.v && start.v < block->pc.v + block->guest_bytes;
}

/* Drops the blocks of one page that have a byte in the range. */
static size_t invalidate_page(struct block_cache *c, uint64_t page, gva start, gva end)
{
    struct page_link *link = hash_map_get(&c->pages, page);
    size_t dropped = 0;

    while (link) {
        struct page_link *next = link->next;
        if (block_overlaps(&link->owner->block, start, end)) {
            unlink_block(c, link->owner);
            dropped++;
        }
        link = next;
    }
    return dropped;
}

size_t block_cache_invalidate(struct block_cache *c, gva start, gva end)
{
    size_t dropped = 0;

    if (start.v >= end.v || c->n_live == 0)
        return 0;
    uint64_t first = start.v / CODE_PAGE, last = (end.v - 1) / CODE_PAGE;
    if (last - first < c->pages.len) {
        for (uint64_t page = first; page <= last; page++)
            dropped += invalidate_page(c, page, start, end);
        return dropped;
    }
    /* More pages than have code: look at the blocks instead. */
    for (struct kept_block *kept = next_kept(c, NULL); kept; kept = next_kept(c, kept)) {
        if (kept->live && block_overlaps(&kept->block, start, end)) {
            unlink_block(c, kept);
            dropped++;
        }
    }
    return dropped;
}

size_t block_cache_flush(struct block_cache *c)
{
    size_t dropped = c->n_live;

    memset(c->buckets, 0, c->n_buckets * sizeof(struct kept_block *));
    hash_map_clear(&c->pages);
    c->used = 0;
    c->n_live = 0;
    return dropped;
}

size_t block_cache_count(const struct block_cache *c)
{
    return c->n_live;
}

/* ---- the invariants -------------------------------------------------------------------------- */

/* Does the list of this page hold the block once? */
static bool page_holds_once(const struct block_cache *c, uint64_t page,
                            const struct kept_block *kept)
{
    const struct page_link *prev = NULL;
    unsigned found = 0;

    for (const struct page_link *link = hash_map_get(&c->pages, page); link; link = link->next) {
        if (link->prev != prev || link->page != page)
            return false;
        found += link->owner == kept;
        prev = link;
    }
    return found == 1;
}

static const char *verify_block(const struct block_cache *c, const struct kept_block *kept)
{
    uint64_t first = kept->block.pc.v / CODE_PAGE;
    uint64_t last = (kept->block.pc.v + kept->block.guest_bytes - 1) / CODE_PAGE;

    if (find_kept(c, kept->block.pc, kept->block.context) != kept)
        return "a live block is not found by its pc";
    if (kept->n_links != last - first + 1)
        return "a live block has not one link for each of its pages";
    for (uint64_t page = first; page <= last; page++) {
        if (!page_holds_once(c, page, kept))
            return "a page's list does not hold its block exactly once";
    }
    return NULL;
}

/* Everything that stands on a bucket's chain or a page's list is live; counts both. */
static const char *verify_lists(const struct block_cache *c, size_t *chained, size_t *linked)
{
    for (size_t i = 0; i < c->n_buckets; i++) {
        for (const struct kept_block *k = c->buckets[i]; k; k = k->next_in_bucket) {
            if (!k->live)
                return "a bucket holds a dropped block";
            (*chained)++;
        }
    }
    size_t pos = 0;
    uint64_t page;
    void *first;
    while (hash_map_next(&c->pages, &pos, &page, &first)) {
        for (const struct page_link *link = first; link; link = link->next) {
            if (!link->owner->live)
                return "a page's list holds a dropped block";
            (*linked)++;
        }
    }
    return NULL;
}

const char *block_cache_verify(const struct block_cache *c)
{
    size_t live = 0, links = 0, bytes = 0, chained = 0, linked = 0;

    for (const struct kept_block *kept = next_kept(c, NULL); kept; kept = next_kept(c, kept)) {
        if (kept->size != kept_size(&kept->block))
            return "a record's size is not its block's";
        bytes += kept->size;
        if (!kept->live)
            continue;
        const char *wrong = verify_block(c, kept);
        if (wrong)
            return wrong;
        live++;
        links += kept->n_links;
    }
    if (bytes != c->used || c->used > c->capacity)
        return "the byte count does not agree with the blocks";
    if (live != c->n_live)
        return "the block count does not agree with the blocks";
    const char *wrong = verify_lists(c, &chained, &linked);
    if (wrong)
        return wrong;
    if (chained != live || linked != links)
        return "a bucket or a page's list holds a block twice";
    return NULL;
}
