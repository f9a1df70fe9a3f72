/* cache/index.c: what a cache holds, by name (guest pc and context) and by guest page.
 *
 * Decoded blocks and fragments are kept differently but found and invalidated alike: both embed a
 * struct index_item. It stands on the chain of its name's bucket and on the list of each guest page
 * that it has bytes on.
 *
 * Not handled: items of more than two pages. */
#include "cache/index.h"

#include <string.h>

void index_init(struct guest_index *x)
{
    *x = (struct guest_index){.n_buckets = 1024};
    x->buckets = base_zalloc(x->n_buckets * sizeof(*x->buckets));
}

void index_free(struct guest_index *x)
{
    hash_map_free(&x->pages);
    free(x->buckets);
}

/* ---- by name --------------------------------------------------------------------------------- */

/* Code of one neighbourhood has its buckets in one neighbourhood, so that they are in the host's
 * caches together; where that is, is hashed. */
static struct index_item **bucket_of(const struct guest_index *x, gva pc, uint32_t context)
{
    enum { NEIGHBOURS = 10 }; /* bits of the pc */
    uint64_t h = ((pc.v >> NEIGHBOURS) ^ ((uint64_t)context << 40)) * 0x9e3779b97f4a7c15u;

    return &x->buckets[((h >> 32) + (pc.v >> 1)) & (x->n_buckets - 1)];
}

struct index_item *index_find(const struct guest_index *x, gva pc, uint32_t context)
{
    struct index_item *item = *bucket_of(x, pc, context);

    while (item && (item->pc.v != pc.v || item->context != context))
        item = item->next_in_bucket;
    return item;
}

/* Twice as many buckets. */
static void grow_buckets(struct guest_index *x)
{
    struct index_item **old = x->buckets;
    size_t n_old = x->n_buckets;

    x->n_buckets *= 2;
    x->buckets = base_zalloc(x->n_buckets * sizeof(*x->buckets));
    for (size_t i = 0; i < n_old; i++) {
        for (struct index_item *item = old[i], *next; item; item = next) {
            struct index_item **bucket = bucket_of(x, item->pc, item->context);
            next = item->next_in_bucket;
            item->next_in_bucket = *bucket;
            *bucket = item;
        }
    }
    free(old);
}

/* ---- by page --------------------------------------------------------------------------------- */

static uint64_t first_page(const struct index_item *item)
{
    return item->pc.v / GUEST_PAGE;
}

static uint64_t last_page(const struct index_item *item)
{
    return (item->pc.v + item->guest_bytes - 1) / GUEST_PAGE;
}

static void link_page(struct guest_index *x, struct index_item *item, uint64_t page)
{
    CHECK(item->n_links < PAGES_PER_ITEM, "code at %#lx has %u bytes, on too many pages",
          (unsigned long)item->pc.v, item->guest_bytes);
    struct page_link *link = &item->links[item->n_links++];
    struct page_link *first = hash_map_get(&x->pages, page);

    *link = (struct page_link){.item = item, .page = page};
    if (!first) {
        hash_map_put(&x->pages, page, link);
        return;
    }
    link->prev = first; /* second, so that the map stays as it is */
    link->next = first->next;
    if (link->next)
        link->next->prev = link;
    first->next = link;
}

static void unlink_page(struct guest_index *x, struct page_link *link)
{
    if (link->next)
        link->next->prev = link->prev;
    if (link->prev)
        link->prev->next = link->next;
    else if (link->next)
        hash_map_put(&x->pages, link->page, link->next);
    else
        hash_map_remove(&x->pages, link->page);
}

/* ---- items ----------------------------------------------------------------------------------- */

void index_add(struct guest_index *x, struct index_item *item, gva pc, uint32_t context,
               uint32_t guest_bytes)
{
    CHECK(guest_bytes > 0, "code of no bytes at %#lx", (unsigned long)pc.v);
    CHECK(!index_find(x, pc, context), "the code at %#lx is in the cache already",
          (unsigned long)pc.v);
    if (x->n == x->n_buckets / 2)
        grow_buckets(x);
    struct index_item **bucket = bucket_of(x, pc, context);
    *item = (struct index_item){
        .next_in_bucket = *bucket, .pc = pc, .context = context, .guest_bytes = guest_bytes};
    *bucket = item;
    for (uint64_t page = first_page(item); page <= last_page(item); page++)
        link_page(x, item, page);
    x->n++;
}

void index_remove(struct guest_index *x, struct index_item *item)
{
    struct index_item **at = bucket_of(x, item->pc, item->context);

    while (*at != item) {
        CHECK(*at, "the code at %#lx is not in the cache", (unsigned long)item->pc.v);
        at = &(*at)->next_in_bucket;
    }
    *at = item->next_in_bucket;
    for (unsigned i = 0; i < item->n_links; i++)
        unlink_page(x, &item->links[i]);
    x->n--;
}

void index_clear(struct guest_index *x)
{
    memset(x->buckets, 0, x->n_buckets * sizeof(*x->buckets));
    hash_map_clear(&x->pages);
    x->n = 0;
}

/* ---- ranges of guest addresses --------------------------------------------------------------- */

struct range {
    gva start, end;
    void (*drop)(void *arg, struct index_item *item);
    void *arg;
};

static size_t drop_on_page(struct guest_index *x, uint64_t page, const struct range *r)
{
    struct page_link *link = hash_map_get(&x->pages, page);
    size_t dropped = 0;

    while (link) {
        struct index_item *item = link->item;
        link = link->next; /* of another item, which stays */
        if (item->pc.v < r->end.v && r->start.v < item->pc.v + item->guest_bytes) {
            r->drop(r->arg, item);
            dropped++;
        }
    }
    return dropped;
}

/* The pages from first to last that have code. Dropping changes the map: they are gathered first.
 */
static size_t drop_on_known_pages(struct guest_index *x, uint64_t first, uint64_t last,
                                  const struct range *r)
{
    VEC(uint64_t) pages = {0};
    size_t pos = 0, dropped = 0;
    uint64_t page;
    void *link;

    while (hash_map_next(&x->pages, &pos, &page, &link)) {
        if (page >= first && page <= last)
            vec_push(&pages, page);
    }
    for (size_t i = 0; i < pages.len; i++)
        dropped += drop_on_page(x, pages.data[i], r);
    vec_free(&pages);
    return dropped;
}

size_t index_drop_range(struct guest_index *x, gva start, gva end,
                        void (*drop)(void *arg, struct index_item *item), void *arg)
{
    struct range r = {start, end, drop, arg};
    size_t dropped = 0;

    if (start.v >= end.v || x->n == 0)
        return 0;
    uint64_t first = start.v / GUEST_PAGE, last = (end.v - 1) / GUEST_PAGE;
    if (last - first >= x->pages.len)
        return drop_on_known_pages(x, first, last, &r);
    for (uint64_t page = first; page <= last; page++)
        dropped += drop_on_page(x, page, &r);
    return dropped;
}

static bool page_has(const struct page_link *link, gva start, gva end)
{
    for (; link; link = link->next) {
        const struct index_item *item = link->item;
        if (item->pc.v < end.v && start.v < item->pc.v + item->guest_bytes)
            return true;
    }
    return false;
}

bool index_has_range(const struct guest_index *x, gva start, gva end)
{
    size_t pos = 0;
    uint64_t page;
    void *link;

    if (start.v >= end.v || x->n == 0)
        return false;
    uint64_t first = start.v / GUEST_PAGE, last = (end.v - 1) / GUEST_PAGE;
    if (last - first < x->pages.len) {
        for (page = first; page <= last; page++) {
            if (page_has(hash_map_get(&x->pages, page), start, end))
                return true;
        }
        return false;
    }
    while (hash_map_next(&x->pages, &pos, &page, &link)) {
        if (page >= first && page <= last && page_has(link, start, end))
            return true;
    }
    return false;
}

/* ---- the invariants -------------------------------------------------------------------------- */

/* Does the link stand on the list of its page, between neighbours that know it? With that, and with
 * as many links on the lists as there are in all items, each stands there once. */
static bool link_is_listed(const struct guest_index *x, const struct page_link *link)
{
    if (link->next && link->next->prev != link)
        return false;
    return link->prev ? link->prev->next == link : hash_map_get(&x->pages, link->page) == link;
}

const char *index_verify_item(const struct guest_index *x, const struct index_item *item)
{
    if (index_find(x, item->pc, item->context) != item)
        return "an item is not found by its name";
    if (item->n_links != last_page(item) - first_page(item) + 1)
        return "an item has not one link for each of its pages";
    for (unsigned i = 0; i < item->n_links; i++) {
        const struct page_link *link = &item->links[i];
        if (link->item != item || link->page != first_page(item) + i || !link_is_listed(x, link))
            return "a page's list does not hold its item exactly once";
    }
    return NULL;
}

/* Links on all lists, at most one more than `most`. */
static size_t count_listed(const struct guest_index *x, size_t most)
{
    size_t listed = 0, pos = 0;
    uint64_t page;
    void *first;

    while (hash_map_next(&x->pages, &pos, &page, &first)) {
        for (const struct page_link *link = first; link && listed <= most; link = link->next)
            listed++;
    }
    return listed;
}

const char *index_verify(const struct guest_index *x)
{
    size_t items = 0, links = 0;

    for (size_t i = 0; i < x->n_buckets; i++) {
        for (const struct index_item *item = x->buckets[i]; item; item = item->next_in_bucket) {
            const char *wrong = index_verify_item(x, item);
            if (wrong)
                return wrong;
            if (++items > x->n)
                return "the buckets hold more than the index counts";
            links += item->n_links;
        }
    }
    if (items != x->n)
        return "the buckets hold less than the index counts";
    return count_listed(x, links) == links ? NULL : "a page's list holds what is in no bucket";
}
