/* cache/blocks.c: the decoded blocks of one guest address space.
 *
 * Cold code is most of a large program, and what it costs is the memory that it goes through: so a
 * block's record has nothing in it that can be had otherwise, and what finds it is small.
 *
 * Blocks are copied one after the other into an arena of fixed size; when the next one does not
 * fit, the owner drops all and the arena starts anew. A dropped block keeps its bytes until then,
 * so a pointer to it goes stale but the arena can always be walked from its start. A block is
 * referred to by its place in the arena (code/code.h, block_ref); at the very start is one with a
 * pc that no guest has.
 *
 * By name (pc and context) blocks are found through a table of slots, by guest page through a list
 * of each page. Fragments, of which single ones go, have an index of their own (index.h).
 *
 * What must hold (block_cache_verify): every live block of the arena is in the table and on the
 * lists of its pages, nothing else is, and the counts agree.
 *
 * Not handled: eviction of single blocks to make room; blocks on more than two pages. */
#include "cache/cache.h"
#include "cache/names.h"

#include <string.h>

enum {
    GUEST_PAGE = 4096, /* the unit in which guest code is invalidated */
    PAGES_PER_BLOCK = 2,
    FIRST_SLOTS = 1024,
};

/* As next[0] of a dropped block. */
#define DROPPED UINT32_MAX

struct kept_block {
    block_ref next[PAGES_PER_BLOCK]; /* on the lists of its first page and of its second; or 0 */
    struct decoded_block block;      /* last: its code follows */
};

/* A slot holds a block_ref and, in the bits above that the arena leaves, a part of the hash of the
 * block's name: so what is absent is mostly known to be without a look at any block. Linear
 * probing; at most half of the slots are taken; what follows a hole is moved up. */
struct block_cache {
    unsigned char *arena;
    size_t capacity, used; /* bytes */
    void (*dropped)(void *arg, const struct decoded_block *block);
    void *arg;
    uint32_t *slots;
    size_t n_slots;        /* a power of two, at least twice n */
    uint32_t ref_mask;     /* the bits of a slot that are the block_ref */
    size_t n;              /* live blocks */
    struct hash_map pages; /* page number to the block_ref that its list begins with */
};

static struct kept_block *kept_at(const struct block_cache *c, block_ref ref)
{
    unsigned char *block = (unsigned char *)block_ref_get(c->arena, ref);

    return (struct kept_block *)(block - offsetof(struct kept_block, block));
}

static block_ref ref_of(const struct block_cache *c, const struct kept_block *kept)
{
    return block_ref_make(c->arena, &kept->block);
}

/* ---- the arena ------------------------------------------------------------------------------- */

enum { ARENA_START = 64 }; /* in front is the block that none is */

static size_t kept_size(const struct decoded_block *block)
{
    return ALIGN_UP(offsetof(struct kept_block, block) + decoded_block_size(block), BLOCK_REF_UNIT);
}

/* Walks the arena's records, live or not: start with NULL; NULL at the end. */
static struct kept_block *next_kept(const struct block_cache *c, const struct kept_block *kept)
{
    unsigned char *at =
        kept ? (unsigned char *)kept + kept_size(&kept->block) : c->arena + ARENA_START;

    return at == c->arena + c->used ? NULL : (struct kept_block *)at;
}

static bool is_live(const struct kept_block *kept)
{
    return kept->next[0] != DROPPED;
}

/* ---- by name --------------------------------------------------------------------------------- */

static uint32_t tag_of(const struct block_cache *c, uint64_t hash)
{
    return (uint32_t)hash & ~c->ref_mask;
}

/* The slot of the name, or the empty one where it would be. */
static size_t find_slot(const struct block_cache *c, gva pc, uint32_t context)
{
    uint64_t hash = name_hash(pc, context);
    uint32_t tag = tag_of(c, hash);
    size_t i = name_home(hash, c->n_slots);

    for (; c->slots[i]; i = (i + 1) & (c->n_slots - 1)) {
        if ((c->slots[i] ^ tag) & ~c->ref_mask)
            continue;
        const struct decoded_block *block = block_ref_get(c->arena, c->slots[i] & c->ref_mask);
        if (block->pc.v == pc.v && block->context == context)
            break;
    }
    return i;
}

/* The block's name is in no slot, and there is room. */
static void put_in_slot(struct block_cache *c, const struct kept_block *kept)
{
    uint64_t hash = name_hash(kept->block.pc, kept->block.context);
    size_t i = name_home(hash, c->n_slots);

    while (c->slots[i])
        i = (i + 1) & (c->n_slots - 1);
    c->slots[i] = ref_of(c, kept) | tag_of(c, hash);
}

/* In the arena's order, which the processor reads ahead in. */
static void grow_slots(struct block_cache *c)
{
    free(c->slots);
    c->n_slots *= 2;
    c->slots = base_zalloc(c->n_slots * sizeof(*c->slots));
    for (const struct kept_block *kept = next_kept(c, NULL); kept; kept = next_kept(c, kept)) {
        if (is_live(kept))
            put_in_slot(c, kept);
    }
}

/* Empties a slot: the next one that may stand there does, and leaves a hole in its turn. */
static void empty_slot(struct block_cache *c, size_t hole)
{
    size_t mask = c->n_slots - 1;

    for (size_t i = (hole + 1) & mask; c->slots[i]; i = (i + 1) & mask) {
        const struct decoded_block *block = block_ref_get(c->arena, c->slots[i] & c->ref_mask);
        size_t home = name_home(name_hash(block->pc, block->context), c->n_slots);
        if (name_may_move(i, home, hole, c->n_slots)) {
            c->slots[hole] = c->slots[i];
            hole = i;
        }
    }
    c->slots[hole] = 0;
}

/* ---- by page --------------------------------------------------------------------------------- */

static uint64_t first_page(const struct decoded_block *block)
{
    return block->pc.v / GUEST_PAGE;
}

static uint64_t last_page(const struct decoded_block *block)
{
    return (block->pc.v + block->guest_bytes - 1) / GUEST_PAGE;
}

static block_ref list_of(const struct block_cache *c, uint64_t page)
{
    return (block_ref)(uintptr_t)hash_map_get(&c->pages, page);
}

static void set_list(struct block_cache *c, uint64_t page, block_ref first)
{
    if (first)
        hash_map_put(&c->pages, page, (void *)(uintptr_t)first);
    else
        hash_map_remove(&c->pages, page);
}

/* Its link on the list of a page that it stands on. */
static block_ref *link_on(struct kept_block *kept, uint64_t page)
{
    return &kept->next[page - first_page(&kept->block)];
}

static void unlink_page(struct block_cache *c, struct kept_block *kept, uint64_t page)
{
    block_ref first = list_of(c, page), *at = &first;

    while (*at != ref_of(c, kept))
        at = link_on(kept_at(c, *at), page);
    *at = *link_on(kept, page);
    set_list(c, page, first);
}

static bool overlaps(const struct decoded_block *block, gva start, gva end)
{
    return block->pc.v < end.v && start.v < block->pc.v + block->guest_bytes;
}

/* ---- keeping --------------------------------------------------------------------------------- */

struct block_cache *
block_cache_create(size_t capacity, void (*dropped)(void *arg, const struct decoded_block *block),
                   void *arg)
{
    struct block_cache *c = base_zalloc(sizeof(*c));
    uint64_t refs = MIN(capacity / BLOCK_REF_UNIT, (size_t)UINT32_MAX);

    CHECK(capacity >= BLOCK_CACHE_MIN_CAPACITY, "a cache of %zu bytes holds no block", capacity);
    c->capacity = refs * BLOCK_REF_UNIT;
    c->ref_mask = UINT32_MAX >> __builtin_clz((uint32_t)refs);
    c->arena = base_alloc(c->capacity);
    c->used = ARENA_START;
    memset(c->arena, 0, ARENA_START);
    block_ref_get(c->arena, 0)->pc = BLOCK_NO_PC;
    c->dropped = dropped;
    c->arg = arg;
    c->n_slots = FIRST_SLOTS;
    c->slots = base_zalloc(c->n_slots * sizeof(*c->slots));
    return c;
}

void block_cache_destroy(struct block_cache *c)
{
    if (!c)
        return;
    hash_map_free(&c->pages);
    free(c->slots);
    free(c->arena);
    free(c);
}

unsigned char *block_cache_base(const struct block_cache *c)
{
    return c->arena;
}

void block_cache_prefetch(const struct block_cache *c, gva pc, uint32_t context)
{
    __builtin_prefetch(&c->slots[name_home(name_hash(pc, context), c->n_slots)]);
}

struct decoded_block *block_cache_find(const struct block_cache *c, gva pc, uint32_t context)
{
    uint32_t slot = c->slots[find_slot(c, pc, context)];

    return slot ? block_ref_get(c->arena, slot & c->ref_mask) : NULL;
}

bool block_cache_fits(const struct block_cache *c, const struct decoded_block *block)
{
    return kept_size(block) <= c->capacity - c->used;
}

struct decoded_block *block_cache_insert(struct block_cache *c, const struct decoded_block *block)
{
    CHECK(block->n_bytes <= BLOCK_MAX_BYTES, "block of %u bytes of code", block->n_bytes);
    CHECK(block->guest_bytes > 0 && last_page(block) < first_page(block) + PAGES_PER_BLOCK,
          "block of %u guest bytes at %#lx", block->guest_bytes, (unsigned long)block->pc.v);
    CHECK(block_cache_fits(c, block), "a block of %zu bytes where there is no room",
          kept_size(block));
    CHECK(!block_cache_find(c, block->pc, block->context), "the block at %#lx is kept already",
          (unsigned long)block->pc.v);

    if (c->n == c->n_slots / 2)
        grow_slots(c);
    struct kept_block *kept = (struct kept_block *)(c->arena + c->used);
    c->used += kept_size(block);
    memcpy(&kept->block, block, decoded_block_size(block));
    put_in_slot(c, kept);
    kept->next[0] = kept->next[1] = 0;
    for (uint64_t page = first_page(block); page <= last_page(block); page++) {
        *link_on(kept, page) = list_of(c, page);
        set_list(c, page, ref_of(c, kept));
    }
    c->n++;
    return &kept->block;
}

/* ---- dropping -------------------------------------------------------------------------------- */

typedef VEC(uint64_t) page_vec;

/* The pages of [start, end) that have blocks, by whichever way is shorter. To be freed. */
static page_vec find_pages(const struct block_cache *c, gva start, gva end)
{
    page_vec pages = {0};
    size_t pos = 0;
    uint64_t page;
    void *list;

    if (start.v >= end.v || c->n == 0)
        return pages;
    uint64_t first = start.v / GUEST_PAGE, last = (end.v - 1) / GUEST_PAGE;
    if (last - first < c->pages.len) {
        for (page = first; page <= last; page++) {
            if (list_of(c, page))
                vec_push(&pages, page);
        }
        return pages;
    }
    while (hash_map_next(&c->pages, &pos, &page, &list)) {
        if (page >= first && page <= last)
            vec_push(&pages, page);
    }
    return pages;
}

/* But for the list of one page, which the caller sees to. */
static void drop_block(struct block_cache *c, struct kept_block *kept, uint64_t but)
{
    const struct decoded_block *block = &kept->block;

    if (c->dropped)
        c->dropped(c->arg, block);
    empty_slot(c, find_slot(c, block->pc, block->context));
    for (uint64_t page = first_page(block); page <= last_page(block); page++) {
        if (page != but)
            unlink_page(c, kept, page);
    }
    kept->next[0] = DROPPED;
    c->n--;
}

static size_t drop_on_page(struct block_cache *c, uint64_t page, gva start, gva end)
{
    block_ref first = list_of(c, page), *at = &first;
    size_t dropped = 0;

    while (*at) {
        struct kept_block *kept = kept_at(c, *at);
        block_ref *next = link_on(kept, page);
        if (overlaps(&kept->block, start, end)) {
            *at = *next;
            drop_block(c, kept, page);
            dropped++;
        } else {
            at = next;
        }
    }
    set_list(c, page, first);
    return dropped;
}

size_t block_cache_invalidate(struct block_cache *c, gva start, gva end)
{
    page_vec pages = find_pages(c, start, end);
    size_t dropped = 0;

    for (size_t i = 0; i < pages.len; i++)
        dropped += drop_on_page(c, pages.data[i], start, end);
    vec_free(&pages);
    return dropped;
}

bool block_cache_has(const struct block_cache *c, gva start, gva end)
{
    page_vec pages = find_pages(c, start, end);
    bool has = false;

    for (size_t i = 0; i < pages.len && !has; i++) {
        for (block_ref at = list_of(c, pages.data[i]); at && !has;) {
            struct kept_block *kept = kept_at(c, at);
            has = overlaps(&kept->block, start, end);
            at = *link_on(kept, pages.data[i]);
        }
    }
    vec_free(&pages);
    return has;
}

size_t block_cache_flush(struct block_cache *c)
{
    size_t dropped = c->n;

    memset(c->slots, 0, c->n_slots * sizeof(*c->slots));
    hash_map_clear(&c->pages);
    c->used = ARENA_START;
    c->n = 0;
    return dropped;
}

size_t block_cache_count(const struct block_cache *c)
{
    return c->n;
}

/* ---- the invariants -------------------------------------------------------------------------- */

/* Links on all lists, at most one more than `most`; 0 if one is of a block that is not on the page,
 * or dropped. */
static size_t count_listed(const struct block_cache *c, size_t most)
{
    size_t listed = 0, pos = 0;
    uint64_t page;
    void *list;

    while (hash_map_next(&c->pages, &pos, &page, &list)) {
        for (block_ref at = (block_ref)(uintptr_t)list; at && listed <= most;) {
            struct kept_block *kept = kept_at(c, at);
            if (!is_live(kept) || page < first_page(&kept->block) || page > last_page(&kept->block))
                return 0;
            listed++;
            at = *link_on(kept, page);
        }
    }
    return listed;
}

static bool is_listed(const struct block_cache *c, struct kept_block *kept, uint64_t page)
{
    block_ref at = list_of(c, page);

    for (size_t steps = 0; at && steps <= c->n && at != ref_of(c, kept); steps++)
        at = *link_on(kept_at(c, at), page);
    return at == ref_of(c, kept);
}

/* Each link stands on its list, and there are no others: so it stands there once. */
const char *block_cache_verify(const struct block_cache *c)
{
    size_t live = 0, links = 0, taken = 0;
    struct kept_block *kept;

    for (kept = next_kept(c, NULL); kept; kept = next_kept(c, kept)) {
        if ((unsigned char *)kept + kept_size(&kept->block) > c->arena + c->used)
            return "a record reaches over the end of what is used";
        if (!is_live(kept))
            continue;
        if (block_cache_find(c, kept->block.pc, kept->block.context) != &kept->block)
            return "a live block is not in the table";
        live++;
        for (uint64_t p = first_page(&kept->block); p <= last_page(&kept->block); p++, links++) {
            if (!is_listed(c, kept, p))
                return "a page's list does not hold a block of it";
        }
    }
    for (size_t i = 0; i < c->n_slots; i++)
        taken += c->slots[i] != 0;
    if (live != c->n || taken != c->n || c->n > c->n_slots / 2)
        return "the table holds a dropped block, or is too full";
    if (count_listed(c, links) != links)
        return "a page's list holds what is not there";
    return c->used <= c->capacity ? NULL : "more is used than there is";
}
