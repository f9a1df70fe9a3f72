/* cache/index.c: the fragments that the code cache holds, by name (guest pc and context) and by
 * guest page. A fragment embeds a struct index_item, which stands in a slot of its name's and on
 * the list of each guest page that it has bytes on.
 *
 * Not handled: items of more than two pages. */
#include "cache/index.h"
#include "cache/names.h"

#include <string.h>

/* A slot of the table of names holds an item's address and, in the 16 bits above it, a part of the
 * hash of its name: so an item that is another one is met about once in 65536 times, and what is
 * absent is known to be without a look at any item. Linear probing; at most half of the slots are
 * taken; what follows a hole is moved up. */
enum { TAG_SHIFT = 48, FIRST_SLOTS = 1024 };

void index_init(struct guest_index *x)
{
    *x = (struct guest_index){.n_slots = FIRST_SLOTS};
    x->slots = base_zalloc(x->n_slots * sizeof(*x->slots));
}

void index_free(struct guest_index *x)
{
    hash_map_free(&x->pages);
    free(x->slots);
}

/* ---- by name --------------------------------------------------------------------------------- */

static uint64_t tag_of(uint64_t hash)
{
    return hash << 32 >> TAG_SHIFT << TAG_SHIFT;
}

static struct index_item *item_in(uint64_t slot)
{
    return (struct index_item *)(uintptr_t)(slot << 16 >> 16);
}

/* The slot of the name, or the empty one where it would be. */
static size_t find_slot(const struct guest_index *x, gva pc, uint32_t context)
{
    uint64_t hash = name_hash(pc, context);
    size_t i = name_home(hash, x->n_slots);

    for (; x->slots[i]; i = (i + 1) & (x->n_slots - 1)) {
        if ((x->slots[i] ^ tag_of(hash)) >> TAG_SHIFT)
            continue;
        const struct index_item *item = item_in(x->slots[i]);
        if (item->pc.v == pc.v && item->context == context)
            break;
    }
    return i;
}

struct index_item *index_find(const struct guest_index *x, gva pc, uint32_t context)
{
    return item_in(x->slots[find_slot(x, pc, context)]);
}

/* The item's name is in no slot, and there is room. */
static void put_in_slot(struct guest_index *x, struct index_item *item)
{
    uint64_t hash = name_hash(item->pc, item->context);
    size_t i = name_home(hash, x->n_slots);

    while (x->slots[i])
        i = (i + 1) & (x->n_slots - 1);
    CHECK((uintptr_t)item >> TAG_SHIFT == 0, "an item's address has more than %d bits", TAG_SHIFT);
    x->slots[i] = (uintptr_t)item | tag_of(hash);
}

static void grow_slots(struct guest_index *x)
{
    uint64_t *old = x->slots;
    size_t n_old = x->n_slots;

    x->n_slots *= 2;
    x->slots = base_zalloc(x->n_slots * sizeof(*x->slots));
    for (size_t i = 0; i < n_old; i++) {
        if (old[i])
            put_in_slot(x, item_in(old[i]));
    }
    free(old);
}

/* Empties a slot: the next one that may stand there does, and leaves a hole in its turn. */
static void empty_slot(struct guest_index *x, size_t hole)
{
    size_t mask = x->n_slots - 1;

    for (size_t i = (hole + 1) & mask; x->slots[i]; i = (i + 1) & mask) {
        const struct index_item *item = item_in(x->slots[i]);
        size_t home = name_home(name_hash(item->pc, item->context), x->n_slots);
        if (name_may_move(i, home, hole, x->n_slots)) {
            x->slots[hole] = x->slots[i];
            hole = i;
        }
    }
    x->slots[hole] = 0;
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
    if (x->n == x->n_slots / 2)
        grow_slots(x);
    *item = (struct index_item){.pc = pc, .context = context, .guest_bytes = guest_bytes};
    put_in_slot(x, item);
    for (uint64_t page = first_page(item); page <= last_page(item); page++)
        link_page(x, item, page);
    x->n++;
}

void index_remove(struct guest_index *x, struct index_item *item)
{
    size_t slot = find_slot(x, item->pc, item->context);

    CHECK(item_in(x->slots[slot]) == item, "the code at %#lx is not in the cache",
          (unsigned long)item->pc.v);
    empty_slot(x, slot);
    for (unsigned i = 0; i < item->n_links; i++)
        unlink_page(x, &item->links[i]);
    x->n--;
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

    for (size_t i = 0; i < x->n_slots; i++) {
        const struct index_item *item = item_in(x->slots[i]);
        if (!item)
            continue;
        const char *wrong = index_verify_item(x, item);
        if (wrong)
            return wrong;
        items++;
        links += item->n_links;
    }
    if (items != x->n)
        return "the slots hold another number of items than the index counts";
    return count_listed(x, links) == links ? NULL : "a page's list holds what is in no slot";
}
