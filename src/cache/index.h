/* Private to cache/: the two ways to what the code cache holds, by name and by guest page. */
#ifndef ISOMORPH_CACHE_INDEX_H
#define ISOMORPH_CACHE_INDEX_H

#include "code/code.h"

enum {
    GUEST_PAGE = 4096,  /* the unit in which guest code is invalidated */
    PAGES_PER_ITEM = 2, /* BLOCK_MAX_INSNS instructions cross one page border at most */
};

/* An item's place on the list of one guest page. */
struct page_link {
    struct page_link *prev, *next;
    struct index_item *item;
    uint64_t page; /* guest address / GUEST_PAGE */
};

/* What is made from guest code: embedded in a fragment's record. */
struct index_item {
    gva pc;
    uint32_t context;
    uint32_t guest_bytes; /* from pc on */
    unsigned n_links;
    struct page_link links[PAGES_PER_ITEM];
};

struct guest_index {
    uint64_t *slots;       /* index.c */
    size_t n_slots;        /* a power of two, at least twice n */
    struct hash_map pages; /* page number to the first struct page_link of its list */
    size_t n;              /* items */
};

void index_init(struct guest_index *x);
void index_free(struct guest_index *x);
/* NULL if absent. */
struct index_item *index_find(const struct guest_index *x, gva pc, uint32_t context);
/* Nothing of this name may be in the index. guest_bytes is not 0. */
void index_add(struct guest_index *x, struct index_item *item, gva pc, uint32_t context,
               uint32_t guest_bytes);
void index_remove(struct guest_index *x, struct index_item *item);
/* Is there an item with a byte in [start, end)? */
bool index_has_range(const struct guest_index *x, gva start, gva end);
/* Calls drop for each item with a byte in [start, end); drop removes this item, and no other, from
 * the index. Returns how many. */
size_t index_drop_range(struct guest_index *x, gva start, gva end,
                        void (*drop)(void *arg, struct index_item *item), void *arg);
/* Every item is found by its name, stands once on the list of each page that it has
 * bytes on, nothing else does, and there are x->n. NULL if so, else a message. */
const char *index_verify(const struct guest_index *x);
/* The same of one item, which is in x, and its neighbours on the lists of its pages. */
const char *index_verify_item(const struct guest_index *x, const struct index_item *item);

#endif
